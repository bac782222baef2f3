//! Exact expressions: vectors in the span of a run, and scalars that are linear in their Gram matrix and in the
//! function values.

use std::collections::BTreeMap;
use std::ops::{Add, Mul, Neg, Sub};

use num_rational::BigRational;
use num_traits::{One, Zero};

/// The exact value of a finite float; zero for others, which are marked where they enter.
pub(super) fn exact(value: f64) -> BigRational {
    BigRational::from_float(value).unwrap_or_else(BigRational::zero)
}

/// Adds to a coefficient; zeros are not kept.
fn add_to<K: Ord + Copy>(map: &mut BTreeMap<K, BigRational>, key: K, value: BigRational) {
    let sum = match map.remove(&key) {
        Some(old) => old + value,
        None => value,
    };
    if !sum.is_zero() {
        map.insert(key, sum);
    }
}

/// The coefficients times a factor; zeros are not kept.
fn scaled<K: Ord + Copy>(map: &BTreeMap<K, BigRational>, factor: &BigRational) -> BTreeMap<K, BigRational> {
    if factor.is_zero() { BTreeMap::new() } else { map.iter().map(|(&k, a)| (k, a * factor)).collect() }
}

/// A vector: a combination of the starting points, gradients and operator values of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Vector {
    terms: BTreeMap<usize, BigRational>,
    /// A factor on the way here was NaN or infinite; the problem that this vector enters is refused.
    pub(super) broken: bool,
}

impl Vector {
    /// The origin, where the solution may be put.
    pub fn zero() -> Self {
        Self::default()
    }

    pub(super) fn basis(index: usize) -> Self {
        Self { terms: BTreeMap::from([(index, BigRational::one())]), broken: false }
    }

    /// The inner product.
    pub fn dot(&self, other: &Self) -> Scalar {
        let mut out = Scalar { broken: self.broken || other.broken, ..Scalar::default() };
        for (&i, a) in &self.terms {
            for (&j, b) in &other.terms {
                add_to(&mut out.gram, (i.min(j), i.max(j)), a * b);
            }
        }
        out
    }

    /// The squared norm.
    pub fn squared_norm(&self) -> Scalar {
        self.dot(self)
    }

    pub(super) fn coefficient(&self, index: usize) -> BigRational {
        self.terms.get(&index).cloned().unwrap_or_default()
    }

    pub(super) fn scale(&self, factor: &BigRational) -> Self {
        Self { terms: scaled(&self.terms, factor), broken: self.broken }
    }
}

impl Add for &Vector {
    type Output = Vector;

    fn add(self, other: &Vector) -> Vector {
        let mut out = self.clone();
        other.terms.iter().for_each(|(&i, b)| add_to(&mut out.terms, i, b.clone()));
        Vector { broken: self.broken || other.broken, ..out }
    }
}

impl Sub for &Vector {
    type Output = Vector;

    fn sub(self, other: &Vector) -> Vector {
        self + &-other
    }
}

impl Neg for &Vector {
    type Output = Vector;

    fn neg(self) -> Vector {
        self.scale(&-BigRational::one())
    }
}

impl Mul<f64> for &Vector {
    type Output = Vector;

    fn mul(self, factor: f64) -> Vector {
        Vector { broken: self.broken || !factor.is_finite(), ..self.scale(&exact(factor)) }
    }
}

/// A number: linear in the Gram matrix of the vectors and in the function values, plus a constant.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scalar {
    /// Coefficients of the inner products of basis vectors i ≤ j, each product counted once.
    pub(super) gram: BTreeMap<(usize, usize), BigRational>,
    /// Coefficients of the function values.
    pub(super) values: BTreeMap<usize, BigRational>,
    pub(super) constant: BigRational,
    /// As for vectors.
    pub(super) broken: bool,
}

impl Scalar {
    /// A constant.
    pub fn constant(value: f64) -> Self {
        Self { constant: exact(value), broken: !value.is_finite(), ..Self::default() }
    }

    /// Subtracts a multiple of another one.
    pub(super) fn subtract(&mut self, other: &Self, factor: &BigRational) {
        other.gram.iter().for_each(|(&k, b)| add_to(&mut self.gram, k, -(b * factor)));
        other.values.iter().for_each(|(&k, b)| add_to(&mut self.values, k, -(b * factor)));
        self.constant -= &other.constant * factor;
        self.broken |= other.broken;
    }

    pub(super) fn value(index: usize) -> Self {
        Self { values: BTreeMap::from([(index, BigRational::one())]), ..Self::default() }
    }

    pub(super) fn scale(&self, factor: &BigRational) -> Self {
        Self {
            gram: scaled(&self.gram, factor),
            values: scaled(&self.values, factor),
            constant: &self.constant * factor,
            broken: self.broken,
        }
    }
}

impl Add for &Scalar {
    type Output = Scalar;

    fn add(self, other: &Scalar) -> Scalar {
        let mut out = self.clone();
        other.gram.iter().for_each(|(&k, b)| add_to(&mut out.gram, k, b.clone()));
        other.values.iter().for_each(|(&k, b)| add_to(&mut out.values, k, b.clone()));
        out.constant += &other.constant;
        Scalar { broken: self.broken || other.broken, ..out }
    }
}

impl Sub for &Scalar {
    type Output = Scalar;

    fn sub(self, other: &Scalar) -> Scalar {
        self + &other.scale(&-BigRational::one())
    }
}

impl Mul<f64> for &Scalar {
    type Output = Scalar;

    fn mul(self, factor: f64) -> Scalar {
        Scalar { broken: self.broken || !factor.is_finite(), ..self.scale(&exact(factor)) }
    }
}
