//! What *Chinchilla Scaling: A replication attempt* promises.

use rand::Rng;
use ratebook::scaling::baselines::MeanLossFit;
use ratebook::scaling::chinchilla::{
    Bootstrap, DeltaMethod, GridFit, PowerLaw, exponent_standard_error, required_runs, short_start_grid,
};
use ratebook::scaling::instances::LawData;
use ratebook::scaling::{Allocation, ExponentInterval, Fitter, LossLaw, Run};
use ratebook_judge::{Claim, Paper, Source, Streams, Tolerance, geometric};
use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::gamma::gamma_lr;

/// β/(α + β): the exponent with which the optimal number of parameters grows in compute.
pub fn exponent(alpha: f64, beta: f64) -> f64 {
    beta / (alpha + beta)
}

/// N = G (C/6)^{β/(α+β)} with G = (αA/(βB))^{1/(α+β)}: the optimal number of parameters. Derived: with D = C/(6N)
/// the derivative of A N^{−α} + B D^{−β} in ln N vanishes there.
pub fn optimal_parameters(compute: f64, model: f64, data: f64, alpha: f64, beta: f64) -> f64 {
    let g = (alpha * model / (beta * data)).powf(1.0 / (alpha + beta));
    g * (compute / 6.0).powf(exponent(alpha, beta))
}

