//! The measurements of one series: every sweep point, every member of its family, every replicate.

/// What was measured at one sweep point.
///
/// A plain claim has one member. A claim about the worst of a family of instances (the fixed grid of
/// gaps of a minimax sweep) has one member per instance, and its value at the point is the worst of
/// the members' means.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The position on the sweep's axis.
    pub x: f64,
    /// `members[m][r]`: replicate `r` of family member `m`. All members have the same replicates.
    pub members: Vec<Vec<f64>>,
}

/// Every measurement of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The sweep's points, in the sweep's order.
    pub points: Vec<Point>,
    /// Whether replicate `r` is one run that gave its value at every point (a path), so that
    /// resampling must keep it together.
    pub paths: bool,
}

impl Point {
    /// The number of replicates.
    pub fn replicates(&self) -> usize {
        self.members.first().map_or(0, Vec::len)
    }
}

/// The mean, summed in index order so that it does not depend on how the values were computed.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The unbiased variance around the mean; zero for fewer than two values.
pub fn variance(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = mean(values);
    values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64
}

/// The standard error of the mean.
pub fn standard_error(values: &[f64]) -> f64 {
    (variance(values) / values.len() as f64).sqrt()
}
