//! Aggregating references: one vector, or a few, that stand for all of them.

use rand::{Rng, RngExt};

use crate::decoding::selection;
use crate::math::chance::Chance;
use crate::math::vector::{distance, dot};
use crate::{Error, Result, error};

/// Vectors that stand for references, with their weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Centroids {
    /// The vectors.
    pub points: Vec<Vec<f64>>,
    /// The number of references that each stands for.
    pub sizes: Vec<f64>,
}

fn checked(references: &[Vec<f64>]) -> Result<usize> {
    let dimension = references.first().ok_or(Error::Empty { name: "references" })?.len();
    for reference in references {
        error::same_size("reference", dimension, reference.len())?;
        error::finite_slice("reference", reference)?;
    }
    Ok(dimension)
}

/// The mean of the references.
///
/// # Errors
/// If there are none, their sizes differ, or an entry is not finite.
pub fn mean(references: &[Vec<f64>]) -> Result<Vec<f64>> {
    let mut mean = vec![0.0; checked(references)?];
    for reference in references {
        mean.iter_mut().zip(reference).for_each(|(m, x)| *m += x / references.len() as f64);
    }
    Ok(mean)
}

/// Scores ⟨h, mean of r⟩ = mean of ⟨h, r⟩ in |H| + N vector operations.
///
/// # Errors
/// As [`mean`], or if a hypothesis has another size.
pub fn inner_product_scores(hypotheses: &[Vec<f64>], references: &[Vec<f64>]) -> Result<Vec<f64>> {
    let mean = mean(references)?;
    let score = |h: &Vec<f64>| {
        error::same_size("hypothesis", mean.len(), h.len())?;
        error::finite("utility", dot(h, &mean))
    };
    hypotheses.iter().map(score).collect()
}

/// −‖h − r‖², the utility of vectors.
pub fn closeness(hypothesis: &[f64], reference: &[f64]) -> f64 {
    -distance(hypothesis, reference).powi(2)
}

impl Centroids {
    /// Clusters the references around `count` centroids: k-means++ seeding, then Lloyd's iteration until
    /// nothing moves, at most `sweeps` times. Clusters that lose all references are dropped.
    ///
    /// # Errors
    /// If `count` is zero, or as [`mean`].
    pub fn cluster(references: &[Vec<f64>], count: usize, sweeps: usize, rng: &mut dyn Rng) -> Result<Self> {
        checked(references)?;
        error::at_least_one("count", count)?;
        // k-means++: each seed with probability proportional to the squared distance to the nearest one.
        let mut points = vec![references[rng.random_range(0..references.len())].clone()];
        let mut far: Vec<f64> = references.iter().map(|r| -closeness(r, &points[0])).collect();
        while points.len() < count {
            let total: f64 = far.iter().sum();
            if !(total > 0.0 && total.is_finite()) {
                break; // every reference is a seed already
            }
            let seed = references[rng.choose(&far)].clone();
            far.iter_mut().zip(references).for_each(|(far, r)| *far = far.min(-closeness(r, &seed)));
            points.push(seed);
        }
        let mut clusters = Self { sizes: vec![0.0; points.len()], points };
        let mut owners = vec![usize::MAX; references.len()];
        for _ in 0..=sweeps {
            let nearest = references.iter().map(|r| clusters.nearest(r)).collect::<Vec<_>>();
            if nearest == owners {
                break;
            }
            owners = nearest;
            clusters.recentre(references, &mut owners)?;
        }
        Ok(clusters)
    }

    fn nearest(&self, reference: &[f64]) -> usize {
        let closer = |best: usize, k: usize| {
            if closeness(&self.points[k], reference) > closeness(&self.points[best], reference) {
                k
            } else {
                best
            }
        };
        (0..self.points.len()).fold(0, closer)
    }

    /// Moves each centroid to the mean of its references and drops those without.
    fn recentre(&mut self, references: &[Vec<f64>], owners: &mut [usize]) -> Result<()> {
        let (mut points, mut sizes) = (Vec::new(), Vec::new());
        for k in 0..self.points.len() {
            let own = |owner: &usize| *owner == k;
            let members: Vec<Vec<f64>> =
                references.iter().zip(&*owners).filter(|(_, o)| own(o)).map(|(r, _)| r.clone()).collect();
            if members.is_empty() {
                continue;
            }
            owners.iter_mut().filter(|o| own(o)).for_each(|owner| *owner = points.len());
            points.push(mean(&members)?);
            sizes.push(members.len() as f64);
        }
        (self.points, self.sizes) = (points, sizes);
        Ok(())
    }

    /// The mean utility of each hypothesis against the centroids, weighted by size: |H|·k utility calls.
    ///
    /// # Errors
    /// If there are no hypotheses or a utility is not finite.
    pub fn scores(
        &self,
        hypotheses: &[Vec<f64>],
        utility: impl Fn(&[f64], &[f64]) -> f64,
    ) -> Result<Vec<f64>> {
        let of = |h: usize, k: usize| utility(&hypotheses[h], &self.points[k]);
        selection::expected_utilities(hypotheses.len(), &self.sizes, of)
    }
}

/// Coarse to fine: of the `keep` hypotheses with the best `coarse` scores, the one with the largest mean
/// utility against all `references`, in keep·N calls.
///
/// # Errors
/// If there are no scores, `keep` or `references` is zero, or a score or utility is not finite.
pub fn coarse_to_fine(
    coarse: &[f64],
    keep: usize,
    references: usize,
    mut utility: impl FnMut(usize, usize) -> f64,
) -> Result<usize> {
    let kept = selection::top(coarse, error::at_least_one("keep", keep)?)?;
    let scores =
        selection::expected_utilities(kept.len(), &vec![1.0; references], |h, r| utility(kept[h], r))?;
    Ok(kept[selection::best(&scores)?])
}
