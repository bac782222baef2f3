//! Markov chains: trajectories, the prediction of the next symbol, and two families in closed form.

use rand::{Rng, RngExt};

use crate::error::{self, Error, Result};
use crate::math::divergence::kullback_leibler;
use crate::statistics::{Experiment, RowRule};

/// A sequence of symbols 0..k, at least two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trajectory {
    states: Vec<usize>,
    symbols: usize,
}

impl Trajectory {
    /// A trajectory over the symbols 0..`symbols`.
    ///
    /// # Errors
    /// If there are fewer than two states or two symbols, or a state is not below `symbols`.
    pub fn new(states: Vec<usize>, symbols: usize) -> Result<Self> {
        let refuse = |name, value: usize, requirement| {
            Err(Error::OutOfRange { name, value: value as f64, requirement })
        };
        if states.len() < 2 {
            return refuse("n", states.len(), "at least 2: one transition");
        }
        if symbols < 2 {
            return refuse("symbols", symbols, "at least 2");
        }
        match states.iter().find(|&&state| state >= symbols) {
            Some(&state) => refuse("state", state, "below the number of symbols"),
            None => Ok(Self { states, symbols }),
        }
    }

    /// The states in order of time.
    pub fn states(&self) -> &[usize] {
        &self.states
    }

    /// The size k of the alphabet.
    pub fn symbols(&self) -> usize {
        self.symbols
    }

    /// The state the trajectory ends in, whose row is to be predicted.
    pub fn last(&self) -> usize {
        self.states[self.states.len() - 1]
    }

    /// How often each symbol followed `state`.
    pub fn counts_out_of(&self, state: usize) -> Vec<u64> {
        let mut counts = vec![0; self.symbols];
        for step in self.states.windows(2).filter(|step| step[0] == state) {
            counts[step[1]] += 1;
        }
        counts
    }
}

/// Predict the law of the symbol that follows n observed ones of a Markov chain; the loss is the
/// Kullback–Leibler divergence of the predicted row from the true row of the last state.
#[derive(Debug, Clone)]
pub struct NextSymbol {
    initial: Vec<f64>,
    rows: Vec<Vec<f64>>,
    n: usize,
}

impl NextSymbol {
    /// A chain with the given initial law and transition rows, observed for `n` steps.
    ///
    /// # Errors
    /// If `n` < 2, there are fewer than two states, the matrix is not square, or the initial law or a
    /// row is not a distribution.
    pub fn new(initial: Vec<f64>, rows: Vec<Vec<f64>>, n: usize) -> Result<Self> {
        let symbols = initial.len();
        if symbols < 2 {
            return Err(Error::Invalid { name: "initial", requirement: "at least two states" });
        }
        if n < 2 {
            return Err(Error::OutOfRange { name: "n", value: n as f64, requirement: "at least 2" });
        }
        error::distribution("initial", &initial)?;
        error::same_size("rows", symbols, rows.len())?;
        for row in &rows {
            error::same_size("row", symbols, row.len())?;
            error::distribution("row", row)?;
        }
        Ok(Self { initial, rows, n })
    }

    /// The number of states k.
    pub fn symbols(&self) -> usize {
        self.rows.len()
    }

    /// The transition probabilities out of `state`.
    pub fn row(&self, state: usize) -> &[f64] {
        &self.rows[state]
    }
}

impl Experiment for NextSymbol {
    type Data = Trajectory;
    type Truth = Vec<f64>;
    type Estimate = Vec<f64>;

    fn draw(&self, rng: &mut dyn Rng) -> (Trajectory, Vec<f64>) {
        let mut states = Vec::with_capacity(self.n);
        let mut state = sample_index(&self.initial, rng);
        states.push(state);
        for _ in 1..self.n {
            state = sample_index(&self.rows[state], rng);
            states.push(state);
        }
        (Trajectory { states, symbols: self.symbols() }, self.rows[state].clone())
    }

    fn loss(&self, truth: &Vec<f64>, estimate: &Vec<f64>) -> f64 {
        kullback_leibler(truth, estimate)
    }
}

/// An index drawn with the given probabilities. Rounding in their sum falls to the last index that
/// has any mass, so that an impossible symbol is never drawn.
fn sample_index(masses: &[f64], rng: &mut dyn Rng) -> usize {
    let mut left: f64 = rng.random();
    let mut index = 0;
    for (i, &mass) in masses.iter().enumerate().filter(|(_, mass)| **mass > 0.0) {
        index = i;
        left -= mass;
        if left < 0.0 {
            break;
        }
    }
    index
}

