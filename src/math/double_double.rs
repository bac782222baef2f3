//! Numbers of about 106 bits as unevaluated sums of two `f64`: the reference against which rounding
//! errors of `f64` code are measured.
//!
//! Additions and products of two `f64` have rounding errors that are themselves `f64` and can be
//! computed (Møller and Knuth; Dekker and Veltkamp), so a pair (high, low) carries twice the
//! precision. Relative errors of the operations here are a few units of 2⁻¹⁰⁴ away from overflow and
//! underflow, of [`DoubleDouble::exp`] about 2⁻⁹⁵; slow, and meant for checks.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// high + low, with |low| at most half a unit in the last place of high.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoubleDouble {
    high: f64,
    low: f64,
}

/// a + b and its rounding error, for any a and b (Knuth).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}

/// Splits into halves of 26 bits (Veltkamp).
fn split(a: f64) -> (f64, f64) {
    let scaled = 134_217_729.0 * a; // 2²⁷ + 1
    let high = scaled - (scaled - a);
    (high, a - high)
}

/// a · b and its rounding error (Dekker).
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    let ((a_high, a_low), (b_high, b_low)) = (split(a), split(b));
    (product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low)
}

impl DoubleDouble {
    /// ln 2.
    const LN_2: Self = Self { high: std::f64::consts::LN_2, low: 2.319_046_813_846_299_6e-17 };

    /// high + low, for any two numbers.
    pub fn new(high: f64, low: f64) -> Self {
        let (high, low) = two_sum(high, low);
        Self { high, low }
    }

    /// The nearest `f64`.
    pub fn to_f64(self) -> f64 {
        self.high
    }

    /// e^x: with x = k ln 2 + 512 r, the Taylor series of e^r, squared nine times, times 2^k.
    /// 0 below −744.
    #[must_use]
    pub fn exp(self) -> Self {
        if self.high < -744.0 {
            return Self::from(0.0);
        }
        let k = (self.high / std::f64::consts::LN_2).round();
        let r = (self - Self::LN_2 * Self::from(k)) * Self::from(1.0 / 512.0);
        // |r| < 7e-4: twelve terms leave 7e-48. Horner on e^r − 1 keeps the low bits.
        let mut series = Self::from(1.0);
        for order in (2..=12).rev() {
            series = Self::from(1.0) + r * series / Self::from(f64::from(order));
        }
        let mut excess = r * series;
        for _ in 0..9 {
            excess = excess * excess + excess + excess; // (1 + e)² − 1
        }
        let power = excess + Self::from(1.0);
        // Two factors, so that neither leaves the range where only the product does not.
        let half = (k / 2.0).floor();
        let (first, second) = (half.exp2(), (k - half).exp2());
        Self { high: power.high * first * second, low: power.low * first * second }
    }
}

impl From<f64> for DoubleDouble {
    fn from(high: f64) -> Self {
        Self { high, low: 0.0 }
    }
}

impl Neg for DoubleDouble {
    type Output = Self;

    fn neg(self) -> Self {
        Self { high: -self.high, low: -self.low }
    }
}

impl Add for DoubleDouble {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (high, error) = two_sum(self.high, other.high);
        let (low, tiny) = two_sum(self.low, other.low);
        let first = Self::new(high, error + low);
        Self::new(first.high, first.low + tiny)
    }
}

impl Sub for DoubleDouble {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for DoubleDouble {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let (product, error) = two_product(self.high, other.high);
        Self::new(product, error + (self.high * other.low + self.low * other.high))
    }
}

impl Div for DoubleDouble {
    type Output = Self;

    /// Long division by three `f64` quotients.
    fn div(self, other: Self) -> Self {
        let first = self.high / other.high;
        let rest = self - other * Self::from(first);
        let second = rest.high / other.high;
        let third = (rest - other * Self::from(second)).high / other.high;
        Self::new(first, second) + Self::from(third)
    }
}

impl std::iter::Sum for DoubleDouble {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::from(0.0), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dd(x: f64) -> DoubleDouble {
        DoubleDouble::from(x)
    }

    #[test]
    fn a_third_has_106_bits() {
        let third = dd(1.0) / dd(3.0);
        assert!((third * dd(3.0) - dd(1.0)).to_f64().abs() < 1e-31);
        assert_ne!(third.low, 0.0);
    }

    #[test]
    fn e_to_31_digits() {
        // e = 2.718281828459045 09079559829842764884233... split at the f64.
        let e = DoubleDouble::new(std::f64::consts::E, 1.445_646_891_729_250_2e-16);
        assert!((dd(1.0).exp() - e).to_f64().abs() < 1e-28);
    }

    #[test]
    fn exponentials_multiply() {
        for step in 0..2000 {
            let x = -600.0 + 0.6 * f64::from(step); // further down the low part is subnormal
            let (a, b) = (dd(x / 3.0), dd(x) - dd(x / 3.0));
            let ratio = a.exp() * b.exp() / dd(x).exp();
            assert!((ratio - dd(1.0)).to_f64().abs() < 1e-27, "{x}");
            assert!((dd(x).exp().to_f64() / x.exp() - 1.0).abs() < 3e-16);
        }
        assert_eq!(dd(f64::NEG_INFINITY).exp().to_f64(), 0.0);
        assert_eq!(dd(0.0).exp().to_f64(), 1.0);
    }
}
