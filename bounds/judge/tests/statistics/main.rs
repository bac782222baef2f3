//! The statistics of the judge: exact values, laws, and error rates by simulation.

mod compare;
mod fit;
mod interval;
mod quantile;
mod support;
