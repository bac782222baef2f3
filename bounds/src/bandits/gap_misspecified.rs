//! What *On the Interplay Between Misspecification and Sub-optimality Gap in Linear Contextual Bandits*
//! promises.
//!
//! The theorems' own constants are far too large to simulate, so the experiments use the radius of
//! Lemma 4.4.6 with a chosen threshold Γ; the constants that the claims assert are derived for it. Statements are
//! numbered as in chapter 4 of the first author's thesis.

mod selection;

use rand::Rng;
use ratebook::bandits::gap_misspecified::{Assumptions, DsOful, SupLinUcb};
use ratebook::bandits::instances::Linear;
use ratebook::bandits::primitives::{Ridge, argmax};
use ratebook::bandits::{Actions, Policy, play};
use ratebook_judge::{Claim, Paper, Source, Streams, powers_of_two};

pub use selection::{few_rounds_kept, regret_where_kept};

/// 16dΓ⁻² ln(3LB/Γ): at most so many rounds are kept (Lemma 4.4.5), for 0 < Γ ≤ 1, L ≥ 1 and λ = B⁻² ≤ 1.
pub fn kept_rounds(dim: f64, gamma: f64, length: f64, bound: f64) -> f64 {
    16.0 * dim / (gamma * gamma) * (3.0 * length * bound / gamma).ln()
}

/// d ln(1 + n·L²/(dλ)): no n vectors of length at most L increase ln det of the regression's matrix by more
/// (classical), while each vector kept increases it by ln(1 + Γ²) or more.
pub fn information(dim: f64, kept: f64, length: f64, lambda: f64) -> f64 {
    dim * (kept * length * length / (dim * lambda)).ln_1p()
}

/// min(1, 2ζ + 2w): the regret of an optimistic round whose confidence interval has half-width w, for rewards
/// in [0, 1]. Derived: r(x*) ≤ ⟨x*, θ*⟩ + ζ ≤ the optimistic value + ζ, and the optimistic value of the action
/// played exceeds its mean by at most 2w + ζ.
pub fn regret_of_round(zeta: f64, half_width: f64) -> f64 {
    (2.0 * zeta + 2.0 * half_width).min(1.0)
}

/// d/Δ: the regret of paired instances up to logarithms, in the gap (Theorem 4.4.1 has d²/Δ).
pub fn gap_rate(dim: f64, gap: f64) -> f64 {
    dim / gap
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let threshold = |gamma: f64| move |a| DsOful::new(a, gamma);
    Paper::new(
        "bandits/gap_misspecified",
        "On the Interplay Between Misspecification and Sub-optimality Gap in Linear Contextual Bandits",
    )
    .arxiv("2303.09390")
    .seed_line(207)
    .claim(
        constant_despite_decoys(threshold(0.12))
            .control("OFUL: keeps every round", constant_despite_decoys(threshold(0.0)))
            .control("too low a threshold", constant_despite_decoys(threshold(0.02)))
            .baseline("SupLinUCB", constant_despite_decoys(SupLinUcb::new))
            .baseline("OFUL with a radius for the misspecification", constant_despite_decoys(wary_oful)),
    )
    .claim(
        few_rounds_kept(DsOful::new)
            .control("keeps every round", few_rounds_kept(|a, _| DsOful::new(a, 0.0))),
    )
    .claim(
        regret_where_kept(DsOful::new)
            .control("a radius without the misspecification", regret_where_kept(heedless)),
    )
    .claim(rate_in_gap(for_gap).control("a radius that grows like √k", rate_in_gap(|a, _| Inflated::new(a))))
    .claim(
        flat_in_rounds(for_gap)
            .control("a radius that grows like √k", flat_in_rounds(|a, _| Inflated::new(a))),
    )
    .claim(
        flat_without_the_gap(SupLinUcb::new)
            .control("a radius that grows like √k", flat_without_the_gap(Inflated::new)),
    )
}

/// L = B = 1, noise 0.1 and δ = 0.1.
fn assumptions(dim: usize, misspecification: f64) -> Assumptions {
    Assumptions { dim, length: 1.0, bound: 1.0, noise: NOISE, misspecification, delta: DELTA }
}

const NOISE: f64 = 0.1;
const DELTA: f64 = 0.1;

/// OFUL with ζ√k in its radius.
fn wary_oful(a: Assumptions) -> ratebook::Result<DsOful> {
    DsOful::new(Assumptions { misspecification: DECOY_ZETA, ..a }, 0.0)
}

