//! The slope: hand-computed fits, the bootstrap's error against the delta method, coverage, and the
//! logarithm left in a rate.

use approx::assert_relative_eq;
use proptest::prelude::*;
use rand::RngExt;
use rand_distr::StandardNormal;
use rand_pcg::Pcg64;
use ratebook_judge::fit::*;
use ratebook_judge::quantile::student_t_upper;
use ratebook_judge::sample::{Point, Sample, mean};

use crate::support::{assert_at_least, assert_at_most, config, count};

/// One member per point.
fn sample(paths: bool, points: &[(f64, &[f64])]) -> Sample {
    let points = points.iter().map(|&(x, values)| Point { x, members: vec![values.to_vec()] }).collect();
    Sample { points, paths }
}

fn geometric(first: f64, last: f64, points: usize) -> Vec<f64> {
    let step = (last / first).powf(1.0 / (points - 1) as f64);
    (0..points).map(|i| first * step.powi(i as i32)).collect()
}

// Values by hand.

#[test]
fn weighted_slope_by_hand() {
    // Weighted means 5/4 and 5/2; covariance 6.5, spread 4.75.
    let slope = weighted_slope(&[0.0, 1.0, 3.0], &[1.0, 2.0, 5.0], &[1.0, 2.0, 1.0]);
    assert_relative_eq!(slope, 6.5 / 4.75, max_relative = 1e-14);
    // A weight that dwarfs the rest pins the line to two points.
    let slope = weighted_slope(&[0.0, 1.0, 3.0], &[9.0, 2.0, 5.0], &[1e-9, 1.0, 1.0]);
    assert_relative_eq!(slope, 1.5, max_relative = 1e-7);
}

#[test]
fn point_value_is_the_worst_mean() {
    let members = [vec![1.0, 3.0], vec![5.0, 1.0], vec![-4.0, 2.0]];
    assert_eq!(point_value(&members, Worst::Largest), 3.0);
    assert_eq!(point_value(&members, Worst::Smallest), -1.0);
    assert!(point_value(&[], Worst::Largest).is_nan());
    for worst in [Worst::Largest, Worst::Smallest] {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(!point_value(&[vec![1.0], vec![bad], vec![2.0]], worst).is_finite());
            assert!(!point_value(&[vec![bad], vec![1.0]], worst).is_finite());
        }
    }
}

#[test]
fn the_weights_are_the_relative_errors_with_their_floor() {
    // Two replicates m ∓ d have standard error d.
    let data = sample(false, &[(1.0, &[3.0, 3.0]), (2.0, &[1.8, 2.2]), (5.0, &[6.0, 10.0])]);
    let curve = [1.0, 4.0, 2.0];
    let x = [0.0, 2.0_f64.ln(), 5.0_f64.ln()];
    let y = [3.0_f64.ln(), 0.5_f64.ln(), 4.0_f64.ln()];
    let weights = [1.0 / 0.0001, 1.0 / (0.01 + 0.0001), 1.0 / (0.0625 + 0.0001)];
    let fitted = slope(&data, &curve, Worst::Largest, 0.05).unwrap();
    assert_relative_eq!(fitted.fit, weighted_slope(&x, &y, &weights), max_relative = 1e-12);
}

#[test]
fn the_first_of_equal_members_gives_the_weight() {
    let noisy = vec![1.0, 3.0];
    let quiet = vec![2.0, 2.0];
    let points = |first: &Vec<f64>, second: &Vec<f64>| Sample {
        points: vec![
            Point { x: 1.0, members: vec![vec![1.0, 1.0], vec![0.5, 0.5]] },
            Point { x: 2.0, members: vec![first.clone(), second.clone()] },
            Point { x: 4.0, members: vec![vec![1.0, 1.0], vec![0.5, 0.5]] },
            Point { x: 8.0, members: vec![vec![1.0, 1.0], vec![0.5, 0.5]] },
        ],
        paths: false,
    };
    let x: Vec<f64> = [1.0, 2.0, 4.0, 8.0_f64].map(f64::ln).to_vec();
    let y = [0.0, 2.0_f64.ln(), 0.0, 0.0];
    for (data, weight) in [(points(&noisy, &quiet), 1.0 / 0.2501), (points(&quiet, &noisy), 1e4)] {
        let expected = weighted_slope(&x, &y, &[1e4, weight, 1e4, 1e4]);
        let found = slope(&data, &[1.0; 4], Worst::Largest, 0.05).unwrap().fit;
        assert_relative_eq!(found, expected, max_relative = 1e-9);
    }
    // The smallest are the second members, except at the tie.
    let y = [0.5_f64.ln(), 2.0_f64.ln(), 0.5_f64.ln(), 0.5_f64.ln()];
    for (data, weight) in [(points(&noisy, &quiet), 1.0 / 0.2501), (points(&quiet, &noisy), 1e4)] {
        let expected = weighted_slope(&x, &y, &[1e4, weight, 1e4, 1e4]);
        let found = slope(&data, &[1.0; 4], Worst::Smallest, 0.05).unwrap().fit;
        assert_relative_eq!(found, expected, max_relative = 1e-9);
    }
}

