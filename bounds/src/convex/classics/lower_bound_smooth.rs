//! What no gradient method can beat.

use ratebook::Result;
use ratebook::convex::baselines::{ConjugateGradient, Newton};
use ratebook::convex::classics::gradient_descent::GradientDescent;
use ratebook::convex::classics::nesterov_accelerated::NesterovAccelerated;
use ratebook::convex::instances::NesterovChain;
use ratebook::convex::{Method, Objective, Run, Solved};
use ratebook::math::vector::norm;
use ratebook_judge::{Claim, Source, powers_of_two};

/// (3β/32)·R²/(t + 1)²: the least gap of x_1, …, x_t on the chain of 2t + 1 links (Theorem 3.14).
pub fn smooth(beta: f64, radius: f64, t: f64) -> f64 {
    3.0 * beta / 32.0 * radius * radius / ((t + 1.0) * (t + 1.0))
}

/// (α/2)·((√κ − 1)/(√κ + 1))^(2(t − 1))·R²: the gap at x_t on the infinite chain (Theorem 3.15).
pub fn strongly_convex(alpha: f64, kappa: f64, radius: f64, t: f64) -> f64 {
    let q = (kappa.sqrt() - 1.0) / (kappa.sqrt() + 1.0);
    alpha / 2.0 * q.powf(2.0 * (t - 1.0)) * radius * radius
}

/// A method that may attack the chain.
pub trait Attack: Method<NesterovChain> + Send + Sync + 'static {}

impl<M: Method<NesterovChain> + Send + Sync + 'static> Attack for M {}

/// The claims: the two lower bounds and the reason for them, against every smooth method of the crate, with
/// Newton's step, which looks behind the oracle, as the control.
pub(super) fn claims() -> Vec<Claim> {
    let fail = "constant parameters are valid";
    let descent = || GradientDescent::smooth(1.0).expect(fail);
    let nesterov = || NesterovAccelerated::smooth(1.0).expect(fail);
    let tuned_descent = || GradientDescent::strongly_convex(1.0 / KAPPA, 1.0).expect(fail);
    let tuned_nesterov = || NesterovAccelerated::strongly_convex(1.0 / KAPPA, 1.0).expect(fail);
    let names = ["conjugate gradient", "nesterov", "gradient descent"];
    let floor = |name, claim: Claim| claim.control("Newton's step", smooth_floor(name, Newton));
    let strong = |name, claim: Claim| claim.control("Newton's step", strongly_convex_floor(name, Newton));
    let reveal = |name, claim: Claim| claim.control("Newton's step", one_link_a_step(name, Newton));
    vec![
        // No span method is ahead of conjugate gradients, so here the bound is seen to be sharp.
        floor(names[0], smooth_floor(names[0], ConjugateGradient).tight(0.05)),
        floor(names[1], smooth_floor(names[1], nesterov())),
        floor(names[2], smooth_floor(names[2], descent())),
        strong(names[0], strongly_convex_floor(names[0], ConjugateGradient)),
        strong(names[1], strongly_convex_floor(names[1], tuned_nesterov())),
        strong(names[2], strongly_convex_floor(names[2], tuned_descent())),
        reveal(names[0], one_link_a_step(names[0], ConjugateGradient)),
        reveal(names[1], one_link_a_step(names[1], nesterov())),
        reveal(names[2], one_link_a_step(names[2], descent())),
    ]
}

/// The condition number of the strongly convex chain.
const KAPPA: f64 = 100.0;

/// min_{s ≤ t} f(x_s) − f* ≥ (3β/32)R²/(t + 1)² on the chain made for t; the measurement is in units of R².
pub fn smooth_floor(name: &str, method: impl Attack) -> Claim {
    Claim::at_least(&format!("lower bound smooth {name}"), |t| smooth(1.0, 1.0, t))
        .states("No method of the span has $\\min_{s\\le t} f(x_s) - f^* < \\frac{3\\beta}{32}R^2/(t+1)^2$ on the chain.")
        .assuming("the chain of 2t + 1 links, β = 1, x_1 = 0; gaps in units of R²")
        .source(Source::Theorem("3.14"))
        .computed()
        .sweep("t", powers_of_two(0..=9))
        .measure(move |t, streams| -> Result<f64> {
            let chain = NesterovChain::smooth(t as usize, 1.0)?;
            let mut run = Run::start(&method, &chain, &vec![0.0; chain.dim()])?;
            let mut least = chain.gap(run.output());
            for _ in 1..t as usize {
                least = least.min(chain.gap(run.advance(1, &mut streams.algorithm)?));
            }
            Ok(least / norm(chain.minimizer()).powi(2))
        })
}

