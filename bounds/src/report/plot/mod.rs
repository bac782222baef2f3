//! Draws a [`Figure`] as SVG.
//!
//! Plotters has fixed colours and whole pixels. The first is undone by drawing with marker colours that are
//! replaced by CSS variables afterwards, so that a plot follows the page's light or dark scheme; the second by
//! drawing on a canvas ten times as large as it is shown.

mod curves;
mod frame;
mod ink;
mod rows;

use maud::{Markup, PreEscaped, html};
use plotters::backend::SVGBackend;
use plotters::drawing::IntoDrawingArea;
use plotters::style::RGBColor;
use ratebook_judge::quantile;

use super::figure::{Figure, role_name};
use super::math::escape;

/// A drawn figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// The picture.
    pub svg: String,
    /// What its labels stand for, a sentence each: the caption.
    pub key: Vec<String>,
}

/// Canvas units in one unit of the shown picture.
const UNIT: i32 = 10;
const WIDTH: i32 = 516;
const HEIGHT: i32 = 330;
const LEFT: i32 = 68;
const RIGHT: i32 = 94;
const TOP: i32 = 26;
const BOTTOM: i32 = 44;

impl Plot {
    /// The picture with its caption, for a page.
    pub fn figure(&self) -> Markup {
        html! {
            figure.plot {
                (PreEscaped(&self.svg))
                figcaption { @for line in &self.key { span { (line) " " } } }
            }
        }
    }
}

/// The letter of the companion at `index` among the companions.
fn letter(index: usize) -> String {
    char::from_u32('A' as u32 + index as u32)
        .filter(char::is_ascii_uppercase)
        .map_or(format!("#{index}"), String::from)
}

/// Draws a figure; none where there is nothing to see: no numbers, or facts without a tightest case.
pub fn draw(figure: &Figure) -> Option<Plot> {
    let method = figure.series.first().filter(|method| !method.points.is_empty())?;
    let first = method.points[0].x;
    let single = figure.series.iter().flat_map(|s| &s.points).all(|p| p.x == first);
    let rows = figure.series.iter().filter(|s| !s.points.is_empty()).count() as i32;
    let height = if single { TOP + BOTTOM + 30 * rows } else { HEIGHT };
    let mut svg = String::new();
    {
        let size = ((WIDTH * UNIT) as u32, (height * UNIT) as u32);
        let canvas = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let drawn =
            if single { rows::draw_rows(&canvas, figure) } else { curves::draw_curves(&canvas, figure) };
        // Drawing into a string fails only when a number cannot be placed, which the figure excludes.
        drawn.and_then(|()| canvas.present()).ok()?;
    }
    Some(Plot { svg: finish(&svg, figure, height), key: key(figure) })
}

/// Replaces the marker colours, and the fixed size by one that follows the page.
fn finish(svg: &str, figure: &Figure, height: i32) -> String {
    let body = svg.split_once(">\n").map_or(svg, |(_, body)| body);
    let mut body = body.replace(" opacity=\"1\"", "").replace("font-family=\"sans-serif\" ", "");
    for ink in ink::INKS {
        let RGBColor(r, g, b) = ink.marker;
        let colour = format!("#{r:02X}{g:02X}{b:02X}");
        let dash =
            if ink.dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{}\"", ink.dash) };
        body = body
            .replace(&format!("stroke=\"{colour}\""), &format!("stroke=\"{}\"{dash}", ink.css))
            .replace(&colour, ink.css);
    }
    let title = format!("{} of {} against {}", figure.quantity(), figure.id, figure.axis);
    format!(
        "<svg viewBox=\"0 0 {} {}\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" \
         aria-label=\"{}\" font-family=\"system-ui, sans-serif\" stroke-linejoin=\"round\">\n{body}",
        WIDTH * UNIT,
        height * UNIT,
        escape(&title),
    )
}

/// What the labels stand for.
fn key(figure: &Figure) -> Vec<String> {
    let mut key = Vec::new();
    let banded = figure.series[0].points.iter().any(|p| p.low < p.high);
    if figure.law == "fails_at_most" {
        key.push(format!("Band: exact confidence limits, each wrong with probability {}.", figure.alpha));
    } else if banded {
        let z = quantile::normal_upper(figure.alpha);
        key.push(format!("Band: mean ± {z:.1} standard errors."));
    }
    if figure.is_rate() {
        let scale = super::short(figure.series[0].scale);
        key.push(format!(
            "Rate: the promised curve × {scale}; its constant is free, its slope is the claim."
        ));
    }
    if !figure.recorded.is_empty() {
        key.push("Rings: the recorded means, which differ from this run.".into());
    }
    for (index, companion) in figure.series.iter().skip(1).enumerate() {
        let (role, name) = (role_name(companion.role), &companion.name);
        let absent = if companion.points.is_empty() { "; not drawn" } else { "" };
        key.push(format!("{}, {role}: {name} ({}{absent}).", letter(index), companion.verdict));
    }
    key
}

#[cfg(test)]
mod tests {
    use super::curves::clipped;
    use super::*;
    use crate::report::figure::{Point, Series};
    use ratebook_judge::claim::Role;

