//! The intervals: hand-computed values, exact coverage where it can be enumerated, and coverage by 10⁵
//! simulated runs, both sides.

use approx::assert_relative_eq;
use proptest::prelude::*;
use rand::RngExt;
use rand_distr::{Distribution, Exp1, StandardNormal, StudentT};
use rand_pcg::Pcg64;
use ratebook_judge::interval::*;
use ratebook_judge::quantile::{binomial_cdf, binomial_upper};

use crate::support::{assert_at_least, assert_at_most, config, count};

const RUNS: usize = 100_000;
const UNKNOWN: Interval = Interval { low: f64::NEG_INFINITY, high: f64::INFINITY };

#[track_caller]
fn assert_interval(found: Interval, low: f64, high: f64) {
    assert_relative_eq!(found.low, low, max_relative = 1e-12);
    assert_relative_eq!(found.high, high, max_relative = 1e-12);
}

#[track_caller]
fn assert_nan(found: Interval) {
    assert!(found.low.is_nan() && found.high.is_nan(), "{found:?}");
}

// Values by hand.

#[test]
fn student_by_hand() {
    // Mean 5/2, variance 5/3, t = 3.182446305284263 at 0.975 and 3 degrees of freedom.
    let interval = student(&[1.0, 2.0, 3.0, 4.0], 0.025);
    assert_interval(interval, 0.445739743239121, 4.55426025676088);
    // One degree of freedom: t = 12.7062047361747, standard error 1.
    assert_interval(student(&[-1.0, 1.0], 0.025), -12.7062047361747, 12.7062047361747);
    assert_interval(student(&[3.0; 5], 1e-6), 3.0, 3.0);
    assert_eq!(student(&[3.0], 0.1), UNKNOWN);
    assert_eq!(student(&[], 0.1), UNKNOWN);
    assert_nan(student(&[1.0, f64::NAN, 2.0], 0.1));
    assert_nan(student(&[1.0, 2.0], 0.0));
}

#[test]
fn empirical_bernstein_by_hand() {
    let values = [1.0, 2.0, 1.0, 3.0].repeat(50);
    assert_interval(empirical_bernstein(&values, (-1.0, 7.0), 0.05), 1.244323309715635, 2.255676690284365);
    // Clipped below, and not above.
    let values = [0.0, 2.0].repeat(10);
    assert_interval(empirical_bernstein(&values, (-1.0, 7.0), 0.05), -1.0, 5.247301982517142);
    assert_interval(empirical_bernstein(&values, (-7.0, 3.0), 0.05), -4.153342550194249, 3.0);
    // Two values are the fewest; one gives the range.
    let two = empirical_bernstein(&[0.5, 0.5], (-1e3, 1e3), 2.0 * (-3.0_f64 / 7000.0).exp());
    assert_relative_eq!(two.low, -1.5, max_relative = 1e-9);
    assert_relative_eq!(two.high, 2.5, max_relative = 1e-9);
    assert_interval(empirical_bernstein(&[0.5], (-1.0, 7.0), 0.05), -1.0, 7.0);
    assert_interval(empirical_bernstein(&[], (-1.0, 7.0), 0.05), -1.0, 7.0);
}

#[test]
fn empirical_bernstein_refuses_what_breaks_the_promise() {
    let range = (1.0, 5.0);
    for inside in [1.0, 5.0, 1.0 - 2e-9, 5.0 + 2e-9] {
        let interval = empirical_bernstein(&[2.0, inside], range, 0.05);
        assert_eq!(interval, Interval { low: 1.0, high: 5.0 });
    }
    for outside in [1.0 - 8e-9, 5.0 + 8e-9, 0.0, 6.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_nan(empirical_bernstein(&[2.0, outside], range, 0.05));
        assert_nan(empirical_bernstein(&[outside], range, 0.05));
    }
    let quarter = (0.0, 0.25);
    assert_nan(empirical_bernstein(&[0.1, 0.25 + 1e-9], quarter, 0.05));
    for range in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::NAN), (0.0, f64::INFINITY)] {
        assert_nan(empirical_bernstein(&[1.0, 1.0], range, 0.05));
    }
    assert_nan(empirical_bernstein(&[2.0, 3.0], range, f64::NAN));
}

