use super::*;
use approx::assert_relative_eq;
use rand::RngExt;
use ratebook_judge::compare::{Settings as Options, Word};
use ratebook_judge::record::{self, RecordedClaim};
use ratebook_judge::variant::{Report, VariantError, compare_values, compare_variant};
use ratebook_judge::{Settings, Streams};

const ID: &str = "area/paper/loss";

/// A loss around `scale`/x, the same noise for every scale.
fn loss(scale: f64) -> Claim {
    Claim::at_most("loss", |x| 3.0 / x)
        .sweep("T", [1.0, 2.0, 4.0])
        .replicates(200, 200)
        .measure(move |x, s: &mut Streams| scale / x * (0.9 + 0.2 * s.noise.random::<f64>()))
}

/// A gain, which is better large.
fn gain(scale: f64) -> Claim {
    let mut claim = Claim::at_least("loss", |x| 0.1 / x);
    claim.experiment = loss(scale).experiment;
    claim.sweep("T", [1.0, 2.0, 4.0]).replicates(200, 200)
}

fn recorded(claim: &Claim) -> RecordedClaim {
    let outcome = ratebook_judge::run("area/paper", claim, Settings::default());
    record::parse(&record::write("area/paper", &[outcome])).unwrap().remove(0)
}

fn against(reference: &Claim, variant: &Claim) -> Result<Report, VariantError> {
    compare_variant(ID, reference, variant, &recorded(reference))
}

fn word(reference: &Claim, variant: &Claim) -> Word {
    against(reference, variant).unwrap().comparison.overall
}

#[test]
fn four_words() {
    assert_eq!(word(&loss(1.0), &loss(0.8)), Word::Better);
    assert_eq!(word(&loss(1.0), &loss(1.2)), Word::Worse);
    assert_eq!(word(&loss(1.0), &loss(1.01)), Word::Equivalent);
    assert_eq!(word(&gain(1.0), &gain(0.8)), Word::Worse);
    assert_eq!(word(&gain(1.0), &gain(1.2)), Word::Better);
}

/// A family's gain is that of its worst member, not of its best.
#[test]
fn the_worst_member_is_compared() {
    let family = |low: f64, high: f64| {
        Claim::at_least("loss", |_| 0.1).sweep("T", [1.0, 2.0, 4.0]).replicates(200, 200).measure(
            move |_, s: &mut Streams| {
                let noise = 0.9 + 0.2 * s.noise.random::<f64>();
                vec![low * noise, high * noise]
            },
        )
    };
    assert_eq!(word(&family(1.0, 2.0), &family(0.8, 3.0)), Word::Worse);
    assert_eq!(word(&family(1.0, 3.0), &family(1.2, 2.0)), Word::Better);
}

#[test]
fn the_bound_is_asked_too() {
    assert_eq!(against(&loss(1.0), &loss(2.0)).unwrap().verdict.judgement.verdict, Verdict::Holds);
    let report = against(&loss(1.0), &loss(5.0)).unwrap();
    assert_eq!(report.verdict.judgement.verdict, Verdict::Violated);
    assert_eq!((report.claim.as_str(), report.verdict.name.as_str()), (ID, "variant"));
    assert_eq!(Options::default().alpha, 0.01);
}

#[test]
fn the_ranking_is_a_share_of_the_reference_best_first() {
    let reference = loss(1.0).control("worse", loss(4.0)).baseline("better", loss(0.5));
    let ranking = against(&reference, &loss(2.0)).unwrap().ranking;
    let names: Vec<_> = ranking.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["baseline better", "method", "variant", "control worse"]);
    for ((_, share), expected) in ranking.iter().zip([0.5, 1.0, 2.0, 4.0]) {
        assert_relative_eq!(*share, expected, max_relative = 1e-4);
    }
    let reference = gain(1.0).baseline("better", gain(2.0));
    let names: Vec<_> =
        against(&reference, &gain(0.5)).unwrap().ranking.into_iter().map(|(n, _)| n).collect();
    assert_eq!(names, ["baseline better", "method", "variant"]);
}

#[test]
fn the_reference_must_reproduce_its_record() {
    let mut record = recorded(&loss(1.0));
    record.series[0].points[1].mean *= 1.0 + 0.9e-4;
    assert!(compare_variant(ID, &loss(1.0), &loss(1.0), &record).is_ok());
    record.series[0].points[1].mean *= 1.0 + 0.5e-4;
    let error = compare_variant(ID, &loss(1.0), &loss(1.0), &record).unwrap_err();
    assert!(matches!(error, VariantError::NotReproduced { x: 2.0, .. }), "{error}");
    let mut record = recorded(&loss(1.0));
    record.series[0].points[1].count += 1;
    assert!(matches!(
        compare_variant(ID, &loss(1.0), &loss(1.0), &record),
        Err(VariantError::NotReproduced { .. })
    ));
    record.series[0].points.pop();
    assert_eq!(compare_variant(ID, &loss(1.0), &loss(1.0), &record).unwrap_err(), VariantError::NoRecord);
    record.series.clear();
    assert_eq!(compare_variant(ID, &loss(1.0), &loss(1.0), &record).unwrap_err(), VariantError::NoRecord);
}

#[test]
fn facts_have_no_values() {
    let facts = Claim::always("loss").exhaustive().check(|_, _: &mut Streams, cases| {
        cases.holds(true, || unreachable!());
        Ok::<(), String>(())
    });
    assert_eq!(against(&facts, &facts).unwrap_err(), VariantError::NoValues);
    assert_eq!(against(&loss(1.0), &facts).unwrap_err(), VariantError::NoValues);
}

#[test]
fn values_made_elsewhere_are_compared_unpaired() {
    let values = |scale: f64, n: usize| {
        let values = |x: f64| {
            (0..n).map(|i| scale / x * (0.9 + 0.2 * (i as f64 + 0.5) / n as f64)).collect::<Vec<_>>()
        };
        sample(&[1.0, 2.0, 4.0].map(|x| (x, vec![values(x)])))
    };
    let word =
        |values| compare_values(ID, &loss(1.0), values, &recorded(&loss(1.0))).map(|r| r.comparison.overall);
    assert_eq!(word(values(0.8, 100)).unwrap(), Word::Better);
    assert_eq!(word(values(1.3, 300)).unwrap(), Word::Worse);
    assert_eq!(word(values(1.0, 300)).unwrap(), Word::Equivalent);
    let other = sample(&[1.0, 2.0].map(|x| (x, vec![vec![1.0; 40]])));
    assert!(matches!(word(other), Err(VariantError::Compare(_))));
}
