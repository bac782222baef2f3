//! Online cache policies: least recently used, least frequently used, greedy-dual size with frequency.
//!
//! | policy | evicts | knows |
//! |---|---|---|
//! | [`Lru`] | the key unused for longest | the order of requests |
//! | [`Lfu`] | the key requested least often | counts of all keys |
//! | [`GreedyDual`] | the least age + frequency·cost/size | costs and sizes too |
//!
//! The optimum in hindsight is Belady's rule in [`crate::math::paging`], where costs and sizes are equal. All
//! policies start empty and take O(L) a request, L the number of keys held.

use crate::error::{self, Error, Result};
use crate::math::paging::PageSet;

/// What is asked of a cache.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    key: usize,
    cost: f64,
    size: f64,
}

impl Request {
    /// The answer number `key`, which costs `cost` ≥ 0 to make again and takes the space `size` > 0.
    ///
    /// # Errors
    /// `cost` is negative or not finite, `size` not positive and finite.
    pub fn new(key: usize, cost: f64, size: f64) -> Result<Self> {
        error::non_negative("cost", cost)?;
        error::positive("size", size)?;
        Ok(Self { key, cost, size })
    }

    /// A key of cost and size one.
    pub fn unit(key: usize) -> Self {
        Self { key, cost: 1.0, size: 1.0 }
    }
}

/// A cache that decides by what it has seen.
pub trait CachePolicy {
    /// Serves a request; whether it was a hit. The keys that had to leave are appended to `evicted`.
    ///
    /// # Errors
    /// There is no such key; the cache is then unchanged.
    fn access(&mut self, request: Request, evicted: &mut Vec<usize>) -> Result<bool>;

    /// The keys held, in no particular order.
    fn contents(&self) -> &[usize];
}

/// Refuses keys that do not exist.
fn existing(key: usize, keys: usize) -> Result<()> {
    let requirement = "less than the number of keys";
    if key < keys { Ok(()) } else { Err(Error::OutOfRange { name: "key", value: key as f64, requirement }) }
}

/// The held key of least value, the lower one of two.
fn least<T: PartialOrd>(held: &PageSet, value: impl Fn(usize) -> T) -> Option<usize> {
    let smaller = |a: usize, b: usize| {
        let (x, y) = (value(a), value(b));
        if y < x || (!(x < y) && b < a) { b } else { a }
    };
    held.as_slice().iter().copied().reduce(smaller)
}

/// Evicts the key unused for longest. Costs and sizes are ignored.
#[derive(Debug, Clone)]
pub struct Lru {
    capacity: usize,
    held: PageSet,
    used: Vec<u64>,
    time: u64,
}

impl Lru {
    /// Of `capacity` of the keys below `keys`; none at all if `capacity` is 0.
    ///
    /// # Errors
    /// `keys` is 0.
    pub fn new(keys: usize, capacity: usize) -> Result<Self> {
        error::at_least_one("keys", keys)?;
        Ok(Self { capacity, held: PageSet::new(keys), used: vec![0; keys], time: 0 })
    }
}

impl CachePolicy for Lru {
    fn access(&mut self, request: Request, evicted: &mut Vec<usize>) -> Result<bool> {
        let key = request.key;
        existing(key, self.used.len())?;
        self.time += 1;
        self.used[key] = self.time;
        if self.held.contains(key) {
            return Ok(true);
        }
        if self.held.as_slice().len() == self.capacity {
            let Some(oldest) = least(&self.held, |held| self.used[held]) else { return Ok(false) };
            self.held.remove(oldest);
            evicted.push(oldest);
        }
        self.held.insert(key);
        Ok(false)
    }

    fn contents(&self) -> &[usize] {
        self.held.as_slice()
    }
}

/// Holds the keys requested most often so far, whether or not they were held then: a new key enters a full cache
/// only when it has been requested more often than one inside. Costs and sizes are ignored.
#[derive(Debug, Clone)]
pub struct Lfu {
    capacity: usize,
    held: PageSet,
    counts: Vec<u64>,
}

impl Lfu {
    /// Of `capacity` of the keys below `keys`; none at all if `capacity` is 0.
    ///
    /// # Errors
    /// `keys` is 0.
    pub fn new(keys: usize, capacity: usize) -> Result<Self> {
        error::at_least_one("keys", keys)?;
        Ok(Self { capacity, held: PageSet::new(keys), counts: vec![0; keys] })
    }
}

impl CachePolicy for Lfu {
    fn access(&mut self, request: Request, evicted: &mut Vec<usize>) -> Result<bool> {
        let key = request.key;
        existing(key, self.counts.len())?;
        self.counts[key] += 1;
        if self.held.contains(key) {
            return Ok(true);
        }
        if self.held.as_slice().len() == self.capacity {
            match least(&self.held, |held| self.counts[held]) {
                Some(rarest) if self.counts[key] > self.counts[rarest] => {
                    self.held.remove(rarest);
                    evicted.push(rarest);
                }
                _ => return Ok(false),
            }
        }
        self.held.insert(key);
        Ok(false)
    }

