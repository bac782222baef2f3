//! What the papers of the area `transport` promise.

pub mod mirror_sinkhorn;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![mirror_sinkhorn::paper()]
}
