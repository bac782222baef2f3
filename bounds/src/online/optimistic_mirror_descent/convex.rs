//! The claims for convex losses.

use rand::RngExt;
use ratebook::math::first_order::Bounded;
use ratebook::math::sets::{AxisBox, Ball};
use ratebook::math::vector::norm;
use ratebook::online::primitives::{ConvexLearner, Linear, NoisyLinear, bilinear, regret_path};
use ratebook_judge::experiment::Cases;
use ratebook_judge::{Claim, Source, Streams, powers_of_two};

use super::{Watched, interpolated_regret, linear_regret};

/// The fixed grid of mean slopes 2⁻¹, …, 2⁻¹¹, the same at every horizon and noise level: tuned to either, one
/// slope would give every learner the right exponent.
const SLOPES: std::ops::RangeInclusive<i32> = 1..=11;

/// The regret on ⟨θ + ξ_t, x⟩ in the unit disc, at each of the horizons, for each |θ| of the grid.
fn every_slope<L: ConvexLearner>(
    learner: &impl Fn(Ball, &[f64], f64) -> ratebook::Result<L>,
    sigma: f64,
    horizons: &[f64],
    streams: &Streams,
) -> ratebook::Result<Vec<Vec<f64>>> {
    let horizons: Vec<u64> = horizons.iter().map(|&rounds| rounds as u64).collect();
    let mut paths = vec![Vec::new(); horizons.len()];
    for k in SLOPES {
        let disc = Ball::new(&[0.0, 0.0], 1.0)?;
        let mut game = NoisyLinear::new(disc.clone(), &[0.5f64.powi(k), 0.0], sigma)?;
        let mut learner = learner(disc, &[0.0, 0.0], game.gradient_bound())?;
        // Every slope meets the same noise.
        let mut noise = streams.noise.clone();
        let regrets = regret_path(&mut learner, &mut game, &horizons, &mut noise)?;
        paths.iter_mut().zip(regrets).for_each(|(path, regret)| path.push(regret));
    }
    Ok(paths)
}

/// With noise the worst regret over a fixed grid of slopes grows at most like σ_{1:T} = σ√T.
pub fn rate_in_rounds<L: ConvexLearner>(
    learner: impl Fn(Ball, &[f64], f64) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("rate in rounds", f64::sqrt)
        .states("With noise the expected regret grows at most like $\\sigma_{1:T} = \\sigma\\sqrt T$.")
        .assuming("losses ⟨θ + ξ_t, x⟩ in the unit disc, σ = 1, clipped at 3σ; the worst |θ| of 2⁻¹, …, 2⁻¹¹")
        .source(Source::Abstract)
        .sweep("T", powers_of_two(6..=13))
        .full_sweep(powers_of_two(6..=16))
        .replicates(80, 400)
        .detects(0.12)
        .paths(move |horizons, streams| every_slope(&learner, 1.0, horizons, streams))
}

/// At a fixed horizon the worst regret over a fixed grid of slopes is proportional to σ.
pub fn rate_in_noise<L: ConvexLearner>(
    learner: impl Fn(Ball, &[f64], f64) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    const ROUNDS: f64 = 1024.0;
    Claim::rate_exactly("rate in noise", |sigma| sigma)
        .states("At a fixed $T$ the worst-case regret is proportional to the noise level $\\sigma$.")
        .assuming(
            "losses ⟨θ + ξ_t, x⟩ in the unit disc, T = 1024, clipped at 3σ; the worst |θ| of 2⁻¹, …, 2⁻¹¹",
        )
        .source(Source::Abstract)
        .sweep("σ", [0.05, 0.1, 0.2, 0.4, 0.8, 1.6])
        .replicates(150, 1000)
        .measure(move |sigma, streams| -> ratebook::Result<Vec<f64>> {
            Ok(every_slope(&learner, sigma, &[ROUNDS], streams)?.concat())
        })
}

