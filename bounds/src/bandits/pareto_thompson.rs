//! What *Optimality of Thompson Sampling with Noninformative Priors for Pareto Bandits* promises.

use ratebook::bandits::instances::{Pareto, Rounds};
use ratebook::bandits::pareto_thompson::{ParetoThompson, Posterior, Summary};
use ratebook::bandits::{Bandit, Policy, play};
use ratebook_judge::{Claim, Paper, Source, Streams, Tolerance, geometric};
use statrs::distribution::{ContinuousCDF, Gamma};

mod wait;

pub use wait::{bounded_wait, polynomial_wait};

/// ln(α(μ*−κ)/μ*) + μ*/(α(μ*−κ)) − 1: the divergence from Pareto(κ, α) of the closest Pareto law whose mean is
/// at least μ*, for κ < μ* and a mean below μ*.
///
/// Derived: the support must contain that of the arm, so the closest law keeps κ and has α' = μ*/(μ*−κ).
pub fn divergence(kappa: f64, alpha: f64, best_mean: f64) -> f64 {
    let ratio = best_mean / (alpha * (best_mean - kappa));
    ratio - 1.0 - ratio.ln()
}

/// Σ_a Δ_a/KL_a over the arms (κ, α) of positive gap: the regret per ln T of an optimal policy.
pub fn regret_per_log(arms: &[(f64, f64)]) -> f64 {
    let mean = |&(kappa, alpha): &(f64, f64)| kappa * alpha / (alpha - 1.0);
    let best = arms.iter().map(mean).fold(0.0, f64::max);
    let worse = arms.iter().filter(|arm| mean(arm) < best);
    worse.map(|arm| (best - mean(arm)) / divergence(arm.0, arm.1, best)).sum()
}

/// (1−k)/(2−k): the exponent of the regret of STS with the prior k ≤ 0 (k = 1 is logarithmic).
///
/// Derived: after two pulls the best arm's 2/α̂ is below x with probability of order x, and then a round escapes
/// with probability of order x^(2−k); so the regret is of order ∫ min(T, x^(k−2)) dx = T^(1 − 1/(2−k)).
pub fn polynomial_exponent(prior: i32) -> f64 {
    let k = f64::from(prior);
    (1.0 - k) / (2.0 - k)
}

/// The chance that the posterior of level q from n rewards covers α: F_{n−1}(F⁻¹_{n−k}(q)), F_s being the
/// distribution function of Gamma(s, 1). It is q for k = 1 (probability matching).
///
/// Derived: n·α/α̂ has the law Gamma(n−1, 1) whatever the arm. NaN unless n > 1 and n > k.
pub fn coverage(pulls: f64, prior: f64, level: f64) -> f64 {
    let gamma = |shape| Gamma::new(shape, 1.0);
    match (gamma(pulls - prior), gamma(pulls - 1.0)) {
        (Ok(posterior), Ok(law)) => law.cdf(posterior.inverse_cdf(level)),
        _ => f64::NAN,
    }
}

/// The arms (κ, α) of every experiment: means 2 and 4/3, so C = 3.452.
const ARMS: [(f64, f64); 2] = [(1.0, 2.0), (1.0, 4.0)];

fn sts(k: i32) -> impl Fn(usize) -> ratebook::Result<ParetoThompson> {
    move |arms| ParetoThompson::new(arms, k)
}

