use super::*;
use rand::RngExt;
use ratebook_judge::claim::Role;
use ratebook_judge::run::{ROOT_SEED, measure};
use ratebook_judge::{Evidence, Settings, Streams};

fn noisy(mean: f64) -> Claim {
    Claim::at_most("noisy mean", |_| 1.0)
        .sweep("T", [1.0, 2.0, 3.0])
        .replicates(50, 60)
        .measure(move |x, s: &mut Streams| mean + x * 0.01 * (s.noise.random::<f64>() - 0.5))
}

fn numbers(claim: &Claim, settings: Settings) -> Sample {
    match measure(claim, "a/b/c", settings).unwrap() {
        Measured::Numbers(sample) => sample,
        Measured::Ledgers(_) => unreachable!(),
    }
}

#[test]
fn threads_do_not_change_the_result() {
    let run = || ratebook_judge::run("a/b", &noisy(0.5).control("c", noisy(1.5)), Settings::default());
    let with = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run);
    assert_eq!(with(1), with(8));
    assert_eq!(with(1), with(3));
}

#[test]
fn the_seed_the_tier_and_the_name_matter() {
    let first = |sample: &Sample| sample.points[0].members[0][0];
    let quick = numbers(&noisy(0.5), Settings::default());
    assert_eq!(Settings::default().root_seed, ROOT_SEED);
    assert_eq!(quick.points[0].replicates(), 50);
    let full = numbers(&noisy(0.5), Settings { tier: Tier::Full, ..Settings::default() });
    assert_eq!(full.points[0].replicates(), 60);
    assert_eq!(first(&quick), first(&full));
    let other = numbers(&noisy(0.5), Settings { root_seed: 1, ..Settings::default() });
    assert_ne!(first(&quick), first(&other));
}

#[test]
fn companions_see_what_the_method_sees() {
    let outcome = ratebook_judge::run(
        "a/b",
        &noisy(0.5).control("same", noisy(0.5)).baseline("rival", noisy(0.6)).refutes("printed", noisy(3.0)),
        Settings::default(),
    );
    assert_eq!(outcome.id, "a/b/noisy_mean");
    assert_eq!(outcome.companions[0].judgement.points, outcome.method.judgement.points);
    let roles: Vec<_> = outcome.companions.iter().map(|c| c.role).collect();
    assert_eq!(roles, [Some(Role::Control), Some(Role::Baseline), Some(Role::Refutation)]);
    let required: Vec<_> = outcome.series().map(|s| s.as_required()).collect();
    assert_eq!(required, [true, false, true, true]);
    assert_eq!(outcome.controls().count(), 2);
    assert!(!outcome.verified());
}

#[test]
fn verified_needs_a_control_that_breaks_and_a_bound_that_speaks() {
    let run = |claim: &Claim| ratebook_judge::run("a/b", claim, Settings::default());
    assert!(!run(&noisy(0.5)).verified());
    assert!(run(&noisy(0.5).control("broken", noisy(2.0))).verified());
    assert!(!run(&noisy(0.5).control("not broken", noisy(0.7))).verified());
    assert!(!run(&noisy(2.0).control("broken", noisy(3.0))).verified());
    let vacuous = noisy(0.5).trivial(|_| 0.9).control("broken", noisy(2.0));
    assert!(!run(&vacuous).verified());
}

#[test]
fn a_peer_must_hold_and_is_no_control() {
    let run = |peer: f64| {
        let claim = noisy(0.5).control("broken", noisy(2.0)).peer("another", noisy(peer));
        ratebook_judge::run("a/b", &claim, Settings::default())
    };
    assert!(run(0.6).verified() && !run(2.0).verified());
    assert_eq!(run(0.6).controls().count(), 1);
    let only = ratebook_judge::run("a/b", &noisy(0.5).peer("another", noisy(0.6)), Settings::default());
    assert!(!only.verified());
}

#[test]
fn points_arrive_in_order_whatever_their_cost() {
    let claim = Claim::at_most("c", |_| 1e9)
        .sweep("T", [3.0, 1.0, 2.0])
        .replicates(40, 40)
        .measure(|x, s: &mut Streams| vec![x, 10.0 * x + s.noise.random::<f64>()]);
    let sample = numbers(&claim, Settings::default());
    assert!(!sample.paths);
    assert_eq!(sample.points.iter().map(|p| p.x).collect::<Vec<_>>(), [3.0, 1.0, 2.0]);
    for point in &sample.points {
        assert_eq!((point.members.len(), point.replicates()), (2, 40));
        assert!(point.members[0].iter().all(|v| *v == point.x));
        assert!(point.members[1].windows(2).all(|v| v[0] != v[1] && v[0] > 10.0 * point.x));
    }
}

