//! How many nodes were what: a stacked chart for clusters too large for a lane each.
//!
//! Deliberately absent: which node was what; the timeline gives the busiest a lane.

use crate::axis::Axis;
use crate::canvas::{Canvas, Paint, Rect};
use crate::chart::Chart;
use crate::lane_paint::{key, paused_key};
use crate::lanes::{Lanes, Running};
use crate::style::{Color, LABEL, PAPER, UNDER_FAULT};

/// The width of a column in pixels.
const COLUMN: f64 = 2.0;

/// Draws it into `rect`, its heading above; `above` says which nodes have lanes there.
pub fn crowd(canvas: &mut Canvas, lanes: &Lanes, faults: &[(u64, u64)], rect: Rect, above: &str) {
    let columns = (rect.w / COLUMN) as usize;
    let stacks = stacks(lanes, columns);
    let nodes = lanes.lanes.len();
    let mut y = Axis::from_zero(nodes as f64, 3, "nodes");
    y.to = nodes as f64;
    y.ticks.retain(|(tick, _)| *tick <= nodes as f64);
    let chart = Chart { rect, x: Axis::time(lanes.end_ns, 10), y };
    let title = format!("all {} nodes by what they are{above}", crate::number::whole(nodes as u64));
    canvas.text(rect.x, rect.y - 8.0, &title, &LABEL);
    canvas.rect(rect, &Paint::solid(PAPER));
    for (from, to) in faults {
        let x = chart.at_x(*from as f64);
        let w = chart.at_x(*to as f64) - x;
        canvas.rect(Rect::new(x, rect.y, w, rect.h), &Paint::solid(UNDER_FAULT));
    }
    let mut below = vec![0; columns];
    for (category, counts) in stacks.iter().enumerate() {
        if counts.iter().all(|count| *count == 0) {
            continue;
        }
        let mut upper = Vec::new();
        let mut lower = Vec::new();
        for (column, count) in counts.iter().enumerate() {
            let (x, right) = (rect.x + column as f64 * COLUMN, rect.x + (column + 1) as f64 * COLUMN);
            let (bottom, top) =
                (chart.at_y(below[column] as f64), chart.at_y((below[column] + count) as f64));
            step(&mut upper, x, right, top);
            step(&mut lower, x, right, bottom);
            below[column] += count;
        }
        lower.reverse();
        upper.extend(lower);
        canvas.polyline(&upper, &look(lanes, category));
    }
    chart.y_axis(canvas);
}

/// Adds a step, and joins it to the one before where the height is the same.
fn step(points: &mut Vec<(f64, f64)>, x: f64, right: f64, y: f64) {
    match points.last_mut() {
        Some(last) if last.1 == y => last.0 = right,
        _ => points.extend([(x, y), (right, y)]),
    }
}

/// For each category (the roles, then paused, then down) the number of nodes in it at each column's beginning.
fn stacks(lanes: &Lanes, columns: usize) -> Vec<Vec<i64>> {
    let categories = lanes.roles.len() + 2;
    let mut changes = vec![vec![0i64; columns + 1]; categories];
    let column = |ns: u64| (u128::from(ns) * columns as u128).div_ceil(u128::from(lanes.end_ns)) as usize;
    for segment in lanes.lanes.iter().flat_map(|lane| &lane.segments) {
        let category = match segment.running {
            Running::Up => segment.role,
            Running::Paused => lanes.roles.len(),
            Running::Down | Running::Halted => lanes.roles.len() + 1,
        };
        changes[category][column(segment.from).min(columns)] += 1;
        changes[category][column(segment.to).min(columns)] -= 1;
    }
    let sum = |changes: Vec<i64>| {
        let mut now = 0;
        let sums = changes.into_iter().take(columns).map(|change| {
            now += change;
            now
        });
        sums.collect()
    };
    changes.into_iter().map(sum).collect()
}

fn look(lanes: &Lanes, category: usize) -> Paint {
    match category.checked_sub(lanes.roles.len()) {
        None => key(&lanes.roles[category], category.saturating_sub(1)),
        Some(0) => paused_key(),
        Some(_) => down_key(),
    }
}

/// The key of nodes that are down, where they are counted.
#[must_use]
pub fn down_key() -> Paint {
    Paint::solid(Color(0x3f4650))
}
