//! Axes: linear or logarithmic, with ticks at round numbers.

use std::ops::Range;

/// An axis: positions are the values themselves, or their decimal logarithms.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Whether positions are logarithms.
    pub log: bool,
    /// The positions shown.
    pub range: Range<f64>,
    /// Positions of labelled ticks.
    pub ticks: Vec<f64>,
    /// Positions of ticks without label.
    pub minor: Vec<f64>,
}

impl Axis {
    /// An axis over values from `low` to `high`, which must be finite and, on a logarithmic axis, positive. Both
    /// ends get some air, a share `air` of the length.
    pub fn new(log: bool, low: f64, high: f64, air: f64) -> Self {
        let place = |v: f64| if log { v.log10() } else { v };
        let (mut start, mut end) = (place(low), place(high));
        let least = match low.abs().max(high.abs()) {
            _ if log => 0.3,
            0.0 => 1.0,
            largest => 0.1 * largest,
        };
        if end - start < least {
            let middle = f64::midpoint(start, end);
            (start, end) = (middle - least / 2.0, middle + least / 2.0);
        }
        let length = end - start;
        // An axis that starts at zero starts exactly there.
        if log || start != 0.0 {
            start -= air * length;
        }
        let range = start..end + air * length;
        let (ticks, minor) = if log { log_ticks(&range) } else { (linear_ticks(&range), Vec::new()) };
        Self { log, range, ticks, minor }
    }

    /// An axis whose labelled ticks are the given values and no others.
    pub fn with_ticks(mut self, values: &[f64]) -> Self {
        self.ticks = values.iter().map(|&v| self.place(v)).collect();
        self.minor.clear();
        self
    }

    /// The position of a value: where a logarithmic axis has none, one below the range.
    pub fn place(&self, value: f64) -> f64 {
        if !self.log {
            return value;
        }
        let position = value.log10();
        if position.is_finite() { position } else { self.range.start - 1.0 }
    }

    /// The label of a tick.
    pub fn label(&self, position: f64) -> String {
        if self.log { log_label(position, &self.ticks) } else { linear_label(position, &self.ticks) }
    }
}

/// Positions at multiples of 1, 2 or 5 times a power of ten, four to eight of them.
fn linear_ticks(range: &Range<f64>) -> Vec<f64> {
    let length = range.end - range.start;
    let power = 10f64.powf((length / 5.0).log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| length / s <= 6.5).unwrap_or(power);
    let multiples = (range.start / step).ceil() as i64..=(range.end / step).floor() as i64;
    multiples.map(|k| k as f64 * step).collect()
}

/// Labelled and bare positions on a logarithmic axis.
fn log_ticks(range: &Range<f64>) -> (Vec<f64>, Vec<f64>) {
    let inside = |position: &f64| range.contains(position);
    let decades: Vec<i32> = (range.start.floor() as i32..=range.end.ceil() as i32).collect();
    let at = |digits: &[u32]| -> Vec<f64> {
        let positions =
            decades.iter().flat_map(|&k| digits.iter().map(move |&d| f64::from(k) + f64::from(d).log10()));
        positions.filter(inside).collect()
    };
    let whole = at(&[1]);
    let between = at(&[2, 3, 4, 5, 6, 7, 8, 9]);
    let bare = |ticks: &[f64]| between.iter().copied().filter(|p| !ticks.contains(p)).collect::<Vec<_>>();
    match whole.len() {
        // Many decades: label every second, third, … one.
        count @ 8.. => {
            let stride = count.div_ceil(7);
            let labelled = |p: &f64| (p.round() as i64).rem_euclid(stride as i64) == 0;
            let (ticks, minor) = whole.into_iter().partition(labelled);
            (ticks, minor)
        }
        4..8 => (whole, Vec::new()),
        3 => (whole.clone(), bare(&whole)),
        _ => {
            let some = at(&[1, 2, 5]);
            if some.len() >= 3 {
                let minor = bare(&some);
                return (some, minor);
            }
            // Less than a decade: round numbers as on a linear axis.
            let values = linear_ticks(&(10f64.powf(range.start)..10f64.powf(range.end)));
            (values.into_iter().filter(|v| *v > 0.0).map(f64::log10).collect(), Vec::new())
        }
    }
}

