//! A net of the sparse vectors in the unit ball.

use crate::error::{self, Error, Result};
use crate::math::vector::norm;

/// C(d, s)·(√s/ε + 2)^s: the net has at most this many points.
pub fn net_size(dim: usize, sparsity: usize, epsilon: f64) -> f64 {
    per_support((sparsity as f64).sqrt() / epsilon + 2.0, sparsity) * choose(dim, sparsity)
}

fn per_support(points: f64, sparsity: usize) -> f64 {
    (0..sparsity).map(|_| points).product()
}

/// C(d, s), +∞ where it overflows.
fn choose(dim: usize, sparsity: usize) -> f64 {
    (0..sparsity).map(|i| (dim as f64 - i as f64) / (i + 1) as f64).product()
}

/// Refuses what is not in (0, 1].
pub(super) fn unit_epsilon(epsilon: f64) -> Result<f64> {
    let ok = epsilon > 0.0 && epsilon <= 1.0;
    let requirement = "positive and at most 1";
    if ok { Ok(epsilon) } else { Err(Error::OutOfRange { name: "epsilon", value: epsilon, requirement }) }
}

/// For every set of s coordinates the points of a grid around 0, less those of too large a norm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Net {
    dim: usize,
    sparsity: usize,
    side: f64,
    /// Points of larger norm are left out.
    radius: f64,
}

impl Net {
    /// More points than this are refused: visiting them would take minutes.
    pub const LARGEST: f64 = 1e9;

    /// The net in which every vector of norm at most 1 with at most `sparsity` nonzero coordinates has a point within
    /// `epsilon`: the grid has side 2ε/√s and goes to norm 1 + ε.
    ///
    /// # Errors
    /// `dim` is zero, `sparsity` is not in 1..=dim, `epsilon` not in (0, 1], or there would be too many points.
    pub fn new(dim: usize, sparsity: usize, epsilon: f64) -> Result<Self> {
        unit_epsilon(epsilon)?;
        Self::with_side(dim, sparsity, 2.0 * epsilon / (sparsity as f64).sqrt(), 1.0 + epsilon)
    }

    /// A grid of another side, out to the norm `radius`.
    ///
    /// # Errors
    /// `dim` is zero, `sparsity` is not in 1..=dim, `side` or `radius` is not positive and finite, or there would be
    /// too many points.
    pub fn with_side(dim: usize, sparsity: usize, side: f64, radius: f64) -> Result<Self> {
        error::at_least_one("dim", dim)?;
        if !(1..=dim).contains(&sparsity) {
            let requirement = "at least 1 and at most the dimension";
            return Err(Error::OutOfRange { name: "sparsity", value: sparsity as f64, requirement });
        }
        error::positive("side", side)?;
        error::positive("radius", radius)?;
        let net = Self { dim, sparsity, side, radius };
        let (value, requirement) = (net.size_bound(), "at most 1e9 points");
        if !(value <= Self::LARGEST) {
            return Err(Error::OutOfRange { name: "net", value, requirement });
        }
        Ok(net)
    }

    /// d.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The grid's largest multiple of its side on an axis: the last within half a side of 1.
    fn reach(&self) -> f64 {
        (1.0 / self.side + 0.5).floor()
    }

    /// An upper bound on the number of points: C(d, s) grids, norms ignored.
    pub fn size_bound(&self) -> f64 {
        per_support(2.0 * self.reach() + 1.0, self.sparsity) * choose(self.dim, self.sparsity)
    }

    /// Calls `visit` with the support (increasing coordinates) and the values on it, for every point. A point with a
    /// zero on its support is visited for every support it lies in.
    ///
    /// # Errors
    /// The first that `visit` returns.
    pub fn visit(&self, mut visit: impl FnMut(&[usize], &[f64]) -> Result<()>) -> Result<()> {
        let (s, reach) = (self.sparsity, self.reach() as i64);
        let mut support: Vec<usize> = (0..s).collect();
        let (mut steps, mut values) = (vec![-reach; s], vec![0.0; s]);
        loop {
            steps.fill(-reach);
            loop {
                for (value, &step) in values.iter_mut().zip(&steps) {
                    *value = step as f64 * self.side;
                }
                if norm(&values) <= self.radius * (1.0 + 1e-12) {
                    visit(&support, &values)?;
                }
                // The next grid point, as an odometer counts.
                let Some(digit) = steps.iter().position(|&step| step < reach) else { break };
                steps[..digit].fill(-reach);
                steps[digit] += 1;
            }
            // The next set of coordinates: raise the last that can be raised, let the others follow.
            let Some(i) = (0..s).rev().find(|&i| support[i] < self.dim - s + i) else { return Ok(()) };
            support[i] += 1;
            for j in i + 1..s {
                support[j] = support[j - 1] + 1;
            }
        }
    }
}
