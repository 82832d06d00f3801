//! Arrows: a curve or a line with corners, with a head, and points along it for labels.
//!
//! Deliberately absent: the choice of a route around obstacles, which is the picture's.

use crate::canvas::{Canvas, Paint, Rect};
use crate::style::{BLUE, Color, GREEN, INK, MUTED, VERMILLION};

/// The course of an arrow, from its first point to its last.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrow {
    /// A cubic curve.
    Curve([(f64, f64); 4]),
    /// Straight pieces; at least two points.
    Bent(Vec<(f64, f64)>),
}

/// The length of a head in pixels.
const HEAD: f64 = 11.0;

impl Arrow {
    /// A straight arrow.
    #[must_use]
    pub fn straight(from: (f64, f64), to: (f64, f64)) -> Arrow {
        Arrow::Bent(vec![from, to])
    }

    /// The point a share of the way along.
    #[must_use]
    pub fn at(&self, t: f64) -> (f64, f64) {
        match self {
            Arrow::Curve([a, b, c, d]) => {
                let (ab, bc, cd) = (between(*a, *b, t), between(*b, *c, t), between(*c, *d, t));
                between(between(ab, bc, t), between(bc, cd, t), t)
            }
            Arrow::Bent(points) => {
                let lengths: Vec<f64> = points.windows(2).map(|pair| distance(pair[0], pair[1])).collect();
                let mut left = lengths.iter().sum::<f64>() * t;
                for (pair, length) in points.windows(2).zip(lengths) {
                    if left <= length && length > 0.0 {
                        return between(pair[0], pair[1], left / length);
                    }
                    left -= length;
                }
                points.last().copied().unwrap_or_default()
            }
        }
    }

    /// Draws it.
    pub fn draw(&self, canvas: &mut Canvas, color: Color, width: f64, dash: &'static str) {
        let d = self.at(1.0);
        let before = self.at(if matches!(self, Arrow::Curve(_)) { 0.94 } else { 0.999 });
        let (dx, dy) = (d.0 - before.0, d.1 - before.1);
        let length = distance(before, d);
        let (ux, uy) = if length > 1e-6 { (dx / length, dy / length) } else { (1.0, 0.0) };
        let neck = (d.0 - ux * HEAD * 0.8, d.1 - uy * HEAD * 0.8);
        let paint = Paint::line(color, width).dashed(dash);
        match self {
            Arrow::Curve([a, b, c, _]) => canvas.curve([*a, *b, *c, neck], &paint),
            Arrow::Bent(points) => {
                let mut points = points.clone();
                if let Some(last) = points.last_mut() {
                    *last = neck;
                }
                canvas.polyline(&points, &paint);
            }
        }
        let (bx, by) = (d.0 - ux * HEAD, d.1 - uy * HEAD);
        let half = HEAD * 0.45;
        let head = [d, (bx - uy * half, by + ux * half), (bx + uy * half, by - ux * half)];
        canvas.polyline(&head, &Paint::solid(color));
    }
}

fn distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    libm::sqrt((a.0 - b.0) * (a.0 - b.0) + (a.1 - b.1) * (a.1 - b.1))
}

fn between(a: (f64, f64), b: (f64, f64), t: f64) -> (f64, f64) {
    (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t)
}

/// Where the straight line from the middle of a box towards a point leaves the box.
#[must_use]
pub fn leaves(rect: &Rect, towards: (f64, f64)) -> (f64, f64) {
    let middle = (rect.x + rect.w / 2.0, rect.y + rect.h / 2.0);
    let (dx, dy) = (towards.0 - middle.0, towards.1 - middle.1);
    let by_x = if dx.abs() > 1e-9 { rect.w / 2.0 / dx.abs() } else { f64::MAX };
    let by_y = if dy.abs() > 1e-9 { rect.h / 2.0 / dy.abs() } else { f64::MAX };
    let t = by_x.min(by_y).min(1.0);
    (middle.0 + dx * t, middle.1 + dy * t)
}

/// The look of an edge of a witness by its reason, and what the reason means.
#[must_use]
pub fn reason(why: &str) -> (Color, &'static str, &'static str) {
    match why {
        "ww" => (BLUE, "", "ww: overwrites what the other wrote"),
        "wr" => (GREEN, "", "wr: reads what the other wrote"),
        "saw" => (GREEN, "", "saw: learnt what the other did"),
        "rw" => (VERMILLION, "9 4", "rw: the other overwrites what it read"),
        "realtime" => (MUTED, "3 3", "realtime: had ended before the other began"),
        "process" => (MUTED, "8 3 2 3", "process: same process, earlier"),
        _ => (INK, "5 3", ""),
    }
}
