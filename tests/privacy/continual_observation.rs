use proptest::prelude::*;
use ratebook::math::sequences::sequences;
use ratebook::privacy::baselines::ScaledNoise;
use ratebook::privacy::channel::{Ledger, Noisy};
use ratebook::privacy::continual_observation::{Best, BestRun, Recompute, Reduction, Tree, Trivial};
use ratebook::privacy::instances::{MaxSum, Question, SumSelect, add_record};
use ratebook::privacy::neighbours::{binary_records, replace_one};
use ratebook::privacy::tree_counter::levels;
use ratebook::privacy::{Channel, ContinualMechanism, ContinualRun, Shape};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

type Stream = Vec<Vec<bool>>;

fn stream(columns: usize, longest: usize) -> impl Strategy<Value = Stream> {
    prop::collection::vec(prop::collection::vec(any::<bool>(), columns), 1..=longest)
}

fn shape(stream: &[Vec<bool>]) -> Shape {
    Shape::new(stream[0].len(), stream.len()).unwrap()
}

fn answers<M: ContinualMechanism>(
    mechanism: &M,
    stream: &[Vec<bool>],
    rho: f64,
    channel: &mut dyn Channel,
) -> Vec<<M::Run as ContinualRun>::Answer> {
    let mut run = mechanism.start(shape(stream), rho).unwrap();
    stream.iter().map(|record| run.step(record, channel).unwrap()).collect()
}

/// The exact column sums after each record.
fn prefix_sums(stream: &[Vec<bool>]) -> Vec<Vec<f64>> {
    let mut sums = vec![0.0; stream[0].len()];
    stream
        .iter()
        .map(|record| {
            add_record(&mut sums, record);
            sums.clone()
        })
        .collect()
}

fn largest_error<M, Q>(
    question: &Q,
    mechanism: &M,
    stream: &[Vec<bool>],
    rho: f64,
    channel: &mut dyn Channel,
) -> f64
where
    Q: Question,
    M: ContinualMechanism<Run: ContinualRun<Answer = Q::Answer>>,
{
    let answers = answers(mechanism, stream, rho, channel);
    answers.into_iter().zip(prefix_sums(stream)).map(|(a, s)| question.error(a, &s)).fold(0.0, f64::max)
}

/// The zCDP cost of telling two runs apart: the largest D_α/α, over a grid of α.
fn cost(here: &Ledger, there: &Ledger) -> f64 {
    [1.0001, 1.5, 2.0, 5.0, 50.0].iter().map(|&a| here.renyi_divergence(there, a) / a).fold(0.0, f64::max)
}

