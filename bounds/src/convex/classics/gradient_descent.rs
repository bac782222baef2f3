//! What gradient descent promises.

use ratebook::Result;
use ratebook::convex::classics::gradient_descent::GradientDescent;
use ratebook::convex::instances::{DiagonalQuadratic, Huber, LinearCost};
use ratebook::convex::{Objective, Run, Solved};
use ratebook::math::sets::AxisBox;
use ratebook::math::vector::distance;
use ratebook_judge::{Claim, Source, Tolerance};

use super::certificate::{FixedSteps, descent};
use super::{SmoothMethod, gap_after, gaps_in_one_dimension};

/// 2βR²/(t − 1): the gap at x_t, for t ≥ 2 (Theorem 3.3).
pub fn smooth(beta: f64, radius: f64, t: f64) -> f64 {
    2.0 * beta * radius * radius / (t - 1.0)
}

/// βR²/(4N + 2): the exact worst case of the gap after N steps of 1/β (Drori and Teboulle 2014).
pub fn smooth_exact(beta: f64, radius: f64, steps: f64) -> f64 {
    beta * radius * radius / (4.0 * steps + 2.0)
}

/// (3βR² + f(x_1) − f(x*))/t: the gap at x_t of projected gradient descent (Theorem 3.7).
pub fn projected(beta: f64, radius: f64, first_gap: f64, t: f64) -> f64 {
    (3.0 * beta * radius * radius + first_gap) / t
}

/// βR²/(4N): the exact worst case of the gap after N projected steps of 1/β.
///
/// Attained by a linear function on a half-line, as is plain from its slope c: the gap is c(R − Nc/β), which
/// is largest at c = βR/(2N). That nothing is worse is the value of the performance estimation problem for
/// N = 1, …, 6.
pub fn projected_exact(beta: f64, radius: f64, steps: f64) -> f64 {
    beta * radius * radius / (4.0 * steps)
}

/// (κ − 1)/(κ + 1): the factor of |x_t − x*| a step of 2/(α + β).
pub fn contraction(kappa: f64) -> f64 {
    (kappa - 1.0) / (kappa + 1.0)
}

/// (β/2)·exp(−4t/(κ + 1))·R²: the gap at x_{t+1}, after t steps of 2/(α + β) (Theorem 3.12).
pub fn strongly_convex(beta: f64, kappa: f64, radius: f64, steps: f64) -> f64 {
    beta / 2.0 * (-4.0 * steps / (kappa + 1.0)).exp() * radius * radius
}

/// exp(−t/κ)·R²: |x_{t+1} − x*|² after t projected steps of 1/β (Theorem 3.10).
pub fn projected_distance(kappa: f64, radius: f64, steps: f64) -> f64 {
    (-steps / kappa).exp() * radius * radius
}

/// The claims, the headline first.
pub(super) fn claims() -> Vec<Claim> {
    let fail = "constant parameters are valid";
    let step = |eta: f64| GradientDescent::with_step(eta).expect(fail);
    let orthant = || AxisBox::orthant(1).expect(fail);
    let plane = || AxisBox::orthant(2).expect(fail);
    let long = |kappa: f64| GradientDescent::strongly_convex(1.0 / kappa, 1.0);
    let short = |_: f64| GradientDescent::smooth(1.0);
    vec![
        worst_case_certified(step(1.0)).tight(0.01).control("half the step", worst_case_certified(step(0.5))),
        huber_exact(step(1.0)).control("half the step", huber_exact(step(0.5))),
        smooth_bound(step(1.0))
            .control("a step of 2.05/β", smooth_bound(step(2.05)))
            .control("a step of 1/(20β)", smooth_bound(step(0.05))),
        projected_worst_case(step(1.0).projected(orthant()))
            .control("half the step", projected_worst_case(step(0.5).projected(orthant()))),
        projected_bound(step(1.0).projected(orthant()))
            .control("a step of 1/(20β)", projected_bound(step(0.05).projected(orthant()))),
        contraction_exact(long).control("a step of 1/β", contraction_exact(short)),
        strongly_convex_bound(long).tight(0.05).control("a step of 1/β", strongly_convex_bound(short)),
        projected_distance_bound(step(1.0).projected(plane()))
            .control("a third of the step", projected_distance_bound(step(1.0 / 3.0).projected(plane()))),
    ]
}

