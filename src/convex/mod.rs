//! The area `convex`.
