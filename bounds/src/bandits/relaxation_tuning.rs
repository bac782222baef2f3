//! What *Learning to Relax: Setting Solver Parameters Across a Sequence of Linear System Instances* promises.

use std::f64::consts::PI;
use std::sync::{Arc, LazyLock};

use nalgebra::DMatrix;
use rand::{Rng, RngExt};
use rand_distr::{Beta, StandardNormal};
use ratebook::bandits::primitives::TsallisWeights;
use ratebook::bandits::relaxation_tuning::{Pool, Sequence, System, Tuner, grid, sor};
use ratebook::bandits::{Policy, play};
use ratebook_judge::{Claim, Paper, Source, Streams, powers_of_two};

/// 2K√(2dT): the regret of Tsallis-INF on d parameters in T instances of cost at most K + 1, against the best
/// parameter of the grid (the bandit's term of Theorem 2.1).
///
/// With the regulariser's weight w = K√(2T): w√d for the penalty and 2TK²√d/w for the stability, K√(2dT) each.
pub fn tuning_regret(range: f64, arms: f64, horizon: f64) -> f64 {
    2.0 * range * (2.0 * arms * horizon).sqrt()
}

/// K√d(c + 2T/c) for the regulariser's weight cK: least at c = √(2T), where it is [`tuning_regret`]; at the printed
/// c = 4√T it is 4.5·K√(dT).
pub fn tuning_regret_with(range: f64, arms: f64, horizon: f64, weight: f64) -> f64 {
    range * arms.sqrt() * (weight + 2.0 * horizon / weight)
}

/// w(√d − 1): what the weight w costs when one parameter costs 1 and all others K + 1, as T/d → ∞.
///
/// Derived: with expected costs p_i = (w/(2(Kt + y)))² for the dear ones and (w/(2y))² for the cheap one, where y
/// falls from √d·w/2 to w/2; the integral of K(1 − (w/(2y))²) over the t that belongs to y is w(√d − 1).
pub fn price_of_weight(weight: f64, arms: f64) -> f64 {
    weight * (arms.sqrt() - 1.0)
}

/// β/(1+√(1−β²)) squared, plus one: the best relaxation ω* of a consistently ordered system whose Jacobi iteration
/// has the spectral radius 0 ≤ β < 1 (Young).
pub fn best_relaxation(beta: f64) -> f64 {
    1.0 + (beta / (1.0 + (1.0 - beta * beta).sqrt())).powi(2)
}

/// The spectral radius of C_ω: ω − 1 from ω* on, and below ¼(ωβ + √(ω²β² − 4(ω−1)))² (Young).
pub fn spectral_radius(omega: f64, beta: f64) -> f64 {
    if omega >= best_relaxation(beta) { omega - 1.0 } else { lower_branch(omega, beta) }
}

/// ¼(ωβ + √(ω²β² − 4(ω−1)))², the root taken as zero where there is none.
fn lower_branch(omega: f64, beta: f64) -> f64 {
    let discriminant = (omega * beta).powi(2) - 4.0 * (omega - 1.0);
    (omega * beta + discriminant.max(0.0).sqrt()).powi(2) / 4.0
}

/// U = 1 + ln ε/ln(ρ + τ(1−ρ)): the surrogate for the iterations to accuracy ε.
pub fn surrogate(radius: f64, tau: f64, epsilon: f64) -> f64 {
    1.0 + epsilon.ln() / (radius + tau * (1.0 - radius)).ln()
}

/// β of a line of n points with −1 beside the diagonal 2 + c: 2cos(π/(n+1))/(2+c).
pub fn jacobi_radius_of_line(n: f64, shift: f64) -> f64 {
    2.0 * (PI / (n + 1.0)).cos() / (2.0 + shift)
}

