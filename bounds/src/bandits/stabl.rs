//! What *Adaptive Regret for Bandits Made Possible: Two Queries Suffice* promises.

use std::ops::Range;

use rand::{Rng, RngExt};
use ratebook::bandits::instances::{Adversary, Graph, Recorded, Segments};
use ratebook::bandits::primitives::ExponentialWeights;
use ratebook::bandits::stabl::{Rates, StAbl, covering};
use ratebook::bandits::{Policy, Revealed, play};
use ratebook_judge::{Claim, Paper, Source, Streams, powers_of_two};

/// L = ln(T·(1 + ⌊log₂ T⌋)): what the choice among all intervals of T ≥ 1 rounds costs.
pub fn choice(horizon: f64) -> f64 {
    (horizon * (1.0 + horizon.log2().floor())).ln()
}

/// 2√(2nL|I|) + √(2n|I|·ln n): the expected regret on an interval of the covering family, for n ≥ 1 arms.
///
/// Derived: Σ_I p(I)r(I) = 0 keeps the sum of all w̃ at the number of intervals started, at most e^L. Since
/// ln(1+x) ≥ x − x² for |x| ≤ 1/2, Σr(I) ≤ L/η + η·Σr(I)², and E r² ≤ 2n; η balances it (where it is capped at
/// 1/(2n), the bound is above |I|). A base learner adds ln n/η + ηn|I|/2.
pub fn covering_regret(arms: f64, horizon: f64, length: f64) -> f64 {
    2.0 * (2.0 * arms * choice(horizon) * length).sqrt() + (2.0 * arms * length * arms.ln()).sqrt()
}

/// 2√2/(√2 − 1) times [`covering_regret`]: the expected regret on any interval.
///
/// Derived: it falls into intervals of the family whose lengths grow by factors of at least two and then fall by
/// such factors; 2·Σ_i 2^(−i/2) = 2√2/(√2 − 1).
pub fn any_regret(arms: f64, horizon: f64, length: f64) -> f64 {
    let root = std::f64::consts::SQRT_2;
    2.0 * root / (root - 1.0) * covering_regret(arms, horizon, length)
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let slow = |arms: usize, horizon: u64| {
        let factor = 2.0 / arms as f64;
        StAbl::with_rates(arms, horizon, |length| {
            let Rates { base, meta } = Rates::new(arms, length, horizon)?;
            Ok(Rates { base: factor * base, meta: factor * meta })
        })
    };
    Paper::new("bandits/stabl", "Adaptive Regret for Bandits Made Possible: Two Queries Suffice")
        .arxiv("2401.09278")
        .seed_line(195)
        .claim(
            covering_at_most(StAbl::new)
                .control("one learner for all rounds", covering_at_most(OneLearner::new)),
        )
        .claim(any_at_most(StAbl::new).control("one learner for all rounds", any_at_most(OneLearner::new)))
        .claim(
            rate_in_length(StAbl::new)
                .control("one learner for all rounds", rate_in_length(OneLearner::new))
                .baseline(
                    "one query a round",
                    rate_in_length(|arms, horizon| {
                        StAbl::one_query(arms, horizon, (horizon as f64).cbrt().recip())
                    }),
                ),
        )
        .claim(
            rate_in_arms(StAbl::new).control("learns as if one of two arms were shown", rate_in_arms(slow)),
        )
}

/// Two arms of mean loss 1/4 and 3/4, which change places after `half` rounds.
fn one_change(half: u64) -> ratebook::Result<Segments> {
    Segments::new(vec![(0, vec![0.25, 0.75]), (half, vec![0.75, 0.25])])
}

/// The regrets of one run of `rounds` rounds on some intervals.
fn regrets<P: Policy<Context = (), Feedback = [Revealed]>>(
    mut policy: P,
    rounds: u64,
    intervals: impl IntoIterator<Item = Range<u64>>,
    streams: &mut Streams,
) -> ratebook::Result<Vec<f64>> {
    // The family counts rounds from 1: the change is where an interval of half of the rounds starts.
    let losses = one_change(rounds / 2 - 1)?;
    let mut game = Recorded::new(Adversary::new(&losses, Graph::edgeless(2)?, rounds)?);
    play(&mut policy, &mut game, rounds, &mut streams.noise, &mut streams.algorithm)?;
    let intervals: Vec<_> = intervals.into_iter().collect();
    Ok(game.regrets(&losses, intervals).collect())
}

