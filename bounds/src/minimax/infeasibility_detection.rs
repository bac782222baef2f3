//! What *Accelerated Infeasibility Detection of Constrained Optimization and Fixed-Point Iterations* promises.
//!
//! Every start is at distance R = 1 from the point x* where the infimal displacement v is attained.

use rand::Rng;
use ratebook::Result;
use ratebook::math::first_order::starting_point;
use ratebook::math::sets::{Ball, HalfSpace};
use ratebook::math::vector::distance;
use ratebook::minimax::baselines::{KrasnoselskiiMann, Picard};
use ratebook::minimax::infeasibility_detection::{Halpern, normalised_iterate, residual};
use ratebook::minimax::instances::{DisjointSets, Drifting, NegatedShift};
use ratebook::minimax::{KnownDisplacement, Method, Operator, Run};
use ratebook_judge::{Claim, Paper, Source, Tolerance, geometric};

use super::instances::{
    Alternating, INSTANCES, Problem, bank, drifting_rotations, drifting_shift, instances,
};

/// (√(H_k + 12) + 1)²/(k + 1)²·R²: Halpern's squared residual error (Theorem 8); H_k is harmonic.
pub fn halpern_residual(radius: f64, k: usize) -> f64 {
    let harmonic: f64 = (1..=k).map(|i| 1.0 / i as f64).sum();
    ((harmonic + 12.0).sqrt() + 1.0).powi(2) / (k as f64 + 1.0).powi(2) * radius * radius
}

/// 4R²/k²: the squared error of Picard's normalised iterate −(x_k − x_0)/k.
///
/// Derived: x* − Tx* = v is the shortest displacement, and x* − kv = T^k x* because T has only one shortest
/// one; so |x_k − (x* − kv)| ≤ R, and x_k − x_0 + kv is at most R + R long.
pub fn picard_normalised(radius: f64, k: f64) -> f64 {
    4.0 * radius * radius / (k * k)
}

/// R²/(θ(1 − θ)(k + 1)): the least of the squared residual errors |x_j − Tx_j − v|², j ≤ k, of the averaged
/// iteration x + θ(Tx − x).
///
/// Derived: the residual error r_j obeys |x_{j+1} − x*_{j+1}|² ≤ |x_j − x*_j|² − θ(1 − θ)|r_j|², where
/// x*_j = x* − jθv (displaced by v too: the points that are form a convex set); sum over j.
pub fn averaged_residual(theta: f64, radius: f64, k: f64) -> f64 {
    radius * radius / (theta * (1.0 - theta) * (k + 1.0))
}

/// (k/(k + 1))^k times [`averaged_residual`]: the exact worst case where 4θ(1 − θ)(k + 1) ≥ 1, attained by the
/// rotation of [`averaged_angle`].
///
/// Derived: a rotation by φ has squared residual 4s and squared factor 1 − 4θ(1 − θ)s a step, s = sin²(φ/2);
/// 4s(1 − 4θ(1 − θ)s)^k is largest at s = 1/(4θ(1 − θ)(k + 1)).
pub fn averaged_residual_exact(theta: f64, radius: f64, k: f64) -> f64 {
    averaged_residual(theta, radius, k) * (k / (k + 1.0)).powf(k)
}

/// The angle whose rotation is the worst for the averaged iteration at horizon k.
pub fn averaged_angle(theta: f64, k: f64) -> f64 {
    2.0 * (4.0 * theta * (1.0 - theta) * (k + 1.0)).sqrt().recip().min(1.0).asin()
}

