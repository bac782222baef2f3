//! Dense matrix products on a ledger: what a layer costs is counted where it is spent.
//!
//! A [`Ledger`] counts three things while the real code runs. *FLOPs*: a product of an m × k and a
//! k × n matrix adds 2 m k n, in the kernel that loops over them. *Loads*: each product reads its right
//! operand once, whatever the number of rows on the left. *Live elements*: a [`Tensor`] is counted from
//! its making to its drop, so the peak is that of the allocations, never of a formula. Element-wise work
//! is not counted; neither are weights and their gradients, which are plain matrices that do not grow
//! with the sequence.
//!
//! Matrices are row-major with one token a row: a run of tokens is a contiguous slice. Kernels add up in
//! the order of the rows, so that splitting the rows changes no bit of any sum over them.

use std::cell::Cell;
use std::ops::Range;

use crate::Result;
use crate::error::{at_least_one, finite_slice, same_size};
use crate::math::vector::dot;

/// What a run has cost so far.
#[derive(Debug, Default)]
pub struct Ledger {
    flops: Cell<u64>,
    loads: Cell<u64>,
    live: Cell<u64>,
    peak: Cell<u64>,
}

/// A row-major matrix, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    data: &'a [f64],
    cols: usize,
}

impl<'a> Rows<'a> {
    /// The rows of `cols` elements each in `data`.
    ///
    /// # Errors
    /// No data, an element that is not finite, `cols` = 0, or a last row that is not whole.
    pub fn new(name: &'static str, data: &'a [f64], cols: usize) -> Result<Self> {
        at_least_one("cols", cols)?;
        finite_slice(name, data)?;
        same_size(name, data.len().next_multiple_of(cols), data.len())?;
        Ok(Self { data, cols })
    }

    /// The same for data that was checked before.
    pub(super) fn trusted(data: &'a [f64], cols: usize) -> Self {
        debug_assert!(data.len().is_multiple_of(cols));
        Self { data, cols }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.data.len() / self.cols
    }

    /// Whether there is no row; a range of [`Rows::slice`] may be empty.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Elements a row.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// All elements, row after row.
    pub fn data(&self) -> &'a [f64] {
        self.data
    }

    /// Row `i`; panics if there is none.
    pub fn row(&self, i: usize) -> &'a [f64] {
        &self.data[i * self.cols..][..self.cols]
    }

    /// The rows of a range; panics if they do not exist.
    pub fn slice(&self, rows: Range<usize>) -> Self {
        Self { data: &self.data[rows.start * self.cols..rows.end * self.cols], cols: self.cols }
    }
}

/// A row-major matrix whose elements are on the ledger as long as it lives.
#[derive(Debug)]
pub struct Tensor<'l> {
    ledger: &'l Ledger,
    data: Vec<f64>,
    cols: usize,
}

impl<'l> Tensor<'l> {
    /// The ledger it is counted on.
    pub fn ledger(&self) -> &'l Ledger {
        self.ledger
    }

    /// All rows.
    pub fn rows(&self) -> Rows<'_> {
        Rows { data: &self.data, cols: self.cols }
    }

    /// All elements, row after row.
    pub fn data(&self) -> &[f64] {
        &self.data
    }

    /// All elements, to be changed.
    pub fn data_mut(&mut self) -> &mut [f64] {
        &mut self.data
    }

    /// The elements of a range of rows, to be changed; panics if they do not exist.
    pub fn slice_mut(&mut self, rows: Range<usize>) -> &mut [f64] {
        &mut self.data[rows.start * self.cols..rows.end * self.cols]
    }

    /// Appends a row; panics if its width is another.
    pub fn push(&mut self, row: &[f64]) {
        assert_eq!(row.len(), self.cols);
        self.data.extend_from_slice(row);
        self.ledger.hold(row.len());
    }

    /// Keeps the rows for which `keep` says so, in order.
    pub fn retain(&mut self, mut keep: impl FnMut(usize) -> bool) {
        let (cols, before) = (self.cols, self.data.len());
        let mut kept = 0;
        for row in 0..before / cols {
            if keep(row) {
                self.data.copy_within(row * cols..(row + 1) * cols, kept * cols);
                kept += 1;
            }
        }
        self.data.truncate(kept * cols);
        self.ledger.release(before - self.data.len());
    }
}

impl Drop for Tensor<'_> {
    fn drop(&mut self) {
        self.ledger.release(self.data.len());
    }
}

impl Ledger {
    /// A ledger at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Floating-point operations of the products so far, a multiply-add being two.
    pub fn flops(&self) -> u64 {
        self.flops.get()
    }

    /// Elements of right operands read so far.
    pub fn loads(&self) -> u64 {
        self.loads.get()
    }

    /// Elements alive now.
    pub fn live(&self) -> u64 {
        self.live.get()
    }

    /// The most elements that were ever alive.
    pub fn peak(&self) -> u64 {
        self.peak.get()
    }

    fn hold(&self, elements: usize) {
        self.live.set(self.live.get() + elements as u64);
        self.peak.set(self.peak.get().max(self.live.get()));
    }

