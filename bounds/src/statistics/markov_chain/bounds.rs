//! The bounds, as functions of numbers.

use ratebook::math::divergence::kullback_leibler;
use ratebook::statistics::instances::TwoStateChain;

/// ln ln n / n: the minimax prediction risk of two-state chains up to a constant. For n > e.
pub fn two_state_rate(n: f64) -> f64 {
    n.ln().ln() / n
}

/// k² ln ln n / n: the upper bound as printed, up to a constant. It holds for k = 2 only.
pub fn printed_rate(states: f64, n: f64) -> f64 {
    states * states * two_state_rate(n)
}

/// k² ln n / n: the minimax prediction risk up to a constant, for a fixed number k ≥ 3 of states. Uniformly in
/// k ≤ c√n it is k² ln(n/k²)/n (Han, Jana and Wu, Theorem 1); at fixed k the two are of the same order, and
/// without the −2 ln k the first decades are straight.
pub fn repaired_rate(states: f64, n: f64) -> f64 {
    states * states * n.ln() / n
}

/// The risk of the averaged add-one rule after n symbols of any stationary chain with k states:
/// (k(k−1)(ln(1 + n/(k(k−1))) + 1) + ln k)/n.
///
/// Lemmas 5 and 6 of Han, Jana and Wu: the redundancy of add-one coding on n + 1 symbols, divided by n.
pub fn averaged_add_one_risk(states: f64, n: f64) -> f64 {
    let parameters = states * (states - 1.0);
    (parameters * ((n / parameters).ln_1p() + 1.0) + states.ln()) / n
}

/// r(t) = ln(t+2) − 2S(t+1)/((t+1)(t+2)) − ½ for t = 0, 1, …, with S(m) = Σ_{j≤m} j ln j: the Bayes risk of
/// predicting a coin of uniform bias after t throws.
///
/// Derived: the number of heads is uniform on 0..t, so the predictive entropy is the mean of h((j+1)/(t+2)),
/// and the mean entropy of the coin itself is ½.
pub fn coin_bayes_risks() -> impl Iterator<Item = f64> {
    // The sum S, with the rounding error of each addition carried along.
    let (mut sum, mut carry) = (0.0f64, 0.0f64);
    (0u64..).map(move |t| {
        let m = (t + 1) as f64;
        let term = m * m.ln() - carry;
        let next = sum + term;
        carry = (next - sum) - term;
        sum = next;
        (m + 1.0).ln() - 2.0 * sum / (m * (m + 1.0)) - 0.5
    })
}

/// Σ_{t=0}^{n−2} λ(1−λ)^{n−2−t}(1−μ)^{t+1} r(t): what no rule can avoid to lose in predicting a chain that starts
/// outside a pair of states, enters it with probability λ a step and leaves it with μ, when the probability of
/// a switch within the pair is uniform on [0, 1].
///
/// Derived: only trajectories that enter once and stay are counted; after t steps in the pair they have
/// shown t throws of a coin, and the last row differs from that coin by the factor 1 − μ.
pub fn entered_pair_risk(n: u64, enter: f64, leave: f64) -> f64 {
    // The weight of t from the one of t − 1; that of t = 0 is λ(1−λ)^{n−2}(1−μ).
    let mut weight = enter * ((n - 2) as f64 * (-enter).ln_1p()).exp() * (1.0 - leave);
    let factor = (1.0 - leave) / (1.0 - enter);
    let mut total = 0.0;
    for risk in coin_bayes_risks().take(n as usize - 1) {
        total += weight * risk;
        weight *= factor;
    }
    total
}

/// A lower bound on the prediction risk of every rule on three-state, stationary, reversible chains:
/// ⅓·[`entered_pair_risk`] with λ = 2/n and μ = 1/n, on the chains of Han, Jana and Wu, equation 28.
pub fn three_state_bayes_risk(n: u64) -> f64 {
    entered_pair_risk(n, 2.0 / n as f64, 1.0 / n as f64) / 3.0
}

/// A lower bound on the prediction risk of every rule on the two-state chains that leave the first state
/// with probability 1/n and the second with one of the `back` probabilities, all equally likely.
///
/// The exact Bayes risk over trajectories that end in the second state after at most six returns: the posterior
/// mean of the back probability is the best prediction, and its mean divergence is summed.
///
/// # Errors
/// If a probability is not strictly between 0 and 1.
pub fn two_state_bayes_risk(n: u64, back: &[f64]) -> ratebook::Result<f64> {
    let chains: Vec<TwoStateChain> =
        back.iter().map(|&b| TwoStateChain::new(1.0 / n as f64, b)).collect::<ratebook::Result<_>>()?;
    let mut risk = 0.0;
    for returns in 0..=6 {
        let mut laws = vec![vec![0.0; n as usize]; chains.len()];
        for (chain, law) in chains.iter().zip(&mut laws) {
            chain.visit_classes(n, 1, returns, |s, probability| law[s as usize] = probability);
        }
        for s in 0..n as usize {
            let total: f64 = laws.iter().map(|law| law[s]).sum();
            if total > 0.0 {
                let mean = laws.iter().zip(back).map(|(law, b)| law[s] * b).sum::<f64>() / total;
                let divergence = |b: f64| kullback_leibler(&[b, 1.0 - b], &[mean, 1.0 - mean]);
                risk += laws.iter().zip(back).map(|(law, &b)| law[s] * divergence(b)).sum::<f64>();
            }
        }
    }
    Ok(risk / back.len() as f64)
}

