//! What *Sharp Noisy Binary Search with Monotonic Probabilities* promises.

use rand::RngExt;
use ratebook::bandits::noisy_binary_search::{
    BayesLearn, Bisection, Budgeted, Channel, Instance, Profile, ScreeningSearch, Sequential,
};
use ratebook_judge::{Claim, Paper, Source, Tolerance};

/// H(p) = −p log₂ p − (1−p) log₂(1−p) for 0 < p < 1.
fn entropy(p: f64) -> f64 {
    -p * p.log2() - (1.0 - p) * (1.0 - p).log2()
}

/// C_{τ,ε} as printed: log₂(1+z) + ((τ−ε)H(τ+ε) − (τ+ε)H(τ−ε))/(2ε), with z = 2^((H(τ−ε)−H(τ+ε))/(2ε)).
///
/// The bits that one flip of a coin with heads probability τ−ε or τ+ε can carry, for 0 < τ−ε, τ+ε < 1.
/// (The library computes it another way, which keeps its digits for small ε.)
pub fn capacity(tau: f64, epsilon: f64) -> f64 {
    let (low, high) = (tau - epsilon, tau + epsilon);
    let z = ((entropy(low) - entropy(high)) / (2.0 * epsilon)).exp2();
    (1.0 + z).log2() + (low * entropy(high) - high * entropy(low)) / (2.0 * epsilon)
}

/// log₂ m / C: the flips that multiply the number of coins by m costs, in the fixed-noise model. No method
/// has a smaller leading constant (Fano).
pub fn flips_per_factor(log2_factor: f64, capacity: f64) -> f64 {
    log2_factor / capacity
}

/// (log₂ n + 3·log₂^{2/3} n·ln^{1/3}(1/δ) + 20 ln(1/δ))/C: flips after which the answer is right with
/// probability 1−δ on every monotone row. The order is the abstract's, the constants 3 and 20 are ours.
pub fn sufficient_flips(log2_count: f64, delta: f64, capacity: f64) -> f64 {
    let log = (1.0 / delta).ln();
    (log2_count + 3.0 * log2_count.powf(2.0 / 3.0) * log.cbrt() + 20.0 * log) / capacity
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let quarter = |channel| BayesLearn::with_quantile(channel, 0.25);
    let screening = |channel| Ok(ScreeningSearch::new(channel));
    Paper::new("bandits/noisy_binary_search", "Sharp Noisy Binary Search with Monotonic Probabilities")
        .arxiv("2311.00840")
        .seed_line(341)
        .claim(
            flips_per_bit(|channel| Ok(BayesLearn::new(channel)))
                .control("splits the posterior at a quarter", flips_per_bit(quarter))
                .control(
                    "bisects by repeated majority",
                    flips_per_bit(|channel| Bisection::new(channel, 0.5)),
                ),
        )
        .claim(
            right_within_budget(screening)
                .control("bisects by repeated majority", right_within_budget(|c| Bisection::new(c, 0.5))),
        )
        .claim(
            split_attains_capacity(|channel| channel.quantile())
                .control("splits at the median", split_attains_capacity(|_| 0.5)),
        )
        .claim(gains_capacity_on_either_side(BayesLearn::new).control(
            "splits at the median",
            gains_capacity_on_either_side(|channel| {
                BayesLearn::with_quantile(channel, 0.5).unwrap_or(BayesLearn::new(channel))
            }),
        ))
}

/// In the fixed-noise model, multiplying the number of coins by m costs log₂ m / C more flips until one
/// interval has more than half of the posterior.
///
/// Measured as the flips on n coins less those on 2⁸, which frees the leading constant from what does not
/// grow with n.
pub fn flips_per_bit<S: Sequential>(
    make: impl Fn(Channel) -> ratebook::Result<S> + Send + Sync + 'static,
) -> Claim {
    const TAU: f64 = 0.5;
    const EPSILON: f64 = 0.3;
    const BASE: f64 = 8.0;
    let prediction = |log2_count: f64| flips_per_factor(log2_count - BASE, capacity(TAU, EPSILON));
    Claim::equals("flips per bit", prediction, Tolerance::Relative(0.06))
        .states("In the fixed-noise model the flips until one interval is trusted grow like $\\log_2 n / C_{\\tau,\\varepsilon}$.")
        .assuming("τ = 1/2, ε = 0.3, the crossing uniform; flips on n coins less flips on 2⁸ coins")
        .source(Source::Abstract)
        .sweep("log2 n", [24.0, 36.0, 48.0])
        .full_sweep([24.0, 32.0, 40.0, 48.0, 56.0])
        .replicates(4000, 20_000)
        .detects(0.12)
        .measure(move |log2_count, streams| -> ratebook::Result<f64> {
            let channel = Channel::new(TAU, EPSILON)?;
            let search = make(channel)?;
            let mut flips = |log2_count: f64| -> ratebook::Result<f64> {
                let count = log2_count.exp2() as u64;
                let after = streams.instance.random_range(1..count);
                let row = Instance::new(count, channel, Profile::Jump { after })?;
                Ok(search.locate(&mut row.table(&mut streams.noise), 1_000_000)?.flips as f64)
            };
            Ok(flips(log2_count)? - flips(BASE)?)
        })
}