/// 4R²/(k + 1)²: no method of the span has a smaller squared residual on the negated shift of k + 1
/// coordinates.
///
/// Derived: x_k lies in the span of the first k basis vectors, so the k + 1 entries of x_k − Tx_k add up to
/// 2x_{k,k+1} − a = −a, and their squares to at least a²/(k + 1), while R² = (k + 1)a²/4.
pub fn span_floor(radius: f64, k: f64) -> f64 {
    4.0 * radius * radius / ((k + 1.0) * (k + 1.0))
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let averaged = KrasnoselskiiMann::new(0.5).expect("one half is in (0, 1)");
    let title = "Accelerated Infeasibility Detection of Constrained Optimization and Fixed-Point Iterations";
    Paper::new("minimax/infeasibility_detection", title)
        .arxiv("2303.15876")
        .seed_line(21)
        .claim(
            residual_bound(Halpern)
                .control("the averaged iteration", residual_bound(averaged))
                .control("Picard's iteration", residual_bound(Picard)),
        )
        .claim(
            worst_case_exact(Halpern)
                .control("the averaged iteration", worst_case_exact(averaged))
                .control("Picard's iteration", worst_case_exact(Picard)),
        )
        .claim(
            span_lower_bound(Halpern)
                .tight(0.01)
                .baseline("the averaged iteration", span_lower_bound(averaged))
                .baseline("Picard's iteration", span_lower_bound(Picard))
                .control("a method that knows the solution", span_lower_bound(Clairvoyant)),
        )
        .claim(
            normalised_bound(Picard, 1.0)
                .tight(0.01)
                .control("Halpern's factor for Picard", normalised_bound(Picard, 0.5))
                .control("Picard's factor for Halpern", normalised_bound(Halpern, 1.0)),
        )
        .claim(averaged_bound(averaged).control("Picard's iteration", averaged_bound(Picard)))
        .claim(
            averaged_exact(averaged)
                .control("Picard's iteration", averaged_exact(Picard))
                .control("Halpern's iteration", averaged_exact(Halpern)),
        )
        .claim(
            residual_rate("halpern residual rate", 2.0, Halpern)
                .control("the averaged iteration", residual_rate("halpern residual rate", 2.0, averaged)),
        )
        .claim(
            residual_rate("averaged residual rate", 1.0, averaged)
                .control("Picard's iteration", residual_rate("averaged residual rate", 1.0, Picard)),
        )
        .claim(
            normalised_rate(Halpern, 0.5)
                .control("Picard's factor for Halpern", normalised_rate(Halpern, 1.0)),
        )
        .claim(
            gap_vector(Halpern, SplitBy::DouglasRachford)
                .control("alternating projections", gap_vector(Halpern, SplitBy::AlternatingProjections)),
        )
}

/// A fixed-point method, fit to be part of a claim.
pub trait FixedPointMethod: Method<dyn Operator> + Send + Sync + 'static {}

impl<M: Method<dyn Operator> + Send + Sync + 'static> FixedPointMethod for M {}

