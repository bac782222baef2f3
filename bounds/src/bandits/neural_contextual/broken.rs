//! The kernels and moves of the controls.

use ratebook::bandits::neural_contextual::Network;
use ratebook::math::vector::dot;

use super::{aligned, shifted};

/// exp((cosθ − 1)/0.1²), smooth of every order.
pub(super) fn gaussian(cosine: f64) -> f64 {
    ((cosine - 1.0) / 0.01).exp()
}

/// The tangent without its constant c_s.
pub(super) fn unnormalised(network: &Network, x: &[f64], y: &[f64]) -> ratebook::Result<f64> {
    Ok(network.tangent(x, y)? / normaliser(network))
}

/// c_s, from the diagonal: k_s(x, x) = c_s s² (2s − 3)!!/2.
fn normaliser(network: &Network) -> f64 {
    2.0 / (1..=network.power()).map(|i| f64::from(2 * i - 1)).product::<f64>()
}

/// The kernel of the last layer: c_s/m·Σ σ_s(⟨w, x⟩)σ_s(⟨w, y⟩).
pub(super) fn last_layer(network: &Network, x: &[f64], y: &[f64]) -> ratebook::Result<f64> {
    let output = |w: &[f64], x: &[f64]| dot(w, x).max(0.0).powi(network.power() as i32);
    let sum: f64 = network.weights().chunks_exact(x.len()).map(|w| output(w, x) * output(w, y)).sum();
    Ok(normaliser(network) / network.width() as f64 * sum)
}

pub(super) fn both_layers(network: &Network, x: &[f64], y: &[f64]) -> ratebook::Result<f64> {
    Ok(network.tangent(x, y)? + last_layer(network, x, y)?)
}

/// W₀ with each neuron moved by its sign times R·x/√m: the second-order terms cancel.
pub(super) fn signed(network: &Network, x: &[f64], distance: f64) -> Vec<f64> {
    shifted(network, x, distance, |sign| sign)
}

/// f(x; W) − f(x; W₀), which is of first order in the distance.
pub(super) fn first_order(network: &Network, x: &[f64], distance: f64) -> ratebook::Result<f64> {
    Ok(network.value(&aligned(network, x, distance), x)? - network.value(network.weights(), x)?)
}
