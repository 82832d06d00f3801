//! Moments worth a line across a timeline: violations, and the healing of all faults, labelled so that the labels do
//! not run into each other.
//!
//! Deliberately absent: the argument; the witness has a picture of its own.

use crate::canvas::{Anchor, Canvas, Paint, Rect};
use crate::chart::Chart;
use crate::input::Run;
use crate::lanes::{end_ns, ended};
use crate::number::instant;
use crate::style::{ALARM, INK, SMALL};
use crate::text::fit;

/// The height of a row of labels.
const ROW: f64 = 22.0;
/// At most this many labels; more violations are counted in the last.
const NOTICES_MAX: usize = 4;

/// A violation, placed.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    x: f64,
    row: usize,
    text: String,
    anchor: Anchor,
    alarm: bool,
}

impl Notice {
    /// Where its line is.
    #[must_use]
    pub fn x(&self) -> f64 {
        self.x
    }
    /// The height that these take.
    #[must_use]
    pub fn height(notices: &[Notice]) -> f64 {
        notices.iter().map(|notice| notice.row + 1).max().map_or(0.0, |rows| rows as f64 * ROW + 6.0)
    }
}

/// Places the violations of a run, and the healing of its faults, over a time axis.
#[must_use]
pub fn notices(run: &Run<'_>, chart: &Chart) -> Vec<Notice> {
    let record = run.record;
    let end = end_ns(record);
    let mut found: Vec<(u64, bool, String)> = Vec::new();
    if let Some(violation) = &record.violation {
        let name = record.nodes.get(violation.node.index()).map(|node| node.name.clone());
        let at = if violation.node.is_client() { None } else { name };
        let at = at.map_or_else(String::new, |name| format!(" at {name}"));
        found.push((violation.at.0, true, format!("violated{at}: {}", violation.property)));
    }
    // The check of a model's properties says of a violation what its own line says already.
    let told = |anomaly: &str| record.violation.as_ref().is_some_and(|broken| broken.property == anomaly);
    for (check, witness) in run.witnesses().filter(|(_, witness)| !told(&witness.anomaly)) {
        let entries = witness.entries.iter().filter_map(|entry| record.history.entries.get(*entry));
        let at = entries.map(|entry| ended(entry).0).max().unwrap_or(end);
        found.push((at, true, format!("not {check}: {}", witness.anomaly)));
    }
    found.sort();
    if found.len() > NOTICES_MAX {
        let more = found.len() - NOTICES_MAX;
        found.truncate(NOTICES_MAX);
        found[NOTICES_MAX - 1].2.push_str(&format!(" (and {more} more)"));
    }
    if let Some(healed) = record.healed.filter(|at| at.0 < end && !record.faults.is_empty()) {
        found.push((healed.0, false, "all healed".into()));
    }
    let mut taken: Vec<(usize, f64, f64)> = Vec::new();
    let place = |(at, alarm, text): (u64, bool, String)| {
        let text = format!("{text}, {}", instant(at, end));
        let x = chart.at_x(at as f64);
        let text = fit(&text, SMALL.size, true, chart.rect.w - 20.0);
        let wide = SMALL.bold().width(&text) + 14.0;
        let left = x - chart.rect.x > chart.rect.right() - x;
        let anchor = if left { Anchor::End } else { Anchor::Start };
        let (from, to) = if left { (x - wide, x + 8.0) } else { (x - 8.0, x + wide) };
        let free = |row: usize| taken.iter().all(|(r, a, b)| *r != row || to < *a || *b < from);
        let row = (0..).find(|row| free(*row)).unwrap_or(0);
        taken.push((row, from, to));
        Notice { x, row, text, anchor, alarm }
    };
    found.into_iter().map(place).collect()
}

/// Draws their lines, from the labels' rows below `top` to `bottom`.
pub fn draw_lines(canvas: &mut Canvas, notices: &[Notice], top: f64, bottom: f64) {
    for notice in notices {
        let y = top + notice.row as f64 * ROW;
        let paint = if notice.alarm { Paint::line(ALARM, 2.2) } else { Paint::line(INK, 1.4).dashed("8 4") };
        canvas.line((notice.x, y + 16.0), (notice.x, bottom), &paint);
    }
}

/// Writes their labels from `top` down.
pub fn draw_labels(canvas: &mut Canvas, notices: &[Notice], top: f64) {
    for notice in notices {
        let y = top + notice.row as f64 * ROW;
        let corners = [(notice.x - 6.0, y + 6.0), (notice.x + 6.0, y + 6.0), (notice.x, y + 17.0)];
        let look = if notice.alarm { SMALL.bold().color(ALARM) } else { SMALL };
        let (x, look) = match notice.anchor {
            Anchor::End => (notice.x - 11.0, look.end()),
            _ => (notice.x + 11.0, look),
        };
        let extent = look.extent(x, y + 16.0, &notice.text);
        canvas.rect(
            Rect::new(extent.x - 2.0, y, extent.w + 4.0, ROW - 2.0),
            &Paint::solid(crate::style::PAPER),
        );
        canvas.polyline(&corners, &Paint::solid(look.color));
        canvas.text(x, y + 16.0, &notice.text, &look);
    }
}
