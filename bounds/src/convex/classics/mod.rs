//! What the classics of *Convex Optimization: Algorithms and Complexity* promise, one file each.
//!
//! Everything is stated for β = 1 and R = |x_1 − x*| = 1, which loses nothing: scaling the function scales
//! both sides, and so does scaling the space. A method of your own is handed to a claim tuned to β = 1.

pub mod certificate;
pub mod gradient_descent;
pub mod lower_bound_smooth;
pub mod nesterov_accelerated;

use rand::Rng;
use ratebook::Result;
use ratebook::convex::instances::{DiagonalQuadratic, Huber};
use ratebook::convex::{Method, Objective, Run, Solved};
use ratebook_judge::Paper;

/// The paper and its claims.
pub fn paper() -> Paper {
    let paper = Paper::new("convex/classics", "Convex Optimization: Algorithms and Complexity");
    [gradient_descent::claims(), nesterov_accelerated::claims(), lower_bound_smooth::claims()]
        .concat()
        .into_iter()
        .fold(paper.arxiv("1405.4980").seed_line(141), Paper::claim)
}

/// A method for β-smooth functions, fit to be part of a claim.
pub trait SmoothMethod: Method<dyn Objective> + Send + Sync + 'static {}

impl<M: Method<dyn Objective> + Send + Sync + 'static> SmoothMethod for M {}

/// The gap f(x) − f(x*) after `steps` steps from `x0`.
fn gap_after(
    method: &impl SmoothMethod,
    f: &(dyn Solved + 'static),
    x0: &[f64],
    steps: usize,
    rng: &mut dyn Rng,
) -> Result<f64> {
    let objective: &dyn Objective = f;
    let mut run = Run::start(method, objective, x0)?;
    Ok(f.gap(run.advance(steps, rng)?))
}

/// The gaps from x_1 = 1 on functions of one variable with β = 1: Huber's with 200 radii from 10⁻⁸ to 1, and
/// parabolas with 20 curvatures. The worst of them is within 0.3 % of the worst of all radii.
fn gaps_in_one_dimension(method: &impl SmoothMethod, steps: usize, rng: &mut dyn Rng) -> Result<Vec<f64>> {
    let radii = (0..200).map(|i| 10f64.powf(-8.0 * f64::from(i) / 199.0));
    let curvatures = (1..=20).map(|i| f64::from(i) / 20.0);
    let hubers = radii.map(|tau| Ok(Box::new(Huber::new(1.0, tau)?) as Box<dyn Solved>));
    let parabolas =
        curvatures.map(|c| Ok(Box::new(DiagonalQuadratic::new(&[c], &[0.0])?) as Box<dyn Solved>));
    hubers.chain(parabolas).map(|f| gap_after(method, &*f?, &[1.0], steps, rng)).collect()
}

/// The largest value of `f` between `low` and `high`: the best of a grid, and five finer grids around it.
fn maximum(low: f64, high: f64, mut f: impl FnMut(f64) -> Result<f64>) -> Result<f64> {
    let (mut low, mut high, mut best) = (low, high, (f64::NEG_INFINITY, low));
    for round in 0..6 {
        let cells = if round == 0 { 1000 } else { 20 };
        let width = (high - low) / f64::from(cells);
        for i in 0..=cells {
            let x = low + f64::from(i) * width;
            let value = f(x)?;
            if value > best.0 {
                best = (value, x);
            }
        }
        (low, high) = ((best.1 - width).max(low), (best.1 + width).min(high));
    }
    Ok(best.0)
}
