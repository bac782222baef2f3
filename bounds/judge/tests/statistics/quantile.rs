//! The quantile functions against tables (computed with 30 digits by bisecting the exact tail, and in
//! agreement with the published tables where those reach), closed forms and laws.

use crate::support;

use approx::assert_relative_eq;
use proptest::prelude::*;
use ratebook_judge::quantile::*;

/// Upper-tail probability and z.
const NORMAL: [(f64, f64); 8] = [
    (0.1, 1.2815515655446004),
    (0.05, 1.6448536269514727),
    (0.025, 1.9599639845400542),
    (0.01, 2.326347874040841),
    (0.001, 3.0902323061678135),
    (1e-4, 3.7190164854556806),
    (1e-6, 4.753424308822899),
    (1e-9, 5.9978070150076869),
];

const TAILS: [f64; 5] = [0.05, 0.025, 0.001, 1e-6, 1e-9];

/// Degrees of freedom, and t at each of [`TAILS`].
const STUDENT: [(f64, [f64; 5]); 10] = [
    (1.0, [6.313751514675043, 12.7062047361747, 318.3088389855504, 318309.8861827435, 318309886.1837907]),
    (2.0, [2.919985580353726, 4.302652729749464, 22.32712477011988, 707.1057205259338, 22360.67974145688]),
    (4.0, [2.13184678632665, 2.776445105197794, 7.173182219782308, 41.57785415045097, 234.0276104061189]),
    (5.0, [2.015048373333024, 2.570581835636316, 5.89342953135601, 24.77102972051594, 98.93722464836996]),
    (10.0, [1.812461122811676, 2.228138851986275, 4.14370049404659, 9.75199549094058, 20.144697766674]),
    (29.0, [1.699127026533498, 2.045229642132704, 3.396240288356803, 5.917105540459562, 8.556427307611302]),
    (30.0, [1.697260886593958, 2.042272456301238, 3.385184866829305, 5.871117120418883, 8.445862796274243]),
    (63.0, [1.669402221706813, 1.998340542520742, 3.224708738545394, 5.237200198870492, 6.999812320475072]),
    (100.0, [1.66023432608534, 1.983971518523552, 3.173739493738783, 5.048830877228346, 6.598939820655532]),
    (1000.0, [1.646378817285465, 1.962339080826408, 3.098402163912923, 4.781608620458351, 6.053690272079834]),
];

/// a, b, lower-tail probability and x.
const BETA: [(f64, f64, f64, f64); 16] = [
    (0.5, 0.5, 1e-9, 2.467393740461976e-18),
    (0.5, 0.5, 1e-6, 2.46740110026508e-12),
    (0.5, 0.5, 0.01, 0.0002467198171342215),
    (0.5, 0.5, 0.3, 0.2061073738537634),
    (2.0, 3.0, 1e-9, 1.291005560032202e-5),
    (2.0, 3.0, 1e-6, 0.0004083594602042573),
    (2.0, 3.0, 0.01, 0.04199863562170071),
    (2.0, 3.0, 0.3, 0.2723839420751053),
    (5.0, 60.0, 1e-9, 0.0006705337094623708),
    (5.0, 60.0, 1e-6, 0.002723835997799125),
    (5.0, 60.0, 0.01, 0.02042576765399498),
    (5.0, 60.0, 0.3, 0.05694539840126571),
    (300.0, 1700.0, 1e-9, 0.1063028368864468),
    (300.0, 1700.0, 1e-6, 0.1146283374435587),
    (300.0, 1700.0, 0.01, 0.1319519132329666),
    (300.0, 1700.0, 0.3, 0.1457295461276534),
];

#[test]
fn normal_table() {
    for (alpha, z) in NORMAL {
        assert_relative_eq!(normal_upper(alpha), z, max_relative = 1e-14);
        assert_relative_eq!(normal(alpha), -z, max_relative = 1e-14);
    }
    for (p, z) in [(0.9, NORMAL[0].1), (0.95, NORMAL[1].1), (0.975, NORMAL[2].1), (0.99, NORMAL[3].1)] {
        assert_relative_eq!(normal(p), z, max_relative = 1e-13);
    }
    // 1 − alpha has lost digits of alpha; z moves by the loss times dz/dalpha.
    for (p, z, digits) in [
        (0.999, NORMAL[4].1, 1e-13),
        (1.0 - 1e-4, NORMAL[5].1, 1e-12),
        (1.0 - 1e-6, NORMAL[6].1, 1e-11),
        (1.0 - 1e-9, NORMAL[7].1, 1e-8),
    ] {
        assert_relative_eq!(normal(p), z, max_relative = digits);
    }
    assert_eq!(normal(0.5), 0.0);
}

