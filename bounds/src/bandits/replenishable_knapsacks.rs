//! What *Bandits with Replenishable Knapsacks: the Best of both Worlds* promises.

use rand::Rng;
use ratebook::bandits::replenishable_knapsacks::{
    Exp3P, Hedge, Knapsacks, Market, Offer, Outcome, Phasing, Primal, PrimalDual,
};
use ratebook::bandits::{Policy, Revealed, play};
use ratebook::math::sequences::sequences;
use ratebook::{Result, error};
use ratebook_judge::{Claim, Paper, Source, powers_of_two};

/// E = (1 + 2m/ν)·√(T ln K/2) + (m + 2)·√T/ν + 1/ν: what the primal-dual template with Hedge and prices up to 1/ν
/// loses on T·OPT, or on the share ν/(1+β) of the best fixed arm, for m resources and K arms with the void one.
///
/// Derived: over the active rounds A the primal learner's regret (range 1 + 2m/ν) against a mixture that never
/// costs more than ρ gives Σ_A f(x_t) ≥ Σ_A f(ξ) + Σ_A ⟨λ_t, ρ − c(ξ)⟩ − Σ_A ⟨λ_t, ρ − c_t(x_t)⟩ − (first term),
/// whose second sum is not negative. Gradient descent bounds the third by Σ_A ⟨λ, ρ − c_t(x_t)⟩ for any prices λ
/// that change once. Take 1/ν for the resource that was below 1 in the last waiting round, up to that round,
/// and 0 else: with V waiting rounds this is at most 1/ν − V. A coordinate whose comparator stays at λ_1 = 0 costs
/// √T/ν; the one that goes to 1/ν and back costs 3√T/ν.
pub fn loss(resources: f64, nu: f64, arms: f64, rounds: f64) -> f64 {
    (1.0 + 2.0 * resources / nu) * (rounds * arms.ln() / 2.0).sqrt()
        + (resources + 2.0) * rounds.sqrt() / nu
        + 1.0 / nu
}

/// ν/(1 + β) = (ρ + β)/(1 + β): the share of the best fixed arm's reward that is kept against any adversary, up to
/// [`loss`]. Playing the arm with this probability, else waiting, costs at most ρ whatever the arm costs.
pub fn competitive_ratio(rho: f64, beta: f64) -> f64 {
    (rho + beta) / (1.0 + beta)
}

/// √T: the regret in the stochastic setting up to constants and logarithms.
pub fn regret_rate(rounds: f64) -> f64 {
    rounds.sqrt()
}

/// What a policy is told of a problem.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// K, the void arm included.
    pub arms: usize,
    /// ρ, each budget's share of the horizon.
    pub rho: f64,
    /// β, what waiting refills.
    pub beta: f64,
    /// T.
    pub horizon: f64,
}

impl Setting {
    fn nu(&self) -> f64 {
        self.rho + self.beta
    }
}

/// A policy for knapsacks.
pub trait Shopper: Policy<Context = [f64], Feedback = [Outcome]> {}

impl<P: Policy<Context = [f64], Feedback = [Outcome]>> Shopper for P {}

/// The template with Hedge and prices up to `share`/ν.
fn hedge(share: f64) -> impl Fn(Setting) -> Result<PrimalDual<Hedge>> + Send + Sync + Copy + 'static {
    move |at| {
        let primal = Hedge::new(at.arms, at.horizon as u64)?;
        PrimalDual::with_radius(primal, 1, at.rho, share / at.nu(), at.horizon as u64)
    }
}

/// The template with Exp3.P and prices up to `share`/ν.
fn exp3p(share: f64) -> impl Fn(Setting) -> Result<PrimalDual<Exp3P>> + Send + Sync + Copy + 'static {
    move |at| {
        let primal = Exp3P::new(at.arms, at.horizon as u64)?;
        PrimalDual::with_radius(primal, 1, at.rho, share / at.nu(), at.horizon as u64)
    }
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let (template, bandit) = (hedge(1.0), exp3p(1.0));
    Paper::new(
        "bandits/replenishable_knapsacks",
        "Bandits with Replenishable Knapsacks: the Best of both Worlds",
    )
    .arxiv("2306.08470")
    .seed_line(391)
    .claim(
        competitive_against_adversaries(template)
            .control("has no prices", competitive_against_adversaries(hedge(0.0))),
    )
    .claim(
        regret_at_most(template)
            .control("has no prices", regret_at_most(hedge(0.0)))
            .control("has prices up to a tenth", regret_at_most(hedge(0.1))),
    )
    .claim(
        regret_grows_like_the_root(template)
            .control("has no prices", regret_grows_like_the_root(hedge(0.0)))
            .control("has prices up to a tenth", regret_grows_like_the_root(hedge(0.1))),
    )
    .claim(
        bandit_regret_is_sublinear(bandit).control("has no prices", bandit_regret_is_sublinear(exp3p(0.0))),
    )
    .claim(
        budgets_stay_non_negative(|primal, at| {
            PrimalDual::new(primal, 1, at.rho, at.beta, at.horizon as u64)
        })
        .control(
            "waits only below zero",
            budgets_stay_non_negative(|primal, at| {
                let inner = PrimalDual::new(primal, 1, at.rho, at.beta, at.horizon as u64)?;
                Ok(Reckless { inner, lifted: Vec::new() })
            }),
        ),
    )
}

