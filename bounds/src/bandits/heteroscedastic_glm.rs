//! What *Optimal Online Generalized Linear Regression with Stochastic Noise and Its Application to
//! Heteroscedastic Bandits* promises.
//!
//! Regrets of the regression are told for the loss (ŷ − y)², twice the loss of the paper.

mod bandit;

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use ratebook::bandits::heteroscedastic_glm::{Ftrl, Link, MorUcb, Regressor};
use ratebook::bandits::primitives::Ridge;
use ratebook::math::vector::{dot, norm};
use ratebook_judge::{Claim, Paper, Source, Tolerance, powers_of_two};

pub use bandit::{cheap_in_a_mixture, rate_in_variance};
use bandit::{weighted, without_layers};

/// σ²·d·(ln(T/T₀) + (d − 1)(1/T₀ − 1/T)): the regret of least squares from round T₀ to round T on vectors uniform
/// on the unit sphere.
///
/// Derived: round t costs σ²·E‖x‖² in the metric of (Σxxᵀ)⁻¹, which is d/t·(1 + (d − 1)/t) to second order.
pub fn least_squares_regret(dim: f64, sigma: f64, from: f64, to: f64) -> f64 {
    sigma * sigma * dim * ((to / from).ln() + (dim - 1.0) * (1.0 / from - 1.0 / to))
}

/// (σ² + λB²)(1 + L²/λ)·d·ln(1 + TL²/(dλ)): the expected regret of ridge regression on any vectors, not longer than
/// L, that do not depend on the labels.
///
/// Derived: with V = λI + Σxxᵀ a round costs at most (σ² + λB²)·u for u = ‖x‖² in the metric of V⁻¹, the variance and
/// the squared bias; u ≤ L²/λ, so u ≤ (1 + L²/λ)·ln(1 + u), and the logarithms add up to the growth of ln det V.
pub fn ridge_regret(dim: f64, sigma: f64, bound: f64, length: f64, lambda: f64, rounds: f64) -> f64 {
    let squared = length * length;
    (sigma * sigma + lambda * bound * bound)
        * (1.0 + squared / lambda)
        * dim
        * (rounds * squared / (dim * lambda)).ln_1p()
}

/// σ²·d·H_{T/d} with the harmonic number H: the least expected regret of any predictor when θ* ~ N(0, σ²I), the noise
/// is normal and the basis vectors come in turn, for T a multiple of d.
///
/// Derived: after j looks at a coordinate its posterior variance is σ²/(j + 1).
pub fn bayes_regret(dim: f64, sigma: f64, rounds: f64) -> f64 {
    sigma * sigma * dim * (1..=(rounds / dim) as u64).map(|j| 1.0 / j as f64).sum::<f64>()
}

/// √(Σσ_t²): how the worst regret of a variance-aware bandit grows (abstract, up to d and logarithms).
pub fn variance_rate(total: f64) -> f64 {
    total.sqrt()
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let ridge = |lambda: f64| move |dim: usize| Ftrl::new(Link::Identity, dim, lambda, 1.0);
    let bayes = |lambda: f64| move |theta: &[f64]| Ftrl::new(Link::Identity, theta.len(), lambda, 1.0);
    Paper::new(
        "bandits/heteroscedastic_glm",
        "Optimal Online Generalized Linear Regression with Stochastic Noise and Its Application to \
         Heteroscedastic Bandits",
    )
    .arxiv("2202.13603")
    .seed_line(343)
    .claim(
        exact_logarithm(ridge(1e-3))
            .control("gradient descent with steps 1/√t", exact_logarithm(|dim| Ok(Descent::new(dim))))
            .control("as much regulariser as rounds", exact_logarithm(ridge(LAST))),
    )
    .claim(regret_at_most(ridge(1.0)).control("no regulariser (λ = 10⁻¹²)", regret_at_most(ridge(1e-12))))
    .claim(
        nobody_does_better(bayes(0.1))
            .control("is told half of θ*", nobody_does_better(Told::half))
            .peer("λ = 10", nobody_does_better(bayes(10.0)))
            .peer(
                "repeats the last label",
                nobody_does_better(|theta| Ok(LastLabel::new(theta))).detects(0.5),
            ),
    )
    .claim(
        bayes_is_attained(bayes(1.0))
            .control("λ = 0.1", bayes_is_attained(bayes(0.1)))
            .control("is told half of θ*", bayes_is_attained(Told::half)),
    )
    .claim(
        rate_in_variance(MorUcb::new)
            .control("one layer: knows σ_max only", rate_in_variance(without_layers)),
    )
    .claim(
        cheap_in_a_mixture(MorUcb::new)
            .control("one layer: knows σ_max only", cheap_in_a_mixture(without_layers))
            .baseline("weighted OFUL", cheap_in_a_mixture(weighted)),
    )
}