/// s² = E ψ²/P(|r| < δ)² for normal residuals of standard deviation σ and ψ the residual clipped to ±δ: the
/// noise variance with which least squares would be as uncertain as the Huber fit. The M-estimator's
/// sandwich, in closed form with c = δ/σ and p = 2Φ(c) − 1: σ²(p − 2cφ(c) + c²(1 − p))/p².
pub fn effective_variance(delta: f64, sigma: f64) -> f64 {
    let c = delta / sigma;
    let p = gamma_lr(0.5, c * c / 2.0);
    let density = (-c * c / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    sigma * sigma * (p - 2.0 * c * density + c * c * (1.0 - p)) / (p * p)
}

/// n (w_n/w)²: the runs that an interval of width w takes when n runs gave width w_n.
pub fn runs_for_width(runs: f64, width: f64, target: f64) -> f64 {
    runs * (width / target).powi(2)
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let early = MeanLossFit { tolerance: 1e-2 };
    Paper::new("scaling/chinchilla", "Chinchilla Scaling: A replication attempt")
        .arxiv("2404.10102")
        .seed_line(327)
        .claim(error_shrinks(fit()).control("stops early on the mean loss", error_shrinks(early)))
        .claim(
            many_runs_needed(delta_method())
                .control("takes the spread over starts for the interval", many_runs_needed(SpreadOverStarts)),
        )
        .claim(recovers(fit()).control("stops early on the mean loss", recovers(early)))
        .claim(spread_as_predicted(fit()).control("stops early on the mean loss", spread_as_predicted(early)))
        .claim(
            covers(delta_method())
                .control("takes δ for the scale of the noise", covers(ScaledByDelta(fit()))),
        )
        .claim(
            width_as_predicted(bootstrap())
                .control("takes δ for the scale of the noise", width_as_predicted(ScaledByDelta(fit())))
                .baseline("delta method", width_as_predicted(delta_method())),
        )
        .claim(
            allocation_is_optimal(|law, compute| law.optimal_allocation(compute))
                .control("swaps the exponents", allocation_is_optimal(swapped_allocation)),
        )
        .claim(
            rounding_matters(PowerLaw::hoffmann)
                .control("rounds to four decimals", rounding_matters(rounded_to_four_decimals)),
        )
}

/// Noise of 0.5 % on the loss, δ = 0.1 %.
const NOISE: f64 = 0.005;
const DELTA: f64 = 1e-3;
const RUNS: f64 = 240.0;
const DATA: &str = "runs of the replication's law, noise 0.5 %, log10 C uniform on [18.5, 21.5], log10 D/N uniform \
                    within a decade of 20; fits start at the truth";

fn truth() -> PowerLaw {
    PowerLaw::replication()
}

/// The method: the published fit. It is started at the truth, where the twelve cold starts end as well (a
/// property test), at a twelfth of their cost.
fn fit() -> GridFit {
    GridFit::new(vec![truth().parameters().to_vec()]).expect("one start of five finite numbers")
}

fn delta_method() -> DeltaMethod {
    DeltaMethod(fit())
}

fn bootstrap() -> Bootstrap {
    Bootstrap::new(fit(), 60).expect("sixty resamples")
}

fn draw(runs: f64, streams: &mut Streams) -> ratebook::Result<Vec<Run>> {
    Ok(LawData::new(truth(), NOISE, runs as usize)?.draw(&mut streams.noise))
}

/// The squared error of the fitted exponent falls like 1/n.
pub fn error_shrinks(fitter: impl Fitter + Send + Sync + 'static) -> Claim {
    Claim::rate_exactly("error shrinks", |runs| 1.0 / runs)
        .states("The error of the fitted exponent falls like $n^{-1/2}$ in the number of runs.")
        .assuming(DATA)
        .source(Source::Classical)
        .sweep("n", geometric(60.0, 960.0, 5))
        .full_sweep(geometric(60.0, 3840.0, 7))
        .replicates(400, 1_000)
        .detects(0.3)
        .measure(move |runs, streams| -> ratebook::Result<f64> {
            let law = fitter.fit(&draw(runs, streams)?)?;
            Ok((law.exponent() - truth().exponent()).powi(2))
        })
}

/// An 80 % interval of width 0.001 takes more than 100,000 runs.
pub fn many_runs_needed(method: impl ExponentInterval + Send + Sync + 'static) -> Claim {
    const LEVEL: f64 = 0.8;
    const TARGET: f64 = 1e-3;
    Claim::at_least("many runs needed", |_| 1e5)
        .states(
            "An 80 % interval of width 0.001, as printed by Hoffmann et al., takes more than 100,000 runs; with \
             the noise of the real runs it takes 600,000.",
        )
        .assuming(DATA)
        .source(Source::Abstract)
        .sweep("n", [RUNS])
        .full_sweep([120.0, 240.0, 480.0])
        .replicates(100, 500)
        .measure(move |runs, streams| -> ratebook::Result<f64> {
            let data = draw(runs, streams)?;
            let (low, high) = method.interval(&data, LEVEL, &mut streams.algorithm)?;
            required_runs(data.len(), high - low, TARGET)
        })
}

/// The mean of the fitted exponents is the true one.
pub fn recovers(fitter: impl Fitter + Send + Sync + 'static) -> Claim {
    Claim::equals("recovers", |_| truth().exponent(), Tolerance::Relative(0.01))
        .states("The fitted exponent is centred at the true $\\beta/(\\alpha+\\beta)$.")
        .assuming(DATA)
        .source(Source::Empirical)
        .sweep("n", [RUNS])
        .replicates(400, 4_000)
        .detects(0.03)
        .measure(move |runs, streams| -> ratebook::Result<f64> {
            Ok(fitter.fit(&draw(runs, streams)?)?.exponent())
        })
}

/// The squared error over the variance that the delta method predicts at the truth has mean one.
pub fn spread_as_predicted(fitter: impl Fitter + Send + Sync + 'static) -> Claim {
    Claim::equals("spread as predicted", |_| 1.0, Tolerance::Absolute(0.3))
        .states("The fitted exponent has variance $s^2\\,g^\\top (J^\\top J)^{-1} g$, $s^2 = E\\psi^2/P(|r|<\\delta)^2$.")
        .assuming(DATA)
        .source(Source::Classical)
        .sweep("n", [RUNS])
        .replicates(1_500, 10_000)
        .detects(0.6)
        .measure(move |runs, streams| -> ratebook::Result<f64> {
            let data = draw(runs, streams)?;
            let law = fitter.fit(&data)?;
            let variance = effective_variance(DELTA, NOISE);
            let se = exponent_standard_error(&truth(), &data, variance)?;
            Ok(((law.exponent() - truth().exponent()) / se).powi(2))
        })
}

/// The 80 % interval contains the true exponent in 80 % of the data sets.
pub fn covers(method: impl ExponentInterval + Send + Sync + 'static) -> Claim {
    const LEVEL: f64 = 0.8;
    Claim::equals("covers", |_| LEVEL, Tolerance::Absolute(0.08))
        .states("The 80 % interval contains the true exponent with probability 80 %.")
        .assuming(DATA)
        .source(Source::Classical)
        .sweep("n", [RUNS])
        .replicates(1_500, 10_000)
        .detects(0.2)
        .measure(move |runs, streams| -> ratebook::Result<bool> {
            let data = draw(runs, streams)?;
            let (low, high) = method.interval(&data, LEVEL, &mut streams.algorithm)?;
            Ok((low..=high).contains(&truth().exponent()))
        })
}

/// The 80 % interval is as wide as the delta method says at the truth.
pub fn width_as_predicted(method: impl ExponentInterval + Send + Sync + 'static) -> Claim {
    const LEVEL: f64 = 0.8;
    /// The 0.9-quantile of the standard normal law.
    const Z: f64 = 1.281_551_565_544_600_4;
    Claim::equals("width as predicted", |_| 1.0, Tolerance::Absolute(0.25))
        .states("The bootstrap's 80 % interval is as wide as the delta method's at the true law, within a quarter.")
        .assuming(DATA)
        .source(Source::Classical)
        .sweep("n", [60.0])
        .full_sweep([60.0, 120.0, 240.0])
        .replicates(150, 400)
        .detects(0.5)
        .measure(move |runs, streams| -> ratebook::Result<f64> {
            let data = draw(runs, streams)?;
            let (low, high) = method.interval(&data, LEVEL, &mut streams.algorithm)?;
            let se = exponent_standard_error(&truth(), &data, effective_variance(DELTA, NOISE))?;
            Ok((high - low) / (2.0 * Z * se))
        })
}

/// No other split of the budget has a smaller loss.
pub fn allocation_is_optimal(
    allocate: impl Fn(&PowerLaw, f64) -> Allocation + Send + Sync + 'static,
) -> Claim {
    Claim::always("allocation is optimal")
        .states("$N^\\star = G (C/6)^{\\beta/(\\alpha+\\beta)}$, $D^\\star = C/(6N^\\star)$ minimises $L$ on $6ND = C$.")
        .assuming(
            "100 pairs (α, β) in [0.2, 0.6]², A/B = 0.1, 1, 10, E = 1.8; 400 rivals N*·10^x with |x| ≤ 2 each",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("log10 C", [18.0, 20.0, 22.0, 24.0, 26.0])
        .check(move |decades, _, cases| -> ratebook::Result<()> {
            let compute = 10f64.powf(decades);
            let grid = |i: u32| 0.2 + 0.4 * f64::from(i) / 9.0;
            for (i, j, ratio) in
                (0..10).flat_map(|i| (0..10).flat_map(move |j| [0.1, 1.0, 10.0].map(|ratio| (i, j, ratio))))
            {
                let law = PowerLaw::new(1.8, 1000.0 * ratio, 1000.0, grid(i), grid(j))?;
                let best = allocate(&law, compute);
                let loss = |factor: f64| law.loss(best.parameters * factor, compute / 6.0 / best.parameters / factor);
                let at_best = law.loss(best.parameters, best.tokens);
                let rivals = (0..400).map(|k| loss(10f64.powf(-2.0 + f64::from(k) / 99.75)));
                let least = rivals.fold(f64::INFINITY, f64::min);
                cases.at_most(at_best, least * (1.0 + 1e-12), || format!("{law:?}"));
            }
            Ok(())
        })
}

fn swapped_allocation(law: &PowerLaw, compute: f64) -> Allocation {
    let Allocation { parameters, tokens } = law.optimal_allocation(compute);
    Allocation { parameters: tokens, tokens: parameters }
}

/// The constants as printed predict losses that are off by more than the noise of the runs.
pub fn rounding_matters(printed: fn() -> PowerLaw) -> Claim {
    Claim::at_least("rounding matters", |_| 2.0 * NOISE)
        .states(
            "Rounded as printed, the original constants mispredict every loss by more than twice the noise.",
        )
        .assuming("D = 20 N; the original constants before and after rounding; the difference of ln L")
        .source(Source::Abstract)
        .sweep("log10 C", [18.5, 19.5, 20.5, 21.5])
        .full_sweep([18.5, 19.0, 19.5, 20.0, 20.5, 21.0, 21.5])
        .computed()
        .measure(move |decades, _| {
            let parameters = (10f64.powf(decades) / 120.0).sqrt();
            let loss = |law: PowerLaw| law.loss(parameters, 20.0 * parameters);
            (loss(printed()) / loss(PowerLaw::hoffmann_unrounded())).ln().abs()
        })
}

fn rounded_to_four_decimals() -> PowerLaw {
    let round = |x: f64| (1e4 * x).round() / 1e4;
    let [a, b, e, alpha, beta] = PowerLaw::hoffmann_unrounded().parameters();
    let rounded = PowerLaw::new(round(e.exp()), round(a.exp()), round(b.exp()), round(alpha), round(beta));
    rounded.unwrap_or_else(|_| PowerLaw::hoffmann())
}

/// A wrong interval: from the smallest to the largest exponent that different starts lead to. It measures
/// the optimiser, not the data.
#[derive(Debug, Clone, Copy)]
struct SpreadOverStarts;

impl ExponentInterval for SpreadOverStarts {
    fn interval(&self, runs: &[Run], _: f64, _: &mut dyn Rng) -> ratebook::Result<(f64, f64)> {
        let exponents = short_start_grid()
            .into_iter()
            .filter_map(|start| GridFit::new(vec![start]).ok()?.fit(runs).ok())
            .map(|law| law.exponent());
        Ok(exponents.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x))))
    }
}

