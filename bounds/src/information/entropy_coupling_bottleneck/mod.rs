//! What *Minimum Entropy Coupling with Bottleneck* promises.
//!
//! All entropies are in bits. Everything but the games is exhaustive: every law in whole units, every map, every
//! coupling of a size. Theorems 2 and 3 are quoted from public digests of the paper; the forms checked here are
//! proved or derived.

mod bounds;
mod coupling;
mod game;
mod merging;
mod moves;

use ratebook::information::baselines::{BestMove, EqualGroups, LargestCell, integer_partitions};
use ratebook::information::coupling::{Greedy, Independent};
use ratebook::information::entropy_coupling_bottleneck::{FirstOrder, GreedyMerging};
use ratebook_judge::Paper;

pub use bounds::{
    accuracy, gain_kept, greedy_over_meet, greedy_over_optimum, loss_allowed, merge_loss,
    second_before_last_merge,
};
pub use coupling::{over_meet, over_optimum};
use game::ForgetsTheBelief;
pub use game::{actions_keep_their_law, beats_equal_groups, receiver_finds_the_letter};
use merging::OneMergeMore;
pub use merging::{gap_to_the_best_map, gap_to_the_rate};
use moves::{CELL_SPREAD, LETTER_SPREAD, SEARCH};
pub use moves::{move_above, move_below};

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new("information/entropy_coupling_bottleneck", "Minimum Entropy Coupling with Bottleneck")
        .arxiv("2410.21666")
        .seed_line(9)
        .claim(
            gap_to_the_rate(GreedyMerging)
                .control("one large merge more", gap_to_the_rate(OneMergeMore))
                .control("equal groups", gap_to_the_rate(EqualGroups)),
        )
        .claim(
            gap_to_the_best_map(GreedyMerging)
                .control("one large merge more", gap_to_the_best_map(OneMergeMore)),
        )
        .claim(
            move_above(FirstOrder, |epsilon| gain_kept(LETTER_SPREAD, epsilon))
                .tight(0.3)
                .refutes(
                    "Theorem 3 above the map, read at a finite rate: moving the smallest normalised cell is optimal",
                    move_above(FirstOrder, |_| 1.0),
                )
                .control(
                    "moves the largest normalised cell",
                    move_above(LargestCell, |epsilon| gain_kept(LETTER_SPREAD, epsilon)),
                ),
        )
        .claim(
            move_below(FirstOrder, |epsilon| loss_allowed(CELL_SPREAD, epsilon))
                .tight(0.3)
                .refutes(
                    "Theorem 3 below the map, read at a finite rate: lightest letter to heaviest is optimal",
                    move_below(FirstOrder, |_| 1.0),
                )
                .control(
                    "moves to any letter but the heaviest",
                    move_below(BestMove { avoid_heaviest: true, ..SEARCH }, |epsilon| {
                        loss_allowed(CELL_SPREAD, epsilon)
                    }),
                ),
        )
        .claim(over_optimum(Greedy).control("independent coupling", over_optimum(Independent)))
        .claim(over_meet(Greedy).control("independent coupling", over_meet(Independent)))
        .claim(
            actions_keep_their_law(Greedy)
                .control("couples as if all letters were equally likely", actions_keep_their_law(ForgetsTheBelief)),
        )
        .claim(
            receiver_finds_the_letter(GreedyMerging, Greedy)
                .control("action independent of the letter", receiver_finds_the_letter(GreedyMerging, Independent)),
        )
        .claim(
            beats_equal_groups(GreedyMerging, Greedy)
                .control("equal groups", beats_equal_groups(EqualGroups, Greedy))
                .control("action independent of the letter", beats_equal_groups(GreedyMerging, Independent)),
        )
}

/// The law of masses in whole units.
fn law(parts: &[u32]) -> Vec<f64> {
    let total: u32 = parts.iter().sum();
    parts.iter().map(|&part| f64::from(part) / f64::from(total)).collect()
}

/// Laws are multiples of 1/24 on the exhaustive grids.
const UNITS: u32 = 24;

/// Every law of exactly `symbols` masses in whole units of 1/24, largest first.
fn laws(symbols: usize) -> impl Iterator<Item = Vec<f64>> {
    let parts = integer_partitions(UNITS, symbols).into_iter().filter(move |parts| parts.len() == symbols);
    parts.map(|parts| law(&parts))
}
