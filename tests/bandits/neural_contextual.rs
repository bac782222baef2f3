//! Wide networks, their tangent kernels, and the policy with groups.

use std::f64::consts::PI;

use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use ratebook::Error;
use ratebook::bandits::instances::Pool;
use ratebook::bandits::neural_contextual::{Network, NeuralGcb, Predictor, Tuning, tangent_kernel};
use ratebook::bandits::{Game, Policy, play};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

const TUNING: Tuning = Tuning { horizon: 64, lambda: 0.5, beta: 1.0, sigma0: 1.0, eta: 1.0 };

fn names<T: std::fmt::Debug>(result: ratebook::Result<T>, parameter: &str) -> bool {
    match result {
        Err(Error::OutOfRange { name, .. } | Error::Dimension { name, .. } | Error::Empty { name }) => {
            name == parameter
        }
        _ => false,
    }
}

fn accepted_iff<T: std::fmt::Debug>(legal: bool, result: ratebook::Result<T>, parameter: &str) -> bool {
    if legal { result.is_ok() } else { names(result, parameter) }
}

/// Unit vectors of dimension 3.
fn sphere() -> impl Strategy<Value = Vec<f64>> {
    [-1.0..1.0f64, -1.0..1.0f64, -1.0..1.0f64].prop_filter_map("too short", |x| {
        let length = x.iter().map(|xi| xi * xi).sum::<f64>().sqrt();
        (length > 0.1).then(|| x.iter().map(|xi| xi / length).collect())
    })
}

fn circle(count: usize) -> Vec<Vec<f64>> {
    let angle = |i| 2.0 * PI * i as f64 / count as f64;
    (0..count).map(|i| vec![angle(i).cos(), angle(i).sin()]).collect()
}

fn gradient(network: &Network, x: &[f64]) -> DVector<f64> {
    let mut sum = DVector::zeros(network.weights().len());
    network.add_gradient(network.weights(), x, 1.0, sum.as_mut_slice()).unwrap();
    sum
}

