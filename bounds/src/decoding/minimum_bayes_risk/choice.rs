//! The claims about the plain method: how good its choice is.

use rand::{Rng, RngExt};
use ratebook::Result;
use ratebook::decoding::instances::MarkovSource;
use ratebook::decoding::selection::{best, expected_utilities};
use ratebook_judge::{Claim, Source, Streams, Tolerance};

use super::{near_copy_utility, utility_loss};

/// A law over outcomes and the utility of each hypothesis for each outcome.
pub struct Problem {
    law: Vec<f64>,
    /// Running sums of the law.
    sums: Vec<f64>,
    /// `utilities[h][outcome]`.
    utilities: Vec<Vec<f64>>,
}

/// How a hypothesis is chosen with a number of references.
pub type Choose = fn(&Problem, usize, &mut Streams) -> Result<usize>;

impl Problem {
    fn new(law: Vec<f64>, utilities: Vec<Vec<f64>>) -> Self {
        let sums = law.iter().scan(0.0, |sum, p| {
            *sum += p;
            Some(*sum)
        });
        Self { sums: sums.collect(), law, utilities }
    }

    /// 64 rows of fair coins over 2 000 outcomes.
    fn coins(rng: &mut dyn Rng) -> Result<Self> {
        const OUTCOMES: usize = 2000;
        let law = MarkovSource::dirichlet(OUTCOMES, 0, 0.3, rng)?.laws().flatten().copied().collect();
        let mut row = || (0..OUTCOMES).map(|_| f64::from(u8::from(rng.random::<bool>()))).collect();
        Ok(Self::new(law, (0..64).map(|_| row()).collect()))
    }

    /// A junk mode of mass 0.1 and 90 near-copies of mass 0.01 each; the first `hypotheses` are to choose from.
    fn junk(hypotheses: usize, likeness: f64) -> Self {
        let law = (0..91).map(|outcome| if outcome == 0 { 0.1 } else { 0.01 }).collect();
        let utility = |h: usize, outcome: usize| match (h, outcome) {
            _ if h == outcome => 1.0,
            (0, _) | (_, 0) => 0.0,
            _ => likeness,
        };
        Self::new(law, (0..hypotheses).map(|h| (0..91).map(|o| utility(h, o)).collect()).collect())
    }

    /// The exact expected utility of a hypothesis.
    fn utility(&self, hypothesis: usize) -> f64 {
        self.utilities[hypothesis].iter().zip(&self.law).map(|(u, p)| u * p).sum()
    }

    /// What the hypothesis loses against the best one.
    fn loss(&self, hypothesis: usize) -> f64 {
        let best = (0..self.utilities.len()).map(|h| self.utility(h)).fold(0.0, f64::max);
        best - self.utility(hypothesis)
    }

    fn mode(&self) -> Result<usize> {
        best(&self.law)
    }

    fn decide(&self, references: &[usize]) -> Result<usize> {
        let weights = vec![1.0; references.len()];
        let utility = |h: usize, r: usize| self.utilities[h][references[r]];
        best(&expected_utilities(self.utilities.len(), &weights, utility)?)
    }
}

/// Minimum-Bayes-risk decoding.
pub fn plain(problem: &Problem, references: usize, streams: &mut Streams) -> Result<usize> {
    let last = problem.law.len() - 1;
    let mut draw = || {
        let spot = streams.noise.random::<f64>();
        problem.sums.partition_point(|sum| *sum <= spot).min(last)
    };
    let references: Vec<usize> = (0..references).map(|_| draw()).collect();
    problem.decide(&references)
}

/// Broken: the hypothesis that is the most probable outcome, where it is one.
pub fn most_probable(problem: &Problem, _: usize, _: &mut Streams) -> Result<usize> {
    Ok(problem.mode()?.min(problem.utilities.len() - 1))
}

/// Broken: references drawn at temperature zero.
pub fn mode_alone(problem: &Problem, references: usize, _: &mut Streams) -> Result<usize> {
    problem.decide(&vec![problem.mode()?; references])
}

/// The loss of the chosen hypothesis exceeds 2√(ln(2|H|/δ)/(2N)) with probability at most δ.
pub fn regret_bound(choose: Choose) -> Claim {
    const DELTA: f64 = 0.05;
    Claim::fails_at_most("regret bound", |_| DELTA)
        .states(
            "With $N$ references drawn from the model independently of the hypotheses, the chosen one loses more \
             than $2 \\sqrt{\\ln(2|H|/\\delta)/(2N)}$ against the best with probability at most $\\delta$.",
        )
        .assuming(
            "64 hypotheses with fair coins as utilities over 2 000 outcomes of a Dirichlet(0.3) law; a junk mode of mass 0.1 \
             beside 90 near-copies; δ = 0.05; loss ÷ bound, the utilities exact",
        )
        .source(Source::Derived)
        .sweep("N", [8.0, 32.0, 128.0, 512.0, 2048.0])
        .replicates(400, 2000)
        .measure(move |references, streams| -> Result<Vec<f64>> {
            let bound = utility_loss(64.0, references, DELTA);
            let ratio = |problem: Problem, streams: &mut Streams| {
                Ok(problem.loss(choose(&problem, references as usize, streams)?) / bound)
            };
            let coins = Problem::coins(&mut streams.instance)?;
            Ok(vec![ratio(coins, streams)?, ratio(Problem::junk(64, 0.9), streams)?])
        })
}

/// Where the mode resembles nothing, minimum-Bayes-risk decoding takes one of the near-copies instead.
pub fn near_copies(likeness: f64) -> Claim {
    Claim::equals("near copies beat the mode", |_| near_copy_utility(0.01, 0.9, 0.9), Tolerance::Relative(1e-9))
        .states(
            "With a junk mode of mass 0.1 and 90 near-copies of mass 0.01 whose mutual utility is 0.9, the choice has \
             expected utility 0.811, the mode 0.1.",
        )
        .assuming("all 91 outcomes are hypotheses")
        .source(Source::Derived)
        .sweep("N", [256.0])
        .replicates(100, 1000)
        .measure(move |references, streams| -> Result<f64> {
            // Decided by the given likeness, judged by 0.9.
            let chosen = plain(&Problem::junk(91, likeness), references as usize, streams)?;
            Ok(Problem::junk(91, 0.9).utility(chosen))
        })
}
