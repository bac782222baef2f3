//! What the papers of the area `online` promise.

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![]
}
