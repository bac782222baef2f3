//! Colours: a marker in the drawing, a CSS variable in the picture.

use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBColor, ShapeStyle, TextStyle};

use super::UNIT;

/// Size of all text.
const TEXT: f64 = 13.0;

/// What a stroke or a fill stands for: a marker colour that no drawing uses otherwise.
pub(super) struct Ink {
    pub(super) marker: RGBColor,
    /// Replaces the marker.
    pub(super) css: &'static str,
    /// Added to strokes, in canvas units.
    pub(super) dash: &'static str,
}

const fn ink(index: u8, css: &'static str, dash: &'static str) -> Ink {
    Ink { marker: RGBColor(1, 2, index), css, dash }
}

pub(super) const BOUND: Ink = ink(1, "var(--plot-ink, currentColor)", "");
pub(super) const DASHED: Ink = ink(2, "var(--plot-ink, currentColor)", "60 35");
pub(super) const OTHER_BOUND: Ink = ink(3, "var(--plot-companion, #8b9099)", "60 35");
pub(super) const METHOD: Ink = ink(4, "var(--plot-method, #2f7fd6)", "");
pub(super) const COMPANION: Ink = ink(5, "var(--plot-companion, #8b9099)", "");
pub(super) const BASELINE: Ink = ink(6, "var(--plot-companion, #8b9099)", "15 30");
pub(super) const RECORD: Ink = ink(7, "var(--plot-record, #d9822b)", "");
pub(super) const AXIS: Ink = ink(8, "var(--plot-axis, #7d838c)", "");
pub(super) const GRID: Ink = ink(9, "var(--plot-grid, #8b909930)", "");
pub(super) const INKS: [&Ink; 9] =
    [&BOUND, &DASHED, &OTHER_BOUND, &METHOD, &COMPANION, &BASELINE, &RECORD, &AXIS, &GRID];

impl Ink {
    /// A stroke, its width in units of the shown picture.
    pub(super) fn stroke(&self, width: f64) -> ShapeStyle {
        self.marker.stroke_width((width * f64::from(UNIT)) as u32)
    }

    /// Text of the one size.
    pub(super) fn text(&self) -> TextStyle<'static> {
        // The backend divides sizes by 1.24.
        let size = TEXT * 1.24 * f64::from(UNIT);
        let font = FontDesc::new(FontFamily::SansSerif, size, FontStyle::Normal);
        TextStyle { color: self.marker.to_backend_color(), ..TextStyle::from(font) }
    }
}
