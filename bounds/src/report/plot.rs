//! Draws a [`Figure`] as SVG.
//!
//! Plotters has fixed colours and whole pixels. The first is undone by drawing with marker colours that are
//! replaced by CSS variables afterwards, so that a plot follows the page's light or dark scheme; the second by
//! drawing on a canvas ten times as large as it is shown.

use maud::{Markup, PreEscaped, html};
use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::combinators::{BindKeyPoints, WithKeyPoints};
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Text};
use plotters::prelude::Cartesian2d;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBColor, ShapeStyle, TextStyle};

use super::axis::Axis;
use super::figure::{Figure, Point, Series, role_name};

/// A drawn figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// The picture.
    pub svg: String,
    /// What its labels stand for, a sentence each: the caption.
    pub key: Vec<String>,
}

/// Canvas units in one unit of the shown picture.
const UNIT: i32 = 10;
const WIDTH: i32 = 516;
const HEIGHT: i32 = 330;
const LEFT: i32 = 68;
const RIGHT: i32 = 94;
const TOP: i32 = 26;
const BOTTOM: i32 = 44;
/// Size of all text.
const TEXT: f64 = 13.0;

/// What a stroke or a fill stands for: a marker colour that no drawing uses otherwise.
struct Ink {
    marker: RGBColor,
    /// Replaces the marker.
    css: &'static str,
    /// Added to strokes, in canvas units.
    dash: &'static str,
}

const fn ink(index: u8, css: &'static str, dash: &'static str) -> Ink {
    Ink { marker: RGBColor(1, 2, index), css, dash }
}

const BOUND: Ink = ink(1, "var(--plot-ink, currentColor)", "");
const DASHED: Ink = ink(2, "var(--plot-ink, currentColor)", "60 35");
const OTHER_BOUND: Ink = ink(3, "var(--plot-companion, #8b9099)", "60 35");
const METHOD: Ink = ink(4, "var(--plot-method, #2f7fd6)", "");
const COMPANION: Ink = ink(5, "var(--plot-companion, #8b9099)", "");
const BASELINE: Ink = ink(6, "var(--plot-companion, #8b9099)", "15 30");
const RECORD: Ink = ink(7, "var(--plot-record, #d9822b)", "");
const AXIS: Ink = ink(8, "var(--plot-axis, #7d838c)", "");
const GRID: Ink = ink(9, "var(--plot-grid, #8b909930)", "");
const INKS: [&Ink; 9] =
    [&BOUND, &DASHED, &OTHER_BOUND, &METHOD, &COMPANION, &BASELINE, &RECORD, &AXIS, &GRID];

impl Plot {
    /// The picture with its caption, for a page.
    pub fn figure(&self) -> Markup {
        html! {
            figure.plot {
                (PreEscaped(&self.svg))
                figcaption { @for line in &self.key { span { (line) " " } } }
            }
        }
    }
}

impl Ink {
    fn stroke(&self, width: f64) -> ShapeStyle {
        self.marker.stroke_width((width * f64::from(UNIT)) as u32)
    }

    fn text(&self) -> TextStyle<'static> {
        // The backend divides sizes by 1.24.
        let size = TEXT * 1.24 * f64::from(UNIT);
        let font = FontDesc::new(FontFamily::SansSerif, size, FontStyle::Normal);
        TextStyle { color: self.marker.to_backend_color(), ..TextStyle::from(font) }
    }
}

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Coordinates = Cartesian2d<WithKeyPoints<RangedCoordf64>, WithKeyPoints<RangedCoordf64>>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Coordinates>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// The letter of the companion at `index` among the companions.
fn letter(index: usize) -> String {
    char::from_u32('A' as u32 + index as u32)
        .filter(char::is_ascii_uppercase)
        .map_or(format!("#{index}"), String::from)
}

/// Draws a figure; none where there is nothing to see: no numbers, or facts without a tightest case.
pub fn draw(figure: &Figure) -> Option<Plot> {
    let method = figure.series.first().filter(|method| !method.points.is_empty())?;
    let first = method.points[0].x;
    let single = figure.series.iter().flat_map(|s| &s.points).all(|p| p.x == first);
    let rows = figure.series.iter().filter(|s| !s.points.is_empty()).count() as i32;
    let height = if single { TOP + BOTTOM + 30 * rows } else { HEIGHT };
    let mut svg = String::new();
    {
        let size = ((WIDTH * UNIT) as u32, (height * UNIT) as u32);
        let canvas = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let drawn = if single { draw_rows(&canvas, figure) } else { draw_curves(&canvas, figure) };
        // Drawing into a string fails only when a number cannot be placed, which the figure excludes.
        drawn.and_then(|()| canvas.present()).ok()?;
    }
    Some(Plot { svg: finish(&svg, figure, height), key: key(figure) })
}

