//! What *HoloBeam: Learning Optimal Beamforming in Far-Field Holographic Metasurface Transceivers* promises.

mod tree;

use rand::RngExt;
use rand::seq::SliceRandom;
use ratebook::bandits::baselines::OnceEach;
use ratebook::bandits::holo_beam::{HoloBeam, MainLobe, beams, dirichlet_gain, stages, uni_search};
use ratebook::bandits::instances::Gaussian;
use ratebook::bandits::{Bandit, FixedBudget, Pulls};
use ratebook_judge::{Claim, Paper, Source, Streams, Tolerance};

pub use tree::{final_error, pair_bound, pair_error, search_bound, search_error, two_rates_bound};

/// The paper and its claims.
pub fn paper() -> Paper {
    let method = || HoloBeam::new(POINTS, POINTS);
    let broken = |flaw| move || Ok(Broken { beam: HoloBeam::new(POINTS, POINTS)?, flaw });
    let fine = || HoloBeam::new(FINE, FINE);
    let title = "HoloBeam: Learning Optimal Beamforming in Far-Field Holographic Metasurface Transceivers";
    Paper::new("bandits/holo_beam", title)
        .arxiv("2401.05420")
        .seed_line(349)
        .claim(
            error_at_most(method, receiver())
                .control(
                    "keeps the lower side of a comparison",
                    error_at_most(broken(Flaw::Reversed), receiver()),
                )
                .control("an echo gives the first grid two peaks", error_at_most(method, echo())),
        )
        .claim(
            error_is_exact(method)
                .control("keeps the lower side of a comparison", error_is_exact(broken(Flaw::Reversed)))
                .control("stops after 512 pilots", error_is_exact(broken(Flaw::Stops))),
        )
        .claim(
            exponential_decay(method)
                .control("stops after 512 pilots", exponential_decay(broken(Flaw::Stops))),
        )
        .claim(fewer_pilots_than_arms(fine).control("searches shuffled grids", {
            fewer_pilots_than_arms(|| Ok(Broken { beam: HoloBeam::new(FINE, FINE)?, flaw: Flaw::Shuffled }))
        }))
        .claim(
            finds_every_peak(|gains| uni_search(gains.len(), pilots(gains.len()), |i, _| Ok(gains[i])))
                .control("keeps the lower side of a comparison", {
                    finds_every_peak(|gains| {
                        uni_search(gains.len(), pilots(gains.len()), |i, _| Ok(-gains[i]))
                    })
                }),
        )
}

const POINTS: usize = 16;
const FINE: usize = 32;
const ELEMENTS: u32 = 8;
const SIGMA: f64 = 0.03;
/// Where the receiver is, in grid steps: off the points, which makes the peak's neighbours hard to tell apart.
const PLACES: [f64; 2] = [4.15, 11.15];

fn lobes() -> ratebook::Result<[MainLobe; 2]> {
    Ok([MainLobe::new(ELEMENTS, POINTS, PLACES[0])?, MainLobe::new(ELEMENTS, POINTS, PLACES[1])?])
}

/// The instance of the first three claims.
fn receiver() -> ratebook::Result<Gaussian> {
    let [first, second] = lobes()?;
    beams(1.0, &first, &second, SIGMA)
}

/// A first grid over three lobes, on which an echo of 0.9 times the strength makes a second peak.
fn echo() -> ratebook::Result<Gaussian> {
    let step = 6.0 * std::f64::consts::PI / (f64::from(ELEMENTS) * (POINTS - 1) as f64);
    let lobe = |point: usize, place: f64| dirichlet_gain(ELEMENTS, step * (point as f64 - place));
    let second = MainLobe::new(ELEMENTS, POINTS, PLACES[1])?;
    let row = |point: usize| lobe(point, 1.15) + 0.9 * lobe(point, 10.15);
    Gaussian::new((0..POINTS).flat_map(|i| second.gains().iter().map(move |g| g * row(i))).collect(), SIGMA)
}

/// A curve of the number of pilots on the instance of the first three claims; NaN, which the judge refuses, where
/// the instance cannot be built.
fn on_lobes(error: fn(&[f64], &[f64], f64, f64) -> f64) -> impl Fn(f64) -> f64 + Clone {
    move |budget| lobes().map_or(f64::NAN, |[a, b]| error(a.gains(), b.gains(), budget, SIGMA))
}

