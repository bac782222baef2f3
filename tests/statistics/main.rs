//! Property tests of the area `statistics`.

#[path = "."]
mod statistics {
    mod markov_chain;
    mod sketched_ridgeless;
}
