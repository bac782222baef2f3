//! Property tests of the area `decoding`.

#[path = "."]
mod decoding {
    mod noisy_jacobi;
    mod spec_dec;
    mod tetris;
}
