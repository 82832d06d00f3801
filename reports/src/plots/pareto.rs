//! Two metrics against each other: every point of a sweep with its intervals, and the front of those that no other beats
//! in both.
//!
//! Deliberately absent: a winner; which compromise is right is not in the numbers.

use crate::axis::Axis;
use crate::canvas::{Canvas, Paint, Rect};
use crate::chart::{Chart, Stroke};
use crate::heading::heading;
use crate::labels::Taken;
use crate::number::unit_of;
use crate::style::{BLUE, Color, GRID, INK, MARGIN, MUTED, ORANGE, PAPER, SMALL, WIDTH};
use crate::sweep::Sweep;
use crate::text::{count, fit};

/// Draws the front; `None` if none was asked for.
#[must_use]
pub fn pareto(input: &Sweep) -> Option<String> {
    let [(a, a_less), (b, b_less)] = input.pareto?;
    let mut canvas = Canvas::new("pareto", WIDTH);
    let better = |less| if less { "less" } else { "more" };
    let told = format!(
        "{} on the front (filled): no other point is better in both · better: {} of {}, {} of {} · crosses: 95 % intervals · pale: breaks a bound",
        count(input.front.len() as u64, "point"),
        better(a_less),
        input.metrics[a],
        better(b_less),
        input.metrics[b]
    );
    let top = heading(&mut canvas, "front of compromises", &input.title, &told) + 20.0;
    let rect = Rect::new(MARGIN + 90.0, top, WIDTH - 2.0 * MARGIN - 110.0, 420.0);
    let (x, x_size) = axis(input, a);
    let (y, y_size) = axis(input, b);
    let chart = Chart { rect, x, y };
    chart.grid(&mut canvas);
    let at = |place: usize| {
        let means = &input.points[place].means;
        (means[a].0 / x_size, means[b].0 / y_size)
    };
    let mut steps = Vec::new();
    for place in &input.front {
        let (x, y) = at(*place);
        if let Some((_, before)) = steps.last().copied() {
            steps.push((x, before));
        }
        steps.push((x, y));
    }
    chart.series(&mut canvas, steps, Stroke { color: BLUE, width: 1.6, dash: "6 4" });
    let mut taken = Taken::default();
    for (place, point) in input.points.iter().enumerate() {
        let (x, y) = at(place);
        if !(x.is_finite() && y.is_finite()) {
            continue;
        }
        let (px, py) = (chart.at_x(x), chart.at_y(y));
        let (dx, dy) = (point.means[a].1 / x_size, point.means[b].1 / y_size);
        let on_front = input.front.contains(&place);
        let color = if !point.keeps {
            GRID
        } else if on_front {
            BLUE
        } else {
            MUTED
        };
        let line = Paint::line(color, 1.2);
        canvas.line((chart.at_x(x - dx), py), (chart.at_x(x + dx), py), &line);
        canvas.line((px, chart.at_y(y - dy)), (px, chart.at_y(y + dy)), &line);
        let paint = if on_front {
            Paint::solid(BLUE).outlined(PAPER, 1.5)
        } else {
            Paint::solid(PAPER).outlined(color, 2.0)
        };
        canvas.told(&point.label, |canvas| canvas.circle((px, py), if on_front { 7.0 } else { 5.0 }, &paint));
        if input.best == Some(place) {
            canvas.circle((px, py), 11.0, &Paint::line(ORANGE, 3.0));
        }
        taken.add(Rect::new(px - 8.0, py - 8.0, 16.0, 16.0));
    }
    labels(&mut canvas, input, &mut taken, |place| {
        let (x, y) = at(place);
        (chart.at_x(x), chart.at_y(y))
    });
    let bottom = chart.x_axis(&mut canvas);
    chart.y_axis(&mut canvas);
    Some(canvas.finish(bottom + 14.0, &format!("Front of {}", input.title), &told))
}

/// Names the points on the front where there is room.
fn labels(canvas: &mut Canvas, input: &Sweep, taken: &mut Taken, at: impl Fn(usize) -> (f64, f64)) {
    for place in &input.front {
        let (x, y) = at(*place);
        let text = fit(&input.points[*place].label, SMALL.size, false, 380.0);
        let look = SMALL.color(Color(INK.0)).halo();
        let spots =
            [(12.0, -10.0, look), (-12.0, -10.0, look.end()), (12.0, 20.0, look), (-12.0, 20.0, look.end())];
        for (dx, dy, look) in spots {
            let extent = look.extent(x + dx, y + dy, &text);
            if taken.hits(&extent) == 0 && extent.x > MARGIN && extent.right() < WIDTH - MARGIN {
                canvas.text(x + dx, y + dy, &text, &look);
                taken.add(extent);
                break;
            }
        }
    }
}

/// A metric's axis, and what its values are divided by.
fn axis(input: &Sweep, metric: usize) -> (Axis, f64) {
    let all = || input.points.iter().map(|p| p.means[metric]).filter(|(mean, _)| mean.is_finite());
    let least = all().map(|(mean, ci)| mean - ci).fold(f64::INFINITY, f64::min);
    let most = all().map(|(mean, ci)| mean + ci).fold(f64::NEG_INFINITY, f64::max);
    let (name, unit, size) = unit_of(&input.metrics[metric], least.abs().max(most.abs()));
    let title = if unit.is_empty() || unit == "/s" { name } else { format!("{name} ({unit})") };
    (Axis::spanning(least / size, most / size, 6, &title), size)
}
