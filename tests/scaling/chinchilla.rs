//! Properties of `scaling::chinchilla` and of the fitter behind it, `math::law_fit`.

use nalgebra::DMatrix;
use proptest::prelude::*;
use ratebook::math::bfgs::Bfgs;
use ratebook::math::law_fit::{HuberFit, LogSumLaw, Observation, covariance, log_prediction};
use ratebook::scaling::baselines::MeanLossFit;
use ratebook::scaling::chinchilla::{
    Bootstrap, DeltaMethod, GridFit, PowerLaw, exponent_standard_error, required_runs, short_start_grid,
};
use ratebook::scaling::instances::LawData;
use ratebook::scaling::{ExponentInterval, Fitter, LossLaw, Run};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

/// The published law through the fitter's trait, written out independently of the module.
struct Plain;

impl LogSumLaw for Plain {
    type Input = (f64, f64);

    fn parameters(&self) -> usize {
        5
    }

    fn terms(&self) -> usize {
        3
    }

    fn log_terms(&self, &(n, d): &(f64, f64), theta: &[f64], terms: &mut [f64], gradients: &mut [f64]) {
        terms[0] = theta[0] - theta[3] * n.ln();
        terms[1] = theta[1] - theta[4] * d.ln();
        terms[2] = theta[2];
        gradients.fill(0.0);
        (gradients[0], gradients[3]) = (1.0, -n.ln());
        (gradients[6], gradients[9]) = (1.0, -d.ln());
        gradients[12] = 1.0;
    }
}

fn huber() -> HuberFit {
    HuberFit::new(1e-3, Bfgs::new(1e-9, 2_000).unwrap()).unwrap()
}

fn law() -> impl Strategy<Value = PowerLaw> {
    (1.0f64..3.0, 2.0f64..8.0, 2.0f64..9.0, 0.2f64..0.6, 0.2f64..0.6)
        .prop_map(|(e, a, b, alpha, beta)| PowerLaw::new(e, a.exp(), b.exp(), alpha, beta).unwrap())
}

fn runs(law: PowerLaw, noise: f64, count: usize, seed: u64) -> Vec<Run> {
    LawData::new(law, noise, count).unwrap().draw(&mut rng(seed))
}

fn observed(runs: &[Run]) -> Vec<Observation<(f64, f64)>> {
    let point = |run: &Run| Observation { input: (run.parameters, run.tokens), log_value: run.loss.ln() };
    runs.iter().map(point).collect()
}

