//! Predictors that know the requests: the honest one, and one that uses its knowledge to harm.

use super::Predictor;
use crate::math::paging::{Page, PageSet, belady};

/// Answers with Belady's cache.
#[derive(Debug, Clone)]
pub struct Hindsight {
    k: usize,
    /// The cache after each request, k pages each.
    caches: Vec<Page>,
    optimum: usize,
}

impl Hindsight {
    /// Belady's run on the requests, from a cache that holds the pages 0, …, k − 1.
    pub fn new(requests: &[Page], k: usize) -> Self {
        let first: Vec<Page> = (0..k).collect();
        let evictions = belady(requests, &first);
        let mut cache = PageSet::new(requests.iter().copied().chain([k]).max().unwrap_or(k) + 1);
        cache.assign(first);
        let mut caches = Vec::with_capacity(k * requests.len());
        for (&page, evicted) in requests.iter().zip(&evictions) {
            if let Some(evicted) = *evicted {
                cache.remove(evicted);
                cache.insert(page);
            }
            caches.extend_from_slice(cache.as_slice());
        }
        Self { k, caches, optimum: evictions.iter().flatten().count() }
    }

    /// The number of faults of Belady's rule.
    pub fn optimum(&self) -> usize {
        self.optimum
    }
}

impl Predictor for Hindsight {
    fn predict(&mut self, time: usize, _request: Page, _cache: &[Page], answer: &mut Vec<Page>) {
        answer.extend(self.caches.iter().skip(time * self.k).take(self.k));
    }
}

/// Says that an optimal cache is the one of who asks, without the page that is requested soonest.
#[derive(Debug, Clone)]
pub struct Worst<'a> {
    requests: &'a [Page],
}

impl<'a> Worst<'a> {
    /// A predictor for these requests.
    pub fn new(requests: &'a [Page]) -> Self {
        Self { requests }
    }
}

impl Predictor for Worst<'_> {
    fn predict(&mut self, time: usize, request: Page, cache: &[Page], answer: &mut Vec<Page>) {
        let kept = |page: &&Page| **page != request;
        let soonest = self.requests.iter().skip(time + 1).filter(kept).find(|page| cache.contains(page));
        let without = soonest.or_else(|| cache.iter().find(kept));
        answer.extend(cache.iter().filter(kept).filter(|page| Some(*page) != without));
        answer.push(request);
    }
}
