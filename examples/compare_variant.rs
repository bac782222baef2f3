//! Is my variant better? Two variants against the records: a bandit policy and an optimiser.
//!
//! `cargo run --release --example compare_variant`

use rand::{Rng, seq::SliceRandom};
use ratebook::bandits::bracketing_halving::SequentialHalving;
use ratebook::bandits::{FixedBudget, Pulls};
use ratebook::convex::classics::gradient_descent::GradientDescent;
use ratebook_bounds::bandits::bracketing_halving::regret_at_most;
use ratebook_bounds::catalog;
use ratebook_bounds::convex::classics::gradient_descent::smooth_bound;
use ratebook_judge::Claim;
use ratebook_judge::variant::compare_variant;

/// A variant of Sequential Halving that keeps the samples of earlier stages instead of discarding them.
struct KeepsSamples;

impl FixedBudget for KeepsSamples {
    fn recommend(&self, pulls: &mut Pulls<'_>, rng: &mut dyn Rng) -> ratebook::Result<usize> {
        let stages = u64::from(pulls.arms().next_power_of_two().trailing_zeros());
        let per_stage = pulls.remaining() / stages.max(1);
        // For each arm that is left: its total reward and its number.
        let mut arms: Vec<(f64, usize)> = (0..pulls.arms()).map(|arm| (0.0, arm)).collect();
        let mut drawn = 0;
        while arms.len() > 1 {
            let share = per_stage / arms.len() as u64;
            drawn += share;
            for (total, arm) in &mut arms {
                *total += pulls.mean_of(*arm, share)? * share as f64;
            }
            arms.shuffle(rng);
            arms.sort_by(|a, b| b.0.total_cmp(&a.0));
            arms.truncate(arms.len().div_ceil(2));
        }
        debug_assert!(drawn > 0);
        Ok(arms[0].1)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    report("bandits/bracketing_halving", regret_at_most(SequentialHalving), regret_at_most(KeepsSamples))?;
    let step = GradientDescent::with_step;
    report("convex/classics", smooth_bound(step(1.0)?), smooth_bound(step(1.5)?))
}

/// Hands the variant to the same claim, runs both on the same streams, and prints what the judge says.
fn report(paper: &str, reference: Claim, variant: Claim) -> Result<(), Box<dyn std::error::Error>> {
    let id = format!("{paper}/{}", reference.id);
    let record = catalog::read_record(&catalog::root(), paper)?;
    let recorded = record.iter().find(|claim| claim.id == id).ok_or("the claim has no record")?;
    let report = compare_variant(&id, &reference, &variant, recorded)?;
    println!("{id}: {}", report.comparison.overall);
    for point in &report.comparison.points {
        println!(
            "  {} = {}: variant/reference {:.3}, {}",
            reference.axis,
            point.x,
            point.log_ratio.exp(),
            point.word
        );
    }
    println!("  against the paper's bound: {}", report.verdict.judgement.verdict);
    for (place, (name, share)) in report.ranking.iter().enumerate() {
        println!("  {}. {name} ({share:.3} of the reference)", place + 1);
    }
    Ok(())
}
