//! What *Optimal Rates and Efficient Algorithms for Online Bayesian Persuasion* promises.
//!
//! The rates are the abstract's; the constants are derived on the algorithm's page. A claim takes the sender as
//! a function of the game and the horizon: `SemiBandit::new`, or yours.

mod offline;
mod regret;

pub use offline::{menus, offline_optimum};
pub use regret::{full_feedback, learned_menus, partial_feedback, rate_in_rounds};

use ratebook::online::bayesian_persuasion::{
    Feedback, Hedge, Incentives, Persuasion, PerturbedLeader, Scheme, SemiBandit, Sender, best_menu,
};
use ratebook_judge::Paper;

/// √(2T|W|·ln|V|): the expected regret under partial feedback after T = `rounds`, with |W| posteriors and |V|
/// schemes, for utilities in [0, 1] and every sequence of types. Derived on the algorithm's page.
pub fn partial_regret(rounds: f64, posteriors: f64, schemes: f64) -> f64 {
    (2.0 * rounds * posteriors * schemes.ln()).sqrt()
}

/// √(T·ln|V|/2): the regret under full feedback, for every sequence of types. Classical (Hedge with losses in
/// [0, 1] and η = √(8 ln|V|/T)).
pub fn full_regret(rounds: f64, schemes: f64) -> f64 {
    (rounds * schemes.ln() / 2.0).sqrt()
}

/// 2√(KT): the expected regret of the perturbed leader among menus for K types, for every sequence of types.
///
/// Derived from Kalai and Vempala 2005 (Theorem 1.1), E regret ≤ εRAT + D/ε with perturbations up to 1/ε: menus
/// are vectors of K utilities in [0, 1] (D ≤ K), a round picks one of them (R, A ≤ 1), and 1/ε = √(T/K).
pub fn menu_regret(rounds: f64, types: f64) -> f64 {
    2.0 * (types * rounds).sqrt()
}

/// min(1, μ/τ): the best probability of conviction by a judge who convicts from posterior τ on. Classical
/// (Kamenica and Gentzkow 2011).
pub fn conviction(prior: f64, tau: f64) -> f64 {
    (prior / tau).min(1.0)
}

/// max_j Σ_k f_k·(μ/τ_j)·1\[τ_k ≤ τ_j\]: the best utility against judges with thresholds τ_k > μ that come with
/// frequencies f_k.
///
/// Derived: the concave envelope at μ of an increasing step function that is 0 at and below μ is attained by
/// splitting between 0 and one of the steps.
pub fn best_conviction(prior: f64, thresholds: &[f64], frequencies: &[f64]) -> f64 {
    let convinced = |tau: f64| -> f64 {
        thresholds.iter().zip(frequencies).filter(|&(&t, _)| t <= tau).map(|(_, f)| f).sum()
    };
    thresholds.iter().map(|&tau| prior / tau * convinced(tau)).fold(0.0, f64::max)
}

/// The concave envelope, at `prior`, of the function through (i/n, values\[i\]), n + 1 values: the best that any
/// scheme whose posteriors are multiples of 1/n can do. O(n), by the upper hull.
pub fn concave_envelope(values: &[f64], prior: f64) -> f64 {
    let width = 1.0 / (values.len() - 1) as f64;
    let mut hull: Vec<(f64, f64)> = Vec::new();
    for (i, &value) in values.iter().enumerate() {
        let next = (i as f64 * width, value);
        while let [.., a, b] = hull[..]
            && (b.1 - a.1) * (next.0 - a.0) <= (next.1 - a.1) * (b.0 - a.0)
        {
            hull.pop();
        }
        hull.push(next);
    }
    let right = hull.partition_point(|&(x, _)| x < prior).clamp(1, hull.len() - 1);
    let ((x0, y0), (x1, y1)) = (hull[right - 1], hull[right]);
    y0 + (y1 - y0) * (prior - x0) / (x1 - x0)
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let unweighted =
        |game: &Persuasion, rounds| Ok(SemiBandit::new(game, rounds)?.without_importance_weights());
    let commits = |game: &Persuasion, rounds| Ok(ExploreThenCommit::new(game, rounds));
    let title = "Optimal Rates and Efficient Algorithms for Online Bayesian Persuasion";
    Paper::new("online/bayesian_persuasion", title)
        .arxiv("2303.01296")
        .seed_line(263)
        .claim(
            partial_feedback(SemiBandit::new)
                .control("losses not divided by q", partial_feedback(unweighted))
                .control("explores for T^(2/3) rounds, then commits", partial_feedback(commits)),
        )
        .claim(
            rate_in_rounds(SemiBandit::new)
                .control("losses not divided by q", rate_in_rounds(unweighted))
                .control("explores for T^(2/3) rounds, then commits", rate_in_rounds(commits)),
        )
        .claim(
            full_feedback(Hedge::new)
                .control("follows the best scheme so far", full_feedback(|game, _| Ok(Leader::new(game)))),
        )
        .claim(offline_optimum(Persuasion::courtroom).control(
            "never splits to the posterior 0",
            offline_optimum(|prior, taus| {
                Persuasion::courtroom(prior, taus)?.restricted(|sent| sent.len() == 1 || sent[0] > 0.0)
            }),
        ))
        .claim(menus(|game, frequencies| best_menu(game, frequencies, Incentives::Required)).control(
            "truthful reports taken for granted",
            menus(|game, frequencies| best_menu(game, frequencies, Incentives::Ignored)),
        ))
        .claim(learned_menus(PerturbedLeader::new).control(
            "without perturbations",
            learned_menus(|game, rounds| Ok(PerturbedLeader::new(game, rounds)?.without_perturbations())),
        ))
}

