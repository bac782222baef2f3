//! The claims that rest on exact expectations: a dynamic program and a linear system.

use nalgebra::{DMatrix, DVector};
use rand::Rng;
use ratebook::combinatorial::plus_strategy::{DisOm, Evolution, Height, Plus, Selection};
use ratebook::combinatorial::{BitSet, Search, SetFn};
use ratebook_judge::{Claim, Source, Tolerance, powers_of_two};

/// e·n·ln n − 1.8925417883·n + (e/2)·ln n + 0.5978987: the expected evaluations of the (1+1)-EA on OneMax after
/// a uniform first point (Hwang, Panholzer, Rolin, Tsai and Chen, 2018), up to O(ln n / n).
pub fn onemax_asymptotics(n: f64) -> f64 {
    let e = std::f64::consts::E;
    e * n * n.ln() - 1.892_541_788_3 * n + e / 2.0 * n.ln() + 0.597_898_7
}

/// P(X = k) for k = 0..=n, X binomial with n ≥ 0 trials of probability 0 < p < 1.
fn binomial(n: usize, p: f64) -> Vec<f64> {
    // By the recursion over trials: all terms are positive, so every digit is kept.
    let mut masses = vec![0.0; n + 1];
    masses[0] = 1.0;
    for trials in 1..=n {
        for k in (0..=trials).rev() {
            masses[k] = (1.0 - p) * masses[k] + if k > 0 { p * masses[k - 1] } else { 0.0 };
        }
    }
    masses
}

/// The expected evaluations of the (1+1)-EA on OneMax after a uniform first point, mutation rate `rate`/n, by
/// the exact dynamic program over the number of zeros, for n > `rate` > 0. O(n³).
pub fn onemax_evaluations(n: usize, rate: f64) -> f64 {
    let p = rate / n as f64;
    // expected[k]: from k zeros. Only moves to fewer zeros leave the state.
    let mut expected = vec![0.0; n + 1];
    for k in 1..=n {
        let (gained, lost) = (binomial(k, p), binomial(n - k, p));
        let (mut leave, mut ahead) = (0.0, 0.0);
        for (a, gain) in gained.iter().enumerate() {
            for (b, loss) in lost.iter().enumerate().take(a) {
                leave += gain * loss;
                ahead += gain * loss * expected[k - a + b];
            }
        }
        expected[k] = (1.0 + ahead) / leave;
    }
    binomial(n, 0.5).iter().zip(&expected).map(|(mass, e)| mass * e).sum()
}

/// Which strategy a linear system models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// The (1+λ)-EA.
    Plus,
    /// The (1,λ)-EA.
    Comma,
}

/// The expected generations to all ones on one landscape, the first point uniform: the solution of the linear
/// system over all 2ⁿ points. For a small ground set (n ≤ 10).
///
/// Derived: from x, no offspring is the target and the best of λ has value at most v with probability
/// G_x(v)^λ, G_x(v) the mutation probability of the other points of value at most v. Among points of one value
/// the first best offspring is distributed like a mutant. Plus stays in x if the best is worse.
///
/// # Errors
/// The system is singular.
pub fn expected_generations(landscape: &DisOm, lambda: u32, model: Model) -> Result<f64, String> {
    let n = landscape.ground();
    let (size, target) = (1_usize << n, (1_usize << n) - 1);
    let values: Vec<f64> =
        (0..size).map(|code| landscape.value(&BitSet::from_code(n, code as u64))).collect();
    let mut order: Vec<usize> = (0..target).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let rate = 1.0 / n as f64;
    let mutation: Vec<f64> =
        (0..=n as i32).map(|flips| rate.powi(flips) * (1.0 - rate).powi(n as i32 - flips)).collect();

    // I − T over the points that are not the target; T leaks what reaches it.
    let mut system = DMatrix::identity(target, target);
    for x in 0..target {
        let to = |y: usize| mutation[(x ^ y).count_ones() as usize];
        let mut below = 0.0_f64;
        for level in order.chunk_by(|&a, &b| values[a] == values[b]) {
            let mass: f64 = level.iter().map(|&y| to(y)).sum();
            let best_is_here = (below + mass).powi(lambda as i32) - below.powi(lambda as i32);
            below += mass;
            if model == Model::Plus && values[level[0]] < values[x] {
                system[(x, x)] -= best_is_here;
            } else {
                for &y in level {
                    system[(x, y)] -= best_is_here * to(y) / mass;
                }
            }
        }
    }
    let expected = system.lu().solve(&DVector::from_element(target, 1.0)).ok_or("the system is singular")?;
    Ok(expected.sum() / size as f64)
}

