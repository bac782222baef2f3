//! Nearest neighbours against their definition, and routes under every trade-off.

use proptest::prelude::*;
use ratebook::serving::carrot_router::{Carrot, NearestNeighbors, Predictor, neighbors, risks};
use ratebook::{Error, Result};
use ratebook_test_support::{awkward_f64, config};

fn predict(fit: &NearestNeighbors, x: &[f64], outputs: usize) -> Vec<f64> {
    let mut table = vec![f64::NAN; outputs];
    fit.predict(x, &mut table);
    table
}

fn table_router(table: Vec<f64>, models: usize, tradeoff: Vec<f64>) -> Result<Carrot<impl Predictor>> {
    Carrot::new(move |_: &[f64], out: &mut [f64]| out.copy_from_slice(&table), models, tradeoff)
}

/// Different points of a grid in d dimensions, so that distances are exact and ties frequent.
fn points(dimension: usize) -> impl Strategy<Value = Vec<Vec<f64>>> {
    prop::collection::btree_set(prop::collection::vec(0i32..12, dimension), 1..25)
        .prop_map(|set| set.into_iter().map(|point| point.into_iter().map(f64::from).collect()).collect())
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_mean_of_the_nearest(
        points in (1usize..4).prop_flat_map(points),
        k in 1usize..30,
        query in prop::collection::vec(-2i32..14, 3),
    ) {
        // Powers of two, so that the mean tells who was counted.
        let labels: Vec<Vec<f64>> = (0..points.len() as i32).map(|i| vec![2f64.powi(i), 1.0]).collect();
        let fit = NearestNeighbors::new(&points, &labels, k).unwrap();
        let x: Vec<f64> = query[..points[0].len()].iter().map(|&c| f64::from(c)).collect();
        let distance = |i: &usize| points[*i].iter().zip(&x).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        // The points are in increasing order, which is the order of ties.
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
        order.truncate(k);
        let expected: f64 = order.iter().map(|&i| labels[i][0]).sum::<f64>() / order.len() as f64;
        let table = predict(&fit, &x, 2);
        prop_assert!((table[0] / expected - 1.0).abs() < 1e-12 && (table[1] - 1.0).abs() < 1e-12);
        prop_assert_eq!(fit.k(), k.min(points.len()));
    }

    #[test]
    fn the_order_of_the_samples_does_not_matter(points in points(1), k in 1usize..30, x in -2.0..14.0f64) {
        let labels: Vec<Vec<f64>> = points.iter().map(|p| vec![p[0] * p[0]]).collect();
        let forward = NearestNeighbors::new(&points, &labels, k).unwrap();
        let reversed = |rows: &[Vec<f64>]| rows.iter().rev().cloned().collect::<Vec<_>>();
        let backward = NearestNeighbors::new(&reversed(&points), &reversed(&labels), k).unwrap();
        prop_assert_eq!(predict(&forward, &[x], 1), predict(&backward, &[x], 1));
    }

    #[test]
    fn a_route_has_the_least_risk_and_scaling_changes_nothing(
        table in prop::collection::vec(0u8..10, 6),
        weight in 0.0..=1.0f64,
        power in -20i32..20,
    ) {
        let table: Vec<f64> = table.into_iter().map(f64::from).collect();
        let tradeoff = vec![weight, 1.0 - weight];
        let route = |table: Vec<f64>, tradeoff: Vec<f64>| table_router(table, 3, tradeoff).unwrap().route(&[]);
        let chosen = route(table.clone(), tradeoff.clone());
        let all: Vec<f64> = risks(&table, &tradeoff).map(|(_, risk)| risk).collect();
        prop_assert!(all.iter().all(|&risk| all[chosen] <= risk));
        prop_assert!(all[..chosen].iter().all(|&risk| all[chosen] < risk));
        // Powers of two scale exactly.
        let scaled = table.iter().map(|phi| phi * 2f64.powi(power)).collect();
        prop_assert_eq!(route(scaled, tradeoff), chosen);
        // At a vertex a single metric decides, whatever the others are.
        let mut garbled = table.clone();
        (0..3).for_each(|model| garbled[2 * model + 1] = 9.0 - garbled[2 * model + 1]);
        prop_assert_eq!(route(table, vec![1.0, 0.0]), route(garbled, vec![1.0, 0.0]));
    }

    #[test]
    fn awkward_numbers_are_refused_by_name(x in awkward_f64(), n in 1usize..1_000_000, d in 1usize..9) {
        let named = |error: Option<Error>, legal: bool, name: &str| match error {
            None => legal,
            Some(error) => !legal && error.to_string().starts_with(name),
        };
        prop_assert!(named(neighbors(n, x, d).err(), x > 0.0 && x <= 1.0, "gamma"));
        prop_assert!(neighbors(n, x, d).is_ok_and(|k| (1..=n).contains(&k)) || !(x > 0.0 && x <= 1.0));
        prop_assert!(named(NearestNeighbors::new(&[vec![x]], &[vec![1.0]], 1).err(), x.is_finite(), "points"));
        prop_assert!(named(NearestNeighbors::new(&[vec![1.0]], &[vec![x]], 1).err(), x.is_finite(), "labels"));
        prop_assert!(named(table_router(vec![0.0], 1, vec![x]).err(), (x - 1.0).abs() <= 1e-9, "tradeoff"));
        // Any query, and the largest labels, give a finite prediction.
        let fit = NearestNeighbors::new(&[vec![0.0], vec![1.0]], &[vec![f64::MAX], vec![f64::MAX]], 2).unwrap();
        prop_assert!(predict(&fit, &[x], 1)[0].is_finite());
    }
}

#[test]
fn a_trade_off_changes_without_a_new_fit() -> Result<()> {
    // Model 0 is right and dear, model 1 wrong and cheap.
    let mut router = table_router(vec![0.1, 1.0, 0.6, 0.2], 2, vec![1.0, 0.0])?;
    assert_eq!(router.route(&[]), 0);
    router.set_tradeoff(vec![0.0, 1.0])?;
    assert_eq!(router.route(&[]), 1);
    assert!(router.set_tradeoff(vec![1.0]).is_err() && router.set_tradeoff(vec![0.5, 0.6]).is_err());
    assert!(router.set_tradeoff(vec![-0.5, 1.5]).is_err());
    assert_eq!(router.route(&[]), 1);
    Ok(())
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    assert_eq!(neighbors(1000, 1.0, 1), Ok(100));
    assert!(neighbors(0, 1.0, 1).is_err() && neighbors(1, 1.0, 0).is_err());
    let fit = |points: &[Vec<f64>], labels: &[Vec<f64>]| NearestNeighbors::new(points, labels, 1).err();
    assert_eq!(fit(&[], &[]), Some(Error::Empty { name: "points" }));
    assert!(fit(&[vec![]], &[vec![1.0]]).is_some() && fit(&[vec![1.0]], &[vec![]]).is_some());
    assert!(fit(&[vec![1.0]], &[]).is_some());
    assert!(fit(&[vec![1.0], vec![1.0, 2.0]], &[vec![1.0], vec![1.0]]).is_some());
    assert!(fit(&[vec![1.0], vec![2.0]], &[vec![1.0], vec![1.0, 2.0]]).is_some());
    assert!(table_router(vec![], 0, vec![1.0]).is_err() && table_router(vec![], 1, vec![]).is_err());
}
