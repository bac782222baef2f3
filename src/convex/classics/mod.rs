//! The classics of the monograph *Convex Optimization: Algorithms and Complexity*, one file each.
//!
//! S. Bubeck, Foundations and Trends in Machine Learning 8 (2015), [arXiv:1405.4980](https://arxiv.org/abs/1405.4980).
//!
//! The notation is the monograph's: the first iterate is $x_1$ and $t$ counts iterates, so that
//! $x_t$ is reached after $t - 1$ steps; $\beta$ is the smoothness, $\alpha$ the strong convexity,
//! $\kappa = \beta/\alpha$, and $R = |x_1 - x^\*|$. Other papers of the area may build on these.
//!
//! | module | what it is | theorem |
//! |---|---|---|
//! | [`gradient_descent`] | plain and projected gradient descent | 3.3, 3.7, 3.10, 3.12 |
//! | [`nesterov_accelerated`] | Nesterov's two accelerated methods | 3.18, 3.19 |
//! | [`lower_bound_smooth`] | the chain that no gradient method minimises faster | 3.14, 3.15 |

pub mod gradient_descent;
pub mod lower_bound_smooth;
pub mod nesterov_accelerated;