/// The largest zCDP cost over every stream of a universe and each of its replace-one neighbours.
fn worst_cost<M: ContinualMechanism>(mechanism: &M, columns: usize, horizon: usize, rho: f64) -> f64 {
    let records = binary_records(columns);
    let ledger = |stream: &[Vec<bool>]| {
        let mut ledger = Ledger::new();
        answers(mechanism, stream, rho, &mut ledger);
        ledger
    };
    let mut worst = 0.0f64;
    for stream in sequences(&records, horizon) {
        let here = ledger(&stream);
        for neighbour in replace_one(&stream, &records) {
            worst = worst.max(cost(&here, &ledger(&neighbour)));
        }
    }
    worst
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn answers_are_held_between_recomputations(stream in stream(3, 60), rho in 0.01..10.0f64, seed: u64) {
        let recompute = Recompute::new(MaxSum);
        let period = recompute.period(shape(&stream), rho).unwrap();
        let answers = answers(&recompute, &stream, rho, &mut Noisy(&mut rng(seed)));
        for (t, pair) in (1..).zip(answers.windows(2)) {
            // pair[1] is the answer at time t + 1: it is new exactly at multiples of the period.
            prop_assert_eq!(pair[0] == pair[1], (t + 1) % period != 0);
        }
        prop_assert!(period > 1 || stream.len() < 2 || answers[0] != answers[1]);
    }

    #[test]
    fn an_infinite_budget_is_exact(stream in stream(3, 40), seed: u64) {
        let mut rng = rng(seed);
        let mut channel = Noisy(&mut rng);
        let rho = f64::INFINITY;
        prop_assert_eq!(Recompute::new(MaxSum).period(shape(&stream), rho).unwrap(), 1);
        prop_assert_eq!(largest_error(&MaxSum, &Recompute::new(MaxSum), &stream, rho, &mut channel), 0.0);
        prop_assert_eq!(largest_error(&MaxSum, &Tree::new(MaxSum), &stream, rho, &mut channel), 0.0);
        prop_assert_eq!(largest_error(&SumSelect, &Recompute::new(SumSelect), &stream, rho, &mut channel), 0.0);
        prop_assert_eq!(largest_error(&SumSelect, &Tree::new(SumSelect), &stream, rho, &mut channel), 0.0);
        let best = Best::new(MaxSum, 0.05).unwrap();
        prop_assert_eq!(best.error_bound(shape(&stream), rho).unwrap(), 0.0);
        prop_assert_eq!(largest_error(&MaxSum, &best, &stream, rho, &mut channel), 0.0);
    }

    #[test]
    fn one_column_is_a_bit_sum(stream in stream(1, 60), seed: u64) {
        let sums = prefix_sums(&stream);
        let exact = answers(&Recompute::with_thirds(MaxSum, 0), &stream, 1.0, &mut Ledger::new());
        prop_assert!(exact.iter().zip(&sums).all(|(answer, sum)| *answer == sum[0]));
        // There is only one column to select.
        let selected = answers(&Tree::new(SumSelect), &stream, 0.1, &mut Noisy(&mut rng(seed)));
        prop_assert!(selected.into_iter().all(|column| column == 0));
    }

    #[test]
    fn permuting_columns_permutes_nothing_but_indices(stream in stream(4, 30), rho in 0.1..10.0f64) {
        // Without noise MaxSum is invariant. SumSelect may break ties differently, never worse.
        let turned: Stream = stream.iter().map(|r| vec![r[2], r[0], r[3], r[1]]).collect();
        for thirds in 0..3 {
            let recompute = Recompute::with_thirds(MaxSum, thirds);
            let both = [&stream, &turned].map(|s| answers(&recompute, s, rho, &mut Ledger::new()));
            prop_assert_eq!(&both[0], &both[1]);
        }
        let select = Recompute::with_thirds(SumSelect, 0);
        let selected = answers(&select, &turned, rho, &mut Ledger::new());
        let original = [2, 0, 3, 1];
        for (column, sums) in selected.into_iter().zip(prefix_sums(&stream)) {
            prop_assert_eq!(SumSelect.error(original[column], &sums), 0.0);
        }
    }

    #[test]
    fn staleness_without_noise_is_below_the_period(stream in stream(3, 80), rho in 0.001..10.0f64) {
        let period = Recompute::new(MaxSum).period(shape(&stream), rho).unwrap();
        let error = largest_error(&MaxSum, &Recompute::new(MaxSum), &stream, rho, &mut Ledger::new());
        prop_assert!(error <= (period - 1) as f64);
        let error = largest_error(&SumSelect, &Recompute::new(SumSelect), &stream, rho, &mut Ledger::new());
        prop_assert!(error <= (period - 1) as f64);
    }

    #[test]
    fn the_random_universe_keeps_its_budget_too(
        (stream, index, record) in (1..5usize).prop_flat_map(|d| (stream(d, 50), any::<prop::sample::Index>(), prop::collection::vec(any::<bool>(), d))),
        rho in 0.01..10.0f64,
    ) {
        let mut neighbour = stream.clone();
        let i = index.index(stream.len());
        neighbour[i] = record;
        macro_rules! cost { ($mechanism:expr) => {{
            let (mut a, mut b) = (Ledger::new(), Ledger::new());
            answers(&$mechanism, &stream, rho, &mut a);
            answers(&$mechanism, &neighbour, rho, &mut b);
            cost(&a, &b)
        }}}
        let limit = rho * (1.0 + 1e-12);
        prop_assert!(cost!(Recompute::new(MaxSum)) <= limit);
        prop_assert!(cost!(Recompute::new(SumSelect)) <= limit);
        prop_assert!(cost!(Tree::new(MaxSum)) <= limit);
        prop_assert!(cost!(Tree::new(SumSelect)) <= limit);
        prop_assert!(cost!(Best::new(MaxSum, 0.1).unwrap()) <= limit);
        prop_assert_eq!(cost!(Trivial::new(MaxSum)), 0.0);
    }

    #[test]
    fn the_reduction_is_exact_without_noise_and_off_by_at_most_the_error_with_it(
        (rows, seed) in (1..6usize).prop_flat_map(|d| (stream(d, 12), any::<u64>())),
        rho in 0.05..5.0f64,
    ) {
        let sums = prefix_sums(&rows).pop().unwrap();
        let reduction = Reduction::new(rows).unwrap();
        let exact = Recompute::with_thirds(MaxSum, 0);
        prop_assert_eq!(&reduction.column_sums(&exact, 1.0, &mut Ledger::new()).unwrap(), &sums);
        let stream: Stream = reduction.stream().collect();
        prop_assert_eq!(shape(&stream), reduction.shape());
        macro_rules! check { ($mechanism:expr) => {
            let recovered = reduction.column_sums(&$mechanism, rho, &mut Noisy(&mut rng(seed))).unwrap();
            let error = largest_error(&MaxSum, &$mechanism, &stream, rho, &mut Noisy(&mut rng(seed)));
            for (recovered, sum) in recovered.iter().zip(&sums) {
                prop_assert!((recovered - sum).abs() <= error + 1e-9);
            }
        }}
        check!(Recompute::new(MaxSum));
        check!(Tree::new(MaxSum));
        check!(Trivial::new(MaxSum));
    }

    #[test]
    fn best_keeps_the_smallest_bound(columns in 1..200usize, horizon in 1..5000usize, rho in 1e-6..1e3f64) {
        let shape = Shape::new(columns, horizon).unwrap();
        let best = Best::new(MaxSum, 0.05).unwrap();
        let bound = best.error_bound(shape, rho).unwrap();
        let recompute = Recompute::new(MaxSum).error_bound(shape, rho, 0.05).unwrap();
        let tree = Tree::new(MaxSum).error_bound(shape, rho, 0.05).unwrap();
        prop_assert!(bound == recompute.min(tree).min(horizon as f64));
        match best.start(shape, rho).unwrap() {
            BestRun::Recompute(_) => prop_assert_eq!(bound, recompute),
            BestRun::Tree(_) => prop_assert_eq!(bound, tree),
            BestRun::Trivial(_) => prop_assert_eq!(bound, horizon as f64),
        }
    }

    #[test]
    fn bad_input_is_refused_by_name(x in awkward_f64(), horizon in 1..50usize) {
        let shape = Shape::new(2, horizon).unwrap();
        let recompute = Recompute::new(MaxSum).start(shape, x);
        if x > 0.0 {
            // Any positive budget runs, however small or large.
            let mut run = recompute.unwrap();
            for _ in 0..horizon {
                prop_assert!(run.step(&[true, false], &mut Noisy(&mut rng(1))).unwrap().is_finite());
            }
        } else {
            prop_assert!(recompute.unwrap_err().to_string().starts_with("rho = "));
            prop_assert!(Tree::new(MaxSum).start(shape, x).unwrap_err().to_string().starts_with("rho = "));
            prop_assert!(Trivial::new(MaxSum).start(shape, x).unwrap_err().to_string().starts_with("rho = "));
        }
        prop_assert!(Best::new(MaxSum, x).is_ok() == (x > 0.0 && x < 1.0));
        prop_assert!(ScaledNoise::new(Tree::new(MaxSum), x).is_ok() == (0.0..f64::INFINITY).contains(&x));
    }

    #[test]
    fn rare_draws_keep_answers_finite(stream in stream(2, 40), mut rng in HalfAdversarial::strategy(200)) {
        let mut channel = Noisy(&mut rng);
        prop_assert!(largest_error(&MaxSum, &Tree::new(MaxSum), &stream, 0.3, &mut channel).is_finite());
        prop_assert!(largest_error(&MaxSum, &Recompute::new(MaxSum), &stream, 0.3, &mut channel).is_finite());
        prop_assert!(largest_error(&SumSelect, &Recompute::new(SumSelect), &stream, 0.3, &mut channel) <= 40.0);
    }
}