#[test]
fn median_of_means_by_hand() {
    // Twelve blocks of two; P(B ≤ 2) = 79/4096 = 0.0193 and P(B ≤ 3) = 299/4096 = 0.0730.
    let mut values: Vec<f64> = (0..24).map(f64::from).collect();
    values.push(1e9); // joins no block
    let k = |alpha| median_of_means(&values, 12, alpha);
    assert_interval(k(0.0729), 4.5, 18.5);
    assert_interval(k(0.0731), 6.5, 16.5);
    assert_interval(k(0.0192), 2.5, 20.5);
    // 2⁻¹² is the least level that twelve blocks can reach.
    assert_interval(k(2.5e-4), 0.5, 22.5);
    assert_eq!(k(2.4e-4), UNKNOWN);
    // The order of the values in time makes the blocks, not their size.
    let alternating = [5.0, -5.0].repeat(12);
    assert_interval(median_of_means(&alternating, 12, 0.01), 0.0, 0.0);
    // A level above one half would ask for a point beyond the median.
    assert_interval(median_of_means(&[3.0], 1, 0.5), 3.0, 3.0);
}

#[test]
fn median_of_means_without_enough() {
    assert_eq!(median_of_means(&[1.0; 9], 10, 0.1), UNKNOWN);
    assert_eq!(median_of_means(&[1.0; 10], 0, 0.1), UNKNOWN);
    assert_eq!(median_of_means(&[], 10, 0.1), UNKNOWN);
    assert_eq!(median_of_means(&[1.0; 1000], 9, 1e-3), UNKNOWN);
    assert_interval(median_of_means(&[1.0; 1000], 10, 1e-3), 1.0, 1.0);
    assert_eq!(median_of_means(&[1.0; 1000], 19, 1e-6), UNKNOWN);
    assert_interval(median_of_means(&[1.0; 1000], 20, 1e-6), 1.0, 1.0);
    assert_nan(median_of_means(&[1.0, f64::NAN, 1.0], 2, 0.5));
    assert_nan(median_of_means(&[1.0, f64::INFINITY, 1.0], 2, 0.5));
    assert_eq!(median_of_means(&[1.0; 1000], 20, f64::NAN), UNKNOWN);
}

#[test]
fn clopper_pearson_table() {
    for (failures, n, alpha, low, high) in [
        (1, 10, 0.025, 0.00252857854446178, 0.445016117028195),
        (1, 10, 0.001, 0.000100045028520679, 0.623723089088825),
        (1, 10, 1e-6, 1.00000045000028e-7, 0.830085359858856),
        (3, 10, 0.025, 0.0667395111777345, 0.652452850059997),
        (5, 10, 0.025, 0.187086028447399, 0.812913971552601),
        (5, 10, 1e-6, 0.0212556014055906, 0.978744398594409),
        (9, 10, 0.001, 0.376276910911175, 0.999899954971479),
        (1, 100, 1e-6, 1.00000049500033e-8, 0.154423569805464),
        (10, 100, 0.025, 0.049004689221486, 0.176222597740023),
        (50, 100, 1e-6, 0.271379653785168, 0.728620346214832),
        (7, 64, 0.001, 0.0246310880741353, 0.277575289498645),
        (3, 1000, 0.001, 0.000190705981708527, 0.0129966971477637),
        (500, 1000, 1e-6, 0.424790507254637, 0.575209492745363),
        (20, 2000, 1e-6, 0.00269118002328116, 0.0249817227348925),
    ] {
        let interval = clopper_pearson(failures, n, alpha);
        assert_relative_eq!(interval.low, low, max_relative = 1e-11);
        assert_relative_eq!(interval.high, high, max_relative = 1e-11);
    }
    // Without failures the limit is 1 − alpha^(1/n): the rule of (1 − δ)ⁿ ≤ α.
    let none = clopper_pearson(0, 66, 1e-3);
    assert_eq!(none.low, 0.0);
    assert_relative_eq!(none.high, 1.0 - 1e-3_f64.powf(1.0 / 66.0), max_relative = 1e-12);
    let all = clopper_pearson(66, 66, 1e-3);
    assert_relative_eq!(all.low, 1e-3_f64.powf(1.0 / 66.0), max_relative = 1e-12);
    assert_eq!(all.high, 1.0);
    assert_eq!(clopper_pearson(0, 0, 0.1), Interval { low: 0.0, high: 1.0 });
    assert_nan(clopper_pearson(3, 2, 0.1));
    assert_nan(clopper_pearson(1, 2, f64::NAN));
}

