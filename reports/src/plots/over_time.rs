//! Figures over time under the faults, one line each: the frame that several pictures share.
//!
//! A figure is a list of (time, value), a point a window. Its line ends where its node told nothing for several windows.
//! The lines that reach highest are drawn, the others are counted. Deliberately absent: what the figures mean.

use sim_core::record::Record;

use crate::axis::Axis;
use crate::canvas::{Canvas, Paint, Rect};
use crate::chart::{Chart, Stroke};
use crate::faults::Strip;
use crate::heading::{heading, run_name};
use crate::lanes::end_ns;
use crate::style::{INK, LABEL, MARGIN, MUTED, SERIES, SMALL, UNDER_FAULT, WIDTH};
use crate::text::fit;

/// Where the time axis begins.
const LEFT: f64 = 156.0;
/// At most this many points a line: more are joined, the greatest of them kept.
const POINTS_MAX: usize = 450;

/// One line.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it is of.
    pub name: String,
    /// What stands beside its name: its greatest value in words.
    pub said: String,
    /// (nanoseconds, value), in order of time.
    pub points: Vec<(u64, f64)>,
}

impl Line {
    /// Its greatest value.
    #[must_use]
    pub fn greatest(&self) -> f64 {
        self.points.iter().map(|(_, value)| *value).fold(0.0, f64::max)
    }
}

/// What the picture says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// The short name, which also begins the ids inside.
    pub picture: &'a str,
    /// The line below the heading.
    pub story: &'a str,
    /// The vertical axis, with its unit.
    pub axis: &'a str,
    /// The least that the axis reaches up to.
    pub at_least: f64,
    /// A level that is drawn across, if any.
    pub level: Option<f64>,
}

/// Draws lines over time, upwards from zero; `None` if there are none.
#[must_use]
pub fn over_time(record: &Record, lines: Vec<Line>, words: Words<'_>) -> Option<String> {
    over_time_along(record, lines, words, |greatest| Axis::from_zero(greatest, 5, words.axis))
}

/// The same along a vertical axis that is made for the greatest value shown.
#[must_use]
pub fn over_time_along(
    record: &Record,
    mut lines: Vec<Line>,
    words: Words<'_>,
    axis: impl FnOnce(f64) -> Axis,
) -> Option<String> {
    lines.retain(|line| !line.points.is_empty());
    if lines.is_empty() {
        return None;
    }
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by(|a, b| lines[*b].greatest().total_cmp(&lines[*a].greatest()));
    let left_out = order.split_off(order.len().min(SERIES.len())).len();
    order.sort_unstable();
    let end = end_ns(record);
    let mut canvas = Canvas::new(words.picture, WIDTH);
    let mut y = heading(&mut canvas, words.picture, &run_name(record), words.story);
    let width = WIDTH - LEFT - MARGIN;
    let strip = Strip::of(record, end, width);
    let strip_top = y + 6.0;
    y += strip.height() + 12.0;
    let shown: Vec<&Line> = order.iter().map(|place| &lines[*place]).collect();
    y = names(&mut canvas, &shown, left_out, y + 6.0);
    let greatest = shown.iter().map(|line| line.greatest()).fold(words.at_least, f64::max);
    let rect = Rect::new(LEFT, y + 8.0, width, 300.0);
    let chart = Chart { rect, x: Axis::time(end, 10), y: axis(greatest) };
    for (from, to) in strip.spans() {
        let x = chart.at_x(from as f64);
        let w = (chart.at_x(to as f64) - x).max(1.0);
        canvas.rect(Rect::new(x, rect.y, w, rect.h), &Paint::solid(UNDER_FAULT));
    }
    chart.grid(&mut canvas);
    if let Some(level) = words.level {
        let y = chart.at_y(level);
        canvas.line((rect.x, y), (rect.right(), y), &Paint::line(MUTED, 1.4).dashed("2 3"));
    }
    for (place, line) in shown.iter().enumerate() {
        let (color, dash) = SERIES[place];
        for piece in pieces(&line.points, end) {
            chart.series(&mut canvas, piece, Stroke { color, width: 2.2, dash });
        }
    }
    chart.y_axis(&mut canvas);
    canvas.line((rect.x, rect.bottom()), (rect.right(), rect.bottom()), &Paint::line(INK, 1.2));
    strip.ground(&mut canvas, &chart, strip_top);
    strip.draw(&mut canvas, &chart, strip_top);
    let bottom = chart.x_axis(&mut canvas);
    let title = format!("{} of {}", words.picture, run_name(record));
    Some(canvas.finish(bottom + 14.0, &title, words.story))
}

/// A row a line: a piece of it, its name, what is said of it; two beside each other.
fn names(canvas: &mut Canvas, shown: &[&Line], left_out: usize, top: f64) -> f64 {
    let column = (WIDTH - LEFT - MARGIN) / 2.0;
    for (place, line) in shown.iter().enumerate() {
        let (color, dash) = SERIES[place];
        let (x, y) = (LEFT + column * (place % 2) as f64, top + 23.0 * (place / 2) as f64 + 14.0);
        canvas.line((x, y - 5.0), (x + 46.0, y - 5.0), &Paint::line(color, 2.6).dashed(dash));
        let said = fit(&line.said, SMALL.size, false, column * 0.5);
        let name = fit(&line.name, LABEL.size, true, column - 80.0 - SMALL.width(&said));
        canvas.text(x + 56.0, y, &name, &LABEL.bold());
        canvas.text(x + 66.0 + LABEL.bold().width(&name), y, &said, &SMALL.color(MUTED));
    }
    let mut y = top + 23.0 * shown.len().div_ceil(2) as f64;
    if left_out > 0 {
        canvas.text(LEFT, y + 14.0, &format!("{left_out} more, no higher than these"), &SMALL.color(MUTED));
        y += 20.0;
    }
    y + 6.0
}

/// The line in pieces without long holes, thinned to what can be seen.
fn pieces(points: &[(u64, f64)], end: u64) -> Vec<Vec<(f64, f64)>> {
    let step = points.windows(2).map(|pair| pair[1].0 - pair[0].0).min().unwrap_or(end).max(1);
    let hole = step.saturating_mul(4).max(end / 100);
    let bin = (end / POINTS_MAX as u64).max(1);
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut last: Option<u64> = None;
    for (at, value) in points {
        match (last, pieces.last_mut()) {
            (Some(before), Some(piece)) if at - before <= hole => match piece.last_mut() {
                Some(point) if point.0 as u64 / bin == at / bin => point.1 = point.1.max(*value),
                _ => piece.push((*at as f64, *value)),
            },
            _ => pieces.push(vec![(*at as f64, *value)]),
        }
        last = Some(*at);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn a_hole_ends_a_line() {
        let points = [(10, 1.0), (20, 2.0), (30, 1.0), (500, 4.0), (510, 5.0)];
        let lengths: Vec<usize> = pieces(&points, 1_000).iter().map(Vec::len).collect();
        assert_eq!(lengths, [3, 2]);
    }
}
