//! What *Improved Online Conformal Prediction via Strongly Adaptive Online Learning* promises.

mod coverage;

use ratebook::math::sequences::sequences;
use ratebook::online::Learner;
use ratebook::online::adaptive_conformal::baselines::{Aci, Descent, Fixed, WindowQuantile};
use ratebook::online::adaptive_conformal::hindsight::{interval_regrets, worst_interval_regret};
use ratebook::online::adaptive_conformal::scores::Scores;
use ratebook::online::adaptive_conformal::{Pinball, Saocp, ScaleFree, Weights};
use ratebook_judge::{Cases, Claim, Paper, Source, Streams, powers_of_two};

pub use coverage::*;

/// (√3·D'²/(2D) + D/√3)·√(Σg²): the regret of SF-OGD against a fixed radius u, where D' = max_t |s_t − u|.
///
/// Derived: with η_t = (D/√3)/√(Σ_{i≤t} g_i²) the sum Σ g_t(s_t − u) is at most D'²/(2η_T) + Σ η_t g_t²/2, and
/// Σ a_t/√(Σ_{i≤t} a_i) ≤ 2√(Σa). Projection only brings s closer to u ≥ 0.
pub fn scale_free_regret(largest: f64, distance: f64, squares: f64) -> f64 {
    (3f64.sqrt() * distance * distance / (2.0 * largest) + largest / 3f64.sqrt()) * squares.sqrt()
}

/// 15·D·√(k(ln T + 1)): the regret of SAOCP on every interval of length k. From memory; the constant is ours.
pub fn strongly_adaptive_regret(largest: f64, length: f64, horizon: f64) -> f64 {
    15.0 * largest * (length * (horizon.ln() + 1.0)).sqrt()
}

/// max(α, 1 − α)·D·k: what no radius between 0 and D can lose on k rounds.
pub fn trivial_regret(alpha: f64, largest: f64, length: f64) -> f64 {
    alpha.max(1.0 - alpha) * largest * length
}

/// The miscoverage of the claims.
const ALPHA: f64 = 0.1;

/// α = 0.1 and D = 1.
fn pinball() -> ratebook::Result<Pinball> {
    Pinball::new(ALPHA, 1.0)
}

/// A learner of radii.
pub trait Radii: Learner<Decision = f64, Feedback = f64> {}

impl<L: Learner<Decision = f64, Feedback = f64>> Radii for L {}

/// The radii that a learner announces for the scores.
fn play(learner: &mut impl Radii, scores: &[f64]) -> ratebook::Result<Vec<f64>> {
    scores
        .iter()
        .map(|score| {
            let radius = learner.decide();
            learner.update(score).map(|()| radius)
        })
        .collect()
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let slow = |pinball| Descent::decaying(pinball, 1.0 / 3f64.sqrt());
    let prior = |pinball| Ok(Saocp::with_weights(pinball, Weights::Prior));
    let scale_free = |pinball| Ok(ScaleFree::new(pinball));
    let saocp = |pinball| Ok(Saocp::new(pinball));
    Paper::new(
        "online/adaptive_conformal",
        "Improved Online Conformal Prediction via Strongly Adaptive Online Learning",
    )
    .arxiv("2302.07869")
    .seed_line(373)
    .claim(
        strongly_adaptive(saocp)
            .control("OGD with step D/(√3 t)", strongly_adaptive(slow))
            .baseline("SF-OGD", strongly_adaptive(scale_free))
            .baseline(
                "quantile of the last 100",
                strongly_adaptive(|pinball| WindowQuantile::new(pinball, 100)),
            ),
    )
    .claim(
        strongly_adaptive_rate(saocp)
            .control("OGD with step D/(√3 t)", strongly_adaptive_rate(slow))
            .baseline("SF-OGD", strongly_adaptive_rate(scale_free)),
    )
    .claim(scale_free_at_most(scale_free).control(
        "constant step D/√3",
        scale_free_at_most(|pinball| Descent::projected(pinball, 1.0 / 3f64.sqrt())),
    ))
    .claim(
        scale_free_exhaustively(scale_free).control(
            "a radius that never moves",
            scale_free_exhaustively(|pinball| Fixed::new(pinball, 0.0)),
        ),
    )
    .claim(
        separation(saocp)
            .control("SAOCP with its priors as weights", separation(prior))
            .control("OGD with step D/(√3 t)", separation(slow))
            .baseline("quantile of the last 100", separation(|pinball| WindowQuantile::new(pinball, 100))),
    )
    .claim(
        descent_coverage(Descent::constant)
            .control("the radius projected to 0 and above", descent_coverage(Descent::projected)),
    )
    .claim(
        coverage_rate(scale_free)
            .control("a fixed radius", coverage_rate(|pinball| Fixed::new(pinball, 0.5))),
    )
    .claim(
        coverage_after_a_jump(saocp)
            .control("a fixed radius", coverage_after_a_jump(|pinball| Fixed::new(pinball, 0.5)))
            .baseline("ACI, γ = 0.005", coverage_after_a_jump(|pinball| Aci::new(pinball, 0.005))),
    )
    .claim(
        coverage_elsewhere(saocp)
            .control("a fixed radius", coverage_elsewhere(|pinball| Fixed::new(pinball, 0.5)))
            .baseline("ACI, γ = 0.005", coverage_elsewhere(|pinball| Aci::new(pinball, 0.005))),
    )
}

