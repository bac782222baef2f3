//! The claims about bandits: Bernstein-UCB.

use rand::RngExt;
use ratebook::rl::cvar_ucb_vi::bandit::{self, BernoulliArms, BernsteinUcb, CvarBandit, PullBonus};
use ratebook_judge::{Claim, Source, Streams, geometric, powers_of_two};
use statrs::distribution::{Binomial, DiscreteCDF};

/// 4√(AK/τ)·L + 16·A·L²/τ with L = ln(AK/δ): the regret of Bernstein-UCB with A arms over K rounds, with
/// probability 1−δ (Theorem 4.1), for 0 < τ ≤ 1.
pub fn bandit_regret(arms: f64, rounds: f64, tau: f64, delta: f64) -> f64 {
    let log = (arms * rounds / delta).ln();
    4.0 * (arms * rounds / tau).sqrt() * log + 16.0 * arms * log * log / tau
}

/// √((A−1)K/τ)/(24e): the worst-case expected regret that no method can beat (Theorem 3.1), for τ < 1/2.
pub fn least_bandit_regret(arms: f64, rounds: f64, tau: f64) -> f64 {
    ((arms - 1.0) * rounds / tau).sqrt() / (24.0 * std::f64::consts::E)
}

/// √(1/τ): how the regret of a bandit grows as the tolerance shrinks.
pub fn tolerance_rate(inverse_tolerance: f64) -> f64 {
    inverse_tolerance.sqrt()
}

/// e^{−L}: how often an index may be below the true value after N pulls, for every N.
///
/// Derived: at the arm's quantile b* the empirical conditional value at risk is at least b* less τ⁻¹ times the
/// mean of N independent shortfalls in [0, 1] of variance at most P(X < b*) ≤ τ; one-sided Bernstein.
pub fn index_too_low(log_term: f64) -> f64 {
    (-log_term).exp()
}

/// A broken bonus: the lower confidence limit instead of the upper one, which sticks to an early winner.
#[derive(Debug, Clone, Copy)]
pub struct Pessimistic;

impl PullBonus for Pessimistic {
    fn bonus(&self, tau: f64, log_term: f64, pulls: f64) -> f64 {
        -bandit::Bernstein::PAPER.bonus(tau, log_term, pulls)
    }
}

/// The control of lower bounds: it knows the best arm.
#[derive(Debug, Clone, Copy)]
pub struct Clairvoyant(pub usize);

impl CvarBandit for Clairvoyant {
    fn choose(&mut self) -> usize {
        self.0
    }
    fn observe(&mut self, _: usize, _: f64) {}
}

/// The arms of the sampled claims.
pub const ARMS: usize = 4;

/// The regret of one run on the Bernoulli family, the best arm drawn.
fn bandit_run(
    bonus: impl PullBonus,
    arms: usize,
    tau: f64,
    gap: f64,
    rounds: f64,
    delta: f64,
    streams: &mut Streams,
) -> ratebook::Result<f64> {
    let best = streams.instance.random_range(0..arms);
    let family = BernoulliArms::family(arms, best, tau, gap)?;
    let log_term = (arms as f64 * rounds / delta).ln();
    let mut learner = BernsteinUcb::new(arms, tau, log_term, 1, bonus)?;
    Ok(family.regret(&mut learner, tau, rounds as u64, &mut streams.noise))
}

/// As the tolerance shrinks, the regret at the minimax gap grows like τ^{−1/2}: Bernstein's bonus knows that
/// outcomes in the tail are rare. Hoeffding's does not, and has τ⁻¹.
///
/// The gap 8√(A/(τK)) keeps the regret a fixed share of what never settling costs, so that the slope says how
/// much must be explored. The slack of 0.15 is for the theorem's second term, of order A·L²/τ, which still shows.
pub fn rate_in_tolerance(bonus: impl PullBonus + Copy + Send + Sync + 'static) -> Claim {
    const ROUNDS: f64 = 200_000.0;
    Claim::rate_exactly("rate in tolerance", tolerance_rate)
        .states(
            "The regret of the bandit grows like $\\sqrt{\\tau^{-1} A K}$ as the tolerance $\\tau$ shrinks.",
        )
        .assuming("4 arms, rewards 0 and 1, P(0) = τ/2 and τ/2 − τΔ with Δ = 8√(A/(τK)), K = 2·10⁵")
        .source(Source::Abstract)
        .sweep("1/tau", powers_of_two(1..=5))
        .full_sweep(geometric(2.0, 32.0, 9))
        .replicates(32, 200)
        .detects(0.15)
        .measure(move |inverse, streams| {
            let gap = 8.0 * (ARMS as f64 * inverse / ROUNDS).sqrt();
            bandit_run(bonus, ARMS, 1.0 / inverse, gap, ROUNDS, 1.0, streams)
        })
}