#[test]
fn one_replicate_is_deterministic() {
    for paths in [false, true] {
        let data = sample(paths, &[(1.0, &[8.0]), (2.0, &[2.0]), (4.0, &[0.5])]);
        let fitted = slope(&data, &[1.0; 3], Worst::Largest, 1e-6).unwrap();
        assert_relative_eq!(fitted.fit, -2.0, max_relative = 1e-14);
        assert_eq!((fitted.low, fitted.high), (fitted.fit, fitted.fit));
    }
}

#[test]
fn the_interval_is_stable() {
    // Pins the bootstrap's streams, so that a change of the generator announces itself here.
    let points: [(f64, &[f64]); 4] = [
        (10.0, &[1.0, 1.5, 0.8, 1.2, 0.9]),
        (20.0, &[0.7, 0.9, 0.6, 1.1, 0.5]),
        (40.0, &[0.5, 0.4, 0.6, 0.55, 0.3]),
        (80.0, &[0.2, 0.45, 0.3, 0.25, 0.35]),
    ];
    let curve = [1.0, 0.7, 0.5, 0.35];
    for (paths, low, high) in
        [(false, -0.41258458854988406, 0.20578629333616666), (true, -0.33975596821201937, 0.132957672998302)]
    {
        let fitted = slope(&sample(paths, &points), &curve, Worst::Largest, 0.01).unwrap();
        assert_relative_eq!(fitted.fit, -0.1033991476068587, max_relative = 1e-11);
        assert_relative_eq!(fitted.low, low, max_relative = 1e-11);
        assert_relative_eq!(fitted.high, high, max_relative = 1e-11);
    }
}

#[test]
fn the_bootstrap_agrees_with_the_delta_method() {
    // Relative noise of 2 %, 4 %, 6 % and 8 % in deterministic patterns of 12 values with variance one.
    let pattern = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0];
    let scale = (11.0_f64 / 12.0).sqrt();
    let noises = [0.02, 0.04, 0.06, 0.08];
    let x = [1.0, 3.0, 9.0, 27.0];
    let points = x.iter().zip(noises).map(|(&x, noise)| Point {
        x,
        members: vec![pattern.iter().map(|p| x * (1.0 + noise * scale * p)).collect()],
    });
    let data = Sample { points: points.collect(), paths: false };
    let fitted = slope(&data, &[1.0; 4], Worst::Largest, 0.001).unwrap();
    assert_relative_eq!(fitted.fit, 1.0, max_relative = 1e-12);

    let log: Vec<f64> = x.iter().map(|x| x.ln()).collect();
    let squares = noises.map(|noise| noise * noise / 12.0);
    let weights = squares.map(|square| 1.0 / (square + FLOOR * FLOOR));
    let total: f64 = weights.iter().sum();
    let center = log.iter().zip(weights).map(|(x, w)| w * x).sum::<f64>() / total;
    let spread: f64 = log.iter().zip(weights).map(|(x, w)| w * (x - center).powi(2)).sum();
    let variance: f64 =
        log.iter().zip(weights).zip(squares).map(|((x, w), s)| (w * (x - center) / spread).powi(2) * s).sum();
    let radius = student_t_upper(0.001, 11.0) * variance.sqrt();
    // 400 resamples know their spread to 3.5 %.
    assert_relative_eq!(fitted.high - fitted.fit, radius, max_relative = 0.12);
    assert_relative_eq!(fitted.fit - fitted.low, fitted.high - fitted.fit, max_relative = 1e-9);
}

#[test]
fn a_path_keeps_its_replicate_together() {
    // Each replicate is off by one factor at all points: along paths the slope has no error at all.
    let factors = [0.5, 0.8, 1.0, 1.3, 1.9, 2.5];
    let points = |paths| Sample {
        points: [1.0, 2.0, 4.0]
            .map(|x| Point {
                x,
                members: vec![factors.map(|f| f * x).to_vec(), factors.map(|f| 0.1 * f).to_vec()],
            })
            .to_vec(),
        paths,
    };
    let path = slope(&points(true), &[1.0; 3], Worst::Largest, 0.05).unwrap();
    assert_relative_eq!(path.low, 1.0, max_relative = 1e-12);
    assert_relative_eq!(path.high, 1.0, max_relative = 1e-12);
    let stratified = slope(&points(false), &[1.0; 3], Worst::Largest, 0.05).unwrap();
    assert!(stratified.low < 0.7 && stratified.high > 1.3);
}

