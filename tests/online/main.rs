//! Property tests of the area `online`.

#[path = "."]
mod online {
    mod adaptive_conformal;
    mod drifting_schedule;
    mod parsimonious_caching;
}
