//! The scaled probability simplex {x ≥ 0, Σ xᵢ = s}.

/// The threshold τ with Σᵢ max(vᵢ − τ, 0) = s: the Euclidean projection of `values` onto the simplex of
/// mass `s` > 0 is max(vᵢ − τ, 0). O(n log n), by sorting; `values` is left sorted, largest first.
///
/// Returns −∞ for an empty slice, where nothing can hold the mass.
pub fn threshold(values: &mut [f64], mass: f64) -> f64 {
    values.sort_unstable_by(|a, b| b.total_cmp(a));
    let (mut sum, mut tau) = (-mass, f64::NEG_INFINITY);
    for (count, &value) in values.iter().enumerate() {
        // With the k largest in the support, τ = (their sum − s)/k; stop once the next is below it.
        if value <= tau {
            break;
        }
        sum += value;
        tau = sum / (count + 1) as f64;
    }
    tau
}

#[cfg(test)]
mod tests {
    use super::threshold;

    #[test]
    fn known_thresholds() {
        assert_eq!(threshold(&mut [0.0, 0.0], 1.0), -0.5);
        assert_eq!(threshold(&mut [3.0, 0.0, 0.0], 1.0), 2.0);
        assert_eq!(threshold(&mut [0.5, 0.5, -9.0], 1.0), 0.0);
        assert_eq!(threshold(&mut [], 1.0), f64::NEG_INFINITY);
    }

    #[test]
    fn the_mass_is_met() {
        for seed in 0..50_u32 {
            let values: Vec<f64> = (0..7).map(|i| ((seed * 31 + i * 17) % 23) as f64 / 7.0 - 1.0).collect();
            let tau = threshold(&mut values.clone(), 0.7);
            let mass: f64 = values.iter().map(|value| (value - tau).max(0.0)).sum();
            assert!((mass - 0.7).abs() < 1e-12);
        }
    }
}
