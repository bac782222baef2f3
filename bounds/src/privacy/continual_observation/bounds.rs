//! The bounds, as functions of numbers.

/// The period r = ⌈(T/ρ)^(1/3)⌉ of the recomputing mechanism, between 1 and T + 1 (never).
pub fn period(horizon: f64, rho: f64) -> f64 {
    (horizon / rho).cbrt().ceil().clamp(1.0, horizon + 1.0)
}

/// r − 1 + √((k/ρ)·ln(2k/β)) with k = ⌈T/r⌉: what all T answers of the recomputing MaxSum mechanism keep with
/// probability 1 − β, for every stream.
///
/// Derived: MaxSum moves by at most one per step, so an answer held for up to r − 1 steps is stale by at most
/// r − 1; each of at most k releases has noise of variance k/(2ρ), whose tail is 2·exp(−x²ρ/k).
pub fn recompute_error(horizon: f64, rho: f64, beta: f64) -> f64 {
    let period = period(horizon, rho);
    let releases = (horizon / period).ceil();
    period - 1.0 + (releases / rho * (2.0 * releases / beta).ln()).sqrt()
}

/// r − 1 + √(k/(2ρ))·ln(dk/β): the same for SumSelect, adaptive streams included.
///
/// Derived: the exponential mechanism with ε = √(8ρ/k) is worse than (2/ε)·ln(d/β') with probability at most
/// β' = β/k; the gap of a held column grows by at most one per step.
pub fn select_error(columns: f64, horizon: f64, rho: f64, beta: f64) -> f64 {
    let period = period(horizon, rho);
    let releases = (horizon / period).ceil();
    period - 1.0 + (releases / (2.0 * rho)).sqrt() * (columns * releases / beta).ln()
}

/// The number of levels of a binary counter, L = ⌊log₂ T⌋ + 1.
pub fn levels(horizon: f64) -> f64 {
    horizon.log2().floor() + 1.0
}

/// popcount(t)·L/(2ρ): the exact variance of the tree's answer at time t for one column.
pub fn bit_sum_variance(time: u32, horizon: f64, rho: f64) -> f64 {
    f64::from(time.count_ones()) * levels(horizon) / (2.0 * rho)
}

/// L·√((d/ρ)·ln(2dT/β)): what all T answers of the tree keep with probability 1 − β.
///
/// Derived: each of the d·T noisy prefix sums is the sum of at most L nodes of variance dL/(2ρ).
pub fn tree_error(columns: f64, horizon: f64, rho: f64, beta: f64) -> f64 {
    levels(horizon) * (columns / rho * (2.0 * columns * horizon / beta).ln()).sqrt()
}

/// T^(1/3)·√(ln T): the abstract's price of continual observation, polylogarithm included.
pub fn max_sum_rate(horizon: f64) -> f64 {
    horizon.cbrt() * horizon.ln().sqrt()
}

/// L·√(ln T): a bit sum's price, polylogarithmic.
pub fn bit_sum_rate(horizon: f64) -> f64 {
    levels(horizon) * horizon.ln().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    use ratebook::Result;
    use ratebook::privacy::Shape;
    use ratebook::privacy::continual_observation::{Best, Recompute, Tree};
    use ratebook::privacy::instances::{MaxSum, SumSelect};

    #[test]
    fn values_by_hand() {
        assert_eq!(
            [period(1000.0, 1.0), period(1001.0, 1.0), period(5.0, 100.0), period(2.0, 0.01)],
            [10.0, 11.0, 1.0, 3.0]
        );
        // r = 10, k = 100: 9 + √(100·ln 4000), by the standard library of another language.
        assert_relative_eq!(recompute_error(1000.0, 1.0, 0.05), 37.799_391_729_864_77, max_relative = 1e-12);
        assert_relative_eq!(
            select_error(4.0, 1000.0, 1.0, 0.05),
            9.0 + 50f64.sqrt() * 8000f64.ln(),
            max_relative = 1e-12
        );
        assert_eq!((levels(1.0), levels(7.0), levels(8.0)), (1.0, 3.0, 4.0));
        assert_eq!(bit_sum_variance(7, 8.0, 2.0), 3.0);
        // L = 4, d = 2: 4·√(ln 640).
        assert_relative_eq!(tree_error(2.0, 8.0, 2.0, 0.05), 10.167_767_248_597_87, max_relative = 1e-12);
        assert_relative_eq!(max_sum_rate(1000.0), 10.0 * 1000f64.ln().sqrt(), max_relative = 1e-12);
        assert_relative_eq!(bit_sum_rate(8.0), 4.0 * 8f64.ln().sqrt(), max_relative = 1e-12);
    }

    quickcheck! {
        /// The bounds here and those by which `Best` chooses are the same numbers.
        fn the_mechanisms_quote_the_same_bounds(columns: u8, horizon: u16, budget: u8, beta: u8) -> bool {
            let (columns, horizon) = (usize::from(columns) + 1, usize::from(horizon) + 1);
            let (rho, beta) = ((f64::from(budget) + 1.0) / 16.0, (f64::from(beta) + 1.0) / 257.0);
            let (d, t) = (columns as f64, horizon as f64);
            let same = |a: f64, b: Result<f64>| b.is_ok_and(|b| (a - b).abs() <= 1e-9 * a);
            Shape::new(columns, horizon).is_ok_and(|shape| {
                let best = Best::new(MaxSum, beta).and_then(|best| best.error_bound(shape, rho));
                let (recompute, tree) = (recompute_error(t, rho, beta), tree_error(d, t, rho, beta));
                same(recompute, Recompute::new(MaxSum).error_bound(shape, rho, beta))
                    && same(select_error(d, t, rho, beta), Recompute::new(SumSelect).error_bound(shape, rho, beta))
                    && same(tree, Tree::new(MaxSum).error_bound(shape, rho, beta))
                    && same(recompute.min(tree).min(t), best)
            })
        }

        fn smaller_budgets_and_risks_cost_more(horizon: u16, beta: u8) -> bool {
            let (t, beta) = (f64::from(horizon) + 2.0, (f64::from(beta) + 1.0) / 257.0);
            tree_error(3.0, t, 1.0, beta) > tree_error(3.0, t, 4.0, beta) * 1.999_999
                && tree_error(3.0, t, 1.0, beta / 2.0) > tree_error(3.0, t, 1.0, beta)
                && recompute_error(t, 1.0, beta / 2.0) > recompute_error(t, 1.0, beta)
                && select_error(2.0, t, 1.0, beta) < select_error(3.0, t, 1.0, beta)
        }
    }
}
