//! What *Learning Rate Schedules in the Presence of Distribution Shift* promises.

mod convex;
mod rates;
mod recursion;

use rand::RngExt;
use rand_distr::StandardNormal;
use ratebook::math::sequences::sequences;
use ratebook::online::drifting_schedule::{Course, Drift, Regression};
use ratebook_judge::{Claim, Paper, Source, Streams};

pub use convex::*;
pub use rates::*;
pub use recursion::*;

/// A way to choose the rates of a whole course.
type Rates = Vec<f64>;

fn optimal(course: &Course, regression: &Regression) -> Rates {
    course.optimal_schedule(regression)
}

/// η_t = 1/t.
fn harmonic(course: &Course, _: &Regression) -> Rates {
    (1..=course.moves().len()).map(|t| 1.0 / t as f64).collect()
}

/// The constant rate with the least total error, on a grid of fortieths.
fn best_constant(course: &Course, regression: &Regression) -> Rates {
    let constant = |eta: f64| vec![eta; course.moves().len()];
    let total = |eta: f64| total_error(course, regression, &constant(eta)).unwrap_or(f64::INFINITY);
    let best = (0..=40).map(|i| f64::from(i) / 40.0).min_by(|&a, &b| total(a).total_cmp(&total(b)));
    constant(best.unwrap_or(0.0))
}

/// η_t = 0.01.
fn hundredth(course: &Course, _: &Regression) -> Rates {
    vec![0.01; course.moves().len()]
}

/// v_2 + … + v_{T+1}: twice the regret, without the first round, on which no rate has an influence.
fn total_error(course: &Course, regression: &Regression, rates: &[f64]) -> ratebook::Result<f64> {
    Ok(course.errors(regression, rates)?.iter().sum())
}

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new("online/drifting_schedule", "Learning Rate Schedules in the Presence of Distribution Shift")
        .arxiv("2303.15634")
        .seed_line(355)
        .claim(
            optimal_on_a_grid(optimal)
                .control("1/t", optimal_on_a_grid(harmonic))
                .control("the best constant", optimal_on_a_grid(best_constant)),
        )
        .claim(
            optimal_on_random_courses(optimal)
                .control("1/t", optimal_on_random_courses(harmonic))
                .control("the best constant", optimal_on_random_courses(best_constant)),
        )
        .claim(rises_after_a_jump(optimal).control("1/t", rises_after_a_jump(harmonic)))
        .claim(
            one_step(Regression::after_step)
                .control("d/B for (d + 1)/B", one_step(without_fourth_moment))
                .control("the limit of small steps", one_step(small_steps)),
        )
        .claim(
            whole_runs(Regression::after_step)
                .control("d/B for (d + 1)/B", whole_runs(without_fourth_moment))
                .control("the limit of small steps", whole_runs(small_steps)),
        )
        .claim(settles(optimal).control("η = 0.01", settles(hundredth)))
        .claim(settling_rate(optimal).control("η = 0.01", settling_rate(hundredth)))
        .claim(stationary(optimal).control("η = 0.01", stationary(hundredth)))
        .claim(stationary_rate(optimal).control("η = 0.01", stationary_rate(hundredth)))
        .claim(convex_regret_at_most(tuned).control("η = 1/t", convex_regret_at_most(untuned)))
        .claim(
            convex_regret_of_any_rates(projected)
                .control("steps uphill", convex_regret_of_any_rates(|start| Ok(Uphill(projected(start)?)))),
        )
}

/// The regressions that the exhaustive claims go through.
fn regressions() -> ratebook::Result<Vec<Regression>> {
    let shapes = [(1, 1), (2, 1), (8, 4), (32, 1)];
    shapes.iter().flat_map(|&(d, b)| [0.0, 2.0].map(|sigma| Regression::new(d, b, sigma))).collect()
}

const EVERY_REGRESSION: &str = "(d, B) = (1, 1), (2, 1), (8, 4), (32, 1), σ = 0, 2, both kinds of drift";

/// Among all schedules on a grid the optimal one has the least total error.
pub fn optimal_on_a_grid(rates: impl Fn(&Course, &Regression) -> Rates + Send + Sync + 'static) -> Claim {
    Claim::always("optimal on a grid")
        .states("No schedule has a smaller $\\sum_t v_t$ than $\\eta^*$.")
        .assuming(&format!(
            "{EVERY_REGRESSION}, v₁ = 1, every course of moves 0, 2 and every schedule of rates 0, 1/20, …, 1"
        ))
        .source(Source::Derived)
        .exhaustive()
        .sweep("T", [1.0, 2.0, 3.0])
        .check(move |rounds, _, cases| -> ratebook::Result<()> {
            let grid: Vec<f64> = (0..=20).map(|i| f64::from(i) / 20.0).collect();
            for (regression, drift) in
                regressions()?.into_iter().flat_map(|r| [Drift::Independent, Drift::Aligned].map(|d| (r, d)))
            {
                for moves in sequences(&[0.0, 2.0], rounds as usize) {
                    let course = Course::new(1.0, moves, drift)?;
                    let own = total_error(&course, &regression, &rates(&course, &regression))?;
                    let rivals = sequences(&grid, rounds as usize)
                        .map(|rival| total_error(&course, &regression, &rival));
                    let least = rivals.flatten().fold(f64::INFINITY, f64::min);
                    cases.at_most(own, least * (1.0 + 1e-12), || format!("{regression:?}, {course:?}"));
                }
            }
            Ok(())
        })
}

