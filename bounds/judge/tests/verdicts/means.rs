use super::*;
use approx::assert_relative_eq;
use ratebook_judge::{Interval, Tolerance};

const SE: f64 = 0.01;
/// A little more than any rounding.
const BIT: f64 = 1e-9;

fn at_most(bound: f64) -> Claim {
    Claim::at_most("c", move |_| bound)
}

fn at_least(bound: f64) -> Claim {
    Claim::at_least("c", move |_| bound)
}

#[test]
fn at_most_is_decided_by_the_limits_of_the_interval() {
    let edge = t(1e-3) * SE;
    let values = || spread(1.0, SE);
    assert_eq!(verdict_of(&at_most(1.0 + edge + BIT), values()), Verdict::Holds);
    assert_eq!(verdict_of(&at_most(1.0 + edge - BIT), values()), Verdict::Inconclusive);
    assert_eq!(verdict_of(&at_most(1.0 - edge + BIT), values()), Verdict::Inconclusive);
    assert_eq!(verdict_of(&at_most(1.0 - edge - BIT), values()), Verdict::Violated);
}

#[test]
fn at_least_is_the_mirror_image() {
    let edge = t(1e-3) * SE;
    let values = || spread(1.0, SE);
    assert_eq!(verdict_of(&at_least(1.0 - edge - BIT), values()), Verdict::Holds);
    assert_eq!(verdict_of(&at_least(1.0 - edge + BIT), values()), Verdict::Inconclusive);
    assert_eq!(verdict_of(&at_least(1.0 + edge - BIT), values()), Verdict::Inconclusive);
    assert_eq!(verdict_of(&at_least(1.0 + edge + BIT), values()), Verdict::Violated);
}

#[test]
fn the_full_tier_has_a_smaller_error_rate() {
    let claim = at_most(1.0 + t(1e-3) * SE + BIT);
    let measured = Measured::Numbers(super::sample(&[(1.0, vec![spread(1.0, SE)])]));
    assert_eq!(verdict::judge(&claim, &measured, Tier::Full).unwrap().verdict, Verdict::Inconclusive);
    let claim = at_most(1.0 + t(1e-6) * SE + BIT);
    assert_eq!(verdict::judge(&claim, &measured, Tier::Full).unwrap().verdict, Verdict::Holds);
}

#[test]
fn equality_needs_the_whole_interval_within_the_tolerance() {
    // Two sides share α.
    let edge = t(5e-4) * SE;
    let claim = |tolerance: f64| Claim::equals("c", |_| 2.0, Tolerance::Relative(tolerance)).detects(0.2);
    assert_eq!(verdict_of(&claim((edge + BIT) / 2.0), spread(2.0, SE)), Verdict::Holds);
    assert_eq!(verdict_of(&claim((edge - BIT) / 2.0), spread(2.0, SE)), Verdict::Inconclusive);
    for sign in [1.0, -1.0] {
        let beyond = |by: f64| spread(2.0 + sign * (0.1 + by), SE);
        assert_eq!(verdict_of(&claim(0.05), beyond(edge + BIT)), Verdict::Violated);
        assert_eq!(verdict_of(&claim(0.05), beyond(edge - BIT)), Verdict::Inconclusive);
    }
    let absolute = Claim::equals("c", |_| 0.0, Tolerance::Absolute(edge + BIT)).detects(1.0);
    assert_eq!(verdict_of(&absolute, spread(0.0, SE)), Verdict::Holds);
    assert_eq!(verdict_of(&absolute, spread(2.0 * BIT, SE)), Verdict::Inconclusive);
    assert_eq!(verdict_of(&absolute, spread(-2.0 * BIT, SE)), Verdict::Inconclusive);
    let negative = Claim::equals("c", |_| -2.0, Tolerance::Relative((edge + BIT) / 2.0)).detects(0.2);
    assert_eq!(verdict_of(&negative, spread(-2.0, SE)), Verdict::Holds);
}

