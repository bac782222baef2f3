//! What the papers of the area `serving` promise.

pub mod cache_multiplexer;
pub mod mini_sequence;
pub mod online_softmax;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![cache_multiplexer::paper(), mini_sequence::paper(), online_softmax::paper()]
}
