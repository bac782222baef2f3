//! Learning a Markov chain from one trajectory: predict the next symbol, or estimate the matrix.
//!
//! *Simplified:* the paper's own estimator for the upper bound is not restated. For two states the
//! module uses the hybrid rule of Falahatgar et al., which attains the same rate, as it is stated by
//! Han, Jana and Wu; for more states it uses their averaged rule, because the printed upper bound of
//! the paper does not hold there (see *What does not hold*).
//!
//! # Problem
//! One trajectory $X_1, \dots, X_n$ of a chain with $k$ states and unknown transition matrix $M$.
//! *Prediction:* give a law $q$ for $X_{n+1}$; the loss is
//! $\mathrm{KL}(M(\cdot|X_n) \,\|\, q)$, and the chain may mix as slowly as it likes.
//! *Estimation:* give all rows; every entry of $M$ is at least $\delta$.
//!
//! # Idea
//! In prediction no state is required to be frequent: only the row of the state where the trajectory
//! ends is judged. What hurts is a transition never seen. The trajectory $1^r 2^s$ has shown $s - 1$
//! stays in state 2 and no exit, and a chain with exit probability near $1/n$ produces it with
//! constant probability. Add-½ gives that exit about $1/(2s)$, too much by a factor that costs
//! $\ln n$ in all; giving it $1/(s \ln n)$ costs only $\ln\ln n$.
//!
//! # Algorithm
//! 1. Count $N_{ij}$, the transitions from $i$ to $j$, and $N_i = \sum_j N_{ij}$.
//! 2. *Add-β* ([`AddConstant`]): $q_{ij} = (N_{ij} + \beta)/(N_i + k\beta)$.
//! 3. *Hybrid, two states* ([`Hybrid`]): add-$1/\ln n$ if the trajectory has at most one transition
//!    between different states, add-1 otherwise. A trajectory of two states has at most one such
//!    transition exactly when no exit from its last state was seen, so this is a rule for one row.
//! 4. *Averaged add-one, any number of states* ([`AveragedAddOne`]): apply add-one to the last $t$
//!    symbols, for $t = 1, \dots, n$, and average the $n$ predictions.
//! 5. *Estimation:* add-½ for Kullback–Leibler loss, frequencies for squared loss, row by row
//!    ([`transition_matrix`]).
//!
//! # Theorem
//! Prediction, as printed in the abstract: the minimax risk lies between orders
//! $$ \frac{k \ln\ln n}{n} \quad\text{and}\quad \frac{k^2 \ln\ln n}{n}. $$
//! Estimation: the risk of row $i$ is $(k-1)/(2 n \pi_i)$ in Kullback–Leibler loss and
//! $(1 - \sum_j M_{ij}^2)/(n \pi_i)$ in squared loss, to leading order, and the worst case over
//! $\delta$-bounded chains has $\pi_i = \delta$.
//!
//! # What does not hold
//! The upper bound holds for $k = 2$. Of three or more states Han, Jana and Wu write that it "relies on
//! implicit assumptions on mixing time such as spectral gap conditions", and they prove (their
//! Theorem 1; Theorem 7 for three states), for $3 \le k \le c\sqrt n$ and stationary, even reversible,
//! chains,
//! $$ \mathrm{Risk}_{k,n} = \Theta\Bigl(\frac{k^2}{n} \ln\frac{n}{k^2}\Bigr), $$
//! attained by step 4. A third state that is left at rate $1/n$ hides the other two for a uniformly
//! distributed time, so the number of useful observations is uniform on $1..n$, and the mean of its
//! inverse is $\ln n / n$, not $1/n$. The bounds module sums that loss exactly.
//!
//! # Reference
//! Hao, Orlitsky, Pichapati, *On Learning Markov Chains*, NeurIPS 2018, arXiv 1810.11754. The hybrid
//! rule: Falahatgar, Orlitsky, Pichapati, Suresh, ISIT 2016, as in Remark 1 of Han, Jana, Wu,
//! *Optimal prediction of Markov chains with and without spectral gap*, NeurIPS 2021, arXiv
//! 2106.13947, where the averaged rule is equation (6). The constants of the printed bounds in
//! arXiv 1810.11754 were not at hand; its orders are those of its abstract.
//!
//! # Complexity
//! $O(n + k)$ for a plug-in prediction, $O(n + k \cdot N_i)$ for the averaged one, $O(n + k^2)$ for
//! the matrix.

use rand::Rng;

use super::baselines::smoothed_row;
use super::instances::Trajectory;
use super::{Estimator, RowRule};
use crate::error::{self, Error, Result};

/// Add-β smoothing (step 2): β = ½ is Krichevsky–Trofimov, β = 1 is Laplace's rule of succession.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AddConstant {
    beta: f64,
}

impl AddConstant {
    /// Adds `beta` to every count.
    ///
    /// # Errors
    /// If `beta` is not positive and finite.
    pub fn new(beta: f64) -> Result<Self> {
        Ok(Self { beta: error::positive("beta", beta)? })
    }

