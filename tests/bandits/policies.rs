//! Every policy of the area, by what it sees. A new one is added to the list that it fits.

use ratebook::Result;
use ratebook::bandits::baselines::{
    Exp3, ExploreThenCommit, Oful, OnceEach, OnePullHalving, Timid, TsallisInf, Ucb, Uniform, UniformArms,
    WeightedOful, WorseHalf,
};
use ratebook::bandits::bracketing_halving::{BracketingHalving, SequentialHalving};
use ratebook::bandits::feedback_graph::Exp3Ex;
use ratebook::bandits::gap_misspecified::{Assumptions, DsOful, SupLinUcb};
use ratebook::bandits::heteroscedastic_glm::MorUcb;
use ratebook::bandits::instances::Graph;
use ratebook::bandits::multiplier_bootstrap::{Mbe, Multipliers, Replicates};
use ratebook::bandits::neural_contextual::{Network, NeuralGcb, Predictor, Tuning};
use ratebook::bandits::pareto_thompson::ParetoThompson;
use ratebook::bandits::primitives::NoiseRange;
use ratebook::bandits::stabl::StAbl;
use ratebook::bandits::streaming_arms::{InRandomOrder, KeepBest, Tower};
use ratebook::bandits::switching_costs::{Batched, Observation};
use ratebook::bandits::{Actions, FixedBudget, Policy, Revealed};
use ratebook_test_support::rng;

/// Something with a name.
pub type Named<T> = (&'static str, T);

pub type OnRewards = Box<dyn Policy<Context = (), Feedback = f64>>;
pub type OnLosses = Box<dyn Policy<Context = (), Feedback = [Revealed]>>;
pub type OnActions = Box<dyn Policy<Context = Actions, Feedback = f64>>;
pub type OnPools = Box<dyn Policy<Context = [usize], Feedback = f64>>;

/// Policies that see the reward of the arm they played.
pub fn on_rewards(arms: usize, horizon: u64) -> Result<Vec<Named<OnRewards>>> {
    Ok(vec![
        ("UCB", Box::new(Ucb::new(arms, 0.5, horizon)?)),
        ("greedy", Box::new(Ucb::new(arms, 0.0, horizon)?)),
        ("explore, then commit", Box::new(ExploreThenCommit::new(arms, 3)?)),
        ("uniform arms", Box::new(UniformArms::new(arms)?)),
        ("MBE, normal", Box::new(Mbe::with_defaults(arms)?)),
        ("MBE, exponential", Box::new(Mbe::new(arms, 0.5, Multipliers::Exponential)?)),
        ("MBE, Poisson", Box::new(Mbe::new(arms, 0.5, Multipliers::Poisson)?)),
        ("MBE, ten replicates", Box::new(Replicates::new(arms, 0.5, Multipliers::Exponential, 10)?)),
    ])
}

/// Policies that see the reward of the arm they played, which has to be positive.
pub fn on_positive_rewards(arms: usize) -> Result<Vec<Named<OnRewards>>> {
    Ok(vec![
        ("STS, k = 2", Box::new(ParetoThompson::new(arms, 2)?)),
        ("STS, k = -2", Box::new(ParetoThompson::new(arms, -2)?)),
        ("STS-T, k = 0", Box::new(ParetoThompson::truncated(arms, 0)?)),
    ])
}

/// Policies that see losses, on this feedback graph.
pub fn on_losses(graph: &Graph, horizon: u64) -> Result<Vec<Named<OnLosses>>> {
    Ok(vec![
        ("Exp3", Box::new(Exp3::tuned(graph.arms(), horizon as f64)?)),
        ("Tsallis-INF", Box::new(TsallisInf::tuned(graph.arms(), horizon as f64)?)),
        ("Exp3-EX", Box::new(Exp3Ex::new(graph.clone(), horizon as f64)?)),
        ("StABL", Box::new(StAbl::new(graph.arms(), horizon)?)),
        ("StABL, one query", Box::new(StAbl::one_query(graph.arms(), horizon, 0.25)?)),
        ("epochs, full", Box::new(Batched::new(Observation::Full, graph.arms(), horizon)?)),
        ("epochs, flexible", Box::new(Batched::new(Observation::Flexible, graph.arms(), horizon)?)),
        ("epochs, bandit", Box::new(Batched::new(Observation::Bandit, graph.arms(), horizon)?)),
    ])
}

/// Policies that choose from decision sets in the unit ball, and may be told noise levels up to 1/2.
pub fn on_actions(dim: usize) -> Result<Vec<Named<OnActions>>> {
    let assumptions =
        Assumptions { dim, length: 1.0, bound: 1.0, noise: 0.1, misspecification: 0.01, delta: 0.1 };
    let noise =
        NoiseRange { dim, length: 1.0, bound: 1.0, lambda: 1.0, sigma_min: 0.05, sigma_max: 0.5, delta: 0.1 };
    Ok(vec![
        ("OFUL", Box::new(Oful::new(dim, 1.0, 0.5)?)),
        ("ridge, greedy", Box::new(Oful::new(dim, 1.0, 0.0)?)),
        ("DS-OFUL", Box::new(DsOful::new(assumptions, 0.1)?)),
        ("SupLinUCB", Box::new(SupLinUcb::new(assumptions)?)),
        ("MOR-UCB", Box::new(MorUcb::new(noise)?)),
        ("weighted OFUL", Box::new(WeightedOful::new(noise)?)),
    ])
}

/// Policies that choose from a pool of actions on the circle.
pub fn on_pools(actions: usize, horizon: u64) -> Result<Vec<Named<OnPools>>> {
    let angle = |i| i as f64 / actions as f64;
    let circle: Vec<Vec<f64>> = (0..actions).map(|i| vec![angle(i).cos(), angle(i).sin()]).collect();
    let tuning = Tuning { horizon, lambda: 0.1, beta: 1.0, sigma0: 1.0, eta: 1.0 };
    let build =
        |predictor| NeuralGcb::new(Network::new(2, 2, 16, &mut rng(5))?, circle.clone(), tuning, predictor);
    Ok(vec![
        ("NeuralGCB, kernel", Box::new(build(Predictor::Kernel)?)),
        ("NeuralGCB, trained", Box::new(build(Predictor::Trained { steps: 5 })?)),
    ])
}

/// Policies that spend a budget of pulls on [`Bernoulli`]-like arms.
pub fn on_budgets() -> Vec<Named<Box<dyn FixedBudget>>> {
    vec![
        ("sequential halving", Box::new(SequentialHalving)),
        ("bracketing halving", Box::new(BracketingHalving)),
        ("one-pull halving", Box::new(OnePullHalving)),
        ("worse half", Box::new(WorseHalf)),
        ("timid halving", Box::new(Timid)),
        ("once each", Box::new(OnceEach)),
        ("uniform allocation", Box::new(Uniform)),
        ("keep the best", Box::new(InRandomOrder(KeepBest::tuned()))),
        ("tower", Box::new(InRandomOrder(Tower::default()))),
    ]
}
