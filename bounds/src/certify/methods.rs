//! Methods written down as [`Problem`]s: how one does it, and the ones whose worst cases are claimed.
//!
//! Distances are in units of the start's distance to a solution, so every problem requires |x₀ − x*| ≤ 1; L = 1
//! unless it is an argument. `steps` is the number N of steps, and results are for the last point unless said
//! otherwise.

use ratebook::{Error, Result};

use super::{Class, Member, Problem, Scalar, Vector};

/// 1-smooth convex functions.
pub const SMOOTH: Class = Class::SmoothStronglyConvex { mu: 0.0, l: 1.0 };

/// A problem with one member, whose solution is the origin, and a start within distance 1 of it.
pub fn from_unit_distance(class: Class) -> Result<(Problem, Member, Vector)> {
    let mut run = Problem::new();
    let member = run.class(class)?;
    run.stationary(member);
    let start = run.vector();
    run.require(&start.squared_norm() - &Scalar::constant(1.0));
    Ok((run, member, start))
}

/// Gradient descent x⁺ = x − γ∇f(x): f(x_N) − f*. On the class [`SMOOTH`] with γ ≤ 1 it is 1/(4Nγ + 2).
pub fn gradient_descent(class: Class, gamma: f64, steps: usize) -> Result<Problem> {
    let (mut run, f, mut x) = from_unit_distance(class)?;
    for _ in 0..steps {
        let (gradient, _) = run.evaluate(f, &x);
        x = &x - &(&gradient * gamma);
    }
    let (_, value) = run.evaluate(f, &x);
    run.maximize(value);
    Ok(run)
}

/// Gradient descent on μ-strongly convex, L-smooth functions: |x_N − x*|², which is
/// max((1 − γμ)², (1 − γL)²)^N.
pub fn contraction(mu: f64, l: f64, gamma: f64, steps: usize) -> Result<Problem> {
    let (mut run, f, mut x) = from_unit_distance(Class::SmoothStronglyConvex { mu, l })?;
    for _ in 0..steps {
        let (gradient, _) = run.evaluate(f, &x);
        x = &x - &(&gradient * gamma);
    }
    run.maximize(x.squared_norm());
    Ok(run)
}

/// The proximal point method on convex functions: f(x_N) − f*, which is 1/(4γN).
pub fn proximal_point(gamma: f64, steps: usize) -> Result<Problem> {
    let (mut run, f, mut x) = from_unit_distance(Class::Convex)?;
    let mut value = Scalar::default();
    for _ in 0..steps {
        (x, _, value) = run.implicit_step(f, &x, gamma);
    }
    run.maximize(value);
    Ok(run)
}

/// Nesterov's coefficients γ_t of the monograph: λ_0 = 0, λ_t = (1 + √(1 + 4λ²_{t−1}))/2, γ_t = (1 − λ_t)/λ_{t+1}.
fn nesterov(t: usize) -> f64 {
    let next = |lambda: f64| (1.0 + (1.0 + 4.0 * lambda * lambda).sqrt()) / 2.0;
    let lambda = (0..t).fold(0.0, |lambda, _| next(lambda));
    (1.0 - lambda) / next(lambda)
}

/// Nesterov's accelerated gradient on [`SMOOTH`] functions: f(y_{N+1}) − f* after `steps` = N gradient steps.
/// `momentum` multiplies the momentum, 1 for the method.
pub fn accelerated_gradient(momentum: f64, steps: usize) -> Result<Problem> {
    let (mut run, f, start) = from_unit_distance(SMOOTH)?;
    let (mut x, mut y) = (start.clone(), start);
    for t in 1..=steps {
        let (gradient, _) = run.evaluate(f, &x);
        let next = &x - &gradient;
        x = &next + &(&(&next - &y) * (-momentum * nesterov(t)));
        y = next;
    }
    let (_, value) = run.evaluate(f, &y);
    run.maximize(value);
    Ok(run)
}

/// The accelerated proximal gradient method (FISTA) on a [`SMOOTH`] function plus a convex one: F(y_{N+1}) − F*.
pub fn fista(momentum: f64, steps: usize) -> Result<Problem> {
    let (mut run, f, h, start) = composite()?;
    let (mut x, mut y) = (start.clone(), start);
    for t in 1..=steps {
        let (gradient, _) = run.evaluate(f, &x);
        let (next, _, value) = run.implicit_step(h, &(&x - &gradient), 1.0);
        x = &next + &(&(&next - &y) * (-momentum * nesterov(t)));
        y = next;
        if t == steps {
            let (_, smooth) = run.evaluate(f, &y);
            run.maximize(&smooth + &value);
        }
    }
    Ok(run)
}