fn truncated(k: i32) -> impl Fn(usize) -> ratebook::Result<ParetoThompson> {
    move |arms| ParetoThompson::truncated(arms, k)
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let posterior = |k, truncated| move |summary: &Summary| summary.posterior(k, truncated);
    Paper::new(
        "bandits/pareto_thompson",
        "Optimality of Thompson Sampling with Noninformative Priors for Pareto Bandits",
    )
    .arxiv("2302.01544")
    .seed_line(319)
    .claim(
        regret_per_log_at_most(sts(2))
            .peer("the prior k = 3", regret_per_log_at_most(sts(3)))
            .peer("truncated, Jeffreys' prior", regret_per_log_at_most(truncated(0)))
            .peer("truncated, the reference prior", regret_per_log_at_most(truncated(1)))
            .control("the prior k = −2", regret_per_log_at_most(sts(-2)).replicates(1000, 4000))
            .baseline("Jeffreys' prior", regret_per_log_at_most(sts(0)))
            .baseline("the reference prior", regret_per_log_at_most(sts(1))),
    )
    .claim(
        regret_per_log_at_least(sts(2))
            .peer("the prior k = 3", regret_per_log_at_least(sts(3)))
            .peer("truncated, Jeffreys' prior", regret_per_log_at_least(truncated(0)))
            .peer("truncated, the reference prior", regret_per_log_at_least(truncated(1)))
            .control("knows the best arm", regret_per_log_at_least(|_| Ok(BestArm)))
            .refutes(
                "the asymptotic lower bound read at every horizon, Reg(T) ≥ 0.6·C·ln T",
                regret_at_least(truncated(0)),
            ),
    )
    .claim(
        logarithmic_growth(sts(3))
            .peer("truncated, Jeffreys' prior", logarithmic_growth(truncated(0)))
            .control("the prior k = −2", logarithmic_growth(sts(-2)).replicates(400, 2000))
            .baseline("Jeffreys' prior", logarithmic_growth(sts(0))),
    )
    .claim(
        polynomial_growth(-2, sts(-2))
            .control("the prior k = 3", polynomial_growth(-2, sts(3)))
            .control("truncates the estimate", polynomial_growth(-2, truncated(-2))),
    )
    .claim(
        polynomial_wait(0, posterior(0, false))
            .control("truncates the estimate", polynomial_wait(0, posterior(0, true)))
            .control("the prior k = −1", polynomial_wait(0, posterior(-1, false))),
    )
    .claim(
        bounded_wait(2, posterior(2, false))
            .peer("the prior k = 3", bounded_wait(3, posterior(3, false)))
            .peer("truncated, Jeffreys' prior", bounded_wait(0, posterior(0, true)))
            .peer("truncated, the reference prior", bounded_wait(1, posterior(1, true)))
            .control("the reference prior", bounded_wait(1, posterior(1, false)))
            .control("Jeffreys' prior", bounded_wait(0, posterior(0, false))),
    )
    .claim(estimates_are_independent(estimates).control(
        "measures from the true scale",
        estimates_are_independent(|rewards| {
            let (kappa, _) = estimates(rewards)?;
            Ok((kappa, rewards.iter().map(|x| (x / KAPPA).ln()).sum()))
        }),
    ))
    .claim(
        posterior_covers(posterior(1, false))
            .control("Jeffreys' prior", posterior_covers(posterior(0, false)))
            .control("the prior k = 2", posterior_covers(posterior(2, false))),
    )
}

/// The regret of one run at each of the horizons.
fn regrets<P>(mut policy: P, horizons: &[f64], streams: &mut Streams) -> ratebook::Result<Vec<f64>>
where
    P: Policy<Context = (), Feedback = f64>,
{
    let mut game = Rounds::new(Pareto::new(&ARMS)?);
    let (mut played, mut regret) = (0, 0.0);
    let mut advance = |&horizon: &f64| {
        let rounds = horizon as u64 - played;
        played = horizon as u64;
        regret += play(&mut policy, &mut game, rounds, &mut streams.noise, &mut streams.algorithm)?;
        Ok(regret)
    };
    horizons.iter().map(&mut advance).collect()
}