/// Whether a run returns another arm than the best one.
fn is_wrong(
    policy: &impl FixedBudget,
    bandit: &ratebook::Result<Gaussian>,
    budget: f64,
    streams: &mut Streams,
) -> ratebook::Result<bool> {
    let bandit = bandit.as_ref().map_err(Clone::clone)?;
    let mut pulls = Pulls::new(bandit, budget as u64, &mut streams.noise);
    Ok(bandit.gap(policy.recommend(&mut pulls, &mut streams.algorithm)?) > 0.0)
}

/// With n pilots the wrong pair is named with probability at most the bound of the decision tree.
///
/// `bandit` is the instance with which the bound is compared, whose gains the bound assumes to be those of `receiver`.
pub fn error_at_most<P: FixedBudget>(
    make: impl Fn() -> ratebook::Result<P> + Send + Sync + 'static,
    bandit: ratebook::Result<Gaussian>,
) -> Claim {
    Claim::fails_at_most("error at most", on_lobes(pair_bound))
        .states(
            "The wrong pair is named with probability at most $\\sum e^{-n_s D^2/(8\\sigma^2)} + \\sum \
             e^{-n_f g^2/(4\\sigma^2)}$, summed over the comparisons of both decision trees.",
        )
        .assuming(
            "16 × 16 points over the main lobes of 8 elements, receiver at (4.15, 11.15) steps, σ = 0.03",
        )
        .source(Source::Derived)
        .sweep("n", [2048.0, 3072.0, 4096.0, 6144.0, 8192.0])
        .replicates(10_000, 100_000)
        .trivial(|_| 1.0)
        .event(move |budget, streams| is_wrong(&make()?, &bandit, budget, streams))
}

/// The probability of a wrong pair is the one of the decision trees.
pub fn error_is_exact<P: FixedBudget>(
    make: impl Fn() -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    let bandit = receiver();
    Claim::equals("error is exact", on_lobes(pair_error), Tolerance::Relative(0.1))
        .states("The probability of a wrong pair is that of the two decision trees, $1 - (1-e_1)(1-e_2)$.")
        .assuming(
            "16 × 16 points over the main lobes of 8 elements, receiver at (4.15, 11.15) steps, σ = 0.03",
        )
        .source(Source::Derived)
        .sweep("n", [512.0, 1024.0, 2048.0])
        .full_sweep([512.0, 1024.0, 2048.0, 4096.0])
        .replicates(40_000, 400_000)
        .detects(0.25)
        .measure(move |budget, streams| -> ratebook::Result<f64> {
            Ok(f64::from(u8::from(is_wrong(&make()?, &bandit, budget, streams)?)))
        })
}

/// The error decays exponentially: at least by e^{-1} for every 2000 pilots.
pub fn exponential_decay<P: FixedBudget>(
    make: impl Fn() -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    const UNIT: f64 = 2000.0;
    let bandit = receiver();
    // In x = e^{n/2000} exponential decay is a power law, which is what the judge fits.
    let points = [512.0, 2048.0, 4096.0, 6144.0, 8192.0].map(|n: f64| (n / UNIT).exp());
    Claim::rate("exponential decay", |x| 1.0 / x)
        .states(
            "The probability of a wrong pair falls at least like $e^{-n/2000}$ in the number of pilots $n$.",
        )
        .assuming(
            "16 × 16 points over the main lobes of 8 elements, receiver at (4.15, 11.15) steps, σ = 0.03",
        )
        .source(Source::Abstract)
        .sweep("exp(n/2000)", points)
        .replicates(40_000, 400_000)
        .measure(move |x, streams| -> ratebook::Result<f64> {
            Ok(f64::from(u8::from(is_wrong(&make()?, &bandit, (UNIT * x.ln()).round(), streams)?)))
        })
}

