//! Deterministic minimisation of convex functions, judged by $f(x_t) - f(x^\*)$.
//!
//! Every theorem here is an inequality between the gap (or a gradient measure) and an explicit
//! function of the smoothness $\beta$, the strong convexity $\alpha$, the distance
//! $R = |x_1 - x^\*|$ and the number of steps. One run checks it; no sampling is involved.
//!
//! # Which one should I use?
//!
//! | you know | use | gap after $t$ steps |
//! |---|---|---|
//! | $f$ is $\beta$-smooth | [Nesterov's acceleration](classics::nesterov_accelerated) | $2\beta R^2/t^2$ |
//! | $f$ is $\beta$-smooth, and each step must decrease it | [gradient descent](classics::gradient_descent) | $\beta R^2/(4t+2)$ |
//! | $f$ is also $\alpha$-strongly convex, $\kappa = \beta/\alpha$ large | [acceleration, constant momentum](classics::nesterov_accelerated) | $e^{-t/\sqrt\kappa}$ |
//! | the same, $\kappa$ small | [gradient descent](classics::gradient_descent), step $2/(\alpha+\beta)$ | $e^{-4t/(\kappa+1)}$ |
//! | a constraint set with a cheap projection | [projected gradient descent](classics::gradient_descent) | $\beta R^2/(4t)$ |
//!
//! No method that only sees gradients does better than $3\beta R^2/(32(t+1)^2)$:
//! [the lower bound](classics::lower_bound_smooth) is a function that shows it to each of them.
//!
//! # The protocol
//!
//! The traits are those of [`math::first_order`](crate::math::first_order), shared with
//! [`minimax`](crate::minimax). An instance is an [`Objective`], and a [`Solved`] one where its
//! minimiser is known. A method is a [`Method<P>`](Method) for every `P: Objective`; a set or a
//! regulariser is a field of the method that uses it. [`Run`] makes the steps.

pub mod baselines;
pub mod classics;
pub mod instances;

pub use crate::math::first_order::{LinearMinimization, Method, Objective, Projection, Prox, Run, Solved};
