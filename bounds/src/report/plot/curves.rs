//! A sweep of several points: curves over the sweep variable.

use plotters::element::{Circle, PathElement, Polygon, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, ShapeStyle};
use ratebook_judge::claim::Role;

use super::frame::{Canvas, Chart, Drawn, chart, draw_axes, sweep_axis, value_axis};
use super::ink::{BASELINE, BOUND, COMPANION, DASHED, Ink, METHOD, OTHER_BOUND, RECORD};
use super::{LEFT, UNIT, letter};
use crate::report::axis::Axis;
use crate::report::figure::{Figure, Point};

/// A polyline cut where it leaves the band between `low` and `high`.
pub(super) fn clipped(points: &[(f64, f64)], low: f64, high: f64) -> Vec<Vec<(f64, f64)>> {
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

/// Draws a figure whose sweep has several points.
pub(super) fn draw_curves(canvas: &Canvas<'_>, figure: &Figure) -> Drawn {
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
        let baseline = matches!(series.role, Some(Role::Baseline | Role::Peer));
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
