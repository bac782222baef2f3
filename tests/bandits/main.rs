//! Property tests of the area `bandits`.

#[path = "."]
mod bandits {
    mod bracketing_halving;
    mod contract;
    mod holo_beam;
    mod noisy_binary_search;
}
