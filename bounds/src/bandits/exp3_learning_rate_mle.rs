//! What *On the convergence of the MLE as an estimator of the learning rate in the Exp3 algorithm* promises.

use rand::{Rng, RngExt};

use ratebook::Result;
use ratebook::bandits::Revealed;
use ratebook::bandits::exp3_learning_rate_mle::{Estimator, Exp3, Family, Mle, Record};
use ratebook::math::{chance::every_outcome, sequences::sequences};
use ratebook_judge::{Claim, Paper, Source, geometric};

/// n^(−a/2): the estimation error |θ̂ − θ| for a rate θ·n^(−a), up to a constant.
///
/// Derived: about n^a rounds come before the cut, and in each the logit's derivative in θ is of order one, so
/// the Fisher information is of order n^a. The abstract says *polynomial*.
pub fn estimation_error(rounds: f64, decay: f64) -> f64 {
    rounds.powf(-decay / 2.0)
}

/// 1/n: the prediction error (1/n)·Σ KL(p^θ ‖ p^θ̂), up to a constant.
///
/// Derived: the sum is about half of information times squared error, ½·n^a·(n^(−a/2))², whatever a > 0 is.
/// The abstract says *polynomial*.
pub fn prediction_error(rounds: f64) -> f64 {
    1.0 / rounds
}

/// 1/K − (t − 1)·η: what the smallest probability is at least in round t, whatever was played and lost.
///
/// Derived: a probability falls only when its arm is played, to at least p·exp(−ηℓ/p) ≥ p − η.
pub fn least_probability(arms: f64, eta: f64, round: f64) -> f64 {
    1.0 / arms - (round - 1.0) * eta
}

/// The true parameter (unless said otherwise), and the limits r and R between which it is sought.
const THETA: f64 = 1.0;
const RANGE: (f64, f64) = (0.1, 10.0);
/// Two arms, of which the first always loses.
const LOSSES: [f64; 2] = [1.0, 0.0];
/// The floor ε at which a record is cut off.
const FLOOR: f64 = 0.05;

/// The paper and its claims.
pub fn paper() -> Paper {
    let mle = || Mle::new(RANGE.0, RANGE.1);
    Paper::new(
        "bandits/exp3_learning_rate_mle",
        "On the convergence of the MLE as an estimator of the learning rate in the Exp3 algorithm",
    )
    .arxiv("2305.06660")
    .seed_line(113)
    .claim(
        constant_rate_stays_unknown(exp3_estimate(0.0, 0.0))
            .control(
                "a rate that shrinks like the root of n",
                constant_rate_stays_unknown(exp3_estimate(0.5, FLOOR)),
            )
            .control("an individual that does not learn", constant_rate_stays_unknown(softmax_estimate)),
    )
    .claim(
        estimation_error_falls(0.5, mle)
            .control("a constant rate", estimation_error_falls(0.0, mle))
            .control(
                "weighs every loss by K",
                estimation_error_falls(0.5, move || mle().map(UniformWeights)),
            ),
    )
    .claim(
        prediction_error_falls(mle)
            .control("guesses half the rate", prediction_error_falls(|| Ok(Guess(0.5)))),
    )
    .claim(estimated_losses_are_unbiased(Exp3::new).control(
        "does not divide by the probability",
        estimated_losses_are_unbiased(|arms, _| Ok(Unweighted::new(arms))),
    ))
    .claim(
        probabilities_stay_up(Exp3::new)
            .control("twice the rate", probabilities_stay_up(|arms, eta| Exp3::new(arms, 2.0 * eta))),
    )
}

/// A record of an individual and its family.
fn simulate(theta: f64, rounds: f64, decay: f64, floor: f64, rng: &mut dyn Rng) -> Result<(Family, Record)> {
    let family = Family::new(2, rounds as usize, decay)?;
    let record = family.individual(theta)?.simulate(&LOSSES, floor, rng)?;
    Ok((family, record))
}

/// θ̂ of the maximum-likelihood estimate after this many rounds of Exp3 with the rate θ·n^(−a).
fn exp3_estimate(
    decay: f64,
    floor: f64,
) -> impl Fn(f64, f64, &mut dyn Rng) -> Result<f64> + Send + Sync + 'static {
    move |theta, rounds, rng| {
        let (family, record) = simulate(theta, rounds, decay, floor, rng)?;
        Mle::new(RANGE.0, RANGE.1)?.estimate(&family, &record)
    }
}

