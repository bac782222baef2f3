use proptest::prelude::*;
use ratebook::Error;
use ratebook::rl::{Agent, Law, MarkovPolicy, Mdp, Policy, instances, regret};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

fn random(seed: u64, horizon: usize) -> Mdp {
    instances::dirichlet(2, 2, horizon, 2, 6, &mut rng(seed)).expect("valid sizes")
}

/// The mean of a Markov policy by backward recursion, written apart from the library.
fn mean_of(mdp: &Mdp, policy: &MarkovPolicy, step: usize, state: usize) -> f64 {
    if step == mdp.horizon() {
        return 0.0;
    }
    let action = policy.action(step, state, 0.0);
    let ahead = mdp.next(step, state, action).iter().enumerate();
    mdp.reward(step, state, action) + ahead.map(|(s, p)| p * mean_of(mdp, policy, step + 1, s)).sum::<f64>()
}

/// Every deterministic Markov policy.
fn policies(mdp: &Mdp) -> impl Iterator<Item = MarkovPolicy> + '_ {
    let cells = mdp.horizon() * mdp.states();
    (0..mdp.actions().pow(cells as u32)).map(move |code| {
        let digit = |cell: usize| code / mdp.actions().pow(cell as u32) % mdp.actions();
        MarkovPolicy::new(mdp.states(), (0..cells).map(digit).collect()).expect("a full table")
    })
}

/// An agent that plays one policy for ever.
pub(super) struct Stubborn<P>(pub P);

impl<P: Policy> Agent for Stubborn<P> {
    fn begin(&mut self, _: &mut dyn rand::Rng) -> bool {
        false
    }
    fn policy(&self) -> &dyn Policy {
        &self.0
    }
    fn observe(&mut self, _: usize, _: usize, _: usize, _: f64, _: usize) {}
}

