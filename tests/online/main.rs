//! Property tests of the area `online`.

#[path = "."]
mod online {
    mod adaptive_conformal;
    mod optimistic_mirror_descent;
    mod parsimonious_caching;
}
