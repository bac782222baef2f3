//! The least cost per token, and what any stop rule costs, without sampling.

use std::collections::BTreeMap;

use super::Costs;
use crate::decoding::instances::MarkovSource;
use crate::decoding::{Drafted, Pair, StopRule, acceptance};
use crate::{Error, Result, error};

/// Acceptance probabilities that are independent from token to token: the setting in which the
/// threshold is optimal.
#[derive(Debug, Clone, PartialEq)]
pub struct AcceptanceLaw {
    /// (probability of acceptance, probability of drafting such a token).
    support: Vec<(f64, f64)>,
}

/// The best that any policy can do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Optimum {
    /// ρ*: the least cost per emitted token.
    pub cost_per_token: f64,
    /// h* = 1 − t_d/(ρ* m): stop when the probability of a rejection exceeds it. Negative if no token
    /// should be drafted at all.
    pub threshold: f64,
}

/// What a policy is worth from some state on, for a given price of a token.
#[derive(Debug, Clone, Copy, Default)]
struct Outlook {
    /// Expected cost of drafts minus price of tokens; never positive, since stopping is free.
    value: f64,
    drafted: f64,
    tokens: f64,
}

impl AcceptanceLaw {
    /// A token is accepted with probability `values[i]`, revealed when it is drafted, with
    /// probability `masses[i]`.
    ///
    /// # Errors
    /// If the lists differ in size, a value is not in [0, 1], or the masses are no distribution.
    pub fn new(values: &[f64], masses: &[f64]) -> Result<Self> {
        error::same_size("masses", values.len(), masses.len())?;
        error::distribution("masses", masses)?;
        values.iter().try_for_each(|&value| error::probability("values", value).map(drop))?;
        Ok(Self { support: values.iter().copied().zip(masses.iter().copied()).collect() })
    }

    /// m: the mean probability of acceptance.
    pub fn mean(&self) -> f64 {
        self.support.iter().map(|(value, mass)| value * mass).sum()
    }

    /// A memoryless target and draft that realise the law: the draft draws token i with `masses[i]`,
    /// the target gives it `values[i]` times that, and the rest to a token that is never drafted.
    ///
    /// # Errors
    /// None in practice: the laws are distributions by construction.
    pub fn models(&self) -> Result<(MarkovSource, MarkovSource)> {
        let rest = (1.0 - self.mean()).max(0.0);
        let target: Vec<f64> = self.support.iter().map(|(value, mass)| value * mass).chain([rest]).collect();
        let draft: Vec<f64> = self.support.iter().map(|(_, mass)| *mass).chain([0.0]).collect();
        Ok((MarkovSource::memoryless(&target)?, MarkovSource::memoryless(&draft)?))
    }

    /// The optimum over all policies that draft at most `longest` tokens, step 3 of the algorithm.
    ///
    /// Dinkelbach: for a price ρ of a token, find the policy of least cost − ρ·tokens by dynamic
    /// programming over the multiset of revealed probabilities; its own cost per token is the next
    /// ρ. The prices decrease to ρ* in finitely many steps, each O(longest^(size of the support)).
    ///
    /// # Errors
    /// If `longest` exceeds 256.
    pub fn optimum(&self, costs: Costs, longest: usize) -> Result<Optimum> {
        if longest > 256 {
            let requirement = "at most 256";
            return Err(Error::OutOfRange { name: "longest", value: longest as f64, requirement });
        }
        let mut price = costs.target(); // what drafting nothing costs
        loop {
            let counts = vec![0; self.support.len()];
            let best = self.outlook(price, costs, longest, counts, 1.0, &mut BTreeMap::new());
            let next = (costs.target() + costs.draft() * best.drafted) / (1.0 + best.tokens);
            if next >= price {
                let threshold = 1.0 - costs.draft() / (price * self.mean());
                return Ok(Optimum { cost_per_token: price, threshold });
            }
            price = next;
        }
    }

    /// The best continuation when `counts[i]` tokens of kind i were drafted, Q = `survival`.
    fn outlook(
        &self,
        price: f64,
        costs: Costs,
        longest: usize,
        counts: Vec<usize>,
        survival: f64,
        known: &mut BTreeMap<Vec<usize>, Outlook>,
    ) -> Outlook {
        if counts.iter().sum::<usize>() == longest {
            return Outlook::default();
        }
        if let Some(&outlook) = known.get(&counts) {
            return outlook;
        }
        let mut on = Outlook { value: costs.draft(), drafted: 1.0, tokens: 0.0 };
        for (kind, &(value, mass)) in self.support.iter().enumerate() {
            let mut counts = counts.clone();
            counts[kind] += 1;
            let accepted = survival * value;
            let rest = self.outlook(price, costs, longest, counts, accepted, known);
            on.value += mass * (rest.value - price * accepted);
            on.drafted += mass * rest.drafted;
            on.tokens += mass * (accepted + rest.tokens);
        }
        let best = if on.value < 0.0 { on } else { Outlook::default() };
        known.insert(counts, best);
        best
    }
}

/// The expected numbers of drafted and of emitted tokens in one round.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ExpectedRound {
    /// Drafted tokens.
    pub drafted: f64,
    /// Emitted tokens, the correction or the bonus included.
    pub emitted: f64,
}

impl ExpectedRound {
    /// The cost per token where every round begins alike.
    pub fn cost_per_token(&self, costs: Costs) -> f64 {
        costs.spent(1.0, self.drafted) / self.emitted
    }
}

/// Exactly what a round of at most `longest` drafts does after `context` under any stop rule, by going
/// through every draft; the coins are averaged in closed form. Exponential in the draft's length.
pub fn expected_round<R: StopRule + Clone>(
    pair: Pair<'_>,
    context: &[usize],
    rule: &R,
    longest: usize,
) -> ExpectedRound {
    let mut rule = rule.clone();
    let mut round = ExpectedRound { drafted: 0.0, emitted: 1.0 };
    if rule.begin() && longest > 0 {
        let mut tokens = context.to_vec();
        descend(pair, &rule, &mut tokens, longest, 1, (1.0, 1.0), &mut round);
    }
    round
}

/// Adds the drafts of position `length` and beyond: `reached` is the probability of drafting there,
/// `survival` the probability that all tokens before are accepted.
fn descend<R: StopRule + Clone>(
    pair: Pair<'_>,
    rule: &R,
    tokens: &mut Vec<usize>,
    longest: usize,
    length: usize,
    (reached, survival): (f64, f64),
    round: &mut ExpectedRound,
) {
    let size = pair.draft.vocabulary();
    let (mut p, mut q) = (vec![0.0; size], vec![0.0; size]);
    pair.target.next(tokens, &mut p);
    pair.draft.next(tokens, &mut q);
    round.drafted += reached;
    for token in (0..size).filter(|&token| q[token] > 0.0) {
        let reached = reached * q[token];
        let survival = survival * acceptance(p[token], q[token]);
        round.emitted += reached * survival;
        let mut rule = rule.clone();
        if rule.go_on(&Drafted { context: tokens, token, law: &q, length }) && length < longest {
            tokens.push(token);
            descend(pair, &rule, tokens, longest, length + 1, (reached, survival), round);
            tokens.pop();
        }
    }
}
