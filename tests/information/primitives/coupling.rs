//! Couplings against their oracle, and the oracles against plain enumeration.

use proptest::prelude::*;
use ratebook::information::baselines::{OptimalCoupling, integer_partitions, set_partitions};
use ratebook::information::coupling::{Coupler, Greedy, Independent, meet};
use ratebook::math::entropy::{entropy, entropy_term};
use ratebook_test_support::{awkward_f64, config};

/// Laws with masses over many orders of magnitude, zeros included.
pub fn law(sizes: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<f64>> {
    let weight = prop_oneof![4 => 0.0..1.0f64, 1 => Just(0.0), 1 => Just(1.0), 1 => (-40.0..0.0f64).prop_map(f64::exp)];
    prop::collection::vec(weight, sizes).prop_filter_map("all zero", |weights| {
        let total: f64 = weights.iter().sum();
        (total > 1e-3).then(|| weights.iter().map(|w| w / total).collect())
    })
}

fn close(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-12)
}

/// The least entropy over every table of whole units with these margins, vertices among them.
fn least_by_enumeration(p: &mut [u32], q: &mut [u32], cell: usize, total: u32) -> f64 {
    let (row, column) = (cell / q.len(), cell % q.len());
    if row == p.len() {
        return if p.iter().chain(q.iter()).all(|&rest| rest == 0) { 0.0 } else { f64::INFINITY };
    }
    let mut least = f64::INFINITY;
    for units in 0..=p[row].min(q[column]) {
        p[row] -= units;
        q[column] -= units;
        let here = entropy_term(f64::from(units) / f64::from(total));
        least = least.min(here + least_by_enumeration(p, q, cell + 1, total));
        p[row] += units;
        q[column] += units;
    }
    least
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn marginals_are_exact_and_cells_are_few(p in law(1..=40), q in law(1..=40)) {
        for coupling in [Greedy.couple(&p, &q).unwrap(), Independent.couple(&p, &q).unwrap()] {
            let (rows, columns) = coupling.marginals();
            prop_assert!(close(&rows, &p) && close(&columns, &q));
            prop_assert!(coupling.cells().iter().all(|cell| cell.2 > 0.0));
            // Every symbol with mass, however small, is coupled to something.
            prop_assert!(rows.iter().zip(&p).all(|(row, mass)| (*row > 0.0) == (*mass > 0.0)));
            prop_assert!((coupling.table().sum() - 1.0).abs() <= 1e-12);
        }
        let greedy = Greedy.couple(&p, &q).unwrap();
        prop_assert!(greedy.cells().len() < p.len() + q.len() + 1);
        let information = greedy.mutual_information();
        prop_assert!(information >= -1e-12 && information <= entropy(&p).min(entropy(&q)) + 1e-12);
        prop_assert!(Independent.couple(&p, &q).unwrap().mutual_information().abs() <= 1e-10);
    }

    #[test]
    fn greedy_lies_between_the_meet_and_one_bit_above(p in law(1..=30), q in law(1..=30)) {
        let floor = entropy(&meet(&p, &q).unwrap());
        prop_assert!(floor >= entropy(&p).max(entropy(&q)) - 1e-9);
        let greedy = Greedy.couple(&p, &q).unwrap().entropy();
        prop_assert!(greedy >= floor - 1e-9 && greedy <= floor + 1.0);
    }

    #[test]
    fn swapping_and_permuting_change_nothing(p in law(1..=12), q in law(1..=12), shift in 0..12usize) {
        let here = Greedy.couple(&p, &q).unwrap().entropy();
        prop_assert!((here - Greedy.couple(&q, &p).unwrap().entropy()).abs() <= 1e-9);
        let mut turned = p.clone();
        turned.rotate_left(shift % p.len());
        prop_assert!((here - Greedy.couple(&turned, &q).unwrap().entropy()).abs() <= 1e-9);
    }

    #[test]
    fn a_law_couples_with_itself_without_loss(p in law(1..=20)) {
        let coupling = Greedy.couple(&p, &p).unwrap();
        prop_assert!((coupling.entropy() - entropy(&p)).abs() <= 1e-12);
        let mut sorted = p.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        prop_assert!(close(&meet(&p, &p).unwrap(), &sorted));
    }

    #[test]
    fn conditionals_and_posteriors_recompose(p in law(1..=10), q in law(1..=10)) {
        let coupling = Greedy.couple(&p, &q).unwrap();
        let table = coupling.table();
        for (i, &mass) in p.iter().enumerate() {
            for (j, conditional) in coupling.conditional(i).iter().enumerate() {
                prop_assert!((mass * conditional - table[(i, j)]).abs() <= 1e-12);
                prop_assert!((q[j] * coupling.posterior(j)[i] - table[(i, j)]).abs() <= 1e-12);
            }
        }
    }

    #[test]
    fn what_is_no_law_is_refused(x in awkward_f64(), y in 0.0..1.0f64) {
        for (p, q, name) in [(vec![x, y], vec![1.0], "p"), (vec![1.0], vec![x, y], "q")] {
            let valid = (0.0..=1.0).contains(&x) && (x + y - 1.0).abs() <= 1e-9;
            match Greedy.couple(&p, &q) {
                Ok(coupling) => prop_assert!(valid && coupling.entropy().is_finite()),
                Err(error) => prop_assert!(!valid && error.to_string().starts_with(name)),
            }
            prop_assert_eq!(meet(&p, &q).is_ok(), valid);
            prop_assert_eq!(Independent.couple(&p, &q).is_ok(), valid);
        }
    }
}

/// The recursion over leaves finds the least entropy of all integer tables, for every pair of
/// partitions of 8 into at most 3 parts.
#[test]
fn the_optimum_is_the_optimum() {
    let total = 8;
    let partitions = integer_partitions(total, 3);
    let mut optimal = OptimalCoupling::new(total);
    for p in &partitions {
        for q in &partitions {
            let least = least_by_enumeration(&mut p.clone(), &mut q.clone(), 0, total);
            assert!((optimal.entropy(p, q) - least).abs() <= 1e-12, "{p:?} {q:?}");
        }
    }
}

#[test]
fn greedy_by_hand() {
    // (.5,.5) with (.5,.25,.25): two halves meet, the other half splits. H = 1.5 bits.
    let coupling = Greedy.couple(&[0.5, 0.5], &[0.25, 0.5, 0.25]).unwrap();
    assert_eq!(coupling.cells(), [(0, 1, 0.5), (1, 0, 0.25), (1, 2, 0.25)]);
    assert_eq!(coupling.entropy(), 1.5);
    assert_eq!(
        meet(&[0.5, 0.5], &[0.6, 0.2, 0.2]).unwrap().iter().map(|m| (m * 10.0).round()).collect::<Vec<_>>(),
        [5.0, 3.0, 2.0]
    );
}

#[test]
fn counts_of_partitions() {
    let bell: Vec<usize> = (0..8).map(|n| set_partitions(n).len()).collect();
    assert_eq!(bell, [1, 1, 2, 5, 15, 52, 203, 877]);
    let labels = set_partitions(4);
    assert!(labels.iter().enumerate().all(|(i, partition)| !labels[..i].contains(partition)));
    // p(5) = 7, of which 5 have at most three parts.
    assert_eq!((integer_partitions(5, 5).len(), integer_partitions(5, 3).len()), (7, 5));
    assert!(
        integer_partitions(12, 4)
            .iter()
            .all(|parts| parts.iter().sum::<u32>() == 12 && parts.is_sorted_by(|a, b| a >= b))
    );
}