/// [Reg(T) − Reg(T/4)]/ln 4 at each horizon, which frees the slope from what does not grow.
fn per_log<P>(policy: P, horizons: &[f64], streams: &mut Streams) -> ratebook::Result<Vec<f64>>
where
    P: Policy<Context = (), Feedback = f64>,
{
    let mut stops: Vec<f64> = horizons.iter().flat_map(|horizon| [horizon / 4.0, *horizon]).collect();
    stops.sort_by(f64::total_cmp);
    stops.dedup();
    let regrets = regrets(policy, &stops, streams)?;
    let at = |horizon: f64| regrets[stops.partition_point(|&stop| stop < horizon)];
    Ok(horizons.iter().map(|&horizon| (at(horizon) - at(horizon / 4.0)) / 4f64.ln()).collect())
}

/// The regret grows by at most 1.15·C a unit of ln T, C being the optimal constant.
pub fn regret_per_log_at_most<P: Policy<Context = (), Feedback = f64>>(
    make: impl Fn(usize) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::at_most("regret per log at most", |_| 1.15 * regret_per_log(&ARMS))
        .states("$[\\mathrm{Reg}(T) - \\mathrm{Reg}(T/4)]/\\ln 4 \\le 1.15\\, C$ with $C = \\sum_a \\Delta_a/\\mathrm{KL}_a$.")
        .assuming("arms (κ, α) = (1, 2), (1, 4); STS with k = 2, 3 and STS-T with k = 0, 1; 1.15 for the finite horizon")
        .source(Source::Abstract)
        .sweep("T", [4000.0])
        .full_sweep([16_000.0, 32_000.0, 64_000.0])
        .replicates(400, 2000)
        .trivial(|horizon| 2.0 / 3.0 * 0.75 * horizon / 4f64.ln())
        .paths(move |horizons, streams| per_log(make(ARMS.len())?, horizons, streams))
}

/// The regret grows by at least 0.4·C a unit of ln T (0.6·C from T = 16 000 on).
pub fn regret_per_log_at_least<P: Policy<Context = (), Feedback = f64>>(
    make: impl Fn(usize) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    let share = |horizon: f64| if horizon < 16_000.0 { 0.4 } else { 0.6 };
    Claim::at_least("regret per log at least", move |horizon| share(horizon) * regret_per_log(&ARMS))
        .states("$[\\mathrm{Reg}(T) - \\mathrm{Reg}(T/4)]/\\ln 4 \\ge 0.4\\, C$, and $\\ge 0.6\\, C$ for $T \\ge 16000$.")
        .assuming("arms (κ, α) = (1, 2), (1, 4); STS with k = 2, 3 and STS-T with k = 0, 1; the shares of C for the finite horizon")
        .source(Source::Derived)
        .sweep("T", [4000.0])
        .full_sweep([16_000.0, 64_000.0])
        .replicates(800, 2000)
        .detects(0.5)
        .paths(move |horizons, streams| per_log(make(ARMS.len())?, horizons, streams))
}

/// The limit Reg(T)/ln T ≥ C taken for a statement at every T, even with 0.6·C. It is false: the regret is
/// C·ln T less a constant.
pub fn regret_at_least<P: Policy<Context = (), Feedback = f64>>(
    make: impl Fn(usize) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::at_least("regret at least", |horizon| 0.6 * regret_per_log(&ARMS) * horizon.ln())
        .states("$\\mathrm{Reg}(T) \\ge 0.6\\, C \\ln T$.")
        .assuming("arms (κ, α) = (1, 2), (1, 4); STS-T with k = 0")
        .source(Source::Derived)
        .sweep("T", [250.0, 1000.0])
        .replicates(2000, 4000)
        .paths(move |horizons, streams| regrets(make(ARMS.len())?, horizons, streams))
}

/// The regret grows with an exponent of at most 0.22, as a logarithm does over this range.
pub fn logarithmic_growth<P: Policy<Context = (), Feedback = f64>>(
    make: impl Fn(usize) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("logarithmic growth", |_| 1.0)
        .states("Over two decades the regret grows with an exponent below 0.22, as a logarithm does.")
        .assuming("arms (κ, α) = (1, 2), (1, 4); STS with k = 3 and STS-T with k = 0")
        .source(Source::Abstract)
        .sweep("T", geometric(250.0, 16_000.0, 4))
        .full_sweep(geometric(1000.0, 64_000.0, 7))
        .replicates(200, 1000)
        .detects(0.22)
        .paths(move |horizons, streams| regrets(make(ARMS.len())?, horizons, streams))
}

