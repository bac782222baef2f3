//! Property tests of the area `decoding`.

#[path = "."]
mod decoding {
    mod compute_optimal_search;
    mod imperfect_verifier;
    mod minimum_bayes_risk;
    mod spec_dec;
    mod tetris;
}