#[test]
fn mostly_zero_replicates_do_not_bound_the_slope() {
    let rare: &[f64] = &[0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
    let data = sample(false, &[(1.0, rare), (2.0, rare), (4.0, rare)]);
    let fitted = slope(&data, &[1.0; 3], Worst::Largest, 0.05).unwrap();
    assert_relative_eq!(fitted.fit, 0.0, epsilon = 1e-12);
    assert_eq!((fitted.low, fitted.high), (f64::NEG_INFINITY, f64::INFINITY));
}

#[test]
fn different_numbers_of_replicates_use_the_fewest() {
    let data =
        |n: usize| sample(false, &[(1.0, &[1.0, 1.2][..]), (2.0, &[1.0, 1.1, 0.9][..n]), (4.0, &[1.0, 0.9])]);
    assert!(slope(&data(3), &[1.0; 3], Worst::Largest, 0.05).is_ok());
    let few = slope(&data(2), &[1.0; 3], Worst::Largest, 0.05).unwrap();
    // One degree of freedom: the interval is at least the ratio of the t quantiles wider.
    assert!(few.high - few.fit > 0.0);
}

#[test]
fn errors() {
    let three: [(f64, &[f64]); 3] = [(1.0, &[1.0, 2.0]), (2.0, &[1.0, 2.0]), (4.0, &[1.0, 2.0])];
    let with = |index: usize, x: f64, values: &'static [f64]| {
        let mut points = three;
        points[index] = (x, values);
        points
    };
    let fit = |paths: bool, points: &[(f64, &[f64])]| {
        slope(&sample(paths, points), &vec![1.0; points.len()], Worst::Largest, 0.05)
    };
    assert!(fit(false, &three).is_ok() && fit(true, &three).is_ok());
    assert_eq!(fit(false, &three[..2]), Err(FitError::FewPoints { found: 2 }));
    assert_eq!(
        slope(&sample(false, &three), &[1.0; 4], Worst::Largest, 0.05),
        Err(FitError::CurveLength { expected: 3, found: 4 })
    );
    for (index, x) in [(0, 0.0), (0, -1.0), (1, 1.0), (2, 2.0), (2, 1.5), (2, f64::INFINITY)] {
        assert_eq!(fit(false, &with(index, x, &[1.0, 2.0])), Err(FitError::Axis { x }));
    }
    assert!(matches!(fit(false, &with(1, f64::NAN, &[1.0, 2.0])), Err(FitError::Axis { .. })));
    assert_eq!(fit(false, &with(1, 2.0, &[-1.0, 1.0])), Err(FitError::Value { x: 2.0, value: 0.0 }));
    assert_eq!(fit(false, &with(1, 2.0, &[-1.0, 0.0])), Err(FitError::Value { x: 2.0, value: -0.5 }));
    assert_eq!(
        fit(false, &with(2, 4.0, &[1.0, f64::INFINITY])),
        Err(FitError::Value { x: 4.0, value: f64::INFINITY })
    );
    assert!(matches!(fit(false, &with(0, 1.0, &[1.0, f64::NAN])), Err(FitError::Value { x: 1.0, .. })));
    for curve in [0.0, f64::NAN, -1.0] {
        let found = slope(&sample(false, &three), &[1.0, curve, 1.0], Worst::Largest, 0.05);
        assert!(matches!(found, Err(FitError::Value { x: 2.0, .. })));
    }

    // Two negative numbers have a positive ratio, and yet no rate.
    let negative = sample(false, &[(1.0, &[-1.0]), (2.0, &[-1.0]), (4.0, &[-1.0])]);
    let found = slope(&negative, &[-1.0; 3], Worst::Largest, 0.05);
    assert_eq!(found, Err(FitError::Value { x: 1.0, value: 1.0 }));

    let lone: &'static [f64] = &[1.0];
    for paths in [false, true] {
        let found = fit(paths, &with(2, 4.0, lone));
        assert_eq!(found, Err(FitError::Replicates { x: 1.0, expected: 1, found: 2 }));
        let found = fit(paths, &with(2, 4.0, &[]));
        assert_eq!(found, Err(FitError::Replicates { x: 4.0, expected: 1, found: 0 }));
    }
    let longer = with(2, 4.0, &[1.0, 2.0, 3.0]);
    assert!(fit(false, &longer).is_ok());
    assert_eq!(fit(true, &longer), Err(FitError::Replicates { x: 4.0, expected: 2, found: 3 }));

    let mut ragged = sample(false, &three);
    ragged.points[1].members.push(vec![1.0, 2.0, 3.0]);
    let found = slope(&ragged, &[1.0; 3], Worst::Largest, 0.05);
    assert_eq!(found, Err(FitError::Replicates { x: 2.0, expected: 2, found: 3 }));
    ragged.points[1].members.clear();
    let found = slope(&ragged, &[1.0; 3], Worst::Largest, 0.05);
    assert_eq!(found, Err(FitError::Replicates { x: 2.0, expected: 1, found: 0 }));
    assert_eq!(found.unwrap_err().to_string(), "the point at x = 2 has 0 replicates where 1 are needed");
}