/// With probability 1−δ the regret of Bernstein-UCB is at most the theorem's bound, constants included.
pub fn bandit_regret_at_most(bonus: impl PullBonus + Copy + Send + Sync + 'static) -> Claim {
    const TWO: usize = 2;
    const TAU: f64 = 0.5;
    const DELTA: f64 = 0.1;
    Claim::fails_at_most("bandit regret at most", |_| DELTA)
        .states(
            "With probability $1 - \\delta$ the regret of Bernstein-UCB is at most $4 \\sqrt{\\tau^{-1} A K} L + \
             16 \\tau^{-1} A L^2$, $L = \\ln(AK/\\delta)$.",
        )
        .assuming("2 arms, rewards 0 and 1, τ = 1/2, δ = 0.1; P(0) = τ/2 and τ/2 − τΔ, the worst Δ of 1/2 and 1/16")
        .source(Source::Theorem("4.1"))
        .from_memory()
        .sweep("K", [200_000.0])
        .full_sweep([200_000.0, 400_000.0, 800_000.0])
        .replicates(140, 400)
        .measure(move |rounds, streams| -> ratebook::Result<Vec<f64>> {
            let bound = bandit_regret(TWO as f64, rounds, TAU, DELTA);
            let mut ratio = |gap| Ok(bandit_run(bonus, TWO, TAU, gap, rounds, DELTA, streams)? / bound);
            [0.5, 0.0625].into_iter().map(&mut ratio).collect()
        })
}

/// At the gap √(A/(τK))/2, which no method can see, the expected regret is at least √((A−1)K/τ)/(24e).
///
/// `make` builds the method from τ, L and, for the control's sake, the best arm.
pub fn no_method_does_better<L: CvarBandit>(
    make: impl Fn(f64, f64, usize) -> ratebook::Result<L> + Send + Sync + 'static,
) -> Claim {
    const ROUNDS: f64 = 4000.0;
    let bound = |inverse| least_bandit_regret(ARMS as f64, ROUNDS, 1.0 / inverse);
    Claim::at_least("no method does better", bound)
        .states("The worst expected regret of every method is at least $\\frac{1}{24 e} \\sqrt{\\tau^{-1} (A-1) K}$.")
        .assuming("4 arms, rewards 0 and 1, P(0) = τ/2 and τ/2 − τΔ with Δ = √(A/(τK))/2, the best arm drawn, K = 4000")
        .source(Source::Theorem("3.1"))
        .from_memory()
        .sweep("1/tau", powers_of_two(2..=6))
        .replicates(400, 4000)
        .detects(0.9)
        .measure(move |inverse, streams| -> ratebook::Result<f64> {
            let tau = 1.0 / inverse;
            let gap = 0.5 * (ARMS as f64 / (tau * ROUNDS)).sqrt();
            let best = streams.instance.random_range(0..ARMS);
            let arms = BernoulliArms::family(ARMS, best, tau, gap)?;
            let mut learner = make(tau, (ARMS as f64 * ROUNDS).ln(), best)?;
            Ok(arms.regret(&mut learner, tau, ROUNDS as u64, &mut streams.noise))
        })
}

/// The probability, summed exactly over all reward sequences of `pulls` pulls, that the index of an arm with
/// P(0) = `share`·`tau`, else reward 1, is below its conditional value at risk 1 − `share`.
fn index_below(bonus: &impl PullBonus, tau: f64, log_term: f64, share: f64, pulls: u64) -> f64 {
    let truth = 1.0 - share;
    let below = |zeros: u64| bandit::index(bonus, tau, log_term, &[zeros, pulls - zeros]) < truth;
    if !below(pulls) {
        return 0.0;
    }
    // The index falls with the zeros: bisect for the fewest that bring it below.
    let (mut above, mut least) = (0, pulls);
    while least - above > 1 {
        let middle = above.midpoint(least);
        if below(middle) { least = middle } else { above = middle }
    }
    Binomial::new(share * tau, pulls).map_or(f64::NAN, |zeros| zeros.sf(least - 1))
}

