//! A lower bound for every router: bumps too small to be seen.

use rand::RngExt;
use ratebook::Result;
use ratebook::serving::carrot_router::{Carrot, NearestNeighbors, Predictor, neighbors};
use ratebook_judge::{Claim, Source};

use super::{bumps, lower_bound};

/// δ(x) = σ_j·h·(1 − |2·(x·b − j) − 1|) in bin j of b.
#[derive(Debug, Clone)]
pub struct Tents {
    signs: Vec<f64>,
    height: f64,
}

impl Tents {
    fn delta(&self, x: f64) -> f64 {
        let at = x * self.signs.len() as f64;
        let bin = (at as usize).min(self.signs.len() - 1);
        self.signs[bin] * self.height * (1.0 - (2.0 * (at - bin as f64) - 1.0).abs())
    }

    /// ∫|δ| where the route is not to the model that fails less, by the midpoint rule.
    fn excess(&self, route: impl Fn(f64) -> usize) -> f64 {
        let points = 20 * self.signs.len();
        let wrong = |x: &f64| (route(*x) == 0) == (self.delta(*x) > 0.0);
        let grid = (0..points).map(|i| (i as f64 + 0.5) / points as f64);
        grid.filter(wrong).map(|x| self.delta(x).abs()).sum::<f64>() / points as f64
    }
}

/// A router of two models by the failures of the first, which knows that the second fails half of the time.
type Fit = fn(&[Vec<f64>], &[Vec<f64>], &Tents) -> Result<Box<dyn Fn(f64) -> usize>>;

fn fitted(points: &[Vec<f64>], labels: &[Vec<f64>], k: usize) -> Result<Box<dyn Fn(f64) -> usize>> {
    let fit = NearestNeighbors::new(points, labels, k)?;
    let predict = move |x: &[f64], table: &mut [f64]| {
        fit.predict(x, &mut table[..1]);
        table[1] = 0.5;
    };
    let router = Carrot::new(predict, 2, vec![1.0])?;
    Ok(Box::new(move |x| router.route(&[x])))
}

/// The paper's router, two worse ones, and one that knows the answer.
pub(super) fn listed() -> Claim {
    lower(|points, labels, _| fitted(points, labels, neighbors(points.len(), 1.0, 1)?))
        .peer("five neighbours", lower(|points, labels, _| fitted(points, labels, 5)))
        .peer("the average of each model", lower(|points, labels, _| fitted(points, labels, points.len())))
        .control(
            "a router told the signs",
            lower(|_, _, tents| {
                let tents = tents.clone();
                Ok(Box::new(move |x| usize::from(tents.delta(x) > 0.0)))
            }),
        )
}

/// On average over the signs every router loses at least [`lower_bound`].
pub fn lower(fit: Fit) -> Claim {
    Claim::at_least("lower", lower_bound)
        .states(
            "The mean excess risk over random signs is at least $\\frac14 \\sum_j \\int |\\delta| \\exp(-n \\int_j \\mathrm{kl})$.",
        )
        .assuming(
            "X uniform; model A fails with probability ½ ± a tent of height 1/(4b) in each of b = ⌈n^{1/3}⌉ bins, model B with ½",
        )
        .source(Source::Derived)
        .sweep("n", [1e2, 1e3, 1e4])
        .full_sweep([1e2, 1e3, 1e4, 1e5])
        .detects(0.5)
        .replicates(200, 2000)
        .measure(move |n, streams| -> Result<f64> {
            let (bins, height) = bumps(n);
            let sign = |_| if streams.instance.random() { 1.0 } else { -1.0 };
            let tents = Tents { signs: (0..bins).map(sign).collect(), height };
            let points: Vec<Vec<f64>> = (0..n as usize).map(|_| vec![streams.noise.random()]).collect();
            let fails = |x: &Vec<f64>| streams.noise.random_bool(0.5 + tents.delta(x[0]));
            let labels: Vec<Vec<f64>> = points.iter().map(fails).map(|failed| vec![f64::from(failed)]).collect();
            Ok(tents.excess(fit(&points, &labels, &tents)?))
        })
}
