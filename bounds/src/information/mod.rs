//! What the papers of the area `information` promise.

pub mod entropy_coupling_bottleneck;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![entropy_coupling_bottleneck::paper()]
}
