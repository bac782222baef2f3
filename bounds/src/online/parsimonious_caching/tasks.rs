//! Metrical task systems with a query every a steps.

use nalgebra::DMatrix;
use rand::{Rng, RngExt};
use ratebook::math::sequences::sequences;
use ratebook::online::parsimonious_caching::tasks::{Metric, PeriodicFollower, TaskPolicy};
use ratebook_judge::{Claim, Source, powers_of_two};

/// (2a + 1)·OPT + (2a + 2)·η: the cost with a query every `a` steps, where η is the sum of the distances between
/// the answers and an optimal path.
///
/// Derived: in the block of the answer ŝ_b the optimal path s is never further from ŝ_b than η_b plus its moves M_b
/// in the block, so a task costs at most ℓ(s_t) + 2(η_b + M_b), a tasks of it; going from ŝ_b to ŝ_{b+1} costs at
/// most η_b + M_b + η_{b+1}. Block 0 sits at the common start and has η₀ = 0. Sum over the blocks.
pub fn task_bound(a: f64, optimum: f64, eta: f64) -> f64 {
    (2.0 * a + 1.0) * optimum + (2.0 * a + 2.0) * eta
}

/// Cost and η of one run, where `answer` may change what the optimal path says.
fn run(
    policy: &mut impl TaskPolicy,
    metric: &Metric,
    tasks: &[Vec<f64>],
    path: &[usize],
    mut answer: impl FnMut(usize) -> usize,
) -> ratebook::Result<(f64, f64)> {
    let (mut cost, mut eta) = (0.0, 0.0);
    for (costs, &state) in tasks.iter().zip(path) {
        let mut predict = || {
            let predicted = answer(state);
            eta += metric.between(predicted, state);
            predicted
        };
        cost += policy.serve(costs, &mut predict)?;
    }
    Ok((cost, eta))
}

/// Five points, with the lengths of shortest paths between them over random edges.
fn random_metric(rng: &mut dyn Rng) -> ratebook::Result<Metric> {
    const STATES: usize = 5;
    let mut distance = DMatrix::zeros(STATES, STATES);
    for x in 0..STATES {
        for y in 0..x {
            distance[(x, y)] = rng.random_range(0.1..1.0);
            distance[(y, x)] = distance[(x, y)];
        }
    }
    for middle in 0..STATES {
        let through = |x, y| distance[(x, middle)] + distance[(middle, y)];
        distance = DMatrix::from_fn(STATES, STATES, |x, y| f64::min(distance[(x, y)], through(x, y)));
    }
    Metric::new(distance)
}

pub(super) fn listed() -> Claim {
    tasks_at_most(|metric, a| PeriodicFollower::new(metric, a, 0))
        .control("stays and pays", tasks_at_most(|metric, a| Ok(Staying { metric, a, home: 0, time: 0 })))
}

pub(super) fn listed_exhaustively() -> Claim {
    tasks_exhaustively(|metric, a| PeriodicFollower::new(metric, a, 0)).control(
        "stays and pays",
        tasks_exhaustively(|metric, a| Ok(Staying { metric, a, home: 0, time: 0 })),
    )
}