/// On every interval of the covering family the regret is at most the bound.
pub fn covering_at_most<P: Policy<Context = (), Feedback = [Revealed]>>(
    make: impl Fn(usize, u64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    const ROUNDS: u64 = 1 << 15;
    Claim::at_most("covering at most", |length| covering_regret(2.0, ROUNDS as f64, length))
        .states(
            "$\\mathbb{E}\\,\\mathrm{Regret}(I) \\le 2\\sqrt{2nL|I|} + \\sqrt{2n|I|\\ln n}$ on every interval $I$ of \
             the covering family.",
        )
        .assuming(
            "two arms with losses 0 and 1 of mean 1/4 and 3/4 that change places at T/2, T = 2¹⁵; the worst interval \
             of each length",
        )
        .source(Source::Derived)
        .sweep("length", powers_of_two(12..=14))
        .replicates(30, 400)
        .trivial(|length| length / 2.0)
        .paths(move |lengths, streams| -> ratebook::Result<Vec<Vec<f64>>> {
            let families: Vec<Vec<Range<u64>>> =
                lengths.iter().map(|&length| covering(length as u64, ROUNDS).collect()).collect();
            let all = regrets(make(2, ROUNDS)?, ROUNDS, families.iter().flatten().cloned(), streams)?;
            Ok(split(&families, all))
        })
}

/// The values of each family, from those of all of them in a row.
fn split(families: &[Vec<Range<u64>>], values: Vec<f64>) -> Vec<Vec<f64>> {
    let mut values = values.into_iter();
    families.iter().map(|family| values.by_ref().take(family.len()).collect()).collect()
}

/// On an interval that is not of the family the regret is at most 6.83 times the bound.
pub fn any_at_most<P: Policy<Context = (), Feedback = [Revealed]>>(
    make: impl Fn(usize, u64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    const ROUNDS: u64 = 1 << 17;
    Claim::at_most("any at most", |length| any_regret(2.0, ROUNDS as f64, length))
        .states(
            "$\\mathbb{E}\\,\\mathrm{Regret}(J) \\le 6.83\\,(2\\sqrt{2nL|J|} + \\sqrt{2n|J|\\ln n})$ on every \
             interval $J$.",
        )
        .assuming(
            "two arms with losses 0 and 1 of mean 1/4 and 3/4 that change places at T/2, T = 2¹⁷; intervals that \
             start about the change, at odd places",
        )
        .source(Source::Derived)
        .sweep("length", [16_001.0, 32_001.0, 65_001.0])
        .replicates(30, 100)
        .trivial(|length| length / 2.0)
        .paths(move |lengths, streams| -> ratebook::Result<Vec<Vec<f64>>> {
            let family = |&length: &f64| {
                let change = ROUNDS / 2 - 1;
                let starts = [change - 1_001, change + 2, change + 37];
                starts.map(|start| start..(start + length as u64).min(ROUNDS)).to_vec()
            };
            let families: Vec<Vec<Range<u64>>> = lengths.iter().map(family).collect();
            let all = regrets(make(2, ROUNDS)?, ROUNDS, families.iter().flatten().cloned(), streams)?;
            Ok(split(&families, all))
        })
}

/// The worst regret over the intervals of one length grows like the square root of the length, up to the
/// logarithm in T, although the best arm changes.
pub fn rate_in_length<P: Policy<Context = (), Feedback = [Revealed]>>(
    make: impl Fn(usize, u64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    const ROUNDS: u64 = 1 << 17;
    Claim::rate("rate in length", |length| (2.0 * length).sqrt())
        .states("The worst regret over intervals of length $|I|$ grows like $\\tilde O(\\sqrt{n |I|})$.")
        .assuming(
            "two arms with losses 0 and 1 of mean 1/4 and 3/4 that change places at T/2, T = 2¹⁷; all intervals of the \
             covering family, of lengths at which the bound is below |I|/2",
        )
        .source(Source::Abstract)
        .sweep("length", powers_of_two(11..=16))
        .replicates(30, 100)
        .detects(0.15)
        .paths(move |lengths, streams| -> ratebook::Result<Vec<Vec<f64>>> {
            let families: Vec<Vec<Range<u64>>> =
                lengths.iter().map(|&length| covering(length as u64, ROUNDS).collect()).collect();
            let all = regrets(make(2, ROUNDS)?, ROUNDS, families.iter().flatten().cloned(), streams)?;
            Ok(split(&families, all))
        })
}

/// The worst regret over a fixed grid of gaps grows like the square root of the number of arms.
pub fn rate_in_arms<P: Policy<Context = (), Feedback = [Revealed]>>(
    make: impl Fn(usize, u64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    const ROUNDS: u64 = 1 << 14;
    Claim::rate("rate in arms", f64::sqrt)
        .states("The regret grows like $\\tilde O(\\sqrt{n |I|})$ in the number of arms $n$.")
        .assuming("2¹⁴ rounds, losses 0 and 1 of mean 1/2, one arm 1/2 − Δ, the worst Δ of 1/2, 1/4, 1/8")
        .source(Source::Abstract)
        .sweep("n", powers_of_two(1..=4))
        .full_sweep(powers_of_two(1..=5))
        .replicates(30, 100)
        .detects(0.08)
        .measure(move |arms, streams| -> ratebook::Result<Vec<f64>> {
            let arms = arms as usize;
            let mut run = |gap: f64| {
                let mut policy = make(arms, ROUNDS)?;
                let losses = Segments::one_good_arm(arms, gap)?;
                let mut game = Adversary::new(losses, Graph::edgeless(arms)?, ROUNDS)?;
                play(&mut policy, &mut game, ROUNDS, &mut streams.noise, &mut streams.algorithm)
            };
            [0.5, 0.25, 0.125].map(&mut run).into_iter().collect()
        })
}

/// A learner that is good on all rounds together: the same estimate, one base learner, no restarts.
#[derive(Debug, Clone)]
struct OneLearner {
    base: ExponentialWeights,
    look: Vec<usize>,
}

impl OneLearner {
    fn new(arms: usize, horizon: u64) -> ratebook::Result<Self> {
        let rate = Rates::new(arms, horizon, horizon)?.base;
        Ok(Self { base: ExponentialWeights::new(arms, rate)?, look: vec![0] })
    }
}

impl Policy for OneLearner {
    type Context = ();
    type Feedback = [Revealed];

    fn choose(&mut self, (): &(), rng: &mut dyn Rng) -> ratebook::Result<usize> {
        self.look[0] = rng.random_range(0..self.base.arms());
        Ok(self.base.sample(rng))
    }

    fn asks(&self) -> &[usize] {
        &self.look
    }

    fn observe(&mut self, _: usize, feedback: &[Revealed]) -> ratebook::Result<()> {
        for seen in feedback.iter().filter(|seen| seen.arm == self.look[0]) {
            self.base.add(seen.arm, self.base.arms() as f64 * seen.loss);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        // T = 8: four lengths.
        assert_relative_eq!(choice(8.0), 32f64.ln(), max_relative = 1e-12);
        assert_relative_eq!(choice(9.0), 36f64.ln(), max_relative = 1e-12);
        assert_eq!(choice(1.0), 0.0);
        // One arm leaves the second layer: 2√(2·ln 32·50) = 20·√(5·ln 2).
        let one = 20.0 * (5.0 * std::f64::consts::LN_2).sqrt();
        assert_relative_eq!(covering_regret(1.0, 8.0, 50.0), one, max_relative = 1e-12);
        // One round in all: √(2n|I| ln n) alone.
        let base = (16.0 * std::f64::consts::LN_2).sqrt();
        assert_relative_eq!(covering_regret(2.0, 1.0, 4.0), base, max_relative = 1e-12);
        // 2√2/(√2 − 1) = 4 + 2√2.
        let factor = 4.0 + 8f64.sqrt();
        assert_relative_eq!(any_regret(2.0, 1.0, 4.0), factor * base, max_relative = 1e-12);
    }

    quickcheck! {
        fn square_root_in_the_length_and_monotone(arms: u8, rounds: u16, length: u16) -> bool {
            let (n, t, len) = (f64::from(arms) + 1.0, f64::from(rounds) + 2.0, f64::from(length) + 1.0);
            let bound = covering_regret(n, t, len);
            (covering_regret(n, t, 4.0 * len) / bound - 2.0).abs() < 1e-12
                && covering_regret(n + 1.0, t, len) > bound
                && covering_regret(n, 2.0 * t, len) > bound
                && any_regret(n, t, len) > 6.8 * bound
        }
    }
}
