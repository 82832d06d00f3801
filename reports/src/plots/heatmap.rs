//! A metric over two parameters: cells of a grid, or dots of a Latin hypercube, from light (least) to dark (greatest).
//!
//! The numbers stand in the cells, so that nothing depends on telling shades apart. Where there are more parameters, a
//! cell is the mean over the others. Deliberately absent: interpolation between points that were not run.

use crate::axis::{Axis, Scale};
use crate::canvas::{Canvas, Paint, Rect};
use crate::chart::Chart;
use crate::heading::heading;
use crate::number::{short, unit_after, unit_of};
use crate::style::{Color, INK, LABEL, MARGIN, MUTED, ORANGE, PAPER, SMALL, WIDTH};
use crate::sweep::{Point, Sweep};
use crate::text::fit;

const LEFT: f64 = 150.0;
const ROW: f64 = 36.0;
const METRICS_MAX: usize = 6;
const LEVELS_MAX: usize = 24;

/// Draws the maps over the first two parameters; `None` if there are not two.
#[must_use]
pub fn heatmap(input: &Sweep) -> Option<String> {
    let [x, y, ..] = input.parameters.as_slice() else { return None };
    let mut canvas = Canvas::new("heatmap", WIDTH);
    let others = if input.parameters.len() > 2 { ", mean over the other parameters" } else { "" };
    let told = format!("each metric over {} and {}{others} · outlined: the best point", x.path, y.path);
    let mut top = heading(&mut canvas, "heatmap", &input.title, &told) + 10.0;
    for (place, name) in input.metrics.iter().enumerate().take(METRICS_MAX) {
        top = if input.grid {
            cells(&mut canvas, input, place, name, top)
        } else {
            dots(&mut canvas, input, place, name, top)
        };
    }
    Some(canvas.finish(top + 8.0, &format!("Heatmap of {}", input.title), &told))
}

/// From light to dark by a share from 0 to 1.
#[must_use]
pub fn shade(share: f64) -> Color {
    let share = share.clamp(0.0, 1.0);
    let mix =
        |from: u32, to: u32| (f64::from(from) + (f64::from(to) - f64::from(from)) * share).round() as u32;
    Color(mix(0xee, 0x0b) << 16 | mix(0xf4, 0x3c) << 8 | mix(0xfa, 0x73))
}

fn ink(share: f64) -> Color {
    if share > 0.42 { PAPER } else { INK }
}

/// The values of a parameter, by its numbers.
fn levels(points: &[Point], parameter: usize) -> Vec<(f64, String)> {
    let mut all: Vec<(f64, String)> =
        points.iter().map(|p| (p.coordinates[parameter], p.values[parameter].clone())).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.dedup_by(|a, b| a.1 == b.1);
    all.truncate(LEVELS_MAX);
    all
}

fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)))
}

/// The name of a metric over its map; answers unit and divisor.
fn title(canvas: &mut Canvas, name: &str, greatest: f64, top: f64) -> (String, f64) {
    let (words, unit, size) = unit_of(name, greatest);
    let text = if unit.is_empty() { words } else { format!("{words} ({unit})") };
    canvas.text(MARGIN, top + 16.0, &text, &LABEL.bold());
    (unit_after(unit), size)
}

