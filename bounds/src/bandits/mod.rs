//! What the papers of the area `bandits` promise.

pub mod ac_band;
pub mod bracketing_halving;
pub mod disbe_lucb;
pub mod exp3_learning_rate_mle;
pub mod feedback_graph;
pub mod gap_misspecified;
pub mod heteroscedastic_glm;
pub mod holo_beam;
pub mod multiplier_bootstrap;
pub mod neural_contextual;
pub mod noisy_binary_search;
pub mod pareto_thompson;
pub mod quantized_linear;
pub mod relaxation_tuning;
pub mod replenishable_knapsacks;
pub mod sparse_misspecified;
pub mod stabl;
pub mod streaming_arms;
pub mod switching_costs;
pub mod ue_ucb;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![
        ac_band::paper(),
        bracketing_halving::paper(),
        disbe_lucb::paper(),
        exp3_learning_rate_mle::paper(),
        feedback_graph::paper(),
        gap_misspecified::paper(),
        heteroscedastic_glm::paper(),
        holo_beam::paper(),
        multiplier_bootstrap::paper(),
        neural_contextual::paper(),
        noisy_binary_search::paper(),
        pareto_thompson::paper(),
        quantized_linear::paper(),
        relaxation_tuning::paper(),
        replenishable_knapsacks::paper(),
        sparse_misspecified::paper(),
        stabl::paper(),
        streaming_arms::paper(),
        switching_costs::paper(),
        ue_ucb::paper(),
    ]
}
