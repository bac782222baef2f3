//! What *Provably and Practically Efficient Neural Contextual Bandits* promises.

mod broken;

use std::f64::consts::PI;

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use ratebook::bandits::instances::Pool;
use ratebook::bandits::neural_contextual::{Network, NeuralGcb, Predictor, Tuning, tangent_kernel};
use ratebook::bandits::{Policy, play};
use ratebook::math::vector::{dot, norm};
use ratebook_judge::{Claim, Paper, Source, Tolerance, powers_of_two};

use broken::{both_layers, first_order, gaussian, last_layer, signed, unnormalised};

/// s²/(2s − 1): the tangent kernel of the activation max(0, u)^s at equal unit vectors.
pub fn kernel_diagonal(power: u32) -> f64 {
    let s = f64::from(power);
    s * s / (2.0 * s - 1.0)
}

/// m^{−1/2}: how the empirical tangent kernel approaches its limit in the width m (the law of large numbers).
pub fn width_rate(width: f64) -> f64 {
    width.sqrt().recip()
}

/// R²·m^{−1/2}: how far a network of width m is from its tangent at a distance of order R (abstract, for s ≥ 2).
pub fn linearisation_rate(distance: f64, width: f64) -> f64 {
    distance * distance * width_rate(width)
}

/// n^{−2s}: how the Fourier coefficients of the tangent kernel k_s on the circle decay.
pub fn fourier_rate(power: u32, frequency: f64) -> f64 {
    frequency.powi(-2 * power as i32)
}

/// (2d + 2s − 3)/(2(d + 2s − 2)): the exponent of the regret in T, that of √(T·γ_T) with the information gain
/// γ_T = T^{(d − 1)/(d + 2s − 2)} of the kernel k_s in dimension d, up to logarithms.
pub fn regret_exponent(dim: f64, power: f64) -> f64 {
    (2.0 * dim + 2.0 * power - 3.0) / (2.0 * (dim + 2.0 * power - 2.0))
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let tangent = |network: &Network, x: &[f64], y: &[f64]| network.tangent(x, y);
    let moved = |network: &Network, x: &[f64], distance| network.remainder(&aligned(network, x, distance), x);
    let mean_field = |network: &Network, x: &[f64], distance| {
        let scale = (network.width() as f64).sqrt();
        Ok(network.remainder(&aligned(network, x, distance), x)? / scale)
    };
    let balanced =
        |network: &Network, x: &[f64], distance| network.remainder(&signed(network, x, distance), x);
    let gcb = |network, pool, tuning| NeuralGcb::new(network, pool, tuning, Predictor::Kernel);
    let mut paper = Paper::new(
        "bandits/neural_contextual",
        "Provably and Practically Efficient Neural Contextual Bandits",
    )
    .arxiv("2206.00099")
    .seed_line(317);
    for power in [2, 3] {
        paper = paper.claim(
            linearisation(power, moved)
                .control("mean-field scaling 1/m", linearisation(power, mean_field))
                .control("neurons move with their signs", linearisation(power, balanced)),
        );
    }
    paper = paper
        .claim(
            linearisation_in_distance(moved)
                .control("the output's change, not its error", linearisation_in_distance(first_order)),
        )
        .claim(
            kernel_is_the_mean(tangent)
                .control("c_s = 1", kernel_is_the_mean(unnormalised))
                .control("activations instead of their slopes", kernel_is_the_mean(last_layer)),
        );
    for power in [1, 2, 3] {
        paper = paper.claim(
            kernel_error(power, tangent)
                .control("with the last layer's gradient", kernel_error(power, both_layers)),
        );
    }
    for power in [1, 2, 3] {
        paper = paper.claim(
            fourier_decay(power, tangent_kernel)
                .control("a Gaussian kernel", fourier_decay(power, |_, cosine| Ok(gaussian(cosine)))),
        );
    }
    paper
        .claim(
            one_parity(tangent_kernel)
                .control("a Gaussian kernel", one_parity(|_, cosine| Ok(gaussian(cosine)))),
        )
        .claim(regret_rate(gcb).control("uniform actions", regret_rate(|_, _, _| Ok(Uniform))).baseline(
            "no confidence (β = 0)",
            regret_rate(move |network, pool, tuning| gcb(network, pool, Tuning { beta: 0.0, ..tuning })),
        ))
}