    fn release(&self, elements: usize) {
        self.live.set(self.live.get() - elements as u64);
    }

    /// A matrix of zeros.
    pub fn zeros(&self, rows: usize, cols: usize) -> Tensor<'_> {
        self.hold(rows * cols);
        Tensor { ledger: self, data: vec![0.0; rows * cols], cols }
    }

    /// A copy of the rows.
    pub fn copy(&self, rows: Rows<'_>) -> Tensor<'_> {
        self.hold(rows.data.len());
        Tensor { ledger: self, data: rows.data.to_vec(), cols: rows.cols }
    }

    fn charge(&self, rows: usize, right: usize) {
        self.flops.set(self.flops.get() + 2 * (rows * right) as u64);
        self.loads.set(self.loads.get() + right as u64);
    }

    /// `out` = a bᵀ, m × n, for a of m × k and b of n × k; panics if the shapes do not agree.
    pub fn times_transposed(&self, a: Rows<'_>, b: Rows<'_>, out: &mut [f64]) {
        assert!(a.cols == b.cols && out.len() == a.len() * b.len());
        self.charge(a.len(), b.data.len());
        for (a, out) in a.data.chunks_exact(a.cols).zip(out.chunks_exact_mut(b.len())) {
            for (b, out) in b.data.chunks_exact(b.cols).zip(out) {
                *out = dot(a, b);
            }
        }
    }

    /// `out` += a b, m × n, for a of m × k and b of k × n; panics if the shapes do not agree.
    pub fn add_product(&self, a: Rows<'_>, b: Rows<'_>, out: &mut [f64]) {
        assert!(a.cols == b.len() && out.len() == a.len() * b.cols);
        self.charge(a.len(), b.data.len());
        for (a, out) in a.data.chunks_exact(a.cols).zip(out.chunks_exact_mut(b.cols)) {
            for (&a, b) in a.iter().zip(b.data.chunks_exact(b.cols)) {
                add_scaled(out, a, b);
            }
        }
    }

    /// `out` += aᵀ b, k × n, for a of m × k and b of m × n; panics if the shapes do not agree.
    pub fn add_transposed_product(&self, a: Rows<'_>, b: Rows<'_>, out: &mut [f64]) {
        assert!(a.len() == b.len() && out.len() == a.cols * b.cols);
        self.charge(a.cols, b.data.len());
        for (a, b) in a.data.chunks_exact(a.cols).zip(b.data.chunks_exact(b.cols)) {
            for (&a, out) in a.iter().zip(out.chunks_exact_mut(b.len())) {
                add_scaled(out, a, b);
            }
        }
    }
}

/// `out` += scale · x.
#[inline(always)]
pub(super) fn add_scaled(out: &mut [f64], scale: f64, x: &[f64]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out += scale * x;
    }
}

/// 1 / (1 + e^{−x}), without overflow.
pub(super) fn sigmoid(x: f64) -> f64 {
    let small = (-x.abs()).exp();
    (if x >= 0.0 { 1.0 } else { small }) / (1.0 + small)
}

/// x · sigmoid(x).
pub(super) fn silu(x: f64) -> f64 {
    x * sigmoid(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_by_hand_and_their_cost() {
        let ledger = Ledger::new();
        let a = Rows::new("a", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2).unwrap();
        let b = Rows::new("b", &[1.0, 1.0, 0.0, -1.0], 2).unwrap();
        let mut out = [0.0; 6];
        ledger.times_transposed(a, b, &mut out);
        assert_eq!(out, [3.0, -2.0, 7.0, -4.0, 11.0, -6.0]);
        ledger.add_product(a, b, &mut out);
        assert_eq!(out, [4.0, -3.0, 10.0, -5.0, 16.0, -7.0]);
        let mut square = [1.0; 4];
        ledger.add_transposed_product(a, a, &mut square);
        assert_eq!(square, [36.0, 45.0, 45.0, 57.0]);
        assert_eq!((ledger.flops(), ledger.loads()), (24 * 3, 4 + 4 + 6));
    }

    #[test]
    fn elements_live_until_dropped() {
        let ledger = Ledger::new();
        let mut kept = ledger.zeros(4, 3);
        drop(ledger.zeros(2, 5));
        kept.data_mut()[3] = 7.0;
        kept.push(&[1.0, 2.0, 3.0]);
        kept.retain(|row| row == 1 || row == 4);
        assert_eq!(kept.data(), [7.0, 0.0, 0.0, 1.0, 2.0, 3.0]);
        assert_eq!((ledger.live(), ledger.peak()), (6, 22));
        drop(kept);
        assert_eq!(ledger.live(), 0);
    }

    #[test]
    fn activations_do_not_overflow() {
        assert_eq!((sigmoid(-1e300), sigmoid(1e300), sigmoid(0.0)), (0.0, 1.0, 0.5));
        assert_eq!((silu(-1e300), silu(2e300)), (0.0, 2e300));
    }
}
