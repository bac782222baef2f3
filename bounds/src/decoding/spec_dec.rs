//! What *SpecDec++: Boosting Speculative Decoding via Adaptive Candidate Lengths* promises.

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector};
use rand::seq::SliceRandom;
use ratebook::Result;
use ratebook::decoding::baselines::{DiscardLast, DropRejected, NoBonus, Redraft};
use ratebook::decoding::instances::{MarkovSource, two_regimes};
use ratebook::decoding::spec_dec::head::{Example, LogisticHead, examples};
use ratebook::decoding::spec_dec::optimal::{AcceptanceLaw, Optimum, expected_round};
use ratebook::decoding::spec_dec::{AcceptancePredictor, Constant, Costs, Oracle, Threshold};
use ratebook::decoding::{
    Drafted, FixedLength, LanguageModel, Lossless, Pair, Speculation, StopRule, generate,
};
use ratebook::math::chance::{Chance, every_outcome, exact_law};
use ratebook_judge::{Cases, Claim, Paper, Source, Streams, Tolerance};

/// (1 − α^(K+1))/(1 − α): the tokens that a round of K drafts emits on average with constant acceptance α < 1.
pub fn tokens_per_round(alpha: f64, length: f64) -> f64 {
    (1.0 - alpha.powf(length + 1.0)) / (1.0 - alpha)
}

/// (1 + t_d·K)/[`tokens_per_round`]: the cost per token of drafting K tokens in every round, in calls to the
/// target. The same for independent acceptance probabilities of mean α.
pub fn fixed_length_cost(alpha: f64, length: f64, draft_cost: f64) -> f64 {
    (1.0 + draft_cost * length) / tokens_per_round(alpha, length)
}

/// The least [`fixed_length_cost`] over K = 0, …, `longest`.
pub fn best_fixed_length_cost(alpha: f64, longest: u32, draft_cost: f64) -> f64 {
    (0..=longest).map(|k| fixed_length_cost(alpha, f64::from(k), draft_cost)).fold(f64::INFINITY, f64::min)
}

/// 1 − t_d/(ρ m): the probability of a rejection above which a policy of cost ρ per token should stop drafting
/// tokens of mean acceptance m.
///
/// Derived: one more draft costs t_d and emits Q·m more tokens, each worth ρ, Q = 1 − P(rejection) so far. Q
/// never increases, so that once stopping is best now it is best ever after: looking one step ahead is optimal.
pub fn stopping_threshold(cost_per_token: f64, mean: f64, draft_cost: f64) -> f64 {
    1.0 - draft_cost / (cost_per_token * mean)
}

/// The longest draft where a policy chooses, as in the paper.
const LONGEST: usize = 20;

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new("decoding/spec_dec", "SpecDec++: Boosting Speculative Decoding via Adaptive Candidate Lengths")
        .arxiv("2405.19715")
        .seed_line(275)
        .claim(
            optimal_threshold(|oracle, optimum| Threshold::new(oracle, optimum.threshold, 0, LONGEST))
                .control(
                    "looks at the last token only",
                    optimal_threshold(|oracle, optimum| {
                        Ok(LastOnly { oracle, threshold: optimum.threshold })
                    }),
                )
                .control(
                    "half the threshold",
                    optimal_threshold(|oracle, optimum| {
                        Threshold::new(oracle, optimum.threshold / 2.0, 0, LONGEST)
                    }),
                ),
        )
        .claim(
            lossless(Lossless::new)
                .control("redraws a rejected token from the draft", lossless(|k| Redraft(Lossless::new(k))))
                .control("drops a rejected token", lossless(|k| DropRejected(Lossless::new(k))))
                .control("takes the last token back unverified", lossless(|k| DiscardLast(Lossless::new(k)))),
        )
        .claim(
            gain("gain over fixed lengths", &[0.0, 0.95], &[0.2, 0.8], true).control(
                "predicts the mean",
                gain("gain over fixed lengths", &[0.0, 0.95], &[0.2, 0.8], false),
            ),
        )
        .claim(no_gain(&[0.8], &[1.0]).control("acceptance that varies", no_gain(&[0.0, 0.95], &[0.2, 0.8])))
        .claim(gain_with_a_head(|examples, _| examples).control(
            "labels shuffled",
            gain_with_a_head(|mut examples, streams| {
                let mut labels: Vec<f64> = examples.iter().map(|example| example.label).collect();
                labels.shuffle(&mut streams.algorithm);
                examples.iter_mut().zip(labels).for_each(|(example, label)| example.label = label);
                examples
            }),
        ))
        .claim(
            emitted_per_round(Lossless::new)
                .control("counts no bonus token", emitted_per_round(|k| NoBonus(Lossless::new(k)))),
        )
}