#[test]
fn an_equality_that_cannot_tell_the_declared_violation_is_inconclusive() {
    // The tolerance is wider than the violation that the claim says it catches.
    let claim = Claim::equals("c", |_| 1.0, Tolerance::Relative(0.2)).computed();
    let judged = judge(&claim, vec![1.0]);
    assert_eq!(judged.verdict, Verdict::Inconclusive);
    assert_eq!(judged.reason, "still holds with the curve moved by 0.05");
    // Moved by the violation in either direction, the prediction must be refused.
    for value in [1.0 + 0.06, 1.0 - 0.06] {
        let claim = Claim::equals("c", |_| 1.0, Tolerance::Relative(0.07)).computed().detects(0.12);
        assert_eq!(verdict_of(&claim, vec![value]), Verdict::Inconclusive, "{value}");
    }
    let claim = Claim::equals("c", |_| 1.0, Tolerance::Relative(0.07)).computed().detects(0.2);
    assert_eq!(verdict_of(&claim, vec![1.06]), Verdict::Holds);
    let absolute =
        |detects| Claim::equals("c", |_| 0.0, Tolerance::Absolute(0.07)).computed().detects(detects);
    for value in [0.06, -0.06] {
        assert_eq!(verdict_of(&absolute(0.12), vec![value]), Verdict::Inconclusive, "{value}");
        assert_eq!(verdict_of(&absolute(0.2), vec![value]), Verdict::Holds, "{value}");
    }
}

#[test]
fn a_tight_claim_must_not_survive_a_tighter_bound() {
    assert_eq!(verdict_of(&at_most(1.0).computed(), vec![0.9]), Verdict::Holds);
    let judged = judge(&at_most(1.0).computed().tight(0.05), vec![0.9]);
    assert_eq!(judged.verdict, Verdict::Inconclusive);
    assert_eq!(judged.reason, "still holds with the curve moved by 0.05");
    assert_eq!(verdict_of(&at_most(1.0).computed().tight(0.2), vec![0.9]), Verdict::Holds);
    assert_eq!(verdict_of(&at_least(1.0).computed().tight(0.05), vec![1.1]), Verdict::Inconclusive);
    assert_eq!(verdict_of(&at_least(1.0).computed().tight(0.2), vec![1.1]), Verdict::Holds);
    assert_eq!(verdict_of(&at_most(-1.0).computed().tight(0.05), vec![-1.02]), Verdict::Holds);
}

#[test]
fn too_few_replicates_for_the_declared_violation_are_named() {
    // Reach: half width plus z_β standard errors; allowed: a fifth of the bound.
    let reach = (t(1e-3) + z()) * SE;
    let bound = reach / 0.2;
    let values = || spread(bound / 10.0, SE);
    assert_eq!(verdict_of(&at_most(bound + BIT), values()), Verdict::Holds);
    let judged = judge(&at_most(bound - BIT), values());
    assert_eq!(judged.verdict, Verdict::Inconclusive);
    assert_eq!(judged.reason, "100 replicates do not reach the declared violation: 101 would");
    // Half the allowed distance needs four times the replicates.
    let judged = judge(&at_most(bound).detects(0.1 + BIT), values());
    assert_eq!(judged.reason, "100 replicates do not reach the declared violation: 400 would");
    // The distance is a share of the bound or prediction, be it far from one.
    let far = Claim::equals("c", |_| 4.0, Tolerance::Relative(0.05)).detects(0.15);
    assert_eq!(verdict_of(&far, spread(4.0, SE)), Verdict::Holds);
    assert_eq!(verdict_of(&at_most(4.0), spread(0.5, 0.1)), Verdict::Holds);
    // For a prediction the tolerance is part of the distance.
    let reach = (t(5e-4) + z()) * SE;
    let claim = |detects| Claim::equals("c", |_| 1.0, Tolerance::Relative(0.05)).detects(detects);
    assert_eq!(verdict_of(&claim(0.05 + reach + BIT), spread(1.0, SE)), Verdict::Holds);
    let judged = judge(&claim(0.05 + reach / 2.0 + BIT), spread(1.0, SE));
    assert_eq!(judged.reason, "100 replicates do not reach the declared violation: 400 would");
    let claim = |detects| Claim::equals("c", |_| 0.0, Tolerance::Absolute(0.05)).detects(detects);
    assert_eq!(verdict_of(&claim(0.05 + reach + BIT), spread(0.0, SE)), Verdict::Holds);
    let judged = judge(&claim(0.05 + reach / 2.0 + BIT), spread(0.0, SE));
    assert_eq!(judged.reason, "100 replicates do not reach the declared violation: 400 would");
}

#[test]
fn a_violation_stands_without_power() {
    let judged = judge(&at_most(0.01), spread(1.0, 0.2));
    assert_eq!((judged.verdict, judged.reason.as_str()), (Verdict::Violated, ""));
}

#[test]
fn a_straddling_interval_says_so() {
    let judged = judge(&at_most(1.0), spread(1.0, SE));
    assert_eq!(judged.reason, "a confidence interval straddles the limit");
    let judged = judge(&at_most(1.0), spread(1.0, 0.5));
    assert_eq!(judged.verdict, Verdict::Inconclusive);
    assert!(judged.reason.contains("would"));
}

