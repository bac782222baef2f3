//! What *Online normalizer calculation for softmax* promises.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use ratebook::math::double_double::DoubleDouble;
use ratebook::math::sequences::sequences;
use ratebook::serving::baselines::{Naive, RelativeToFirst, Safe, SafeThenTopK, TwoPass, Unscaled};
use ratebook::serving::online_softmax::{Normalizer, Online};
use ratebook::serving::{Meter, Ranked, RunningNormalizer, Softmax, TopK};
use ratebook_judge::{Cases, Claim, Paper, Source, Streams, Tolerance};

/// The unit of roundoff of `f64`.
const U: f64 = f64::EPSILON / 2.0;

/// Accesses of a softmax that touches each of V elements `passes` times: 3 V online and unsafe, 4 V safe.
pub fn softmax_accesses(passes: f64, size: f64) -> f64 {
    passes * size
}

/// Accesses of a softmax with top-k: `passes`·V and one for each of the min(K, V) results. 1 pass fused, 5 for
/// the safe softmax followed by top-k.
pub fn top_k_accesses(passes: f64, size: f64, kept: f64) -> f64 {
    passes * size + kept.min(size)
}

/// (4 n + 4 R + 16)·u: the relative error of a probability, to first order in u, when no logit passes through
/// more than n steps or merges and the logits span R.
///
/// Derived: a step multiplies, adds and takes an exponential of relative error 2u, 4u in all; the rounded
/// arguments x − m of the exponentials add up to at most R·u along a chain and again R·u over the merges, which
/// telescope too; the numerator has R·u of its own; 16u covers its exponential, the reciprocal, the product.
pub fn rounding_error(steps: f64, range: f64) -> f64 {
    (4.0 * steps + 4.0 * range + 16.0) * U
}

/// The longest chain of steps and merges on `lanes` lanes: ⌈V/lanes⌉ + lanes, V on a single one.
pub fn steps(size: f64, lanes: f64) -> f64 {
    if lanes == 1.0 { size } else { (size / lanes).ceil() + lanes }
}

/// (4 n + 2 R + 8)·u: the relative error of the normaliser of n logits that span R, merged in any tree. Derived
/// as [`rounding_error`], without the numerator.
pub fn normaliser_error(size: f64, range: f64) -> f64 {
    (4.0 * size + 2.0 * range + 8.0) * U
}

/// (6 V + 8)·u: how far the V probabilities of the sequential form can add up from 1.
///
/// Derived: 4u per step as in [`rounding_error`]; weighted by the probabilities, the rounded arguments cost at
/// most z·e^{−z}·u ≤ 0.37u each, in the numerators and in the normaliser.
pub fn sum_error(size: f64) -> f64 {
    (6.0 * size + 8.0) * U
}

