//! Search over a net of sparse parameters.

use proptest::prelude::*;
use ratebook::bandits::instances::Gaussian;
use ratebook::bandits::sparse_misspecified::{DesignLeastSquares, Net, SparseSearch, net_size};
use ratebook::bandits::{Actions, Bandit, FixedBudget, Pulls};
use ratebook::math::vector::{distance, dot, norm};
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

fn names<T>(result: Result<T>, parameter: &str) -> bool {
    result.err().is_some_and(|error| error.to_string().starts_with(parameter))
}

/// Vectors of norm at most 1.
fn features(dim: usize, most: usize) -> impl Strategy<Value = Vec<Vec<f64>>> {
    let vector = prop::collection::vec(-1.0..=1.0f64, dim).prop_map(|mut x| {
        let length = norm(&x).max(1.0);
        x.iter_mut().for_each(|entry| *entry /= length);
        x
    });
    prop::collection::vec(vector, 1..most)
}

/// The arm returned and the queries spent, without noise.
fn run(policy: &impl FixedBudget, means: &[f64], budget: u64) -> Result<(usize, u64)> {
    let (bandit, mut noise) = (Gaussian::new(means.to_vec(), 0.0).unwrap(), rng(1));
    let mut pulls = Pulls::new(&bandit, budget, &mut noise);
    let arm = policy.recommend(&mut pulls, &mut rng(2))?;
    Ok((arm, budget - pulls.remaining()))
}

