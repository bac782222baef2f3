//! One stored model, every bit width: round to the widest integers, then round those again.
//!
//! Simplified: the four mechanisms of the paper, without the network that is trained around them.
//!
//! # Problem
//! A network is to run at 8, 6, 4 or 2 bits as the hardware demands. Storing a model per width costs
//! the sum of the widths, storing the real weights costs 32 bits, and dropping the low bits of the
//! widest integers is biased by almost half a step.
//!
//! # Algorithm
//! 1. With step $s$ and $\Delta = h - l$ (Equations 1 to 3, zero point 0),
//!    $\tilde W_h = \mathrm{clip}(\lfloor W / s\rceil, -2^{h-1}, 2^{h-1}-1)$, which is stored;
//!    $\tilde W_l = \mathrm{clip}(\lfloor \tilde W_h / 2^\Delta\rceil, -2^{l-1}, 2^{l-1}-1)$;
//!    $\hat W_l = \tilde W_l \cdot s \cdot 2^\Delta$. Ties go to even in both roundings.
//! 2. Training goes through both roundings as if they were the identity (Equation 13): inside the
//!    narrow range $\partial\hat W/\partial W = 1$ and $\partial\hat W/\partial s = 2^\Delta\tilde W_l -
//!    W/s$; outside, $0$ and $2^\Delta\tilde W_l$. Activations have a step and an offset of their own
//!    for each width (Equations 4, 5).
//! 3. Adaptive learning rates of the steps (Equations 6, 7): $\lambda_b = \eta_b\,(\lambda -
//!    \frac1L\sum_i \min(\max|\mathrm{clip}(\nabla s_b^i, 1)|, 1))$, $\eta_b = 10^{-\Delta/2}$ for even
//!    $\Delta$ and $5\cdot 10^{-(\Delta+1)/2}$ for odd. As printed the rate is negative wherever the
//!    mean clipped gradient exceeds $\lambda$; it is implemented as printed.
//! 4. Hessian-aware stochastic bits (Algorithm 1): a layer whose Hessian trace is below the mean draws
//!    each candidate with probability $1/n$, any other layer width $b_i$ with probability
//!    $b_i/\sum_j b_j$.
//! 5. Search (Algorithm 2): over bits $b_l$ with mean $\omega$, optimise $\sum_l (t_l/n_l) b_l$ for
//!    traces $t_l$ and sizes $n_l$. The algorithm prints "minimal"; that gives the most sensitive
//!    layers the fewest bits, against the paper's own text, so here it is the maximum.
//!
//! # What is promised
//! For weights uniform over whole periods the error of $\hat W_l$ is unbiased, with mean square
//! $(1 + 3\cdot 4^{-\Delta})/12$ in units of the narrow step, against $1/12$ for rounding once:
//! nearly lossless from four bits of difference on. Narrowing is *not* path independent: 8 to 6 to 4
//! bits may differ by one step from 8 to 4 bits.
//!
//! # Reference
//! Huang, Liu, Xia, Zhao, Ren: *Nearly Lossless Adaptive Bit Switching*, arXiv 2502.01199 (2025).
//!
//! # Complexity
//! O(1) per weight for steps 1 and 2; O(layers² · candidates · widest) for step 5.

use rand::{Rng, RngExt};

use super::baselines::DirectRounding;
use super::{BitSearch, BitWidth, Packed, Quantizer, SecondRounding};
use crate::{Error, Result, error, math::allocation};

/// Division that rounds ties to even: the paper's second rounding.
#[derive(Debug, Clone, Copy, Default)]
pub struct HalfEven;

impl SecondRounding for HalfEven {
    fn divide(&self, code: i32, shift: u32) -> i32 {
        let (below, rest, half) = (code >> shift, code & ((1 << shift) - 1), (1 << shift) / 2);
        // `half` is 0 for shift 0, where nothing is left to round.
        if rest > half || (rest == half && half > 0 && below % 2 != 0) { below + 1 } else { below }
    }
}

/// From codes of one width to codes of a narrower one, by integer arithmetic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BitSwitch<R> {
    high: BitWidth,
    low: BitWidth,
    rounding: R,
}

impl<R: SecondRounding> BitSwitch<R> {
    /// From `high` to `low` bits.
    ///
    /// # Errors
    /// If `low` is wider than `high`.
    pub fn new(high: BitWidth, low: BitWidth, rounding: R) -> Result<Self> {
        if low <= high {
            Ok(Self { high, low, rounding })
        } else {
            let value = f64::from(low.bits());
            Err(Error::OutOfRange { name: "low", value, requirement: "at most the stored bit width" })
        }
    }

    /// Δ = h − l.
    pub fn shift(&self) -> u32 {
        self.high.bits() - self.low.bits()
    }