/// Results kept by top-k, as in the paper's experiments.
const KEPT: usize = 5;

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new("serving/online_softmax", "Online normalizer calculation for softmax")
        .arxiv("1805.02867")
        .seed_line(185)
        .claim(
            accesses("accesses", Online::<16>, 3.0)
                .control("the safe softmax", accesses("accesses", Safe::<16>, 3.0))
                .baseline("the unsafe softmax", accesses("accesses", Naive, 3.0)),
        )
        .claim(
            accesses("accesses of the safe softmax", Safe::<16>, 4.0)
                .control("the online softmax", accesses("accesses of the safe softmax", Online::<16>, 4.0)),
        )
        .claim(fused_accesses("accesses fused with top-k", Online::<16>, 1.0).control(
            "the safe softmax, then top-k",
            fused_accesses("accesses fused with top-k", SafeThenTopK::<16>::default(), 1.0),
        ))
        .claim(
            fused_accesses("accesses of safe softmax then top-k", SafeThenTopK::<16>::default(), 5.0)
                .control(
                    "the fused form",
                    fused_accesses("accesses of safe softmax then top-k", Online::<16>, 5.0),
                ),
        )
        .claim(
            error_where_addends_vanish(Online::<1>, 1.0).tight(0.8).control(
                "forgets to rescale",
                error_where_addends_vanish(TwoPass::<Unscaled<f64>>::new(), 1.0),
            ),
        )
        .claim(
            error(Online::<1>, 1.0)
                .control("forgets to rescale", error(TwoPass::<Unscaled<f64>>::new(), 1.0))
                .control("the unsafe softmax", error(Naive, 1.0)),
        )
        .claim(
            error_on_lanes(Online::<16>, 16.0)
                .control("forgets to rescale", error_on_lanes(TwoPass::<Unscaled<f64>>::new(), 16.0))
                .control("the unsafe softmax", error_on_lanes(Naive, 16.0)),
        )
        .claim(
            any_tree::<Normalizer<f64>>()
                .control("merges without rescaling", any_tree::<Unscaled<f64>>())
                .control(
                    "keeps the normaliser relative to the first logit",
                    any_tree::<RelativeToFirst<f64>>(),
                ),
        )
        .claim(safe_normaliser::<Normalizer<f64>>().control(
            "keeps the normaliser relative to the first logit",
            safe_normaliser::<RelativeToFirst<f64>>(),
        ))
}

/// Logits for counting accesses: their values must not matter.
fn sawtooth(size: usize) -> Vec<f64> {
    (0..size).map(|i| 0.1 * (i % 97) as f64).collect()
}

/// A softmax makes exactly `passes` accesses per element, counted as they happen.
pub fn accesses(id: &str, method: impl Softmax<f64> + Send + Sync + 'static, passes: f64) -> Claim {
    Claim::equals(id, move |size| softmax_accesses(passes, size), Tolerance::Relative(0.0))
        .states(&format!("Softmax over $V$ logits makes exactly ${passes} V$ memory accesses."))
        .assuming("elements read and written are counted by the memory on the real run")
        .source(Source::Abstract)
        .from_memory()
        .computed()
        .sweep("V", [1.0, 7.0, 100.0, 1e3, 1e4, 1e5, 1e6])
        .measure(move |size, _| -> ratebook::Result<f64> {
            let meter = Meter::new();
            let mut y = meter.memory(vec![0.0; size as usize]);
            method.softmax(&meter.memory(sawtooth(size as usize)), &mut y)?;
            Ok(meter.accesses() as f64)
        })
}

/// Softmax with top-k makes exactly `passes` accesses per element and one per result.
pub fn fused_accesses(id: &str, method: impl TopK<f64> + Send + Sync + 'static, passes: f64) -> Claim {
    let factor = if passes == 1.0 { String::new() } else { passes.to_string() };
    Claim::equals(id, move |size| top_k_accesses(passes, size, KEPT as f64), Tolerance::Relative(0.0))
        .states(&format!(
            "Softmax with top-$K$ over $V \\ge K$ logits makes exactly ${factor} V + K$ memory accesses."
        ))
        .assuming("K = 5; a result (index and probability) counts as one access")
        .source(Source::Abstract)
        .from_memory()
        .computed()
        .sweep("V", [7.0, 100.0, 1e3, 1e4, 1e5, 1e6])
        .measure(move |size, _| -> ratebook::Result<f64> {
            let meter = Meter::new();
            let mut y = meter.memory(vec![Ranked { index: 0, value: 0.0 }; KEPT]);
            method.top_k(&meter.memory(sawtooth(size as usize)), &mut y)?;
            Ok(meter.accesses() as f64)
        })
}

