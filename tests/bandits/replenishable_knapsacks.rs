//! Budgets that some arms spend and others refill.

use proptest::prelude::*;
use rand::Rng;
use ratebook::bandits::replenishable_knapsacks::{
    Exp3P, Hedge, Knapsacks, Market, Offer, Outcome, Phasing, Primal, PrimalDual, VOID, optimum,
};
use ratebook::bandits::{Game, Policy, Revealed, play};
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

fn offers(resources: usize, most: usize) -> impl Strategy<Value = Vec<Offer>> {
    let costs = prop::collection::vec(-1.0..=1.0f64, resources);
    let offer = (0.0..=1.0f64, costs).prop_map(|(reward, costs)| Offer { reward, costs });
    prop::collection::vec(offer, 1..most)
}

fn names<T>(result: Result<T>, parameter: &str) -> bool {
    result.err().is_some_and(|error| error.to_string().starts_with(parameter))
}

/// A primal learner that always wants the same arm and counts what it is taught.
#[derive(Debug, Clone, PartialEq)]
struct Stubborn {
    arms: usize,
    arm: usize,
    lessons: Vec<Vec<f64>>,
}

impl Primal for Stubborn {
    fn arms(&self) -> usize {
        self.arms
    }
    fn draw(&mut self, _: &mut dyn Rng) -> usize {
        self.arm
    }
    fn update(&mut self, _: usize, losses: &[Revealed]) -> Result<()> {
        self.lessons.push(losses.iter().map(|seen| seen.loss).collect());
        Ok(())
    }
}

fn stubborn(arms: usize, arm: usize) -> Stubborn {
    Stubborn { arms, arm, lessons: Vec::new() }
}