/// The same for an individual that draws every arm from exp(−θℓ), whose estimate is a log-odds ratio.
fn softmax_estimate(theta: f64, rounds: f64, rng: &mut dyn Rng) -> Result<f64> {
    let losing = 1.0 / (1.0 + theta.exp());
    let count = (0..rounds as usize).filter(|_| rng.random::<f64>() < losing).count() as f64;
    Ok(((rounds - count) / count).ln().clamp(RANGE.0, RANGE.1))
}

/// With a constant rate the worst mean squared error of the estimate over θ = 1.5, 2 falls like no power of the
/// length of the record.
///
/// The whole record counts, for a cut would make this trivial. One run gives the errors at all lengths; with a
/// constant rate the shorter records are the beginnings of the longer ones. For one θ alone the error does fall,
/// in rare steps: an individual that stopped playing an arm plays it again, after exp(θ·e^(2θ)) rounds for the
/// first time (3·10⁴ for θ = 1, 10¹⁵ for θ = 1.5), and the waiting time tells θ.
/// Until then the error falls more slowly than any power, because waiting rules out the θ that would be back.
pub fn constant_rate_stays_unknown(
    estimate: impl Fn(f64, f64, &mut dyn Rng) -> Result<f64> + Send + Sync + 'static,
) -> Claim {
    Claim::rate_exactly("constant rate stays unknown", |_| 1.0)
        .states("With a constant rate the worst mean squared error of $\\hat\\theta$ falls like no power of $n$.")
        .assuming(
            "two arms with losses 1 and 0, the worst of θ = 1.5, 2, sought in [0.1, 10], the likelihood of the whole \
             record",
        )
        .source(Source::Abstract)
        .sweep("n", geometric(1e3, 1e5, 5))
        .replicates(150, 2000)
        .paths(move |rounds, streams| -> Result<Vec<Vec<f64>>> {
            let squared = |theta: f64, n: f64| {
                estimate(theta, n, &mut streams.noise.clone()).map(|found| (found - theta).powi(2))
            };
            rounds.iter().map(|&n| [1.5, 2.0].map(|theta| squared(theta, n)).into_iter().collect()).collect()
        })
}

/// How many records a median is taken of.
const MEDIAN_OF: usize = 9;

/// The median of |θ̂ − θ| falls like n^(−a/2) at a = 1/2.
pub fn estimation_error_falls<E: Estimator>(
    decay: f64,
    make: impl Fn() -> Result<E> + Send + Sync + 'static,
) -> Claim {
    Claim::rate_exactly("estimation error falls", |rounds| estimation_error(rounds, 0.5))
        .states("With the rate $\\theta n^{-1/2}$ the median of $|\\hat\\theta - \\theta|$ falls like $n^{-1/4}$.")
        .assuming("two arms with losses 1 and 0, θ = 1, sought in [0.1, 10], cut at 0.05; medians of 9 records")
        .source(Source::Derived)
        .sweep("n", geometric(1e3, 1e5, 5))
        .full_sweep(geometric(1e3, 1e6, 7))
        .replicates(120, 600)
        .detects(0.06)
        .measure(move |rounds, streams| -> Result<f64> {
            let mut errors = [0.0; MEDIAN_OF];
            for error in &mut errors {
                let (family, record) = simulate(THETA, rounds, decay, FLOOR, &mut streams.noise)?;
                *error = (make()?.estimate(&family, &record)? - THETA).abs();
            }
            errors.sort_unstable_by(f64::total_cmp);
            Ok(errors[MEDIAN_OF / 2])
        })
}

