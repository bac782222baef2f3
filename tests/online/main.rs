//! Property tests of the area `online`.

#[path = "."]
mod online {
    mod optimistic_mirror_descent;
}
