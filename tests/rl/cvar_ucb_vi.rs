use proptest::prelude::*;
use rand::RngExt;
use ratebook::Error;
use ratebook::rl::cvar_ucb_vi::bandit::{self, BernoulliArms, BernsteinUcb, CvarBandit, empirical_cvar};
use ratebook::rl::cvar_ucb_vi::{Bernstein, CvarUcbVi, Hoeffding, Known, Plan, cvar, log_term};
use ratebook::rl::{Agent, Law, MarkovPolicy, Mdp, Policy, instances, regret};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

use super::instances::Stubborn;

fn law() -> impl Strategy<Value = Law> {
    prop::collection::vec((0..=20u8, 0.01..1.0f64), 1..8).prop_map(|points| {
        let total: f64 = points.iter().map(|p| p.1).sum();
        let scaled = points.iter().map(|&(v, p)| (f64::from(v) / 20.0, p / total)).collect();
        Law::new(scaled).expect("a distribution")
    })
}

fn tolerance() -> impl Strategy<Value = f64> {
    prop_oneof![Just(1.0), Just(0.5), 0.01..=1.0f64]
}

/// The definition: the maximum over b of b − E(b−X)⁺/τ, attained at a value of X.
fn by_definition(law: &Law, tau: f64) -> f64 {
    let shortfall = |b: f64| law.points().iter().map(|&(v, p)| p * (b - v).max(0.0)).sum::<f64>();
    law.points().iter().map(|&(b, _)| b - shortfall(b) / tau).fold(f64::NEG_INFINITY, f64::max)
}

fn random(seed: u64, horizon: usize) -> Mdp {
    instances::dirichlet(3, 2, horizon, 2, 6, &mut rng(seed)).expect("valid sizes")
}