/// 10ᵏ where some power is far from one, plain numbers otherwise; 2 × 10ᵏ between the powers.
fn log_label(position: f64, ticks: &[f64]) -> String {
    let far = ticks.iter().any(|t| !(-3.0 - 1e-9..4.0).contains(t));
    let value = 10f64.powf(position);
    if !far {
        return plain(value);
    }
    let exponent = (position + 1e-9).floor();
    let mantissa = plain(10f64.powf(position - exponent));
    let power = format!("10{}", superscript(exponent as i32));
    if mantissa == "1" { power } else { format!("{mantissa}×{power}") }
}

/// Decimals, as many on every tick; far from one, multiples of the largest tick's power of ten.
fn linear_label(position: f64, ticks: &[f64]) -> String {
    let largest = ticks.iter().fold(0.0, |m: f64, t| m.max(t.abs()));
    let near = largest == 0.0 || (1e-3..1e5).contains(&largest);
    let exponent = if near { 0 } else { largest.log10().floor() as i32 };
    let mantissa = |tick: f64| plain(tick / 10f64.powi(exponent));
    let decimals = |tick: &f64| mantissa(*tick).split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let decimals = ticks.iter().map(decimals).max().unwrap_or(0);
    let text = mantissa(position);
    if text == "0" {
        return text;
    }
    let dot = if decimals > 0 && !text.contains('.') { "." } else { "" };
    let given = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let text = format!("{text}{dot}{}", "0".repeat(decimals.saturating_sub(given)));
    if near { text } else { format!("{text}×10{}", superscript(exponent)) }
}

/// A number without float noise: six significant digits, no trailing zeros.
fn plain(value: f64) -> String {
    let text = ratebook_judge::record::significant(if value.abs() < 1e-12 { 0.0 } else { value });
    text.replace('-', "−")
}

/// An integer in superscript digits.
pub fn superscript(number: i32) -> String {
    let raise = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        c => char::from_u32('⁰' as u32 + c.to_digit(10).unwrap_or(0)).unwrap_or(c),
    };
    number.to_string().chars().map(raise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().map(|&t| axis.label(t)).collect()
    }

    #[test]
    fn powers_of_ten() {
        assert_eq!(labels(&Axis::new(true, 4096.0, 1_048_576.0, 0.03)), ["10⁴", "10⁵", "10⁶"]);
        let decades = ["10⁻¹²", "10⁻¹⁰", "10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²"];
        assert_eq!(labels(&Axis::new(true, 1e-12, 0.9, 0.0)), decades);
        assert_eq!(labels(&Axis::new(true, 8.0, 512.0, 0.03)), ["10", "20", "50", "100", "200", "500"]);
        assert_eq!(labels(&Axis::new(true, 0.3, 0.5, 0.0)), ["0.3", "0.35", "0.4", "0.45", "0.5"]);
        assert_eq!(labels(&Axis::new(true, 3e5, 3e6, 0.0)), ["5×10⁵", "10⁶", "2×10⁶"]);
    }

    #[test]
    fn linear_ticks_are_round() {
        assert_eq!(labels(&Axis::new(false, 0.0, 1.0, 0.02)), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&Axis::new(false, -3.0, 3.0, 0.0)), ["−3", "−2", "−1", "0", "1", "2", "3"]);
        assert_eq!(
            labels(&Axis::new(false, 0.0, 1.1e-7, 0.0)),
            ["0", "0.2×10⁻⁷", "0.4×10⁻⁷", "0.6×10⁻⁷", "0.8×10⁻⁷", "1.0×10⁻⁷"]
        );
    }

    #[test]
    fn a_single_value_gets_an_axis() {
        for log in [false, true] {
            let axis = Axis::new(log, 5.0, 5.0, 0.05);
            assert!(axis.range.start < axis.place(5.0) && axis.place(5.0) < axis.range.end);
            assert!(!axis.ticks.is_empty());
        }
        assert_eq!(superscript(-1203), "⁻¹²⁰³");
    }
}
