//! A target law over sequences is fixed; a strategy spends calls to it, and to cheaper models, to get
//! tokens faster or answers better.
//!
//! The language models are finite Markov sources ([`instances`]), so acceptance rates, optima and
//! output laws can be enumerated instead of sampled.
//!
//! # Which strategy
//! - [`spec_dec`]: a cheap draft model proposes, one call to the target verifies. Worth it when the
//!   draft is much cheaper than the target and mostly right; with a stop rule it also knows when to
//!   stop proposing.
//! - [`compute_optimal_search`]: many samples and a vote, or, with a reward model that scores unfinished
//!   solutions, a search that moves its budget to the good ones.
//! - [`imperfect_verifier`]: draw until a verifier passes. Worth it while false positives are rare; the best
//!   number of draws is often small.
//! - [`minimum_bayes_risk`]: many samples and a measure of likeness; returns the one most like the others
//!   ([`selection`] is its loop).
//! - [`tetris`]: many requests share one call of limited size. It verifies the tokens most likely to
//!   be accepted, whosever they are.
//!
//! # Protocol
//! A [`LanguageModel`] gives the law of the next token. [`Lossless`] is the speculative round; a
//! [`StopRule`] says how far to draft. A rival round implements [`Speculation`] (its law is then
//! enumerated like that of the original), a rival rule [`StopRule`]. All randomness comes through
//! [`Chance`], so that one and the same code is sampled in use and gone through exhaustively in
//! checks.
//!
//! # When a round is lossless
//! The emitted tokens have the target's law if a drafted token is verified or discarded without
//! looking at it: whether position $j$ is verified may depend on the tokens before $j$ only. A stop
//! rule may look at everything drafted so far, provided that everything drafted is then verified.

use crate::Result;
use crate::math::chance::Chance;

pub mod baselines;
pub mod compute_optimal_search;
pub mod imperfect_verifier;
pub mod instances;
pub mod minimum_bayes_risk;
pub mod selection;
pub mod spec_dec;
pub mod tetris;

/// The law of the next token given the ones before.
pub trait LanguageModel: Sync {
    /// The number of tokens, at least one.
    fn vocabulary(&self) -> usize;

    /// Writes the law of the token after `context` to `law`, which has one entry per token.
    fn next(&self, context: &[usize], law: &mut [f64]);
}

impl<M: LanguageModel + ?Sized> LanguageModel for &M {
    fn vocabulary(&self) -> usize {
        (**self).vocabulary()
    }

    fn next(&self, context: &[usize], law: &mut [f64]) {
        (**self).next(context, law);
    }
}

/// Ancestral sampling: appends tokens of the model's law until there are `count`.
pub fn ancestral(model: &dyn LanguageModel, tokens: &mut Vec<usize>, count: usize, chance: &mut dyn Chance) {
    let mut law = vec![0.0; model.vocabulary()];
    while tokens.len() < count {
        model.next(tokens, &mut law);
        tokens.push(chance.choose(&law));
    }
}

/// A target and the draft that stands in for it, over the same tokens.
#[derive(Clone, Copy)]
pub struct Pair<'a> {
    /// The law that the output must have.
    pub target: &'a dyn LanguageModel,
    /// The cheap model.
    pub draft: &'a dyn LanguageModel,
}

impl<'a> Pair<'a> {
    /// A target and its draft.
    ///
    /// # Errors
    /// If their vocabularies differ in size.
    pub fn new(target: &'a dyn LanguageModel, draft: &'a dyn LanguageModel) -> Result<Self> {
        crate::error::same_size("vocabulary of the draft", target.vocabulary(), draft.vocabulary())?;
        Ok(Self { target, draft })
    }
}

/// The token just drafted, as a stop rule sees it.
#[derive(Debug, Clone, Copy)]
pub struct Drafted<'a> {
    /// Everything before the token.
    pub context: &'a [usize],
    /// The token.
    pub token: usize,
    /// The draft's law that it was drawn from.
    pub law: &'a [f64],
    /// How many tokens the round has drafted, this one included.
    pub length: usize,
}

/// Decides how far a round drafts. It sees neither acceptance coins nor the target's calls.
pub trait StopRule {
    /// A round begins: whether to draft a first token.
    fn begin(&mut self) -> bool;

    /// Whether to draft another token after `last`.
    fn go_on(&mut self, last: &Drafted<'_>) -> bool;
}

/// Predicts whether drafted tokens will be accepted.
pub trait AcceptancePredictor {
    /// The predicted probability, in [0, 1], that the token just drafted is accepted if all before it
    /// are.
    fn acceptance(&mut self, drafted: &Drafted<'_>) -> f64;
}

/// Drafts the same number of tokens in every round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedLength(pub usize);

impl StopRule for FixedLength {
    fn begin(&mut self) -> bool {
        self.0 > 0
    }

    fn go_on(&mut self, last: &Drafted<'_>) -> bool {
        last.length < self.0
    }
}

/// What a round did, or many rounds together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls to the target, each of which verifies all the tokens of a round.
    pub target_calls: usize,
    /// Tokens drafted, one call to the draft each.
    pub drafted: usize,
    /// Drafted tokens that were accepted.
    pub accepted: usize,
    /// Tokens emitted.
    pub emitted: usize,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.target_calls += other.target_calls;
        self.drafted += other.drafted;
        self.accepted += other.accepted;
        self.emitted += other.emitted;
    }
}

