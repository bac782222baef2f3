//! The formulas of the schedule, and the exact law of the most frequent winner.

use statrs::function::factorial::ln_factorial;

/// N = ⌈ln δ/ln(1−α)⌉: so many random configurations hold one of the best share α with probability 1 − δ.
pub fn configurations_needed(alpha: f64, delta: f64) -> f64 {
    (delta.ln() / (-alpha).ln_1p()).ceil()
}

/// c_e as printed: 2^e·(C₁E − (2^E−1)(2C₁−C₂−C₃))/(2^E(C₂+C₃−eC₁)) with q = 1+(k−1)/E, C₁ = log_q 2,
/// C₂ = 1 + log_q(n₀ + 4n₀/(n₀−N)), C₃ = log_q k. Epoch e gets the share 1/c_e of the budget.
pub fn epoch_cost(epoch: f64, epochs: f64, k: f64, start: f64, needed: f64) -> f64 {
    let log_q = |x: f64| x.ln() / (1.0 + (k - 1.0) / epochs).ln();
    let (c1, c2) = (log_q(2.0), 1.0 + log_q(start + 4.0 * start / (start - needed)));
    let c3 = log_q(k);
    let numerator = c1 * epochs - (epochs.exp2() - 1.0) * (2.0 * c1 - c2 - c3);
    epoch.exp2() * numerator / (epochs.exp2() * (c2 + c3 - epoch * c1))
}

/// (1−α)^m: the probability that none of m random configurations is among the best share α. With the best of them
/// returned, which an endless budget does, it is the probability of failure.
pub fn none_is_good(alpha: f64, configurations: f64) -> f64 {
    (1.0 - alpha).powf(configurations)
}

/// The probability that the favourite of a block has the most wins in `instances` races, ties falling at random:
/// it wins a race with probability `favourite`, and `rivals` ≥ 1 others share the rest equally.
pub fn most_wins(instances: usize, favourite: f64, rivals: usize) -> f64 {
    let n = instances;
    let log_binomial = |w: usize| {
        let chosen = ln_factorial(n as u64) - ln_factorial(w as u64) - ln_factorial((n - w) as u64);
        chosen + w as f64 * favourite.ln() + (n - w) as f64 * (1.0 - favourite).ln()
    };
    let mass = |w: usize| log_binomial(w).exp();
    (0..=n).map(|w| (w, mass(w))).filter(|(_, p)| *p > 1e-18).map(|(w, p)| p * leads(n - w, w, rivals)).sum()
}

/// The probability that none of `rivals` has more than `w` of `n` wins, each tie at w counted 1/(ties + 1).
fn leads(n: usize, w: usize, rivals: usize) -> f64 {
    if n == 0 && w == 0 {
        return 1.0 / (rivals + 1) as f64;
    }
    // Equal shares of n wins are independent Poisson numbers, given that they sum to n.
    let poisson = |mean: f64, i: usize| {
        if mean == 0.0 {
            return f64::from(u8::from(i == 0));
        }
        (i as f64 * mean.ln() - mean - ln_factorial(i as u64)).exp()
    };
    let mean = n as f64 / rivals as f64;
    let below: Vec<f64> = (0..w.min(n + 1)).map(|i| poisson(mean, i)).collect();
    // powers[j][s]: the probability that j rivals have fewer than w wins each and s together.
    let mut powers = vec![vec![1.0]];
    for _ in 0..rivals {
        powers.push(convolve(powers.last().unwrap_or(&vec![]), &below, n));
    }
    let tie = poisson(mean, w);
    let mut chance = 0.0;
    for ties in (0..=rivals).take_while(|ties| ties * w <= n) {
        let choices =
            (ln_factorial(rivals as u64) - ln_factorial(ties as u64) - ln_factorial((rivals - ties) as u64))
                .exp();
        let others = powers[rivals - ties].get(n - ties * w).copied().unwrap_or(0.0);
        chance += choices * tie.powi(ties as i32) * others / (ties + 1) as f64;
    }
    chance / poisson(n as f64, n)
}

/// The convolution of two sequences, up to index `last`.
fn convolve(a: &[f64], b: &[f64], last: usize) -> Vec<f64> {
    let mut sums = vec![0.0; (a.len() + b.len()).saturating_sub(1).min(last + 1)];
    for (i, x) in a.iter().enumerate() {
        for (sum, y) in sums.iter_mut().skip(i).zip(b) {
            *sum += x * y;
        }
    }
    sums
}

/// The probability that successive elimination with winners only (f(k) = 1) misses the one better configuration
/// among k², whose wins have probability `favourite` in a block of k: its block gets B/(2k) instances in the
/// first of two rounds, and the final of the k winners B/2.
pub fn elimination_error(budget: f64, k: usize, favourite: f64) -> f64 {
    let instances = |share: f64| (budget / share).floor() as usize;
    let (first, last) = (instances(2.0 * k as f64), instances(2.0));
    1.0 - most_wins(first, favourite, k - 1) * most_wins(last, favourite, k - 1)
}