/// A smooth and a convex function whose gradients cancel at the solution.
fn composite() -> Result<(Problem, Member, Member, Vector)> {
    let mut run = Problem::new();
    let (f, h) = (run.class(SMOOTH)?, run.class(Class::Convex)?);
    let gradient = run.vector();
    run.anchor(f, &gradient);
    run.anchor(h, &-&gradient);
    let start = run.vector();
    run.require(&start.squared_norm() - &Scalar::constant(1.0));
    Ok((run, f, h, start))
}

/// The proximal gradient method on a [`SMOOTH`] function plus a convex one: F(x_N) − F*, which is 1/(4N) at γ = 1.
pub fn proximal_gradient(gamma: f64, steps: usize) -> Result<Problem> {
    let (mut run, f, h, mut x) = composite()?;
    for step in 1..=steps {
        let (gradient, _) = run.evaluate(f, &x);
        let (next, _, value) = run.implicit_step(h, &(&x - &(&gradient * gamma)), gamma);
        x = next;
        if step == steps {
            let (_, smooth) = run.evaluate(f, &x);
            run.maximize(&smooth + &value);
        }
    }
    Ok(run)
}

/// Which point a subgradient method is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// The best of the N + 1 points.
    Best,
    /// The last point.
    Last,
    /// The mean of the N + 1 points.
    Average,
}

/// The subgradient method x_{k+1} = x_k − γ_k g_k on convex functions with subgradients of norm at most 1; the
/// number of steps is the number of γ's. With γ = 1/√(N + 1) the best point and the average have 1/√(N + 1).
pub fn subgradient(gammas: &[f64], output: Output) -> Result<Problem> {
    let (mut run, f, mut x) = from_unit_distance(Class::LipschitzConvex(1.0))?;
    let mut sum = Vector::zero();
    let mut values = Vec::new();
    for &gamma in gammas {
        let (gradient, value) = run.evaluate(f, &x);
        sum = &sum + &x;
        values.push(value);
        x = &x - &(&gradient * gamma);
    }
    match output {
        Output::Last | Output::Best => values.push(run.evaluate(f, &x).1),
        Output::Average => {
            let average = &(&sum + &x) * (1.0 / (gammas.len() + 1) as f64);
            values.push(run.evaluate(f, &average).1);
        }
    }
    match output {
        Output::Best => {
            let least = run.number();
            values.iter().for_each(|value| run.require(&least - value));
            run.maximize(least);
        }
        Output::Last | Output::Average => run.maximize(values.swap_remove(gammas.len())),
    }
    Ok(run)
}

/// Frank–Wolfe with steps `gamma(k)`, k = 0, 1, … (2/(k + 2) in the theorem), on a [`SMOOTH`] function over a set
/// of diameter 1: f(x_N) − f*.
pub fn frank_wolfe(gamma: impl Fn(usize) -> f64, steps: usize) -> Result<Problem> {
    let mut run = Problem::new();
    let (f, set) = (run.class(SMOOTH)?, run.class(Class::Indicator(1.0))?);
    let gradient = run.vector();
    run.anchor(f, &gradient);
    run.anchor(set, &-&gradient);
    let mut x = run.vector();
    // The start is in the set: zero is a normal there.
    run.declare(set, &x, &Vector::zero());
    for k in 0..steps {
        let (gradient, _) = run.evaluate(f, &x);
        let vertex = run.vector();
        run.declare(set, &vertex, &-&gradient);
        x = &x + &(&(&vertex - &x) * gamma(k));
    }
    let (_, value) = run.evaluate(f, &x);
    run.maximize(value);
    Ok(run)
}

/// One step of the heavy-ball method x₂ = x₁ − γ∇f(x₁) + β(x₁ − x₀) on [`SMOOTH`] functions from x₁ = x₀ − γ∇f(x₀):
/// f(x₂) − f*.
pub fn heavy_ball(gamma: f64, beta: f64) -> Result<Problem> {
    let (mut run, f, start) = from_unit_distance(SMOOTH)?;
    let (first, _) = run.evaluate(f, &start);
    let x = &start - &(&first * gamma);
    let (second, _) = run.evaluate(f, &x);
    let next = &(&x - &(&second * gamma)) + &(&(&x - &start) * beta);
    let (_, value) = run.evaluate(f, &next);
    run.maximize(value);
    Ok(run)
}

