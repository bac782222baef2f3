//! What *Optimistic Online Mirror Descent for Bridging Stochastic and Adversarial Online Convex Optimization*
//! promises.
//!
//! The rates are the abstract's; their constants are derived on the algorithm's page and smaller than what we
//! remember of the paper's. A claim takes the learner as a function of the set, the starting point, and the
//! bound G on the gradients (or the strong convexity λ): `OptimisticMirrorDescent::convex`, or yours.

mod convex;
mod strongly_convex;

pub use convex::{every_sequence, interpolates, long_sequences, rate_in_noise, rate_in_rounds, self_play};
pub use strongly_convex::{every_centre, logarithmic, long_centres, vanishing_drift};

use rand::Rng;
use ratebook::math::vector::distance;
use ratebook::online::optimistic_mirror_descent::OptimisticMirrorDescent as Omd;
use ratebook::online::primitives::Game;
use ratebook_judge::Paper;

/// D(½√(4G² + S) + √S): the regret on linear losses, for every sequence and every comparator, where the set has
/// diameter D, gradients are at most G long and S = Σ‖g_t − g_{t−1}‖² with g_0 = 0.
///
/// Derived on the algorithm's page.
pub fn linear_regret(diameter: f64, gradient_bound: f64, variation: f64) -> f64 {
    diameter * (0.5 * (4.0 * gradient_bound.powi(2) + variation).sqrt() + variation.sqrt())
}

/// D(½√(4G² + V) + √V) with V = 2σ²_{1:T} + Σ²_{1:T}: the expected regret on linear losses whose slopes have
/// cumulative variance σ²_{1:T} = `noise` and whose mean slopes θ_t move by Σ²_{1:T} = Σ‖θ_t − θ_{t−1}‖² =
/// `movement`, θ_0 = 0.
///
/// Derived: for independent noise E S ≤ V, and [`linear_regret`] is concave in S.
pub fn interpolated_regret(diameter: f64, gradient_bound: f64, noise: f64, movement: f64) -> f64 {
    linear_regret(diameter, gradient_bound, 2.0 * noise + movement)
}

/// Σ_t ‖g_t − g_{t−1}‖²/t ÷ λ: the regret on λ-strongly convex losses, for every sequence and comparator, of
/// `weighted` = Σ_t ‖g_t − g_{t−1}‖²/t with g_0 = 0. Derived on the algorithm's page.
pub fn strongly_convex_regret(lambda: f64, weighted: f64) -> f64 {
    weighted / lambda
}

/// ⅔λσ²: what the expected regret on ½λ‖x − c − ξ_t‖² grows by, in the limit, while ln T grows by one; σ² is
/// the variance of ξ_t.
///
/// Derived: e_t = x̂_t − c obeys e_{t+1} = (1 − 2/t)e_t + (2/t)ξ_t + O(1/t²), so that E‖e_t‖² → 4σ²/(3t), and the
/// regret adds ½λE‖e_t‖² a round.
pub fn growth_per_log(lambda: f64, sigma: f64) -> f64 {
    2.0 / 3.0 * lambda * sigma * sigma
}