/// For every β-smooth convex f in every dimension, f(x_{N+1}) − f* ≤ βR²/(4N + 2).
///
/// The measurement is the bound that Drori and Teboulle's multipliers prove for the method; see
/// [`certificate`](super::certificate). A control that is *violated* here has no such proof; that its gap is
/// really larger is what [`huber_exact`] shows.
pub fn worst_case_certified(method: impl SmoothMethod) -> Claim {
    Claim::at_most("gradient descent certified", |n| smooth_exact(1.0, 1.0, n))
        .states("On every $\\beta$-smooth convex function $f(x_{N+1}) - f^* \\le \\beta R^2/(4N+2)$.")
        .assuming("a fixed-step method; β = R = 1; the worst case over all functions and dimensions")
        .source(Source::Classical)
        .certified()
        .sweep("N", [1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0])
        .full_sweep([1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0])
        .measure(move |n, streams| -> Result<f64> {
            Ok(descent(&FixedSteps::read(&method, n as usize, &mut streams.algorithm)?))
        })
}

/// On Huber's function of radius R/(2N + 1) the gap after N steps is exactly βR²/(4N + 2).
///
/// Derived: the slope stays βτ for N steps, so x_{N+1} = R − Nτ = (N + 1)τ, still on the slope, where the gap
/// is βτ((N + 1)τ − τ/2) = βτ²(2N + 1)/2.
pub fn huber_exact(method: impl SmoothMethod) -> Claim {
    Claim::equals("gradient descent huber exact", |n| smooth_exact(1.0, 1.0, n), Tolerance::Relative(1e-12))
        .states("On Huber's function of radius $R/(2N+1)$ the gap is exactly $\\beta R^2/(4N+2)$.")
        .assuming("one variable, β = R = 1")
        .source(Source::Classical)
        .computed()
        .rounding(0.0)
        .sweep("N", [1.0, 3.0, 10.0, 30.0, 100.0, 300.0])
        .measure(move |n, streams| {
            let f = Huber::new(1.0, 1.0 / (2.0 * n + 1.0))?;
            gap_after(&method, &f, &[1.0], n as usize, &mut streams.algorithm)
        })
}

/// f(x_t) − f* ≤ 2βR²/(t − 1), as printed: eight times the worst case.
pub fn smooth_bound(method: impl SmoothMethod) -> Claim {
    Claim::at_most("gradient descent smooth", |t| smooth(1.0, 1.0, t))
        .states("$f(x_t) - f^* \\le 2\\beta R^2/(t-1)$.")
        .assuming("one variable, β = R = 1; the worst of 200 Huber functions and 20 parabolas")
        .source(Source::Theorem("3.3"))
        .computed()
        .sweep("t", [2.0, 4.0, 11.0, 31.0, 101.0, 301.0, 1001.0])
        .measure(move |t, streams| gaps_in_one_dimension(&method, t as usize - 1, &mut streams.algorithm))
}

/// A slope that ends at the constraint x ≥ 0 after exactly 2N steps: the gap after N is exactly βR²/(4N).
pub fn projected_worst_case(method: impl SmoothMethod) -> Claim {
    let exact = |n: f64| projected_exact(1.0, 1.0, n);
    Claim::equals("gradient descent projected exact", exact, Tolerance::Relative(1e-12))
        .states("On the slope $\\beta R/(2N)$ over $x \\ge 0$ the gap after $N$ projected steps is $\\beta R^2/(4N)$.")
        .assuming("one variable, β = R = 1")
        .source(Source::Derived)
        .computed()
        .rounding(0.0)
        .sweep("N", [1.0, 3.0, 10.0, 30.0, 100.0, 300.0])
        .measure(move |n, streams| {
            let f = LinearCost::new(&[0.5 / n])?;
            gap_after(&method, &f, &[1.0], n as usize, &mut streams.algorithm)
        })
}

