//! Convex losses with a moving minimiser.

use ratebook::math::sequences::sequences;
use ratebook::math::sets::AxisBox;
use ratebook::online::drifting_schedule::convex::{Descent, ProjectedDescent, RunningRate, tuned_rate};
use ratebook_judge::{Claim, Source};

/// D²/(2η) + D·P/η + ηG²T/2: the regret of projected descent with constant rate against a path of length P.
///
/// Derived (Zinkevich 2003): a step from θ_t to θ_{t+1} has 2η(f_t(θ_t) − f_t(θ*_t)) ≤ ‖θ_t − θ*_t‖² − ‖θ_{t+1} − θ*_t‖² +
/// η²G², and a move of the minimiser by γ_t changes the squared distance by at most 2Dγ_t.
pub fn drifting_regret(diameter: f64, gradient: f64, path: f64, rounds: f64, eta: f64) -> f64 {
    diameter * (diameter / 2.0 + path) / eta + eta * gradient * gradient * rounds / 2.0
}

/// (D²/2)·[1/η_1 + Σ(1/η_t − 1/η_{t−1})₊] + D·Σγ_t/η_t + (G²/2)·Σ η_t: the same for any rates.
///
/// Derived: sum the steps of [`drifting_regret`] divided by 2η_t; ‖θ_t − θ*_t‖² ≤ D² is used where 1/η grows, and
/// ≥ 0 where it falls.
pub fn regret_of_rates(diameter: f64, gradient: f64, rates: &[f64], moves: &[f64]) -> f64 {
    let first = rates.first().map_or(0.0, |eta| 1.0 / eta);
    let growth: f64 = rates.windows(2).map(|pair| (1.0 / pair[1] - 1.0 / pair[0]).max(0.0)).sum();
    let drift: f64 = rates.iter().zip(moves).map(|(eta, gamma)| gamma / eta).sum();
    let steps: f64 = rates.iter().sum();
    diameter * diameter / 2.0 * (first + growth) + diameter * drift + gradient * gradient / 2.0 * steps
}

/// A loss on [−1, 1] with its minimum 0 at y.
#[derive(Debug, Clone, Copy)]
enum Loss {
    /// |θ − y|, G = 1.
    Absolute,
    /// ½(θ − y)², G = 2.
    Square,
}

impl Loss {
    /// The largest length of a gradient.
    fn steepest(self) -> f64 {
        match self {
            Loss::Absolute => 1.0,
            Loss::Square => 2.0,
        }
    }

    fn value(self, theta: f64, y: f64) -> f64 {
        match self {
            Loss::Absolute => (theta - y).abs(),
            Loss::Square => (theta - y).powi(2) / 2.0,
        }
    }

    fn gradient(self, theta: f64, y: f64) -> f64 {
        match self {
            Loss::Absolute if theta == y => 0.0,
            Loss::Absolute => (theta - y).signum(),
            Loss::Square => theta - y,
        }
    }
}

/// D: the length of [−1, 1].
const DIAMETER: f64 = 2.0;

/// Projected descent on [−1, 1].
pub(super) fn projected(start: f64) -> ratebook::Result<ProjectedDescent<AxisBox>> {
    ProjectedDescent::new(AxisBox::new(&[-1.0], &[1.0])?, vec![start])
}

/// The regret of a descent with these rates, against the minimisers themselves.
fn regret(mut descent: impl Descent, loss: Loss, minimisers: &[f64], rates: &[f64]) -> ratebook::Result<f64> {
    let mut total = 0.0;
    for (&y, &eta) in minimisers.iter().zip(rates) {
        let theta = descent.point()[0];
        total += loss.value(theta, y);
        descent.step(eta, &[loss.gradient(theta, y)])?;
    }
    Ok(total)
}

/// γ_1, …, γ_T: how far the minimiser moves after each round; not at all after the last.
fn moves(minimisers: &[f64]) -> Vec<f64> {
    let steps = minimisers.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    steps.chain([0.0]).take(minimisers.len()).collect()
}

