//! Property tests of the area `privacy`.

#[path = "."]
mod privacy {
    mod continual_observation;
    mod primitives {
        mod channels_and_laws;
    }
}