proptest! {
    #![proptest_config(config(64))]

    /// The tail average is the maximum of the definition; at most the mean, and the mean at one.
    #[test]
    fn cvar_is_its_definition(law in law(), tau in tolerance()) {
        let value = cvar(&law, tau).unwrap();
        prop_assert!((value - by_definition(&law, tau)).abs() < 1e-9);
        prop_assert!(value <= law.mean() + 1e-12);
        prop_assert!((cvar(&law, 1.0).unwrap() - law.mean()).abs() < 1e-12);
        let least = law.points()[0].0;
        prop_assert!(value >= least - 1e-12);
        prop_assert!((cvar(&law, 1e-6).unwrap() - least).abs() < 1e-9);
    }

    /// More tolerance, or a better outcome anywhere, never lowers it; it moves with shift and scale.
    #[test]
    fn cvar_is_monotone(law in law(), a in tolerance(), b in tolerance(), which in any::<prop::sample::Index>()) {
        let (low, high) = (a.min(b), a.max(b));
        prop_assert!(cvar(&law, low).unwrap() <= cvar(&law, high).unwrap() + 1e-12);
        let map = |f: &dyn Fn(usize, f64) -> f64| {
            let points = law.points().iter().enumerate().map(|(i, &(v, p))| (f(i, v), p)).collect();
            cvar(&Law::new(points).expect("a distribution"), a).expect("a tolerance")
        };
        let lucky = which.index(law.points().len());
        let luckier = map(&|i, v| v + 0.3 * f64::from(i == lucky));
        prop_assert!(luckier >= cvar(&law, a).unwrap() - 1e-12);
        prop_assert!((map(&|_, v| 2.0 * v + 1.0) - (2.0 * cvar(&law, a).unwrap() + 1.0)).abs() < 1e-9);
    }

    /// Counting is the same as weighing.
    #[test]
    fn empirical_cvar_is_the_cvar_of_the_counts(
        counts in prop::collection::vec(0..50u64, 2..8), tau in tolerance()
    ) {
        let total: u64 = counts.iter().sum();
        prop_assume!(total > 0);
        let grid = (counts.len() - 1) as f64;
        let points = counts.iter().enumerate().map(|(v, &n)| (v as f64 / grid, n as f64 / total as f64));
        let law = Law::new(points.collect()).unwrap();
        prop_assert!((empirical_cvar(&counts, tau) - cvar(&law, tau).unwrap()).abs() < 1e-9);
    }

    /// The plan has the value that it promises, the budget stays on the grid, and no Markov policy
    /// is better.
    #[test]
    fn the_plan_keeps_its_promise(
        seed in any::<u64>(), horizon in 1..4usize, tau in tolerance(), code in any::<u64>()
    ) {
        let mdp = random(seed, horizon);
        let (plan, value) = Plan::exact(&mdp, tau, 6).unwrap();
        prop_assert!((cvar(&mdp.law(&plan), tau).unwrap() - value).abs() < 1e-9);
        let table = (0..3 * horizon).map(|cell| (code >> cell & 1) as usize).collect();
        let markov = MarkovPolicy::new(3, table).unwrap();
        prop_assert!(cvar(&mdp.law(&markov), tau).unwrap() <= value + 1e-9);
        if tau == 1.0 {
            prop_assert!((value - mdp.optimal().0).abs() < 1e-9);
        }
        // A finer grid holds the same budgets.
        prop_assert!((Plan::exact(&mdp, tau, 12).unwrap().1 - value).abs() < 1e-9);
    }

    /// After the same episodes a larger bonus promises more, but never more than one. (Hoeffding's:
    /// Bernstein's depends on the values that it lowers.)
    #[test]
    fn promises_grow_with_the_bonus(
        seed in any::<u64>(), tau in tolerance(), small in 0.0..1.0f64, more in 0.0..1.0f64
    ) {
        let mdp = random(seed, 3);
        let promise = |scale: f64| {
            let known = Known::of(&mdp, 6).expect("on the grid");
            let mut agent = CvarUcbVi::new(known, tau, 3.0, Hoeffding { scale }).expect("valid");
            let mut noise = rng(seed);
            // The same uniform episodes for every agent.
            for _ in 0..16 {
                let mut state = mdp.draw_start(&mut noise);
                for step in 0..3 {
                    let action = noise.random_range(0..2);
                    let next = mdp.draw_next(step, state, action, &mut noise);
                    agent.observe(step, state, action, mdp.reward(step, state, action), next);
                    state = next;
                }
            }
            assert!(agent.begin(&mut noise));
            assert!(!agent.begin(&mut noise));
            agent.promise()
        };
        let (less, greater) = (promise(small), promise(small + more));
        prop_assert!(less <= greater + 1e-12 && greater <= 1.0 + 1e-12);
    }

    /// The optimal plan has no regret; a learner's is never negative, whatever it draws.
    #[test]
    fn regret_is_never_negative(
        seed in any::<u64>(), tau in tolerance(), mut noise in HalfAdversarial::strategy(30)
    ) {
        let mdp = random(seed, 2);
        let (plan, best) = Plan::exact(&mdp, tau, 6).unwrap();
        let objective = |law: &Law| cvar(law, tau).expect("a tolerance");
        prop_assert!(regret(&mdp, &mut Stubborn(plan), 5, best, objective, &mut noise, &mut rng(7)).abs() < 1e-9);
        let mut learner =
            CvarUcbVi::new(Known::of(&mdp, 6).unwrap(), tau, 2.0, Bernstein { scale: 0.1 }).unwrap();
        let total = regret(&mdp, &mut learner, 50, best, objective, &mut noise, &mut rng(7));
        prop_assert!((-1e-9..=50.0).contains(&total));
    }

    /// The bandit pulls every arm, and its index is at most one and at least the empirical value.
    #[test]
    fn the_bandit_is_optimistic(
        arms in 1..6usize, tau in tolerance(), log_term in 0.0..20.0f64,
        mut noise in HalfAdversarial::strategy(30)
    ) {
        let mut learner = BernsteinUcb::new(arms, tau, log_term, 4, bandit::Bernstein::PAPER).unwrap();
        let mut counts = vec![vec![0; 5]; arms];
        for _ in 0..60 {
            let arm = learner.choose();
            let reward: f64 = noise.random();
            learner.observe(arm, reward);
            counts[arm][(reward * 4.0).ceil() as usize] += 1;
            let index = learner.index(arm);
            prop_assert!(index <= 1.0 && index >= empirical_cvar(&counts[arm], tau) - 1e-12);
        }
        prop_assert!(counts.iter().all(|arm| arm.iter().sum::<u64>() > 0));
    }

    /// Bad parameters are refused by name.
    #[test]
    fn bad_parameters_are_refused(bad in awkward_f64()) {
        let mdp = random(1, 1);
        let plain = Hoeffding { scale: 1.0 };
        let known = || Known::of(&mdp, 6).expect("on the grid");
        let names = |error: Option<Error>, expected: &str| match error {
            Some(Error::OutOfRange { name, .. }) => name == expected,
            _ => false,
        };
        if !(bad > 0.0 && bad <= 1.0) {
            let law = Law::new(vec![(0.0, 1.0)]).unwrap();
            prop_assert!(names(cvar(&law, bad).err(), "tau"));
            prop_assert!(names(Plan::exact(&mdp, bad, 6).err(), "tau"));
            prop_assert!(names(CvarUcbVi::new(known(), bad, 1.0, plain).err(), "tau"));
            prop_assert!(names(BernsteinUcb::new(2, bad, 1.0, 1, bandit::Hoeffding).err(), "tau"));
            prop_assert!(names(BernoulliArms::family(2, 0, bad, 0.1).err(), "tau"));
        }
        if !(bad >= 0.0 && bad.is_finite()) {
            prop_assert!(names(CvarUcbVi::new(known(), 0.5, bad, plain).err(), "log_term"));
            prop_assert!(names(BernsteinUcb::new(2, 0.5, bad, 1, bandit::Hoeffding).err(), "log_term"));
            prop_assert!(log_term(bad, 1.0, 0.1).is_err());
        }
        if !(0.0..=0.5).contains(&bad) {
            prop_assert!(names(BernoulliArms::family(2, 0, 0.5, bad).err(), "gap"));
        }
    }
}

