//! What *Does Sparsity Help in Learning Misspecified Linear Bandits?* promises.

use rand::{Rng, RngExt, seq::index};
use rand_distr::StandardNormal;
use ratebook::Result;
use ratebook::bandits::baselines::{OnceEach, Uniform};
use ratebook::bandits::instances::Gaussian;
use ratebook::bandits::sparse_misspecified::{DesignLeastSquares, Net, SparseSearch};
use ratebook::bandits::{Actions, Bandit, FixedBudget, Pulls};
use ratebook::math::sequences::sequences;
use ratebook::math::vector::{dot, norm};
use ratebook_judge::{Claim, Paper, Source, Tolerance};

/// 4ε: how far from the best the search's action may be, without noise.
///
/// Derived: the net's nearest point predicts every reward within 2ε, so its favourite is at most 4ε below the best
/// action; what is returned has the best answer of all that were asked.
pub fn suboptimality(epsilon: f64) -> f64 {
    4.0 * epsilon
}

/// 6ε: the same with noise, when every answer is within ε of its mean; the returned action's answer may flatter it
/// and the favourite's may slander it.
pub fn noisy_suboptimality(epsilon: f64) -> f64 {
    6.0 * epsilon
}

/// C(d, s)·(√s/ε + 2)^s = O((d/ε)^s): the points of the net, hence the queries without noise.
pub fn queries(dim: f64, sparsity: i32, epsilon: f64) -> f64 {
    let supports: f64 = (0..sparsity).map(|i| (dim - f64::from(i)) / f64::from(i + 1)).product();
    supports * (f64::from(sparsity).sqrt() / epsilon + 2.0).powi(sparsity)
}

/// ε·(0.9·√d − 1.9), of order ε√d: what least squares on a G-optimal design loses on the barrier instance.
///
/// Derived: the answers are c − ε and ε, …, ε, so the action (1, …, 1)/√d is predicted to be worth
/// (c + (d − 2)ε)/√d > c − ε with c = 0.9·ε√d, and is worth c/√d = 0.9·ε.
pub fn least_squares_loss(dim: f64, epsilon: f64) -> f64 {
    epsilon * (0.9 * dim.sqrt() - 1.9)
}

/// (Q + 1)/M: the share of M needles that a policy can find with Q queries.
///
/// Classical: until it is asked about, the needle looks like all others; the policy asks about Q actions and
/// may guess one more.
pub fn needles_found(queries: f64, actions: f64) -> f64 {
    (queries + 1.0) / actions
}

/// What a policy is told of an instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The features.
    pub actions: Actions,
    /// s.
    pub sparsity: usize,
    /// ε.
    pub epsilon: f64,
}

/// The search for a problem without noise.
fn search(problem: Problem) -> Result<SparseSearch> {
    SparseSearch::new(problem.actions, problem.sparsity, problem.epsilon)
}

/// The search for noise of standard deviation 1.
fn noisy_search(problem: Problem) -> Result<SparseSearch> {
    search(problem)?.noisy(1.0, DELTA)
}

/// A net of vectors with one nonzero coordinate too few.
fn too_sparse(problem: Problem) -> Result<SparseSearch> {
    let net = Net::new(problem.actions.dim(), problem.sparsity - 1, problem.epsilon)?;
    SparseSearch::with_net(problem.actions, net, problem.epsilon)
}

/// A net with sides of 8ε.
fn too_coarse(problem: Problem) -> Result<SparseSearch> {
    let side = 8.0 * problem.epsilon;
    let net = Net::with_side(problem.actions.dim(), problem.sparsity, side, 1.0 + problem.epsilon)?;
    SparseSearch::with_net(problem.actions, net, problem.epsilon)
}

/// Least squares on the first dim actions, which are the basis.
fn least_squares_on_basis(problem: Problem) -> Result<DesignLeastSquares> {
    let (arms, dim) = (problem.actions.arms(), problem.actions.dim());
    let weights = (0..arms).map(|arm| if arm < dim { 1.0 / dim as f64 } else { 0.0 }).collect();
    DesignLeastSquares::new(problem.actions, weights)
}

