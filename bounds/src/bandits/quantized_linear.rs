//! What *Distributed Linear Bandits under Communication Constraints* promises.

use rand::RngExt;
use rand_distr::StandardNormal;
use ratebook::bandits::agents::{Cooperative, LinearPulls, Link};
use ratebook::bandits::instances::UnitBall;
use ratebook::bandits::quantized_linear::{Differences, ProgressiveSharing, Quantiser, Sharing};
use ratebook::math::chance::{Chance, every_outcome};
use ratebook_judge::{Claim, Paper, Source, Streams, powers_of_two};

mod controls;

use controls::{FirstEpochOnly, OneAgent, RealNumbers, WholeEstimates};

/// ⌈log₂(⌈2r√d/ε⌉ + 1)⌉: the bits per coordinate of a grid on [−r, r] with steps of at most ε/√d.
pub fn bits_per_coordinate(radius: f64, error: f64, dim: f64) -> f64 {
    ((2.0 * radius * dim.sqrt() / error).ceil() + 1.0).log2().ceil()
}

/// The bits per coordinate, up and down, of epoch `k` with C = 1, M agents and T rounds each.
///
/// From k = 2 on they are constant but for the rounding of s_k: with L = ln(M log₂ T) the ratios are
/// r_k√d/α_k = (1 + 5/(2√M))·√L/(2σ) and (B_k + τ_k)√d/τ_k = 6√d.
pub fn epoch_bits(k: i32, agents: f64, dim: f64, deviation: f64, rounds: f64) -> (f64, f64) {
    let pulls = (4f64.powi(k) * (agents * rounds.log2()).ln()).ceil();
    let alpha = 2.0 * deviation * (dim / pulls).sqrt();
    let tau = 0.5f64.powi(k + 1) / agents.sqrt();
    let shared = if k == 1 { 1.5 } else { 5.0 * tau };
    (bits_per_coordinate(0.5f64.powi(k) + shared, alpha, dim), bits_per_coordinate(shared + tau, tau, dim))
}

/// step²/4: the largest variance of stochastic rounding, attained half way between two grid points.
pub fn rounding_variance(step: f64) -> f64 {
    step * step / 4.0
}

const AGENTS: usize = 8;
const DIM: usize = 4;
const LENGTH: f64 = 0.8;
const DEVIATION: f64 = 1.0;

/// The paper's method for a number of agents, with some way to share.
fn with<S: Sharing>(sharing: impl Fn() -> S) -> impl Fn(usize) -> ratebook::Result<ProgressiveSharing<S>> {
    move |agents| ProgressiveSharing::with_sharing(agents, DEVIATION, sharing())
}

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new("bandits/quantized_linear", "Distributed Linear Bandits under Communication Constraints")
        .arxiv("2211.02212")
        .seed_line(151)
        .claim(
            bits_per_agent(with(|| Differences))
                .control("sends the estimates, not the differences", bits_per_agent(with(|| WholeEstimates))),
        )
        .claim(
            regret_rate(with(|| Differences))
                .control("shares in the first epoch only", regret_rate(with(|| FirstEpochOnly)))
                .baseline("real numbers instead of levels", regret_rate(with(|| RealNumbers))),
        )
        .claim(
            bits_as_designed(with(|| Differences)).control(
                "sends the estimates, not the differences",
                bits_as_designed(with(|| WholeEstimates)),
            ),
        )
        .claim(
            speed_up(with(|| Differences))
                .control("the server hears one agent only", speed_up(with(|| OneAgent)))
                .baseline("real numbers instead of levels", speed_up(with(|| RealNumbers))),
        )
        .claim(unbiased_quantiser(stochastic).control("rounds to the nearest", unbiased_quantiser(nearest)))
        .claim(averaging(stochastic).control("rounds to the nearest", averaging(nearest)))
}

/// θ* of the given length in a uniformly random direction.
fn instance(streams: &mut Streams) -> ratebook::Result<UnitBall> {
    let direction: Vec<f64> = (0..DIM).map(|_| streams.instance.sample(StandardNormal)).collect();
    let length = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
    UnitBall::new(direction.iter().map(|x| LENGTH * x / length).collect(), DEVIATION)
}

/// The regret of all agents together and the link after `rounds` rounds of each agent.
fn run(
    method: &impl Cooperative,
    agents: usize,
    rounds: f64,
    streams: &mut Streams,
) -> ratebook::Result<(f64, Link)> {
    let bandit = instance(streams)?;
    let mut link = Link::default();
    let mut pulls = LinearPulls::new(&bandit, rounds as u64 * agents as u64, &mut streams.noise);
    method.cooperate(&mut pulls, &mut link, &mut streams.algorithm)?;
    Ok((pulls.regret(), link))
}

fn decades() -> Vec<f64> {
    (6..=18).map(f64::from).collect()
}

