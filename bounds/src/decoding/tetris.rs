//! What *TETRIS: Optimal Draft Token Selection for Batch Speculative Decoding* promises.

use ratebook::Result;
use ratebook::decoding::instances::MarkovSource;
use ratebook::decoding::spec_dec::Oracle;
use ratebook::decoding::tetris::{
    Batch, Chains, DraftProbability, EqualWindows, Overlap, Selection, Tetris, TopProbability,
};
use ratebook::decoding::{AcceptancePredictor, Pair, ancestral};
use ratebook::math::chance::{every_outcome, exact_law, total_variation};
use ratebook_judge::{Claim, Paper, Source, Tolerance};

/// Σ_{j=1}^{k} α^j = α(1 − α^k)/(1 − α): the accepted tokens of a prefix of length k, α < 1.
pub fn accepted(alpha: f64, length: f64) -> f64 {
    alpha * (1.0 - alpha.powf(length)) / (1.0 - alpha)
}

/// The accepted tokens of two requests with constant acceptance when the best prefixes of together 2c tokens, each
/// at most w, are verified: max over k of [`accepted`]`(α, k)` + [`accepted`]`(β, 2c − k)`.
pub fn best_pair(alpha: f64, beta: f64, share: u32, window: u32) -> f64 {
    let pair = |k: u32| accepted(alpha, f64::from(k)) + accepted(beta, f64::from(2 * share - k));
    ((2 * share).saturating_sub(window)..=window.min(2 * share)).map(pair).fold(0.0, f64::max)
}

/// [`best_pair`] ÷ the same with windows of c tokens each, `bonus` tokens added to both: 0 counts accepted tokens,
/// 2 emitted ones.
pub fn pair_gain(alpha: f64, beta: f64, share: u32, window: u32, bonus: f64) -> f64 {
    let equal = accepted(alpha, f64::from(share)) + accepted(beta, f64::from(share));
    (best_pair(alpha, beta, share, window) + bonus) / (equal + bonus)
}

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new("decoding/tetris", "TETRIS: Optimal Draft Token Selection for Batch Speculative Decoding")
        .arxiv("2502.15197")
        .seed_line(281)
        .claim(
            optimal(Tetris)
                .control("selects by the conditional probabilities", optimal(ByConditional))
                .control("equal windows", optimal(EqualWindows))
                .control("the largest index of a top-C with ties to the later token", optimal(LargestIndex)),
        )
        .claim(
            lossless(Overlap::new, &SAMPLING)
                .control("the draft's probability of its token", lossless(|_| DraftProbability, &SAMPLING))
                .control("the token's own acceptance probability", lossless(Oracle::new, &SAMPLING))
                .peer("the draft's largest probability", lossless(|_| TopProbability, &SAMPLING)),
        )
        .claim(
            lossless_when_greedy(&GREEDY).control("a target that samples", lossless_when_greedy(&SAMPLING)),
        )
        .claim(
            accepted_per_call(Chains::value)
                .control("the sum of the conditional probabilities", accepted_per_call(sum_of_conditionals)),
        )
        .claim(
            gain(Tetris, false)
                .control("estimates of the other request", gain(Permuted, false))
                .control("equal windows", gain(EqualWindows, false)),
        )
        .claim(gain(Tetris, true).control("estimates of the other request", gain(Permuted, true)))
}

/// Every table of `requests` chains of `window` estimates from `values`.
fn tables(requests: usize, window: usize, values: &[f64]) -> impl Iterator<Item = Vec<Vec<f64>>> {
    let count = values.len().pow((requests * window) as u32);
    (0..count).map(move |mut code| {
        let mut next = || {
            let value = values[code % values.len()];
            code /= values.len();
            value
        };
        (0..requests).map(|_| (0..window).map(|_| next()).collect()).collect()
    })
}

/// The best value for every capacity, by going through all prefix lengths.
fn brute_force(chains: &Chains, window: usize) -> Vec<f64> {
    let requests = chains.requests();
    let mut best = vec![0.0_f64; requests * window + 1];
    let mut lengths = vec![0; requests];
    for mut code in 0..(window + 1).pow(requests as u32) {
        for length in &mut lengths {
            *length = code % (window + 1);
            code /= window + 1;
        }
        let total: usize = lengths.iter().sum();
        best[total] = best[total].max(chains.value(&lengths));
    }
    // A call need not be filled.
    for capacity in 1..best.len() {
        best[capacity] = best[capacity].max(best[capacity - 1]);
    }
    best
}