#[test]
fn student_table() {
    for (dof, row) in STUDENT {
        for (alpha, t) in TAILS.into_iter().zip(row) {
            assert_relative_eq!(student_t_upper(alpha, dof), t, max_relative = 2e-12);
            assert_relative_eq!(student_t(alpha, dof), -t, max_relative = 2e-12);
            assert_relative_eq!(student_t_upper(1.0 - alpha, dof), -t, max_relative = 1e-7);
        }
        assert_eq!(student_t(0.5, dof), 0.0);
    }
    assert_relative_eq!(student_t(0.975, 10.0), 2.228138851986275, max_relative = 1e-11);
}

#[test]
fn student_closed_forms() {
    for alpha in [0.45, 0.3, 0.25, 0.1, 0.01, 1e-3, 1e-6, 1e-9] {
        let one = 1.0 / (std::f64::consts::PI * alpha).tan();
        assert_relative_eq!(student_t_upper(alpha, 1.0), one, max_relative = 1e-12);
        let two = (1.0 - 2.0 * alpha) / (2.0 * alpha * (1.0 - alpha)).sqrt();
        assert_relative_eq!(student_t_upper(alpha, 2.0), two, max_relative = 1e-12);
        let product: f64 = 4.0 * alpha * (1.0 - alpha);
        let cosine = (product.sqrt().acos() / 3.0).cos();
        let four = 2.0 * (cosine / product.sqrt() - 1.0).sqrt();
        assert_relative_eq!(student_t_upper(alpha, 4.0), four, max_relative = 1e-9);
    }
}

#[test]
fn student_approaches_the_normal_law() {
    // Cornish–Fisher: t = z + (z³ + z)/(4·dof) + O(1/dof²).
    for (alpha, z) in NORMAL {
        for dof in [1e5, 1e6] {
            let expected = z + (z.powi(3) + z) / (4.0 * dof);
            let next = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * dof * dof);
            assert_relative_eq!(student_t_upper(alpha, dof), expected + next, max_relative = 1e-9);
        }
    }
}

#[test]
fn beta_table() {
    for (a, b, p, x) in BETA {
        assert_relative_eq!(beta(p, a, b), x, max_relative = 1e-11);
        assert_relative_eq!(beta_upper(p, b, a), 1.0 - x, max_relative = 1e-11);
        assert_relative_eq!(beta_upper(1.0 - p, a, b), x, max_relative = 1e-6);
    }
}

#[test]
fn beta_closed_forms() {
    for n in [1.0, 2.0, 10.0, 66.0, 1375.0, 290_000.0_f64] {
        for p in [1e-9, 1e-6, 1e-3, 0.05, 0.5, 0.95] {
            assert_relative_eq!(beta(p, n, 1.0), p.powf(1.0 / n), max_relative = 1e-11);
            let low = -((-p).ln_1p() / n).exp_m1();
            assert_relative_eq!(beta(p, 1.0, n), low, max_relative = 1e-9, epsilon = 1e-15);
            let high = -(p.ln() / n).exp_m1();
            assert_relative_eq!(beta_upper(p, 1.0, n), high, max_relative = 1e-9, epsilon = 1e-15);
            assert_relative_eq!(beta_upper(p, n, 1.0), ((-p).ln_1p() / n).exp(), max_relative = 1e-11);
        }
        assert_relative_eq!(beta(0.5, n, n), 0.5, max_relative = 1e-12);
    }
}

#[test]
fn binomial_table() {
    // k, n, p, P(B ≤ k), P(B ≥ k).
    for (k, n, p, lower, upper) in [
        (3, 10, 0.5, 0.171875, 0.9453125),
        (0, 5, 0.25, 0.2373046875, 1.0),
        (7, 20, 0.3, 0.7722717974181605, 0.391990187799076),
        (490, 1000, 0.5, 0.2739863729617385, 0.7466699786877735),
        (2, 1000, 0.01, 0.002679431993791534, 0.9995207555464211),
        (5, 5, 0.25, 1.0, 0.0009765625),
        (6, 5, 0.25, 1.0, 0.0),
        (0, 0, 0.25, 1.0, 1.0),
    ] {
        assert_relative_eq!(binomial_cdf(k, n, p), lower, max_relative = 1e-11);
        assert_relative_eq!(binomial_upper(k, n, p), upper, max_relative = 1e-11);
    }
    // Far beyond the 140 terms of the library's fraction: the central term of 2·10⁶ trials is
    // 1/√(π·10⁶)·(1 − 1/(8·10⁶)), and P(B ≤ n/2) is one half plus half of it.
    let central = (1.0 - 1.25e-7) / (std::f64::consts::PI * 1e6).sqrt();
    assert_relative_eq!(binomial_cdf(1_000_000, 2_000_000, 0.5), 0.5 + 0.5 * central, max_relative = 2e-9);
}

