//! The area `transport`.
