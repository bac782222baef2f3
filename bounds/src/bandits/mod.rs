//! What the papers of the area `bandits` promise.

pub mod bracketing_halving;
pub mod multiplier_bootstrap;
pub mod noisy_binary_search;
pub mod streaming_arms;
pub mod ue_ucb;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![
        bracketing_halving::paper(),
        multiplier_bootstrap::paper(),
        noisy_binary_search::paper(),
        streaming_arms::paper(),
        ue_ucb::paper(),
    ]
}
