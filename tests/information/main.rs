//! Property tests of the area `information`.

#[path = "."]
mod information {
    mod entropy_coupling_bottleneck;
    mod primitives {
        pub mod coupling;
    }
}