/// f(x_t) − f* ≥ (α/2)·q^(2(t−1))·R² on the strongly convex chain, κ = 100; the measurement is in units of R².
pub fn strongly_convex_floor(name: &str, method: impl Attack) -> Claim {
    let floor = |t| strongly_convex(1.0 / KAPPA, KAPPA, 1.0, t);
    Claim::at_least(&format!("lower bound strongly convex {name}"), floor)
        .states("No method of the span has $f(x_t) - f^* < \\frac\\alpha2 q^{2(t-1)}R^2$ on the chain.")
        .assuming("κ = 100, β = 1, x_1 = 0; the chain cut at t + 10√κ links, which moves the bound by 10⁻⁸; gaps in units of R²")
        .source(Source::Theorem("3.15"))
        .computed()
        .sweep("t", [2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
        .measure(move |t, streams| -> Result<f64> {
            let chain = NesterovChain::strongly_convex(t as usize, 1.0 / KAPPA, 1.0)?;
            let mut run = Run::start(&method, &chain, &vec![0.0; chain.dim()])?;
            let x = run.advance(t as usize - 1, &mut streams.algorithm)?;
            Ok(chain.gap(x) / norm(chain.minimizer()).powi(2))
        })
}

/// After s steps from 0 only the first s links have moved.
pub fn one_link_a_step(name: &str, method: impl Attack) -> Claim {
    Claim::always(&format!("lower bound one link a step {name}"))
        .states("After $s$ steps from 0 all coordinates beyond the $s$-th are zero.")
        .assuming(
            "chains of 2, 3, 10, 30 and 100 links, smooth and with κ = 100, β = 1; every s below the length",
        )
        .source(Source::Theorem("3.14"))
        .exhaustive()
        .sweep("links", [2.0, 3.0, 10.0, 30.0, 100.0])
        .check(move |links, streams, cases| -> Result<()> {
            for alpha in [0.0, 1.0 / KAPPA] {
                let chain = NesterovChain::new(links as usize, alpha, 1.0)?;
                let mut run = Run::start(&method, &chain, &vec![0.0; chain.dim()])?;
                for s in 1..chain.dim() {
                    let moved = NesterovChain::revealed(run.advance(1, &mut streams.algorithm)?);
                    cases.holds(moved <= s, || format!("link {moved} moved within {s} steps"));
                }
            }
            Ok(())
        })
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    use super::*;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(smooth(32.0, 2.0, 3.0), 0.75, max_relative = 1e-12);
        // κ = 9: q = ½.
        assert_relative_eq!(strongly_convex(2.0, 9.0, 3.0, 3.0), 0.5625, max_relative = 1e-12);
        assert_relative_eq!(strongly_convex(2.0, 9.0, 3.0, 1.0), 9.0, max_relative = 1e-12);
    }

    quickcheck! {
        /// Lower bounds stay below the upper bounds of the best methods.
        fn below_the_upper_bounds(t: u16, kappa: u16) -> bool {
            let (t, kappa) = (f64::from(t) + 1.0, f64::from(kappa) + 1.0);
            let accelerated = super::super::nesterov_accelerated::smooth(1.0, 1.0, t);
            let strong = super::super::nesterov_accelerated::strongly_convex(1.0 / kappa, 1.0, 1.0, t);
            smooth(1.0, 1.0, t) < accelerated && strongly_convex(1.0 / kappa, kappa, 1.0, t) <= strong
        }

        fn scaling(t: u16) -> bool {
            let t = f64::from(t) + 1.0;
            (smooth(3.0, 2.0, t) / smooth(1.0, 1.0, t) - 12.0).abs() < 1e-12
        }
    }
}
