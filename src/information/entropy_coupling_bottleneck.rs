//! Minimum Entropy Coupling with Bottleneck.
//!
//! *Checked against public digests of the paper* (the decomposition and Theorems 1 to 3); Algorithm 1
//! itself is *from memory*, and agrees with the guarantee of Theorem 2, which is proved below.
//!
//! # Problem
//! A source $X \sim p$ is to be turned into $Y$ of a *prescribed* law $q$ through a code $T$ of limited
//! entropy, $X - T - Y$ with $H(T) \le R$, so that $I(X;Y)$ is as large as possible. (Logarithmic loss:
//! there is no distortion measure. The output's law may differ from the source's, as in restoration or
//! in hiding messages in actions.)
//!
//! # Idea
//! $I(X;Y) \ge I(X;T) + I(T;Y) - R$ separates encoder and decoder. The encoder maximises $I(X;T)$
//! subject to $H(T) \le R$ (entropy-bounded information maximisation); a deterministic map with
//! $H(T) = R$ exactly would be optimal (Theorem 1), so look for one with $H(T)$ just below $R$. The
//! decoder is a minimum entropy coupling of the law of $T$ with $q$.
//!
//! # Algorithm
//! Encoder ([`GreedyMerging`], Algorithm 1), on $P = p$ sorted:
//! 1. If $H(P) \le R$, return $P$.
//! 2. Let $P_s$ be $P$ with its two smallest masses merged. If $H(P_s) \le R$, return $P_s$.
//! 3. Let $P_l$ be $P$ with its two largest masses merged. If $H(P_l) \le R$, return $P_l$.
//! 4. Otherwise $P \leftarrow P_l$ and go to 2.
//!
//! Since only large masses are merged before the last step, one cell grows and all others stay single:
//! sorting once and scanning replaces the priority queue.
//!
//! Between two deterministic maps ([`FirstOrder`], Theorem 3), from a map $g$ with entropy $R_g$:
//! 1. to go above $R_g$, take the cell with the smallest $p(x,t)/p(t)$ and move some of its mass to a
//!    new letter;
//! 2. to go below, take the smallest cell of the lightest letter and move some of its mass to the
//!    heaviest letter.
//!
//! Decoder: [`super::coupling::Greedy`]. The Markov coding game ([`CodingGame`]) at each step:
//! 1. the sender couples the receiver's belief over letters with the action law $\pi(\cdot \mid s)$;
//! 2. it draws the action from the row of its letter, so that actions are distributed as $\pi$;
//! 3. the receiver, who can compute the same table, updates its belief by Bayes' rule.
//!
//! # Theorem
//! (Theorem 2) Algorithm 1 loses at most $h(p_2) \le 1$ bit, where $h$ is the binary entropy and $p_2$
//! the second largest mass of $p$. Sharper, and proved here: for $R < H(p)$,
//! $$0 \le R - I(X;T) \le h(p_2'),$$
//! with $p_2' \le p_2$ the second largest mass just before the last merge. *Proof.* The last merge
//! started above $R$, so the gap is at most what it lost. Merging $a \ge b$ loses
//! $b \log_2 \frac{a+b}{b} + a \log_2 \frac{a+b}{a}$, increasing in both masses; for the two largest it
//! is at most its value at $a = 1 - b$, which is $h(b)$ with $b = p_2'$, and for the two smallest it is
//! less. Large merges only promote the masses below, so $p_2' \le p_2$.
//!
//! Theorem 3 calls these moves optimal for an infinitesimal change. They are optimal only to first
//! order in $\log(1/\epsilon)$: see [`BoundaryRule`].
//!
//! # Example
//! ```
//! use ratebook::information::Encoder;
//! use ratebook::information::coupling::Greedy;
//! use ratebook::information::entropy_coupling_bottleneck::{GreedyMerging, compress_and_couple};
//! # fn main() -> ratebook::Result<()> {
//! // Of four equally likely symbols two are merged to meet a rate of 1.5 bits …
//! let source = [0.25; 4];
//! assert_eq!(GreedyMerging.encode(&source, 1.5)?.entropy(), 1.5);
//! // … and a fair bit is coupled with the letter without loss.
//! let (_, coupling) = compress_and_couple(&GreedyMerging, &Greedy, &source, &[0.5, 0.5], 1.5)?;
//! assert_eq!(coupling.mutual_information(), 1.0);
//! # Ok(())
//! # }
//! ```
//!
//! # Complexity
//! Encoder $O(n \log n)$, one game step $O((n + m) \log (n + m))$ for $n$ letters and $m$ actions.
//!
//! # Reference
//! M. Reza Ebrahimi, Jun Chen, Ashish Khisti. NeurIPS 2024, arXiv 2410.21666.

