//! What *Optimality of Thompson Sampling with Noninformative Priors for Pareto Bandits* promises.

use ratebook::bandits::instances::{Pareto, Rounds};
use ratebook::bandits::pareto_thompson::{ParetoThompson, Posterior, Summary};
use ratebook::bandits::{Policy, play};
use ratebook_judge::{Claim, Paper, Source, Streams, Tolerance, geometric};
use statrs::distribution::{Continuous, ContinuousCDF, Gamma};

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

/// STS with the priors that the paper proves optimal, and STS-T with the two that need the truncation.
fn optimal(arms: usize) -> ratebook::Result<Vec<ParetoThompson>> {
    Ok(vec![
        ParetoThompson::new(arms, 2)?,
        ParetoThompson::new(arms, 3)?,
        ParetoThompson::truncated(arms, 0)?,
        ParetoThompson::truncated(arms, 1)?,
    ])
}

fn prior(k: i32) -> impl Fn(usize) -> ratebook::Result<Vec<ParetoThompson>> {
    move |arms| Ok(vec![ParetoThompson::new(arms, k)?])
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let jeffreys = |summary: &Summary| summary.posterior(0, false);
    Paper::new(
        "bandits/pareto_thompson",
        "Optimality of Thompson Sampling with Noninformative Priors for Pareto Bandits",
    )
    .arxiv("2302.01544")
    .seed_line(319)
    .claim(
        regret_per_log_at_most(optimal)
            .control(
                "the prior k = −2 without truncation",
                regret_per_log_at_most(prior(-2)).replicates(1000, 4000),
            )
            .baseline("Jeffreys' prior without truncation", regret_per_log_at_most(prior(0)))
            .baseline("the reference prior without truncation", regret_per_log_at_most(prior(1))),
    )
    .claim(
        regret_per_log_at_least(optimal)
            .control("knows the best arm", regret_per_log_at_least(|_| Ok(vec![BestArm])))
            .refutes(
                "the asymptotic lower bound read at every horizon, Reg(T) ≥ 0.6·C·ln T",
                regret_at_least(optimal),
            ),
    )
    .claim(
        logarithmic_growth(|arms| {
            Ok(vec![ParetoThompson::new(arms, 3)?, ParetoThompson::truncated(arms, 0)?])
        })
        .control("the prior k = −2 without truncation", logarithmic_growth(prior(-2)).replicates(400, 2000))
        .baseline("Jeffreys' prior without truncation", logarithmic_growth(prior(0))),
    )
    .claim(
        polynomial_growth(-2, prior(-2)).control("the prior k = 3", polynomial_growth(-2, prior(3))).control(
            "truncates the estimate",
            polynomial_growth(-2, |arms| Ok(vec![ParetoThompson::truncated(arms, -2)?])),
        ),
    )
    .claim(
        polynomial_wait(0, jeffreys)
            .control("truncates the estimate", polynomial_wait(0, |summary| summary.posterior(0, true)))
            .control("the prior k = −1", polynomial_wait(0, |summary| summary.posterior(-1, false))),
    )
    .claim(
        bounded_wait(vec![(2, false), (3, false), (0, true), (1, true)])
            .control("the reference prior without truncation", bounded_wait(vec![(1, false)]))
            .control("Jeffreys' prior without truncation", bounded_wait(vec![(0, false)])),
    )
    .claim(
        estimates_are_independent(|rewards| {
            let mut summary = Summary::default();
            rewards.iter().try_for_each(|&x| summary.add(x))?;
            Ok((summary.kappa(), summary.excess()))
        })
        .control(
            "measures from the true scale",
            estimates_are_independent(|rewards| {
                let kappa = rewards.iter().copied().fold(f64::INFINITY, f64::min);
                Ok((kappa, rewards.iter().map(|x| (x / KAPPA).ln()).sum()))
            }),
        ),
    )
    .claim(
        posterior_covers(|summary| summary.posterior(1, false))
            .control("Jeffreys' prior", posterior_covers(jeffreys))
            .control("the prior k = 2", posterior_covers(|summary| summary.posterior(2, false))),
    )
}