/// Plays all schemes alike for T^(2/3) rounds, and then for ever the one whose loss is least by the mean loss of
/// each posterior.
struct ExploreThenCommit {
    game: Persuasion,
    mixture: Vec<f64>,
    /// The number and the summed losses of the times that each posterior was sent.
    seen: Vec<(f64, f64)>,
    remaining: u64,
}

impl ExploreThenCommit {
    fn new(game: &Persuasion, rounds: u64) -> Self {
        let schemes = game.schemes().len();
        let remaining = (rounds as f64).powf(2.0 / 3.0).ceil() as u64;
        let (mixture, seen) =
            (vec![1.0 / schemes as f64; schemes], vec![(0.0, 0.0); game.posteriors().len()]);
        Self { game: game.clone(), mixture, seen, remaining }
    }
}

impl Sender for ExploreThenCommit {
    fn mixture(&self) -> &[f64] {
        &self.mixture
    }

    fn observe(&mut self, feedback: Feedback) -> ratebook::Result<()> {
        let Feedback { posterior, action, .. } = feedback;
        if self.remaining == 0 {
            return Ok(());
        }
        self.seen[posterior].0 += 1.0;
        self.seen[posterior].1 += 1.0 - self.game.payoff(posterior, action);
        self.remaining -= 1;
        if self.remaining == 0 {
            let mean = |posterior: usize| self.seen[posterior].1 / self.seen[posterior].0.max(1.0);
            let loss = |v: &Scheme| v.support().iter().map(|&(xi, weight)| weight * mean(xi)).sum();
            let losses: Vec<f64> = self.game.schemes().iter().map(loss).collect();
            commit(&mut self.mixture, &losses);
        }
        Ok(())
    }
}

/// Plays the scheme with the least loss so far.
struct Leader {
    game: Persuasion,
    mixture: Vec<f64>,
    losses: Vec<f64>,
}

impl Leader {
    fn new(game: &Persuasion) -> Self {
        let schemes = game.schemes().len();
        Self { game: game.clone(), mixture: vec![1.0 / schemes as f64; schemes], losses: vec![0.0; schemes] }
    }
}

impl Sender for Leader {
    fn mixture(&self) -> &[f64] {
        &self.mixture
    }

    fn observe(&mut self, feedback: Feedback) -> ratebook::Result<()> {
        for (v, loss) in self.losses.iter_mut().enumerate() {
            *loss -= feedback.receiver.map_or(0.0, |receiver| self.game.utility(v, receiver));
        }
        commit(&mut self.mixture, &self.losses);
        Ok(())
    }
}

/// Puts all probability on the least loss.
fn commit(mixture: &mut [f64], losses: &[f64]) {
    let best = (0..losses.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap_or(0);
    mixture.fill(0.0);
    mixture[best] = 1.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        let e = std::f64::consts::E;
        assert_relative_eq!(partial_regret(50.0, 4.0, e), 20.0, max_relative = 1e-12);
        assert_relative_eq!(full_regret(50.0, e), 5.0, max_relative = 1e-12);
        assert_relative_eq!(menu_regret(50.0, 2.0), 20.0, max_relative = 1e-12);
        // The prosecutor of Kamenica and Gentzkow.
        assert_relative_eq!(conviction(0.3, 0.5), 0.6, max_relative = 1e-12);
        assert_eq!(conviction(0.5, 0.3), 1.0);
        assert_relative_eq!(best_conviction(0.3, &[0.4, 0.8], &[0.5, 0.5]), 0.375, max_relative = 1e-12);
        assert_relative_eq!(best_conviction(0.3, &[0.8, 0.4], &[0.2, 0.8]), 0.6, max_relative = 1e-12);
        assert_relative_eq!(concave_envelope(&[0.0, 0.0, 1.0, 1.0, 1.0], 0.3), 0.6, max_relative = 1e-12);
        assert_relative_eq!(concave_envelope(&[1.0, 0.0, 0.0], 0.75), 0.25, max_relative = 1e-12);
    }

    quickcheck! {
        fn four_times_the_rounds(rounds: u16, size: u8) -> bool {
            let (rounds, size) = (f64::from(rounds), f64::from(size) + 1.0);
            let twice = |long: f64, short: f64| (long - 2.0 * short).abs() <= 1e-12 * long;
            twice(partial_regret(4.0 * rounds, size, size), partial_regret(rounds, size, size))
                && twice(full_regret(4.0 * rounds, size), full_regret(rounds, size))
                && twice(menu_regret(4.0 * rounds, size), menu_regret(rounds, size))
        }

        fn an_envelope_lies_above(values: Vec<u8>, place: u8) -> bool {
            let values: Vec<f64> = values.into_iter().chain([1, 2]).map(f64::from).collect();
            let index = usize::from(place) % values.len();
            let top = values.iter().copied().fold(0.0, f64::max);
            let envelope = concave_envelope(&values, index as f64 / (values.len() - 1) as f64);
            (values[index] - 1e-9..=top + 1e-9).contains(&envelope)
        }
    }
}