/// W₀ with the neurons of sign +1 moved by R·x/√m each: all second-order terms have the same sign.
fn aligned(network: &Network, x: &[f64], distance: f64) -> Vec<f64> {
    shifted(network, x, distance, |sign| if sign > 0.0 { 1.0 } else { 0.0 })
}

fn shifted(network: &Network, x: &[f64], distance: f64, direction: impl Fn(f64) -> f64) -> Vec<f64> {
    let step = distance / (network.width() as f64).sqrt();
    let neurons = network.weights().chunks_exact(x.len()).zip(network.signs());
    let moved = |(w, &sign): (&[f64], &f64)| {
        let by = step * direction(sign);
        w.iter().zip(x).map(|(wi, xi)| wi + by * xi).collect::<Vec<_>>()
    };
    neurons.flat_map(moved).collect()
}

fn unit(dim: usize, rng: &mut impl Rng) -> Vec<f64> {
    let x: Vec<f64> = (0..dim).map(|_| rng.sample(StandardNormal)).collect();
    let length = norm(&x);
    x.into_iter().map(|xi| xi / length).collect()
}

const DIM: usize = 3;

/// In the worst direction the error of the tangent falls like m^{−1/2}, no faster.
///
/// Derived: a step of length ε moves a neuron's output by ½σ_s″ε² to second order; with ε = R/√m and the scale
/// √(c_s/m), m such terms of one sign make R²·m^{−1/2}. The abstract has the error bound, without its form.
///
/// `error` is given a network, a point x and the distance R.
pub fn linearisation(
    power: u32,
    error: impl Fn(&Network, &[f64], f64) -> ratebook::Result<f64> + Send + Sync + 'static,
) -> Claim {
    Claim::rate_exactly(&format!("linearisation s{power}"), |width| linearisation_rate(1.0, width))
        .states("$|f(x; W) - f(x; W_0) - \\langle \\nabla f, W - W_0 \\rangle|$ falls like $R^2 m^{-1/2}$.")
        .assuming(&format!("s = {power}, d = 3, R = 1, the neurons with a_j = 1 moved by R·x/√m each"))
        .source(Source::Derived)
        .sweep("m", powers_of_two(6..=13))
        .replicates(100, 1000)
        .detects(0.05)
        .measure(move |width, streams| -> ratebook::Result<f64> {
            let network = Network::new(power, DIM, width as usize, &mut streams.instance)?;
            Ok(error(&network, &unit(DIM, &mut streams.instance), 1.0)?.abs())
        })
}

/// And it grows like R².
pub fn linearisation_in_distance(
    error: impl Fn(&Network, &[f64], f64) -> ratebook::Result<f64> + Send + Sync + 'static,
) -> Claim {
    const WIDTH: usize = 4096;
    Claim::rate_exactly("linearisation in distance", |distance| linearisation_rate(distance, WIDTH as f64))
        .states("The error of the tangent grows like $R^2$.")
        .assuming("s = 2, d = 3, m = 4096, the neurons with a_j = 1 moved by R·x/√m each")
        .source(Source::Derived)
        .sweep("R", [0.25, 0.5, 1.0, 2.0, 4.0])
        .replicates(50, 500)
        .detects(0.05)
        .measure(move |distance, streams| -> ratebook::Result<f64> {
            let network = Network::new(2, DIM, WIDTH, &mut streams.instance)?;
            Ok(error(&network, &unit(DIM, &mut streams.instance), distance)?.abs())
        })
}

/// On average over W₀ the inner product of two gradients is the tangent kernel.
pub fn kernel_is_the_mean(
    tangent: impl Fn(&Network, &[f64], &[f64]) -> ratebook::Result<f64> + Send + Sync + 'static,
) -> Claim {
    Claim::equals("kernel is the mean", |_| 0.0, Tolerance::Absolute(0.04))
        .states("$E \\langle \\nabla f(x; W_0), \\nabla f(x'; W_0) \\rangle = k_s(x, x')$.")
        .assuming("d = 2, 20 angles from 4.5° to 175.5°; the difference in units of k_s(x, x)")
        .source(Source::Derived)
        .sweep("s", [1.0, 2.0, 3.0])
        .replicates(12_000, 50_000)
        .detects(0.08)
        .measure(move |power, streams| -> ratebook::Result<Vec<f64>> {
            let network = Network::new(power as u32, 2, 64, &mut streams.instance)?;
            let difference = |i: i32| {
                let angle = PI * (f64::from(i) + 0.5) / 20.0;
                let found = tangent(&network, &[1.0, 0.0], &[angle.cos(), angle.sin()])?;
                Ok((found - tangent_kernel(power as u32, angle.cos())?) / kernel_diagonal(power as u32))
            };
            (0..20).map(difference).collect()
        })
}

