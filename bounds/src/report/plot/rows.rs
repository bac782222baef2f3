//! A sweep of one point: a row for each series.

use plotters::element::{Circle, PathElement, Text};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::frame::{Canvas, Chart, Drawn, chart, draw_axes, value_axis};
use super::ink::{BOUND, COMPANION, METHOD, OTHER_BOUND, RECORD};
use super::{LEFT, UNIT, letter};
use crate::report::axis::Axis;
use crate::report::figure::{Figure, Series};

/// Draws the values along the axis, the bound as a bar across.
pub(super) fn draw_rows(canvas: &Canvas<'_>, figure: &Figure) -> Drawn {
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