#[test]
fn the_last_half_has_at_least_three_points() {
    for (total, kept) in [(2, 2), (3, 3), (4, 3), (5, 3), (6, 3), (7, 4), (8, 4), (9, 5), (12, 6)] {
        for paths in [false, true] {
            let x: Vec<f64> = (1..=total).map(f64::from).collect();
            let points = x.iter().map(|&x| Point { x, members: vec![vec![x]] }).collect();
            let curve: Vec<f64> = x.iter().map(|x| 10.0 * x).collect();
            let (half, half_curve) = last_half(&Sample { points, paths }, &curve);
            assert_eq!(half.points.iter().map(|p| p.x).collect::<Vec<_>>(), x[total as usize - kept..]);
            assert_eq!(half_curve, curve[total as usize - kept..]);
            assert_eq!(half.paths, paths);
        }
    }
}

#[test]
fn curvature_shows_in_the_last_half() {
    // ln² hides little curvature in the whole, but the last half is flatter.
    let x = geometric(10.0, 1e5, 9);
    let points = x.iter().map(|&x| Point { x, members: vec![vec![x.ln().powi(2)]] }).collect();
    let data = Sample { points, paths: false };
    let whole = slope(&data, &[1.0; 9], Worst::Largest, 0.05).unwrap().fit;
    let (half, curve) = last_half(&data, &[1.0; 9]);
    let end = slope(&half, &curve, Worst::Largest, 0.05).unwrap().fit;
    assert!(end < whole - 0.1, "{whole} {end}");
}

// Error rates.

/// A log-normal factor with mean one and coefficient of variation `cv`.
fn factor(rng: &mut Pcg64, cv: f64) -> f64 {
    let square = (cv * cv).ln_1p();
    (rng.sample::<f64, _>(StandardNormal) * square.sqrt() - 0.5 * square).exp()
}

fn noisy(x: &[f64], replicates: usize, law: impl Fn(f64) -> f64, mut noise: impl FnMut() -> f64) -> Sample {
    let points = x.iter().map(|&x| {
        let values = (0..replicates).map(|_| law(x) * noise()).collect();
        Point { x, members: vec![values] }
    });
    Sample { points: points.collect(), paths: false }
}

#[test]
fn the_slope_is_covered_when_points_are_independent() {
    // Three points of eight replicates: the t quantile of one point's degrees of freedom is a little
    // wide for an error to which all three contribute.
    let (runs, alpha) = (100_000, 0.05);
    let x = [10.0, 50.0, 300.0];
    let curve = x.map(|x: f64| 1.0 / x.sqrt());
    let [above, below] = count(runs, |rng| {
        let data = noisy(&x, 8, |x| 7.0 / x.sqrt(), || factor(rng, 0.3));
        let fitted = slope(&data, &curve, Worst::Largest, alpha).unwrap();
        [!(fitted.low <= 0.0), !(fitted.high >= 0.0)]
    });
    for missed in [above, below] {
        assert_at_most(missed, runs, alpha);
        assert_at_least(missed, runs, 0.6 * alpha);
    }
}