/// x_k from a start.
fn iterate(
    method: &impl FixedPointMethod,
    map: &(dyn KnownDisplacement + 'static),
    x0: &[f64],
    k: f64,
    rng: &mut dyn Rng,
) -> Result<Vec<f64>> {
    let operator: &dyn Operator = map;
    Ok(Run::start(method, operator, x0)?.advance(k as usize, rng)?.to_vec())
}

/// Halpern's residual estimates v with squared error at most ((√(H_k + 12) + 1)/(k + 1))²R².
pub fn residual_bound(method: impl FixedPointMethod) -> Claim {
    Claim::at_most("residual bound", |k| halpern_residual(1.0, k as usize))
        .states("$|x_k - Tx_k - v|^2 \\le \\left(\\frac{\\sqrt{H_k+12}+1}{k+1}\\right)^2 R^2$.")
        .assuming(INSTANCES)
        .source(Source::Theorem("8"))
        .computed()
        .sweep("k", [10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0])
        .measure(move |k, streams| -> Result<Vec<f64>> {
            let mut error = |(map, x0): &Problem| {
                Ok(map.residual_error(&iterate(&method, &**map, x0, k, &mut streams.algorithm)?).powi(2))
            };
            instances(k)?.iter().map(&mut error).collect()
        })
}

/// On the negated shift of k + 1 coordinates Halpern's squared residual error is exactly 4R²/(k + 1)².
pub fn worst_case_exact(method: impl FixedPointMethod) -> Claim {
    Claim::equals("worst case exact", |k| span_floor(1.0, k), Tolerance::Relative(1e-12))
        .states("On the negated shift of $k+1$ coordinates $|x_k - Tx_k - v|^2 = 4R^2/(k+1)^2$ exactly.")
        .assuming("beside a translation, v ≠ 0; R = 1")
        .source(Source::Derived)
        .computed()
        .rounding(0.0)
        .sweep("k", [1.0, 2.0, 5.0, 10.0, 50.0, 200.0])
        .measure(move |k, streams| -> Result<f64> {
            let (map, x0) = drifting_shift(k as usize + 1)?;
            Ok(map.residual_error(&iterate(&method, &*map, &x0, k, &mut streams.algorithm)?).powi(2))
        })
}

/// No method with x_k ∈ x_0 + span{x_j − Tx_j : j < k} has a squared residual error below 4R²/(k + 1)² on the
/// negated shift of k + 1 coordinates.
pub fn span_lower_bound(method: impl Method<Drifting<NegatedShift>> + Send + Sync + 'static) -> Claim {
    Claim::at_least("span lower bound", |k| span_floor(1.0, k))
        .states("No method of the span has $|x_k - Tx_k - v|^2 < 4R^2/(k+1)^2$ on the negated shift.")
        .assuming("the negated shift of k + 1 coordinates beside a translation, v ≠ 0; R = 1")
        .source(Source::Derived)
        .computed()
        .sweep("k", [1.0, 2.0, 5.0, 10.0, 50.0, 200.0])
        .measure(move |k, streams| -> Result<f64> {
            let n = k as usize + 1;
            let map = Drifting::new(NegatedShift::new(n, 2.0 / (n as f64).sqrt())?, 1.0)?;
            let mut run = Run::start(&method, &map, &vec![0.0; n + 1])?;
            Ok(map.residual_error(run.advance(n - 1, &mut streams.algorithm)?).powi(2))
        })
}

/// Picard's normalised iterate −(x_k − x_0)/k estimates v with squared error at most 4R²/k², and a half turn
/// attains it at odd k. `drift` is the factor of the estimate, 1 for Picard.
pub fn normalised_bound(method: impl FixedPointMethod, drift: f64) -> Claim {
    Claim::at_most("picard normalised iterate", |k| picard_normalised(1.0, k))
        .states("Picard: $|\\frac1k(x_k - x_0) + v|^2 \\le 4R^2/k^2$.")
        .assuming(INSTANCES)
        .source(Source::Derived)
        .computed()
        .sweep("k", [11.0, 31.0, 101.0, 301.0, 1001.0, 3001.0])
        .measure(move |k, streams| -> Result<Vec<f64>> {
            let problems = instances(k)?;
            let mut error =
                |problem: &Problem| normalised_error(&method, problem, k, drift, &mut streams.algorithm);
            problems.iter().map(&mut error).collect()
        })
}

/// The squared error of the normalised iterate.
fn normalised_error(
    method: &impl FixedPointMethod,
    (map, x0): &Problem,
    k: f64,
    drift: f64,
    rng: &mut dyn Rng,
) -> Result<f64> {
    let mut estimate = vec![0.0; x0.len()];
    normalised_iterate(x0, &iterate(method, &**map, x0, k, rng)?, k as usize, drift, &mut estimate)?;
    Ok(distance(&estimate, map.displacement()).powi(2))
}

/// The averaged iteration's residual estimates v with squared error at most R²/(θ(1 − θ)(k + 1)); here θ = ½.
pub fn averaged_bound(method: impl FixedPointMethod) -> Claim {
    Claim::at_most("averaged residual bound", |k| averaged_residual(0.5, 1.0, k))
        .states("Averaged: $\\min_{j \\le k} |x_j - Tx_j - v|^2 \\le \\frac{R^2}{\\theta(1-\\theta)(k+1)}$.")
        .assuming(INSTANCES)
        .source(Source::Derived)
        .computed()
        .sweep("k", [10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0])
        .measure(move |k, streams| -> Result<Vec<f64>> {
            let mut problems = instances(k)?;
            problems.push(drifting_rotations(&[averaged_angle(0.5, k)])?);
            let mut least = |(map, x0): &Problem| {
                let operator: &dyn Operator = &**map;
                let mut run = Run::start(&method, operator, x0)?;
                let mut least = map.residual_error(run.output());
                for _ in 0..k as usize {
                    least = least.min(map.residual_error(run.advance(1, &mut streams.algorithm)?));
                }
                Ok(least * least)
            };
            problems.iter().map(&mut least).collect()
        })
}

/// On the worst rotation at horizon k the averaged iteration's squared residual error is exactly
/// (k/(k + 1))^k·R²/(θ(1 − θ)(k + 1)); here θ = ½. It is the value of the performance estimation problem.
pub fn averaged_exact(method: impl FixedPointMethod) -> Claim {
    let exact = |k| averaged_residual_exact(0.5, 1.0, k);
    Claim::equals("averaged worst case exact", exact, Tolerance::Relative(1e-10))
        .states(
            "On the worst rotation $|x_k - Tx_k - v|^2 = \\left(\\frac k{k+1}\\right)^k \
             \\frac{R^2}{\\theta(1-\\theta)(k+1)}$ exactly.",
        )
        .assuming("θ = ½, one rotation with tan²(φ/2) = 1/k beside a translation; R = 1")
        .source(Source::Derived)
        .computed()
        .rounding(0.0)
        .sweep("k", [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0])
        .measure(move |k, streams| -> Result<f64> {
            let (map, x0) = drifting_rotations(&[averaged_angle(0.5, k)])?;
            Ok(map.residual_error(&iterate(&method, &*map, &x0, k, &mut streams.algorithm)?).powi(2))
        })
}

/// The squared residual error falls like k^(−power) on the bank of 9 rotations: 2 for Halpern, 1 for the
/// averaged iteration.
pub fn residual_rate(id: &str, power: f64, method: impl FixedPointMethod) -> Claim {
    Claim::rate_exactly(id, move |k| k.powf(-power))
        .states(&format!("On a bank of rotations $|x_k - Tx_k - v|^2$ falls like $k^{{-{power}}}$."))
        .assuming("angles π·2⁻ʲ, j < 9, equal weights, beside a translation; R = 1")
        .source(Source::Abstract)
        .computed()
        .sweep("k", geometric(30.0, 3000.0, 8))
        .detects(0.15)
        .measure(move |k, streams| -> Result<f64> {
            let (map, x0) = drifting_rotations(&bank(9))?;
            Ok(map.residual_error(&iterate(&method, &*map, &x0, k, &mut streams.algorithm)?).powi(2))
        })
}

/// The squared error of Halpern's normalised iterate −2(x_k − x_0)/k falls like k⁻² on the bank.
pub fn normalised_rate(method: impl FixedPointMethod, drift: f64) -> Claim {
    Claim::rate_exactly("halpern normalised rate", |k| 1.0 / (k * k))
        .states("On a bank of rotations $|\\frac2k(x_k - x_0) + v|^2$ falls like $k^{-2}$ for Halpern.")
        .assuming("angles π·2⁻ʲ, j < 9, equal weights, beside a translation; R = 1")
        .source(Source::Abstract)
        .computed()
        .sweep("k", geometric(30.0, 3000.0, 8))
        .detects(0.15)
        .measure(move |k, streams| {
            normalised_error(&method, &drifting_rotations(&bank(9))?, k, drift, &mut streams.algorithm)
        })
}

/// How a pair of sets becomes a fixed-point map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitBy {
    /// Tz = z + P_B(2P_A z − z) − P_A z.
    DouglasRachford,
    /// Tz = P_A P_B z, which has a fixed point whether or not the sets meet.
    AlternatingProjections,
}

