//! Property tests of the area `serving`.

#[path = "."]
mod serving {
    mod online_softmax;
}