/// The largest relative error of a probability against about 100 bits; 1 where the method gives up.
fn worst_error(method: &impl Softmax<f64>, x: &[f64]) -> f64 {
    let mut y = vec![0.0; x.len()];
    if method.softmax(x, &mut y).is_err() {
        return 1.0;
    }
    let max = DoubleDouble::from(x.iter().copied().fold(f64::MIN, f64::max));
    let weights: Vec<_> = x.iter().map(|&logit| (DoubleDouble::from(logit) - max).exp()).collect();
    let sum = weights.iter().copied().sum();
    let error = |(weight, y): (DoubleDouble, f64)| {
        let exact = weight / sum;
        ((DoubleDouble::from(y) - exact) / exact).to_f64().abs()
    };
    weights.into_iter().zip(y).map(error).fold(0.0, f64::max)
}

/// The first logit is 0, all others −36.8: below half a unit in the last place of the running sum, so that the
/// sequential form loses every one of them.
fn nearly_lost(size: usize) -> Vec<f64> {
    (0..size).map(|i| if i == 0 { 0.0 } else { -36.8 }).collect()
}

/// Where every addend is rounded away, the error comes within a factor of about four of the bound.
pub fn error_where_addends_vanish(method: impl Softmax<f64> + Send + Sync + 'static, lanes: f64) -> Claim {
    Claim::at_most("error where addends vanish", move |size| rounding_error(steps(size, lanes), 36.8))
        .states("The relative error of every probability is at most $(4V + 4R + 16) u$, $R$ the range of the logits.")
        .assuming("f64, u = 2⁻⁵³, logits (0, −36.8, …, −36.8) and reversed, R = 36.8; one lane")
        .source(Source::Derived)
        .computed()
        .sweep("V", [10.0, 100.0, 1e3, 1e4])
        .full_sweep([10.0, 100.0, 1e3, 1e4, 1e5])
        .measure(move |size, _| {
            let x = nearly_lost(size as usize);
            let reversed: Vec<f64> = x.iter().rev().copied().collect();
            vec![worst_error(&method, &x), worst_error(&method, &reversed)]
        })
}

/// Logits that try the recurrence: Gaussian around 0 and around 1000, ramps up and down, spikes, vanishing
/// addends.
fn trying_logits(size: usize, streams: &mut Streams) -> Vec<Vec<f64>> {
    let mut gaussian = |mean: f64| -> Vec<f64> {
        let normal = StandardNormal.sample_iter(&mut streams.instance).take(size);
        normal.map(|z: f64| mean + 3.0 * z).collect()
    };
    let (centred, shifted) = (gaussian(0.0), gaussian(1000.0));
    let ramp = |height: f64| -> Vec<f64> { (0..size).map(|i| height * i as f64 / size as f64).collect() };
    let (up, steep) = (ramp(0.001), ramp(600.0));
    let down = steep.iter().rev().copied().collect();
    let spikes =
        (0..size).map(|i| if i % 7 == 3 { 300.0 * streams.instance.random::<f64>() } else { 0.0 }).collect();
    vec![centred, shifted, up, steep, down, spikes, nearly_lost(size)]
}

/// error ÷ bound for each kind of logits.
fn errors_in_bounds(method: &impl Softmax<f64>, lanes: f64, size: f64, streams: &mut Streams) -> Vec<f64> {
    let ratio = |x: Vec<f64>| {
        let (low, high) = x.iter().fold((f64::MAX, f64::MIN), |(low, high), &x| (x.min(low), x.max(high)));
        worst_error(method, &x) / rounding_error(steps(size, lanes), high - low)
    };
    trying_logits(size as usize, streams).into_iter().map(ratio).collect()
}

/// The sequential form keeps its error bound on every kind of logits.
pub fn error(method: impl Softmax<f64> + Send + Sync + 'static, lanes: f64) -> Claim {
    Claim::at_most("error", |_| 1.0)
        .states("The relative error of every probability, divided by $(4V + 4R + 16) u$, is at most 1.")
        .assuming(
            "f64, u = 2⁻⁵³; Gaussian logits around 0 and 1000, ramps by 0.001 and by 600, spikes, vanishing addends",
        )
        .source(Source::Derived)
        .computed()
        .sweep("V", [10.0, 100.0, 1e3, 1e4])
        .full_sweep([10.0, 100.0, 1e3, 1e4, 1e5])
        .measure(move |size, streams| errors_in_bounds(&method, lanes, size, streams))
}

