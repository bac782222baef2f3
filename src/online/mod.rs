//! A learner decides round after round against an arbitrary future, and is judged against hindsight.
//!
//! # What it is compared with
//! Little is assumed about what comes, so no loss can be bounded by itself; it is bounded by what somebody who
//! knew everything could have done. The papers of this area differ in that somebody, and in the help they get:
//!
//! | compared with | method | help |
//! |---|---|---|
//! | the best fixed decision | [`optimistic_mirror_descent`] | a guess of the next gradient |
//! | the best fixed decision on every interval at once | [`adaptive_conformal`] | none |
//! | the best offline schedule, by a ratio | [`parsimonious_caching`] | few answers of a predictor, which may lie |
//! | the moving truth itself | [`drifting_schedule`] | the size of the moves |
//! | the best fixed point | [`optimistic_mirror_descent`] | a guess of the next gradient |
//! | the best fixed signalling scheme | [`bayesian_persuasion`] | the prior |
//!
//! # Which method
//! - *Convex losses that are partly random, partly chosen against you.* [`optimistic_mirror_descent`]: steps along
//!   the last gradient in advance, and pays for surprises only.
//! - *A cache, and a costly model that knows the future more or less.* [`parsimonious_caching`]: follows the
//!   model while its answers could still be right and falls back to random marking when they cannot.
//! - *A prediction set that should cover 90 % of the time, whatever happens to the model under it.*
//!   [`adaptive_conformal`]: one descent on the pinball loss when changes are rare, many of them with
//!   lifetimes and bets when they are not.
//! - *Gradient steps towards something that keeps moving.* [`drifting_schedule`]: a rate that falls while the
//!   truth stands still and rises when it has moved.
//! - *Convex losses that are partly predictable, or noisy around something that moves slowly.*
//!   [`optimistic_mirror_descent`]: the regret is that of what the guesses miss.
//! - *Somebody who knows the state and commits to what it tells a receiver of unknown type.*
//!   [`bayesian_persuasion`].
//!
//! # The protocol
//! The decisions (a page to evict, a point, a radius, a signalling scheme) and what is learnt afterwards have
//! little in common, so each family has its own small trait, with the rounds explicit and the comparison computed
//! exactly by an offline solver that stands beside the trait. [`Learner`] is the common case: decide, then see.
//! [`primitives`] is the case of points and gradients, with games that know their own regret.

pub mod adaptive_conformal;
pub mod bayesian_persuasion;
pub mod drifting_schedule;
pub mod optimistic_mirror_descent;
pub mod parsimonious_caching;
pub mod primitives;

use crate::Result;

/// A learner that decides first and sees afterwards.
pub trait Learner {
    /// What it chooses in each round.
    type Decision;
    /// What it sees after each round.
    type Feedback: ?Sized;

    /// The decision of the present round; asking twice changes nothing.
    fn decide(&self) -> Self::Decision;

    /// Ends the round.
    ///
    /// # Errors
    /// The feedback is outside its range; the learner is then unchanged.
    fn update(&mut self, feedback: &Self::Feedback) -> Result<()>;
}
