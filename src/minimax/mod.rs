//! Monotone and nearly monotone problems: find $z$ with $0 \in F(z)$, or with $z = Tz$.
//!
//! A saddle point of $f(x, y)$ is a zero of $F = (\nabla_x f, -\nabla_y f)$, an equilibrium of a
//! game a zero of the field of its players' gradients, and a zero of a monotone field a fixed point
//! of a nonexpansive map. Nothing is minimised, so progress is measured by a residual,
//! $|F(z)|$ or $|z - Tz|$, or by a gap.
//!
//! # Which one should I use?
//!
//! | you have | use | what shrinks |
//! |---|---|---|
//! | a nonexpansive $T$ that may have no fixed point | [`Halpern`](infeasibility_detection::Halpern) | $\lvert x-Tx-v\rvert^2$ like $\log k/k^2$ |
//! | the same, and steps must forget the start | [`KrasnoselskiiMann`](baselines::KrasnoselskiiMann) | the same, like $1/k$ |
//! | a contraction, or an averaged map | [`Picard`](baselines::Picard) | distance, at the contraction's rate |
//!
//! # The protocol
//!
//! The traits are those of [`math::first_order`](crate::math::first_order), shared with
//! [`convex`](crate::convex): a problem is an [`Operator`], a method a [`Method<P>`](Method) for
//! every `P: Operator`, and [`Run`] makes the steps. [`KnownDisplacement`] marks the fixed-point
//! problems whose answer is known.

pub mod baselines;
pub mod infeasibility_detection;
pub mod instances;

pub use crate::math::first_order::{Method, Operator, Projection, Prox, Run};
use crate::math::vector::norm;

/// A nonexpansive map T whose infimal displacement vector is known and attained.
///
/// v is the shortest vector in the closure of {x − Tx}: zero when T has a fixed point, and otherwise
/// a certificate that it has none.
pub trait KnownDisplacement: Operator {
    /// v.
    fn displacement(&self) -> &[f64];

    /// A point x* with x* − Tx* = v. Bounds are stated in R = |x₀ − x*|.
    fn attained_at(&self) -> &[f64];

    /// |x − Tx − v|, the error of the residual as an estimate of v.
    fn residual_error(&self, x: &[f64]) -> f64 {
        let mut error = vec![0.0; x.len()];
        self.apply(x, &mut error);
        for ((e, x), v) in error.iter_mut().zip(x).zip(self.displacement()) {
            *e = x - *e - v;
        }
        norm(&error)
    }
}
