//! The error of the search, as a walk over its decision tree.

use ratebook::bandits::holo_beam::stages;
use statrs::function::erf::erfc;

/// Φ(x), the normal distribution function.
fn normal(x: f64) -> f64 {
    0.5 * erfc(-x / std::f64::consts::SQRT_2)
}

/// The probability that the peak does not have the largest mean of a final in which each point has noise of
/// standard deviation `deviation` > 0, given the gaps (peak's gain less theirs) of the others: 1 − E ∏ Φ(Z + gap/s).
pub fn final_error(gaps: &[f64], deviation: f64) -> f64 {
    // The trapezoidal rule, whose error is far below rounding for a normal density and this step.
    const STEP: f64 = 0.0625;
    let density = |z: f64| (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let beaten = |z: f64| 1.0 - gaps.iter().map(|gap| normal(z + gap / deviation)).product::<f64>();
    (-160..=160).map(|i| STEP * f64::from(i)).map(|z| STEP * density(z) * beaten(z)).sum()
}

/// One search on known gains: what both error formulas below walk over.
struct Search<'a> {
    gains: &'a [f64],
    sigma: f64,
    stage: f64,
    peak: usize,
}

impl<'a> Search<'a> {
    fn new(gains: &'a [f64], budget: f64, sigma: f64) -> Self {
        let stage = (budget / stages(gains.len()) as f64).floor();
        let peak = (0..gains.len()).max_by(|&a, &b| gains[a].total_cmp(&gains[b])).unwrap_or(0);
        Self { gains, sigma, stage, peak }
    }

    /// The two points that are compared on l..r; none in the final.
    fn compared(l: usize, r: usize) -> Option<(usize, usize)> {
        (r - l >= 3).then(|| (l + (r - l) / 3, r - (r - l) / 3))
    }

    /// The gaps of the final's losers, and the pilots at each of its points.
    fn last(&self, l: usize, r: usize) -> (Vec<f64>, f64) {
        let others = (l..=r).filter(|&i| i != self.peak);
        let gaps = others.map(|i| self.gains[self.peak] - self.gains[i]).collect();
        (gaps, (self.stage / (r - l + 1) as f64).floor())
    }

    /// exp(−m·gap²/(4σ²)) ≥ P(N(gap, 2σ²/m) < 0): the wrong order of two means of `pilots` = m.
    fn tail(&self, gap: f64, pilots: f64) -> f64 {
        (-pilots * gap * gap / (4.0 * self.sigma * self.sigma)).exp()
    }

    /// D: the least difference of a comparison on one side of the peak that can be reached without an error.
    fn least_difference(&self, l: usize, r: usize) -> f64 {
        let Some((m1, m2)) = Self::compared(l, r) else { return f64::INFINITY };
        let here = (self.gains[m1] - self.gains[m2]).abs();
        match self.peak {
            peak if peak < m1 => here.min(self.least_difference(l, m2)),
            peak if peak > m2 => here.min(self.least_difference(m1, r)),
            _ => self.least_difference(l, m2).min(self.least_difference(m1, r)),
        }
    }

    fn exact(&self, l: usize, r: usize) -> f64 {
        if !(l..=r).contains(&self.peak) {
            return 1.0;
        }
        let Some((m1, m2)) = Self::compared(l, r) else {
            let (gaps, pilots) = self.last(l, r);
            return final_error(&gaps, self.sigma / pilots.sqrt());
        };
        let difference = self.gains[m1] - self.gains[m2];
        let pilots = (self.stage / 2.0).floor();
        let left = normal(difference * (pilots / 2.0).sqrt() / self.sigma);
        left * self.exact(l, m2) + (1.0 - left) * self.exact(m1, r)
    }

    fn bound(&self, l: usize, r: usize) -> f64 {
        let Some((m1, m2)) = Self::compared(l, r) else {
            let (gaps, pilots) = self.last(l, r);
            return gaps.iter().map(|&gap| self.tail(gap, pilots)).sum();
        };
        let wrong_side = self.tail(self.gains[m1] - self.gains[m2], (self.stage / 2.0).floor());
        match self.peak {
            peak if peak < m1 => self.bound(l, m2) + wrong_side,
            peak if peak > m2 => self.bound(m1, r) + wrong_side,
            _ => self.bound(l, m2).max(self.bound(m1, r)),
        }
    }
}

