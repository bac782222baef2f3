//! The area `combinatorial`.
