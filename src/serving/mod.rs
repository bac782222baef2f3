//! The area `serving`.
