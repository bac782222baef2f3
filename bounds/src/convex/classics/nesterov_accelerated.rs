//! What Nesterov's accelerated gradient descent promises.

use ratebook::convex::classics::gradient_descent::GradientDescent;
use ratebook::convex::classics::nesterov_accelerated::NesterovAccelerated;
use ratebook::convex::instances::{DiagonalQuadratic, Huber};
use ratebook::convex::{Objective, Run, Solved};
use ratebook::{Error, Result};
use ratebook_judge::{Claim, Source, Tolerance, powers_of_two};

use super::certificate::{FixedSteps, acceleration};
use super::{SmoothMethod, gap_after, gaps_in_one_dimension, maximum};

/// 2βR²/t²: the gap at y_t for a smooth function (Theorem 3.19).
pub fn smooth(beta: f64, radius: f64, t: f64) -> f64 {
    2.0 * beta * radius * radius / (t * t)
}

/// ((α + β)/2)·R²·exp(−(t − 1)/√κ): the gap at y_t for a strongly convex function (Theorem 3.18).
pub fn strongly_convex(alpha: f64, beta: f64, radius: f64, t: f64) -> f64 {
    (alpha + beta) / 2.0 * radius * radius * (-(t - 1.0) * (alpha / beta).sqrt()).exp()
}

/// λ_s: λ_0 = 0, λ_s = (1 + √(1 + 4λ_{s−1}²))/2; at least (s + 1)/2 for s ≥ 1.
pub fn lambda(s: usize) -> f64 {
    (0..s).fold(0.0, |lambda: f64, _| (1.0 + (1.0 + 4.0 * lambda * lambda).sqrt()) / 2.0)
}

/// h_t: where y_t is after a constant gradient g, in units of −g/β from the start. About t²/8.
///
/// y_{s+1} = x_s − g/β and x_{s+1} = y_{s+1} + m_s(y_{s+1} − y_s) with m_s = (λ_s − 1)/λ_{s+1}.
pub fn constant_gradient_steps(t: usize) -> f64 {
    let (mut x, mut y) = (0.0, 0.0);
    for s in 1..t {
        let next = x + 1.0;
        x = next + (lambda(s) - 1.0) / lambda(s + 1) * (next - y);
        y = next;
    }
    y
}

/// 1/(4h_t + 2): the largest gap at y_t over Huber's functions, in units of βR². The slope βτ must last for
/// h_t gradient steps: with R = 1 the gap is τ(1 − h_tτ) − τ²/2, largest at τ = 1/(2h_t + 1).
pub fn huber_gap(t: usize) -> f64 {
    1.0 / (4.0 * constant_gradient_steps(t) + 2.0)
}

/// The exact worst case of the gap at y_t, t = 2, …, 7, over all 1-smooth convex functions with R = 1: values
/// of the performance estimation problem, to six digits.
pub const SMOOTH_WORST_CASES: [f64; 6] = [0.166667, 0.100000, 0.066107, 0.046833, 0.034894, 0.027003];

/// The same over all 1-smooth, 0.1-strongly convex functions, with the momentum for κ = 10.
pub const STRONGLY_CONVEX_WORST_CASES: [f64; 6] =
    [0.149447, 0.061229, 0.042969, 0.033046, 0.022933, 0.015077];

/// The claims, the headline first.
pub(super) fn claims() -> Vec<Claim> {
    let fail = "constant parameters are valid";
    let accelerated = |beta: f64| NesterovAccelerated::smooth(beta).expect(fail);
    let momentum = |kappa: f64| NesterovAccelerated::strongly_convex(1.0 / kappa, 1.0);
    let plain = |_: f64| GradientDescent::smooth(1.0);
    vec![
        smooth_certified(accelerated(1.0))
            .tight(0.01)
            .control("half the step", smooth_certified(accelerated(2.0))),
        smooth_bound(accelerated(1.0))
            .tight(0.02)
            .control("gradient descent", smooth_bound(GradientDescent::smooth(1.0).expect(fail))),
        smooth_worst_cases(accelerated(1.0))
            .control("half the step", smooth_worst_cases(accelerated(2.0)))
            .control("gradient descent", smooth_worst_cases(GradientDescent::smooth(1.0).expect(fail))),
        strongly_convex_bound(momentum).control("gradient descent", strongly_convex_bound(plain)),
        strongly_convex_worst_cases(momentum)
            .control("gradient descent", strongly_convex_worst_cases(plain))
            .control("momentum for κ = 12", strongly_convex_worst_cases(move |_| momentum(12.0))),
        square_root_of_kappa(momentum).control("gradient descent", square_root_of_kappa(plain)),
    ]
}

