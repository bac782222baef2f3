//! Problems on which the whole area is tried.
//!
//! | instance | what it is for |
//! |---|---|
//! | [`ComplexDiagonal`] | rotations and spirals, one plane each: slow modes at every time scale |
//! | [`NegatedShift`] | the worst case of every fixed-point method at once |
//! | [`Drifting`] | takes the fixed points away from any of them |
//! | [`DouglasRachford`] | the map by which splitting methods solve min f + g |
//! | [`DisjointSets`] | the same on two convex sets that do not meet |

use std::cell::RefCell;

use nalgebra::Complex;

use super::{KnownDisplacement, Operator, Projection, Prox};
use crate::Result;
use crate::error::{Error, at_least_one, finite, finite_slice, positive, same_size};
use crate::math::first_order::same_dimension;
use crate::math::vector::{distance, norm};

/// Multiplication by one complex number per plane: (z_1, …, z_m) ↦ (λ_1 z_1, …, λ_m z_m) on
/// ℂᵐ = ℝ²ᵐ. Nonexpansive when every |λ_j| ≤ 1; monotone when every Re λ_j ≥ 0.
#[derive(Debug, Clone, PartialEq)]
pub struct ComplexDiagonal {
    multipliers: Vec<Complex<f64>>,
    zero: Vec<f64>,
}

impl ComplexDiagonal {
    /// The map with these multipliers.
    ///
    /// # Errors
    /// No multiplier, or one that is not finite.
    pub fn new(multipliers: &[Complex<f64>]) -> Result<Self> {
        if multipliers.is_empty() {
            return Err(Error::Empty { name: "multipliers" });
        }
        for lambda in multipliers {
            finite("Re lambda", lambda.re)?;
            finite("Im lambda", lambda.im)?;
        }
        Ok(Self { multipliers: multipliers.to_vec(), zero: vec![0.0; 2 * multipliers.len()] })
    }

    /// Rotations by these angles, in radians.
    ///
    /// # Errors
    /// No angle, or one that is not finite.
    pub fn rotations(angles: &[f64]) -> Result<Self> {
        finite_slice("angles", angles)?;
        Self::new(&angles.iter().map(|&angle| Complex::cis(angle)).collect::<Vec<_>>())
    }
}

impl Operator for ComplexDiagonal {
    fn dim(&self) -> usize {
        2 * self.multipliers.len()
    }

    fn apply(&self, z: &[f64], image: &mut [f64]) {
        for ((lambda, z), image) in
            self.multipliers.iter().zip(z.chunks_exact(2)).zip(image.chunks_exact_mut(2))
        {
            let product = lambda * Complex::new(z[0], z[1]);
            image.copy_from_slice(&[product.re, product.im]);
        }
    }
}

impl KnownDisplacement for ComplexDiagonal {
    /// 0: the origin is a fixed point.
    fn displacement(&self) -> &[f64] {
        &self.zero
    }

    fn attained_at(&self) -> &[f64] {
        &self.zero
    }
}

/// (x_1, …, x_n) ↦ (a − x_n, x_1, …, x_{n−1}): an isometry with the fixed point (a/2, …, a/2).
///
/// Started at 0, each application reveals one more coordinate, as the chain of
/// [`lower_bound_smooth`](crate::convex::classics::lower_bound_smooth) does.
#[derive(Debug, Clone, PartialEq)]
pub struct NegatedShift {
    amplitude: f64,
    fixed_point: Vec<f64>,
    zero: Vec<f64>,
}

impl NegatedShift {
    /// The shift on ℝⁿ with amplitude a.
    ///
    /// # Errors
    /// n = 0, or an amplitude that is not finite.
    pub fn new(n: usize, amplitude: f64) -> Result<Self> {
        at_least_one("n", n)?;
        finite("amplitude", amplitude)?;
        Ok(Self { amplitude, fixed_point: vec![amplitude / 2.0; n], zero: vec![0.0; n] })
    }
}

impl Operator for NegatedShift {
    fn dim(&self) -> usize {
        self.zero.len()
    }

    fn apply(&self, z: &[f64], image: &mut [f64]) {
        let last = z.len() - 1;
        image[0] = self.amplitude - z[last];
        image[1..].copy_from_slice(&z[..last]);
    }
}

impl KnownDisplacement for NegatedShift {
    fn displacement(&self) -> &[f64] {
        &self.zero
    }

    fn attained_at(&self) -> &[f64] {
        &self.fixed_point
    }
}

/// An operator with one more coordinate, which is translated: (z, s) ↦ (Tz, s − speed).
///
/// It has no fixed point; its infimal displacement is that of T and `speed` in the last coordinate.
#[derive(Debug, Clone, PartialEq)]
pub struct Drifting<T> {
    inner: T,
    speed: f64,
    displacement: Vec<f64>,
    attained_at: Vec<f64>,
}

impl<T: KnownDisplacement> Drifting<T> {
    /// `inner` next to a translation by −`speed`.
    ///
    /// # Errors
    /// `speed` not positive and finite.
    pub fn new(inner: T, speed: f64) -> Result<Self> {
        positive("speed", speed)?;
        let displacement = [inner.displacement(), &[speed]].concat();
        let attained_at = [inner.attained_at(), &[0.0]].concat();
        Ok(Self { inner, speed, displacement, attained_at })
    }
}