/// The regret of STS with the prior k < 1 grows polynomially, with the derived exponent.
pub fn polynomial_growth<P: Policy<Context = (), Feedback = f64>>(
    k: i32,
    make: impl Fn(usize) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::rate_exactly("polynomial growth", move |horizon| horizon.powf(polynomial_exponent(k)))
        .states("With $k = -2$ the regret grows like $T^{3/4}$.")
        .assuming("arms (κ, α) = (1, 2), (1, 4)")
        .source(Source::Derived)
        .sweep("T", geometric(250.0, 4000.0, 5))
        .full_sweep(geometric(1000.0, 64_000.0, 7))
        .replicates(2500, 6000)
        .detects(0.15)
        .paths(move |horizons, streams| regrets(make(ARMS.len())?, horizons, streams))
}

/// The arm whose estimates are examined.
const KAPPA: f64 = 0.5;
const ALPHA: f64 = 1.5;

/// The library's estimates κ̂ and n/α̂.
fn estimates(rewards: &[f64]) -> ratebook::Result<(f64, f64)> {
    let mut summary = Summary::default();
    rewards.iter().try_for_each(|&x| summary.add(x))?;
    Ok((summary.kappa(), summary.excess()))
}

fn rewards(pulls: usize, streams: &mut Streams) -> ratebook::Result<Vec<f64>> {
    let arm = Pareto::new(&[(KAPPA, ALPHA)])?;
    Ok((0..pulls).map(|_| arm.pull(0, 1, &mut streams.noise)).collect())
}

/// n·α/α̂ ~ Gamma(n−1, 1) is independent of κ̂ ~ Pareto(κ, n·α): both distribution functions are uniform, and
/// every rectangle at the tertiles has its product probability.
pub fn estimates_are_independent(
    estimate: impl Fn(&[f64]) -> ratebook::Result<(f64, f64)> + Send + Sync + 'static,
) -> Claim {
    Claim::equals("estimates are independent", |_| 1.0, Tolerance::Relative(0.06))
        .states("$n\\alpha/\\hat\\alpha \\sim \\mathrm{Gamma}(n-1, 1)$, independent of $\\hat\\kappa \\sim \\mathrm{Pareto}(\\kappa, n\\alpha)$.")
        .assuming("κ = 1/2, α = 3/2; probabilities of the 9 rectangles at the tertiles, divided by the predicted ones")
        .source(Source::Classical)
        .sweep("n", [2.0, 3.0, 10.0])
        .full_sweep([2.0, 3.0, 10.0, 50.0])
        .replicates(160_000, 600_000)
        .detects(0.15)
        .measure(move |pulls, streams| -> ratebook::Result<Vec<f64>> {
            let (kappa, excess) = estimate(&rewards(pulls as usize, streams)?)?;
            let law = Gamma::new(pulls - 1.0, 1.0).map_err(|_| ratebook::Error::Empty { name: "gamma" })?;
            let shape = law.cdf(ALPHA * excess);
            let scale = 1.0 - (KAPPA / kappa).powf(pulls * ALPHA);
            let corners = (1..=3).flat_map(|i| (1..=3).map(move |j| (f64::from(i) / 3.0, f64::from(j) / 3.0)));
            Ok(corners.map(|(a, b)| f64::from(shape <= a && scale <= b) / (a * b)).collect())
        })
}

