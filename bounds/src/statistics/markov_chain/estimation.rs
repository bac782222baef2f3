//! The claims about estimating a row of the transition matrix.

use rand_distr::{Binomial, Distribution};
use ratebook::math::divergence::kullback_leibler;
use ratebook::statistics::RowRule;
use ratebook_judge::{Claim, Source, Streams, Tolerance};

use super::bounds::{row_divergence_risk, row_squared_risk};

/// The chain on which estimation is hardest when every entry is at least δ: state 1 is entered with
/// probability δ from everywhere, so that its stationary probability is δ too.
const ENTRIES_AT_LEAST: f64 = 0.05;
const ESTIMATED_ROW: [f64; 4] = [0.05, 0.95 / 3.0, 0.95 / 3.0, 0.95 / 3.0];

/// The loss in estimating the row of state 1. In this chain the visits to state 1 are independent coins
/// of bias δ, and what follows them is one multinomial draw.
fn row_loss(
    rule: &impl RowRule,
    n: f64,
    streams: &mut Streams,
    loss: impl Fn(&[f64], &[f64]) -> f64,
) -> Result<f64, rand_distr::BinomialError> {
    let mut left = Binomial::new(n as u64, ENTRIES_AT_LEAST)?.sample(&mut streams.noise);
    let (mut counts, mut mass) = ([0; 4], 1.0);
    for (count, p) in counts.iter_mut().zip(ESTIMATED_ROW) {
        *count = Binomial::new(left, (p / mass).min(1.0))?.sample(&mut streams.noise);
        left -= *count;
        mass -= p;
    }
    counts[3] += left;
    let mut row = [0.0; 4];
    rule.row(0, &counts, &mut row);
    Ok(loss(&ESTIMATED_ROW, &row))
}

fn estimation(claim: Claim) -> Claim {
    claim
        .assuming("k = 4 states, every row (0.05, 0.95/3, 0.95/3, 0.95/3): δ = 0.05 is attained by state 1")
        .source(Source::Derived)
        .sweep("n", [8_000.0, 32_000.0])
        .replicates(150_000, 600_000)
}

/// Add-½ estimates the row of the rarest state with divergence (k−1)/(2nδ).
pub fn estimated_row_divergence(rule: impl RowRule + Send + Sync + 'static) -> Claim {
    let prediction = |n| row_divergence_risk(4.0, n, ENTRIES_AT_LEAST);
    estimation(Claim::equals("estimated row divergence", prediction, Tolerance::Relative(0.02)))
        .states("The Kullback–Leibler risk of the worst row is $(k-1)/(2 n \\delta)$ to leading order.")
        .measure(move |n, streams| row_loss(&rule, n, streams, kullback_leibler))
}

/// Frequencies estimate the row of the rarest state with squared error (1 − Σ M²)/(nδ).
pub fn estimated_row_squares(rule: impl RowRule + Send + Sync + 'static) -> Claim {
    let prediction = |n| row_squared_risk(&ESTIMATED_ROW, n, ENTRIES_AT_LEAST);
    let squares = |p: &[f64], q: &[f64]| p.iter().zip(q).map(|(p, q)| (p - q).powi(2)).sum();
    estimation(Claim::equals("estimated row squares", prediction, Tolerance::Relative(0.02)))
        .states("The squared risk of the worst row is $(1 - \\sum_j M_{1j}^2)/(n \\delta)$ to leading order.")
        .measure(move |n, streams| row_loss(&rule, n, streams, squares))
}
