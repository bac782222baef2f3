//! What the papers of the area `statistics` promise.

pub mod markov_chain;
pub mod sketched_ridgeless;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![markov_chain::paper(), sketched_ridgeless::paper()]
}