/// The selection keeps to the capacity and has the largest expected number of accepted tokens of all.
///
/// Derived: the gains P_{i,j} do not increase in j, so the C largest form prefixes, and no C gains sum to more.
pub fn optimal(selection: impl Selection + Send + Sync + 'static) -> Claim {
    const WINDOW: usize = 4;
    Claim::always("optimal")
        .states("No prefixes of together $C$ tokens have a larger expected number of accepted tokens $\\sum_i \\sum_{j \\le k_i} P_{i,j}$.")
        .assuming(
            "w = 4, every C; every table of estimates from {0, 0.5, 0.9, 1} for N ≤ 2 and from {0.5, 0.9} for N = 3, 4 \
             (there every 17th); brute force over all prefix lengths",
        )
        .source(Source::Theorem("1"))
        .from_memory()
        .exhaustive()
        .sweep("N", [1.0, 2.0, 3.0, 4.0])
        .check(move |requests, _, cases| -> Result<()> {
            let requests = requests as usize;
            let values: &[f64] = if requests <= 2 { &[0.0, 0.5, 0.9, 1.0] } else { &[0.5, 0.9] };
            // Coprime to the number of tables, so that every chain varies.
            let step = if requests == 4 { 17 } else { 1 };
            for table in tables(requests, WINDOW, values).step_by(step) {
                let chains = Chains::new(&table)?;
                for (capacity, best) in brute_force(&chains, WINDOW).into_iter().enumerate() {
                    let lengths = selection.select(&chains, capacity);
                    let fits = lengths.iter().sum::<usize>() <= capacity && lengths.iter().all(|&k| k <= WINDOW);
                    cases.holds(fits, || format!("{lengths:?} at C = {capacity}, {table:?}"));
                    cases.at_most(best - chains.value(&lengths), 1e-12, || {
                        format!("{lengths:?} at C = {capacity}, {table:?}")
                    });
                }
            }
            Ok(())
        })
}

/// A broken selection: the largest p_{i,j} instead of the largest products.
struct ByConditional;

impl Selection for ByConditional {
    fn select(&self, chains: &Chains, capacity: usize) -> Vec<usize> {
        let mut lengths = vec![0; chains.requests()];
        for _ in 0..capacity {
            let next =
                |request: usize| chains.estimates(request).get(lengths[request]).map(|p| (*p, request));
            let best = (0..lengths.len()).filter_map(next).max_by(|a, b| a.0.total_cmp(&b.0));
            let Some((_, best)) = best else { break };
            lengths[best] += 1;
        }
        lengths
    }
}

/// A broken selection: the official form with its ties broken the other way, which selects a token without the
/// ones before it.
struct LargestIndex;

impl Selection for LargestIndex {
    fn select(&self, chains: &Chains, capacity: usize) -> Vec<usize> {
        let positions = |request| (0..chains.estimates(request).len()).map(move |at| (request, at));
        let mut all: Vec<(usize, usize)> = (0..chains.requests()).flat_map(positions).collect();
        all.sort_by(|a, b| chains.reached(b.0, b.1).total_cmp(&chains.reached(a.0, a.1)).then(b.1.cmp(&a.1)));
        let mut lengths = vec![0; chains.requests()];
        for &(request, at) in all.iter().take(capacity) {
            lengths[request] = lengths[request].max(at + 1);
        }
        lengths
    }
}

/// A broken selection: Tetris on the estimates of the next request.
struct Permuted;

impl Selection for Permuted {
    fn select(&self, chains: &Chains, capacity: usize) -> Vec<usize> {
        let mut rows: Vec<_> = (0..chains.requests()).map(|i| chains.estimates(i).to_vec()).collect();
        rows.rotate_left(1);
        Chains::new(&rows).map_or_else(|_| vec![0; rows.len()], |chains| Tetris.select(&chains, capacity))
    }
}

/// Memoryless targets and drafts over three tokens.
type Laws = [([f64; 3], [f64; 3]); 4];

const SAMPLING: Laws = [
    ([0.5, 0.3, 0.2], [0.7, 0.2, 0.1]),
    ([0.2, 0.2, 0.6], [0.5, 0.3, 0.2]),
    ([0.0, 0.5, 0.5], [0.3, 0.3, 0.4]),
    ([0.4, 0.4, 0.2], [0.05, 0.15, 0.8]),
];

const GREEDY: Laws = [
    ([1.0, 0.0, 0.0], [0.7, 0.2, 0.1]),
    ([0.0, 0.0, 1.0], [0.5, 0.3, 0.2]),
    ([0.0, 1.0, 0.0], [0.3, 0.3, 0.4]),
    ([1.0, 0.0, 0.0], [0.05, 0.15, 0.8]),
];

/// An order-1 source that uses the first law after token 0 and the second after the others, so that estimates
/// depend on the tokens drawn.
fn switching(first: [f64; 3], then: [f64; 3]) -> Result<MarkovSource> {
    MarkovSource::new(3, 1, &[first, then, then].map(|law| law.to_vec()))
}