#[test]
fn kolmogorov_smirnov_by_hand() {
    let uniform = |x: f64| x.clamp(0.0, 1.0);
    let distance = |values: &[f64]| kolmogorov_smirnov(values, uniform);
    assert_relative_eq!(distance(&[0.5]), 0.5, epsilon = 1e-15);
    assert_relative_eq!(distance(&[0.9]), 0.9, epsilon = 1e-15);
    assert_relative_eq!(distance(&[0.2]), 0.8, epsilon = 1e-15);
    // Just below 0.7 the empirical law is 1/4; at 0.7 it is 1/2.
    assert_relative_eq!(distance(&[0.9, 0.1, 0.8, 0.7]), 0.45, epsilon = 1e-15);
    // Ties count once, with their whole weight.
    assert_relative_eq!(distance(&[0.4, 0.4, 0.4, 0.9]), 0.4, epsilon = 1e-15);
    assert_relative_eq!(distance(&[0.4, 0.3, 0.4, 0.4]), 0.6, epsilon = 1e-15);
    // A law with jumps: a fair coin, seen 2 + 2 times and 1 + 3 times.
    let coin = |x: f64| {
        if x < 0.0 {
            0.0
        } else if x < 1.0 {
            0.5
        } else {
            1.0
        }
    };
    assert_eq!(kolmogorov_smirnov(&[0.0, 1.0, 1.0, 0.0], coin), 0.0);
    assert_eq!(kolmogorov_smirnov(&[0.0, 1.0, 1.0, 1.0], coin), 0.25);
    // −0 and 0 are the same value.
    assert_eq!(kolmogorov_smirnov(&[0.0, -0.0, 1.0, 1.0], coin), 0.0);
    assert!(distance(&[]).is_nan());
    assert!(distance(&[0.5, f64::NAN]).is_nan());
    assert!(kolmogorov_smirnov(&[0.5, f64::NAN], |x| x.max(0.0)).is_nan());
    assert!(kolmogorov_smirnov(&[0.5, 0.6], |x| if x < 0.6 { f64::NAN } else { 1.0 }).is_nan());
    assert!(kolmogorov_smirnov(&[0.5], |x| if x < 0.5 { 0.2 } else { f64::NAN }).is_nan());
}

#[test]
fn dkw_by_hand() {
    assert_relative_eq!(dkw_radius(20, 0.05), 0.3036807309541526, max_relative = 1e-14);
    assert_relative_eq!(dkw_radius(1000, 1e-6), 0.08517234803187071, max_relative = 1e-14);
    assert_eq!(dkw_radius(0, 0.05), f64::INFINITY);
}

// Coverage.

/// Counts how often each limit is on the wrong side of the truth, over [`RUNS`] samples of size `n`.
fn misses(
    truth: f64,
    n: usize,
    draw: impl Fn(&mut Pcg64) -> f64 + Sync,
    interval: impl Fn(&[f64]) -> Interval + Sync,
) -> [usize; 2] {
    count(RUNS, |rng| {
        let values: Vec<f64> = (0..n).map(|_| draw(rng)).collect();
        let Interval { low, high } = interval(&values);
        // Written so that NaN is a miss.
        [!(low <= truth), !(high >= truth)]
    })
}

fn normal_value(rng: &mut Pcg64) -> f64 {
    3.0 + 2.0 * rng.sample::<f64, _>(StandardNormal)
}

fn coin(probability: f64) -> impl Fn(&mut Pcg64) -> f64 {
    move |rng| f64::from(u8::from(rng.random::<f64>() < probability))
}

#[test]
fn student_is_exact_for_normal_values() {
    for (n, alpha) in [(2, 0.05), (5, 0.01), (30, 1e-3)] {
        for missed in misses(3.0, n, normal_value, |values| student(values, alpha)) {
            assert_at_most(missed, RUNS, alpha);
            assert_at_least(missed, RUNS, alpha);
        }
    }
}

#[test]
fn student_is_close_for_thirty_uniform_values() {
    for missed in misses(0.5, 30, |rng| rng.random(), |values| student(values, 0.05)) {
        assert_at_most(missed, RUNS, 0.05);
        assert_at_least(missed, RUNS, 0.047);
    }
}

#[test]
fn student_is_not_trusted_with_thirty_skewed_values() {
    // What the documentation warns of: on exponential values the upper limit falls short several
    // times too often, and the lower one hardly ever fails.
    let [low, high] = misses(1.0, 30, |rng| rng.sample(Exp1), |values| student(values, 0.01));
    assert_at_least(high, RUNS, 0.035);
    assert_at_most(high, RUNS, 0.05);
    assert_at_most(low, RUNS, 0.002);
}

