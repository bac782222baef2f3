//! The claims about the game: what the receiver learns from actions that keep their law.

use rand::RngExt;
use rand::distr::Distribution;
use rand_distr::Exp1;
use ratebook::Result;
use ratebook::information::baselines::EqualGroups;
use ratebook::information::coupling::Greedy;
use ratebook::information::entropy_coupling_bottleneck::CodingGame;
use ratebook::information::{Coupler, Coupling, Encoder};
use ratebook_judge::{Claim, Source, Streams, Tolerance};

use super::bounds::accuracy;

/// `size` exponential draws, normalised: uniform on the simplex.
fn dirichlet(size: usize, rng: &mut impl rand::Rng) -> Vec<f64> {
    let draws: Vec<f64> = (0..size).map(|_| Exp1.sample(rng)).collect();
    let total: f64 = draws.iter().sum();
    draws.iter().map(|draw| draw / total).collect()
}

/// Averaged over the belief, the action has exactly the law it is meant to have.
pub fn actions_keep_their_law(coupler: impl Coupler + Send + Sync + 'static) -> Claim {
    Claim::always("actions keep their law")
        .states("Drawn from the row of its letter, the action has the law $\\pi$ at every belief.")
        .assuming("beliefs on n letters and policies on 4 actions uniform on the simplex")
        .source(Source::Derived)
        .sweep("n", [2.0, 8.0, 32.0, 128.0])
        .replicates(700, 3000)
        .check(move |letters, streams, cases| -> Result<()> {
            let belief = dirichlet(letters as usize, &mut streams.instance);
            let policy = dirichlet(4, &mut streams.instance);
            let coupling = coupler.couple(&belief, &policy)?;
            let mut actions = [0.0; 4];
            for (letter, mass) in belief.iter().enumerate() {
                for (action, share) in actions.iter_mut().zip(coupling.conditional(letter)) {
                    *action += mass * share;
                }
            }
            for (action, mass) in actions.iter().zip(&policy) {
                cases.close(*action, *mass, 1e-12, || format!("belief {belief:?}, policy {policy:?}"));
            }
            Ok(())
        })
}

/// The number of equally likely messages in the games.
const MESSAGES: usize = 512;

/// The receiver's accuracy over games of 20 steps, with a fresh policy on 4 actions at every step.
///
/// The receiver takes the likeliest letter and guesses a message of its cell. A letter is sent with probability |cell|/512
/// and then guessed right with probability 1/|cell|, so the accuracy is the average, over letters drawn *uniformly*, of
/// whether the letter is found, times |T|/512: only the finding has to be sampled.
fn accuracy_of(
    encoder: &impl Encoder,
    coupler: &(impl Coupler + Clone),
    rate: f64,
    streams: &mut Streams,
) -> Result<f64> {
    const GAMES: usize = 8;
    const STEPS: usize = 20;
    let map = encoder.encode(&[1.0 / MESSAGES as f64; MESSAGES], rate)?;
    let letters = map.masses().len();
    let mut found = 0;
    for _ in 0..GAMES {
        let letter = streams.instance.random_range(0..letters);
        let mut sender = CodingGame::new(coupler.clone(), map.masses().to_vec())?;
        for _ in 0..STEPS {
            let policy = dirichlet(4, &mut streams.instance);
            sender.act(letter, &policy, &mut streams.noise)?;
        }
        // The receiver's belief is the sender's.
        let belief = sender.belief();
        let likeliest = (0..letters).fold(0, |best, t| if belief[t] > belief[best] { t } else { best });
        found += usize::from(likeliest == letter);
    }
    Ok(accuracy(letters as f64, MESSAGES as f64) * found as f64 / GAMES as f64)
}

/// The receiver finds the letter: its accuracy is the number of letters ÷ the number of messages.
pub fn receiver_finds_the_letter(
    encoder: impl Encoder + Copy + Send + Sync + 'static,
    coupler: impl Coupler + Clone + Send + Sync + 'static,
) -> Claim {
    let prediction = move |rate| {
        let map = encoder.encode(&[1.0 / MESSAGES as f64; MESSAGES], rate);
        map.map_or(f64::NAN, |map| accuracy(map.masses().len() as f64, MESSAGES as f64))
    };
    Claim::equals("receiver finds the letter", prediction, Tolerance::Relative(0.03))
        .states("After 20 steps the receiver guesses the message with probability $|T|/512$: it knows the letter.")
        .assuming("512 equally likely messages, 4 actions, a policy uniform on the simplex at every step")
        .source(Source::Derived)
        .sweep("R", [2.5, 4.7])
        .replicates(150, 4000)
        .detects(0.06)
        .measure(move |rate, streams| accuracy_of(&encoder, &coupler, rate, streams))
}

/// The accuracy is at least five times the largest that groups of equal size can reach at the same rate.
pub fn beats_equal_groups(
    encoder: impl Encoder + Send + Sync + 'static,
    coupler: impl Coupler + Clone + Send + Sync + 'static,
) -> Claim {
    let bound = |rate: f64| {
        let map = EqualGroups.encode(&[1.0 / MESSAGES as f64; MESSAGES], rate);
        5.0 * map.map_or(f64::NAN, |map| accuracy(map.masses().len() as f64, MESSAGES as f64))
    };
    Claim::at_least("beats equal groups", bound)
        .states(
            "The receiver's accuracy is at least five times the largest possible with groups of equal size.",
        )
        .assuming("512 equally likely messages, 4 actions, a policy uniform on the simplex at every step")
        .source(Source::Empirical)
        .sweep("R", [2.5, 4.7])
        .replicates(60, 600)
        .measure(move |rate, streams| accuracy_of(&encoder, &coupler, rate, streams))
}

/// A broken coupler: it couples the policy with letters that are all equally likely.
#[derive(Debug, Clone, Copy)]
pub(super) struct ForgetsTheBelief;

impl Coupler for ForgetsTheBelief {
    fn couple(&self, p: &[f64], q: &[f64]) -> Result<Coupling> {
        Greedy.couple(&vec![1.0 / p.len() as f64; p.len()], q)
    }
}