/// Two requests after one round of the batch, continued by the target to two tokens each, have the law of two
/// independent samples of the target.
///
/// Derived: where the estimate does not look at its token, whether position j is verified depends on the tokens
/// before it and on other requests only. Verified or drawn from the target, the token then has the target's law.
pub fn lossless<E: AcceptancePredictor>(
    estimate: impl Fn(MarkovSource) -> E + Send + Sync + 'static,
    laws: &'static Laws,
) -> Claim {
    Claim::always("lossless")
        .states("The joint law of the requests' tokens is the target's if an estimate does not look at its own token.")
        .assuming(
            "V = 3, N = 2, w = 2; every draft, coin and correction enumerated on 12 pairs of order-1 sources made of \
             four pairs of laws; two tokens a request",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("C", [1.0, 2.0, 3.0, 4.0])
        .check(move |capacity, _, cases| -> Result<()> {
            for (a, b) in (0..4).flat_map(|a| (0..4).map(move |b| (a, b))).filter(|(a, b)| a != b) {
                let target = switching(laws[a].0, laws[b].0)?;
                let draft = switching(laws[a].1, laws[b].1)?;
                let pair = Pair::new(&target, &draft)?;
                let finish = |requests: &mut [Vec<usize>], chance: &mut dyn ratebook::math::chance::Chance| {
                    for tokens in requests {
                        ancestral(&target, tokens, 3, chance);
                        tokens.truncate(3);
                    }
                };
                let prompts = [vec![0], vec![1]];
                let wanted = exact_law(|chance| {
                    let mut requests = prompts.clone();
                    finish(&mut requests, chance);
                    requests
                });
                let found = exact_law(|chance| {
                    let mut requests = prompts.clone();
                    let mut batch = Batch::new(estimate(target.clone()), Tetris, 2, capacity as usize);
                    batch.round(pair, &mut requests, chance);
                    finish(&mut requests, chance);
                    requests
                });
                cases.at_most(total_variation(&found, &wanted), 1e-12, || format!("laws {a} and {b}"));
            }
            Ok(())
        })
}

/// With the paper's estimate, the draft's probability of the token it drew, a greedy target's output is unchanged:
/// there is only one right token, verified or not.
pub fn lossless_when_greedy(laws: &'static Laws) -> Claim {
    let mut claim = lossless(|_| DraftProbability, laws);
    claim.id = "lossless_when_greedy".into();
    claim.states(
        "With the draft's probability of its token as the estimate, the output is that of a greedy target.",
    )
}

/// A chain of tokens 0, 1, 2, … that the draft follows with certainty and the target with the given probability, so
/// that the draft's token after x is accepted with probability p_x, independently.
fn ladder(acceptance: &[f64]) -> Result<(MarkovSource, MarkovSource)> {
    let size = acceptance.len();
    let row = |token: usize, stays: f64| {
        let mut law = vec![0.0; size];
        law[(token + 1) % size] += 1.0 - stays;
        law[token] += stays;
        law
    };
    let target: Vec<_> = acceptance.iter().enumerate().map(|(token, p)| row(token, 1.0 - p)).collect();
    let draft: Vec<_> = (0..size).map(|token| row(token, 0.0)).collect();
    Ok((MarkovSource::new(size, 1, &target)?, MarkovSource::new(size, 1, &draft)?))
}

/// The exact expected number of accepted tokens of a round.
fn expected_accepted(
    acceptance: &[f64],
    prompts: &[Vec<usize>],
    selection: &impl Selection,
    window: usize,
    capacity: usize,
) -> Result<f64> {
    /// The selection by reference.
    struct By<'a, S>(&'a S);
    impl<S: Selection> Selection for By<'_, S> {
        fn select(&self, chains: &Chains, capacity: usize) -> Vec<usize> {
            self.0.select(chains, capacity)
        }
    }
    let (target, draft) = ladder(acceptance)?;
    let pair = Pair::new(&target, &draft)?;
    let mut expected = 0.0;
    every_outcome(
        |chance| {
            let mut batch = Batch::new(Overlap::new(&target), By(selection), window, capacity);
            batch.round(pair, &mut prompts.to_vec(), chance).counts.accepted
        },
        |probability, count| expected += probability * count as f64,
    );
    Ok(expected)
}

/// The broken prediction that forgets that a token counts only if all before it are accepted.
fn sum_of_conditionals(chains: &Chains, lengths: &[usize]) -> f64 {
    lengths.iter().enumerate().map(|(i, &k)| chains.estimates(i)[..k].iter().sum::<f64>()).sum()
}

