//! What several areas need.
