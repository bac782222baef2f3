//! What *Sketched Ridgeless Linear Regression: The Role of Downsampling* promises.
//!
//! The paper's risks are limits. With Gaussian features they hold at every finite size, with p, m and n in
//! place of their ratios corrected by one row each; the claims use those.

use nalgebra::DVector;
use ratebook::statistics::baselines::UnequalWeights;
use ratebook::statistics::instances::{GaussianLinear, Regression};
use ratebook::statistics::sketched_ridgeless::{
    Gaussian, Haar, Rows, SketchedRidgeless, SubsampledHadamard, UniformRows, ValidatedRows, optimal_rows,
};
use ratebook::statistics::{Estimator, Experiment, Sketch, realised_loss};
use ratebook_judge::{Claim, Paper, Source, Streams, Tolerance};

/// α²(1 − m/p) + σ²m/(p − m − 1): the risk of every sketch of full row rank that leaves m < p − 1 rows.
///
/// Derived: the fit interpolates, so S may be taken as a choice of m rows; it then projects β on a uniform
/// m-dimensional subspace and adds the noise with E tr(AAᵀ)⁻¹ = m/(p − m − 1), A being m × p Gaussian.
pub fn interpolating_risk(rows: f64, features: f64, alpha: f64, sigma: f64) -> f64 {
    alpha * alpha * (1.0 - rows / features) + sigma * sigma * rows / (features - rows - 1.0)
}

/// σ²p/(m − p − 1): the risk with m > p + 1 rows that are orthonormal combinations of the data's, or some of
/// them. Derived: SX and Sε are then an m-row Gaussian problem, whose E tr(AᵀA)⁻¹ is p/(m − p − 1).
pub fn orthogonal_risk(rows: f64, features: f64, sigma: f64) -> f64 {
    sigma * sigma * features / (rows - features - 1.0)
}

/// σ²·p/(n − p − 1)·(1 + (n − p)/(m − p − 1)): the risk of an i.i.d. Gaussian sketch with p + 1 < m ≤ n.
///
/// Derived: with X = UR and S = (G₁, G₂) on U and its complement, the error is R⁻¹(Uᵀε + G₁⁺G₂U⊥ᵀε), and
/// E(G₁ᵀG₁)⁻¹ = I/(m − p − 1) for the unscaled Gaussian, of which the scale cancels.
pub fn gaussian_sketch_risk(data: f64, rows: f64, features: f64, sigma: f64) -> f64 {
    let full = sigma * sigma * features / (data - features - 1.0);
    full * (1.0 + (data - features) / (rows - features - 1.0))
}

/// The risk of an orthogonal sketch to m rows, on either side of m = p; infinite next to it.
pub fn sketched_risk(rows: f64, features: f64, alpha: f64, sigma: f64) -> f64 {
    if rows < features - 1.0 {
        interpolating_risk(rows, features, alpha, sigma)
    } else if rows > features + 1.0 {
        orthogonal_risk(rows, features, sigma)
    } else {
        f64::INFINITY
    }
}

/// p − 1 − (σ/α)√(p(p−1)): the minimiser of [`interpolating_risk`] over real m, by differentiation; for σ < α.
pub fn best_rows(features: f64, alpha: f64, sigma: f64) -> f64 {
    features - 1.0 - sigma / alpha * (features * (features - 1.0)).sqrt()
}