/// The rounds of the sampled runs.
const HORIZON: usize = 1 << 14;

/// The rounds between two switches in the frequent case.
const TURN: usize = 512;

/// What the strongly adaptive claims are tried on: one jump, many jumps, a walk, and a coin that makes all radii
/// equally good.
fn family(rounds: usize) -> [Scores; 4] {
    [Scores::TwoLevels(rounds / 2), Scores::TwoLevels(TURN), Scores::Walk, Scores::Coin]
}

const ON_THE_FAMILY: &str = "D = 1, α = 0.1; scores on two levels (0.05U, 0.9 + 0.1U) with a jump at T/2 or every \
     512 rounds, a walk with steps 0.02, and 0 or 1 with P(1) = 0.1; the worst of all intervals";

/// For each length, and in it for each member of the family, the worst regret on an interval.
fn worst_regrets<L: Radii>(
    learner: &impl Fn(Pinball) -> ratebook::Result<L>,
    rounds: usize,
    lengths: &[f64],
    streams: &mut Streams,
) -> ratebook::Result<Vec<Vec<f64>>> {
    let pinball = pinball()?;
    let mut worst = vec![Vec::new(); lengths.len()];
    for law in family(rounds) {
        let scores = law.draw(rounds, &mut streams.instance);
        let radii = play(&mut learner(pinball)?, &scores)?;
        for (&length, worst) in lengths.iter().zip(&mut worst) {
            worst.push(worst_interval_regret(pinball, &radii, &scores, length as usize)?);
        }
    }
    Ok(worst)
}

/// On every interval of length k the regret is at most 15·D·√(k(ln T + 1)).
pub fn strongly_adaptive<L: Radii>(
    learner: impl Fn(Pinball) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    Claim::at_most("strongly adaptive", |length| strongly_adaptive_regret(1.0, length, HORIZON as f64))
        .states("On every interval of length $k$ the regret is at most $15 D \\sqrt{k (\\ln T + 1)}$.")
        .assuming(&format!("three sequences of each kind; T = 2¹⁴, {ON_THE_FAMILY}"))
        .source(Source::Abstract)
        .from_memory()
        .computed()
        .sweep("k", powers_of_two(10..=13))
        .trivial(|length| trivial_regret(ALPHA, 1.0, length))
        .paths(move |lengths, streams| -> ratebook::Result<Vec<Vec<f64>>> {
            // The bound is for every sequence: three of each kind, each on its own.
            let mut all = vec![Vec::new(); lengths.len()];
            for _ in 0..3 {
                let worst = worst_regrets(&learner, HORIZON, lengths, streams)?;
                all.iter_mut().zip(worst).for_each(|(all, worst)| all.extend(worst));
            }
            Ok(all)
        })
}

/// The worst regret on an interval of length k grows at most like √k, much below the bound's constant.
pub fn strongly_adaptive_rate<L: Radii>(
    learner: impl Fn(Pinball) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    const SHORT: usize = 1 << 12;
    Claim::rate("strongly adaptive rate", f64::sqrt)
        .states("The worst regret on an interval of length $k$ grows at most like $\\sqrt k$.")
        .assuming(&format!("T = 2¹², {ON_THE_FAMILY}"))
        .source(Source::Abstract)
        .sweep("k", powers_of_two(6..=11))
        .replicates(30, 100)
        .paths(move |lengths, streams| worst_regrets(&learner, SHORT, lengths, streams))
}

/// The regret of SF-OGD on any sequence, against any radius: [`scale_free_regret`].
fn check_regret(
    learner: &mut impl Radii,
    pinball: Pinball,
    scores: &[f64],
    cases: &mut Cases,
) -> ratebook::Result<()> {
    let radii = play(learner, scores)?;
    let gradient = |(&radius, &score): (&f64, &f64)| pinball.gradient(radius, score).powi(2);
    let squares = radii.iter().zip(scores).map(gradient).sum::<f64>();
    for u in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let excess = |(&radius, &score): (&f64, &f64)| pinball.loss(radius, score) - pinball.loss(u, score);
        let regret = radii.iter().zip(scores).map(excess).sum::<f64>();
        let distance = radii.iter().map(|radius| (radius - u).abs()).fold(0.0, f64::max);
        let bound = scale_free_regret(pinball.largest(), distance, squares);
        cases.at_most(regret, bound, || format!("u = {u}, scores {:?}…", &scores[..scores.len().min(8)]));
    }
    Ok(())
}

