//! What *Inference Scaling fLaws: The Limits of LLM Resampling with Imperfect Verifiers* promises.

use ratebook::Result;
use ratebook::decoding::imperfect_verifier::{FirstPass, Outcome, Payoff, Resampler, Task, Tasks};
use ratebook::math::chance::{Chance, every_outcome};
use ratebook_judge::{Cases, Claim, Paper, Source, Tolerance};

/// p·c + (1 − p)·f: the probability that a draw passes.
pub fn pass_rate(correct: f64, completeness: f64, false_positives: f64) -> f64 {
    correct * completeness + (1.0 - correct) * false_positives
}

/// p·c/a: the share of right answers among those that pass, which no budget changes: draws are independent, so
/// that the first one that passes has the law of any one that passes. For a > 0.
pub fn precision(correct: f64, completeness: f64, false_positives: f64) -> f64 {
    correct * completeness / pass_rate(correct, completeness, false_positives)
}

/// (1 − (1 − a)^K)·v: the probability that resampling up to K times returns a right answer.
pub fn accuracy(correct: f64, completeness: f64, false_positives: f64, budget: f64) -> f64 {
    let none = (1.0 - pass_rate(correct, completeness, false_positives)).powf(budget);
    (1.0 - none) * precision(correct, completeness, false_positives)
}

/// (1 − (1 − a)^K)/a: the draws that resampling makes on average.
pub fn draws(pass_rate: f64, budget: f64) -> f64 {
    (1.0 - (1.0 - pass_rate).powf(budget)) / pass_rate
}

/// ln(1 − α/v)/ln(1 − a), rounded up: the least budget whose accuracy is at least α, for α < v.
pub fn budget_for(accuracy: f64, precision: f64, pass_rate: f64) -> f64 {
    ((1.0 - accuracy / precision).ln() / (1.0 - pass_rate).ln()).ceil()
}

/// ln(ω₁a₁g₁/(ω₂a₂|g₂|))/ln((1 − a₂)/(1 − a₁)): another draw pays exactly below this, for a₁ > a₂, g₁ > 0 > g₂.
///
/// Derived: the next draw is worth ω₁a₁g₁(1 − a₁)^K − ω₂a₂|g₂|(1 − a₂)^K. Each argument is (ω·a·|g|, a).
pub fn last_paying_draw(easy: (f64, f64), hard: (f64, f64)) -> f64 {
    (easy.0 / hard.0).ln() / ((1.0 - hard.1) / (1.0 - easy.1)).ln()
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let scan = |tasks: &Tasks, payoff, most| Ok(tasks.best_budget(payoff, most));
    let perfect = |tasks: &Tasks, payoff, most| Ok(replace(tasks, perfect)?.best_budget(payoff, most));
    let pooled = |tasks: &Tasks, payoff, most| Ok(pool(tasks)?.best_budget(payoff, most));
    Paper::new(
        "decoding/imperfect_verifier",
        "Inference Scaling fLaws: The Limits of LLM Resampling with Imperfect Verifiers",
    )
    .arxiv("2411.17501")
    .seed_line(79)
    .claim(
        no_free_lunch(FirstPass, Ok)
            .control("a perfect verifier", no_free_lunch(FirstPass, self::perfect))
            .control("returns the last sample when none passes", no_free_lunch(LastResort, Ok)),
    )
    .claim(
        weak_stays_below(FirstPass, 0.32)
            .tight(0.01)
            .control("a verifier with 1 % of false positives", weak_stays_below(FirstPass, 0.01)),
    )
    .claim(overtakes(FirstPass).control("waits for a second pass", overtakes(SecondPass)))
    .claim(
        best_budget_of_two(scan)
            .control("pools the tasks into one", best_budget_of_two(pooled))
            .control("believes the verifier to be perfect", best_budget_of_two(perfect)),
    )
    .claim(
        best_budget_of_three(scan)
            .control("stops at the first draw that does not pay", best_budget_of_three(first_peak))
            .control("pools the tasks into one", best_budget_of_three(pooled)),
    )
}

/// Broken: does not abstain.
#[derive(Debug, Clone, Copy)]
struct LastResort;

