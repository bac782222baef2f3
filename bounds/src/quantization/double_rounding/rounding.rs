//! The claims about rounding twice: its error, its bias, and narrowing over a width between.

use ratebook::Result;
use ratebook::quantization::baselines::DirectRounding;
use ratebook::quantization::double_rounding::{BitSwitch, DoubleRounding};
use ratebook::quantization::{BitWidth, Quantizer, SecondRounding};
use ratebook_judge::{Cases, Claim, Source, Tolerance};

use super::bounds::{PATHS, mean_square, second_rounding_error};
use super::mean;

/// The narrow width of the experiments; the wide one is 2 + Δ.
const LOW: u32 = 2;

/// Every code from −2^(Δ+1) on, over two periods of 2^Δ: none is clipped at two bits.
fn two_periods(delta: u32) -> std::ops::Range<i32> {
    -(2 << delta)..0
}

pub(super) fn twice<R: SecondRounding + Copy>(rounding: R) -> impl Fn(&[f64], u32) -> Result<Vec<f64>> {
    move |weights, delta| {
        let quantizer = DoubleRounding::with_rounding(1.0, BitWidth::new(LOW + delta)?, rounding)?;
        quantizer.decode_at(&quantizer.encode(weights)?, BitWidth::new(LOW)?)
    }
}

pub(super) fn once(weights: &[f64], delta: u32) -> Result<Vec<f64>> {
    let quantizer = DirectRounding::new(f64::from(1 << delta), BitWidth::new(LOW)?)?;
    Ok(quantizer.decode(&quantizer.encode(weights)?))
}

/// Rounding twice costs 3·4^(−Δ) of the error of rounding once.
pub fn error(decode: impl Fn(&[f64], u32) -> Result<Vec<f64>> + Send + Sync + 'static) -> Claim {
    /// Cells of the integration between neighbouring codes: the midpoint rule is off by 1/CELLS² of 1/12.
    const CELLS: i32 = 64;
    Claim::equals("error", mean_square, Tolerance::Relative(5e-4))
        .states("The mean square error is $(1 + 3 \\cdot 4^{-\\Delta})/12$ in units of the narrow step.")
        .assuming(
            "weights uniform over two whole periods, unclipped; by the midpoint rule with 64 cells a code",
        )
        .source(Source::Derived)
        .computed()
        .sweep("Δ", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        .full_sweep((1..=14).map(f64::from).collect::<Vec<_>>())
        .detects(0.002)
        .measure(move |delta, _| -> Result<f64> {
            let codes = two_periods(delta as u32);
            let cells = (CELLS * codes.start)..(CELLS * codes.end);
            let weights: Vec<f64> = cells.map(|k| (f64::from(k) + 0.5) / f64::from(CELLS)).collect();
            let decoded = decode(&weights, delta as u32)?;
            let squares: f64 = weights.iter().zip(decoded).map(|(w, v)| (v - w).powi(2)).sum();
            Ok(squares / weights.len() as f64 / 4_f64.powf(delta))
        })
}

/// 2^Δ·W_l − W_h for every code of two periods.
fn code_errors<R: SecondRounding + Copy>(rounding: R, delta: u32) -> Result<Vec<f64>> {
    let switch = BitSwitch::new(BitWidth::new(LOW + delta)?, BitWidth::new(LOW)?, rounding)?;
    Ok(two_periods(delta).map(|code| f64::from((switch.apply(code) << delta) - code)).collect())
}

/// The second rounding alone, over every code.
pub fn error_of_codes<R: SecondRounding + Copy + Send + Sync + 'static>(rounding: R) -> Claim {
    Claim::equals("error of codes", second_rounding_error, Tolerance::Relative(0.0))
        .states("The mean of $(\\tilde W_h - 2^\\Delta \\tilde W_l)^2$ over the codes is exactly $(4^\\Delta + 2)/12$.")
        .assuming("every code of two periods, unclipped")
        .source(Source::Derived)
        .exhaustive()
        .sweep("Δ", (1..=14).map(f64::from).collect::<Vec<_>>())
        .measure(move |delta, _| -> Result<f64> {
            Ok(mean(code_errors(rounding, delta as u32)?.into_iter().map(|error| error * error)))
        })
}

/// The mean error of the second rounding over every code is what the treatment of ties makes it.
pub fn bias<R: SecondRounding + Copy + Send + Sync + 'static>(
    id: &str,
    rounding: R,
    formula: &str,
    prediction: impl Fn(f64) -> f64 + Send + Sync + 'static,
) -> Claim {
    Claim::equals(id, prediction, Tolerance::Absolute(1e-9))
        .states(&format!("The mean of $\\hat W_l - W$ over the codes is exactly ${formula}$."))
        .assuming("every code of two periods, unclipped; in units of s_h")
        .source(Source::Derived)
        .exhaustive()
        .sweep("Δ", (1..=14).map(f64::from).collect::<Vec<_>>())
        .measure(move |delta, _| -> Result<f64> {
            Ok(mean(code_errors(rounding, delta as u32)?.into_iter()))
        })
}

/// Narrowing in two steps differs from narrowing at once, by one step and for a known number of codes.
pub fn paths<R: SecondRounding + Copy + Send + Sync + 'static>(rounding: R) -> Claim {
    Claim::always("paths")
        .states("Narrowing from 8 to $l$ bits over $m$ bits changes a known number of codes, each by at most one.")
        .assuming("all 256 codes; the sweep is the number 10 m + l")
        .source(Source::Derived)
        .exhaustive()
        .sweep("10m+l", PATHS.map(|(middle, low, _)| f64::from(10 * middle + low)))
        .check(move |path, _, cases: &mut Cases| {
            let (middle, low) = (path as u32 / 10, path as u32 % 10);
            let [wide, middle_width, low_width] = [8, middle, low].map(BitWidth::new);
            let (wide, middle_width, low_width) = (wide?, middle_width?, low_width?);
            let at_once = BitSwitch::new(wide, low_width, rounding)?;
            let first = BitSwitch::new(wide, middle_width, rounding)?;
            let second = BitSwitch::new(middle_width, low_width, rounding)?;
            let mut changed = 0;
            for code in wide.lowest()..=wide.highest() {
                let distance = (second.apply(first.apply(code)) - at_once.apply(code)).abs();
                cases.at_most(f64::from(distance), 1.0, || format!("code {code} over {middle} to {low} bits"));
                changed += usize::from(distance != 0);
            }
            let expected = PATHS.iter().find(|known| (known.0, known.1) == (middle, low)).map(|known| known.2);
            cases.holds(Some(changed) == expected, || format!("{changed} codes change over {middle} to {low} bits"));
            Ok::<(), ratebook::Error>(())
        })
}
