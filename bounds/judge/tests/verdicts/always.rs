use super::*;
use ratebook_judge::Streams;
use ratebook_judge::experiment::Cases;
use ratebook_judge::run::measure;
use ratebook_judge::{Outcome, Settings};

fn claim(check: impl Fn(f64, &mut Cases) + Send + Sync + 'static) -> Claim {
    Claim::always("c").exhaustive().sweep("n", [1.0, 2.0, 3.0]).check(move |x, _: &mut Streams, cases| {
        check(x, cases);
        Ok::<(), String>(())
    })
}

fn run(claim: &Claim) -> Outcome {
    ratebook_judge::run("area/paper", claim, Settings::default())
}

#[test]
fn no_counter_example_holds() {
    let outcome = run(&claim(|x, cases| {
        for i in 0..4 {
            cases.at_most(x * f64::from(i), 10.0, || unreachable!());
        }
    }));
    let judged = &outcome.method.judgement;
    assert_eq!((judged.verdict, judged.margin, judged.worst_ratio), (Verdict::Holds, 0.0, Some(0.9)));
    let point = judged.points[2];
    assert_eq!((point.x, point.n, point.mean, point.stderr, point.bound), (3.0, 4, 0.0, 0.0, 0.0));
    assert_eq!((point.ratio, judged.points[0].ratio), (Some(0.9), Some(0.3)));
    assert!(!judged.vacuous && !judged.fragile);
}

#[test]
fn one_counter_example_decides_and_is_told() {
    let outcome = run(&claim(|x, cases| {
        for i in 0..4 {
            cases.at_most(x * f64::from(i), 7.0, || format!("i = {i}"));
        }
    }));
    let judged = &outcome.method.judgement;
    assert_eq!(judged.verdict, Verdict::Violated);
    assert_eq!(judged.reason, "at 3: i = 3 (9e0 > 7e0)");
    assert_eq!((judged.margin, judged.points[2].mean), (1.0 / 12.0, 1.0));
}

#[test]
fn a_point_without_cases_is_a_fault() {
    let outcome = run(&claim(|x, cases| cases.holds(true, || unreachable!("{x}"))));
    assert_eq!(outcome.verdict(), Verdict::Holds);
    let outcome = run(&claim(|x, cases| {
        if x < 2.5 {
            cases.holds(true, || unreachable!())
        }
    }));
    assert_eq!(outcome.verdict(), Verdict::Inconclusive);
    assert_eq!(outcome.method.judgement.reason, "no case was checked at 3");
}

#[test]
fn generated_cases_need_enough_of_them() {
    let sampled = |n: usize| {
        let claim = Claim::always("c").replicates(n, n).check(|_, _: &mut Streams, cases| {
            cases.holds(true, || unreachable!());
            Ok::<(), String>(())
        });
        run(&claim).method.judgement
    };
    assert_eq!(sampled(688).verdict, Verdict::Holds);
    let judged = sampled(687);
    assert_eq!(judged.verdict, Verdict::Inconclusive);
    assert_eq!(
        judged.reason,
        "687 replicates do not reach the declared share of counter-examples: 688 would"
    );
}

#[test]
fn nan_is_a_fault_at_the_first_place() {
    let broken = claim(|x, cases| cases.at_most(if x > 1.5 { f64::NAN } else { 0.0 }, 1.0, String::new));
    let fault = measure(&broken, "a/b/c", Settings::default()).unwrap_err();
    assert!(matches!(fault, Fault::NotFinite { x: 2.0, replicate: 0, value } if value.is_nan()));
}

#[test]
fn the_law_and_the_experiment_must_fit() {
    let numbers = Claim::always("c").computed().measure(|_, _| 1.0);
    assert_eq!(run(&numbers).method.judgement.reason, "the law always has another kind of experiment");
    let cases = Claim::at_most("c", |_| 1.0).computed().check(|_, _: &mut Streams, cases| {
        cases.holds(true, || unreachable!());
        Ok::<(), String>(())
    });
    assert_eq!(run(&cases).method.judgement.reason, "the law at_most has another kind of experiment");
}
