//! The learners without type reporting, and the round they play.

use rand::{Rng, RngExt};

use super::Persuasion;
use crate::error::{Error, Result, at_least_one};

/// What the sender learns from a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feedback {
    /// The posterior that was sent, as an index into [`Persuasion::posteriors`].
    pub posterior: usize,
    /// The action that the receiver took.
    pub action: usize,
    /// The receiver's type, under full feedback only.
    pub receiver: Option<usize>,
}

/// Chooses schemes round after round.
pub trait Sender {
    /// The distribution over [`Persuasion::schemes`] from which the coming round's scheme is drawn.
    fn mixture(&self) -> &[f64];

    /// Learns from the round.
    ///
    /// # Errors
    /// A feedback that the learner cannot use.
    fn observe(&mut self, feedback: Feedback) -> Result<()>;
}

/// Plays one round for each type, and returns the regret: what the best fixed scheme would have earned in
/// expectation, less what the mixtures did. The sender sees types only if `full`.
///
/// # Errors
/// Those of [`Sender::observe`]; a type or a mixture that the game does not have.
pub fn play(
    game: &Persuasion,
    sender: &mut impl Sender,
    types: impl IntoIterator<Item = usize>,
    full: bool,
    noise: &mut dyn Rng,
    coins: &mut dyn Rng,
) -> Result<f64> {
    let mut counts = vec![0.0; game.types()];
    let mut earned = 0.0;
    for receiver in types {
        let count = counts.get_mut(receiver);
        *count.ok_or(Error::Invalid { name: "types", requirement: "types of the game" })? += 1.0;
        let mixture = sender.mixture();
        if mixture.len() != game.schemes().len() {
            return Err(Error::Invalid { name: "sender", requirement: "a mixture of the game's schemes" });
        }
        earned += mixture.iter().enumerate().map(|(v, p)| p * game.utility(v, receiver)).sum::<f64>();
        // Commit, then nature, the signal and the receiver move.
        let scheme = draw(mixture, coins);
        let guilty = noise.random::<f64>() < game.prior();
        let posterior = game.send(scheme, guilty, noise);
        let action = game.response(posterior, receiver).0;
        sender.observe(Feedback { posterior, action, receiver: full.then_some(receiver) })?;
    }
    Ok(game.best_fixed(&counts)?.1 - earned)
}

/// An index with these probabilities; the last possible one if rounding leaves something.
fn draw(probabilities: &[f64], rng: &mut dyn Rng) -> usize {
    let mut rest: f64 = rng.random();
    let mut last = 0;
    for (index, &p) in probabilities.iter().enumerate() {
        if p > 0.0 {
            last = index;
            if rest < p {
                break;
            }
            rest -= p;
        }
    }
    last
}

/// Exponential weights over the schemes: p ∝ exp(−ηC).
#[derive(Debug, Clone, PartialEq)]
struct Exponential {
    eta: f64,
    losses: Vec<f64>,
    mixture: Vec<f64>,
}

impl Exponential {
    fn new(eta: f64, schemes: usize) -> Self {
        Self { eta, losses: vec![0.0; schemes], mixture: vec![1.0 / schemes as f64; schemes] }
    }

    /// Recomputes p, relative to the least loss so that nothing underflows together.
    fn refresh(&mut self) {
        let least = self.losses.iter().copied().fold(f64::INFINITY, f64::min);
        let mut total = 0.0;
        for (p, loss) in self.mixture.iter_mut().zip(&self.losses) {
            *p = (self.eta * (least - loss)).exp();
            total += *p;
        }
        self.mixture.iter_mut().for_each(|p| *p /= total);
    }
}

/// The learner for full feedback: exponential weights on the schemes' losses.
#[derive(Debug, Clone, PartialEq)]
pub struct Hedge {
    game: Persuasion,
    weights: Exponential,
}

