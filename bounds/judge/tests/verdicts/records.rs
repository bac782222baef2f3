use super::*;
use rand::RngExt;
use ratebook_judge::record::{self, RecordedClaim, differences, parse, significant};
use ratebook_judge::{Settings, Source, Streams};

#[test]
fn six_significant_digits() {
    let cases = [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-2.5, "-2.5"),
        (123_456.7, "123457"),
        (1_234_567.0, "1234567"),
        (123_456_789.0, "123456789"),
        (1_234_567_890.0, "1.23457e9"),
        (0.000_123_456_7, "0.000123457"),
        (0.000_012_345_67, "1.23457e-5"),
        (0.1 + 0.2, "0.3"),
        (999_999.5, "1000000"),
        (1e-300, "1e-300"),
        (f64::INFINITY, "inf"),
    ];
    for (value, text) in cases {
        assert_eq!(significant(value), text);
    }
}

fn outcome() -> ratebook_judge::Outcome {
    let noisy = |mean: f64| {
        Claim::rate("noisy rate", |x| x.sqrt())
            .source(Source::Theorem("3"))
            .sweep("number of arms", [1.0, 4.0, 16.0, 64.0])
            .replicates(50, 50)
            .measure(move |x, s: &mut Streams| x.powf(mean) * (1.0 + 0.01 * s.noise.random::<f64>()))
    };
    let claim = noisy(0.5)
        .control("grows faster", noisy(1.0))
        .baseline("grows slower", noisy(0.3))
        .refutes("printed", noisy(0.9));
    ratebook_judge::run("area/paper", &claim, Settings::default())
}

fn facts() -> ratebook_judge::Outcome {
    let always = |bound: f64| {
        Claim::always("facts").exhaustive().check(move |_, _: &mut Streams, cases| {
            cases.at_most(1.0, bound, String::new);
            Ok::<(), String>(())
        })
    };
    ratebook_judge::run(
        "area/paper",
        &always(2.0).control("half", always(0.5)).control("zero", always(0.0)),
        Settings::default(),
    )
}

fn recorded() -> (String, Vec<RecordedClaim>) {
    let text = record::write("area/paper", &[outcome(), facts()]);
    let parsed = parse(&text).unwrap();
    (text, parsed)
}

#[test]
fn a_record_reads_back() {
    let (text, claims) = recorded();
    assert!(text.starts_with("paper area/paper\n\nclaim area/paper/noisy_rate\nlaw rate\nsource Theorem 3\nevidence sampled\ndetects 0.1\ntier quick, root seed 2026\n\n  series method\n"));
    assert_eq!(
        claims.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(),
        ["area/paper/noisy_rate", "area/paper/facts"]
    );
    let names: Vec<_> = claims[0].series.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["method", "control grows faster", "baseline grows slower", "refutation printed"]);
    assert_eq!(claims[0].head[1], ("source".into(), "Theorem 3".into()));
    let outcome = outcome();
    let six = |v: f64| significant(v).parse::<f64>().unwrap();
    for (series, judged) in claims[0].series.iter().zip(outcome.series().map(|s| &s.judgement)) {
        assert!(series.verdict.starts_with(judged.verdict.name()));
        assert_eq!(series.points.len(), 4);
        for (p, q) in series.points.iter().zip(&judged.points) {
            assert_eq!((p.x, p.count, p.bound), (q.x, q.n, six(q.bound)));
            assert_eq!((p.mean, p.stderr, p.ratio), (six(q.mean), six(q.stderr), six(q.ratio.unwrap())));
        }
        let slope = judged.slope.unwrap();
        assert_eq!(series.slope, Some([slope.fit, slope.low, slope.high, judged.exponent.unwrap()].map(six)));
    }
    let facts = &claims[1].series;
    assert_eq!((facts[0].points[0].ratio, facts[0].slope), (0.5, None));
    assert!(facts[2].points[0].ratio.is_nan());
    assert_eq!(
        facts.iter().map(|s| s.verdict.as_str()).collect::<Vec<_>>(),
        ["holds", "violated, margin 1", "violated, margin 1"]
    );
}

