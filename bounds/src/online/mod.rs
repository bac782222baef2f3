//! What the papers of the area `online` promise.

pub mod bayesian_persuasion;
pub mod optimistic_mirror_descent;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![bayesian_persuasion::paper(), optimistic_mirror_descent::paper()]
}
