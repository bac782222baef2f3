//! Steps 3 to 5, one query after the other; and the same with other caches and multiplexers.

use super::{existing, least};
use crate::error::{self, Error, Result};
use crate::math::paging::PageSet;
use crate::serving::caching::{CachePolicy, Request};

/// The sizes of a problem, and the range of its costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    queries: usize,
    models: usize,
    low: f64,
    high: f64,
}

impl Setting {
    /// `queries` queries, `models` models, costs in [`low`, `high`].
    ///
    /// # Errors
    /// There is no query or no model, `low` is negative, or `high` is less or not finite.
    pub fn new(queries: usize, models: usize, low: f64, high: f64) -> Result<Self> {
        error::at_least_one("queries", queries)?;
        error::at_least_one("models", models)?;
        error::non_negative("low", low)?;
        error::finite("high", high)?;
        if !(low <= high) {
            return Err(Error::OutOfRange { name: "high", value: high, requirement: "at least low" });
        }
        Ok(Self { queries, models, low, high })
    }

    fn check_cost(&self, cost: f64) -> Result<()> {
        let requirement = "in [low, high]";
        let inside = (self.low..=self.high).contains(&cost);
        if inside { Ok(()) } else { Err(Error::OutOfRange { name: "cost", value: cost, requirement }) }
    }
}

/// Answers queries from a cache or by a model.
pub trait Server {
    /// What would answer the query now: `None` the cache, otherwise a model. The query must exist.
    fn choice(&self, query: usize) -> Option<usize>;

    /// Answers the query; `run` runs a model and gives its cost. It is called once on a miss and never on a hit.
    /// The cost paid.
    ///
    /// # Errors
    /// There is no such query, or the cost is outside its range; what was learned is then unchanged.
    fn serve(&mut self, query: usize, run: &mut dyn FnMut(usize) -> f64) -> Result<f64>;

    /// The queries cached, in no particular order.
    fn cached(&self) -> &[usize];
}

/// Chooses models, and says what a query costs.
pub trait Multiplexer {
    /// The model to ask, and what it is taken to cost.
    fn choose(&self, query: usize) -> (usize, f64);

    /// Learns the cost of asking the model.
    ///
    /// # Errors
    /// The cost is outside its range.
    fn learn(&mut self, query: usize, model: usize, cost: f64) -> Result<()>;
}

/// Step 4: asks the model of least lower confidence bound.
#[derive(Debug, Clone)]
pub struct LowerConfidence {
    setting: Setting,
    /// (B₂ − B₁)·√(ln(…)/2): the radius after one cost.
    radius: f64,
    /// n and ĉ, query by query.
    costs: Vec<(u64, f64)>,
}

impl LowerConfidence {
    /// For `horizon` ≥ 1 queries, T, with δ = 1/T.
    ///
    /// # Errors
    /// `horizon` is 0.
    pub fn new(setting: Setting, horizon: usize) -> Result<Self> {
        let horizon = error::at_least_one("horizon", horizon)? as f64;
        Self::with_log(setting, (6.0 * horizon * horizon * (setting.queries * setting.models) as f64).ln())
    }

    /// With another value ≥ 0 for the logarithm ln(6·T·|Q|·M/δ); 0 takes the means as they are.
    ///
    /// # Errors
    /// `log` is negative or not finite.
    pub fn with_log(setting: Setting, log: f64) -> Result<Self> {
        let radius = (setting.high - setting.low) * (error::non_negative("log", log)? / 2.0).sqrt();
        Ok(Self { setting, radius, costs: vec![(0, 0.0); setting.queries * setting.models] })
    }

    /// LCB_m(q), of a query and a model that exist.
    pub fn lower(&self, query: usize, model: usize) -> f64 {
        match self.costs[query * self.setting.models + model] {
            (0, _) => self.setting.low,
            (n, mean) => (mean - self.radius / (n as f64).sqrt()).max(self.setting.low),
        }
    }

    /// How often the model's cost was seen for the query.
    pub fn seen(&self, query: usize, model: usize) -> u64 {
        self.costs[query * self.setting.models + model].0
    }
}

impl Multiplexer for LowerConfidence {
    fn choose(&self, query: usize) -> (usize, f64) {
        least((0..self.setting.models).map(|model| self.lower(query, model)))
    }

    fn learn(&mut self, query: usize, model: usize, cost: f64) -> Result<()> {
        self.setting.check_cost(cost)?;
        let (n, mean) = &mut self.costs[query * self.setting.models + model];
        *n += 1;
        *mean += (cost - *mean) / *n as f64;
        Ok(())
    }
}

/// No multiplexer: always asks the same model, and takes queries to cost what a [`LowerConfidence`] says.
#[derive(Debug, Clone)]
pub struct Always {
    model: usize,
    costs: LowerConfidence,
}

