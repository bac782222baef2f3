//! What several areas need.

pub mod assignment;
pub mod simplex;
