//! Caching with few predictions: follow the predictor until it is caught, then mark at random for a phase.
//!
//! The text of the paper's boxes was not at hand: the steps are those of the authors' published code, with two
//! differences where that code departs from the theorem. An *arrival* here is the first request of a page in a
//! phase (there, the first fault), and a marked page is never evicted. How many queries a window gets, and that
//! they are spread evenly, is our reading of "$f(i) - f(i-1)$ queries in the $i$-th window".
//!
//! # Problem
//! A cache holds $k$ pages. Each request must be served from it; a page that is missing is a *fault*, costs one
//! and must replace another. A predictor, when queried, names the $k$ pages that an optimal cache would hold now.
//! Its answers are costly and possibly wrong. Without it the best ratio to the optimum is $\Theta(\log k)$.
//!
//! # Idea
//! The value OPT of the optimum up to now can be computed online. Whenever OPT grows, Belady's rule faults too,
//! so an unpredicted page is no surprise, and a new answer is worth its price. Whenever an unpredicted page is
//! missing and OPT does *not* grow, the last answer was wrong, and the predictor loses control for a phase.
//!
//! # Algorithm
//! 1. *OPT* ([`layers::Layers`]): layers $L_1, \dots, L_k$, the pages of the first cache. A request in $L_i$ (or
//!    in none: then OPT grows by one, and $i = k$) merges $L_{i-1}$ with the rest of $L_i$, drops that rest if
//!    $i = 1$, and appends itself as the new $L_k$.
//! 2. *Follower*, with the last answer $P$ and the own cache $C$: on a hit, nothing. On a missing page of $P$,
//!    load it and evict a page of $C \setminus P$. On a missing page outside $P$ when OPT grew, query a new $P$
//!    and do the same. Otherwise start a phase of *Robust* with this request.
//! 3. *Robust*: set $C = U$, the $k$ distinct pages requested last. During the next $k$ *arrivals* (pages
//!    requested for the first time in the phase), which are marked and leave $U$:
//!    - The arrivals are cut into windows $0, \dots, \ell = \lceil \log_2 k \rceil$ of lengths $k/2, k/4, \dots,
//!      1, 1$. Window $i$ makes $f(i) - f(i-1)$ queries, spread evenly; window 0 none.
//!    - When a window starts, the pages of $(U \cap P) \setminus C$ are to be reloaded.
//!    - A missing page that is to be reloaded, or was not in $U$ when the phase began (a *clean* one), replaces a
//!      random page of $(C \cap U) \setminus P$; any other a random page of $C \cap U$.
//! 4. After $k$ arrivals return to the Follower.
//! 5. *Lazily*: the cache in use loads a page only when it is requested, and then evicts any page that is not in
//!    $C$. It has at most as many faults as $C$ has changes.
//!
//! [`tasks`] is the paper's second algorithm, for metrical task systems, with a query every $a$ steps.
//!
//! # Theorem
//! For increasing convex $f$ with $f(0) = 0$ and $f(i) \le 2^i - 1$ the expected cost is at most
//! $$ O\bigl(\min\{\log k,\; f^{-1}(\eta / \mathrm{OPT})\}\bigr) \cdot \mathrm{OPT}, $$
//! where $\eta$ is the distance of the answers from Belady's caches; it is exactly OPT when $\eta = 0$, with as
//! many queries as OPT has faults. A phase of Robust makes at most $f(\lceil \log_2 k \rceil)$ queries.
//!
//! # Cost
//! O(n) a request for the layers, where n is the number of pages, and O(k) for the rest; O(n) memory.
//!
//! # Reference
//! Karim Abdel Sadek, Marek Eliáš, *Algorithms for Caching and MTS with reduced number of predictions*, ICLR
//! 2024, arXiv [2404.06280](https://arxiv.org/abs/2404.06280); code
//! [marek-elias/caching](https://github.com/marek-elias/caching).

pub mod baselines;
pub mod layers;
pub mod predictors;
mod schedule;
pub mod tasks;

use crate::error::{Error, Result, at_least_one};
use crate::math::chance::Chance;
use crate::math::paging::{Page, PageSet};

pub use layers::Layers;
pub use schedule::{Schedule, windows};

