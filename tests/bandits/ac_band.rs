//! AC-Band, its elimination, and the races they run on.

use proptest::prelude::*;
use rand::Rng;
use ratebook::bandits::ac_band::{
    AcBand, Configurator, Elimination, ExponentialRuntimes, Pool, Races, SuccessiveElimination,
};
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

/// Configurations of which the one with the largest speed always finishes first.
struct Noiseless {
    speeds: Vec<f64>,
    drawn: usize,
}

impl Noiseless {
    fn new(speeds: Vec<f64>) -> Self {
        Self { speeds, drawn: 0 }
    }
}

impl Pool for Noiseless {
    fn draw(&mut self, _: &mut dyn Rng) -> Option<usize> {
        self.drawn += 1;
        (self.drawn <= self.speeds.len()).then(|| self.drawn - 1)
    }
    fn race(&self, block: &[usize], instances: u64, wins: &mut [u64], _: &mut dyn Rng) -> f64 {
        let first = (0..block.len())
            .max_by(|&a, &b| self.speeds[block[a]].total_cmp(&self.speeds[block[b]]))
            .unwrap();
        wins.fill(0);
        wins[first] = instances;
        instances as f64 / self.speeds[block[first]]
    }
}

fn fastest(speeds: &[f64]) -> f64 {
    speeds.iter().copied().fold(0.0, f64::max)
}

