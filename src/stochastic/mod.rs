//! The area `stochastic`.