/// Σ_r (k−1)·(1 − (√p − √p′)²)^{b_r} with p = `favourite`, p′ = (1−p)/(k−1) and b_r the instances of the two
/// rounds: an upper bound on [`elimination_error`].
///
/// Derived: in one race the favourite gains on a rival with probability p and loses with p′; the Chernoff bound of
/// such a walk being at or below zero after b steps is (1 − p − p′ + 2√(pp′))^b. A union over the rivals.
pub fn elimination_bound(budget: f64, k: f64, favourite: f64) -> f64 {
    let other = (1.0 - favourite) / (k - 1.0);
    let base = 1.0 - (favourite.sqrt() - other.sqrt()).powi(2);
    let tail = |instances: f64| (k - 1.0) * base.powf(instances.floor());
    (tail(budget / (2.0 * k)) + tail(budget / 2.0)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn schedules_by_hand() {
        assert_eq!(configurations_needed(0.2, 0.2), 8.0);
        assert_eq!(configurations_needed(0.05, 0.05), 59.0);
        assert_relative_eq!(none_is_good(0.2, 3.0), 0.512, max_relative = 1e-12);
        // k = 2, E = 1: q = 2, C₁ = 1, C₃ = 1, and n₀ = 2, N = 1 give C₂ = 1 + log₂ 10; c₁ = 1 for a single epoch.
        assert_relative_eq!(epoch_cost(1.0, 1.0, 2.0, 2.0, 1.0), 1.0, max_relative = 1e-12);
        // k = 3, E = 2: q = 2, C₁ = 1, C₃ = log₂ 3, n₀ = 4, N = 3: C₂ = 1 + log₂ 20, so C₂ + C₃ = 1 + log₂ 60 = a.
        let a = 1.0 + 60f64.log2();
        let total = 2.0 - 3.0 * (2.0 - a);
        assert_relative_eq!(
            epoch_cost(1.0, 2.0, 3.0, 4.0, 3.0),
            total / (2.0 * (a - 1.0)),
            max_relative = 1e-12
        );
        assert_relative_eq!(epoch_cost(2.0, 2.0, 3.0, 4.0, 3.0), total / (a - 2.0), max_relative = 1e-12);
    }

    #[test]
    fn races_by_hand() {
        // One race: the favourite's own chance. None: one of four at random.
        assert_relative_eq!(most_wins(1, 1.0 / 3.0, 3), 1.0 / 3.0, max_relative = 1e-10);
        assert_relative_eq!(most_wins(0, 1.0 / 3.0, 3), 0.25, max_relative = 1e-12);
        // Two races: both won, or one won and the tie.
        assert_relative_eq!(most_wins(2, 0.5, 1), 0.25 + 0.5 * 0.5, max_relative = 1e-10);
        // Three races, two rivals at 1/4: two or three won, or one each and a third of the tie.
        let exact = 0.125 + 3.0 * 0.125 + 6.0 * 0.5 * 0.0625 / 3.0;
        assert_relative_eq!(most_wins(3, 0.5, 2), exact, max_relative = 1e-10);
        let error = 1.0 - most_wins(2, 0.5, 1) * most_wins(4, 0.5, 1);
        assert_relative_eq!(elimination_error(8.0, 2, 0.5), error, max_relative = 1e-12);
        // p = 0.64 and p′ = 0.36 among two: the base is 1 − (0.8 − 0.6)².
        let bound = 0.96f64.powi(100) + 0.96f64.powi(200);
        assert_relative_eq!(elimination_bound(400.0, 2.0, 0.64), bound, max_relative = 1e-12);
    }

    quickcheck! {
        fn epochs_share_the_budget(k: u8, needed: u16) -> bool {
            let (k, needed) = (f64::from(k) + 2.0, f64::from(needed) + 1.0);
            let epochs = (needed + 1.0).log2().ceil();
            let shares = (1..=epochs as u32).map(|e| 1.0 / epoch_cost(f64::from(e), epochs, k, needed + 1.0, needed));
            (shares.sum::<f64>() - 1.0).abs() < 1e-12
        }

        fn equal_rivals_win_equally(instances: u8, rivals: u8) -> bool {
            let rivals = usize::from(rivals) % 5 + 1;
            let fair = 1.0 / (rivals + 1) as f64;
            (most_wins(usize::from(instances), fair, rivals) - fair).abs() < 1e-9
        }

        fn the_bound_covers_the_exact_error(budget: u8, favourite: f64) -> bool {
            let (k, favourite) = (3.0, 0.4 + favourite.abs() % 0.5);
            let budget = 6.0 * f64::from(budget) + 6.0;
            favourite.is_nan() || elimination_error(budget, 3, favourite) <= elimination_bound(budget, k, favourite) + 1e-9
        }
    }
}