/// Every stream and every neighbour: the cost is at most ρ, the tree spends all of it, and the
/// broken mechanisms are caught.
#[test]
fn every_small_universe_keeps_its_budget() {
    let rho = 0.7;
    for (columns, longest) in [(1, 6), (2, 4), (3, 2)] {
        for horizon in 1..=longest {
            let recompute = worst_cost(&Recompute::new(MaxSum), columns, horizon, rho);
            let tree = worst_cost(&Tree::new(MaxSum), columns, horizon, rho);
            let select = worst_cost(&Recompute::new(SumSelect), columns, horizon, rho);
            assert!(recompute.max(tree).max(select) <= rho * (1.0 + 1e-12));
            assert!(tree >= rho * (1.0 - 1e-12));
            let half = ScaledNoise::halved(Recompute::new(MaxSum));
            assert!((worst_cost(&half, columns, horizon, rho) - 4.0 * recompute).abs() < 1e-12);
        }
    }
    // Recompute leaves the share of the last, incomplete period unspent: by hand, 1/2, 2/2 and 2/3.
    for (horizon, cost) in [(3, 0.35), (4, 0.7), (5, 1.4 / 3.0)] {
        assert!((worst_cost(&Recompute::new(MaxSum), 1, horizon, rho) - cost).abs() < 1e-12);
    }
}

