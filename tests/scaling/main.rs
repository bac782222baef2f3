//! Property tests of the area `scaling`.

#[path = "."]
mod scaling {
    mod chinchilla;
}