/// The best mixture by going through all arms and all pairs that spend exactly ρ.
fn by_vertices(offers: &[Offer], rho: f64, beta: f64) -> f64 {
    let arms: Vec<(f64, f64)> =
        offers.iter().map(|offer| (offer.reward, offer.costs[0])).chain([(0.0, -beta)]).collect();
    let mut best = f64::NEG_INFINITY;
    for &(f, c) in &arms {
        if c <= rho {
            best = best.max(f);
        }
        for &(g, d) in &arms {
            if c < rho && d > rho {
                let share = (rho - c) / (d - c);
                best = best.max((1.0 - share) * f + share * g);
            }
        }
    }
    best
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn optimum_is_the_best_vertex(offers in offers(1, 7), rho in 0.0..1.0f64, beta in 0.0..1.0f64) {
        let found = optimum(&offers, rho, beta).unwrap();
        prop_assert!((found - by_vertices(&offers, rho, beta)).abs() < 1e-9);
        let mut turned = offers.clone();
        turned.reverse();
        prop_assert!((optimum(&turned, rho, beta).unwrap() - found).abs() < 1e-12);
        // More supply never hurts, and no mixture earns more than the best arm.
        prop_assert!(optimum(&offers, rho + 0.1, beta).unwrap() >= found - 1e-12);
        let most = offers.iter().map(|offer| offer.reward).fold(0.0, f64::max);
        prop_assert!((0.0..=most + 1e-12).contains(&found));
    }

    #[test]
    fn budgets_stay_non_negative_and_prices_in_their_box(
        first in offers(2, 2), second in offers(2, 2), cycle in any::<bool>(), rho in 0.0..0.6f64, beta in 0.0..0.5f64,
        full in any::<bool>(), mut noise in HalfAdversarial::strategy(60), mut coins in HalfAdversarial::strategy(60),
    ) {
        prop_assume!(rho + beta > 0.01);
        let phasing = if cycle { Phasing::Cycle } else { Phasing::Every(20) };
        let market = Market::new(vec![first, second], phasing).unwrap();
        let mut game = Knapsacks::adversarial(market, rho, beta, 60, full).unwrap();
        let mut hedge = PrimalDual::new(Hedge::new(2, 60).unwrap(), 2, rho, beta, 60).unwrap();
        let mut exp3p = PrimalDual::new(Exp3P::new(2, 60).unwrap(), 2, rho, beta, 60).unwrap();
        for _ in 0..60 {
            if full {
                play(&mut hedge, &mut game, 1, &mut noise, &mut coins).unwrap();
            } else {
                play(&mut exp3p, &mut game, 1, &mut noise, &mut coins).unwrap();
            }
            prop_assert!(game.budgets().iter().all(|&budget| budget >= -1e-12));
            for price in hedge.prices().iter().chain(exp3p.prices()) {
                prop_assert!((0.0..=1.0 / (rho + beta) + 1e-12).contains(price));
            }
        }
    }

    #[test]
    fn a_budget_for_every_round_never_waits(offers in offers(1, 2), horizon in 1u64..50) {
        let mut game = Knapsacks::stochastic(offers, 1.0, 0.0, horizon, true).unwrap();
        let mut policy = PrimalDual::new(stubborn(2, 1), 1, 1.0, 0.0, horizon).unwrap();
        for _ in 0..horizon {
            game.open(&mut rng(horizon));
            prop_assert_eq!(policy.choose(game.context(), &mut rng(1)), Ok(1));
            let feedback = game.feedback(1, &[], &mut rng(1)).to_vec();
            policy.observe(1, &feedback).unwrap();
        }
    }

    #[test]
    fn waiting_teaches_nobody(budget in -1.0..0.999f64, reward in 0.0..1.0f64, cost in -1.0..1.0f64) {
        let mut policy = PrimalDual::new(Hedge::new(2, 9).unwrap(), 2, 0.3, 0.1, 9).unwrap();
        let before = policy.clone();
        prop_assert_eq!(policy.choose(&[3.0, budget], &mut rng(3)), Ok(VOID));
        let outcome = |arm| Outcome { arm, reward, costs: vec![cost, -cost] };
        policy.observe(VOID, &[outcome(0), outcome(1)]).unwrap();
        prop_assert_eq!(policy.prices(), before.prices());
        // What it would draw next is unchanged too.
        let mut before = before;
        for seed in 0..20 {
            let [a, b] = [&mut policy, &mut before].map(|p| p.choose(&[3.0, 3.0], &mut rng(seed)));
            prop_assert_eq!(a, b);
        }
    }

    #[test]
    fn the_price_follows_the_spending(reward in 0.0..1.0f64, cost in -1.0..1.0f64, rho in 0.05..0.9f64) {
        // T = 25 and ν = ρ: η = 1/(10ρ), and λ_2 = max(0, η(c − ρ)).
        let mut policy = PrimalDual::new(stubborn(1, 0), 1, rho, 0.0, 25).unwrap();
        policy.choose(&[5.0], &mut rng(1)).unwrap();
        policy.observe(0, &[Outcome { arm: 0, reward, costs: vec![cost] }]).unwrap();
        let expected = ((cost - rho) / (10.0 * rho)).clamp(0.0, 1.0 / rho);
        prop_assert!((policy.prices()[0] - expected).abs() < 1e-12);
    }

    #[test]
    fn bad_numbers_are_refused(value in awkward_f64()) {
        let primal = || stubborn(2, 1);
        let non_negative = value >= 0.0 && value.is_finite();
        // The range of the losses, 1 + 2/ν, must be finite.
        prop_assert_eq!(PrimalDual::new(primal(), 1, value, 0.0, 9).is_ok(), value > 0.0 && (2.0 / value).is_finite() && value.is_finite());
        prop_assert_eq!(PrimalDual::new(primal(), 1, 0.5, value, 9).is_ok(), non_negative);
        prop_assert_eq!(PrimalDual::with_radius(primal(), 1, 0.5, value, 9).is_ok(), value >= 0.0 && (2.0 * value).is_finite());
        let market = |reward, cost| Market::stationary(vec![Offer { reward, costs: vec![cost] }]);
        prop_assert_eq!(market(value, 0.0).is_ok(), (0.0..=1.0).contains(&value));
        prop_assert_eq!(market(0.5, value).is_ok(), (-1.0..=1.0).contains(&value));
        let game = Knapsacks::adversarial(market(0.5, 0.5).unwrap(), 0.5, value, 9, true);
        prop_assert_eq!(game.is_ok(), (0.0..=1.0).contains(&value));
        let mut policy = PrimalDual::new(primal(), 1, 0.5, 0.0, 9).unwrap();
        policy.choose(&[5.0], &mut rng(1)).unwrap();
        let seen = |reward, cost| [Outcome { arm: 1, reward, costs: vec![cost] }];
        prop_assert_eq!(policy.observe(1, &seen(value, 0.5)).is_ok(), (0.0..=1.0).contains(&value));
        prop_assert_eq!(policy.observe(1, &seen(0.5, value)).is_ok(), (-1.0..=1.0).contains(&value));
    }
}