/// Replaces the marker colours, and the fixed size by one that follows the page.
fn finish(svg: &str, figure: &Figure, height: i32) -> String {
    let body = svg.split_once(">\n").map_or(svg, |(_, body)| body);
    let mut body = body.replace(" opacity=\"1\"", "").replace("font-family=\"sans-serif\" ", "");
    for ink in INKS {
        let RGBColor(r, g, b) = ink.marker;
        let colour = format!("#{r:02X}{g:02X}{b:02X}");
        let dash =
            if ink.dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{}\"", ink.dash) };
        body = body
            .replace(&format!("stroke=\"{colour}\""), &format!("stroke=\"{}\"{dash}", ink.css))
            .replace(&colour, ink.css);
    }
    let title = format!("{} of {} against {}", figure.quantity(), figure.id, figure.axis);
    format!(
        "<svg viewBox=\"0 0 {} {}\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" \
         aria-label=\"{}\" font-family=\"system-ui, sans-serif\" stroke-linejoin=\"round\">\n{body}",
        WIDTH * UNIT,
        height * UNIT,
        title.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;"),
    )
}

/// What the labels stand for.
fn key(figure: &Figure) -> Vec<String> {
    let mut key = Vec::new();
    let banded = figure.series[0].points.iter().any(|p| p.low < p.high);
    if figure.law == "fails_at_most" {
        key.push(format!("Band: exact confidence limits, each wrong with probability {}.", figure.alpha));
    } else if banded {
        let z = ratebook_judge::quantile::normal_upper(figure.alpha);
        key.push(format!("Band: mean ± {z:.1} standard errors."));
    }
    if figure.is_rate() {
        let scale = super::short(figure.series[0].scale);
        key.push(format!(
            "Rate: the promised curve × {scale}; its constant is free, its slope is the claim."
        ));
    }
    if !figure.recorded.is_empty() {
        key.push("Rings: the recorded means, which differ from this run.".into());
    }
    for (index, companion) in figure.series.iter().skip(1).enumerate() {
        let (role, name) = (role_name(companion.role), &companion.name);
        let absent = if companion.points.is_empty() { "; not drawn" } else { "" };
        key.push(format!("{}, {role}: {name} ({}{absent}).", letter(index), companion.verdict));
    }
    key
}

/// The least and the largest of some values.
fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

