//! A single rounding, other ways to narrow integers, and the search as printed.

use super::{BitSearch, BitWidth, Packed, Quantizer, SecondRounding, double_rounding};
use crate::{Result, error};

/// One rounding to a uniform grid: ⌊w / scale⌉, clipped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DirectRounding {
    scale: f64,
    width: BitWidth,
}

impl DirectRounding {
    /// With the given step.
    ///
    /// # Errors
    /// If `scale` is not positive and finite.
    pub fn new(scale: f64, width: BitWidth) -> Result<Self> {
        Ok(Self { scale: error::positive("scale", scale)?, width })
    }

    /// The step.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The bit width.
    pub fn width(&self) -> BitWidth {
        self.width
    }
}

impl Quantizer for DirectRounding {
    type Code = Packed;

    fn encode(&self, weights: &[f64]) -> Result<Packed> {
        error::finite_slice("weights", weights)?;
        Ok(Packed::new(weights.iter().map(|&weight| self.width.round(weight, self.scale)), self.width))
    }

    fn decode(&self, code: &Packed) -> Vec<f64> {
        code.iter().map(|code| f64::from(code) * self.scale).collect()
    }

    fn stored_bits(&self, code: &Packed) -> usize {
        code.stored_bits() + 64
    }
}

/// Division that rounds ties upwards, as adding half and shifting does.
#[derive(Debug, Clone, Copy, Default)]
pub struct HalfUp;

impl SecondRounding for HalfUp {
    fn divide(&self, code: i32, shift: u32) -> i32 {
        (code + ((1 << shift) >> 1)) >> shift
    }
}

/// Division that rounds downwards: the arithmetic shift of methods that floor.
#[derive(Debug, Clone, Copy, Default)]
pub struct Truncation;

impl SecondRounding for Truncation {
    fn divide(&self, code: i32, shift: u32) -> i32 {
        code >> shift
    }
}

/// Algorithm 2 as printed, with the objective minimised: the most sensitive layers get the fewest bits.
#[derive(Debug, Clone, Copy, Default)]
pub struct PrintedSearch;

impl BitSearch for PrintedSearch {
    fn search(
        &self,
        sensitivities: &[f64],
        candidates: &[BitWidth],
        mean_bits: f64,
    ) -> Result<Vec<BitWidth>> {
        let negated: Vec<f64> = sensitivities.iter().map(|sensitivity| -sensitivity).collect();
        double_rounding::HessianSearch.search(&negated, candidates, mean_bits)
    }
}
