//! The bounds, as functions of numbers.

/// v(b) = 1 + (1+b²)/SNR: the variance of a decoded reward of variance 1 that was encoded with radius b.
pub fn decoded_variance(radius: f64, snr: f64) -> f64 {
    1.0 + (1.0 + radius * radius) / snr
}

/// The radii b_ℓ > 1 of the exploration with the pulls n_ℓ = ⌈v(b_ℓ)/b_{ℓ+1}²⌉ of each arm, for means in [−B, B].
pub fn schedule(bound: f64, snr: f64) -> Vec<(f64, f64)> {
    let radii = std::iter::successors(Some(bound), |radius| Some((radius / 2.0).max(1.0)));
    let pulls = |radius: f64| (decoded_variance(radius, snr) / (radius / 2.0).max(1.0).powi(2)).ceil();
    radii.take_while(|&radius| radius > 1.0).map(|radius| (radius, pulls(radius))).collect()
}

/// Σ n_ℓ: the pulls of each arm in the whole exploration.
pub fn exploration(bound: f64, snr: f64) -> f64 {
    schedule(bound, snr).iter().map(|(_, pulls)| pulls).sum()
}

/// (K−1)Δ·(Σ n_ℓ + 3) + min(16(K−1)·v(1)·ln T/Δ, 8√(v(1)·K·T·ln T)): the regret where one arm is Δ > 0 better
/// than all others.
///
/// The exploration's cost is exact; the rest is Lattimore and Szepesvári (2020), Theorems 7.1 and 7.2, for
/// √v-sub-Gaussian rewards.
pub fn regret(arms: f64, horizon: f64, bound: f64, snr: f64, gap: f64) -> f64 {
    let log = decoded_variance(1.0, snr) * horizon.ln();
    let ucb = (16.0 * (arms - 1.0) * log / gap).min(8.0 * (log * arms * horizon).sqrt());
    (arms - 1.0) * gap * (exploration(bound, snr) + 3.0) + ucb
}

/// √(K·T·v): the worst-case rate over decoded rewards of variance v.
pub fn worst_case_rate(arms: f64, horizon: f64, variance: f64) -> f64 {
    (arms * horizon * variance).sqrt()
}

/// P·(1 + v(b_ℓ)/n_ℓ)/(1 + b_{ℓ+1}²): the power taken in phase ℓ+1, the centre being the mean of n_ℓ decoded
/// values of variance v(b_ℓ).
pub fn power_taken(power: f64, snr: f64, radius: f64, pulls: f64, next: f64) -> f64 {
    power * (1.0 + decoded_variance(radius, snr) / pulls) / (1.0 + next * next)
}

/// (3/4)·√(v(B)/v(1)): three quarters of what re-centring gains, for a signal-to-noise ratio SNR and means in [−B, B].
///
/// Derived: UCB on rewards of deviation s behaves as on rewards of deviation 1 with all gaps divided by s, so its
/// worst regret over all gaps is proportional to s; a quarter of the ratio is left to the exploration and the grid.
pub fn recentring_gain(bound: f64, snr: f64) -> f64 {
    (decoded_variance(bound, snr) / decoded_variance(1.0, snr)).sqrt() * 0.75
}

/// (1/27)·√((K−1)·T·max(1, 1/SNR)): no policy and no encoding have a smaller worst regret on normal arms.
///
/// Lattimore and Szepesvári (2020), Theorem 15.2, where a pull carries at most Δ²·min(1, SNR)/2 instead of Δ²/2.
pub fn minimax_lower(arms: f64, horizon: f64, snr: f64) -> f64 {
    ((arms - 1.0) * horizon * (1.0 / snr).max(1.0)).sqrt() / 27.0
}

/// ½·√((K−1)·max(1, 1/SNR)/T): the gap at which [`minimax_lower`] is proved.
pub fn hard_gap(arms: f64, horizon: f64, snr: f64) -> f64 {
    ((arms - 1.0) * (1.0 / snr).max(1.0) / horizon).sqrt() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(decoded_variance(3.0, 0.5), 21.0, max_relative = 1e-12);
        // v(4) = 1 + 17·2 = 35 over 2², v(2) = 1 + 5·2 = 11 over 1.
        assert_eq!(schedule(4.0, 0.5), [(4.0, 9.0), (2.0, 11.0)]);
        // From 3 by halves to 1.5 and then to 1: v(3) = 21 over 1.5², v(1.5) = 7.5 over 1.
        assert_eq!(schedule(3.0, 0.5), [(3.0, 10.0), (1.5, 8.0)]);
        assert_eq!(exploration(4.0, 0.5), 20.0);
        assert_eq!(exploration(1.0, 0.5), 0.0);
        // T = e⁴: 3Δ·23, and the smaller of 16·3·5·4/Δ and 8·√(5·4·4e⁴).
        let expected = 138.0 + 480.0;
        assert_relative_eq!(regret(4.0, 4f64.exp(), 4.0, 0.5, 2.0), expected, max_relative = 1e-12);
        let expected = 69.0 + 8.0 * 80f64.sqrt() * 2f64.exp();
        assert_relative_eq!(regret(4.0, 4f64.exp(), 4.0, 0.5, 1.0), expected, max_relative = 1e-12);
        assert_relative_eq!(worst_case_rate(4.0, 25.0, 9.0), 30.0, max_relative = 1e-12);
        // 2·(1 + 35/9)/(1 + 4)
        assert_relative_eq!(power_taken(2.0, 0.5, 4.0, 9.0, 2.0), 88.0 / 45.0, max_relative = 1e-12);
        assert_relative_eq!(recentring_gain(2.0, 0.5), 2.2f64.sqrt() * 0.75, max_relative = 1e-12);
        assert_relative_eq!(minimax_lower(5.0, 9.0, 0.25), 12.0 / 27.0, max_relative = 1e-12);
        assert_relative_eq!(minimax_lower(5.0, 9.0, 7.0), 6.0 / 27.0, max_relative = 1e-12);
        assert_relative_eq!(hard_gap(5.0, 64.0, 0.25), 0.25, max_relative = 1e-12);
    }

    quickcheck! {
        fn radii_end_at_one_and_pulls_keep_the_power(bound: u16, snr: u8) -> bool {
            let (bound, snr) = (f64::from(bound) / 16.0, (f64::from(snr) + 1.0) / 64.0);
            let phases = schedule(bound, snr);
            let next = |index: usize| phases.get(index + 1).map_or(1.0, |phase| phase.0);
            phases.iter().enumerate().all(|(index, &(radius, pulls))| {
                next(index) < radius
                    && next(index) >= 1.0
                    && power_taken(1.0, snr, radius, pulls, next(index)) <= 1.0 + 1e-12
            })
        }

        fn a_better_channel_never_hurts(bound: u8, snr: u8) -> bool {
            let (bound, snr) = (f64::from(bound), (f64::from(snr) + 1.0) / 64.0);
            regret(4.0, 1000.0, bound, 2.0 * snr, 1.0) <= regret(4.0, 1000.0, bound, snr, 1.0)
                && minimax_lower(4.0, 1000.0, 2.0 * snr) <= minimax_lower(4.0, 1000.0, snr)
        }

        fn the_bounds_do_not_cross(arms: u8, rounds: u16, snr: u8) -> bool {
            let (arms, rounds) = (f64::from(arms) + 2.0, f64::from(rounds) + 300.0);
            let snr = (f64::from(snr) + 1.0) / 64.0;
            minimax_lower(arms, rounds, snr) <= regret(arms, rounds, 1.0, snr, hard_gap(arms, rounds, snr))
        }
    }
}
