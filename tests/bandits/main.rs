//! Property tests of the area `bandits`.

#[path = "."]
mod bandits {
    mod ac_band;
    mod agents;
    mod bracketing_halving;
    mod contract;
    mod disbe_lucb;
    mod exp3_learning_rate_mle;
    mod feedback_graph;
    mod gap_misspecified;
    mod heteroscedastic_glm;
    mod holo_beam;
    mod multiplier_bootstrap;
    mod neural_contextual;
    mod noisy_binary_search;
    mod pareto_thompson;
    mod policies;
    mod primitives;
    mod quantized_linear;
    mod relaxation_tuning;
    mod replenishable_knapsacks;
    mod sparse_misspecified;
    mod stabl;
    mod streaming_arms;
    mod switching_costs;
    mod ue_ucb;
}
