//! What the papers of the area `online` promise.

pub mod parsimonious_caching;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![parsimonious_caching::paper()]
}