/// The prediction error (1/n)·Σ KL(p^θ ‖ p^θ̂) falls like 1/n at a = 1/2.
pub fn prediction_error_falls<E: Estimator>(make: impl Fn() -> Result<E> + Send + Sync + 'static) -> Claim {
    Claim::rate_exactly("prediction error falls", prediction_error)
        .states(
            "With the rate $\\theta n^{-1/2}$ the prediction error \
             $\\frac1n \\sum_t \\mathrm{KL}(p^\\theta_t \\| p^{\\hat\\theta}_t)$ falls like $1/n$.",
        )
        .assuming("two arms with losses 1 and 0, θ = 1, sought in [0.1, 10], cut at 0.05")
        .source(Source::Derived)
        .sweep("n", geometric(1e3, 1e5, 5))
        .full_sweep(geometric(1e3, 1e6, 7))
        .replicates(500, 4000)
        .detects(0.12)
        .measure(move |rounds, streams| -> Result<f64> {
            let (family, record) = simulate(THETA, rounds, 0.5, FLOOR, &mut streams.noise)?;
            let guess = family.individual(make()?.estimate(&family, &record)?)?;
            Ok(family.individual(THETA)?.divergence_to(&guess, &record)? / rounds)
        })
}

/// What a claim about the individual itself needs to know of it.
pub trait Learner {
    /// The probabilities of the next arm.
    fn probabilities(&self) -> &[f64];
    /// Learns from a round.
    fn observe(&mut self, round: Revealed);
    /// The estimate of an arm's total loss.
    fn estimated_loss(&self, arm: usize) -> f64;
}

impl Learner for Exp3 {
    fn probabilities(&self) -> &[f64] {
        self.probabilities()
    }

    fn observe(&mut self, round: Revealed) {
        self.observe(round);
    }

    fn estimated_loss(&self, arm: usize) -> f64 {
        self.estimated_loss(arm)
    }
}

/// Over every path of up to six rounds the expectation of the estimated loss is the true loss, of every arm.
pub fn estimated_losses_are_unbiased<L: Learner>(
    make: impl Fn(usize, f64) -> Result<L> + Send + Sync + 'static,
) -> Claim {
    Claim::always("estimated losses are unbiased")
        .states("$\\mathbf{E} \\hat L_t(k) = \\sum_{s \\le t} \\ell_s(k)$.")
        .assuming("every path of K = 2, 3 arms, rates 0.05, 0.1, 0.2 (at which no probability underflows), losses that change with the round")
        .source(Source::Classical)
        .exhaustive()
        .sweep("t", [1.0, 2.0, 4.0, 6.0])
        .check(move |rounds, _, cases| -> Result<()> {
            let loss = |round: usize, arm: usize| ((3 * round + 2 * arm + 1) % 5) as f64 / 4.0;
            for (arms, eta) in [2, 3].into_iter().flat_map(|arms| [0.05, 0.1, 0.2].map(|eta| (arms, eta))) {
                let mut means = vec![0.0; arms];
                let run = |chance: &mut dyn ratebook::math::chance::Chance| {
                    let mut learner = make(arms, eta)?;
                    for round in 0..rounds as usize {
                        let arm = chance.choose(learner.probabilities());
                        learner.observe(Revealed { arm, loss: loss(round, arm) });
                    }
                    Ok((0..arms).map(|arm| learner.estimated_loss(arm)).collect())
                };
                let mut failed = None;
                every_outcome(run, |probability, estimates: Result<Vec<f64>>| match estimates {
                    Ok(estimates) => {
                        means.iter_mut().zip(estimates).for_each(|(mean, e)| *mean += probability * e);
                    }
                    Err(error) => failed = Some(error),
                });
                failed.map_or(Ok(()), Err)?;
                for (arm, mean) in means.into_iter().enumerate() {
                    let total = (0..rounds as usize).map(|round| loss(round, arm)).sum();
                    cases.close(mean, total, 1e-9, || format!("arm {arm} of {arms}, eta = {eta}"));
                }
            }
            Ok(())
        })
}

