//! What the papers of the area `bandits` promise.

pub mod ac_band;
pub mod bracketing_halving;
pub mod holo_beam;
pub mod noisy_binary_search;
pub mod relaxation_tuning;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![
        ac_band::paper(),
        bracketing_halving::paper(),
        holo_beam::paper(),
        noisy_binary_search::paper(),
        relaxation_tuning::paper(),
    ]
}
