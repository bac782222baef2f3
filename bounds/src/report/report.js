"use strict";
const form = document.querySelector(".filters");
const body = document.querySelector(".claims tbody");
const rows = [...body.rows];
const sections = [...document.querySelectorAll(".paper")];

// A row with its section and everything that can be searched for.
const claims = rows.map((row) => {
  const section = document.getElementById(row.dataset.id);
  const title = section.closest(".paper").querySelector("h2").textContent;
  const text = `${row.dataset.id} ${row.textContent} ${title} ${section.querySelector("summary").textContent}`;
  return { row, section, text: text.toLowerCase() };
});

function filter() {
  const wanted = new FormData(form);
  const words = wanted.get("find").toLowerCase().split(/\s+/).filter(Boolean);
  const keys = ["area", "status", "law", "evidence"].filter((key) => wanted.get(key));
  let shown = 0;
  for (const { row, section, text } of claims) {
    const fits = words.every((word) => text.includes(word)) && keys.every((key) => row.dataset[key] === wanted.get(key));
    row.hidden = section.hidden = !fits;
    shown += fits;
  }
  for (const paper of sections) paper.hidden = !paper.querySelector(".claim:not([hidden])");
  form.querySelector("output").textContent = `${shown} of ${rows.length} claims`;
}

const heads = [...document.querySelectorAll(".claims th")];
for (const head of heads) {
  head.querySelector("button").addEventListener("click", () => {
    const column = head.cellIndex;
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const number = head.dataset.kind === "number";
    const value = (row) => {
      const cell = row.cells[column];
      return number ? (cell.dataset.value === undefined ? NaN : Number(cell.dataset.value)) : cell.textContent;
    };
    rows.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (!number) return (up ? 1 : -1) * x.localeCompare(y);
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
      return (up ? 1 : -1) * (x - y);
    });
    body.append(...rows);
  });
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}

form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", openTarget);
filter();
openTarget();
