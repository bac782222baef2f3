//! Mirror Sinkhorn against plain Sinkhorn, each in the logarithmic and in the linear domain: the price of
//! one iteration, and the time to a given gap after rounding, at n = 64 and 512 on uniform random costs.
//!
//! `cargo bench --bench transport`. Before a timing to a gap, the rounds (or Sinkhorn's tolerance) that
//! reach it are searched for, and printed; only the run that reaches it is timed. Sinkhorn is given the
//! regularisation η = gap/(2 ln n), whose entropic bias is then at most half of the gap: it is told the
//! accuracy in advance, as Mirror Sinkhorn with a known horizon is. On one fixed linear cost, which is all
//! that Sinkhorn can do, it wins by far; Mirror Sinkhorn pays for working with any convex function.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand_pcg::Pcg64;
use ratebook::transport::baselines::{Sinkhorn, sinkhorn_linear, sinkhorn_log};
use ratebook::transport::instances::LinearCost;
use ratebook::transport::mirror_sinkhorn::{MirrorSinkhorn, solve_linear};
use ratebook::transport::{Learner, Method, Objective};

const SIZES: [usize; 2] = [64, 512];
const GAP: f64 = 0.05;
const CAP: usize = 1 << 20;

fn objective(n: usize) -> LinearCost {
    LinearCost::random(n, &mut Pcg64::seed_from_u64(221_110_420)).expect("a random cost is valid")
}

fn gap(objective: &LinearCost, x: &DMatrix<f64>) -> f64 {
    let rounded = objective.polytope().round(x).expect("a coupling's size is right");
    objective.value(&rounded) - objective.minimum()
}

fn started(method: &dyn Method, objective: &LinearCost) -> Box<dyn Learner> {
    method.start(objective.polytope(), objective.range(), 10_000).expect("the horizon is positive")
}

/// The unit is one rescaling of one side: a round of Mirror Sinkhorn, half an iteration of Sinkhorn.
fn iteration(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one side rescaled");
    for n in SIZES {
        let objective = objective(n);
        let polytope = objective.polytope();
        let mut mirror = started(&MirrorSinkhorn::for_horizon(), &objective);
        group.bench_function(BenchmarkId::new("mirror sinkhorn, log", n), |bencher| {
            bencher.iter(|| mirror.observe(black_box(objective.cost())));
        });
        let mut sinkhorn = started(&Sinkhorn::new(0.01).expect("positive"), &objective);
        group.bench_function(BenchmarkId::new("sinkhorn, log", n), |bencher| {
            bencher.iter(|| sinkhorn.observe(black_box(objective.cost())));
        });
        // Whole runs of a fixed length, divided by it: their kernels are part of the price.
        const SIDES: u32 = 64;
        group.bench_function(BenchmarkId::new("mirror sinkhorn, linear", n), |bencher| {
            bencher.iter_custom(|runs| {
                timed(runs, || drop(solve_linear(polytope, black_box(objective.cost()), SIDES as usize)))
                    / SIDES
            });
        });
        group.bench_function(BenchmarkId::new("sinkhorn, linear", n), |bencher| {
            bencher.iter_custom(|runs| {
                // A tolerance that is never reached: the run uses up its cap.
                let cap = SIDES as usize / 2;
                timed(runs, || {
                    drop(sinkhorn_linear(polytope, black_box(objective.cost()), 0.01, f64::MIN_POSITIVE, cap))
                }) / SIDES
            });
        });
    }
    group.finish();
}

fn timed(runs: u64, mut run: impl FnMut()) -> Duration {
    let start = std::time::Instant::now();
    (0..runs).for_each(|_| run());
    start.elapsed()
}

fn to_a_gap(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(format!("to a gap of {GAP}"));
    group.sample_size(10);
    for n in SIZES {
        let objective = objective(n);
        let (polytope, cost) = (objective.polytope(), objective.cost());
        // Rounds in steps of √2 until the rounded gap is small enough.
        let mirror = |rounds| solve_linear(polytope, cost, rounds).expect("the cost is valid");
        let rounds = (8..40)
            .map(|half| 2.0_f64.powf(f64::from(half) / 2.0) as usize)
            .find(|&rounds| gap(&objective, &mirror(rounds)) <= GAP)
            .expect("the gap is reached");
        let eta = GAP / (2.0 * (n as f64).ln());
        let sinkhorn = |tolerance| sinkhorn_log(polytope, cost, eta, tolerance, CAP).expect("it converges");
        let tolerance = (0..40)
            .map(|half| 2.0_f64.powf(-f64::from(half) / 2.0))
            .find(|&tolerance| gap(&objective, &sinkhorn(tolerance)) <= GAP)
            .expect("the gap is reached");
        eprintln!("n = {n}: {rounds} rounds; η = {eta:.5}, tolerance {tolerance:.4}");

        group.bench_function(BenchmarkId::new("mirror sinkhorn, log", n), |bencher| {
            bencher.iter(|| {
                let mut learner = MirrorSinkhorn::for_horizon()
                    .start(polytope, objective.range(), rounds)
                    .expect("the horizon is positive");
                (0..rounds).for_each(|_| learner.observe(cost).expect("the cost is within its range"));
                learner.answer()
            });
        });
        group.bench_function(BenchmarkId::new("mirror sinkhorn, linear", n), |bencher| {
            bencher.iter(|| mirror(rounds));
        });
        group.bench_function(BenchmarkId::new("sinkhorn, log", n), |bencher| {
            bencher.iter(|| sinkhorn(tolerance))
        });
        group.bench_function(BenchmarkId::new("sinkhorn, linear", n), |bencher| {
            bencher.iter(|| sinkhorn_linear(polytope, cost, eta, tolerance, CAP).expect("it converges"));
        });
    }
    group.finish();
}

criterion_group!(benches, iteration, to_a_gap);
criterion_main!(benches);