/// The axis of the measured values. Companions may stretch it, but not so far that the method is squeezed flat:
/// a diverging control leaves the frame instead.
fn value_axis(figure: &Figure) -> Axis {
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
            let stretch = (high / low).powf(1.5).max(100.0);
            (low / stretch, high * stretch)
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
fn sweep_axis(figure: &Figure) -> Axis {
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
fn chart<'a, 'b>(
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
fn draw_axes(canvas: &Canvas<'_>, chart: &Chart<'_, '_>, x: &Axis, y: &Axis, names: (&str, &str)) -> Drawn {
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

/// A polyline cut where it leaves the band between `low` and `high`.
fn clipped(points: &[(f64, f64)], low: f64, high: f64) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let (mut from, mut to) = (0.0, 1.0);
        let rise = y1 - y0;
        for (limit, sign) in [(low, 1.0), (high, -1.0)] {
            let (start, change) = (sign * (y0 - limit), sign * rise);
            if start < 0.0 {
                from = if change > 0.0 { f64::max(from, -start / change) } else { 2.0 };
            } else if start + change < 0.0 {
                to = f64::min(to, -start / change);
            }
        }
        if from >= to {
            continue;
        }
        let at = |t: f64| (x0 + t * (x1 - x0), y0 + t * rise);
        match pieces.last_mut().filter(|piece| piece.last() == Some(&at(from))) {
            Some(piece) => piece.push(at(to)),
            None => pieces.push(vec![at(from), at(to)]),
        }
    }
    pieces
}

/// A label beside the last point of a curve.
struct Tag {
    text: String,
    y: f64,
    ink: &'static Ink,
}

fn draw_curves(canvas: &Canvas<'_>, figure: &Figure) -> Drawn {
    let (x, y) = (sweep_axis(figure), value_axis(figure));
    let mut chart = chart(canvas, &x, &y, LEFT)?;
    draw_axes(canvas, &chart, &x, &y, (&figure.axis, figure.quantity()))?;
    let mut tags = Vec::new();
    let place = |points: &[Point], of: fn(&Point) -> f64| -> Vec<(f64, f64)> {
        points.iter().map(|p| (x.place(p.x), y.place(of(p)))).collect()
    };
    let (low, high) = (y.range.start, y.range.end);
    let mut curve =
        |chart: &mut Chart<'_, '_>, points: &[(f64, f64)], text: String, ink: &'static Ink, width| -> Drawn {
            // Cases are not joined: each has a bar of its own.
            let bar = |&(x, y): &(f64, f64)| vec![(x - 0.2, y), (x + 0.2, y)];
            let pieces = match figure.is_categorical() {
                true => points.iter().filter(|p| (low..=high).contains(&p.1)).map(bar).collect(),
                false => clipped(points, low, high),
            };
            for piece in pieces {
                chart.draw_series([PathElement::new(piece, ink.stroke(width))])?;
            }
            let last = points.last().map_or(low, |p| p.1);
            let text = if last > high {
                format!("{text} ↑")
            } else if last < low {
                format!("{text} ↓")
            } else {
                text
            };
            tags.push(Tag { text, y: last.clamp(low, high), ink });
            Ok(())
        };
    let dots = |chart: &mut Chart<'_, '_>, points: &[(f64, f64)], style: ShapeStyle, radius: f64| -> Drawn {
        let visible = points.iter().filter(|p| (low..=high).contains(&p.1));
        chart
            .draw_series(visible.map(|&p| Circle::new(p, (radius * f64::from(UNIT)) as i32, style)))
            .map(|_| ())
    };

    for (index, series) in figure.series.iter().skip(1).enumerate().filter(|(_, s)| !s.points.is_empty()) {
        let baseline = series.role == Some(ratebook_judge::claim::Role::Baseline);
        if !figure.shares_bound(series) {
            let bound = place(&series.points, |p| p.bound);
            curve(
                &mut chart,
                &bound,
                format!("{}’s {}", letter(index), figure.bound_word()),
                &OTHER_BOUND,
                1.2,
            )?;
        }
        let points = place(&series.points, |p| p.value);
        curve(&mut chart, &points, letter(index), if baseline { &BASELINE } else { &COMPANION }, 1.3)?;
        dots(&mut chart, &points, COMPANION.marker.filled(), 2.2)?;
    }

    let method = &figure.series[0].points;
    let lower = place(method, |p| p.low).into_iter().map(|(x, y)| (x, y.clamp(low, high)));
    let upper = place(method, |p| p.high).into_iter().map(|(x, y)| (x, y.clamp(low, high)));
    if figure.is_categorical() {
        for ((x, below), (_, above)) in lower.zip(upper) {
            chart.draw_series([PathElement::new(vec![(x, below), (x, above)], METHOD.stroke(1.8))])?;
        }
    } else if method.iter().any(|p| p.low < p.high) {
        let band: Vec<_> = lower.chain(upper.rev()).collect();
        chart.draw_series([Polygon::new(band, METHOD.marker.mix(0.2).filled())])?;
    }
    let measured = place(method, |p| p.value);
    curve(&mut chart, &measured, "measured".into(), &METHOD, 1.8)?;
    // A curve that the measurement should lie on is dashed, so that both are seen.
    let close = |p: &Point| (p.value - p.bound).abs() <= 0.03 * p.bound.abs();
    let on_it = figure.is_rate() || method.iter().all(close);
    let ink = if on_it { &DASHED } else { &BOUND };
    curve(&mut chart, &place(method, |p| p.bound), figure.bound_name().into(), ink, 1.5)?;
    dots(&mut chart, &measured, METHOD.marker.filled(), 3.2)?;
    let recorded: Vec<_> = figure.recorded.iter().map(|r| (x.place(r.0), y.place(r.1))).collect();
    dots(&mut chart, &recorded, RECORD.stroke(1.3), 5.0)?;
    draw_tags(canvas, &chart, &x, tags)
}

/// Labels at the right end of their curves, moved apart where they would overlap.
fn draw_tags(canvas: &Canvas<'_>, chart: &Chart<'_, '_>, x: &Axis, tags: Vec<Tag>) -> Drawn {
    const GAP: i32 = 16 * UNIT;
    let (columns, lines) = chart.plotting_area().get_pixel_range();
    let mut placed: Vec<(i32, Tag)> =
        tags.into_iter().map(|tag| (chart.backend_coord(&(x.range.end, tag.y)).1, tag)).collect();
    placed.sort_by_key(|(height, _)| *height);
    for index in 1..placed.len() {
        placed[index].0 = placed[index].0.max(placed[index - 1].0 + GAP);
    }
    let mut limit = lines.end + GAP / 2;
    for (height, _) in placed.iter_mut().rev() {
        *height = limit.min(*height);
        limit = *height - GAP;
    }
    for (height, tag) in placed {
        let style = tag.ink.text().pos(Pos::new(HPos::Left, VPos::Center));
        canvas.draw(&Text::new(tag.text, (columns.end + 6 * UNIT, height), style))?;
    }
    Ok(())
}

/// A sweep of one point: a row a series, the value along the axis, the bound as a bar across.
fn draw_rows(canvas: &Canvas<'_>, figure: &Figure) -> Drawn {
    let x = value_axis(figure);
    let rows: Vec<(String, &Series)> = (figure.series.iter().enumerate())
        .filter(|(_, series)| !series.points.is_empty())
        .map(|(index, series)| (if index == 0 { "measured".into() } else { letter(index - 1) }, series))
        .collect();
    let y = Axis::new(false, 0.0, rows.len() as f64, 0.0).with_ticks(&[]);
    let mut chart = chart(canvas, &x, &y, LEFT + 4)?;
    draw_axes(canvas, &chart, &x, &y, (figure.quantity(), ""))?;
    for (index, (name, series)) in rows.iter().enumerate() {
        let (point, height) = (series.points[0], rows.len() as f64 - index as f64 - 0.5);
        let ink = if index == 0 { &METHOD } else { &COMPANION };
        let (left, line) = chart.backend_coord(&(x.range.start, height));
        let style = ink.text().pos(Pos::new(HPos::Right, VPos::Center));
        canvas.draw(&Text::new(name.clone(), (left - 8 * UNIT, line), style))?;
        let inside = |v: f64| x.place(v).clamp(x.range.start, x.range.end);
        let bound = if index == 0 { BOUND.stroke(1.5) } else { OTHER_BOUND.stroke(1.2) };
        if index == 0 || !figure.shares_bound(series) {
            let reach = if index == 0 { 0.0..rows.len() as f64 } else { height - 0.4..height + 0.4 };
            let bar = vec![(inside(point.bound), reach.start), (inside(point.bound), reach.end)];
            chart.draw_series([PathElement::new(bar, bound)])?;
        }
        let band = vec![(inside(point.low), height), (inside(point.high), height)];
        chart.draw_series([PathElement::new(band, ink.stroke(2.0))])?;
        let visible = x.range.contains(&x.place(point.value));
        let dot = (inside(point.value), height);
        if visible {
            chart.draw_series([Circle::new(dot, 4 * UNIT, ink.marker.filled())])?;
        } else {
            let (column, line) = chart.backend_coord(&dot);
            let (arrow, h) =
                if x.place(point.value) > x.range.end { ("→", HPos::Right) } else { ("←", HPos::Left) };
            canvas.draw(&Text::new(arrow, (column, line), ink.text().pos(Pos::new(h, VPos::Center))))?;
        }
    }
    for (_, value) in figure.recorded.iter().filter(|(_, value)| x.range.contains(&x.place(*value))) {
        let ring = Circle::new((x.place(*value), rows.len() as f64 - 0.5), 6 * UNIT, RECORD.stroke(1.3));
        chart.draw_series([ring])?;
    }
    let bound = inside_label(&chart, &x, figure.series[0].points[0].bound);
    let style = BOUND.text().pos(Pos::new(HPos::Center, VPos::Bottom));
    canvas.draw(&Text::new(figure.bound_name(), bound, style))
}

/// Where the name of a bar goes: above its upper end.
fn inside_label(chart: &Chart<'_, '_>, x: &Axis, bound: f64) -> (i32, i32) {
    let (_, lines) = chart.plotting_area().get_pixel_range();
    let (column, _) = chart.backend_coord(&(x.place(bound), 0.0));
    (column, lines.start - 4 * UNIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratebook_judge::claim::Role;

    fn series(role: Option<Role>, name: &str, points: &[(f64, f64, f64)]) -> Series {
        let point = |&(x, value, bound): &(f64, f64, f64)| Point {
            x,
            low: 0.9 * value,
            value,
            high: 1.1 * value,
            bound,
        };
        let points = points.iter().map(point).collect();
        Series { role, name: name.into(), verdict: "violated".into(), scale: 1.0, points }
    }

    fn figure(law: &str, series: Vec<Series>) -> Figure {
        let (id, axis) = ("area/paper/claim".into(), "T".into());
        Figure { id, law: law.into(), axis, alpha: 1e-3, series, recorded: Vec::new() }
    }

    /// Whether every number of the picture lies on the canvas.
    fn on_canvas(svg: &str) -> bool {
        let attribute = |name: &str| -> Vec<f64> {
            svg.split(&format!(" {name}=\""))
                .skip(1)
                .filter_map(|s| s.split('"').next()?.parse().ok())
                .collect()
        };
        let inside = |names: [&str; 4], limit: i32| {
            let limit = f64::from(limit * UNIT);
            names.iter().flat_map(|name| attribute(name)).all(|v| (0.0..=limit).contains(&v))
        };
        inside(["x", "cx", "x1", "x2"], WIDTH) && inside(["y", "cy", "y1", "y2"], HEIGHT)
    }

    #[test]
    fn hard_figures_stay_on_the_canvas() {
        let control = |points: &[(f64, f64, f64)]| series(Some(Role::Control), "a & b", points);
        let method = |points: &[(f64, f64, f64)]| series(None, "method", points);
        let ten = [(10.0, 1.0, 2.0), (1e4, 0.1, 0.2)];
        for (name, law, all) in [
            (
                "diverging control",
                "at_most",
                vec![method(&ten), control(&[(10.0, 1.0, 2.0), (1e4, 1e300, 0.2)])],
            ),
            (
                "vanishing control",
                "at_least",
                vec![method(&ten), control(&[(10.0, 1e-300, 2.0), (1e4, 0.0, 0.2)])],
            ),
            ("zeros", "equals", vec![method(&[(0.0, 0.0, 0.0), (1.0, 0.0, 0.0)])]),
            ("negative", "equals", vec![method(&[(-1.0, -5.0, -5.0), (1.0, 5.0, 5.0)])]),
            ("constant", "rate", vec![method(&[(1.0, 3.0, 3.0), (2.0, 3.0, 3.0)])]),
            ("one point", "at_most", vec![method(&[(1.0, 3.0, 4.0)]), control(&[(1.0, 1e9, 4.0)])]),
            ("another bound", "at_most", vec![method(&ten), control(&[(10.0, 1.0, 0.5), (1e4, 0.1, 0.05)])]),
        ] {
            let plot = draw(&figure(law, all)).unwrap_or_else(|| panic!("{name}: nothing drawn"));
            assert!(on_canvas(&plot.svg), "{name}: {}", plot.svg);
            assert!(!plot.svg.contains("NaN") && !plot.svg.contains("#0102"), "{name}: {}", plot.svg);
            assert_eq!(plot.svg.matches("<svg").count(), plot.svg.matches("</svg>").count(), "{name}");
        }
    }

    #[test]
    fn nothing_to_see() {
        assert_eq!(draw(&figure("always", vec![series(None, "method", &[])])), None);
        assert_eq!(draw(&figure("always", vec![])), None);
    }

    #[test]
    fn polylines_are_cut_at_the_frame() {
        let cut = clipped(&[(0.0, 0.0), (1.0, 4.0), (2.0, 4.0), (3.0, 0.0)], -1.0, 2.0);
        assert_eq!(cut, [vec![(0.0, 0.0), (0.5, 2.0)], vec![(2.5, 2.0), (3.0, 0.0)]]);
        assert_eq!(clipped(&[(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)], 0.0, 1.0).len(), 1);
        assert!(clipped(&[(0.0, 5.0), (1.0, 6.0)], 0.0, 1.0).is_empty());
    }

    #[test]
    fn records_and_runs_draw_the_same_picture() {
        let paper = crate::papers().into_iter().find(|p| p.id == "bandits/bracketing_halving").unwrap();
        let claim = paper.claims.iter().find(|c| c.id == "independent_of_arms").unwrap();
        let outcome = ratebook_judge::run(paper.id, claim, ratebook_judge::Settings::default());
        let text = ratebook_judge::record::write(paper.id, std::slice::from_ref(&outcome));
        let record = &ratebook_judge::record::parse(&text).unwrap()[0];
        let (run, recorded) =
            (Figure::of_outcome(&outcome, Some(record)), Figure::of_record(record, &claim.axis));
        assert!(run.recorded.is_empty(), "nothing differs");
        assert_eq!(draw(&run).unwrap().key, draw(&recorded).unwrap().key);
        let count = |plot: &Plot, tag: &str| plot.svg.matches(tag).count();
        let (run, recorded) = (draw(&run).unwrap(), draw(&recorded).unwrap());
        for tag in ["<circle", "<polyline", "<text", "<polygon"] {
            assert_eq!(count(&run, tag), count(&recorded, tag), "{tag}");
        }
    }
}