/// The probability that one search with `budget` pilots misses the peak of these strictly unimodal gains: the
/// decision tree, each comparison right with probability Φ(√(m/2)·|difference|/σ) for m pilots a point.
pub fn search_error(gains: &[f64], budget: f64, sigma: f64) -> f64 {
    Search::new(gains, budget, sigma).exact(0, gains.len() - 1)
}

/// An upper bound on [`search_error`]: e(l, r) = e(child) + exp(−m(f(m₁)−f(m₂))²/(4σ²)), the exponential only
/// where both points lie on one side of the peak (the worse child otherwise), and in the final
/// Σ exp(−n_f g²/(4σ²)) over the points that are not the peak.
///
/// Derived: the difference of two means of m pilots has variance 2σ²/m, and P(N(0, 1) > x) ≤ exp(−x²/2).
pub fn search_bound(gains: &[f64], budget: f64, sigma: f64) -> f64 {
    Search::new(gains, budget, sigma).bound(0, gains.len() - 1).min(1.0)
}

/// (S−1)·exp(−n_s D²/(8σ²)) + 2·exp(−n_f g²/(4σ²)): the two rates that decide, for S stages of n_s pilots, the
/// least one-sided difference D of the decision tree and the gap g at the peak; n_f = ⌊n_s/3⌋ pilots a point in
/// the final. Weaker than [`search_bound`], and trivial where two gains are equal.
pub fn two_rates_bound(gains: &[f64], budget: f64, sigma: f64) -> f64 {
    let search = Search::new(gains, budget, sigma);
    let beside = [search.peak.checked_sub(1), Some(search.peak + 1)].into_iter().flatten();
    let gaps = beside.filter_map(|i| gains.get(i)).map(|gain| gains[search.peak] - gain);
    let gap = gaps.fold(f64::INFINITY, f64::min);
    let half = (search.stage / 2.0).floor();
    let comparisons = (stages(gains.len()) - 1) as f64;
    comparisons * search.tail(search.least_difference(0, gains.len() - 1), half)
        + 2.0 * search.tail(gap, (search.stage / 3.0).floor())
}

/// The gains that the two phases search, as the first is seen at the second's centre and the second at the
/// first's peak.
fn phases(first: &[f64], second: &[f64]) -> [Vec<f64>; 2] {
    let seen = |gains: &[f64], factor: f64| gains.iter().map(|gain| gain * factor).collect();
    let peak = first.iter().copied().fold(0.0, f64::max);
    [seen(first, second[second.len() / 2]), seen(second, peak)]
}

/// The probability that HoloBeam with `budget` pilots names a wrong pair: 1 − (1−e₁)(1−e₂) with e_i from
/// [`search_error`] on half of them. (A wrong first parameter cannot be repaired; a right one makes the second
/// search independent of the first.)
pub fn pair_error(first: &[f64], second: &[f64], budget: f64, sigma: f64) -> f64 {
    let right = |gains: &Vec<f64>| 1.0 - search_error(gains, (budget / 2.0).floor(), sigma);
    1.0 - phases(first, second).iter().map(right).product::<f64>()
}