/// Halpern's residual finds the vector a − b between the nearest points of a ball A and a half-space B that do
/// not meet, with the error of Theorem 8, if the sets are joined by Douglas–Rachford.
pub fn gap_vector(method: impl FixedPointMethod, split: SplitBy) -> Claim {
    Claim::at_most("gap vector", |k| halpern_residual(1.0, k as usize))
        .states("Halpern on Douglas–Rachford finds the shortest vector between two disjoint sets.")
        .assuming("the unit ball and x + y ≥ 3 in space, from (2, 1, −2)/3 beyond the nearest point; R = 1")
        .source(Source::Theorem("8"))
        .computed()
        .sweep("k", [10.0, 30.0, 100.0, 300.0, 1000.0])
        .measure(move |k, streams| -> Result<f64> {
            let (ball, half_space) = (Ball::new(&[0.0; 3], 1.0)?, HalfSpace::new(&[-1.0, -1.0, 0.0], -3.0)?);
            let sets = DisjointSets::new(ball.clone(), half_space.clone(), &[0.0; 3])?;
            let map: Box<dyn Operator> = match split {
                SplitBy::DouglasRachford => Box::new(sets.clone()),
                SplitBy::AlternatingProjections => Box::new(Alternating(ball, half_space)),
            };
            let x0: Vec<f64> =
                sets.attained_at().iter().zip([2.0, 1.0, -2.0]).map(|(a, d)| a + d / 3.0).collect();
            let mut run = Run::start(&method, &*map, &x0)?;
            let x = run.advance(k as usize, &mut streams.algorithm)?;
            let mut estimate = vec![0.0; 3];
            residual(&*map, x, &mut estimate)?;
            Ok(distance(&estimate, sets.displacement()).powi(2))
        })
}