/// A course of T moves that are mostly small, with a few jumps.
fn random_course(rounds: usize, streams: &mut Streams) -> ratebook::Result<(Course, Regression)> {
    let rng = &mut streams.instance;
    let moves = (0..rounds).map(|_| rng.random::<f64>().powi(6)).collect();
    let drift = if rng.random() { Drift::Independent } else { Drift::Aligned };
    let course = Course::new(rng.random_range(0.01..4.0), moves, drift)?;
    let regression =
        Regression::new(rng.random_range(1..=32), rng.random_range(1..=8), rng.random_range(0.1..1.0))?;
    Ok((course, regression))
}

/// On random courses no perturbed, shifted or plain schedule has a smaller total error.
pub fn optimal_on_random_courses(
    rates: impl Fn(&Course, &Regression) -> Rates + Send + Sync + 'static,
) -> Claim {
    Claim::always("optimal on random courses")
        .states("No schedule has a smaller $\\sum_t v_t$ than $\\eta^*$.")
        .assuming(
            "d ≤ 32, B ≤ 8, σ, v₁ and the moves random; rivals: η* times exp(N(0, s²)) for s = 0.01, 0.1, 0.3, 1, times 0.9 \
             and 1.1, one round late; 1/t; the best constant",
        )
        .source(Source::Derived)
        .sweep("T", [2.0, 10.0, 100.0])
        .replicates(688, 1400)
        .check(move |rounds, streams, cases| -> ratebook::Result<()> {
            let (course, regression) = random_course(rounds as usize, streams)?;
            let best = optimal(&course, &regression);
            let mut rivals = vec![harmonic(&course, &regression), best_constant(&course, &regression)];
            for spread in [0.01, 0.1, 0.3, 1.0] {
                let mut noise = || spread * streams.noise.sample::<f64, _>(StandardNormal);
                rivals.push(best.iter().map(|eta| eta * noise().exp()).collect());
            }
            rivals.extend([0.9, 1.1].map(|factor| best.iter().map(|eta| factor * eta).collect()));
            rivals.push(best.iter().take(1).chain(&best).copied().take(best.len()).collect());
            let own = total_error(&course, &regression, &rates(&course, &regression))?;
            for rival in rivals {
                // A rival that diverges is beaten.
                let bound = total_error(&course, &regression, &rival).unwrap_or(f64::INFINITY) * (1.0 + 1e-12);
                cases.at_most(own, bound, || format!("{regression:?}, {course:?}"));
            }
            Ok(())
        })
}

/// The rate rises after a round exactly if the truth moved by more than the step gained.
pub fn rises_after_a_jump(rates: impl Fn(&Course, &Regression) -> Rates + Send + Sync + 'static) -> Claim {
    Claim::always("rises after a jump")
        .states("$\\eta^*_{t+1} > \\eta^*_t$ exactly if $\\gamma_t^2 > v_t - v_t'$.")
        .assuming("(d, B) = (1, 1), (2, 1), (8, 4), (32, 1), σ = 2, independent drift, v_t = 2⁻¹⁰, …, 2¹⁰, γ_t² = v_t·2ʲ for j = −20, …, 20")
        .source(Source::Derived)
        .exhaustive()
        .check(move |_, _, cases| -> ratebook::Result<()> {
            for regression in regressions()?.into_iter().filter(|regression| regression.sigma() > 0.0) {
                for (v, j) in (-10..=10).flat_map(|i| (-20..=20).map(move |j| (2f64.powi(i), j))) {
                    let gamma = (v * 2f64.powi(j)).sqrt();
                    let course = Course::new(v, vec![gamma, 0.0], Drift::Independent)?;
                    let chosen = rates(&course, &regression);
                    let gained = v - regression.after_step(v, regression.optimal_rate(v));
                    cases.holds((chosen[1] > chosen[0]) == (gamma * gamma > gained), || {
                        format!("{regression:?}, v {v}, γ {gamma}: {chosen:?}")
                    });
                }
            }
            Ok(())
        })
}