/// From 0 up to 1, down to −1 and so on, at this speed.
fn triangle_wave(speed: f64, rounds: usize) -> Vec<f64> {
    // A wave of period 4 and slope 1, by its distance from the nearest trough at 3, 7, ….
    (0..rounds)
        .map(|t| ((speed * t as f64 + 1.0).rem_euclid(4.0) - 2.0).abs())
        .map(|distance| 1.0 - distance)
        .collect()
}

/// The constant rate that knows the whole path, for D, G and the moves.
pub(super) fn tuned(diameter: f64, gradient: f64, moves: &[f64]) -> ratebook::Result<Vec<f64>> {
    let eta = tuned_rate(diameter, gradient, moves.iter().sum(), moves.len() as f64)?;
    Ok(vec![eta; moves.len()])
}

/// η_t = 1/t.
pub(super) fn untuned(_: f64, _: f64, moves: &[f64]) -> ratebook::Result<Vec<f64>> {
    Ok((1..=moves.len()).map(|t| 1.0 / t as f64).collect())
}

/// With the tuned constant rate the regret against the moving minimiser is at most G·√(T(D² + 2D·P_T)).
pub fn convex_regret_at_most(
    rates: impl Fn(f64, f64, &[f64]) -> ratebook::Result<Vec<f64>> + Send + Sync + 'static,
) -> Claim {
    Claim::always("convex regret at most")
        .states("$\\sum_t f_t(\\theta_t) - f_t(\\theta^*_t) \\le D^2/(2\\eta) + D P_T/\\eta + \\eta G^2 T/2$ for the tuned $\\eta$.")
        .assuming("|θ − y| and ½(θ − y)² on [−1, 1] from θ = 0 and 1; y a triangle wave of speed 0, 10⁻³, 10⁻², 10⁻¹")
        .source(Source::Classical)
        .computed()
        .sweep("T", [1e3, 1e4, 1e5])
        .check(move |rounds, _, cases| -> ratebook::Result<()> {
            for (speed, loss) in
                [0.0, 1e-3, 1e-2, 1e-1].into_iter().flat_map(|s| [Loss::Absolute, Loss::Square].map(|l| (s, l)))
            {
                let minimisers = triangle_wave(speed, rounds as usize);
                let moves = moves(&minimisers);
                let path = moves.iter().sum();
                let rates = rates(DIAMETER, loss.steepest(), &moves)?;
                let eta = tuned_rate(DIAMETER, loss.steepest(), path, rounds)?;
                let bound = drifting_regret(DIAMETER, loss.steepest(), path, rounds, eta);
                for start in [0.0, 1.0] {
                    let regret = regret(projected(start)?, loss, &minimisers, &rates)?;
                    cases.at_most(regret, bound, || format!("{loss:?}, speed {speed}, from {start}"));
                }
            }
            Ok(())
        })
}

