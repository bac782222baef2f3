//! The area `decoding`.
