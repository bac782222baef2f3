//! Property tests of the area `quantization`.

#[path = "."]
mod quantization {
    mod double_rounding;
}
