//! Decides, with stated error rates, whether a measured quantity keeps the bound it was promised.

pub mod compare;
pub mod fit;
pub mod interval;
pub mod quantile;
pub mod sample;
