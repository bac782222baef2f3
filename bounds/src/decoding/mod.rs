//! What the papers of the area `decoding` promise.

pub mod spec_dec;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![spec_dec::paper()]
}