use nalgebra::DMatrix;
use rand::Rng;

use super::{Coupler, Coupling, Encoder, Quantiser};
use crate::error::{Error, Result, distribution, finite, non_negative};
use crate::math::chance::Chance;
use crate::math::entropy::{binary_entropy, entropy_term};

/// Entropies this close, in bits, count as equal: sums of rounded terms in different orders.
pub const ROUNDING: f64 = 1e-12;

/// Algorithm 1: merge the largest masses until one more merge, small if possible, meets the rate.
///
/// Symbols without mass join the first letter. O(n log n).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GreedyMerging;

impl Encoder for GreedyMerging {
    fn encode(&self, source: &[f64], rate: f64) -> Result<Quantiser> {
        distribution("source", source)?;
        non_negative("rate", rate)?;
        let mut order: Vec<usize> = (0..source.len()).filter(|&x| source[x] > 0.0).collect();
        order.sort_by(|&x, &y| source[y].total_cmp(&source[x]));
        let mass = |i: usize| source[order[i]];
        let n = order.len();

        // tail[i] = ∑_{j ≥ i} φ(p_j): the entropy of the symbols that are still alone.
        let mut tail = vec![0.0; n + 1];
        for i in (0..n).rev() {
            tail[i] = tail[i + 1] + entropy_term(mass(i));
        }
        let fits = |entropy: f64| entropy <= rate + ROUNDING;

        // The letter of the i-th largest symbol when the `large` largest and the `small` smallest
        // symbols have each been merged into one letter.
        let merged = |large: usize, small: usize| {
            let mut labels = vec![0; source.len()];
            for (i, &x) in order.iter().enumerate() {
                labels[x] = i.min(n - small).saturating_sub(large - 1);
            }
            Quantiser::new(source, labels)
        };

        if fits(tail[0]) {
            return merged(1, 1); // step 1
        }
        let mut large = mass(0);
        for merges in 1..n {
            // P: the first `merges` symbols in one cell of mass `large`, n − merges single cells.
            if merges + 1 < n {
                let small = mass(n - 2) + mass(n - 1);
                let kept = tail[merges] - tail[n - 2];
                if fits(entropy_term(large) + kept + entropy_term(small)) {
                    return merged(merges, 2); // step 2
                }
            }
            large += mass(merges);
            if merges + 1 == n || fits(entropy_term(large) + tail[merges + 1]) {
                return merged(merges + 1, 1); // step 3; one cell has entropy zero
            }
        }
        merged(n, 1)
    }
}

/// Part of one symbol's mass leaves its letter: the smallest step away from a deterministic map.
///
/// The methods take the source and the map that the move was made for, and panic if the symbol or the
/// letter is not one of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The symbol x whose mass is split.
    pub symbol: usize,
    /// The letter that receives mass, or `None` for a new one.
    pub to: Option<usize>,
}

impl Move {
    /// The masses of the letter that gives and of the one that receives.
    fn ends(&self, map: &Quantiser) -> (f64, f64) {
        (map.masses()[map.labels()[self.symbol]], self.to.map_or(0.0, |to| map.masses()[to]))
    }

    /// The change of H(T) in bits when `mass` moves, accurate for tiny masses too.
    pub fn entropy_change(&self, map: &Quantiser, mass: f64) -> f64 {
        let (from, to) = self.ends(map);
        // φ(a − m) − φ(a) and φ(b + m) − φ(b) without cancellation.
        let shrink = |a: f64| mass * a.log2() - (a - mass) * (-mass / a).ln_1p() / std::f64::consts::LN_2;
        let grow = |b: f64| -mass * b.log2() - (b + mass) * (mass / b).ln_1p() / std::f64::consts::LN_2;
        let given = if mass < from { shrink(from) } else { -entropy_term(from) };
        given + if to > 0.0 { grow(to) } else { entropy_term(mass) }
    }

