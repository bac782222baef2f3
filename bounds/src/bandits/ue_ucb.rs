//! What *Communication-Constrained Bandits under Additive Gaussian Noise* promises.

pub mod bounds;
pub mod power;

use rand::{Rng, RngExt};
use ratebook::Result;
use ratebook::bandits::baselines::{ExploreThenCommit, Ucb, UniformArms};
use ratebook::bandits::instances::Gaussian;
use ratebook::bandits::ue_ucb::{Channel, Code, Downlink, FixedCode, Remote, UeUcb, phases};
use ratebook::bandits::{Policy, play};
use ratebook_judge::{Claim, Paper, Source, Streams};

use bounds::{
    decoded_variance, exploration, hard_gap, minimax_lower, recentring_gain, regret, worst_case_rate,
};
use power::{power_is_as_predicted, power_is_kept, quarter};

/// What a learner is told before it starts.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The number of arms.
    pub arms: usize,
    /// The means lie in [−bound, bound].
    pub bound: f64,
    /// The channel.
    pub channel: Channel,
    /// The number of rounds.
    pub horizon: u64,
}

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new("bandits/ue_ucb", "Communication-Constrained Bandits under Additive Gaussian Noise")
        .arxiv("2304.12680")
        .seed_line(37)
        .claim(
            rate_in_variance(ue_ucb)
                .control("UCB that ignores the channel's noise", rate_in_variance(IgnoresNoise::new))
                .control("plays every arm equally often", rate_in_variance(uniform)),
        )
        .claim(regret_at_most(ue_ucb).control("never refines its centres", regret_at_most(one_center)))
        .claim(
            recentring_pays(ue_ucb)
                .control("never refines its centres, against itself", recentring_pays(one_center)),
        )
        .claim(
            power_is_as_predicted(phases)
                .control("explores a quarter as long", power_is_as_predicted(quarter)),
        )
        .claim(power_is_kept(phases).control("explores a quarter as long", power_is_kept(quarter)))
        .claim(
            nobody_does_better(ue_ucb, Noise::Both)
                .control(
                    "greedy, with noiseless rewards and channel",
                    nobody_does_better(greedy, Noise::Neither),
                )
                .peer("UCB around 0", nobody_does_better(one_center, Noise::Both))
                .peer(
                    "explore, then commit",
                    nobody_does_better(explore_then_commit, Noise::Both).detects(1.0),
                )
                .peer("plays every arm equally often", nobody_does_better(uniform, Noise::Both)),
        )
}

fn ue_ucb(setting: Setting) -> Result<UeUcb> {
    UeUcb::new(setting.arms, setting.bound, setting.channel, setting.horizon)
}

/// UCB around 0 with the honest variance v(B): nothing is ever broadcast.
fn one_center(setting: Setting) -> Result<FixedCode<Ucb>> {
    let Setting { arms, bound, channel, horizon } = setting;
    let ucb = Ucb::new(arms, channel.variance(bound).sqrt(), horizon)?;
    Ok(FixedCode::new(ucb, channel, Code::new(0.0, bound)?))
}

fn uniform(setting: Setting) -> Result<FixedCode<UniformArms>> {
    let code = Code::new(0.0, setting.bound)?;
    Ok(FixedCode::new(UniformArms::new(setting.arms)?, setting.channel, code))
}

fn greedy(setting: Setting) -> Result<FixedCode<Ucb>> {
    let ucb = Ucb::new(setting.arms, 0.0, setting.horizon)?;
    Ok(FixedCode::new(ucb, setting.channel, Code::new(0.0, setting.bound)?))
}

/// Explores for (T/K)^(2/3) pulls an arm.
fn explore_then_commit(setting: Setting) -> Result<FixedCode<ExploreThenCommit>> {
    let pulls = (setting.horizon as f64 / setting.arms as f64).cbrt().powi(2) as u64;
    let policy = ExploreThenCommit::new(setting.arms, pulls)?;
    Ok(FixedCode::new(policy, setting.channel, Code::new(0.0, setting.bound)?))
}

/// Power 1, so that only the signal-to-noise ratio counts.
fn channel(snr: f64) -> Result<Channel> {
    Channel::new(1.0, snr.recip().sqrt())
}

/// The best arm is at B − 1 where it takes the most power, the others are `gap` below it. Which arm is the best
/// is drawn.
fn one_good_arm(arms: usize, bound: f64, gap: f64, streams: &mut Streams) -> Result<Gaussian> {
    let mut means = vec![bound - 1.0 - gap; arms];
    means[streams.instance.random_range(0..arms)] = bound - 1.0;
    Gaussian::new(means, 1.0)
}

fn regret_of<P>(
    policy: &mut P,
    game: &mut Remote<Gaussian>,
    rounds: u64,
    streams: &mut Streams,
) -> Result<f64>
where
    P: Policy<Context = Downlink, Feedback = f64>,
{
    play(policy, game, rounds, &mut streams.noise, &mut streams.algorithm)
}

