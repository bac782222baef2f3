//! The area `scaling`.
