//! What *On Learning Markov Chains* promises, and what it promised too much.

use rand::RngExt;
use rand_distr::{Binomial, Distribution};
use ratebook::math::divergence::kullback_leibler;
use ratebook::statistics::baselines::{AddSquareRoot, Frequencies, Window};
use ratebook::statistics::instances::{EmbeddedPair, Trajectory, TwoStateChain};
use ratebook::statistics::markov_chain::{AddConstant, AveragedAddOne, Hybrid, PlugIn};
use ratebook::statistics::{Estimator, RowRule};
use ratebook_judge::{Claim, Paper, Source, Streams, Tolerance};

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

/// The paper and its claims.
pub fn paper() -> Paper {
    let half = AddConstant::half;
    Paper::new("statistics/markov_chain", "On Learning Markov Chains")
        .arxiv("1810.11754")
        .seed_line(179)
        .claim(
            two_states(hybrid)
                .control("add-1/2 on every trajectory", two_states(move |_| Ok(half())))
                .control("add-1 on every trajectory", two_states(|_| Ok(AddConstant::one()))),
        )
        .claim(
            three_states(repaired_rate, three_state_bayes_risk)
                .refutes(
                    "the printed upper bound k^2 ln ln n / n at k = 3 (abstract of arXiv 1810.11754)",
                    three_states_as_printed(three_state_bayes_risk),
                )
                .control("the risk of two states", three_states(repaired_rate, hybrid_risk)),
        )
        .claim(
            averaged_at_most(AveragedAddOne)
                .control("sees only the last 10 symbols", averaged_at_most(LastTen))
                .baseline("add-1/2 on the whole trajectory", averaged_at_most(PlugIn(half()))),
        )
        .claim(
            two_states_at_least(hard_prior)
                .control("a prior on 1/4 and 1/2", two_states_at_least(|_| vec![0.25, 0.5])),
        )
        .claim(
            every_rule_pays(|n, _| hybrid(n))
                .control(
                    "is told the transition probabilities",
                    every_rule_pays(|n, back| Ok(Told { n, back })),
                )
                .baseline("add-1/2 on every trajectory", every_rule_pays(move |_, _| Ok(half()))),
        )
        .claim(
            estimated_row_divergence(half())
                .control("adds the square root of the visits", estimated_row_divergence(AddSquareRoot)),
        )
        .claim(
            estimated_row_squares(Frequencies)
                .control("adds the square root of the visits", estimated_row_squares(AddSquareRoot))
                .baseline("add-1/2", estimated_row_squares(half())),
        )
}

/// Sweeps run over the decimal digits of n: on that scale a power of ln n is a power.
const AXIS: &str = "log10 n";

fn length(digits: f64) -> f64 {
    10f64.powf(digits).round()
}

fn hybrid(n: f64) -> ratebook::Result<Hybrid> {
    Hybrid::new(n as usize)
}

/// The exact risk of a rule on the two-state chain that leaves its first state with probability 1/n.
fn two_state_risk(rule: &impl RowRule, n: f64, back: f64) -> ratebook::Result<f64> {
    Ok(TwoStateChain::new(1.0 / n, back)?.prediction_risk(n as u64, rule))
}

/// The exact risks at the six back probabilities n^{−1}, …, ½ that the headline maximises over.
fn risks_across_scales(rule: &impl RowRule, n: f64) -> ratebook::Result<Vec<f64>> {
    let back = [1.0, 0.9, 0.75, 0.5, 0.25].map(|e| n.powf(-e)).into_iter().chain([0.5]);
    back.map(|b| two_state_risk(rule, n, b)).collect()
}

fn worst(risks: Vec<f64>) -> f64 {
    risks.into_iter().fold(0.0, f64::max)
}

/// The largest exact risk over two-state chains grows like ln ln n / n, no faster and no slower.
pub fn two_states<R: RowRule>(rule: impl Fn(f64) -> ratebook::Result<R> + Send + Sync + 'static) -> Claim {
    Claim::rate_exactly("two states", |digits| two_state_rate(length(digits)))
        .states("On two-state chains the worst prediction risk is of order $\\ln\\ln n / n$.")
        .assuming(
            "start in state 1, P(1→2) = 1/n, the worst P(2→1) of n^−1, n^−0.9, n^−0.75, n^−0.5, n^−0.25, 1/2; \
             exact sums over all trajectories",
        )
        .source(Source::Abstract)
        .sweep(AXIS, [2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0])
        .full_sweep([2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0])
        .computed()
        .measure(move |digits, _| -> ratebook::Result<f64> {
            let n = length(digits);
            Ok(worst(risks_across_scales(&rule(n)?, n)?))
        })
}

