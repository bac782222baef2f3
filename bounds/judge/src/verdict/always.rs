//! Deterministic facts: one counter-example decides.

use crate::claim::Claim;
use crate::experiment::{Cases, Fault};
use crate::law::Evidence;
use crate::outcome::{Judgement, PointOutcome, Verdict};
use crate::quantile;
use crate::run::Tier;

pub(super) fn judge(claim: &Claim, ledgers: &[(f64, Cases)], tier: Tier) -> Result<Judgement, Fault> {
    let total: usize = ledgers.iter().map(|(_, c)| c.count).sum();
    if let Some((x, _)) = ledgers.iter().find(|(_, c)| c.count == 0) {
        return Err(Fault::Design(format!("no case was checked at {x}")));
    }
    let counter_examples: usize = ledgers.iter().map(|(_, c)| c.counter_examples).sum();
    let needed = quantile::zero_failures_needed(claim.detectable(), tier.alpha());
    let replicates = claim.replicates_in(tier);
    let first = ledgers.iter().find_map(|(x, c)| c.first.as_ref().map(|first| format!("at {x}: {first}")));
    let (verdict, reason) = match first {
        Some(first) => (Verdict::Violated, first),
        None if claim.evidence == Evidence::Sampled && replicates < needed => (
            Verdict::Inconclusive,
            format!(
                "{replicates} replicates do not reach the declared share of counter-examples: {needed} would"
            ),
        ),
        None => (Verdict::Holds, String::new()),
    };
    let point = |(x, c): &(f64, Cases)| PointOutcome {
        x: *x,
        n: c.count,
        mean: c.counter_examples as f64,
        stderr: 0.0,
        bound: 0.0,
        ratio: c.tightest,
    };
    let points: Vec<_> = ledgers.iter().map(point).collect();
    Ok(Judgement {
        verdict,
        reason,
        worst_ratio: points.iter().filter_map(|p| p.ratio).reduce(f64::max),
        points,
        slope: None,
        exponent: None,
        margin: counter_examples as f64 / total as f64,
        vacuous: false,
        fragile: false,
    })
}
