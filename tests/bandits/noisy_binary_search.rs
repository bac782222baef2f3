use proptest::prelude::*;
use rand::RngExt;
use ratebook::Error;
use ratebook::bandits::noisy_binary_search::{
    BayesLearn, Bisection, Budgeted, Channel, Coins, Instance, Profile, ScreeningSearch, Sequential,
};
use ratebook::math::entropy::binary_entropy;
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

/// Targets and half-widths well inside the unit interval.
fn channel() -> impl Strategy<Value = Channel> {
    (0.05..0.95f64, 0.05..0.9f64)
        .prop_map(|(tau, part)| Channel::new(tau, part * tau.min(1.0 - tau)).expect("inside the band"))
}

fn profile(count: u64) -> impl Strategy<Value = Profile> {
    let after = 1..count;
    prop_oneof![
        after.clone().prop_map(|after| Profile::Jump { after }),
        (after.clone(), 0..2 * count).prop_map(|(after, width)| Profile::Plateau { after, width }),
        after.prop_map(|after| Profile::Cliff { after }),
        Just(Profile::Ramp),
    ]
}

fn instance() -> impl Strategy<Value = Instance> {
    (channel(), 2..200u64).prop_flat_map(|(channel, count)| {
        profile(count).prop_map(move |profile| Instance::new(count, channel, profile).expect("valid"))
    })
}

/// BayesLearn as printed, on a plain vector of masses.
struct Plain {
    masses: Vec<f64>,
}

impl Plain {
    /// The interval that holds the quantile, and the fraction of its mass below it.
    fn locate(&self, quantile: f64) -> (usize, f64) {
        let mut before = 0.0;
        for (i, mass) in self.masses.iter().enumerate() {
            if before + mass >= quantile || i + 1 == self.masses.len() {
                return (i, ((quantile - before) / mass).clamp(0.0, 1.0));
            }
            before += mass;
        }
        unreachable!("the masses are not empty")
    }

    fn update(&mut self, at: usize, lambda: f64, (below, above): (f64, f64)) {
        for (i, mass) in self.masses.iter_mut().enumerate() {
            *mass *= match i.cmp(&at) {
                std::cmp::Ordering::Less => below,
                std::cmp::Ordering::Equal => lambda * below + (1.0 - lambda) * above,
                std::cmp::Ordering::Greater => above,
            };
        }
        // The printed factors keep the total at one only without rounding, and the error feeds itself.
        let total: f64 = self.masses.iter().sum();
        self.masses.iter_mut().for_each(|mass| *mass /= total);
    }
}

