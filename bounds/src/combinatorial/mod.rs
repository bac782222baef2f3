//! What the papers of the area `combinatorial` promise.

pub mod plus_strategy;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![plus_strategy::paper()]
}
