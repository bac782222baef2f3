//! Property tests of the area `online`.

#[path = "."]
mod online {
    mod adaptive_conformal;
    mod parsimonious_caching;
}
