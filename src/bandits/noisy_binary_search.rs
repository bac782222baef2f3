//! Sharp noisy binary search.
