//! What a fixed radius would have cost, on the whole sequence and on every interval of a length.

use super::Pinball;
use crate::error::{Error, Result, at_least_one, same_size};

/// The best fixed radius of some scores and its total loss. The radius is a quantile, one of the scores.
///
/// # Errors
/// There is no score, or one outside [0, D].
pub fn best_fixed(pinball: Pinball, scores: &[f64]) -> Result<(f64, f64)> {
    if scores.is_empty() {
        return Err(Error::Empty { name: "scores" });
    }
    let mut sorted = scores.to_vec();
    sorted.iter().try_for_each(|&score| pinball.check(score).map(drop))?;
    sorted.sort_unstable_by(f64::total_cmp);
    let radius = sorted[quantile_rank(pinball, sorted.len()) - 1];
    Ok((radius, scores.iter().map(|&score| pinball.loss(radius, score)).sum()))
}

/// The rank, from 1, of the score that minimises the loss over n scores: ⌈(1 − α)n⌉.
fn quantile_rank(pinball: Pinball, n: usize) -> usize {
    (((1.0 - pinball.alpha()) * n as f64).ceil() as usize).clamp(1, n)
}

/// The largest regret of the radii against the best fixed radius on an interval of `length` rounds, over all
/// T − length + 1 of them. O(T log T).
///
/// # Errors
/// As many radii as scores are needed, and at least `length` ≥ 1 of them; a score outside [0, D].
pub fn worst_interval_regret(pinball: Pinball, radii: &[f64], scores: &[f64], length: usize) -> Result<f64> {
    let regrets = interval_regrets(pinball, radii, scores, length)?;
    Ok(regrets.into_iter().fold(f64::NEG_INFINITY, f64::max))
}

/// The regret on every interval of `length` rounds, by its first round; see [`worst_interval_regret`].
///
/// # Errors
/// As there.
pub fn interval_regrets(pinball: Pinball, radii: &[f64], scores: &[f64], length: usize) -> Result<Vec<f64>> {
    same_size("radii", scores.len(), radii.len())?;
    at_least_one("length", length)?;
    if length > scores.len() {
        let requirement = "at most the number of rounds";
        return Err(Error::OutOfRange { name: "length", value: length as f64, requirement });
    }
    scores.iter().try_for_each(|&score| pinball.check(score).map(drop))?;
    let mut window = Window::new(scores);
    let mut own = 0.0;
    let mut regrets = Vec::with_capacity(scores.len() - length + 1);
    for (time, (&radius, &score)) in radii.iter().zip(scores).enumerate() {
        own += pinball.loss(radius, score);
        window.add(time, 1.0);
        if time + 1 < length {
            continue;
        }
        regrets.push(own - window.least_loss(pinball, length));
        let first = time + 1 - length;
        own -= pinball.loss(radii[first], scores[first]);
        window.add(first, -1.0);
    }
    Ok(regrets)
}

/// The scores of a sliding window, ranked: a Fenwick tree of counts and sums.
struct Window {
    /// By rank, from 1.
    sorted: Vec<f64>,
    /// By time, from 1.
    rank: Vec<usize>,
    /// Node i holds (count, sum) of the ranks i − lowbit(i) + 1, …, i.
    tree: Vec<(f64, f64)>,
    /// (count, sum) of the window.
    total: (f64, f64),
}

impl Window {
    fn new(scores: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        let mut rank = vec![0; scores.len()];
        order.iter().enumerate().for_each(|(place, &time)| rank[time] = place + 1);
        let sorted = order.iter().map(|&time| scores[time]).collect();
        Self { sorted, rank, tree: vec![(0.0, 0.0); scores.len() + 1], total: (0.0, 0.0) }
    }

    fn add(&mut self, time: usize, count: f64) {
        let sum = count * self.sorted[self.rank[time] - 1];
        let mut node = self.rank[time];
        while node < self.tree.len() {
            self.tree[node].0 += count;
            self.tree[node].1 += sum;
            node += node & node.wrapping_neg();
        }
        self.total.0 += count;
        self.total.1 += sum;
    }

    /// The loss of the best fixed radius on the window, which holds n scores.
    fn least_loss(&self, pinball: Pinball, n: usize) -> f64 {
        // Descends to the last rank with fewer than ⌈(1 − α)n⌉ scores up to it; the quantile is the next one.
        let wanted = quantile_rank(pinball, n) as f64;
        let (mut at, mut below) = (0, (0.0, 0.0));
        let mut jump = self.tree.len().next_power_of_two() / 2;
        while jump > 0 {
            if let Some(&(count, sum)) = self.tree.get(at + jump)
                && below.0 + count < wanted
            {
                at += jump;
                below = (below.0 + count, below.1 + sum);
            }
            jump /= 2;
        }
        let radius = self.sorted[at];
        // Scores equal to the radius cost nothing on either side.
        let above = (self.total.0 - below.0, self.total.1 - below.1);
        pinball.alpha() * (below.0 * radius - below.1)
            + (1.0 - pinball.alpha()) * (above.1 - above.0 * radius)
    }
}