fn points(net: &Net) -> Vec<(Vec<usize>, Vec<f64>)> {
    let mut points = Vec::new();
    net.visit(|support, values| {
        points.push((support.to_vec(), values.to_vec()));
        Ok(())
    })
    .unwrap();
    points
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_net_covers_the_sparse_unit_ball(
        dim in 1usize..6, coordinates in prop::collection::vec(0usize..6, 2), values in prop::collection::vec(-1.0..=1.0f64, 2),
        epsilon in 0.05..1.0f64,
    ) {
        let sparsity = dim.min(2);
        let mut theta = vec![0.0; dim];
        coordinates.iter().zip(&values).for_each(|(&i, value)| theta[i % dim] = *value);
        let length = norm(&theta).max(1.0);
        theta.iter_mut().for_each(|entry| *entry /= length);
        let net = Net::new(dim, sparsity, epsilon).unwrap();
        let mut nearest = f64::INFINITY;
        let found = points(&net);
        for (support, values) in &found {
            prop_assert!(support.is_sorted_by(|a, b| a < b) && support.iter().all(|&i| i < dim));
            prop_assert!(norm(values) <= 1.0 + epsilon + 1e-9);
            let mut point = vec![0.0; dim];
            support.iter().zip(values).for_each(|(&i, value)| point[i] = *value);
            nearest = nearest.min(distance(&point, &theta));
        }
        prop_assert!(nearest <= epsilon * (1.0 + 1e-9), "{nearest}");
        prop_assert!(found.len() as f64 <= net.size_bound());
        prop_assert!(net.size_bound() <= net_size(dim, sparsity, epsilon) * (1.0 + 1e-12));
    }

    #[test]
    fn the_action_is_within_four_epsilon(
        features in features(4, 20), at in 0usize..4, second in 0usize..4, angle in 0.0..6.3f64, signs in any::<u32>(),
        shares in prop::collection::vec(0.0..=1.0f64, 20), epsilon in 0.05..0.5f64,
    ) {
        let mut theta = [0.0; 4];
        theta[at] = angle.cos();
        if second != at {
            theta[second] = angle.sin();
        }
        // Any misspecification up to ε, of any sign.
        let sign = |arm: usize| if signs >> arm & 1 == 1 { epsilon } else { -epsilon };
        let means: Vec<f64> =
            features.iter().enumerate().map(|(arm, x)| dot(x, &theta) + sign(arm) * shares[arm]).collect();
        let search = SparseSearch::new(Actions::new(4, features.concat()).unwrap(), 2, epsilon).unwrap();
        let (arm, queries) = run(&search, &means, means.len() as u64).unwrap();
        let best = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        prop_assert!(best - means[arm] <= 4.0 * epsilon + 1e-12);
        prop_assert!(queries as f64 <= net_size(4, 2, epsilon) && queries as usize <= means.len());
    }

    #[test]
    fn relabelled_coordinates_have_the_same_value(features in features(3, 10), angle in 0.0..6.3f64) {
        let epsilon = 0.1;
        let theta = [angle.cos(), 0.0, angle.sin()];
        let means: Vec<f64> = features.iter().map(|x| dot(x, &theta)).collect();
        let turned: Vec<Vec<f64>> = features.iter().map(|x| vec![x[2], x[0], x[1]]).collect();
        // The rewards are the same, so either answer is within 4ε in both worlds.
        for features in [&features, &turned] {
            let search = SparseSearch::new(Actions::new(3, features.concat()).unwrap(), 2, epsilon).unwrap();
            let (arm, _) = run(&search, &means, 10).unwrap();
            let best = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(best - means[arm] <= 4.0 * epsilon + 1e-12);
        }
    }

    #[test]
    fn a_short_budget_is_refused(features in features(3, 10)) {
        let search = SparseSearch::new(Actions::new(3, features.concat()).unwrap(), 1, 0.2).unwrap();
        let means = vec![0.0; features.len()];
        let (_, needed) = run(&search, &means, 100).unwrap();
        prop_assert!(run(&search, &means, needed).is_ok());
        prop_assert!(names(run(&search, &means, needed - 1), "pulls"));
    }

    #[test]
    fn least_squares_is_exact_without_misspecification(features in features(3, 12), theta in prop::collection::vec(-1.0..1.0f64, 3)) {
        let means: Vec<f64> = features.iter().map(|x| dot(x, &theta)).collect();
        let arms = features.len();
        let design = vec![1.0 / arms as f64; arms];
        let policy = DesignLeastSquares::new(Actions::new(3, features.concat()).unwrap(), design).unwrap();
        let (arm, queries) = run(&policy, &means, arms as u64).unwrap();
        let best = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        prop_assert!(queries as usize <= arms);
        // All rows were seen, so all are predicted, whatever the rank.
        prop_assert!(best - means[arm] <= 1e-6);
    }

    #[test]
    fn no_design_beats_the_dimension(features in features(3, 12), weights in prop::collection::vec(0.01..1.0f64, 12)) {
        let arms = features.len();
        let total: f64 = weights[..arms].iter().sum();
        let design = weights[..arms].iter().map(|weight| weight / total).collect();
        let policy = DesignLeastSquares::new(Actions::new(3, features.concat()).unwrap(), design).unwrap();
        // A design that hardly spans the space has a large variance, known to few digits.
        prop_assert!(policy.variance() >= 3.0 - 1e-3);
        prop_assert!(arms >= 3 || policy.variance() == f64::INFINITY);
    }

    #[test]
    fn any_draws_give_a_legal_arm(features in features(3, 10), mut noise in HalfAdversarial::strategy(40), mut coins in HalfAdversarial::strategy(40)) {
        let arms = features.len();
        let bandit = Gaussian::new(vec![0.3; arms], 1.0).unwrap();
        let actions = Actions::new(3, features.concat()).unwrap();
        let search = SparseSearch::new(actions.clone(), 1, 0.5).unwrap().noisy(1.0, 0.1).unwrap();
        let squares = DesignLeastSquares::new(actions, vec![1.0 / arms as f64; arms]).unwrap();
        for policy in [&search as &dyn FixedBudget, &squares] {
            let arm = policy.recommend(&mut Pulls::new(&bandit, 10_000, &mut noise), &mut coins).unwrap();
            prop_assert!(arm < arms && bandit.gap(arm) == 0.0);
        }
    }

    #[test]
    fn bad_numbers_are_refused(value in awkward_f64()) {
        let actions = || Actions::new(2, vec![1.0, 0.0, 0.0, 1.0]).unwrap();
        // A finer net than this has more than 10⁹ points.
        let search = SparseSearch::new(actions(), 1, value);
        prop_assert_eq!(search.is_ok(), value > 1e-8 && value <= 1.0);
        if let Err(error) = search {
            prop_assert!(error.to_string().starts_with("epsilon") || error.to_string().starts_with("net"));
        }
        let search = || SparseSearch::new(actions(), 1, 0.5).unwrap();
        prop_assert_eq!(search().noisy(value, 0.1).is_ok(), value >= 0.0 && value.is_finite());
        prop_assert_eq!(search().noisy(1.0, value).is_ok(), value > 0.0 && value < 1.0);
        if let Ok(hopeless) = search().noisy(value, 0.1) {
            let means = [0.5, 0.25];
            prop_assert!(run(&hopeless, &means, 1000).is_ok() || names(run(&hopeless, &means, 1000), "pulls"));
        }
        let long = value.is_finite().then(|| Actions::new(1, vec![value]).unwrap());
        prop_assert!(long.is_none_or(|long| SparseSearch::new(long, 1, 0.5).is_ok() == (value.abs() <= 1.0)));
    }
}

