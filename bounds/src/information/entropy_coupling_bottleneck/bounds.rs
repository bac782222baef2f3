//! The bounds, as functions of numbers. All in bits.

use std::f64::consts::{E, LOG2_E};

use ratebook::math::entropy::{binary_entropy, entropy};

/// (a + b)·h(a/(a + b)): the entropy that is lost when masses a and b merge.
pub fn merge_loss(a: f64, b: f64) -> f64 {
    (a + b) * binary_entropy(a / (a + b))
}

/// The second largest mass just before the last merge of Algorithm 1, whose binary entropy bounds the gap R − I(X;T).
///
/// Computed by sorting anew after every merge, as the paper states the algorithm. `None` if nothing is merged,
/// because H(p) ≤ R.
pub fn second_before_last_merge(source: &[f64], rate: f64) -> Option<f64> {
    let mut masses: Vec<f64> = source.iter().copied().filter(|&mass| mass > 0.0).collect();
    let mut second = None;
    while masses.len() > 1 && entropy(&masses) > rate {
        masses.sort_by(|a, b| b.total_cmp(a));
        second = Some(masses[1]);
        let n = masses.len();
        let small: Vec<f64> =
            masses[..n - 2].iter().copied().chain([masses[n - 2] + masses[n - 1]]).collect();
        if entropy(&small) <= rate {
            break;
        }
        masses[1] += masses[0];
        masses.remove(0);
    }
    second
}

/// 1 − log₂(s)/log₂(1/ε): the share of the best gain that Theorem 3's move keeps when H(T) rises by ε bits, if no
/// letter is more than s times as heavy as another.
///
/// Derived: a cell of mass c in a letter of mass a must move δ with ε = a·h(δ/a) ≈ δ·log₂(e·a/δ) and gains
/// ε − c·h(δ/c) ≈ δ·log₂(a/c). The prescribed cell k has the largest a/c, so against any other cell i it keeps at
/// least δ_k/δ_i = Λ_i/Λ_k with Λ = log₂(e·a/δ), that is 1 − (Λ_k − Λ_i)/Λ_k; and Λ_k − Λ_i ≈ log₂(a_k/a_i) while
/// Λ_k ≥ log₂(1/ε). Exact in the limit, to leading order before it.
pub fn gain_kept(spread: f64, epsilon: f64) -> f64 {
    1.0 - spread.log2() / -epsilon.log2()
}

/// 1 + log₂(s)/log₂(1/ε): how many times the least loss Theorem 3's move may lose when H(T) falls by ε bits, if no cell
/// is more than s times as heavy as another.
///
/// Derived: a cell of mass c that moves from a letter to one 2^b times as heavy moves δ ≈ ε/b and loses
/// ε + c·h(δ/c) ≈ ε·(1 + log₂(e·c·b/ε)/b). The prescribed cell has the largest b, so its excess over another cell is at
/// most ε·log₂(c_k·b_k/(c_i·b_i))/b_i of a loss of ε·(b_i + log₂(e·c_i·b_i/ε))/b_i; to leading order with b_k ≈ b_i.
pub fn loss_allowed(spread: f64, epsilon: f64) -> f64 {
    1.0 + spread.log2() / -epsilon.log2()
}

/// log₂(e)/e ≈ 0.5307 bits: greedy coupling of two laws above the optimum (Compton et al. 2023, arXiv 2302.11838).
pub fn greedy_over_optimum() -> f64 {
    LOG2_E / E
}

/// One bit: greedy coupling of two laws above the entropy of their meet, from memory; log₂ e = 1.4427 for any number
/// of laws (Compton 2022, arXiv 2203.05108).
pub fn greedy_over_meet() -> f64 {
    1.0
}

/// Letters ÷ messages: the accuracy with which the best receiver guesses one of n equally likely messages from a
/// deterministic letter. Derived: in each letter's cell one message is guessed right.
pub fn accuracy(letters: f64, messages: f64) -> f64 {
    letters / messages
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        // Merging 1/4 with 1/4 loses half a bit; 3/4 with 1/4 loses h(1/4) = 2 − (3/4)·log₂ 3.
        assert_eq!(merge_loss(0.25, 0.25), 0.5);
        assert_relative_eq!(merge_loss(0.75, 0.25), 2.0 - 0.75 * 3f64.log2(), max_relative = 1e-12);
        assert_relative_eq!(gain_kept(8.0, 2f64.powi(-12)), 0.75, max_relative = 1e-12);
        assert_relative_eq!(loss_allowed(8.0, 2f64.powi(-12)), 1.25, max_relative = 1e-12);
        assert_relative_eq!(greedy_over_optimum(), 0.530_737_845_423_043, max_relative = 1e-12);
        assert_eq!((greedy_over_meet(), accuracy(125.0, 512.0)), (1.0, 0.244_140_625));
    }

    #[test]
    fn the_last_merge_by_hand() {
        let p = [0.7, 0.2, 0.1];
        assert_eq!(second_before_last_merge(&p, 1.2), None);
        // {.7, .3} at once; {.9, .1} at once; {1} after {.9, .1}.
        assert_eq!(second_before_last_merge(&p, 1.0), Some(0.2));
        assert_eq!(second_before_last_merge(&p, 0.5), Some(0.2));
        assert_eq!(second_before_last_merge(&p, 0.1), Some(0.1));
    }

    quickcheck! {
        fn a_merge_loses_at_most_the_binary_entropy_of_the_smaller(a: u16, b: u16, rest: u16) -> bool {
            let (a, b) = (f64::from(a.max(b)) + 1.0, f64::from(a.min(b)) + 1.0);
            let total = a + b + f64::from(rest);
            let (a, b) = (a / total, b / total);
            let lost = entropy(&[a, b]) - entropy(&[a + b]);
            (merge_loss(a, b) - lost).abs() < 1e-12
                && lost <= binary_entropy(b) + 1e-12
                && merge_loss(a, b) <= merge_loss(a + 0.01, b) + 1e-15
        }

        fn smaller_steps_come_closer_to_the_optimum(spread: u8, exponent: u8) -> bool {
            let (spread, epsilon) = (f64::from(spread) + 1.0, 2f64.powi(-1 - i32::from(exponent)));
            gain_kept(spread, epsilon) <= gain_kept(spread, epsilon / 2.0)
                && (gain_kept(spread, epsilon) + loss_allowed(spread, epsilon) - 2.0).abs() < 1e-12
                && gain_kept(1.0, epsilon) == 1.0
        }
    }
}