/// The rounds R by the two recursions of the paper, one after the other.
fn rounds_of_the_paper(mut x: usize, k: usize, epoch: usize) -> u64 {
    let keep = |x: usize| (x * epoch / (epoch + k - 1)).max(1);
    let mut rounds = 0;
    if x >= k {
        loop {
            x = keep(k) * (x / k) + x % k;
            rounds += 1;
            if x <= k {
                break;
            }
        }
    }
    while x > 1 {
        x = keep(x);
        rounds += 1;
    }
    rounds
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn without_noise_the_fastest_wins(
        speeds in prop::collection::vec(0.1..10.0f64, 1..60), k in 2u32..12, epoch in 1u32..8, seed in any::<u32>(),
    ) {
        let elimination = SuccessiveElimination::new(k, epoch).unwrap();
        let count = speeds.len();
        let mut pool = Noiseless::new(speeds);
        let rounds = elimination.rounds(count);
        prop_assert_eq!(rounds, rounds_of_the_paper(count, k as usize, epoch as usize));
        let budget = rounds * (count as u64).div_ceil(u64::from(k));
        let (mut noise, mut coins) = (rng(1), rng(u64::from(seed)));
        let mut races = Races::new(&mut pool, budget, &mut noise);
        let winner = elimination.winner((0..count).collect(), budget, &mut races, &mut coins).unwrap();
        prop_assert!(races.remaining() <= budget);
        prop_assert_eq!(pool.speeds[winner], fastest(&pool.speeds));
    }

    #[test]
    fn without_noise_the_fastest_of_all_drawn_is_returned(
        alpha in 0.05..0.9f64, delta in 0.05..0.9f64, k in 2u32..20, seed in any::<u32>(),
    ) {
        let band = AcBand::new(alpha, delta, k).unwrap();
        let count = band.drawn();
        let mut pool = Noiseless::new((0..count).map(|i| 1.0 + ((i * 7919) % 10_007) as f64).collect());
        let (mut noise, mut coins) = (rng(1), rng(u64::from(seed)));
        let budget = 1_000_000;
        let mut races = Races::new(&mut pool, budget, &mut noise);
        let answer = band.configure(&mut races, &mut coins).unwrap();
        prop_assert_eq!(races.drawn(), count);
        // What stays unspent is less than an instance for each block of each round, and for each round and epoch.
        let lost: usize = band.epochs().iter().zip(1..).map(|(epoch, e)| {
            let set = epoch.fresh + 1;
            let rounds = SuccessiveElimination::new(k, e).unwrap().rounds(set) as usize;
            rounds * set.div_ceil(k as usize) + rounds + 1
        }).sum();
        prop_assert!(races.remaining() <= lost as u64, "{} unspent, {lost} allowed", races.remaining());
        prop_assert_eq!(pool.speeds[answer], fastest(&pool.speeds));
    }

    #[test]
    fn epochs_halve_and_share_the_budget(alpha in 0.001..0.999f64, delta in 0.001..0.999f64, k in 2u32..1000) {
        let band = AcBand::new(alpha, delta, k).unwrap();
        let fresh: Vec<usize> = band.epochs().iter().map(|epoch| epoch.fresh).collect();
        prop_assert_eq!(fresh.last(), Some(&1));
        prop_assert!(fresh.windows(2).all(|pair| pair[1] == pair[0].div_ceil(2)));
        prop_assert!((1.0 - alpha).powi(band.drawn() as i32 - 1) <= delta * (1.0 + 1e-9));
        let shares: f64 = band.epochs().iter().map(|epoch| 1.0 / epoch.cost).sum();
        prop_assert!((shares - 1.0).abs() < 1e-12 && band.epochs().iter().all(|epoch| epoch.cost >= 1.0 - 1e-12));
    }

    #[test]
    fn any_draws_give_a_drawn_configuration(
        mut coins in HalfAdversarial::strategy(40), mut noise in HalfAdversarial::strategy(40), budget in 0u64..4000,
    ) {
        let band = AcBand::new(0.2, 0.2, 4).unwrap();
        let mut pool = ExponentialRuntimes::endless(3.0).unwrap();
        let mut races = Races::new(&mut pool, budget, &mut noise);
        match band.configure(&mut races, &mut coins) {
            Ok(answer) => {
                prop_assert!(answer < races.drawn() && races.time().is_finite() && races.time() >= 0.0);
                prop_assert!((0.0..=1.0).contains(&pool.faster(answer)));
            }
            Err(error) => prop_assert!(matches!(error, Error::OutOfRange { name: "budget", .. }), "{}", error),
        }
    }

    #[test]
    fn bad_parameters_are_refused(value in awkward_f64(), k in 0u32..4, epoch in 0u32..2) {
        let legal = value > 1e-6 && value < 1.0;
        prop_assert_eq!(AcBand::new(value, 0.1, 3).is_ok(), legal);
        prop_assert_eq!(AcBand::new(0.1, value, 3).is_ok(), value > 0.0 && value < 1.0);
        prop_assert_eq!(AcBand::new(0.1, 0.1, k).is_ok(), k >= 2);
        prop_assert_eq!(SuccessiveElimination::new(k, epoch).is_ok(), k >= 2 && epoch >= 1);
        prop_assert_eq!(ExponentialRuntimes::endless(value).is_ok(), value > 0.0 && value <= 100.0);
        prop_assert_eq!(ExponentialRuntimes::listed(vec![1.0, value]).is_ok(), (1e-100..=1e100).contains(&value));
    }

    #[test]
    fn the_wins_of_a_block_add_up(rates in prop::collection::vec(0.01..100.0f64, 1..20), instances in 1u64..1 << 40, seed in any::<u32>()) {
        let block: Vec<usize> = (0..rates.len()).collect();
        let mut wins = vec![0; block.len()];
        let pool = ExponentialRuntimes::listed(rates).unwrap();
        let time = pool.race(&block, instances, &mut wins, &mut rng(u64::from(seed)));
        prop_assert_eq!(wins.iter().sum::<u64>(), instances);
        prop_assert!(time > 0.0 && time.is_finite());
    }
}