/// Least squares on as many random actions as there are queries.
fn least_squares_on_random(
    problem: Problem,
    queries: usize,
    rng: &mut dyn Rng,
) -> Result<DesignLeastSquares> {
    let mut weights = vec![0.0; problem.actions.arms()];
    index::sample(rng, weights.len(), queries).iter().for_each(|arm| weights[arm] = 1.0 / queries as f64);
    DesignLeastSquares::new(problem.actions, weights)
}

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new("bandits/sparse_misspecified", "Does Sparsity Help in Learning Misspecified Linear Bandits?")
        .arxiv("2303.16998")
        .seed_line(133)
        .claim(
            within_four_epsilon(search)
                .control("a net of too sparse vectors", within_four_epsilon(too_sparse))
                .control("a net with sides of 8ε", within_four_epsilon(too_coarse)),
        )
        .claim(
            within_four_epsilon_at_random(search)
                .control("a net of too sparse vectors", within_four_epsilon_at_random(too_sparse)),
        )
        .claim(asks_at_most(search).control("asks about every action", asks_at_most(|_| Ok(Uniform))))
        .claim(
            least_squares_hits_the_barrier(least_squares_on_basis, 1.0)
                .control("no misspecification", least_squares_hits_the_barrier(least_squares_on_basis, 0.0)),
        )
        .claim(
            passes_the_barrier(search).control("least squares", passes_the_barrier(least_squares_on_basis)),
        )
        .claim(
            within_six_epsilon_with_noise(noisy_search)
                .control("asks about every proposal once", within_six_epsilon_with_noise(search)),
        )
        .claim(
            needles_hide(least_squares_on_random, true)
                .control("no misspecification", needles_hide(least_squares_on_random, false))
                .peer("asks at random", needles_hide(|_, _, _| Ok(OnceEach), true)),
        )
}

/// δ of the claim with noise.
const DELTA: f64 = 0.1;

fn basis(dim: usize, i: usize, scale: f64) -> Vec<f64> {
    (0..dim).map(|j| if i == j { scale } else { 0.0 }).collect()
}

/// (e_i ± e_j)/√2.
fn diagonal(dim: usize, i: usize, j: usize, sign: f64) -> Vec<f64> {
    let mut x = basis(dim, i, 0.5f64.sqrt());
    x[j] = sign * 0.5f64.sqrt();
    x
}

/// Rewards ⟨φ(a), θ⟩ + ν(a).
fn rewards(actions: &Actions, theta: &[f64], errors: &[f64]) -> Vec<f64> {
    actions.iter().zip(errors).map(|(x, error)| dot(x, theta) + error).collect()
}

/// The gap of the action that a policy returns, and the queries it needed.
fn run(
    policy: &impl FixedBudget,
    means: Vec<f64>,
    deviation: f64,
    budget: u64,
    noise: &mut dyn Rng,
    coins: &mut dyn Rng,
) -> Result<(f64, f64)> {
    let bandit = Gaussian::new(means, deviation)?;
    let mut pulls = Pulls::new(&bandit, budget, noise);
    let arm = policy.recommend(&mut pulls, coins)?;
    Ok((bandit.gap(arm), (budget - pulls.remaining()) as f64))
}

/// The probe: actions ±e_i and (e_i + e_j)/√2, θ = (e_1 + e_2)/√2, ν = +ε on its best action and −ε elsewhere. All
/// vectors with one nonzero coordinate propose ±e_i, 0.293 + 2ε below the best.
fn probe(epsilon: f64) -> Result<(Problem, Vec<f64>)> {
    const DIM: usize = 4;
    let axes = (0..DIM).flat_map(|i| [basis(DIM, i, 1.0), basis(DIM, i, -1.0)]);
    let diagonals = (0..DIM).flat_map(|j| (0..j).map(move |i| diagonal(DIM, i, j, 1.0)));
    let actions = Actions::new(DIM, axes.chain(diagonals).flatten().collect())?;
    let theta = diagonal(DIM, 0, 1, 1.0);
    let errors: Vec<f64> =
        actions.iter().map(|x| if x == theta.as_slice() { epsilon } else { -epsilon }).collect();
    let means = rewards(&actions, &theta, &errors);
    Ok((Problem { actions, sparsity: 2, epsilon }, means))
}