/// The largest error of the empirical tangent kernel falls like m^{−1/2}.
pub fn kernel_error(
    power: u32,
    tangent: impl Fn(&Network, &[f64], &[f64]) -> ratebook::Result<f64> + Send + Sync + 'static,
) -> Claim {
    Claim::rate_exactly(&format!("kernel error s{power}"), width_rate)
        .states("The largest error of the empirical tangent kernel falls like $m^{-1/2}$.")
        .assuming(&format!("s = {power}, 30 random pairs of points in dimension 3"))
        .source(Source::Classical)
        .sweep("m", [5, 7, 9, 11].map(|k| 2f64.powi(k)))
        .full_sweep(powers_of_two(5..=13))
        .replicates(1000, 2000)
        .detects(0.05)
        .measure(move |width, streams| -> ratebook::Result<f64> {
            let network = Network::new(power, DIM, width as usize, &mut streams.instance)?;
            let mut largest = 0.0f64;
            for _ in 0..30 {
                let [x, y] = [(); 2].map(|()| unit(DIM, &mut streams.instance));
                let error = tangent(&network, &x, &y)? - tangent_kernel(power, dot(&x, &y))?;
                largest = largest.max(error.abs());
            }
            Ok(largest)
        })
}

/// The Fourier coefficient (1/2π)∫ k(cosθ) cos(nθ) dθ by the trapezoidal rule.
fn fourier(kernel: impl Fn(f64) -> ratebook::Result<f64>, frequency: f64) -> ratebook::Result<f64> {
    const NODES: u32 = 8192;
    let term = |i: u32| {
        let angle = 2.0 * PI * f64::from(i) / f64::from(NODES);
        Ok(kernel(angle.cos())? * (frequency * angle).cos() / f64::from(NODES))
    };
    (0..NODES).map(term).sum()
}

/// On the circle the Fourier coefficients of the tangent kernel decay like n^{−2s}, on the parity where they do not
/// vanish: n even for odd s, n odd for even s.
pub fn fourier_decay(
    power: u32,
    kernel: impl Fn(u32, f64) -> ratebook::Result<f64> + Send + Sync + 'static,
) -> Claim {
    let first = 16.0 + f64::from(1 - power % 2);
    Claim::rate_exactly(&format!("fourier decay s{power}"), move |n| fourier_rate(power, n))
        .states("The Fourier coefficients of the tangent kernel on the circle decay like $n^{-2s}$.")
        .assuming(&format!("s = {power}, d = 2, {} n", if power % 2 == 1 { "even" } else { "odd" }))
        .source(Source::Derived)
        .computed()
        .sweep("n", [0.0, 8.0, 16.0, 32.0, 48.0].map(|more| first + more))
        .detects(0.1)
        .measure(move |n, _| Ok::<_, ratebook::Error>(fourier(|cosine| kernel(power, cosine), n)?.abs()))
}

/// The Fourier coefficients of the other parity vanish, but for n ≤ s.
pub fn one_parity(kernel: impl Fn(u32, f64) -> ratebook::Result<f64> + Send + Sync + 'static) -> Claim {
    Claim::always("one parity")
        .states("The Fourier coefficients of the tangent kernel vanish for all $n > s$ of the parity of $s$.")
        .assuming("d = 2, s < n ≤ 65")
        .source(Source::Derived)
        .computed()
        .sweep("s", [1.0, 2.0, 3.0])
        .check(move |power, _, cases| -> ratebook::Result<()> {
            let power = power as u32;
            for n in (power + 2..=65).step_by(2) {
                let found = fourier(|cosine| kernel(power, cosine), f64::from(n))?;
                cases.holds(found.abs() <= 1e-12, || format!("n = {n}: {found:e}"));
            }
            Ok(())
        })
}

