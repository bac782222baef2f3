use proptest::prelude::*;
use ratebook::Error;
use ratebook::math::linear_program::{LinearProgram, Solution};
use ratebook::math::vector::dot;
use ratebook_test_support::{awkward_f64, config};

/// c, and rows (a, b, whether an equality).
type Program = (Vec<f64>, Vec<(Vec<f64>, f64, bool)>);

fn solve((objective, rows): &Program) -> ratebook::Result<Solution> {
    let mut program = LinearProgram::maximize(objective)?;
    for (a, b, equality) in rows {
        if *equality { program.equal(a, *b)? } else { program.at_most(a, *b)? }
    }
    program.solve()
}

/// Random rows through or beside a random point of the cube [0, 2]ⁿ, which is a row each, so that the program
/// is feasible and bounded. Small integers make ties and degenerate vertices common.
fn programs() -> impl Strategy<Value = Program> {
    (1_usize..4).prop_flat_map(|n| {
        let vector = move || prop::collection::vec((-3..=3_i32).prop_map(f64::from), n);
        let inside = prop::collection::vec((0..=2_u32).prop_map(f64::from), n);
        let row = (vector(), (0..=2_u32).prop_map(f64::from), prop::bool::weighted(0.2));
        (vector(), inside, prop::collection::vec(row, 0..5)).prop_map(move |(objective, inside, rows)| {
            let mut all: Vec<_> = rows
                .into_iter()
                .map(|(a, slack, equality)| {
                    let b = dot(&a, &inside) + if equality { 0.0 } else { slack };
                    (a, b, equality)
                })
                .collect();
            for i in 0..n {
                let mut unit = vec![0.0; n];
                unit[i] = 1.0;
                all.push((unit, 2.0, false));
            }
            (objective, all)
        })
    })
}

/// A point and its duals prove each other optimal.
fn certified((objective, rows): &Program, solution: &Solution) -> bool {
    let feasible = solution.point.iter().all(|&x| x >= 0.0)
        && rows.iter().all(|(a, b, equality)| {
            let slack = b - dot(a, &solution.point);
            slack > -1e-8 && (!equality || slack < 1e-8)
        });
    let signs = rows.iter().zip(&solution.duals).all(|((_, _, equality), &y)| *equality || y > -1e-8);
    let covered = (0..objective.len()).all(|j| {
        let cover: f64 = rows.iter().zip(&solution.duals).map(|((a, _, _), y)| a[j] * y).sum();
        cover > objective[j] - 1e-8
    });
    let dual_value: f64 = rows.iter().zip(&solution.duals).map(|((_, b, _), y)| b * y).sum();
    let value = dot(objective, &solution.point);
    feasible && signs && covered && (dual_value - value).abs() < 1e-8 && (solution.value - value).abs() < 1e-8
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn the_duals_prove_optimality(program in programs()) {
        prop_assert!(certified(&program, &solve(&program).unwrap()));
    }

    #[test]
    fn contradictions_are_found(program in programs(), gap in 1e-3..10.0_f64) {
        let (objective, mut rows) = program;
        let (a, b, _) = rows[0].clone();
        let beyond: Vec<f64> = a.iter().map(|a| -a).collect();
        rows.push((beyond, -b - gap, false));
        let refused = matches!(solve(&(objective, rows)), Err(Error::Invalid { name: "linear program", .. }));
        prop_assert!(refused);
    }

    #[test]
    fn scaling_the_objective_scales_the_value(program in programs(), scale in 0.01..100.0_f64) {
        let scaled = (program.0.iter().map(|c| scale * c).collect(), program.1.clone());
        let (value, after) = (solve(&program).unwrap().value, solve(&scaled).unwrap().value);
        prop_assert!((after - scale * value).abs() < 1e-7 * (1.0 + after.abs()));
    }

    #[test]
    fn bad_numbers_are_refused(value in awkward_f64()) {
        prop_assert_eq!(LinearProgram::maximize(&[value]).is_ok(), value.is_finite());
        let mut program = LinearProgram::maximize(&[1.0]).unwrap();
        prop_assert_eq!(program.at_most(&[value], 1.0).is_ok(), value.is_finite());
        prop_assert_eq!(program.equal(&[1.0], value).is_ok(), value.is_finite());
        prop_assert_eq!(program.set_objective(&[value]).is_ok(), value.is_finite());
    }
}

/// Wyndor Glass (Hillier and Lieberman): 3x + 5y under x ≤ 4, 2y ≤ 12, 3x + 2y ≤ 18 is 36 at (2, 6).
#[test]
fn a_textbook_program() {
    let rows =
        vec![(vec![1.0, 0.0], 4.0, false), (vec![0.0, 2.0], 12.0, false), (vec![3.0, 2.0], 18.0, false)];
    let solution = solve(&(vec![3.0, 5.0], rows)).unwrap();
    let expected = [(solution.value, 36.0), (solution.point[0], 2.0), (solution.point[1], 6.0)];
    let duals = [(solution.duals[0], 0.0), (solution.duals[1], 1.5), (solution.duals[2], 1.0)];
    assert!(
        expected.iter().chain(&duals).all(|(found, known)| (found - known).abs() < 1e-12),
        "{solution:?}"
    );
}

/// Beale's example, on which the simplex method cycles under the largest-coefficient rule.
#[test]
fn bland_does_not_cycle() {
    let rows = vec![
        (vec![0.25, -60.0, -0.04, 9.0], 0.0, false),
        (vec![0.5, -90.0, -0.02, 3.0], 0.0, false),
        (vec![0.0, 0.0, 1.0, 0.0], 1.0, false),
    ];
    let solution = solve(&(vec![0.75, -150.0, 0.02, -6.0], rows)).unwrap();
    assert!((solution.value - 0.05).abs() < 1e-12);
}

#[test]
fn no_bound_no_solution() {
    let unbounded = solve(&(vec![1.0, 1.0], vec![(vec![1.0, -1.0], 1.0, false)])).unwrap_err();
    assert_eq!(unbounded.to_string(), "linear program: the objective is bounded");
    assert_eq!(LinearProgram::maximize(&[]).unwrap_err().to_string(), "objective is empty");
    let mut program = LinearProgram::maximize(&[-1.0]).unwrap();
    assert_eq!(program.solve().unwrap().value, 0.0);
    assert!(program.at_most(&[1.0, 2.0], 1.0).is_err());
    // A redundant equality does no harm.
    program.equal(&[2.0], 4.0).unwrap();
    program.equal(&[1.0], 2.0).unwrap();
    assert_eq!(program.solve().unwrap().point, [2.0]);
}