/// What every rule loses on three-state chains grows like k² ln(n/k²)/n: not like ln ln n / n.
///
/// The measurement is a lower bound on the risk of *every* rule: a Bayes risk, summed exactly.
pub fn three_states(rate: fn(f64, f64) -> f64, risk: fn(u64) -> f64) -> Claim {
    Claim::rate_exactly("three states", move |digits| rate(3.0, length(digits)))
        .states(
            "On three-state chains every rule has worst-case prediction risk of order $\\ln n / n$ at least, \
             which outgrows the printed $k^2 \\ln\\ln n / n$.",
        )
        .assuming(
            "stationary reversible chains that leave state 1 with 2/n and the pair {2, 3} with 1/n; uniform \
             prior on the switching probability of the pair; exact Bayes risk of the trajectories that enter once",
        )
        .source(Source::Theorem("1 of arXiv 2106.13947"))
        .sweep(AXIS, [2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0])
        .full_sweep([2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0])
        .computed()
        .measure(move |digits, _| risk(length(digits) as u64))
}

/// The printed form: no more than k² ln ln n / n.
pub fn three_states_as_printed(risk: fn(u64) -> f64) -> Claim {
    let claim = three_states(printed_rate, risk);
    Claim { law: Claim::rate("", |digits| printed_rate(3.0, length(digits))).law, ..claim }
}

/// The worst risk of the hybrid rule on two states.
fn hybrid_risk(n: u64) -> f64 {
    let n = n as f64;
    hybrid(n).and_then(|rule| risks_across_scales(&rule, n)).map_or(f64::NAN, worst)
}

/// The averaged add-one rule keeps its explicit bound on the chains that refute the printed one.
pub fn averaged_at_most(
    estimator: impl Estimator<Trajectory, Estimate = Vec<f64>> + Send + Sync + 'static,
) -> Claim {
    Claim::at_most("averaged at most", |n| averaged_add_one_risk(3.0, n))
        .states(
            "The averaged add-one rule has prediction risk at most \
             $\\bigl(k(k-1)(\\ln(1 + n/(k(k-1))) + 1) + \\ln k\\bigr)/n$ on every stationary chain.",
        )
        .assuming("three states, the chains of the claim above, switching probability uniform on [0, 1]")
        .source(Source::Theorem("1 of arXiv 2106.13947, by its Lemmas 5 and 6"))
        .sweep("n", [100.0, 1000.0, 10_000.0])
        .replicates(1000, 20_000)
        .measure(move |n, streams| embedded_pair_loss(&estimator, n as usize, streams))
}

/// An unbiased estimate of the risk on the embedded pair.
fn embedded_pair_loss(
    estimator: &impl Estimator<Trajectory, Estimate = Vec<f64>>,
    n: usize,
    streams: &mut Streams,
) -> ratebook::Result<f64> {
    let family = EmbeddedPair::new(n)?;
    let switch = streams.instance.random::<f64>();
    let (trajectory, weight) = family.draw_weighted(switch, &mut streams.noise)?;
    let row = estimator.estimate(&trajectory, &mut streams.algorithm)?;
    Ok(weight * kullback_leibler(family.chain(switch)?.row(trajectory.last()), &row))
}

/// No rule predicts two-state chains better than 0.2·ln ln n / n: the Bayes risk of a prior on scales.
pub fn two_states_at_least(prior: fn(f64) -> Vec<f64>) -> Claim {
    Claim::at_least("two states at least", |digits| 0.2 * two_state_rate(length(digits)))
        .states("Every rule has worst-case prediction risk at least $0.2 \\ln\\ln n / n$ on two-state chains.")
        .assuming(
            "start in state 1, P(1→2) = 1/n known, P(2→1) = n^−e for 12 equally likely e from 1 to 0.03; exact \
             Bayes risk of the trajectories with at most six returns",
        )
        .source(Source::Derived)
        .sweep(AXIS, [2.0, 3.0, 4.0, 5.0])
        .full_sweep([2.0, 3.0, 4.0, 5.0, 6.0])
        .computed()
        .measure(move |digits, _| two_state_bayes_risk(length(digits) as u64, &prior(length(digits))))
}