/// With half as many pilots as pairs, single pilots at random pairs are wrong more than five times as often.
pub fn fewer_pilots_than_arms<P: FixedBudget>(
    make: impl Fn() -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::at_least("fewer pilots than arms", |_| 0.1)
        .states(
            "With $n = K_1 K_2/2$ pilots, P(wrong) of single pilots at random pairs exceeds five times that of \
             HoloBeam, by 0.1 at least.",
        )
        .assuming("32 × 32 points over the main lobes of 8 elements, receiver at a random grid point, σ = 0.003")
        .source(Source::Empirical)
        .sweep("n", [512.0])
        .replicates(20_000, 100_000)
        .detects(0.8)
        .measure(move |budget, streams| -> ratebook::Result<f64> {
            let mut lobe = || MainLobe::new(ELEMENTS, FINE, streams.instance.random_range(0..FINE) as f64);
            let bandit = beams(1.0, &lobe()?, &lobe()?, 0.003)?;
            let mut wrong = |policy: &dyn FixedBudget| -> ratebook::Result<f64> {
                let mut pulls = Pulls::new(&bandit, budget as u64, &mut streams.noise);
                let arm = policy.recommend(&mut pulls, &mut streams.algorithm)?;
                Ok(f64::from(u8::from(bandit.gap(arm) > 0.0)))
            };
            let method = wrong(&make()?)?;
            Ok(wrong(&OnceEach)? - 5.0 * method)
        })
}

/// The least budget of a search without noise.
fn pilots(points: usize) -> u64 {
    3 * stages(points)
}

/// Without noise a search names the peak of every strictly unimodal order of its points.
pub fn finds_every_peak(search: impl Fn(&[f64]) -> ratebook::Result<usize> + Send + Sync + 'static) -> Claim {
    Claim::always("finds every peak")
        .states("Without noise a search names the peak of every strictly unimodal sequence.")
        .assuming("all 2^(K−1) strictly unimodal orders of K points")
        .source(Source::Derived)
        .exhaustive()
        .sweep("K", (2..=14).map(f64::from).collect::<Vec<_>>())
        .check(move |points, _, cases| -> ratebook::Result<()> {
            let points = points as usize;
            for left_of_peak in 0..1_u32 << (points - 1) {
                let gains = unimodal(points, left_of_peak);
                let peak = left_of_peak.count_ones() as usize;
                let found = search(&gains)?;
                cases.holds(found == peak, || format!("{found} is named in {gains:?}"));
            }
            Ok(())
        })
}

/// The strictly unimodal order of 1, …, K in which exactly the values i + 1 with bit i set stand left of the peak.
fn unimodal(points: usize, left_of_peak: u32) -> Vec<f64> {
    let is_left = |i: &usize| left_of_peak >> i & 1 == 1;
    let rising = (0..points - 1).filter(is_left);
    let falling = (0..points - 1).rev().filter(|i| !is_left(i));
    rising.chain([points - 1]).chain(falling).map(|i| (i + 1) as f64).collect()
}

/// What a broken HoloBeam does wrong.
#[derive(Debug, Clone, Copy)]
enum Flaw {
    /// It keeps the side of the lower mean.
    Reversed,
    /// It stops after 512 pilots, whatever the budget.
    Stops,
    /// It takes the points in a random order, where the gains are not unimodal.
    Shuffled,
}

#[derive(Debug, Clone, Copy)]
struct Broken {
    beam: HoloBeam,
    flaw: Flaw,
}

impl FixedBudget for Broken {
    fn recommend(&self, pulls: &mut Pulls<'_>, rng: &mut dyn rand::Rng) -> ratebook::Result<usize> {
        let budget = pulls.remaining();
        match self.flaw {
            Flaw::Reversed => self.beam.search(budget, |arm, n| Ok(-pulls.mean_of(arm, n)?)),
            Flaw::Stops => self.beam.search(budget.min(512), |arm, n| pulls.mean_of(arm, n)),
            Flaw::Shuffled => {
                let mut shuffle = || {
                    let mut order: Vec<usize> = (0..FINE).collect();
                    order.shuffle(rng);
                    order
                };
                let (rows, columns) = (shuffle(), shuffle());
                let relabel = |arm: usize| rows[arm / FINE] * FINE + columns[arm % FINE];
                self.beam.search(budget, |arm, n| pulls.mean_of(relabel(arm), n)).map(relabel)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unimodal_orders_by_hand() {
        assert_eq!(unimodal(4, 0b010), [2.0, 4.0, 3.0, 1.0]);
        assert_eq!(unimodal(3, 0b11), [1.0, 2.0, 3.0]);
        assert_eq!(pilots(16), 21);
    }
}
