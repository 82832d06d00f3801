//! The cycle of a violation: its operations in a ring, and why each had to come before the next.
//!
//! Drawn for transactions, whose argument is a cycle of dependencies rather than an order in time. Deliberately absent:
//! edges that are not on the shortest cycle.

use checks::verdict::Witness;
use sim_core::record::Record;
use sim_core::value::Call;

use crate::arrow::{Arrow, leaves, reason};
use crate::canvas::{Canvas, Paint, Rect, Type};
use crate::evidence::{circumstances, cycle, words};
use crate::heading::{heading, run_name};
use crate::lanes::end_ns;
use crate::style::{Color, INK, LABEL, MARGIN, MUTED, PAPER, SMALL, WIDTH};
use crate::text::{fit, wrap};

/// The size of a box.
const BOX: (f64, f64) = (300.0, 108.0);
/// Longer cycles are left to the witness's words.
const CYCLE_MAX: usize = 8;

/// Draws the cycle of a witness; `None` if its edges have none, or it is not about transactions.
#[must_use]
pub fn cycle_graph(check: &str, witness: &Witness, record: &Record) -> Option<String> {
    let edges = cycle(witness)?;
    let entries = &record.history.entries;
    let ring: Vec<usize> = edges.iter().map(|edge| witness.edges[*edge].from).collect();
    let known = ring.iter().all(|position| *position < entries.len());
    if ring.len() < 2 || ring.len() > CYCLE_MAX || !known {
        return None;
    }
    if !ring.iter().all(|position| matches!(entries[*position].operation.call, Call::Txn(_))) {
        return None;
    }
    let mut canvas = Canvas::new(&format!("cycle {check}"), WIDTH);
    let headline = format!("not {check} ({}): {}", witness.anomaly, witness.headline);
    let top = heading(&mut canvas, "cycle", &run_name(record), &headline);
    let boxes = places(ring.len(), top);
    let bottom = boxes.iter().map(Rect::bottom).fold(top, f64::max);
    for (i, edge) in edges.iter().enumerate() {
        let next = (i + 1) % ring.len();
        arrow(&mut canvas, &boxes[i], &boxes[next], &witness.edges[*edge].why, ring.len() == 2);
    }
    let end = end_ns(record);
    for (i, position) in ring.iter().enumerate() {
        let entry = &entries[*position];
        let rect = boxes[i];
        canvas.rounded(rect, 8.0, &Paint::solid(Color(0xeaf2f9)).outlined(INK, 1.6));
        let name = format!("T{} · process {}", i + 1, entry.process);
        canvas.text(rect.x + 12.0, rect.y + 22.0, &name, &LABEL.bold());
        let steps = words(entry);
        let steps = steps.strip_prefix("txn ").unwrap_or(&steps);
        for (line, text) in wrap(steps, SMALL.size, false, BOX.0 - 24.0, 3).iter().enumerate() {
            canvas.text(rect.x + 12.0, rect.y + 43.0 + 18.0 * line as f64, text, &SMALL);
        }
        let when = circumstances(entry, record, end);
        let when: Vec<&str> = when.split(", ").skip(1).take(2).collect();
        let when = when.join(", ");
        let look = SMALL.color(MUTED);
        canvas.text(rect.x + 12.0, rect.bottom() - 9.0, &fit(&when, SMALL.size, false, BOX.0 - 24.0), &look);
    }
    let mut y = bottom + 40.0;
    let mut told: Vec<&str> = Vec::new();
    for edge in &edges {
        let (.., meaning) = reason(&witness.edges[*edge].why);
        if !meaning.is_empty() && !told.contains(&meaning) {
            told.push(meaning);
            canvas.text(MARGIN, y, meaning, &LABEL.color(MUTED));
            y += 23.0;
        }
    }
    let title = format!("Cycle of dependencies in {}", run_name(record));
    Some(canvas.finish(y, &title, &format!("{headline} {}", witness.story.join(" "))))
}

/// The boxes in a ring, the first at the top left or left, clockwise.
fn places(count: usize, top: f64) -> Vec<Rect> {
    let (w, h) = BOX;
    let at = |x: f64, y: f64| Rect::new(x - w / 2.0, y, w, h);
    let (left, middle, right) = (MARGIN + 40.0 + w / 2.0, WIDTH / 2.0, WIDTH - MARGIN - 40.0 - w / 2.0);
    let row = |i: usize| top + 24.0 + i as f64 * (h + 92.0);
    match count {
        2 => vec![at(left, row(0) + 30.0), at(right, row(0) + 30.0)],
        3 => vec![at(left, row(0)), at(right, row(0)), at(middle, row(1))],
        _ => {
            // Down the right side and up the left.
            let down = count.div_ceil(2);
            let right_side = (0..down).map(|i| at(right, row(i)));
            let left_side = (0..count - down).rev().map(|i| at(left, row(i)));
            right_side.chain(left_side).collect()
        }
    }
}

fn arrow(canvas: &mut Canvas, from: &Rect, to: &Rect, why: &str, pair: bool) {
    let middle = |rect: &Rect| (rect.x + rect.w / 2.0, rect.y + rect.h / 2.0);
    // The two arrows of a pair run side by side.
    let aside = if !pair {
        0.0
    } else if from.x < to.x {
        -26.0
    } else {
        26.0
    };
    let (a, b) = (middle(from), middle(to));
    let shift = |(x, y): (f64, f64)| (x, y + aside);
    let start = shift(leaves(from, b));
    let end = shift(leaves(to, a));
    let (color, dash, _) = reason(why);
    let arrow = Arrow::straight(start, end);
    arrow.draw(canvas, color, 3.0, dash);
    let (x, y) = arrow.at(0.5);
    let look = Type { size: 18.0, ..LABEL }.bold().color(color).middle();
    let extent = look.extent(x, y + 6.0, why);
    let paper = Rect::new(extent.x - 6.0, extent.y - 3.0, extent.w + 12.0, extent.h + 6.0);
    canvas.rounded(paper, 4.0, &Paint::solid(PAPER));
    canvas.text(x, y + 6.0, why, &look);
}