fn offer(reward: f64, cost: f64) -> Offer {
    Offer { reward, costs: vec![cost] }
}

/// Waiting, a dear arm that earns most, a cheap good one that just fits the budget, and a third.
const STOCHASTIC: Setting = Setting { arms: 4, rho: 0.2, beta: 0.1, horizon: 0.0 };
/// OPT with the offers below: the cheap good arm alone.
const OPTIMUM: f64 = 0.6;

/// T·OPT less the expected reward, with this third arm.
fn stochastic_regret<P: Shopper>(
    make: &impl Fn(Setting) -> Result<P>,
    third: Offer,
    horizon: f64,
    full: bool,
    noise: &mut dyn Rng,
    coins: &mut dyn Rng,
) -> Result<f64> {
    let at = Setting { horizon, ..STOCHASTIC };
    let offers = vec![offer(1.0, 1.0), offer(OPTIMUM, at.rho), third];
    let mut game = Knapsacks::stochastic(offers, at.rho, at.beta, horizon as u64, full)?;
    play(&mut make(at)?, &mut game, horizon as u64, noise, coins)
}

/// In the stochastic setting the regret is at most E.
pub fn regret_at_most<P: Shopper>(make: impl Fn(Setting) -> Result<P> + Send + Sync + 'static) -> Claim {
    Claim::at_most("regret at most", |rounds| loss(1.0, STOCHASTIC.nu(), STOCHASTIC.arms as f64, rounds))
        .states(
            "In the stochastic setting $T \\cdot \\mathrm{OPT}$ less the expected reward is at most \
             $(1 + 2m/\\nu)\\sqrt{T \\ln K / 2} + (m + 2)\\sqrt T / \\nu + 1/\\nu$.",
        )
        .assuming(
            "full feedback; one resource, ρ = 0.2, β = 0.1; arms with mean rewards 1, 0.6, 0.2 and mean costs 1, \
             0.2, 0.5, beside waiting",
        )
        .source(Source::Derived)
        .sweep("T", powers_of_two(10..=15))
        .full_sweep(powers_of_two(10..=17))
        .replicates(30, 400)
        .trivial(|rounds| OPTIMUM * rounds)
        .measure(move |rounds, streams| {
            let (noise, coins) = (&mut streams.noise, &mut streams.algorithm);
            stochastic_regret(&make, offer(0.2, 0.5), rounds, true, noise, coins)
        })
}

/// The gaps 2^(−k) of the third arm below the second, at the same cost.
const GAPS: [i32; 3] = [1, 3, 5];

fn worst_regret<P: Shopper>(
    make: &impl Fn(Setting) -> Result<P>,
    rounds: f64,
    full: bool,
    noise: &mut dyn Rng,
    coins: &mut dyn Rng,
) -> Result<Vec<f64>> {
    let third = |k| offer(OPTIMUM - 0.5f64.powi(k), STOCHASTIC.rho);
    GAPS.into_iter().map(|k| stochastic_regret(make, third(k), rounds, full, noise, coins)).collect()
}

/// With full feedback the worst regret over a fixed grid of gaps grows at most like √T.
pub fn regret_grows_like_the_root<P: Shopper>(
    make: impl Fn(Setting) -> Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("regret grows like the root", regret_rate)
        .states("With full feedback the regret grows at most like $\\sqrt T$.")
        .assuming(
            "one resource, ρ = 0.2, β = 0.1; mean rewards 1, 0.6, 0.6 − Δ and mean costs 1, 0.2, 0.2, the worst Δ of \
             2⁻¹, 2⁻³, 2⁻⁵",
        )
        .source(Source::Abstract)
        .sweep("T", powers_of_two(10..=14))
        .full_sweep(powers_of_two(10..=17))
        .replicates(60, 300)
        .measure(move |rounds, streams| {
            worst_regret(&make, rounds, true, &mut streams.noise, &mut streams.algorithm)
        })
}

