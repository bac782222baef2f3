//! The claims about output: the law of the tokens that a round emits, and how many.

use ratebook::Result;
use ratebook::decoding::instances::MarkovSource;
use ratebook::decoding::spec_dec::{Oracle, Threshold};
use ratebook::decoding::{AcceptancePredictor, Drafted, FixedLength, Pair, Speculation, StopRule, ancestral};
use ratebook::math::chance::{every_outcome, exact_law, total_variation};
use ratebook_judge::{Cases, Claim, Source, Tolerance};

use super::bounds::tokens_per_round;

/// A rule that looks at the drafted token itself.
#[derive(Debug, Clone, Copy)]
struct UntilToken(usize);

impl StopRule for UntilToken {
    fn begin(&mut self) -> bool {
        true
    }

    fn go_on(&mut self, last: &Drafted<'_>) -> bool {
        last.token != self.0
    }
}

/// The draft's own probability of its token, which is not its probability of acceptance.
#[derive(Debug, Clone, Copy)]
struct Confidence;

impl AcceptancePredictor for Confidence {
    fn acceptance(&mut self, drafted: &Drafted<'_>) -> f64 {
        drafted.law[drafted.token]
    }
}

/// The stop rules under which a round must be lossless.
fn rules(target: &MarkovSource, longest: usize) -> Result<Vec<Box<dyn StopRule>>> {
    Ok(vec![
        Box::new(FixedLength(longest)),
        Box::new(UntilToken(0)),
        Box::new(Threshold::new(Oracle::new(target.clone()), 0.4, 0, longest)?),
        Box::new(Threshold::new(Confidence, 0.6, 0, longest)?),
    ])
}

/// Targets and drafts: every pair of order-1 sources over two tokens with rows from a grid, and every pair of
/// memoryless sources over three with laws from another.
fn pairs() -> Result<Vec<(MarkovSource, MarkovSource)>> {
    const ROWS: [[f64; 2]; 4] = [[1.0, 0.0], [0.7, 0.3], [0.5, 0.5], [0.0, 1.0]];
    const LAWS: [[f64; 3]; 4] = [[1.0, 0.0, 0.0], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.0, 0.5, 0.5]];
    let rows = ROWS.iter().flat_map(|first| ROWS.map(|second| vec![first.to_vec(), second.to_vec()]));
    let two: Vec<_> = rows.map(|rows| MarkovSource::new(2, 1, &rows)).collect::<Result<_>>()?;
    let three: Vec<_> = LAWS.iter().map(|law| MarkovSource::memoryless(law)).collect::<Result<_>>()?;
    let of = |sources: Vec<MarkovSource>| -> Vec<(MarkovSource, MarkovSource)> {
        let drafts = |target: &MarkovSource| {
            sources.iter().map(|draft| (target.clone(), draft.clone())).collect::<Vec<_>>()
        };
        sources.iter().flat_map(drafts).collect()
    };
    Ok([of(two), of(three)].concat())
}

/// A round of up to K drafts, continued by the target itself, has the target's law on K + 1 tokens; by
/// induction so has any number of rounds.
pub fn lossless<S: Speculation>(method: impl Fn(usize) -> S + Send + Sync + 'static) -> Claim {
    Claim::always("lossless")
        .states("The joint law of the emitted tokens is the target's, for every stop rule that sees no acceptance coin.")
        .assuming(
            "every draft, coin and correction enumerated; all pairs of 16 order-1 sources over two tokens and of 4 \
             memoryless ones over three; fixed length, until a token, thresholds on exact and on mistaken predictions",
        )
        .source(Source::Classical)
        .exhaustive()
        .sweep("K", [0.0, 1.0, 2.0])
        .full_sweep([0.0, 1.0, 2.0, 3.0])
        .check(move |longest, _, cases| -> Result<()> {
            for (target, draft) in pairs()? {
                check_round(&method, &target, &draft, longest as usize, cases)?;
            }
            Ok(())
        })
}

fn check_round<S: Speculation>(
    method: &impl Fn(usize) -> S,
    target: &MarkovSource,
    draft: &MarkovSource,
    longest: usize,
    cases: &mut Cases,
) -> Result<()> {
    let pair = Pair::new(target, draft)?;
    let count = longest + 1;
    let wanted = exact_law(|chance| {
        let mut tokens = Vec::new();
        ancestral(target, &mut tokens, count, chance);
        tokens
    });
    for kind in 0..rules(target, longest)?.len() {
        let mut failed = None;
        let found = exact_law(|chance| {
            let mut tokens = Vec::new();
            match rules(target, longest) {
                Ok(mut rules) => {
                    method(longest).round(pair, &mut *rules[kind], &mut tokens, chance);
                }
                Err(error) => failed = Some(error),
            }
            ancestral(target, &mut tokens, count, chance);
            tokens.truncate(count);
            tokens
        });
        failed.map_or(Ok(()), Err)?;
        cases.at_most(total_variation(&found, &wanted), 1e-12, || {
            format!("rule {kind}, {target:?}, {draft:?}")
        });
    }
    Ok(())
}

/// A round of K drafts emits (1 − α^(K+1))/(1 − α) tokens on average.
pub fn emitted_per_round<S: Speculation>(method: impl Fn(usize) -> S + Send + Sync + 'static) -> Claim {
    /// The draft (1, 0) makes a round's tree as small as its length; the others have draws in it.
    const DRAFTS: [f64; 3] = [1.0, 0.8, 0.55];
    Claim::equals("tokens per round", |_| 1.0, Tolerance::Relative(1e-12))
        .states("A round of $K$ drafts emits $(1 - \\alpha^{K+1})/(1 - \\alpha)$ tokens on average, $\\alpha = 1 - TV(p, q)$.")
        .assuming(
            "memoryless sources over two tokens, α from {0.3, 0.5, 0.8, 0.95}; every draft, coin and correction \
             enumerated; measured ÷ formula",
        )
        .source(Source::Classical)
        .exhaustive()
        .sweep("K", [1.0, 2.0, 4.0, 8.0, 16.0])
        .measure(move |length, _| -> Result<Vec<f64>> {
            // Beyond 8 drafts only the draft without draws is small enough.
            let drafts = if length > 8.0 { &DRAFTS[..1] } else { &DRAFTS[..] };
            let alphas = [0.3, 0.5, 0.8, 0.95];
            let cases = alphas.iter().flat_map(|&alpha| drafts.iter().map(move |&draft| (alpha, draft)));
            // The target has TV distance 1 − α from the draft, where that leaves it a law.
            let cases = cases.filter(|(alpha, draft)| draft + alpha >= 1.0);
            let ratio = |(alpha, first): (f64, f64)| {
                let target = MarkovSource::memoryless(&[first + alpha - 1.0, 2.0 - first - alpha])?;
                let draft = MarkovSource::memoryless(&[first, 1.0 - first])?;
                let pair = Pair::new(&target, &draft)?;
                let mut rule = FixedLength(length as usize);
                let mut emitted = 0.0;
                every_outcome(
                    |chance| method(length as usize).round(pair, &mut rule, &mut Vec::new(), chance).emitted,
                    |probability, count| emitted += probability * count as f64,
                );
                Ok(emitted / tokens_per_round(alpha, length))
            };
            cases.map(ratio).collect()
        })
}
