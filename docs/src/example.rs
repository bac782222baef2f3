//! The guide's example: a claim about the mean of uniform draws. The book shows this file and what it gives.

use rand::RngExt;
use ratebook_judge::record::{self, RecordedClaim};
use ratebook_judge::variant::{self, Report, VariantError};
use ratebook_judge::{Claim, Outcome, Paper, Settings, Source, powers_of_two};

// ANCHOR: claim
/// 1/√(12 n): the standard deviation of the mean of n uniform draws, and so a bound on its mean error.
pub fn mean_error(n: f64) -> f64 {
    (1.0 / (12.0 * n)).sqrt()
}

/// The claim, about whatever estimates 1/2 from n uniform draws.
pub fn small_error(estimate: impl Fn(&[f64]) -> f64 + Send + Sync + 'static) -> Claim {
    Claim::at_most("small error", mean_error)
        .states("The mean of $n$ uniform draws misses $1/2$ by at most $1/\\sqrt{12 n}$.")
        .assuming("the draws are independent and uniform on [0, 1]")
        .source(Source::Classical)
        .sweep("n", powers_of_two(4..=10))
        .replicates(1000, 10_000)
        .measure(move |n, streams| {
            let noise = &mut streams.noise;
            let draws: Vec<f64> = (0..n as usize).map(|_| noise.random()).collect();
            (estimate(&draws) - 0.5).abs()
        })
}

/// The paper: the method passes through the claim, and a broken one must fail it.
pub fn paper() -> Paper {
    let claim = small_error(mean).control("the first eight draws only", small_error(first_eight));
    Paper::new("example/uniform_mean", "The mean of uniform draws").claim(claim)
}
// ANCHOR_END: claim

fn mean(draws: &[f64]) -> f64 {
    draws.iter().sum::<f64>() / draws.len() as f64
}

fn first_eight(draws: &[f64]) -> f64 {
    mean(&draws[..8])
}

// ANCHOR: variant
/// A variant: the middle between the smallest and the largest draw.
pub fn mid_range(draws: &[f64]) -> f64 {
    let least = draws.iter().copied().fold(f64::INFINITY, f64::min);
    let most = draws.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    f64::midpoint(least, most)
}

/// The variant, handed to the same claim and compared with the record.
pub fn compare(recorded: &RecordedClaim) -> Result<Report, VariantError> {
    let (reference, variant) = (small_error(mean), small_error(mid_range));
    variant::compare_variant("example/uniform_mean/small_error", &reference, &variant, recorded)
}
// ANCHOR_END: variant

/// The example, run.
pub fn outcome() -> Outcome {
    let paper = paper();
    ratebook_judge::run(paper.id, &paper.claims[0], Settings::default())
}

/// The example's record, as text.
pub fn record() -> String {
    record::write(paper().id, &[outcome()])
}

/// The lines of this file between two anchors.
///
/// # Errors
/// There is no such anchor.
pub fn excerpt(anchor: &str) -> Result<&'static str, String> {
    let file = include_str!("example.rs");
    let marks = [format!("// ANCHOR: {anchor}\n"), format!("// ANCHOR_END: {anchor}\n")];
    let from = file.find(&marks[0]).ok_or_else(|| format!("no anchor {anchor}"))? + marks[0].len();
    let to = file.find(&marks[1]).ok_or_else(|| format!("no end of anchor {anchor}"))?;
    Ok(file[from..to].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_an_example() {
        let outcome = outcome();
        assert!(outcome.verified(), "{outcome:?}");
        let recorded = record::parse(&record()).unwrap();
        let report = compare(&recorded[0]).unwrap();
        assert_eq!(report.comparison.overall, ratebook_judge::compare::Word::Better);
        assert!(excerpt("claim").unwrap().starts_with("/// 1/√(12 n)"));
        assert!(excerpt("no such").is_err());
    }
}
