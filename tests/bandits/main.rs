//! Property tests of the area `bandits`.

#[path = "."]
mod bandits {
    mod bracketing_halving;
    mod contract;
    mod gap_misspecified;
    mod noisy_binary_search;
}
