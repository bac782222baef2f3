//! Zero-concentrated differential privacy: the accountant.
//!
//! A mechanism is $\rho$-zCDP when $D_\alpha(M(x) \Vert M(x')) \le \rho\,\alpha$ for all neighbours
//! $x, x'$ and all $\alpha > 1$ (Bun and Steinke 2016, arXiv 1605.02065). The cost is additive over
//! releases, adaptively chosen ones included, and unharmed by post-processing, so an accountant is a
//! sum. This file holds the prices and the exchange to $(\varepsilon, \delta)$.

use crate::error::{Error, Result, non_negative, open_unit, positive};

/// The ρ of releasing a statistic of the given `sensitivity` ≥ 0 with noise N(0, `sigma`²): Δ²/(2σ²).
///
/// # Errors
/// `sensitivity` negative, `sigma` not positive, either not finite.
pub fn gaussian_cost(sensitivity: f64, sigma: f64) -> Result<f64> {
    Ok((non_negative("sensitivity", sensitivity)? / positive("sigma", sigma)?).powi(2) / 2.0)
}

/// The noise that makes a statistic of the given `sensitivity` ρ-zCDP: σ = Δ/√(2ρ). An infinite
/// budget buys a release without noise.
///
/// # Errors
/// `sensitivity` negative or not finite; `rho` not positive.
pub fn gaussian_sigma(sensitivity: f64, rho: f64) -> Result<f64> {
    Ok(non_negative("sensitivity", sensitivity)? / (2.0 * budget(rho)?).sqrt())
}

/// The ε of an exponential mechanism that costs ρ: ε²/8 = ρ, because the mechanism exp(ε·score/2)
/// with scores of sensitivity 1 has log-probability ratios in a range of width ε (Cesar and Rogers
/// 2021, arXiv 2004.07223); the older ε²/2 ignores that and pays four times as much.
///
/// # Errors
/// `rho` not positive.
pub fn exponential_epsilon(rho: f64) -> Result<f64> {
    Ok((8.0 * budget(rho)?).sqrt())
}

/// The ε of the (ε, δ) guarantee that ρ-zCDP implies: ε = ρ + 2·√(ρ·ln(1/δ)).
///
/// # Errors
/// `rho` negative or not finite, `delta` outside (0, 1).
pub fn epsilon(rho: f64, delta: f64) -> Result<f64> {
    let log = -open_unit("delta", delta)?.ln();
    Ok(non_negative("rho", rho)? + 2.0 * (rho * log).sqrt())
}

/// The largest ρ whose guarantee at `delta` is at most `epsilon`: √ρ = √(ln(1/δ) + ε) − √ln(1/δ).
///
/// # Errors
/// `epsilon` negative or not finite, `delta` outside (0, 1).
pub fn rho(epsilon: f64, delta: f64) -> Result<f64> {
    let log = -open_unit("delta", delta)?.ln();
    let epsilon = non_negative("epsilon", epsilon)?;
    // The difference of roots, rationalised: no cancellation at small ε.
    Ok((epsilon / ((log + epsilon).sqrt() + log.sqrt())).powi(2))
}

/// Refuses everything but 0 < ρ ≤ ∞; infinity is the budget of a run without noise.
pub fn budget(rho: f64) -> Result<f64> {
    let ok = rho > 0.0;
    let refusal =
        Error::OutOfRange { name: "rho", value: rho, requirement: "positive (or infinite: no noise)" };
    if ok { Ok(rho) } else { Err(refusal) }
}