/// The two-state chain that starts in its first state, with everything about its n first symbols in
/// closed form. Trajectories are grouped by the state they end in, the number of returns to the first
/// state and the number of steps that stay in the second: within such a class all are equally likely,
/// and all have the same counts out of their last state.
#[derive(Debug, Clone, Copy)]
pub struct TwoStateChain {
    leave: f64,
    back: f64,
}

impl TwoStateChain {
    /// A chain that leaves its first state with probability `leave` and its second with `back`.
    ///
    /// # Errors
    /// If a probability is not strictly between 0 and 1.
    pub fn new(leave: f64, back: f64) -> Result<Self> {
        Ok(Self { leave: error::open_unit("leave", leave)?, back: error::open_unit("back", back)? })
    }

    /// Visits the classes of the trajectories of length `n` that end in `last` (0 or 1) after
    /// `returns` returns to state 0, with the number s of stays in state 1 and the probability of the
    /// class. Classes of probability below 1e-24 are left out. Returns the total probability visited.
    ///
    /// With m = n − 1 − jumps steps that stay, r = m − s of them in state 0 and l returns,
    /// P(end in 1) = C(r+l, l) aˡ⁺¹ (1−a)ʳ · C(s+l, l) bˡ (1−b)ˢ and
    /// P(end in 0) = C(r+l, l) aˡ (1−a)ʳ · C(s+l−1, l−1) bˡ (1−b)ˢ, the second with s = 0 when l = 0.
    /// The terms are log-concave in s, so the sum starts at their mode and runs outwards by ratios.
    pub fn visit_classes(&self, n: u64, last: usize, returns: u64, mut visit: impl FnMut(u64, f64)) -> f64 {
        const NEGLIGIBLE: f64 = 1e-24;
        let (a, b, l) = (self.leave, self.back, returns);
        let jumps = 2 * l + last as u64;
        if n < 1 || jumps > n - 1 {
            return 0.0;
        }
        let m = n - 1 - jumps;
        // The s stays fall into `gaps + 1` visits of state 1; with no visit there are none.
        let visits_to_one = l + last as u64;
        let Some(gaps) = visits_to_one.checked_sub(1) else {
            let probability = (m as f64 * (-a).ln_1p()).exp();
            visit(0, probability);
            return probability;
        };
        // P(s + 1)/P(s): one more stay in state 1, one less in state 0.
        let ratio = |s: u64| {
            let (r, s) = ((m - s) as f64, s as f64);
            r / (r + l as f64) / (1.0 - a) * ((s + 1.0 + gaps as f64) / (s + 1.0)) * (1.0 - b)
        };
        let (mut low, mut high) = (0, m);
        while low < high {
            let middle = low + (high - low) / 2;
            if ratio(middle) > 1.0 { low = middle + 1 } else { high = middle }
        }
        let mode = low;
        let at_mode = (ln_choose(m - mode, l)
            + ln_choose(mode, gaps)
            + visits_to_one as f64 * a.ln()
            + (m - mode) as f64 * (-a).ln_1p()
            + l as f64 * b.ln()
            + mode as f64 * (-b).ln_1p())
        .exp();
        let mut total = 0.0;
        let mut probability = at_mode;
        for s in mode..=m {
            if probability < NEGLIGIBLE {
                break;
            }
            total += probability;
            visit(s, probability);
            probability *= ratio(s);
        }
        probability = at_mode;
        for s in (0..mode).rev() {
            probability /= ratio(s);
            if probability < NEGLIGIBLE {
                break;
            }
            total += probability;
            visit(s, probability);
        }
        total
    }

    /// The exact risk of a rule: the expected divergence of its row from the true row of the state in
    /// which a trajectory of length `n` ends. Costs O(n) rows per number of returns that has mass.
    pub fn prediction_risk(&self, n: u64, rule: &impl RowRule) -> f64 {
        let usual = (n as f64 * self.leave * self.back / (self.leave + self.back)) as u64;
        let mut row = [0.0; 2];
        let mut risk = 0.0;
        for last in [0, 1] {
            let truth = if last == 0 { [1.0 - self.leave, self.leave] } else { [self.back, 1.0 - self.back] };
            for returns in 0..=n / 2 {
                let mass = self.visit_classes(n, last, returns, |s, probability| {
                    let counts = match last {
                        0 => [n - 1 - 2 * returns - s, returns],
                        _ => [returns, s],
                    };
                    rule.row(last, &counts, &mut row);
                    risk += probability * kullback_leibler(&truth, &row);
                });
                if returns > usual && mass < 1e-18 {
                    break;
                }
            }
        }
        risk
    }
}

