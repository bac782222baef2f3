use crate::bandits::agents::Message;
use crate::math::chance::Chance;
use crate::{Error, Result, error};

/// An unbiased scalar quantiser: a uniform grid on [−radius, radius], stochastic rounding to a neighbour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiser {
    radius: f64,
    levels: u64,
}

impl Quantiser {
    /// The coarsest grid on [−`radius`, `radius`], ends included, whose step is at most `step`.
    ///
    /// # Errors
    /// `radius` or `step` is not positive and finite, or the grid has 2⁵² points or more.
    pub fn new(radius: f64, step: f64) -> Result<Self> {
        error::positive("radius", radius)?;
        error::positive("step", step)?;
        let intervals = (2.0 * radius / step).ceil();
        if !(intervals < 2f64.powi(52)) {
            let requirement = "large enough for fewer than 2^52 points";
            return Err(Error::OutOfRange { name: "step", value: step, requirement });
        }
        Ok(Self { radius, levels: intervals as u64 + 1 })
    }

    /// The number of grid points, at least two.
    pub fn levels(&self) -> u64 {
        self.levels
    }

    /// The distance of neighbouring grid points.
    pub fn step(&self) -> f64 {
        2.0 * self.radius / (self.levels - 1) as f64
    }

    /// The bits that name a grid point: ⌈log₂ levels⌉.
    pub fn bits(&self) -> u32 {
        u64::BITS - (self.levels - 1).leading_zeros()
    }

    /// How many of some values lie beyond the grid.
    pub fn clipped(&self, values: &[f64]) -> u64 {
        values.iter().filter(|x| x.abs() > self.radius).count() as u64
    }

    /// The index of a neighbouring grid point of `x`, unbiased: the upper one with probability equal to the
    /// distance from the lower one *in steps*. Values beyond the grid are clipped to its ends. `x` is not NaN.
    pub fn encode(&self, x: f64, chance: &mut (impl Chance + ?Sized)) -> u64 {
        let position = (x.clamp(-self.radius, self.radius) + self.radius) / self.step();
        let below = position.floor().min((self.levels - 2) as f64);
        below as u64 + u64::from(chance.coin(position - below))
    }

    /// The grid point of an index.
    pub fn decode(&self, index: u64) -> f64 {
        -self.radius + index as f64 * self.step()
    }

    /// A message with every coordinate quantised.
    pub fn message(&self, x: &[f64], chance: &mut (impl Chance + ?Sized)) -> Levels {
        Levels { quantiser: *self, indices: x.iter().map(|&x| self.encode(x, chance)).collect() }
    }
}

/// A quantised vector, as it is sent: grid indices. The grid is known to both ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Levels {
    quantiser: Quantiser,
    indices: Vec<u64>,
}

impl Levels {
    /// The vector that the receiver reads.
    pub fn decode(&self) -> impl ExactSizeIterator<Item = f64> {
        self.indices.iter().map(|&index| self.quantiser.decode(index))
    }
}

/// The cost is in bits.
impl Message for Levels {
    fn size(&self) -> u64 {
        self.indices.len() as u64 * u64::from(self.quantiser.bits())
    }
}
