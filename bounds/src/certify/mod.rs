//! The exact worst case of a fixed-step method over a whole class of functions or operators, computed and proved.
//!
//! # How
//! Write the method down once, on symbols ([`Problem`]): starting points and the answers of oracles are vectors
//! whose directions nobody knows; steps combine them. All that a class says about such a run are inequalities
//! between pairs of evaluations ([`Class`]), linear in the Gram matrix G ⪰ 0 of those vectors and in the function
//! values. The worst performance is therefore the value of a semidefinite program (Drori and Teboulle,
//! arXiv:1206.3209; Taylor, Hendrickx and Glineur, arXiv:1502.05666).
//!
//! [`Problem::solve`] finds it with an interior-point method. What it returns is not trusted: non-negative
//! multipliers λ add the inequalities e_k ≤ 0 up to
//!
//! performance = bound + Σ λ_k e_k − ⟨S, G⟩,
//!
//! and performance ≤ bound follows for *every* member of the class, in any dimension, if S is positive semidefinite.
//! [`Certificate`] holds the multipliers as rationals, and [`Certificate::verify`] checks all of it in exact
//! arithmetic, the definiteness by elimination without rounding. The bound of a certificate exceeds the computed
//! worst case by a relative 1e-6 at most.
//!
//! # Example
//! ```
//! use ratebook_bounds::certify::{Class, Problem, Scalar};
//!
//! // Two steps of gradient descent on 1-smooth convex functions, started within distance 1 of a minimiser.
//! let mut run = Problem::new();
//! let f = run.class(Class::SmoothStronglyConvex { mu: 0.0, l: 1.0 })?;
//! let minimizer = run.stationary(f);
//! let start = run.vector();
//! run.require(&(&start - &minimizer).squared_norm() - &Scalar::constant(1.0));
//! let mut x = start;
//! for _ in 0..2 {
//!     let (gradient, _) = run.evaluate(f, &x);
//!     x = &x - &gradient;
//! }
//! let (_, value) = run.evaluate(f, &x);
//! run.maximize(value);
//! let worst = run.solve()?;
//! assert!((worst.value - 1.0 / 10.0).abs() < 1e-6);
//! assert!(worst.certificate.verify(&run));
//! # Ok::<(), ratebook::Error>(())
//! ```

mod certificate;
mod class;
mod expression;
mod face;
mod interior_point;
pub mod methods;

pub use certificate::Certificate;
pub use class::Class;
pub use expression::{Scalar, Vector};
pub use num_rational::BigRational;

use class::Evaluation;
use ratebook::{Error, Result};

/// A class that takes part in a [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member(usize);

/// What must be at most zero, and what it says.
#[derive(Debug, Clone, PartialEq)]
struct Inequality {
    label: String,
    expression: Scalar,
}

/// A run of a method on symbols, and the question how bad it can be.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Problem {
    vectors: usize,
    values: usize,
    members: Vec<(Class, Vec<Evaluation>)>,
    required: Vec<Scalar>,
    performance: Scalar,
}

/// The worst case of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct WorstCase {
    /// The worst performance, to about 1e-7.
    pub value: f64,
    /// The proof that it is not worse.
    pub certificate: Certificate,
    /// Newton steps taken.
    pub iterations: usize,
}

impl Problem {
    /// An empty run.
    pub fn new() -> Self {
        Self::default()
    }

    /// An unknown member of a class.
    ///
    /// # Errors
    /// A constant of the class is out of range.
    pub fn class(&mut self, class: Class) -> Result<Member> {
        self.members.push((class.check()?, Vec::new()));
        Ok(Member(self.members.len() - 1))
    }

    /// A vector of which nothing is known: a starting point, say.
    pub fn vector(&mut self) -> Vector {
        self.vectors += 1;
        Vector::basis(self.vectors - 1)
    }

    /// A number of which nothing is known: the least of several measures, say, each required to be at least it.
    pub fn number(&mut self) -> Scalar {
        self.values += 1;
        Scalar::value(self.values - 1)
    }

    /// The (sub)gradient and the value of a member at a point; for an operator its vector, and zero.
    pub fn evaluate(&mut self, member: Member, point: &Vector) -> (Vector, Scalar) {
        let gradient = self.vector();
        let value = self.declare(member, point, &gradient);
        (gradient, value)
    }

