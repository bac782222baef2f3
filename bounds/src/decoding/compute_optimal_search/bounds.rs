//! The bounds, as functions of numbers.

/// 1 − (√a − √b)²: what each sample multiplies the chance by that an answer of probability b gets at least as
/// many votes as one of probability a > b.
///
/// Derived (Chernoff): a vote moves the lead by X = −1, 1 or 0 with probabilities a, b, 1 − a − b, and
/// min over s of E exp(sX) = 1 − a − b + 2√(ab).
fn per_sample(mode: f64, other: f64) -> f64 {
    1.0 - (mode.sqrt() - other.sqrt()).powi(2)
}

/// Σ (1 − (√π(y*) − √π(y))²)^n over the other answers: the probability that a majority of n samples is wrong,
/// ties counted as wrong, where the right answer is the mode (Theorem 1 made explicit).
pub fn majority_error(mode: f64, others: &[f64], samples: f64) -> f64 {
    others.iter().map(|&other| per_sample(mode, other).powf(samples)).sum()
}

/// −ln(1 − (√π(y*) − √π(y))²) for the most probable other answer: the rate at which the error of the majority
/// falls with the number of samples.
pub fn majority_exponent(mode: f64, others: &[f64]) -> f64 {
    others.iter().map(|&other| -per_sample(mode, other).ln()).fold(f64::INFINITY, f64::min)
}

/// 1 − (1 − (1 − p)^N)^D: the probability that REBASE with N solutions and a perfect reward model misses in a
/// tree of D steps.
///
/// Derived: right prefixes take the whole budget (a wrong one gets N·exp(−10) of it, rounded to nothing), so
/// that each depth draws N fresh steps and goes on unless all are wrong.
pub fn rebase_misses(right: f64, samples: f64, depth: f64) -> f64 {
    1.0 - (1.0 - (1.0 - right).powf(samples)).powf(depth)
}

/// D·(1 − p)^N, at least [`rebase_misses`].
pub fn rebase_misses_at_most(right: f64, samples: f64, depth: f64) -> f64 {
    depth * (1.0 - right).powf(samples)
}

/// (1 − p^D)^N: the probability that N independent solutions of D steps are all wrong.
pub fn sampling_misses(right: f64, samples: f64, depth: f64) -> f64 {
    (1.0 - right.powf(depth)).powf(samples)
}

/// ln(1 − 2^(−1/D))/ln(1 − p), rounded up: the least N for which [`rebase_misses`] is at most ½.
pub fn rebase_samples(right: f64, depth: f64) -> f64 {
    ((1.0 - 0.5f64.powf(1.0 / depth)).ln() / (1.0 - right).ln()).ceil()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        // √0.64 − √0.36 = 0.2 and √0.64 − 0 = 0.8.
        assert_relative_eq!(majority_error(0.64, &[0.36], 2.0), 0.96 * 0.96, max_relative = 1e-12);
        assert_relative_eq!(majority_error(0.64, &[0.36, 0.0], 1.0), 0.96 + 0.36, max_relative = 1e-12);
        assert_relative_eq!(majority_exponent(0.64, &[0.36, 0.0]), -(0.96f64.ln()), max_relative = 1e-12);
        assert_relative_eq!(rebase_misses(0.5, 2.0, 2.0), 0.4375, max_relative = 1e-12);
        assert_relative_eq!(rebase_misses_at_most(0.5, 2.0, 2.0), 0.5, max_relative = 1e-12);
        assert_relative_eq!(sampling_misses(0.5, 2.0, 2.0), 0.5625, max_relative = 1e-12);
        assert_eq!([4.0, 8.0, 16.0, 24.0].map(|depth| rebase_samples(0.5, depth)), [3.0, 4.0, 5.0, 6.0]);
    }

    fn unit(x: u8) -> f64 {
        (f64::from(x) + 1.0) / 257.0
    }

    quickcheck! {
        fn searching_misses_less_than_sampling(p: u8, n: u8, d: u8) -> bool {
            let (p, n, d) = (unit(p), f64::from(n % 40) + 1.0, f64::from(d % 40) + 1.0);
            let misses = rebase_misses(p, n, d);
            misses <= sampling_misses(p, n, d) + 1e-12 && misses <= rebase_misses_at_most(p, n, d) + 1e-12
        }

        fn half_is_reached_first_at_the_samples(p: u8, d: u8) -> bool {
            let (p, d) = (unit(p), f64::from(d % 60) + 1.0);
            let samples = rebase_samples(p, d);
            rebase_misses(p, samples, d) <= 0.5 + 1e-9 && rebase_misses(p, samples - 1.0, d) >= 0.5 - 1e-9
        }

        fn more_votes_err_less(mode: u8, share: u8, n: u8) -> bool {
            let mode = 0.5 + unit(mode) / 2.0;
            let others = [unit(share) * (1.0 - mode), (1.0 - unit(share)) * (1.0 - mode)];
            let n = f64::from(n);
            let now = majority_error(mode, &others, n);
            majority_error(mode, &others, n + 1.0) <= now
                && now <= 2.0 * (-n * majority_exponent(mode, &others)).exp() * (1.0 + 1e-9)
        }
    }
}
