//! What the papers of the area `minimax` promise.

pub mod infeasibility_detection;
pub mod instances;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![infeasibility_detection::paper()]
}