/// After any number of pulls, the index is below the true conditional value at risk with probability at most
/// e^{−L}.
pub fn index_covers(bonus: impl PullBonus + Send + Sync + 'static) -> Claim {
    Claim::at_most("index covers", index_too_low)
        .states("After any number of pulls an index is below the arm's $\\mathrm{CVaR}_\\tau$ with probability at most $e^{-L}$.")
        .assuming(
            "all reward sequences of N pulls, N = 1, …, 60 and 100, 200, …, 2·10⁴, of arms with rewards 0 and 1, \
             P(0) = τ/10, τ/2, 9τ/10, for τ = 0.02, 0.05, 0.1",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("L", [2.5, 4.0, 6.0, 8.0])
        .trivial(|_| 1.0)
        .measure(move |log_term, _| {
            let pulls: Vec<u64> = (1..=60).chain((100..=20_000).step_by(100)).collect();
            let mut worst = 0.0_f64;
            for tau in [0.02, 0.05, 0.1] {
                for share in [0.1, 0.5, 0.9] {
                    for &pulls in &pulls {
                        // Not `max`, which would drop a NaN.
                        let p = index_below(&bonus, tau, log_term, share, pulls);
                        worst = if p <= worst { worst } else { p };
                    }
                }
            }
            worst
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        let e = std::f64::consts::E;
        // A = 4, K = e⁴/4, τ = 1/4, δ = 1/e: L = 5.
        let rounds = e.powi(4) / 4.0;
        let expected = 20.0 * 2.0 * e * e + 16.0 * 4.0 * 25.0 * 4.0;
        assert_relative_eq!(bandit_regret(4.0, rounds, 0.25, 1.0 / e), expected, max_relative = 1e-12);
        assert_relative_eq!(least_bandit_regret(5.0, 100.0, 0.25), 40.0 / (24.0 * e), max_relative = 1e-12);
        assert_relative_eq!(tolerance_rate(16.0), 4.0, max_relative = 1e-12);
        assert_relative_eq!(index_too_low(2.0), 1.0 / (e * e), max_relative = 1e-12);
    }

    #[test]
    fn the_binomial_tail_is_the_sum_over_counts() {
        use statrs::distribution::Discrete;
        for (tau, log_term, share, pulls) in
            [(0.05, 2.5, 0.5, 300), (0.1, 4.0, 0.9, 1000), (0.1, 1.0, 0.5, 40)]
        {
            let bonus = bandit::Bernstein::ONE_SIDED;
            let zeros = Binomial::new(share * tau, pulls).unwrap();
            let low = |z: u64| bandit::index(&bonus, tau, log_term, &[z, pulls - z]) < 1.0 - share;
            let summed: f64 = (0..=pulls).filter(|&z| low(z)).map(|z| zeros.pmf(z)).sum();
            let found = index_below(&bonus, tau, log_term, share, pulls);
            assert_relative_eq!(found, summed, max_relative = 1e-9);
        }
    }

    quickcheck! {
        fn regret_bounds_scale(arms: u8, rounds: u16, tau: u8) -> bool {
            let (arms, rounds) = (f64::from(arms) + 2.0, f64::from(rounds) + 1.0);
            let tau = (f64::from(tau) + 1.0) / 512.0;
            let upper = bandit_regret(arms, rounds, tau, 0.1);
            let lower = least_bandit_regret(arms, rounds, tau);
            lower < upper
                && bandit_regret(arms, rounds, tau / 2.0, 0.1) > upper
                && bandit_regret(arms, rounds, tau, 0.01) > upper
                && (least_bandit_regret(arms, 4.0 * rounds, tau) / lower - 2.0).abs() < 1e-12
        }

        fn probabilities_fall_with_the_log(log_term: u8) -> bool {
            let l = f64::from(log_term) / 10.0;
            (0.0..=1.0).contains(&index_too_low(l)) && index_too_low(l + 1.0) < index_too_low(l)
        }
    }
}
