//! Function and operator classes, by the inequalities between two points that say all about a run.

use num_rational::BigRational;
use num_traits::{One, Zero};
use ratebook::{Error, Result, error};

use super::expression::{Scalar, Vector, exact};

/// A class of functions (with subgradients) or operators on a Hilbert space of any dimension.
///
/// For functions and for the operator classes with one inequality the pairwise conditions are also sufficient
/// (interpolation), so the worst case is exact; for the classes marked *relaxed* they are necessary only, and the
/// worst case is an upper bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Class {
    /// Closed convex functions.
    Convex,
    /// Convex functions with subgradients of norm at most G.
    LipschitzConvex(f64),
    /// μ-strongly convex functions with L-Lipschitz gradients, 0 ≤ μ < L; μ = 0 is smooth convex.
    SmoothStronglyConvex {
        /// Strong convexity μ.
        mu: f64,
        /// Smoothness L.
        l: f64,
    },
    /// μ-strongly convex functions.
    StronglyConvex(f64),
    /// Indicators of convex sets of diameter at most D; the vectors are normals.
    Indicator(f64),
    /// Maximally monotone operators.
    Monotone,
    /// μ-strongly monotone, maximal.
    StronglyMonotone(f64),
    /// β-cocoercive operators: ⟨Ax − Ay, x − y⟩ ≥ β|Ax − Ay|².
    Cocoercive(f64),
    /// L-Lipschitz monotone operators; *relaxed*.
    LipschitzMonotone(f64),
    /// ρ-negatively comonotone operators: ⟨Ax − Ay, x − y⟩ ≥ −ρ|Ax − Ay|².
    NegativelyComonotone(f64),
    /// L-Lipschitz and ρ-negatively comonotone; *relaxed*.
    LipschitzNegativelyComonotone {
        /// Lipschitz constant L.
        l: f64,
        /// ρ ≥ 0.
        rho: f64,
    },
    /// Operators that do not expand distances: |Tx − Ty| ≤ |x − y|.
    Nonexpansive,
}

/// A point at which the function or operator was evaluated.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Evaluation {
    pub point: Vector,
    pub gradient: Vector,
    pub value: Scalar,
}

/// How gradients may be shifted by a vector that is orthogonal to every point, without any inequality seeing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shift {
    /// Each by a multiple of its own.
    Any,
    /// All by the same multiple.
    Common,
    /// Not at all.
    None,
}

impl Class {
    /// Checks the constants.
    pub(super) fn check(self) -> Result<Self> {
        match self {
            Self::Convex | Self::Monotone | Self::Nonexpansive => {}
            Self::LipschitzConvex(g) => drop(error::positive("g", g)?),
            Self::StronglyConvex(mu) | Self::StronglyMonotone(mu) => drop(error::positive("mu", mu)?),
            Self::Indicator(diameter) => drop(error::positive("diameter", diameter)?),
            Self::Cocoercive(beta) => drop(error::positive("beta", beta)?),
            Self::LipschitzMonotone(l) => drop(error::positive("l", l)?),
            Self::NegativelyComonotone(rho) => drop(error::non_negative("rho", rho)?),
            Self::LipschitzNegativelyComonotone { l, rho } => {
                error::positive("l", l)?;
                error::non_negative("rho", rho)?;
            }
            Self::SmoothStronglyConvex { mu, l } => {
                error::positive("l", l)?;
                if !(0.0..l).contains(&mu) {
                    return Err(Error::OutOfRange { name: "mu", value: mu, requirement: "in [0, l)" });
                }
            }
        }
        Ok(self)
    }

    /// Whether members have values, not only vectors.
    pub(super) fn has_values(self) -> bool {
        matches!(
            self,
            Self::Convex
                | Self::LipschitzConvex(_)
                | Self::SmoothStronglyConvex { .. }
                | Self::StronglyConvex(_)
        )
    }

