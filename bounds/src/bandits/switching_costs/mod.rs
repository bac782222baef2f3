//! What *Understanding the Role of Feedback in Online Learning with Switching Costs* promises.

mod exhaustive;
mod rates;
mod upper;

use ratebook::bandits::switching_costs::Observation::{self, Bandit, Flexible, Full};
use ratebook::bandits::switching_costs::{Batched, Redraw};
use ratebook_judge::Paper;

use exhaustive::alternating;
pub use exhaustive::{keeps_the_law, worst_losses};
pub use rates::{bandit_in_rounds, falls_above, flat_below, full_in_rounds, rate_in_budget};
pub use upper::cost_at_most;

/// T√(2 ln K/N) + √(2N·ln K): regret and changes of the dartboard with full information, for K ≥ 1 arms and T ≥ N
/// rounds in N ≥ 1 epochs of equal length.
///
/// Derived: exponential weights with rate η on N unbiased views of the epochs' averages, of second moment at most
/// 1, lose ln K/η + ηN/2 against the best arm, times T/N; the arm is redrawn with probability
/// 1 − e^(−ηℓ̂) ≤ ηℓ̂ an epoch, whatever the arm, because ℓ̂ does not depend on it.
pub fn full_cost(arms: f64, rounds: f64, epochs: f64) -> f64 {
    rounds * (2.0 * arms.ln() / epochs).sqrt() + (2.0 * epochs * arms.ln()).sqrt()
}

/// T√(2K·ln K/N) + √(2N·ln K/K): the same for flexible observations. The second moment is at most K and E ℓ̂ at
/// most 1.
pub fn flexible_cost(arms: f64, rounds: f64, epochs: f64) -> f64 {
    rounds * (2.0 * arms * arms.ln() / epochs).sqrt() + (2.0 * epochs * arms.ln() / arms).sqrt()
}

/// T√(2K·ln K/N) + N: the same for bandit feedback, where every epoch may change the arm.
pub fn bandit_cost(arms: f64, rounds: f64, epochs: f64) -> f64 {
    rounds * (2.0 * arms * arms.ln() / epochs).sqrt() + epochs
}

/// The bound for a way of observing.
fn cost(observation: Observation, arms: f64, rounds: f64, epochs: f64) -> f64 {
    match observation {
        Full => full_cost(arms, rounds, epochs),
        Flexible => flexible_cost(arms, rounds, epochs),
        Bandit => bandit_cost(arms, rounds, epochs),
    }
}

/// A way of observing that redraws its arm in every epoch.
fn redrawing(observation: Observation, arms: usize, epochs: u64) -> ratebook::Result<Batched> {
    Batched::with(observation, Redraw::Always, arms, observation.rate(arms, epochs))
}

/// A policy that learns nothing.
fn without_learning(observation: Observation, arms: usize, _: u64) -> ratebook::Result<Batched> {
    Batched::with(observation, Redraw::Always, arms, 0.0)
}

/// The dartboard for every way of observing, bandit feedback too.
fn always_shrinking(observation: Observation, arms: usize, epochs: u64) -> ratebook::Result<Batched> {
    Batched::with(observation, Redraw::Shrinking, arms, observation.rate(arms, epochs))
}

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new(
        "bandits/switching_costs",
        "Understanding the Role of Feedback in Online Learning with Switching Costs",
    )
    .arxiv("2306.09588")
    .seed_line(63)
    .claim(rate_in_budget(Batched::new).control("redraws in every epoch", rate_in_budget(redrawing)))
    .claim(flat_below(Observation::with_extra).control(
        "trusts the extra observations alone",
        flat_below(|arms, rounds, extra| Ok((Flexible, Flexible.epochs(arms, rounds, extra)?))),
    ))
    .claim(falls_above(Observation::with_extra).control(
        "stays with bandit feedback",
        falls_above(|arms, rounds, _| Ok((Bandit, Bandit.epochs(arms, rounds, rounds)?))),
    ))
    .claim(
        bandit_in_rounds(Observation::epochs)
            .control("one epoch a round", bandit_in_rounds(|_, _, rounds, _| Ok(rounds))),
    )
    .claim(full_in_rounds(Batched::new).control("redraws in every epoch", full_in_rounds(redrawing)))
    .claim(
        cost_at_most(Full, Batched::new)
            .control("redraws in every epoch", cost_at_most(Full, redrawing))
            .control("does not learn", cost_at_most(Full, without_learning)),
    )
    .claim(
        cost_at_most(Flexible, Batched::new)
            .control("redraws in every epoch", cost_at_most(Flexible, redrawing))
            .control("does not learn", cost_at_most(Flexible, without_learning)),
    )
    .claim(
        cost_at_most(Bandit, Batched::new).control("does not learn", cost_at_most(Bandit, without_learning)),
    )
    .claim(
        keeps_the_law(&[Full, Flexible, Bandit], Batched::new)
            .control("the dartboard with bandit feedback", keeps_the_law(&[Bandit], always_shrinking)),
    )
    .claim(worst_losses(Batched::new).control("takes the arms in turn", worst_losses(alternating)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        // ln K = 2: 100·√(4/16) + √(4·16).
        let arms = 2f64.exp();
        assert_relative_eq!(full_cost(arms, 100.0, 16.0), 58.0, max_relative = 1e-12);
        // K = 2: 4·ln 2/N is a square for N = ln 2·4/0.01.
        let (ln2, epochs) = (std::f64::consts::LN_2, 400.0 * std::f64::consts::LN_2);
        assert_relative_eq!(flexible_cost(2.0, 1000.0, epochs), 100.0 + 20.0 * ln2, max_relative = 1e-12);
        assert_relative_eq!(bandit_cost(2.0, 1000.0, epochs), 100.0 + epochs, max_relative = 1e-12);
        assert_eq!(bandit_cost(1.0, 1000.0, 7.0), 7.0);
    }

    #[test]
    fn the_number_of_epochs_balances_the_bandit_bound() {
        for rounds in [1e4, 1e6, 1e9_f64] {
            let epochs = Bandit.epochs(5, rounds as u64, rounds as u64).unwrap() as f64;
            let best = bandit_cost(5.0, rounds, epochs);
            for factor in [0.9, 0.97, 1.03, 1.1] {
                assert!(bandit_cost(5.0, rounds, factor * epochs) > best);
            }
        }
    }

    quickcheck! {
        fn twice_the_rounds_cost_twice_the_regret(arms: u8, rounds: u16, epochs: u16) -> bool {
            let (k, n) = (f64::from(arms) + 2.0, f64::from(epochs) + 1.0);
            let t = n + f64::from(rounds);
            [Full, Flexible, Bandit].into_iter().all(|observation| {
                let changes = cost(observation, k, 0.0, n);
                let (once, twice) = (cost(observation, k, t, n), cost(observation, k, 2.0 * t, n));
                (twice - changes) / (once - changes) - 2.0 < 1e-9 && changes > 0.0
            })
        }

        fn seeing_more_costs_less(arms: u8, rounds: u16, epochs: u16) -> bool {
            let (k, n) = (f64::from(arms) + 2.0, f64::from(epochs) + 1.0);
            let t = n + f64::from(rounds);
            // Flexibly, K epochs for the price of one with full information cost no more.
            full_cost(k, t, n) < flexible_cost(k, t, n) + (2.0 * n * k.ln()).sqrt()
                && flexible_cost(k, t, n) <= bandit_cost(k, t, n) + (2.0 * n * k.ln() / k).sqrt()
                && (flexible_cost(k, t, k * n) / full_cost(k, t, n) - 1.0).abs() < 1e-9
        }
    }
}