    /// The change of I(X;T) in bits: what H(T) gains, less the letter's new uncertainty given x.
    pub fn information_change(&self, source: &[f64], map: &Quantiser, mass: f64) -> f64 {
        let cell = source[self.symbol];
        self.entropy_change(map, mass) - cell * binary_entropy((mass / cell).min(1.0))
    }

    /// The mass in (0, `most`] that changes H(T) by `change` bits, if there is one; where two do (H(T)
    /// first rises, then falls), the smaller for a rise and the only one for a fall.
    pub fn mass_for(&self, map: &Quantiser, change: f64, most: f64) -> Option<f64> {
        let (from, to) = self.ends(map);
        // H(T) rises until both letters weigh the same, and is back where it was at from − to.
        let (mut low, mut high) =
            if change > 0.0 { (0.0, most.min((from - to) / 2.0)) } else { ((from - to).max(0.0), most) };
        let excess = |mass: f64| (self.entropy_change(map, mass) - change) * change.signum();
        if !(high > low && excess(high) >= 0.0) {
            return None;
        }
        // Newton's step where it stays inside the bracket, bisection where it does not.
        let mut mass = high;
        for _ in 0..200 {
            let gap = excess(mass);
            if gap >= 0.0 {
                high = mass
            } else {
                low = mass
            }
            let slope = ((from - mass) / (to + mass)).log2() * change.signum();
            let newton = mass - gap / slope;
            let next = if newton > low && newton < high { newton } else { (low + high) / 2.0 };
            if (next - mass).abs() <= 1e-15 * mass {
                break;
            }
            mass = next;
        }
        Some(mass)
    }

    /// The joint law of symbol and letter after `mass` has moved.
    pub fn apply(&self, source: &[f64], map: &Quantiser, mass: f64) -> DMatrix<f64> {
        let letters = map.masses().len();
        let mut joint = map.joint(source);
        if self.to.is_none() {
            joint = joint.insert_column(letters, 0.0);
        }
        joint[(self.symbol, map.labels()[self.symbol])] -= mass;
        joint[(self.symbol, self.to.unwrap_or(letters))] += mass;
        joint
    }
}

/// A rule for leaving a deterministic map when its entropy is to change a little.
///
/// Theorem 3's rule is [`FirstOrder`], which is optimal in the limit of an infinitesimal change, and only
/// there. To raise H(T) by ε with a new letter, a cell of mass c in a letter of mass a has to move
/// δ ≈ ε / log₂(e·a/δ) and gains about δ·log₂(a/c) bits of information. So the ratio of two cells' gains
/// tends to the ratio of their log₂(a/c), which the rule maximises, but it tends there only like
/// 1/log(1/ε): at any ε that a computer or a plot uses, a cell with almost as small a share of a lighter
/// letter can do better.
pub trait BoundaryRule {
    /// The move to make when H(T) is to change by `change` bits; `None` if this rule knows of none.
    fn choose(&self, source: &[f64], map: &Quantiser, change: f64) -> Option<Move>;
}

/// Theorem 3's rule, ties in favour of the lighter letter (better in second order).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FirstOrder;

impl BoundaryRule for FirstOrder {
    fn choose(&self, source: &[f64], map: &Quantiser, change: f64) -> Option<Move> {
        let letter = |x: usize| map.masses()[map.labels()[x]];
        let symbols = (0..source.len()).filter(|&x| source[x] > 0.0);
        if change > 0.0 {
            // Above: the smallest normalised cell opens a new letter. A cell alone in its letter
            // gains nothing by it.
            let key = |x: usize| (source[x] / letter(x), letter(x));
            let shared = symbols.filter(|&x| source[x] < letter(x));
            return shared
                .min_by(|&x, &y| lexicographic(key(x), key(y)))
                .map(|symbol| Move { symbol, to: None });
        }
        // Below: the smallest cell of the lightest letter joins the heaviest other letter.
        let symbol =
            symbols.min_by(|&x, &y| lexicographic((letter(x), source[x]), (letter(y), source[y])))?;
        let others = (0..map.masses().len()).filter(|&t| t != map.labels()[symbol]);
        let heaviest = others.max_by(|&s, &t| map.masses()[s].total_cmp(&map.masses()[t]))?;
        Some(Move { symbol, to: Some(heaviest) })
    }
}