/// The same between T = `rounds` and 2T, exactly: (E R(2T) − E R(T))/ln 2 for the learner in the whole space
/// that starts at c. O(T).
///
/// Derived: x_t − c = e_t − η_t M_t, M_{t+1} = λ(x_t − c − ξ_t) and e_{t+1} = e_t − η_t M_{t+1} are linear in
/// independent ξ_t, so that their second moments follow a recursion.
pub fn growth_per_octave(lambda: f64, sigma: f64, rounds: f64) -> f64 {
    // E‖e‖², E⟨e, M⟩ and E‖M‖² in units where λ = 1.
    let (mut ee, mut em, mut mm, mut grown) = (0.0, 0.0, 0.0, 0.0);
    for t in 1..=2 * rounds as u64 {
        let eta = 2.0 / t as f64;
        let xx = ee - 2.0 * eta * em + eta * eta * mm;
        if t as f64 > rounds {
            grown += 0.5 * xx;
        }
        let ex = ee - eta * em;
        mm = xx + sigma * sigma;
        (ee, em) = (ee - 2.0 * eta * ex + eta * eta * mm, ex - eta * mm);
    }
    lambda * grown / std::f64::consts::LN_2
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let blind = |set, start: &[f64], g| Ok(Omd::convex(set, start, g)?.without_guesses());
    let title =
        "Optimistic Online Mirror Descent for Bridging Stochastic and Adversarial Online Convex Optimization";
    Paper::new("online/optimistic_mirror_descent", title)
        .arxiv("2302.04552")
        .seed_line(119)
        .claim(
            rate_in_rounds(Omd::convex)
                .control(
                    "constant step 1/(4G)",
                    rate_in_rounds(|k, x, g| Omd::polynomial(k, x, 0.25 / g, 0.0)),
                )
                .baseline(
                    "without guesses",
                    rate_in_rounds(|k, x, g| Ok(Omd::convex(k, x, g)?.without_guesses())),
                ),
        )
        .claim(rate_in_noise(Omd::convex).control(
            "step 1/√t, whatever the gradients' size",
            rate_in_noise(|k, x, _| Omd::polynomial(k, x, 1.0, 0.5)),
        ))
        .claim(interpolates(Omd::convex).control(
            "step 1/√t, whatever the gradients' size",
            interpolates(|k, x, _| Omd::polynomial(k, x, 1.0, 0.5)),
        ))
        .claim(
            self_play(Omd::convex)
                .control("without guesses", self_play(blind))
                .baseline("with δ = 10D²L²", self_play(|k, x, g| Omd::convex(k, x, g)?.smooth(1.0))),
        )
        .claim(
            every_sequence(Omd::convex)
                .control("constant step 1/100", every_sequence(|k, x, _| Omd::polynomial(k, x, 0.01, 0.0))),
        )
        .claim(long_sequences(Omd::convex).control(
            "constant step 1/2 without guesses",
            long_sequences(|k, x, _| Ok(Omd::polynomial(k, x, 0.5, 0.0)?.without_guesses())),
        ))
        .claim(
            every_centre(Omd::strongly_convex).control(
                "step 2/(λt²)",
                every_centre(|k, x, lambda| Omd::polynomial(k, x, 2.0 / lambda, 2.0)),
            ),
        )
        .claim(
            long_centres(Omd::strongly_convex).control(
                "step 2/(λ√t)",
                long_centres(|k, x, lambda| Omd::polynomial(k, x, 2.0 / lambda, 0.5)),
            ),
        )
        .claim(
            logarithmic(Omd::strongly_convex)
                .control("the step for convex losses", logarithmic(|k, x, _| Omd::convex(k, x, 4.0))),
        )
        .claim(vanishing_drift(Omd::strongly_convex).control(
            "step 2/(λt²), which stops before it arrives",
            vanishing_drift(|k, x, lambda| Omd::polynomial(k, x, 2.0 / lambda, 2.0)),
        ))
}

/// A game with a record of how far each gradient was from the one before.
struct Watched<G> {
    game: G,
    last: Vec<f64>,
    round: f64,
    /// Σ ‖g_t − g_{t−1}‖², and the same with weights 1/t.
    variation: f64,
    weighted: f64,
}

impl<G: Game> Watched<G> {
    fn new(game: G) -> Self {
        Self { last: vec![0.0; game.dim()], game, round: 0.0, variation: 0.0, weighted: 0.0 }
    }
}

impl<G: Game> Game for Watched<G> {
    fn dim(&self) -> usize {
        self.game.dim()
    }

    fn play(&mut self, point: &[f64], rng: &mut dyn Rng, gradient: &mut [f64]) {
        self.game.play(point, rng, gradient);
        let change = distance(gradient, &self.last).powi(2);
        self.round += 1.0;
        self.variation += change;
        self.weighted += change / self.round;
        self.last.copy_from_slice(gradient);
    }

    fn regret(&self) -> f64 {
        self.game.regret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        // 2·(½·√(4·4 + 9) + 3) = 2·5.5.
        assert_relative_eq!(linear_regret(2.0, 2.0, 9.0), 11.0, max_relative = 1e-12);
        assert_relative_eq!(linear_regret(3.0, 0.5, 0.0), 1.5, max_relative = 1e-12);
        // V = 2·4 + 1 = 9.
        assert_relative_eq!(interpolated_regret(2.0, 2.0, 4.0, 1.0), 11.0, max_relative = 1e-12);
        assert_relative_eq!(strongly_convex_regret(0.5, 3.0), 6.0, max_relative = 1e-12);
        assert_relative_eq!(growth_per_log(3.0, 0.5), 0.5, max_relative = 1e-12);
        // Round 1: x = e = 0, M = −ξ₁, e = 2ξ₁. Round 2: x = e − M = 3ξ₁, so that ½·9σ² is paid.
        let by_hand = 2.0 * 4.5 * 0.25 / 2f64.ln();
        assert_relative_eq!(growth_per_octave(2.0, 0.5, 1.0), by_hand, max_relative = 1e-12);
        assert_relative_eq!(growth_per_octave(2.0, 0.5, 1e5), growth_per_log(2.0, 0.5), max_relative = 1e-4);
    }

    quickcheck! {
        fn scaling(d: u8, g: u8, s: u16, c: u8) -> bool {
            let (d, g, s, c) = (f64::from(d), f64::from(g), f64::from(s), f64::from(c) + 1.0);
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs();
            close(linear_regret(d, c * g, c * c * s), c * linear_regret(d, g, s))
                && close(linear_regret(c * d, g, s), c * linear_regret(d, g, s))
                && linear_regret(d, g, s + 1.0) >= linear_regret(d, g, s)
        }

        fn noise_counts_twice(g: u8, noise: u16) -> bool {
            let (g, noise) = (f64::from(g), f64::from(noise));
            interpolated_regret(2.0, g, noise, 0.0) == interpolated_regret(2.0, g, 0.0, 2.0 * noise)
        }
    }
}