/// The tree's answer is linear in its noises for d = 1; replaying unit noises gives its exact variance.
#[test]
fn the_variance_of_a_bit_sum_is_its_popcount() {
    let horizon = 70usize;
    let stream = vec![vec![false]; horizon];
    let shape = Shape::new(1, horizon).unwrap();
    let (rho, mut variance) = (0.9, vec![0.0; horizon]);
    for k in 0..horizon {
        let mut script = vec![0.0; k];
        script.push(1.0);
        for (t, answer) in
            answers(&Tree::new(MaxSum), &stream, rho, &mut Ledger::replaying(script)).iter().enumerate()
        {
            variance[t] += answer * answer;
        }
    }
    for (t, variance) in (1usize..).zip(variance) {
        let exact = f64::from(t.count_ones()) * levels(shape.horizon()) as f64 / (2.0 * rho);
        assert!((variance / exact - 1.0).abs() < 1e-12, "t = {t}");
    }
}

#[test]
fn shapes_tables_and_overlong_streams_are_refused() {
    assert_eq!(Shape::new(0, 3).unwrap_err().to_string(), "columns = 0: must be at least 1");
    assert_eq!(Shape::new(3, 0).unwrap_err().to_string(), "horizon = 0: must be at least 1");
    let mut run = Tree::new(MaxSum).start(Shape::new(2, 1).unwrap(), 1.0).unwrap();
    let mut ledger = Ledger::new();
    assert_eq!(run.step(&[true], &mut ledger).unwrap_err().to_string(), "record has size 1, expected 2");
    assert_eq!(run.step(&[true, false], &mut ledger).unwrap(), 1.0);
    assert!(run.step(&[true, false], &mut ledger).unwrap_err().to_string().contains("horizon"));
    // Refused records were not charged.
    assert_eq!(ledger.releases().len(), 2);
    assert_eq!(Reduction::new(vec![]).unwrap_err().to_string(), "rows is empty");
    assert!(Reduction::new(vec![vec![]]).is_err());
    assert!(Reduction::new(vec![vec![true], vec![true, false]]).is_err());
    // A budget whose share underflows is refused when the run starts, not in the middle.
    let every_step = Recompute::with_thirds(MaxSum, 0);
    assert!(every_step.start(Shape::new(1, 1000).unwrap(), f64::MIN_POSITIVE / 1e10).is_ok());
    assert!(every_step.start(Shape::new(1, 1000).unwrap(), 5e-324).is_err());
}

/// Without the equalising blocks an earlier column, still raised, hides a later one.
#[test]
fn the_equalising_block_is_needed() {
    let rows = vec![vec![true, false]];
    let exact = Recompute::with_thirds(MaxSum, 0);
    let broken = Reduction::new(rows.clone()).unwrap().without_equalising();
    assert_eq!(broken.column_sums(&exact, 1.0, &mut Ledger::new()).unwrap(), [1.0, 0.0]);
    // e₁ lifted column 1 to 2; lifting column 2 to 1 leaves the maximum at 2, read as 2 − 2 = 0: right
    // by luck. With two rows the luck is gone.
    let rows = vec![vec![true, true], vec![true, false]];
    let broken = Reduction::new(rows.clone()).unwrap().without_equalising();
    assert_ne!(broken.column_sums(&exact, 1.0, &mut Ledger::new()).unwrap(), [2.0, 1.0]);
    let right = Reduction::new(rows).unwrap();
    assert_eq!(right.column_sums(&exact, 1.0, &mut Ledger::new()).unwrap(), [2.0, 1.0]);
}