proptest! {
    #![proptest_config(config(64))]

    /// The tree of shares is the plain vector of masses, and the total stays one.
    #[test]
    fn the_lazy_posterior_equals_the_plain_one(
        channel in channel(), count in 2..60u64, flips in prop::collection::vec(any::<bool>(), 1..80)
    ) {
        let rule = BayesLearn::new(channel);
        let mut learner = rule.start(count).unwrap();
        let mut plain = Plain { masses: vec![1.0 / (count - 1) as f64; count as usize - 1] };
        for heads in flips {
            let (at, lambda) = plain.locate(channel.quantile());
            // On the border between two intervals, rounding may choose either.
            prop_assume!((1e-6..1.0 - 1e-6).contains(&lambda) || count == 2);
            let step = learner.step(|_| heads);
            prop_assert_eq!(step.interval, at as u64 + 1);
            prop_assert!((step.total - 1.0).abs() < 1e-9);
            plain.update(at, lambda, rule.factors(heads));
            for (i, &mass) in plain.masses.iter().enumerate() {
                let lazy = learner.posterior().mass(i as u64 + 1);
                prop_assert!((lazy - mass).abs() <= 1e-9 * mass.max(1e-30), "{lazy} {mass}");
            }
        }
    }

    /// The quantile of a posterior is where its cumulative masses say.
    #[test]
    fn locate_inverts_the_cumulative_masses(
        channel in channel(), count in 2..60u64, quantile in 0.0..=1.0f64, seed in any::<u64>()
    ) {
        let mut learner = BayesLearn::new(channel).start(count).unwrap();
        let mut noise = rng(seed);
        for _ in 0..30 {
            learner.step(|_| noise.random());
        }
        let at = learner.posterior().locate(quantile);
        prop_assert!((1..count).contains(&at.interval) && (0.0..=1.0).contains(&at.below));
        prop_assert!((learner.posterior().mass(at.interval) - at.mass).abs() < 1e-12);
        let before: f64 = (1..at.interval).map(|i| learner.posterior().mass(i)).sum();
        prop_assert!((before + at.below * at.mass - quantile).abs() < 1e-9);
    }

    /// The capacity is the printed formula and the maximum of I(q); no other split does better.
    #[test]
    fn the_quantile_attains_the_capacity(channel in channel(), other in 0.0..=1.0f64) {
        let (tau, epsilon) = (channel.tau(), channel.epsilon());
        let entropy = binary_entropy;
        let (low, high) = (tau - epsilon, tau + epsilon);
        let z = ((entropy(low) - entropy(high)) / (2.0 * epsilon)).exp2();
        let quantile = (1.0 - tau + epsilon - 1.0 / (1.0 + z)) / (2.0 * epsilon);
        let capacity = (1.0 + z).log2() + (low * entropy(high) - high * entropy(low)) / (2.0 * epsilon);
        prop_assert!((channel.quantile() - quantile).abs() < 1e-9);
        prop_assert!((channel.capacity() - capacity).abs() < 1e-11);
        prop_assert!((channel.information(channel.quantile()) - capacity).abs() < 1e-11);
        prop_assert!(channel.information(other) <= capacity + 1e-12);
    }

    /// Whichever side the truth is on, a flip gains exactly the capacity in expectation.
    #[test]
    fn both_sides_gain_the_capacity(channel in channel()) {
        let rule = BayesLearn::new(channel);
        let gain = |heads: f64, side: fn((f64, f64)) -> f64| {
            heads * side(rule.factors(true)).log2() + (1.0 - heads) * side(rule.factors(false)).log2()
        };
        prop_assert!((gain(channel.high(), |(below, _)| below) - channel.capacity()).abs() < 1e-11);
        prop_assert!((gain(channel.low(), |(_, above)| above) - channel.capacity()).abs() < 1e-11);
    }

    /// Reflecting the row, swapping the faces and the target mirrors the run.
    #[test]
    fn reflection_mirrors_the_run(
        channel in channel(), count in 2..1000u64, flips in prop::collection::vec(any::<bool>(), 1..60)
    ) {
        let mirrored = Channel::new(1.0 - channel.tau(), channel.epsilon()).unwrap();
        prop_assert!((mirrored.quantile() - (1.0 - channel.quantile())).abs() < 1e-9);
        let mut run = BayesLearn::new(channel).start(count).unwrap();
        let mut mirror = BayesLearn::new(mirrored).start(count).unwrap();
        for heads in flips {
            // Near a tie, rounding may choose another coin on one side only.
            let at = run.posterior().locate(channel.quantile());
            if (at.below - channel.quantile()).abs() < 1e-6 || !(1e-6..1.0 - 1e-6).contains(&at.below) {
                break;
            }
            let (step, image) = (run.step(|_| heads), mirror.step(|_| !heads));
            prop_assert_eq!(image.interval, count - step.interval);
            prop_assert_eq!(image.coin, count + 1 - step.coin);
        }
    }

    /// Every answer is an interval, and no budget is exceeded, even with scripted randomness.
    #[test]
    fn answers_are_intervals_within_the_budget(
        instance in instance(), budget in 0..400u64, mut noise in HalfAdversarial::strategy(20)
    ) {
        let channel = Channel::new(0.5, 0.2).unwrap();
        let searches: [&dyn Budgeted; 2] =
            [&ScreeningSearch::new(channel), &Bisection::new(channel, 0.1).unwrap()];
        for search in searches {
            let mut table = instance.table(&mut noise);
            let answer = search.search(&mut table, budget).unwrap();
            prop_assert!((1..instance.count()).contains(&answer));
            prop_assert!(table.flips() <= budget);
        }
    }

    /// The stages' budgets add up.
    #[test]
    fn the_split_is_exact(budget in any::<u32>(), count in 2..u64::MAX) {
        let parts = ScreeningSearch::split(u64::from(budget), count);
        prop_assert_eq!(parts.iter().sum::<u64>(), u64::from(budget));
    }

    /// The probabilities never decrease, and the right answers form one block.
    #[test]
    fn instances_are_monotone_and_solvable(instance in instance()) {
        let biases: Vec<f64> = (1..=instance.count()).map(|coin| instance.bias(coin)).collect();
        prop_assert!(biases.is_sorted() && biases.iter().all(|p| (0.0..=1.0).contains(p)));
        let good: Vec<u64> = (1..instance.count()).filter(|&i| instance.accepts(i)).collect();
        prop_assert!(good.windows(2).all(|pair| pair[1] == pair[0] + 1));
    }

    /// Bad parameters are refused by name; accepted ones give finite numbers.
    #[test]
    fn bad_channels_are_refused(tau in awkward_f64(), epsilon in awkward_f64()) {
        match Channel::new(tau, epsilon) {
            Ok(channel) => {
                prop_assert!(tau - epsilon > 0.0 && tau + epsilon < 1.0 && epsilon >= 1e-6);
                prop_assert!(channel.capacity() > 0.0 && (0.0..=1.0).contains(&channel.quantile()));
            }
            Err(Error::OutOfRange { name, .. }) => prop_assert!(name == "tau" || name == "epsilon"),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}

/// Coins that always show the same face.
struct Stuck(u64, bool);

impl Coins for Stuck {
    fn count(&self) -> u64 {
        self.0
    }
    fn flip(&mut self, _: u64) -> bool {
        self.1
    }
}

#[test]
fn the_smallest_band_keeps_its_digits() {
    // For small epsilon, C → (2ε)²/(8 τ(1−τ) ln 2) and q → 1/2.
    for tau in [0.1, 0.5, 0.8] {
        let channel = Channel::new(tau, 1e-6).unwrap();
        let limit = 1e-12 / (2.0 * tau * (1.0 - tau) * std::f64::consts::LN_2);
        assert!((channel.capacity() / limit - 1.0).abs() < 1e-4, "{tau}");
        assert!((channel.quantile() - 0.5).abs() < 1e-4);
    }
}

#[test]
fn a_row_of_two_to_the_sixty_survives_any_coin() {
    let channel = Channel::new(0.3, 0.2999).unwrap();
    for heads in [false, true] {
        let mut learner = BayesLearn::new(channel).start(1 << 60).unwrap();
        for _ in 0..20_000 {
            let step = learner.step(|_| heads);
            assert!((step.total - 1.0).abs() < 1e-9);
        }
        // Always tails: every coin is low, so the crossing is after the last; and the reverse.
        let end = if heads { 1 } else { (1 << 60) - 1 };
        assert_eq!(learner.posterior().locate(0.5).interval, end);
        let mass = learner.posterior().mass((1 << 60) - end);
        assert!((0.0..1e-100).contains(&mass));
    }
}

#[test]
fn a_certain_row_is_found_at_once() {
    let channel = Channel::new(0.5, 0.3).unwrap();
    let instance = Instance::new(1 << 20, channel, Profile::Cliff { after: 123_456 }).unwrap();
    let (mut noise, mut other) = (rng(1), rng(2));
    let found = BayesLearn::new(channel).locate(&mut instance.table(&mut noise), 10_000).unwrap();
    assert_eq!(found.interval, 123_456);
    assert_eq!(ScreeningSearch::new(channel).search(&mut instance.table(&mut other), 400).unwrap(), 123_456);
}

#[test]
fn hopeless_searches_are_refused() {
    let channel = Channel::new(0.5, 0.1).unwrap();
    let bisection = Bisection::new(channel, 0.1).unwrap();
    for count in [0, 1] {
        let short = &mut Stuck(count, true);
        assert!(matches!(
            BayesLearn::new(channel).start(count),
            Err(Error::OutOfRange { name: "count", .. })
        ));
        assert!(ScreeningSearch::new(channel).search(short, 100).is_err());
        assert!(Budgeted::search(&bisection, short, 100).is_err());
        assert!(bisection.locate(short, 1_000_000).is_err());
        assert!(Instance::new(count, channel, Profile::Ramp).is_err());
    }
    assert!(BayesLearn::new(channel).start(u64::MAX).is_err());
    let row = &mut Stuck(1 << 40, true);
    assert!(matches!(BayesLearn::new(channel).locate(row, 3), Err(Error::NotConverged { steps: 3, .. })));
    assert!(matches!(bisection.locate(row, 3), Err(Error::NotConverged { .. })));
    assert!(Bisection::new(channel, f64::NAN).is_err());
    assert!(BayesLearn::with_quantile(channel, f64::NAN).is_err());
    assert!(BayesLearn::with_quantile(channel, 1.5).is_err());
    for after in [0, 10] {
        let wrong = Instance::new(10, channel, Profile::Jump { after });
        assert!(matches!(wrong, Err(Error::OutOfRange { name: "after", .. })));
    }
}

#[test]
fn the_jump_has_one_right_answer_and_the_plateau_its_width_more() {
    let channel = Channel::new(0.4, 0.1).unwrap();
    let right = |profile| {
        let instance = Instance::new(50, channel, profile).unwrap();
        (1..50).filter(|&i| instance.accepts(i)).collect::<Vec<_>>()
    };
    assert_eq!(right(Profile::Jump { after: 7 }), [7]);
    assert_eq!(right(Profile::Cliff { after: 7 }), [7]);
    assert_eq!(right(Profile::Plateau { after: 7, width: 3 }), [7, 8, 9, 10]);
    // p_i = i/50 meets (0.3, 0.5) for p_i < 0.5 and p_{i+1} > 0.3.
    assert_eq!(right(Profile::Ramp), (15..25).collect::<Vec<_>>());
}
