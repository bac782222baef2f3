//! D-optimal designs over groups.

use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use ratebook::Result;
use ratebook::math::design::{Design, Group, d_optimal};
use ratebook_test_support::config;

type Points = Vec<Vec<f64>>;

/// Groups of points, possibly repeated, zero, or not spanning the space.
fn groups(dim: usize) -> impl Strategy<Value = Vec<Points>> {
    let entry = prop_oneof![Just(0.0), Just(0.5), -0.5..0.5f64];
    prop::collection::vec(prop::collection::vec(prop::collection::vec(entry, dim), 1..5), 1..4)
}

fn design(sets: &[Points], slack: f64) -> Result<Design> {
    let mass = 1.0 / sets.len() as f64;
    let groups: Vec<Group> =
        sets.iter().map(|set| Group { mass, points: set.iter().map(Vec::as_slice).collect() }).collect();
    d_optimal(&groups, slack)
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn a_design_is_what_it_says(sets in groups(3), slack in 0.01..0.5f64) {
        let design = design(&sets, slack).unwrap();
        let mut information = DMatrix::zeros(3, 3);
        for (set, weights) in sets.iter().zip(&design.weights) {
            prop_assert!(weights.iter().all(|&w| (0.0..=1.0 + 1e-12).contains(&w)));
            prop_assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            for (x, weight) in set.iter().zip(weights) {
                let x = DVector::from_column_slice(x);
                information += &x * x.transpose() * (weight / sets.len() as f64);
            }
        }
        prop_assert!((&information - &design.information).norm() < 1e-9);
        prop_assert!(design.value >= design.rank as f64 - 1e-6);
        prop_assert!(design.value <= (1.0 + slack) * design.rank as f64 + 1e-9);
        prop_assert_eq!(information.rank(1e-9), design.rank);
    }

    /// Stretching the space moves all designs alike: log det V only gains a constant.
    #[test]
    fn a_linear_map_does_not_matter(sets in groups(2), entries in prop::collection::vec(0.1..0.4f64, 4)) {
        let map = DMatrix::from_row_slice(2, 2, &entries) + DMatrix::identity(2, 2) * 0.1;
        prop_assume!(map.determinant().abs() > 0.02);
        let map_point = |x: &Vec<f64>| (&map * DVector::from_column_slice(x)).as_slice().to_vec();
        let mapped: Vec<Points> = sets.iter().map(|set| set.iter().map(map_point).collect()).collect();
        let (plain, other) = (design(&sets, 1e-4).unwrap(), design(&mapped, 1e-4).unwrap());
        prop_assert_eq!(plain.rank, other.rank);
        if plain.rank == 2 {
            let ratio = other.information.determinant() / plain.information.determinant();
            prop_assert!((ratio / map.determinant().powi(2) - 1.0).abs() < 1e-2, "{}", ratio);
        }
    }

    /// As many independent points as dimensions, in one group: equal weights are the only design that attains d.
    #[test]
    fn a_basis_is_weighed_equally(points in prop::collection::vec(prop::collection::vec(-1.0..1.0f64, 3), 3)) {
        let matrix = DMatrix::from_fn(3, 3, |i, j| points[j][i]);
        prop_assume!(matrix.determinant().abs() > 0.01);
        let design = design(&[points], 1e-3).unwrap();
        prop_assert!((design.value - 3.0).abs() < 1e-6);
        prop_assert!(design.weights[0].iter().all(|w| (w - 1.0 / 3.0).abs() < 1e-9));
    }
}
