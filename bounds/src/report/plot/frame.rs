//! The frame of a plot: which axes fit a figure, and how they are drawn.

use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::combinators::{BindKeyPoints, WithKeyPoints};
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::element::{PathElement, Text};
use plotters::prelude::Cartesian2d;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::ink::{AXIS, GRID, Ink};
use super::{BOTTOM, RIGHT, TOP, UNIT};
use crate::report::axis::Axis;
use crate::report::figure::{Figure, Series};

pub(super) type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Coordinates = Cartesian2d<WithKeyPoints<RangedCoordf64>, WithKeyPoints<RangedCoordf64>>;
pub(super) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Coordinates>;
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// The least and the largest of some values.
fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

/// The axis of the measured values. Companions may stretch it, but not so far that the method is squeezed flat:
/// a diverging control leaves the frame instead.
pub(super) fn value_axis(figure: &Figure) -> Axis {
    let method = &figure.series[0].points;
    let bounded = |s: &Series| s.role.is_none() || !figure.shares_bound(s);
    let shown = figure.series.iter().flat_map(|s| {
        let bounds = s.points.iter().filter(|_| bounded(s)).map(|p| p.bound);
        s.points.iter().map(|p| p.value).chain(bounds).collect::<Vec<_>>()
    });
    // A companion at zero leaves the frame of a logarithmic axis.
    let (least, most) = extent(shown.filter(|v| *v > 0.0));
    let positive = method.iter().all(|p| p.value > 0.0 && p.bound > 0.0);
    let log = positive && (figure.is_rate() || most / least >= 10.0);
    let core = method.iter().flat_map(|p| [p.value, p.bound, p.low, p.high]);
    let core = core.chain(figure.recorded.iter().map(|r| r.1)).filter(|v| !log || *v > 0.0);
    // A band that reaches down to zero must not stretch a logarithmic axis without end.
    let (smallest, _) = extent(method.iter().flat_map(|p| [p.value, p.bound]));
    let (mut low, mut high) = extent(core.map(|v| if log { v.max(smallest / 3.0) } else { v }));
    if !log && low > 0.0 && low < 0.6 * high {
        low = 0.0;
    }
    let companions = figure.series[1..].iter().flat_map(|s| {
        s.points.iter().flat_map(move |p| [Some(p.value), bounded(s).then_some(p.bound)]).flatten()
    });
    let (below, above) = extent(companions);
    if below <= above {
        let (floor, ceiling) = if log {
            let stretch = (high / low).powf(1.5).clamp(100.0, 1e100);
            ((low / stretch).max(f64::MIN_POSITIVE), (high * stretch).min(f64::MAX))
        } else {
            let stretch = 4.0 * (high - low).max(0.05 * high.abs().max(low.abs()));
            (low - stretch, high + stretch)
        };
        low = low.min(below.max(floor));
        high = high.max(above.min(ceiling));
    }
    Axis::new(log, low, high, 0.04)
}

/// The axis of the sweep.
pub(super) fn sweep_axis(figure: &Figure) -> Axis {
    let mut xs: Vec<f64> = figure.series.iter().flat_map(|s| &s.points).map(|p| p.x).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    let (low, high) = (xs[0], xs[xs.len() - 1]);
    let log = low > 0.0 && (figure.is_rate() || high / low >= 10.0) && !figure.is_categorical();
    let air = if figure.is_categorical() { 0.5 / (high - low) } else { 0.03 };
    let axis = Axis::new(log, low, high, air);
    let few_integers = xs.len() <= 12 && xs.iter().all(|x| x.fract() == 0.0 && x.abs() < 1e4);
    let apart = xs
        .windows(2)
        .all(|w| axis.place(w[1]) - axis.place(w[0]) > 0.08 * (axis.range.end - axis.range.start));
    if few_integers && apart && !log { axis.with_ticks(&xs) } else { axis }
}

/// The frame with its axes.
pub(super) fn chart<'a, 'b>(
    canvas: &'a Canvas<'b>,
    x: &Axis,
    y: &Axis,
    left: i32,
) -> Result<Chart<'a, 'b>, DrawingAreaErrorKind<std::io::Error>> {
    ChartBuilder::on(canvas)
        .margin_top(TOP * UNIT)
        .margin_right(RIGHT * UNIT)
        .set_left_and_bottom_label_area_size(0)
        .x_label_area_size(BOTTOM * UNIT)
        .y_label_area_size(left * UNIT)
        .build_cartesian_2d(
            x.range.clone().with_key_points(x.ticks.clone()),
            y.range.clone().with_key_points(y.ticks.clone()),
        )
}

/// Grid, axes, ticks and their labels.
pub(super) fn draw_axes(
    canvas: &Canvas<'_>,
    chart: &Chart<'_, '_>,
    x: &Axis,
    y: &Axis,
    names: (&str, &str),
) -> Drawn {
    let (columns, lines) = chart.plotting_area().get_pixel_range();
    let (left, right, top, bottom) = (columns.start, columns.end, lines.start, lines.end);
    let line = |from, to, ink: &Ink, width| canvas.draw(&PathElement::new(vec![from, to], ink.stroke(width)));
    let label = |text: String, at, h, v| canvas.draw(&Text::new(text, at, AXIS.text().pos(Pos::new(h, v))));
    let at = |px: f64, py: f64| chart.backend_coord(&(px, py));
    for &tick in &x.ticks {
        let (column, _) = at(tick, y.range.start);
        line((column, top), (column, bottom), &GRID, 1.0)?;
        line((column, bottom), (column, bottom + 5 * UNIT), &AXIS, 1.0)?;
        label(x.label(tick), (column, bottom + 8 * UNIT), HPos::Center, VPos::Top)?;
    }
    for &tick in &y.ticks {
        let (_, height) = at(x.range.start, tick);
        line((left, height), (right, height), &GRID, 1.0)?;
        line((left - 5 * UNIT, height), (left, height), &AXIS, 1.0)?;
        label(y.label(tick), (left - 8 * UNIT, height), HPos::Right, VPos::Center)?;
    }
    for &tick in &x.minor {
        let (column, _) = at(tick, y.range.start);
        line((column, bottom), (column, bottom + 3 * UNIT), &AXIS, 0.7)?;
    }
    for &tick in &y.minor {
        let (_, height) = at(x.range.start, tick);
        line((left - 3 * UNIT, height), (left, height), &AXIS, 0.7)?;
    }
    line((left, bottom), (right, bottom), &AXIS, 1.0)?;
    if !names.1.is_empty() {
        line((left, top), (left, bottom), &AXIS, 1.0)?;
    }
    let middle = i32::midpoint(left, right);
    label(names.0.into(), (middle, bottom + 26 * UNIT), HPos::Center, VPos::Top)?;
    label(names.1.into(), (left - 5 * UNIT, top - 19 * UNIT), HPos::Left, VPos::Top)
}