/// Without noise the action is within 4ε of the best: on the probe, and for 16 directions of θ on eight actions
/// whatever the signs of the errors.
pub fn within_four_epsilon<P: FixedBudget>(
    make: impl Fn(Problem) -> Result<P> + Send + Sync + 'static,
) -> Claim {
    const DIM: usize = 3;
    Claim::always("within four epsilon")
        .states("Without noise the action returned is within $4\\varepsilon$ of the best.")
        .assuming(
            "the probe in R⁴; eight actions in R³, θ in 16 directions on two coordinates, every ν in {−ε, ε}⁸",
        )
        .source(Source::Abstract)
        .from_memory()
        .exhaustive()
        .sweep("epsilon", [0.05, 0.1, 0.2])
        .check(move |epsilon, streams, cases| -> Result<()> {
            let (noise, coins) = (&mut streams.noise, &mut streams.algorithm);
            let (problem, means) = probe(epsilon)?;
            let budget = means.len() as u64;
            let (gap, _) = run(&make(problem)?, means, 0.0, budget, noise, coins)?;
            cases.at_most(gap, suboptimality(epsilon), || "on the probe".into());

            let axes = [(0, 1.0), (1, 1.0), (2, 1.0), (0, -1.0)];
            let axes = axes.map(|(i, sign)| basis(DIM, i, sign));
            let diagonals =
                [(0, 1, 1.0), (0, 1, -1.0), (1, 2, 1.0)].map(|(i, j, sign)| diagonal(DIM, i, j, sign));
            // Nobody's favourite, for the longer one beside it always looks better: only the guarantee protects it.
            let shadow = diagonal(DIM, 0, 1, 1.0).into_iter().map(|entry| 0.99 * entry);
            let entries = axes.into_iter().chain(diagonals).flatten().chain(shadow);
            let actions = Actions::new(DIM, entries.collect())?;
            let policy = make(Problem { actions: actions.clone(), sparsity: 2, epsilon })?;
            for (first, angle) in [0, 1].into_iter().flat_map(|first| (0..8).map(move |angle| (first, angle))) {
                let (sin, cos) = (std::f64::consts::FRAC_PI_4 * f64::from(angle)).sin_cos();
                let mut theta = vec![0.0; DIM];
                (theta[first], theta[first + 1]) = (cos, sin);
                for errors in sequences(&[-epsilon, epsilon], actions.arms()) {
                    let means = rewards(&actions, &theta, &errors);
                    let (gap, _) = run(&policy, means, 0.0, actions.arms() as u64, noise, coins)?;
                    cases.at_most(gap, suboptimality(epsilon), || format!("θ = {theta:?}, ν = {errors:?}"));
                }
            }
            Ok(())
        })
}

/// A direction drawn uniformly.
fn direction(dim: usize, rng: &mut dyn Rng) -> Vec<f64> {
    let mut x: Vec<f64> = (0..dim).map(|_| rng.sample(StandardNormal)).collect();
    let length = norm(&x);
    x.iter_mut().for_each(|entry| *entry /= length);
    x
}

/// The same on random actions and random θ in up to eight dimensions.
pub fn within_four_epsilon_at_random<P: FixedBudget>(
    make: impl Fn(Problem) -> Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::always("within four epsilon at random")
        .states("Without noise the action returned is within $4\\varepsilon$ of the best.")
        .assuming("5 to 60 random unit vectors in R³ to R⁸, θ a random unit vector on two coordinates, ν = ±ε at random")
        .source(Source::Abstract)
        .from_memory()
        .sweep("epsilon", [0.05, 0.1])
        .replicates(700, 2000)
        .check(move |epsilon, streams, cases| -> Result<()> {
            let rng = &mut streams.instance;
            let (dim, arms) = (rng.random_range(3..=8), rng.random_range(5..=60));
            let entries = (0..arms).flat_map(|_| direction(dim, rng)).collect();
            let actions = Actions::new(dim, entries)?;
            let mut theta = vec![0.0; dim];
            let values = direction(2, rng);
            index::sample(rng, dim, 2).iter().zip(values).for_each(|(i, value)| theta[i] = value);
            let errors: Vec<f64> = (0..arms).map(|_| if rng.random() { epsilon } else { -epsilon }).collect();
            let means = rewards(&actions, &theta, &errors);
            let policy = make(Problem { actions, sparsity: 2, epsilon })?;
            let (noise, coins) = (&mut streams.noise, &mut streams.algorithm);
            let (gap, _) = run(&policy, means, 0.0, arms as u64, noise, coins)?;
            cases.at_most(gap, suboptimality(epsilon), || format!("{arms} actions in dimension {dim}"));
            Ok(())
        })
}