/// Kernel regression from scratch: the posterior mean and deviation at point `at`.
fn regression(gram: &DMatrix<f64>, lambda: f64, data: &[(usize, f64)], at: usize) -> (f64, f64) {
    if data.is_empty() {
        return (0.0, gram[(at, at)].sqrt());
    }
    let kernel = DMatrix::from_fn(data.len(), data.len(), |i, j| {
        gram[(data[i].0, data[j].0)] + if i == j { lambda } else { 0.0 }
    });
    let section = DVector::from_fn(data.len(), |i, _| gram[(data[i].0, at)]);
    let labels = DVector::from_fn(data.len(), |i, _| data[i].1);
    let weights = kernel.lu().solve(&section).unwrap();
    (weights.dot(&labels), (gram[(at, at)] - weights.dot(&section)).max(0.0).sqrt())
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_gradient_is_that_of_the_value(power in 2u32..4, width in 1usize..9, x in sphere(), seed in any::<u32>()) {
        let network = Network::new(power, 3, width, &mut rng(u64::from(seed))).unwrap();
        let found = gradient(&network, &x);
        for i in 0..3 * width {
            let value = |h: f64| {
                let mut weights = network.weights().to_vec();
                weights[i] += h;
                network.value(&weights, &x).unwrap()
            };
            prop_assert!(((value(1e-5) - value(-1e-5)) / 2e-5 - found[i]).abs() < 1e-4);
        }
    }

    #[test]
    fn the_tangent_is_the_inner_product_of_gradients(
        power in 1u32..4, width in 1usize..20, points in prop::collection::vec(sphere(), 2..6), seed in any::<u32>(),
    ) {
        let network = Network::new(power, 3, width, &mut rng(u64::from(seed))).unwrap();
        let gram = network.gram(&points).unwrap();
        for (i, x) in points.iter().enumerate() {
            for (j, y) in points.iter().enumerate() {
                let inner = gradient(&network, x).dot(&gradient(&network, y));
                prop_assert!((network.tangent(x, y).unwrap() - inner).abs() < 1e-9 * (1.0 + inner.abs()));
                prop_assert!((gram[(i, j)] - inner).abs() < 1e-9 * (1.0 + inner.abs()));
            }
        }
    }

    #[test]
    fn the_remainder_is_what_the_tangent_misses(
        power in 1u32..4, width in 1usize..9, x in sphere(), seed in any::<u32>(), moves in prop::collection::vec(-1.0..1.0f64, 27),
    ) {
        let network = Network::new(power, 3, width, &mut rng(u64::from(seed))).unwrap();
        let moves = DVector::from_row_slice(&moves[..3 * width]);
        let moved = &moves + DVector::from_row_slice(network.weights());
        let value = |weights: &[f64]| network.value(weights, &x).unwrap();
        let missed = value(moved.as_slice()) - value(network.weights()) - gradient(&network, &x).dot(&moves);
        prop_assert!((network.remainder(moved.as_slice(), &x).unwrap() - missed).abs() < 1e-9);
        prop_assert_eq!(network.remainder(network.weights(), &x).unwrap(), 0.0);
    }

    #[test]
    fn kernels_are_positive_semidefinite(power in 1u32..4, points in prop::collection::vec(sphere(), 1..12), seed in any::<u32>()) {
        let cosine = |i: usize, j: usize| points[i].iter().zip(&points[j]).map(|(a, b)| a * b).sum::<f64>();
        let limit = DMatrix::from_fn(points.len(), points.len(), |i, j| tangent_kernel(power, cosine(i, j)).unwrap());
        let network = Network::new(power, 3, 16, &mut rng(u64::from(seed))).unwrap();
        for kernel in [limit, network.gram(&points).unwrap()] {
            let scale = kernel.amax().max(1.0);
            prop_assert!(kernel.symmetric_eigenvalues().iter().all(|&value| value >= -1e-10 * scale));
        }
    }

    #[test]
    fn twins_cancel(power in 1u32..4, half in 1usize..9, x in sphere(), seed in any::<u32>()) {
        let single = Network::new(power, 3, half, &mut rng(u64::from(seed))).unwrap();
        let twins = Network::antisymmetric(power, 3, half, &mut rng(u64::from(seed))).unwrap();
        prop_assert!(twins.value(twins.weights(), &x).unwrap().abs() < 1e-12);
        let (a, b) = (single.tangent(&x, &x).unwrap(), twins.tangent(&x, &x).unwrap());
        prop_assert!((a - b).abs() < 1e-12 * a.max(1.0));
    }

    /// The box with kernel regression solved from scratch for every group and round.
    #[test]
    fn the_policy_follows_its_box(seed in any::<u32>(), beta in 0.0..2.0f64) {
        let (pool, tuning) = (circle(9), Tuning { horizon: 40, lambda: 0.2, beta, ..TUNING });
        let network = Network::new(2, 2, 64, &mut rng(u64::from(seed))).unwrap();
        let gram = network.gram(&pool).unwrap();
        let mut policy = NeuralGcb::new(network, pool, tuning, Predictor::Kernel).unwrap();
        let mut game = Pool::new((0..9).map(|i| f64::from(i * i) / 20.0).collect(), 4, 0.3).unwrap();
        let (mut noise, mut coins) = (rng(u64::from(seed) + 1), rng(u64::from(seed) + 2));
        let mut groups = vec![Vec::new(); 6];
        for _ in 0..40 {
            game.open(&mut noise);
            let arm = policy.choose(game.context(), &mut coins).unwrap();
            let action = game.context()[arm];
            let mut left = game.context().to_vec();
            let mut learns = None;
            for (index, data) in groups.iter().enumerate() {
                let seen: Vec<(f64, f64)> = left.iter().map(|&x| regression(&gram, 0.2, data, x)).collect();
                let widest = seen.iter().map(|s| s.1).fold(0.0, f64::max);
                if widest > 0.5f64.powi(index as i32 + 1) {
                    prop_assert!(regression(&gram, 0.2, data, action).1 > widest - 1e-7);
                    learns = Some(index);
                    break;
                }
                if widest <= 1.0 / 40f64.sqrt() {
                    let best = seen.iter().map(|s| s.0 + beta * s.1).fold(f64::NEG_INFINITY, f64::max);
                    let (mean, deviation) = regression(&gram, 0.2, data, action);
                    prop_assert!(mean + beta * deviation > best - 1e-7);
                    break;
                }
                let floor = seen.iter().map(|s| s.0 - beta * s.1).fold(f64::NEG_INFINITY, f64::max);
                left = left.iter().zip(&seen).filter(|(_, s)| s.0 + beta * s.1 >= floor).map(|(&x, _)| x).collect();
            }
            prop_assert!(left.contains(&action));
            let reward = *game.feedback(arm, &[], &mut noise);
            policy.observe(arm, &reward).unwrap();
            if let Some(index) = learns {
                groups[index].push((action, reward));
            }
            prop_assert_eq!(policy.rounds_by_group().collect::<Vec<_>>(), groups.iter().map(Vec::len).collect::<Vec<_>>());
        }
        for (index, data) in groups.iter().enumerate() {
            for action in 0..9 {
                let (mean, deviation) = policy.posterior(index + 1, action).unwrap();
                let (expected, spread) = regression(&gram, 0.2, data, action);
                prop_assert!((mean - expected).abs() < 1e-6 && (deviation - spread).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn any_draws_give_a_legal_run(mut noise in HalfAdversarial::strategy(40), mut coins in HalfAdversarial::strategy(40), mut start in HalfAdversarial::strategy(40)) {
        for predictor in [Predictor::Kernel, Predictor::Trained { steps: 3 }] {
            let network = Network::new(2, 2, 8, &mut start).unwrap();
            let mut policy = NeuralGcb::new(network, circle(5), TUNING, predictor).unwrap();
            let mut game = Pool::new(vec![0.0, 0.1, 0.2, 0.3, 0.4], 3, 0.1).unwrap();
            let regret = play(&mut policy, &mut game, 64, &mut noise, &mut coins).unwrap();
            prop_assert!((0.0..=64.0 * 0.4).contains(&regret));
        }
    }

    #[test]
    fn pools_offer_distinct_actions_and_charge_the_gap(means in prop::collection::vec(-1.0..1.0f64, 1..9), seed in any::<u32>()) {
        for offered in 1..=means.len() {
            let mut game = Pool::new(means.clone(), offered, 0.0).unwrap();
            let mut noise = rng(u64::from(seed));
            game.open(&mut noise);
            let actions = game.context().to_vec();
            let mut sorted = actions.clone();
            sorted.sort_unstable();
            sorted.dedup();
            prop_assert_eq!((sorted.len(), game.arms()), (offered, offered));
            let best = actions.iter().map(|&action| means[action]).fold(f64::NEG_INFINITY, f64::max);
            for (arm, &action) in actions.iter().enumerate() {
                prop_assert_eq!(game.regret(arm), best - means[action]);
                prop_assert_eq!(*game.feedback(arm, &[], &mut noise), means[action]);
            }
        }
    }

    #[test]
    fn bad_parameters_are_named(value in awkward_f64()) {
        let build = |tuning| NeuralGcb::new(Network::new(2, 2, 4, &mut rng(1)).unwrap(), circle(3), tuning, Predictor::Kernel);
        let positive = value > 0.0 && value.is_finite();
        let lambda = build(Tuning { lambda: value, ..TUNING });
        let sigma0 = build(Tuning { sigma0: value, eta: f64::MAX, ..TUNING });
        prop_assert!(accepted_iff(positive, lambda, "lambda") && accepted_iff(positive, sigma0, "sigma0"));
        let beta = build(Tuning { beta: value, ..TUNING });
        prop_assert!(accepted_iff(value >= 0.0 && value.is_finite(), beta, "beta"));
        let eta = build(Tuning { eta: value, ..TUNING });
        prop_assert!(accepted_iff(value >= 0.125 && value.is_finite(), eta, "eta"));
        let kernel = tangent_kernel(2, value);
        prop_assert!(accepted_iff(value.abs() <= 1.0, kernel, "cosine"));
        let network = Network::new(2, 1, 4, &mut rng(1)).unwrap();
        let found = network.value(network.weights(), &[value]);
        prop_assert!(accepted_iff(value.abs() == 1.0, found, "x"));
        prop_assert!(value.is_finite() || names(Pool::new(vec![0.0, value], 1, 0.1), "means"));
        prop_assert!((value >= 0.0 && value.is_finite()) || names(Pool::new(vec![0.0, 1.0], 1, value), "deviation"));
    }
}

/// k_s by quadrature: in polar coordinates E[σ(u)σ(v)] is E ρ^{2n} = 2ⁿ·n! times the mean over the angle of
/// (cos φ)₊ⁿ(cos(φ − θ))₊ⁿ, n = s − 1.
#[test]
fn the_kernel_is_an_integral() {
    for (power, moment, normaliser) in [(1, 1.0, 2.0), (2, 2.0, 2.0 / 3.0), (3, 8.0, 2.0 / 15.0)] {
        for angle in [0.0, 0.3, 1.0, PI / 2.0, 2.0, 3.0, PI] {
            // Both factors are positive between angle − π/2 and π/2.
            let (low, high, nodes) = (angle - PI / 2.0, PI / 2.0, 20_000);
            let term = |i: i32| {
                let phi = low + (high - low) * (f64::from(i) + 0.5) / f64::from(nodes);
                (phi.cos() * (phi - angle).cos()).powi(power as i32 - 1)
            };
            let mean = (0..nodes).map(term).sum::<f64>() / f64::from(nodes) * (high - low) / (2.0 * PI);
            let expected = normaliser * f64::from(power * power) * angle.cos() * moment * mean;
            let found = tangent_kernel(power, angle.cos()).unwrap();
            assert!(
                (found - expected).abs() < 1e-7,
                "s = {power}, angle {angle}: {found} against {expected}"
            );
        }
    }
}

/// Trained to convergence, a wide network predicts like its tangent, and the wider the closer.
#[test]
fn training_agrees_with_the_tangent() {
    let run = |half: usize| {
        let network = Network::antisymmetric(2, 2, half, &mut rng(5)).unwrap();
        let [mut kernel, mut trained] = [Predictor::Kernel, Predictor::Trained { steps: 400 }]
            .map(|predictor| NeuralGcb::new(network.clone(), circle(6), TUNING, predictor).unwrap());
        // Only one action is offered, so both learn the same; after the 4th round of group 1 the network is fresh.
        for action in [0, 2, 3, 5] {
            for policy in [&mut kernel, &mut trained] {
                policy.choose(&[action], &mut rng(1)).unwrap();
                policy.observe(0, &(action as f64 / 5.0 - 0.3)).unwrap();
            }
        }
        assert_eq!(trained.rounds_by_group().collect::<Vec<_>>()[0], 4, "all in the first group");
        let gap = |action| {
            let (a, b) = (kernel.posterior(1, action).unwrap(), trained.posterior(1, action).unwrap());
            assert_eq!(a.1, b.1);
            (a.0 - b.0).abs()
        };
        (0..6).map(gap).fold(0.0, f64::max)
    };
    let (narrow, wide) = (run(32), run(8192));
    assert!(wide < 0.01 && wide < narrow / 4.0, "{narrow} and {wide}");
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    let network = || Network::new(2, 2, 4, &mut rng(1)).unwrap();
    for power in [0, 4] {
        assert!(names(Network::new(power, 2, 4, &mut rng(1)), "power"));
        assert!(names(tangent_kernel(power, 0.5), "power"));
    }
    assert!(names(Network::new(2, 0, 4, &mut rng(1)), "dim"));
    assert!(names(Network::new(2, 2, 0, &mut rng(1)), "width"));
    assert!(names(Network::antisymmetric(2, 2, 0, &mut rng(1)), "width"));
    assert!(names(network().value(&[0.0; 3], &[1.0, 0.0]), "weights"));
    assert!(names(network().tangent(&[1.0, 0.0], &[1.0]), "x"));
    assert!(names(network().add_gradient(&[0.0; 8], &[1.0, 0.0], 1.0, &mut [0.0; 3]), "sum"));
    assert!(names(network().gram(&[]), "points"));
    let build = |pool, tuning, predictor| NeuralGcb::new(network(), pool, tuning, predictor);
    assert!(names(build(vec![], TUNING, Predictor::Kernel), "points"));
    assert!(names(build(vec![vec![0.5, 0.0]], TUNING, Predictor::Kernel), "x"));
    assert!(names(build(circle(3), Tuning { horizon: 0, ..TUNING }, Predictor::Kernel), "horizon"));
    assert!(names(build(circle(3), TUNING, Predictor::Trained { steps: 0 }), "steps"));
    let mut policy = build(circle(3), TUNING, Predictor::Kernel).unwrap();
    assert!(names(policy.choose(&[], &mut rng(1)), "actions"));
    assert!(names(policy.choose(&[0, 3], &mut rng(1)), "actions"));
    assert!(names(policy.posterior(0, 0), "group") && names(policy.posterior(7, 0), "group"));
    assert!(names(policy.posterior(1, 3), "actions"));
    assert!(names(Pool::new(vec![], 1, 0.1), "means"));
    assert!(names(Pool::new(vec![0.0], 0, 0.1), "offered") && names(Pool::new(vec![0.0], 2, 0.1), "offered"));
}
