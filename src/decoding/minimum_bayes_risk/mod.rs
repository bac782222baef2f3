//! Minimum-Bayes-risk decoding, and the ways to make it cheaper.
//!
//! Simplified: utilities are on token sequences and small vectors, not neural metrics; the paper is a library,
//! and these are its decoders.
//!
//! # Problem
//! The most probable output of a model is often a bad one. Minimum-Bayes-risk decoding instead returns, of a
//! set $H$ of hypotheses, the one with the largest expected utility when the truth is drawn from the model
//! itself: $\arg\max_h \sum_r w_r u(h, r)$ over sampled references $r$.
//!
//! # Idea
//! A probable output that nothing resembles is a bad bet; one with many probable neighbours is a good one. The
//! plain loop costs $|H| N$ utility calls, so the library aggregates references, prunes hypotheses, or
//! completes the matrix of utilities from a few of its entries.
//!
//! # Algorithms
//! 1. Plain: weights $1/N$ over sampled references ([`decode`]), or model-based weights $w \propto p(r)$ over
//!    distinct ones ([`selection::expected_utilities`]).
//! 2. Reference aggregation: where $u(h,r) = \langle \phi(h), \psi(r) \rangle$ the mean of the $\psi(r)$ stands
//!    for all references; centroids of $k$ clusters where it nearly is; coarse to fine: aggregate down to $c$
//!    hypotheses, then the plain loop ([`aggregate`]).
//! 3. Pruning: after 8, 16, …, 256 references drop the hypotheses that beat the current best in at most a share
//!    $1 - \alpha$ of 500 bootstrap resamples, $\alpha = 0.99$ (`prune`).
//! 4. Probabilistic: observe a share $1/f$ of the utilities, complete the matrix by alternating least squares,
//!    score by row means ([`low_rank`]).
//! 5. Diverse selection: greedily the largest utility minus similarity to those already chosen ([`diverse`]).
//!
//! # What is promised
//! With $N$ references drawn from the model independently of $H$ and $u \in [0, 1]$, Hoeffding's inequality and
//! a union over $H$ give, with probability at least $1 - \delta$,
//! $$U(\text{best}) - U(\hat h) \le 2 \sqrt{\frac{\ln(2|H|/\delta)}{2N}}.$$
//! Aggregation is exact for inner products and, with one centroid, for $-\|h - r\|^2$, whose mean over $r$ is
//! $-\|h - \bar r\|^2$ up to a constant. Using the hypotheses themselves as references adds $u(h,h)/N$ to each
//! score, so that the first bound is lost.
//!
//! # Cost
//! Utility calls: $|H| N$ plain, $|H| + N$ aggregated, $|H| N / f$ probabilistic, what survives when pruning.
//!
//! # Reference
//! Hiroyuki Deguchi, Yusuke Sakai, Hidetaka Kamigaito, Taro Watanabe, *mbrs: A Library for Minimum Bayes Risk
//! Decoding*, EMNLP 2024 (demonstrations), arXiv [2408.04167](https://arxiv.org/abs/2408.04167).

use super::selection;
use crate::{Result, error};

pub mod aggregate;
pub mod low_rank;
pub mod prune;
pub mod utility;

use utility::Utility;

/// The hypothesis with the largest mean utility against the references, and the scores of all.
///
/// # Errors
/// If there are no hypotheses or references, or a utility is not finite.
pub fn decode<T: AsRef<[usize]>>(
    hypotheses: &[T],
    references: &[T],
    utility: &dyn Utility,
) -> Result<(usize, Vec<f64>)> {
    let weights = vec![1.0; references.len()];
    let of = |h: usize, r: usize| utility.utility(hypotheses[h].as_ref(), references[r].as_ref());
    let scores = selection::expected_utilities(hypotheses.len(), &weights, of)?;
    Ok((selection::best(&scores)?, scores))
}

/// Chooses `count` hypotheses one after the other: the largest score minus `penalty` times the mean similarity
/// to those chosen before; all of them if there are fewer.
///
/// # Errors
/// If there are no scores, one is not finite, or `penalty` is negative or not finite.
pub fn diverse(
    scores: &[f64],
    count: usize,
    penalty: f64,
    mut similarity: impl FnMut(usize, usize) -> f64,
) -> Result<Vec<usize>> {
    error::finite_slice("scores", scores)?;
    error::non_negative("penalty", penalty)?;
    let mut left: Vec<usize> = (0..scores.len()).collect();
    let (mut alike, mut chosen) = (vec![0.0; scores.len()], Vec::new());
    while chosen.len() < count && !left.is_empty() {
        let among = 1.0_f64.max(chosen.len() as f64);
        let worth: Vec<f64> = left.iter().map(|&h| scores[h] - penalty * alike[h] / among).collect();
        let next = left.remove(selection::best(&worth)?);
        left.iter().for_each(|&h| alike[h] += similarity(h, next));
        chosen.push(next);
    }
    Ok(chosen)
}