/// The three laws of the sheet: (values, masses) of independent acceptance probabilities.
const LAWS: [([f64; 2], [f64; 2]); 3] =
    [([0.3, 0.98], [0.5, 0.5]), ([0.1, 0.97], [0.3, 0.7]), ([0.0, 0.95], [0.2, 0.8])];

/// The threshold 1 − t_d/(ρ* m) on the probability of a rejection attains the least cost per token of all
/// policies, found by dynamic programming.
pub fn optimal_threshold<R: StopRule + Clone + 'static>(
    rule: impl Fn(Oracle<MarkovSource>, Optimum) -> Result<R> + Send + Sync + 'static,
) -> Claim {
    Claim::equals("optimal threshold", |_| 1.0, Tolerance::Relative(1e-10))
        .states("Stopping when $P(\\text{some rejection}) > 1 - t_d/(\\rho^* m)$ costs the least possible $\\rho^*$ per token.")
        .assuming(
            "acceptance probabilities independent, known once drafted: {0.3, 0.98} (½, ½), {0.1, 0.97} (.3, .7), \
             {0, 0.95} (.2, .8); at most 20 drafts; cost ÷ the optimum of the dynamic programme",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("t_d/t_t", [0.05, 0.1, 0.2])
        .measure(move |draft_cost, _| -> Result<Vec<f64>> {
            let costs = Costs::new(draft_cost, 1.0)?;
            let ratio = |(values, masses): ([f64; 2], [f64; 2])| {
                let law = AcceptanceLaw::new(&values, &masses)?;
                let optimum = law.optimum(costs, LONGEST)?;
                let (target, draft) = law.models()?;
                let rule = rule(Oracle::new(target.clone()), optimum)?;
                let round = expected_round(Pair::new(&target, &draft)?, &[], &rule, LONGEST);
                Ok(round.cost_per_token(costs) / optimum.cost_per_token)
            };
            LAWS.into_iter().map(ratio).collect()
        })
}

/// A broken rule: the same threshold on the rejection of the last token alone.
#[derive(Debug, Clone)]
struct LastOnly {
    oracle: Oracle<MarkovSource>,
    threshold: f64,
}

impl StopRule for LastOnly {
    fn begin(&mut self) -> bool {
        true
    }

    fn go_on(&mut self, last: &Drafted<'_>) -> bool {
        1.0 - self.oracle.acceptance(last) <= self.threshold
    }
}

/// Writes tokens of the target's law until there are `count`.
fn ancestral(target: &dyn LanguageModel, tokens: &mut Vec<usize>, count: usize, chance: &mut dyn Chance) {
    let mut law = vec![0.0; target.vocabulary()];
    while tokens.len() < count {
        target.next(tokens, &mut law);
        tokens.push(chance.choose(&law));
    }
}

/// The total variation distance of two laws.
fn distance(left: &BTreeMap<Vec<usize>, f64>, right: &BTreeMap<Vec<usize>, f64>) -> f64 {
    let keys: std::collections::BTreeSet<_> = left.keys().chain(right.keys()).collect();
    let mass = |law: &BTreeMap<_, f64>, key: &Vec<usize>| law.get(key).copied().unwrap_or(0.0);
    keys.into_iter().map(|key| (mass(left, key) - mass(right, key)).abs()).sum::<f64>() / 2.0
}

/// A rule that looks at the drafted token itself.
#[derive(Debug, Clone, Copy)]
struct UntilToken(usize);

impl StopRule for UntilToken {
    fn begin(&mut self) -> bool {
        true
    }

    fn go_on(&mut self, last: &Drafted<'_>) -> bool {
        last.token != self.0
    }
}

/// The draft's own probability of its token, which is not its probability of acceptance.
#[derive(Debug, Clone, Copy)]
struct Confidence;

impl AcceptancePredictor for Confidence {
    fn acceptance(&mut self, drafted: &Drafted<'_>) -> f64 {
        drafted.law[drafted.token]
    }
}

/// The stop rules under which a round must be lossless.
fn rules(target: &MarkovSource, longest: usize) -> Result<Vec<Box<dyn StopRule>>> {
    Ok(vec![
        Box::new(FixedLength(longest)),
        Box::new(UntilToken(0)),
        Box::new(Threshold::new(Oracle::new(target.clone()), 0.4, 0, longest)?),
        Box::new(Threshold::new(Confidence, 0.6, 0, longest)?),
    ])
}

/// Targets and drafts: every pair of order-1 sources over two tokens with rows from a grid, and every pair of
/// memoryless sources over three with laws from another.
fn pairs() -> Result<Vec<(MarkovSource, MarkovSource)>> {
    const ROWS: [[f64; 2]; 4] = [[1.0, 0.0], [0.7, 0.3], [0.5, 0.5], [0.0, 1.0]];
    const LAWS: [[f64; 3]; 4] = [[1.0, 0.0, 0.0], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.0, 0.5, 0.5]];
    let rows = ROWS.iter().flat_map(|first| ROWS.map(|second| vec![first.to_vec(), second.to_vec()]));
    let two: Vec<_> = rows.map(|rows| MarkovSource::new(2, 1, &rows)).collect::<Result<_>>()?;
    let three: Vec<_> = LAWS.iter().map(|law| MarkovSource::memoryless(law)).collect::<Result<_>>()?;
    let of = |sources: Vec<MarkovSource>| -> Vec<(MarkovSource, MarkovSource)> {
        let drafts = |target: &MarkovSource| {
            sources.iter().map(|draft| (target.clone(), draft.clone())).collect::<Vec<_>>()
        };
        sources.iter().flat_map(drafts).collect()
    };
    Ok([of(two), of(three)].concat())
}

