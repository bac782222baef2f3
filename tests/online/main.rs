//! Property tests of the area `online`.

#[path = "."]
mod online {
    mod bayesian_persuasion;
    mod optimistic_mirror_descent;
}