/// f(x_t) − f* ≤ (3βR² + f(x_1) − f*)/t for projected gradient descent, as printed: twelve times the worst
/// case. The measurement is the ratio of the two sides.
pub fn projected_bound(method: impl SmoothMethod) -> Claim {
    Claim::at_most("gradient descent projected", |_| 1.0)
        .states("Projected: $f(x_t) - f^* \\le (3\\beta R^2 + f(x_1) - f^*)/t$.")
        .assuming("x ≥ 0 in one variable, β = R = 1; the worst of 60 slopes from 10⁻³ to 10")
        .source(Source::Theorem("3.7"))
        .computed()
        .sweep("t", [2.0, 4.0, 11.0, 31.0, 101.0, 301.0])
        .measure(move |t, streams| -> Result<Vec<f64>> {
            let ratio = |slope: f64| {
                let f = LinearCost::new(&[slope])?;
                let gap = gap_after(&method, &f, &[1.0], t as usize - 1, &mut streams.algorithm)?;
                Ok(gap / projected(1.0, 1.0, f.gap(&[1.0]), t))
            };
            (0..60).map(|i| 10f64.powf(f64::from(i) / 14.75 - 3.0)).map(ratio).collect()
        })
}

/// Each of the first 50 steps of 2/(α + β) multiplies |x − x*| by exactly (κ − 1)/(κ + 1), when the error lies
/// equally in the steepest and the flattest direction.
///
/// Derived: 1 − ηα and 1 − ηβ are ±(κ − 1)/(κ + 1).
pub fn contraction_exact<M: SmoothMethod>(tuned: impl Fn(f64) -> Result<M> + Send + Sync + 'static) -> Claim {
    Claim::equals("gradient descent contraction exact", contraction, Tolerance::Relative(1e-11))
        .states(
            "With step $2/(\\alpha+\\beta)$ every step multiplies $|x - x^*|$ by $(\\kappa-1)/(\\kappa+1)$.",
        )
        .assuming("quadratic with eigenvalues α = 1/κ and β = 1, the error equally in both")
        .source(Source::Classical)
        .computed()
        .rounding(0.0)
        .sweep("kappa", [1.5, 10.0, 100.0, 1e3, 1e4])
        .measure(move |kappa, streams| -> Result<Vec<f64>> {
            let f = DiagonalQuadratic::new(&[1.0 / kappa, 1.0], &[0.0, 0.0])?;
            let (method, objective): (_, &dyn Objective) = (tuned(kappa)?, &f);
            let mut run = Run::start(&method, objective, &[1.0, 1.0])?;
            let mut before = distance(run.output(), f.minimizer());
            let mut factor = |_| {
                let now = distance(run.advance(1, &mut streams.algorithm)?, f.minimizer());
                Ok(now / std::mem::replace(&mut before, now))
            };
            (0..50).map(&mut factor).collect()
        })
}

/// f(x_{t+1}) − f* ≤ (β/2)·exp(−4t/(κ + 1))·R² with step 2/(α + β), at κ = 100.
pub fn strongly_convex_bound<M: SmoothMethod>(
    tuned: impl Fn(f64) -> Result<M> + Send + Sync + 'static,
) -> Claim {
    const KAPPA: f64 = 100.0;
    Claim::at_most("gradient descent strongly convex", |t| strongly_convex(1.0, KAPPA, 1.0, t))
        .states("$f(x_{t+1}) - f^* \\le \\frac\\beta2 e^{-4t/(\\kappa+1)}R^2$.")
        .assuming("κ = 100, β = R = 1; quadratics with one eigenvalue, the worst of 100 from 1/κ to 1")
        .source(Source::Theorem("3.12"))
        .computed()
        .sweep("t", [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0])
        .measure(move |t, streams| -> Result<Vec<f64>> {
            let method = tuned(KAPPA)?;
            let gap = |i: i32| {
                let f = DiagonalQuadratic::new(&[f64::from(i) / KAPPA], &[0.0])?;
                gap_after(&method, &f, &[1.0], t as usize, &mut streams.algorithm)
            };
            (1..=100).map(gap).collect()
        })
}

