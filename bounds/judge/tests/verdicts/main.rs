//! The judge's decisions, pinned at their boundaries: what holds, what is violated, what is neither, and why.

mod always;
mod claims;
mod failures;
mod means;
mod rates;
mod records;
mod runs;
mod variants;

use ratebook_judge::experiment::Fault;
use ratebook_judge::outcome::Judgement;
use ratebook_judge::run::Measured;
use ratebook_judge::sample::{Point, Sample};
use ratebook_judge::{Claim, Tier, Verdict, quantile, verdict};

/// The number of values in [`spread`].
const N: usize = 100;

/// A hundred values with this mean and this standard error, half of them above the mean.
fn spread(mean: f64, stderr: f64) -> Vec<f64> {
    let distance = stderr * (N as f64 - 1.0).sqrt();
    (0..N).map(|i| if i % 2 == 0 { mean + distance } else { mean - distance }).collect()
}

fn sample(points: &[(f64, Vec<Vec<f64>>)]) -> Sample {
    let points = points.iter().map(|(x, members)| Point { x: *x, members: members.clone() }).collect();
    Sample { points, paths: false }
}

fn judge_points(claim: &Claim, points: &[(f64, Vec<Vec<f64>>)]) -> Result<Judgement, Fault> {
    verdict::judge(claim, &Measured::Numbers(sample(points)), Tier::Quick)
}

/// Judges one point with one member.
fn judge(claim: &Claim, values: Vec<f64>) -> Judgement {
    judge_points(claim, &[(1.0, vec![values])]).expect("the claim is well designed")
}

fn verdict_of(claim: &Claim, values: Vec<f64>) -> Verdict {
    judge(claim, values).verdict
}

/// The half width of the t interval of [`spread`] in standard errors, at error rate `alpha` a side.
fn t(alpha: f64) -> f64 {
    -quantile::student_t(alpha, N as f64 - 1.0)
}

/// z of the quick tier, and of the probability that the declared violation escapes: both 1e-3.
fn z() -> f64 {
    -quantile::normal(1e-3)
}
