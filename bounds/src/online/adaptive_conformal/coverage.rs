//! The coverage claims: how far the share of misses is from α.

use rand::RngExt;
use ratebook::math::sequences::sequences;
use ratebook::online::adaptive_conformal::Pinball;
use ratebook::online::adaptive_conformal::scores::Scores;
use ratebook_judge::{Claim, Source, Tolerance, powers_of_two};

use super::{ALPHA, HORIZON, Radii, TURN, pinball, play};

/// (D + η)/(ηT): the coverage error of gradient descent with constant step η.
///
/// Derived: s_{T+1} − s_1 = η·Σ(err_t − α) without projection, and s stays in [−ηα, D + η(1 − α)].
pub fn descent_coverage_error(largest: f64, eta: f64, rounds: f64) -> f64 {
    (largest + eta) / (eta * rounds)
}

/// T^(−1/4): the coverage error of SF-OGD, up to a constant and log T. From memory.
pub fn scale_free_coverage_error(rounds: f64) -> f64 {
    rounds.powf(-0.25)
}

/// How far an adversary puts a score from the radius.
const NUDGE: f64 = 0.01;

/// |share of misses − α| when each score is put just above or just below the radius, as far as [0, D] allows.
fn nudged_error(
    learner: &mut impl Radii,
    pinball: Pinball,
    above: impl IntoIterator<Item = bool>,
) -> ratebook::Result<f64> {
    let (mut excess, mut rounds) = (0.0, 0.0);
    for above in above {
        let radius = learner.decide();
        let score = (radius + if above { NUDGE } else { -NUDGE }).clamp(0.0, pinball.largest());
        excess -= pinball.gradient(radius, score);
        rounds += 1.0;
        learner.update(&score)?;
    }
    Ok((excess / rounds).abs())
}

/// |share of misses − α| on given scores.
fn error_on(learner: &mut impl Radii, pinball: Pinball, scores: &[f64]) -> ratebook::Result<f64> {
    let radii = play(learner, scores)?;
    let gradients = radii.iter().zip(scores).map(|(&radius, &score)| pinball.gradient(radius, score));
    Ok((gradients.sum::<f64>() / scores.len() as f64).abs())
}