/// The regret of one run at each of the horizons.
fn regret_at<P>(mut policy: P, horizons: &[f64], streams: &mut Streams) -> ratebook::Result<Vec<f64>>
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

/// For each horizon, each policy's regret there: all policies see noise of their own.
fn regrets<P>(policies: Vec<P>, horizons: &[f64], streams: &mut Streams) -> ratebook::Result<Vec<Vec<f64>>>
where
    P: Policy<Context = (), Feedback = f64>,
{
    let runs = policies.into_iter().map(|policy| regret_at(policy, horizons, streams));
    let runs = runs.collect::<ratebook::Result<Vec<_>>>()?;
    Ok((0..horizons.len()).map(|i| runs.iter().map(|run| run[i]).collect()).collect())
}

/// [Reg(T) − Reg(T/4)]/ln 4 of each policy at each horizon, which frees the slope from what does not grow.
fn per_log<P>(policies: Vec<P>, horizons: &[f64], streams: &mut Streams) -> ratebook::Result<Vec<Vec<f64>>>
where
    P: Policy<Context = (), Feedback = f64>,
{
    let mut stops: Vec<f64> =
        horizons.iter().flat_map(|horizon| [(horizon / 4.0).floor(), *horizon]).collect();
    stops.sort_by(f64::total_cmp);
    stops.dedup();
    let regrets = regrets(policies, &stops, streams)?;
    let at = |horizon: f64| &regrets[stops.partition_point(|&stop| stop < horizon)];
    let slope = |(late, early): (&f64, &f64)| (late - early) / 4f64.ln();
    Ok(horizons.iter().map(|&t| at(t).iter().zip(at((t / 4.0).floor())).map(slope).collect()).collect())
}

/// The regret of each policy grows by at most 1.15·C a unit of ln T, C being the optimal constant.
pub fn regret_per_log_at_most<P: Policy<Context = (), Feedback = f64>>(
    make: impl Fn(usize) -> ratebook::Result<Vec<P>> + Send + Sync + 'static,
) -> Claim {
    Claim::at_most("regret per log at most", |_| 1.15 * regret_per_log(&ARMS))
        .states("$[\\mathrm{Reg}(T) - \\mathrm{Reg}(T/4)]/\\ln 4 \\le 1.15\\, C$ with $C = \\sum_a \\Delta_a/\\mathrm{KL}_a$.")
        .assuming("arms (κ, α) = (1, 2), (1, 4); the worst of STS with k = 2, 3 and STS-T with k = 0, 1; 1.15 for the finite horizon")
        .source(Source::Abstract)
        .sweep("T", [4000.0])
        .full_sweep([16_000.0, 32_000.0, 64_000.0])
        .replicates(400, 2000)
        .trivial(|horizon| 2.0 / 3.0 * 0.75 * horizon / 4f64.ln())
        .paths(move |horizons, streams| per_log(make(ARMS.len())?, horizons, streams))
}

/// The regret of each policy grows by at least 0.4·C a unit of ln T (0.6·C from T = 16 000 on).
pub fn regret_per_log_at_least<P: Policy<Context = (), Feedback = f64>>(
    make: impl Fn(usize) -> ratebook::Result<Vec<P>> + Send + Sync + 'static,
) -> Claim {
    let share = |horizon: f64| if horizon < 16_000.0 { 0.4 } else { 0.6 };
    Claim::at_least("regret per log at least", move |horizon| share(horizon) * regret_per_log(&ARMS))
        .states("$[\\mathrm{Reg}(T) - \\mathrm{Reg}(T/4)]/\\ln 4 \\ge 0.4\\, C$, and $\\ge 0.6\\, C$ for $T \\ge 16000$.")
        .assuming("arms (κ, α) = (1, 2), (1, 4); the worst of STS with k = 2, 3 and STS-T with k = 0, 1; the shares of C for the finite horizon")
        .source(Source::Derived)
        .sweep("T", [4000.0])
        .full_sweep([16_000.0, 64_000.0])
        .replicates(450, 2000)
        .detects(0.5)
        .paths(move |horizons, streams| per_log(make(ARMS.len())?, horizons, streams))
}