    fn contents(&self) -> &[usize] {
        self.held.as_slice()
    }
}

/// Greedy-dual size with frequency: evicts the least priority H(q) = clock + frequency·cost/size, and moves the
/// clock on to it, so that a key not asked for any more ages.
///
/// The frequency counts the requests since the key entered; a hit refreshes H. (Cherkasova 1998.)
#[derive(Debug, Clone)]
pub struct GreedyDual {
    capacity: f64,
    filled: f64,
    clock: f64,
    held: PageSet,
    sizes: Vec<f64>,
    counts: Vec<u64>,
    priorities: Vec<f64>,
}

impl GreedyDual {
    /// Space `capacity` ≥ 0 for keys below `keys`.
    ///
    /// # Errors
    /// `keys` is 0, or `capacity` negative or not finite.
    pub fn new(keys: usize, capacity: f64) -> Result<Self> {
        error::at_least_one("keys", keys)?;
        error::non_negative("capacity", capacity)?;
        Ok(Self {
            capacity,
            filled: 0.0,
            clock: 0.0,
            held: PageSet::new(keys),
            sizes: vec![0.0; keys],
            counts: vec![0; keys],
            priorities: vec![0.0; keys],
        })
    }

    /// The space in use.
    pub fn filled(&self) -> f64 {
        self.filled
    }

    /// The priority of the last key evicted; 0 before.
    pub fn clock(&self) -> f64 {
        self.clock
    }

    fn evict(&mut self) -> Option<usize> {
        let key = least(&self.held, |held| self.priorities[held])?;
        self.held.remove(key);
        self.clock = self.priorities[key];
        // Added up anew: differences would let rounding errors fill the cache.
        self.filled = self.held.as_slice().iter().map(|&held| self.sizes[held]).sum();
        Some(key)
    }
}

impl CachePolicy for GreedyDual {
    /// A key that is larger than the whole cache is not admitted. While a key is held its size is the one it
    /// entered with.
    fn access(&mut self, request: Request, evicted: &mut Vec<usize>) -> Result<bool> {
        let Request { key, cost, size } = request;
        existing(key, self.counts.len())?;
        let hit = self.held.contains(key);
        if !hit {
            if size > self.capacity {
                return Ok(false);
            }
            while !(self.filled + size <= self.capacity) {
                evicted.extend(self.evict());
            }
            self.held.insert(key);
            self.filled += size;
            (self.sizes[key], self.counts[key]) = (size, 0);
        }
        self.counts[key] += 1;
        self.priorities[key] = self.clock + self.counts[key] as f64 * (cost / self.sizes[key]);
        Ok(hit)
    }

    fn contents(&self) -> &[usize] {
        self.held.as_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(policy: &mut impl CachePolicy, keys: &[usize]) -> Vec<usize> {
        let mut evicted = Vec::new();
        for &key in keys {
            policy.access(Request::unit(key), &mut evicted).unwrap();
        }
        evicted
    }

    #[test]
    fn each_evicts_its_own() {
        let requests = [0, 0, 1, 2, 1, 2];
        assert_eq!(run(&mut Lru::new(3, 2).unwrap(), &requests), [0]);
        // Page 2 is requested as often as 1 at the end, never more often.
        assert!(run(&mut Lfu::new(3, 2).unwrap(), &requests).is_empty());
        assert_eq!(run(&mut Lfu::new(3, 2).unwrap(), &[0, 0, 1, 2, 2]), [1]);
        // H(0) = 2 and H(1) = 1, then 2 enters at 1 + 1, 1 at 1 + 1 after 0 (the lower of two at 2) has left.
        let mut dual = GreedyDual::new(3, 2.0).unwrap();
        assert_eq!(run(&mut dual, &requests), [1, 0]);
        assert_eq!(dual.clock(), 2.0);
    }

    #[test]
    fn greedy_dual_weighs_cost_by_size() {
        let mut dual = GreedyDual::new(4, 10.0).unwrap();
        let mut evicted = Vec::new();
        for (key, cost, size) in [(0, 8.0, 4.0), (1, 5.0, 5.0), (2, 9.0, 11.0), (3, 1.0, 6.0)] {
            dual.access(Request::new(key, cost, size).unwrap(), &mut evicted).unwrap();
        }
        // 1 per unit leaves first, and is enough; what exceeds the cache never enters.
        assert_eq!((evicted.as_slice(), dual.filled(), dual.clock()), ([1].as_slice(), 10.0, 1.0));
    }
}