impl Hedge {
    /// The learner for a horizon of T = `rounds`: η = √(8 ln|V|/T).
    ///
    /// # Errors
    /// No round.
    pub fn new(game: &Persuasion, rounds: u64) -> Result<Self> {
        let rounds = at_least_one("rounds", rounds as usize)? as f64;
        let schemes = game.schemes().len();
        let eta = (8.0 * (schemes as f64).ln() / rounds).sqrt();
        Ok(Self { game: game.clone(), weights: Exponential::new(eta, schemes) })
    }
}

impl Sender for Hedge {
    fn mixture(&self) -> &[f64] {
        &self.weights.mixture
    }

    /// # Errors
    /// No type, or one that the game does not have.
    fn observe(&mut self, feedback: Feedback) -> Result<()> {
        let known = feedback.receiver.filter(|&receiver| receiver < self.game.types());
        let receiver =
            known.ok_or(Error::Invalid { name: "feedback", requirement: "Hedge sees a type of the game" })?;
        // Step 3.
        for (v, loss) in self.weights.losses.iter_mut().enumerate() {
            *loss += 1.0 - self.game.utility(v, receiver);
        }
        self.weights.refresh();
        Ok(())
    }
}

/// The learner for partial feedback: exponential weights on losses estimated from the posterior that was sent.
///
/// ```
/// use ratebook::online::bayesian_persuasion::{Persuasion, SemiBandit, play};
/// # use rand::SeedableRng;
/// # fn main() -> ratebook::Result<()> {
/// let game = Persuasion::courtroom(0.3, &[0.35, 0.5, 0.65, 0.8])?;
/// let mut sender = SemiBandit::new(&game, 4096)?;
/// # let (mut noise, mut coins) = (rand_pcg::Pcg64::seed_from_u64(1), rand_pcg::Pcg64::seed_from_u64(2));
/// let regret = play(&game, &mut sender, (0..4096).map(|t| t % 4), false, &mut noise, &mut coins)?;
/// assert!(regret < 321.0); // √(2·4096·7·ln 6)
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SemiBandit {
    game: Persuasion,
    weights: Exponential,
    weighted: bool,
}

impl SemiBandit {
    /// The learner for a horizon of T = `rounds`: η = √(2 ln|V|/(T|W|)).
    ///
    /// # Errors
    /// No round.
    pub fn new(game: &Persuasion, rounds: u64) -> Result<Self> {
        let rounds = at_least_one("rounds", rounds as usize)? as f64;
        let (schemes, posteriors) = (game.schemes().len(), game.posteriors().len() as f64);
        let eta = (2.0 * (schemes as f64).ln() / (rounds * posteriors)).sqrt();
        Ok(Self { game: game.clone(), weights: Exponential::new(eta, schemes), weighted: true })
    }

    /// The learner that forgets to divide by q(ξ), as a control: it confuses rarely sent with good.
    pub fn without_importance_weights(self) -> Self {
        Self { weighted: false, ..self }
    }
}

impl Sender for SemiBandit {
    fn mixture(&self) -> &[f64] {
        &self.weights.mixture
    }

    /// # Errors
    /// A posterior that no scheme with positive probability sends, or an action that the game does not have.
    fn observe(&mut self, feedback: Feedback) -> Result<()> {
        let Feedback { posterior, action, .. } = feedback;
        let schemes = self.game.schemes();
        // Step 4: q(ξ), the probability with which the mixture sends what was sent.
        let q: f64 = schemes.iter().zip(&self.weights.mixture).map(|(v, p)| p * v.weight(posterior)).sum();
        if !(q > 0.0 && action < self.game.actions()) {
            let requirement = "a posterior that was sent and an action of the game";
            return Err(Error::Invalid { name: "feedback", requirement });
        }
        let scale = if self.weighted { q } else { 1.0 };
        let loss = (1.0 - self.game.payoff(posterior, action)) / scale;
        for (estimate, scheme) in self.weights.losses.iter_mut().zip(schemes) {
            // A loss may be infinite after the rarest of draws, and 0·∞ is not 0.
            let weight = scheme.weight(posterior);
            *estimate += if weight > 0.0 { weight * loss } else { 0.0 };
        }
        self.weights.refresh();
        Ok(())
    }
}
