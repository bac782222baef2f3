//! What the papers of the area `bandits` promise.

pub mod bracketing_halving;
pub mod noisy_binary_search;
pub mod pareto_thompson;
pub mod quantized_linear;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![
        bracketing_halving::paper(),
        noisy_binary_search::paper(),
        pareto_thompson::paper(),
        quantized_linear::paper(),
    ]
}
