//! What the papers of the area `bandits` promise.

pub mod bracketing_halving;
pub mod gap_misspecified;
pub mod heteroscedastic_glm;
pub mod neural_contextual;
pub mod noisy_binary_search;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![
        bracketing_halving::paper(),
        gap_misspecified::paper(),
        heteroscedastic_glm::paper(),
        neural_contextual::paper(),
        noisy_binary_search::paper(),
    ]
}