#[test]
fn the_slope_is_covered_along_paths() {
    // A replicate has an exponent of its own, −1/2 on average: only whole paths show the spread.
    let (runs, alpha) = (100_000, 0.05);
    let x = [10.0, 50.0, 300.0];
    let curve = x.map(|x: f64| 1.0 / x.sqrt());
    let [above, below] = count(runs, |rng| {
        let exponents: Vec<f64> =
            (0..12).map(|_| -0.5 + 0.01 * rng.sample::<f64, _>(StandardNormal)).collect();
        let points = x.map(|x| Point { x, members: vec![exponents.iter().map(|e| x.powf(*e)).collect()] });
        let data = Sample { points: points.to_vec(), paths: true };
        let fitted = slope(&data, &curve, Worst::Largest, alpha).unwrap();
        // The mean of x^E is not x^(mean of E): at exponents this close it adds 0.01²·ln x/2 to the slope.
        let bias = 0.01_f64.powi(2) * (10.0 * 300.0_f64).ln() / 2.0;
        [!(fitted.low <= bias), !(fitted.high >= bias)]
    });
    for missed in [above, below] {
        assert_at_most(missed, runs, 1.1 * alpha);
        assert_at_least(missed, runs, 0.8 * alpha);
    }
}

/// The setting of the judge's rule 9: six points over 1.5 decades, coefficient of variation 0.5.
fn rule_nine(replicates: usize, law: impl Fn(f64) -> f64, rng: &mut Pcg64) -> Slope {
    let x = geometric(1000.0, 1000.0 * 10.0_f64.powf(1.5), 6);
    let curve: Vec<f64> = x.iter().map(|x| x.powf(-0.5)).collect();
    let data = noisy(&x, replicates, law, || factor(rng, 0.5));
    slope(&data, &curve, Worst::Largest, 1e-3).unwrap()
}

#[test]
fn a_log_factor_left_in_is_caught() {
    let runs = 400;
    let [passed, seen] = count(runs, |rng| {
        let fitted = rule_nine(64, |x| x.powf(-0.5) * x.ln(), rng);
        [!(fitted.high > 0.1), fitted.low > 0.0]
    });
    assert_eq!(passed, 0, "never taken for the rate within 0.1");
    assert!(seen > 385, "{seen}");
}

#[test]
fn the_rate_itself_passes() {
    let runs = 400;
    let [accused, passed] = count(runs, |rng| {
        let fitted = rule_nine(128, |x| 3.0 * x.powf(-0.5), rng);
        [fitted.low > 0.0, fitted.high < 0.1]
    });
    assert_at_most(accused, runs, 1e-3);
    assert!(passed > 390, "{passed}");
}

#[test]
fn rule_nine_states_the_error_at_32_replicates() {
    let fits: Vec<f64> = (0..400)
        .map(|seed| rule_nine(32, |x| x.powf(-0.5), &mut rand::SeedableRng::seed_from_u64(seed)).fit)
        .collect();
    let center = mean(&fits);
    let deviation = (fits.iter().map(|f| (f - center).powi(2)).sum::<f64>() / 399.0).sqrt();
    assert_relative_eq!(deviation, 0.03, max_relative = 0.15);
}

// Laws.

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn a_power_law_is_recovered(exponent in -3.0..3.0_f64, constant in 1e-3..1e3_f64, promised in -2.0..2.0_f64, points in 3_usize..10) {
        let x = geometric(3.0, 700.0, points);
        let curve: Vec<f64> = x.iter().map(|x| x.powf(promised)).collect();
        let data = noisy(&x, 1, |x| constant * x.powf(exponent), || 1.0);
        let fitted = slope(&data, &curve, Worst::Smallest, 1e-6).unwrap();
        prop_assert!((fitted.fit - (exponent - promised)).abs() < 1e-10);
        prop_assert!(fitted.low == fitted.fit && fitted.high == fitted.fit);
    }

    #[test]
    fn units_do_not_matter(seed in 0_u64..1000, unit in 1e-3..1e3_f64, paths in any::<bool>()) {
        let mut rng: Pcg64 = rand::SeedableRng::seed_from_u64(seed);
        let x = geometric(3.0, 700.0, 4);
        let mut data = noisy(&x, 9, |x| x, || factor(&mut rng, 0.2));
        data.paths = paths;
        let plain = slope(&data, &[1.0; 4], Worst::Largest, 0.01).unwrap();
        for point in &mut data.points {
            point.x *= 7.0;
            point.members[0].iter_mut().for_each(|v| *v *= unit);
        }
        let scaled = slope(&data, &[1.0; 4], Worst::Largest, 0.01).unwrap();
        for (plain, scaled) in [(plain.fit, scaled.fit), (plain.low, scaled.low), (plain.high, scaled.high)] {
            prop_assert!((plain - scaled).abs() < 1e-9);
        }
        prop_assert!(plain.low < plain.fit && plain.fit < plain.high);
        let wider = slope(&data, &[1.0; 4], Worst::Largest, 1e-6).unwrap();
        prop_assert!(wider.low < scaled.low && scaled.high < wider.high);
    }
}
