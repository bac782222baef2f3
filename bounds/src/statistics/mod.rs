//! What the papers of the area `statistics` promise.

pub mod markov_chain;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![markov_chain::paper()]
}
