//! The claims about cost: what a threshold saves over fixed lengths.

use nalgebra::{DMatrix, DVector};
use ratebook::Result;
use ratebook::decoding::instances::{MarkovSource, two_regimes};
use ratebook::decoding::spec_dec::head::{Example, LogisticHead, examples};
use ratebook::decoding::spec_dec::optimal::{AcceptanceLaw, Optimum, expected_round};
use ratebook::decoding::spec_dec::{Constant, Costs, Oracle, Threshold};
use ratebook::decoding::{AcceptancePredictor, Drafted, LanguageModel, Lossless, Pair, StopRule, generate};
use ratebook_judge::{Claim, Source, Streams, Tolerance};

use super::LONGEST;
use super::bounds::{best_fixed_length_cost, stopping_threshold};

/// Three laws, (values, masses), of independent acceptance probabilities.
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
pub(super) struct LastOnly {
    pub(super) oracle: Oracle<MarkovSource>,
    pub(super) threshold: f64,
}

impl StopRule for LastOnly {
    fn begin(&mut self) -> bool {
        true
    }

    fn go_on(&mut self, last: &Drafted<'_>) -> bool {
        1.0 - self.oracle.acceptance(last) <= self.threshold
    }
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
pub fn gain(values: &[f64], masses: &[f64], foresight: bool) -> Claim {
    let (values, masses) = (values.to_vec(), masses.to_vec());
    Claim::at_least("gain over fixed lengths", |_| 1.15)
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

#[cfg(test)]
mod tests {
    use super::super::bounds::fixed_length_cost;
    use super::*;
    use approx::assert_relative_eq;

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
}
