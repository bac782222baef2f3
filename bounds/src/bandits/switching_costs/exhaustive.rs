//! The claims that go through every random choice and every sequence of losses.

use rand::Rng;
use ratebook::bandits::instances::Epochs;
use ratebook::bandits::primitives::exact::{Choices, binary_losses, expected_regret};
use ratebook::bandits::switching_costs::{Batched, Observation};
use ratebook::bandits::{Game, Policy, Revealed};
use ratebook::math::chance::{Chance, every_outcome};
use ratebook_judge::{Claim, Source};

use super::cost;

/// The arm of every epoch has the law of the weights, averaged over what was observed: P(A_b = k) = E p_b(k), for
/// every sequence of losses. This is what the dartboard must not break.
pub fn keeps_the_law(
    observations: &'static [Observation],
    make: impl Fn(Observation, usize, u64) -> ratebook::Result<Batched> + Send + Sync + 'static,
) -> Claim {
    Claim::always("keeps the law")
        .states("The arm of every epoch has the law of the weights, $P(A_b = k) = \\mathbb{E}\\,p_b(k)$.")
        .assuming("two arms, all sequences of N loss vectors with entries 0 and 1, one round an epoch")
        .source(Source::Derived)
        .exhaustive()
        .sweep("N", [1.0, 2.0, 3.0, 4.0])
        .check(move |epochs, streams, cases| -> ratebook::Result<()> {
            let epochs = epochs as u64;
            for losses in &binary_losses(2, epochs)? {
                for &observation in observations {
                    let start = make(observation, 2, epochs)?;
                    let mut difference = 0.0;
                    let mut failed = None;
                    // Whether arm 0 is played in the last epoch, less its probability by weight.
                    let last = |chance: &mut dyn Chance| -> ratebook::Result<f64> {
                        let (mut policy, mut game) = (start.clone(), Epochs::new(losses, epochs, epochs)?);
                        for _ in 1..epochs {
                            game.open(&mut streams.noise);
                            let arm = policy.choose_by(&(), chance)?;
                            let asks = policy.asks().to_vec();
                            policy.observe(arm, game.feedback(arm, &asks, &mut streams.noise))?;
                        }
                        let probability = policy.probability(0);
                        let arm = policy.choose_by(&(), chance)?;
                        Ok(f64::from(u8::from(arm == 0)) - probability)
                    };
                    every_outcome(last, |probability, result| match result {
                        Ok(more) => difference += probability * more,
                        Err(error) => failed = Some(error),
                    });
                    if let Some(error) = failed {
                        return Err(error);
                    }
                    cases.close(difference, 0.0, 1e-12, || format!("{observation:?}, {losses:?}"));
                }
            }
            Ok(())
        })
}

/// The exact worst expected cost over all losses is at most the bound, in units of the bound, with full
/// information and flexibly. (With bandit feedback the bound exceeds what any policy can lose in so few rounds.)
pub fn worst_losses<P>(
    make: impl Fn(Observation, usize, u64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim
where
    P: Policy<Context = (), Feedback = [Revealed]> + Choices + Clone,
{
    Claim::at_most("worst losses", |_| 1.0)
        .states(
            "$\\max_\\ell$ of the expected regret and changes is at most the bound, in units of the bound.",
        )
        .assuming("two arms, all sequences of T = N loss vectors with entries 0 and 1, one round an epoch")
        .source(Source::Derived)
        .exhaustive()
        .sweep("T", [2.0, 3.0, 4.0])
        .full_sweep([2.0, 3.0, 4.0, 5.0])
        .measure(move |rounds, streams| -> ratebook::Result<Vec<f64>> {
            let epochs = rounds as u64;
            let mut ratio = |observation| {
                let policy = make(observation, 2, epochs)?;
                let mut worst = 0.0_f64;
                for losses in &binary_losses(2, epochs)? {
                    let game = Epochs::new(losses, epochs, epochs)?;
                    worst = worst.max(expected_regret(&policy, &game, epochs, &mut streams.noise)?);
                }
                Ok(worst / cost(observation, 2.0, rounds, rounds))
            };
            [Observation::Full, Observation::Flexible, Observation::Bandit]
                .map(&mut ratio)
                .into_iter()
                .collect()
        })
}

/// A policy that takes the arms in turn.
#[derive(Debug, Clone)]
pub struct Alternating {
    arms: usize,
    next: usize,
}

/// Arms in turn, whatever is observed.
pub fn alternating(_: Observation, arms: usize, _: u64) -> ratebook::Result<Alternating> {
    Ok(Alternating { arms, next: 0 })
}

impl Policy for Alternating {
    type Context = ();
    type Feedback = [Revealed];

    fn choose(&mut self, context: &(), rng: &mut dyn Rng) -> ratebook::Result<usize> {
        self.choose_by(context, rng)
    }

    fn observe(&mut self, arm: usize, _: &[Revealed]) -> ratebook::Result<()> {
        self.next = (arm + 1) % self.arms;
        Ok(())
    }
}

impl Choices for Alternating {
    fn choose_by<C: Chance + ?Sized>(&mut self, (): &(), _: &mut C) -> ratebook::Result<usize> {
        Ok(self.next)
    }
}
