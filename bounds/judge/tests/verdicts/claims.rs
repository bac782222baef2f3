use super::*;
use ratebook_judge::law::Law;
use ratebook_judge::{Evidence, Interval, Paper, Source, Tolerance};

#[test]
fn names_become_identifiers() {
    assert_eq!(Claim::at_most(" Simple regret-rate ", |_| 1.0).id, "simple_regret_rate");
    let laws = [
        (Claim::at_most("c", |x| x), "at_most"),
        (Claim::at_least("c", |x| x), "at_least"),
        (Claim::fails_at_most("c", |x| x), "fails_at_most"),
        (Claim::equals("c", |x| x, Tolerance::Absolute(0.1)), "equals"),
        (Claim::rate("c", |x| x), "rate"),
        (Claim::rate_exactly("c", |x| x), "rate_exactly"),
    ];
    for (claim, name) in laws {
        assert_eq!(claim.law.name(), name);
        assert_eq!(claim.law.curve().map(|c| c(3.0)), Some(3.0));
    }
    assert_eq!(Claim::always("c").law.name(), "always");
    assert!(Claim::always("c").law.curve().is_none());
}

#[test]
fn each_law_has_a_default_violation() {
    let cases = [
        (Claim::at_most("c", |x| x), 0.2),
        (Claim::at_least("c", |x| x), 0.2),
        (Claim::fails_at_most("c", |x| x), 3.0),
        (Claim::equals("c", |x| x, Tolerance::Relative(0.01)), 0.05),
        (Claim::equals("c", |x| x, Tolerance::Absolute(0.5)), 2.5),
        (Claim::rate("c", |x| x), 0.1),
        (Claim::always("c"), 0.01),
    ];
    for (claim, expected) in cases {
        assert_eq!(claim.detectable(), expected);
        assert_eq!(claim.detects(0.7).detectable(), 0.7);
    }
}

#[test]
fn everything_said_is_kept() {
    let claim = Claim::at_most("c", |x| x)
        .states("statement")
        .assuming("assumption")
        .source(Source::Theorem("3.2"))
        .from_memory()
        .sweep("T", [1.0, 2.0])
        .full_sweep([3.0])
        .interval(Interval::Bounded(0.0, 1.0))
        .rounding(1e-3)
        .trivial(|x| 2.0 * x)
        .tight(0.1)
        .control("control", Claim::always("c"))
        .baseline("baseline", Claim::always("c"))
        .refutes("printed", Claim::always("c"));
    assert_eq!((claim.statement.as_str(), claim.assumptions.as_str()), ("statement", "assumption"));
    assert_eq!((claim.points(Tier::Quick), claim.points(Tier::Full)), (&[1.0, 2.0][..], &[3.0][..]));
    assert_eq!((claim.axis.as_str(), claim.from_memory, claim.rounding), ("T", true, 1e-3));
    assert_eq!((claim.interval, claim.tight), (Interval::Bounded(0.0, 1.0), Some(0.1)));
    assert_eq!(claim.trivial.as_ref().map(|t| t(2.0)), Some(4.0));
    assert_eq!(claim.controls().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["control", "printed"]);
    assert!(matches!(claim.law, Law::AtMost(_)));
    assert_eq!(claim.clone().sweep("n", [5.0]).full_sweep, [5.0]);
}

#[test]
fn sources_and_evidence_have_words() {
    let words =
        [Source::Theorem("2"), Source::Abstract, Source::Classical, Source::Derived, Source::Empirical]
            .map(|s| s.to_string());
    assert_eq!(words, ["Theorem 2", "abstract", "classical", "derived", "empirical"]);
    let order = [Evidence::Sampled, Evidence::Computed, Evidence::Exhaustive, Evidence::Certified];
    assert!(order.is_sorted());
    assert_eq!(order.map(Evidence::name), ["sampled", "computed", "exhaustive", "certified"]);
    assert_eq!([Tier::Quick, Tier::Full].map(Tier::name), ["quick", "full"]);
    assert_eq!([Tier::Quick, Tier::Full].map(Tier::alpha), [1e-3, 1e-6]);
    assert_eq!(format!("{:>12}", Verdict::Inconclusive), "inconclusive");
    assert_eq!([Verdict::Holds, Verdict::Violated].map(|v| v.to_string()), ["holds", "violated"]);
}

#[test]
fn papers_know_their_area() {
    let paper = Paper::new("area/module", "Title").arxiv("1").seed_line(2).claim(Claim::always("c"));
    assert_eq!((paper.area(), paper.module(), paper.title), ("area", "module", "Title"));
    assert_eq!((paper.arxiv, paper.seed_line, paper.claims.len()), (Some("1"), Some(2), 1));
}