    /// Declares that `gradient` is a (sub)gradient of the member at the point, or the operator's vector there;
    /// returns the value.
    pub fn declare(&mut self, member: Member, point: &Vector, gradient: &Vector) -> Scalar {
        let (class, _) = self.members[member.0];
        let value = if class.has_values() { self.number() } else { Scalar::default() };
        self.record(member, point, gradient, value)
    }

    fn record(&mut self, member: Member, point: &Vector, gradient: &Vector, value: Scalar) -> Scalar {
        let evaluation =
            Evaluation { point: point.clone(), gradient: gradient.clone(), value: value.clone() };
        self.members[member.0].1.push(evaluation);
        value
    }

    /// A point where the gradient, or the operator's vector, is zero. It is put at the origin, and the value there
    /// is zero: neither loses anything. Several members may be declared at the origin with
    /// [`anchor`](Self::anchor) instead.
    pub fn stationary(&mut self, member: Member) -> Vector {
        self.anchor(member, &Vector::zero())
    }

    /// Puts the origin where the member has this gradient, with value zero. Where the sum of several members is
    /// stationary, their gradients there add up to zero.
    pub fn anchor(&mut self, member: Member, gradient: &Vector) -> Vector {
        self.record(member, &Vector::zero(), gradient, Scalar::default());
        Vector::zero()
    }

    /// The implicit step x⁺ = x − γ g⁺ with g⁺ a (sub)gradient at x⁺: the proximal map of γf, or the resolvent of an
    /// operator. Returns x⁺, g⁺ and the value at x⁺.
    pub fn implicit_step(&mut self, member: Member, x: &Vector, gamma: f64) -> (Vector, Vector, Scalar) {
        let gradient = self.vector();
        let next = x - &(&gradient * gamma);
        let value = self.declare(member, &next, &gradient);
        (next, gradient, value)
    }

    /// Requires an expression to be at most zero.
    pub fn require(&mut self, expression: Scalar) {
        self.required.push(expression);
    }

    /// The performance whose worst case is asked for.
    pub fn maximize(&mut self, performance: Scalar) {
        self.performance = performance;
    }

    /// Everything that is known: first what was required, then what the classes say.
    fn inequalities(&self) -> Vec<Inequality> {
        let mut out: Vec<Inequality> = (self.required.iter().enumerate())
            .map(|(k, e)| Inequality { label: format!("required {}", k + 1), expression: e.clone() })
            .collect();
        for (number, (class, evaluations)) in self.members.iter().enumerate() {
            for (i, a) in evaluations.iter().enumerate() {
                if let Some(expression) = class.alone(a) {
                    out.push(Inequality {
                        label: format!("class {}, point {}", number + 1, i + 1),
                        expression,
                    });
                }
                for (j, b) in evaluations.iter().enumerate() {
                    if i == j || (i > j && class.symmetric()) {
                        continue;
                    }
                    let label = format!("class {}, points {} and {}", number + 1, i + 1, j + 1);
                    let between = class.between(a, b).into_iter();
                    out.extend(between.map(|expression| Inequality { label: label.clone(), expression }));
                }
            }
        }
        // A member evaluated twice with the same answers says 0 ≤ 0, which would only blur the barrier.
        out.retain(|i| !(i.expression.gram.is_empty() && i.expression.values.is_empty()));
        out
    }

    /// The worst performance, with its certificate. Cost: O(m³ + m²n²) a Newton step for m inequalities and n
    /// vectors, some twenty steps.
    ///
    /// # Errors
    /// Nothing was asked for or required; the performance is unbounded or the requirements contradict each other
    /// (the solver does not converge); or no rational certificate is found.
    pub fn solve(&self) -> Result<WorstCase> {
        let inequalities = self.inequalities();
        if inequalities.is_empty() || self.vectors == 0 {
            return Err(Error::Empty { name: "problem" });
        }
        if self.performance.broken || inequalities.iter().any(|i| i.expression.broken) {
            return Err(Error::Invalid { name: "coefficients", requirement: "must be finite" });
        }
        let (shifts, kept) = face::shifts(self, &inequalities);
        let equations = certificate::equations(self, &inequalities, &shifts);
        let solution = interior_point::solve(&inequalities, &self.performance, &equations, &kept)?;
        let certificate = Certificate::round(self, inequalities, &equations, &kept, &solution.multipliers)?;
        Ok(WorstCase { value: solution.value, certificate, iterations: solution.iterations })
    }
}