#[test]
fn a_snapshot_header_is_skipped() {
    let (text, claims) = recorded();
    let again = parse(&format!("---\nsource: tests/claims.rs\n---\n{text}")).unwrap();
    // NaN is not equal to itself, so compare what is printed.
    assert_eq!(format!("{again:?}"), format!("{claims:?}"));
    assert!(parse("").unwrap().is_empty());
}

#[test]
fn what_is_not_a_record_is_refused_by_line() {
    let broken = |from: &str, to: &str| parse(&recorded().0.replacen(from, to, 1)).unwrap_err().to_string();
    assert_eq!(broken("claim area", "clam area"), "line 3: comes before the first claim");
    assert_eq!(broken("           50 ", "        fifty "), "line 12: not a point");
    assert_eq!(broken("law rate", "law"), "line 4: a single word");
    assert!(broken("exponent", "exponent 3, ").ends_with("a slope has four numbers"));
}

#[test]
fn marks_are_recorded() {
    let mut outcome = facts();
    outcome.method.judgement.vacuous = true;
    outcome.method.judgement.fragile = true;
    let claims = parse(&record::write("area/paper", &[outcome])).unwrap();
    assert_eq!(claims[0].series[0].verdict, "holds, vacuous, fragile");
}

fn moved(change: impl Fn(&mut Vec<RecordedClaim>)) -> Vec<String> {
    let (_, old) = recorded();
    let mut new = old.clone();
    change(&mut new);
    differences(&old, &new)
}

#[test]
fn an_unchanged_record_has_no_difference() {
    assert!(moved(|_| ()).is_empty());
}

#[test]
fn differences_say_what_moved_and_whether_it_still_agrees() {
    let mean = |factor: f64| {
        let lines = moved(|c| c[0].series[0].points[1].mean *= factor);
        assert_eq!(lines.len(), 1);
        lines[0].rsplit(": ").next().unwrap().to_string()
    };
    // The standard error is about 0.0004 of the mean of about 2.
    assert_eq!(mean(1.0 + 0.9e-4), "agree but for the last digits");
    assert_eq!(mean(1.0 + 1e-3), "still agree statistically");
    assert_eq!(mean(1.0 - 1e-3), "still agree statistically");
    assert_eq!(mean(1.1), "do not agree");
    assert_eq!(mean(0.9), "do not agree");
    let line = &moved(|c| c[0].series[0].points[1].mean = 7.0)[0];
    assert!(line.starts_with("area/paper/noisy_rate, method at 4: mean 7 ± "), "{line}");
    assert_eq!(moved(|c| c[0].series[0].points[1].stderr = 7.0).len(), 1);
    assert_eq!(moved(|c| c[0].series[0].points[1].bound = 7.0).len(), 1);
    assert_eq!(moved(|c| c[0].series[0].points[1].count = 7).len(), 1);
    assert_eq!(moved(|c| c[0].series[0].points[1].x = 7.0).len(), 1);
    assert_eq!(moved(|c| c[0].series[0].slope = None).len(), 1);
    assert_eq!(
        moved(|c| c[0].series[0].points.truncate(2)),
        ["area/paper/noisy_rate, method: had 4 points, has 2"]
    );
    assert_eq!(
        moved(|c| c[0].series[0].verdict = "violated".into()),
        ["area/paper/noisy_rate, method: verdict was holds, is violated"]
    );
    assert_eq!(
        moved(|c| c[0].head[0].1 = "always".into()),
        ["area/paper/noisy_rate: law was rate, is always"]
    );
}

#[test]
fn what_one_record_lacks_is_named() {
    assert_eq!(moved(|c| c.truncate(1)), ["area/paper/facts: only in the record"]);
    assert_eq!(
        moved(|c| c[1].id = "area/paper/other".into()),
        ["area/paper/facts: only in the record", "area/paper/other: not in the record"]
    );
    assert_eq!(
        moved(|c| {
            c[1].series.pop();
        }),
        ["area/paper/facts, control zero: only in the record"]
    );
    assert_eq!(
        moved(|c| c[1].series[2].name = "new".into()),
        ["area/paper/facts, control zero: only in the record", "area/paper/facts, new: not in the record"]
    );
}
