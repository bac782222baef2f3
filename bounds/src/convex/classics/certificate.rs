//! Upper bounds on f(x_t) − f* that hold for *every* 1-smooth convex f, in any dimension, at once.
//!
//! # How
//! A *fixed-step* method is linear in the gradients it sees: x_s = x_1 − Σ_j h_sj g_j. Run on an oracle that
//! answers its j-th query with the j-th basis vector, it writes the numbers h_sj into its own iterates; no
//! source code is read ([`FixedSteps::read`]). All that smoothness and convexity say about a run is then in
//! the inequalities between pairs of points
//!
//! f_i ≥ f_j + ⟨g_j, x_i − x_j⟩ + ½|g_i − g_j|².
//!
//! Non-negative multipliers add them up to f_t − f* ≤ −S(x_1 − x*, g_1, …) with a quadratic form S that
//! depends on h alone, and f_t − f* ≤ τR² follows for the least τ that makes S + τ|x_1 − x*|² positive
//! semidefinite. That is the dual of the performance estimation problem of Drori and Teboulle
//! (arXiv:1206.3209), at multipliers that are known beforehand instead of searched for.
//!
//! # What a number means
//! A finite value is a proven bound, up to rounding. The converse is not: a larger value than hoped says that
//! these multipliers do not prove it, and ∞ that they prove nothing.

use std::cell::RefCell;

use nalgebra::{DMatrix, DVector};
use rand::Rng;
use ratebook::convex::{Method, Objective, Run};
use ratebook::{Error, Result};

use super::nesterov_accelerated::lambda;

/// A fixed-step method, by its coefficients. Vectors are in the coordinates (x_1 − x*, g_1, …, g_n, g_{n+1}),
/// where g_j is the gradient at the j-th query and g_{n+1} the one at the last output.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedSteps {
    /// x_j − x* at the n queries.
    queries: Vec<DVector<f64>>,
    /// y_j − x* of the n + 1 outputs, the start included.
    outputs: Vec<DVector<f64>>,
}

type Points = Vec<Vec<f64>>;

/// Answers query j with the j-th basis vector, and `tilt` times the next one on top; remembers where it was
/// asked.
struct Recorder {
    tilt: f64,
    dim: usize,
    queries: RefCell<Points>,
}

impl Recorder {
    /// Adds `weight` times the answer to query j.
    fn answer(&self, j: usize, weight: f64, gradient: &mut [f64]) {
        if j < self.dim {
            gradient[j] += weight;
            gradient[(j + 1) % self.dim] += self.tilt * weight;
        }
    }
}

impl Objective for Recorder {
    fn dim(&self) -> usize {
        self.dim
    }

    /// A method that looks at values is not a fixed-step one.
    fn value(&self, _x: &[f64]) -> f64 {
        f64::NAN
    }

    fn gradient(&self, x: &[f64], gradient: &mut [f64]) {
        let mut queries = self.queries.borrow_mut();
        gradient.fill(0.0);
        self.answer(queries.len(), 1.0, gradient);
        queries.push(x.to_vec());
    }
}

impl FixedSteps {
    /// Reads the coefficients of `steps` ≥ 1 steps, and checks on a second run, whose gradients are neither of
    /// unit length nor orthogonal, that they predict the method.
    ///
    /// # Errors
    /// The method fails, does not ask for exactly one gradient a step, or is not linear in them.
    pub fn read(method: &impl Method<dyn Objective>, steps: usize, rng: &mut dyn Rng) -> Result<Self> {
        let mut record = |tilt: f64| -> Result<(Recorder, Points)> {
            let recorder = Recorder { tilt, dim: steps, queries: RefCell::default() };
            let objective: &dyn Objective = &recorder;
            let mut run = Run::start(method, objective, &vec![0.0; steps])?;
            let mut outputs = vec![run.output().to_vec()];
            for _ in 0..steps {
                outputs.push(run.advance(1, rng)?.to_vec());
            }
            Ok((recorder, outputs))
        };
        let (plain, outputs) = record(0.0)?;
        let (tilted, seen) = record(0.75)?;
        let predicts = |(x, seen): (&Vec<f64>, &Vec<f64>)| {
            let mut predicted = vec![0.0; steps];
            x.iter().enumerate().for_each(|(j, &h)| tilted.answer(j, h, &mut predicted));
            predicted.iter().zip(seen).all(|(p, s)| (p - s).abs() <= 1e-9 * (1.0 + s.abs()))
        };
        let queries = plain.queries.into_inner();
        if queries.len() != steps || !outputs.iter().zip(&seen).all(predicts) {
            let requirement = "one gradient a step, and linear in the gradients";
            return Err(Error::Invalid { name: "method", requirement });
        }
        let coordinates = |points: Points| {
            let point =
                |x: Vec<f64>| DVector::from_iterator(steps + 2, [1.0].into_iter().chain(x).chain([0.0]));
            points.into_iter().map(point).collect()
        };
        Ok(Self { queries: coordinates(queries), outputs: coordinates(outputs) })
    }

