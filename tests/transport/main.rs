//! Property tests of the area `transport`.

#[path = "."]
mod transport {
    mod instances;
    mod mirror_sinkhorn;
}
