//! The one error type, and the checks that constructors share.
//!
//! A constructed value cannot fail: everything a caller can get wrong is refused when it is built,
//! with the parameter's name, its value and the requirement. Checks are written so that NaN fails.

/// What a caller got wrong, or why a run could not finish.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number is outside its range. NaN is outside every range.
    #[error("{name} = {value}: must be {requirement}")]
    OutOfRange {
        /// The parameter, as the documentation spells it.
        name: &'static str,
        /// The value received.
        value: f64,
        /// The range, to be read after "must be".
        requirement: &'static str,
    },
    /// A collection that must have at least one element has none.
    #[error("{name} is empty")]
    Empty {
        /// The parameter, as the documentation spells it.
        name: &'static str,
    },
    /// Two sizes that must agree do not.
    #[error("{name} has size {found}, expected {expected}")]
    Dimension {
        /// The parameter, as the documentation spells it.
        name: &'static str,
        /// The size required.
        expected: usize,
        /// The size received.
        found: usize,
    },
    /// A structural requirement that no single number expresses.
    #[error("{name}: {requirement}")]
    Invalid {
        /// The parameter, as the documentation spells it.
        name: &'static str,
        /// What must hold.
        requirement: &'static str,
    },
    /// An iteration left the finite numbers.
    #[error("{name} is not finite after {steps} steps")]
    Diverged {
        /// The quantity that overflowed.
        name: &'static str,
        /// How many steps had been taken.
        steps: usize,
    },
    /// An iteration used up its cap before it reached its tolerance.
    #[error("{name} did not converge within {steps} steps")]
    NotConverged {
        /// The iteration.
        name: &'static str,
        /// The cap.
        steps: usize,
    },
}

/// A result with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

fn require(ok: bool, name: &'static str, value: f64, requirement: &'static str) -> Result<f64> {
    if ok { Ok(value) } else { Err(Error::OutOfRange { name, value, requirement }) }
}

/// Refuses NaN and ±∞.
pub fn finite(name: &'static str, value: f64) -> Result<f64> {
    require(value.is_finite(), name, value, "finite")
}

/// Refuses everything but 0 < value < ∞.
pub fn positive(name: &'static str, value: f64) -> Result<f64> {
    require(value > 0.0 && value.is_finite(), name, value, "positive and finite")
}

/// Refuses everything but 0 ≤ value < ∞.
pub fn non_negative(name: &'static str, value: f64) -> Result<f64> {
    require(value >= 0.0 && value.is_finite(), name, value, "non-negative and finite")
}

/// Refuses everything outside [0, 1].
pub fn probability(name: &'static str, value: f64) -> Result<f64> {
    require((0.0..=1.0).contains(&value), name, value, "in [0, 1]")
}

/// Refuses everything outside the open interval (0, 1).
pub fn open_unit(name: &'static str, value: f64) -> Result<f64> {
    require(value > 0.0 && value < 1.0, name, value, "strictly between 0 and 1")
}

/// Refuses zero.
pub fn at_least_one(name: &'static str, value: usize) -> Result<usize> {
    require(value > 0, name, value as f64, "at least 1").map(|_| value)
}

/// Refuses an empty slice, and the first element that is NaN or infinite.
pub fn finite_slice(name: &'static str, values: &[f64]) -> Result<()> {
    if values.is_empty() {
        return Err(Error::Empty { name });
    }
    values.iter().try_for_each(|&value| finite(name, value).map(drop))
}

/// Refuses a slice whose size is not the expected one.
pub fn same_size(name: &'static str, expected: usize, found: usize) -> Result<()> {
    if expected == found { Ok(()) } else { Err(Error::Dimension { name, expected, found }) }
}

/// Refuses what is not a probability vector: empty, a negative or infinite element, or a sum further
/// than 1e-9 from one (a single mass may exceed one by as much).
pub fn distribution(name: &'static str, masses: &[f64]) -> Result<()> {
    finite_slice(name, masses)?;
    for &mass in masses {
        non_negative(name, mass)?;
    }
    let total: f64 = masses.iter().sum();
    require((total - 1.0).abs() <= 1e-9, name, total, "a distribution that sums to 1").map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_fails_every_check() {
        for check in [finite, positive, non_negative, probability, open_unit] {
            assert!(check("x", f64::NAN).is_err());
            assert!(check("x", f64::INFINITY).is_err());
        }
        assert!(distribution("p", &[0.5, f64::NAN]).is_err());
    }

    #[test]
    fn the_message_names_parameter_value_and_requirement() {
        let message = positive("eta", -1.0).unwrap_err().to_string();
        assert_eq!(message, "eta = -1: must be positive and finite");
        assert_eq!(finite_slice("x", &[]).unwrap_err().to_string(), "x is empty");
        assert_eq!(same_size("x", 2, 3).unwrap_err().to_string(), "x has size 3, expected 2");
    }

    #[test]
    fn boundaries() {
        assert!(probability("p", 0.0).is_ok() && probability("p", 1.0).is_ok());
        assert!(open_unit("p", 0.0).is_err() && open_unit("p", 1.0).is_err());
        assert!(non_negative("x", 0.0).is_ok() && positive("x", 0.0).is_err());
        assert!(at_least_one("n", 0).is_err() && at_least_one("n", 1).is_ok());
        assert!(
            distribution("p", &[1.0 + f64::EPSILON, 0.0]).is_ok() && distribution("p", &[1.1, -0.1]).is_err()
        );
        assert!(distribution("p", &[0.25, 0.75]).is_ok() && distribution("p", &[0.25, 0.7]).is_err());
    }
}
