use super::*;
use approx::assert_relative_eq;
use ratebook_judge::interval::clopper_pearson;

fn flags(failed: usize, n: usize) -> Vec<f64> {
    (0..n).map(|i| if i < failed { 1.0 } else { 0.0 }).collect()
}

/// δ with flags for measurements, and so loose a declared violation that power is never the question.
fn event(delta: f64) -> Claim {
    Claim::fails_at_most("c", move |_| delta).detects(1e9).event(|_, _| false)
}

#[test]
fn the_exact_limits_decide() {
    // Rule of thumb made exact: no failure in n shows δ when (1 − δ)^n ≤ α.
    assert_eq!(verdict_of(&event(0.1), flags(0, 66)), Verdict::Holds);
    assert_eq!(verdict_of(&event(0.1), flags(0, 65)), Verdict::Inconclusive);
    let interval = clopper_pearson(10, 100, 1e-3);
    assert_eq!(verdict_of(&event(interval.high + 1e-9), flags(10, 100)), Verdict::Holds);
    assert_eq!(verdict_of(&event(interval.high - 1e-9), flags(10, 100)), Verdict::Inconclusive);
    assert_eq!(verdict_of(&event(interval.low + 1e-9), flags(10, 100)), Verdict::Inconclusive);
    assert_eq!(verdict_of(&event(interval.low - 1e-9), flags(10, 100)), Verdict::Violated);
}

#[test]
fn members_share_the_error_rate() {
    let interval = clopper_pearson(10, 100, 5e-4);
    let members =
        |delta: f64| judge_points(&event(delta), &[(1.0, vec![flags(3, 100), flags(10, 100)])]).unwrap();
    assert_eq!(members(interval.high + 1e-9).verdict, Verdict::Holds);
    assert_eq!(members(interval.high - 1e-9).verdict, Verdict::Inconclusive);
    let shown = members(0.5).points[0];
    assert_eq!((shown.n, shown.mean, shown.bound, shown.ratio), (100, 0.1, 0.5, Some(0.2)));
    assert_relative_eq!(shown.stderr, 0.03, max_relative = 1e-12);
}

#[test]
fn the_margin_is_a_share_of_delta() {
    let judged = judge(&event(0.1), flags(60, 100));
    let low = clopper_pearson(60, 100, 1e-3).low;
    assert_eq!(judged.verdict, Verdict::Violated);
    assert_relative_eq!(judged.margin, (low - 0.1) / 0.1, max_relative = 1e-12);
}

#[test]
fn a_ratio_fails_above_one_and_shows_the_tightness() {
    let claim = Claim::fails_at_most("c", |_| 0.1).detects(1e9).measure(|_, _| 0.0);
    // Ratios 0.001, 0.002, …, 0.1: at most a tenth of them exceed the 90th.
    let values: Vec<f64> = (1..=100).map(|i| f64::from(i) / 1000.0).collect();
    let judged = judge(&claim, values);
    assert_eq!((judged.verdict, judged.worst_ratio), (Verdict::Holds, Some(0.09)));
    assert!(!judged.vacuous);
    let judged = judge(&claim, vec![1.0; 100]);
    assert_eq!((judged.points[0].mean, judged.verdict), (0.0, Verdict::Holds));
    assert_eq!(judge(&claim, vec![1.000_001; 100]).points[0].mean, 1.0);
    // The threshold is never within a factor 1,000 of the measurement.
    assert!(judge(&claim, vec![0.9e-3; 100]).vacuous);
    assert!(!judge(&claim, vec![1e-3; 100]).vacuous);
    // The tightest member is shown.
    let judged = judge_points(&claim, &[(1.0, vec![vec![0.2; 100], vec![0.3; 100]])]).unwrap();
    assert_eq!(judged.worst_ratio, Some(0.3));
}

#[test]
fn a_delta_of_one_says_nothing() {
    assert!(judge(&event(1.0), flags(0, 100)).vacuous);
    assert!(!judge(&event(0.999), flags(0, 100)).vacuous);
}