/// DS-OFUL that does not expect a misspecification.
fn heedless(a: Assumptions, gamma: f64) -> ratebook::Result<DsOful> {
    DsOful::new(Assumptions { misspecification: 0.0, ..a }, gamma)
}

/// DS-OFUL with Γ = Δ/(4β), β the radius when 10⁴ rounds are kept.
fn for_gap(a: Assumptions, gap: f64) -> ratebook::Result<DsOful> {
    DsOful::new(a, gap / (4.0 * a.radius(10_000)))
}

const DECOY_ZETA: f64 = 0.06;

/// After K/2 rounds of decoys the regret on the rounds that matter does not depend on K.
///
/// A regression on all rounds learns θ_i − ζ/0.1 < 0 from the decoys, with a confidence that grows with K, and
/// then prefers the action 0 for ever: regret ΔK/2 up to the few rounds it takes to be confident. With Γ = 0.12
/// no decoy is wide enough (0.1 at most) to be kept.
pub fn constant_despite_decoys<P>(
    make: impl Fn(Assumptions) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim
where
    P: Policy<Context = Actions, Feedback = f64>,
{
    const GAP: f64 = 0.3;
    Claim::rate("constant despite decoys", |_| 1.0)
        .states("With a misspecification of a fifth of the gap the regret is bounded in the number of rounds $K$.")
        .assuming(
            "d = 4, λ = 1, R = 0.1, Δ = 0.3, ζ = 0.06; K/2 rounds offer only 0.1·e_i with mean \
             ⟨x, θ⟩ − ζ, then K/2 rounds offer (1, …, 1)/√d and 0; radii without ζ√|C|; measured is 1 + regret",
        )
        .source(Source::Abstract)
        .sweep("K", powers_of_two(12..=15))
        .full_sweep(powers_of_two(12..=18))
        .replicates(30, 100)
        .trivial(|rounds| GAP * rounds / 2.0)
        .measure(move |rounds, streams| -> ratebook::Result<f64> {
            let rounds = rounds as u64;
            let mut game = Linear::decoys(4, 0.1, DECOY_ZETA, GAP, NOISE, rounds / 2)?;
            let mut policy = make(assumptions(4, 0.0))?;
            // Regrets of zero have a logarithm too.
            Ok(1.0 + play(&mut policy, &mut game, rounds, &mut streams.noise, &mut streams.algorithm)?)
        })
}

/// Without misspecification the regret is inversely proportional to the gap.
pub fn rate_in_gap<P>(make: impl Fn(Assumptions, f64) -> ratebook::Result<P> + Send + Sync + 'static) -> Claim
where
    P: Policy<Context = Actions, Feedback = f64>,
{
    const DIM: usize = 4;
    Claim::rate_exactly("rate in gap", |inverse| gap_rate(DIM as f64, 1.0 / inverse))
        .states("The regret is proportional to $1/\\Delta$.")
        .assuming("paired basis vectors, d = 4, R = 0.1, K = 2¹⁶, Γ = Δ/(4β) with β at |C| = 10⁴")
        .source(Source::Abstract)
        .sweep("1/Δ", [0.32, 0.16, 0.08, 0.04].map(|gap| 1.0 / gap))
        .replicates(30, 100)
        .detects(0.2)
        .measure(move |inverse, streams| -> ratebook::Result<f64> {
            let gap = 1.0 / inverse;
            let mut game = Linear::paired(DIM, gap, NOISE)?;
            let mut policy = make(assumptions(DIM, 0.0), gap)?;
            play(&mut policy, &mut game, 1 << 16, &mut streams.noise, &mut streams.algorithm)
        })
}

/// The regrets after each of some increasing numbers of rounds of one run.
fn regret_path<P>(
    policy: &mut P,
    game: &mut Linear,
    rounds: &[f64],
    s: &mut Streams,
) -> ratebook::Result<Vec<f64>>
where
    P: Policy<Context = Actions, Feedback = f64>,
{
    let (mut played, mut regret) = (0, 0.0);
    let until = |&rounds: &f64| {
        let more = rounds as u64 - played;
        played = rounds as u64;
        regret += play(policy, game, more, &mut s.noise, &mut s.algorithm)?;
        Ok(regret)
    };
    rounds.iter().map(until).collect()
}

/// The regret does not grow with the number of rounds.
pub fn flat_in_rounds<P>(
    make: impl Fn(Assumptions, f64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim
where
    P: Policy<Context = Actions, Feedback = f64>,
{
    Claim::rate("flat in rounds", |_| 1.0)
        .states("The regret does not grow with the number of rounds $K$.")
        .assuming("paired basis vectors, d = 4, R = 0.1, Δ = 0.1, Γ = Δ/(4β) with β at |C| = 10⁴")
        .source(Source::Abstract)
        .sweep("K", powers_of_two(14..=17))
        .full_sweep(powers_of_two(14..=20))
        .replicates(30, 100)
        .detects(0.05)
        .paths(move |rounds, streams| {
            let mut game = Linear::paired(4, 0.1, NOISE)?;
            regret_path(&mut make(assumptions(4, 0.0), 0.1)?, &mut game, rounds, streams)
        })
}

/// The regret of a policy that does not know the gap does not grow with the number of rounds either.
pub fn flat_without_the_gap<P>(
    make: impl Fn(Assumptions) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim
where
    P: Policy<Context = Actions, Feedback = f64>,
{
    Claim::rate("flat without the gap", |_| 1.0)
        .states("SupLinUCB does not know $\\Delta$, and its regret does not grow with the number of rounds $K$ either.")
        .assuming("paired basis vectors, d = 2, R = 0.1, Δ = 1/2")
        .source(Source::Theorem("4.5.1"))
        .sweep("K", powers_of_two(14..=17))
        .full_sweep(powers_of_two(14..=20))
        .replicates(30, 100)
        .detects(0.05)
        .paths(move |rounds, streams| {
            let mut game = Linear::paired(2, 0.5, NOISE)?;
            regret_path(&mut make(assumptions(2, 0.0))?, &mut game, rounds, streams)
        })
}

/// OFUL with a radius that grows so fast that it never stops to explore.
struct Inflated {
    ridge: Ridge,
    beta: f64,
    played: Vec<f64>,
}

impl Inflated {
    fn new(a: Assumptions) -> ratebook::Result<Self> {
        let (ridge, played) = (Ridge::new(a.dim, a.lambda())?, vec![0.0; a.dim]);
        Ok(Self { ridge, beta: a.radius(10_000), played })
    }
}

impl Policy for Inflated {
    type Context = Actions;
    type Feedback = f64;

    fn choose(&mut self, actions: &Actions, rng: &mut dyn Rng) -> ratebook::Result<usize> {
        let beta = self.beta * (1.0 + self.ridge.observations() as f64).sqrt();
        let scores = actions.iter().map(|x| self.ridge.predict(x) + beta * self.ridge.width(x));
        let arm = argmax(scores, rng).ok_or(ratebook::Error::Empty { name: "actions" })?;
        self.played.copy_from_slice(actions.get(arm));
        Ok(arm)
    }

    fn observe(&mut self, _: usize, reward: &f64) -> ratebook::Result<()> {
        self.ridge.add(&self.played, *reward, 1.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        // 16·2/(1/4)·ln(3·1·2/(1/2)) = 128·ln 12.
        assert_relative_eq!(kept_rounds(2.0, 0.5, 1.0, 2.0), 318.06805117286405, max_relative = 1e-12);
        // 2·ln(1 + 6·4/(2·4)) = 2·ln 4.
        assert_relative_eq!(information(2.0, 6.0, 2.0, 4.0), 2.772_588_722_239_781, max_relative = 1e-12);
        assert_relative_eq!(regret_of_round(0.05, 0.125), 0.35, max_relative = 1e-12);
        assert_eq!(regret_of_round(0.05, 0.5), 1.0);
        assert_relative_eq!(gap_rate(4.0, 0.25), 16.0, max_relative = 1e-12);
    }

    quickcheck! {
        fn a_higher_threshold_keeps_less(dim: u8, gamma: u8) -> bool {
            let (dim, gamma) = (f64::from(dim) + 1.0, (f64::from(gamma) + 1.0) / 256.0);
            let kept = kept_rounds(dim, gamma, 1.0, 1.0);
            kept_rounds(dim, gamma / 2.0, 1.0, 1.0) > 4.0 * kept
                && (kept_rounds(2.0 * dim, gamma, 1.0, 1.0) / kept - 2.0).abs() < 1e-12
        }

        fn information_grows_and_saturates(dim: u8, kept: u16) -> bool {
            let (dim, kept) = (f64::from(dim) + 1.0, f64::from(kept) + 1.0);
            let gain = information(dim, kept, 1.0, 1.0);
            // ln(1 + x) ≤ x, and doubling the rounds adds at most ln 2 a dimension.
            gain <= kept && gain < information(dim, 2.0 * kept, 1.0, 1.0)
                && information(dim, 2.0 * kept, 1.0, 1.0) <= gain + dim * 2f64.ln()
        }
    }
}
