//! Plain and broken policies: the floors, rivals and controls of the area.

mod adversarial;
mod elimination;
mod index;
mod linear;

pub use adversarial::{Exp3, TsallisInf};
pub use elimination::{OnceEach, OnePullHalving, Timid, Uniform, WorseHalf};
pub use index::{ExploreThenCommit, Ucb, UniformArms};
pub use linear::{Oful, WeightedOful};