impl Resampler for LastResort {
    fn resample(&self, task: &Task, budget: u64, chance: &mut dyn Chance) -> Outcome {
        let mut right = None;
        for draws in 1..=budget {
            let attempt = task.attempt(chance);
            right = Some(attempt.right);
            if attempt.passed {
                return Outcome { right, draws };
            }
        }
        Outcome { right, draws: budget }
    }
}

/// Wasteful: returns the second answer that passes, as precise as the first and later.
#[derive(Debug, Clone, Copy)]
struct SecondPass;

impl Resampler for SecondPass {
    fn resample(&self, task: &Task, budget: u64, chance: &mut dyn Chance) -> Outcome {
        let first = FirstPass.resample(task, budget, chance);
        let second = FirstPass.resample(task, budget - first.draws, chance);
        Outcome { draws: first.draws + second.draws, ..second }
    }
}

/// The task with a verifier without false positives.
fn perfect(task: Task) -> Result<Task> {
    Task::new(task.true_pass(), 1.0, 0.0)
}

fn replace(tasks: &Tasks, by: impl Fn(Task) -> Result<Task>) -> Result<Tasks> {
    let (shares, kinds): (Vec<_>, Vec<_>) = tasks.iter().map(|(share, task)| (share, by(*task))).unzip();
    Tasks::new(&shares, &kinds.into_iter().collect::<Result<Vec<_>>>()?)
}

/// The one task that has the average probabilities.
fn pool(tasks: &Tasks) -> Result<Tasks> {
    let mean = |of: &dyn Fn(&Task) -> f64| tasks.iter().map(|(share, task)| share * of(task)).sum::<f64>();
    let (right, wrong) = (mean(&Task::true_pass), mean(&Task::false_pass));
    Tasks::new(&[1.0], &[Task::new(right, 1.0, wrong / (1.0 - right))?])
}

/// Broken for three kinds and more: the first budget whose next draw does not pay.
fn first_peak(tasks: &Tasks, payoff: Payoff, most: u32) -> Result<u32> {
    let utility = |budget: u32| tasks.utility(u64::from(budget), payoff);
    Ok((0..most).find(|&budget| utility(budget + 1) <= utility(budget)).unwrap_or(most))
}

/// The exact expectations of a resampler on a task: right answers, answers, draws, utility.
fn expectations(method: &impl Resampler, task: &Task, budget: f64, payoff: Payoff) -> (f64, f64, f64, f64) {
    let mut sums = (0.0, 0.0, 0.0, 0.0);
    every_outcome(
        |chance| method.resample(task, budget as u64, chance),
        |probability, outcome| {
            sums.0 += if outcome.right == Some(true) { probability } else { 0.0 };
            sums.1 += if outcome.right.is_some() { probability } else { 0.0 };
            sums.2 += probability * outcome.draws as f64;
            sums.3 += probability * payoff.of(&outcome);
        },
    );
    sums
}

