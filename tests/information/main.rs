//! Property tests of the area `information`.

#[path = "."]
mod information {
    mod coupling;
    mod entropy_coupling_bottleneck;
}
