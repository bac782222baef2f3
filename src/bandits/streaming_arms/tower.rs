use super::stream::{Arm, Stream};
use super::{SinglePass, covers};
use crate::error::{at_least_one, open_unit};
use crate::{Error, Result};

/// log* n: how often log₂ must be applied before at most 1 is left.
pub fn iterated_logarithm(n: usize) -> usize {
    std::iter::successors(Some(n as f64), |x| Some(x.log2())).take_while(|&x| x > 1.0).count()
}

/// One level of a tower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// How often an entering arm is pulled.
    pub pulls: u64,
    /// After how many arms the best of them is promoted. The top level promotes nothing.
    pub capacity: u64,
}

/// The tower of Assadi and Wang: each level keeps the best of a batch of arms and promotes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tower {
    delta: f64,
}

impl Default for Tower {
    /// δ = 0.1.
    fn default() -> Self {
        Self { delta: 0.1 }
    }
}

impl Tower {
    /// A level's winner is ε_ℓ-best with a failure probability of the order of `delta`.
    ///
    /// # Errors
    /// `delta` is not strictly between 0 and 1.
    pub fn new(delta: f64) -> Result<Self> {
        open_unit("delta", delta).map(|delta| Self { delta })
    }

    /// The ⌈log* K⌉ + 1 levels for K arms and T pulls; what exceeds 64 bits saturates.
    ///
    /// # Errors
    /// `arms` is zero, or `budget` is less than one pull an arm.
    pub fn levels(&self, arms: usize, budget: u64) -> Result<Vec<Level>> {
        at_least_one("arms", arms)?;
        covers(budget, arms)?;
        let growth = std::iter::successors(Some(4.0_f64), |r| Some(r.exp2()));
        let level = |(below, r): (usize, f64)| {
            let beta = self.beta(arms, budget) * 4f64.powi(below as i32);
            let pulls = 4.0 * beta * ((1.0 / self.delta).ln() + 3.0 * r);
            // 2^{r_ℓ}/2^{ℓ−1}
            let capacity = (r - below as f64).exp2();
            Level { pulls: pulls.ceil() as u64, capacity: capacity as u64 }
        };
        Ok(growth.take(iterated_logarithm(arms) + 1).enumerate().map(level).collect())
    }

    /// β₁ = 100/ε² with ε = (K/T)^(1/3).
    fn beta(&self, arms: usize, budget: u64) -> f64 {
        100.0 * (budget as f64 / arms as f64).cbrt().powi(2)
    }
}

/// A level at work.
struct Floor {
    level: Level,
    arm: Option<Arm>,
    mean: f64,
    entered: u64,
}

impl SinglePass for Tower {
    /// # Errors
    /// Fewer pulls than arms.
    fn explore(&self, stream: &mut Stream<'_, '_>) -> Result<Arm> {
        let (arms, budget) = (stream.arms(), stream.remaining());
        let levels = self.levels(arms, budget)?;
        let last = (self.beta(arms, budget) * (16.0 * levels.len() as f64).ln()).ceil() as u64;
        climb(&levels, last, stream)
    }
}

/// Runs a tower of at least one level, with `last` more pulls of every stored arm in the end.
fn climb(levels: &[Level], last: u64, stream: &mut Stream<'_, '_>) -> Result<Arm> {
    let empty = |&level: &Level| Floor { level, arm: None, mean: f64::NEG_INFINITY, entered: 0 };
    let mut floors: Vec<Floor> = levels.iter().map(empty).collect();
    let top = floors.len() - 1;
    'stream: while let Some(mut arm) = stream.arrive() {
        for (below, floor) in floors.iter_mut().enumerate() {
            if stream.remaining() == 0 {
                floor.arm.get_or_insert(arm);
                break 'stream;
            }
            // Step 1: the arm with the smaller mean is dropped.
            let mean = stream.mean_of(&arm, floor.level.pulls)?;
            if mean > floor.mean {
                (floor.mean, floor.arm) = (mean, Some(arm));
            }
            floor.entered += 1;
            if below == top || floor.entered < floor.level.capacity {
                break;
            }
            // Step 2: a full level hands its arm upwards and forgets it.
            (floor.mean, floor.entered) = (f64::NEG_INFINITY, 0);
            match floor.arm.take() {
                Some(promoted) => arm = promoted,
                None => break,
            }
        }
    }
    // Step 3: a final among the stored arms; without pulls for it the highest level wins.
    let mut best = (f64::NEG_INFINITY, None);
    for arm in floors.into_iter().filter_map(|floor| floor.arm) {
        let mean = if stream.remaining() > 0 { stream.mean_of(&arm, last)? } else { f64::NEG_INFINITY };
        if mean >= best.0 {
            best = (mean, Some(arm));
        }
    }
    best.1.ok_or(Error::Empty { name: "stream" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bandits::Pulls;
    use crate::bandits::instances::Gaussian;
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    #[test]
    fn iterated_logarithms() {
        let sizes = [0, 1, 2, 3, 4, 5, 16, 17, 65_536, 65_537, usize::MAX];
        assert_eq!(sizes.map(iterated_logarithm), [0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    }

    #[test]
    fn levels_by_hand() {
        // K/T = 1e-9, so ε = 1/1000 and β₁ = 10⁸; δ = e⁻¹ up to rounding.
        let levels = Tower::new((-1.0f64).exp()).unwrap().levels(1000, 1_000_000_000_000).unwrap();
        let pulls: Vec<f64> = levels.iter().map(|level| level.pulls as f64).collect();
        let expected = [4e8 * 13.0, 16e8 * 49.0, 64e8 * 196_609.0, u64::MAX as f64, u64::MAX as f64];
        for (pulls, expected) in pulls.iter().zip(expected) {
            assert!((pulls / expected - 1.0).abs() < 1e-9, "{pulls} {expected}");
        }
        let capacities: Vec<u64> = levels.iter().map(|level| level.capacity).collect();
        assert_eq!(capacities, [16, 32_768, u64::MAX, u64::MAX, u64::MAX]);
    }

    /// Small levels, so that all of them work: no level stores two arms, and without noise nothing is lost.
    #[test]
    fn every_level_passes_on_its_best() {
        for arms in 1..200 {
            let bandit = Gaussian::new((0..arms).map(|i| ((i * 89) % arms) as f64).collect(), 0.0).unwrap();
            let mut noise = Pcg64::seed_from_u64(1);
            let mut pulls = Pulls::new(&bandit, 10_000, &mut noise);
            let mut stream = Stream::new(&mut pulls, (0..arms).collect()).unwrap();
            let levels = [(3, 4), (5, 3), (7, 2), (9, 1)].map(|(pulls, capacity)| Level { pulls, capacity });
            let arm = climb(&levels, 1, &mut stream).unwrap();
            assert_eq!(stream.stored(), 1);
            assert!(stream.peak() <= levels.len() + 1);
            let label = stream.reveal(&arm);
            assert_eq!(crate::bandits::Bandit::gap(&bandit, label), 0.0, "{arms} arms");
        }
    }
}
