//! Property tests of the area `serving`.

#[path = "."]
mod serving {
    mod cache_multiplexer;
    mod online_softmax;
}
