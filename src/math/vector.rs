//! Inner product and lengths of slices, through nalgebra's unrolled loops.
//!
//! Both arguments must have the same length; a mismatch is a bug of the caller and panics.

use nalgebra::DVectorView;

fn view(x: &[f64]) -> DVectorView<'_, f64> {
    DVectorView::from_slice(x, x.len())
}

/// ⟨x, y⟩.
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    view(x).dot(&view(y))
}

/// |x|, the Euclidean length.
pub fn norm(x: &[f64]) -> f64 {
    view(x).norm()
}

/// |x − y|.
pub fn distance(x: &[f64], y: &[f64]) -> f64 {
    view(x).metric_distance(&view(y))
}
