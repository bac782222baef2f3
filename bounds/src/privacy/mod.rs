//! What the papers of the area `privacy` promise.

pub mod continual_observation;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![continual_observation::paper()]
}