/// A wrong interval: the inverse Hessian of the loss divided by δ² read as the covariance, as if δ were the
/// standard deviation of the noise.
#[derive(Debug, Clone)]
struct ScaledByDelta(GridFit);

impl ExponentInterval for ScaledByDelta {
    fn interval(&self, runs: &[Run], level: f64, _: &mut dyn Rng) -> ratebook::Result<(f64, f64)> {
        let law = self.0.fit(runs)?;
        let inside = |run: &&Run| (law.loss(run.parameters, run.tokens) / run.loss).ln().abs() < DELTA;
        let share = runs.iter().filter(inside).count().max(1) as f64 / runs.len() as f64;
        // Only the runs inside δ have curvature.
        let se = exponent_standard_error(&law, runs, DELTA * DELTA / share)?;
        let half = Normal::standard().inverse_cdf(0.5 + 0.5 * level) * se;
        Ok((law.exponent() - half, law.exponent() + half))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;
    use ratebook::math::bfgs::Bfgs;
    use ratebook::math::law_fit::HuberFit;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(exponent(0.3478, 0.3658), 0.3658 / 0.7136, max_relative = 1e-12);
        // α = β = ½ and A = 4B: G = 4, N = 4·√(C/6).
        assert_relative_eq!(optimal_parameters(600.0, 4.0, 1.0, 0.5, 0.5), 40.0, max_relative = 1e-12);
        assert_relative_eq!(runs_for_width(240.0, 0.05, 0.001), 600_000.0, max_relative = 1e-12);
        // c = 1: p = 0.6826894921370859, φ(1) = 0.24197072451914337.
        let p = 0.682_689_492_137_085_9;
        let clipped = p - 2.0 * 0.241_970_724_519_143_37 + (1.0 - p);
        assert_relative_eq!(effective_variance(2.0, 2.0), 4.0 * clipped / (p * p), max_relative = 1e-12);
    }