/// With the sufficient number of flips the answer is wrong with probability at most δ, on each of four
/// monotone rows: the fixed-noise jump, a plateau of coins at the target that cannot be told apart, a cliff
/// from never to always, and a ramp.
pub fn right_within_budget<S: Budgeted>(
    make: impl Fn(Channel) -> ratebook::Result<S> + Send + Sync + 'static,
) -> Claim {
    const TAU: f64 = 0.5;
    const EPSILON: f64 = 0.3;
    const DELTA: f64 = 0.1;
    Claim::fails_at_most("right within budget", |_| DELTA)
        .states(
            "After $\\frac{1}{C_{\\tau,\\varepsilon}} (\\log_2 n + 3 \\log_2^{2/3} n \\ln^{1/3} \\frac1\\delta + \
             20 \\ln \\frac1\\delta)$ flips the answer is right with probability $1 - \\delta$.",
        )
        .assuming(
            "τ = 1/2, ε = 0.3, δ = 0.1; fixed-noise jump, plateau of up to 1000 coins at τ, cliff, ramp i/n; the \
             order is the paper's, the constants 3 and 20 are ours",
        )
        .source(Source::Abstract)
        .sweep("log2 n", [20.0, 30.0, 40.0])
        .full_sweep([10.0, 20.0, 30.0, 40.0, 50.0])
        .replicates(700, 4000)
        .event(move |log2_count, streams| -> ratebook::Result<Vec<f64>> {
            let channel = Channel::new(TAU, EPSILON)?;
            let search = make(channel)?;
            let count = log2_count.exp2() as u64;
            let budget = sufficient_flips(log2_count, DELTA, capacity(TAU, EPSILON)) as u64;
            let after = streams.instance.random_range(1..count);
            let width = 1000.min(count / 8);
            let rows = [
                Profile::Jump { after },
                Profile::Plateau { after, width },
                Profile::Cliff { after },
                Profile::Ramp,
            ];
            let mut wrong = |profile| -> ratebook::Result<f64> {
                let row = Instance::new(count, channel, profile)?;
                let answer = search.search(&mut row.table(&mut streams.noise), budget)?;
                Ok(f64::from(!row.accepts(answer)))
            };
            rows.into_iter().map(&mut wrong).collect()
        })
}

/// The half-widths ε that the computed claims try at a target: shares of the largest possible one.
fn half_widths(tau: f64) -> impl Iterator<Item = f64> {
    [0.01, 0.1, 0.3, 0.5, 0.8, 0.95, 0.999].into_iter().map(move |share| share * tau.min(1.0 - tau))
}

const TARGETS: [f64; 9] = [0.02, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.98];

/// A flip that finds the share q of the posterior below itself carries C bits; no other share carries more,
/// and at τ = 1/2 this is the capacity 1 − H(1/2−ε) of the binary symmetric channel.
pub fn split_attains_capacity(split: impl Fn(Channel) -> f64 + Send + Sync + 'static) -> Claim {
    Claim::always("split attains capacity")
        .states("$C_{\\tau,\\varepsilon} = \\max_q I(q)$, and the split at $q$ attains it.")
        .assuming(
            "ε from 1 % to 99.9 % of the largest possible half-width; the maximum over 1,001 values of q",
        )
        .source(Source::Derived)
        .computed()
        .sweep("tau", TARGETS)
        .check(move |tau, _, cases| -> ratebook::Result<()> {
            for epsilon in half_widths(tau) {
                let channel = Channel::new(tau, epsilon)?;
                let printed = capacity(tau, epsilon);
                let rounding = 1e-9 * printed + 1e-13;
                let told = || format!("tau {tau}, epsilon {epsilon}");
                cases.close(channel.capacity(), printed, rounding.max(1e-6 * printed), told);
                cases.close(channel.information(split(channel)), printed, rounding, told);
                for step in 0..=1000 {
                    let other = f64::from(step) / 1000.0;
                    cases.at_most(channel.information(other), printed + rounding, told);
                }
                if tau == 0.5 {
                    cases.close(1.0 - entropy(0.5 - epsilon), printed, rounding, told);
                }
            }
            Ok(())
        })
}

