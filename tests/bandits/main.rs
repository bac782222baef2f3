//! Property tests of the area `bandits`.

#[path = "."]
mod bandits {
    mod bracketing_halving;
    mod contract;
    mod exp3_learning_rate_mle;
    mod noisy_binary_search;
    mod replenishable_knapsacks;
    mod sparse_misspecified;
}