/// The parallel form has the shorter chains' bound.
pub fn error_on_lanes(method: impl Softmax<f64> + Send + Sync + 'static, lanes: f64) -> Claim {
    let mut claim = error(method, lanes);
    claim.id = "error_on_lanes".into();
    claim.states(
        "On $L$ lanes the relative error of every probability, divided by $(4 (V/L + L) + 4R + 16) u$, is at most 1.",
    )
}

/// A grid of logits with ties, tiny and huge gaps, entries that vanish and entries without mass.
const GRID: [f64; 6] = [f64::NEG_INFINITY, -1e6, -36.8, 0.0, 1e-9, 600.0];

/// The results of merging the logits in order by every binary tree.
fn every_tree<N: RunningNormalizer<f64>>(x: &[f64]) -> ratebook::Result<Vec<N>> {
    if let [logit] = x {
        return N::of(*logit).map(|only| vec![only]);
    }
    let mut results = Vec::new();
    for at in 1..x.len() {
        let (left, right) = (every_tree::<N>(&x[..at])?, every_tree::<N>(&x[at..])?);
        results.extend(left.iter().flat_map(|&left| right.iter().map(move |&right| left.merge(right))));
    }
    Ok(results)
}

/// The operation ⊕ gives the maximum exactly and the normaliser to rounding, in any order and any tree.
pub fn any_tree<N: RunningNormalizer<f64> + 'static>() -> Claim {
    Claim::always("any tree")
        .states(
            "Merged by $\\oplus$ in any order and any tree, the maximum is exact and the normaliser within \
             $(4n + 2R + 8) u$; $(-\\infty, 0)$ is the identity.",
        )
        .assuming("f64; every sequence of n logits from {−∞, −10⁶, −36.8, 0, 10⁻⁹, 600}, every binary tree")
        .source(Source::Derived)
        .exhaustive()
        .sweep("n", [1.0, 2.0, 3.0, 4.0])
        .full_sweep([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        .check(|size, _, cases| -> ratebook::Result<()> {
            for x in sequences(&GRID, size as usize) {
                check_trees::<N>(&x, cases)?;
            }
            Ok(())
        })
}

/// |error|, at most 10¹⁰⁰; NaN and ∞, which only a broken normaliser gives, are counter-examples, not faults of
/// the experiment.
fn counted(error: f64) -> f64 {
    if error.abs() < 1e100 { error.abs() } else { 1e100 }
}

fn check_trees<N: RunningNormalizer<f64>>(x: &[f64], cases: &mut Cases) -> ratebook::Result<()> {
    let finite = || x.iter().copied().filter(|logit| logit.is_finite());
    let max = finite().fold(f64::NEG_INFINITY, f64::max);
    let range = finite().fold(0.0_f64, |range, logit| range.max(max - logit));
    let weight = |logit: f64| (DoubleDouble::from(logit) - DoubleDouble::from(max)).exp();
    let exact: DoubleDouble = finite().map(weight).sum();
    let tolerance = normaliser_error(x.len() as f64, range) * exact.to_f64();
    let nothing = N::of(f64::NEG_INFINITY)?;
    for merged in every_tree::<N>(x)? {
        cases.holds(merged.max() == max, || format!("maximum of {x:?}"));
        let error = counted((DoubleDouble::from(merged.sum()) - exact).to_f64());
        cases.at_most(error, tolerance, || format!("normaliser of {x:?}"));
        let identities = [merged.merge(nothing), nothing.merge(merged)];
        let same = |other: N| other.max() == merged.max() && other.sum() == merged.sum();
        cases.holds(identities.into_iter().all(same), || format!("identity at {x:?}"));
    }
    Ok(())
}

/// The running normaliser is at least 1 and at most the number of logits, so it neither overflows nor
/// vanishes, and the probabilities add up to 1.
pub fn safe_normaliser<N: RunningNormalizer<f64> + 'static>() -> Claim {
    Claim::always("safe normaliser")
        .states("$1 \\le d_j \\le j$ at every step of the pass, and $|\\sum_i y_i - 1| \\le (6V + 8) u$.")
        .assuming("f64; every sequence of V logits from {−∞, −10⁶, −36.8, 0, 10⁻⁹, 600} with a finite one")
        .source(Source::Derived)
        .exhaustive()
        .sweep("V", [1.0, 2.0, 3.0, 4.0, 5.0])
        .full_sweep([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
        .check(|size, _, cases| -> ratebook::Result<()> {
            for x in sequences(&GRID, size as usize).filter(|x| x.iter().any(|logit| logit.is_finite())) {
                check_pass::<N>(&x, cases)?;
            }
            Ok(())
        })
}

fn check_pass<N: RunningNormalizer<f64>>(x: &[f64], cases: &mut Cases) -> ratebook::Result<()> {
    let mut running = N::of(x[0])?;
    for (j, &logit) in x.iter().enumerate() {
        running = if j == 0 { running } else { running.merge(N::of(logit)?) };
        let massive = x[..=j].iter().any(|logit| logit.is_finite());
        let allowed = if massive { 1.0..=(j + 1) as f64 } else { 0.0..=0.0 };
        cases.holds(allowed.contains(&running.sum()), || {
            format!("d = {} after {:?}", running.sum(), &x[..=j])
        });
    }
    let mut y = vec![0.0; x.len()];
    // A method that refuses these logits has no sum to check; its normaliser was checked above.
    if TwoPass::<N>::new().softmax(x, &mut y).is_ok() {
        let sum: DoubleDouble = y.into_iter().map(DoubleDouble::from).sum();
        let excess = counted((sum - DoubleDouble::from(1.0)).to_f64());
        cases.at_most(excess, sum_error(x.len() as f64), || format!("sum of the softmax of {x:?}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_eq!(softmax_accesses(3.0, 1000.0), 3000.0);
        assert_eq!(top_k_accesses(5.0, 1000.0, 5.0), 5005.0);
        assert_eq!(top_k_accesses(1.0, 3.0, 5.0), 6.0);
        assert_eq!(steps(1000.0, 1.0), 1000.0);
        assert_eq!(steps(1000.0, 16.0), 79.0);
        let u = 1.110_223_024_625_156_5e-16;
        assert_relative_eq!(rounding_error(1000.0, 36.8), 4163.2 * u, max_relative = 1e-12);
        assert_relative_eq!(normaliser_error(10.0, 50.0), 148.0 * u, max_relative = 1e-12);
        assert_relative_eq!(sum_error(12.0), 80.0 * u, max_relative = 1e-12);
    }

    quickcheck! {
        fn more_passes_cost_more(size: u16) -> bool {
            let size = f64::from(size) + 1.0;
            top_k_accesses(1.0, size, 5.0) <= softmax_accesses(3.0, size)
                && softmax_accesses(3.0, size) < softmax_accesses(4.0, size)
                && softmax_accesses(4.0, size) < top_k_accesses(5.0, size, 5.0)
        }

        fn errors_grow_with_size_and_range(size: u16, range: u8) -> bool {
            let (size, range) = (f64::from(size), f64::from(range));
            rounding_error(size, range) <= rounding_error(size + 1.0, range)
                && rounding_error(size, range) < rounding_error(size, range + 1.0)
                && normaliser_error(size, range) <= rounding_error(size, range)
        }

        fn lanes_shorten_long_chains(size: u16) -> bool {
            let size = f64::from(size) + 32.0;
            steps(size, 16.0) <= steps(size, 1.0) && steps(2.0 * size, 16.0) >= steps(size, 16.0)
        }
    }
}
