//! Property tests of the area `privacy`.

#[path = "."]
mod privacy {
    mod continual_observation;
    mod primitives;
}