/// The bits per agent, up and down, grow like ln T: their slope in ln ln T is at most 1.15.
pub fn bits_per_agent<C: Cooperative>(
    make: impl Fn(usize) -> ratebook::Result<C> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("bits per agent", |decades| decades)
        .states("The bits that each agent sends and receives are $O(d \\log T)$.")
        .assuming("M = 8, d = 4, σ = 1, ‖θ*‖ = 0.8 in a random direction, T = 10^x")
        .source(Source::Abstract)
        .sweep("log10 T", decades())
        .replicates(50, 400)
        .detects(0.15)
        .measure(move |decades, streams| -> ratebook::Result<f64> {
            let (_, link) = run(&make(AGENTS)?, AGENTS, 10f64.powf(decades), streams)?;
            Ok(link.size() as f64 / AGENTS as f64)
        })
}

/// The regret of all agents grows like √T, no faster and no slower.
///
/// It ripples by ±30 % with a period of 16 in T, since the lengths of exploitation grow sixteenfold; decades fall
/// on all phases of it.
pub fn regret_rate<C: Cooperative>(
    make: impl Fn(usize) -> ratebook::Result<C> + Send + Sync + 'static,
) -> Claim {
    Claim::rate_exactly("regret rate", f64::sqrt)
        .states("The regret of all agents together grows like $\\sqrt T$.")
        .assuming("M = 8, d = 4, σ = 1, ‖θ*‖ = 0.8 in a random direction")
        .source(Source::Abstract)
        .sweep("T", decades().iter().map(|x| 10f64.powf(*x)).collect::<Vec<_>>())
        .replicates(200, 1000)
        .detects(0.05)
        .measure(move |rounds, streams| {
            Ok::<_, ratebook::Error>(run(&make(AGENTS)?, AGENTS, rounds, streams)?.0)
        })
}

/// The bits on the link are those of the epochs' grids, for every agent, and never more than 8 per coordinate.
pub fn bits_as_designed<C: Cooperative>(
    make: impl Fn(usize) -> ratebook::Result<C> + Send + Sync + 'static,
) -> Claim {
    Claim::always("bits as designed")
        .states(
            "The bits sent are $d \\lceil \\log_2 \\text{levels}_k \\rceil$ summed over epochs and agents, and \
             $\\text{levels}_k \\le 2^8$ whatever $T$.",
        )
        .assuming("M = 8, d = 4, σ = 1, ‖θ*‖ = 0.8 in a random direction, T = 10^x")
        .source(Source::Derived)
        .sweep("log10 T", [6.0, 12.0, 18.0])
        .replicates(700, 1400)
        .check(move |decades, streams, cases| -> ratebook::Result<()> {
            let rounds = 10f64.powf(decades);
            let (_, link) = run(&make(AGENTS)?, AGENTS, rounds, streams)?;
            let epochs = (link.down().messages / AGENTS as u64) as i32;
            let (agents, dim) = (AGENTS as f64, DIM as f64);
            let (up, down): (Vec<f64>, Vec<f64>) =
                (1..=epochs).map(|k| epoch_bits(k, agents, dim, DEVIATION, rounds)).unzip();
            for (traffic, bits) in [(link.up(), up), (link.down(), down)] {
                let told = || format!("{epochs} epochs, {traffic:?}");
                cases.close(traffic.size as f64, agents * dim * bits.iter().sum::<f64>(), 0.0, told);
                cases.at_most(traffic.largest as f64 / dim, 8.0, told);
            }
            Ok(())
        })
}

/// The regret of all agents depends on M and T through MT alone: regret/√(MT), averaged over a period of the
/// ripple, does not change with M.
///
/// 0.066 in the exponent is 20 % between 1 and 16 agents.
pub fn speed_up<C: Cooperative>(
    make: impl Fn(usize) -> ratebook::Result<C> + Send + Sync + 'static,
) -> Claim {
    Claim::rate_exactly("speed up", |_| 1.0)
        .states("The regret of $M$ agents in $T$ rounds each is that of one agent in $MT$ rounds, up to 20 %.")
        .assuming("d = 4, σ = 1, ‖θ*‖ = 0.8 in a random direction; regret/√(MT) averaged over MT = 10¹²·2^(j/2), j = 0, …, 7")
        .source(Source::Abstract)
        .sweep("M", powers_of_two(0..=4))
        .replicates(400, 2000)
        .detects(1.2f64.ln() / 16f64.ln())
        .measure(move |agents, streams| -> ratebook::Result<f64> {
            let agents = agents as usize;
            let method = make(agents)?;
            let mut total = 0.0;
            for phase in 0..8 {
                let rounds = (1e12 * 2f64.powf(f64::from(phase) / 2.0) / agents as f64).floor();
                let (regret, _) = run(&method, agents, rounds, streams)?;
                total += regret / (rounds * agents as f64).sqrt();
            }
            Ok(total / 8.0)
        })
}

/// Values along the grid [−1, 1] with 5 levels, in steps of 1/64: grid points, the middle between two, all else.
fn values() -> impl Iterator<Item = f64> {
    (-64..=64).map(|i| f64::from(i) / 64.0)
}

type Rounding = fn(&Quantiser, f64, &mut dyn Chance) -> u64;

fn stochastic(grid: &Quantiser, x: f64, chance: &mut dyn Chance) -> u64 {
    grid.encode(x, chance)
}

