//! The claims that play: on the star, where exploration pays, and without edges, where it does not.

use ratebook::bandits::instances::{Adversary, Graph, Segments};
use ratebook::bandits::{Policy, Revealed, play};
use ratebook_judge::{Claim, Source, Streams, powers_of_two};

use super::{complexity, regret};

/// The pseudo-regret of one run on a star with a bad centre: loss 1 at the centre, mean 0.1 at one leaf and 1/2 at
/// the others. A leaf shows itself and the centre, the centre shows all.
fn on_the_star<P: Policy<Context = (), Feedback = [Revealed]>>(
    make: &impl Fn(&Graph, f64) -> ratebook::Result<P>,
    leaves: usize,
    horizon: f64,
    streams: &mut Streams,
) -> ratebook::Result<f64> {
    let graph = Graph::star(leaves + 1)?;
    let mut means = vec![0.5; leaves + 1];
    (means[0], means[1]) = (1.0, 0.1);
    let mut policy = make(&graph, horizon)?;
    let mut game = Adversary::new(Segments::stationary(means)?, graph, horizon as u64)?;
    play(&mut policy, &mut game, horizon as u64, &mut streams.noise, &mut streams.algorithm)
}

/// On a star with more leaves than T^(1/3) the regret grows like T^(2/3), not like √T, for a gap that does not
/// change with T.
pub fn rate_on_the_star<P: Policy<Context = (), Feedback = [Revealed]>>(
    make: impl Fn(&Graph, f64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    const LEAVES: usize = 256;
    Claim::rate_exactly("rate on the star", |horizon| complexity(1.0, 0.0, horizon))
        .states("On a star with $N > T^{1/3}$ leaves the regret grows like $R^*_T = T^{2/3}$.")
        .assuming("256 leaves; losses 0 and 1 with mean 1 at the centre, 0.1 at one leaf, 1/2 at the others")
        .source(Source::Abstract)
        .sweep("T", powers_of_two(9..=15))
        .replicates(30, 200)
        .detects(0.05)
        .measure(move |horizon, streams| on_the_star(&make, LEAVES, horizon, streams))
}

/// On a star the regret does not depend on the number of leaves, but for ln^(1/3) N.
pub fn independent_of_arms<P: Policy<Context = (), Feedback = [Revealed]>>(
    make: impl Fn(&Graph, f64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    const HORIZON: f64 = 8192.0;
    Claim::rate("independent of arms", |leaves| (leaves + 1.0).ln().cbrt())
        .states("On a star the regret does not grow with the number of leaves $N$, but for $\\ln^{1/3} N$.")
        .assuming("T = 8192; losses 0 and 1 with mean 1 at the centre, 0.1 at one leaf, 1/2 at the others")
        .source(Source::Abstract)
        .sweep("N", powers_of_two(5..=10))
        .full_sweep(powers_of_two(5..=12))
        .replicates(30, 100)
        .detects(0.05)
        .measure(move |leaves, streams| on_the_star(&make, leaves as usize, HORIZON, streams))
}

/// On the star the regret is at most the bound for exploring the centre.
pub fn regret_at_most<P: Policy<Context = (), Feedback = [Revealed]>>(
    make: impl Fn(&Graph, f64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    const LEAVES: usize = 256;
    Claim::at_most("regret at most", |horizon| regret(1.0, 0.0, LEAVES as f64 + 1.0, horizon))
        .states(
            "$\\mathbb{E}\\,\\mathrm{Regret} \\le \\gamma T + \\sqrt{2 T \\ln N (\\alpha_U/(1-\\gamma) + \
             |D|/\\gamma)}$.",
        )
        .assuming("256 leaves; losses 0 and 1 with mean 1 at the centre, 0.1 at one leaf, 1/2 at the others")
        .source(Source::Derived)
        .sweep("T", powers_of_two(9..=15))
        .replicates(30, 200)
        .trivial(|horizon| 0.4 * horizon)
        .measure(move |horizon, streams| on_the_star(&make, LEAVES, horizon, streams))
}

/// Without edges nothing is worth exploring, and the worst regret over a fixed grid of gaps grows like √(NT).
pub fn rate_without_edges<P: Policy<Context = (), Feedback = [Revealed]>>(
    make: impl Fn(&Graph, f64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    const ARMS: usize = 8;
    Claim::rate("rate without edges", |horizon| complexity(0.0, ARMS as f64, horizon))
        .states("Without edges the worst-case regret grows at most like $R^*_T = \\sqrt{N T}$.")
        .assuming("N = 8, losses 0 and 1 of mean 1/2, one arm 1/2 − Δ, the worst Δ of 2⁻¹, …, 2⁻⁷")
        .source(Source::Abstract)
        .sweep("T", powers_of_two(8..=14))
        .replicates(30, 400)
        .detects(0.07)
        .measure(move |horizon, streams| -> ratebook::Result<Vec<f64>> {
            let graph = Graph::edgeless(ARMS)?;
            let mut run = |gap: f64| {
                let mut policy = make(&graph, horizon)?;
                let losses = Segments::one_good_arm(ARMS, gap)?;
                let mut game = Adversary::new(losses, graph.clone(), horizon as u64)?;
                play(&mut policy, &mut game, horizon as u64, &mut streams.noise, &mut streams.algorithm)
            };
            (1..=7).map(|k| run(0.5_f64.powi(k))).collect()
        })
}
