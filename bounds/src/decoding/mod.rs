//! What the papers of the area `decoding` promise.

pub mod noisy_jacobi;
pub mod spec_dec;
pub mod tetris;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![noisy_jacobi::paper(), spec_dec::paper(), tetris::paper()]
}