#[test]
fn paths_give_every_point_from_one_run() {
    let claim = Claim::rate("c", |x| x).sweep("T", [1.0, 2.0, 4.0]).replicates(30, 30).paths(|xs, s| {
        let scale = 1.0 + s.noise.random::<f64>();
        Ok::<_, String>(xs.iter().map(move |x| x * scale).collect::<Vec<_>>())
    });
    let sample = numbers(&claim, Settings::default());
    assert!(sample.paths);
    let first = &sample.points[0].members[0];
    for (point, factor) in sample.points.iter().zip([1.0, 2.0, 4.0]) {
        let expected: Vec<f64> = first.iter().map(|v| factor * v).collect();
        assert_eq!((point.replicates(), &point.members[0]), (30, &expected));
    }
}

fn fault_of(claim: Claim) -> Fault {
    measure(&claim.sweep("T", [1.0, 2.0]).replicates(3, 3), "a/b/c", Settings::default()).unwrap_err()
}

#[test]
fn the_first_fault_is_reported() {
    let claim = || Claim::at_most("c", |_| 1.0);
    let nan = fault_of(claim().measure(|x, _| if x > 1.5 { f64::INFINITY } else { 0.0 }));
    assert_eq!(nan, Fault::NotFinite { x: 2.0, replicate: 0, value: f64::INFINITY });
    let failed = fault_of(claim().measure(|x, _| if x > 1.5 { Err("no") } else { Ok(0.0) }));
    assert_eq!(failed, Fault::Failed { x: 2.0, replicate: 0, message: "no".into() });
    let empty = fault_of(claim().measure(|_, _| Vec::<f64>::new()));
    assert_eq!(empty, Fault::Design("the family at 1 is empty".into()));
    let ragged = fault_of(
        claim().measure(|_, s: &mut Streams| vec![0.0; 1 + usize::from(s.noise.random::<f64>() < 0.5)]),
    );
    assert!(matches!(&ragged, Fault::Design(text) if text.contains("changes its size")), "{ragged}");
    let short = fault_of(claim().paths(|_, _| Ok::<_, String>(vec![1.0])));
    assert_eq!(short, Fault::Design("a path of 1 points, not 2".into()));
    let broken = fault_of(claim().paths(|_, _| Err::<Vec<f64>, _>("no")));
    assert_eq!(broken, Fault::Failed { x: 1.0, replicate: 0, message: "no".into() });
    assert_eq!(fault_of(claim()), Fault::Design("the claim has no experiment".into()));
    let nothing =
        measure(&claim().measure(|_, _| 0.0).sweep("T", []), "a/b/c", Settings::default()).unwrap_err();
    assert_eq!(nothing, Fault::Design("the sweep has no point or no replicate".into()));
    let none =
        measure(&claim().measure(|_, _| 0.0).replicates(0, 0), "a/b/c", Settings::default()).unwrap_err();
    assert_eq!(none, Fault::Design("the sweep has no point or no replicate".into()));
}

#[test]
fn a_fault_is_an_inconclusive_outcome_with_its_reason() {
    let broken = noisy(0.5).control("nan", Claim::at_most("c", |_| 1.0).computed().measure(|_, _| f64::NAN));
    let outcome = ratebook_judge::run("a/b", &broken, Settings::default());
    let judged = &outcome.companions[0].judgement;
    assert_eq!(
        (judged.verdict, judged.reason.as_str()),
        (Verdict::Inconclusive, "measured NaN at 1, replicate 0")
    );
    assert!(!outcome.companions[0].as_required());
}

#[test]
fn deterministic_evidence_runs_once() {
    for (claim, evidence) in
        [(noisy(0.5).computed(), Evidence::Computed), (noisy(0.5).exhaustive(), Evidence::Exhaustive)]
    {
        assert_eq!(
            (claim.evidence, claim.replicates_in(Tier::Quick), claim.replicates_in(Tier::Full)),
            (evidence, 1, 1)
        );
    }
    assert_eq!((noisy(0.5).replicates_in(Tier::Quick), noisy(0.5).replicates_in(Tier::Full)), (50, 60));
}