proptest! {
    #![proptest_config(config(64))]

    /// The law of the return has the mean of the backward recursion, and a total of one.
    #[test]
    fn the_law_agrees_with_backward_induction(seed in any::<u64>(), horizon in 1..4usize) {
        let mdp = random(seed, horizon);
        for policy in policies(&mdp).step_by(7) {
            let law = mdp.law(&policy);
            let mean: f64 = (0..2).map(|s| mdp.start()[s] * mean_of(&mdp, &policy, 0, s)).sum();
            prop_assert!((law.mean() - mean).abs() < 1e-12);
            prop_assert!((law.points().iter().map(|p| p.1).sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(law.points().is_sorted_by(|a, b| a.0 < b.0));
        }
    }

    /// Backward induction is the brute-force optimum over all Markov policies.
    #[test]
    fn optimal_is_the_brute_force_optimum(seed in any::<u64>(), horizon in 1..4usize) {
        let mdp = random(seed, horizon);
        let (value, best) = mdp.optimal();
        let brute = policies(&mdp).map(|policy| mdp.law(&policy).mean()).fold(0.0, f64::max);
        prop_assert!((value - brute).abs() < 1e-12);
        prop_assert!((mdp.law(&best).mean() - value).abs() < 1e-12);
    }

    /// The oracle has no regret, no policy has negative regret, whatever the draws.
    #[test]
    fn regret_has_the_right_sign(
        seed in any::<u64>(), code in 0..64usize, mut noise in HalfAdversarial::strategy(20)
    ) {
        let mdp = random(seed, 3);
        let (value, best) = mdp.optimal();
        let none = regret(&mdp, &mut Stubborn(best), 10, value, Law::mean, &mut noise, &mut rng(7));
        prop_assert!(none.abs() < 1e-12);
        let other = policies(&mdp).nth(code).unwrap();
        prop_assert!(regret(&mdp, &mut Stubborn(other), 10, value, Law::mean, &mut noise, &mut rng(7)) > -1e-12);
    }

    /// Draws stay among the states with positive probability.
    #[test]
    fn draws_are_possible(seed in any::<u64>(), mut noise in HalfAdversarial::strategy(20)) {
        let mdp = random(seed, 2);
        let tree = instances::bandit_tree(&[0, 1, 1], 2, 0.3, 0.1).unwrap();
        for mdp in [&mdp, &tree] {
            let state = mdp.draw_start(&mut noise);
            prop_assert!(mdp.start()[state] > 0.0);
            prop_assert!(mdp.next(0, state, 1)[mdp.draw_next(0, state, 1, &mut noise)] > 0.0);
        }
    }

    /// A wrong number anywhere is refused, and the message names the table.
    #[test]
    fn bad_numbers_are_refused(bad in awkward_f64()) {
        let refused = |result: ratebook::Result<Mdp>, table: &str| match result {
            Err(Error::OutOfRange { name, .. }) => name == table,
            _ => false,
        };
        let row = vec![bad, 1.0];
        prop_assume!((bad.abs() > 1e-9) || bad.is_nan());
        prop_assert!(refused(Mdp::stationary(1, 1, row.clone(), &[1.0, 0.0, 0.0, 1.0], &[0.0; 2]), "start"));
        let transitions = [1.0, 0.0, bad, 1.0];
        prop_assert!(refused(Mdp::stationary(1, 1, vec![1.0, 0.0], &transitions, &[0.0; 2]), "transitions"));
        if !bad.is_finite() {
            let identity = [1.0, 0.0, 0.0, 1.0];
            prop_assert!(refused(Mdp::stationary(1, 1, vec![1.0, 0.0], &identity, &[0.0, bad]), "rewards"));
            prop_assert!(Law::new(vec![(bad, 1.0)]).is_err());
        }
    }
}

#[test]
fn empty_and_ragged_models_are_refused() {
    let identity = [1.0, 0.0, 0.0, 1.0];
    let start = || vec![1.0, 0.0];
    for (horizon, actions, name) in [(0, 1, "horizon"), (1, 0, "actions")] {
        let refused = Mdp::stationary(horizon, actions, start(), &identity, &[0.0; 2]);
        assert!(matches!(refused, Err(Error::OutOfRange { name: found, .. }) if found == name));
    }
    assert!(matches!(Mdp::stationary(1, 1, vec![], &[], &[]), Err(Error::Empty { name: "start" })));
    let short = Mdp::stationary(1, 1, start(), &identity[..3], &[0.0; 2]);
    assert!(matches!(short, Err(Error::Dimension { name: "transitions", expected: 4, found: 3 })));
    let short = Mdp::stationary(1, 1, start(), &identity, &[0.0]);
    assert!(matches!(short, Err(Error::Dimension { name: "rewards", .. })));
    assert!(MarkovPolicy::new(0, vec![]).is_err() && MarkovPolicy::new(2, vec![0; 3]).is_err());
    assert!(Law::new(vec![]).is_err() && Law::new(vec![(0.0, 0.5)]).is_err());
    assert!(instances::bandit_tree(&[], 2, 0.1, 0.0).is_err());
    assert!(instances::bandit_tree(&[2], 2, 0.1, 0.0).is_err());
    assert!(instances::bandit_tree(&[0], 2, 0.1, 0.2).is_err());
    assert!(instances::bandit_tree(&[0], 2, f64::NAN, 0.0).is_err());
    assert!(instances::dirichlet(0, 1, 1, 1, 1, &mut rng(0)).is_err());
    assert!(instances::sure_or_risky(1.5).is_err());
}

#[test]
fn the_instances_pay_what_they_say() {
    // 3 bandits that fail with probability 0.3, but 0.1 under the best action.
    let tree = instances::bandit_tree(&[1, 0, 1], 2, 0.3, 0.2).unwrap();
    assert!((tree.optimal().0 - 0.9).abs() < 1e-12);
    let always_0 = MarkovPolicy::new(5, vec![0; 10]).unwrap();
    assert!((tree.law(&always_0).mean() - (0.9 + 2.0 * 0.7) / 3.0).abs() < 1e-12);
    let risky = instances::sure_or_risky(0.7).unwrap();
    assert!((risky.optimal().0 - 0.7).abs() < 1e-12);
}