/// In every round, whatever was played and lost, no probability is below 1/K − (t − 1)·η.
pub fn probabilities_stay_up<L: Learner>(
    make: impl Fn(usize, f64) -> Result<L> + Send + Sync + 'static,
) -> Claim {
    Claim::always("probabilities stay up")
        .states("$p_t(k) \\ge 1/K - (t-1)\\,\\eta$ whatever was played and lost.")
        .assuming("every sequence of K = 2 or 3 arms and losses 0, 1/2, 1 over six rounds or five")
        .source(Source::Derived)
        .exhaustive()
        .sweep("eta", [0.01, 0.02, 0.05])
        .check(move |eta, _, cases| -> Result<()> {
            for (arms, rounds) in [(2, 6), (3, 5)] {
                let plays: Vec<Revealed> =
                    (0..arms).flat_map(|arm| [0.0, 0.5, 1.0].map(|loss| Revealed { arm, loss })).collect();
                for record in sequences(&plays, rounds) {
                    let mut learner = make(arms, eta)?;
                    record.iter().for_each(|&play| learner.observe(play));
                    let least = learner.probabilities().iter().copied().fold(1.0, f64::min);
                    let bound = least_probability(arms as f64, eta, (rounds + 1) as f64);
                    cases.at_most(bound, least * (1.0 + 1e-12), || format!("{record:?}"));
                }
            }
            Ok(())
        })
}

/// A broken observer: it puts the uniform probability 1/K in place of every p_s, so it need not know the past.
#[derive(Debug, Clone, Copy)]
struct UniformWeights(Mle);

impl Estimator for UniformWeights {
    fn estimate(&self, family: &Family, record: &Record) -> Result<f64> {
        self.0.maximise(|theta| {
            // Two arms: the log-odds of the second against the first.
            let (eta, mut log_odds, mut sum) = (family.rate(theta), 0.0f64, 0.0);
            for (counts, end) in record.stretches() {
                sum -=
                    counts[0] as f64 * log_odds.exp().ln_1p() + counts[1] as f64 * (-log_odds).exp().ln_1p();
                if let Some(play) = end {
                    log_odds += if play.arm == 0 { 2.0 * eta * play.loss } else { -2.0 * eta * play.loss };
                }
            }
            Ok(sum)
        })
    }
}

/// No observer at all: the same guess for every record.
#[derive(Debug, Clone, Copy)]
struct Guess(f64);

impl Estimator for Guess {
    fn estimate(&self, _: &Family, _: &Record) -> Result<f64> {
        Ok(self.0)
    }
}

/// A broken individual: it plays uniformly and adds up the losses that it saw, unweighted.
#[derive(Debug, Clone)]
struct Unweighted {
    probabilities: Vec<f64>,
    seen: Vec<f64>,
}

impl Unweighted {
    fn new(arms: usize) -> Self {
        Self { probabilities: vec![1.0 / arms as f64; arms], seen: vec![0.0; arms] }
    }
}

impl Learner for Unweighted {
    fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    fn observe(&mut self, round: Revealed) {
        self.seen[round.arm] += round.loss;
    }

    fn estimated_loss(&self, arm: usize) -> f64 {
        self.seen[arm]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(estimation_error(10_000.0, 0.5), 0.1, max_relative = 1e-12);
        assert_relative_eq!(estimation_error(4096.0, 1.0), 0.015_625, max_relative = 1e-12);
        assert_eq!(estimation_error(1e6, 0.0), 1.0);
        assert_relative_eq!(prediction_error(250.0), 0.004, max_relative = 1e-12);
        assert_relative_eq!(least_probability(4.0, 0.01, 11.0), 0.15, max_relative = 1e-12);
        assert_eq!(least_probability(2.0, 0.3, 1.0), 0.5);
    }

    quickcheck! {
        fn four_times_the_rounds_halve_the_error_at_full_decay(rounds: u16) -> bool {
            let rounds = f64::from(rounds) + 1.0;
            let ratio = estimation_error(rounds, 1.0) / estimation_error(4.0 * rounds, 1.0);
            (ratio - 2.0).abs() < 1e-12 && prediction_error(2.0 * rounds) == prediction_error(rounds) / 2.0
        }

        fn a_slower_decay_informs_less(rounds: u16, decay: u8) -> bool {
            let (rounds, decay) = (f64::from(rounds) + 2.0, f64::from(decay) / 256.0);
            estimation_error(rounds, decay) >= estimation_error(rounds, decay + 1.0 / 256.0)
        }

        fn the_least_probability_falls_by_eta_a_round(arms: u8, round: u8) -> bool {
            let (arms, round) = (f64::from(arms) + 1.0, f64::from(round) + 1.0);
            let fall = least_probability(arms, 0.01, round) - least_probability(arms, 0.01, round + 1.0);
            (fall - 0.01).abs() < 1e-12
        }
    }
}
