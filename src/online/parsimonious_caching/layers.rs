//! The offline optimum of caching, online: how many faults were unavoidable so far.

use crate::error::{Error, Result, at_least_one};
use crate::math::paging::Page;

/// Layers of pages, from which the optimum of every prefix is read.
///
/// A page of layer i > 0 may be in an optimal cache now; the pages of the last j layers hold at least j of the
/// pages of every optimal cache. The optimum of the requests so far grows exactly when a page of no layer is
/// requested, and that is when Belady's rule faults, on this sequence and on every longer one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layers {
    /// By page, from 1 to k, or 0 for a page that no optimal cache holds.
    layer: Vec<usize>,
    k: usize,
    faults: usize,
}

impl Layers {
    /// A cache of `k` of the pages 0, …, `pages` − 1 that starts with the first k of them.
    ///
    /// # Errors
    /// `k` is 0 or more than `pages`.
    pub fn new(pages: usize, k: usize) -> Result<Self> {
        at_least_one("k", k)?;
        if k > pages {
            let requirement = "at most the number of pages";
            return Err(Error::OutOfRange { name: "k", value: k as f64, requirement });
        }
        Ok(Self { layer: (0..pages).map(|page| if page < k { page + 1 } else { 0 }).collect(), k, faults: 0 })
    }

    /// Serves a request; whether the optimum grows. O(pages).
    ///
    /// # Errors
    /// There is no such page; nothing is changed then.
    pub fn request(&mut self, page: Page) -> Result<bool> {
        let Some(&layer) = self.layer.get(page) else {
            let requirement = "an existing page";
            return Err(Error::OutOfRange { name: "page", value: page as f64, requirement });
        };
        let grows = layer == 0;
        let from = if grows { self.k } else { layer };
        // Moving layer i and all above down by one merges it into the one below; what falls to 0 is dropped.
        for other in &mut self.layer {
            *other -= usize::from(*other >= from);
        }
        self.layer[page] = self.k;
        self.faults += usize::from(grows);
        Ok(grows)
    }

    /// The fewest faults with which the requests so far could have been served.
    pub fn faults(&self) -> usize {
        self.faults
    }
}
