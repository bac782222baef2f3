//! What *Accelerated Parameter-Free Stochastic Optimization* promises.
//!
//! The rates are the abstract's. Their constants and the exponents of their logarithms could not be
//! recovered, so every numeric constant below is ours and says so. A parameter-free method is a function of
//! its initial movement r_ε, and this is what the claims take: `UDog::new`, `Dog::new`, or yours.
//!
//! T counts steps of U-DoG; every rival is given the same 2T gradients.

use ratebook::stochastic::baselines::{ConstantStep, Dog};
use ratebook::stochastic::instances::{Quadratic, TiltedAbsolute};
use ratebook::stochastic::u_dog::{Part, UDog};
use ratebook::stochastic::{Iterating, Method, Oracle, Problem, Run, gap_path};
use ratebook_judge::{Claim, Paper, Source, powers_of_two};

/// β·d₀²/T²: the smooth noiseless rate up to a constant and logarithms, for smoothness β > 0, distance
/// d₀ > 0 and T ≥ 1 steps.
pub fn smooth_rate(beta: f64, distance: f64, steps: f64) -> f64 {
    beta * (distance / steps).powi(2)
}

/// σ·d₀/√T: the price of noise in the smooth case, up to a constant and logarithms.
pub fn noise_rate(sigma: f64, distance: f64, steps: f64) -> f64 {
    sigma * distance / steps.sqrt()
}

/// (G + σ)·d₀/√T: the rate for G-Lipschitz functions, up to a constant and logarithms.
pub fn lipschitz_rate(lipschitz: f64, sigma: f64, distance: f64, steps: f64) -> f64 {
    noise_rate(lipschitz + sigma, distance, steps)
}

/// The constant of [`smooth_rate`] that no two-dimensional quadratic of the grid exceeds. Ours: the worst case
/// of the grid is just above 1, and 2 leaves room for what lies between its points.
pub const SMOOTH_CONSTANT: f64 = 2.0;

/// How much the gap may differ between initial movements 10⁻⁸ and 10⁻¹. Ours.
pub const INDIFFERENCE: f64 = 3.0;

/// How far from x₀ the iterates may go, in units of d₀. Ours, for the paper's max r̄ = O(d₀).
pub const STABILITY: f64 = 3.0;

/// The initial movement wherever it is not what is varied.
const INITIAL_MOVEMENT: f64 = 1e-3;

/// The paper and its claims.
pub fn paper() -> Paper {
    let damped = |r: f64| Ok(UDog::new(r)?.damped());
    let frozen = |r: f64| Ok(UDog::new(r)?.without(Part::GrowingDistance));
    let blind = |r: f64| Ok(UDog::new(r)?.damped().without(Part::PredictionErrors));
    Paper::new("stochastic/u_dog", "Accelerated Parameter-Free Stochastic Optimization")
        .arxiv("2404.00666")
        .seed_line(7)
        .claim(
            accelerated_rate(UDog::new).control("DoG, not accelerated", accelerated_rate(Dog::new)).baseline(
                "averaged gradient descent with the true 1/β",
                accelerated_rate(|_| ConstantStep::new(1.0)),
            ),
        )
        .claim(
            accelerated_everywhere(UDog::new)
                .control("DoG, not accelerated", accelerated_everywhere(Dog::new))
                .control("UniXGrad with r_ε for the distance", accelerated_everywhere(frozen)),
        )
        .claim(
            parameter_free(UDog::new)
                .control("UniXGrad with r_ε for the distance", parameter_free(frozen))
                .baseline("DoG", parameter_free(Dog::new)),
        )
        .claim(
            noisy_rate(damped)
                .control("prediction errors left out of the denominators", noisy_rate(blind))
                .baseline("undamped", noisy_rate(UDog::new))
                .baseline("DoG", noisy_rate(Dog::new)),
        )
        .claim(
            stays_near(damped)
                .control("prediction errors left out of the denominators", stays_near(blind))
                .baseline("undamped", stays_near(UDog::new)),
        )
        .claim(
            nonsmooth_rate(damped)
                .control(
                    "averaged subgradient method with step 0.1",
                    nonsmooth_rate(|_| ConstantStep::new(0.1)),
                )
                .baseline("DoG", nonsmooth_rate(Dog::new)),
        )
}

/// Steps of two gradients, as numbers of gradients.
fn gradients(steps: &[f64]) -> Vec<u64> {
    steps.iter().map(|&steps| 2 * steps as u64).collect()
}