fn nearest(grid: &Quantiser, x: f64, _: &mut dyn Chance) -> u64 {
    ((x - grid.decode(0)) / grid.step()).round() as u64
}

/// The exact mean and variance of a rounded value, and whether it always is on the grid.
fn moments(rounding: Rounding, grid: &Quantiser, x: f64) -> (f64, f64, bool) {
    let (mut mean, mut square, mut inside) = (0.0, 0.0, true);
    every_outcome(
        |chance| rounding(grid, x, chance),
        |probability, index| {
            let error = grid.decode(index) - x;
            mean += probability * error;
            square += probability * error * error;
            inside &= index < grid.levels();
        },
    );
    (x + mean, square - mean * mean, inside)
}

/// Stochastic rounding is unbiased with a variance of at most step²/4 and stays on the grid.
pub fn unbiased_quantiser(rounding: Rounding) -> Claim {
    Claim::always("unbiased quantiser")
        .states("$\\mathbb{E}\\, Q(x) = x$, $\\mathrm{Var}\\, Q(x) \\le \\text{step}^2/4$, and $Q(x)$ is on the grid.")
        .assuming("grids of 2 to 33 levels on [−1, 1], x in steps of 1/64; every outcome of the rounding")
        .source(Source::Classical)
        .exhaustive()
        .sweep("levels", [2.0, 3.0, 5.0, 8.0, 33.0])
        .check(move |levels, _, cases| -> ratebook::Result<()> {
            let grid = Quantiser::new(1.0, 2.0 / (levels - 1.0))?;
            for x in values() {
                let told = || format!("x = {x}");
                let (mean, variance, inside) = moments(rounding, &grid, x);
                cases.close(mean, x, 1e-12, told);
                cases.at_most(variance, rounding_variance(grid.step()) + 1e-12, told);
                cases.holds(inside && grid.levels() as f64 == levels, told);
            }
            Ok(())
        })
}

/// The mean squared error of the average of M independently rounded copies falls like 1/M, exactly.
pub fn averaging(rounding: Rounding) -> Claim {
    Claim::rate_exactly("averaging", |agents| 1.0 / agents)
        .states("The error of the average of $M$ quantised copies has mean square of order $1/M$.")
        .assuming("5 levels on [−1, 1], the worst x in steps of 1/64; variance/M + bias², from every outcome of the rounding")
        .source(Source::Derived)
        .exhaustive()
        .sweep("M", powers_of_two(0..=10))
        .detects(0.01)
        .measure(move |agents, _| -> ratebook::Result<Vec<f64>> {
            let grid = Quantiser::new(1.0, 0.5)?;
            let error = |x: f64| {
                let (mean, variance, _) = moments(rounding, &grid, x);
                variance / agents + (mean - x).powi(2)
            };
            // Grid points have no error at all, and no logarithm.
            Ok(values().filter(|x| x.fract() != 0.0).map(error).collect())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        // 2·1·2/0.5 = 8 intervals, 9 levels, 4 bits; 2·1·1/2 = 1 interval, 2 levels, 1 bit.
        assert_eq!(bits_per_coordinate(1.0, 0.5, 4.0), 4.0);
        assert_eq!(bits_per_coordinate(1.0, 2.0, 1.0), 1.0);
        // One agent, T = 2^e rounded: L = ln log₂ T. T = 2^16: ln 16 = 2.77, s_1 = 12, α_1 = 2/√12 = 0.577,
        // r_1 = 2: 6.93 → 7 intervals, 8 levels; τ_1 = 1/4, 1.75/0.25·2 = 14 intervals, 15 levels.
        assert_eq!(epoch_bits(1, 1.0, 1.0, 1.0, 65_536.0), (3.0, 4.0));
        // s_2 = 45, α_2 = 0.298, r_2 = 1/4 + 5/8 = 0.875: 5.87 → 6 intervals; 2·6 = 12 intervals.
        assert_eq!(epoch_bits(2, 1.0, 1.0, 1.0, 65_536.0), (3.0, 4.0));
        assert_relative_eq!(rounding_variance(0.5), 0.0625, max_relative = 1e-12);
    }

    quickcheck! {
        fn bits_do_not_grow_with_the_epoch(k: u8, agents: u8, dim: u8) -> bool {
            let k = i32::from(k % 20) + 3;
            let (agents, dim) = (f64::from(agents) + 1.0, f64::from(dim) + 1.0);
            let (up, down) = epoch_bits(k, agents, dim, 1.0, 1e18);
            let (next_up, next_down) = epoch_bits(k + 1, agents, dim, 1.0, 1e18);
            // The rounding of s_k may move a value over a power of two.
            (up - next_up).abs() <= 1.0 && down == next_down && up <= 8.0
        }

        fn a_finer_grid_costs_a_bit(radius: u8, error: u8) -> bool {
            let (radius, error) = (f64::from(radius) + 1.0, (f64::from(error) + 1.0) / 256.0);
            let bits = bits_per_coordinate(radius, error, 3.0);
            let finer = bits_per_coordinate(radius, error / 2.0, 3.0);
            (bits..=bits + 1.0).contains(&finer) && bits_per_coordinate(2.0 * radius, error, 3.0) == finer
        }
    }
}