/// An averaged iteration of a nonexpansive map T from x₀: the residual |x_N − Tx_N|², where `step(k, x₀, x_k, Tx_k)`
/// is x_{k+1}.
pub fn fixed_point(
    step: impl Fn(usize, &Vector, &Vector, &Vector) -> Vector,
    steps: usize,
) -> Result<Problem> {
    let (mut run, t, start) = from_unit_distance(Class::Nonexpansive)?;
    let mut x = start.clone();
    for k in 0..steps {
        let (image, _) = run.evaluate(t, &x);
        x = step(k, &start, &x, &image);
    }
    let (image, _) = run.evaluate(t, &x);
    run.maximize((&x - &image).squared_norm());
    Ok(run)
}

/// Halpern's iteration x_{k+1} = x₀/(k + 2) + (k + 1)/(k + 2)·Tx_k: |x_N − Tx_N|², which is (2/(N + 1))².
pub fn halpern(steps: usize) -> Result<Problem> {
    let step = |k: usize, start: &Vector, _: &Vector, image: &Vector| {
        let weight = 1.0 / (k + 2) as f64;
        &(start * weight) + &(image * (1.0 - weight))
    };
    fixed_point(step, steps)
}

/// The Krasnosel'skii–Mann iteration x⁺ = (1 − θ)x + θTx: |x_N − Tx_N|².
pub fn krasnoselskii_mann(theta: f64, steps: usize) -> Result<Problem> {
    fixed_point(|_, _, x, image| &(x * (1.0 - theta)) + &(image * theta), steps)
}

/// The proximal point method x⁺ = x − γF(x⁺) for an operator of a class: |F(x_N)|².
pub fn resolvent(class: Class, gamma: f64, steps: usize) -> Result<Problem> {
    let (mut run, operator, mut x) = from_unit_distance(class)?;
    let mut last = Vector::zero();
    for _ in 0..steps {
        (x, last, _) = run.implicit_step(operator, &x, gamma);
    }
    run.maximize(last.squared_norm());
    Ok(run)
}

/// Extragradient x̃ = x − γ₁F(x), x⁺ = x − γ₂F(x̃) for an operator of a class: |F(x_N)|².
pub fn extragradient(class: Class, gammas: [f64; 2], steps: usize) -> Result<Problem> {
    let (mut run, operator, mut x) = from_unit_distance(class)?;
    for _ in 0..steps {
        let (here, _) = run.evaluate(operator, &x);
        let (ahead, _) = run.evaluate(operator, &(&x - &(&here * gammas[0])));
        x = &x - &(&ahead * gammas[1]);
    }
    let (here, _) = run.evaluate(operator, &x);
    run.maximize(here.squared_norm());
    Ok(run)
}

/// Past extragradient (optimistic gradient): x̃_k = x_k − γF(x̃_{k−1}), x_{k+1} = x_k − γF(x̃_k), F(x̃_{−1}) = F(x₀), for
/// an operator of a class: |F(x̃_N)|², one extrapolation after N steps.
pub fn past_extragradient(class: Class, gamma: f64, steps: usize) -> Result<Problem> {
    let (mut run, operator, mut x) = from_unit_distance(class)?;
    let (mut past, _) = run.evaluate(operator, &x);
    for _ in 0..steps {
        (past, _) = run.evaluate(operator, &(&x - &(&past * gamma)));
        x = &x - &(&past * gamma);
    }
    let (here, _) = run.evaluate(operator, &(&x - &(&past * gamma)));
    run.maximize(here.squared_norm());
    Ok(run)
}

/// A method that is not in this list yet, by its coefficients: x_k = x₀ − Σ_{j<k} h_kj ∇f(x_j) for k = 1, …, N, on a
/// class of functions: f(x_N) − f*.
///
/// # Errors
/// Row k (from 1) does not have k coefficients, or one is not finite.
pub fn fixed_steps(class: Class, h: &[Vec<f64>]) -> Result<Problem> {
    let (mut run, f, start) = from_unit_distance(class)?;
    let mut x = start.clone();
    let mut gradients = Vec::new();
    for (k, row) in h.iter().enumerate() {
        ratebook::error::same_size("h", k + 1, row.len())?;
        if row.iter().any(|a| !a.is_finite()) {
            return Err(Error::Invalid { name: "h", requirement: "finite coefficients" });
        }
        gradients.push(run.evaluate(f, &x).0);
        x = row.iter().zip(&gradients).fold(start.clone(), |x, (&a, gradient)| &x - &(gradient * a));
    }
    let (_, value) = run.evaluate(f, &x);
    run.maximize(value);
    Ok(run)
}