/// The back probabilities of the hard prior: n^{−e} for 12 exponents from 1 to 0.03.
pub fn hard_prior(n: f64) -> Vec<f64> {
    (0..12).map(|i| n.powf(-1.0 + 0.97 * f64::from(i) / 11.0)).collect()
}

/// (k−1)/(2nπ): the Kullback–Leibler risk of the row of a state with stationary probability π, to leading
/// order in nπ. Derived: the row is estimated from about nπ independent draws, each of the k − 1 free
/// parameters costs half a nat over their number.
pub fn row_divergence_risk(states: f64, n: f64, stationary: f64) -> f64 {
    (states - 1.0) / (2.0 * n * stationary)
}

/// (1 − Σ M_ij²)/(nπ): the squared risk of the same row: Σ_j M_ij(1 − M_ij) over the number of draws.
pub fn row_squared_risk(row: &[f64], n: f64, stationary: f64) -> f64 {
    (1.0 - row.iter().map(|p| p * p).sum::<f64>()) / (n * stationary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        let e = std::f64::consts::E;
        assert_relative_eq!(two_state_rate(e.powf(e)), e.powf(-e), max_relative = 1e-12);
        assert_relative_eq!(printed_rate(3.0, e.powf(e)), 9.0 * e.powf(-e), max_relative = 1e-12);
        assert_relative_eq!(repaired_rate(3.0, e.powi(2)), 18.0 * e.powi(-2), max_relative = 1e-12);
        assert_relative_eq!(
            averaged_add_one_risk(3.0, 6.0),
            2f64.ln() + 1.0 + 3f64.ln() / 6.0,
            max_relative = 1e-12
        );
        assert_relative_eq!(row_divergence_risk(4.0, 600.0, 0.05), 0.05, max_relative = 1e-12);
        assert_relative_eq!(row_squared_risk(&[0.5, 0.25, 0.25], 10.0, 0.5), 0.125, max_relative = 1e-12);
        assert_eq!(hard_prior(100.0).len(), 12);
        assert_relative_eq!(hard_prior(100.0)[0], 0.01, max_relative = 1e-12);
        assert_relative_eq!(hard_prior(100.0)[11], 100f64.powf(-0.03), max_relative = 1e-12);
    }

    #[test]
    fn a_coin_by_hand() {
        // t = 0: ln 2 − ½. t = 1: ln 3 − (2/3) ln 2 − ½. t = 2: ln 4 − (2 ln 2 + 3 ln 3)/6 − ½.
        let risks: Vec<f64> = coin_bayes_risks().take(100_000).collect();
        let (ln2, ln3) = (2f64.ln(), 3f64.ln());
        assert_relative_eq!(risks[0], ln2 - 0.5, max_relative = 1e-12);
        assert_relative_eq!(risks[1], ln3 - 2.0 * ln2 / 3.0 - 0.5, max_relative = 1e-12);
        assert_relative_eq!(risks[2], 2.0 * ln2 - (2.0 * ln2 + 3.0 * ln3) / 6.0 - 0.5, max_relative = 1e-12);
        // Half a nat over the number of throws in the limit, which rounding must not spoil.
        assert_relative_eq!(risks[99_999], 0.5 / 1e5, max_relative = 1e-3);
    }

    #[test]
    fn an_entered_pair_by_hand() {
        // n = 3: the chain enters at the first or at the second step.
        let (enter, leave) = (0.25, 0.125);
        let r: Vec<f64> = coin_bayes_risks().take(2).collect();
        let expected = enter * ((1.0 - enter) * (1.0 - leave) * r[0] + (1.0f64 - leave).powi(2) * r[1]);
        assert_relative_eq!(entered_pair_risk(3, enter, leave), expected, max_relative = 1e-12);
        assert_relative_eq!(
            three_state_bayes_risk(16),
            entered_pair_risk(16, 0.125, 0.0625) / 3.0,
            max_relative = 1e-12
        );
    }

    #[test]
    fn the_bayes_risk_of_one_known_chain_is_zero() {
        assert!(two_state_bayes_risk(50, &[0.3]).unwrap() < 1e-30);
        // Two symbols, n = 2: after one step to the second state nothing is known of the way back.
        let half =
            0.5 * (kullback_leibler(&[0.2, 0.8], &[0.3, 0.7]) + kullback_leibler(&[0.4, 0.6], &[0.3, 0.7]));
        assert_relative_eq!(two_state_bayes_risk(2, &[0.2, 0.4]).unwrap(), 0.5 * half, max_relative = 1e-12);
    }

    quickcheck! {
        fn more_symbols_never_hurt(n: u16) -> bool {
            let n = f64::from(n) + 20.0;
            two_state_rate(2.0 * n) < two_state_rate(n)
                && averaged_add_one_risk(3.0, 2.0 * n) < averaged_add_one_risk(3.0, n)
                && averaged_add_one_risk(3.0, n) < averaged_add_one_risk(4.0, n)
        }

        fn the_repaired_bound_is_of_the_repaired_order(n: u32) -> bool {
            let n = f64::from(n) + 1000.0;
            let ratio = averaged_add_one_risk(3.0, n) / repaired_rate(3.0, n);
            (0.5..1.0).contains(&ratio)
        }
    }
}