    /// β = ½, the constant with the smallest Kullback–Leibler risk.
    pub fn half() -> Self {
        Self { beta: 0.5 }
    }

    /// β = 1.
    pub fn one() -> Self {
        Self { beta: 1.0 }
    }
}

impl RowRule for AddConstant {
    fn row(&self, _: usize, counts: &[u64], row: &mut [f64]) {
        smoothed_row(counts, self.beta, row);
    }
}

/// The hybrid rule for two states (step 3). With more states it applies the same test to each row:
/// timid as long as no exit from the state was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hybrid {
    timid: f64,
}

impl Hybrid {
    /// The rule for trajectories of length `n`.
    ///
    /// # Errors
    /// If `n` < 3, for which 1/ln n is not a smaller constant than 1.
    pub fn new(n: usize) -> Result<Self> {
        if n < 3 {
            return Err(Error::OutOfRange { name: "n", value: n as f64, requirement: "at least 3" });
        }
        Ok(Self { timid: 1.0 / (n as f64).ln() })
    }
}

impl RowRule for Hybrid {
    fn row(&self, state: usize, counts: &[u64], row: &mut [f64]) {
        let exits = counts.iter().sum::<u64>() - counts[state];
        smoothed_row(counts, if exits == 0 { self.timid } else { 1.0 }, row);
    }
}

/// Predicts the next symbol by a rule applied to the counts of the whole trajectory.
#[derive(Debug, Clone, Copy)]
pub struct PlugIn<R>(pub R);

impl<R: RowRule> Estimator<Trajectory> for PlugIn<R> {
    type Estimate = Vec<f64>;

    fn estimate(&self, data: &Trajectory, _: &mut dyn Rng) -> Result<Vec<f64>> {
        let mut row = vec![0.0; data.symbols()];
        self.0.row(data.last(), &data.counts_out_of(data.last()), &mut row);
        Ok(row)
    }
}

/// The average of add-one predictions over all suffixes (step 4).
#[derive(Debug, Clone, Copy)]
pub struct AveragedAddOne;

impl Estimator<Trajectory> for AveragedAddOne {
    type Estimate = Vec<f64>;

    fn estimate(&self, data: &Trajectory, _: &mut dyn Rng) -> Result<Vec<f64>> {
        let (states, last) = (data.states(), data.last());
        let n = states.len();
        let mut counts = vec![0; data.symbols()];
        let mut row = vec![0.0; data.symbols()];
        let mut average = vec![0.0; data.symbols()];
        // Going back in time, the suffix of t symbols gains the transition states[n-t] -> states[n-t+1];
        // its prediction changes only when that one leaves the last state, so runs are added at once.
        let mut settle = |counts: &[u64], length: usize| {
            smoothed_row(counts, 1.0, &mut row);
            for (sum, &q) in average.iter_mut().zip(&row) {
                *sum += length as f64 * q;
            }
        };
        let mut settled = 0;
        for t in 2..=n {
            if states[n - t] == last {
                settle(&counts, t - 1 - settled);
                settled = t - 1;
                counts[states[n - t + 1]] += 1;
            }
        }
        settle(&counts, n - settled);
        for q in &mut average {
            *q /= n as f64;
        }
        Ok(average)
    }
}

/// Every row of the transition matrix by the same rule (step 5).
pub fn transition_matrix(rule: &impl RowRule, trajectory: &Trajectory) -> Vec<Vec<f64>> {
    let symbols = trajectory.symbols();
    let mut counts = vec![vec![0; symbols]; symbols];
    for step in trajectory.states().windows(2) {
        counts[step[0]][step[1]] += 1;
    }
    let mut rows = vec![vec![0.0; symbols]; symbols];
    for (state, (counts, row)) in counts.iter().zip(&mut rows).enumerate() {
        rule.row(state, counts, row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hybrid_rule_is_timid_only_about_the_unseen() {
        let rule = Hybrid::new(8).unwrap();
        let mut row = [0.0; 2];
        rule.row(1, &[0, 3], &mut row);
        let c = 1.0 / 8f64.ln();
        approx::assert_relative_eq!(row[0], c / (3.0 + 2.0 * c), max_relative = 1e-15);
        rule.row(1, &[1, 2], &mut row);
        assert_eq!(row, [0.4, 0.6]);
        rule.row(1, &[1, 0], &mut row);
        assert_eq!(row, [2.0 / 3.0, 1.0 / 3.0]);
    }

    #[test]
    fn the_average_over_suffixes_by_hand() {
        // 0,1,0,0: suffixes "0" and "0,0" and "1,0,0" and all give 1/2, 2/3, 2/3 and (1+1)/(2+2) = 1/2.
        let trajectory = Trajectory::new(vec![0, 1, 0, 0], 2).unwrap();
        let mut rng = rand_pcg::Pcg64::new(1, 1);
        let row = AveragedAddOne.estimate(&trajectory, &mut rng).unwrap();
        approx::assert_relative_eq!(row[0], (0.5 + 2.0 / 3.0 + 2.0 / 3.0 + 0.5) / 4.0, max_relative = 1e-15);
    }
}