impl<T: Operator> Operator for Drifting<T> {
    fn dim(&self) -> usize {
        self.inner.dim() + 1
    }

    fn apply(&self, z: &[f64], image: &mut [f64]) {
        let last = self.inner.dim();
        self.inner.apply(&z[..last], &mut image[..last]);
        image[last] = z[last] - self.speed;
    }
}

impl<T: Operator> KnownDisplacement for Drifting<T> {
    fn displacement(&self) -> &[f64] {
        &self.displacement
    }

    fn attained_at(&self) -> &[f64] {
        &self.attained_at
    }
}

/// The Douglas–Rachford map of min f + g, with f and g through their proximal maps:
/// Tz = z + prox_g(2·prox_f(z) − z) − prox_f(z).
///
/// Nonexpansive (even firmly). With the indicators of two sets A and B, a point z is fixed when its
/// projection on A lies in B; when they are disjoint, v = a − b for a nearest pair a ∈ A, b ∈ B, and
/// it is attained at a.
#[derive(Debug, Clone)]
pub struct DouglasRachford<F, G> {
    f: F,
    g: G,
    step: f64,
    dim: usize,
    /// Room for prox_f(z), so that applying the map does not allocate.
    buffer: RefCell<Vec<f64>>,
}

impl<F: Prox, G: Prox> DouglasRachford<F, G> {
    /// The map on ℝ^`dim` with proximal step `step` (which does not matter for two sets).
    ///
    /// # Errors
    /// `dim` = 0 or not the dimension of f or g; `step` not positive and finite.
    pub fn new(f: F, g: G, step: f64, dim: usize) -> Result<Self> {
        at_least_one("dim", dim)?;
        same_dimension("f", dim, f.dim())?;
        same_dimension("g", dim, g.dim())?;
        Ok(Self { f, g, step: positive("step", step)?, dim, buffer: RefCell::new(vec![0.0; dim]) })
    }
}

impl<F: Prox, G: Prox> Operator for DouglasRachford<F, G> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn apply(&self, z: &[f64], image: &mut [f64]) {
        let mut x = self.buffer.borrow_mut();
        x.copy_from_slice(z);
        self.f.prox(self.step, &mut x);
        // The image holds the reflected point, then prox_g of it, then Tz.
        for ((y, x), z) in image.iter_mut().zip(x.iter()).zip(z) {
            *y = 2.0 * x - z;
        }
        self.g.prox(self.step, image);
        for ((y, x), z) in image.iter_mut().zip(x.iter()).zip(z) {
            *y += z - x;
        }
    }
}

/// Douglas–Rachford on two closed convex sets A and B, with their nearest pair.
#[derive(Debug, Clone)]
pub struct DisjointSets<A, B> {
    map: DouglasRachford<A, B>,
    /// a − b.
    displacement: Vec<f64>,
    /// a.
    nearest: Vec<f64>,
}

impl<A: Projection, B: Projection> DisjointSets<A, B> {
    /// Finds the nearest pair by projecting `guess` on B, then on A, then on B again. Two points
    /// that project on each other are a nearest pair, and this is checked to a relative 1e-9. For
    /// two boxes any guess will do; for a ball and something else, its centre.
    ///
    /// # Errors
    /// A guess that is empty, not finite, of the wrong dimension, or that does not lead to a nearest
    /// pair; sets that meet (the pair then coincides).
    pub fn new(a: A, b: B, guess: &[f64]) -> Result<Self> {
        finite_slice("guess", guess)?;
        for dim in [Projection::dim(&a), Projection::dim(&b)].into_iter().flatten() {
            same_size("guess", dim, guess.len())?;
        }
        let image = |set: &dyn Projection, x: &[f64]| {
            let mut y = x.to_vec();
            set.project(&mut y);
            y
        };
        let nearest = image(&a, &image(&b, guess));
        let partner = image(&b, &nearest);
        let displacement: Vec<f64> = nearest.iter().zip(&partner).map(|(a, b)| a - b).collect();
        let width = positive("distance of the sets", norm(&displacement))?;
        let drift = distance(&image(&a, &partner), &nearest);
        if drift.is_nan() || drift > 1e-9 * width {
            return Err(Error::Invalid { name: "guess", requirement: "must lead to a nearest pair" });
        }
        let map = DouglasRachford::new(a, b, 1.0, guess.len())?;
        Ok(Self { map, displacement, nearest })
    }
}

impl<A: Projection, B: Projection> Operator for DisjointSets<A, B> {
    fn dim(&self) -> usize {
        self.nearest.len()
    }

    fn apply(&self, z: &[f64], image: &mut [f64]) {
        self.map.apply(z, image);
    }
}

impl<A: Projection, B: Projection> KnownDisplacement for DisjointSets<A, B> {
    fn displacement(&self) -> &[f64] {
        &self.displacement
    }

    fn attained_at(&self) -> &[f64] {
        &self.nearest
    }
}
