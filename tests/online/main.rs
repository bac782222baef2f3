//! Property tests of the area `online`.

#[path = "."]
mod online {
    mod adaptive_conformal;
    mod bayesian_persuasion;
    mod drifting_schedule;
    mod optimistic_mirror_descent;
    mod parsimonious_caching;
}