    /// clip(⌊code / 2^Δ⌉): the narrow code of a wide one.
    pub fn apply(&self, code: i32) -> i32 {
        self.low.clip(self.rounding.divide(self.high.clip(code), self.shift()))
    }
}

/// ∂Ŵ/∂W and ∂Ŵ/∂s of one weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gradient {
    /// 1 inside the clipping range, 0 outside.
    pub weight: f64,
    /// By the step s, per unit of s.
    pub scale: f64,
}

/// Weights stored at `high` bits, to be read at any narrower width.
///
/// ```
/// use ratebook::quantization::{BitWidth, Quantizer, double_rounding::DoubleRounding};
///
/// let quantizer = DoubleRounding::new(0.01, BitWidth::new(8)?)?;
/// let code = quantizer.encode(&[0.5, -0.37, 1.27])?;
/// assert_eq!(code.iter().collect::<Vec<_>>(), [50, -37, 127]);
/// let narrow = quantizer.decode_at(&code, BitWidth::new(4)?)?;
/// // ⌊50/16⌉ = 3, ⌊−37/16⌉ = −2, ⌊127/16⌉ = 8 clipped to 7; times 0.16.
/// assert!(narrow.iter().zip([0.48, -0.32, 1.12]).all(|(a, b): (&f64, f64)| (a - b).abs() < 1e-12));
/// # Ok::<(), ratebook::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoubleRounding<R = HalfEven> {
    /// The first rounding, to what is stored.
    wide: DirectRounding,
    rounding: R,
}

impl DoubleRounding {
    /// With step `scale` at `high` bits.
    ///
    /// # Errors
    /// If `scale` is not positive and finite.
    pub fn new(scale: f64, high: BitWidth) -> Result<Self> {
        Self::with_rounding(scale, high, HalfEven)
    }
}

impl<R: SecondRounding + Copy> DoubleRounding<R> {
    /// With another second rounding than the paper's.
    ///
    /// # Errors
    /// If `scale` is not positive and finite.
    pub fn with_rounding(scale: f64, high: BitWidth, rounding: R) -> Result<Self> {
        Ok(Self { wide: DirectRounding::new(scale, high)?, rounding })
    }

    /// The weights at `low` bits: the second rounding of step 1.
    ///
    /// # Errors
    /// If `low` is wider than the stored codes.
    pub fn decode_at(&self, code: &Packed, low: BitWidth) -> Result<Vec<f64>> {
        let switch = BitSwitch::new(self.wide.width(), low, self.rounding)?;
        // The code is widened, not the step, which could overflow: 0·∞ is no weight.
        let widened = |code| f64::from(switch.apply(code) << switch.shift());
        Ok(code.iter().map(|code| widened(code) * self.wide.scale()).collect())
    }

    /// The straight-through gradient of step 2 for one weight at `low` bits.
    ///
    /// # Errors
    /// If `weight` is not finite or `low` is wider than the stored codes.
    pub fn gradient(&self, weight: f64, low: BitWidth) -> Result<Gradient> {
        error::finite("weight", weight)?;
        let (high, scale) = (self.wide.width(), self.wide.scale());
        let switch = BitSwitch::new(high, low, self.rounding)?;
        let width = f64::from(1 << switch.shift());
        let narrow = f64::from(switch.apply(high.round(weight, scale))) * width;
        let position = weight / scale;
        let inside =
            position > f64::from(low.lowest()) * width && position < f64::from(low.highest()) * width;
        Ok(match inside {
            true => Gradient { weight: 1.0, scale: narrow - position },
            false => Gradient { weight: 0.0, scale: narrow },
        })
    }
}

impl<R> Quantizer for DoubleRounding<R> {
    type Code = Packed;

    fn encode(&self, weights: &[f64]) -> Result<Packed> {
        self.wide.encode(weights)
    }

    fn decode(&self, code: &Packed) -> Vec<f64> {
        self.wide.decode(code)
    }

    fn stored_bits(&self, code: &Packed) -> usize {
        self.wide.stored_bits(code)
    }
}

/// Unsigned activations with a step and an offset of their own for each width (Equations 4, 5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActivationQuantizer {
    scale: f64,
    zero: f64,
    width: BitWidth,
}

impl ActivationQuantizer {
    /// With step `scale` and offset `zero`, which is 0 after a ReLU.
    ///
    /// # Errors
    /// If `scale` is not positive and finite, or `zero` not finite.
    pub fn new(scale: f64, zero: f64, width: BitWidth) -> Result<Self> {
        Ok(Self { scale: error::positive("scale", scale)?, zero: error::finite("zero", zero)?, width })
    }

    /// clip(⌊(x − z)/s⌉, 0, 2^b − 1)·s + z, where x need not be finite; NaN gives the least value.
    pub fn quantize(&self, activation: f64) -> f64 {
        let largest = f64::from((1_u32 << self.width.bits()) - 1);
        let code = ((activation - self.zero) / self.scale).round_ties_even().max(0.0).min(largest);
        code * self.scale + self.zero
    }
}