/// Without noise the gap falls like β·d₀²/T².
pub fn accelerated_rate<M: Method<dyn Oracle> + 'static>(
    method: impl Fn(f64) -> ratebook::Result<M> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("accelerated rate", |steps| smooth_rate(1.0, 1.0, steps))
        .states("Without noise the optimality gap falls like $\\beta d_0^2/T^2$, with no parameter known.")
        .assuming(
            "quadratic, d = 100, eigenvalues (i/d)⁸, β = d₀ = 1, r_ε = 10⁻³; logarithms not divided out",
        )
        .source(Source::Abstract)
        .computed()
        .sweep("T", powers_of_two(6..=12))
        .full_sweep(powers_of_two(6..=15))
        .detects(0.15)
        .paths(move |steps, streams| {
            let problem = Quadratic::power_spectrum(100, 8.0)?;
            gap_path(&method(INITIAL_MOVEMENT)?, problem, &gradients(steps), &mut streams.noise)
        })
}

/// Without noise the gap is at most 2·β·d₀²/T² on every quadratic of a two-dimensional grid.
pub fn accelerated_everywhere<M: Method<dyn Oracle> + 'static>(
    method: impl Fn(f64) -> ratebook::Result<M> + Send + Sync + 'static,
) -> Claim {
    Claim::always("accelerated everywhere")
        .states("Without noise the optimality gap is at most $2 \\beta d_0^2/T^2$.")
        .assuming(
            "all 1,950 quadratics with eigenvalues 1 and 2⁻ʲ (j = 0, …, 24), x₀ at 13 angles of the quarter circle, \
             r_ε = 10⁻⁸, 10⁻⁶, 10⁻⁴, 10⁻², 10⁻¹, 1; the constant 2 is ours",
        )
        .source(Source::Abstract)
        .from_memory()
        .exhaustive()
        .sweep("T", [256.0, 512.0, 1024.0])
        .full_sweep([256.0, 512.0, 1024.0, 2048.0, 4096.0])
        .check(move |steps, streams, cases| -> ratebook::Result<()> {
            for movement in [1e-8, 1e-6, 1e-4, 1e-2, 1e-1, 1.0] {
                let method = method(movement)?;
                for (halvings, angle) in (0..25).flat_map(|j| (0..13).map(move |angle| (j, angle))) {
                    let turn = std::f64::consts::FRAC_PI_2 * f64::from(angle) / 12.0;
                    let eigenvalues = [1.0, 0.5f64.powi(halvings)];
                    let problem = Quadratic::new(&eigenvalues, &[turn.cos(), turn.sin()], 0.0)?;
                    let gap = gap_path(&method, problem, &gradients(&[steps]), &mut streams.noise)?[0];
                    let bound = SMOOTH_CONSTANT * smooth_rate(1.0, 1.0, steps);
                    cases.at_most(gap, bound, || format!("eigenvalue 2^-{halvings}, angle {angle}/12, r_ε {movement}"));
                }
            }
            Ok(())
        })
}

/// The gap hardly depends on the initial movement, over seven decades of it.
pub fn parameter_free<M: Method<dyn Oracle> + 'static>(
    method: impl Fn(f64) -> ratebook::Result<M> + Send + Sync + 'static,
) -> Claim {
    const STEPS: f64 = 1024.0;
    Claim::at_most("parameter free", |_| INDIFFERENCE)
        .states("The gap for any $r_\\epsilon$ is at most 3 times the least gap over all $r_\\epsilon$ of the sweep.")
        .assuming("quadratic, d = 100, eigenvalues (i/d)⁸, β = d₀ = 1, T = 1024; the factor 3 is ours")
        .source(Source::Abstract)
        .from_memory()
        .computed()
        .sweep("r_ε", [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1])
        .paths(move |movements, streams| -> ratebook::Result<Vec<f64>> {
            let problem = Quadratic::power_spectrum(100, 8.0)?;
            let mut gap = |&movement: &f64| {
                Ok(gap_path(&method(movement)?, problem.clone(), &gradients(&[STEPS]), &mut streams.noise)?[0])
            };
            let gaps = movements.iter().map(&mut gap).collect::<ratebook::Result<Vec<f64>>>()?;
            let least = gaps.iter().copied().fold(f64::INFINITY, f64::min);
            Ok(gaps.iter().map(|gap| gap / least).collect())
        })
}

/// The isotropic quadratic in d = 10 with β = d₀ = σ = 1.
fn noisy_quadratic() -> ratebook::Result<Quadratic> {
    let d = 10;
    Quadratic::new(&vec![1.0; d], &vec![1.0 / (d as f64).sqrt(); d], 1.0)
}

