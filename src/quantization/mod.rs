//! The area `quantization`.