/// An upper bound on [`pair_error`]: the sum of [`search_bound`] over both phases.
pub fn pair_bound(first: &[f64], second: &[f64], budget: f64, sigma: f64) -> f64 {
    let bound = |gains: &Vec<f64>| search_bound(gains, (budget / 2.0).floor(), sigma);
    phases(first, second).iter().map(bound).sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;
    use ratebook::bandits::holo_beam::MainLobe;

    #[test]
    fn finals_by_hand() {
        // Two points: Φ(−gap/(s√2)); at gap 0 a fair coin; three equal points: two times of three.
        // (The library's erfc is good to ten digits.)
        assert_relative_eq!(final_error(&[0.3], 0.2), 0.144_422_183_173_242_5, max_relative = 1e-9);
        assert_relative_eq!(final_error(&[0.0], 1.0), 0.5, max_relative = 1e-12);
        assert_relative_eq!(final_error(&[0.0, 0.0], 1.0), 2.0 / 3.0, max_relative = 1e-9);
        assert_eq!(final_error(&[], 1.0), 0.0);
    }

    #[test]
    fn searches_by_hand() {
        // Four points: two stages; 8 pilots make stages of 4, so 2 at each compared point and 1 at each of three.
        let gains = [0.0, 1.0, 3.0, 2.0];
        let right = normal(2.0);
        let last = final_error(&[2.0, 1.0], 1.0);
        let left_over = final_error(&[3.0, 2.0], 1.0);
        let exact = right * last + (1.0 - right) * left_over;
        assert_relative_eq!(search_error(&gains, 8.0, 1.0), exact, max_relative = 1e-12);
        // The peak is m₂: no exponential for the comparison, and the worse of both finals.
        let tails = (-1.0f64).exp() + (-0.25f64).exp();
        assert_relative_eq!(search_bound(&gains, 8.0, 1.0), tails.min(1.0), max_relative = 1e-12);
        let narrow = (-4.0f64).exp() + (-1.0f64).exp();
        assert_relative_eq!(search_bound(&gains, 8.0, 0.5), narrow, max_relative = 1e-12);
        // The peak beyond m₂ = 2: one comparison of difference 2 with 2 pilots a point, then gaps 3 and 1.
        let gains = [0.0, 1.0, 3.0, 4.0];
        let bound = (-8.0f64).exp() + (-9.0f64).exp() + (-1.0f64).exp();
        assert_relative_eq!(search_bound(&gains, 8.0, 0.5), bound, max_relative = 1e-12);
    }

    #[test]
    fn two_rates_by_hand() {
        // The peak beyond m₂: one comparison of difference 2 in a stage of 6, then a gap of 1 and 2 pilots a point.
        let rates = (-12.0f64).exp() + 2.0 * (-2.0f64).exp();
        assert_relative_eq!(two_rates_bound(&[0.0, 1.0, 3.0, 4.0], 12.0, 0.5), rates, max_relative = 1e-12);
        // On a plateau nothing is promised.
        assert!(two_rates_bound(&[0.0, 1.0, 1.0, 4.0], 12.0, 0.5) > 1.0);
    }

    #[test]
    fn pairs_by_hand() {
        let lobe = [0.5, 1.0];
        let e = |scale: f64| normal(-scale / 2.0);
        // One stage each; 4 pilots, so 2 a search and 1 a point: gap 0.5 seen at gain 1 (the centre), then at 1.
        let expected = 1.0 - (1.0 - e(0.5 * 2f64.sqrt() / 0.5)).powi(2);
        assert_relative_eq!(pair_error(&lobe, &lobe, 4.0, 0.5), expected, max_relative = 1e-9);
        let bound = 2.0 * (-0.25f64 / (4.0 * 0.09)).exp();
        assert_relative_eq!(pair_bound(&lobe, &lobe, 4.0, 0.3), bound.min(1.0), max_relative = 1e-12);
        assert_relative_eq!(
            pair_bound(&lobe, &lobe, 8.0, 0.3),
            2.0 * (-0.5f64 / 0.36).exp(),
            max_relative = 1e-12
        );
    }

    quickcheck! {
        fn bounds_cover_the_exact_error(points: u8, place: f64, budget: u16, sigma: f64) -> bool {
            let points = usize::from(points) % 40 + 2;
            let place = (place.abs() % 1.0 * (points - 1) as f64).max(0.0);
            let Ok(lobe) = MainLobe::new(8, points, place) else { return place.is_nan() };
            let budget = f64::from(budget) + 4.0 * stages(points) as f64;
            let sigma = (sigma.abs() % 1.0).max(1e-3);
            let (exact, bound) = (
                search_error(lobe.gains(), budget, sigma),
                search_bound(lobe.gains(), budget, sigma),
            );
            let weaker = two_rates_bound(lobe.gains(), budget, sigma);
            (0.0..=1.0 + 1e-12).contains(&exact) && exact <= bound + 1e-12 && bound <= weaker + 1e-12
        }

        fn twice_the_stages_and_half_the_variance_are_alike(budget: u8, sigma: f64) -> bool {
            let Ok(lobe) = MainLobe::new(8, 16, 4.2) else { return false };
            let sigma = (sigma.abs() % 1.0).max(1e-2);
            // Budgets of whole stages of six pilots, so that no rounding differs.
            let budget = 7.0 * 6.0 * (f64::from(budget) + 1.0);
            let fewer = search_error(lobe.gains(), budget, sigma);
            let more = search_error(lobe.gains(), 4.0 * budget, 2.0 * sigma);
            (fewer - more).abs() <= 1e-12 && search_error(lobe.gains(), 4.0 * budget, sigma) <= fewer + 1e-12
        }
    }
}