fn cells(canvas: &mut Canvas, input: &Sweep, place: usize, name: &str, top: f64) -> f64 {
    let (columns, rows) = (levels(&input.points, 0), levels(&input.points, 1));
    let mean = |column: &str, row: &str| {
        let inside = input.points.iter().filter(|p| p.values[0] == column && p.values[1] == row);
        let values: Vec<f64> = inside.map(|p| p.means[place].0).filter(|v| v.is_finite()).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    let table: Vec<Vec<f64>> =
        rows.iter().map(|(_, row)| columns.iter().map(|(_, column)| mean(column, row)).collect()).collect();
    let (least, most) = bounds(table.iter().flatten().copied());
    let (unit, size) = title(canvas, name, least.abs().max(most.abs()), top);
    let wide = ((WIDTH - 2.0 * MARGIN - LEFT) / columns.len().max(1) as f64).min(150.0);
    let (left, up) = (MARGIN + LEFT, top + 28.0);
    let best = input.best.map(|best| &input.points[best].values);
    for (r, (_, row)) in rows.iter().rev().enumerate() {
        let y = up + ROW * r as f64;
        canvas.text(
            left - 10.0,
            y + ROW / 2.0 + 5.0,
            &fit(row, SMALL.size, false, LEFT - 30.0),
            &SMALL.end(),
        );
        for (c, (_, column)) in columns.iter().enumerate() {
            let value = table[rows.len() - 1 - r][c];
            let share = if most > least { (value - least) / (most - least) } else { 0.0 };
            let rect = Rect::new(left + wide * c as f64, y, wide - 2.0, ROW - 2.0);
            let paint = if value.is_finite() { Paint::solid(shade(share)) } else { Paint::line(MUTED, 1.0) };
            canvas.told(&format!("{column}, {row}: {}{unit}", short(value / size)), |canvas| {
                canvas.rect(rect, &paint)
            });
            let text = fit(&short(value / size), SMALL.size, false, wide - 6.0);
            canvas.text(rect.x + rect.w / 2.0, y + ROW / 2.0 + 5.0, &text, &SMALL.middle().color(ink(share)));
            if best.is_some_and(|values| values[0] == *column && values[1] == *row) {
                let inner = Rect::new(rect.x + 1.5, rect.y + 1.5, rect.w - 3.0, rect.h - 3.0);
                canvas.rect(inner, &Paint::line(ORANGE, 3.5));
            }
        }
    }
    let bottom = up + ROW * rows.len() as f64;
    for (c, (_, column)) in columns.iter().enumerate() {
        let text = fit(column, SMALL.size, false, wide - 4.0);
        canvas.text(left + wide * (c as f64 + 0.5) - 1.0, bottom + 18.0, &text, &SMALL.middle());
    }
    names(canvas, input, (left, wide * columns.len() as f64), (up, bottom));
    bottom + 60.0
}

/// The two parameters along the map's sides.
fn names(canvas: &mut Canvas, input: &Sweep, (left, wide): (f64, f64), (up, bottom): (f64, f64)) {
    let muted = LABEL.color(MUTED);
    let x = fit(&input.parameters[0].path, LABEL.size, false, WIDTH - left - MARGIN);
    canvas.text((left + wide / 2.0).max(left + muted.width(&x) / 2.0), bottom + 40.0, &x, &muted.middle());
    let last = input.parameters[1].path.rsplit('.').next().unwrap_or_default();
    canvas.text_upwards(
        MARGIN + 10.0,
        (up + bottom) / 2.0,
        &fit(last, SMALL.size, false, (bottom - up).max(60.0)),
        &SMALL.color(MUTED),
    );
}

fn axis(points: &[Point], parameter: usize, log: bool) -> Axis {
    let (least, most) = bounds(points.iter().map(|p| p.coordinates[parameter]));
    let mut all = levels(points, parameter);
    let text = |near: f64| {
        let (mut best, mut distance) = (String::new(), f64::INFINITY);
        for (value, text) in &all {
            if (value - near).abs() < distance {
                (best, distance) = (text.clone(), (value - near).abs());
            }
        }
        best
    };
    // Labels are values of the design itself, in their own units.
    let (first, last) = (text(least), text(most));
    all.clear();
    let room = if log { 1.0 } else { (most - least) * 0.03 };
    let (scale, from, to) = if log {
        (Scale::Log, least * 0.95, most * 1.05)
    } else {
        (Scale::Linear, least - room, most + room)
    };
    Axis { scale, from, to, ticks: vec![(least, first), (most, last)], title: String::new() }
}

fn dots(canvas: &mut Canvas, input: &Sweep, place: usize, name: &str, top: f64) -> f64 {
    let (least, most) = bounds(input.points.iter().map(|p| p.means[place].0));
    let (unit, size) = title(canvas, name, least.abs().max(most.abs()), top);
    let rect = Rect::new(MARGIN + LEFT, top + 32.0, WIDTH - 2.0 * MARGIN - LEFT - 20.0, 300.0);
    let chart = Chart {
        rect,
        x: axis(&input.points, 0, input.parameters[0].log),
        y: axis(&input.points, 1, input.parameters[1].log),
    };
    chart.grid(canvas);
    for (i, point) in input.points.iter().enumerate() {
        let value = point.means[place].0;
        if !value.is_finite() {
            continue;
        }
        let share = if most > least { (value - least) / (most - least) } else { 0.0 };
        let at = (chart.at_x(point.coordinates[0]), chart.at_y(point.coordinates[1]));
        canvas.told(&format!("{}: {}{unit}", point.label, short(value / size)), |canvas| {
            let edge = if input.best == Some(i) { (ORANGE, 4.0) } else { (INK, 1.0) };
            canvas.circle(at, 9.0, &Paint::solid(shade(share)).outlined(edge.0, edge.1));
        });
        canvas.text(at.0, at.1 - 12.0, &short(value / size), &SMALL.middle().halo());
    }
    chart.x_axis(canvas);
    chart.y_axis(canvas);
    names(canvas, input, (rect.x, rect.w), (rect.y, rect.bottom()));
    rect.bottom() + 62.0
}
