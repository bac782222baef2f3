//! What *mbrs: A Library for Minimum Bayes Risk Decoding* promises.

mod cheaper;
mod choice;

use ratebook::decoding::minimum_bayes_risk::aggregate::{Centroids, closeness, inner_product_scores, mean};
use ratebook::decoding::minimum_bayes_risk::low_rank::Completion;
use ratebook::decoding::minimum_bayes_risk::prune::Pruning;
use ratebook::decoding::minimum_bayes_risk::utility::f_score;
use ratebook::math::vector::dot;
use ratebook_judge::Paper;

pub use cheaper::{aggregation, completion, pruned_agreement, pruned_calls};
use choice::{mode_alone, most_probable, plain};
pub use choice::{near_copies, regret_bound};

/// 2√(ln(2|H|/δ)/(2N)): with probability at least 1 − δ the chosen of |H| hypotheses is no further below the
/// best one in expected utility, N references drawn independently of the hypotheses, utilities in [0, 1].
///
/// Derived: Hoeffding's inequality for each hypothesis, two-sided, and a union over them; the chosen and the
/// best one are each off by half of it.
pub fn utility_loss(hypotheses: f64, references: f64, delta: f64) -> f64 {
    2.0 * ((2.0 * hypotheses / delta).ln() / (2.0 * references)).sqrt()
}

/// q + (m − q)·s: the expected utility of one of many near-copies of mass q each and m together that have the
/// utility s for one another and 1 for themselves.
pub fn near_copy_utility(each: f64, together: f64, likeness: f64) -> f64 {
    each + (together - each) * likeness
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let f1 = |h: &[f64], r: &[f64]| {
        let matched = h.iter().zip(r).map(|(a, b)| a.min(*b)).sum();
        f_score(1.0, matched, h.iter().sum(), r.iter().sum())
    };
    let centroid = |hypotheses: &[Vec<f64>], references: &[Vec<f64>]| {
        let one = Centroids { points: vec![mean(references)?], sizes: vec![references.len() as f64] };
        one.scores(hypotheses, closeness)
    };
    let aggregated_f1 = move |hypotheses: &[Vec<f64>], references: &[Vec<f64>]| {
        let mean = mean(references)?;
        Ok(hypotheses.iter().map(|h| f1(h, &mean)).collect())
    };
    Paper::new("decoding/minimum_bayes_risk", "mbrs: A Library for Minimum Bayes Risk Decoding")
        .arxiv("2408.04167")
        .seed_line(239)
        .claim(
            regret_bound(plain)
                .control("the most probable hypothesis", regret_bound(most_probable))
                .control("references from the mode alone", regret_bound(mode_alone)),
        )
        .claim(near_copies(0.9).control("exact match as utility", near_copies(0.0)))
        .claim(
            aggregation(dot, inner_product_scores)
                .peer("one centroid under squared distance", aggregation(closeness, centroid))
                .control("F1 against the mean reference", aggregation(f1, aggregated_f1)),
        )
        .claim(
            pruned_agreement(Pruning::standard)
                .control("α = 0.5", pruned_agreement(|| Pruning::new(&[8, 16, 32, 64, 128, 256], 0.5, 500))),
        )
        .claim(
            pruned_calls(Pruning::standard)
                .control("no pruning", pruned_calls(|| Pruning::new(&[], 0.99, 1))),
        )
        .claim(
            completion(|entries, rng| {
                Completion::new(4, 0.1, 10)?.row_means(cheaper::SIZE, cheaper::SIZE, entries, rng)
            })
            .control(
                "unobserved utilities taken as zero",
                completion(|entries, _| Ok(cheaper::zero_filled(entries))),
            ),
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        // ln(2·64/0.05)/(2·2048) = ln 2560/4096.
        assert_relative_eq!(
            utility_loss(64.0, 2048.0, 0.05),
            2.0 * (2560f64.ln() / 4096.0).sqrt(),
            max_relative = 1e-12
        );
        assert_relative_eq!(utility_loss(0.5, 0.5, (-4f64).exp()), 4.0, max_relative = 1e-12);
        assert_relative_eq!(near_copy_utility(0.01, 0.9, 0.9), 0.811, max_relative = 1e-12);
    }

    quickcheck! {
        fn four_times_the_references_halve_the_loss(h: u8, n: u8, delta: u8) -> bool {
            let (h, n, delta) = (f64::from(h) + 1.0, f64::from(n) + 1.0, (f64::from(delta) + 1.0) / 257.0);
            (2.0 * utility_loss(h, 4.0 * n, delta) / utility_loss(h, n, delta) - 1.0).abs() < 1e-12
                && utility_loss(h + 1.0, n, delta) > utility_loss(h, n, delta)
        }

        fn utilities_lie_between_the_masses(each: u8, copies: u8, likeness: u8) -> bool {
            let (copies, likeness) = (f64::from(copies) + 1.0, f64::from(likeness) / 255.0);
            let each = (f64::from(each) + 1.0) / 257.0 / copies;
            let utility = near_copy_utility(each, each * copies, likeness);
            each <= utility * (1.0 + 1e-12) && utility <= each * copies * (1.0 + 1e-12)
        }
    }
}
