//! The stability map: for each load the shortest trigger after which the system does not come back, and so the stable,
//! vulnerable and overloaded loads and the triggers that lead to a metastable failure.
//!
//! Deliberately absent: a smooth boundary; what lies between two loads that were tried is not known.

use crate::axis::Axis;
use crate::canvas::{Canvas, Fill, Hatch, Paint, Rect};
use crate::chart::Chart;
use crate::heading::{Key, heading, keys};
use crate::number::duration;
use crate::stability::{Stability, Tipping};
use crate::style::{BLUE, Color, GREEN, INK, MARGIN, MUTED, PAPER, SERIES, SMALL, VERMILLION, WIDTH};
use crate::text::fit;

const STABLE: Color = Color(0xd3ece3);
const METASTABLE: Fill = Fill::Hatched(Hatch::Rising, VERMILLION, Color(0xfbe3d3));
const OVERLOADED: Fill = Fill::Solid(Color(0xb9c2cb));
const BAND: f64 = 26.0;

/// Draws the map.
#[must_use]
pub fn stability(input: &Stability) -> String {
    let mut canvas = Canvas::new("stability", WIDTH);
    let told = format!(
        "{} · columns: the load · upwards: how long the trigger lasts (logarithmic) · recovered where {}",
        input.trigger, input.recovered
    );
    let top = heading(&mut canvas, "stability map", &input.title, &told) + 4.0;
    let legend = [
        (Paint::solid(STABLE), "it comes back"),
        (Paint::filled(METASTABLE), "metastable failure: it does not"),
        (Paint::filled(OVERLOADED), "not well without any trigger"),
    ];
    let legend: Vec<Key> = legend.into_iter().map(|(paint, word)| Key { paint, word: word.into() }).collect();
    let top = keys(&mut canvas, MARGIN, top, &legend) + 14.0 + BAND;
    let rect = Rect::new(MARGIN + 90.0, top, WIDTH - 2.0 * MARGIN - 110.0, 380.0);
    let y = Axis::log_durations(input.shortest_ns, input.longest_ns, "trigger lasts");
    let flat = Axis { ticks: Vec::new(), ..Axis::from_zero(1.0, 1, "") };
    let chart = Chart { rect, x: flat, y };
    let wide = rect.w / input.loads.len().max(1) as f64;
    for (i, load) in input.loads.iter().enumerate() {
        let x = rect.x + wide * i as f64;
        let column = Rect::new(x, rect.y, wide - 2.0, rect.h);
        column_of(&mut canvas, &chart, input, column, i);
        region(&mut canvas, &load.region, Rect::new(x, rect.y - BAND, wide - 2.0, BAND - 4.0));
        let label = fit(&load.label, SMALL.size, false, wide - 4.0);
        canvas.text(x + wide / 2.0 - 1.0, rect.bottom() + 20.0, &label, &SMALL.middle());
    }
    chart.y_axis(&mut canvas);
    let name = fit(&input.load, SMALL.size, false, rect.w);
    canvas.text(rect.x + rect.w / 2.0, rect.bottom() + 42.0, &name, &SMALL.middle().color(MUTED));
    canvas.finish(rect.bottom() + 62.0, &format!("Stability of {}", input.title), &told)
}

/// The region of a load, over its column.
fn region(canvas: &mut Canvas, word: &str, rect: Rect) {
    let color = match word {
        "stable" => GREEN,
        "vulnerable" => VERMILLION,
        _ => MUTED,
    };
    canvas.rect(rect, &Paint::solid(color));
    let text = fit(word, SMALL.size, true, rect.w - 4.0);
    canvas.text(rect.x + rect.w / 2.0, rect.y + 16.0, &text, &SMALL.bold().middle().color(PAPER));
}

/// One load: its ground by the largest trigger's threshold, and a bracket for each size.
fn column_of(canvas: &mut Canvas, chart: &Chart, input: &Stability, column: Rect, load: usize) {
    let sizes = &input.loads[load].sizes;
    if sizes.contains(&Tipping::Overloaded) {
        canvas.rect(column, &Paint::filled(OVERLOADED));
        return;
    }
    let top = chart.at_y(input.longest_ns);
    let step = column.w / sizes.len().max(1) as f64;
    for (i, tipping) in sizes.iter().enumerate() {
        // Each size has its own ground; above the longest trigger tried nothing is known.
        let left = column.x + step * i as f64;
        let split = tipping.stuck().map_or(top, |stuck| chart.at_y(stuck));
        canvas.rect(Rect::new(left, split, step, column.bottom() - split), &Paint::solid(STABLE));
        canvas.rect(Rect::new(left, top, step, split - top), &Paint::filled(METASTABLE));
    }
    for (i, tipping) in sizes.iter().enumerate() {
        let (x, (color, _)) = (column.x + step * (i as f64 + 0.5), SERIES[i % SERIES.len()]);
        let color = if sizes.len() == 1 { BLUE } else { color };
        let Some(stuck) = tipping.stuck() else { continue };
        let y = chart.at_y(stuck);
        if let Tipping::Between { recovers, .. } = tipping {
            canvas.line((x, y), (x, chart.at_y(*recovers)), &Paint::line(color, 3.0));
        }
        let half = (step * 0.4).min(16.0);
        canvas.line((x - half, y), (x + half, y), &Paint::line(color, 3.0));
        let mut text = duration(stuck);
        if let Some(size) = input.sizes.get(i).filter(|_| sizes.len() > 1) {
            text = format!("{size}: {text}");
        }
        let up = if i % 2 == 0 && y - 24.0 > column.y { y - 8.0 } else { y + 24.0 };
        canvas.text(x, up, &fit(&text, SMALL.size, false, column.w), &SMALL.middle().color(INK).halo());
    }
}