/// A method outside the span: it is told x*.
#[derive(Debug, Clone, Copy)]
struct Clairvoyant;

impl<T: KnownDisplacement> Method<T> for Clairvoyant {
    type State = Vec<f64>;

    fn start(&self, problem: &T, x0: &[f64]) -> Result<Vec<f64>> {
        starting_point(problem.dim(), x0)
    }

    fn step(&self, problem: &T, state: &mut Vec<f64>, _: &mut dyn Rng) -> Result<()> {
        state.copy_from_slice(problem.attained_at());
        Ok(())
    }

    fn output<'a>(&self, state: &'a Vec<f64>) -> &'a [f64] {
        state
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    use super::*;

    #[test]
    fn values_by_hand() {
        // H_2 = 3/2: (√13.5 + 1)²/9·4.
        assert_relative_eq!(
            halpern_residual(2.0, 2),
            (14.5 + 2.0 * 3.674_234_614_174_767) * 4.0 / 9.0,
            max_relative = 1e-12
        );
        assert_relative_eq!(picard_normalised(3.0, 6.0), 1.0, max_relative = 1e-12);
        assert_relative_eq!(averaged_residual(0.5, 3.0, 8.0), 4.0, max_relative = 1e-12);
        assert_relative_eq!(averaged_residual(0.2, 2.0, 4.0), 5.0, max_relative = 1e-12);
        assert_relative_eq!(averaged_residual_exact(0.5, 1.0, 3.0), 27.0 / 64.0, max_relative = 1e-12);
        assert_relative_eq!(averaged_angle(0.5, 1.0), PI / 2.0, max_relative = 1e-12);
        assert_relative_eq!((averaged_angle(0.5, 9.0) / 2.0).tan().powi(2), 1.0 / 9.0, max_relative = 1e-12);
        assert_relative_eq!(span_floor(3.0, 5.0), 1.0, max_relative = 1e-12);
    }

    quickcheck! {
        /// The upper bounds lie above the lower one, Halpern's falls below the averaged one's, and all fall.
        fn order(k: u16) -> bool {
            let k = usize::from(k) + 1;
            let n = k as f64;
            let falls = halpern_residual(1.0, k + 1) < halpern_residual(1.0, k);
            let averaged = averaged_residual_exact(0.5, 1.0, n);
            falls && span_floor(1.0, n) < halpern_residual(1.0, k)
                && averaged < averaged_residual(0.5, 1.0, n) && span_floor(1.0, n) <= averaged * (1.0 + 1e-12)
                && (k < 30 || halpern_residual(1.0, k) < averaged)
        }

        fn scaling(k: u16, theta: u8) -> bool {
            let (n, theta) = (f64::from(k) + 1.0, (f64::from(theta) + 1.0) / 257.0);
            let ratio = |f: &dyn Fn(f64) -> f64| (f(3.0) / f(1.0) - 9.0).abs() < 1e-9;
            ratio(&|r| picard_normalised(r, n)) && ratio(&|r| averaged_residual(theta, r, n))
                && ratio(&|r| span_floor(r, n)) && ratio(&|r| halpern_residual(r, usize::from(k)))
                && (averaged_residual(theta, 1.0, n) / averaged_residual(1.0 - theta, 1.0, n) - 1.0).abs() < 1e-9
        }
    }
}