/// A way to emit some tokens with one call to the target.
pub trait Speculation {
    /// Appends at least one token to `tokens`, which holds the context.
    fn round(
        &mut self,
        pair: Pair<'_>,
        rule: &mut dyn StopRule,
        tokens: &mut Vec<usize>,
        chance: &mut dyn Chance,
    ) -> Counts;
}

/// The speculative round of Leviathan et al. and Chen et al. (2023), whose output has the target's
/// law.
#[derive(Debug, Clone, Default)]
pub struct Lossless {
    /// The longest draft; a stop rule that never stops is stopped there.
    longest: usize,
    /// The draft's laws of the round, one after the other.
    draft_laws: Vec<f64>,
    target_law: Vec<f64>,
}

impl Lossless {
    /// Rounds that draft at most `longest` tokens.
    pub fn new(longest: usize) -> Self {
        Self { longest, ..Self::default() }
    }

    /// A round: drafts, verifies and counts. `correct` is that of [`Lossless::verify`]; `bonus` says for
    /// the number of drafted tokens whether their acceptance earns another one.
    pub(crate) fn round_with(
        &mut self,
        pair: Pair<'_>,
        rule: &mut dyn StopRule,
        tokens: &mut Vec<usize>,
        chance: &mut dyn Chance,
        correct: impl Fn(&mut [f64], &[f64], &mut dyn Chance) -> Option<usize>,
        bonus: impl Fn(usize) -> bool,
    ) -> Counts {
        let start = tokens.len();
        let drafted = self.draft(pair.draft, rule, tokens, chance);
        let accepted = self.verify(pair.target, tokens, start, chance, correct, bonus(drafted));
        Counts { target_calls: 1, drafted, accepted, emitted: tokens.len() - start }
    }

    /// Drafts tokens until the rule stops; returns how many.
    pub(crate) fn draft(
        &mut self,
        draft: &dyn LanguageModel,
        rule: &mut dyn StopRule,
        tokens: &mut Vec<usize>,
        chance: &mut dyn Chance,
    ) -> usize {
        let size = draft.vocabulary();
        self.draft_laws.clear();
        let mut go_on = rule.begin();
        let mut length = 0;
        while go_on && length < self.longest {
            self.draft_laws.resize((length + 1) * size, 0.0);
            let law = &mut self.draft_laws[length * size..];
            draft.next(tokens, law);
            let token = chance.choose(law);
            length += 1;
            go_on = rule.go_on(&Drafted { context: tokens, token, law, length });
            tokens.push(token);
        }
        length
    }

    /// Verifies the tokens from `start` on, which must be drafted ones: keeps them up to the first
    /// rejection, where `correct` may give another token for the target's law p and the draft's q.
    /// After no rejection it draws from the target, if `bonus`. Returns how many it accepted.
    ///
    /// One call to the target gives its laws at all drafted positions and the one after.
    pub(crate) fn verify(
        &mut self,
        target: &dyn LanguageModel,
        tokens: &mut Vec<usize>,
        start: usize,
        chance: &mut dyn Chance,
        correct: impl Fn(&mut [f64], &[f64], &mut dyn Chance) -> Option<usize>,
        bonus: bool,
    ) -> usize {
        let size = target.vocabulary();
        self.target_law.resize(size, 0.0);
        let p = &mut self.target_law[..size];
        for at in start..tokens.len() {
            let q = &self.draft_laws[(at - start) * size..][..size];
            target.next(&tokens[..at], p);
            if !chance.coin(acceptance(p[tokens[at]], q[tokens[at]])) {
                tokens.truncate(at);
                tokens.extend(correct(p, q, chance));
                return at - start;
            }
        }
        let accepted = tokens.len() - start;
        if bonus {
            target.next(tokens, p);
            tokens.push(chance.choose(p));
        }
        accepted
    }
}

/// min(1, p(x)/q(x)): the probability that a token drawn from q is accepted.
pub fn acceptance(target: f64, draft: f64) -> f64 {
    if target < draft { target / draft } else { 1.0 }
}

/// Turns the target's law p into (p − q)₊, to be drawn from in proportion. Where rounding leaves no
/// mass at all, p stays: the rejection that asked for it then had a probability of rounding size.
pub fn residual(target: &mut [f64], draft: &[f64]) {
    if target.iter().zip(draft).any(|(p, q)| p > q) {
        target.iter_mut().zip(draft).for_each(|(p, q)| *p = (*p - q).max(0.0));
    }
}

/// The correction that makes a round lossless.
pub(crate) fn from_residual(target: &mut [f64], draft: &[f64], chance: &mut dyn Chance) -> Option<usize> {
    residual(target, draft);
    Some(chance.choose(target))
}

impl Speculation for Lossless {
    fn round(
        &mut self,
        pair: Pair<'_>,
        rule: &mut dyn StopRule,
        tokens: &mut Vec<usize>,
        chance: &mut dyn Chance,
    ) -> Counts {
        self.round_with(pair, rule, tokens, chance, from_residual, |_| true)
    }
}

/// Appends at least `count` tokens to `tokens` in rounds; the first `count` have the target's law
/// whatever the last round adds beyond them.
pub fn generate(
    method: &mut dyn Speculation,
    pair: Pair<'_>,
    rule: &mut dyn StopRule,
    tokens: &mut Vec<usize>,
    count: usize,
    chance: &mut dyn Chance,
) -> Counts {
    let mut total = Counts::default();
    while total.emitted < count {
        let round = method.round(pair, rule, tokens, chance);
        total += round;
        if round.emitted == 0 {
            break; // against the contract, but no reason to hang
        }
    }
    total
}