/// The three-state chains that hide a two-state one behind a slow door (Han, Jana and Wu 2021,
/// equation 28). State 0 is left with probability 2/n a step, to either other state; states 1 and 2
/// switch with probability p and fall back to 0 with probability 1/n. The matrix is symmetric, so the
/// chain is reversible and stationary from the uniform start. With constant probability a trajectory
/// enters the pair once, at a nearly uniform time, and has seen only what came after.
#[derive(Debug, Clone, Copy)]
pub struct EmbeddedPair {
    n: usize,
}

impl EmbeddedPair {
    /// The family for trajectories of length `n`.
    ///
    /// # Errors
    /// If `n` < 3: 2/n must be a probability and the pair must be reachable.
    pub fn new(n: usize) -> Result<Self> {
        if n < 3 {
            return Err(Error::OutOfRange { name: "n", value: n as f64, requirement: "at least 3" });
        }
        Ok(Self { n })
    }

    /// The stationary chain that switches with probability `switch`·(1 − 1/n), so that `switch` is
    /// the probability of a switch among the steps that stay in the pair.
    ///
    /// # Errors
    /// If `switch` is not a probability.
    pub fn chain(&self, switch: f64) -> Result<NextSymbol> {
        error::probability("switch", switch)?;
        let door = 1.0 / self.n as f64;
        let (swap, stay) = (switch * (1.0 - door), (1.0 - switch) * (1.0 - door));
        let rows = vec![vec![1.0 - 2.0 * door, door, door], vec![door, stay, swap], vec![door, swap, stay]];
        NextSymbol::new(vec![1.0 / 3.0; 3], rows, self.n)
    }

    /// A trajectory of [`EmbeddedPair::chain`] with the weight that makes weighted means unbiased.
    ///
    /// Risk is carried by trajectories that changed between state 0 and the pair shortly before their
    /// end, and those are rare. So the age u of the last change is drawn half of the time from a law
    /// proportional to ln((u+1)/u) on 1..n−1 instead of its own, which is geometric because the chain is
    /// reversible: seen backwards from its end, it is the same chain.
    ///
    /// # Errors
    /// If `switch` is not a probability.
    pub fn draw_weighted(&self, switch: f64, rng: &mut dyn Rng) -> Result<(Trajectory, f64)> {
        let chain = self.chain(switch)?;
        let (n, length) = (self.n, self.n as f64);
        let last = rng.random_range(0..3);
        let change = if last == 0 { 2.0 / length } else { 1.0 / length };
        let age = if rng.random::<bool>() {
            // (ln U)/(ln(1 − change)) is exponential; its floor is geometric. n stands for "never".
            let waits = (1.0 - rng.random::<f64>()).ln() / (-change).ln_1p();
            if waits < (n - 1) as f64 { waits as usize + 1 } else { n }
        } else {
            (length.powf(rng.random()) as usize).clamp(1, n - 1)
        };
        let weight = if age < n {
            let natural = change * ((age - 1) as f64 * (-change).ln_1p()).exp();
            let forced = (1.0 / age as f64).ln_1p() / length.ln();
            2.0 * natural / (natural + forced)
        } else {
            2.0
        };
        // Backwards from the end: `age` states on one side, the change, and then as the chain will.
        let mut states = Vec::with_capacity(n);
        let mut state = last;
        states.push(state);
        for step in 1..n {
            state = match state {
                _ if step > age => sample_index(chain.row(state), rng),
                0 if step == age => 1 + usize::from(rng.random::<bool>()),
                _ if step == age => 0,
                0 => 0,
                _ if rng.random::<f64>() < switch => 3 - state,
                _ => state,
            };
            states.push(state);
        }
        states.reverse();
        Ok((Trajectory { states, symbols: 3 }, weight))
    }
}

/// ln C(r + l, l) as a sum of l logarithms: no cancellation between large log-gammas.
fn ln_choose(r: u64, l: u64) -> f64 {
    let (few, many) = if l <= r { (l, r) } else { (r, l) };
    (1..=few).map(|i| (many as f64 / i as f64).ln_1p()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choose() {
        approx::assert_relative_eq!(ln_choose(3, 2), 10f64.ln(), max_relative = 1e-14);
        approx::assert_relative_eq!(ln_choose(2, 3), 10f64.ln(), max_relative = 1e-14);
        assert_eq!(ln_choose(7, 0), 0.0);
    }
}