#[test]
fn empirical_bernstein_covers_whatever_the_law() {
    let alpha = 0.05;
    for n in [30, 300] {
        for probability in [0.5, 0.05, 0.95] {
            let missed = misses(probability, n, coin(probability), |values| {
                empirical_bernstein(values, (0.0, 1.0), alpha)
            });
            missed.into_iter().for_each(|missed| assert_at_most(missed, RUNS, alpha));
        }
        let uniform = misses(
            2.0,
            n,
            |rng| rng.random_range(1.0..3.0),
            |values| empirical_bernstein(values, (1.0, 3.0), alpha),
        );
        uniform.into_iter().for_each(|missed| assert_at_most(missed, RUNS, alpha));
        // x⁹ is strongly skewed.
        let skewed = misses(
            0.1,
            n,
            |rng| rng.random::<f64>().powi(9),
            |values| empirical_bernstein(values, (0.0, 1.0), alpha),
        );
        skewed.into_iter().for_each(|missed| assert_at_most(missed, RUNS, alpha));
    }
}

#[test]
fn median_of_means_is_exact_for_symmetric_heavy_tails() {
    // Fifteen blocks at level 0.05: P(B ≤ 3) = 576/32768 is the largest level not above it.
    let exact = 576.0 / 32_768.0;
    let law = StudentT::new(2.2).unwrap();
    for missed in misses(0.0, 60, |rng| law.sample(rng), |values| median_of_means(values, 15, 0.05)) {
        assert_at_most(missed, RUNS, exact);
        assert_at_least(missed, RUNS, exact);
    }
}

#[test]
fn median_of_means_with_large_blocks_covers_a_skewed_mean() {
    // Blocks of 60 exponential values have their median 1/180 below the mean: the stated error holds
    // after a margin of that size, and without it the upper limit misses more often.
    let alpha = 0.05;
    let interval = |values: &[f64]| median_of_means(values, 10, alpha);
    let [low, high] = misses(1.0, 600, |rng| rng.sample(Exp1), interval);
    assert_at_most(low, RUNS, alpha);
    assert_at_most(high, RUNS, alpha);
}

#[test]
fn clopper_pearson_covers_in_every_case_and_is_attained() {
    for (n, alpha) in [(1, 0.1), (7, 0.05), (30, 0.01), (66, 1e-3)] {
        let intervals: Vec<Interval> = (0..=n).map(|failures| clopper_pearson(failures, n, alpha)).collect();
        let miss = |p: f64| {
            // The limits grow with the failures, so a miss is a tail of the binomial law.
            let too_high = intervals.partition_point(|interval| interval.low <= p);
            let too_low = intervals.partition_point(|interval| interval.high < p);
            let below = if too_low == 0 { 0.0 } else { binomial_cdf(too_low - 1, n, p) };
            [binomial_upper(too_high, n, p), below]
        };
        for step in 1..1000 {
            let [above, below] = miss(f64::from(step) / 1000.0);
            assert!(above <= alpha * (1.0 + 1e-9) && below <= alpha * (1.0 + 1e-9));
        }
        // The level is attained where the truth is just beyond a limit.
        for failures in 1..=n {
            assert_relative_eq!(miss(intervals[failures].low * (1.0 - 1e-9))[0], alpha, max_relative = 1e-6);
            let high = intervals[failures - 1].high;
            assert_relative_eq!(miss(high + 1e-9 * (1.0 - high))[1], alpha, max_relative = 1e-6);
        }
    }
}

#[test]
fn clopper_pearson_covers_by_simulation() {
    for probability in [0.5, 0.05, 0.99] {
        let table: Vec<Interval> = (0..=40).map(|failures| clopper_pearson(failures, 40, 0.05)).collect();
        let interval = |values: &[f64]| table[values.iter().sum::<f64>() as usize];
        for missed in misses(probability, 40, coin(probability), interval) {
            assert_at_most(missed, RUNS, 0.05);
        }
    }
}

#[test]
fn dkw_covers_and_is_nearly_sharp() {
    for (n, alpha) in [(20, 0.05), (100, 0.01)] {
        let radius = dkw_radius(n, alpha);
        let [missed] = count(RUNS, |rng| {
            let values: Vec<f64> = (0..n).map(|_| rng.random()).collect();
            [!(kolmogorov_smirnov(&values, |x| x.clamp(0.0, 1.0)) <= radius)]
        });
        assert_at_most(missed, RUNS, alpha);
        assert_at_least(missed, RUNS, 0.65 * alpha);
    }
}