/// The limit Reg(T)/ln T ≥ C taken for a statement at every T, even with 0.6·C. It is false: the regret is
/// C·ln T less a constant.
pub fn regret_at_least<P: Policy<Context = (), Feedback = f64>>(
    make: impl Fn(usize) -> ratebook::Result<Vec<P>> + Send + Sync + 'static,
) -> Claim {
    Claim::at_least("regret at least", |horizon| 0.6 * regret_per_log(&ARMS) * horizon.ln())
        .states("$\\mathrm{Reg}(T) \\ge 0.6\\, C \\ln T$.")
        .assuming("arms (κ, α) = (1, 2), (1, 4); the worst of STS with k = 2, 3 and STS-T with k = 0, 1")
        .source(Source::Derived)
        .sweep("T", [1000.0])
        .replicates(1000, 4000)
        .paths(move |horizons, streams| regrets(make(ARMS.len())?, horizons, streams))
}

/// The regret grows with an exponent of at most 0.22, as a logarithm does over this range.
pub fn logarithmic_growth<P: Policy<Context = (), Feedback = f64>>(
    make: impl Fn(usize) -> ratebook::Result<Vec<P>> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("logarithmic growth", |_| 1.0)
        .states("Over two decades the regret grows with an exponent below 0.22, as a logarithm does.")
        .assuming("arms (κ, α) = (1, 2), (1, 4); the worse of STS with k = 3 and STS-T with k = 0")
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
    make: impl Fn(usize) -> ratebook::Result<Vec<P>> + Send + Sync + 'static,
) -> Claim {
    Claim::rate_exactly("polynomial growth", move |horizon| horizon.powf(polynomial_exponent(k)))
        .states("With $k = -2$ the regret grows like $T^{3/4}$.")
        .assuming("arms (κ, α) = (1, 2), (1, 4)")
        .source(Source::Derived)
        .sweep("T", geometric(250.0, 4000.0, 5))
        .full_sweep(geometric(1000.0, 64_000.0, 7))
        .replicates(1500, 4000)
        .detects(0.15)
        .paths(move |horizons, streams| regrets(make(ARMS.len())?, horizons, streams))
}

/// The mean that the best arm has to reach with its draw: that of the other arm, known by then.
const RIVAL: f64 = 4.0 / 3.0;

/// The chance that a draw from the posterior of α, given κ̂ = 1 after `pulls` pulls, has a mean of at least
/// [`RIVAL`]: ∫ (1 − (RIVAL·(1−1/a))^(n·a)) over the law of a, which reaches up to a = 4.
fn escape(posterior: &Posterior, pulls: f64) -> f64 {
    let largest = RIVAL / (RIVAL - 1.0);
    let Ok(law) = Gamma::new(posterior.shape(), posterior.rate()) else { return f64::NAN };
    let reaches = |a: f64| 1.0 - (RIVAL * (1.0 - 1.0 / a)).powf(pulls * a);
    law.cdf(1.0) + simpson(1.0, largest, 64, |a| law.pdf(a) * reaches(a))
}