/// A rule's worst exact risk over the hard prior is at least the prior's Bayes risk.
pub fn every_rule_pays<R: RowRule>(
    rule: impl Fn(f64, f64) -> ratebook::Result<R> + Send + Sync + 'static,
) -> Claim {
    let bound = |n: f64| two_state_bayes_risk(n as u64, &hard_prior(n)).unwrap_or(f64::NAN);
    Claim::at_least("every rule pays", move |digits| bound(length(digits)))
        .states("No rule has a smaller worst-case risk than the Bayes risk of the hard prior.")
        .assuming(
            "start in state 1, P(1→2) = 1/n, the worst P(2→1) = n^−e of 12 e from 1 to 0.03; exact sums",
        )
        .source(Source::Derived)
        .sweep(AXIS, [2.0, 3.0, 4.0])
        .full_sweep([2.0, 3.0, 4.0, 5.0])
        .computed()
        .measure(move |digits, _| -> ratebook::Result<f64> {
            let n = length(digits);
            let risks = hard_prior(n).into_iter().map(|back| two_state_risk(&rule(n, back)?, n, back));
            Ok(worst(risks.collect::<ratebook::Result<_>>()?))
        })
}

/// The chain on which estimation is hardest when every entry is at least δ: state 1 is entered with
/// probability δ from everywhere, so that its stationary probability is δ too.
const ENTRIES_AT_LEAST: f64 = 0.05;
const ESTIMATED_ROW: [f64; 4] = [0.05, 0.95 / 3.0, 0.95 / 3.0, 0.95 / 3.0];

/// The loss in estimating the row of state 1. In this chain the visits to state 1 are independent coins
/// of bias δ, and what follows them is one multinomial draw.
fn row_loss(
    rule: &impl RowRule,
    n: f64,
    streams: &mut Streams,
    loss: impl Fn(&[f64], &[f64]) -> f64,
) -> Result<f64, rand_distr::BinomialError> {
    let mut left = Binomial::new(n as u64, ENTRIES_AT_LEAST)?.sample(&mut streams.noise);
    let (mut counts, mut mass) = ([0; 4], 1.0);
    for (count, p) in counts.iter_mut().zip(ESTIMATED_ROW) {
        *count = Binomial::new(left, (p / mass).min(1.0))?.sample(&mut streams.noise);
        left -= *count;
        mass -= p;
    }
    counts[3] += left;
    let mut row = [0.0; 4];
    rule.row(0, &counts, &mut row);
    Ok(loss(&ESTIMATED_ROW, &row))
}

fn estimation(claim: Claim) -> Claim {
    claim
        .assuming("k = 4 states, every row (0.05, 0.95/3, 0.95/3, 0.95/3): δ = 0.05 is attained by state 1")
        .source(Source::Derived)
        .sweep("n", [8_000.0, 32_000.0])
        .replicates(150_000, 600_000)
}

/// Add-½ estimates the row of the rarest state with divergence (k−1)/(2nδ).
pub fn estimated_row_divergence(rule: impl RowRule + Send + Sync + 'static) -> Claim {
    let prediction = |n| row_divergence_risk(4.0, n, ENTRIES_AT_LEAST);
    estimation(Claim::equals("estimated row divergence", prediction, Tolerance::Relative(0.02)))
        .states("The Kullback–Leibler risk of the worst row is $(k-1)/(2 n \\delta)$ to leading order.")
        .measure(move |n, streams| row_loss(&rule, n, streams, kullback_leibler))
}

/// Frequencies estimate the row of the rarest state with squared error (1 − Σ M²)/(nδ).
pub fn estimated_row_squares(rule: impl RowRule + Send + Sync + 'static) -> Claim {
    let prediction = |n| row_squared_risk(&ESTIMATED_ROW, n, ENTRIES_AT_LEAST);
    let squares = |p: &[f64], q: &[f64]| p.iter().zip(q).map(|(p, q)| (p - q).powi(2)).sum();
    estimation(Claim::equals("estimated row squares", prediction, Tolerance::Relative(0.02)))
        .states("The squared risk of the worst row is $(1 - \\sum_j M_{1j}^2)/(n \\delta)$ to leading order.")
        .measure(move |n, streams| row_loss(&rule, n, streams, squares))
}

/// A rule that knows the chain: the control of lower bounds.
#[derive(Debug, Clone, Copy)]
struct Told {
    n: f64,
    back: f64,
}

impl RowRule for Told {
    fn row(&self, state: usize, _: &[u64], row: &mut [f64]) {
        let leave = if state == 0 { 1.0 / self.n } else { self.back };
        row[state] = 1.0 - leave;
        row[1 - state] = leave;
    }
}

/// The averaged rule without a memory.
#[derive(Debug, Clone, Copy)]
struct LastTen;

impl Estimator<Trajectory> for LastTen {
    type Estimate = Vec<f64>;

    fn estimate(&self, data: &Trajectory, rng: &mut dyn rand::Rng) -> ratebook::Result<Vec<f64>> {
        Window::new(10, AveragedAddOne)?.estimate(data, rng)
    }
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
