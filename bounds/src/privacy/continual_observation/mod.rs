//! What *The Price of Differential Privacy under Continual Observation* promises.
//!
//! The privacy claims enumerate whole universes and compare exact laws; nothing about privacy is sampled. The
//! constants of the error bounds are derived here; the paper states rates.

mod bounds;
mod budget;
mod error;
mod reduction;

use ratebook::Result;
use ratebook::privacy::baselines::ScaledNoise;
use ratebook::privacy::channel::Noisy;
use ratebook::privacy::continual_observation::{Recompute, Reduction, Tree, Trivial};
use ratebook::privacy::instances::{MaxSum, Question, SumSelect, add_record};
use ratebook::privacy::{ContinualMechanism, ContinualRun, Shape};
use ratebook_judge::Paper;

pub use bounds::{
    bit_sum_rate, bit_sum_variance, levels, max_sum_rate, period, recompute_error, select_error, tree_error,
};
use budget::PerColumnNoise;
pub use budget::{budget_of_recompute, budget_of_select, budget_of_tree, every_universe_keeps_its_budget};
pub use error::{
    bit_sum_is_polylogarithmic, rate_in_horizon, recompute_keeps_its_bound, select_keeps_its_bound,
    tree_keeps_its_bound, variance_is_popcount,
};
pub use reduction::{nobody_escapes, reduction_recovers_every_table};

/// The paper and its claims.
pub fn paper() -> Paper {
    let every_step = Recompute::with_thirds(MaxSum, 0);
    let halved = "noise halved";
    Paper::new(
        "privacy/continual_observation",
        "The Price of Differential Privacy under Continual Observation",
    )
    .arxiv("2112.00828")
    .seed_line(405)
    .claim(
        rate_in_horizon(Recompute::new(MaxSum))
            .control("recomputes at every step", rate_in_horizon(every_step))
            .control("recomputes every T^(2/3) steps", rate_in_horizon(Recompute::with_thirds(MaxSum, 2)))
            .baseline("two binary counters", rate_in_horizon(Tree::new(MaxSum))),
    )
    .claim(
        recompute_keeps_its_bound(Recompute::new(MaxSum))
            .control("recomputes at every step", recompute_keeps_its_bound(every_step)),
    )
    .claim(
        select_keeps_its_bound(Recompute::new(SumSelect)).control(
            "recomputes at every step",
            select_keeps_its_bound(Recompute::with_thirds(SumSelect, 0)),
        ),
    )
    .claim(
        bit_sum_is_polylogarithmic(Tree::new(MaxSum))
            .control("fresh noise at every step", bit_sum_is_polylogarithmic(every_step))
            .baseline("recomputes", bit_sum_is_polylogarithmic(Recompute::new(MaxSum))),
    )
    .claim(
        tree_keeps_its_bound(Tree::new(MaxSum))
            .control("fresh noise at every step", tree_keeps_its_bound(every_step)),
    )
    .claim(
        variance_is_popcount(Tree::new(MaxSum))
            .control("fresh noise at every step", variance_is_popcount(every_step))
            .control(halved, variance_is_popcount(ScaledNoise::halved(Tree::new(MaxSum)))),
    )
    .claim(
        budget_of_recompute(Recompute::new(MaxSum))
            .tight(1e-3)
            .control(halved, budget_of_recompute(ScaledNoise::halved(Recompute::new(MaxSum)))),
    )
    .claim(
        // Its law is not Gaussian: no pair of streams this short attains the bound of Hoeffding's lemma.
        budget_of_select(Recompute::new(SumSelect))
            .tight(0.1)
            .control(halved, budget_of_select(ScaledNoise::halved(Recompute::new(SumSelect)))),
    )
    .claim(
        budget_of_tree(Tree::new(MaxSum))
            .tight(1e-3)
            .control(halved, budget_of_tree(ScaledNoise::halved(Tree::new(MaxSum))))
            .control("noise without the factor d", budget_of_tree(PerColumnNoise)),
    )
    .claim(reduction_recovers_every_table(Reduction::new).control(
        "skips the equalising block",
        reduction_recovers_every_table(|rows| Reduction::new(rows).map(Reduction::without_equalising)),
    ))
    .claim(
        nobody_escapes(Recompute::new(MaxSum))
            .control("no noise", nobody_escapes(ScaledNoise::silent(every_step)))
            .baseline("binary counters", nobody_escapes(Tree::new(MaxSum)))
            .baseline("answers zero", nobody_escapes(Trivial::new(MaxSum))),
    )
}

/// The failure probability of every high-probability claim.
const BETA: f64 = 0.05;

/// The budget of the utility claims.
const RHO: f64 = 1.0;

/// The largest error of one run over a stream that writes one record after another.
fn largest_error<Q: Question>(
    question: &Q,
    mechanism: &impl ContinualMechanism<Run: ContinualRun<Answer = Q::Answer>>,
    shape: Shape,
    rng: &mut impl rand::Rng,
    mut stream: impl FnMut(&mut [bool]),
) -> Result<f64> {
    let mut run = mechanism.start(shape, RHO)?;
    let (mut record, mut sums) = (vec![false; shape.columns()], vec![0.0; shape.columns()]);
    let mut worst = 0.0f64;
    for _ in 0..shape.horizon() {
        stream(&mut record);
        add_record(&mut sums, &record);
        worst = worst.max(question.error(run.step(&record, &mut Noisy(rng))?, &sums));
    }
    Ok(worst)
}
