//! Caching in hindsight: Belady's rule, and small sets of pages.

/// A page, numbered from zero.
pub type Page = usize;

/// A set of pages below a fixed number, with membership, insertion and removal in O(1).
///
/// It iterates in an order that depends on its history alone, so that what is decided by it can be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSet {
    members: Vec<Page>,
    /// Where a page stands in `members`; `usize::MAX` if it does not.
    position: Vec<usize>,
}

impl PageSet {
    /// The empty set of pages below `pages`.
    pub fn new(pages: usize) -> Self {
        Self { members: Vec::new(), position: vec![usize::MAX; pages] }
    }

    /// Whether the page is a member; a page that does not exist is not.
    pub fn contains(&self, page: Page) -> bool {
        self.position.get(page).is_some_and(|&at| at != usize::MAX)
    }

    /// Adds a page; whether it is new. A page that does not exist is not added.
    pub fn insert(&mut self, page: Page) -> bool {
        let new = page < self.position.len() && !self.contains(page);
        if new {
            self.position[page] = self.members.len();
            self.members.push(page);
        }
        new
    }

    /// Removes a page; whether it was a member. The last member takes its place.
    pub fn remove(&mut self, page: Page) -> bool {
        if !self.contains(page) {
            return false;
        }
        let at = std::mem::replace(&mut self.position[page], usize::MAX);
        self.members.swap_remove(at);
        if let Some(&moved) = self.members.get(at) {
            self.position[moved] = at;
        }
        true
    }

    /// Makes the set consist of these pages, those that do not exist left out.
    pub fn assign(&mut self, pages: impl IntoIterator<Item = Page>) {
        for page in self.members.drain(..) {
            self.position[page] = usize::MAX;
        }
        for page in pages {
            self.insert(page);
        }
    }

    /// The members.
    pub fn as_slice(&self) -> &[Page] {
        &self.members
    }
}

/// For each request the page that Belady's rule evicts: of a full cache the one that is requested furthest in the
/// future; `None` on a hit. No other choice has fewer faults.
///
/// The cache starts with the pages of `initial`, all different. O(T·k) time, memory for the largest page.
pub fn belady(requests: &[Page], initial: &[Page]) -> Vec<Option<Page>> {
    let pages = requests.iter().chain(initial).max().map_or(0, |&largest| largest + 1);
    // next[t] is when the page of request t comes again; `upcoming` is the same by page, at the present.
    let mut upcoming = vec![usize::MAX; pages];
    let mut next = vec![usize::MAX; requests.len()];
    for (time, &page) in requests.iter().enumerate().rev() {
        next[time] = std::mem::replace(&mut upcoming[page], time);
    }
    let mut cache = PageSet::new(pages);
    cache.assign(initial.iter().copied());
    let serve = |(time, &page): (usize, &Page)| {
        upcoming[page] = next[time];
        if cache.contains(page) {
            return None;
        }
        let furthest = cache.as_slice().iter().copied().max_by_key(|&held| upcoming[held]);
        furthest.inspect(|&evicted| {
            cache.remove(evicted);
            cache.insert(page);
        })
    };
    requests.iter().enumerate().map(serve).collect()
}

/// The fewest faults with which the requests can be served from a cache that starts with `initial`.
pub fn fewest_faults(requests: &[Page], initial: &[Page]) -> usize {
    belady(requests, initial).iter().flatten().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_textbook_example() {
        // Faults of the optimum on Belady's sequence after the first three, compulsory ones.
        let requests = [0, 1, 2, 3, 0, 1, 4, 0, 1, 2, 3, 4];
        let evicted = belady(&requests, &[0, 1, 2]);
        assert_eq!(evicted.iter().flatten().copied().collect::<Vec<_>>()[..2], [2, 3]);
        assert_eq!(fewest_faults(&requests, &[0, 1, 2]), 4);
        assert_eq!(fewest_faults(&[], &[0]), 0);
    }

    #[test]
    fn a_set_keeps_its_positions() {
        let mut set = PageSet::new(4);
        assert!(set.insert(2) && set.insert(0) && set.insert(3) && !set.insert(0) && !set.insert(4));
        assert!(set.remove(2) && !set.remove(2) && !set.contains(9));
        assert_eq!(set.as_slice(), [3, 0]);
        assert!(set.remove(0) && set.remove(3) && set.as_slice().is_empty());
        set.assign([1, 7, 1]);
        assert_eq!(set.as_slice(), [1]);
    }
}
