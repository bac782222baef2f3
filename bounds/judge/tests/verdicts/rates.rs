use super::*;
use approx::assert_relative_eq;

/// Deterministic points x^power on 1, 2, 4, …, 128.
fn power(power: f64) -> Vec<(f64, Vec<Vec<f64>>)> {
    (0..8).map(|k| 2f64.powi(k)).map(|x| (x, vec![vec![x.powf(power)]])).collect()
}

fn rate() -> Claim {
    Claim::rate("c", |x| x.sqrt()).computed()
}

fn exactly() -> Claim {
    Claim::rate_exactly("c", |x| x.sqrt()).computed()
}

#[test]
fn a_rate_allows_a_tenth_of_an_exponent() {
    let of = |claim: &Claim, p: f64| judge_points(claim, &power(p)).unwrap();
    assert_eq!(of(&rate(), 0.599).verdict, Verdict::Holds);
    assert_eq!(of(&rate(), 0.601).verdict, Verdict::Violated);
    assert_eq!(of(&rate(), 0.1).verdict, Verdict::Holds);
    assert_eq!(of(&rate().detects(0.3), 0.79).verdict, Verdict::Holds);
    assert_eq!(of(&exactly(), 0.401).verdict, Verdict::Holds);
    assert_eq!(of(&exactly(), 0.599).verdict, Verdict::Holds);
    assert_eq!(of(&exactly(), 0.399).verdict, Verdict::Violated);
    assert_eq!(of(&exactly(), 0.601).verdict, Verdict::Violated);
    let judged = of(&rate(), 0.8);
    assert_relative_eq!(judged.slope.unwrap().fit, 0.3, max_relative = 1e-9);
    assert_relative_eq!(judged.exponent.unwrap(), 0.8, max_relative = 1e-9);
    assert_relative_eq!(judged.margin, 0.2, max_relative = 1e-9);
    assert_relative_eq!(judged.worst_ratio.unwrap(), 128f64.powf(0.3), max_relative = 1e-12);
    assert!(!judged.vacuous && !judged.fragile);
    assert_relative_eq!(of(&exactly(), 0.2).margin, 0.2, max_relative = 1e-9);
}

#[test]
fn curvature_does_not_hide() {
    // Flat at first, then slope 0.15: the whole fit is within a tenth, the last half is not.
    let bent: Vec<_> = (0..8)
        .map(|k| (2f64.powi(k), vec![vec![2f64.powf(0.5 * f64::from(k) + 0.15 * f64::from((k - 4).max(0)))]]))
        .collect();
    let judged = judge_points(&rate(), &bent).unwrap();
    assert!(judged.slope.unwrap().high < 0.1);
    assert_eq!(judged.verdict, Verdict::Violated);
    assert_relative_eq!(judged.margin, 0.05, max_relative = 1e-9);
}

#[test]
fn a_noisy_last_half_must_agree_too() {
    // The last half's fit is above the slack, its lower limit is not.
    let noisy = |k: i32, bend: f64| {
        let value = 2f64.powf(0.5 * f64::from(k) + bend * f64::from((k - 4).max(0)));
        (2f64.powi(k), vec![spread(value, 0.05 * value)])
    };
    let points: Vec<_> = (0..8).map(|k| noisy(k, 0.15)).collect();
    let claim = Claim::rate("c", |x| x.sqrt());
    let judged = judge_points(&claim, &points).unwrap();
    assert_eq!(judged.verdict, Verdict::Inconclusive);
    assert!(
        judged.reason.starts_with("the last half's slope, +0.1") && judged.reason.ends_with("does not agree")
    );
}

#[test]
fn replicates_must_reach_the_slack() {
    let points = |share: f64| -> Vec<_> {
        (0..8).map(|k| 2f64.powi(k)).map(|x| (x, vec![spread(x.sqrt(), share * x.sqrt())])).collect()
    };
    let claim = Claim::rate("c", |x| x.sqrt());
    let judged = judge_points(&claim, &points(0.02)).unwrap();
    assert_eq!((judged.verdict, judged.fragile), (Verdict::Holds, false));
    let judged = judge_points(&claim, &points(0.08)).unwrap();
    let slope = judged.slope.unwrap();
    // β is α of the quick tier, so the reach is twice the half width.
    let needed = (100.0 * (2.0 * (slope.high - slope.fit) / 0.1).powi(2)).ceil();
    assert!(slope.high < 0.1);
    assert_eq!(
        (judged.verdict, judged.reason),
        (
            Verdict::Inconclusive,
            format!("100 replicates do not reach the declared violation: {needed} would")
        )
    );
}

#[test]
fn a_slope_close_to_the_slack_is_fragile() {
    // The slope is 0.05, the slack 0.1; fragile when that is less than z + 3 standard errors.
    let judged = |share: f64| {
        let points: Vec<_> = (0..8)
            .map(|k| 2f64.powi(k))
            .map(|x| (x, vec![spread(x.powf(0.55), share * x.powf(0.55))]))
            .collect();
        judge_points(&Claim::rate("c", |x| x.sqrt()), &points).unwrap()
    };
    for (share, fragile) in [(0.02, false), (0.04, true)] {
        let judged = judged(share);
        let slope = judged.slope.unwrap();
        let hair = (slope.high - slope.fit) * (1.0 + 3.0 / z());
        assert_eq!((judged.verdict, judged.fragile), (Verdict::Holds, fragile));
        assert_eq!(0.1 - slope.fit < hair, fragile);
    }
}

#[test]
fn rates_need_thirty_replicates_and_three_points() {
    let points: Vec<_> = (0..8).map(|k| (2f64.powi(k), vec![vec![1.0; 29]])).collect();
    let fault = judge_points(&Claim::rate("c", |_| 1.0), &points).unwrap_err();
    assert_eq!(fault, Fault::Design("29 replicates: a fitted exponent needs 30".into()));
    let points: Vec<_> = (0..8).map(|k| (2f64.powi(k), vec![vec![1.0; 30]])).collect();
    assert_eq!(judge_points(&Claim::rate("c", |_| 1.0), &points).unwrap().verdict, Verdict::Holds);
    assert!(judge_points(&rate(), &power(0.5)[..2]).is_err());
    let zero = [(1.0, vec![vec![1.0]]), (2.0, vec![vec![0.0]]), (3.0, vec![vec![1.0]])];
    assert!(judge_points(&rate(), &zero).is_err());
}

#[test]
fn a_measurement_at_the_trivial_bound_says_nothing() {
    let judged = judge_points(&rate().trivial(|_| 1.0), &power(0.5)).unwrap();
    assert!(judged.vacuous);
    let judged = judge_points(&rate().trivial(|_| 1.5), &power(0.5)).unwrap();
    assert!(!judged.vacuous);
}
