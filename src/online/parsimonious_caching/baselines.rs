//! Policies to compare with: blind trust, no trust, and the least recently used page.

use super::{CachePolicy, Predictor};
use crate::error::{Error, Result, at_least_one};
use crate::math::chance::Chance;
use crate::math::paging::{Page, PageSet};

/// What the policies share: a cache of k of the pages below a number, which starts with the first k.
fn first_pages(pages: usize, k: usize) -> Result<PageSet> {
    at_least_one("k", k)?;
    let mut cache = PageSet::new(pages);
    cache.assign(0..k);
    if k > pages {
        let requirement = "at most the number of pages";
        return Err(Error::OutOfRange { name: "k", value: k as f64, requirement });
    }
    Ok(cache)
}

fn existing(page: Page, pages: usize) -> Result<()> {
    let requirement = "an existing page";
    if page < pages {
        Ok(())
    } else {
        Err(Error::OutOfRange { name: "page", value: page as f64, requirement })
    }
}

/// Follows the last answer and queries a new one at every fault outside it: the Follower without Robust.
#[derive(Debug, Clone)]
pub struct BlindFollower {
    pages: usize,
    cache: PageSet,
    predicted: PageSet,
    time: usize,
}

impl BlindFollower {
    /// A cache of `k` of the pages 0, …, `pages` − 1, at first the first k.
    ///
    /// # Errors
    /// `k` is 0 or more than `pages`.
    pub fn new(pages: usize, k: usize) -> Result<Self> {
        let cache = first_pages(pages, k)?;
        Ok(Self { pages, predicted: cache.clone(), cache, time: 0 })
    }
}

impl CachePolicy for BlindFollower {
    fn request(
        &mut self,
        page: Page,
        predictor: &mut dyn Predictor,
        _chance: &mut dyn Chance,
    ) -> Result<bool> {
        existing(page, self.pages)?;
        let fault = !self.cache.contains(page);
        if fault {
            if !self.predicted.contains(page) {
                let mut answer = Vec::new();
                predictor.predict(self.time, page, self.cache.as_slice(), &mut answer);
                self.predicted.assign(answer);
            }
            let held = self.cache.as_slice();
            let evicted = *held.iter().find(|&&other| !self.predicted.contains(other)).unwrap_or(&held[0]);
            self.cache.remove(evicted);
            self.cache.insert(page);
        }
        self.time += 1;
        Ok(fault)
    }

    fn cache(&self) -> &[Page] {
        self.cache.as_slice()
    }
}

/// Evicts the page that was not requested for the longest time. It may ask for predictions at every request, and
/// ignores them.
#[derive(Debug, Clone)]
pub struct Lru {
    pages: usize,
    asks: bool,
    /// The most recent one is last.
    cache: Vec<Page>,
    time: usize,
}

impl Lru {
    /// A cache of `k` of the pages 0, …, `pages` − 1, at first the first k.
    ///
    /// # Errors
    /// `k` is 0 or more than `pages`.
    pub fn new(pages: usize, k: usize, asks: bool) -> Result<Self> {
        Ok(Self { pages, asks, cache: first_pages(pages, k)?.as_slice().to_vec(), time: 0 })
    }
}

impl CachePolicy for Lru {
    fn request(
        &mut self,
        page: Page,
        predictor: &mut dyn Predictor,
        _chance: &mut dyn Chance,
    ) -> Result<bool> {
        existing(page, self.pages)?;
        if self.asks {
            predictor.predict(self.time, page, &self.cache, &mut Vec::new());
        }
        self.time += 1;
        let at = self.cache.iter().position(|&other| other == page);
        self.cache.remove(at.unwrap_or(0));
        self.cache.push(page);
        Ok(at.is_none())
    }

    fn cache(&self) -> &[Page] {
        &self.cache
    }
}

/// Random marking, without predictions: 2·H_k-competitive.
#[derive(Debug, Clone)]
pub struct Marking {
    pages: usize,
    /// The pages of the cache that this phase has not seen.
    unmarked: PageSet,
    cache: PageSet,
    masses: Vec<f64>,
}

impl Marking {
    /// A cache of `k` of the pages 0, …, `pages` − 1, at first the first k.
    ///
    /// # Errors
    /// `k` is 0 or more than `pages`.
    pub fn new(pages: usize, k: usize) -> Result<Self> {
        let cache = first_pages(pages, k)?;
        Ok(Self { pages, unmarked: cache.clone(), cache, masses: vec![1.0; k] })
    }
}

impl CachePolicy for Marking {
    fn request(
        &mut self,
        page: Page,
        _predictor: &mut dyn Predictor,
        chance: &mut dyn Chance,
    ) -> Result<bool> {
        existing(page, self.pages)?;
        let fault = !self.cache.contains(page);
        if fault {
            // A fault without an unmarked page begins the next phase.
            if self.unmarked.as_slice().is_empty() {
                self.unmarked.assign(self.cache.as_slice().iter().copied());
            }
            let evicted =
                self.unmarked.as_slice()[chance.choose(&self.masses[..self.unmarked.as_slice().len()])];
            self.unmarked.remove(evicted);
            self.cache.remove(evicted);
            self.cache.insert(page);
        }
        self.unmarked.remove(page);
        Ok(fault)
    }

    fn cache(&self) -> &[Page] {
        self.cache.as_slice()
    }
}
