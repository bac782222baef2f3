//! The claims about what can be had: the best fixed scheme, and the best menu.

use ratebook::online::bayesian_persuasion::{Menu, Persuasion};
use ratebook_judge::{Claim, Source};

use super::{best_conviction, concave_envelope, conviction};

/// All sets of `size` elements of `items`, in order.
fn subsets(items: &[f64], size: usize) -> Vec<Vec<f64>> {
    match (size, items) {
        (0, _) => vec![Vec::new()],
        (_, []) => Vec::new(),
        (_, [first, rest @ ..]) => {
            let with = subsets(rest, size - 1).into_iter().map(|set| [&[*first], &set[..]].concat());
            with.chain(subsets(rest, size)).collect()
        }
    }
}

/// All frequencies of `types` types that are multiples of 1/4.
fn quarters(types: usize) -> Vec<Vec<f64>> {
    fn compose(types: usize, total: u32) -> Vec<Vec<f64>> {
        if types == 1 {
            return vec![vec![f64::from(total) / 4.0]];
        }
        let with = |first: u32| {
            compose(types - 1, total - first)
                .into_iter()
                .map(move |rest| [&[f64::from(first) / 4.0], &rest[..]].concat())
        };
        (0..=total).flat_map(with).collect()
    }
    compose(types, 4)
}

/// The best scheme of V attains the closed form, which no scheme on a grid of 1001 posteriors exceeds.
pub fn offline_optimum(
    courtroom: impl Fn(f64, &[f64]) -> ratebook::Result<Persuasion> + Send + Sync + 'static,
) -> Claim {
    Claim::always("offline optimum")
        .states(
            "The best vertex of $V$ is worth $\\max_j \\sum_k f_k (\\mu/\\tau_j) 1[\\tau_k \\le \\tau_j]$, the concave \
             envelope at $\\mu$ ($\\min(1, \\mu/\\tau)$ for one type).",
        )
        .assuming(
            "priors 0.1, 0.2, 0.3, 0.4; all sets of up to 3 of the thresholds 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, all \
             frequencies in quarters; one threshold below the prior too; envelope over 1001 posteriors",
        )
        .source(Source::Classical)
        .exhaustive()
        .sweep("types", [1.0, 2.0, 3.0])
        .check(move |types, _, cases| -> ratebook::Result<()> {
            let thresholds = [0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
            for prior in [0.1, 0.2, 0.3, 0.4] {
                for taus in subsets(&thresholds, types as usize) {
                    let game = courtroom(prior, &taus)?;
                    for frequencies in quarters(types as usize) {
                        let worth = game.best_fixed(&frequencies)?.1;
                        let at = |i: usize| {
                            let posterior = i as f64 / 1000.0;
                            let utility = |k: usize| frequencies[k] * game.best_response(posterior, k).1;
                            (0..taus.len()).map(utility).sum()
                        };
                        let grid: Vec<f64> = (0..=1000).map(at).collect();
                        let expected = best_conviction(prior, &taus, &frequencies);
                        let name = || format!("prior {prior}, thresholds {taus:?}, frequencies {frequencies:?}");
                        cases.close(worth, expected, 1e-12, name);
                        cases.close(concave_envelope(&grid, prior), worth, 1e-9, name);
                    }
                }
                for tau in [0.05, 0.1, 0.3, 0.5] {
                    let worth = courtroom(prior, &[tau])?.best_fixed(&[1.0])?.1;
                    cases.close(worth, conviction(prior, tau), 1e-12, || format!("prior {prior}, threshold {tau}"));
                }
            }
            Ok(())
        })
}

/// A menu is worth at least what the best scheme for everybody is (exactly that for one type), and the receivers'
/// own best reports and actions bring the sender what the linear program promises.
pub fn menus(
    menu: impl Fn(&Persuasion, &[f64]) -> ratebook::Result<(Menu, f64)> + Send + Sync + 'static,
) -> Claim {
    Claim::always("menus")
        .states(
            "The best menu is worth at least as much as the best scheme without reports, as much for one type, and is \
             truthful: best-responding receivers realise its value.",
        )
        .assuming("priors 0.1, 0.2, 0.3; all sets of up to 3 of the thresholds 0.35, 0.5, 0.65, 0.8; all frequencies in quarters")
        .source(Source::Derived)
        .exhaustive()
        .sweep("types", [1.0, 2.0, 3.0])
        .check(move |types, _, cases| -> ratebook::Result<()> {
            for prior in [0.1, 0.2, 0.3] {
                for taus in subsets(&[0.35, 0.5, 0.65, 0.8], types as usize) {
                    let game = Persuasion::courtroom(prior, &taus)?;
                    for frequencies in quarters(types as usize) {
                        let name = || format!("prior {prior}, thresholds {taus:?}, frequencies {frequencies:?}");
                        let (menu, promised) = menu(&game, &frequencies)?;
                        let fixed = game.best_fixed(&frequencies)?.1;
                        cases.at_most(fixed, promised + 1e-9, name);
                        if types == 1.0 {
                            cases.close(promised, fixed, 1e-9, name);
                        }
                        let realised = |k: usize| frequencies[k] * menu.realised(&game, k).1;
                        cases.close((0..taus.len()).map(realised).sum(), promised, 1e-7, name);
                    }
                }
            }
            Ok(())
        })
}
