//! What the papers of the area `convex` promise.

pub mod classics;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![classics::paper()]
}