/// From no noise to much noise the expected regret is at most D(½√(4G² + V) + √V), V = 2σ²_{1:T} + Σ²_{1:T}.
pub fn interpolates<L: ConvexLearner>(
    learner: impl Fn(Ball, &[f64], f64) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    const ROUNDS: f64 = 1024.0;
    // The largest |θ| of the grid is 1/2, so that G ≤ 1/2 + 3σ and Σ²_{1:T} = |θ|² ≤ 1/4.
    let bound = |sigma: f64| interpolated_regret(2.0, 0.5 + 3.0 * sigma, sigma * sigma * ROUNDS, 0.25);
    Claim::at_most("interpolates", bound)
        .states(
            "The expected regret is at most $D(\\frac12\\sqrt{4G^2 + V} + \\sqrt V)$ with \
             $V = 2\\sigma_{1:T}^2 + \\Sigma_{1:T}^2$.",
        )
        .assuming(
            "losses ⟨θ + ξ_t, x⟩ in the unit disc, T = 1024, clipped at 3σ; the worst |θ| of 2⁻¹, …, 2⁻¹¹",
        )
        .source(Source::Derived)
        .sweep("σ", [0.0, 0.01, 0.05, 0.2, 0.8, 1.6])
        .replicates(60, 400)
        .trivial(|_| ROUNDS)
        .measure(move |sigma, streams| -> ratebook::Result<Vec<f64>> {
            Ok(every_slope(&learner, sigma, &[ROUNDS], streams)?.concat())
        })
}

/// Without noise, against a learner like itself, the regret stays bounded.
pub fn self_play<L: ConvexLearner>(
    learner: impl Fn(AxisBox, &[f64], f64) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("self play", |_| 1.0)
        .states("Without noise, in self-play of $\\min_x \\max_y x y$, the sum of the regrets stays bounded.")
        .assuming("x, y ∈ [−1, 1], starts (1, 1), (1, ½), (1, 0) and (−0.8, 0.3)")
        .source(Source::Abstract)
        .computed()
        .sweep("T", [1e2, 1e3, 1e4, 1e5])
        .full_sweep([1e2, 1e3, 1e4, 1e5, 1e6])
        .detects(0.05)
        .paths(move |horizons, streams| -> ratebook::Result<Vec<Vec<f64>>> {
            let horizons: Vec<u64> = horizons.iter().map(|&rounds| rounds as u64).collect();
            let mut paths = vec![Vec::new(); horizons.len()];
            for start in [[1.0, 1.0], [1.0, 0.5], [1.0, 0.0], [-0.8, 0.3]] {
                let square = AxisBox::new(&[-1.0; 2], &[1.0; 2])?;
                let mut learner = learner(square.clone(), &start, 2f64.sqrt())?;
                let mut game = Linear::new(square, 2, bilinear);
                let regrets = regret_path(&mut learner, &mut game, &horizons, &mut streams.noise)?;
                paths.iter_mut().zip(regrets).for_each(|(path, regret)| path.push(regret));
            }
            Ok(paths)
        })
}

/// One game of `rounds` rounds against linear losses, checked against [`linear_regret`].
fn check<K, L: ConvexLearner>(
    mut learner: L,
    set: K,
    gradient_bound: f64,
    adversary: impl FnMut(u64, &[f64], &mut [f64]),
    rounds: f64,
    (streams, cases): (&mut Streams, &mut Cases),
    describe: impl FnOnce() -> String,
) -> ratebook::Result<()>
where
    K: Bounded + ratebook::math::first_order::LinearMinimization,
{
    let (diameter, dim) = (set.diameter(), learner.point().len());
    let mut game = Watched::new(Linear::new(set, dim, adversary));
    let regret = regret_path(&mut learner, &mut game, &[rounds as u64], &mut streams.noise)?[0];
    let bound = linear_regret(diameter, gradient_bound, game.variation);
    cases.at_most(regret, bound * (1.0 + 1e-9), describe);
    Ok(())
}

