//! What the papers of the area `rl` promise.

pub mod cvar_ucb_vi;

use ratebook_judge::Paper;

/// The area's papers.
pub fn papers() -> Vec<Paper> {
    vec![cvar_ucb_vi::paper()]
}