/// The regret of SF-OGD against every radius is at most (√3·D'²/(2D) + D/√3)·√(Σg²).
pub fn scale_free_at_most<L: Radii>(
    learner: impl Fn(Pinball) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    Claim::always("scale-free at most")
        .states("The regret of SF-OGD is at most $(\\sqrt 3 D'^2/(2D) + D/\\sqrt 3) \\sqrt{\\sum g_t^2}$.")
        .assuming(
            "D = 1, α = 0.1; scores constant at 1/2 and at 1, and the jumps, walk, coin and uniform scores of the \
             other claims; radii 0, 1/4, …, 1",
        )
        .source(Source::Derived)
        .computed()
        .sweep("T", [1e3, 1e4, 1e5])
        .check(move |rounds, streams, cases| -> ratebook::Result<()> {
            let (rounds, pinball) = (rounds as usize, pinball()?);
            for constant in [0.5, 1.0] {
                check_regret(&mut learner(pinball)?, pinball, &vec![constant; rounds], cases)?;
            }
            for law in family(rounds).into_iter().chain([Scores::Uniform]) {
                let scores = law.draw(rounds, &mut streams.instance);
                check_regret(&mut learner(pinball)?, pinball, &scores, cases)?;
            }
            Ok(())
        })
}

/// The same for every sequence of a few scores.
pub fn scale_free_exhaustively<L: Radii>(
    learner: impl Fn(Pinball) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    Claim::always("scale-free exhaustively")
        .states("The regret of SF-OGD is at most $(\\sqrt 3 D'^2/(2D) + D/\\sqrt 3) \\sqrt{\\sum g_t^2}$.")
        .assuming("D = 1, α = 0.1, 0.5 and 0.9; every sequence of scores 0, 1/3, 2/3, 1; radii 0, 1/4, …, 1")
        .source(Source::Derived)
        .exhaustive()
        .sweep("T", [1.0, 2.0, 4.0, 8.0])
        .check(move |rounds, _, cases| -> ratebook::Result<()> {
            for alpha in [0.1, 0.5, 0.9] {
                let pinball = Pinball::new(alpha, 1.0)?;
                for scores in sequences(&[0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0], rounds as usize) {
                    check_regret(&mut learner(pinball)?, pinball, &scores, cases)?;
                }
            }
            Ok(())
        })
}

/// Where the level jumps every 512 rounds, the mean regret on the windows between two jumps is at most a quarter
/// of SF-OGD's.
pub fn separation<L: Radii>(
    learner: impl Fn(Pinball) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    Claim::at_most("separation", |_| 0.25)
        .states("With frequent jumps the mean regret between two jumps is at most 1/4 of that of SF-OGD.")
        .assuming("D = 1, α = 0.1, T = 2¹⁴, scores 0.05U and 0.9 + 0.1U in turns of 512, windows in (T/2, T]; 1/4 is ours")
        .source(Source::Empirical)
        .replicates(30, 200)
        .measure(move |_, streams| -> ratebook::Result<f64> {
            let pinball = pinball()?;
            let scores = Scores::TwoLevels(TURN).draw(HORIZON, &mut streams.instance);
            let own = mean_regret(pinball, &play(&mut learner(pinball)?, &scores)?, &scores)?;
            Ok(own / mean_regret(pinball, &play(&mut ScaleFree::new(pinball), &scores)?, &scores)?)
        })
}

/// The mean of the regrets on the turns of the second half.
fn mean_regret(pinball: Pinball, radii: &[f64], scores: &[f64]) -> ratebook::Result<f64> {
    let regrets = interval_regrets(pinball, radii, scores, TURN)?;
    let turns: Vec<f64> = regrets.iter().copied().skip(HORIZON / 2).step_by(TURN).collect();
    Ok(turns.iter().sum::<f64>() / turns.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        // 3/2 + 1 over √3, times 3.
        assert_relative_eq!(scale_free_regret(1.0, 1.0, 9.0), 2.5 * 3f64.sqrt(), max_relative = 1e-12);
        assert_relative_eq!(scale_free_regret(2.0, 0.0, 3.0), 2.0, max_relative = 1e-12);
        let e = std::f64::consts::E;
        assert_relative_eq!(strongly_adaptive_regret(2.0, 8.0, e), 120.0, max_relative = 1e-12);
        assert_relative_eq!(trivial_regret(0.1, 2.0, 10.0), 18.0, max_relative = 1e-12);
        assert_relative_eq!(trivial_regret(0.7, 1.0, 10.0), 7.0, max_relative = 1e-12);
    }

    quickcheck! {
        fn regret_scales_with_the_scores(distance: u8, squares: u16, scale: u8) -> bool {
            let (distance, squares, c) = (f64::from(distance), f64::from(squares), f64::from(scale) + 1.0);
            let (one, scaled) = (scale_free_regret(1.0, distance, squares), scale_free_regret(c, c * distance, squares));
            (scaled - c * one).abs() <= 1e-12 * scaled
        }

        fn longer_intervals_regret_more(length: u16, horizon: u16) -> bool {
            let (length, horizon) = (f64::from(length) + 1.0, f64::from(horizon) + 1.0);
            let bound = strongly_adaptive_regret(1.0, length, horizon);
            strongly_adaptive_regret(1.0, 4.0 * length, horizon) == 2.0 * bound
                && strongly_adaptive_regret(1.0, length, 2.0 * horizon) > bound
        }
    }
}