/// For every β-smooth convex f in every dimension, f(y_t) − f* ≤ 2βR²/t².
///
/// The measurement is the bound βR²/(2λ_{t−1}²) that Beck and Teboulle's multipliers prove for the method; see
/// [`certificate`](super::certificate).
pub fn smooth_certified(method: impl SmoothMethod) -> Claim {
    Claim::at_most("nesterov certified", |t| smooth(1.0, 1.0, t))
        .states("On every $\\beta$-smooth convex function $f(y_t) - f^* \\le 2\\beta R^2/t^2$.")
        .assuming("a fixed-step method; β = R = 1; the worst case over all functions and dimensions")
        .source(Source::Theorem("3.19"))
        .certified()
        .sweep("t", [2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0])
        .full_sweep([2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0])
        .measure(move |t, streams| -> Result<f64> {
            Ok(acceleration(&FixedSteps::read(&method, t as usize - 1, &mut streams.algorithm)?))
        })
}

/// f(y_t) − f* ≤ 2βR²/t², on runs: Huber's functions come within half a percent of it.
pub fn smooth_bound(method: impl SmoothMethod) -> Claim {
    Claim::at_most("nesterov smooth", |t| smooth(1.0, 1.0, t))
        .states(
            "$f(y_t) - f^* \\le 2\\beta R^2/t^2$, and long runs on Huber's functions come arbitrarily near.",
        )
        .assuming("one variable, β = R = 1; the worst of 200 Huber functions and 20 parabolas")
        .source(Source::Theorem("3.19"))
        .computed()
        .sweep("t", [2.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0])
        .measure(move |t, streams| gaps_in_one_dimension(&method, t as usize - 1, &mut streams.algorithm))
}