/// β of a square of s² points with −1 for neighbours and the diagonal 4 + c: 4cos(π/(s+1))/(4+c).
pub fn jacobi_radius_of_square(side: f64, shift: f64) -> f64 {
    4.0 * (PI / (side + 1.0)).cos() / (4.0 + shift)
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let title = "Learning to Relax: Setting Solver Parameters Across a Sequence of Linear System Instances";
    let broken = |flaw| move |arms, horizon| Broken::new(flaw, arms, horizon);
    let method = |arms, horizon| Tuner::new(arms, RANGE, horizon);
    // 4K√T is K√(2·8T).
    let printed = |arms, horizon| Tuner::new(arms, RANGE, 8.0 * horizon);
    Paper::new("bandits/relaxation_tuning", title)
        .arxiv("2310.02246")
        .seed_line(191)
        .claim(
            regret_at_most(method)
                .control("picks a random parameter", regret_at_most(broken(Flaw::Uniform)))
                .control("does not divide costs by p", regret_at_most(broken(Flaw::Unweighted)))
                .baseline("the printed weight 4K√T", regret_at_most(printed)),
        )
        .claim(
            one_cheap_parameter(method)
                .control("picks a random parameter", one_cheap_parameter(broken(Flaw::Uniform)))
                .refutes("Theorem 2.1 with the printed weight 4K√T", one_cheap_parameter(printed)),
        )
        .claim(
            radius_is_youngs(spectral_radius)
                .control("keeps to the lower branch", radius_is_youngs(lower_branch)),
        )
        .claim(
            surrogate_covers(|tau| tau)
                .control("takes the radius itself for the rate", surrogate_covers(|_| 0.0)),
        )
        .claim(
            contexts_pay(|horizon| Tuner::contextual(ARMS, RANGE, horizon, 2, 0.0, 2.0))
                .control("ignores the shift", contexts_pay(|horizon| Tuner::new(ARMS, RANGE, horizon))),
        )
}

const ARMS: usize = 8;
const UNKNOWNS: usize = 20;
const EPSILON: f64 = 1e-6;
/// K: no cost on the grid exceeds K + 1, or the tuner refuses it.
const RANGE: f64 = 480.0;

/// A Gaussian right-hand side.
fn right_hand_side(n: usize, rng: &mut impl Rng) -> Vec<f64> {
    (0..n).map(|_| rng.sample(StandardNormal)).collect()
}

/// 2048 solved instances of a line with shifts drawn by `shift`, the same in every run.
fn solve(shift: impl Fn(&mut dyn Rng) -> f64) -> ratebook::Result<Arc<Pool>> {
    let mut rng = Streams::new(0, "bandits/relaxation_tuning/pool", 0, 0).instance;
    let mut instances = Vec::new();
    for _ in 0..2048 {
        let shift = shift(&mut rng);
        instances.push((shift, System::line(UNKNOWNS, shift)?, right_hand_side(UNKNOWNS, &mut rng)));
    }
    Pool::solve(instances, &grid(1.9, ARMS)?, EPSILON).map(Arc::new)
}

/// Shifts 0.5·Beta(1/2, 3/2): most near zero, where the choice matters.
static VARIED: LazyLock<ratebook::Result<Arc<Pool>>> =
    LazyLock::new(|| solve(|rng| Beta::new(0.5, 1.5).map_or(f64::NAN, |law| 0.5 * rng.sample(law))));

/// Shifts 0 and 2, as often.
static CLUSTERED: LazyLock<ratebook::Result<Arc<Pool>>> =
    LazyLock::new(|| solve(|rng| if rng.random() { 2.0 } else { 0.0 }));

/// The cost of a run above the best fixed parameter in hindsight, and that parameter's cost.
fn excess<P: Policy<Context = f64, Feedback = f64>>(
    mut policy: P,
    pool: &ratebook::Result<Arc<Pool>>,
    horizon: f64,
    streams: &mut Streams,
) -> ratebook::Result<(f64, f64)> {
    let mut sequence = Sequence::new(pool.clone()?);
    let rounds = horizon as u64;
    let regret = play(&mut policy, &mut sequence, rounds, &mut streams.noise, &mut streams.algorithm)?;
    let best = sequence.totals().iter().copied().fold(f64::INFINITY, f64::min);
    Ok((regret + sequence.hindsight(), best))
}

