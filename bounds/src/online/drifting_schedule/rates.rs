//! What the optimal schedule reaches: 1/t under a fixed truth, a level proportional to γ under constant drift.

use ratebook::online::drifting_schedule::{Course, Drift, Regression};
use ratebook_judge::{Claim, Source, Tolerance, geometric};

use super::Rates;

/// dσ²/(B·t): the expected squared error after t rounds under a fixed truth, to first order. Classical: the error of
/// least squares on t batches.
pub fn settled_error(noise: f64, rounds: f64) -> f64 {
    noise / rounds
}

/// (γ²c + √(γ⁴c² + 4γ²s))/2 with c = 1 + (d + 1)/B = 1 + `spread` and s = dσ²/B = `noise`: the expected squared error
/// that the optimal schedule keeps under constant independent drift.
///
/// Derived: at the fixed point v·η*(v) = γ², and η*(v) = v/(cv + s), so v² = γ²(cv + s).
pub fn stationary_error(gamma: f64, spread: f64, noise: f64) -> f64 {
    let half = gamma * gamma * (1.0 + spread) / 2.0;
    half + (half * half + gamma * gamma * noise).sqrt()
}

/// (d + 1)/B and dσ²/B of [`regression`].
const SPREAD: f64 = 4.5;
const NOISE: f64 = 1.0;

/// d = 8, B = 2, σ = 1/2.
fn regression() -> ratebook::Result<Regression> {
    Regression::new(8, 2, 0.5)
}

/// The errors after so many rounds (ascending) of a course with constant drift from v₁ = 1.
fn errors_after(
    rounds: &[f64],
    gamma: f64,
    rates: impl Fn(&Course, &Regression) -> Rates,
) -> ratebook::Result<Vec<f64>> {
    let last = rounds.iter().copied().fold(1.0, f64::max) as usize;
    let course = Course::new(1.0, vec![gamma; last], Drift::Independent)?;
    let errors = course.errors(&regression()?, &rates(&course, &regression()?))?;
    Ok(rounds.iter().map(|&round| errors[round as usize - 1]).collect())
}

/// Under a fixed truth v_t·t·B/(dσ²) is 1 within 1 %.
pub fn settles(rates: impl Fn(&Course, &Regression) -> Rates + Send + Sync + 'static) -> Claim {
    Claim::equals("settles", |rounds| settled_error(NOISE, rounds), Tolerance::Relative(0.01))
        .states("Under a fixed truth $v_t = (1 + o(1))\\, d\\sigma^2/(Bt)$.")
        .assuming("d = 8, B = 2, σ = 1/2, v₁ = 1")
        .source(Source::Classical)
        .computed()
        .sweep("t", [2e4, 1e5])
        .paths(move |rounds, _| errors_after(rounds, 0.0, &rates))
}

/// Under a fixed truth the error falls like 1/t.
pub fn settling_rate(rates: impl Fn(&Course, &Regression) -> Rates + Send + Sync + 'static) -> Claim {
    Claim::rate_exactly("settling rate", |rounds| settled_error(NOISE, rounds))
        .states("Under a fixed truth $v_t$ falls like $d\\sigma^2/(Bt)$.")
        .assuming("d = 8, B = 2, σ = 1/2, v₁ = 1")
        .source(Source::Classical)
        .computed()
        .sweep("t", geometric(1e3, 1e5, 7))
        .detects(0.03)
        .paths(move |rounds, _| errors_after(rounds, 0.0, &rates))
}

/// The drifts of the stationary claims, and the rounds after which the error has settled: many times 1/η.
const GAMMAS: (f64, f64, usize) = (1e-4, 1e-2, 7);
const LONG: f64 = 3e5;

fn settled_at(gamma: f64, rates: impl Fn(&Course, &Regression) -> Rates) -> ratebook::Result<f64> {
    Ok(errors_after(&[LONG], gamma, rates)?[0])
}

fn drifts() -> Vec<f64> {
    let (low, high, count) = GAMMAS;
    (0..count).map(|i| low * (high / low).powf(i as f64 / (count - 1) as f64)).collect()
}

/// Under constant drift the error settles at the fixed point of the recursion.
pub fn stationary(rates: impl Fn(&Course, &Regression) -> Rates + Send + Sync + 'static) -> Claim {
    Claim::equals("stationary", |gamma| stationary_error(gamma, SPREAD, NOISE), Tolerance::Relative(0.01))
        .states("Under constant drift $v_t$ settles where $v^2 = \\gamma^2 (v (1 + \\frac{d+1}{B}) + \\frac{d\\sigma^2}{B})$.")
        .assuming("d = 8, B = 2, σ = 1/2, v₁ = 1, independent drift, after 3·10⁵ rounds")
        .source(Source::Derived)
        .computed()
        .sweep("γ", drifts())
        .measure(move |gamma, _| settled_at(gamma, &rates))
}

/// Under constant drift the settled error is proportional to γ.
pub fn stationary_rate(rates: impl Fn(&Course, &Regression) -> Rates + Send + Sync + 'static) -> Claim {
    Claim::rate_exactly("stationary rate", |gamma| gamma)
        .states("Under constant small drift $v_t$ settles at $\\gamma \\sigma \\sqrt{d/B}$, to first order.")
        .assuming("d = 8, B = 2, σ = 1/2, v₁ = 1, independent drift, after 3·10⁵ rounds")
        .source(Source::Derived)
        .computed()
        .sweep("γ", drifts())
        .detects(0.05)
        .measure(move |gamma, _| settled_at(gamma, &rates))
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn the_constants_are_those_of_the_regression() {
        assert_eq!(
            regression().map(|regression| (regression.spread(), regression.noise())),
            Ok((SPREAD, NOISE))
        );
    }

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(settled_error(3.0, 6.0), 0.5, max_relative = 1e-12);
        // γ² = 1, c = 3, s = 4: v² = 3v + 4.
        assert_relative_eq!(stationary_error(1.0, 2.0, 4.0), 4.0, max_relative = 1e-12);
        assert_relative_eq!(stationary_error(2.0, 2.0, 0.0), 12.0, max_relative = 1e-12);
    }

    quickcheck! {
        fn the_fixed_point_is_one(gamma: u8, spread: u8, noise: u8) -> bool {
            let (gamma, spread, noise) = (f64::from(gamma) / 16.0, f64::from(spread), f64::from(noise));
            let v = stationary_error(gamma, spread, noise);
            (v * v - gamma * gamma * (v * (1.0 + spread) + noise)).abs() <= 1e-12 * v * v
        }

        fn small_drift_is_linear(spread: u8, noise: u8) -> bool {
            let (spread, noise) = (f64::from(spread), f64::from(noise) + 1.0);
            let slope = stationary_error(1e-9, spread, noise) / 1e-9;
            (slope / noise.sqrt() - 1.0).abs() < 1e-6
        }
    }
}
