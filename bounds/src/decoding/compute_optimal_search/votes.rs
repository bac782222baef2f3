//! The claims about voting: how fast the majority errs less, and what votes converge to.

use ratebook::Result;
use ratebook::decoding::compute_optimal_search::{Vote, elect};
use ratebook::decoding::instances::MarkovSource;
use ratebook_judge::{Claim, Source, Streams, Tolerance};
use statrs::function::factorial::ln_factorial;

use super::bounds::{majority_error, majority_exponent};

/// Calls `visit` with the logarithmic probability of each way that `samples` samples of the law over two or
/// three answers can fall.
fn every_count(law: &[f64], samples: usize, mut visit: impl FnMut(f64, &[usize])) {
    let logs: Vec<f64> = law.iter().map(|p| p.ln()).collect();
    let factorials: Vec<f64> = (0..=samples).map(|k| ln_factorial(k as u64)).collect();
    let mut counts = vec![0; law.len()];
    for first in 0..=samples {
        for second in if law.len() == 2 { samples - first..=samples - first } else { 0..=samples - first } {
            counts[0] = first;
            counts[1] = second;
            if let Some(third) = counts.get_mut(2) {
                *third = samples - first - second;
            }
            let terms = counts.iter().zip(&logs).map(|(&k, log)| k as f64 * log - factorials[k]);
            visit(factorials[samples] + terms.sum::<f64>(), &counts);
        }
    }
}

/// The probability that answer 0 is not elected, times exp(`scale`).
fn error(
    law: &[f64],
    samples: usize,
    scale: f64,
    tally: impl Fn(&[usize], &mut [f64]),
    elect: impl Fn(&mut [f64]),
) -> f64 {
    let (mut sum, mut shares) = (0.0, vec![0.0; law.len()]);
    every_count(law, samples, |log, counts| {
        tally(counts, &mut shares);
        elect(&mut shares);
        if shares[0] < 1.0 {
            sum += (log + scale).exp() * (1.0 - shares[0]);
        }
    });
    sum
}

/// (0.5, 0.3, 0.2) and 20 laws drawn from Dirichlet(1, 1, 1), the largest probability first and no nearer to
/// the second than (√a − √b)² = 0.02: nearer ties are not asymptotic yet.
fn tables(streams: &mut Streams) -> Result<Vec<Vec<f64>>> {
    let mut tables = vec![vec![0.5, 0.3, 0.2]];
    while tables.len() < 21 {
        let source = MarkovSource::dirichlet(3, 0, 1.0, &mut streams.instance)?;
        let mut law = source.laws().flatten().copied().collect::<Vec<_>>();
        law.sort_by(|a, b| b.total_cmp(a));
        if (law[0].sqrt() - law[1].sqrt()).powi(2) >= 0.02 {
            tables.push(law);
        }
    }
    Ok(tables)
}

const SAMPLES: [f64; 4] = [80.0, 160.0, 320.0, 640.0];
const TABLES: &str = "the law (0.5, 0.3, 0.2) and 20 Dirichlet(1, 1, 1) laws over three answers whose two largest have \
                      (√a − √b)² ≥ 0.02; the error summed over every way the votes can fall, ties broken at random";

fn majority_error_of(law: &[f64], samples: f64, elect: impl Fn(&mut [f64])) -> f64 {
    let scale = samples * majority_exponent(law[0], &law[1..]);
    let tally = |counts: &[usize], scores: &mut [f64]| {
        Vote::Majority.tally(counts, &[1.0; 3][..counts.len()], scores)
    };
    error(law, samples as usize, scale, tally, elect)
}

