//! What the papers of the area `decoding` promise.

pub mod compute_optimal_search;
pub mod imperfect_verifier;
pub mod minimum_bayes_risk;
pub mod spec_dec;
pub mod tetris;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![
        compute_optimal_search::paper(),
        imperfect_verifier::paper(),
        minimum_bayes_risk::paper(),
        spec_dec::paper(),
        tetris::paper(),
    ]
}
