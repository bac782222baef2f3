//! The recursion of the expected error against the algorithm itself.

use ratebook::math::sequences::sequences;
use ratebook::online::drifting_schedule::sgd::{Batch, LinearSgd, Stream};
use ratebook::online::drifting_schedule::{Course, Drift, Regression};
use ratebook_judge::{Claim, Source, Streams, Tolerance};

/// A wrong recursion: E S² = (1 + d/B)I, as if a normal input had fourth moment 2 instead of 3 along itself.
pub(super) fn without_fourth_moment(regression: &Regression, v: f64, eta: f64) -> f64 {
    regression.after_step(v, eta) - v * eta * eta / regression.batch() as f64
}

/// An Euler step of the differential equation v̇ = −2ηv + η²((d + 1)v + dσ²)/B: the limit of small steps, in
/// which the η²v of (1 − η)² is lost.
pub(super) fn small_steps(regression: &Regression, v: f64, eta: f64) -> f64 {
    regression.after_step(v, eta) - v * eta * eta
}

/// The expectation of a polynomial of degree at most 5 in every standard normal variable is its mean over these
/// nodes with these weights (three-point Gauss–Hermite).
const NODES: [(f64, f64); 3] = [(-SQRT_3, 1.0 / 6.0), (0.0, 2.0 / 3.0), (SQRT_3, 1.0 / 6.0)];
const SQRT_3: f64 = 1.732_050_807_568_877_2;

/// E‖θ′ − θ*‖² after one step of the algorithm, exactly: the squared error has degree 4 in the inputs and 2 in the
/// label noise, so going through all nodes of both gives the expectation over normal variables.
fn expected_error(regression: &Regression, start: &[f64], eta: f64) -> ratebook::Result<f64> {
    let (d, b) = (regression.dim(), regression.batch());
    let mut total = 0.0;
    for inputs in sequences(&NODES, d * b) {
        let weight: f64 = inputs.iter().map(|(_, weight)| weight).product();
        for signs in sequences(&[-1.0, 1.0], b) {
            // θ* = 0, so the labels are noise.
            let labels = signs.iter().map(|sign| sign * regression.sigma()).collect();
            let batch = Batch::new(d, inputs.iter().map(|(node, _)| *node).collect(), labels)?;
            let mut sgd = LinearSgd::new(start.to_vec())?;
            sgd.step(eta, &batch)?;
            total +=
                weight * sgd.theta().iter().map(|theta| theta * theta).sum::<f64>() / 2f64.powi(b as i32);
        }
    }
    Ok(total)
}