fn started_at(law: &PowerLaw) -> GridFit {
    GridFit::new(vec![law.parameters().to_vec()]).unwrap()
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_loss_is_the_formula(law in law(), n in 6.0f64..12.0, d in 7.0f64..13.0) {
        let (n, d) = (10f64.powf(n), 10f64.powf(d));
        let [a, b, e, alpha, beta] = law.parameters();
        let formula = e.exp() + a.exp() * n.powf(-alpha) + b.exp() * d.powf(-beta);
        prop_assert!((law.loss(n, d) / formula - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_optimum_exhausts_the_budget_and_beats_its_neighbours(
        law in law(), compute in 16.0f64..28.0, shift in -2.0f64..2.0,
    ) {
        let compute = 10f64.powf(compute);
        let best = law.optimal_allocation(compute);
        prop_assert!((6.0 * best.parameters * best.tokens / compute - 1.0).abs() < 1e-10);
        let factor = 10f64.powf(shift);
        let rival = law.loss(best.parameters * factor, best.tokens / factor);
        prop_assert!(law.loss(best.parameters, best.tokens) <= rival * (1.0 + 1e-14));
        let more = law.optimal_allocation(10.0 * compute);
        let growth = (more.parameters / best.parameters).log10();
        prop_assert!((growth - law.exponent()).abs() < 1e-9);
    }

    #[test]
    fn the_objective_is_finite_and_its_gradient_is_its_derivative(
        theta in prop::collection::vec(-30.0f64..30.0, 5), seed in any::<u64>(),
    ) {
        let data = observed(&runs(PowerLaw::replication(), 0.01, 12, seed));
        let mut gradient = [0.0; 5];
        let value = huber().objective(&Plain, &data, &theta, &mut gradient);
        prop_assert!(value.is_finite() && value >= 0.0 && gradient.iter().all(|g| g.is_finite()));
        for j in 0..5 {
            let at = |step: f64| {
                let mut moved = theta.clone();
                moved[j] += step;
                huber().objective(&Plain, &data, &moved, &mut [0.0; 5])
            };
            let h = 1e-6;
            let difference = (at(h) - at(-h)) / (2.0 * h);
            prop_assert!((difference - gradient[j]).abs() <= 1e-5 * (1e-2 + gradient[j].abs()), "{j}");
        }
    }

    #[test]
    fn extreme_parameters_leave_the_objective_finite(
        theta in prop::collection::vec(prop_oneof![-1e6f64..1e6, Just(0.0), Just(-1e9)], 5),
    ) {
        let data = observed(&runs(PowerLaw::replication(), 0.01, 8, 1));
        let mut gradient = [0.0; 5];
        let value = huber().objective(&Plain, &data, &theta, &mut gradient);
        prop_assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()));
    }

    #[test]
    fn exact_runs_give_back_the_law(law in law(), seed in any::<u64>()) {
        let runs = runs(law, 0.0, 40, seed);
        let mut start = law.parameters();
        for (parameter, nudge) in start.iter_mut().zip([0.2, -0.2, 0.05, 0.02, -0.02]) {
            *parameter += nudge;
        }
        let fitted = GridFit::new(vec![start.to_vec()]).unwrap().fit(&runs).unwrap();
        for run in &runs {
            prop_assert!((fitted.loss(run.parameters, run.tokens) / run.loss - 1.0).abs() < 1e-5);
        }
        // The gradient may stop at 1e-9, which leaves an error of about that times the variance at unit
        // noise; laws with a term that the runs hardly show are not held to more.
        let variance = exponent_standard_error(&law, &runs, 1.0).unwrap().powi(2);
        prop_assume!(variance < 1e4);
        prop_assert!((fitted.exponent() - law.exponent()).abs() < 1e-4);
    }

    #[test]
    fn the_order_of_the_runs_is_irrelevant(
        order in Just((0..30).collect::<Vec<usize>>()).prop_shuffle(), seed in any::<u64>(),
    ) {
        let law = PowerLaw::replication();
        let runs = runs(law, 0.005, 30, seed);
        let shuffled: Vec<Run> = order.iter().map(|&i| runs[i]).collect();
        let (one, two) = (started_at(&law).fit(&runs), started_at(&law).fit(&shuffled));
        prop_assert!((one.unwrap().exponent() - two.unwrap().exponent()).abs() < 1e-6);
    }

    #[test]
    fn a_unit_of_model_size_only_moves_its_weight(scale in -2.0f64..2.0, seed in any::<u64>()) {
        // N -> tN turns A into A t^α: the parameter a moves by α ln t and nothing else does.
        let law = PowerLaw::replication();
        let base = runs(law, 0.005, 60, seed);
        let t = 10f64.powf(scale);
        let scaled: Vec<Run> = base.iter().map(|run| Run { parameters: t * run.parameters, ..*run }).collect();
        let one = started_at(&law).fit(&base).unwrap().parameters();
        let two = started_at(&law).fit(&scaled).unwrap().parameters();
        prop_assert!((two[0] - one[0] - one[3] * t.ln()).abs() < 1e-4);
        prop_assert!((1..5).all(|j| (two[j] - one[j]).abs() < 1e-4 * (1.0 + one[j].abs())));
    }

    #[test]
    fn the_covariance_is_the_inverse_of_the_information(law in law(), seed in any::<u64>()) {
        let data = observed(&runs(law, 0.0, 60, seed));
        let theta = law.parameters();
        let found = covariance(&Plain, &data, &theta, 0.25).unwrap();
        // The same from central differences of the prediction.
        let mut information = DMatrix::zeros(5, 5);
        for point in &data {
            let slope = |j: usize| {
                let at = |h: f64| {
                    let mut moved = theta;
                    moved[j] += h;
                    log_prediction(&Plain, &point.input, &moved)
                };
                (at(1e-5) - at(-1e-5)) / 2e-5
            };
            for (i, j) in (0..5).flat_map(|i| (0..5).map(move |j| (i, j))) {
                information[(i, j)] += slope(i) * slope(j);
            }
        }
        let oracle = information.try_inverse().unwrap() * 0.25;
        prop_assert!((&found - &oracle).norm() < 1e-3 * oracle.norm());
        let se = exponent_standard_error(&law, &runs(law, 0.0, 60, seed), 0.25).unwrap();
        prop_assert!(se > 0.0 && se.is_finite());
    }

    #[test]
    fn intervals_are_ordered_and_nested(seed in any::<u64>(), level in 0.05f64..0.9) {
        let law = PowerLaw::replication();
        let runs = runs(law, 0.005, 60, seed);
        let delta = DeltaMethod(started_at(&law));
        let bootstrap = Bootstrap::new(started_at(&law), 20).unwrap();
        let methods: [&dyn ExponentInterval; 2] = [&delta, &bootstrap];
        for method in methods {
            let (low, high) = method.interval(&runs, level, &mut rng(seed)).unwrap();
            let (lower, higher) = method.interval(&runs, level + 0.05, &mut rng(seed)).unwrap();
            prop_assert!(lower <= low && low <= high && high <= higher);
        }
    }

    #[test]
    fn rare_draws_give_usable_runs(mut random in HalfAdversarial::strategy(40)) {
        for run in LawData::new(PowerLaw::replication(), 0.005, 20).unwrap().draw(&mut random) {
            prop_assert!(run.parameters > 1e6 && run.tokens > 1e7 && run.loss > 1.0 && run.loss.is_finite());
        }
    }

    #[test]
    fn bad_numbers_are_refused_by_name(x in awkward_f64()) {
        let usable = x > 0.0 && x.is_finite();
        let law = PowerLaw::replication();
        let refused = |result: Result<(), ratebook::Error>, name: &str| match result {
            Ok(()) => usable,
            Err(error) => !usable && error.to_string().starts_with(name),
        };
        prop_assert!(refused(PowerLaw::new(1.0, x, 1.0, 0.3, 0.3).map(drop), "model"));
        prop_assert!(refused(PowerLaw::new(1.0, 1.0, 1.0, 0.3, x).map(drop), "beta"));
        prop_assert!(refused(HuberFit::new(x, Bfgs::new(1e-9, 9).unwrap()).map(drop), "delta"));
        prop_assert!(refused(required_runs(240, x, 1e-3).map(drop), "width"));
        let mut runs = runs(law, 0.005, 12, 1);
        runs[3].loss = x;
        match started_at(&law).fit(&runs) {
            Ok(fitted) => prop_assert!(usable && fitted.exponent().is_finite()),
            Err(error) => prop_assert!(usable || error.to_string().starts_with("loss"), "{error}"),
        }
    }
}

#[test]
fn the_short_grid_reaches_the_minimum_that_a_start_at_the_truth_reaches() {
    let law = PowerLaw::replication();
    for seed in 0..6 {
        let runs = runs(law, 0.005, 240, seed);
        let cold = GridFit::new(short_start_grid()).unwrap().fit(&runs).unwrap();
        let warm = started_at(&law).fit(&runs).unwrap();
        assert!((cold.exponent() - warm.exponent()).abs() < 1e-6, "{seed}");
    }
}

#[test]
fn too_little_data_is_refused() {
    let law = PowerLaw::replication();
    let fit = |runs: &[Run]| started_at(&law).fit(runs).unwrap_err().to_string();
    let few = runs(law, 0.005, 4, 1);
    assert!(fit(&few).starts_with("runs = 4"));
    assert!(fit(&[]).starts_with("runs = 0"));
    let mut constant = runs(law, 0.005, 20, 1);
    constant.iter_mut().for_each(|run| run.parameters = 1e9);
    assert!(fit(&constant).starts_with("runs: must vary"));
    let five = runs(law, 0.005, 5, 1);
    let delta = DeltaMethod(started_at(&law)).exponent(&five).unwrap_err();
    assert!(!delta.to_string().is_empty());
    assert!(GridFit::new(vec![]).unwrap_err().to_string().starts_with("starts"));
    assert!(GridFit::new(vec![vec![0.0; 4]]).unwrap_err().to_string().starts_with("start has size 4"));
    assert!(GridFit::new(vec![vec![f64::NAN; 5]]).unwrap_err().to_string().starts_with("start"));
    assert!(Bootstrap::new(started_at(&law), 0).unwrap_err().to_string().starts_with("resamples"));
    // Two model sizes cannot separate A from α and E: the information matrix is singular.
    let mut two_sizes = runs(law, 0.0, 20, 1);
    for (i, run) in two_sizes.iter_mut().enumerate() {
        run.parameters = if i % 2 == 0 { 1e8 } else { 1e9 };
    }
    let error = exponent_standard_error(&law, &two_sizes, 1.0).unwrap_err();
    assert!(error.to_string().starts_with("observations: must identify"));
}

#[test]
fn a_loss_scale_that_is_too_small_stops_the_fit_at_its_start() {
    let law = PowerLaw::replication();
    let runs = runs(law, 0.005, 240, 1);
    let stopped = MeanLossFit { tolerance: 1e-2 }.fit(&runs).unwrap();
    assert!((stopped.exponent() - law.exponent()).abs() > 0.1);
    assert!(short_start_grid().iter().any(|start| start[3] == stopped.parameters()[3]));
}

#[test]
fn exact_runs_have_an_interval_of_no_width() {
    let law = PowerLaw::replication();
    let runs = runs(law, 0.0, 30, 1);
    let (low, high) = DeltaMethod(started_at(&law)).interval(&runs, 0.8, &mut rng(1)).unwrap();
    assert!(low <= high && high - low < 1e-6 && (low - law.exponent()).abs() < 1e-4);
}

#[test]
fn required_runs_scale_with_the_square_of_the_width() {
    assert_eq!(required_runs(240, 0.05, 0.001).unwrap(), 240.0 * 2_500.0);
    assert!(required_runs(0, 0.05, 0.001).unwrap_err().to_string().starts_with("runs = 0"));
}
