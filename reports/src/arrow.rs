//! Arrows: a curve with a head, and points along it for labels.
//!
//! Deliberately absent: routing around obstacles; arrows are drawn first, and boxes over them.

use crate::canvas::{Canvas, Paint, Rect};
use crate::style::{BLUE, Color, GREEN, INK, MUTED, VERMILLION};

/// A cubic curve from its first to its last point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrow(pub [(f64, f64); 4]);

/// The length of a head in pixels.
const HEAD: f64 = 11.0;

impl Arrow {
    /// A straight arrow.
    #[must_use]
    pub fn straight(from: (f64, f64), to: (f64, f64)) -> Arrow {
        Arrow([from, between(from, to, 1.0 / 3.0), between(from, to, 2.0 / 3.0), to])
    }

    /// The point a share of the way along.
    #[must_use]
    pub fn at(&self, t: f64) -> (f64, f64) {
        let Arrow([a, b, c, d]) = *self;
        let (ab, bc, cd) = (between(a, b, t), between(b, c, t), between(c, d, t));
        between(between(ab, bc, t), between(bc, cd, t), t)
    }

    /// Draws it.
    pub fn draw(&self, canvas: &mut Canvas, color: Color, width: f64, dash: &'static str) {
        let Arrow([a, b, c, d]) = *self;
        let before = self.at(0.94);
        let (dx, dy) = (d.0 - before.0, d.1 - before.1);
        let length = libm::sqrt(dx * dx + dy * dy);
        let (ux, uy) = if length > 1e-6 { (dx / length, dy / length) } else { (1.0, 0.0) };
        let neck = (d.0 - ux * HEAD * 0.8, d.1 - uy * HEAD * 0.8);
        canvas.curve([a, b, c, neck], &Paint::line(color, width).dashed(dash));
        let (bx, by) = (d.0 - ux * HEAD, d.1 - uy * HEAD);
        let half = HEAD * 0.45;
        let head = [d, (bx - uy * half, by + ux * half), (bx + uy * half, by - ux * half)];
        canvas.polyline(&head, &Paint::solid(color));
    }
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
