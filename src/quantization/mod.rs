//! Real weights are replaced by something that costs a few bits each; what is judged is the error that
//! remains and how the bits are split.
//!
//! # Which method
//! - One bit width for all time: [`baselines::DirectRounding`], a single rounding to a uniform grid.
//! - Several bit widths from one stored model: [`double_rounding`], which keeps the widest integers
//!   and rounds them again. [`baselines::Truncation`] (an arithmetic shift) is cheaper and nested,
//!   every width being a prefix of the next, but biased by almost half a step.
//! - Bits that differ between layers: the exact allocation of [`crate::math::allocation`], as in
//!   [`double_rounding::HessianSearch`].
//!
//! # Protocol
//! A [`Quantizer`] turns weights into a code that states what it costs to store *everything*. A
//! [`Packed`] code really is that small: what a claim calls storage is the size of its bytes. A rival
//! way to get from wide to narrow integers implements [`SecondRounding`]; one that splits bits over
//! layers, [`BitSearch`].

use crate::{Error, Result};

pub mod baselines;
pub mod double_rounding;

/// A number of bits from 2 to 16, and the signed integers that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BitWidth(u32);

impl BitWidth {
    /// A bit width.
    ///
    /// # Errors
    /// If `bits` is not in 2..=16.
    pub fn new(bits: u32) -> Result<Self> {
        if (2..=16).contains(&bits) {
            Ok(Self(bits))
        } else {
            Err(Error::OutOfRange { name: "bits", value: f64::from(bits), requirement: "from 2 to 16" })
        }
    }

    /// The number of bits.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// The least integer, −2^(b−1).
    pub fn lowest(self) -> i32 {
        -(1 << (self.0 - 1))
    }

    /// The largest integer, 2^(b−1) − 1.
    pub fn highest(self) -> i32 {
        (1 << (self.0 - 1)) - 1
    }

    /// The nearest integer that it holds.
    pub fn clip(self, code: i32) -> i32 {
        code.clamp(self.lowest(), self.highest())
    }

    /// ⌊w / scale⌉, ties to even, clipped: one rounding of a weight to this width.
    pub fn round(self, weight: f64, scale: f64) -> i32 {
        // The conversion saturates, so that a quotient beyond i32 is clipped like any other.
        self.clip((weight / scale).round_ties_even() as i32)
    }
}

/// Signed integers of one bit width, stored without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    width: BitWidth,
    len: usize,
    bytes: Vec<u8>,
}

impl Packed {
    /// Stores the codes, clipped to the width.
    pub fn new(codes: impl IntoIterator<Item = i32>, width: BitWidth) -> Self {
        let mut packed = Self { width, len: 0, bytes: Vec::new() };
        let (mut pending, mut held) = (0_u32, 0);
        for code in codes {
            let mask = (1_u32 << width.bits()) - 1;
            pending |= (width.clip(code) as u32 & mask) << held;
            held += width.bits();
            packed.len += 1;
            while held >= 8 {
                packed.bytes.push(pending as u8);
                pending >>= 8;
                held -= 8;
            }
        }
        if held > 0 {
            packed.bytes.push(pending as u8);
        }
        packed
    }

    /// The bit width of every code.
    pub fn width(&self) -> BitWidth {
        self.width
    }

    /// The number of codes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no code.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The size of the stored bytes, in bits: `len` times the width, rounded up to a byte.
    pub fn stored_bits(&self) -> usize {
        8 * self.bytes.len()
    }

    /// The codes, in order.
    pub fn iter(&self) -> impl Iterator<Item = i32> + '_ {
        let bits = self.width.bits() as usize;
        (0..self.len).map(move |i| {
            let (first, offset) = (i * bits / 8, i * bits % 8);
            let window =
                self.bytes[first..].iter().take(4).rev().fold(0_u32, |w, &byte| w << 8 | u32::from(byte));
            // The code moved to the top, then back with its sign.
            ((window >> offset << (32 - bits)) as i32) >> (32 - bits)
        })
    }
}

/// Replaces real weights by a code.
pub trait Quantizer {
    /// What is stored.
    type Code;

    /// The code of the weights.
    ///
    /// # Errors
    /// If there is no weight or one is not finite.
    fn encode(&self, weights: &[f64]) -> Result<Self::Code>;

    /// The weights that the code stands for.
    fn decode(&self, code: &Self::Code) -> Vec<f64>;

    /// Everything that is stored, in bits: codes, scales, tables.
    fn stored_bits(&self, code: &Self::Code) -> usize;
}

/// Divides an integer by a power of two, to an integer: what distinguishes the ways to narrow codes.
pub trait SecondRounding {
    /// code / 2^shift, rounded; `shift` is at most 14.
    fn divide(&self, code: i32, shift: u32) -> i32;
}

/// Splits bits over the layers of a network by their sensitivities.
pub trait BitSearch {
    /// A bit width for each layer, in its order, whose mean is `mean_bits`.
    ///
    /// # Errors
    /// If there is no layer or no candidate, a sensitivity is not finite, or no choice has that mean.
    fn search(&self, sensitivities: &[f64], candidates: &[BitWidth], mean_bits: f64)
    -> Result<Vec<BitWidth>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_round_trips_every_code_of_every_width() {
        for bits in 2..=16 {
            let width = BitWidth::new(bits).unwrap();
            let codes: Vec<i32> = (width.lowest()..=width.highest()).collect();
            let packed = Packed::new(codes.iter().copied(), width);
            assert!(packed.iter().eq(codes.iter().copied()), "{bits} bits");
            assert_eq!(packed.stored_bits(), (codes.len() * bits as usize).next_multiple_of(8));
        }
        assert!(Packed::new([], BitWidth::new(3).unwrap()).is_empty());
    }

    #[test]
    fn widths() {
        assert!(BitWidth::new(1).is_err() && BitWidth::new(17).is_err());
        let four = BitWidth::new(4).unwrap();
        assert_eq!((four.lowest(), four.highest(), four.clip(8), four.clip(-99)), (-8, 7, 7, -8));
        assert_eq!((four.round(0.5, 1.0), four.round(1.5, 1.0), four.round(1e300, 1e-300)), (0, 2, 7));
    }
}