/// Orders by the first number, and by the second where the first agree up to rounding.
fn lexicographic(a: (f64, f64), b: (f64, f64)) -> std::cmp::Ordering {
    if (a.0 - b.0).abs() <= ROUNDING * a.0.max(b.0) { a.1.total_cmp(&b.1) } else { a.0.total_cmp(&b.0) }
}

/// The joint law of symbol and letter that `rule` reaches from `map` when H(T) is set to `rate` bits.
///
/// # Errors
/// `rate` is not finite, or one move of the rule cannot reach it.
pub fn leave<R: BoundaryRule>(rule: &R, source: &[f64], map: &Quantiser, rate: f64) -> Result<DMatrix<f64>> {
    let change = finite("rate", rate)? - map.entropy();
    if change.abs() <= ROUNDING {
        return Ok(map.joint(source));
    }
    let choice = rule.choose(source, map, change);
    let reached = choice.and_then(|step| Some((step, step.mass_for(map, change, source[step.symbol])?)));
    let unreachable =
        Error::OutOfRange { name: "rate", value: rate, requirement: "within reach of one move" };
    reached.map(|(step, mass)| step.apply(source, map, mass)).ok_or(unreachable)
}

/// Encoder and decoder together: the code of `source` at `rate` bits, and the coupling of its letter
/// with the prescribed output law `target`.
///
/// # Errors
/// Those of [`Encoder::encode`] and [`Coupler::couple`].
pub fn compress_and_couple<E: Encoder, C: Coupler>(
    encoder: &E,
    coupler: &C,
    source: &[f64],
    target: &[f64],
    rate: f64,
) -> Result<(Quantiser, Coupling)> {
    let map = encoder.encode(source, rate)?;
    let coupling = coupler.couple(map.masses(), target)?;
    Ok((map, coupling))
}

/// One player of a Markov coding game, in which a letter is hidden in actions.
///
/// Sender and receiver each hold one, built from the same prior: both see the policy of every state and
/// every action, so both can compute the table that the action is drawn from, and their beliefs stay the
/// same.
#[derive(Debug, Clone)]
pub struct CodingGame<C> {
    coupler: C,
    belief: Vec<f64>,
}

impl<C: Coupler> CodingGame<C> {
    /// A player before the first action, when letters have the law `prior`.
    ///
    /// # Errors
    /// `prior` is not a distribution.
    pub fn new(coupler: C, prior: Vec<f64>) -> Result<Self> {
        distribution("prior", &prior)?;
        Ok(Self { coupler, belief: prior })
    }

    /// The law of the letter given the actions so far: what the receiver knows.
    pub fn belief(&self) -> &[f64] {
        &self.belief
    }

    /// The sender's turn: the action that tells of `letter` when actions are to have the law `policy`.
    /// Averaged over the belief it has exactly that law.
    ///
    /// # Errors
    /// `policy` is not a distribution; `letter` is not a letter, or one the belief has excluded.
    pub fn act(&mut self, letter: usize, policy: &[f64], rng: &mut dyn Rng) -> Result<usize> {
        if !self.belief.get(letter).is_some_and(|&mass| mass > 0.0) {
            let requirement = "a letter of positive belief";
            return Err(Error::OutOfRange { name: "letter", value: letter as f64, requirement });
        }
        let coupling = self.coupler.couple(&self.belief, policy)?; // step 1
        let action = rng.choose(&coupling.conditional(letter)); // step 2
        self.belief = coupling.posterior(action); // step 3, for the sender's own copy
        Ok(action)
    }

    /// The receiver's turn: what seeing `action` says about the letter.
    ///
    /// # Errors
    /// `policy` is not a distribution; `action` is not an action of positive probability.
    pub fn observe(&mut self, action: usize, policy: &[f64]) -> Result<()> {
        if !policy.get(action).is_some_and(|&mass| mass > 0.0) {
            let requirement = "an action of positive probability";
            return Err(Error::OutOfRange { name: "action", value: action as f64, requirement });
        }
        self.belief = self.coupler.couple(&self.belief, policy)?.posterior(action); // step 3
        Ok(())
    }
}