/// Answers which pages an optimal cache holds.
pub trait Predictor {
    /// Writes the pages of an optimal cache right after request number `time` (from 0), which is `request`.
    ///
    /// `cache` is what the asking policy holds before that request: an honest predictor does not look. The answer
    /// may be anything: policies ignore pages that do not exist and cope with any size.
    fn predict(&mut self, time: usize, request: Page, cache: &[Page], answer: &mut Vec<Page>);
}

/// A caching policy in the middle of its run.
pub trait CachePolicy {
    /// Serves a request; whether it was a fault. The page is in [`CachePolicy::cache`] afterwards.
    ///
    /// # Errors
    /// There is no such page; the policy is then unchanged.
    fn request(&mut self, page: Page, predictor: &mut dyn Predictor, chance: &mut dyn Chance)
    -> Result<bool>;

    /// The pages held.
    fn cache(&self) -> &[Page];
}

/// What a run cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Bill {
    /// Pages loaded.
    pub faults: usize,
    /// Answers asked for.
    pub queries: usize,
}

/// Serves all requests and counts faults and queries.
///
/// # Errors
/// A page that does not exist.
pub fn serve<P: CachePolicy + ?Sized>(
    policy: &mut P,
    requests: &[Page],
    predictor: &mut dyn Predictor,
    chance: &mut dyn Chance,
) -> Result<Bill> {
    let mut counted = Counted { predictor, queries: 0 };
    let mut faults = 0;
    for &page in requests {
        faults += usize::from(policy.request(page, &mut counted, chance)?);
    }
    Ok(Bill { faults, queries: counted.queries })
}

struct Counted<'a> {
    predictor: &'a mut dyn Predictor,
    queries: usize,
}

impl Predictor for Counted<'_> {
    fn predict(&mut self, time: usize, request: Page, cache: &[Page], answer: &mut Vec<Page>) {
        self.queries += 1;
        self.predictor.predict(time, request, cache, answer);
    }
}

/// Follower and Robust, in turns.
#[derive(Debug, Clone)]
pub struct FollowRobust {
    k: usize,
    schedule: Schedule,
    layers: Layers,
    /// The last answer, P.
    predicted: PageSet,
    /// The cache that the algorithm wants, C; k pages.
    plan: PageSet,
    /// The cache in use: it follows the plan lazily; k pages.
    held: PageSet,
    /// The last k + 1 different pages, the most recent one at the end.
    recent: Vec<Page>,
    /// Whether a phase of Robust is under way.
    robust: bool,
    /// U: the pages of the previous phase that have not arrived yet. With `marked` it covers the plan.
    unmarked: PageSet,
    /// The arrivals of the phase, all of them in the plan.
    marked: PageSet,
    /// What the present window still wants to reload.
    reload: PageSet,
    phases: usize,
    time: usize,
    answer: Vec<Page>,
    candidates: Vec<Page>,
    /// As many equal masses as there may be candidates.
    masses: Vec<f64>,
}

impl FollowRobust {
    /// A cache of `k` of the pages 0, …, `pages` − 1, which starts with the first k of them, and the phases of
    /// [`Schedule::new`] with the query function `f`.
    ///
    /// # Errors
    /// `k` is 0 or more than `pages`; `f` is not increasing and convex from f(0) = 0 or exceeds 2^i − 1.
    pub fn new(pages: usize, k: usize, f: impl Fn(u32) -> usize) -> Result<Self> {
        Self::with_schedule(pages, Schedule::new(k, f)?)
    }

    /// The same with any phases; the schedule knows k.
    ///
    /// # Errors
    /// `k` is more than `pages`.
    pub fn with_schedule(pages: usize, schedule: Schedule) -> Result<Self> {
        let k = at_least_one("k", schedule.arrivals())?;
        if k > pages {
            let requirement = "at most the number of pages";
            return Err(Error::OutOfRange { name: "k", value: k as f64, requirement });
        }
        let empty = PageSet::new(pages);
        let mut first = empty.clone();
        first.assign(0..k);
        Ok(Self {
            k,
            schedule,
            layers: Layers::new(pages, k)?,
            predicted: first.clone(),
            plan: first.clone(),
            held: first,
            recent: (0..k).collect(),
            robust: false,
            unmarked: empty.clone(),
            marked: empty.clone(),
            reload: empty,
            phases: 0,
            time: 0,
            answer: Vec::with_capacity(k),
            candidates: Vec::with_capacity(k),
            masses: vec![1.0; k],
        })
    }

    /// How many phases of Robust have begun.
    pub fn phases(&self) -> usize {
        self.phases
    }

