//! The area `information`.
