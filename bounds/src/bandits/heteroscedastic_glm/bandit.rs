//! Bandits that are told the noise of each round.

use ratebook::bandits::baselines::WeightedOful;
use ratebook::bandits::heteroscedastic_glm::MorUcb;
use ratebook::bandits::instances::Linear;
use ratebook::bandits::primitives::NoiseRange;
use ratebook::bandits::{Actions, Policy, play};
use ratebook_judge::{Claim, Source, Streams};

use super::variance_rate;

const DIM: usize = 8;
const ROUNDS: u64 = 4096;
const QUIET: f64 = 0.02;

/// The fixed grid of gaps 2^{−k}, the same at every noise level.
const GAPS: [i32; 7] = [1, 2, 3, 4, 5, 6, 7];

/// Every second gap of the grid.
const COARSE: [i32; 4] = [1, 3, 5, 7];

/// MOR-UCB with a single layer, which takes all noise for σ_max.
pub(super) fn without_layers(noise: NoiseRange) -> ratebook::Result<MorUcb> {
    MorUcb::new(NoiseRange { sigma_min: noise.sigma_max / 2.0, ..noise })
}

pub(super) fn weighted(noise: NoiseRange) -> ratebook::Result<WeightedOful> {
    WeightedOful::new(noise)
}

/// The regret on paired basis vectors with these noise levels, for each gap of the grid.
fn on_the_grid<P>(
    make: &impl Fn(NoiseRange) -> ratebook::Result<P>,
    gaps: &[i32],
    levels: &[f64],
    streams: &mut Streams,
) -> ratebook::Result<Vec<f64>>
where
    P: Policy<Context = Actions, Feedback = f64>,
{
    let regret = |&k: &i32| {
        let gap = 0.5f64.powi(k);
        let mut game = Linear::paired(DIM, gap, 1.0)?.announcing(levels.to_vec())?;
        let mut policy = make(NoiseRange {
            dim: DIM,
            length: 1.0,
            bound: gap * (DIM as f64 / 2.0).sqrt(),
            lambda: 1e-3,
            sigma_min: QUIET,
            sigma_max: 1.0,
            delta: 0.1,
        })?;
        play(&mut policy, &mut game, ROUNDS, &mut streams.noise, &mut streams.algorithm)
    };
    gaps.iter().map(regret).collect()
}

/// When all rounds have the same noise σ the worst regret grows like √(Σσ_t²).
pub fn rate_in_variance<P>(make: impl Fn(NoiseRange) -> ratebook::Result<P> + Send + Sync + 'static) -> Claim
where
    P: Policy<Context = Actions, Feedback = f64>,
{
    let total = |sigma: f64| sigma * sigma * ROUNDS as f64;
    Claim::rate_exactly("rate in variance", variance_rate)
        .states("The worst regret grows like $\\sqrt{\\sum_t \\sigma_t^2}$, not like $\\sigma_{\\max} \\sqrt{T}$.")
        .assuming(
            "paired basis vectors, d = 8, T = 4096, all rounds with the same σ; σ_min = 0.02, σ_max = 1, λ = 10⁻³, \
             δ = 0.1; the worst gap of 2⁻¹, …, 2⁻⁷",
        )
        .source(Source::Abstract)
        .from_memory()
        .sweep("Σσ²", [0.04, 0.08, 0.16, 0.32, 0.64].map(total))
        .full_sweep([0.04, 0.08, 0.16, 0.32, 0.64, 1.0].map(total))
        .replicates(30, 200)
        .detects(0.12)
        .measure(move |total, streams| on_the_grid(&make, &GAPS, &[(total / ROUNDS as f64).sqrt()], streams))
}

/// When only a part of the rounds is loud, a policy that knows σ_max alone has at least ten times the worst regret.
pub fn cheap_in_a_mixture<P>(
    make: impl Fn(NoiseRange) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim
where
    P: Policy<Context = Actions, Feedback = f64>,
{
    Claim::at_least("cheap in a mixture", |_| 10.0)
        .states("If at most half of the rounds are loud, OFUL with $\\sigma_{\\max}$ has ten times the worst regret.")
        .assuming(
            "paired basis vectors, d = 8, T = 4096, a share v of rounds with σ = 1, the rest with σ = 0.02; λ = 10⁻³, \
             δ = 0.1; the ratio of the worst regrets over gaps 2⁻¹, 2⁻³, 2⁻⁵, 2⁻⁷",
        )
        .source(Source::Empirical)
        .sweep("v", [0.125, 0.5])
        .full_sweep([0.125, 0.25, 0.5])
        .replicates(60, 200)
        .measure(move |share, streams| -> ratebook::Result<f64> {
            let mut levels = vec![QUIET; (1.0 / share) as usize];
            levels[0] = 1.0;
            let worst = |regrets: Vec<f64>| regrets.into_iter().fold(0.0, f64::max);
            let rival = worst(on_the_grid(&without_layers, &COARSE, &levels, &mut streams.clone())?);
            Ok(rival / worst(on_the_grid(&make, &COARSE, &levels, streams)?))
        })
}
