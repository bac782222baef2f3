//! What several areas need.

pub mod allocation;
pub mod assignment;
pub mod bfgs;
pub mod chance;
pub mod design;
pub mod divergence;
pub mod double_double;
pub mod entropy;
pub mod exp;
pub mod first_order;
pub mod law_fit;
pub mod least_squares;
pub mod linear_program;
pub(crate) mod log_matrix;
pub mod orthogonal;
pub mod paging;
pub mod sequences;
pub mod sets;
pub mod simplex;
pub mod vector;
