//! The statistics of the judge: exact values, laws, and error rates by simulation.

// A comparison written as `!(a <= b)` counts NaN as a failure; clippy would have it otherwise.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

mod compare;
mod fit;
mod interval;
mod quantile;
mod support;
