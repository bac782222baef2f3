//! What the papers of the area `bandits` promise.

pub mod bracketing_halving;
pub mod exp3_learning_rate_mle;
pub mod noisy_binary_search;
pub mod replenishable_knapsacks;
pub mod sparse_misspecified;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![
        bracketing_halving::paper(),
        exp3_learning_rate_mle::paper(),
        noisy_binary_search::paper(),
        replenishable_knapsacks::paper(),
        sparse_misspecified::paper(),
    ]
}