#[test]
fn student_needs_thirty_replicates() {
    let few = |n: usize| spread(1.0, 1e-4).into_iter().take(n).collect::<Vec<_>>();
    let fault = judge_points(&at_most(2.0), &[(1.0, vec![few(29)])]).unwrap_err();
    assert_eq!(fault, Fault::Design("29 replicates: Student's t needs 30".into()));
    assert_eq!(verdict_of(&at_most(2.0), few(30)), Verdict::Holds);
}

#[test]
fn a_bounded_measurement_must_stay_in_its_range() {
    let claim = at_most(0.9).interval(Interval::Bounded(0.0, 1.0));
    let half: Vec<f64> = (0..2000).map(|i| f64::from(i % 2)).collect();
    assert_eq!(verdict_of(&claim, half), Verdict::Holds);
    let fault = judge_points(&claim, &[(1.0, vec![vec![0.5, 1.5]])]).unwrap_err();
    assert_eq!(fault, Fault::Design("measured 1.5, outside the declared [0, 1]".into()));
}

#[test]
fn median_of_means_survives_an_outlier() {
    let mut values = spread(1.0, 1e-3);
    values[7] = 1e6;
    let claim = at_most(1.5).detects(0.5);
    assert_eq!(
        verdict_of(&claim.clone().interval(Interval::MedianOfMeans(20)), values.clone()),
        Verdict::Inconclusive
    );
    let interval = ratebook_judge::interval::median_of_means(&values, 20, 1e-3);
    assert!(interval.high < 1.5);
    assert_ne!(verdict_of(&claim, values), Verdict::Holds);
}

#[test]
fn deterministic_measurements_may_round() {
    let computed = |value: f64| verdict_of(&at_most(2.0).computed(), vec![value]);
    assert_eq!(computed(2.0 * (1.0 + 0.9e-9)), Verdict::Holds);
    assert_eq!(computed(2.0 * (1.0 + 1.1e-9)), Verdict::Violated);
    assert_eq!(verdict_of(&at_most(2.0).computed().rounding(0.0), vec![2.0]), Verdict::Holds);
    assert_eq!(verdict_of(&at_most(2.0).computed().rounding(0.0), vec![2.000_000_1]), Verdict::Violated);
    assert_eq!(verdict_of(&at_least(2.0).exhaustive(), vec![2.0 * (1.0 - 0.9e-9)]), Verdict::Holds);
    assert_eq!(verdict_of(&at_least(2.0).exhaustive(), vec![2.0 * (1.0 - 1.1e-9)]), Verdict::Violated);
    assert_eq!(verdict_of(&at_least(2.0).computed().rounding(0.0), vec![2.0]), Verdict::Holds);
    assert_eq!(verdict_of(&at_most(0.0).computed(), vec![0.9e-9]), Verdict::Holds);
    assert_eq!(verdict_of(&at_most(0.0).computed(), vec![1.1e-9]), Verdict::Violated);
}

#[test]
fn a_family_is_as_bad_as_its_worst_member() {
    let claim = at_most(1.0).computed();
    let judged = judge_points(&claim, &[(1.0, vec![vec![0.5], vec![0.7], vec![0.6]])]).unwrap();
    assert_eq!((judged.verdict, judged.points[0].mean, judged.worst_ratio), (Verdict::Holds, 0.7, Some(0.7)));
    let judged = judge_points(&claim, &[(1.0, vec![vec![0.5], vec![1.7]])]).unwrap();
    assert_eq!(judged.verdict, Verdict::Violated);
    let judged = judge_points(&at_least(1.0).computed(), &[(1.0, vec![vec![1.5], vec![1.2]])]).unwrap();
    assert_eq!((judged.verdict, judged.points[0].mean, judged.worst_ratio), (Verdict::Holds, 1.2, Some(1.2)));
    // The members share α, and the standard error shown is the worst member's.
    let edge = t(5e-4) * SE;
    let members = |bound: f64| {
        judge_points(&at_most(bound), &[(1.0, vec![spread(1.0, SE), spread(0.5, SE / 2.0)])]).unwrap()
    };
    assert_eq!(members(1.0 + edge + BIT).verdict, Verdict::Holds);
    assert_eq!(members(1.0 + edge - BIT).verdict, Verdict::Inconclusive);
    assert_relative_eq!(members(2.0).points[0].stderr, SE, max_relative = 1e-12);
}

