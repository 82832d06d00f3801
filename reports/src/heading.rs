//! What stands over every picture: the title, the run it is of, a line on what is seen, and keys to patterns.
//!
//! Deliberately absent: anything that depends on what is drawn below.

use sim_core::record::Record;

use crate::canvas::{Canvas, Paint, Rect};
use crate::style::{LABEL, MARGIN, MUTED, SMALL, SUBTITLE, TITLE};
use crate::text::{fit, wrap};

/// Draws the heading; answers where it ends. `run` (scenario and seed) is at the left, what the picture shows at the
/// right.
pub fn heading(canvas: &mut Canvas, picture: &str, run: &str, subtitle: &str) -> f64 {
    let room = canvas.width() - 2.0 * MARGIN;
    let picture = fit(picture, LABEL.size, false, room * 0.55);
    let run = fit(run, TITLE.size, true, room - LABEL.width(&picture) - 30.0);
    canvas.text(MARGIN, 38.0, &run, &TITLE);
    canvas.text(canvas.width() - MARGIN, 38.0, &picture, &LABEL.color(MUTED).end());
    let lines = wrap(subtitle, SUBTITLE.size, false, room, 2);
    for (i, line) in lines.iter().enumerate() {
        canvas.text(MARGIN, 64.0 + 21.0 * i as f64, line, &SUBTITLE);
    }
    76.0 + 21.0 * lines.len().saturating_sub(1) as f64
}

/// A run as headings name it: `raft/minority-partition · seed 7`.
#[must_use]
pub fn run_name(record: &Record) -> String {
    let scenario = if record.scenario.is_empty() { "unnamed scenario" } else { &record.scenario };
    format!("{scenario} · seed {}", record.seed)
}

/// One key: a swatch and a word.
#[derive(Clone, Debug)]
pub struct Key {
    /// What it looks like.
    pub paint: Paint,
    /// What it means.
    pub word: String,
}

/// Draws keys in a row, and in more rows if they need them; answers where they end.
pub fn keys(canvas: &mut Canvas, left: f64, top: f64, keys: &[Key]) -> f64 {
    if keys.is_empty() {
        return top;
    }
    let (mut x, mut y) = (left, top);
    for key in keys {
        let word = fit(&key.word, SMALL.size, false, 300.0);
        let wide = 28.0 + SMALL.width(&word) + 22.0;
        if x + wide > canvas.width() - MARGIN + 22.0 && x > left {
            (x, y) = (left, y + 24.0);
        }
        canvas.rect(Rect::new(x, y + 2.0, 22.0, 14.0), &key.paint);
        canvas.text(x + 28.0, y + 14.0, &word, &SMALL);
        x += wide;
    }
    y + 26.0
}
