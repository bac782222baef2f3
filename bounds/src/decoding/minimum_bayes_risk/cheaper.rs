//! The claims about the cheaper methods: what they cost and how little they lose.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use ratebook::Result;
use ratebook::decoding::minimum_bayes_risk::low_rank::{Entry, observe};
use ratebook::decoding::minimum_bayes_risk::prune::Pruning;
use ratebook::decoding::selection::{best, expected_utilities};
use ratebook::math::sequences::sequences;
use ratebook_judge::{Claim, Source, Streams};

/// The aggregated scores differ from the pairwise ones by the same constant for all hypotheses.
pub fn aggregation(
    utility: impl Fn(&[f64], &[f64]) -> f64 + Send + Sync + 'static,
    aggregated: impl Fn(&[Vec<f64>], &[Vec<f64>]) -> Result<Vec<f64>> + Send + Sync + 'static,
) -> Claim {
    Claim::always("aggregation is exact")
        .states(
            "For inner products the mean reference gives the pairwise scores, and so does one centroid for \
             $-\\|h - r\\|^2$, up to a constant.",
        )
        .assuming("every list of up to 3 references out of {0, 1, 2}², all 9 vectors as hypotheses; differences of scores")
        .source(Source::Derived)
        .exhaustive()
        .sweep("N", [1.0, 2.0, 3.0])
        .check(move |references, _, cases| -> Result<()> {
            let vectors: Vec<Vec<f64>> = sequences(&[0.0, 1.0, 2.0], 2).collect();
            for references in sequences(&vectors, references as usize) {
                let pairwise = expected_utilities(vectors.len(), &vec![1.0; references.len()], |h, r| {
                    utility(&vectors[h], &references[r])
                })?;
                let quick = aggregated(&vectors, &references)?;
                for h in 1..vectors.len() {
                    let (found, wanted) = (quick[h] - quick[0], pairwise[h] - pairwise[0]);
                    cases.close(found, wanted, 1e-12, || format!("{:?} against {references:?}", vectors[h]));
                }
            }
            Ok(())
        })
}

const HYPOTHESES: usize = 32;
const REFERENCES: usize = 256;
const PRUNING: &str = "32 hypotheses with mean utilities 0.3·N(0, 1), the best lifted by 0.5; unit noise that a reference has for all \
                       hypotheses and unit noise of its own for each; 256 references";

/// What pruning chose and its calls as a share, and what the plain loop chooses.
fn prune(pruning: Result<Pruning>, streams: &mut Streams) -> Result<(usize, f64, usize)> {
    let mut means: Vec<f64> =
        (0..HYPOTHESES).map(|_| 0.3 * streams.instance.sample::<f64, _>(StandardNormal)).collect();
    let good = best(&means)?;
    means[good] += 0.5;
    let mut draw = || streams.noise.sample::<f64, _>(StandardNormal);
    let common: Vec<f64> = (0..REFERENCES).map(|_| draw()).collect();
    let table: Vec<Vec<f64>> =
        means.iter().map(|mean| common.iter().map(|common| mean + common + draw()).collect()).collect();
    let utility = |h: usize, r: usize| table[h][r];
    let full = best(&expected_utilities(HYPOTHESES, &[1.0; REFERENCES], utility)?)?;
    let pruned = pruning?.select(HYPOTHESES, REFERENCES, utility, &mut streams.algorithm)?;
    Ok((pruned.best, pruned.calls as f64 / (HYPOTHESES * REFERENCES) as f64, full))
}

/// Pruning chooses what the plain loop chooses.
pub fn pruned_agreement(pruning: fn() -> Result<Pruning>) -> Claim {
    Claim::at_least("pruning agrees", |_| 0.95)
        .states("Pruning chooses the hypothesis of the full loop at least 95 % of the time.")
        .assuming(PRUNING)
        .source(Source::Empirical)
        .replicates(1000, 4000)
        .detects(0.05)
        .measure(move |_, streams| prune(pruning(), streams).map(|(chosen, _, full)| chosen == full))
}

/// Pruning makes few calls.
pub fn pruned_calls(pruning: fn() -> Result<Pruning>) -> Claim {
    Claim::at_most("pruning saves calls", |_| 0.15)
        .states("Pruning makes at most 15 % of the utility calls of the full loop.")
        .assuming(PRUNING)
        .source(Source::Empirical)
        .replicates(200, 2000)
        .trivial(|_| 1.0)
        .measure(move |_, streams| prune(pruning(), streams).map(|(_, share, _)| share))
}

/// Rows and columns of the matrix to complete.
pub const SIZE: usize = 48;

/// Broken: row means with zeros where nothing is known.
pub fn zero_filled(entries: &[Entry]) -> Vec<f64> {
    let mut means = vec![0.0; SIZE];
    entries.iter().for_each(|&(row, _, value)| means[row] += value / SIZE as f64);
    means
}

/// The mean of what is known of each row; zero where nothing is.
fn known_means(entries: &[Entry]) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); SIZE];
    entries.iter().for_each(|&(row, _, value)| {
        sums[row].0 += value;
        sums[row].1 += 1.0;
    });
    sums.into_iter().map(|(sum, count)| if count > 0.0 { sum / count } else { 0.0 }).collect()
}

/// Completing the matrix loses at most half of what the means of the known utilities lose.
pub fn completion(
    score: impl Fn(&[Entry], &mut dyn Rng) -> Result<Vec<f64>> + Send + Sync + 'static,
) -> Claim {
    const BATCH: usize = 50;
    Claim::at_most("completion halves the loss", |_| 0.5)
        .states(
            "With a quarter of the utilities of a matrix of rank 2 known, the row means of its completion lose at most \
             half of what the means of the known utilities lose.",
        )
        .assuming(
            "48 × 48 products of standard normal factors of rank 2, factors of rank 4 fitted, ridge 0.1; mean loss ÷ mean loss \
             in batches of 50 matrices",
        )
        .source(Source::Empirical)
        .replicates(80, 400)
        .measure(move |_, streams| -> Result<f64> {
            let (mut completed, mut known) = (0.0, 0.0);
            for _ in 0..BATCH {
                let mut factor = || -> Vec<[f64; 2]> {
                    (0..SIZE).map(|_| [0, 1].map(|_| streams.instance.sample(StandardNormal))).collect()
                };
                let (rows, columns) = (factor(), factor());
                let utility = |h: usize, r: usize| rows[h][0] * columns[r][0] + rows[h][1] * columns[r][1];
                let truth = expected_utilities(SIZE, &[1.0; SIZE], utility)?;
                let entries = observe(SIZE, SIZE, 4.0, utility, &mut streams.noise)?;
                let most = truth[best(&truth)?];
                completed += most - truth[best(&score(&entries, &mut streams.algorithm)?)?];
                known += most - truth[best(&known_means(&entries))?];
            }
            Ok(completed / known)
        })
}