    fn series(role: Option<Role>, name: &str, points: &[(f64, f64, f64)]) -> Series {
        let point = |&(x, value, bound): &(f64, f64, f64)| Point {
            x,
            low: 0.9 * value,
            value,
            high: 1.1 * value,
            bound,
        };
        let points = points.iter().map(point).collect();
        Series { role, name: name.into(), verdict: "violated".into(), scale: 1.0, points }
    }

    fn figure(law: &str, series: Vec<Series>) -> Figure {
        let (id, axis) = ("area/paper/claim".into(), "T".into());
        Figure { id, law: law.into(), axis, alpha: 1e-3, series, recorded: Vec::new() }
    }

    /// Whether every number of the picture lies on the canvas.
    fn on_canvas(svg: &str) -> bool {
        let attribute = |name: &str| -> Vec<f64> {
            svg.split(&format!(" {name}=\""))
                .skip(1)
                .filter_map(|s| s.split('"').next()?.parse().ok())
                .collect()
        };
        let inside = |names: [&str; 4], limit: i32| {
            let limit = f64::from(limit * UNIT);
            names.iter().flat_map(|name| attribute(name)).all(|v| (0.0..=limit).contains(&v))
        };
        inside(["x", "cx", "x1", "x2"], WIDTH) && inside(["y", "cy", "y1", "y2"], HEIGHT)
    }

    #[test]
    fn hard_figures_stay_on_the_canvas() {
        let control = |points: &[(f64, f64, f64)]| series(Some(Role::Control), "a & b", points);
        let method = |points: &[(f64, f64, f64)]| series(None, "method", points);
        let ten = [(10.0, 1.0, 2.0), (1e4, 0.1, 0.2)];
        for (name, law, all) in [
            (
                "diverging control",
                "at_most",
                vec![method(&ten), control(&[(10.0, 1.0, 2.0), (1e4, 1e300, 0.2)])],
            ),
            (
                "vanishing control",
                "at_least",
                vec![method(&ten), control(&[(10.0, 1e-300, 2.0), (1e4, 0.0, 0.2)])],
            ),
            ("tiny", "rate", vec![method(&[(1.0, 1e-300, 1e-290), (9.0, 1e-305, 1e-299)]), control(&ten)]),
            ("zeros", "equals", vec![method(&[(0.0, 0.0, 0.0), (1.0, 0.0, 0.0)])]),
            ("negative", "equals", vec![method(&[(-1.0, -5.0, -5.0), (1.0, 5.0, 5.0)])]),
            ("constant", "rate", vec![method(&[(1.0, 3.0, 3.0), (2.0, 3.0, 3.0)])]),
            ("one point", "at_most", vec![method(&[(1.0, 3.0, 4.0)]), control(&[(1.0, 1e9, 4.0)])]),
            ("another bound", "at_most", vec![method(&ten), control(&[(10.0, 1.0, 0.5), (1e4, 0.1, 0.05)])]),
        ] {
            let plot = draw(&figure(law, all)).unwrap_or_else(|| panic!("{name}: nothing drawn"));
            assert!(on_canvas(&plot.svg), "{name}: {}", plot.svg);
            assert!(!plot.svg.contains("NaN") && !plot.svg.contains("#0102"), "{name}: {}", plot.svg);
            assert_eq!(plot.svg.matches("<svg").count(), plot.svg.matches("</svg>").count(), "{name}");
        }
    }

    #[test]
    fn nothing_to_see() {
        assert_eq!(draw(&figure("always", vec![series(None, "method", &[])])), None);
        assert_eq!(draw(&figure("always", vec![])), None);
    }

    #[test]
    fn polylines_are_cut_at_the_frame() {
        let cut = clipped(&[(0.0, 0.0), (1.0, 4.0), (2.0, 4.0), (3.0, 0.0)], -1.0, 2.0);
        assert_eq!(cut, [vec![(0.0, 0.0), (0.5, 2.0)], vec![(2.5, 2.0), (3.0, 0.0)]]);
        assert_eq!(clipped(&[(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)], 0.0, 1.0).len(), 1);
        assert!(clipped(&[(0.0, 5.0), (1.0, 6.0)], 0.0, 1.0).is_empty());
    }

    #[test]
    fn records_and_runs_draw_the_same_picture() {
        let paper = crate::papers().into_iter().find(|p| p.id == "bandits/bracketing_halving").unwrap();
        let claim = paper.claims.iter().find(|c| c.id == "independent_of_arms").unwrap();
        let outcome = ratebook_judge::run(paper.id, claim, ratebook_judge::Settings::default());
        let text = ratebook_judge::record::write(paper.id, std::slice::from_ref(&outcome));
        let record = &ratebook_judge::record::parse(&text).unwrap()[0];
        let (run, recorded) =
            (Figure::of_outcome(&outcome, Some(record)), Figure::of_record(record, &claim.axis));
        assert!(run.recorded.is_empty(), "nothing differs");
        assert_eq!(draw(&run).unwrap().key, draw(&recorded).unwrap().key);
        let count = |plot: &Plot, tag: &str| plot.svg.matches(tag).count();
        let (run, recorded) = (draw(&run).unwrap(), draw(&recorded).unwrap());
        for tag in ["<circle", "<polyline", "<text", "<polygon"] {
            assert_eq!(count(&run, tag), count(&recorded, tag), "{tag}");
        }
    }
}
