//! What the papers of the area `quantization` promise.

pub mod double_rounding;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![double_rounding::paper()]
}