/// A call accepts the sum of the selected products on average.
pub fn accepted_per_call(predict: impl Fn(&Chains, &[usize]) -> f64 + Send + Sync + 'static) -> Claim {
    const WINDOW: usize = 4;
    Claim::equals("accepted per call", |_| 1.0, Tolerance::Relative(1e-10))
        .states("A call accepts $\\sum P_{i,j}$ tokens on average, summed over the selected ones.")
        .assuming(
            "three requests, w = 4, 20 tables of independent uniform acceptance probabilities, every coin enumerated; \
             measured ÷ predicted",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("C", [1.0, 3.0, 6.0, 9.0, 12.0])
        .measure(move |capacity, streams| -> Result<Vec<f64>> {
            use rand::RngExt;
            let ratio = |_| -> Result<f64> {
                let acceptance: [f64; 3 * WINDOW] = std::array::from_fn(|_| streams.instance.random());
                let prompts = [0, 1, 2].map(|request| vec![request * WINDOW]);
                let chains = Chains::new(&acceptance.chunks(WINDOW).map(<[f64]>::to_vec).collect::<Vec<_>>())?;
                let lengths = Tetris.select(&chains, capacity as usize);
                let found = expected_accepted(&acceptance, &prompts, &Tetris, WINDOW, capacity as usize)?;
                Ok(found / predict(&chains, &lengths))
            };
            (0..20).map(ratio).collect()
        })
}

/// Of two requests with acceptance 0.6 ± d that share a call, the optimal selection gains over equal windows what
/// the geometric sums say; nothing at d = 0.
pub fn gain(selection: impl Selection + Send + Sync + 'static, emitted: bool) -> Claim {
    const WINDOW: usize = 8;
    let bonus = if emitted { 2.0 } else { 0.0 };
    let (id, what) = if emitted { ("gain in emitted", "emits") } else { ("gain in accepted", "accepts") };
    Claim::equals(
        id,
        move |d| pair_gain(0.6 + d, 0.6 - d, WINDOW as u32 / 2, WINDOW as u32, bonus),
        Tolerance::Relative(1e-10),
    )
    .states(&format!(
        "Of two requests with acceptance $0.6 \\pm d$ a call {what} this many times the tokens of equal windows."
    ))
    .assuming("w = 8, four tokens a request in a call; every coin enumerated; the estimates are exact")
    .source(Source::Derived)
    .exhaustive()
    .sweep("d", [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35])
    .measure(move |d, _| -> Result<f64> {
        let acceptance = [[0.6 + d; 10], [0.6 - d; 10]].concat();
        let prompts = [vec![0], vec![10]];
        let tokens = expected_accepted(&acceptance, &prompts, &selection, WINDOW, WINDOW)?;
        let equal = expected_accepted(&acceptance, &prompts, &EqualWindows, WINDOW, WINDOW)?;
        Ok((tokens + bonus) / (equal + bonus))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(accepted(0.5, 3.0), 0.875, max_relative = 1e-12);
        assert_relative_eq!(best_pair(0.5, 0.25, 1, 2), 0.75, max_relative = 1e-12);
        assert_relative_eq!(pair_gain(0.5, 0.1, 1, 2, 0.0), 1.25, max_relative = 1e-12);
        assert_relative_eq!(pair_gain(0.5, 0.1, 1, 2, 1.4), 1.075, max_relative = 1e-12);
    }

    #[test]
    fn the_sheet_of_numbers() {
        assert_relative_eq!(best_pair(0.9, 0.3, 4, 8), 5.126, max_relative = 1e-4);
        assert_relative_eq!(pair_gain(0.9, 0.3, 4, 8, 0.0), 1.456, max_relative = 1e-3);
        assert_relative_eq!(pair_gain(0.9, 0.3, 4, 8, 2.0), 1.291, max_relative = 1e-3);
    }

    quickcheck! {
        fn the_gain_is_at_least_one_and_none_for_equals(alpha: u8, beta: u8, share: u8) -> bool {
            let (alpha, beta) = (f64::from(alpha) / 256.0, f64::from(beta) / 256.0);
            let share = u32::from(share % 16) + 1;
            alpha + beta == 0.0
                || (pair_gain(alpha, beta, share, 2 * share, 0.0) >= 1.0 - 1e-12
                    && (pair_gain(alpha, alpha, share, 2 * share, 1.0) - 1.0).abs() < 1e-12)
        }

        fn a_longer_prefix_accepts_more_up_to_the_limit(alpha: u8, length: u8) -> bool {
            let (alpha, length) = (f64::from(alpha) / 256.0, f64::from(length % 32));
            accepted(alpha, length) <= accepted(alpha, length + 1.0) + 1e-12
                && accepted(alpha, length) <= alpha / (1.0 - alpha) + 1e-12
        }
    }
}