    fn steps(&self) -> usize {
        self.queries.len()
    }

    /// The j-th gradient, j = 1, …, n + 1, in the common coordinates.
    fn gradient(&self, j: usize) -> DVector<f64> {
        let mut g = DVector::zeros(self.steps() + 2);
        g[j] = 1.0;
        g
    }
}

/// A bound on f(x_{n+1}) − f* in units of βR², by the multipliers with which Drori and Teboulle prove that
/// gradient descent with step 1/β has 1/(4n + 2).
///
/// With points p_0, …, p_{n−1} the queries and p_n the last output, the inequality (p_{i−1}, p_i) has weight
/// λ_i = i/(2n + 1 − i) and (x*, p_i) has λ_{i+1} − λ_i, where λ_0 = 0 and λ_{n+1} = 1.
pub fn descent(method: &FixedSteps) -> f64 {
    let n = method.steps();
    let point = |i: usize| if i < n { &method.queries[i] } else { &method.outputs[n] };
    let gradient = |i: usize| method.gradient(i + 1);
    let weight = |i: usize| if i > n { 1.0 } else { i as f64 / (2 * n + 1 - i) as f64 };
    let mut form = Form::zero(n + 2);
    for i in 0..=n {
        let g = gradient(i);
        if i > 0 {
            // f_i − f_{i−1} + ⟨g_i, p_{i−1} − p_i⟩ + ½|g_{i−1} − g_i|² ≤ 0.
            form.add(weight(i), &g, &(point(i - 1) - point(i)));
            form.add_square(0.5 * weight(i), &(gradient(i - 1) - &g));
        }
        // f_i − f* + ⟨g_i, x* − p_i⟩ + ½|g_i|² ≤ 0.
        let star = weight(i + 1) - weight(i);
        form.add(-star, &g, point(i));
        form.add_square(0.5 * star, &g);
    }
    form.least_shift()
}

/// A bound on f(y_t) − f* in units of βR², t = n + 1, by the multipliers with which Beck and Teboulle prove
/// that Nesterov's method has 1/(2λ_{t−1}²).
///
/// At step s three inequalities are added: smoothness from x_s to y_{s+1} with weight λ_s², convexity from x_s
/// to y_s with weight λ_{s−1}² = λ_s² − λ_s, and convexity from x_s to x* with weight λ_s. The values then
/// telescope to λ_{t−1}²(f(y_t) − f*).
pub fn acceleration(method: &FixedSteps) -> f64 {
    let n = method.steps();
    let mut form = Form::zero(n + 2);
    for s in 1..=n {
        let (g, x) = (method.gradient(s), &method.queries[s - 1]);
        let (before, now) = (lambda(s - 1), lambda(s));
        let step = &method.outputs[s] - x;
        // f(y_{s+1}) ≤ f(x_s) + ⟨g_s, y_{s+1} − x_s⟩ + ½|y_{s+1} − x_s|².
        form.add(-now * now, &g, &step);
        form.add_square(-0.5 * now * now, &step);
        // f(x_s) + ⟨g_s, y_s − x_s⟩ ≤ f(y_s) and f(x_s) + ⟨g_s, x* − x_s⟩ ≤ f*.
        form.add(before * before, &g, &(&method.outputs[s - 1] - x));
        form.add(-now, &g, x);
    }
    form.least_shift() / (lambda(n) * lambda(n))
}

/// A quadratic form S in (x_1 − x*, g_1, …).
struct Form(DMatrix<f64>);

impl Form {
    fn zero(dim: usize) -> Self {
        Self(DMatrix::zeros(dim, dim))
    }

    /// S += weight·⟨a, b⟩.
    fn add(&mut self, weight: f64, a: &DVector<f64>, b: &DVector<f64>) {
        self.0.ger(0.5 * weight, a, b, 1.0);
        self.0.ger(0.5 * weight, b, a, 1.0);
    }

    /// S += weight·|a|².
    fn add_square(&mut self, weight: f64, a: &DVector<f64>) {
        self.0.ger(weight, a, a, 1.0);
    }

