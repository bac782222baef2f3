//! What the papers of the area `stochastic` promise.

pub mod u_dog;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![u_dog::paper()]
}
