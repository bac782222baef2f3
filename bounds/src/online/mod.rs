//! What the papers of the area `online` promise.

pub mod adaptive_conformal;
pub mod bayesian_persuasion;
pub mod drifting_schedule;
pub mod optimistic_mirror_descent;
pub mod parsimonious_caching;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![
        adaptive_conformal::paper(),
        bayesian_persuasion::paper(),
        drifting_schedule::paper(),
        optimistic_mirror_descent::paper(),
        parsimonious_caching::paper(),
    ]
}
