//! What *Plus Strategies are Exponentially Slower for Planted Optima of Random Height* promises.

pub mod exact;

use rand::Rng;
use ratebook::combinatorial::plus_strategy::{Comma, DisOm, Evolution, Height, Plus, Selection, offspring};
use ratebook::combinatorial::{Run, Search};
use ratebook_judge::{Claim, Paper, Source, Streams, powers_of_two};

use exact::{Model, asymptotics, generations, median_slowdown, one_plus_one};

/// n·ln n: the evaluations of the comma strategy to a fixed target, up to a constant.
pub fn n_log_n(n: f64) -> f64 {
    n * n.ln()
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let flat = |setting: Setting| Setting { distorted: |_| 0.0, ..setting };
    let equal = |setting: Setting| Setting { height: Height::Constant(3.0), ..setting };
    Paper::new(
        "combinatorial/plus_strategy",
        "Plus Strategies are Exponentially Slower for Planted Optima of Random Height",
    )
    .arxiv("2404.09687")
    .seed_line(311)
    .claim(
        is_trapped("plus misses the target", FIXED_TARGET, Plus)
            .control("comma selection", is_trapped("plus misses the target", FIXED_TARGET, Comma))
            .control("no distortion", is_trapped("plus misses the target", flat(FIXED_TARGET), Plus)),
    )
    .claim(
        reaches("comma reaches the target", FIXED_TARGET, Comma)
            .control("plus selection", reaches("comma reaches the target", FIXED_TARGET, Plus)),
    )
    .claim(comma_rate(1.5, Comma).control("four offspring at every n", comma_rate(0.0, Comma)))
    .claim(
        is_trapped("plus misses the optimum", OPTIMUM, Plus)
            .control("comma selection", is_trapped("plus misses the optimum", OPTIMUM, Comma))
            .control("no distortion", is_trapped("plus misses the optimum", flat(OPTIMUM), Plus)),
    )
    .claim(
        reaches("comma reaches the optimum", OPTIMUM, Comma)
            .control("plus selection", reaches("comma reaches the optimum", OPTIMUM, Plus)),
    )
    .claim(
        is_trapped("random heights trap", HEIGHTS, Plus)
            .control("equal heights", is_trapped("random heights trap", equal(HEIGHTS), Plus)),
    )
    .claim(
        reaches("equal heights do not trap", equal(HEIGHTS_LONG), Plus)
            .control("random heights", reaches("equal heights do not trap", HEIGHTS_LONG, Plus)),
    )
    .claim(median_slowdown(0.1).control("no distortion", median_slowdown(0.0)))
    .claim(
        generations("plus generations", Plus, Model::Plus)
            .control("the comma strategy's system", generations("plus generations", Plus, Model::Comma)),
    )
    .claim(
        generations("comma generations", Comma, Model::Comma)
            .control("the plus strategy's system", generations("comma generations", Comma, Model::Plus)),
    )
    .claim(one_plus_one(1.0).control("twice the mutation rate", one_plus_one(2.0)))
    .claim(asymptotics(1.0).control("twice the mutation rate", asymptotics(2.0)))
}

/// A landscape law, a target and a budget, all functions of n.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The probability that a point is distorted.
    pub distorted: fn(f64) -> f64,
    /// The law of the heights.
    pub height: Height,
    /// k*: how many zeros a point of the target may have.
    pub zeros: fn(f64) -> f64,
    /// C of λ = ⌈C ln n⌉.
    pub c: f64,
    /// The evaluations allowed.
    pub cap: fn(f64) -> f64,
    /// The quick tier's n, and the full tier's.
    pub sweep: (&'static [f64], &'static [f64]),
    /// What is assumed, in words.
    pub words: &'static str,
}

/// The paper's setting: a target at distance √n from the optimum.
pub const FIXED_TARGET: Setting = Setting {
    distorted: |n| 0.25 / n.sqrt(),
    height: Height::Exponential { mean: 2.0 },
    zeros: |n| n.sqrt().ceil(),
    c: 1.5,
    cap: |n| 200.0 * n,
    sweep: (&[256.0], &[128.0, 256.0, 512.0]),
    words: "p = 1/(4√n), heights exponential with mean 2, target n − √n ones, λ = ⌈1.5 ln n⌉, 200 n evaluations",
};

/// The optimum itself: a sparser distortion, and enough offspring to finish.
pub const OPTIMUM: Setting = Setting {
    distorted: |n| 0.5 / n,
    height: Height::Exponential { mean: 2.0 },
    zeros: |_| 0.0,
    c: 2.5,
    cap: |n| 400.0 * n,
    sweep: (&[128.0], &[64.0, 128.0, 256.0]),
    words: "p = 1/(2n), heights exponential with mean 2, target all ones, λ = ⌈2.5 ln n⌉, 400 n evaluations",
};

