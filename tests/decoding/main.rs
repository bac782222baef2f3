//! Property tests of the area `decoding`.

#[path = "."]
mod decoding {
    mod imperfect_verifier;
    mod spec_dec;
}