/// η_b of Equation 7 for Δ = h − b.
pub fn learning_rate_factor(delta: u32) -> f64 {
    let power = |exponent: u32| 10_f64.powi(-(exponent as i32));
    if delta.is_multiple_of(2) { power(delta / 2) } else { 5.0 * power(delta.div_ceil(2)) }
}

/// λ_b of Equation 6: the learning rate of the steps at one bit width, Δ bits below the widest.
///
/// `gradients[i]` are the gradients of the steps of layer i. The result has the sign of λ minus their
/// mean clipped maximum, which may be negative.
///
/// # Errors
/// If `lambda` is not positive and finite, there is no layer, a layer has no step, or a gradient is
/// NaN (infinite ones are clipped).
pub fn step_learning_rate(lambda: f64, delta: u32, gradients: &[Vec<f64>]) -> Result<f64> {
    error::positive("lambda", lambda)?;
    error::at_least_one("layers", gradients.len())?;
    let mut total = 0.0;
    for layer in gradients {
        let clipped: Vec<f64> = layer.iter().map(|gradient| gradient.clamp(-1.0, 1.0)).collect();
        error::finite_slice("gradients", &clipped)?;
        total += clipped.iter().fold(0.0_f64, |largest, gradient| largest.max(gradient.abs())).min(1.0);
    }
    Ok(learning_rate_factor(delta) * (lambda - total / gradients.len() as f64))
}

/// The roulette of Algorithm 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Roulette {
    /// Not empty.
    candidates: Vec<BitWidth>,
}

impl Roulette {
    /// Over the candidate widths, in their order.
    ///
    /// # Errors
    /// If there is none.
    pub fn new(candidates: Vec<BitWidth>) -> Result<Self> {
        if candidates.is_empty() { Err(Error::Empty { name: "candidates" }) } else { Ok(Self { candidates }) }
    }

    /// A width for a layer whose Hessian trace is `trace` where the mean over the layers is `mean`.
    ///
    /// # Errors
    /// If a trace is not finite.
    pub fn draw(&self, trace: f64, mean: f64, rng: &mut dyn Rng) -> Result<BitWidth> {
        error::finite("trace", trace)?;
        error::finite("mean", mean)?;
        let spot = 1.0 - rng.random::<f64>(); // uniform on (0, 1]
        let total: u32 = self.candidates.iter().map(|width| width.bits()).sum();
        let mut sum = 0.0;
        for &width in &self.candidates {
            sum += match trace < mean {
                true => 1.0 / self.candidates.len() as f64,
                false => f64::from(width.bits()) / f64::from(total),
            };
            if sum >= spot {
                return Ok(width);
            }
        }
        // The probabilities may add up to a little less than 1.
        Ok(self.candidates[self.candidates.len() - 1])
    }
}

/// The search of step 5, its objective maximised.
#[derive(Debug, Clone, Copy, Default)]
pub struct HessianSearch;

impl HessianSearch {
    /// t_l / n_l: the mean Hessian trace per weight, by which layers are compared.
    ///
    /// # Errors
    /// If there is no layer, the lists differ in size, a trace is not finite or a layer has no weight.
    pub fn sensitivities(traces: &[f64], sizes: &[usize]) -> Result<Vec<f64>> {
        error::finite_slice("traces", traces)?;
        error::same_size("sizes", traces.len(), sizes.len())?;
        traces
            .iter()
            .zip(sizes)
            .map(|(t, &n)| Ok(t / error::at_least_one("size of a layer", n)? as f64))
            .collect()
    }
}

impl BitSearch for HessianSearch {
    fn search(
        &self,
        sensitivities: &[f64],
        candidates: &[BitWidth],
        mean_bits: f64,
    ) -> Result<Vec<BitWidth>> {
        error::finite_slice("sensitivities", sensitivities)?;
        error::at_least_one("candidates", candidates.len())?;
        error::positive("mean_bits", mean_bits)?;
        let total = mean_bits * sensitivities.len() as f64;
        let possible = 16.0 * sensitivities.len() as f64;
        if (total - total.round()).abs() > 1e-6 || total > possible {
            let requirement = "a mean that the candidates can have";
            return Err(Error::OutOfRange { name: "mean_bits", value: mean_bits, requirement });
        }
        let bits: Vec<usize> = candidates.iter().map(|width| width.bits() as usize).collect();
        let gain = |&sensitivity: &f64| bits.iter().map(|&b| sensitivity * b as f64).collect();
        let gains: Vec<Vec<f64>> = sensitivities.iter().map(gain).collect();
        let costs = vec![bits.clone(); sensitivities.len()];
        let choice = allocation::allocate(&gains, &costs, total.round() as usize)?;
        Ok(choice.into_iter().map(|c| candidates[c]).collect())
    }
}