/// |x_{t+1} − x*|² ≤ exp(−t/κ)·R² with projected steps of 1/β, at κ = 100, with one constraint active.
pub fn projected_distance_bound(method: impl SmoothMethod) -> Claim {
    const KAPPA: f64 = 100.0;
    Claim::at_most("gradient descent projected distance", |t| projected_distance(KAPPA, 1.0, t))
        .states("Projected, strongly convex: $|x_{t+1} - x^*|^2 \\le e^{-t/\\kappa}R^2$.")
        .assuming("κ = 100, β = R = 1; ½x² + (y − 1)²/(2κ) + x over x, y ≥ 0 from (0.6, 1.8)")
        .source(Source::Theorem("3.10"))
        .computed()
        .sweep("t", [1.0, 3.0, 10.0, 30.0, 100.0, 300.0])
        .measure(move |t, streams| -> Result<f64> {
            // The parabola's least point (−1, 1) is outside; over the orthant it is (0, 1).
            let f = DiagonalQuadratic::new(&[1.0, 1.0 / KAPPA], &[-1.0, 1.0])?;
            let objective: &dyn Objective = &f;
            let mut run = Run::start(&method, objective, &[0.6, 1.8])?;
            Ok(distance(run.advance(t as usize, &mut streams.algorithm)?, &[0.0, 1.0]).powi(2))
        })
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    use super::*;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(smooth(3.0, 2.0, 7.0), 4.0, max_relative = 1e-12);
        assert_relative_eq!(smooth_exact(5.0, 2.0, 12.0), 0.4, max_relative = 1e-12);
        assert_relative_eq!(projected(2.0, 3.0, 6.0, 12.0), 5.0, max_relative = 1e-12);
        assert_relative_eq!(projected_exact(2.0, 3.0, 9.0), 0.5, max_relative = 1e-12);
        assert_relative_eq!(contraction(9.0), 0.8, max_relative = 1e-12);
        assert_relative_eq!(
            strongly_convex(3.0, 7.0, 2.0, 4.0),
            6.0 * 0.135_335_283_236_612_7,
            max_relative = 1e-12
        );
        assert_relative_eq!(
            projected_distance(5.0, 2.0, 5.0),
            4.0 / std::f64::consts::E,
            max_relative = 1e-12
        );
    }

    quickcheck! {
        /// The exact worst case is below the printed bound by a factor that tends to eight.
        fn the_printed_bound_is_looser(steps: u32) -> bool {
            let n = f64::from(steps) + 1.0;
            let ratio = smooth(1.0, 1.0, n + 1.0) / smooth_exact(1.0, 1.0, n);
            (8.0..=12.0).contains(&ratio) && (ratio - (8.0 + 4.0 / n)).abs() < 1e-9
        }

        fn bounds_fall_with_steps_and_scale_with_the_radius(steps: u16, kappa: u16) -> bool {
            let (n, kappa) = (f64::from(steps) + 2.0, f64::from(kappa) + 1.0);
            smooth_exact(1.0, 1.0, n + 1.0) < smooth_exact(1.0, 1.0, n)
                && strongly_convex(1.0, kappa, 1.0, n + 1.0) <= strongly_convex(1.0, kappa, 1.0, n)
                && projected_distance(kappa, 1.0, n + 1.0) <= projected_distance(kappa, 1.0, n)
                && (smooth(1.0, 2.0, n) / smooth(1.0, 1.0, n) - 4.0).abs() < 1e-12
                && (projected_exact(1.0, 2.0, n) / projected_exact(1.0, 1.0, n) - 4.0).abs() < 1e-12
        }

        /// (κ−1)/(κ+1) ≤ exp(−2/(κ+1)): the contraction implies Theorem 3.12.
        fn the_contraction_implies_the_theorem(kappa: u16) -> bool {
            let kappa = f64::from(kappa) + 1.0;
            contraction(kappa).powi(2) / 2.0 <= strongly_convex(1.0, kappa, 1.0, 1.0)
        }
    }
}