#[test]
fn a_biased_sampler_is_refused() {
    // A coin of 0.55 said to be fair, and a uniform law bent to x^1.2, each by every method that can
    // see it, at the full tier's level.
    let alpha = 1e-6;
    let [tosses, bernstein, t, medians, law] = count(40, |rng| {
        let tosses: Vec<f64> = (0..20_000).map(|_| coin(0.55)(rng)).collect();
        let bent: Vec<f64> = (0..20_000).map(|_| rng.random::<f64>().powf(1.2)).collect();
        [
            clopper_pearson(tosses.iter().sum::<f64>() as usize, tosses.len(), alpha).low > 0.5,
            empirical_bernstein(&tosses, (0.0, 1.0), alpha).low > 0.5,
            student(&bent, alpha).high < 0.5,
            median_of_means(&bent, 25, alpha).high < 0.5,
            kolmogorov_smirnov(&bent, |x| x.clamp(0.0, 1.0)) > dkw_radius(bent.len(), alpha),
        ]
    });
    assert_eq!([tosses, bernstein, t, medians, law], [40; 5]);
}

// Laws.

fn values() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-1.0..1.0_f64, 2..60)
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn intervals_move_with_the_values(values in values(), shift in -3.0..3.0_f64, scale in 0.1..4.0_f64) {
        let moved: Vec<f64> = values.iter().map(|v| shift + scale * v).collect();
        let range = (shift - scale, shift + scale);
        for (plain, moved) in [
            (student(&values, 0.01), student(&moved, 0.01)),
            (empirical_bernstein(&values, (-1.0, 1.0), 0.01), empirical_bernstein(&moved, range, 0.01)),
            (median_of_means(&values, 8, 0.01), median_of_means(&moved, 8, 0.01)),
        ] {
            assert_relative_eq!(shift + scale * plain.low, moved.low, max_relative = 1e-9, epsilon = 1e-9);
            assert_relative_eq!(shift + scale * plain.high, moved.high, max_relative = 1e-9, epsilon = 1e-9);
        }
    }

    #[test]
    fn mirrored_values_have_the_mirrored_interval(values in values()) {
        let mirrored: Vec<f64> = values.iter().map(|v| -v).collect();
        for (plain, mirrored) in [
            (student(&values, 0.01), student(&mirrored, 0.01)),
            (empirical_bernstein(&values, (-1.0, 1.0), 0.01), empirical_bernstein(&mirrored, (-1.0, 1.0), 0.01)),
            (median_of_means(&values, 8, 0.01), median_of_means(&mirrored, 8, 0.01)),
        ] {
            assert_relative_eq!(plain.low, -mirrored.high, epsilon = 1e-12);
            assert_relative_eq!(plain.high, -mirrored.low, epsilon = 1e-12);
        }
    }

    #[test]
    fn a_smaller_error_rate_widens(values in values(), failures in 0_usize..20) {
        for (strict, lax) in [
            (student(&values, 1e-6), student(&values, 1e-3)),
            (empirical_bernstein(&values, (-1.0, 1.0), 1e-6), empirical_bernstein(&values, (-1.0, 1.0), 1e-3)),
            (median_of_means(&values, 25, 1e-6), median_of_means(&values, 25, 1e-3)),
            (clopper_pearson(failures, 20, 1e-6), clopper_pearson(failures, 20, 1e-3)),
        ] {
            prop_assert!(strict.low <= lax.low && lax.low <= lax.high && lax.high <= strict.high);
        }
    }

    #[test]
    fn failures_mirror_successes(n in 1_usize..300, share in 0.0..=1.0_f64) {
        let failures = (share * n as f64) as usize;
        let (plain, mirrored) = (clopper_pearson(failures, n, 1e-3), clopper_pearson(n - failures, n, 1e-3));
        assert_relative_eq!(plain.low, 1.0 - mirrored.high, epsilon = 1e-12);
        assert_relative_eq!(plain.high, 1.0 - mirrored.low, epsilon = 1e-12);
    }

    #[test]
    fn the_distance_is_the_largest_gap_on_a_grid(cells in prop::collection::vec(0_u32..10, 1..40)) {
        // Tied values on a grid against the uniform law: look just below and at every grid point.
        let values: Vec<f64> = cells.iter().map(|&c| f64::from(c) / 10.0).collect();
        let share = |keep: &dyn Fn(u32) -> bool| {
            cells.iter().filter(|&&c| keep(c)).count() as f64 / cells.len() as f64
        };
        let gap = (0..=10).map(|g| {
            let x = f64::from(g) / 10.0;
            (x - share(&|c| c <= g)).abs().max((x - share(&|c| c < g)).abs())
        });
        let distance = kolmogorov_smirnov(&values, |x| x.clamp(0.0, 1.0));
        prop_assert!((distance - gap.fold(0.0, f64::max)).abs() < 1e-12);
    }
}
