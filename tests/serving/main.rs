//! Property tests of the area `serving`.

#[path = "."]
mod serving {
    mod cache_multiplexer;
    mod carrot_router;
    mod online_softmax;
}
