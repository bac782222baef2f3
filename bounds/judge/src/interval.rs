//! Confidence intervals, and the distance between an empirical law and a stated one.
//!
//! Both limits of an [`Interval`] have their own error rate: each is wrong with probability at most
//! alpha, so that a one-sided claim reads one limit at level alpha and the whole interval misses with
//! probability at most 2·alpha.
//!
//! | what is known | interval |
//! |---|---|
//! | the values lie in a known range | [`empirical_bernstein`], valid for every n |
//! | light tails, n ≥ 30 | [`student`], exact for normal values |
//! | heavy tails, finite variance | [`median_of_means`] |
//! | counts of failures | [`clopper_pearson`], exact |
//! | a whole law | [`kolmogorov_smirnov`] against [`dkw_radius`] |
//!
//! A NaN among the values makes both limits NaN, so that no comparison with a bound holds.

use crate::quantile::{beta, beta_upper, binomial_cdf, student_t_upper};
use crate::sample::{mean, standard_error, variance};

/// A lower and an upper confidence limit, each wrong with probability at most alpha.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower limit.
    pub low: f64,
    /// The upper limit.
    pub high: f64,
}

impl Interval {
    /// What is known without data.
    const UNKNOWN: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };
    /// The answer to an input that keeps no promise: no comparison with it holds.
    const INVALID: Self = Self { low: f64::NAN, high: f64::NAN };
}

/// Student's interval for the mean: mean ∓ t·s/√n with n − 1 degrees of freedom.
///
/// Exact for normal values; for others approximate, good from about 30 values on when the law is not
/// strongly skewed. Fewer than two values say nothing of the spread: the interval is the whole line.
pub fn student(values: &[f64], alpha: f64) -> Interval {
    if values.len() < 2 {
        return Interval::UNKNOWN;
    }
    let t = student_t_upper(alpha, (values.len() - 1) as f64);
    let radius = t * standard_error(values);
    let center = mean(values);
    Interval { low: center - radius, high: center + radius }
}

/// The empirical Bernstein interval for the mean of values in the closed `range` (Maurer and Pontil
/// 2009, Theorem 4): with V the unbiased variance of values scaled to [0, 1] and L = ln(2/alpha), the
/// radius is √(2·V·L/n) + 7·L/(3·(n − 1)). It holds for every n ≥ 2; fewer values give the range.
///
/// The limits are clipped to the range. A value outside the range (by more than rounding: 1e-9 of its
/// width) breaks the promise on which the theorem rests, and makes both limits NaN; so does a range
/// that is empty or not finite.
pub fn empirical_bernstein(values: &[f64], range: (f64, f64), alpha: f64) -> Interval {
    let (bottom, top) = range;
    let width = top - bottom;
    let slack = 1e-9 * width;
    let inside = |v: &f64| *v >= bottom - slack && *v <= top + slack;
    if !(width > 0.0 && width.is_finite() && values.iter().all(inside)) {
        return Interval::INVALID;
    }
    if values.len() < 2 {
        return Interval { low: bottom, high: top };
    }
    let n = values.len() as f64;
    let log = (2.0 / alpha).ln();
    let radius = (2.0 * variance(values) * log / n).sqrt() + width * 7.0 * log / (3.0 * (n - 1.0));
    let center = mean(values);
    Interval { low: (center - radius).clamp(bottom, top), high: (center + radius).clamp(bottom, top) }
}

/// The median-of-means interval: the values are cut into `blocks` consecutive blocks of equal size, and
/// the interval runs from the k-th smallest to the k-th largest block mean, k being the largest with
/// P(Binomial(blocks, 1/2) < k) ≤ alpha (the sign test, valid for every n and every law).
///
/// What it needs: independent values; the interval then covers the median of the block mean's law. That
/// median is the mean when the law is symmetric, and differs from it by at most one standard
/// deviation of a block mean, σ·√(blocks/n), when it is not; so blocks should be few and large. At
/// least log₂(1/alpha) blocks are needed (10 at alpha = 1e-3, 20 at 1e-6): with fewer the interval is
/// the whole line. The last `n mod blocks` values join no block, since the blocks must have one law.
pub fn median_of_means(values: &[f64], blocks: usize, alpha: f64) -> Interval {
    if !values.iter().all(|v| v.is_finite()) {
        return Interval::INVALID;
    }
    let size = values.len().checked_div(blocks).unwrap_or(0);
    if size == 0 {
        return Interval::UNKNOWN;
    }
    let mut means: Vec<f64> = values.chunks_exact(size).take(blocks).map(mean).collect();
    means.sort_by(f64::total_cmp);
    match (0..blocks).take_while(|&k| binomial_cdf(k, blocks, 0.5) <= alpha).count() {
        0 => Interval::UNKNOWN,
        k => Interval { low: means[k - 1], high: means[blocks - k] },
    }
}

/// The exact interval of Clopper and Pearson for the probability of a failure, from `failures` among
/// `n` independent trials. No trials give [0, 1]; more failures than trials give NaN.
pub fn clopper_pearson(failures: usize, n: usize, alpha: f64) -> Interval {
    if failures > n {
        return Interval::INVALID;
    }
    let (k, rest) = (failures as f64, (n - failures) as f64);
    Interval {
        low: if failures == 0 { 0.0 } else { beta(alpha, k, rest + 1.0) },
        high: if failures == n { 1.0 } else { beta_upper(alpha, k + 1.0, rest) },
    }
}

/// The Kolmogorov–Smirnov distance sup |F_n − F| between the values' empirical law and the law whose
/// distribution function is `cdf`.
///
/// Ties and jumps of `cdf` are allowed: the supremum is attained at a value or just below one, and both
/// are looked at. It is NaN without values, or when a value or `cdf` is NaN.
pub fn kolmogorov_smirnov(values: &[f64], cdf: impl Fn(f64) -> f64) -> f64 {
    if values.is_empty() || values.iter().any(|v| v.is_nan()) {
        return f64::NAN;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let (mut distance, mut below) = (0.0, 0);
    for ties in sorted.chunk_by(|a, b| a == b) {
        let upto = below + ties.len();
        let just_below = (cdf(ties[0].next_down()) - below as f64 / n).abs();
        let at = (cdf(ties[0]) - upto as f64 / n).abs();
        for gap in [just_below, at] {
            // `f64::max` would drop a NaN.
            if gap.is_nan() {
                return f64::NAN;
            }
            distance = gap.max(distance);
        }
        below = upto;
    }
    distance
}

/// The distance that [`kolmogorov_smirnov`] exceeds with probability at most alpha when the `n` values
/// do follow the law: √(ln(2/alpha)/(2·n)), with Massart's constant, for every law and every n.
pub fn dkw_radius(n: usize, alpha: f64) -> f64 {
    ((2.0 / alpha).ln() / (2.0 * n as f64)).sqrt()
}
