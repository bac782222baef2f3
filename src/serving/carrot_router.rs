//! Which model for which query: predict every model's error and price, route to the best trade-off.
//!
//! The rate and its assumptions are from memory. The regression is by nearest neighbours, which attain the rate for
//! smoothness up to 1; the paper's local polynomials for smoother functions are left out.
//!
//! # Problem
//! A query $X \in [0, 1]^d$ can go to $M$ models, judged by $K$ metrics such as error and price, of means
//! $\Phi_{m,k}(x)$. For a trade-off $\mu$ on the simplex, which the user may change at any time, model $m$ has the
//! risk $\eta_{\mu,m}(x) = \sum_k \mu_k \Phi_{m,k}(x)$, and a router $g$ the risk $E\,\eta_{\mu,g(X)}(X)$.
//!
//! # Idea
//! The trade-off is linear in the metrics, so predict the metrics, not the decision: one fit serves every $\mu$. An
//! error of prediction hurts only where two models are close, and there it costs little.
//!
//! # Algorithm
//! 1. *Fit* ([`NearestNeighbors`]): from $n$ queries answered by all models, $\hat\Phi(x)$ is the mean over the
//!    $k = \lceil n^{2\gamma/(2\gamma+d)} \rceil$ nearest ones ([`neighbors`]). Metrics that are known are not
//!    estimated: any [`Predictor`] will do, a closure too.
//! 2. *Route* ([`Carrot`]): $\hat g(x) = \arg\min_m \sum_k \mu_k \hat\Phi_{m,k}(x)$, ties to the lower index.
//!
//! # Theorem
//! If $\Phi_{\cdot,k}$ is $\gamma_k$-Hölder, the density of $X$ bounded from both sides, and the gap between the best
//! and the second best model satisfies $P(0 < \Delta_\mu(X) \le t) \le C t^\alpha$, the excess risk is of the order
//! $$ \Bigl( \sum_k \mu_k\, n^{-\gamma_k / (2\gamma_k + d)} \Bigr)^{1+\alpha}, $$
//! and no router does better. At every $x$, whatever the predictions,
//! $$ \eta_{\hat g}(x) - \min_m \eta_m(x) \le 2 \max_m |\hat\eta_m(x) - \eta_m(x)|
//!    \le 2 \sum_k \mu_k \max_m |\hat\Phi_{m,k}(x) - \Phi_{m,k}(x)|. $$
//!
//! # Cost
//! Fitting is O(n log n) for $d = 1$ and O(n) beyond; a query costs O(log n + k·M·K) for $d = 1$ and
//! O(n·d + k·M·K) beyond; a change of $\mu$ nothing.
//!
//! # Reference
//! Seamus Somerstep, Felipe Maia Polo, Allysson Flavio Melo de Oliveira, Prattyush Mangal, Mírian Silva, Onkar
//! Bhardwaj, Mikhail Yurochkin, Subha Maity, *CARROT: A Cost Aware Rate Optimal Router*, 2025, arXiv
//! [2502.03261](https://arxiv.org/abs/2502.03261). The rates of plug-in rules: Jean-Yves Audibert, Alexandre
//! Tsybakov, *Fast learning rates for plug-in classifiers*, 2007.

use crate::error::{self, Error, Result};

/// k = ⌈n^{2γ/(2γ+d)}⌉, in [1, n]: the neighbours that balance bias against noise for a γ-Hölder function, γ ≤ 1.
///
/// # Errors
/// `samples` or `dimension` is 0, or `gamma` outside (0, 1].
pub fn neighbors(samples: usize, gamma: f64, dimension: usize) -> Result<usize> {
    error::at_least_one("samples", samples)?;
    error::at_least_one("dimension", dimension)?;
    if !(gamma > 0.0 && gamma <= 1.0) {
        return Err(Error::OutOfRange { name: "gamma", value: gamma, requirement: "in (0, 1]" });
    }
    let exponent = 2.0 * gamma / (2.0 * gamma + dimension as f64);
    Ok(((samples as f64).powf(exponent).ceil() as usize).clamp(1, samples))
}

/// Predicts the metrics of all models.
pub trait Predictor {
    /// Writes Φ̂_{m,k}(x) for all k of model 0, then of model 1, and so on.
    fn predict(&self, x: &[f64], table: &mut [f64]);
}

impl<F: Fn(&[f64], &mut [f64])> Predictor for F {
    fn predict(&self, x: &[f64], table: &mut [f64]) {
        self(x, table);
    }
}

/// The mean label of the k nearest points, in Euclidean distance.
///
/// Of equally distant points the one with the lower coordinate comes first if d = 1, else the one given first.
#[derive(Debug, Clone)]
pub struct NearestNeighbors {
    dimension: usize,
    k: usize,
    /// Point by point; in increasing order if d = 1.
    points: Vec<f64>,
    /// As many labels for each point, in the points' order.
    labels: Vec<f64>,
    outputs: usize,
}

