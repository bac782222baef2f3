//! Property tests of the area `serving`.

#[path = "."]
mod serving {
    mod cache_multiplexer;
    mod mini_sequence;
    mod online_softmax;
}
