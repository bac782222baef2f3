use rand::Rng;

/// A subset of {0, …, n−1}, one bit per element.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BitSet {
    ground: usize,
    /// Element e is bit e mod 64 of word e / 64; the bits beyond the ground set are zero.
    words: Vec<u64>,
}

impl BitSet {
    /// The empty subset of a ground set of `ground` elements.
    pub fn empty(ground: usize) -> Self {
        Self { ground, words: vec![0; ground.div_ceil(64)] }
    }

    /// A uniformly random subset.
    pub fn random(ground: usize, rng: &mut dyn Rng) -> Self {
        let mut set = Self::empty(ground);
        for (i, word) in set.words.iter_mut().enumerate() {
            let beyond = (64 * (i + 1)).saturating_sub(ground);
            *word = rng.next_u64() >> beyond;
        }
        set
    }

    /// The subset whose element e is bit e of `code`.
    ///
    /// Bits beyond the ground set are ignored; elements from 64 on are left out.
    pub fn from_code(ground: usize, code: u64) -> Self {
        let mut set = Self::empty(ground);
        if let Some(word) = set.words.first_mut() {
            *word = if ground < 64 { code & ((1 << ground) - 1) } else { code };
        }
        set
    }

    /// The size of the ground set.
    pub fn ground(&self) -> usize {
        self.ground
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// Whether `element`, less than the ground size, is in the set.
    pub fn contains(&self, element: usize) -> bool {
        self.words[element / 64] >> (element % 64) & 1 == 1
    }

    /// Puts `element`, less than the ground size, in if it is out, and out if it is in.
    pub fn flip(&mut self, element: usize) {
        debug_assert!(element < self.ground);
        self.words[element / 64] ^= 1 << (element % 64);
    }

    /// The bits, 64 elements a word; those beyond the ground set are zero.
    pub fn words(&self) -> &[u64] {
        &self.words
    }
}