/// Racing one instance at a time, drawing every runtime, has the law that batches are drawn from.
#[test]
fn batches_have_the_law_of_single_races() {
    let rates = [1.0, 2.0, 0.5, 4.5];
    let pool = ExponentialRuntimes::listed(rates.to_vec()).unwrap();
    let (mut noise, mut wins) = (rng(5), [0; 4]);
    let time = pool.race(&[0, 1, 2, 3], 100_000, &mut wins, &mut noise);
    let (mut single, mut single_time) = ([0u64; 4], 0.0);
    for _ in 0..100_000 {
        let times = rates.map(|rate| -(1.0 - rand::RngExt::random::<f64>(&mut noise)).ln() / rate);
        let first = (0..4).min_by(|&a, &b| times[a].total_cmp(&times[b])).unwrap();
        single[first] += 1;
        single_time += times[first];
    }
    // Six standard errors of the difference of two frequencies of at most 0.57, and of the two mean times.
    for (a, b) in wins.iter().zip(single) {
        assert!(
            (*a as f64 - b as f64).abs() < 6.0 * (2.0 * 100_000.0 * 0.57 * 0.43f64).sqrt(),
            "{wins:?} {single:?}"
        );
    }
    assert!((time - single_time).abs() / 100_000.0 < 6.0 * (0.125 * (2.0 / 100_000f64).sqrt()));
}

/// With equal rates every configuration is returned equally often, wherever it stands.
#[test]
fn no_place_in_the_list_is_preferred() {
    let mut counts = [0u32; 7];
    let elimination = SuccessiveElimination::new(3, 2).unwrap();
    for seed in 0..7000 {
        let mut pool = ExponentialRuntimes::listed(vec![2.0; 7]).unwrap();
        let (mut noise, mut coins) = (rng(2 * seed), rng(2 * seed + 1));
        let mut races = Races::new(&mut pool, 40, &mut noise);
        counts[elimination.winner((0..7).collect(), 40, &mut races, &mut coins).unwrap()] += 1;
    }
    // Chi-square with six degrees of freedom: 33.1 is exceeded with probability 1e-5.
    let chi_square: f64 = counts.iter().map(|&c| (f64::from(c) - 1000.0).powi(2) / 1000.0).sum();
    assert!(chi_square < 33.1, "{counts:?}");
}

#[test]
fn budgets_and_pools_that_are_too_small_are_refused() {
    let band = AcBand::new(0.2, 0.2, 4).unwrap();
    assert_eq!(band.drawn(), 12);
    let configure = |listed: usize, budget: u64| -> Result<usize> {
        let mut pool = ExponentialRuntimes::listed(vec![1.0; listed])?;
        let (mut noise, mut coins) = (rng(1), rng(2));
        band.configure(&mut Races::new(&mut pool, budget, &mut noise), &mut coins)
    };
    assert!(configure(12, 1000).is_ok());
    assert!(configure(11, 1000).unwrap_err().to_string().starts_with("pool"));
    assert!(configure(12, 3).unwrap_err().to_string().starts_with("budget"));
    assert!(AcBand::new(1e-12, 1e-12, 4).unwrap_err().to_string().starts_with("alpha"));
    let mut pool = ExponentialRuntimes::listed(vec![1.0]).unwrap();
    let (mut noise, mut coins) = (rng(1), rng(2));
    let mut races = Races::new(&mut pool, 10, &mut noise);
    let elimination = SuccessiveElimination::new(2, 1).unwrap();
    assert!(
        elimination.winner(vec![], 5, &mut races, &mut coins).unwrap_err().to_string().starts_with("active")
    );
    assert_eq!(elimination.winner(vec![0], 0, &mut races, &mut coins), Ok(0));
}

#[test]
fn races_are_counted_and_refused() {
    let mut pool = Noiseless::new(vec![1.0, 2.0]);
    let mut noise = rng(1);
    let mut races = Races::new(&mut pool, 10, &mut noise);
    let mut wins = [0; 2];
    assert_eq!(races.race(&[0, 1], 4, &mut wins), Ok(()));
    assert_eq!((wins, races.remaining(), races.time()), ([0, 4], 6, 2.0 * 4.0 / 2.0));
    assert!(races.race(&[0, 1], 7, &mut wins).is_err() && races.race(&[0, 1], 0, &mut wins).is_err());
    assert!(races.race(&[0], 1, &mut wins).is_err() && races.race(&[], 1, &mut []).is_err());
    assert_eq!(races.remaining(), 6);
    let pool = ExponentialRuntimes::listed(vec![1.0, 3.0, 2.0]).unwrap();
    assert_eq!([0, 1, 2].map(|i| pool.faster(i)), [2.0 / 3.0, 0.0, 1.0 / 3.0]);
}