/// Under noise the gap falls like σ·d₀/√T in all of ℝᵈ.
pub fn noisy_rate<M: Method<dyn Oracle> + 'static>(
    method: impl Fn(f64) -> ratebook::Result<M> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("noisy rate", |steps| noise_rate(1.0, 1.0, steps))
        .states("Under noise the expected gap falls like $\\sigma d_0/\\sqrt T$, in all of $\\mathbb{R}^d$.")
        .assuming("quadratic, d = 10, β = d₀ = σ = 1, r_ε = 10⁻³; the damping is ours")
        .source(Source::Abstract)
        .sweep("T", powers_of_two(9..=14))
        .full_sweep(powers_of_two(9..=16))
        .replicates(160, 300)
        .detects(0.12)
        .paths(move |steps, streams| {
            gap_path(&method(INITIAL_MOVEMENT)?, noisy_quadratic()?, &gradients(steps), &mut streams.noise)
        })
}

/// Under noise no iterate goes further from x₀ than 3·d₀, in all of ℝᵈ, with probability 0.9.
pub fn stays_near<M: Iterating + 'static>(
    method: impl Fn(f64) -> ratebook::Result<M> + Send + Sync + 'static,
) -> Claim {
    Claim::fails_at_most("stays near", |_| 0.1)
        .states("Under noise some iterate $t \\le T$ is further from $x_0$ than $3 d_0$ with probability at most 0.1.")
        .assuming("quadratic, d = 10, β = d₀ = σ = 1, r_ε = 10⁻³; the damping, the factor 3 and 0.1 are ours")
        .source(Source::Abstract)
        .from_memory()
        .sweep("T", powers_of_two(10..=14))
        .replicates(120, 600)
        .paths(move |steps, streams| -> ratebook::Result<Vec<f64>> {
            let (method, problem) = (method(INITIAL_MOVEMENT)?, noisy_quadratic()?);
            let allowed = STABILITY * problem.distance();
            let mut run = Run::start(&method, problem)?;
            let mut farthest = 0.0_f64;
            let mut farthest_by = |gradients| {
                while run.calls() < gradients {
                    run.step(&mut streams.noise)?;
                    farthest = farthest.max(run.distance_travelled());
                }
                Ok(farthest / allowed)
            };
            gradients(steps).into_iter().map(&mut farthest_by).collect()
        })
}

/// On a Lipschitz function without smoothness the gap falls like (G + σ)·d₀/√T.
pub fn nonsmooth_rate<M: Method<dyn Oracle> + 'static>(
    method: impl Fn(f64) -> ratebook::Result<M> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("nonsmooth rate", |steps| lipschitz_rate(1.0, 1.0, 1.0, steps))
        .states("On $G$-Lipschitz functions the expected gap falls like $(G + \\sigma) d_0/\\sqrt T$.")
        .assuming("f = Σ max(xᵢ, −xᵢ/5)/√d, d = 20, G = σ = d₀ = 1, r_ε = 10⁻³; the damping is ours")
        .source(Source::Abstract)
        .sweep("T", powers_of_two(9..=14))
        .full_sweep(powers_of_two(9..=16))
        .replicates(32, 200)
        .paths(move |steps, streams| {
            let problem = TiltedAbsolute::new(20, 0.2, 1.0)?;
            gap_path(&method(INITIAL_MOVEMENT)?, problem, &gradients(steps), &mut streams.noise)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(smooth_rate(3.0, 2.0, 8.0), 0.1875, max_relative = 1e-12);
        assert_relative_eq!(noise_rate(0.5, 3.0, 36.0), 0.25, max_relative = 1e-12);
        assert_relative_eq!(lipschitz_rate(1.5, 0.5, 3.0, 36.0), 1.0, max_relative = 1e-12);
        assert_eq!(gradients(&[64.0, 128.0]), [128, 256]);
    }

    quickcheck! {
        fn four_times_the_steps(beta: u8, distance: u8, steps: u16) -> bool {
            let (beta, distance) = (f64::from(beta) + 1.0, f64::from(distance) + 1.0);
            let steps = f64::from(steps) + 1.0;
            smooth_rate(beta, distance, 4.0 * steps) * 16.0 == smooth_rate(beta, distance, steps)
                && noise_rate(beta, distance, 4.0 * steps) * 2.0 == noise_rate(beta, distance, steps)
        }

        fn without_noise_or_slope_the_other_remains(sigma: u8, steps: u16) -> bool {
            let (sigma, steps) = (f64::from(sigma), f64::from(steps) + 1.0);
            lipschitz_rate(sigma, 0.0, 2.0, steps) == noise_rate(sigma, 2.0, steps)
                && lipschitz_rate(0.0, sigma, 2.0, steps) == noise_rate(sigma, 2.0, steps)
        }
    }
}
