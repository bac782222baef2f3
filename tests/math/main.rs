//! Property tests of what several areas share.

#[path = "."]
mod math {
    mod design;
    mod first_order;
    mod linear_program;
    mod sets;
}
