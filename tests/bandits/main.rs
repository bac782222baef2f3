//! Property tests of the area `bandits`.

#[path = "."]
mod bandits {
    mod ac_band;
    mod bracketing_halving;
    mod contract;
    mod exp3_learning_rate_mle;
    mod holo_beam;
    mod noisy_binary_search;
    mod relaxation_tuning;
    mod replenishable_knapsacks;
    mod sparse_misspecified;
}