#[test]
fn rewards_off_the_grid_and_returns_above_one_are_refused() {
    let pay = |reward| Mdp::stationary(2, 1, vec![1.0], &[1.0], &[reward]).unwrap();
    let off = Known::of(&pay(0.3), 4);
    assert!(matches!(off, Err(Error::OutOfRange { name: "reward", .. })));
    assert!(matches!(Known::of(&pay(-0.25), 4), Err(Error::OutOfRange { name: "reward", .. })));
    assert!(matches!(Known::of(&pay(0.75), 4), Err(Error::OutOfRange { name: "return", .. })));
    assert!(matches!(Known::of(&pay(0.5), 0), Err(Error::OutOfRange { name: "grid", .. })));
    assert!(Known::of(&pay(0.5), 4).is_ok());
    assert!(BernsteinUcb::new(0, 0.5, 1.0, 1, bandit::Hoeffding).is_err());
    assert!(BernsteinUcb::new(1, 0.5, 1.0, 0, bandit::Hoeffding).is_err());
    assert!(BernoulliArms::family(2, 2, 0.5, 0.1).is_err());
}

#[test]
fn the_named_instance_needs_its_earnings() {
    let mdp = instances::earnings_matter().unwrap();
    let (plan, value) = Plan::exact(&mdp, 0.6, 4).unwrap();
    assert!((value - 5.0 / 12.0).abs() < 1e-12);
    // Poor: gamble. Rich: the sure quarter.
    assert_eq!((plan.action(1, 0, 0.0), plan.action(1, 0, 0.5)), (1, 0));
    let markov = |gamble| {
        let policy = MarkovPolicy::new(2, vec![0, 0, gamble, 0, 0, 0]).unwrap();
        cvar(&mdp.law(&policy), 0.6).unwrap()
    };
    assert!((markov(1) - 0.375).abs() < 1e-12 && markov(0) < 0.375);
}

#[test]
fn tolerance_decides_between_sure_and_risky() {
    let mdp = instances::sure_or_risky(0.7).unwrap();
    let action = |tau| Plan::exact(&mdp, tau, 2).unwrap().0.action(0, 0, 0.0);
    assert_eq!((action(0.25), action(1.0)), (0, 1));
    // CVaR of the risky action is 1 − 0.3/τ: it overtakes 1/2 at τ = 0.6.
    assert_eq!((action(0.59), action(0.61)), (0, 1));
}

#[test]
fn the_bernoulli_family_has_its_gap() {
    let arms = BernoulliArms::family(3, 1, 0.2, 0.25).unwrap();
    let values: Vec<f64> = (0..3).map(|arm| arms.cvar(arm, 0.2)).collect();
    assert!((values[1] - 0.75).abs() < 1e-12 && (values[0] - 0.5).abs() < 1e-12);
}