/// With Exp3.P and the outcome of the arm played alone, the exponent stays below 0.85. At these horizons the √T
/// of the abstract is far away: exploration and the bonus are paid with the range 1 + 2/ν.
pub fn bandit_regret_is_sublinear<P: Shopper>(
    make: impl Fn(Setting) -> Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("bandit regret is sublinear", regret_rate)
        .states("With bandit feedback the regret grows at most like $T^{0.85}$ at these horizons.")
        .assuming(
            "one resource, ρ = 0.2, β = 0.1; mean rewards 1, 0.6, 0.6 − Δ and mean costs 1, 0.2, 0.2, the worst Δ of \
             2⁻¹, 2⁻³, 2⁻⁵",
        )
        .source(Source::Abstract)
        .sweep("T", powers_of_two(11..=15))
        .full_sweep(powers_of_two(11..=17))
        .replicates(30, 300)
        .detects(0.35)
        .measure(move |rounds, streams| {
            worst_regret(&make, rounds, false, &mut streams.noise, &mut streams.algorithm)
        })
}

/// ρ and β against adversaries.
const ADVERSARIAL: Setting = Setting { arms: 2, rho: 0.5, beta: 0.0, horizon: 0.0 };
/// The mean reward of the one arm, with every adversary.
const MEAN: f64 = 0.525;

/// Rewards that come last, costs that rise in the second half, rewards and costs that alternate.
fn adversaries(rounds: f64) -> Result<[Market; 3]> {
    let half = Phasing::Every(rounds as u64 / 2);
    let phases = |first, second| vec![vec![first], vec![second]];
    Ok([
        Market::new(phases(offer(0.05, 1.0), offer(1.0, 1.0)), half)?,
        Market::new(phases(offer(MEAN, 0.25), offer(MEAN, 1.0)), half)?,
        Market::new(phases(offer(0.05, 1.0), offer(1.0, 0.5)), Phasing::Cycle)?,
    ])
}

/// Against each of three adversaries the reward is at least the share ν/(1+β) of the best fixed arm's, less E.
/// (The abstract promises a constant share; its size and E are derived.)
pub fn competitive_against_adversaries<P: Shopper>(
    make: impl Fn(Setting) -> Result<P> + Send + Sync + 'static,
) -> Claim {
    let ratio = competitive_ratio(ADVERSARIAL.rho, ADVERSARIAL.beta);
    let kept = move |rounds: f64| {
        ratio - loss(1.0, ADVERSARIAL.nu(), ADVERSARIAL.arms as f64, rounds) / (MEAN * rounds)
    };
    Claim::at_least("competitive against adversaries", kept)
        .states(
            "Against an adversary the reward is at least $\\frac{\\nu}{1+\\beta} \\sum_t f_t(x) - E$ for every arm; \
             as a share of $\\sum_t f_t(x)$.",
        )
        .assuming(
            "full feedback; one arm beside waiting, ρ = 1/2, β = 0, mean reward 0.525: rewards that come in the \
             second half, costs that rise in the second half, rewards and costs that alternate",
        )
        .source(Source::Derived)
        .sweep("T", powers_of_two(12..=15))
        .replicates(30, 400)
        .trivial(|_| 0.0)
        .measure(move |rounds, streams| -> Result<Vec<f64>> {
            let at = Setting { horizon: rounds, ..ADVERSARIAL };
            let mut shares = Vec::with_capacity(3);
            for market in adversaries(rounds)? {
                let mut game = Knapsacks::adversarial(market, at.rho, at.beta, rounds as u64, true)?;
                let (noise, coins) = (&mut streams.noise, &mut streams.algorithm);
                let regret = play(&mut make(at)?, &mut game, rounds as u64, noise, coins)?;
                shares.push(ratio - regret / (MEAN * rounds));
            }
            Ok(shares)
        })
}