/// The precision of what is returned is v at every budget K, the accuracy (1 − (1 − a)^K)·v.
pub fn no_free_lunch(
    method: impl Resampler + Send + Sync + 'static,
    verifier: impl Fn(Task) -> Result<Task> + Send + Sync + 'static,
) -> Claim {
    Claim::equals("no free lunch", |_| 1.0, Tolerance::Relative(1e-9))
        .states(
            "At every budget $K$ the precision of returned answers is $v = pc/a$, the accuracy \
             $(1 - (1-a)^K) v$ and the mean number of draws $(1 - (1-a)^K)/a$: accuracy has the ceiling $v$.",
        )
        .assuming(
            "p from {0.05, 0.2, 0.5, 0.9}, f from {0.01, 0.1, 0.3}, c = 1, and for K ≤ 6 also c = 0.6; every draw and \
             verification enumerated; measured ÷ formula",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("K", [1.0, 2.0, 6.0, 30.0, 200.0])
        .full_sweep([1.0, 2.0, 4.0, 6.0, 10.0, 30.0, 100.0, 300.0, 1000.0])
        .measure(move |budget, _| -> Result<Vec<f64>> {
            let payoff = Payoff::new(0.0, 0.0)?;
            let mut ratios = Vec::new();
            // With c = 1 a failed draw is wrong for sure, which keeps the tree small.
            for c in if budget <= 6.0 { &[1.0, 0.6][..] } else { &[1.0] } {
                for (p, f) in [0.05, 0.2, 0.5, 0.9].iter().flat_map(|&p| [0.01, 0.1, 0.3].map(|f| (p, f))) {
                    let task = verifier(Task::new(p, *c, f)?)?;
                    let (right, answered, made, _) = expectations(&method, &task, budget, payoff);
                    ratios.push(right / accuracy(p, *c, f, budget));
                    ratios.push(right / answered / precision(p, *c, f));
                    ratios.push(made / draws(pass_rate(p, *c, f), budget));
                }
            }
            Ok(ratios)
        })
}

/// With false positives as frequent as weak models have them, a weak model stays below a strong model's single
/// sample at every budget. `false_positives` is the verifier that the weak model meets.
pub fn weak_stays_below(method: impl Resampler + Send + Sync + 'static, false_positives: f64) -> Claim {
    const WEAK: f64 = 0.2;
    const STRONG: f64 = 0.6;
    Claim::at_most("weak stays below strong", |_| precision(WEAK, 1.0, 0.4 * (1.0 - WEAK)) / STRONG)
        .states(
            "With false positives $f = 0.4 (1 - p)$ a weak model of $p = 0.2$ never gets beyond 0.4386, below the \
             single sample of a model of $p = 0.6$.",
        )
        .assuming("c = 1, every draw and verification enumerated; accuracy of the weak model ÷ that of the strong one")
        .source(Source::Abstract)
        .exhaustive()
        .sweep("K", [1.0, 2.0, 5.0, 10.0, 30.0, 200.0])
        .full_sweep([1.0, 2.0, 5.0, 10.0, 30.0, 100.0, 300.0, 1000.0])
        .trivial(|_| 1.0)
        .measure(move |budget, _| -> Result<f64> {
            let payoff = Payoff::new(0.0, 0.0)?;
            let strong = Task::new(STRONG, 1.0, 1.0)?; // takes the first sample as it comes
            let weak = Task::new(WEAK, 1.0, false_positives)?;
            let single = expectations(&method, &strong, 1.0, payoff).0;
            Ok(expectations(&method, &weak, budget, payoff).0 / single)
        })
}

/// With a better verifier the weak model overtakes the strong one, at a budget known in advance.
pub fn overtakes(method: impl Resampler + Send + Sync + 'static) -> Claim {
    let formula = |f: f64| budget_for(0.6, precision(0.2, 1.0, f), pass_rate(0.2, 1.0, f));
    Claim::equals("overtakes", formula, Tolerance::Relative(1e-9))
        .states(
            "With false positives rare enough for $v > 0.6$ a model of $p = 0.2$ reaches the accuracy 0.6 after \
             $\\lceil \\ln(1 - 0.6/v)/\\ln(1-a) \\rceil$ draws.",
        )
        .assuming("c = 1, every draw and verification enumerated at every budget up to 100")
        .source(Source::Derived)
        .exhaustive()
        .sweep("f", [0.001, 0.01, 0.05, 0.1, 0.16])
        .measure(move |f, _| -> Result<f64> {
            let (payoff, task) = (Payoff::new(0.0, 0.0)?, Task::new(0.2, 1.0, f)?);
            let reaches = |budget: &u32| expectations(&method, &task, f64::from(*budget), payoff).0 >= 0.6;
            Ok((0..=100).find(reaches).map_or(101.0, f64::from))
        })
}

/// The largest budget that is searched.
const MOST: u32 = 10_000;

/// No budget up to [`MOST`] has a larger utility than the chosen one, and the resampler's enumerated utility at
/// the chosen budget and beside it agrees.
fn check_best(tasks: &Tasks, payoff: Payoff, chosen: u32, cases: &mut Cases) -> Result<()> {
    let utility = |budget: u32| tasks.utility(u64::from(budget), payoff);
    let best = (0..=MOST).map(utility).fold(f64::NEG_INFINITY, f64::max);
    cases.at_most(best, utility(chosen) + 1e-12, || format!("K = {chosen} for {tasks:?}, {payoff:?}"));
    // Enumeration is quadratic in the budget; the optima of these instances are small.
    for budget in chosen.saturating_sub(1)..=chosen + 1 {
        if budget <= 60 {
            let enumerated: f64 = (tasks.iter())
                .map(|(share, task)| share * expectations(&FirstPass, task, f64::from(budget), payoff).3)
                .sum();
            cases.close(enumerated, utility(budget), 1e-12, || format!("utility of K = {budget}, {tasks:?}"));
        }
    }
    Ok(())
}

/// With an easy and a hard kind of task the best budget is max(0, ⌈logarithm's quotient⌉).
pub fn best_budget_of_two(
    choose: impl Fn(&Tasks, Payoff, u32) -> Result<u32> + Send + Sync + 'static,
) -> Claim {
    Claim::always("best budget of two")
        .states(
            "For two kinds of tasks with $a_1 > a_2$ and $g_1 > 0 > g_2$ the best budget is \
             $\\max(0, \\lceil \\ln(\\omega_1 a_1 g_1 / (\\omega_2 a_2 |g_2|)) / \\ln((1-a_2)/(1-a_1)) \\rceil)$.",
        )
        .assuming(
            "c = 1; easy p from {0.5, 0.7, 0.9}, hard p from {0.01, 0.02, 0.05}, f from {0.05, 0.1, 0.2} each, shares \
             from {1/4, 1/2, 3/4}; every budget up to 10 000",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("lambda", [0.5, 1.0, 2.0, 4.0])
        .check(move |lambda, _, cases| -> Result<()> {
            let payoff = Payoff::new(lambda, 0.0)?;
            let worth = |p: f64, f: f64| p - lambda * (1.0 - p) * f;
            const FALSE: [f64; 3] = [0.05, 0.1, 0.2];
            for (p, f) in [0.5, 0.7, 0.9].iter().flat_map(|&p| FALSE.map(|f| (p, f))) {
                for (q, g) in [0.01, 0.02, 0.05].iter().flat_map(|&q| FALSE.map(|g| (q, g))) {
                    if !(worth(p, f) > 0.0 && worth(q, g) < 0.0) {
                        continue;
                    }
                    for share in [0.25, 0.5, 0.75] {
                        let tasks =
                            Tasks::new(&[share, 1.0 - share], &[Task::new(p, 1.0, f)?, Task::new(q, 1.0, g)?])?;
                        let chosen = choose(&tasks, payoff, MOST)?;
                        check_best(&tasks, payoff, chosen, cases)?;
                        let last = last_paying_draw(
                            (share * worth(p, f), pass_rate(p, 1.0, f)),
                            ((1.0 - share) * -worth(q, g), pass_rate(q, 1.0, g)),
                        );
                        cases.close(f64::from(chosen), last.ceil().max(0.0), 0.0, || format!("{tasks:?}"));
                    }
                }
            }
            Ok(())
        })
}

/// With three kinds of tasks the scan finds the best budget, where the worth of a draw changes its sign twice.
pub fn best_budget_of_three(
    choose: impl Fn(&Tasks, Payoff, u32) -> Result<u32> + Send + Sync + 'static,
) -> Claim {
    Claim::always("best budget of three")
        .states("The scan returns a budget of the largest utility, which may lie behind a first peak.")
        .assuming(
            "c = 0.9; a kind of deceptive tasks (p = 0.05, f = 0.9), one of fair ones (p from {0.1, 0.3}, f = 0.01) and \
             one of hopeless ones (p = 0.002, f from {0.01, 0.05}), shares in tenths, λ from {1, 4}, κ from {0, 0.005}; every budget \
             up to 10 000",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("tenths of deceptive tasks", [1.0, 3.0, 5.0])
        .check(move |tenths, _, cases| -> Result<()> {
            for (wrong, draw) in [(1.0, 0.0), (4.0, 0.0), (1.0, 0.005), (4.0, 0.005)] {
                let payoff = Payoff::new(wrong, draw)?;
                for (p, f) in [0.1, 0.3].iter().flat_map(|&p| [0.01, 0.05].map(|f| (p, f))) {
                    let kinds = [Task::new(0.05, 0.9, 0.9)?, Task::new(p, 0.9, 0.01)?, Task::new(0.002, 0.9, f)?];
                    for fair in 1..(10 - tenths as u32) {
                        let fair = f64::from(fair);
                        let shares = [tenths / 10.0, fair / 10.0, (10.0 - tenths - fair) / 10.0];
                        let tasks = Tasks::new(&shares, &kinds)?;
                        let utility = |budget: u32| tasks.utility(u64::from(budget), payoff);
                        let chosen = choose(&tasks, payoff, MOST)?;
                        let best = (0..=MOST).map(utility).fold(f64::NEG_INFINITY, f64::max);
                        cases.at_most(best - utility(chosen), 1e-12, || format!("K = {chosen}: {tasks:?}, {payoff:?}"));
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
        assert_relative_eq!(pass_rate(0.2, 1.0, 0.32), 0.456, max_relative = 1e-12);
        assert_relative_eq!(pass_rate(0.5, 0.5, 0.1), 0.3, max_relative = 1e-12);
        assert_relative_eq!(precision(0.2, 1.0, 0.32), 0.2 / 0.456, max_relative = 1e-12);
        assert_relative_eq!(precision(0.5, 0.5, 0.1), 0.25 / 0.3, max_relative = 1e-12);
        assert_relative_eq!(accuracy(0.5, 0.5, 0.1, 2.0), 0.51 / 0.3 * 0.25, max_relative = 1e-12);
        assert_relative_eq!(draws(0.5, 3.0), 1.75, max_relative = 1e-12);
        assert_eq!(budget_for(0.6, 0.2 / 0.208, 0.208), 5.0);
        // (1/2)^K against (3/4)^K with weights 8 and 1: ln 8/ln(3/2).
        assert_relative_eq!(
            last_paying_draw((0.8, 0.5), (0.1, 0.25)),
            8f64.ln() / 1.5f64.ln(),
            max_relative = 1e-12
        );
    }

    /// Easy p = 0.7, f = 0.1, hard p = 0.02, f = 0.2, half of each.
    #[test]
    fn the_table_of_best_budgets() {
        for (lambda, best) in [(0.5, 3.0), (1.0, 2.0), (2.0, 1.0), (4.0, 0.0)] {
            let (easy, hard) = (0.7 - lambda * 0.03, lambda * 0.196 - 0.02);
            assert_eq!(last_paying_draw((easy, 0.73), (hard, 0.216)).ceil().max(0.0), best);
        }
    }

    fn unit(x: u8) -> f64 {
        (f64::from(x) + 1.0) / 257.0
    }

    quickcheck! {
        fn accuracy_grows_to_its_ceiling(p: u8, c: u8, f: u8, budget: u8) -> bool {
            let (p, c, f, budget) = (unit(p), unit(c), unit(f), f64::from(budget));
            let (now, next) = (accuracy(p, c, f, budget), accuracy(p, c, f, budget + 1.0));
            now <= next + 1e-15 && next <= precision(p, c, f) * (1.0 + 1e-12)
        }

        fn the_budget_reaches_the_accuracy(p: u8, f: u8, share: u8) -> bool {
            let (p, f) = (unit(p), unit(f));
            let target = unit(share) * 0.99 * precision(p, 1.0, f);
            let budget = budget_for(target, precision(p, 1.0, f), pass_rate(p, 1.0, f));
            accuracy(p, 1.0, f, budget) >= target * (1.0 - 1e-9)
                && accuracy(p, 1.0, f, budget - 1.0) <= target * (1.0 + 1e-9)
        }

        fn draws_are_at_most_the_budget(a: u8, budget: u8) -> bool {
            draws(unit(a), f64::from(budget)) <= f64::from(budget).min(1.0 / unit(a)) * (1.0 + 1e-9)
        }
    }
}
