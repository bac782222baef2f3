//! Property tests of the area `serving`.

#[path = "."]
mod serving {
    mod mini_sequence;
    mod online_softmax;
}
