//! Property tests of the area `online`.

#[path = "."]
mod online {
    mod parsimonious_caching;
}
