//! Broken rounds: each looks like the lossless one and has another output law or wastes tokens.

use super::{Counts, Drafted, Lossless, Pair, Speculation, StopRule, from_residual};
use crate::math::chance::Chance;

/// Broken: a rejected token is drawn again from the draft instead of from the residual.
#[derive(Debug, Clone, Default)]
pub struct Redraft(pub Lossless);

impl Speculation for Redraft {
    fn round(
        &mut self,
        pair: Pair<'_>,
        rule: &mut dyn StopRule,
        tokens: &mut Vec<usize>,
        chance: &mut dyn Chance,
    ) -> Counts {
        let redraft = |_: &mut [f64], q: &[f64], chance: &mut dyn Chance| Some(chance.choose(q));
        self.0.round_with(pair, rule, tokens, chance, redraft, |_| true)
    }
}

/// Broken: drops a rejected token and ends the round there, as if the draft had stopped before it. A
/// round that would emit nothing is a lossless one instead.
#[derive(Debug, Clone, Default)]
pub struct DropRejected(pub Lossless);

impl Speculation for DropRejected {
    fn round(
        &mut self,
        pair: Pair<'_>,
        rule: &mut dyn StopRule,
        tokens: &mut Vec<usize>,
        chance: &mut dyn Chance,
    ) -> Counts {
        let mut counts = self.0.round_with(pair, rule, tokens, chance, |_, _, _| None, |_| true);
        if counts.emitted == 0 {
            counts += self.0.round(pair, rule, tokens, chance);
        }
        counts
    }
}

/// Broken: where the rule stops, it takes the token that made it stop back unverified.
#[derive(Debug, Clone, Default)]
pub struct DiscardLast(pub Lossless);

impl Speculation for DiscardLast {
    fn round(
        &mut self,
        pair: Pair<'_>,
        rule: &mut dyn StopRule,
        tokens: &mut Vec<usize>,
        chance: &mut dyn Chance,
    ) -> Counts {
        let start = tokens.len();
        let mut watched = Watched { rule, stopped: false };
        let drafted = self.0.draft(pair.draft, &mut watched, tokens, chance);
        if watched.stopped {
            tokens.pop();
        }
        let accepted = self.0.verify(pair.target, tokens, start, chance, from_residual, true);
        Counts { target_calls: 1, drafted, accepted, emitted: accepted + 1 }
    }
}

/// A stop rule that remembers whether it stopped after a token.
struct Watched<'a> {
    rule: &'a mut dyn StopRule,
    stopped: bool,
}

impl StopRule for Watched<'_> {
    fn begin(&mut self) -> bool {
        self.rule.begin()
    }

    fn go_on(&mut self, last: &Drafted<'_>) -> bool {
        self.stopped = !self.rule.go_on(last);
        !self.stopped
    }
}

/// Lossless but wasteful: draws no further token after accepting every drafted one. A round without
/// drafts still draws one.
#[derive(Debug, Clone, Default)]
pub struct NoBonus(pub Lossless);

impl Speculation for NoBonus {
    fn round(
        &mut self,
        pair: Pair<'_>,
        rule: &mut dyn StopRule,
        tokens: &mut Vec<usize>,
        chance: &mut dyn Chance,
    ) -> Counts {
        self.0.round_with(pair, rule, tokens, chance, from_residual, |drafted| drafted == 0)
    }
}
