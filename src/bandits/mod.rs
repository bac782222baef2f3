//! A learner picks actions, sees partial feedback, and is judged against the best action.

pub mod noisy_binary_search;