    /// What must be at most zero between the evaluations `i` and `j`, called once for each ordered pair.
    pub(super) fn between(self, i: &Evaluation, j: &Evaluation) -> Vec<Scalar> {
        let step = &i.point - &j.point;
        let change = &i.gradient - &j.gradient;
        // f_i ≥ f_j + ⟨g_j, x_i − x_j⟩.
        let tangent = || &(&j.value - &i.value) + &j.gradient.dot(&step);
        let monotone = || step.dot(&change).scale(&-BigRational::one());
        match self {
            Self::Convex | Self::LipschitzConvex(_) => vec![tangent()],
            Self::StronglyConvex(mu) => {
                vec![&tangent() + &step.squared_norm().scale(&(exact(mu) / exact(2.0)))]
            }
            Self::SmoothStronglyConvex { mu, l } => {
                // f_i ≥ f_j + ⟨g_j, x_i − x_j⟩ + (|g_i − g_j − μ(x_i − x_j)|² / (L − μ) + μ|x_i − x_j|²) / 2.
                let (mu, l) = (exact(mu), exact(l));
                let half = BigRational::one() / exact(2.0);
                let bent = &change - &step.scale(&mu);
                let curvature = &bent.squared_norm().scale(&(&half / (l - &mu)))
                    + &step.squared_norm().scale(&(&half * mu));
                vec![&tangent() + &curvature]
            }
            Self::Indicator(diameter) => {
                let size = &step.squared_norm()
                    - &Scalar { constant: exact(diameter) * exact(diameter), ..Scalar::default() };
                vec![j.gradient.dot(&step), size]
            }
            Self::Monotone => vec![monotone()],
            Self::StronglyMonotone(mu) => vec![&monotone() + &step.squared_norm().scale(&exact(mu))],
            Self::Cocoercive(beta) => vec![&monotone() + &change.squared_norm().scale(&exact(beta))],
            Self::NegativelyComonotone(rho) => {
                vec![&monotone() - &change.squared_norm().scale(&exact(rho))]
            }
            Self::LipschitzMonotone(l) => vec![monotone(), lipschitz(&change, &step, l)],
            Self::LipschitzNegativelyComonotone { l, rho } => {
                vec![&monotone() - &change.squared_norm().scale(&exact(rho)), lipschitz(&change, &step, l)]
            }
            Self::Nonexpansive => vec![lipschitz(&change, &step, 1.0)],
        }
    }

    /// Whether the inequality between two points is the same in both orders, so that one of them is enough.
    pub(super) fn symmetric(self) -> bool {
        !self.has_values() && !matches!(self, Self::Indicator(_))
    }

    /// What the inequalities say of a vector that is orthogonal to every point and added to gradients.
    pub(super) fn shift(self) -> Shift {
        match self {
            Self::Convex
            | Self::StronglyConvex(_)
            | Self::Indicator(_)
            | Self::Monotone
            | Self::StronglyMonotone(_) => Shift::Any,
            Self::SmoothStronglyConvex { .. }
            | Self::Cocoercive(_)
            | Self::LipschitzMonotone(_)
            | Self::NegativelyComonotone(_)
            | Self::LipschitzNegativelyComonotone { .. }
            | Self::Nonexpansive => Shift::Common,
            Self::LipschitzConvex(_) => Shift::None,
        }
    }

    /// What must be at most zero at one evaluation.
    pub(super) fn alone(self, i: &Evaluation) -> Option<Scalar> {
        match self {
            Self::LipschitzConvex(g) => {
                let most = Scalar { constant: exact(g) * exact(g), ..Scalar::default() };
                Some(&i.gradient.squared_norm() - &most)
            }
            _ => None,
        }
    }
}

/// |change|² − l²|step|².
fn lipschitz(change: &Vector, step: &Vector, l: f64) -> Scalar {
    let l = exact(l);
    let square = if l.is_zero() { l } else { &l * &l };
    &change.squared_norm() - &step.squared_norm().scale(&square)
}
