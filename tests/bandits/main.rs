//! Property tests of the area `bandits`.

#[path = "."]
mod bandits {
    mod bracketing_halving;
    mod contract;
    mod feedback_graph;
    mod noisy_binary_search;
    mod primitives;
    mod stabl;
    mod switching_costs;
}