impl NearestNeighbors {
    /// From points of equal dimension d ≥ 1 with as many labels each. `k` is clipped to [1, n].
    ///
    /// # Errors
    /// There is no point, no coordinate or no label; sizes differ; a number is not finite.
    pub fn new(points: &[Vec<f64>], labels: &[Vec<f64>], k: usize) -> Result<Self> {
        error::same_size("labels", points.len(), labels.len())?;
        let (Some(first), Some(label)) = (points.first(), labels.first()) else {
            return Err(Error::Empty { name: "points" });
        };
        let (dimension, outputs) = (first.len(), label.len());
        for (point, label) in points.iter().zip(labels) {
            error::finite_slice("points", point)?;
            error::finite_slice("labels", label)?;
            error::same_size("points", dimension, point.len())?;
            error::same_size("labels", outputs, label.len())?;
        }
        let mut order: Vec<usize> = (0..points.len()).collect();
        if dimension == 1 {
            order.sort_by(|&a, &b| points[a][0].total_cmp(&points[b][0]));
        }
        Ok(Self {
            dimension,
            k: k.clamp(1, points.len()),
            points: order.iter().flat_map(|&i| points[i].iter().copied()).collect(),
            labels: order.iter().flat_map(|&i| labels[i].iter().copied()).collect(),
            outputs,
        })
    }

    /// The number of neighbours.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Where the k nearest points of a line begin: on it they stand side by side.
    fn window(&self, x: f64) -> usize {
        // The window moves on while its first point is further away than the one after its last.
        let (mut low, mut high) = (0, self.points.len() - self.k);
        while low < high {
            let middle = low.midpoint(high);
            if x - self.points[middle] > self.points[middle + self.k] - x {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The k nearest points in more dimensions.
    fn nearest(&self, x: &[f64]) -> Vec<usize> {
        let distance = |point: &[f64]| point.iter().zip(x).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        let mut order: Vec<(f64, usize)> =
            self.points.chunks_exact(self.dimension).map(distance).zip(0..).collect();
        if self.k < order.len() {
            order.select_nth_unstable_by(self.k, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        }
        order.truncate(self.k);
        order.into_iter().map(|(_, point)| point).collect()
    }

    fn average(&self, points: impl Iterator<Item = usize>, table: &mut [f64]) {
        // Multiplied first, so that large labels do not overflow.
        let share = 1.0 / self.k as f64;
        table.fill(0.0);
        for point in points {
            let labels = &self.labels[point * self.outputs..][..self.outputs];
            table.iter_mut().zip(labels).for_each(|(mean, label)| *mean += label * share);
        }
    }
}

impl Predictor for NearestNeighbors {
    /// Step 1. Coordinates of `x` beyond d are ignored, missing ones are as if equal.
    fn predict(&self, x: &[f64], table: &mut [f64]) {
        if let (1, [x, ..]) = (self.dimension, x) {
            let start = self.window(*x);
            self.average(start..start + self.k, table);
        } else {
            self.average(self.nearest(x).into_iter(), table);
        }
    }
}

/// Routes by predicted metrics.
#[derive(Debug, Clone)]
pub struct Carrot<P> {
    predictor: P,
    tradeoff: Vec<f64>,
    models: usize,
}

impl<P: Predictor> Carrot<P> {
    /// With the predictor of `models` models by as many metrics as `tradeoff` has weights.
    ///
    /// # Errors
    /// `models` is 0, or `tradeoff` is not on the simplex.
    pub fn new(predictor: P, models: usize, tradeoff: Vec<f64>) -> Result<Self> {
        error::at_least_one("models", models)?;
        error::distribution("tradeoff", &tradeoff)?;
        Ok(Self { predictor, tradeoff, models })
    }

    /// The same predictions with another trade-off: nothing is fitted again.
    ///
    /// # Errors
    /// `tradeoff` is not on the simplex, or is for another number of metrics; the old one then stays.
    pub fn set_tradeoff(&mut self, tradeoff: Vec<f64>) -> Result<()> {
        error::same_size("tradeoff", self.tradeoff.len(), tradeoff.len())?;
        error::distribution("tradeoff", &tradeoff)?;
        self.tradeoff = tradeoff;
        Ok(())
    }

    /// Step 2: the model for a query.
    pub fn route(&self, x: &[f64]) -> usize {
        let mut table = vec![0.0; self.models * self.tradeoff.len()];
        self.predictor.predict(x, &mut table);
        risks(&table, &self.tradeoff)
            .reduce(|best, next| if next.1 < best.1 { next } else { best })
            .map_or(0, |best| best.0)
    }
}

/// The models with their risks η_m = Σ_k μ_k·Φ_{m,k}, for a table with the metrics of one model after another.
pub fn risks<'a>(table: &'a [f64], tradeoff: &'a [f64]) -> impl Iterator<Item = (usize, f64)> + 'a {
    let risk = move |metrics: &[f64]| metrics.iter().zip(tradeoff).map(|(phi, mu)| phi * mu).sum();
    table.chunks_exact(tradeoff.len().max(1)).map(risk).enumerate()
}
