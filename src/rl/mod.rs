//! The area `rl`.