/// The regret of `rounds` rounds after the exploration, for each gap.
fn regret_after_exploration<P>(
    make: &impl Fn(Setting) -> Result<P>,
    (arms, bound, snr, rounds): (usize, f64, f64, u64),
    gaps: impl IntoIterator<Item = f64>,
    streams: &mut Streams,
) -> Result<Vec<f64>>
where
    P: Policy<Context = Downlink, Feedback = f64>,
{
    let first = arms as u64 * exploration(bound, snr) as u64;
    let setting = Setting { arms, bound, channel: channel(snr)?, horizon: first + rounds };
    let after = |gap| {
        let mut game = Remote::new(one_good_arm(arms, bound, gap, streams)?, setting.channel);
        let mut policy = make(setting)?;
        regret_of(&mut policy, &mut game, first, streams)?;
        regret_of(&mut policy, &mut game, rounds, streams)
    };
    gaps.into_iter().map(after).collect()
}

/// After the exploration the worst regret over a fixed grid of gaps grows like the root of v(1) = 1 + 2/SNR.
pub fn rate_in_variance<P>(make: impl Fn(Setting) -> Result<P> + Send + Sync + 'static) -> Claim
where
    P: Policy<Context = Downlink, Feedback = f64>,
{
    const ARMS: usize = 4;
    const BOUND: f64 = 8.0;
    const ROUNDS: u64 = 1 << 13;
    Claim::rate_exactly("rate in variance", |v| worst_case_rate(ARMS as f64, ROUNDS as f64, v))
        .states("For $\\mathrm{SNR} < 1$ the worst regret grows like $\\sqrt{KT(1 + 2/\\mathrm{SNR})}$ in the SNR.")
        .assuming(
            "K = 4, B = 8, SNR from 1/2 to 1/128, 2¹³ rounds after the exploration, the worst Δ of 8, 4, …, 2⁻³",
        )
        .source(Source::Abstract)
        .sweep("v(1)", [2.0, 8.0, 32.0, 128.0].map(|inverse_snr| 1.0 + 2.0 * inverse_snr))
        .full_sweep([2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0].map(|inverse_snr| 1.0 + 2.0 * inverse_snr))
        .replicates(60, 300)
        .detects(0.08)
        .measure(move |v, streams| {
            let gaps = (-3..=3).map(|k| 0.5f64.powi(k));
            regret_after_exploration(&make, (ARMS, BOUND, 2.0 / (v - 1.0), ROUNDS), gaps, streams)
        })
}

/// The regret, exploration included, is at most (K−1)Δ·(Σ n_ℓ + 3) + min(16(K−1)·v(1)·ln T/Δ, 8√(v(1)·K·T·ln T)).
pub fn regret_at_most<P>(make: impl Fn(Setting) -> Result<P> + Send + Sync + 'static) -> Claim
where
    P: Policy<Context = Downlink, Feedback = f64>,
{
    const ARMS: usize = 4;
    const BOUND: f64 = 32.0;
    const ROUNDS: u64 = 1 << 17;
    // A large gap: on a small one the bound is above what any policy can lose.
    fn gap(snr: f64) -> f64 {
        (100.0 * (ARMS as f64 * decoded_variance(1.0, snr) / ROUNDS as f64).sqrt()).min(BOUND / 4.0)
    }
    let bound = |inverse: f64| {
        let snr = inverse.recip();
        regret(ARMS as f64, ROUNDS as f64, BOUND, snr, gap(snr))
    };
    Claim::at_most("regret at most", bound)
        .states(
            "With $K - 1$ gaps $\\Delta$ the regret is at most $(K-1) \\Delta (3 + \\sum_\\ell n_\\ell) + \
             \\min(16 (K-1) v(1) \\ln T / \\Delta, 8\\sqrt{v(1) K T \\ln T})$.",
        )
        .assuming("K = 4, B = 32, T = 2¹⁷, the best mean is B − 1, Δ = min(B/4, 100√(K·v(1)/T))")
        .source(Source::Classical)
        .sweep("1/SNR", [0.25, 4.0, 64.0])
        .full_sweep([0.25, 1.0, 4.0, 16.0, 64.0])
        .replicates(30, 200)
        .trivial(|inverse| 0.75 * ROUNDS as f64 * gap(inverse.recip()))
        .measure(move |inverse, streams| -> Result<f64> {
            let (snr, arms) = (inverse.recip(), ARMS);
            let setting = Setting { arms, bound: BOUND, channel: channel(snr)?, horizon: ROUNDS };
            let mut game = Remote::new(one_good_arm(arms, BOUND, gap(snr), streams)?, setting.channel);
            regret_of(&mut make(setting)?, &mut game, ROUNDS, streams)
        })
}

/// Without refined centres the worst regret is at least (3/4)·√(v(B)/v(1)) times as large.
pub fn recentring_pays<P>(make: impl Fn(Setting) -> Result<P> + Send + Sync + 'static) -> Claim
where
    P: Policy<Context = Downlink, Feedback = f64>,
{
    const SNR: f64 = 0.5;
    Claim::at_least("recentring pays", |bound| recentring_gain(bound, SNR))
        .states(
            "UCB around a fixed centre has at least $\\frac34 \\sqrt{v(B)/v(1)}$ times the worst regret: a factor of \
             the order of $B$.",
        )
        .assuming("K = 4, SNR = 1/2, 2¹² rounds after the exploration, the worst Δ of 32, 8, 2, 1/2, 1/8")
        .source(Source::Derived)
        .sweep("B", [32.0, 64.0])
        .full_sweep([32.0, 48.0, 64.0])
        .replicates(150, 1000)
        .measure(move |bound, streams| -> Result<f64> {
            let gaps = [32.0, 8.0, 2.0, 0.5, 0.125];
            // Both meet the same instances and the same noise.
            let mut twin = streams.clone();
            let worst = |regrets: Vec<f64>| regrets.into_iter().fold(0.0, f64::max);
            let problem = (4, bound, SNR, 1 << 12);
            let fixed = worst(regret_after_exploration(&one_center, problem, gaps, &mut twin)?);
            Ok(fixed / worst(regret_after_exploration(&make, problem, gaps, streams)?))
        })
}

/// Which noise there is in [`nobody_does_better`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noise {
    /// Rewards of variance 1 and the channel's.
    Both,
    /// None, which the theorem does not allow.
    Neither,
}

/// On the family where one arm is at Δ and another at 2Δ the regret is at least (1/27)√((K−1)·T·max(1, 1/SNR)).
///
/// The theorem bounds the worst member; the measurement averages over the members with an arm at 2Δ, which is
/// less.
pub fn nobody_does_better<P>(
    make: impl Fn(Setting) -> Result<P> + Send + Sync + 'static,
    noise: Noise,
) -> Claim
where
    P: Policy<Context = Downlink, Feedback = f64>,
{
    const ARMS: usize = 4;
    const ROUNDS: u64 = 1 << 9;
    let bound = |inverse: f64| minimax_lower(ARMS as f64, ROUNDS as f64, inverse.recip());
    Claim::at_least("nobody does better", bound)
        .states("Every policy has a worst regret of at least $\\frac{1}{27} \\sqrt{(K-1) T \\max(1, 1/\\mathrm{SNR})}$.")
        .assuming("K = 4, T = 2⁹, B = 2; arm 1 at Δ, a random other one at 2Δ, the rest at 0; order 1/SNR")
        .source(Source::Abstract)
        .sweep("1/SNR", [0.25, 2.0, 16.0])
        .full_sweep([0.25, 1.0, 4.0, 16.0])
        .replicates(6000, 20_000)
        .measure(move |inverse, streams| -> Result<f64> {
            let snr = inverse.recip();
            let gap = hard_gap(ARMS as f64, ROUNDS as f64, snr);
            let mut means = vec![0.0; ARMS];
            means[0] = gap;
            means[streams.instance.random_range(1..ARMS)] = 2.0 * gap;
            let (deviation, channel) = match noise {
                Noise::Both => (1.0, channel(snr)?),
                Noise::Neither => (0.0, Channel::new(1.0, 0.0)?),
            };
            let setting = Setting { arms: ARMS, bound: 2.0, channel, horizon: ROUNDS };
            let mut game = Remote::new(Gaussian::new(means, deviation)?, channel);
            regret_of(&mut make(setting)?, &mut game, ROUNDS, streams)
        })
}

/// A broken learner: it explores as it should, but its final UCB takes decoded values for rewards.
#[derive(Debug, Clone)]
struct IgnoresNoise {
    explorer: UeUcb,
    left: u64,
    channel: Channel,
    ucb: Ucb,
}

impl IgnoresNoise {
    fn new(setting: Setting) -> Result<Self> {
        let explorer = ue_ucb(setting)?;
        let left = explorer.exploration();
        let ucb = Ucb::new(setting.arms, 1.0, setting.horizon)?;
        Ok(Self { explorer, left, channel: setting.channel, ucb })
    }
}

impl Policy for IgnoresNoise {
    type Context = Downlink;
    type Feedback = f64;

    fn choose(&mut self, downlink: &Downlink, rng: &mut dyn Rng) -> Result<usize> {
        if self.left > 0 {
            return self.explorer.choose(downlink, rng);
        }
        let arm = self.ucb.choose(&(), rng)?;
        downlink.broadcast(self.explorer.code(arm));
        Ok(arm)
    }

    fn observe(&mut self, arm: usize, received: &f64) -> Result<()> {
        if self.left > 0 {
            self.left -= 1;
            return self.explorer.observe(arm, received);
        }
        self.ucb.observe(arm, &self.channel.decode(*received, self.explorer.code(arm)))
    }
}
