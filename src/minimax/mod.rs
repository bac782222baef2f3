//! The area `minimax`.
