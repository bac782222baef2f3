//! Pins the generator and every sampler that papers use: an update that changes one of them announces itself
//! here, and not in every record.

use rand::seq::{SliceRandom, index};
use rand::{Rng, RngExt};
use rand_distr::{Binomial, Distribution, Exp1, Gamma, StandardNormal};
use ratebook_test_support::rng;

/// The first draws of a sampler from a fixed stream.
fn draws<T, const N: usize>(sampler: impl Distribution<T>) -> [T; N] {
    let mut rng = rng(2026);
    std::array::from_fn(|_| rng.sample(&sampler))
}

#[test]
fn generator() {
    let mut rng = rng(2026);
    assert_eq!(
        [(); 3].map(|()| rng.next_u64()),
        [12573431937092726025, 12533679776783745065, 4601103049204241922]
    );
}

#[test]
fn uniform() {
    let mut first = rng(2026);
    assert_eq!(
        [(); 3].map(|()| first.random::<f64>()),
        [0.6816071110897278, 0.6794521421613284, 0.2494262960888458]
    );
    let mut first = rng(2026);
    assert_eq!(
        [(); 8].map(|()| first.random::<bool>()),
        [true, true, false, false, false, false, true, true]
    );
    let mut first = rng(2026);
    assert_eq!([(); 6].map(|()| first.random_range(0..1000usize)), [851, 780, 464, 22, 36, 7]);
    let mut first = rng(2026);
    assert_eq!(
        [(); 3].map(|()| first.random_range(-1.0..1.0f64)),
        [0.3632142221794554, 0.35890428432265686, -0.5011474078223084]
    );
}

#[test]
fn continuous() {
    assert_eq!(draws::<f64, 3>(StandardNormal), [1.065803779262066, 0.8154696510404328, -1.7285968781815697]);
    assert_eq!(draws::<f64, 3>(Exp1), [3.531738576956083, 2.233150036617856, 1.7312763092036774]);
    assert_eq!(
        draws::<f64, 3>(Gamma::new(0.3, 1.0).unwrap()),
        [0.5603022877053184, 0.01965318766330114, 0.0023939644228402794]
    );
    assert_eq!(
        draws::<f64, 3>(Gamma::new(2.5, 1.0).unwrap()),
        [4.144596199748764, 0.4882931908904292, 1.271696196369561]
    );
}

/// Small means are drawn by inversion, large ones by rejection.
#[test]
fn binomial() {
    assert_eq!(draws::<u64, 6>(Binomial::new(20, 0.1).unwrap()), [3, 3, 1, 2, 1, 2]);
    assert_eq!(
        draws::<u64, 6>(Binomial::new(1 << 20, 0.3).unwrap()),
        [314802, 314502, 314544, 314738, 314403, 313776]
    );
    assert_eq!(
        draws::<u64, 6>(Binomial::new(1 << 40, 0.5).unwrap()),
        [549756070219, 549755734001, 549755780643, 549755998721, 549755623785, 549754920901]
    );
}

#[test]
fn orders() {
    let mut order: [usize; 8] = std::array::from_fn(|i| i);
    order.shuffle(&mut rng(2026));
    assert_eq!(order, [4, 3, 2, 0, 1, 5, 7, 6]);
    assert_eq!(index::sample(&mut rng(2026), 10, 4).into_vec(), [5, 6, 4, 0]);
    assert_eq!(index::sample(&mut rng(2026), 1_000_000, 4).into_vec(), [851417, 780046, 464005, 22937]);
}