#[test]
fn power_is_counted_exactly() {
    // δ = 0.1 and four times that: with n trials the verdict is violated from k failures on, the least k whose
    // lower limit exceeds δ; n suffices when Bin(n, 0.4) reaches k with probability 0.999.
    let claim = Claim::fails_at_most("c", |_| 0.1).event(|_, _| false);
    let least = |n: usize| (0..=n).find(|&k| clopper_pearson(k, n, 1e-3).low > 0.1).unwrap();
    let suffices = |n: usize| {
        use statrs::distribution::{Binomial, DiscreteCDF};
        Binomial::new(0.4, n as u64).unwrap().sf(least(n) as u64 - 1) >= 0.999
    };
    let enough = (66..200).find(|&n| (n..n + 20).all(suffices)).unwrap();
    assert_eq!(judge(&claim, flags(0, enough)).verdict, Verdict::Holds);
    let short = (30..enough).rev().find(|&n| !suffices(n)).unwrap();
    let judged = judge(&claim, flags(0, short));
    assert_eq!(judged.verdict, Verdict::Inconclusive);
    let mut needed = short;
    while !suffices(needed) {
        needed += needed / 10 + 1;
    }
    assert_eq!(
        judged.reason,
        format!("{short} replicates do not reach the declared violation: {needed} would")
    );
    // A violation that cannot be larger than one is one.
    assert_eq!(judge(&claim.detects(1e9), flags(0, 66)).verdict, Verdict::Holds);
}

/// With three trials even three failures do not show that δ = 0.95 is exceeded: their lower limit is 0.1.
#[test]
fn some_violations_cannot_be_found_at_all() {
    let judged = judge(&event(0.95), flags(0, 3));
    assert_eq!(judged.verdict, Verdict::Inconclusive);
    assert!(judged.reason.starts_with("3 replicates do not reach"), "{}", judged.reason);
}

/// A δ that is itself the lower limit of 20 failures is exceeded from 21 failures on, not from 20.
#[test]
fn power_counts_from_beyond_delta() {
    use statrs::distribution::{Binomial, DiscreteCDF};
    let delta = clopper_pearson(20, 100, 1e-3).low;
    let reaches = |p: f64, least: u64| Binomial::new(p, 100).unwrap().sf(least - 1) >= 0.999;
    // A truth that gives 20 failures with probability 0.999, but not 21.
    let truth = (100..400).map(|i| f64::from(i) / 1000.0).find(|&p| reaches(p, 20)).unwrap();
    assert!(!reaches(truth, 21));
    let claim = Claim::fails_at_most("c", move |_| delta).detects(truth / delta - 1.0).event(|_, _| false);
    assert_eq!(judge(&claim, flags(0, 100)).verdict, Verdict::Inconclusive);
}

#[test]
fn the_edge_of_fragility() {
    // Up to two failures are allowed: room for three counts, which is three times √(0 + 1).
    let claim = event(clopper_pearson(2, 300, 1e-3).high);
    assert!(!judge(&claim, flags(0, 300)).fragile);
    assert!(judge(&claim, flags(1, 300)).fragile);
    assert_eq!(judge(&claim, flags(3, 300)).verdict, Verdict::Inconclusive);
}

#[test]
fn few_failures_of_room_are_fragile() {
    // With 300 trials and δ = 0.05 up to k failures are allowed; fragile below three times √(failures + 1).
    let allowed = (0..300).filter(|&k| clopper_pearson(k, 300, 1e-3).high <= 0.05).count();
    for failed in 0..allowed {
        let judged = judge(&event(0.05), flags(failed, 300));
        assert_eq!(judged.verdict, Verdict::Holds);
        let room = (allowed - failed) as f64;
        assert_eq!(judged.fragile, room < 3.0 * (failed as f64 + 1.0).sqrt(), "{failed}");
    }
    assert!(!judge(&event(0.05), flags(299, 300)).fragile);
}
