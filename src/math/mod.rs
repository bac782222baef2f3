//! What several areas need.

pub mod first_order;
pub mod sets;
pub mod vector;