/// The worst gap over Huber's functions is the exact worst case over all smooth convex functions, as far as the
/// performance estimation problem was solved (t ≤ 7).
pub fn smooth_worst_cases(method: impl SmoothMethod) -> Claim {
    let exact = |t: f64| SMOOTH_WORST_CASES[t as usize - 2];
    Claim::equals("nesterov worst cases", exact, Tolerance::Relative(5e-5))
        .states("For $t \\le 7$ the worst gap over Huber's functions is the worst over all smooth convex functions.")
        .assuming("β = R = 1; worst cases by performance estimation, six digits")
        .source(Source::Derived)
        .computed()
        .sweep("t", [2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
        .detects(0.001)
        .measure(move |t, streams| {
            maximum(1e-3, 1.0, |tau| {
                gap_after(&method, &Huber::new(1.0, tau)?, &[1.0], t as usize - 1, &mut streams.algorithm)
            })
        })
}

/// f(y_t) − f* ≤ ((α + β)/2)R²·exp(−(t − 1)/√κ) at κ = 100.
///
/// On quadratics the method is faster than that, like exp(−2t/√κ), so the bound says much for t up to 3√κ;
/// beyond, the sweep is there for the control.
pub fn strongly_convex_bound<M: SmoothMethod>(
    tuned: impl Fn(f64) -> Result<M> + Send + Sync + 'static,
) -> Claim {
    const KAPPA: f64 = 100.0;
    Claim::at_most("nesterov strongly convex", |t| strongly_convex(1.0 / KAPPA, 1.0, 1.0, t))
        .states("$f(y_t) - f^* \\le \\frac{\\alpha+\\beta}2 R^2 e^{-(t-1)/\\sqrt\\kappa}$.")
        .assuming(
            "κ = 100, β = R = 1, one variable; the worst of 100 quadratics and 200 functions with curvature β \
             near x* and α beyond, on one side or the other",
        )
        .source(Source::Theorem("3.18"))
        .computed()
        .sweep("t", [2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0])
        .measure(move |t, streams| -> Result<Vec<f64>> {
            let method = tuned(KAPPA)?;
            let mut gap = |f: &(dyn Solved + 'static)| {
                gap_after(&method, f, &[1.0], t as usize - 1, &mut streams.algorithm)
            };
            let mut gaps = Vec::new();
            for i in 1..=100 {
                gaps.push(gap(&DiagonalQuadratic::new(&[f64::from(i) / KAPPA], &[0.0])?)?);
                let tau = 10f64.powf(f64::from(i) / 20.0 - 5.0);
                gaps.push(gap(&ahead(1.0 / KAPPA, tau)?)?);
                gaps.push(gap(&behind(1.0 / KAPPA, tau)?)?);
            }
            Ok(gaps)
        })
}

/// Curvature 1 on [−2, tau]: a run from 1 meets a gentle slope until it is near.
fn ahead(alpha: f64, tau: f64) -> Result<Huber> {
    Huber::asymmetric(alpha, 1.0, 2.0, tau)
}

/// Curvature 1 on [−tau, 2]: a run from 1 overshoots onto a gentle slope, which calls it back too weakly.
fn behind(alpha: f64, tau: f64) -> Result<Huber> {
    Huber::asymmetric(alpha, 1.0, tau, 2.0)
}

/// The worst gap over functions of one variable with two curvatures is the exact worst case over all 1-smooth,
/// 0.1-strongly convex functions, as far as the performance estimation problem was solved (t ≤ 7).
///
/// Up to t = 3 the slope ahead is the worst; from t = 4 on it is the slope behind, after an overshoot.
pub fn strongly_convex_worst_cases<M: SmoothMethod>(
    tuned: impl Fn(f64) -> Result<M> + Send + Sync + 'static,
) -> Claim {
    let exact = |t: f64| STRONGLY_CONVEX_WORST_CASES[t as usize - 2];
    Claim::equals("nesterov strongly convex worst cases", exact, Tolerance::Relative(5e-5))
        .states(
            "For $\\kappa = 10$, $t \\le 7$ the worst gap over functions of one variable with two curvatures is the \
             worst over all smooth strongly convex functions.",
        )
        .assuming("β = R = 1; worst cases by performance estimation, six digits")
        .source(Source::Derived)
        .computed()
        .sweep("t", [2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
        .detects(0.001)
        .measure(move |t, streams| -> Result<f64> {
            let method = tuned(10.0)?;
            let mut worst = |family: fn(f64, f64) -> Result<Huber>| {
                maximum(0.0, 1.0, |tau| {
                    gap_after(&method, &family(0.1, tau)?, &[1.0], t as usize - 1, &mut streams.algorithm)
                })
            };
            Ok(worst(ahead)?.max(worst(behind)?))
        })
}

/// The number of steps to 10⁻⁸ of the first gap grows like √κ, no faster and no slower.
pub fn square_root_of_kappa<M: SmoothMethod>(
    tuned: impl Fn(f64) -> Result<M> + Send + Sync + 'static,
) -> Claim {
    Claim::rate_exactly("nesterov square root of kappa", f64::sqrt)
        .states("The steps to $10^{-8}$ of the first gap grow like $\\sqrt\\kappa$.")
        .assuming("50 eigenvalues in geometric progression from 1/κ to 1, the same energy in each")
        .source(Source::Theorem("3.18"))
        .computed()
        .sweep("kappa", powers_of_two(4..=16).into_iter().step_by(2).collect::<Vec<_>>())
        .full_sweep(powers_of_two(4..=20).into_iter().step_by(2).collect::<Vec<_>>())
        .detects(0.05)
        .measure(move |kappa, streams| -> Result<f64> {
            let eigenvalues: Vec<f64> = (0..50).map(|i| kappa.powf(f64::from(i) / 49.0 - 1.0)).collect();
            let start: Vec<f64> = eigenvalues.iter().map(|lambda| lambda.powf(-0.5)).collect();
            let f = DiagonalQuadratic::new(&eigenvalues, &[0.0; 50])?;
            let (method, objective): (_, &dyn Objective) = (tuned(kappa)?, &f);
            let goal = 1e-8 * f.gap(&start);
            let mut run = Run::start(&method, objective, &start)?;
            while f.gap(run.output()) > goal {
                if run.steps() as f64 > 100.0 * kappa + 1000.0 {
                    return Err(Error::NotConverged { name: "run", steps: run.steps() });
                }
                run.advance(1, &mut streams.algorithm)?;
            }
            Ok(run.steps() as f64)
        })
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    use super::*;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(smooth(3.0, 2.0, 4.0), 1.5, max_relative = 1e-12);
        let one_time_constant = 6.0 / std::f64::consts::E;
        assert_relative_eq!(strongly_convex(1.0, 4.0, 4.0, 9.0), 40.0 * (-4f64).exp(), max_relative = 1e-12);
        assert_relative_eq!(
            strongly_convex(1.0, 2.0, 2.0, 1.0 + 2f64.sqrt()),
            one_time_constant,
            max_relative = 1e-12
        );
        assert_eq!((lambda(0), lambda(1)), (0.0, 1.0));
        assert_relative_eq!(lambda(2), (1.0 + 5f64.sqrt()) / 2.0, max_relative = 1e-12);
        assert_eq!(
            (constant_gradient_steps(1), constant_gradient_steps(2), constant_gradient_steps(3)),
            (0.0, 1.0, 2.0)
        );
        assert_relative_eq!(huber_gap(2), 1.0 / 6.0, max_relative = 1e-12);
        // y_4: m_2 = (λ_2 − 1)/λ_3 with λ_3 = (1 + √(1 + 4λ_2²))/2.
        let golden = (1.0 + 5f64.sqrt()) / 2.0;
        let m = (golden - 1.0) / ((1.0 + (1.0 + 4.0 * golden * golden).sqrt()) / 2.0);
        assert_relative_eq!(constant_gradient_steps(4), 3.0 + m, max_relative = 1e-12);
    }

    /// The closed form for Huber's functions agrees with the performance estimation values.
    #[test]
    fn huber_attains_the_worst_cases() {
        for (t, worst) in (2..).zip(SMOOTH_WORST_CASES) {
            assert_relative_eq!(huber_gap(t), worst, max_relative = 5e-5);
        }
    }

    quickcheck! {
        fn lambda_solves_its_equation_and_outgrows_half_its_index(s: u8) -> bool {
            let s = usize::from(s) + 1;
            let (before, now) = (lambda(s - 1), lambda(s));
            (now * now - now - before * before).abs() <= 1e-9 * now * now && now >= (s as f64 + 1.0) / 2.0
        }

        fn the_huber_gap_approaches_the_bound_from_below(t: u8) -> bool {
            let t = usize::from(t) + 2;
            let ratio = huber_gap(t) / smooth(1.0, 1.0, t as f64);
            let next = huber_gap(t + 1) / smooth(1.0, 1.0, t as f64 + 1.0);
            ratio < next && next < 1.0
        }

        fn bounds_fall_with_t(t: u16, kappa: u16) -> bool {
            let (t, alpha) = (f64::from(t) + 1.0, 1.0 / (f64::from(kappa) + 1.0));
            smooth(1.0, 1.0, t + 1.0) < smooth(1.0, 1.0, t)
                && strongly_convex(alpha, 1.0, 1.0, t + 1.0) <= strongly_convex(alpha, 1.0, 1.0, t)
        }
    }
}
