//! What *Inference Scaling Laws: An Empirical Analysis of Compute-Optimal Inference* promises.

mod bounds;
mod tree;
mod votes;

use ratebook::decoding::compute_optimal_search::{Independent, Rebase, Vote, elect};
use ratebook_judge::Paper;

pub use bounds::{
    majority_error, majority_exponent, rebase_misses, rebase_misses_at_most, rebase_samples, sampling_misses,
};
pub use tree::{rebase_misses_exactly, samples_of_rebase, samples_of_sampling, sampling_misses_exactly};
pub use votes::{error_at_most, exponent, limits};

/// The paper and its claims.
pub fn paper() -> Paper {
    let rebase = || Rebase::new(Rebase::TEMPERATURE);
    let flat = || Rebase::new(10.0);
    let independent = || Ok(Independent);
    let (perfect, blind) = (|right: bool| f64::from(u8::from(right)), |_: bool| 0.5);
    // The same as taking the first sample whatever the others say.
    let first = |scores: &mut [f64]| {
        let total: f64 = scores.iter().sum();
        scores.iter_mut().for_each(|score| *score /= total);
    };
    Paper::new(
        "decoding/compute_optimal_search",
        "Inference Scaling Laws: An Empirical Analysis of Compute-Optimal Inference for Problem-Solving with \
         Language Models",
    )
    .arxiv("2408.00724")
    .seed_line(87)
    .claim(
        rebase_misses_exactly(rebase, perfect)
            .control("a reward model that knows nothing", rebase_misses_exactly(rebase, blind))
            .control("a temperature of 10", rebase_misses_exactly(flat, perfect))
            .control("independent solutions", rebase_misses_exactly(independent, perfect)),
    )
    .claim(
        sampling_misses_exactly(independent, perfect)
            .peer(
                "tree search with a reward model that knows nothing",
                sampling_misses_exactly(rebase, blind),
            )
            .control("tree search", sampling_misses_exactly(rebase, perfect)),
    )
    .claim(error_at_most(elect).control("takes the first sample", error_at_most(first)))
    .claim(exponent(elect).control("takes the first sample", exponent(first)))
    .claim(
        limits(Vote::Weighted, Vote::Weighted)
            .peer("majority", limits(Vote::Majority, Vote::Majority))
            .control("rewards left out", limits(Vote::Majority, Vote::Weighted))
            .control("the largest reward alone", limits(Vote::BestOf, Vote::Weighted)),
    )
    .claim(
        samples_of_rebase(rebase, perfect)
            .control("a reward model that knows nothing", samples_of_rebase(rebase, blind))
            .control("a temperature of 10", samples_of_rebase(flat, perfect)),
    )
    .claim(
        samples_of_sampling(independent, perfect)
            .control("tree search", samples_of_sampling(rebase, perfect)),
    )
}