/// The regret bound holds for every short sequence of slopes −1, 0, 1 on the interval and ±e₁, ±e₂ in the disc.
pub fn every_sequence<L: ConvexLearner>(
    learner: impl Fn(Ball, &[f64], f64) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    Claim::always("every sequence")
        .states("On every sequence the regret is at most $D(\\frac12\\sqrt{4G^2 + S} + \\sqrt S)$.")
        .assuming(
            "all 3ᵀ sequences of slopes −1, 0, 1 on [−1, 1] and all 4ᵀ of ±e₁, ±e₂ in the unit disc; start 0",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("T", [1.0, 2.0, 3.0, 4.0, 6.0, 8.0])
        .full_sweep([1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0])
        .check(move |rounds, streams, cases| -> ratebook::Result<()> {
            for dim in [1, 2] {
                let letters = dim as u64 + 2;
                for word in 0..letters.pow(rounds as u32) {
                    let ball = Ball::new(&vec![0.0; dim], 1.0)?;
                    let player = learner(ball.clone(), &vec![0.0; dim], 1.0)?;
                    let mut rest = word;
                    let adversary = |_: u64, _: &[f64], slope: &mut [f64]| {
                        let letter = rest % letters;
                        rest /= letters;
                        slope.fill(0.0);
                        match dim {
                            1 => slope[0] = letter as f64 - 1.0,
                            _ => slope[letter as usize % 2] = if letter < 2 { 1.0 } else { -1.0 },
                        }
                    };
                    check(player, ball, 1.0, adversary, rounds, (streams, cases), || {
                        format!("dimension {dim}, sequence {word} in base {letters}")
                    })?;
                }
            }
            Ok(())
        })
}

/// The regret bound holds on long random, rotating and self-played sequences.
pub fn long_sequences<L: ConvexLearner>(
    learner: impl Fn(AxisBox, &[f64], f64) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    Claim::always("long sequences")
        .states("On every sequence the regret is at most $D(\\frac12\\sqrt{4G^2 + S} + \\sqrt S)$.")
        .assuming(
            "cubes [−1, 1]ᵈ, d = 1, …, 5: random signs; a slope that turns by a random angle a round; self-play of \
             x·y from a random start",
        )
        .source(Source::Derived)
        .sweep("T", [1e2, 1e3, 1e4])
        .replicates(350, 1400)
        .detects(0.02)
        .check(move |rounds, streams, cases| -> ratebook::Result<()> {
            let mut draws = streams.instance.clone();
            let dim = draws.random_range(1..=5);
            let cube = |dim: usize| AxisBox::new(&vec![-1.0; dim], &vec![1.0; dim]);
            let start: Vec<f64> = (0..dim).map(|_| draws.random_range(-1.0..=1.0)).collect();
            let turn = draws.random_range(0.0..std::f64::consts::PI);

            let mut signs = draws.clone();
            let random = |_: u64, _: &[f64], slope: &mut [f64]| {
                slope.iter_mut().for_each(|s| *s = if signs.random() { 1.0 } else { -1.0 });
            };
            let bound = (dim as f64).sqrt();
            let player = learner(cube(dim)?, &start, bound)?;
            check(player, cube(dim)?, bound, random, rounds, (streams, cases), || format!("random, {dim}"))?;

            let rotating = |round: u64, _: &[f64], slope: &mut [f64]| {
                let phase = |i: usize| (round as f64 * turn + i as f64).cos();
                slope.iter_mut().enumerate().for_each(|(i, s)| *s = phase(i));
                let length = norm(slope).max(1e-3);
                slope.iter_mut().for_each(|s| *s /= length);
            };
            let player = learner(cube(dim)?, &start, 1.0)?;
            check(player, cube(dim)?, 1.0, rotating, rounds, (streams, cases), || format!("turn {turn}, {dim}"))?;

            let start = [draws.random_range(-1.0..=1.0), draws.random_range(-1.0..=1.0)];
            let player = learner(cube(2)?, &start, 2f64.sqrt())?;
            check(player, cube(2)?, 2f64.sqrt(), bilinear, rounds, (streams, cases), || format!("from {start:?}"))
        })
}