    /// The optimum of the requests served so far.
    pub fn optimum(&self) -> usize {
        self.layers.faults()
    }

    fn query(&mut self, page: Page, predictor: &mut dyn Predictor) {
        self.answer.clear();
        predictor.predict(self.time, page, self.plan.as_slice(), &mut self.answer);
        self.predicted.assign(self.answer.iter().copied());
    }

    fn replace(&mut self, evicted: Page, page: Page) {
        self.plan.remove(evicted);
        self.plan.insert(page);
    }

    /// Step 2; false if the last answer turns out to be wrong.
    fn follow(&mut self, page: Page, opt_grew: bool, predictor: &mut dyn Predictor) -> bool {
        if self.plan.contains(page) {
            return true;
        }
        if !self.predicted.contains(page) {
            if !opt_grew {
                return false;
            }
            self.query(page, predictor);
        }
        // Only an answer of the wrong size leaves nothing outside it; then any page goes.
        let plan = self.plan.as_slice();
        let evicted = plan.iter().find(|&&other| !self.predicted.contains(other)).unwrap_or(&plan[0]);
        self.replace(*evicted, page);
        true
    }

    fn begin_phase(&mut self, page: Page) {
        self.robust = true;
        self.phases += 1;
        // A page can only be missing after k others were seen.
        let others = self.recent.iter().rev().copied().filter(|&other| other != page).take(self.k);
        self.unmarked.assign(others);
        self.plan.assign(self.unmarked.as_slice().iter().copied());
        self.marked.assign([]);
        self.reload.assign([]);
    }

    /// Step 3.
    fn mark(&mut self, page: Page, predictor: &mut dyn Predictor, chance: &mut dyn Chance) {
        if !self.marked.insert(page) {
            return;
        }
        let clean = !self.unmarked.remove(page);
        let arrival = self.marked.as_slice().len();
        if self.schedule.queries_at(arrival) {
            self.query(page, predictor);
        }
        if self.schedule.starts_at(arrival) {
            let missing = |other: &&Page| self.predicted.contains(**other) && !self.plan.contains(**other);
            self.reload.assign(self.unmarked.as_slice().iter().filter(missing).copied());
        }
        let wanted = self.reload.remove(page) || clean;
        if !self.plan.contains(page) {
            self.gather(wanted);
            let choice = if self.candidates.len() == 1 {
                0
            } else {
                chance.choose(&self.masses[..self.candidates.len()])
            };
            self.replace(self.candidates[choice], page);
        }
        // Step 4: the plan now consists of the k arrivals.
        self.robust = arrival < self.k;
    }

    /// The unmarked pages of the plan, those outside the answer if asked for and if there are any. Never none: at
    /// most k − 1 pages of the plan are marked when another one arrives.
    fn gather(&mut self, outside_answer: bool) {
        let unmarked = self.plan.as_slice().iter().copied().filter(|&page| self.unmarked.contains(page));
        self.candidates.clear();
        if outside_answer {
            self.candidates.extend(unmarked.clone().filter(|&page| !self.predicted.contains(page)));
        }
        if self.candidates.is_empty() {
            self.candidates.extend(unmarked);
        }
    }

    /// Step 5: the cache in use catches up with the plan by one page, if it must.
    fn load(&mut self, page: Page) -> bool {
        if self.held.contains(page) {
            return false;
        }
        // Both have k pages and `page` is in the plan only, so something else is held only.
        let surplus = self.held.as_slice().iter().copied().find(|&other| !self.plan.contains(other));
        if let Some(surplus) = surplus {
            self.held.remove(surplus);
        }
        self.held.insert(page)
    }
}

impl CachePolicy for FollowRobust {
    fn request(
        &mut self,
        page: Page,
        predictor: &mut dyn Predictor,
        chance: &mut dyn Chance,
    ) -> Result<bool> {
        let opt_grew = self.layers.request(page)?;
        if !self.robust && !self.follow(page, opt_grew, predictor) {
            self.begin_phase(page);
        }
        if self.robust {
            self.mark(page, predictor, chance);
        }
        self.recent.retain(|&other| other != page);
        self.recent.push(page);
        if self.recent.len() > self.k + 1 {
            self.recent.remove(0);
        }
        self.time += 1;
        Ok(self.load(page))
    }

    fn cache(&self) -> &[Page] {
        self.held.as_slice()
    }
}