/// The limit of the risk with p/n → φ for the advice of the paper: keep all rows, keep p(1 − σ/α), or
/// estimate zero. The last two give 2ασ − σ² and α².
pub fn limiting_risk(advice: Rows, phi: f64, alpha: f64, sigma: f64) -> f64 {
    let noise = sigma * sigma;
    match advice {
        Rows::Keep(_) => 2.0 * alpha * sigma - noise,
        Rows::Null => alpha * alpha,
        Rows::All if phi < 1.0 => noise * phi / (1.0 - phi),
        Rows::All => alpha * alpha * (1.0 - 1.0 / phi) + noise / (phi - 1.0),
    }
}

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new(
        "statistics/sketched_ridgeless",
        "Sketched Ridgeless Linear Regression: The Role of Downsampling",
    )
    .arxiv("2302.01088")
    .seed_line(403)
    .claim(risk_equals("orthogonal sketch", Haar, orthogonal_prediction, CASES).control(
        "the same rows with unequal weights",
        risk_equals("", UnequalWeights(Haar), orthogonal_prediction, CASES),
    ))
    .claim(risk_equals("uniform rows", UniformRows, orthogonal_prediction, CASES).control(
        "the same rows with unequal weights",
        risk_equals("", UnequalWeights(UniformRows), orthogonal_prediction, CASES),
    ))
    .claim(risk_equals("hadamard sketch", SubsampledHadamard, orthogonal_prediction, HADAMARD).control(
        "the same rows with unequal weights",
        risk_equals("", UnequalWeights(SubsampledHadamard), orthogonal_prediction, HADAMARD),
    ))
    .claim(risk_equals("gaussian sketch", Gaussian, gaussian_prediction, CASES).control(
        "by the formula for orthogonal rows",
        risk_equals("", Gaussian, orthogonal_prediction, CASES),
    ))
    .claim(
        best_size(best_rows)
            .control("m = p(1 - σ²/α²)", best_size(|p, alpha, sigma| p * (1.0 - (sigma / alpha).powi(2)))),
    )
    .claim(beats_other_sizes(|p, alpha, sigma| best_rows(p, alpha, sigma).round()).control(
        "m = p(1 - σ²/α²)",
        beats_other_sizes(|p, alpha, sigma| (p * (1.0 - (sigma / alpha).powi(2))).round()),
    ))
    .claim(
        downsampling_helps(optimal_rows)
            .control("keeps all rows", downsampling_helps(|_, _, _, _| Ok(Rows::All))),
    )
    .claim(no_peak(optimal_rows).control("keeps all rows", no_peak(|_, _, _, _| Ok(Rows::All))))
    .claim(
        validated_size(validated(grid()))
            .control("keeps all training rows", validated_size(validated(vec![120]))),
    )
}

const ALPHA: f64 = 1.0;
const SIGMA: f64 = 0.5;

/// Sizes (n, p, m) on both sides of m = p, at least ten away from it so that the losses have light tails.
const CASES: [[usize; 3]; 7] =
    [[40, 10, 30], [40, 20, 10], [30, 40, 20], [40, 50, 30], [40, 10, 20], [60, 20, 40], [60, 12, 24]];

/// For the Hadamard sketch the number of data rows is a power of two.
const HADAMARD: [[usize; 3]; 7] =
    [[64, 16, 48], [32, 20, 8], [16, 30, 16], [32, 45, 32], [32, 8, 24], [32, 8, 20], [64, 12, 24]];

fn orthogonal_prediction(_: f64, p: f64, m: f64) -> f64 {
    sketched_risk(m, p, ALPHA, SIGMA)
}

fn gaussian_prediction(n: f64, p: f64, m: f64) -> f64 {
    if m > p { gaussian_sketch_risk(n, m, p, SIGMA) } else { interpolating_risk(m, p, ALPHA, SIGMA) }
}

/// The squared error of one run, with fresh data.
fn loss(
    n: usize,
    p: usize,
    estimator: &impl Estimator<Regression, Estimate = DVector<f64>>,
    streams: &mut Streams,
) -> ratebook::Result<f64> {
    let problem = GaussianLinear::new(n, p, ALPHA, SIGMA)?;
    realised_loss(&problem, estimator, &mut streams.noise, &mut streams.algorithm)
}