#[test]
fn outside_the_domain_is_nan() {
    for p in [0.0, 1.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
        for value in [normal(p), normal_upper(p), student_t(p, 5.0), student_t_upper(p, 5.0)] {
            assert!(value.is_nan());
        }
        for value in
            [beta(p, 2.0, 3.0), beta_upper(p, 2.0, 3.0), binomial_cdf(1, 3, p), binomial_upper(1, 3, p)]
        {
            assert!(value.is_nan());
        }
    }
    for shape in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(student_t(0.1, shape).is_nan() && student_t_upper(0.1, shape).is_nan());
        assert!(beta(0.1, shape, 1.0).is_nan() && beta(0.1, 1.0, shape).is_nan());
        assert!(beta_upper(0.1, shape, 1.0).is_nan() && beta_upper(0.1, 1.0, shape).is_nan());
    }
}

#[test]
fn zero_failures_table() {
    for (delta, alpha, n) in [
        (0.1, 1e-3, 66),
        (0.1, 1e-6, 132),
        (0.05, 1e-3, 135),
        (0.05, 1e-6, 270),
        (0.01, 1e-3, 688),
        (0.01, 1e-6, 1375),
        (1e-9, 1e-6, 13_815_510_552),
        // Exact powers.
        (0.5, 0.25, 2),
        (0.5, 2f64.powi(-40), 40),
        (0.75, 2f64.powi(-20), 10),
        // Nothing to show, and nothing left to fail.
        (0.1, 1.0, 0),
        (0.1, 2.0, 0),
        (1.0, 1e-6, 1),
        (2.0, 1e-6, 1),
    ] {
        assert_eq!(zero_failures_needed(delta, alpha), n, "delta = {delta}, alpha = {alpha}");
    }
    for (delta, alpha) in [(0.0, 0.1), (-0.1, 0.1), (f64::NAN, 0.1), (0.1, 0.0), (0.1, -0.1), (0.1, f64::NAN)]
    {
        assert_eq!(zero_failures_needed(delta, alpha), usize::MAX);
    }
}

proptest! {
    #![proptest_config(support::config(256))]

    #[test]
    fn zero_failures_is_least(delta in 1e-3..0.99_f64, log_alpha in -20.0..-0.1_f64) {
        let alpha = log_alpha.exp();
        let n = zero_failures_needed(delta, alpha) as i32;
        prop_assert!((1.0 - delta).powi(n) <= alpha * (1.0 + 1e-9));
        prop_assert!((1.0 - delta).powi(n - 1) > alpha * (1.0 - 1e-9));
    }

    #[test]
    fn quantiles_invert_the_tails(
        log_alpha in -20.0..-0.7_f64, k in 1_usize..400, rest in 1_usize..400,
    ) {
        // The beta quantile is where a binomial tail reaches alpha: an independent reading of both.
        let (alpha, n) = (log_alpha.exp(), k + rest);
        let low = beta(alpha, k as f64, rest as f64 + 1.0);
        prop_assert!((binomial_upper(k, n, low) / alpha - 1.0).abs() < 1e-9);
        let high = beta_upper(alpha, k as f64 + 1.0, rest as f64);
        prop_assert!((binomial_cdf(k, n, high) / alpha - 1.0).abs() < 1e-9);
    }

    #[test]
    fn quantiles_are_symmetric_and_monotone(p in 1e-6..0.49_f64, dof in 0.5..3000.0_f64, a in 0.3..500.0_f64, b in 0.3..500.0_f64) {
        prop_assert!((normal(p) + normal(1.0 - p)).abs() < 1e-9);
        prop_assert!((student_t(p, dof) / student_t(1.0 - p, dof) + 1.0).abs() < 1e-6);
        prop_assert!((beta(p, a, b) + beta_upper(p, b, a) - 1.0).abs() < 1e-12);
        let larger = 1.01 * p;
        prop_assert!(normal(p) < normal(larger));
        prop_assert!(student_t(p, dof) < student_t(larger, dof));
        prop_assert!(beta(p, a, b) < beta(larger, a, b));
        // Fewer degrees of freedom have heavier tails, and all are heavier than the normal one.
        prop_assert!(student_t_upper(p, dof) < student_t_upper(p, 0.9 * dof));
        prop_assert!(normal_upper(p) < student_t_upper(p, dof));
    }

    #[test]
    fn binomial_tails_are_sums(n in 1_usize..40, share in 0.0..1.0_f64, p in 0.01..0.99_f64) {
        let k = (share * (n + 1) as f64) as usize;
        let (mut mass, mut below) = ((1.0 - p).powi(n as i32), 0.0);
        for j in 0..k {
            below += mass;
            mass *= (n - j) as f64 / (j + 1) as f64 * p / (1.0 - p);
        }
        prop_assert!((binomial_upper(k, n, p) - (1.0 - below)).abs() < 1e-12);
        prop_assert!((binomial_cdf(k, n, p) - (below + mass)).abs() < 1e-12);
    }
}
