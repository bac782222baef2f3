//! The fixed-point problems on which claims are tried: maps without a fixed point, and starts at distance 1 from
//! a point x* where the infimal displacement is attained.

use std::f64::consts::PI;

use ratebook::Result;
use ratebook::math::sets::{AxisBox, Ball, HalfSpace};
use ratebook::math::vector::norm;
use ratebook::minimax::instances::{ComplexDiagonal, DisjointSets, Drifting, NegatedShift};
use ratebook::minimax::{KnownDisplacement, Operator, Projection};

/// A map and a start at distance 1 from x*.
pub type Problem = (Box<dyn KnownDisplacement>, Vec<f64>);

/// Starts `map` at x* + direction/|direction|, where the direction is cut or repeated to the dimension.
pub fn from_one_away(map: impl KnownDisplacement + 'static, direction: &[f64]) -> Problem {
    let n = map.dim();
    let direction: Vec<f64> = direction.iter().copied().cycle().take(n).collect();
    let length = norm(&direction);
    let x0 = map.attained_at().iter().zip(&direction).map(|(x, d)| x + d / length).collect();
    (Box::new(map), x0)
}

/// Rotations by these angles beside a translation by −1, started equally in all planes.
pub fn drifting_rotations(angles: &[f64]) -> Result<Problem> {
    let map = Drifting::new(ComplexDiagonal::rotations(angles)?, 1.0)?;
    let mut direction = [1.0, 0.0].repeat(angles.len());
    direction.push(0.0);
    Ok(from_one_away(map, &direction))
}

/// π·2⁻ʲ for j < `planes`: slow modes at every time scale.
pub fn bank(planes: i32) -> Vec<f64> {
    (0..planes).map(|j| PI * 0.5f64.powi(j)).collect()
}

/// The negated shift of n coordinates beside a translation, started at 0, with R = 1.
pub fn drifting_shift(n: usize) -> Result<Problem> {
    let map = Drifting::new(NegatedShift::new(n, 2.0 / (n as f64).sqrt())?, 1.0)?;
    let x0 = vec![0.0; n + 1];
    Ok((Box::new(map), x0))
}

/// Douglas–Rachford on a ball and a half-space, a box and a ball, and two boxes, all apart.
pub fn disjoint_sets() -> Result<Vec<Problem>> {
    let ball = Ball::new(&[0.0; 3], 1.0)?;
    let half_space = HalfSpace::new(&[-1.0, -1.0, 0.0], -3.0)?;
    let unit = AxisBox::new(&[0.0; 3], &[1.0; 3])?;
    let center = [3.0, 2.0, 0.5];
    let far = AxisBox::new(&[2.0, -1.0, 1.5], &[3.0, 2.0, 1.75])?;
    let direction = [1.0, -2.0, 0.5];
    Ok(vec![
        from_one_away(DisjointSets::new(ball, half_space, &[0.0; 3])?, &direction),
        from_one_away(DisjointSets::new(unit.clone(), Ball::new(&center, 0.5)?, &center)?, &direction),
        from_one_away(DisjointSets::new(unit, far, &[0.0; 3])?, &direction),
    ])
}

/// The common instances at horizon k: single rotations (40 angles up to 20/k, and π), the bank of 12, the
/// negated shift of k + 1 coordinates, and disjoint sets.
pub fn instances(k: f64) -> Result<Vec<Problem>> {
    let single = (1..=40).map(|i| (f64::from(i) / 2.0 / k).min(PI));
    let mut problems =
        single.chain([PI]).map(|angle| drifting_rotations(&[angle])).collect::<Result<Vec<_>>>()?;
    problems.extend([drifting_rotations(&bank(12))?, drifting_shift(k as usize + 1)?]);
    problems.extend(disjoint_sets()?);
    Ok(problems)
}

/// What [`instances`] are, for a claim's assumptions.
pub const INSTANCES: &str = "v ≠ 0 and R = 1: 41 single rotations, a bank of 12 and the negated shift, each beside a \
                         translation, and Douglas–Rachford on three pairs of disjoint sets";

/// z ↦ P_A P_B z.
#[derive(Debug, Clone)]
pub struct Alternating(pub Ball, pub HalfSpace);

impl Operator for Alternating {
    fn dim(&self) -> usize {
        3
    }

    fn apply(&self, z: &[f64], image: &mut [f64]) {
        image.copy_from_slice(z);
        self.1.project(image);
        self.0.project(image);
    }
}