impl Always {
    /// Always `model`.
    ///
    /// # Errors
    /// There is no such model.
    pub fn new(costs: LowerConfidence, model: usize) -> Result<Self> {
        if model >= costs.setting.models {
            let requirement = "less than the number of models";
            return Err(Error::OutOfRange { name: "model", value: model as f64, requirement });
        }
        Ok(Self { model, costs })
    }
}

impl Multiplexer for Always {
    fn choose(&self, query: usize) -> (usize, f64) {
        (self.model, self.costs.lower(query, self.model))
    }

    fn learn(&mut self, query: usize, model: usize, cost: f64) -> Result<()> {
        self.costs.learn(query, model, cost)
    }
}

/// Least expected cost: holds the queries of largest P̂(q)·cost(q), the cost being the multiplexer's.
#[derive(Debug, Clone)]
pub struct Lec<M> {
    multiplexer: M,
    capacity: usize,
    held: PageSet,
    counts: Vec<u64>,
}

impl Lec<LowerConfidence> {
    /// The paper's policy: a cache of `capacity` answers, and lower confidence bounds for `horizon` queries. With
    /// a capacity of 0 nothing is cached.
    ///
    /// # Errors
    /// `horizon` is 0.
    pub fn new(setting: Setting, capacity: usize, horizon: usize) -> Result<Self> {
        Ok(Self::with(LowerConfidence::new(setting, horizon)?, setting, capacity))
    }
}

impl<M: Multiplexer> Lec<M> {
    /// With any multiplexer of the same setting.
    pub fn with(multiplexer: M, setting: Setting, capacity: usize) -> Self {
        let counts = vec![0; setting.queries];
        Self { multiplexer, capacity, held: PageSet::new(setting.queries), counts }
    }

    /// What is known of the costs.
    pub fn multiplexer(&self) -> &M {
        &self.multiplexer
    }

    /// t·P̂(q)·min_m LCB_m(q): the common factor decides nothing.
    fn score(&self, query: usize) -> f64 {
        self.counts[query] as f64 * self.multiplexer.choose(query).1
    }

    /// Step 5.
    fn replace(&mut self, query: usize) {
        if self.held.as_slice().len() < self.capacity {
            self.held.insert(query);
            return;
        }
        let (at, least_score) = least(self.held.as_slice().iter().map(|&held| self.score(held)));
        if self.score(query) > least_score {
            self.held.remove(self.held.as_slice()[at]);
            self.held.insert(query);
        }
    }
}

impl<M: Multiplexer> Server for Lec<M> {
    fn choice(&self, query: usize) -> Option<usize> {
        (!self.held.contains(query)).then(|| self.multiplexer.choose(query).0)
    }

    fn serve(&mut self, query: usize, run: &mut dyn FnMut(usize) -> f64) -> Result<f64> {
        existing(query, self.counts.len())?;
        let mut cost = 0.0;
        if let Some(model) = self.choice(query) {
            cost = run(model);
            self.multiplexer.learn(query, model, cost)?;
        }
        self.counts[query] += 1;
        if !self.held.contains(query) {
            self.replace(query);
        }
        Ok(cost)
    }

    fn cached(&self) -> &[usize] {
        self.held.as_slice()
    }
}

/// Any cache policy joined to any multiplexer, whose costs it is told: greedy-dual with a multiplexer is the
/// paper's pair for answers of different sizes.
#[derive(Debug, Clone)]
pub struct Cached<C, M> {
    cache: C,
    multiplexer: M,
    sizes: Vec<f64>,
    evicted: Vec<usize>,
}

impl<C: CachePolicy, M: Multiplexer> Cached<C, M> {
    /// Answers of the given sizes, one for each query; cache and multiplexer must be for as many queries.
    ///
    /// # Errors
    /// There is no query, or a size is not positive and finite.
    pub fn new(cache: C, multiplexer: M, sizes: Vec<f64>) -> Result<Self> {
        error::finite_slice("sizes", &sizes)?;
        sizes.iter().try_for_each(|&size| error::positive("sizes", size).map(drop))?;
        Ok(Self { cache, multiplexer, sizes, evicted: Vec::new() })
    }
}

impl<C: CachePolicy, M: Multiplexer> Server for Cached<C, M> {
    fn choice(&self, query: usize) -> Option<usize> {
        (!self.cache.contents().contains(&query)).then(|| self.multiplexer.choose(query).0)
    }

    fn serve(&mut self, query: usize, run: &mut dyn FnMut(usize) -> f64) -> Result<f64> {
        existing(query, self.sizes.len())?;
        let mut cost = 0.0;
        if let Some(model) = self.choice(query) {
            cost = run(model);
            self.multiplexer.learn(query, model, cost)?;
        }
        self.evicted.clear();
        let request = Request::new(query, self.multiplexer.choose(query).1, self.sizes[query])?;
        self.cache.access(request, &mut self.evicted)?;
        Ok(cost)
    }

    fn cached(&self) -> &[usize] {
        self.cache.contents()
    }
}