#[test]
fn errors_name_what_is_wrong() {
    let policy = |primal| PrimalDual::new(primal, 1, 0.5, 0.0, 9);
    assert!(names(PrimalDual::new(stubborn(2, 1), 1, 0.0, 0.0, 9), "nu"));
    assert!(names(PrimalDual::new(stubborn(2, 1), 1, 0.5, 0.0, 0), "horizon"));
    assert!(names(PrimalDual::new(stubborn(2, 1), 0, 0.5, 0.0, 9), "resources"));
    assert!(names(Hedge::new(2, 0), "horizon") && names(Hedge::new(0, 2), "arms"));
    assert!(names(Exp3P::new(2, 0), "horizon") && names(Exp3P::new(0, 2), "arms"));
    let mut ready = policy(stubborn(2, 1)).unwrap();
    assert!(names(ready.choose(&[1.0, 1.0], &mut rng(1)), "budgets"));
    ready.choose(&[1.0], &mut rng(1)).unwrap();
    let outcome = |arm, cost: f64| Outcome { arm, reward: 0.5, costs: vec![cost] };
    assert!(names(ready.observe(1, &[outcome(0, 0.1)]), "feedback"));
    assert!(names(ready.observe(1, &[outcome(1, 1.5)]), "costs"));
    assert!(names(ready.observe(1, &[Outcome { arm: 1, reward: 0.5, costs: vec![] }]), "costs"));
    let mut hedge = PrimalDual::new(Hedge::new(2, 9).unwrap(), 1, 0.5, 0.0, 9).unwrap();
    hedge.choose(&[1.0], &mut rng(1)).unwrap();
    assert!(names(hedge.observe(1, &[outcome(1, 0.1)]), "feedback"));
    assert!(names(Market::new(vec![], Phasing::Cycle), "phases"));
    assert!(names(Market::new(vec![vec![]], Phasing::Cycle), "offers"));
    let one = vec![Offer { reward: 0.5, costs: vec![0.5] }];
    assert!(names(Market::new(vec![one.clone()], Phasing::Every(0)), "phasing"));
    let two = vec![Offer { reward: 0.5, costs: vec![0.5, 0.5] }];
    assert!(names(Market::new(vec![one, two.clone()], Phasing::Cycle), "costs"));
    assert!(matches!(
        Knapsacks::stochastic(two, 0.5, 0.0, 9, true),
        Err(Error::Dimension { name: "costs", .. })
    ));
}

/// Losses are scaled so that the worst outcome is 1, the best 0 and an idle arm in between, at every price.
#[test]
fn losses_span_the_unit_interval() {
    let mut policy = PrimalDual::new(stubborn(3, 0), 1, 0.25, 0.25, 4).unwrap();
    let outcome = |arm, reward, cost| Outcome { arm, reward, costs: vec![cost] };
    let outcomes = [outcome(0, 0.0, 1.0), outcome(1, 1.0, -1.0), outcome(2, 0.0, 0.0)];
    for _ in 0..20 {
        policy.choose(&[2.0], &mut rng(1)).unwrap();
        policy.observe(0, &outcomes).unwrap();
    }
    // Always spending drives the price to 1/ν = 2.
    assert_eq!(policy.prices(), [2.0]);
    let mut last = policy.clone();
    last.choose(&[2.0], &mut rng(1)).unwrap();
    last.observe(0, &outcomes).unwrap();
    let lesson = format!("{last:?}");
    assert!(lesson.contains("[1.0, 0.0, 0.6]"), "{lesson}");
}

/// With nothing to buy, an Exp3.P learner finds the better of two arms.
#[test]
fn exp3p_finds_the_better_arm() {
    let mut exp3p = Exp3P::new(2, 4000).unwrap();
    let mut coins = rng(7);
    let mut better = 0;
    for round in 0..4000 {
        let arm = exp3p.draw(&mut coins);
        better += usize::from(round >= 2000 && arm == 1);
        exp3p.update(arm, &[Revealed { arm, loss: 0.7 - 0.4 * arm as f64 }]).unwrap();
    }
    assert!(better > 1800, "{better}");
}

/// Classical knapsacks: without refilling, what is spent is gone and the last rounds wait.
#[test]
fn without_refilling_the_end_waits() {
    let market = Market::stationary(vec![Offer { reward: 1.0, costs: vec![1.0] }]).unwrap();
    let mut game = Knapsacks::adversarial(market, 0.25, 0.0, 40, true).unwrap();
    let mut policy = PrimalDual::with_radius(stubborn(2, 1), 1, 0.25, 0.0, 40).unwrap();
    // Ten rounds earn 1, thirty nothing; the comparator earns a quarter of every round.
    let regret = play(&mut policy, &mut game, 40, &mut rng(1), &mut rng(2)).unwrap();
    assert!((regret - (0.25 * 40.0 - 10.0)).abs() < 1e-12);
    assert_eq!(game.budgets(), [0.0]);
}
