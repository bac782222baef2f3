//! How many rounds are kept, and where the regret is.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use ratebook::bandits::gap_misspecified::{Assumptions, Selective};
use ratebook::bandits::instances::Linear;
use ratebook::bandits::primitives::Ridge;
use ratebook::bandits::{Actions, Game};
use ratebook::math::vector::{dot, norm};
use ratebook_judge::{Claim, Source, Streams};

use super::{DELTA, NOISE, assumptions, information, kept_rounds, regret_of_round};

/// Whatever is offered, the number of rounds kept stays below Lemma 4.4.5 and below the growth of ln det.
pub fn few_rounds_kept<P: Selective>(
    make: impl Fn(Assumptions, f64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    const ROUNDS: usize = 1 << 14;
    Claim::always("few rounds kept")
        .states(
            "$|C| \\le 16 d \\Gamma^{-2} \\ln(3LB/\\Gamma)$ and \
             $|C| \\ln(1 + \\Gamma^2) \\le d \\ln(1 + |C| L^2/(d \\lambda))$ for every sequence of decision sets.",
        )
        .assuming(
            "2¹⁴ rounds, d = 1, 2 and 4, B = 1 and 3; basis vectors in turn as short as are still kept, basis vectors in \
             turn, and three random actions",
        )
        .source(Source::Theorem("4.4.5"))
        .computed()
        .sweep("Γ", [0.05, 0.1, 0.2, 0.3, 0.5, 1.0])
        .check(move |gamma, streams, cases| -> ratebook::Result<()> {
            for (dim, bound) in [(1, 1.0), (1, 3.0), (2, 1.0), (2, 3.0), (4, 1.0), (4, 3.0)] {
                for offers in [Offers::Short, Offers::Basis, Offers::Random] {
                    let a = Assumptions { bound, ..assumptions(dim, 0.0) };
                    let kept = keep(&mut make(a, gamma)?, a, offers, gamma, ROUNDS, streams)? as f64;
                    let told = || format!("{offers:?}, d = {dim}, B = {bound}");
                    cases.at_most(kept, kept_rounds(dim as f64, gamma, 1.0, bound), told);
                    let growth = kept * (gamma * gamma).ln_1p();
                    // Equality is possible: at Γ = 1 when each basis vector is kept once.
                    let most = information(dim as f64, kept, 1.0, a.lambda()) * (1.0 + 1e-9);
                    cases.at_most(growth, most, told);
                }
            }
            Ok(())
        })
}

/// What the decision sets of [`few_rounds_kept`] hold.
#[derive(Debug, Clone, Copy)]
enum Offers {
    /// One basis vector, in turn, scaled down to a width of Γ: each is kept and teaches as little as it can.
    Short,
    /// One basis vector, in turn.
    Basis,
    /// Three random directions with random lengths.
    Random,
}

fn keep(
    policy: &mut impl Selective,
    a: Assumptions,
    offers: Offers,
    gamma: f64,
    rounds: usize,
    streams: &mut Streams,
) -> ratebook::Result<u64> {
    // The adversary knows what was kept.
    let mut mirror = Ridge::new(a.dim, a.lambda())?;
    for round in 0..rounds {
        let mut x = vec![0.0; a.dim];
        x[round % a.dim] = a.length;
        let actions = match offers {
            Offers::Short => {
                let shrink = gamma * (1.0 + 1e-9) / mirror.width(&x);
                x[round % a.dim] *= shrink.min(1.0);
                Actions::new(a.dim, x)?
            }
            Offers::Basis => Actions::new(a.dim, x)?,
            Offers::Random => {
                Actions::new(a.dim, (0..3).flat_map(|_| random(&a, &mut streams.noise)).collect())?
            }
        };
        let (arm, before) = (policy.choose(&actions, &mut streams.algorithm)?, policy.kept());
        policy.observe(arm, &0.0)?;
        if policy.kept() > before {
            mirror.add(actions.get(arm), 0.0, 1.0);
        }
    }
    Ok(policy.kept())
}

/// A random direction with a length that is uniform up to the largest one.
fn random(a: &Assumptions, rng: &mut impl Rng) -> Vec<f64> {
    let mut x: Vec<f64> = (0..a.dim).map(|_| rng.sample(StandardNormal)).collect();
    let scale = a.length * rng.random::<f64>() / norm(&x);
    x.iter_mut().for_each(|xi| *xi *= scale);
    x
}

/// Only rounds that are kept have regret, and each at most min(1, 2ζ + 2β_k‖x_k‖), with probability 1 − δ.
///
/// Derived: on the event of Lemma 4.4.6 a round's regret is at most [`regret_of_round`]; where ‖x_k‖ < Γ and
/// 2ζ + 2β_kΓ < Δ that is less than the gap, hence zero. That the second inequality holds is asserted at the end of
/// every run.
pub fn regret_where_kept<P: Selective>(
    make: impl Fn(Assumptions, f64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::fails_at_most("regret where kept", |delta| delta)
        .states(
            "With probability $1 - \\delta$ the regret is at most \
             $\\sum_{k \\in C} \\min(1, 2\\zeta + 2\\beta_k \\|x_k\\|_{U^{-1}})$ and no round outside $C$ has any.",
        )
        .assuming(
            "2ζ + 2βΓ < Δ, K = 2¹⁴, R = 0.1; random decision sets with d = 3, Δ = 0.5, ζ = 0.01, Γ = 0.1, and decoys \
             0.07·e_i with d = 2, Δ = 0.3, ζ = 0.033, Γ = 0.014",
        )
        .source(Source::Derived)
        .sweep("δ", [DELTA])
        .replicates(160, 600)
        .measure(move |_, streams| -> ratebook::Result<Vec<f64>> {
            const ROUNDS: u64 = 1 << 14;
            let random = random_game(3, 0.5, 0.01, streams)?;
            let decoys = Linear::decoys(2, 0.07, 0.033, 0.3, NOISE, ROUNDS * 3 / 4)?;
            let mut ratios = Vec::with_capacity(4);
            for (mut game, a, gap, gamma) in
                [(random, assumptions(3, 0.01), 0.5, 0.1), (decoys, assumptions(2, 0.033), 0.3, 0.014)]
            {
                let (mut policy, mut inside, mut outside, mut allowed) = (make(a, gamma)?, 0.0, 0.0, 0.0);
                for _ in 0..ROUNDS {
                    game.open(&mut streams.noise);
                    let arm = policy.choose(game.context(), &mut streams.algorithm)?;
                    let half_width = policy.half_width(game.context().get(arm));
                    let (regret, before) = (game.regret(arm), policy.kept());
                    policy.observe(arm, game.feedback(arm, &[], &mut streams.noise))?;
                    if policy.kept() > before {
                        inside += regret;
                        allowed += regret_of_round(a.misspecification, half_width);
                    } else {
                        outside += regret;
                    }
                }
                let unseen = regret_of_round(a.misspecification, a.radius(policy.kept()) * gamma);
                if !(unseen < gap) {
                    let (name, requirement) = ("2ζ + 2βΓ", "less than the gap: the experiment is misdesigned");
                    return Err(ratebook::Error::OutOfRange { name, value: unseen, requirement });
                }
                // One round of regret outside is the gap or more.
                ratios.extend([(inside + outside) / allowed, outside / (gap / 2.0)]);
            }
            Ok(ratios)
        })
}

/// Twenty random decision sets of three actions on the unit sphere, whose best means are ahead by `gap` or more after
/// a misspecification of ±`zeta`.
fn random_game(dim: usize, gap: f64, zeta: f64, streams: &mut Streams) -> ratebook::Result<Linear> {
    let rng = &mut streams.instance;
    let unit = |rng: &mut _| {
        let x = random(&assumptions(dim, 0.0), rng);
        let length = norm(&x);
        x.into_iter().map(|xi| xi / length).collect::<Vec<f64>>()
    };
    let theta = unit(rng);
    let (mut contexts, mut offsets) = (Vec::new(), Vec::new());
    while contexts.len() < 20 {
        let actions: Vec<Vec<f64>> = (0..3).map(|_| unit(rng)).collect();
        let signs: Vec<f64> = (0..3).map(|_| if rng.random() { zeta } else { -zeta }).collect();
        let mean = |(x, sign): (&Vec<f64>, &f64)| dot(x, &theta) + sign;
        let mut means: Vec<f64> = actions.iter().zip(&signs).map(mean).collect();
        means.sort_by(f64::total_cmp);
        if means[2] - means[1] >= gap {
            contexts.push(Actions::new(dim, actions.concat())?);
            offsets.push(signs);
        }
    }
    Linear::new(theta, NOISE, contexts)?.misspecified(offsets)
}
