//! Property tests of the area `decoding`.

#[path = "."]
mod decoding {
    mod spec_dec;
    mod tetris;
}
