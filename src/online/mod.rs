//! A learner decides round after round against an arbitrary future, and is judged against hindsight.

pub mod bayesian_persuasion;
pub mod convex;
pub mod optimistic_mirror_descent;
