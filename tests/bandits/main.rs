//! Property tests of the area `bandits`.

#[path = "."]
mod bandits {
    mod bracketing_halving;
    mod contract;
    mod gap_misspecified;
    mod heteroscedastic_glm;
    mod neural_contextual;
    mod noisy_binary_search;
}