/// Simpson's rule with an even number of intervals.
fn simpson(low: f64, high: f64, intervals: u32, f: impl Fn(f64) -> f64) -> f64 {
    let step = (high - low) / f64::from(intervals);
    let weight = |i: u32| if i == 0 || i == intervals { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
    (0..=intervals).map(|i| weight(i) * f(low + f64::from(i) * step)).sum::<f64>() * step / 3.0
}

/// E min(T, 1/p) for every T: how long the best arm waits after `pulls` pulls, p being the chance of escape
/// from the x = n/α̂ that its first rewards gave, α = 2.
fn waits(
    pulls: u32,
    posterior: impl Fn(&Summary) -> ratebook::Result<Posterior>,
    horizons: &[f64],
) -> ratebook::Result<Vec<f64>> {
    let n = f64::from(pulls);
    let (lowest, highest, intervals) = ((1e-14_f64).ln(), 15_f64.ln(), 4000);
    let step = (highest - lowest) / f64::from(intervals);
    let law = Gamma::new(n - 1.0, ARMS[0].1);
    let mut waits = vec![0.0; horizons.len()];
    for i in 0..intervals {
        let x = (lowest + (f64::from(i) + 0.5) * step).exp();
        let mut summary = Summary::default();
        (1..pulls).try_for_each(|_| summary.add(1.0))?;
        summary.add(x.exp())?;
        let escape = escape(&posterior(&summary)?, n);
        let mass = law.as_ref().map_or(f64::NAN, |law| law.pdf(x)) * x * step;
        waits.iter_mut().zip(horizons).for_each(|(wait, horizon)| *wait += mass * horizon.min(1.0 / escape));
    }
    Ok(waits)
}

/// The expected wait until the prior k ≤ 0 plays the best arm again grows like T^((1−k)/(2−k)).
pub fn polynomial_wait(
    k: i32,
    posterior: impl Fn(&Summary) -> ratebook::Result<Posterior> + Send + Sync + 'static,
) -> Claim {
    Claim::rate_exactly("polynomial wait", move |horizon| horizon.powf(polynomial_exponent(k)))
        .states("With Jeffreys' prior ($k = 0$) the expected wait for the best arm's next play grows like $\\sqrt T$.")
        .assuming("best arm (κ, α) = (1, 2) after two rewards with κ̂ = κ, the rival's mean 4/3 known; quadrature over x = n/α̂ and the posterior")
        .source(Source::Derived)
        .computed()
        .sweep("T", geometric(1e4, 1e12, 9))
        .detects(0.02)
        .paths(move |horizons, _| waits(2, &posterior, horizons))
}

/// The expected wait until the best arm is played again does not grow with T.
pub fn bounded_wait(priors: Vec<(i32, bool)>) -> Claim {
    Claim::rate("bounded wait", |_| 1.0)
        .states("With $k \\ge 2$, or truncated, the expected wait for the best arm's next play is bounded in $T$.")
        .assuming("best arm (κ, α) = (1, 2) after its first rewards with κ̂ = κ, the rival's mean 4/3 known; the worst of k = 2, 3 and of the truncated k = 0, 1")
        .source(Source::Derived)
        .computed()
        .sweep("T", geometric(1e4, 1e12, 9))
        .detects(0.02)
        .paths(move |horizons, _| -> ratebook::Result<Vec<Vec<f64>>> {
            let wait = |&(k, truncated): &(i32, bool)| {
                waits((k + 1).max(2) as u32, |summary| summary.posterior(k, truncated), horizons)
            };
            let waits = priors.iter().map(wait).collect::<ratebook::Result<Vec<_>>>()?;
            Ok((0..horizons.len()).map(|i| waits.iter().map(|wait| wait[i]).collect()).collect())
        })
}

/// The arm whose estimates are examined.
const KAPPA: f64 = 0.5;
const ALPHA: f64 = 1.5;

fn rewards(pulls: usize, streams: &mut Streams) -> ratebook::Result<Vec<f64>> {
    use ratebook::bandits::Bandit;
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
        assert_relative_eq!(simpson(0.0, 2.0, 2, |x| x.powi(3)), 4.0, max_relative = 1e-12);
    }

    #[test]
    fn the_escape_is_the_samplers() {
        let mut summary = Summary::default();
        [1.0, 1.5, 1.2].into_iter().for_each(|x| summary.add(x).unwrap());
        let posterior = summary.posterior(0, false).unwrap();
        let mut streams = Streams::new(1, "escape", 0, 0);
        let draws = 200_000;
        let reaches = |(kappa, alpha): (f64, f64)| alpha <= 1.0 || kappa * alpha / (alpha - 1.0) >= RIVAL;
        let hits = (0..draws).filter(|_| reaches(posterior.sample(&mut streams.algorithm))).count();
        let predicted = escape(&posterior, 3.0);
        // Five standard errors.
        assert!(
            (hits as f64 / f64::from(draws) - predicted).abs() < 5.0 * (predicted / f64::from(draws)).sqrt()
        );
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
