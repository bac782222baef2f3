//! Softmax and softmax with top-k against the memory copy that would be the limit.
//!
//! `cargo bench --bench serving`. The last lines print each method's share of the copy's bandwidth,
//! both timed in turn within one run: bytes of the logits per second, against the same for a copy of
//! the logits (one read and one write per element). Next to it stands the share that a processor
//! with free arithmetic would reach, from the accesses alone: 2/3, 2/4, 2/1, 2/5.
//! With `RUSTFLAGS=-Ctarget-cpu=native` the same code uses wider registers, with the same bits.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use ratebook::math::exp::Real;
use ratebook::serving::baselines::{Safe, SafeThenTopK};
use ratebook::serving::online_softmax::Online;
use ratebook::serving::{Ranked, Softmax, TopK};

/// In the first-level cache, in the last-level cache, in memory.
const SIZES: [usize; 3] = [1 << 10, 1 << 18, 1 << 23];
const KEPT: usize = 5;

/// A named piece of work, and the accesses per element it makes.
type Work<'a> = (&'static str, f64, Box<dyn FnMut() + 'a>);

/// Everything that is compared, the copy first, on the same logits.
fn methods<'a, T: Real + 'a>(x: &'a [T], y: [&'a mut [T]; 3]) -> Vec<Work<'a>> {
    let [copy, online, safe] = y;
    let list = || vec![Ranked { index: 0, value: T::ZERO }; KEPT];
    let (mut fused, mut separate) = (list(), list());
    vec![
        ("copy", 2.0, Box::new(move || black_box(&mut *copy).copy_from_slice(black_box(x)))),
        (
            "online",
            3.0,
            Box::new(move || Online::<16>.softmax(black_box(x), black_box(&mut *online)).unwrap()),
        ),
        ("safe", 4.0, Box::new(move || Safe::<16>.softmax(black_box(x), black_box(&mut *safe)).unwrap())),
        (
            "online top-5",
            1.0,
            Box::new(move || {
                black_box(Online::<16>.top_k(black_box(x), black_box(&mut fused)).unwrap());
            }),
        ),
        (
            "safe, then top-5",
            5.0,
            Box::new(move || {
                black_box(
                    SafeThenTopK::<16>::default().top_k(black_box(x), black_box(&mut separate)).unwrap(),
                );
            }),
        ),
    ]
}

fn logits<T>(size: usize, convert: impl Fn(f64) -> T) -> Vec<T> {
    (0..size).map(|i| convert(5.0 * (0.7 * i as f64).sin())).collect()
}

/// Times every method with criterion.
fn throughput<T: Real>(criterion: &mut Criterion, name: &str, convert: impl Fn(f64) -> T) {
    let mut group = criterion.benchmark_group(name);
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1)).sample_size(20);
    for size in SIZES {
        let x = logits(size, &convert);
        let mut y = vec![T::ZERO; 3 * size];
        let (copy, rest) = y.split_at_mut(size);
        let (online, safe) = rest.split_at_mut(size);
        group.throughput(Throughput::Bytes(size_of_val(x.as_slice()) as u64));
        for (method, _, mut work) in methods(&x, [copy, online, safe]) {
            group.bench_function(BenchmarkId::new(method, size), |bencher| bencher.iter(&mut work));
        }
    }
}

/// Prints bandwidths and shares from interleaved timings: the fastest of the rounds, which other work on the
/// machine disturbs least.
fn shares<T: Real>(name: &str, convert: impl Fn(f64) -> T) {
    const ROUNDS: usize = 30;
    for size in SIZES {
        let x = logits(size, &convert);
        let mut y = vec![T::ZERO; 3 * size];
        let (copy, rest) = y.split_at_mut(size);
        let (online, safe) = rest.split_at_mut(size);
        let mut methods = methods(&x, [copy, online, safe]);
        let repeats = (1 << 18) / size + 1;
        let mut fastest = vec![f64::INFINITY; methods.len()];
        for _ in 0..ROUNDS {
            for ((_, _, work), fastest) in methods.iter_mut().zip(&mut fastest) {
                let start = Instant::now();
                (0..repeats).for_each(|_| work());
                *fastest = fastest.min(start.elapsed().as_secs_f64() / repeats as f64);
            }
        }
        for ((method, accesses, _), seconds) in methods.iter().zip(&fastest) {
            let bandwidth = size_of_val(x.as_slice()) as f64 / seconds / 1e9;
            println!(
                "{name} {size:>8} {method:<17} {bandwidth:>7.2} GB/s  {:>5.1} % of the copy (accesses alone: {:>3.0} %)",
                100.0 * fastest[0] / seconds,
                200.0 / accesses
            );
        }
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    throughput(&mut criterion, "softmax f32", |x| x as f32);
    throughput(&mut criterion, "softmax f64", |x| x);
    criterion.final_summary();
    shares("f32", |x| x as f32);
    shares("f64", |x| x);
}
