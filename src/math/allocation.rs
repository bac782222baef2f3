//! The exact allocation of a budget: the knapsack behind every choice of bit widths.

use crate::{Error, Result, error};

/// Picks one choice for each item so that the costs add up to `budget` exactly and the gains to the
/// largest possible value; among equals the lowest choices, first items first.
///
/// `gains[i][c]` and `costs[i][c]` belong to choice `c` of item `i`. By dynamic programming over the
/// budget left, in O(budget · choices of all items) time and O(budget · items) memory. Gains that
/// tie to rounding may be told apart by it.
///
/// # Errors
/// If there is no item, an item without choices, a gain that is not finite, a list of costs of
/// another size than its gains, or no way to spend the budget exactly.
pub fn allocate(gains: &[Vec<f64>], costs: &[Vec<usize>], budget: usize) -> Result<Vec<usize>> {
    error::at_least_one("items", gains.len())?;
    error::same_size("costs", gains.len(), costs.len())?;
    for (gains, costs) in gains.iter().zip(costs) {
        error::finite_slice("gains", gains)?;
        error::same_size("costs of an item", gains.len(), costs.len())?;
    }
    // best[i][b]: the largest gain of items i, i + 1, … that spend b; −∞ where they cannot.
    let mut best = vec![vec![f64::NEG_INFINITY; budget + 1]; gains.len() + 1];
    best[gains.len()][0] = 0.0;
    let value = |rest: &[f64], gain: f64, cost: usize, left: usize| {
        left.checked_sub(cost).map_or(f64::NEG_INFINITY, |left| gain + rest[left])
    };
    for item in (0..gains.len()).rev() {
        let (here, rest) = best.split_at_mut(item + 1);
        for (left, slot) in here[item].iter_mut().enumerate() {
            let choices = gains[item].iter().zip(&costs[item]);
            *slot = choices.map(|(&gain, &cost)| value(&rest[0], gain, cost, left)).fold(*slot, f64::max);
        }
    }
    let mut left = budget;
    (0..gains.len())
        .map(|item| {
            let attains = |c: &usize| {
                let reached = value(&best[item + 1], gains[item][*c], costs[item][*c], left);
                reached > f64::NEG_INFINITY && reached == best[item][left]
            };
            let choice = (0..gains[item].len()).find(attains);
            choice.inspect(|&c| left -= costs[item][c])
        })
        .collect::<Option<_>>()
        .ok_or(Error::Invalid { name: "budget", requirement: "must be a sum of one cost of each item" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spends_exactly_and_prefers_low_choices() {
        let gains = vec![vec![1.0, 2.0], vec![1.0, 2.0], vec![0.0, 0.5]];
        let costs = vec![vec![2, 4]; 3];
        assert_eq!(allocate(&gains, &costs, 10), Ok(vec![1, 1, 0]));
        assert_eq!(allocate(&gains, &costs, 8), Ok(vec![0, 1, 0]));
        assert_eq!(allocate(&gains, &costs, 12), Ok(vec![1, 1, 1]));
    }

    #[test]
    fn refuses_what_it_cannot_do() {
        let gains = vec![vec![1.0, 2.0]];
        let costs = vec![vec![2, 4]];
        assert!(allocate(&gains, &costs, 3).unwrap_err().to_string().starts_with("budget"));
        assert!(allocate(&gains, &costs, 9).is_err());
        assert!(allocate(&[], &[], 0).is_err());
        assert!(allocate(&[vec![f64::NAN]], &[vec![1]], 1).unwrap_err().to_string().starts_with("gains"));
        assert!(allocate(&[vec![]], &[vec![]], 0).is_err());
        assert!(allocate(&gains, &[vec![2]], 2).is_err());
        assert_eq!(allocate(&[vec![0.0]], &[vec![0]], 0), Ok(vec![0]));
    }
}
