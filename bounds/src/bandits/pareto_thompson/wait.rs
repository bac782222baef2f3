//! How long the best arm waits after unlucky first rewards: why the prior matters.

use ratebook::bandits::pareto_thompson::{Posterior, Summary};
use ratebook_judge::{Claim, Source, geometric};
use statrs::distribution::{Continuous, ContinuousCDF, Gamma};

use super::{ARMS, polynomial_exponent};

/// The mean that the best arm has to reach with its draw: that of the other arm, known by then.
const RIVAL: f64 = 4.0 / 3.0;

/// The chance that a draw from the posterior of α, given κ̂ = 1 after `pulls` pulls, has a mean of at least
/// [`RIVAL`]: ∫ (1 − (RIVAL·(1−1/a))^(n·a)) over the law of a, which reaches up to a = 4.
fn escape(posterior: &Posterior, pulls: f64) -> f64 {
    let largest = RIVAL / (RIVAL - 1.0);
    let Ok(law) = Gamma::new(posterior.shape(), posterior.rate()) else { return f64::NAN };
    let reaches = |a: f64| 1.0 - (RIVAL * (1.0 - 1.0 / a)).powf(pulls * a);
    law.cdf(1.0) + simpson(1.0, largest, 64, |a| law.pdf(a) * reaches(a))
}

/// Simpson's rule with an even number of intervals.
fn simpson(low: f64, high: f64, intervals: u32, f: impl Fn(f64) -> f64) -> f64 {
    let step = (high - low) / f64::from(intervals);
    let weight = |i: u32| if i == 0 || i == intervals { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
    (0..=intervals).map(|i| weight(i) * f(low + f64::from(i) * step)).sum::<f64>() * step / 3.0
}

/// E min(T, 1/p) for every T: how long the best arm waits after `pulls` pulls, p being the chance of escape
/// from the x = n/α̂ that its first rewards gave, α = 2.
fn waits(
    pulls: u32,
    posterior: impl Fn(&Summary) -> ratebook::Result<Posterior>,
    horizons: &[f64],
) -> ratebook::Result<Vec<f64>> {
    let n = f64::from(pulls);
    let (lowest, highest, intervals) = ((1e-14_f64).ln(), 15_f64.ln(), 4000);
    let step = (highest - lowest) / f64::from(intervals);
    let law = Gamma::new(n - 1.0, ARMS[0].1);
    let mut waits = vec![0.0; horizons.len()];
    for i in 0..intervals {
        let x = (lowest + (f64::from(i) + 0.5) * step).exp();
        let mut summary = Summary::default();
        (1..pulls).try_for_each(|_| summary.add(1.0))?;
        summary.add(x.exp())?;
        let escape = escape(&posterior(&summary)?, n);
        let mass = law.as_ref().map_or(f64::NAN, |law| law.pdf(x)) * x * step;
        waits.iter_mut().zip(horizons).for_each(|(wait, horizon)| *wait += mass * horizon.min(1.0 / escape));
    }
    Ok(waits)
}

/// The expected wait until the prior k ≤ 0 plays the best arm again grows like T^((1−k)/(2−k)).
pub fn polynomial_wait(
    k: i32,
    posterior: impl Fn(&Summary) -> ratebook::Result<Posterior> + Send + Sync + 'static,
) -> Claim {
    Claim::rate_exactly("polynomial wait", move |horizon| horizon.powf(polynomial_exponent(k)))
        .states("With Jeffreys' prior ($k = 0$) the expected wait for the best arm's next play grows like $\\sqrt T$.")
        .assuming("best arm (κ, α) = (1, 2) after two rewards with κ̂ = κ, the rival's mean 4/3 known; quadrature over x = n/α̂ and the posterior")
        .source(Source::Derived)
        .computed()
        .sweep("T", geometric(1e4, 1e12, 9))
        .detects(0.02)
        .paths(move |horizons, _| waits(2, &posterior, horizons))
}

/// The expected wait until the best arm is played again, after the max(2, k+1) first rewards of the prior k, does
/// not grow with T.
pub fn bounded_wait(
    k: i32,
    posterior: impl Fn(&Summary) -> ratebook::Result<Posterior> + Send + Sync + 'static,
) -> Claim {
    let pulls = (k + 1).max(2) as u32;
    Claim::rate("bounded wait", |_| 1.0)
        .states("With $k \\ge 2$, or truncated, the expected wait for the best arm's next play is bounded in $T$.")
        .assuming("best arm (κ, α) = (1, 2) after its first rewards with κ̂ = κ, the rival's mean 4/3 known; k = 2, 3 and the truncated k = 0, 1")
        .source(Source::Derived)
        .computed()
        .sweep("T", geometric(1e4, 1e12, 9))
        .detects(0.02)
        .paths(move |horizons, _| waits(pulls, &posterior, horizons))
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use ratebook_judge::Streams;

    #[test]
    fn simpson_is_exact_for_cubics() {
        assert_relative_eq!(simpson(0.0, 2.0, 2, |x| x.powi(3)), 4.0, max_relative = 1e-12);
    }

    #[test]
    fn the_escape_is_the_samplers() {
        let mut summary = Summary::default();
        [1.0, 1.5, 1.2].into_iter().for_each(|x| summary.add(x).unwrap());
        let posterior = summary.posterior(0, false).unwrap();
        let mut streams = Streams::new(1, "escape", 0, 0);
        let draws = 200_000;
        let reaches = |(kappa, alpha): (f64, f64)| alpha <= 1.0 || kappa * alpha / (alpha - 1.0) >= RIVAL;
        let hits = (0..draws).filter(|_| reaches(posterior.sample(&mut streams.algorithm))).count();
        let predicted = escape(&posterior, 3.0);
        // Five standard errors.
        assert!(
            (hits as f64 / f64::from(draws) - predicted).abs() < 5.0 * (predicted / f64::from(draws)).sqrt()
        );
    }
}