const SMALL_HEIGHT: Height = Height::Exponential { mean: 2.0 };

/// On a landscape of 2⁸ points the plus strategy takes several times as long as the comma strategy: the median
/// over 20 landscapes of the ratio of their exact expected generations is at least 3.
pub fn median_slowdown(distorted: f64) -> Claim {
    Claim::at_least("median slowdown", |_| 3.0)
        .states("Over landscapes, the median ratio of plus to comma expected generations is at least 3.")
        .assuming(
            "n = 8, λ = 6, p = 0.1, heights exponential with mean 2; 20 landscapes, all 2⁸ points of each",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("n", [8.0])
        .measure(move |n, streams| -> Result<f64, String> {
            let mut ratios = Vec::with_capacity(20);
            for _ in 0..20 {
                let landscape = DisOm::new(n as usize, distorted, SMALL_HEIGHT, streams.instance.next_u64())
                    .map_err(|e| e.to_string())?;
                let generations = |model| expected_generations(&landscape, 6, model);
                ratios.push(generations(Model::Plus)? / generations(Model::Comma)?);
            }
            ratios.sort_by(f64::total_cmp);
            Ok((ratios[9] + ratios[10]) / 2.0)
        })
}

/// The generations of simulated runs on three small landscapes have the mean that the linear system says.
pub fn generations(
    id: &str,
    selection: impl Selection + Copy + Send + Sync + 'static,
    model: Model,
) -> Claim {
    const GROUND: usize = 6;
    const LAMBDA: u32 = 4;
    let landscape = |seed: f64| DisOm::new(GROUND, 0.1, SMALL_HEIGHT, seed as u64);
    let prediction = move |seed: f64| {
        let landscape = landscape(seed).map_err(|e| e.to_string());
        landscape.and_then(|l| expected_generations(&l, LAMBDA, model)).unwrap_or(f64::NAN)
    };
    Claim::equals(id, prediction, Tolerance::Relative(0.06))
        .states(
            "The mean number of generations to all ones is the solution of a linear system over all points.",
        )
        .assuming("n = 6, λ = 4, p = 0.1, heights exponential with mean 2, three landscapes")
        .source(Source::Derived)
        .sweep("landscape", [1.0, 2.0, 3.0])
        .replicates(80_000, 300_000)
        .detects(0.12)
        .measure(move |seed, streams| -> ratebook::Result<f64> {
            let strategy = Evolution::new(LAMBDA as usize, 1.0, selection)?;
            let target = |x: &BitSet| x.len() == GROUND;
            Ok(strategy.run(&landscape(seed)?, &target, u64::MAX, &mut streams.algorithm).generations as f64)
        })
}

/// Without distortion the (1+1)-EA takes as long as the exact dynamic program says. `rate` is the mutation
/// rate times n.
pub fn one_plus_one(rate: f64) -> Claim {
    Claim::equals("one plus one", |n| onemax_evaluations(n as usize, 1.0), Tolerance::Relative(0.02))
        .states(
            "The expected evaluations of the (1+1)-EA on OneMax are those of the dynamic program over zeros.",
        )
        .assuming("p = 0, λ = 1, mutation rate 1/n, first point uniform and not counted")
        .source(Source::Classical)
        .sweep("n", [32.0])
        .full_sweep([32.0, 64.0, 128.0])
        .replicates(40_000, 60_000)
        .detects(0.04)
        .measure(move |n, streams| -> ratebook::Result<f64> {
            let flat = DisOm::new(n as usize, 0.0, SMALL_HEIGHT, 0)?;
            let strategy = Evolution::new(1, rate, Plus)?;
            let target = |x: &BitSet| x.len() == n as usize;
            let run = strategy.run(&flat, &target, u64::MAX, &mut streams.algorithm);
            Ok(run.evaluations as f64 - 1.0)
        })
}

/// The dynamic program agrees with the published expansion within one per cent.
pub fn asymptotics(rate: f64) -> Claim {
    Claim::equals("asymptotics", onemax_asymptotics, Tolerance::Relative(0.003))
        .states(
            "$e n \\ln n - 1.89254 n + \\frac e2 \\ln n + 0.598$ is the (1+1)-EA's expected time on OneMax.",
        )
        .assuming("mutation rate 1/n, first point uniform and not counted")
        .source(Source::Classical)
        .computed()
        .sweep("n", powers_of_two(5..=8))
        .measure(move |n, _| onemax_evaluations(n as usize, rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    fn flat(n: usize) -> DisOm {
        DisOm::new(n, 0.0, SMALL_HEIGHT, 0).unwrap()
    }

    #[test]
    fn values_by_hand() {
        let e = std::f64::consts::E;
        assert_relative_eq!(onemax_asymptotics(1.0), 0.597_898_7 - 1.892_541_788_3, max_relative = 1e-12);
        let at_e = e * e - 1.892_541_788_3 * e + e / 2.0 + 0.597_898_7;
        assert_relative_eq!(onemax_asymptotics(e), at_e, max_relative = 1e-12);
        // Two bits at rate 1/2: every mutant is uniform, so 3/4 · 4.
        assert_relative_eq!(onemax_evaluations(2, 1.0), 3.0, max_relative = 1e-12);
        // Two bits, each flipped with probability 1/4: 16/3 evaluations from one zero (the good bit flips alone, 3/16);
        // from two zeros, 1/16 jumps and 6/16 halves: (16 + 6·16/3)/7 = 48/7. Uniform start.
        assert_relative_eq!(
            onemax_evaluations(2, 0.5),
            0.25 * 48.0 / 7.0 + 0.5 * 16.0 / 3.0,
            max_relative = 1e-12
        );
    }

    #[test]
    fn the_system_by_hand() {
        for model in [Model::Plus, Model::Comma] {
            // Two bits: every mutant is uniform. λ offspring hit with probability 1 − (3/4)^λ.
            for lambda in 1..5 {
                let hit = 1.0 - 0.75f64.powi(lambda);
                let found = expected_generations(&flat(2), lambda as u32, model).unwrap();
                assert_relative_eq!(found, 0.75 / hit, max_relative = 1e-12);
            }
        }
    }

    #[test]
    fn without_distortion_the_system_is_the_dynamic_program() {
        for n in [3, 5, 7] {
            let system = expected_generations(&flat(n), 1, Model::Plus).unwrap();
            assert_relative_eq!(system, onemax_evaluations(n, 1.0), max_relative = 1e-10);
        }
    }

    #[test]
    fn binomial_masses() {
        assert_eq!(binomial(0, 0.3), [1.0]);
        for (found, expected) in binomial(3, 0.5).iter().zip([0.125, 0.375, 0.375, 0.125]) {
            assert_relative_eq!(*found, expected, max_relative = 1e-12);
        }
        assert_relative_eq!(binomial(200, 0.01).iter().sum::<f64>(), 1.0, max_relative = 1e-12);
    }

    quickcheck! {
        fn more_bits_take_longer(n: u8) -> bool {
            let n = usize::from(n % 24) + 2;
            onemax_evaluations(n + 1, 1.0) > onemax_evaluations(n, 1.0)
                && onemax_asymptotics(n as f64 + 1.0) > onemax_asymptotics(n as f64)
        }

        fn more_offspring_need_fewer_generations(seed: u64, lambda: u8) -> bool {
            let landscape = flat(4);
            let lambda = u32::from(lambda % 8) + 1;
            let generations = |lambda, model| expected_generations(&landscape, lambda, model).unwrap_or(f64::NAN);
            let distorted = DisOm::new(4, 0.2, SMALL_HEIGHT, seed).unwrap();
            generations(lambda + 1, Model::Plus) < generations(lambda, Model::Plus)
                && expected_generations(&distorted, lambda, Model::Comma).is_ok_and(|g| g > 0.9)
        }
    }
}