/// With a query every a steps the cost is at most (2a + 1)·OPT + (2a + 2)·η.
pub fn tasks_at_most<P: TaskPolicy>(
    policy: impl Fn(Metric, usize) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::always("tasks at most")
        .states("With a query every $a$ steps the cost is at most $(2a+1)\\,\\mathrm{OPT} + (2a+2)\\,\\eta$.")
        .assuming(
            "random metrics on 5 points; 96 tasks that spare 1 to 3 states and charge the others 5; an answer is random \
             with probability 0, 1/4 or 1",
        )
        .source(Source::Derived)
        .sweep("a", powers_of_two(0..=4))
        .replicates(688, 1400)
        .check(move |a, streams, cases| -> ratebook::Result<()> {
            let metric = random_metric(&mut streams.instance)?;
            let spared = streams.instance.random_range(1..=3);
            let task = |_| {
                let mut costs = vec![5.0; metric.states()];
                rand::seq::index::sample(&mut streams.instance, costs.len(), spared).iter().for_each(|x| costs[x] = 0.0);
                // Most tasks repeat, so that it is worth to stay.
                (costs, streams.instance.random_range(1..=8))
            };
            let tasks: Vec<Vec<f64>> = (0..96).map(task).flat_map(|(costs, times)| vec![costs; times]).take(96).collect();
            let (path, optimum) = metric.optimal_path(0, &tasks)?;
            for wrong in [0.0, 0.25, 1.0] {
                let lie = |state| {
                    let random = streams.noise.random_range(0..metric.states());
                    if streams.noise.random::<f64>() < wrong { random } else { state }
                };
                let (cost, eta) = run(&mut policy(metric.clone(), a as usize)?, &metric, &tasks, &path, lie)?;
                let bound = task_bound(a, optimum, eta) * (1.0 + 1e-12);
                cases.at_most(cost, bound, || format!("{wrong} wrong, OPT {optimum}, η {eta}"));
            }
            Ok(())
        })
}

/// The same for all tasks on two states and all answers.
pub fn tasks_exhaustively<P: TaskPolicy>(
    policy: impl Fn(Metric, usize) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    const TASKS: usize = 7;
    Claim::always("tasks exhaustively")
        .states("With a query every $a$ steps the cost is at most $(2a+1)\\,\\mathrm{OPT} + (2a+2)\\,\\eta$.")
        .assuming("two states at distance 1, every sequence of 7 tasks (0, 0), (0, 9), (9, 0) and of answers")
        .source(Source::Derived)
        .exhaustive()
        .sweep("a", [1.0, 2.0, 3.0, 4.0, 7.0])
        .check(move |a, _, cases| -> ratebook::Result<()> {
            let metric = Metric::new(DMatrix::from_row_slice(2, 2, &[0.0, 1.0, 1.0, 0.0]))?;
            let alphabet = [vec![0.0, 0.0], vec![0.0, 9.0], vec![9.0, 0.0]];
            for tasks in sequences(&alphabet, TASKS) {
                let (path, optimum) = metric.optimal_path(0, &tasks)?;
                for answers in sequences(&[0, 1], TASKS / a as usize) {
                    let mut next = answers.iter();
                    let answer = |state| next.next().map_or(state, |&answer| answer);
                    let (cost, eta) =
                        run(&mut policy(metric.clone(), a as usize)?, &metric, &tasks, &path, answer)?;
                    cases.at_most(cost, task_bound(a, optimum, eta), || {
                        format!("{tasks:?}, answers {answers:?}")
                    });
                }
            }
            Ok(())
        })
}

/// A broken policy: it never leaves the last answer, whatever a task charges there.
struct Staying {
    metric: Metric,
    a: usize,
    home: usize,
    time: usize,
}

impl TaskPolicy for Staying {
    fn serve(&mut self, costs: &[f64], predict: &mut dyn FnMut() -> usize) -> ratebook::Result<f64> {
        self.time += 1;
        let before = self.home;
        if self.time.is_multiple_of(self.a) {
            self.home = predict();
        }
        Ok(self.metric.between(before, self.home) + costs[self.home])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(task_bound(1.0, 2.0, 0.0), 6.0, max_relative = 1e-12);
        assert_relative_eq!(task_bound(4.0, 2.0, 0.5), 23.0, max_relative = 1e-12);
    }

    quickcheck! {
        fn linear_in_everything(a: u8, optimum: u16, eta: u16) -> bool {
            let (a, optimum, eta) = (f64::from(a) + 1.0, f64::from(optimum), f64::from(eta));
            task_bound(a, 2.0 * optimum, 2.0 * eta) == 2.0 * task_bound(a, optimum, eta)
                && task_bound(a + 1.0, optimum, eta) == task_bound(a, optimum, eta) + 2.0 * (optimum + eta)
        }
    }
}