/// A round of up to K drafts, continued by the target itself, has the target's law on K + 1 tokens; by
/// induction so has any number of rounds.
pub fn lossless<S: Speculation>(method: impl Fn(usize) -> S + Send + Sync + 'static) -> Claim {
    Claim::always("lossless")
        .states("The joint law of the emitted tokens is the target's, for every stop rule that sees no acceptance coin.")
        .assuming(
            "every draft, coin and correction enumerated; all pairs of 16 order-1 sources over two tokens and of 4 \
             memoryless ones over three; fixed length, until a token, thresholds on exact and on mistaken predictions",
        )
        .source(Source::Classical)
        .exhaustive()
        .sweep("K", [0.0, 1.0, 2.0])
        .full_sweep([0.0, 1.0, 2.0, 3.0])
        .check(move |longest, _, cases| -> Result<()> {
            for (target, draft) in pairs()? {
                check_round(&method, &target, &draft, longest as usize, cases)?;
            }
            Ok(())
        })
}

fn check_round<S: Speculation>(
    method: &impl Fn(usize) -> S,
    target: &MarkovSource,
    draft: &MarkovSource,
    longest: usize,
    cases: &mut Cases,
) -> Result<()> {
    let pair = Pair::new(target, draft)?;
    let count = longest + 1;
    let wanted = exact_law(|chance| {
        let mut tokens = Vec::new();
        ancestral(target, &mut tokens, count, chance);
        tokens
    });
    for kind in 0..rules(target, longest)?.len() {
        let mut failed = None;
        let found = exact_law(|chance| {
            let mut tokens = Vec::new();
            match rules(target, longest) {
                Ok(mut rules) => {
                    method(longest).round(pair, &mut *rules[kind], &mut tokens, chance);
                }
                Err(error) => failed = Some(error),
            }
            ancestral(target, &mut tokens, count, chance);
            tokens.truncate(count);
            tokens
        });
        failed.map_or(Ok(()), Err)?;
        cases.at_most(distance(&found, &wanted), 1e-12, || format!("rule {kind}, {target:?}, {draft:?}"));
    }
    Ok(())
}

/// The cost per token of the best fixed length ÷ that of the optimal threshold, on independent acceptance
/// probabilities; without foresight the rule is told the mean of every token.
fn gain_ratio(values: &[f64], masses: &[f64], draft_cost: f64, foresight: bool) -> Result<f64> {
    let costs = Costs::new(draft_cost, 1.0)?;
    let law = AcceptanceLaw::new(values, masses)?;
    let (target, draft) = law.models()?;
    let pair = Pair::new(&target, &draft)?;
    let threshold = stopping_threshold(law.optimum(costs, LONGEST)?.cost_per_token, law.mean(), draft_cost);
    let round = match foresight {
        true => {
            expected_round(pair, &[], &Threshold::new(Oracle::new(&target), threshold, 0, LONGEST)?, LONGEST)
        }
        false => {
            expected_round(pair, &[], &Threshold::new(Constant(law.mean()), threshold, 0, LONGEST)?, LONGEST)
        }
    };
    Ok(best_fixed_length_cost(law.mean(), LONGEST as u32, draft_cost) / round.cost_per_token(costs))
}

