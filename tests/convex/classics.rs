//! One file per classic; what they have in common is here.

mod gradient_descent;
mod lower_bound_smooth;
mod nesterov_accelerated;

use ratebook::convex::{Method, Objective, Run};
use ratebook_test_support::rng;

/// The output after `steps` steps from `x0`.
fn run(
    method: &impl Method<dyn Objective>,
    f: &(dyn Objective + 'static),
    x0: &[f64],
    steps: usize,
) -> Vec<f64> {
    let mut run = Run::start(method, f, x0).unwrap();
    run.advance(steps, &mut rng(0)).unwrap().to_vec()
}

fn close(x: &[f64], y: &[f64], tolerance: f64) -> bool {
    x.len() == y.len() && x.iter().zip(y).all(|(x, y)| (x - y).abs() <= tolerance)
}