/// One step takes the expected squared error to v[(1 − η)² + η²(d + 1)/B] + η²dσ²/B.
///
/// Derived: θ′ − θ* = (I − ηS)(θ − θ*) + η·noise with S = (1/B)Σxxᵀ, E S = I and E S² = (1 + (d + 1)/B)I.
pub fn one_step(recursion: impl Fn(&Regression, f64, f64) -> f64 + Send + Sync + 'static) -> Claim {
    Claim::always("one step")
        .states("$\\mathbb{E}\\|\\theta' - \\theta^*\\|^2 = v[(1-\\eta)^2 + \\eta^2 \\frac{d+1}{B}] + \\eta^2 \\frac{d\\sigma^2}{B}$.")
        .assuming(
            "(d, B) = (1, 1), (2, 1), (3, 1), (6, 1), (1, 2), (2, 2), (1, 4), (2, 3), σ = 0, 1/2, 2; every node of the \
             quadrature that integrates the squared error exactly",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("η", [0.01, 0.1, 0.3, 0.5, 1.0, 1.5])
        .check(move |eta, _, cases| -> ratebook::Result<()> {
            let start = [1.0, -0.5, 0.25, 2.0, 0.0, -1.0];
            for (d, b) in [(1, 1), (2, 1), (3, 1), (6, 1), (1, 2), (2, 2), (1, 4), (2, 3)] {
                for sigma in [0.0, 0.5, 2.0] {
                    let regression = Regression::new(d, b, sigma)?;
                    let v = start[..d].iter().map(|x| x * x).sum();
                    let predicted = recursion(&regression, v, eta);
                    let found = expected_error(&regression, &start[..d], eta)?;
                    cases.close(found, predicted, 1e-12 * (1.0 + found), || format!("{regression:?}, η {eta}"));
                }
            }
            Ok(())
        })
}

/// The rounds of a run, and after how many of them the error is averaged.
const ROUNDS: usize = 200;
const SETTLED: usize = 100;

/// For each schedule the mean squared error of a run of SGD over the rounds after [`SETTLED`], all on the same data.
fn simulate(
    regression: Regression,
    schedules: &[Vec<f64>],
    gamma: f64,
    streams: &mut Streams,
) -> ratebook::Result<Vec<f64>> {
    let mut stream = Stream::new(regression, 1.0)?;
    let start = LinearSgd::new(vec![0.0; regression.dim()])?;
    let mut runs: Vec<_> = schedules.iter().map(|rates| (start.clone(), rates, 0.0)).collect();
    for round in 0..ROUNDS {
        let batch = stream.draw(&mut streams.noise);
        runs.iter_mut().try_for_each(|(sgd, rates, _)| sgd.step(rates[round], batch))?;
        stream.drift(gamma, &mut streams.instance)?;
        if round >= SETTLED {
            runs.iter_mut().for_each(|(sgd, _, total)| *total += stream.squared_error(sgd.theta()));
        }
    }
    Ok(runs.iter().map(|(_, _, total)| total / (ROUNDS - SETTLED) as f64).collect())
}

/// Over whole runs of SGD with three schedules the mean squared error follows the recursion.
pub fn whole_runs(recursion: impl Fn(&Regression, f64, f64) -> f64 + Send + Sync + 'static) -> Claim {
    const GAMMA: f64 = 0.05;
    Claim::equals("whole runs", |_| 1.0, Tolerance::Relative(0.1))
        .states("The mean squared error of SGD, divided by the recursion's, is 1.")
        .assuming(
            "B = 1, 4, σ = 1/2, γ = 0.05 in random directions, v₁ = 1, means over rounds 101, …, 200; η constant at \
             1.2/(1 + (d + 1)/B), 1/(t + (d + 1)/B), and optimal",
        )
        .source(Source::Derived)
        .sweep("d", [2.0, 8.0])
        .full_sweep([2.0, 8.0, 32.0])
        .replicates(3600, 10_000)
        .detects(0.2)
        .measure(move |d, streams| -> ratebook::Result<Vec<f64>> {
            let mut ratios = Vec::new();
            for batch in [1, 4] {
                let regression = Regression::new(d as usize, batch, 0.5)?;
                let course = Course::new(1.0, vec![GAMMA; ROUNDS], Drift::Independent)?;
                let constant = vec![1.2 / (1.0 + regression.spread()); ROUNDS];
                let decaying = (1..=ROUNDS).map(|t| 1.0 / (t as f64 + regression.spread())).collect();
                let schedules = [constant, decaying, course.optimal_schedule(&regression)];
                let found = simulate(regression, &schedules, GAMMA, streams)?;
                for (rates, found) in schedules.iter().zip(found) {
                    let mut v = 1.0;
                    let mut predicted = 0.0;
                    for (round, &eta) in rates.iter().enumerate() {
                        v = recursion(&regression, v, eta) + GAMMA * GAMMA;
                        predicted += if round >= SETTLED { v / (ROUNDS - SETTLED) as f64 } else { 0.0 };
                    }
                    ratios.push(found / predicted);
                }
            }
            Ok(ratios)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn values_by_hand() {
        let regression = Regression::new(3, 2, 2.0).unwrap();
        // 1/4 + 1/4·2 of 8, and 1/4·6.
        assert_relative_eq!(regression.after_step(8.0, 0.5), 7.5, max_relative = 1e-12);
        assert_relative_eq!(without_fourth_moment(&regression, 8.0, 0.5), 6.5, max_relative = 1e-12);
        assert_relative_eq!(small_steps(&regression, 8.0, 0.5), 5.5, max_relative = 1e-12);
    }

    #[test]
    fn the_nodes_have_normal_moments() {
        let moment = |power: i32| NODES.iter().map(|(node, weight)| weight * node.powi(power)).sum::<f64>();
        for (power, expected) in [(0, 1.0), (2, 1.0), (4, 3.0)] {
            assert_relative_eq!(moment(power), expected, max_relative = 1e-12);
        }
        assert!([1, 3, 5].iter().all(|&power| moment(power).abs() < 1e-12));
    }
}
