//! Property tests of the area `bandits`.

#[path = "."]
mod bandits {
    mod agents;
    mod bracketing_halving;
    mod contract;
    mod noisy_binary_search;
    mod pareto_thompson;
    mod quantized_linear;
}