/// Where acceptance varies and can be foreseen, the threshold beats every fixed length.
pub fn gain(id: &str, values: &[f64], masses: &[f64], foresight: bool) -> Claim {
    let (values, masses) = (values.to_vec(), masses.to_vec());
    Claim::at_least(id, |_| 1.15)
        .states("The best fixed length costs at least 1.15 times as much per token as the threshold.")
        .assuming("acceptance 0 or 0.95 with probabilities 0.2 and 0.8, known once drafted; exact costs")
        .source(Source::Derived)
        .exhaustive()
        .sweep("t_d/t_t", [0.05, 0.1, 0.2])
        .measure(move |draft_cost, _| gain_ratio(&values, &masses, draft_cost, foresight))
}

/// Where acceptance is constant there is nothing to adapt to: the threshold is the best fixed length.
pub fn no_gain(values: &[f64], masses: &[f64]) -> Claim {
    let (values, masses) = (values.to_vec(), masses.to_vec());
    Claim::equals("no gain without variation", |_| 1.0, Tolerance::Relative(1e-10))
        .states("With constant acceptance the threshold costs exactly what the best fixed length costs.")
        .assuming("acceptance 0.8; exact costs")
        .source(Source::Derived)
        .exhaustive()
        .sweep("t_d/t_t", [0.05, 0.1, 0.2])
        .measure(move |draft_cost, _| gain_ratio(&values, &masses, draft_cost, true))
}

/// The exact cost per token of drafting `length` tokens in every round on order-1 sources, in the long run.
///
/// The chain from round to round runs over the last token. With A = min(p, q), R = (p − q)₊ and P = p by rows,
/// a round accepts j tokens along Aʲ, rejects along Aʲ·R, and ends in the bonus along A^K·P.
fn fixed_length_cost_on(target: &MarkovSource, draft: &MarkovSource, length: usize, draft_cost: f64) -> f64 {
    let matrix = |source: &MarkovSource| {
        let rows: Vec<f64> = source.laws().flatten().copied().collect();
        DMatrix::from_row_slice(source.vocabulary(), source.vocabulary(), &rows)
    };
    let (p, q) = (matrix(target), matrix(draft));
    let (accept, reject) = (p.zip_map(&q, f64::min), p.zip_map(&q, |p, q| (p - q).max(0.0)));
    let size = p.nrows();
    let mut power = DMatrix::identity(size, size);
    let mut step = DMatrix::zeros(size, size);
    let mut emitted = DVector::from_element(size, 1.0);
    for _ in 0..length {
        step += &power * &reject;
        power *= &accept;
        emitted += power.column_sum();
    }
    step += &power * &p;
    // The stationary law of the chain: the first row after 2¹² rounds, by repeated squaring.
    for _ in 0..12 {
        step = &step * &step;
    }
    let stationary = step.row(0) / step.row(0).sum();
    (1.0 + draft_cost * length as f64) / stationary.transpose().dot(&emitted)
}

/// On a source with an easy and a hard language, a trained head beats the best fixed length.
pub fn gain_with_a_head(
    prepare: impl Fn(Vec<Example>, &mut Streams) -> Vec<Example> + Send + Sync + 'static,
) -> Claim {
    Claim::at_least("gain with a trained head", |_| 1.05)
        .states("The best fixed length costs at least 1.05 times as much per token as a threshold on a trained head.")
        .assuming(
            "two languages of four tokens kept with probability 0.95, drafts right 98 % of the time in one and mostly \
             wrong in the other; head trained on 8000 tokens, threshold tuned on a grid, fresh rounds; the fixed \
             length's cost is exact, and the best of 0 to 20",
        )
        .source(Source::Empirical)
        .sweep("t_d/t_t", [0.1])
        .full_sweep([0.05, 0.1, 0.2])
        .replicates(40, 200)
        .detects(0.1)
        .measure(move |draft_cost, streams| -> Result<f64> {
            let (target, draft) = two_regimes(&mut streams.instance)?;
            let pair = Pair::new(&target, &draft)?;
            let examples = prepare(examples(pair, 8000, 0.15, &mut streams.noise)?, streams);
            let head = LogisticHead::fit(target.vocabulary(), &examples, 6.0)?;
            let costs = Costs::new(draft_cost, 1.0)?;
            let mut cost = |threshold: f64, tokens: usize| -> Result<f64> {
                let mut rule = Threshold::new(head.clone(), threshold, 1, 20)?;
                let mut output = vec![0];
                let counts =
                    generate(&mut Lossless::new(20), pair, &mut rule, &mut output, tokens, &mut streams.algorithm);
                Ok(costs.spent(counts.target_calls as f64, counts.drafted as f64) / counts.emitted as f64)
            };
            let mut best = (f64::INFINITY, 0.0);
            for threshold in [0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99] {
                let tried = cost(threshold, 4000)?;
                best = if tried < best.0 { (tried, threshold) } else { best };
            }
            let fixed = (0..=20).map(|k| fixed_length_cost_on(&target, &draft, k, draft_cost));
            Ok(fixed.fold(f64::INFINITY, f64::min) / cost(best.1, 20_000)?)
        })
}

