//! What *SpecDec++: Boosting Speculative Decoding via Adaptive Candidate Lengths* promises.

mod bounds;
mod cost;
mod output;

use rand::seq::SliceRandom;
use ratebook::decoding::Lossless;
use ratebook::decoding::baselines::{DiscardLast, DropRejected, NoBonus, Redraft};
use ratebook::decoding::spec_dec::Threshold;
use ratebook_judge::Paper;

pub use bounds::{best_fixed_length_cost, fixed_length_cost, stopping_threshold, tokens_per_round};
use cost::LastOnly;
pub use cost::{gain, gain_with_a_head, no_gain, optimal_threshold};
pub use output::{emitted_per_round, lossless};

/// The longest draft where a policy chooses, as in the paper.
const LONGEST: usize = 20;

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new("decoding/spec_dec", "SpecDec++: Boosting Speculative Decoding via Adaptive Candidate Lengths")
        .arxiv("2405.19715")
        .seed_line(275)
        .claim(
            optimal_threshold(|oracle, optimum| Threshold::new(oracle, optimum.threshold, 0, LONGEST))
                .control(
                    "looks at the last token only",
                    optimal_threshold(|oracle, optimum| {
                        Ok(LastOnly { oracle, threshold: optimum.threshold })
                    }),
                )
                .control(
                    "half the threshold",
                    optimal_threshold(|oracle, optimum| {
                        Threshold::new(oracle, optimum.threshold / 2.0, 0, LONGEST)
                    }),
                ),
        )
        .claim(
            lossless(Lossless::new)
                .control("redraws a rejected token from the draft", lossless(|k| Redraft(Lossless::new(k))))
                .control("drops a rejected token", lossless(|k| DropRejected(Lossless::new(k))))
                .control("takes the last token back unverified", lossless(|k| DiscardLast(Lossless::new(k)))),
        )
        .claim(
            gain(&[0.0, 0.95], &[0.2, 0.8], true)
                .control("predicts the mean", gain(&[0.0, 0.95], &[0.2, 0.8], false)),
        )
        .claim(no_gain(&[0.8], &[1.0]).control("acceptance that varies", no_gain(&[0.0, 0.95], &[0.2, 0.8])))
        .claim(gain_with_a_head(|examples, _| examples).control(
            "labels shuffled",
            gain_with_a_head(|mut examples, streams| {
                let mut labels: Vec<f64> = examples.iter().map(|example| example.label).collect();
                labels.shuffle(&mut streams.algorithm);
                examples.iter_mut().zip(labels).for_each(|(example, label)| example.label = label);
                examples
            }),
        ))
        .claim(
            emitted_per_round(Lossless::new)
                .control("counts no bonus token", emitted_per_round(|k| NoBonus(Lossless::new(k)))),
        )
}