    #[test]
    fn the_formulas_agree_with_the_algorithm() {
        let law = PowerLaw::replication();
        let split = law.optimal_allocation(5.76e23);
        let n = optimal_parameters(5.76e23, 482.01, 2085.43, 0.3478, 0.3658);
        assert_relative_eq!(split.parameters, n, max_relative = 1e-10);
        let fit = HuberFit::new(DELTA, Bfgs::new(1e-9, 10).unwrap()).unwrap();
        assert_relative_eq!(
            fit.effective_variance(NOISE),
            effective_variance(DELTA, NOISE),
            max_relative = 1e-12
        );
    }

    quickcheck! {
        fn the_exponents_of_model_and_data_sum_to_one(alpha: u8, beta: u8) -> bool {
            let (alpha, beta) = (f64::from(alpha) + 1.0, f64::from(beta) + 1.0);
            (exponent(alpha, beta) + exponent(beta, alpha) - 1.0).abs() < 1e-14
        }

        fn clipping_costs_and_the_median_costs_most(delta: u16) -> bool {
            let delta = (f64::from(delta) + 1.0) / 1000.0;
            let variance = effective_variance(delta, 1.0);
            (1.0 - 1e-12..=std::f64::consts::FRAC_PI_2 * (1.0 + 1e-9)).contains(&variance)
        }

        fn half_the_width_takes_four_times_the_runs(runs: u16, width: u8) -> bool {
            let (runs, width) = (f64::from(runs), f64::from(width) + 1.0);
            runs_for_width(runs, width, 0.5) == 4.0 * runs_for_width(runs, width, 1.0)
        }
    }
}