/// Where equal heights are known to cost a factor O(n ln n) only.
pub const HEIGHTS: Setting = Setting {
    distorted: |n| 1.0 / n,
    height: Height::Exponential { mean: 3.0 },
    zeros: |_| 0.0,
    c: 2.5,
    cap: |_| 50_000.0,
    sweep: (&[32.0], &[32.0]),
    words: "p = 1/n, heights of mean 3, target all ones, λ = ⌈2.5 ln n⌉",
};

/// The same with twice the time.
pub const HEIGHTS_LONG: Setting = Setting { cap: |_| 100_000.0, ..HEIGHTS };

/// One run of a strategy in a setting, on a fresh landscape.
fn play<S: Selection>(
    setting: &Setting,
    lambda: usize,
    selection: S,
    n: f64,
    streams: &mut Streams,
) -> ratebook::Result<Run> {
    let landscape =
        DisOm::new(n as usize, (setting.distorted)(n), setting.height, streams.instance.next_u64())?;
    let enough = n as usize - (setting.zeros)(n) as usize;
    let strategy = Evolution::new(lambda, 1.0, selection)?;
    Ok(strategy.run(&landscape, &|x| x.len() >= enough, (setting.cap)(n) as u64, &mut streams.algorithm))
}

/// The strategy reaches the target within the cap, but for one run in ten.
pub fn reaches(
    id: &str,
    setting: Setting,
    selection: impl Selection + Copy + Send + Sync + 'static,
) -> Claim {
    Claim::fails_at_most(id, |_| 0.1)
        .states("At least nine runs in ten reach the target within the evaluations allowed.")
        .assuming(setting.words)
        .source(Source::Abstract)
        .sweep("n", setting.sweep.0)
        .full_sweep(setting.sweep.1)
        .replicates(320, 600)
        .event(move |n, streams| -> ratebook::Result<bool> {
            let lambda = offspring(setting.c, n as usize);
            Ok(!play(&setting, lambda, selection, n, streams)?.reached)
        })
}

/// The strategy reaches the target within the cap in at most six runs in ten: the others sit on a distorted
/// point.
pub fn is_trapped(
    id: &str,
    setting: Setting,
    selection: impl Selection + Copy + Send + Sync + 'static,
) -> Claim {
    Claim::fails_at_most(id, |_| 0.6)
        .states("At most six runs in ten reach the target within the evaluations allowed.")
        .assuming(setting.words)
        .source(Source::Abstract)
        .sweep("n", setting.sweep.0)
        .full_sweep(setting.sweep.1)
        .replicates(200, 1200)
        .detects(0.5)
        .event(move |n, streams| -> ratebook::Result<bool> {
            let lambda = offspring(setting.c, n as usize);
            Ok(play(&setting, lambda, selection, n, streams)?.reached)
        })
}

/// To a fixed target the comma strategy needs O(n ln n) evaluations: `c` is the C of λ = ⌈C ln n⌉, or zero for
/// λ = 4 whatever n.
///
/// A run is stopped at 5 n ln n evaluations and counts as that.
pub fn comma_rate(c: f64, selection: impl Selection + Copy + Send + Sync + 'static) -> Claim {
    const SETTING: Setting = Setting { distorted: |n| 1.0 / n, cap: |n| 5.0 * n_log_n(n), ..FIXED_TARGET };
    Claim::rate_exactly("comma rate", n_log_n)
        .states("The comma strategy needs $O(n \\ln n)$ evaluations to a fixed target.")
        .assuming("p = 1/n, heights exponential with mean 2, target n − √n ones, λ = ⌈1.5 ln n⌉")
        .source(Source::Abstract)
        .from_memory()
        .sweep("n", powers_of_two(7..=11))
        .full_sweep(powers_of_two(7..=12))
        .replicates(128, 400)
        .detects(0.15)
        .measure(move |n, streams| -> ratebook::Result<f64> {
            let lambda = if c > 0.0 { offspring(c, n as usize) } else { 4 };
            Ok(play(&SETTING, lambda, selection, n, streams)?.evaluations as f64)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        let e = std::f64::consts::E;
        assert_relative_eq!(n_log_n(e), e, max_relative = 1e-12);
        assert_relative_eq!(n_log_n(1024.0), 10_240.0 * std::f64::consts::LN_2, max_relative = 1e-12);
    }

    quickcheck! {
        fn squaring_doubles_the_logarithm(n: u8) -> bool {
            let n = f64::from(n) + 2.0;
            (n_log_n(n * n) / (2.0 * n * n_log_n(n)) - 1.0).abs() < 1e-12 && n_log_n(n + 1.0) > n_log_n(n)
        }
    }
}
