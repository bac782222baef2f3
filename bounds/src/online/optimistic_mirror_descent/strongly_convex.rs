//! The claims for strongly convex losses.

use ratebook::math::sets::Ball;
use ratebook::online::primitives::{ConvexLearner, Quadratics, regret_path};
use ratebook_judge::{Claim, Source, Streams, Tolerance, powers_of_two};

use super::{Watched, growth_per_octave, strongly_convex_regret};

/// The regret on ½(x − c_t)² over [−1, 1] after `rounds` rounds, and the bound on it.
fn against_centres<L: ConvexLearner>(
    learner: &impl Fn(Ball, &[f64], f64) -> ratebook::Result<L>,
    start: f64,
    centre: impl Fn(u64) -> f64,
    rounds: f64,
    streams: &mut Streams,
) -> ratebook::Result<(f64, f64)> {
    let interval = Ball::new(&[0.0], 1.0)?;
    let mut learner = learner(interval.clone(), &[start], 1.0)?;
    let path = |round: u64, c: &mut [f64]| c[0] = centre(round);
    let mut game = Watched::new(Quadratics::new(interval, 1, 1.0, 0.0, path)?);
    let regret = regret_path(&mut learner, &mut game, &[rounds as u64], &mut streams.noise)?[0];
    Ok((regret, strongly_convex_regret(1.0, game.weighted)))
}

/// The regret bound holds for every short sequence of centres ±1.
pub fn every_centre<L: ConvexLearner>(
    learner: impl Fn(Ball, &[f64], f64) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    Claim::always("every centre")
        .states("On $\\lambda$-strongly convex losses the regret is at most $\\frac1\\lambda\\sum_t \\|g_t - g_{t-1}\\|^2/t$.")
        .assuming("losses ½(x − c_t)² on [−1, 1], all 2ᵀ sequences of centres ±1, starts −1, 0 and 1")
        .source(Source::Derived)
        .exhaustive()
        .sweep("T", [1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0])
        .full_sweep([1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0])
        .check(move |rounds, streams, cases| -> ratebook::Result<()> {
            for (word, start) in (0..1u64 << rounds as u32).flat_map(|w| [-1.0, 0.0, 1.0].map(|x| (w, x))) {
                let centre = |round: u64| if word >> (round - 1) & 1 == 1 { 1.0 } else { -1.0 };
                let (regret, bound) = against_centres(&learner, start, centre, rounds, streams)?;
                cases.at_most(regret, bound + 1e-9, || format!("centres {word:#b}, start {start}"));
            }
            Ok(())
        })
}

/// The regret bound holds for long structured sequences of centres.
pub fn long_centres<L: ConvexLearner>(
    learner: impl Fn(Ball, &[f64], f64) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    Claim::always("long centres")
        .states("On $\\lambda$-strongly convex losses the regret is at most $\\frac1\\lambda\\sum_t \\|g_t - g_{t-1}\\|^2/t$.")
        .assuming(
            "losses ½(x − c_t)² on [−1, 1], centres ±1: alternating, in pairs, in blocks of 2ʲ for every j, and \
             switching whenever t is a power of two; starts −1, 0 and 1",
        )
        .source(Source::Derived)
        .computed()
        .sweep("T", powers_of_two(6..=14))
        .check(move |rounds, streams, cases| -> ratebook::Result<()> {
            for start in [-1.0, 0.0, 1.0] {
                for j in 0..=14 {
                    let sign = |odd: bool| if odd { 1.0 } else { -1.0 };
                    let centre = |t: u64| match j {
                        14 => sign(t.ilog2() % 2 == 1),
                        _ => sign((t - 1) >> j & 1 == 1),
                    };
                    let (regret, bound) = against_centres(&learner, start, centre, rounds, streams)?;
                    cases.at_most(regret, bound + 1e-9, || format!("blocks {j}, start {start}"));
                }
            }
            Ok(())
        })
}

/// Under noise the regret grows by ⅔λσ² while ln T grows by one, and at finite T by what the recursion says.
pub fn logarithmic<L: ConvexLearner>(
    learner: impl Fn(Ball, &[f64], f64) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    const SIGMA: f64 = 0.4;
    const DIM: usize = 16;
    Claim::equals("logarithmic", |rounds| growth_per_octave(1.0, SIGMA, rounds), Tolerance::Relative(0.1))
        .states("Under noise the regret grows like $\\frac23 \\lambda\\sigma^2 \\ln T$; measured is its growth between $T$ and $2T$, over $\\ln 2$.")
        .assuming("losses ½‖x − c − ξ_t‖² in the unit ball of dimension 16, |c| = 0.3, σ = 0.4")
        .source(Source::Derived)
        .sweep("T", powers_of_two(6..=12))
        .full_sweep(powers_of_two(6..=13))
        .replicates(800, 2000)
        .detects(0.2)
        .paths(move |horizons, streams| -> ratebook::Result<Vec<f64>> {
            let ball = Ball::new(&[0.0; DIM], 1.0)?;
            let mut learner = learner(ball.clone(), &[0.0; DIM], 1.0)?;
            let path = |_: u64, c: &mut [f64]| c[0] = 0.3;
            let mut game = Quadratics::new(ball, DIM, 1.0, SIGMA, path)?;
            let mut ends: Vec<u64> = horizons.iter().map(|&rounds| rounds as u64).collect();
            ends.extend(ends.last().map(|last| 2 * last));
            let regrets = regret_path(&mut learner, &mut game, &ends, &mut streams.noise)?;
            Ok(regrets.windows(2).map(|r| (r[1] - r[0]) / 2f64.ln()).collect())
        })
}

/// Without noise, when the losses converge fast enough for Σ²_{1:T} to stay bounded, so does the regret.
pub fn vanishing_drift<L: ConvexLearner>(
    learner: impl Fn(Ball, &[f64], f64) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("vanishing drift", |_| 1.0)
        .states("Without noise the regret stays bounded as long as $\\Sigma_{1:T}^2$ does.")
        .assuming("losses ½(x − c_t)² on [−1, 1], c_t = c + 0.3/t, c = −0.5, 0 and 0.5, start −1")
        .source(Source::Abstract)
        .computed()
        .sweep("T", powers_of_two(6..=16))
        .detects(0.05)
        .measure(move |rounds, streams| -> ratebook::Result<Vec<f64>> {
            let mut from =
                |c: f64| Ok(against_centres(&learner, -1.0, |t| c + 0.3 / t as f64, rounds, streams)?.0);
            [-0.5, 0.0, 0.5].into_iter().map(&mut from).collect()
        })
}
