//! What several areas need.

pub mod assignment;
pub(crate) mod log_matrix;
pub mod simplex;