/// For any rates, the running ones among them, the regret is at most [`regret_of_rates`], on every slow path of
/// the minimiser.
pub fn convex_regret_of_any_rates<D: Descent>(
    descent: impl Fn(f64) -> ratebook::Result<D> + Send + Sync + 'static,
) -> Claim {
    Claim::always("convex regret of any rates")
        .states(
            "$\\sum_t f_t(\\theta_t) - f_t(\\theta^*_t) \\le \\frac{D^2}{2} [\\frac{1}{\\eta_1} + \\sum_t (\\frac{1}{\\eta_t} - \
             \\frac{1}{\\eta_{t-1}})_+] + D \\sum_t \\frac{\\gamma_t}{\\eta_t} + \\frac{G^2}{2} \\sum_t \\eta_t$.",
        )
        .assuming("|θ − y| and ½(θ − y)² on [−1, 1] from θ = −1; every path y from 1 by moves of −1/4, 0, 1/4; η = 1, 1/4, 1/t, and running")
        .source(Source::Derived)
        .exhaustive()
        .sweep("T", [1.0, 2.0, 4.0, 8.0])
        .check(move |rounds, _, cases| -> ratebook::Result<()> {
            for steps in sequences(&[-0.25, 0.0, 0.25], rounds as usize - 1) {
                let step = |y: &mut f64, step: &f64| {
                    *y = (*y + step).clamp(-1.0, 1.0);
                    Some(*y)
                };
                let minimisers: Vec<f64> = [1.0].into_iter().chain(steps.iter().scan(1.0, step)).collect();
                let moves = moves(&minimisers);
                for loss in [Loss::Absolute, Loss::Square] {
                    let mut running = RunningRate::new(DIAMETER, loss.steepest())?;
                    // Before round t the move γ_{t−1} has been seen.
                    let seen = [0.0].iter().chain(&moves).take(moves.len());
                    let running = seen.map(|&gamma| running.next(gamma)).collect::<ratebook::Result<Vec<_>>>()?;
                    let harmonic = untuned(DIAMETER, loss.steepest(), &moves)?;
                    for rates in [vec![1.0; moves.len()], vec![0.25; moves.len()], harmonic, running] {
                        let bound = regret_of_rates(DIAMETER, loss.steepest(), &rates, &moves);
                        let regret = regret(descent(-1.0)?, loss, &minimisers, &rates)?;
                        cases.at_most(regret, bound, || format!("{loss:?}, y {minimisers:?}, η {rates:?}"));
                    }
                }
            }
            Ok(())
        })
}

/// A broken descent: it climbs.
pub(super) struct Uphill(pub ProjectedDescent<AxisBox>);

impl Descent for Uphill {
    fn point(&self) -> &[f64] {
        self.0.point()
    }

    fn step(&mut self, eta: f64, gradient: &[f64]) -> ratebook::Result<()> {
        self.0.step(-eta, gradient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(drifting_regret(2.0, 3.0, 5.0, 8.0, 0.5), 24.0 + 18.0, max_relative = 1e-12);
        // 2·[1 + (4 − 1)] + 2·(0.5 + 1) + 4.5·1.25.
        let bound = regret_of_rates(2.0, 3.0, &[1.0, 0.25], &[0.5, 0.25]);
        assert_relative_eq!(bound, 8.0 + 3.0 + 5.625, max_relative = 1e-12);
        // A growing rate costs nothing by itself.
        assert_relative_eq!(regret_of_rates(2.0, 1.0, &[0.5, 1.0], &[0.0, 0.0]), 4.75, max_relative = 1e-12);
    }

    #[test]
    fn a_wave() {
        assert_eq!(triangle_wave(0.5, 10), [0.0, 0.5, 1.0, 0.5, 0.0, -0.5, -1.0, -0.5, 0.0, 0.5]);
        assert_eq!(moves(&[0.0, 1.0, -1.0]), [1.0, 2.0, 0.0]);
        assert_eq!(moves(&[0.5]), [0.0]);
    }

    quickcheck! {
        fn the_tuned_rate_is_the_best_constant(path: u8, rounds: u16, other: u8) -> bool {
            let (path, rounds) = (f64::from(path), f64::from(rounds) + 1.0);
            let tuned = tuned_rate(2.0, 3.0, path, rounds).unwrap();
            let (best, optimum) = (drifting_regret(2.0, 3.0, path, rounds, tuned), 3.0 * (rounds * (4.0 + 4.0 * path)).sqrt());
            (best - optimum).abs() <= 1e-12 * optimum
                && best <= drifting_regret(2.0, 3.0, path, rounds, (f64::from(other) + 1.0) / 100.0) * (1.0 + 1e-12)
        }

        fn constant_rates_are_a_special_case(path: u8, rounds: u8, eta: u8) -> bool {
            let (rounds, eta) = (usize::from(rounds) + 1, (f64::from(eta) + 1.0) / 64.0);
            let mut moves = vec![0.0; rounds];
            moves[0] = f64::from(path);
            let (any, constant) = (
                regret_of_rates(2.0, 1.0, &vec![eta; rounds], &moves),
                drifting_regret(2.0, 1.0, f64::from(path), rounds as f64, eta),
            );
            (any - constant).abs() <= 1e-12 * constant
        }
    }
}