    /// The least τ with S + τ|x_1 − x*|² ⪰ 0, or ∞: the Schur complement of the gradients' block.
    ///
    /// A tight proof has a singular block, so its diagonal is lifted by the least share of 10⁻¹³, …, 10⁻¹⁰ with
    /// which it can be factored. What is proven is weaker than τR² by that share of Σ S_jj|g_j|².
    fn least_shift(self) -> f64 {
        let rest = self.0.nrows() - 1;
        let block = self.0.view((1, 1), (rest, rest)).into_owned();
        let cross = self.0.view((1, 0), (rest, 1)).into_owned();
        let largest = block.diagonal().amax();
        let factor = |share: f64| {
            // The gradient at an output that nobody queried has no weight; it needs a pivot all the same.
            let lift = block.diagonal().map(|d| share * d.max(1e-3 * largest));
            (&block + DMatrix::from_diagonal(&lift)).cholesky()
        };
        match [1e-13, 1e-12, 1e-11, 1e-10].into_iter().find_map(factor) {
            Some(factor) => cross.dot(&factor.solve(&cross)) - self.0[(0, 0)],
            None => f64::INFINITY,
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use rand_pcg::Pcg64;
    use rand_pcg::rand_core::SeedableRng;
    use ratebook::convex::baselines::ConjugateGradient;
    use ratebook::convex::classics::gradient_descent::GradientDescent;
    use ratebook::convex::classics::nesterov_accelerated::NesterovAccelerated;

    use super::*;

    fn read(method: &impl Method<dyn Objective>, steps: usize) -> Result<FixedSteps> {
        FixedSteps::read(method, steps, &mut Pcg64::seed_from_u64(0))
    }

    /// One step x − ηg on every 1-smooth f: max over Huber's function and the parabola is 1/(4η + 2) for
    /// η ≤ 1, and the multipliers prove it.
    #[test]
    fn one_short_step_is_bounded_exactly() {
        for eta in [0.25, 0.5, 1.0] {
            let steps = read(&GradientDescent::with_step(eta).unwrap(), 1).unwrap();
            assert_relative_eq!(descent(&steps), 1.0 / (4.0 * eta + 2.0), max_relative = 1e-9);
        }
    }

    #[test]
    fn coefficients_are_read_off() {
        let steps = read(&GradientDescent::with_step(0.5).unwrap(), 2).unwrap();
        assert_eq!(steps.queries[1].as_slice(), [1.0, -0.5, 0.0, 0.0]);
        assert_eq!(steps.outputs[2].as_slice(), [1.0, -0.5, -0.5, 0.0]);
    }

    /// What is proven can be no less than what happens: never below the worst Huber function's 1/(4h + 2).
    #[test]
    fn nothing_false_is_proven() {
        for n in 1..=12 {
            let fast = read(&NesterovAccelerated::smooth(1.0).unwrap(), n).unwrap();
            let floor = super::super::nesterov_accelerated::huber_gap(n + 1);
            assert!(acceleration(&fast) >= floor * (1.0 - 1e-9));
            assert!(descent(&fast) >= floor * (1.0 - 1e-9));
            for eta in [0.3, 1.0, 1.5, 1.9] {
                let steps = read(&GradientDescent::with_step(eta).unwrap(), n).unwrap();
                let floor = 1.0 / (4.0 * n as f64 * eta + 2.0);
                let parabola = 0.5 * (1.0 - eta).powi(2 * n as i32);
                assert!(descent(&steps) >= floor.max(parabola) * (1.0 - 1e-9), "{eta} {n}");
                assert!(acceleration(&steps) >= floor.max(parabola) * (1.0 - 1e-9), "{eta} {n}");
            }
        }
    }

    /// The normalised gradient step: it forgets lengths, so it is not linear.
    struct Normalised;

    impl Method<dyn Objective> for Normalised {
        type State = (Vec<f64>, Vec<f64>);

        fn start(&self, _: &dyn Objective, x0: &[f64]) -> Result<Self::State> {
            Ok((x0.to_vec(), x0.to_vec()))
        }

        fn step(&self, f: &dyn Objective, (x, g): &mut Self::State, _: &mut dyn Rng) -> Result<()> {
            f.gradient(x, g);
            let length = DVector::from_column_slice(g).norm();
            x.iter_mut().zip(g).for_each(|(x, g)| *x -= *g / length);
            Ok(())
        }

        fn output<'a>(&self, state: &'a Self::State) -> &'a [f64] {
            &state.0
        }
    }

    struct Largest;

    impl Method<dyn Objective> for Largest {
        type State = (Vec<f64>, Vec<f64>);

        fn start(&self, _: &dyn Objective, x0: &[f64]) -> Result<Self::State> {
            Ok((x0.to_vec(), x0.to_vec()))
        }

        fn step(&self, f: &dyn Objective, (x, g): &mut Self::State, _: &mut dyn Rng) -> Result<()> {
            f.gradient(x, g);
            let largest = g.iter().fold(0.0f64, |m, g| m.max(g.abs()));
            x.iter_mut().zip(g).filter(|(_, g)| g.abs() == largest).for_each(|(x, g)| *x -= *g);
            Ok(())
        }

        fn output<'a>(&self, state: &'a Self::State) -> &'a [f64] {
            &state.0
        }
    }

    #[test]
    fn other_methods_are_refused() {
        assert!(read(&Normalised, 3).is_err());
        assert!(read(&ConjugateGradient, 3).is_err());
        // A step as long as the gradient's largest coordinate: linear for basis vectors, and only there.
        assert!(read(&Largest, 3).is_err());
    }
}
