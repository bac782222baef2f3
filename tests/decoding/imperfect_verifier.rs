use proptest::prelude::*;
use ratebook::decoding::imperfect_verifier::{FirstPass, Outcome, Payoff, Resampler, Task, Tasks};
use ratebook::math::chance::exact_law;
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

/// Probabilities with the ends among them.
fn unit() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1.0), Just(f64::MIN_POSITIVE / 2.0), 0.0..=1.0f64]
}

fn task() -> impl Strategy<Value = Task> {
    (unit(), unit(), unit()).prop_map(|(p, c, f)| Task::new(p, c, f).unwrap())
}

fn tasks() -> impl Strategy<Value = Tasks> {
    prop::collection::vec((1..5u32, task()), 1..5).prop_map(|kinds| {
        let total: u32 = kinds.iter().map(|(share, _)| share).sum();
        let shares: Vec<f64> = kinds.iter().map(|(share, _)| f64::from(*share) / f64::from(total)).collect();
        Tasks::new(&shares, &kinds.iter().map(|(_, task)| *task).collect::<Vec<_>>()).unwrap()
    })
}

fn message<T: std::fmt::Debug>(result: ratebook::Result<T>) -> String {
    result.unwrap_err().to_string()
}

proptest! {
    #![proptest_config(config(64))]

    /// The evaluation is the enumerated law of the resampler.
    #[test]
    fn the_evaluation_is_exact(task in task(), budget in 0..6u64, wrong in 0.0..3.0f64, draw in 0.0..1.0f64) {
        let (tasks, payoff) = (Tasks::new(&[1.0], &[task]).unwrap(), Payoff::new(wrong, draw).unwrap());
        let law = exact_law(|chance| FirstPass.resample(&task, budget, chance));
        let mean = |of: &dyn Fn(&Outcome) -> f64| law.iter().map(|(o, mass)| mass * of(o)).sum::<f64>();
        let found = tasks.evaluate(budget);
        prop_assert!((found.accuracy - mean(&|o| f64::from(u8::from(o.right == Some(true))))).abs() < 1e-12);
        prop_assert!((found.answered - mean(&|o| f64::from(u8::from(o.right.is_some())))).abs() < 1e-12);
        prop_assert!((found.draws - mean(&|o| o.draws as f64)).abs() < 1e-11);
        prop_assert!((tasks.utility(budget, payoff) - mean(&|o| payoff.of(o))).abs() < 1e-11);
    }

    #[test]
    fn accuracy_grows_below_coverage(tasks in tasks(), budget in 0..2000u64) {
        let (now, next) = (tasks.evaluate(budget), tasks.evaluate(budget + 1));
        prop_assert!(now.accuracy <= next.accuracy + 1e-15 && now.draws <= next.draws + 1e-9);
        prop_assert!(now.accuracy <= now.coverage + 1e-12 && now.accuracy <= now.answered + 1e-12);
        prop_assert!(now.precision().is_none_or(|v| (0.0..=1.0).contains(&v)));
        prop_assert!(now.draws <= budget as f64 * (1.0 + 1e-12));
    }

    #[test]
    fn the_best_budget_is_the_brute_force_one(tasks in tasks(), wrong in 0.0..4.0f64, draw in prop_oneof![Just(0.0), 0.0..0.1f64]) {
        let payoff = Payoff::new(wrong, draw).unwrap();
        let best = (0..=300).map(|k| tasks.utility(k, payoff)).fold(f64::NEG_INFINITY, f64::max);
        let chosen = tasks.best_budget(payoff, 300);
        prop_assert!(chosen <= 300 && tasks.utility(u64::from(chosen), payoff) >= best - 1e-11);
    }

    /// Splitting a kind in two halves or reordering the kinds changes nothing.
    #[test]
    fn kinds_may_be_split_and_reordered(task in task(), other in task(), budget in 0..50u64) {
        let one = Tasks::new(&[0.5, 0.5], &[task, other]).unwrap().evaluate(budget);
        let split = Tasks::new(&[0.25, 0.5, 0.25], &[task, other, task]).unwrap().evaluate(budget);
        prop_assert!((one.accuracy - split.accuracy).abs() < 1e-14 && (one.draws - split.draws).abs() < 1e-11);
    }

    #[test]
    fn without_penalty_every_draw_pays(p in 0.1..0.9f64, f in 0.0..1.0f64) {
        let tasks = Tasks::new(&[1.0], &[Task::new(p, 0.1, f).unwrap()]).unwrap();
        let payoff = Payoff::new(0.0, 0.0).unwrap();
        let chosen = tasks.best_budget(payoff, 20);
        prop_assert!(chosen == 20 || tasks.evaluate(u64::from(chosen)).answered > 1.0 - 1e-12);
    }

    #[test]
    fn any_draws_give_a_legal_outcome(task in task(), budget in 0..40u64, mut coins in HalfAdversarial::strategy(60)) {
        let outcome = FirstPass.resample(&task, budget, &mut coins);
        prop_assert!(outcome.draws <= budget);
        prop_assert!(outcome.right.is_some() || outcome.draws == budget);
    }

    #[test]
    fn bad_input_is_named(value in awkward_f64()) {
        let legal = (0.0..=1.0).contains(&value);
        prop_assert_eq!(Task::new(value, 1.0, 0.0).is_ok(), legal);
        if !legal {
            prop_assert!(message(Task::new(value, 1.0, 0.0)).starts_with("correct = "));
            prop_assert!(message(Task::new(1.0, value, 0.0)).starts_with("completeness = "));
            prop_assert!(message(Task::new(1.0, 1.0, value)).starts_with("false_positives = "));
        }
        let legal = value >= 0.0 && value.is_finite();
        prop_assert_eq!(Payoff::new(value, 0.0).is_ok(), legal);
        if !legal {
            prop_assert!(message(Payoff::new(value, 0.0)).starts_with("wrong = "));
            prop_assert!(message(Payoff::new(0.0, value)).starts_with("draw = "));
        }
    }
}