/// The risk of a sketched fit equals its closed form at every size of the list.
pub fn risk_equals(
    id: &str,
    sketch: impl Sketch + Send + Sync + 'static,
    prediction: fn(f64, f64, f64) -> f64,
    cases: [[usize; 3]; 7],
) -> Claim {
    let at = move |case: f64| cases[case as usize - 1];
    let predicted = move |case: f64| {
        let [n, p, m] = at(case).map(|size| size as f64);
        prediction(n, p, m)
    };
    Claim::equals(id, predicted, Tolerance::Relative(0.03))
        .states(
            "The risk of the sketched minimum-norm fit is $\\alpha^2(1-m/p) + \\sigma^2 m/(p-m-1)$ for $p > m+1$, and \
             $\\sigma^2 p/(m-p-1)$ (orthonormal rows) or $\\sigma^2 \\frac{p}{n-p-1}(1 + \\frac{n-p}{m-p-1})$ \
             (Gaussian sketch) for $p < m-1$.",
        )
        .assuming("Gaussian features and noise, α = 1, σ = 1/2; the case is the place of (n, p, m) in a fixed list")
        .source(Source::Derived)
        .sweep("case", [1.0, 2.0])
        .full_sweep([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
        .replicates(24_000, 60_000)
        .detects(0.1)
        .measure(move |case, streams| {
            let [n, p, m] = at(case);
            loss(n, p, &SketchedRidgeless::new(&sketch, m)?, streams)
        })
}

/// Among all integers m ≤ p − 2 the best is within one of the stated size.
pub fn best_size(advice: impl Fn(f64, f64, f64) -> f64 + Send + Sync + 'static) -> Claim {
    Claim::always("best size")
        .states(
            "Over $m < p-1$ the risk is least within one row of $p - 1 - (\\sigma/\\alpha)\\sqrt{p(p-1)}$.",
        )
        .assuming("every p from 5 to 200, σ/α = 0.1, …, 0.9, all integers m; closed-form risks")
        .source(Source::Derived)
        .exhaustive()
        .sweep("σ/α", (1..=9).map(|i| f64::from(i) / 10.0).collect::<Vec<_>>())
        .check(move |noise, _, cases| -> ratebook::Result<()> {
            for p in 5..=200 {
                let risk = |m: &u32| interpolating_risk(f64::from(*m), f64::from(p), 1.0, noise);
                let best = (0..=p - 2).min_by(|a, b| risk(a).total_cmp(&risk(b))).unwrap_or(0);
                let distance = (f64::from(best) - advice(f64::from(p), 1.0, noise)).abs();
                cases.at_most(distance, 1.0, || format!("p = {p}, best m = {best}"));
            }
            Ok(())
        })
}

/// On the same data the stated size beats other sizes by at least half of what the closed forms say.
pub fn beats_other_sizes(advice: impl Fn(f64, f64, f64) -> f64 + Send + Sync + 'static) -> Claim {
    const DATA: usize = 60;
    const FEATURES: f64 = 40.0;
    let risk = |m: f64| interpolating_risk(m, FEATURES, ALPHA, SIGMA);
    let gap = move |m: f64| risk(m) - risk(best_rows(FEATURES, ALPHA, SIGMA).round());
    Claim::at_least("beats other sizes", move |m| 0.5 * gap(m))
        .states(
            "The risk at the best size is below that at another size by at least half of the predicted gap.",
        )
        .assuming("n = 60, p = 40, α = 1, σ = 1/2, uniform rows; both fits see the same data; m* = 19")
        .source(Source::Derived)
        .sweep("m", [8.0, 12.0, 26.0])
        .full_sweep([8.0, 12.0, 14.0, 26.0, 32.0])
        .replicates(9_000, 60_000)
        .detects(0.5)
        .measure(move |m, streams| -> ratebook::Result<f64> {
            let (data, truth) =
                GaussianLinear::new(DATA, FEATURES as usize, ALPHA, SIGMA)?.draw(&mut streams.noise);
            let mut error = |rows: f64| -> ratebook::Result<f64> {
                let fit = SketchedRidgeless::new(UniformRows, rows as usize)?;
                Ok((fit.estimate(&data, &mut streams.algorithm)? - &truth).norm_squared())
            };
            Ok(error(m)? - error(advice(FEATURES, ALPHA, SIGMA))?)
        })
}

/// How many rows to keep, given n, p, α and σ.
pub trait Advice: Fn(usize, usize, f64, f64) -> ratebook::Result<Rows> + Send + Sync + 'static {}

impl<F: Fn(usize, usize, f64, f64) -> ratebook::Result<Rows> + Send + Sync + 'static> Advice for F {}

/// Near p = n the advised size has at most a third of the risk of the full sample.
pub fn downsampling_helps(advice: impl Advice) -> Claim {
    const DATA: usize = 120;
    Claim::at_most("downsampling helps", |p| sketched_risk(DATA as f64, p, ALPHA, SIGMA) / 3.0)
        .states("For $0.9 \\le p/n \\le 1.1$ the optimally sketched fit has at most a third of the full fit's risk.")
        .assuming("n = 120, α = 1, σ = 1/2, uniform rows; the full fit's risk in closed form")
        .source(Source::Abstract)
        .sweep("p", [110.0, 116.0, 124.0, 130.0])
        .replicates(150, 3_000)
        .measure(move |p, streams| -> ratebook::Result<f64> {
            let p = p as usize;
            match advice(DATA, p, ALPHA, SIGMA)? {
                Rows::All => loss(DATA, p, &SketchedRidgeless::new(UniformRows, DATA)?, streams),
                Rows::Keep(m) => loss(DATA, p, &SketchedRidgeless::new(UniformRows, m)?, streams),
                Rows::Null => Ok(ALPHA * ALPHA),
            }
        })
}

/// The limiting risk of the advised size never falls as p/n grows: the peak at p = n is gone.
pub fn no_peak(advice: impl Advice) -> Claim {
    const DATA: usize = 1000;
    Claim::always("no peak")
        .states("The limiting risk of the optimally sketched fit is non-decreasing in $p/n$.")
        .assuming("every p/n = 0.001, 0.002, …, 5.000 but p = n for the full fit; closed-form limits; α = 1")
        .source(Source::Abstract)
        .exhaustive()
        .sweep("σ/α", [0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.5, 3.0])
        .check(move |noise, _, cases| -> ratebook::Result<()> {
            let mut before = 0.0;
            for p in 1..=5 * DATA {
                let rows = advice(DATA, p, 1.0, noise)?;
                if p == DATA && rows == Rows::All {
                    continue;
                }
                let risk = limiting_risk(rows, p as f64 / DATA as f64, 1.0, noise);
                cases.at_most(before, risk * (1.0 + 1e-12), || format!("p/n = {p}/{DATA}"));
                before = risk;
            }
            Ok(())
        })
}

/// Twenty sizes evenly spaced over the 120 training rows; none is within 7 of p = 130.
fn grid() -> Vec<usize> {
    (0..20).map(|i| 12 + (i * 108 + 9) / 19).collect()
}

/// Validation on a fifth of the rows.
fn validated(sizes: Vec<usize>) -> ValidatedRows<UniformRows> {
    ValidatedRows::new(UniformRows, 0.2, sizes).expect("a share below one and positive sizes")
}

/// The size chosen by validation has at most 1.15 times the least risk of the grid.
pub fn validated_size(
    estimator: impl Estimator<Regression, Estimate = DVector<f64>> + Send + Sync + 'static,
) -> Claim {
    const FEATURES: f64 = 130.0;
    let least = |sigma: f64| {
        let risks = grid().into_iter().map(|m| interpolating_risk(m as f64, FEATURES, ALPHA, sigma));
        risks.fold(f64::INFINITY, f64::min)
    };
    Claim::at_most("validated size", move |sigma| 1.15 * least(sigma))
        .states("The fit chosen by validation has at most 1.15 times the least risk over the sizes tried.")
        .assuming("n = 150 of which 30 are held out, p = 130, α = 1; 20 sizes of uniform rows, no refit")
        .source(Source::Empirical)
        .sweep("σ", [0.5])
        .full_sweep([0.25, 0.5, 0.75])
        .replicates(200, 2_000)
        .measure(move |sigma, streams| -> ratebook::Result<f64> {
            let problem = GaussianLinear::new(150, FEATURES as usize, ALPHA, sigma)?;
            realised_loss(&problem, &estimator, &mut streams.noise, &mut streams.algorithm)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        // ½ + ¼·20/19; ¼·10/19; ¼·(10/29)·(1 + 30/19).
        assert_relative_eq!(interpolating_risk(20.0, 40.0, 1.0, 0.5), 0.5 + 5.0 / 19.0, max_relative = 1e-12);
        assert_relative_eq!(orthogonal_risk(30.0, 10.0, 0.5), 2.5 / 19.0, max_relative = 1e-12);
        assert_relative_eq!(
            gaussian_sketch_risk(40.0, 30.0, 10.0, 0.5),
            2.5 / 29.0 * 49.0 / 19.0,
            max_relative = 1e-12
        );
        assert_eq!(sketched_risk(10.0, 10.0, 1.0, 0.5), f64::INFINITY);
        assert_relative_eq!(best_rows(5.0, 2.0, 1.0), 4.0 - 5f64.sqrt(), max_relative = 1e-12);
        assert_relative_eq!(limiting_risk(Rows::Keep(1), 1.0, 1.0, 0.5), 0.75, max_relative = 1e-12);
        assert_relative_eq!(limiting_risk(Rows::Null, 1.0, 2.0, 3.0), 4.0, max_relative = 1e-12);
        assert_relative_eq!(limiting_risk(Rows::All, 0.5, 1.0, 0.5), 0.25, max_relative = 1e-12);
        assert_relative_eq!(limiting_risk(Rows::All, 3.0, 1.0, 0.5), 2.0 / 3.0 + 0.125, max_relative = 1e-12);
        assert_eq!((grid()[0], grid()[19], grid().len()), (12, 120, 20));
    }

    #[test]
    fn the_closed_forms_tend_to_the_limits_of_the_paper() {
        // p/n = φ = 0.4 and p/m = r on both sides of 1.
        let p = 1e8;
        for r in [0.5, 0.8] {
            let iid = 0.25 * (0.4 / 0.6 + r / (1.0 - r));
            assert_relative_eq!(gaussian_sketch_risk(p / 0.4, p / r, p, 0.5), iid, max_relative = 1e-6);
            assert_relative_eq!(orthogonal_risk(p / r, p, 0.5), 0.25 * r / (1.0 - r), max_relative = 1e-6);
        }
        let limit = limiting_risk(Rows::Keep(1), 1.0, 1.0, 0.5);
        assert_relative_eq!(interpolating_risk(p / 2.0, p, 1.0, 0.5), limit, max_relative = 1e-6);
        assert_relative_eq!(best_rows(p, 1.0, 0.5), p / 2.0, max_relative = 1e-6);
    }

    quickcheck! {
        fn scaling_signal_and_noise_scales_the_risk(m: u8, extra: u8, scale: u8) -> bool {
            let (m, p) = (f64::from(m) + 1.0, f64::from(m) + f64::from(extra) + 4.0);
            let c = f64::from(scale) + 1.0;
            let ratio = interpolating_risk(m, p, c, 0.5 * c) / interpolating_risk(m, p, 1.0, 0.5);
            (ratio / (c * c) - 1.0).abs() < 1e-12
        }

        fn a_gaussian_sketch_is_never_better_than_orthogonal_rows(p: u8, m: u8, n: u8) -> bool {
            let p = f64::from(p) + 1.0;
            let m = p + 2.0 + f64::from(m);
            let n = m + f64::from(n);
            gaussian_sketch_risk(n, m, p, 1.0) >= orthogonal_risk(m, p, 1.0) * (1.0 - 1e-12)
        }
    }
}
