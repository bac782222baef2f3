//! Fast rates near a crossing, and what learning the price is worth.

use rand::{Rng, RngExt};
use ratebook::Result;
use ratebook::serving::carrot_router::{NearestNeighbors, Predictor};
use ratebook_judge::{Claim, Source, geometric};
use statrs::function::erf::erfc;

use super::rate_exponent;

/// Model A fails with probability ½ + δ(x), δ = scale·sign(x − ½)·|x − ½|^power; model B with ½, which is known.
#[derive(Debug, Clone, Copy)]
pub struct Crossing {
    name: &'static str,
    scale: f64,
    power: f64,
}

impl Crossing {
    /// γ = 1 and α = 1.
    pub const LINEAR: Self = Self { name: "rate linear", scale: 0.8, power: 1.0 };
    /// γ = 1 and α = ½.
    pub const FLAT: Self = Self { name: "rate flat", scale: 1.6, power: 2.0 };
    /// γ = ½ and α = 2.
    pub const STEEP: Self = Self { name: "rate steep", scale: 0.42, power: 0.5 };

    fn gamma(self) -> f64 {
        self.power.min(1.0)
    }

    fn alpha(self) -> f64 {
        1.0 / self.power
    }

    fn delta(self, x: f64) -> f64 {
        let v = x - 0.5;
        self.scale * v.signum() * v.abs().powf(self.power)
    }
}

/// Φ(−z).
fn upper_tail(z: f64) -> f64 {
    0.5 * erfc(z / std::f64::consts::SQRT_2)
}

fn uniform(samples: usize, rng: &mut impl Rng) -> Vec<Vec<f64>> {
    (0..samples).map(|_| vec![rng.random::<f64>()]).collect()
}

/// ∫ f(x) dx over [0, 1] by the midpoint rule in v, x = centre + reach·sign(v)·v²: the grid is graded at the centre.
fn graded(centre: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    const HALF: usize = 400;
    let mut side = |reach: f64| {
        let point = |i: usize| (i as f64 + 0.5) / HALF as f64;
        let step = |v: f64| 2.0 * v * reach.abs() / HALF as f64;
        (0..HALF).map(|i| f(centre + reach * point(i).powi(2)) * step(point(i))).sum::<f64>()
    };
    side(-centre) + side(1.0 - centre)
}

/// The excess risk falls as n^{−γ(1+α)/(2γ+1)}, when `choose_k(n, γ)` neighbours are averaged.
pub fn rate(
    crossing: Crossing,
    choose_k: impl Fn(usize, f64) -> Result<usize> + Send + Sync + 'static,
) -> Claim {
    let (gamma, alpha) = (crossing.gamma(), crossing.alpha());
    Claim::rate_exactly(crossing.name, move |n: f64| n.powf(-rate_exponent(gamma, alpha, 1.0)))
        .states(&format!(
            "The excess risk falls as $n^{{-\\gamma(1+\\alpha)/(2\\gamma+d)}}$, $\\gamma = {gamma}$, $\\alpha = {alpha}$, $d = 1$."
        ))
        .assuming(
            "X uniform; model B's risk ½ is known, model A's is ½ + δ(x) observed with noise N(0, ¼), which is integrated; the order is from memory",
        )
        .source(Source::Abstract)
        .from_memory()
        .detects(0.08)
        .sweep("n", geometric(316.0, 10_000.0, 6))
        .replicates(40, 200)
        .measure(move |n, streams| -> Result<f64> {
            let n = n.round() as usize;
            let points = uniform(n, &mut streams.noise);
            let labels: Vec<Vec<f64>> = points.iter().map(|x| vec![crossing.delta(x[0])]).collect();
            let fit = NearestNeighbors::new(&points, &labels, choose_k(n, gamma)?)?;
            let excess = |x: f64| {
                let mut mean = [0.0];
                fit.predict(&[x], &mut mean);
                let delta = crossing.delta(x);
                // The mean of k labels has the standard deviation ½/√k; the route is wrong if its sign is.
                delta.abs() * upper_tail(2.0 * (fit.k() as f64).sqrt() * delta.signum() * mean[0])
            };
            Ok(graded(0.5, excess))
        })
}

/// Learning the price of each query against taking its mean.
pub(super) fn listed() -> Claim {
    let neighbors = |n: usize| ratebook::serving::carrot_router::neighbors(n, 1.0, 1);
    learned_cost(neighbors).control("the average price", learned_cost(Ok))
}

/// Predicted prices leave at most a fifth of the excess risk that average prices have.
pub fn learned_cost(choose_k: impl Fn(usize) -> Result<usize> + Send + Sync + 'static) -> Claim {
    Claim::at_most("learned cost", |_| 0.2)
        .states("Predicted prices leave at most 1/5 of the excess risk of constant ones.")
        .assuming(
            "X uniform, μ = (½, ½); model A has error 0.3 and price x, observed with noise of variance 0.01, which is integrated; model B has error 0.6 and price 0.3; errors known",
        )
        .source(Source::Empirical)
        .sweep("n", [100.0, 1000.0, 10_000.0])
        .replicates(40, 200)
        .measure(move |n, streams| -> Result<f64> {
            let n = n as usize;
            let points = uniform(n, &mut streams.noise);
            let excess = |k: usize| -> Result<f64> {
                let fit = NearestNeighbors::new(&points, &points, k)?;
                Ok(graded(0.6, |x| {
                    let mut price = [0.0];
                    fit.predict(&[x], &mut price);
                    // The best model changes at x = 0.6.
                    let right_side = (x - 0.6).signum() * (price[0] - 0.6);
                    0.5 * (x - 0.6).abs() * upper_tail((fit.k() as f64).sqrt() * right_side / 0.1)
                }))
            };
            Ok(excess(choose_k(n)?)? / excess(n)?)
        })
}