/// No budget is ever negative, whatever the costs and whatever the primal learner plays.
pub fn budgets_stay_non_negative<P: Shopper>(
    make: impl Fn(Scripted, Setting) -> Result<P> + Send + Sync + 'static,
) -> Claim {
    const ROUNDS: usize = 6;
    Claim::always("budgets stay non-negative")
        .states("No budget is ever negative.")
        .assuming("every sequence of six costs −1, 1/2, 1 and of six arms of K = 2, β = 0.1")
        .source(Source::Derived)
        .exhaustive()
        .sweep("rho", [0.15, 0.25, 0.5])
        .check(move |rho, streams, cases| -> Result<()> {
            let at = Setting { arms: 2, rho, beta: 0.1, horizon: ROUNDS as f64 };
            for costs in sequences(&[-1.0, 0.5, 1.0], ROUNDS) {
                let phases = costs.iter().map(|&cost| vec![offer(1.0, cost)]).collect();
                let market = Market::new(phases, Phasing::Every(1))?;
                let game = Knapsacks::adversarial(market, rho, at.beta, ROUNDS as u64, true)?;
                for arms in sequences(&[0, 1], ROUNDS) {
                    let mut game = game.clone();
                    let mut policy = make(Scripted { arms: arms.clone(), next: 0 }, at)?;
                    let mut least = f64::INFINITY;
                    for _ in 0..ROUNDS {
                        play(&mut policy, &mut game, 1, &mut streams.noise, &mut streams.algorithm)?;
                        least = least.min(game.budgets()[0]);
                    }
                    cases.holds(least >= -1e-12, || format!("costs {costs:?}, arms {arms:?} leave {least}"));
                }
            }
            Ok(())
        })
}

/// A primal learner that plays a script.
#[derive(Debug, Clone, PartialEq)]
pub struct Scripted {
    arms: Vec<usize>,
    next: usize,
}

impl Primal for Scripted {
    fn arms(&self) -> usize {
        2
    }

    fn draw(&mut self, _: &mut dyn Rng) -> usize {
        self.next += 1;
        self.arms[self.next - 1]
    }

    fn update(&mut self, _: usize, _: &[Revealed]) -> Result<()> {
        Ok(())
    }
}

/// A broken template: it waits only when a budget is negative already.
#[derive(Debug, Clone)]
struct Reckless<P> {
    inner: P,
    lifted: Vec<f64>,
}

impl<P: Shopper> Policy for Reckless<P> {
    type Context = [f64];
    type Feedback = [Outcome];

    fn choose(&mut self, budgets: &[f64], rng: &mut dyn Rng) -> Result<usize> {
        error::finite_slice("budgets", budgets)?;
        self.lifted.clear();
        self.lifted.extend(budgets.iter().map(|budget| budget + 1.0));
        self.inner.choose(&self.lifted, rng)
    }

    fn observe(&mut self, arm: usize, feedback: &[Outcome]) -> Result<()> {
        self.inner.observe(arm, feedback)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;
    use ratebook::bandits::replenishable_knapsacks::optimum;

    #[test]
    fn values_by_hand() {
        // ln K = 2, T = 100: (1 + 2·2/0.5)·10 + 4·10/0.5 + 2.
        assert_relative_eq!(loss(2.0, 0.5, 2f64.exp(), 100.0), 172.0, max_relative = 1e-12);
        // One arm: only the dual learner and the last waiting round.
        assert_relative_eq!(loss(1.0, 0.25, 1.0, 64.0), 100.0, max_relative = 1e-12);
        assert_relative_eq!(competitive_ratio(0.5, 0.0), 0.5, max_relative = 1e-12);
        assert_relative_eq!(competitive_ratio(0.2, 0.6), 0.5, max_relative = 1e-12);
        assert_eq!(regret_rate(1024.0), 32.0);
    }

    #[test]
    fn the_instances_have_the_optimum_that_is_written() {
        let third = GAPS
            .map(|k| offer(OPTIMUM - 0.5f64.powi(k), STOCHASTIC.rho))
            .into_iter()
            .chain([offer(0.2, 0.5)]);
        for third in third {
            let offers = [offer(1.0, 1.0), offer(OPTIMUM, STOCHASTIC.rho), third];
            let found = optimum(&offers, STOCHASTIC.rho, STOCHASTIC.beta).unwrap();
            assert_relative_eq!(found, OPTIMUM, max_relative = 1e-12);
        }
    }

    quickcheck! {
        fn more_is_lost_with_time_and_less_with_supply(nu: u8, rounds: u16) -> bool {
            let (nu, rounds) = (f64::from(nu) / 256.0 + 0.01, f64::from(rounds) + 1.0);
            let at = |nu, rounds| loss(1.0, nu, 4.0, rounds);
            let root = (at(nu, 4.0 * rounds) - 1.0 / nu) / (at(nu, rounds) - 1.0 / nu);
            at(2.0 * nu, rounds) < at(nu, rounds) && (root - 2.0).abs() < 1e-12
        }

        fn the_ratio_is_a_share_that_grows_with_supply(rho: u8, beta: u8) -> bool {
            let (rho, beta) = (f64::from(rho) / 256.0, f64::from(beta) / 256.0);
            let ratio = competitive_ratio(rho, beta);
            (0.0..1.0).contains(&ratio) && competitive_ratio(rho, beta + 0.01) > ratio
        }
    }
}
