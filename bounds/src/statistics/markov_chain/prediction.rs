//! The claims about predicting the next symbol.

use rand::RngExt;
use ratebook::math::divergence::kullback_leibler;
use ratebook::statistics::baselines::Window;
use ratebook::statistics::instances::{EmbeddedPair, Trajectory, TwoStateChain};
use ratebook::statistics::markov_chain::{AveragedAddOne, Hybrid};
use ratebook::statistics::{Estimator, RowRule};
use ratebook_judge::{Claim, Source, Streams};

use super::bounds::{averaged_add_one_risk, hard_prior, printed_rate, two_state_bayes_risk, two_state_rate};

/// Sweeps run over the decimal digits of n: on that scale a power of ln n is a power.
const AXIS: &str = "log10 n";

fn length(digits: f64) -> f64 {
    10f64.powf(digits).round()
}

pub(super) fn hybrid(n: f64) -> ratebook::Result<Hybrid> {
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
pub(super) fn hybrid_risk(n: u64) -> f64 {
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

/// A rule that knows the chain: the control of lower bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) n: f64,
    pub(super) back: f64,
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
pub(super) struct LastTen;

impl Estimator<Trajectory> for LastTen {
    type Estimate = Vec<f64>;

    fn estimate(&self, data: &Trajectory, rng: &mut dyn rand::Rng) -> ratebook::Result<Vec<f64>> {
        Window::new(10, AveragedAddOne)?.estimate(data, rng)
    }
}
