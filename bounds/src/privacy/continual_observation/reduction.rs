//! The claims about the lower bound: column sums of a table through a stream's MaxSum answers.

use rand::RngExt;
use ratebook::Result;
use ratebook::math::sequences::sequences;
use ratebook::privacy::channel::{Ledger, Noisy};
use ratebook::privacy::continual_observation::{Recompute, Reduction};
use ratebook::privacy::instances::{MaxSum, add_record};
use ratebook::privacy::neighbours::binary_records;
use ratebook::privacy::{ContinualMechanism, ContinualRun};
use ratebook_judge::{Claim, Source};

use super::{RHO, largest_error};

/// A MaxSum mechanism that answers exactly gives back every column sum of every table, and one that is off by at
/// most a gives sums off by at most a.
pub fn reduction_recovers_every_table(
    build: impl Fn(Vec<Vec<bool>>) -> Result<Reduction> + Send + Sync + 'static,
) -> Claim {
    Claim::always("reduction recovers every table")
        .states(
            "Feeding a table's rows and then, for each column $j$, $n$ copies of $e_j$ and of $1 - e_j$ turns MaxSum \
             answers with error at most $a$ into column sums with error at most $a$; exact answers give exact sums.",
        )
        .assuming("every n × d table with n ≤ 3; exact answers, and noisy ones at ρ = 1")
        .source(Source::Derived)
        .from_memory()
        .exhaustive()
        .sweep("d", [1.0, 2.0, 3.0])
        .check(move |columns, streams, cases| -> Result<()> {
            let exact = Recompute::with_thirds(MaxSum, 0);
            for rows in 1..=3 {
                for table in sequences(&binary_records(columns as usize), rows) {
                    let mut sums = vec![0.0; columns as usize];
                    table.iter().for_each(|row| add_record(&mut sums, row));
                    let reduction = build(table.clone())?;
                    let recovered = reduction.column_sums(&exact, RHO, &mut Ledger::new())?;
                    cases.holds(recovered == sums, || format!("{table:?}: {recovered:?}, not {sums:?}"));

                    // The same noise twice: once through the reduction, once to see the error itself.
                    let (shape, mut stream) = (reduction.shape(), reduction.stream());
                    let noise = streams.noise.clone();
                    let recovered = reduction.column_sums(&exact, RHO, &mut Noisy(&mut noise.clone()))?;
                    let error = largest_error(&MaxSum, &exact, shape, &mut streams.noise, |record| {
                        record.iter_mut().zip(stream.next().unwrap_or_default()).for_each(|(to, bit)| *to = bit);
                    })?;
                    for (recovered, sum) in recovered.iter().zip(&sums) {
                        cases.at_most((recovered - sum).abs(), error + 1e-9, || format!("{table:?} with noise"));
                    }
                }
            }
            Ok(())
        })
}

/// On the reduction's streams no mechanism has an error below half of (T/ρ)^(1/3).
pub fn nobody_escapes(
    mechanism: impl ContinualMechanism<Run: ContinualRun<Answer = f64>> + Send + Sync + 'static,
) -> Claim {
    Claim::at_least("nobody escapes", |horizon| 0.5 * (horizon / RHO).cbrt())
        .states("On the reduction's streams the largest error is at least $\\frac12 (T/\\rho)^{1/3}$.")
        .assuming("ρ = 1, random n × d tables with (n, d) = (10, 10), (20, 40), (30, 100); the constant is empirical")
        .source(Source::Abstract)
        .from_memory()
        .sweep("T", TABLES.map(|(rows, columns)| (rows * (1 + 2 * columns)) as f64))
        .replicates(60, 600)
        .detects(0.8)
        .measure(move |horizon, streams| -> Result<f64> {
            let fits = |(rows, columns): &&(usize, usize)| (rows * (1 + 2 * columns)) as f64 == horizon;
            let &(rows, columns) = TABLES.iter().find(fits).unwrap_or(&TABLES[0]);
            let table = (0..rows).map(|_| (0..columns).map(|_| streams.instance.random()).collect()).collect();
            let reduction = Reduction::new(table)?;
            let (shape, mut stream) = (reduction.shape(), reduction.stream());
            largest_error(&MaxSum, &mechanism, shape, &mut streams.noise, |record| {
                record.iter_mut().zip(stream.next().unwrap_or_default()).for_each(|(to, bit)| *to = bit);
            })
        })
}

/// The tables (n, d) of [`nobody_escapes`].
const TABLES: [(usize, usize); 3] = [(10, 10), (20, 40), (30, 100)];