/// The number of queries is at most the size of the net, however many actions there are.
pub fn asks_at_most<P: FixedBudget>(make: impl Fn(Problem) -> Result<P> + Send + Sync + 'static) -> Claim {
    const EPSILON: f64 = 0.4;
    const ARMS: usize = 2000;
    Claim::at_most("asks at most", |dim| queries(dim, 2, EPSILON))
        .states("Without noise there are at most $\\binom d s (\\sqrt s/\\varepsilon + 2)^s$ queries.")
        .assuming("2000 random unit vectors, s = 2, ε = 0.4, θ = e_1, ν = ±ε at random")
        .source(Source::Abstract)
        .from_memory()
        .sweep("d", [4.0, 6.0, 8.0])
        .replicates(30, 300)
        .trivial(|_| ARMS as f64)
        .measure(move |dim, streams| -> Result<f64> {
            let (dim, rng) = (dim as usize, &mut streams.instance);
            let actions = Actions::new(dim, (0..ARMS).flat_map(|_| direction(dim, rng)).collect())?;
            let errors: Vec<f64> = (0..ARMS).map(|_| if rng.random() { EPSILON } else { -EPSILON }).collect();
            let means = rewards(&actions, &basis(dim, 0, 1.0), &errors);
            let policy = make(Problem { actions, sparsity: 2, epsilon: EPSILON })?;
            Ok(run(&policy, means, 0.0, ARMS as u64, &mut streams.noise, &mut streams.algorithm)?.1)
        })
}

/// ε of the barrier.
const BARRIER: f64 = 0.01;

/// Actions e_1, …, e_d and x = (1, …, 1)/√d, θ = c·e_1 with c = 0.9·ε√d, ν(e_1) = −ε, ν(e_i) = ε, ν(x) = 0, the errors
/// times `misspecified`. The uniform design on the basis is G-optimal.
fn barrier(dim: usize, misspecified: f64) -> Result<(Problem, Vec<f64>)> {
    let entries = (0..dim).flat_map(|i| basis(dim, i, 1.0)).chain(vec![(1.0 / dim as f64).sqrt(); dim]);
    let actions = Actions::new(dim, entries.collect())?;
    let errors: Vec<f64> = (0..=dim)
        .map(|i| match i {
            0 => -misspecified * BARRIER,
            i if i < dim => misspecified * BARRIER,
            _ => 0.0,
        })
        .collect();
    let means = rewards(&actions, &basis(dim, 0, 0.9 * BARRIER * (dim as f64).sqrt()), &errors);
    Ok((Problem { actions, sparsity: 1, epsilon: BARRIER }, means))
}

/// Least squares on a G-optimal design loses exactly ε(0.9·√d − 1.9) on the barrier instance.
pub fn least_squares_hits_the_barrier<P: FixedBudget>(
    make: impl Fn(Problem) -> Result<P> + Send + Sync + 'static,
    misspecified: f64,
) -> Claim {
    let loss = |dim: f64| least_squares_loss(dim, BARRIER);
    Claim::equals("least squares hits the barrier", loss, Tolerance::Relative(1e-9))
        .states("Least squares on a G-optimal design may lose $\\varepsilon(0.9\\sqrt d - 1.9) = \\Omega(\\varepsilon\\sqrt d)$.")
        .assuming("actions e_1, …, e_d and (1, …, 1)/√d, a parameter with one nonzero coordinate, ε = 0.01")
        .source(Source::Derived)
        .computed()
        .sweep("d", [64.0, 144.0, 256.0])
        .full_sweep([64.0, 144.0, 256.0, 576.0, 1024.0])
        .measure(move |dim, streams| -> Result<f64> {
            let (problem, means) = barrier(dim as usize, misspecified)?;
            let budget = means.len() as u64;
            let (noise, coins) = (&mut streams.noise, &mut streams.algorithm);
            Ok(run(&make(problem)?, means, 0.0, budget, noise, coins)?.0)
        })
}