/// The first and the last round of [`exact_logarithm`].
const FIRST: f64 = 64.0;
const LAST: f64 = 4096.0;

fn normal(rng: &mut impl Rng) -> f64 {
    rng.sample(StandardNormal)
}

/// The regrets (⟨x, θ_t⟩ − ⟨x, θ*⟩)² of one run, round by round, with standard normal noise.
fn regrets<'a, R: Regressor>(
    learner: &'a mut R,
    theta: &'a [f64],
    mut vectors: impl FnMut(usize) -> Vec<f64> + 'a,
    noise: &'a mut impl Rng,
) -> impl Iterator<Item = ratebook::Result<f64>> + 'a {
    (0..).map(move |round| {
        let x = vectors(round);
        let truth = dot(&x, theta);
        let regret = 2.0 * Link::Identity.regret(learner.predict(&x), truth);
        learner.observe(&x, truth + normal(noise))?;
        Ok(regret)
    })
}

/// On vectors uniform on the sphere the regret from round 64 to round 4096 is σ²d·ln 64, up to second order.
///
/// What is measured has the regret's mean and less variance: the regret, less that of least squares on the same
/// data, plus the expectation of the latter given all vectors, σ²‖x‖² in the metric of (Σxxᵀ)⁻¹ (with λ = 10⁻³, which
/// changes it by a share of 10⁻⁴).
pub fn exact_logarithm<R: Regressor>(
    make: impl Fn(usize) -> ratebook::Result<R> + Send + Sync + 'static,
) -> Claim {
    Claim::equals(
        "exact logarithm",
        |dim| least_squares_regret(dim, 1.0, FIRST, LAST),
        Tolerance::Relative(0.02),
    )
    .states("The regret grows like $\\sigma^2 d \\ln T$: constant and all, from round 64 to round 4096.")
    .assuming("x uniform on the unit sphere, ‖θ*‖ = 1, normal noise with σ = 1, squared loss")
    .source(Source::Derived)
    .sweep("d", [3.0, 6.0])
    .replicates(100, 1000)
    .detects(0.04)
    .measure(move |dim, streams| -> ratebook::Result<f64> {
        let dim = dim as usize;
        let theta = vec![1.0 / (dim as f64).sqrt(); dim];
        let (mut learner, mut reference) = (make(dim)?, Ridge::new(dim, 1e-3)?);
        let mut total = 0.0;
        for round in 0..LAST as usize {
            let mut x: Vec<f64> = (0..dim).map(|_| normal(&mut streams.instance)).collect();
            let length = norm(&x);
            x.iter_mut().for_each(|xi| *xi /= length);
            let truth = dot(&x, &theta);
            if round >= FIRST as usize {
                let regret = |prediction| 2.0 * Link::Identity.regret(prediction, truth);
                total +=
                    regret(learner.predict(&x)) - regret(reference.predict(&x)) + reference.width(&x).powi(2);
            }
            let y = truth + normal(&mut streams.noise);
            learner.observe(&x, y)?;
            reference.add(&x, y, 1.0);
        }
        Ok(total)
    })
}

