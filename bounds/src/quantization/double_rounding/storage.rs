//! The claim about storage: one model for all widths.

use ratebook::Result;
use ratebook::quantization::baselines::DirectRounding;
use ratebook::quantization::double_rounding::DoubleRounding;
use ratebook::quantization::{BitWidth, Quantizer};
use ratebook_judge::{Claim, Source, Tolerance};

use super::widths;

/// Whatever the number of widths served, h bits are stored for each weight.
pub fn storage(store: impl Fn(&[f64], &[BitWidth]) -> Result<usize> + Send + Sync + 'static) -> Claim {
    const WEIGHTS: usize = 4096;
    Claim::equals("storage", |_| 8.0, Tolerance::Relative(0.0))
        .states("Serving any set of widths up to $h = 8$ stores $h$ bits per weight.")
        .assuming("4096 weights; the size of what is stored; widths 8, 6, 4, 2 in turn; without the 64 bits of a step")
        .source(Source::Abstract)
        .computed()
        .sweep("widths", [1.0, 2.0, 3.0, 4.0])
        .measure(move |count, _| -> Result<f64> {
            let weights: Vec<f64> = (0..WEIGHTS).map(|i| (0.7 * i as f64).sin()).collect();
            let bits = store(&weights, &widths(&[8, 6, 4, 2][..count as usize])?)?;
            Ok(bits as f64 / WEIGHTS as f64)
        })
}

const STEP: f64 = 1.0 / 128.0;

pub(super) fn one_model(weights: &[f64], served: &[BitWidth]) -> Result<usize> {
    let quantizer = DoubleRounding::new(STEP, served[0])?;
    let code = quantizer.encode(weights)?;
    for &width in served {
        quantizer.decode_at(&code, width)?;
    }
    Ok(quantizer.stored_bits(&code) - 64)
}

pub(super) fn separate_models(weights: &[f64], served: &[BitWidth]) -> Result<usize> {
    let stored = |&width: &BitWidth| {
        let step = STEP * f64::from(1 << (served[0].bits() - width.bits()));
        let quantizer = DirectRounding::new(step, width)?;
        Ok(quantizer.stored_bits(&quantizer.encode(weights)?) - 64)
    };
    served.iter().map(stored).sum()
}

pub(super) fn float_master(weights: &[f64], _: &[BitWidth]) -> Result<usize> {
    let master: Vec<f32> = weights.iter().map(|&weight| weight as f32).collect();
    Ok(8 * size_of_val(master.as_slice()))
}