/// On the barrier instance the sparse search stays within 4ε.
pub fn passes_the_barrier<P: FixedBudget>(
    make: impl Fn(Problem) -> Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::always("passes the barrier")
        .states("Where least squares loses $\\Omega(\\varepsilon\\sqrt d)$ the sparse search is within $4\\varepsilon$.")
        .assuming("actions e_1, …, e_d and (1, …, 1)/√d, a parameter with one nonzero coordinate, ε = 0.01")
        .source(Source::Abstract)
        .computed()
        .sweep("d", [64.0, 144.0, 256.0])
        .full_sweep([64.0, 144.0, 256.0, 576.0, 1024.0])
        .check(move |dim, streams, cases| -> Result<()> {
            let (problem, means) = barrier(dim as usize, 1.0)?;
            let budget = means.len() as u64;
            let (noise, coins) = (&mut streams.noise, &mut streams.algorithm);
            let (gap, _) = run(&make(problem)?, means, 0.0, budget, noise, coins)?;
            cases.at_most(gap, suboptimality(BARRIER), || format!("d = {dim}"));
            Ok(())
        })
}

/// With noise the action is within 6ε of the best with probability 1 − δ. The actions are a fan of which many are
/// nearly best.
pub fn within_six_epsilon_with_noise<P: FixedBudget>(
    make: impl Fn(Problem) -> Result<P> + Send + Sync + 'static,
) -> Claim {
    const DIM: usize = 4;
    const FAN: usize = 60;
    Claim::fails_at_most("within six epsilon with noise", |_| DELTA)
        .states("With noise the action returned is within $6\\varepsilon$ of the best with probability $1 - \\delta$.")
        .assuming(
            "60 unit vectors that turn in the first plane of R⁴, θ random in that plane, ν = ±ε at random, normal noise \
             of standard deviation 1, δ = 0.1",
        )
        .source(Source::Derived)
        .sweep("epsilon", [0.05, 0.1])
        .replicates(200, 2000)
        .measure(move |epsilon, streams| -> Result<f64> {
            let rng = &mut streams.instance;
            let turn = |angle: f64| [angle.cos(), angle.sin(), 0.0, 0.0];
            let angle = |i: usize| std::f64::consts::TAU * i as f64 / FAN as f64;
            let actions = Actions::new(DIM, (0..FAN).flat_map(|i| turn(angle(i))).collect())?;
            let theta = turn(std::f64::consts::TAU * rng.random::<f64>());
            let errors: Vec<f64> = (0..FAN).map(|_| if rng.random() { epsilon } else { -epsilon }).collect();
            let means = rewards(&actions, &theta, &errors);
            let policy = make(Problem { actions, sparsity: 2, epsilon })?;
            let (noise, coins) = (&mut streams.noise, &mut streams.algorithm);
            let (gap, _) = run(&policy, means, 1.0, 1_000_000, noise, coins)?;
            Ok(gap / noisy_suboptimality(epsilon))
        })
}

/// Unit vectors with entries ±1/√d, no two of which have an inner product above `coherence` in size.
fn codewords(count: usize, dim: usize, coherence: f64, rng: &mut dyn Rng) -> Vec<Vec<f64>> {
    let size = (dim as f64).sqrt().recip();
    let mut words: Vec<Vec<f64>> = Vec::with_capacity(count);
    while words.len() < count {
        let word: Vec<f64> = (0..dim).map(|_| if rng.random() { size } else { -size }).collect();
        if words.iter().all(|other| dot(other, &word).abs() <= coherence) {
            words.push(word);
        }
    }
    words
}