/// s² ln(2|N|/δ)·2/ε² by hand: |N| = 2·(2·4 + 1) = 18 points for ε = 1/8, so ln(36/0.1) at m = 2·4·64·5.886…
#[test]
fn repeats_by_hand() {
    let actions = Actions::new(2, vec![1.0, 0.0, 0.0, 1.0]).unwrap();
    let search = SparseSearch::new(actions, 1, 0.125).unwrap();
    assert_eq!((search.net().size_bound(), search.repeats()), (18.0, 1));
    assert_eq!(search.noisy(2.0, 0.1).unwrap().repeats(), 3014);
}

#[test]
fn points_by_hand() {
    // Side 1: 0 and ±1 on each of two axes.
    let found = points(&Net::with_side(2, 1, 1.0, 1.0).unwrap());
    let on = |i: usize, value: f64| (vec![i], vec![value]);
    assert_eq!(found, [on(0, -1.0), on(0, 0.0), on(0, 1.0), on(1, -1.0), on(1, 0.0), on(1, 1.0)]);
    // On a plane the corners are too long.
    assert_eq!(points(&Net::with_side(3, 2, 1.0, 1.0).unwrap()).len(), 3 * 5);
}

#[test]
fn errors_name_what_is_wrong() {
    let actions = || Actions::new(2, vec![1.0, 0.0, 0.0, 1.0]).unwrap();
    assert!(names(SparseSearch::new(actions(), 0, 0.5), "sparsity"));
    assert!(names(SparseSearch::new(actions(), 3, 0.5), "sparsity"));
    assert!(names(SparseSearch::new(Actions::new(2, vec![1.0, 0.1]).unwrap(), 1, 0.5), "actions"));
    assert!(names(SparseSearch::with_net(actions(), Net::new(3, 1, 0.5).unwrap(), 0.5), "net"));
    assert!(names(Net::new(0, 1, 0.5), "dim") && names(Net::with_side(2, 1, 0.0, 1.0), "side"));
    assert!(names(Net::with_side(2, 1, 1.0, f64::NAN), "radius") && names(Net::new(40, 20, 0.1), "net"));
    let search = SparseSearch::new(actions(), 1, 0.5).unwrap();
    assert!(matches!(run(&search, &[0.0; 3], 9), Err(Error::Dimension { name: "arms", .. })));
    assert!(names(DesignLeastSquares::new(actions(), vec![1.0]), "weights"));
    assert!(names(DesignLeastSquares::new(actions(), vec![0.5, f64::NAN]), "weights"));
    let squares = DesignLeastSquares::new(actions(), vec![0.5, 0.5]).unwrap();
    assert!(names(run(&squares, &[0.0; 2], 1), "pulls"));
    // A design that does not span the space predicts nothing beyond it.
    assert_eq!(DesignLeastSquares::new(actions(), vec![1.0, 0.0]).unwrap().variance(), f64::INFINITY);
}

/// A parameter that contradicts an answer is not asked for its favourite: a reward far from every prediction of
/// the first proposals leaves one query.
#[test]
fn contradicted_parameters_ask_nothing() {
    let actions = Actions::new(1, vec![-1.0, 1.0]).unwrap();
    let search = SparseSearch::new(actions, 1, 0.1).unwrap();
    // θ = −1: the first point of the net proposes action 0, whose answer refutes all positive ones.
    assert_eq!(run(&search, &[1.0, -1.0], 9), Ok((0, 1)));
    // θ = 0.1 is close to both signs: both are asked.
    assert_eq!(run(&search, &[-0.1, 0.1], 9), Ok((1, 2)));
}