/// Whatever vectors come, as long as they do not react to the labels, the regret stays below [`ridge_regret`].
pub fn regret_at_most<R: Regressor>(
    make: impl Fn(usize) -> ratebook::Result<R> + Send + Sync + 'static,
) -> Claim {
    const DIM: usize = 3;
    Claim::at_most("regret at most", |rounds| ridge_regret(DIM as f64, 1.0, 1.0, 1.0, 1.0, rounds))
        .states(
            "$E \\sum_t \\langle x_t, \\theta_t - \\theta^* \\rangle^2 \\le \
             (\\sigma^2 + \\lambda B^2)(1 + L^2/\\lambda)\\, d \\ln(1 + T L^2/(d \\lambda))$ for all vectors.",
        )
        .assuming(
            "d = 3, λ = L = B = σ = 1, normal noise; e₁, e₂, e₃ in blocks, in turn, in turn with lengths that grow \
             from 10⁻⁴ by 10 a turn, and e₁ for ever",
        )
        .source(Source::Derived)
        .sweep("T", [48.0, 192.0, 768.0])
        .replicates(200, 2000)
        .measure(move |rounds, streams| -> ratebook::Result<Vec<f64>> {
            let (rounds, theta) = (rounds as usize, [1.0 / (DIM as f64).sqrt(); DIM]);
            let basis = |i: usize, length: f64| (0..DIM).map(|j| if i == j { length } else { 0.0 }).collect();
            let sequences: [&dyn Fn(usize) -> Vec<f64>; 4] = [
                &|round| basis(round * DIM / rounds, 1.0),
                &|round| basis(round % DIM, 1.0),
                &|round| basis(round % DIM, 10f64.powi((round / DIM) as i32 - 4).min(1.0)),
                &|_| basis(0, 1.0),
            ];
            let regret = |vectors: &&dyn Fn(usize) -> Vec<f64>| {
                let mut learner = make(DIM)?;
                regrets(&mut learner, &theta, vectors, &mut streams.noise).take(rounds).sum()
            };
            sequences.iter().map(regret).collect()
        })
}

/// The regrets of one run with θ* drawn from its prior, at the end of each of some numbers of rounds.
fn bayes_path<R: Regressor>(
    make: &impl Fn(&[f64]) -> ratebook::Result<R>,
    rounds: &[f64],
    streams: &mut ratebook_judge::Streams,
) -> ratebook::Result<Vec<f64>> {
    let theta: Vec<f64> = (0..BAYES_DIM).map(|_| normal(&mut streams.instance)).collect();
    let in_turn = |round: usize| (0..BAYES_DIM).map(|j| f64::from(j == round % BAYES_DIM)).collect();
    let mut learner = make(&theta)?;
    let (mut played, mut total) = (0.0, 0.0);
    let mut path = regrets(&mut learner, &theta, in_turn, &mut streams.noise);
    let until = |&rounds: &f64| {
        for regret in path.by_ref().take((rounds - played) as usize) {
            total += regret?;
        }
        played = rounds;
        Ok(total)
    };
    rounds.iter().map(until).collect()
}

const BAYES_DIM: usize = 4;

/// No predictor has a smaller expected regret than the posterior mean.
pub fn nobody_does_better<R: Regressor>(
    make: impl Fn(&[f64]) -> ratebook::Result<R> + Send + Sync + 'static,
) -> Claim {
    Claim::at_least("nobody does better", |rounds| bayes_regret(BAYES_DIM as f64, 1.0, rounds))
        .states(
            "Every predictor has a regret of at least $\\sigma^2 d\\, H_{T/d}$ on average over $\\theta^*$.",
        )
        .assuming("d = 4, θ* ~ N(0, σ²I), normal noise with σ = 1, basis vectors in turn")
        .source(Source::Derived)
        .sweep("T", powers_of_two(6..=9))
        .full_sweep(powers_of_two(6..=12))
        .replicates(2000, 10_000)
        .paths(move |rounds, streams| bayes_path(&make, rounds, streams))
}

/// Ridge regression with λ = 1 is the posterior mean, and attains the bound.
pub fn bayes_is_attained<R: Regressor>(
    make: impl Fn(&[f64]) -> ratebook::Result<R> + Send + Sync + 'static,
) -> Claim {
    let prediction = |rounds| bayes_regret(BAYES_DIM as f64, 1.0, rounds);
    Claim::equals("bayes is attained", prediction, Tolerance::Relative(0.03))
        .states("Follow the regularised leader with $\\lambda = 1$ has a regret of $\\sigma^2 d\\, H_{T/d}$.")
        .assuming("d = 4, θ* ~ N(0, σ²I), normal noise with σ = 1, basis vectors in turn")
        .source(Source::Derived)
        .sweep("T", powers_of_two(6..=9))
        .full_sweep(powers_of_two(6..=12))
        .replicates(15_000, 60_000)
        .detects(0.06)
        .paths(move |rounds, streams| bayes_path(&make, rounds, streams))
}