/// Among M nearly orthogonal codewords of which one is worth Δ and the others nothing, linear up to ε = γΔ, Q
/// queries find at most the share (Q + 1)/M of the needles. Every needle is tried, with the same coins.
pub fn needles_hide<P: FixedBudget>(
    make: impl Fn(Problem, usize, &mut dyn Rng) -> Result<P> + Send + Sync + 'static,
    misspecified: bool,
) -> Claim {
    const DIM: usize = 64;
    const WORDS: usize = 512;
    const COHERENCE: f64 = 0.5;
    Claim::at_most("needles hide", |queries| needles_found(queries, WORDS as f64))
        .states("With $Q$ queries no policy finds more than the share $(Q + 1)/M$ of the needles.")
        .assuming(
            "M = 512 codewords in R⁶⁴ with inner products up to γ = 1/2, r(a) = 1[a = a*], every a*; least squares \
             on Q random actions",
        )
        .source(Source::Classical)
        .exhaustive()
        .sweep("Q", [64.0, 128.0, 256.0])
        .trivial(|_| 1.0)
        .measure(move |queries, streams| -> Result<f64> {
            let words = codewords(WORDS, DIM, COHERENCE, &mut streams.instance);
            let actions = Actions::new(DIM, words.concat())?;
            let problem = Problem { actions, sparsity: DIM, epsilon: COHERENCE };
            let policy = make(problem, queries as usize, &mut streams.algorithm)?;
            let mut found = 0.0;
            for needle in 0..WORDS {
                let value = |arm: usize| match misspecified {
                    true => f64::from(arm == needle),
                    false => dot(&words[arm], &words[needle]),
                };
                let means = (0..WORDS).map(value).collect();
                let coins = &mut streams.algorithm.clone();
                let (gap, _) = run(&policy, means, 0.0, queries as u64, &mut streams.noise, coins)?;
                found += f64::from(gap < 0.25);
            }
            Ok(found / WORDS as f64)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;
    use ratebook::bandits::sparse_misspecified::net_size;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(suboptimality(0.05), 0.2, max_relative = 1e-12);
        assert_relative_eq!(noisy_suboptimality(0.05), 0.3, max_relative = 1e-12);
        // C(6, 4)·(2/0.5 + 2)⁴ = 15·1296.
        assert_relative_eq!(queries(6.0, 4, 0.5), 19_440.0, max_relative = 1e-12);
        assert_relative_eq!(queries(10.0, 1, 0.25), 60.0, max_relative = 1e-12);
        assert_relative_eq!(least_squares_loss(100.0, 0.01), 0.071, max_relative = 1e-12);
        assert_relative_eq!(needles_found(63.0, 512.0), 0.125, max_relative = 1e-12);
    }

    #[test]
    fn the_design_of_the_barrier_is_optimal() {
        let (problem, _) = barrier(30, 1.0).unwrap();
        assert_relative_eq!(least_squares_on_basis(problem).unwrap().variance(), 30.0, max_relative = 1e-12);
    }

    quickcheck! {
        fn the_library_has_the_same_net(dim: u8, sparsity: u8, epsilon: u8) -> bool {
            let (dim, sparsity) = (i32::from(dim % 20) + 3, i32::from(sparsity % 3) + 1);
            let epsilon = (f64::from(epsilon) + 1.0) / 256.0;
            let ours = queries(f64::from(dim), sparsity, epsilon);
            (net_size(dim as usize, sparsity as usize, epsilon) / ours - 1.0).abs() < 1e-12
        }

        fn a_finer_net_is_larger(dim: u8, epsilon: u8) -> bool {
            let (dim, epsilon) = (f64::from(dim) + 2.0, (f64::from(epsilon) + 1.0) / 256.0);
            queries(dim, 2, epsilon / 2.0) > 1.999 * queries(dim, 2, epsilon)
                && queries(dim + 1.0, 2, epsilon) > queries(dim, 2, epsilon)
        }

        fn the_barrier_is_of_order_root_d(dim: u16) -> bool {
            let dim = f64::from(dim) + 64.0;
            let share = least_squares_loss(dim, 0.01) / (0.01 * dim.sqrt());
            (0.6..0.9).contains(&share)
        }

        fn every_query_finds_one_needle(found: u8) -> bool {
            let found = f64::from(found);
            (needles_found(found + 1.0, 512.0) - needles_found(found, 512.0) - 1.0 / 512.0).abs() < 1e-15
        }
    }
}