/// The iterations spent exceed those of the best parameter of the grid by at most 2K√(2dT).
pub fn regret_at_most<P: Policy<Context = f64, Feedback = f64>>(
    make: impl Fn(usize, f64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::at_most("regret at most", |horizon| tuning_regret(RANGE, ARMS as f64, horizon))
        .states(
            "$E \\sum_t \\mathrm{SOR}_t(\\omega_t) \\le \\min_i \\sum_t \\mathrm{SOR}_t(g_i) + 2K\\sqrt{2dT}$ when no \
             cost exceeds $K + 1$.",
        )
        .assuming(
            "line of 20 unknowns, shift 0.5·Beta(1/2, 3/2), Gaussian right-hand sides, ε = 10⁻⁶, d = 8 parameters up \
             to 1.9, K = 480; instances drawn from a pool of 2048",
        )
        .source(Source::Theorem("2.1"))
        .sweep("T", powers_of_two(11..=16))
        .replicates(32, 400)
        .trivial(|horizon| RANGE * horizon)
        .measure(move |horizon, streams| -> ratebook::Result<f64> {
            Ok(excess(make(ARMS, horizon)?, &VARIED, horizon, streams)?.0)
        })
}

/// The same bound where one of many parameters costs 1 and all others K + 1: there the penalty of the regulariser
/// is paid in full (see [`price_of_weight`]), and a weight that is too large breaks the bound.
pub fn one_cheap_parameter<P: Policy<Context = f64, Feedback = f64>>(
    make: impl Fn(usize, f64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    const MANY: usize = 64;
    let mut costs = vec![RANGE + 1.0; MANY];
    costs[MANY / 2] = 1.0;
    let pool = Pool::new(vec![0.0], costs, MANY).map(Arc::new);
    Claim::at_most("one cheap parameter", |horizon| tuning_regret(RANGE, MANY as f64, horizon))
        .states("With one cheap parameter among $d$ the regret is at most $2K\\sqrt{2dT}$ too.")
        .assuming("d = 64 parameters, one of cost 1, the others of cost K + 1 = 481, in every instance")
        .source(Source::Theorem("2.1"))
        .sweep("T", powers_of_two(12..=14))
        .full_sweep(powers_of_two(12..=16))
        .replicates(32, 100)
        .trivial(|horizon| RANGE * horizon)
        .measure(move |horizon, streams| -> ratebook::Result<f64> {
            Ok(excess(make(MANY, horizon)?, &pool, horizon, streams)?.0)
        })
}

/// With contexts the tuner spends at most 90 % of the iterations of the best fixed parameter.
pub fn contexts_pay<P: Policy<Context = f64, Feedback = f64>>(
    make: impl Fn(f64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::at_most("contexts pay", |_| 0.9)
        .states("With a tuner for each bin of shifts the iterations are at most 90 % of those of the best fixed parameter.")
        .assuming(
            "line of 20 unknowns, shifts 0 and 2, Gaussian right-hand sides, ε = 10⁻⁶, d = 8 parameters up to 1.9, \
             K = 480; instances drawn from a pool of 2048",
        )
        .source(Source::Abstract)
        .sweep("T", powers_of_two(14..=15))
        .replicates(32, 400)
        .detects(0.05)
        .measure(move |horizon, streams| -> ratebook::Result<f64> {
            let (excess, best) = excess(make(horizon)?, &CLUSTERED, horizon, streams)?;
            Ok((best + excess) / best)
        })
}

/// ‖C^k‖^{1/k} for k = 2^18, by squaring: the spectral radius up to a factor polynomial in k to the power 1/k.
fn radius_by_squaring(mut power: DMatrix<f64>) -> f64 {
    let (mut log, mut share) = (0.0, 1.0);
    for _ in 0..18 {
        // The matrix is C^k divided by exp(log/share), so that nothing under- or overflows.
        let norm = power.norm();
        log += share * norm.ln();
        share /= 2.0;
        power /= norm;
        power = &power * &power;
    }
    (log + share * power.norm().ln()).exp()
}

/// The spectral radius of C_ω is given by Young's formula.
pub fn radius_is_youngs(formula: impl Fn(f64, f64) -> f64 + Send + Sync + 'static) -> Claim {
    Claim::always("radius is Youngs")
        .states("The spectral radius of $C_\\omega$ is $\\omega - 1$ from $\\omega^*$ on and $\\frac14(\\omega\\beta + \\sqrt{\\omega^2\\beta^2 - 4(\\omega-1)})^2$ below.")
        .assuming("lines of 10, 20, 40 unknowns and a square of 36, shifts 0, 0.1, 0.5, 2; to 10⁻³, by 2¹⁸ iterations")
        .source(Source::Classical)
        .computed()
        .sweep("omega", (1..=19).map(|i| 1.0 + 0.05 * f64::from(i)).collect::<Vec<_>>())
        .check(move |omega, _, cases| -> ratebook::Result<()> {
            for shift in [0.0, 0.1, 0.5, 2.0] {
                for n in [10, 20, 40] {
                    let radius = radius_by_squaring(System::line(n, shift)?.iteration_matrix(omega)?);
                    let young = formula(omega, jacobi_radius_of_line(n as f64, shift));
                    cases.close(radius, young, 1e-3, || format!("line of {n}, shift {shift}"));
                }
                let radius = radius_by_squaring(System::square(6, shift)?.iteration_matrix(omega)?);
                let young = formula(omega, jacobi_radius_of_square(6.0, shift));
                cases.close(radius, young, 1e-3, || format!("square, shift {shift}"));
            }
            Ok(())
        })
}

/// The iterations are at most U(ω), with the least τ ≥ e⁻² for which ‖C^k‖ ≤ (ρ + τ(1−ρ))^k at the last
/// k = SOR(ω) − 1 before the end, for every ω tried.
///
/// Derived: then the residual C^k b is still above ε‖b‖, so ε < (ρ + τ(1−ρ))^k, which bounds k.
pub fn surrogate_covers(rate: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Claim {
    Claim::always("surrogate covers")
        .states(
            "$\\mathrm{SOR}(\\omega) \\le U(\\omega) = 1 + \\ln\\varepsilon/\\ln(\\rho + \\tau(1-\\rho))$.",
        )
        .assuming("line of 20 unknowns, eight Gaussian right-hand sides, ε = 10⁻⁶, ω = 1, 1.025, …, 1.9")
        .source(Source::Derived)
        .computed()
        .sweep("shift", [0.0, 0.05, 0.1, 0.25, 0.5])
        .check(move |shift, streams, cases| -> ratebook::Result<()> {
            let system = System::line(UNKNOWNS, shift)?;
            let beta = jacobi_radius_of_line(UNKNOWNS as f64, shift);
            for instance in 0..8 {
                let b = right_hand_side(UNKNOWNS, &mut streams.instance);
                let mut tau = (-2.0f64).exp();
                let mut runs = Vec::new();
                for omega in (0..=36).map(|i| 1.0 + 0.025 * f64::from(i)) {
                    let iterations = sor(&system, &b, omega, EPSILON)?.iterations;
                    let radius = spectral_radius(omega, beta);
                    let k = (iterations - 1).max(1) as u32;
                    let power = system.iteration_matrix(omega)?.pow(k);
                    let norm = (power.transpose() * &power).symmetric_eigenvalues().max().sqrt();
                    tau = tau.max((norm.powf(1.0 / f64::from(k)) - radius) / (1.0 - radius));
                    runs.push((omega, radius, iterations as f64));
                }
                for (omega, radius, iterations) in runs {
                    let bound = surrogate(radius, rate(tau), EPSILON);
                    cases.at_most(iterations, bound, || format!("instance {instance}, omega {omega}"));
                }
            }
            Ok(())
        })
}

/// What a broken tuner does wrong.
#[derive(Debug, Clone, Copy)]
enum Flaw {
    /// It learns nothing.
    Uniform,
    /// It adds costs as they are seen, so that what is played often looks dear.
    Unweighted,
}

#[derive(Debug, Clone)]
struct Broken {
    flaw: Flaw,
    weights: TsallisWeights,
}

impl Broken {
    fn new(flaw: Flaw, arms: usize, horizon: f64) -> ratebook::Result<Self> {
        Ok(Self { flaw, weights: TsallisWeights::new(arms, RANGE * (2.0 * horizon).sqrt())? })
    }
}

impl Policy for Broken {
    type Context = f64;
    type Feedback = f64;

    fn choose(&mut self, _: &f64, rng: &mut dyn Rng) -> ratebook::Result<usize> {
        Ok(self.weights.sample(rng))
    }

    fn observe(&mut self, arm: usize, cost: &f64) -> ratebook::Result<()> {
        if matches!(self.flaw, Flaw::Unweighted) {
            self.weights.add(arm, cost - 1.0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn regrets_by_hand() {
        assert_relative_eq!(tuning_regret(480.0, 8.0, 65_536.0), 983_040.0, max_relative = 1e-12);
        assert_relative_eq!(
            tuning_regret_with(10.0, 4.0, 100.0, 200f64.sqrt()),
            tuning_regret(10.0, 4.0, 100.0),
            max_relative = 1e-12
        );
        assert_relative_eq!(price_of_weight(40.0, 9.0), 80.0, max_relative = 1e-12);
        // The printed weight 4√T: √d·(4√T + √T/2)·K.
        assert_relative_eq!(tuning_regret_with(10.0, 4.0, 100.0, 40.0), 900.0, max_relative = 1e-12);
    }

    #[test]
    fn radii_by_hand() {
        // β = 0.6: √(1−β²) = 0.8, so ω* = 1 + (0.6/1.8)² = 10/9.
        assert_relative_eq!(best_relaxation(0.6), 10.0 / 9.0, max_relative = 1e-12);
        assert_relative_eq!(spectral_radius(1.5, 0.6), 0.5, max_relative = 1e-12);
        assert_relative_eq!(spectral_radius(1.0, 0.6), 0.36, max_relative = 1e-12);
        // ω = 1.05, β = 0.6: ¼(0.63 + √(0.3969 − 0.2))².
        let below = (0.63 + 0.1969f64.sqrt()).powi(2) / 4.0;
        assert_relative_eq!(spectral_radius(1.05, 0.6), below, max_relative = 1e-12);
        assert_relative_eq!(jacobi_radius_of_line(2.0, 0.0), 0.5, max_relative = 1e-12);
        assert_relative_eq!(jacobi_radius_of_square(2.0, 1.0), 0.4, max_relative = 1e-12);
        assert_relative_eq!(surrogate(0.5, 0.0, 0.125), 4.0, max_relative = 1e-12);
        assert_relative_eq!(surrogate(0.5, 0.5, 0.75), 2.0, max_relative = 1e-12);
    }

    #[test]
    fn squaring_finds_the_radius_of_a_triangle() {
        let matrix = DMatrix::from_row_slice(2, 2, &[0.5, 3.0, 0.0, 0.25]);
        assert_relative_eq!(radius_by_squaring(matrix), 0.5, max_relative = 1e-4);
    }

    quickcheck! {
        fn the_best_relaxation_is_best(beta: f64, omega: f64) -> bool {
            let (beta, omega) = (beta.abs() % 0.999, 1.0 + omega.abs() % 0.999);
            if beta.is_nan() || omega.is_nan() {
                return true;
            }
            let (least, there) = (best_relaxation(beta) - 1.0, spectral_radius(omega, beta));
            (0.0..1.0).contains(&there) && there >= least - 1e-12
        }

        fn no_weight_promises_less(horizon: u32, weight: f64) -> bool {
            let horizon = f64::from(horizon) + 1.0;
            let weight = weight.abs().clamp(1e-3, 1e6);
            weight.is_nan()
                || tuning_regret_with(2.0, 8.0, horizon, weight) >= tuning_regret(2.0, 8.0, horizon) * (1.0 - 1e-12)
        }

        fn slower_decay_costs_more(radius: f64, tau: f64) -> bool {
            let (radius, tau) = (radius.abs() % 0.9 + 0.05, tau.abs() % 0.9);
            radius.is_nan() || tau.is_nan() || surrogate(radius, tau, 1e-6) >= surrogate(radius, 0.0, 1e-6)
        }
    }
}
