//! Property tests of the area `online`.

#[path = "."]
mod online {}
