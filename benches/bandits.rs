//! Rounds per second of every policy that acts round by round, with K = 10 and K = 1000 arms, the game included.
//!
//! `cargo bench --bench bandits`. In each group "game alone" is the same game with its first arm played for ever: what
//! the simulator takes of every other line.

#[path = "../tests/bandits/policies.rs"]
#[allow(dead_code, reason = "policies that spend a budget of pulls are not timed a round")]
mod policies;

use std::marker::PhantomData;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use rand::Rng;
use ratebook::Result;
use ratebook::bandits::instances::{Adversary, Bernoulli, Graph, Linear, Pareto, Rounds, Segments};
use ratebook::bandits::{Game, Policy, play};
use ratebook_test_support::rng;

/// Rounds in one run; every policy has left its first pulls behind.
const ROUNDS: u64 = 4096;

/// Plays the first arm for ever.
struct First<C: ?Sized, F: ?Sized>(PhantomData<(Box<C>, Box<F>)>);

impl<C: ?Sized, F: ?Sized> Policy for First<C, F> {
    type Context = C;
    type Feedback = F;

    fn choose(&mut self, _: &C, _: &mut dyn Rng) -> Result<usize> {
        Ok(0)
    }

    fn observe(&mut self, _: usize, _: &F) -> Result<()> {
        Ok(())
    }
}

type Boxed<C, F> = Box<dyn Policy<Context = C, Feedback = F>>;

/// Times every policy of a list on fresh copies of one game.
fn time<C: ?Sized + 'static, F: ?Sized + 'static, G: Game<Context = C, Feedback = F>>(
    criterion: &mut Criterion,
    group: &str,
    size: usize,
    policies: impl Fn() -> Vec<(&'static str, Boxed<C, F>)>,
    game: impl Fn() -> G,
) {
    let all = || -> Vec<(&'static str, Boxed<C, F>)> {
        let alone: Boxed<C, F> = Box::new(First(PhantomData));
        std::iter::once(("game alone", alone)).chain(policies()).collect()
    };
    let mut group = criterion.benchmark_group(group);
    group.throughput(Throughput::Elements(ROUNDS));
    group.sample_size(10);
    for (index, (name, _)) in all().iter().enumerate() {
        group.bench_function(BenchmarkId::new(*name, size), |bencher| {
            bencher.iter_batched(
                || (all().swap_remove(index).1, game()),
                |(mut policy, mut game)| {
                    play(policy.as_mut(), &mut game, ROUNDS, &mut rng(1), &mut rng(2)).expect("a legal run")
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn main() -> Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    for arms in [10, 1000] {
        let means: Vec<f64> = (0..arms).map(|arm| 0.9 / (arm + 1) as f64).collect();
        let bernoulli = Bernoulli::new(means.clone())?;
        time(
            &mut criterion,
            "rewards",
            arms,
            || policies::on_rewards(arms, ROUNDS).expect("valid"),
            || Rounds::new(bernoulli.clone()),
        );
        let laws: Vec<(f64, f64)> = (0..arms).map(|arm| (1.0, (arm + 2) as f64)).collect();
        let pareto = Pareto::new(&laws)?;
        time(
            &mut criterion,
            "positive rewards",
            arms,
            || policies::on_positive_rewards(arms).expect("valid"),
            || Rounds::new(pareto.clone()),
        );
        let losses = Segments::stationary(means.iter().map(|mean| 1.0 - mean).collect())?;
        let graph = Graph::edgeless(arms)?;
        time(
            &mut criterion,
            "losses",
            arms,
            || policies::on_losses(&graph, ROUNDS).expect("valid"),
            || Adversary::new(losses.clone(), graph.clone(), ROUNDS).expect("valid"),
        );
    }
    // Linear policies have a dimension instead: pairs of actions, their cost is quadratic in it.
    for dim in [10, 50] {
        time(
            &mut criterion,
            "decision sets",
            dim,
            || policies::on_actions(dim).expect("valid"),
            || Linear::paired(dim, 0.25, 0.1).expect("valid"),
        );
    }
    criterion.final_summary();
    Ok(())
}