#[test]
fn lists_are_checked() {
    let task = Task::new(0.5, 1.0, 0.5).unwrap();
    assert_eq!(message(Tasks::new(&[], &[])), "tasks is empty");
    assert!(message(Tasks::new(&[1.0], &[task, task])).starts_with("shares has size 1"));
    assert!(message(Tasks::new(&[0.5, 0.6], &[task, task])).starts_with("shares = "));
}

#[test]
fn what_never_passes_is_never_answered() {
    let silent = Task::new(0.7, 0.0, 0.0).unwrap();
    assert_eq!(silent.precision(), None);
    let found = Tasks::new(&[1.0], &[silent]).unwrap().evaluate(9);
    assert_eq!((found.accuracy, found.answered, found.draws, found.precision()), (0.0, 0.0, 9.0, None));
    assert_eq!(FirstPass.resample(&silent, 9, &mut rng(1)), Outcome { right: None, draws: 9 });
}

#[test]
fn utility_need_not_grow() {
    let tasks =
        Tasks::new(&[0.5, 0.5], &[Task::new(0.7, 1.0, 0.1).unwrap(), Task::new(0.02, 1.0, 0.2).unwrap()])
            .unwrap();
    for (wrong, best) in [(0.5, 3), (1.0, 2), (2.0, 1), (4.0, 0)] {
        assert_eq!(tasks.best_budget(Payoff::new(wrong, 0.0).unwrap(), 10_000), best);
    }
    let payoff = Payoff::new(1.0, 0.0).unwrap();
    assert!(tasks.utility(50, payoff) < tasks.utility(2, payoff));
}

/// A sampled run agrees with the exact law within five standard errors.
#[test]
fn sampling_agrees() {
    let task = Task::new(0.2, 0.9, 0.1).unwrap();
    let exact = Tasks::new(&[1.0], &[task]).unwrap().evaluate(4);
    let mut rng = rng(3);
    let runs = 40_000;
    let right = (0..runs).filter(|_| FirstPass.resample(&task, 4, &mut rng).right == Some(true)).count();
    let error = (exact.accuracy * (1.0 - exact.accuracy) / f64::from(runs)).sqrt();
    assert!((right as f64 / f64::from(runs) - exact.accuracy).abs() < 5.0 * error);
}
