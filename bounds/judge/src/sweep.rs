//! The points of a sweep.

/// `count` points from `low` to `high` in geometric progression, rounded to integers; repeats that
/// rounding makes are dropped. Meant for `1 ≤ low < high`.
pub fn geometric(low: f64, high: f64, count: usize) -> Vec<f64> {
    let last = count.saturating_sub(1).max(1) as f64;
    let mut points: Vec<f64> =
        (0..count).map(|i| (low * (high / low).powf(i as f64 / last)).round()).collect();
    points.dedup();
    points
}

/// `2^k` for every `k` of the range, exactly.
pub fn powers_of_two(exponents: std::ops::RangeInclusive<i32>) -> Vec<f64> {
    exponents.map(|k| 2f64.powi(k)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geometric_is_exact_where_it_can_be() {
        assert_eq!(geometric(256.0, 16_384.0, 7), [256.0, 512.0, 1024.0, 2048.0, 4096.0, 8192.0, 16_384.0]);
        assert_eq!(geometric(10.0, 1000.0, 3), [10.0, 100.0, 1000.0]);
        assert_eq!(geometric(1.0, 3.0, 9), [1.0, 2.0, 3.0]);
        assert_eq!(geometric(5.0, 9.0, 1), [5.0]);
        assert!(geometric(5.0, 9.0, 0).is_empty());
    }

    #[test]
    fn powers() {
        assert_eq!(powers_of_two(-1..=2), [0.5, 1.0, 2.0, 4.0]);
    }
}
