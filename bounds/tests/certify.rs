//! Worst cases against closed forms and known values, and certificates against tampering.

use ratebook::{Error, Result};
use ratebook_bounds::certify::methods::{self, Output, SMOOTH};
use ratebook_bounds::certify::{Class, Problem, Scalar};

/// The computed worst case, after its certificate was verified and seen to be within 1e-6 of it.
fn worst(problem: &Problem) -> f64 {
    let worst = problem.solve().unwrap();
    assert!(worst.certificate.verify(problem) && worst.certificate.margin() > 0.0);
    let bound = worst.certificate.bound_f64();
    assert!((bound - worst.value).abs() <= 1e-6 * worst.value, "{bound} against {}", worst.value);
    worst.value
}

/// A family of problems, numbered by their steps, and what is known of its values.
struct Family(&'static str, fn(usize) -> Result<Problem>, fn(f64) -> f64);

#[test]
fn closed_forms() {
    let families = [
        Family("gradient descent", |n| methods::gradient_descent(SMOOTH, 1.0, n), |n| 1.0 / (4.0 * n + 2.0)),
        Family("half steps", |n| methods::gradient_descent(SMOOTH, 0.5, n), |n| 1.0 / (2.0 * n + 2.0)),
        Family("contraction", |n| methods::contraction(0.1, 1.0, 1.0, n), |n| 0.81f64.powf(n)),
        Family("proximal point", |n| methods::proximal_point(2.0, n), |n| 1.0 / (8.0 * n)),
        Family("proximal gradient", |n| methods::proximal_gradient(1.0, n), |n| 1.0 / (4.0 * n)),
        Family(
            "best subgradient",
            |n| methods::subgradient(&vec![1.0 / ((n + 1) as f64).sqrt(); n], Output::Best),
            |n| 1.0 / (n + 1.0).sqrt(),
        ),
        Family("Halpern", methods::halpern, |n| 4.0 / (n + 1.0).powi(2)),
        Family(
            "averaged iteration",
            |n| methods::krasnoselskii_mann(0.5, n),
            |n| 4.0 * (n / (n + 1.0)).powf(n) / (n + 1.0),
        ),
        Family(
            "resolvent",
            |n| methods::resolvent(Class::Monotone, 1.0, n),
            |n| (1.0 - 1.0 / n).powf(n - 1.0) / n,
        ),
        Family(
            "resolvent, negatively comonotone",
            |n| methods::resolvent(Class::NegativelyComonotone(0.2), 1.0, n),
            |n| (1.0 - 1.0 / n).powf(n - 1.0) / (0.6 * n),
        ),
    ];
    for Family(name, problem, known) in families {
        // The last form needs N ≥ (γ − ρ)²/(γ(γ − 2ρ)).
        for n in [2, 3, 5, 10] {
            let (value, known) = (worst(&problem(n).unwrap()), known(n as f64));
            assert!((value - known).abs() <= 1e-6 * known, "{name}, {n} steps: {value}, known {known}");
        }
    }
}

#[test]
fn values_of_other_solvers() {
    // Computed with PEPit, to about 5e-6.
    let check = |name: &str, known: [f64; 6], problem: &dyn Fn(usize) -> Result<Problem>| {
        for (n, known) in (1..).zip(known) {
            let value = worst(&problem(n).unwrap());
            assert!((value - known).abs() <= 5e-6, "{name}, {n} steps: {value}, known {known}");
        }
    };
    check("Nesterov", [0.166667, 0.100000, 0.066107, 0.046833, 0.034894, 0.027003], &|n| {
        methods::accelerated_gradient(1.0, n)
    });
    check("FISTA", [0.25, 0.125, 0.076179, 0.051673, 0.037511, 0.028544], &|n| methods::fista(1.0, n));
    check("Frank-Wolfe", [0.5, 0.312616, 0.227846, 0.178033, 0.146211, 0.124237], &|n| {
        methods::frank_wolfe(|k| 2.0 / (k + 2) as f64, n)
    });
    check("last subgradient", [0.88388, 0.78808, 0.72141, 0.67167, 0.63262, 0.60081], &|n| {
        methods::subgradient(&vec![1.0 / ((n + 1) as f64).sqrt(); n], Output::Last)
    });
    let monotone = Class::LipschitzMonotone(1.0);
    let per_step = |scaled: [f64; 6]| scaled.into_iter().zip(1u32..).map(|(v, n)| v / f64::from(n));
    // The printed numbers are N times the value, to four digits.
    let eg = per_step([0.8125, 1.34822, 1.68461, 1.86272, 1.91510, 1.90440]);
    for (n, known) in (1..).zip(eg) {
        let value = worst(&methods::extragradient(monotone, [0.5, 0.5], n).unwrap());
        assert!((value - known).abs() <= 5e-5, "extragradient, {n} steps: {value}, known {known}");
    }
    // Counted from the first extrapolation, so N steps here are N + 1 there.
    let peg = [2.5 / 2.0, 3.1875 / 3.0, 4.05 / 4.0, 4.1406 / 5.0, 3.8642 / 6.0, 3.7647 / 7.0];
    for (n, known) in (1..).zip(peg) {
        let value = worst(&methods::past_extragradient(monotone, 0.5, n).unwrap());
        assert!((value - known).abs() <= 5e-5, "past extragradient, {n} steps: {value}, known {known}");
    }
}

#[test]
fn a_wrong_method_is_worse() {
    let gap = |problem: Result<Problem>| worst(&problem.unwrap());
    assert!(gap(methods::gradient_descent(SMOOTH, 0.9, 5)) > 1.0 / 22.0);
    assert!(gap(methods::accelerated_gradient(0.9, 5)) > gap(methods::accelerated_gradient(1.0, 5)));
    assert!(gap(methods::heavy_ball(0.5, 0.5)) < gap(methods::heavy_ball(0.5, 0.0)));
}

#[test]
fn a_certificate_proves_its_own_problem_only() {
    let problem = methods::gradient_descent(SMOOTH, 1.0, 3).unwrap();
    let certificate = problem.solve().unwrap().certificate;
    assert!(certificate.verify(&problem));
    for other in [
        methods::gradient_descent(SMOOTH, 0.9, 3),
        methods::gradient_descent(SMOOTH, 1.0, 2),
        methods::gradient_descent(Class::SmoothStronglyConvex { mu: 0.0, l: 1.1 }, 1.0, 3),
        methods::accelerated_gradient(1.0, 3),
    ] {
        assert!(!certificate.verify(&other.unwrap()));
    }
    let total: f64 = certificate.multipliers().map(|(_, m)| m).sum();
    assert!(total > 1.0 && certificate.multipliers().all(|(label, m)| !label.is_empty() && m > 0.0));
}

#[test]
fn coefficients_describe_the_same_method() {
    let h: Vec<Vec<f64>> = (1..=4).map(|k| vec![1.0; k]).collect();
    let value = worst(&methods::fixed_steps(SMOOTH, &h).unwrap());
    assert!((value - 1.0 / 18.0).abs() <= 1e-6);
    assert!(matches!(
        methods::fixed_steps(SMOOTH, &[vec![1.0, 1.0]]),
        Err(Error::Dimension { name: "h", .. })
    ));
    assert!(matches!(methods::fixed_steps(SMOOTH, &[vec![f64::NAN]]), Err(Error::Invalid { name: "h", .. })));
}

#[test]
fn bad_problems_are_refused() {
    let mut empty = Problem::new();
    empty.maximize(Scalar::constant(1.0));
    assert!(matches!(empty.solve(), Err(Error::Empty { name: "problem" })));
    for class in [
        Class::SmoothStronglyConvex { mu: 1.0, l: 1.0 },
        Class::SmoothStronglyConvex { mu: f64::NAN, l: 1.0 },
        Class::LipschitzConvex(0.0),
        Class::Cocoercive(-1.0),
        Class::Indicator(f64::INFINITY),
        Class::NegativelyComonotone(f64::NAN),
    ] {
        assert!(matches!(Problem::new().class(class), Err(Error::OutOfRange { .. })), "{class:?}");
    }
    // A step that is no number; steps too long to be bounded; no bound on the start.
    let broken = methods::gradient_descent(SMOOTH, f64::NAN, 2).unwrap().solve();
    assert!(matches!(broken, Err(Error::Invalid { name: "coefficients", .. })), "{broken:?}");
    assert!(methods::resolvent(Class::NegativelyComonotone(1.0), 0.5, 2).unwrap().solve().is_err());
    let mut unbounded = Problem::new();
    let f = unbounded.class(SMOOTH).unwrap();
    unbounded.stationary(f);
    let start = unbounded.vector();
    let (_, value) = unbounded.evaluate(f, &start);
    unbounded.maximize(value);
    assert!(unbounded.solve().is_err());
}
