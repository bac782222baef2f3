//! What the papers of the area `bandits` promise.

pub mod bracketing_halving;
pub mod feedback_graph;
pub mod noisy_binary_search;
pub mod stabl;
pub mod switching_costs;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![
        bracketing_halving::paper(),
        feedback_graph::paper(),
        noisy_binary_search::paper(),
        stabl::paper(),
        switching_costs::paper(),
    ]
}
