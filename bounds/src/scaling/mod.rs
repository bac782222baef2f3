//! What the papers of the area `scaling` promise.

pub mod chinchilla;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![chinchilla::paper()]
}
