use proptest::prelude::*;
use ratebook::combinatorial::BitSet;
use ratebook_test_support::{HalfAdversarial, config};

proptest! {
    #![proptest_config(config(64))]

    /// A bit set is the set of its members: compared with a plain vector of booleans.
    #[test]
    fn it_is_a_vector_of_booleans(
        ground in 1..200usize, flips in prop::collection::vec(any::<prop::sample::Index>(), 0..100)
    ) {
        let (mut set, mut plain) = (BitSet::empty(ground), vec![false; ground]);
        for flip in flips {
            let element = flip.index(ground);
            set.flip(element);
            plain[element] = !plain[element];
        }
        prop_assert!((0..ground).all(|e| set.contains(e) == plain[e]));
        let size = plain.iter().filter(|&&member| member).count();
        prop_assert_eq!(set.len(), size);
        prop_assert_eq!(set.is_empty(), size == 0);
    }

    /// Random sets stay within the ground set, whatever the draws.
    #[test]
    fn random_sets_have_no_stray_bits(ground in 0..200usize, mut noise in HalfAdversarial::strategy(6)) {
        let set = BitSet::random(ground, &mut noise);
        prop_assert_eq!(set.ground(), ground);
        prop_assert_eq!(set.len(), (0..ground).filter(|&e| set.contains(e)).count());
    }

    /// A code and its set name the same elements.
    #[test]
    fn codes_round_trip(ground in 1..=64usize, code in any::<u64>()) {
        let set = BitSet::from_code(ground, code);
        prop_assert!((0..ground).all(|e| set.contains(e) == (code >> e & 1 == 1)));
        prop_assert_eq!(BitSet::from_code(ground, set.words()[0]), set);
    }
}