/// With a constant step and no projection the share of misses is within (D + η)/(ηT) of α, whatever an adversary
/// does that moves the scores around the radius.
pub fn descent_coverage<L: Radii>(
    learner: impl Fn(Pinball, f64) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    Claim::always("descent coverage")
        .states("With a constant step $\\eta$ the share of misses is within $(D + \\eta)/(\\eta T)$ of $\\alpha$.")
        .assuming(
            "D = 1, α = 0.1, 0.5, 0.9, η = 0.1, 0.5, 1; every sequence of scores just above and just below the radius, \
             and a random one of length 10⁵",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("T", [4.0, 8.0, 12.0])
        .check(move |rounds, streams, cases| -> ratebook::Result<()> {
            for (alpha, eta) in [0.1, 0.5, 0.9].into_iter().flat_map(|alpha| [0.1, 0.5, 1.0].map(|eta| (alpha, eta))) {
                let pinball = Pinball::new(alpha, 1.0)?;
                let bound = descent_coverage_error(1.0, eta, rounds) * (1.0 + 1e-12);
                for signs in sequences(&[false, true], rounds as usize) {
                    let error = nudged_error(&mut learner(pinball, eta)?, pinball, signs.iter().copied())?;
                    cases.at_most(error, bound, || format!("α {alpha}, η {eta}, above {signs:?}"));
                }
                let coins = (0..100_000).map(|_| streams.noise.random());
                let error = nudged_error(&mut learner(pinball, eta)?, pinball, coins)?;
                let bound = descent_coverage_error(1.0, eta, 1e5) * (1.0 + 1e-9);
                cases.at_most(error, bound, || format!("α {alpha}, η {eta}, coins"));
            }
            Ok(())
        })
}

/// The coverage error of SF-OGD falls at least like T^(−1/5), for which the paper has T^(−1/4) up to log T.
pub fn coverage_rate<L: Radii>(
    learner: impl Fn(Pinball) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("coverage rate", scale_free_coverage_error)
        .states("The share of misses of SF-OGD approaches $\\alpha$ at least like $T^{-1/4}$, up to $\\log T$.")
        .assuming(
            "D = 1, α = 0.1; scores at 0.01 above or below the radius by a fair coin, uniform scores, and the two levels \
             in turns of 512; the worst of them; log T not divided out",
        )
        .source(Source::Abstract)
        .from_memory()
        .sweep("T", powers_of_two(6..=16))
        .full_sweep(powers_of_two(6..=18))
        .replicates(30, 100)
        .detects(0.05)
        .measure(move |rounds, streams| -> ratebook::Result<Vec<f64>> {
            let (rounds, pinball) = (rounds as usize, pinball()?);
            let coins = (0..rounds).map(|_| streams.noise.random());
            let mut errors = vec![nudged_error(&mut learner(pinball)?, pinball, coins)?];
            for law in [Scores::Uniform, Scores::TwoLevels(TURN)] {
                let scores = law.draw(rounds, &mut streams.instance);
                errors.push(error_on(&mut learner(pinball)?, pinball, &scores)?);
            }
            Ok(errors)
        })
}

/// The share of covered rounds on each of the laws.
fn coverage_on<L: Radii>(
    id: &str,
    laws: &'static [Scores],
    tolerance: f64,
    learner: impl Fn(Pinball) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    Claim::equals(id, |_| 1.0 - ALPHA, Tolerance::Absolute(tolerance))
        .source(Source::Empirical)
        .replicates(30, 200)
        .measure(move |_, streams| -> ratebook::Result<Vec<f64>> {
            let pinball = pinball()?;
            let covered = |law: &Scores| {
                let scores = law.draw(HORIZON, &mut streams.instance);
                let radii = play(&mut learner(pinball)?, &scores)?;
                let hits = radii.iter().zip(&scores).filter(|(radius, score)| score <= radius).count();
                Ok(hits as f64 / HORIZON as f64)
            };
            laws.iter().map(covered).collect()
        })
}

/// SAOCP covers 1 − α of the rounds within 0.02 when the level jumps once.
pub fn coverage_after_a_jump<L: Radii>(
    learner: impl Fn(Pinball) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    coverage_on("coverage after a jump", &[Scores::TwoLevels(HORIZON / 2)], 0.02, learner)
        .states("With one jump of the level the coverage is within 0.02 of $1 - \\alpha$.")
        .assuming("D = 1, α = 0.1, T = 2¹⁴, scores 0.05U, from T/2 on 0.9 + 0.1U; the tolerance is ours")
}

/// SAOCP covers 1 − α of the rounds within 0.05 on uniform scores and when the level jumps every 512 rounds.
pub fn coverage_elsewhere<L: Radii>(
    learner: impl Fn(Pinball) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    coverage_on("coverage elsewhere", &[Scores::Uniform, Scores::TwoLevels(TURN)], 0.05, learner)
        .states("On uniform scores and with frequent jumps the coverage is within 0.05 of $1 - \\alpha$.")
        .assuming(
            "D = 1, α = 0.1, T = 2¹⁴, uniform scores, and two levels in turns of 512; the tolerance is ours",
        )
        .detects(0.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(descent_coverage_error(2.0, 0.5, 100.0), 0.05, max_relative = 1e-12);
        assert_relative_eq!(scale_free_coverage_error(256.0), 0.25, max_relative = 1e-12);
    }

    quickcheck! {
        fn errors_fall(eta: u8, rounds: u16) -> bool {
            let (eta, rounds) = (f64::from(eta) + 1.0, f64::from(rounds) + 1.0);
            let error = descent_coverage_error(1.0, eta, rounds);
            descent_coverage_error(1.0, eta, 2.0 * rounds) == error / 2.0
                && descent_coverage_error(1.0, 2.0 * eta, rounds) < error
                && scale_free_coverage_error(16.0 * rounds) < scale_free_coverage_error(rounds)
        }
    }
}
