//! An exponential that compilers turn into vector code, for `f32` and `f64`.
//!
//! The exponential of the standard library is a call into the platform's C library: it cannot be
//! vectorised, and its last digit differs between platforms. Every log-sum-exp, softmax and
//! exponential weight needs only $e^{x}$ for $x \le 0$, so that is what [`Real::exp_nonpositive`]
//! offers: no branch, no table, the same bits on every machine.
//!
//! 1. Write $x = k\ln 2 + r$ with integer $k$ and $|r| \le \ln 2 / 2$; $\ln 2$ is split into a short
//!    high part, whose product with $k$ is exact, and a low part (Cody and Waite).
//! 2. $e^r \approx 1 + r + r^2 q(r)$, $q$ the minimax polynomial of degree 9 (`f64`, relative error
//!    4e-18) or 4 (`f32`, 3e-9) for the relative error, found by Remez exchange.
//! 3. Multiply by $2^k$, built from its bit pattern.
//!
//! The error is below two units of roundoff ($2\cdot 2^{-53}$ and $2\cdot 2^{-24}$). What would be a
//! subnormal result is zero.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Sub};

/// A floating-point type on which the vectorisable kernels work: `f32` or `f64`.
pub trait Real:
    Copy
    + Debug
    + PartialOrd
    + Into<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The least finite value.
    const LOWEST: Self;
    /// −∞.
    const NEG_INFINITY: Self;
    /// +∞.
    const INFINITY: Self;
    /// The unit of roundoff u: a correctly rounded result has relative error at most u.
    const ROUNDOFF: f64;

    /// −|x|.
    fn minus_abs(self) -> Self;

    /// e^x by the standard library, for any x.
    fn exp(self) -> Self;

    /// e^x for x ≤ 0, within relative error 2u; 0 where x lies below about −708 (`f64`) or −87
    /// (`f32`); NaN for NaN. For x > 0 the value is meaningless.
    fn exp_nonpositive(self) -> Self;
}

/// The even and the odd coefficients of $q$ of step 2, highest degree first, for `f64`.
const Q64: ([f64; 5], [f64; 5]) = (
    [
        2.763_024_837_921_144e-7,
        2.480_149_309_890_650_7e-5,
        1.388_888_894_363_011_3e-3,
        4.166_666_666_653_016e-2,
        5.000_000_000_000_011e-1,
    ],
    [
        2.500_006_160_283_566_7e-8,
        2.755_758_637_384_016_4e-6,
        1.984_126_950_657_868_8e-4,
        8.333_333_333_494_461e-3,
        1.666_666_666_666_641_3e-1,
    ],
);

/// The even and the odd coefficients of $q$ of step 2, highest degree first, for `f32`.
const Q32: ([f32; 3], [f32; 2]) =
    ([1.381_459_9e-3, 4.166_839e-2, 4.999_999_3e-1], [8.368_717e-3, 1.666_652_1e-1]);

/// The three steps, once for each type: `$shift` is 1.5 times the first power of two at which the
/// spacing is one, so that adding it rounds to an integer and leaves that integer in the low bits.
macro_rules! exponential {
    ($x:expr, $float:ident, $floor:expr, $log2_e:expr, $shift:expr, $ln2:expr, $q:expr, $bias:expr, $mantissa:expr) => {{
        let x = $x;
        // Written so that NaN passes through; the clamp keeps the exponent field in range.
        let clamped = if x < $floor { $floor } else { x };
        let shifted = clamped * $log2_e + $shift;
        let k = shifted - $shift;
        let (high, low) = $ln2;
        let r = (clamped - k * high) - k * low;
        // Two short Horner chains instead of a long one: the chain's latency is what limits speed.
        let square = r * r;
        let (mut even, mut odd) = ($q.0[0], $q.1[0]);
        for coefficient in &$q.0[1..] {
            even = even * square + coefficient;
        }
        for coefficient in &$q.1[1..] {
            odd = odd * square + coefficient;
        }
        let power = 1.0 + (r + square * (even + odd * r));
        let two_to_k = $float::from_bits(shifted.to_bits().wrapping_add($bias) << $mantissa);
        if x < $floor { 0.0 } else { power * two_to_k }
    }};
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const LOWEST: Self = f64::MIN;
    const NEG_INFINITY: Self = f64::NEG_INFINITY;
    const INFINITY: Self = f64::INFINITY;
    const ROUNDOFF: f64 = f64::EPSILON / 2.0;

    #[inline(always)]
    fn minus_abs(self) -> Self {
        -self.abs()
    }

    fn exp(self) -> Self {
        f64::exp(self)
    }

    #[inline(always)]
    fn exp_nonpositive(self) -> Self {
        const SHIFT: f64 = 1.5 * (1_u64 << 52) as f64;
        const LN2: (f64, f64) = (6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10);
        exponential!(self, f64, -708.0, std::f64::consts::LOG2_E, SHIFT, LN2, Q64, 1023, 52)
    }
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const LOWEST: Self = f32::MIN;
    const NEG_INFINITY: Self = f32::NEG_INFINITY;
    const INFINITY: Self = f32::INFINITY;
    const ROUNDOFF: f64 = f32::EPSILON as f64 / 2.0;

    #[inline(always)]
    fn minus_abs(self) -> Self {
        -self.abs()
    }

    fn exp(self) -> Self {
        f32::exp(self)
    }

    #[inline(always)]
    fn exp_nonpositive(self) -> Self {
        const SHIFT: f32 = 1.5 * (1_u32 << 23) as f32;
        const LN2: (f32, f32) = (355.0 / 512.0, -2.121_944_4e-4);
        exponential!(self, f32, -87.0, std::f32::consts::LOG2_E, SHIFT, LN2, Q32, 127, 23)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_values() {
        assert_eq!(0.0_f64.exp_nonpositive(), 1.0);
        assert_eq!((-0.0_f32).exp_nonpositive(), 1.0);
        assert_eq!(f64::NEG_INFINITY.exp_nonpositive(), 0.0);
        assert_eq!(f32::NEG_INFINITY.exp_nonpositive(), 0.0);
        assert_eq!(f64::MIN.exp_nonpositive(), 0.0);
        assert_eq!((-5e-324_f64).exp_nonpositive(), 1.0);
        assert!(f64::NAN.exp_nonpositive().is_nan() && f32::NAN.exp_nonpositive().is_nan());
        assert!((-708.0_f64).exp_nonpositive() >= f64::MIN_POSITIVE);
        assert!((-87.0_f32).exp_nonpositive() >= f32::MIN_POSITIVE);
    }

    #[test]
    fn relative_error_below_two_units_of_roundoff() {
        use crate::math::double_double::DoubleDouble;

        let (mut worst64, mut worst32) = (0.0_f64, 0.0_f64);
        for step in 0..100_000 {
            // Dense near 0, where the weights that matter lie; all binades down to e^−600.
            let x = -600.0 * (f64::from(step) / 1e5).powi(3);
            let exact = DoubleDouble::from(x).exp();
            let error = (DoubleDouble::from(x.exp_nonpositive()) - exact) / exact;
            worst64 = worst64.max(error.to_f64().abs());
            let y = (x * 87.0 / 600.0) as f32;
            worst32 = worst32.max((f64::from(y.exp_nonpositive()) / f64::from(y).exp() - 1.0).abs());
        }
        assert!(worst64 <= 2.0 * f64::ROUNDOFF, "{}", worst64 / f64::ROUNDOFF);
        assert!(worst32 <= 2.0 * f32::ROUNDOFF, "{}", worst32 / f32::ROUNDOFF);
    }
}
