//! What several areas need.

pub mod allocation;
pub mod assignment;
pub mod chance;
pub mod double_double;
pub mod entropy;
pub mod exp;
pub mod first_order;
pub(crate) mod log_matrix;
pub mod sets;
pub mod simplex;
pub mod vector;
