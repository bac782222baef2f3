//! Property tests of the area `bandits`.

#[path = "."]
mod bandits {
    mod bracketing_halving;
    mod contract;
    mod multiplier_bootstrap;
    mod noisy_binary_search;
    mod streaming_arms;
    mod ue_ucb;
}