#[test]
fn margins_are_shares_of_the_bound() {
    assert_relative_eq!(judge(&at_most(2.0).computed(), vec![3.0]).margin, 0.5 - 1e-9, max_relative = 1e-12);
    assert_relative_eq!(judge(&at_most(2.0).computed(), vec![1.0]).margin, -0.5 - 1e-9, max_relative = 1e-12);
    assert_relative_eq!(judge(&at_least(2.0).computed(), vec![1.0]).margin, 0.5 - 1e-9, max_relative = 1e-12);
    assert_relative_eq!(judge(&at_most(0.0).computed(), vec![3.0]).margin, 3.0 - 1e-9, max_relative = 1e-12);
    assert_relative_eq!(
        judge(&at_most(-2.0).computed(), vec![-1.0]).margin,
        0.5 - 1e-9,
        max_relative = 1e-12
    );
    // The worst point counts.
    let points = [(1.0, vec![vec![3.0]]), (2.0, vec![vec![5.0]]), (3.0, vec![vec![1.0]])];
    let judged = judge_points(&at_most(2.0).computed(), &points).unwrap();
    assert_relative_eq!(judged.margin, 1.5 - 1e-9, max_relative = 1e-12);
}

#[test]
fn the_worst_ratio_is_the_closest_to_a_violation() {
    let points = [(1.0, vec![vec![0.4]]), (2.0, vec![vec![0.8]]), (3.0, vec![vec![0.6]])];
    assert_eq!(judge_points(&at_most(1.0).computed(), &points).unwrap().worst_ratio, Some(0.8));
    assert_eq!(judge_points(&at_least(0.1).computed(), &points).unwrap().worst_ratio, Some(0.4 / 0.1));
    let equals = |value: f64| Claim::equals("c", move |_| value, Tolerance::Relative(0.01)).computed();
    assert_eq!(judge_points(&equals(1.0), &points).unwrap().worst_ratio, Some(0.4));
    assert_eq!(judge_points(&equals(0.4), &points).unwrap().worst_ratio, Some(0.8 / 0.4));
    assert_eq!(judge(&at_most(0.0).computed(), vec![0.0]).worst_ratio, None);
}

#[test]
fn a_bound_far_from_the_measurement_is_vacuous() {
    let vacuous = |claim: Claim, value: f64| judge(&claim, vec![value]).vacuous;
    assert!(!vacuous(at_most(1.0).computed(), 1.001e-3));
    assert!(!vacuous(at_most(1.0).computed(), 1e-3));
    assert!(vacuous(at_most(1.0).computed(), 0.999e-3));
    assert!(!vacuous(at_least(1.0).computed(), 999.0));
    assert!(!vacuous(at_least(1.0).computed(), 1000.0));
    assert!(vacuous(at_least(1.0).computed(), 1001.0));
    // At or beyond the trivial bound it says nothing.
    assert!(!vacuous(at_most(0.9).computed().trivial(|_| 1.0), 0.5));
    assert!(vacuous(at_most(1.0).computed().trivial(|_| 1.0), 0.5));
    assert!(!vacuous(at_least(0.1).computed().trivial(|_| 0.0), 0.5));
    assert!(vacuous(at_least(0.0).computed().trivial(|_| 0.0), 0.5));
    assert!(vacuous(at_least(0.1).computed().trivial(|_| 0.1), 0.5));
    // One informative point is enough.
    let points = [(1.0, vec![vec![1e-6]]), (2.0, vec![vec![0.5]])];
    assert!(!judge_points(&at_most(1.0).computed(), &points).unwrap().vacuous);
}

#[test]
fn holding_by_a_hair_is_fragile() {
    let hair = (z() + 3.0) * SE;
    let fragile = |bound: f64| {
        let judged = judge(&at_most(bound), spread(1.0, SE));
        assert_eq!(judged.verdict, Verdict::Holds);
        judged.fragile
    };
    assert!(fragile(1.0 + hair - BIT));
    assert!(!fragile(1.0 + hair + BIT));
    assert!(judge(&at_least(1.0 - hair + BIT), spread(1.0, SE)).fragile);
    assert!(!judge(&at_least(1.0 - hair - BIT), spread(1.0, SE)).fragile);
    // Without any spread nothing is.
    assert!(!judge(&at_most(1.0), vec![1.0; N]).fragile);
    // Only what holds can be fragile.
    assert!(!judge(&at_most(1.0), spread(1.0, SE)).fragile);
    assert!(!judge(&at_most(1.0).computed(), vec![1.0]).fragile);
}

#[test]
fn a_bound_that_is_no_number_is_a_fault() {
    for bound in [f64::NAN, f64::INFINITY] {
        let fault = judge_points(&at_most(bound).computed(), &[(3.0, vec![vec![1.0]])]).unwrap_err();
        assert_eq!(fault, Fault::Design(format!("bound {bound} at 3")));
    }
}