/// Online gradient descent on the squared loss with steps 1/√t.
struct Descent {
    theta: Vec<f64>,
    round: f64,
}

impl Descent {
    fn new(dim: usize) -> Self {
        Self { theta: vec![0.0; dim], round: 0.0 }
    }
}

impl Regressor for Descent {
    fn predict(&self, x: &[f64]) -> f64 {
        dot(x, &self.theta)
    }

    fn observe(&mut self, x: &[f64], y: f64) -> ratebook::Result<()> {
        self.round += 1.0;
        let step = (y - self.predict(x)) / self.round.sqrt();
        self.theta.iter_mut().zip(x).for_each(|(theta, xi)| *theta += step * xi);
        Ok(())
    }
}

/// Predicts the last label of each basis vector.
struct LastLabel(Vec<f64>);

impl LastLabel {
    fn new(theta: &[f64]) -> Self {
        Self(vec![0.0; theta.len()])
    }
}

impl Regressor for LastLabel {
    fn predict(&self, x: &[f64]) -> f64 {
        dot(x, &self.0)
    }

    fn observe(&mut self, x: &[f64], y: f64) -> ratebook::Result<()> {
        self.0.iter_mut().zip(x).filter(|(_, xi)| **xi != 0.0).for_each(|(last, _)| *last = y);
        Ok(())
    }
}

/// Ridge regression of what is left when half of θ* is known.
struct Told {
    half: Vec<f64>,
    rest: Ftrl,
}

impl Told {
    fn half(theta: &[f64]) -> ratebook::Result<Self> {
        let rest = Ftrl::new(Link::Identity, theta.len(), 1.0, 1.0)?;
        Ok(Self { half: theta.iter().map(|entry| entry / 2.0).collect(), rest })
    }
}

impl Regressor for Told {
    fn predict(&self, x: &[f64]) -> f64 {
        dot(x, &self.half) + self.rest.predict(x)
    }

    fn observe(&mut self, x: &[f64], y: f64) -> ratebook::Result<()> {
        self.rest.observe(x, y - dot(x, &self.half))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        // 4·3·(ln 4 + 2·(1/8 − 1/32)).
        assert_relative_eq!(
            least_squares_regret(3.0, 2.0, 8.0, 32.0),
            18.885532333438686,
            max_relative = 1e-12
        );
        // (4 + 2·9)(1 + 4/2)·3·ln(1 + 12·4/(3·2)) = 198·ln 9.
        assert_relative_eq!(
            ridge_regret(3.0, 2.0, 3.0, 2.0, 2.0, 12.0),
            435.0504663125715,
            max_relative = 1e-12
        );
        // 9·2·(1 + 1/2 + 1/3).
        assert_relative_eq!(bayes_regret(2.0, 3.0, 6.0), 33.0, max_relative = 1e-12);
        assert_eq!(variance_rate(16.0), 4.0);
    }

    quickcheck! {
        fn regrets_scale_with_the_variance(dim: u8, rounds: u16) -> bool {
            let (dim, rounds) = (f64::from(dim) + 1.0, f64::from(rounds) + 2.0);
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
            close(least_squares_regret(dim, 2.0, 1.0, rounds), 4.0 * least_squares_regret(dim, 1.0, 1.0, rounds))
                && close(bayes_regret(dim, 2.0, dim * rounds), 4.0 * bayes_regret(dim, 1.0, dim * rounds))
                && close(ridge_regret(dim, 2.0, 2.0, 1.0, 1.0, rounds), 4.0 * ridge_regret(dim, 1.0, 1.0, 1.0, 1.0, rounds))
        }

        fn the_floor_is_below_the_ceiling(dim: u8, looks: u8) -> bool {
            let (dim, looks) = (f64::from(dim) + 1.0, f64::from(looks) + 1.0);
            let floor = bayes_regret(dim, 1.0, dim * looks);
            // H_n is between ln(n + 1) and 1 + ln n.
            floor >= dim * (looks + 1.0).ln()
                && floor <= dim * (1.0 + looks.ln()) + 1e-9
                && floor <= ridge_regret(dim, 1.0, 1.0, 1.0, 1.0, dim * looks)
        }
    }
}