/// The regret grows at most like T^{(2d+2s−3)/(2(d+2s−2))}.
pub fn regret_rate<P>(
    make: impl Fn(Network, Vec<Vec<f64>>, Tuning) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim
where
    P: Policy<Context = [usize], Feedback = f64>,
{
    const POWER: u32 = 2;
    const ACTIONS: u32 = 60;
    // A fixed family: small differences are hard to see, large ones dear to miss.
    const HEIGHTS: [f64; 3] = [1.0, 0.25, 0.0625];
    Claim::rate("regret rate", |rounds| rounds.powf(regret_exponent(2.0, f64::from(POWER))))
        .states("The regret grows at most like $T^{(2d+2s-3)/(2(d+2s-2))}$.")
        .assuming(
            "d = 2, s = 2, m = 256, h a sum of 5 kernel sections with normal weights and a range of 1, 1/4 or \
             1/16, whichever is worst; 20 of 60 points of the circle a round, noise 0.1, λ = 0.01, β = σ₀ = η = 1, \
             predictions by kernel regression",
        )
        .source(Source::Abstract)
        .from_memory()
        .sweep("T", powers_of_two(7..=12))
        .replicates(60, 400)
        .paths(move |horizons, streams| -> ratebook::Result<Vec<Vec<f64>>> {
            let on_circle = |angle: f64| vec![angle.cos(), angle.sin()];
            let angles: Vec<f64> = (0..ACTIONS).map(|i| 2.0 * PI * f64::from(i) / f64::from(ACTIONS)).collect();
            let pool: Vec<Vec<f64>> = angles.iter().map(|&angle| on_circle(angle)).collect();
            let network = Network::new(POWER, 2, 256, &mut streams.instance)?;
            let mut means = vec![0.0; pool.len()];
            for _ in 0..5 {
                let (weight, centre): (f64, f64) =
                    (streams.instance.sample(StandardNormal), 2.0 * PI * streams.instance.random::<f64>());
                for (mean, angle) in means.iter_mut().zip(&angles) {
                    *mean += weight * tangent_kernel(POWER, (angle - centre).cos())?;
                }
            }
            let (low, high) = means.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &mean| {
                (mean.min(low), mean.max(high))
            });
            means.iter_mut().for_each(|mean| *mean /= high - low);
            let mut regret = |horizon: f64, height: f64| {
                let tuning =
                    Tuning { horizon: horizon as u64, lambda: 0.01, beta: 1.0, sigma0: 1.0, eta: 1.0 };
                let mut policy = make(network.clone(), pool.clone(), tuning)?;
                let mut game = Pool::new(means.iter().map(|mean| height * mean).collect(), 20, 0.1)?;
                play(&mut policy, &mut game, horizon as u64, &mut streams.noise, &mut streams.algorithm)
            };
            let family = |&horizon: &f64| HEIGHTS.map(|height| regret(horizon, height)).into_iter().collect();
            horizons.iter().map(family).collect()
        })
}

/// Plays any action.
struct Uniform;

impl Policy for Uniform {
    type Context = [usize];
    type Feedback = f64;

    fn choose(&mut self, actions: &[usize], rng: &mut dyn Rng) -> ratebook::Result<usize> {
        Ok(rng.random_range(0..actions.len()))
    }

    fn observe(&mut self, _: usize, _: &f64) -> ratebook::Result<()> {
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
        assert_relative_eq!(kernel_diagonal(1), 1.0, max_relative = 1e-12);
        assert_relative_eq!(kernel_diagonal(2), 4.0 / 3.0, max_relative = 1e-12);
        assert_relative_eq!(kernel_diagonal(3), 1.8, max_relative = 1e-12);
        assert_relative_eq!(linearisation_rate(3.0, 400.0), 0.45, max_relative = 1e-12);
        assert_relative_eq!(fourier_rate(2, 10.0), 1e-4, max_relative = 1e-12);
        assert_relative_eq!(regret_exponent(2.0, 2.0), 0.625, max_relative = 1e-12);
        assert_relative_eq!(regret_exponent(3.0, 1.0), 5.0 / 6.0, max_relative = 1e-12);
    }

    quickcheck! {
        fn smoother_is_easier_and_dimension_harder(dim: u8, power: u8) -> bool {
            let (dim, power) = (f64::from(dim) + 2.0, f64::from(power) + 1.0);
            let exponent = regret_exponent(dim, power);
            (0.5..1.0).contains(&exponent)
                && regret_exponent(dim, power + 1.0) < exponent
                && regret_exponent(dim + 1.0, power) > exponent
        }

        fn rates_scale(width: u16) -> bool {
            let width = f64::from(width) + 1.0;
            (linearisation_rate(2.0, 4.0 * width) / linearisation_rate(1.0, width) - 2.0).abs() < 1e-12
                && (width_rate(4.0 * width) / width_rate(width) - 0.5).abs() < 1e-12
                && (fourier_rate(3, 2.0 * width) / fourier_rate(3, width) - 1.0 / 64.0).abs() < 1e-12
        }
    }
}
