//! Closed convex sets with exact projections.
//!
//! | set | project | minimise a linear function |
//! |---|---|---|
//! | [`WholeSpace`] | nothing to do | unbounded |
//! | [`HalfSpace`] | O(n) | unbounded |
//! | [`Ball`] | O(n) | O(n) |
//! | [`AxisBox`] | O(n) | O(n), where it is bounded |

use super::first_order::{Bounded, LinearMinimization, Projection};
use super::vector::{distance, dot, norm};
use crate::error::{Error, Result, finite, finite_slice, non_negative, positive, same_size};

/// ℝⁿ: no constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WholeSpace;

impl Projection for WholeSpace {
    fn project(&self, _x: &mut [f64]) {}
}

/// {x : ⟨normal, x⟩ ≤ offset}, the normal of unit length.
#[derive(Debug, Clone, PartialEq)]
pub struct HalfSpace {
    normal: Vec<f64>,
    offset: f64,
}

impl HalfSpace {
    /// {x : ⟨normal, x⟩ ≤ offset}; normal and offset are divided by |normal|.
    ///
    /// # Errors
    /// A normal that is empty, not finite or has no finite positive length; an offset that is not
    /// finite, before or after the division.
    pub fn new(normal: &[f64], offset: f64) -> Result<Self> {
        finite_slice("normal", normal)?;
        finite("offset", offset)?;
        let length = positive("|normal|", norm(normal))?;
        let offset = finite("offset / |normal|", offset / length)?;
        Ok(Self { normal: normal.iter().map(|a| a / length).collect(), offset })
    }
}

impl Projection for HalfSpace {
    fn dim(&self) -> Option<usize> {
        Some(self.normal.len())
    }

    fn project(&self, x: &mut [f64]) {
        let excess = dot(&self.normal, x) - self.offset;
        if excess > 0.0 {
            x.iter_mut().zip(&self.normal).for_each(|(x, a)| *x -= excess * a);
        }
    }
}

/// {x : |x − center| ≤ radius}.
#[derive(Debug, Clone, PartialEq)]
pub struct Ball {
    center: Vec<f64>,
    radius: f64,
}

impl Ball {
    /// The ball of the given centre and radius; radius 0 is a point.
    ///
    /// # Errors
    /// A centre that is empty or not finite, a radius that is negative or not finite.
    pub fn new(center: &[f64], radius: f64) -> Result<Self> {
        finite_slice("center", center)?;
        Ok(Self { center: center.to_vec(), radius: non_negative("radius", radius)? })
    }
}

impl Projection for Ball {
    fn dim(&self) -> Option<usize> {
        Some(self.center.len())
    }

    fn project(&self, x: &mut [f64]) {
        let length = distance(x, &self.center);
        if length > self.radius {
            let shrink = self.radius / length;
            x.iter_mut().zip(&self.center).for_each(|(x, c)| *x = c + shrink * (*x - c));
        }
    }
}

impl Bounded for Ball {
    fn diameter(&self) -> f64 {
        2.0 * self.radius
    }
}

impl LinearMinimization for Ball {
    /// center − radius · direction/|direction|; the centre for direction 0.
    fn minimize(&self, direction: &[f64], vertex: &mut [f64]) {
        let length = norm(direction);
        let scale = if length > 0.0 { self.radius / length } else { 0.0 };
        for ((v, c), d) in vertex.iter_mut().zip(&self.center).zip(direction) {
            *v = c - scale * d;
        }
    }
}

/// {x : lower ≤ x ≤ upper}, coordinate by coordinate; an infinite bound is no bound.
#[derive(Debug, Clone, PartialEq)]
pub struct AxisBox {
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl AxisBox {
    /// The box between the corners `lower` and `upper`.
    ///
    /// # Errors
    /// Corners that are empty or of different sizes, a coordinate without a point between its
    /// bounds (NaN included).
    pub fn new(lower: &[f64], upper: &[f64]) -> Result<Self> {
        if lower.is_empty() {
            return Err(Error::Empty { name: "lower" });
        }
        same_size("upper", lower.len(), upper.len())?;
        let nonempty = |(&l, &u): (&f64, &f64)| l <= u && l < f64::INFINITY && u > f64::NEG_INFINITY;
        if !lower.iter().zip(upper).all(nonempty) {
            return Err(Error::Invalid { name: "lower, upper", requirement: "lower <= upper everywhere" });
        }
        Ok(Self { lower: lower.to_vec(), upper: upper.to_vec() })
    }

    /// {x ∈ ℝⁿ : x ≥ 0}.
    ///
    /// # Errors
    /// n = 0.
    pub fn orthant(dim: usize) -> Result<Self> {
        Self::new(&vec![0.0; dim], &vec![f64::INFINITY; dim])
    }
}

impl Projection for AxisBox {
    fn dim(&self) -> Option<usize> {
        Some(self.lower.len())
    }

    fn project(&self, x: &mut [f64]) {
        for ((x, &l), &u) in x.iter_mut().zip(&self.lower).zip(&self.upper) {
            *x = x.clamp(l, u);
        }
    }
}

impl Bounded for AxisBox {
    fn diameter(&self) -> f64 {
        distance(&self.lower, &self.upper)
    }
}

impl LinearMinimization for AxisBox {
    /// The lower bound where the direction is positive, else the upper one. Where that bound is
    /// infinite there is no minimiser, and the vertex is infinite.
    fn minimize(&self, direction: &[f64], vertex: &mut [f64]) {
        for (i, v) in vertex.iter_mut().enumerate() {
            *v = if direction[i] > 0.0 { self.lower[i] } else { self.upper[i] };
        }
    }
}