/// A round of K drafts emits (1 − α^(K+1))/(1 − α) tokens on average.
pub fn emitted_per_round<S: Speculation>(method: impl Fn(usize) -> S + Send + Sync + 'static) -> Claim {
    /// The draft (1, 0) makes a round's tree as small as its length; the others have draws in it.
    const DRAFTS: [f64; 3] = [1.0, 0.8, 0.55];
    Claim::equals("tokens per round", |_| 1.0, Tolerance::Relative(1e-12))
        .states("A round of $K$ drafts emits $(1 - \\alpha^{K+1})/(1 - \\alpha)$ tokens on average, $\\alpha = 1 - TV(p, q)$.")
        .assuming(
            "memoryless sources over two tokens, α from {0.3, 0.5, 0.8, 0.95}; every draft, coin and correction \
             enumerated; measured ÷ formula",
        )
        .source(Source::Classical)
        .exhaustive()
        .sweep("K", [1.0, 2.0, 4.0, 8.0, 16.0])
        .measure(move |length, _| -> Result<Vec<f64>> {
            // Beyond 8 drafts only the draft without draws is small enough.
            let drafts = if length > 8.0 { &DRAFTS[..1] } else { &DRAFTS[..] };
            let alphas = [0.3, 0.5, 0.8, 0.95];
            let cases = alphas.iter().flat_map(|&alpha| drafts.iter().map(move |&draft| (alpha, draft)));
            // The target has TV distance 1 − α from the draft, where that leaves it a law.
            let cases = cases.filter(|(alpha, draft)| draft + alpha >= 1.0);
            let ratio = |(alpha, first): (f64, f64)| {
                let target = MarkovSource::memoryless(&[first + alpha - 1.0, 2.0 - first - alpha])?;
                let draft = MarkovSource::memoryless(&[first, 1.0 - first])?;
                let pair = Pair::new(&target, &draft)?;
                let mut rule = FixedLength(length as usize);
                let mut emitted = 0.0;
                every_outcome(
                    |chance| method(length as usize).round(pair, &mut rule, &mut Vec::new(), chance).emitted,
                    |probability, count| emitted += probability * count as f64,
                );
                Ok(emitted / tokens_per_round(alpha, length))
            };
            cases.map(ratio).collect()
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(tokens_per_round(0.5, 3.0), 1.875, max_relative = 1e-12);
        assert_relative_eq!(tokens_per_round(0.0, 7.0), 1.0, max_relative = 1e-12);
        assert_relative_eq!(fixed_length_cost(0.5, 3.0, 0.1), 1.3 / 1.875, max_relative = 1e-12);
        assert_relative_eq!(best_fixed_length_cost(0.5, 22, 0.1), 1.2 / 1.75, max_relative = 1e-12);
        assert_relative_eq!(stopping_threshold(0.5, 0.8, 0.1), 0.75, max_relative = 1e-12);
    }

    #[test]
    fn the_fixed_length_cost_on_sources_agrees_with_the_closed_form() {
        // Two tokens, the same α in both states.
        let target = MarkovSource::new(2, 1, &[vec![0.9, 0.1], vec![0.1, 0.9]]).unwrap();
        let draft = MarkovSource::new(2, 1, &[vec![0.7, 0.3], vec![0.3, 0.7]]).unwrap();
        for length in 0..10 {
            let cost = fixed_length_cost_on(&target, &draft, length, 0.1);
            assert_relative_eq!(cost, fixed_length_cost(0.8, length as f64, 0.1), max_relative = 1e-9);
        }
    }

    quickcheck! {
        fn longer_rounds_emit_more_up_to_the_limit(alpha: u8, length: u8) -> bool {
            let (alpha, length) = (f64::from(alpha) / 256.0, f64::from(length % 64));
            let (now, next) = (tokens_per_round(alpha, length), tokens_per_round(alpha, length + 1.0));
            now <= next && next <= 1.0 / (1.0 - alpha) * (1.0 + 1e-12) && next <= length + 2.0
        }

        fn a_cheaper_draft_raises_the_threshold(cost: u8, mean: u8) -> bool {
            let (cost, mean) = (f64::from(cost) / 256.0, (f64::from(mean) + 1.0) / 256.0);
            stopping_threshold(0.5, mean, cost) >= stopping_threshold(0.5, mean, cost + 0.1)
        }
    }
}