/// Every flip multiplies the mass of the true side by C bits in expectation, whichever side that is, and
/// leaves the total mass at one, after every sequence of outcomes.
///
/// Derived: the gain on one side is the divergence of its coin from the mixture, and at the
/// capacity-achieving split both divergences equal the capacity.
pub fn gains_capacity_on_either_side(rule: impl Fn(Channel) -> BayesLearn + Send + Sync + 'static) -> Claim {
    const FLIPS: u32 = 8;
    Claim::always("gains capacity on either side")
        .states("A flip gains $C_{\\tau,\\varepsilon}$ bits for the true interval in expectation, on whichever side it is.")
        .assuming("ε from 1 % to 99.9 % of the largest; both outcomes of a flip, all sequences of 8 flips of 2 to 9 coins")
        .source(Source::Derived)
        .exhaustive()
        .sweep("tau", TARGETS)
        .check(move |tau, _, cases| -> ratebook::Result<()> {
            for epsilon in half_widths(tau) {
                let channel = Channel::new(tau, epsilon)?;
                let rule = rule(channel);
                let told = || format!("tau {tau}, epsilon {epsilon}");
                let ((below_heads, above_heads), (below_tails, above_tails)) =
                    (rule.factors(true), rule.factors(false));
                let gain = |p: f64, heads: f64, tails: f64| p * heads.log2() + (1.0 - p) * tails.log2();
                let printed = capacity(tau, epsilon);
                let rounding = 1e-9 * printed + 1e-13;
                // The crossing is below the coin, so the coin is high; or above, and the coin is low.
                cases.close(gain(channel.high(), below_heads, below_tails), printed, rounding, told);
                cases.close(gain(channel.low(), above_heads, above_tails), printed, rounding, told);
                for count in 2..=9 {
                    for outcomes in 0..1_u32 << FLIPS {
                        let mut learner = rule.start(count)?;
                        for flip in 0..FLIPS {
                            let total = learner.step(|_| outcomes >> flip & 1 == 1).total;
                            cases.close(total, 1.0, 1e-9, told);
                        }
                    }
                }
            }
            Ok(())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        // The binary symmetric channel with error 0.2: 1 − H(0.2).
        assert_relative_eq!(capacity(0.5, 0.3), 0.278_071_905_112_637_7, max_relative = 1e-12);
        // τ = ε = 1/4 is the Z-channel with crossover 1/2, of capacity log₂(5/4); approached from inside.
        assert_relative_eq!(capacity(0.25, 0.25 - 1e-13), 1.25f64.log2(), max_relative = 1e-9);
        // By the standard library of another language, from the printed formula.
        assert_relative_eq!(capacity(0.2, 0.15), 0.113_064_995_932_287_1, max_relative = 1e-12);
        assert_relative_eq!(flips_per_factor(30.0, 0.25), 120.0, max_relative = 1e-12);
        // log₂ n = 8, δ = 1/e: 8 + 3·4 + 20.
        assert_relative_eq!(sufficient_flips(8.0, (-1.0f64).exp(), 0.5), 80.0, max_relative = 1e-12);
    }

    quickcheck! {
        fn the_capacity_is_symmetric_and_grows_with_the_band(tau: u8, share: u8) -> bool {
            let tau = (f64::from(tau) + 1.0) / 257.0;
            let epsilon = (f64::from(share) + 1.0) / 258.0 * tau.min(1.0 - tau);
            let c = capacity(tau, epsilon);
            (c - capacity(1.0 - tau, epsilon)).abs() < 1e-9
                && c > 0.0
                && c <= 1.0
                && capacity(tau, 0.9 * epsilon) <= c + 1e-9
        }

        fn more_coins_or_certainty_cost_more(log2_count: u8, delta: u8) -> bool {
            let (log2_count, delta) = (f64::from(log2_count) + 1.0, (f64::from(delta) + 1.0) / 257.0);
            let flips = sufficient_flips(log2_count, delta, 0.3);
            sufficient_flips(log2_count + 1.0, delta, 0.3) > flips
                && sufficient_flips(log2_count, delta / 2.0, 0.3) > flips
                && flips > flips_per_factor(log2_count, 0.3)
                && (sufficient_flips(log2_count, delta, 0.15) / flips - 2.0).abs() < 1e-12
        }
    }
}
