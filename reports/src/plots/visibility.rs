//! PBS's curve: the share of measuring reads that would see a write, against the time between the write's end and the
//! read's begin (Bailis et al., VLDB'12, figure 6).
//!
//! Deliberately absent: reads by clients, whose staleness is [`crate::plots::staleness`].

use crate::axis::Axis;
use crate::canvas::{Canvas, Paint, Rect};
use crate::chart::{Chart, Stroke};
use crate::heading::{heading, run_name};
use crate::input::Run;
use crate::number::duration;
use crate::style::{MARGIN, PAPER, SERIES, SMALL, WIDTH};
use crate::text::count;

/// The shares that are told.
const SHARES: [(f64, &str); 3] = [(0.9, "90%"), (0.99, "99%"), (0.999, "99.9%")];
/// At most this many points.
const POINTS_MAX: usize = 400;

/// Draws the visibility of a run's writes; `None` if nobody measured it.
#[must_use]
pub fn visibility(run: &Run<'_>) -> Option<String> {
    let list = run.record.measures.get("visibility_ns")?;
    let mut late: Vec<i64> = list.iter().map(|measure| measure.value).collect();
    late.sort_unstable();
    let n = late.len() as f64;
    let at_once = late.partition_point(|ns| *ns == 0);
    let share_at_once = at_once as f64 / n;
    let quantile = |share: f64| {
        let rank = (share * n - 1e-9).ceil().max(1.0) as usize;
        late.get(rank - 1).copied().unwrap_or_default() as f64
    };
    let told: Vec<String> = SHARES
        .iter()
        .filter(|(share, _)| n * (1.0 - share) >= 1.0)
        .map(|(share, name)| match quantile(*share) {
            ns if ns > 0.0 => format!("{name} after {}", duration(ns)),
            _ => format!("{name} at once"),
        })
        .collect();
    let story = format!(
        "{}, each begun as its write was acknowledged · {:.1}% would see it at once, {}",
        count(late.len() as u64, "measuring read"),
        share_at_once * 100.0,
        told.join(", ")
    );
    let mut canvas = Canvas::new("visibility", WIDTH);
    let top = heading(&mut canvas, "visibility", &run_name(run.record), &story) + 12.0;
    let rect = Rect::new(104.0, top, WIDTH - 104.0 - MARGIN - 14.0, 330.0);
    let end = quantile(0.9995).max(1e3) * 1.05;
    let mut x = Axis::time(end as u64, 8);
    x.title = x.title.replace("simulated time", "time from a write's end to a read's begin");
    let chart = Chart { rect, x, y: Axis::nines(late.len(), "share of reads that would see the write") };
    chart.grid(&mut canvas);
    let (color, dash) = SERIES[0];
    let points = curve(&late, end, &chart);
    chart.series(&mut canvas, points, Stroke { color, width: 3.0, dash });
    for (share, name) in SHARES {
        let ns = quantile(share);
        if n * (1.0 - share) < 1.0 || ns <= 0.0 || ns > end {
            continue;
        }
        let (x, y) = (chart.at_x(ns), chart.at_y(share));
        canvas.circle((x, y), 5.5, &Paint::solid(color).outlined(PAPER, 1.5));
        let text = format!("{name} after {}", duration(ns));
        let beyond = x + 14.0 + SMALL.bold().width(&text) > rect.right();
        let look = SMALL.bold().halo();
        // Below the curve to its right, above it to its left.
        let (at, below, look) = if beyond { (x - 12.0, -10.0, look.end()) } else { (x + 12.0, 18.0, look) };
        canvas.text(at, y + below, &text, &look);
    }
    chart.y_axis(&mut canvas);
    let bottom = chart.x_axis(&mut canvas);
    let title = format!("Visibility of writes in {}", run_name(run.record));
    Some(canvas.finish(bottom + 16.0, &title, &story))
}

/// A step for each time at which more reads would see the write, thinned to what can be seen.
fn curve(late: &[i64], end: f64, chart: &Chart) -> Vec<(f64, f64)> {
    let n = late.len() as f64;
    let at_once = late.partition_point(|ns| *ns == 0);
    let mut points = vec![(0.0, at_once as f64 / n)];
    let mut last_seen = chart.x.position(0.0);
    for (place, ns) in late.iter().enumerate().skip(at_once) {
        let (x, share) = (*ns as f64, (place + 1) as f64 / n);
        if x > end {
            break;
        }
        let seen = chart.x.position(x);
        if (seen - last_seen) * POINTS_MAX as f64 >= 1.0 || place + 1 == late.len() {
            let before = points.last().map_or(0.0, |(_, share)| *share);
            points.push((x, before));
            points.push((x, share.min(chart.y.to)));
            last_seen = seen;
        }
    }
    points
}