/// The majority's error is at most the Chernoff bound. `elect` turns scores into probabilities.
pub fn error_at_most(elect: impl Fn(&mut [f64]) + Send + Sync + 'static) -> Claim {
    Claim::at_most("majority error", |_| 1.0)
        .states(
            "If the right answer is the mode, a majority of $n$ samples is wrong with probability at most \
             $\\sum_{y \\ne y^*} (1 - (\\sqrt{\\pi(y^*)} - \\sqrt{\\pi(y)})^2)^n$.",
        )
        .assuming(&format!("{TABLES}; error ÷ bound"))
        .source(Source::Theorem("1"))
        .exhaustive()
        .sweep("n", SAMPLES)
        .paths(move |samples, streams| -> Result<Vec<Vec<f64>>> {
            let tables = tables(streams)?;
            let ratio = |law: &Vec<f64>, n: f64| {
                // Both in units of exp(−n·exponent), which may be too small for a float.
                let scale = n * majority_exponent(law[0], &law[1..]);
                let bound: f64 = (law[1..].iter())
                    .map(|&other| (n * majority_error(law[0], &[other], 1.0).ln() + scale).exp())
                    .sum();
                majority_error_of(law, n, &elect) / bound
            };
            Ok(samples.iter().map(|&n| tables.iter().map(|law| ratio(law, n)).collect()).collect())
        })
}

/// The majority's error falls with exactly the smallest Chernoff exponent.
pub fn exponent(elect: impl Fn(&mut [f64]) + Send + Sync + 'static) -> Claim {
    Claim::equals("majority exponent", |_| 1.0, Tolerance::Relative(0.03))
        .states(
            "$-\\ln P(\\text{wrong}) - \\frac{1}{2} \\ln n$ grows with slope \
             $-\\ln(1 - (\\sqrt{\\pi(y^*)} - \\sqrt{\\pi(y)})^2)$ in $n$, $y$ the most probable wrong answer.",
        )
        .assuming(&format!("{TABLES}; n = 80, 160, 320, 640; slope ÷ exponent"))
        .source(Source::Derived)
        .exhaustive()
        .measure(move |_, streams| -> Result<Vec<f64>> {
            let slope = |law: Vec<f64>| {
                let exponent = majority_exponent(law[0], &law[1..]);
                let mean = SAMPLES.iter().sum::<f64>() / SAMPLES.len() as f64;
                let (mut above, mut below) = (0.0, 0.0);
                for n in SAMPLES {
                    let log = n * exponent - majority_error_of(&law, n, &elect).ln() - 0.5 * n.ln();
                    above += (n - mean) * log;
                    below += (n - mean).powi(2);
                }
                above / below / exponent
            };
            Ok(tables(streams)?.into_iter().map(slope).collect())
        })
}

/// After many samples the `vote` is right exactly on the problems whose right answer has the largest `limit`.
pub fn limits(vote: Vote, limit: Vote) -> Claim {
    const SAMPLES: usize = 10_000;
    Claim::always("limits of voting")
        .states(
            "The accuracy over problems tends to the share with $y^* = \\arg\\max \\pi(y)$ for the majority and \
             with $y^* = \\arg\\max \\pi(y) \\rho(y)$ for weighted voting.",
        )
        .assuming(
            "two answers, the right one with probability 0.05, 0.1, …, 0.95 and the right and the wrong one with rewards from \
             {(0.9, 0.4), (0.4, 0.9), (0.5, 0.5), (1, 0.1)}, scores at least 0.1 apart; n = 10 000, every way the votes can fall",
        )
        .source(Source::Theorem("1 and 2"))
        .exhaustive()
        .check(move |_, _, cases| -> Result<()> {
            for rewards in [[0.9, 0.4], [0.4, 0.9], [0.5, 0.5], [1.0, 0.1]] {
                for p in (1..20).map(|k| f64::from(k) / 20.0) {
                    let law = [p, 1.0 - p];
                    let score = |answer: usize| match limit {
                        Vote::Majority => law[answer],
                        _ => law[answer] * rewards[answer],
                    };
                    if (score(0) - score(1)).abs() < 0.1 {
                        continue;
                    }
                    let wrong = error(&law, SAMPLES, 0.0, |c, scores| vote.tally(c, &rewards, scores), elect);
                    let limit = f64::from(u8::from(score(0) < score(1)));
                    cases.close(wrong, limit, 1e-6, || format!("p = {p}, rewards {rewards:?}"));
                }
            }
            Ok(())
        })
}