/// The posterior's quantile of level q exceeds α with probability q.
pub fn posterior_covers(
    posterior: impl Fn(&Summary) -> ratebook::Result<Posterior> + Send + Sync + 'static,
) -> Claim {
    Claim::equals("posterior covers", |level| level, Tolerance::Absolute(0.015))
        .states("With $k = 1$ the posterior quantile of level $q$ exceeds $\\alpha$ with probability exactly $q$.")
        .assuming("κ = 1/2, α = 3/2; n = 3, 10, 50 rewards")
        .source(Source::Derived)
        .sweep("q", [0.1, 0.5, 0.9])
        .replicates(85_000, 400_000)
        .detects(0.03)
        .measure(move |level, streams| -> ratebook::Result<Vec<f64>> {
            let mut covers = |pulls: usize| -> ratebook::Result<f64> {
                let mut summary = Summary::default();
                rewards(pulls, streams)?.into_iter().try_for_each(|x| summary.add(x))?;
                let posterior = posterior(&summary)?;
                let law = Gamma::new(posterior.shape(), posterior.rate());
                // α is below the quantile where its distribution function is below the level.
                Ok(law.map_or(f64::NAN, |law| f64::from(law.cdf(ALPHA) <= level)))
            };
            [3, 10, 50].into_iter().map(&mut covers).collect()
        })
}

/// Knows that the first arm is the best.
#[derive(Debug, Clone, Copy)]
struct BestArm;

impl Policy for BestArm {
    type Context = ();
    type Feedback = f64;

    fn choose(&mut self, (): &(), _: &mut dyn rand::Rng) -> ratebook::Result<usize> {
        Ok(0)
    }

    fn observe(&mut self, _: usize, _: &f64) -> ratebook::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        // ln 2 + 1/2 − 1.
        assert_relative_eq!(divergence(1.0, 4.0, 2.0), 0.193_147_180_559_945_3, max_relative = 1e-12);
        assert_relative_eq!(divergence(1.0, 2.0, 2.0), 0.0);
        // (2/3)/(ln 2 − 1/2).
        assert_relative_eq!(
            regret_per_log(&ARMS),
            (2.0 / 3.0) / 0.193_147_180_559_945_3,
            max_relative = 1e-12
        );
        assert_eq!(regret_per_log(&[(1.0, 2.0), (1.0, 2.0)]), 0.0);
        assert_eq!([-2, -1, 0, 1].map(polynomial_exponent), [0.75, 2.0 / 3.0, 0.5, 0.0]);
        // Gamma(1) and Gamma(2): the median of the first is ln 2, and 1 − e^{−x}(1 + x) there is (1 − ln 2)/2.
        assert_relative_eq!(coverage(3.0, 2.0, 0.5), (1.0 - 2f64.ln()) / 2.0, max_relative = 1e-9);
        assert_relative_eq!(coverage(7.0, 1.0, 0.3), 0.3, max_relative = 1e-9);
    }

    quickcheck! {
        fn the_divergence_is_positive_and_free_of_units(alpha: u8, unit: u8) -> bool {
            let alpha = 2.0 + (f64::from(alpha) + 1.0) / 10.0;
            let unit = (f64::from(unit) + 1.0) / 16.0;
            let plain = divergence(1.0, alpha, 2.0);
            plain > 0.0
                && divergence(1.0, alpha + 1.0, 2.0) > plain
                && (divergence(unit, alpha, 2.0 * unit) / plain - 1.0).abs() < 1e-9
        }

        fn a_larger_prior_covers_less(pulls: u8, level: u8) -> bool {
            let (pulls, level) = (f64::from(pulls % 40) + 3.0, (f64::from(level) + 1.0) / 257.0);
            let at = |k: f64| coverage(pulls, k, level);
            at(0.0) > level && at(2.0) < level && at(2.0) > 0.0
        }

        fn a_larger_prior_grows_slower(k: u8) -> bool {
            let k = -i32::from(k);
            polynomial_exponent(k) > polynomial_exponent(k + 1) && polynomial_exponent(k) < 1.0
        }
    }
}
