//! Latency: how long operations took that ended ok, as percentiles in a table and as the distribution, by kind.
//!
//! The share axis gives each nine the same room, because that is where systems differ; the time axis is logarithmic.
//! Deliberately absent: operations that failed or ended unknown. Their time is the client's patience, not the
//! system's speed; the picture says how many there were.

use std::collections::BTreeMap;

use sim_core::record::Record;

use crate::axis::Axis;
use crate::canvas::{Anchor, Canvas, Paint, Rect};
use crate::chart::{Chart, Stroke};
use crate::heading::{heading, run_name};
use crate::input::Run;
use crate::labels::Taken;
use crate::number::{duration, whole};
use crate::style::{GRID, INK, LABEL, MARGIN, MUTED, PAPER, SERIES, SMALL, WIDTH};
use crate::text::{count, fit};

/// The shares in the table.
const SHARES: [(f64, &str); 4] = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9")];
/// At most this many kinds of operations have a curve; the rarest others are one.
const KINDS_MAX: usize = 4;
/// At most this many points a curve.
const POINTS_MAX: usize = 400;

/// One curve: a name and its latencies in nanoseconds, in order.
struct Series {
    name: String,
    sorted: Vec<u64>,
}

/// Draws the latencies of a run; `None` if no operation ended ok.
#[must_use]
pub fn latency(run: &Run<'_>) -> Option<String> {
    let record = run.record;
    let series = series(record);
    let all = series.first()?;
    let (least, greatest) = (*all.sorted.first()?, *all.sorted.last()?);
    let mut canvas = Canvas::new("latency", WIDTH);
    let told = story(record, all);
    let top = heading(&mut canvas, "latency", &run_name(record), &told) + 12.0;
    let rect = Rect::new(104.0, top, WIDTH - 104.0 - MARGIN - 14.0, 330.0);
    let x =
        Axis::log_durations(least as f64, greatest as f64, "latency from invocation to answer (log scale)");
    let y = Axis::nines(all.sorted.len(), "share answered within");
    let chart = Chart { rect, x, y };
    chart.grid(&mut canvas);
    let mut taken = Taken::default();
    for (i, series) in series.iter().enumerate().rev() {
        let (color, dash) = SERIES[i % SERIES.len()];
        let points = points(series, &chart);
        let course: Vec<(f64, f64)> = points.iter().map(|(x, y)| (chart.at_x(*x), chart.at_y(*y))).collect();
        taken.add_line(&course);
        chart.series(&mut canvas, points, Stroke { color, width: stroke(i), dash });
    }
    values(&mut canvas, &chart, all, &mut taken);
    let bottom = chart.x_axis(&mut canvas);
    chart.y_axis(&mut canvas);
    let bottom = table(&mut canvas, &series, bottom + 14.0);
    Some(canvas.finish(bottom + 16.0, &format!("Latency of {}", run_name(record)), &told))
}

fn stroke(i: usize) -> f64 {
    if i == 0 { 3.0 } else { 2.2 }
}

/// All operations first, then each kind if there are several, the most frequent first.
fn series(record: &Record) -> Vec<Series> {
    let mut kinds: BTreeMap<&'static str, Vec<u64>> = BTreeMap::new();
    let mut all = Vec::new();
    for entry in record.history.entries.iter().filter(|entry| entry.is_ok()) {
        let took = entry.completed.since(entry.invoked).0;
        kinds.entry(entry.operation.call.name()).or_default().push(took);
        all.push(took);
    }
    if all.is_empty() {
        return Vec::new();
    }
    let mut by_count: Vec<(String, Vec<u64>)> =
        kinds.into_iter().map(|(name, took)| (name.to_string(), took)).collect();
    by_count.sort_by_key(|(name, took)| (std::cmp::Reverse(took.len()), name.clone()));
    if by_count.len() > KINDS_MAX {
        let rest = by_count.split_off(KINDS_MAX - 1);
        let name = format!("{} other kinds", rest.len());
        by_count.push((name, rest.into_iter().flat_map(|(_, took)| took).collect()));
    }
    let mut series: Vec<Series> = Vec::new();
    if let [(name, _)] = by_count.as_slice() {
        series.push(Series { name: name.clone(), sorted: all });
    } else {
        series.push(Series { name: "all".into(), sorted: all });
        series.extend(by_count.into_iter().map(|(name, sorted)| Series { name, sorted }));
    }
    for series in &mut series {
        series.sorted.sort_unstable();
    }
    series
}

/// The least latency that at least this share did not exceed (the nearest rank); `None` where so few operations
/// cannot tell.
fn percentile(sorted: &[u64], share: f64) -> Option<u64> {
    let n = sorted.len() as f64;
    if n * (1.0 - share) < 0.999 && share > 0.5 {
        return None;
    }
    // A hair less, so that 0.9 of ten is nine although 0.9 is not a binary fraction.
    let rank = (share * n - 1e-9).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied()
}

/// The curve, thinned to what can be seen: even steps on the share axis.
fn points(series: &Series, chart: &Chart) -> Vec<(f64, f64)> {
    let n = series.sorted.len();
    let mut points: Vec<(f64, f64)> = vec![(series.sorted[0] as f64, 0.0)];
    let mut last_seen = f64::MIN;
    for (i, took) in series.sorted.iter().enumerate() {
        let share = (i + 1) as f64 / n as f64;
        let seen = chart.y.position(share);
        let last = i + 1 == n;
        if last || (seen - last_seen) * POINTS_MAX as f64 >= 1.0 {
            let before = points.last().map_or(0.0, |(_, share)| *share);
            // A step: the share rises where the next latency is reached.
            points.push((*took as f64, before));
            points.push((*took as f64, share.min(chart.y.to)));
            last_seen = seen;
        }
    }
    points
}

/// The percentiles of all operations, on their curve.
fn values(canvas: &mut Canvas, chart: &Chart, all: &Series, taken: &mut Taken) {
    for (share, name) in SHARES {
        let Some(took) = percentile(&all.sorted, share) else { continue };
        let (x, y) = (chart.at_x(took as f64), chart.at_y(share));
        let text = format!("{name} {}", duration(took as f64));
        let look = SMALL.bold().halo();
        let mut places = Vec::new();
        for away in [0.0, 14.0, 30.0, 50.0] {
            places.push((x - 11.0 - away, y - 7.0, look.end()));
            places.push((x + 11.0 + away, y + 17.0, look));
            places.push((x - 11.0 - away, y + 17.0, look.end()));
            places.push((x + 11.0 + away, y - 7.0, look));
            places.push((x, y - 14.0 - away, look.middle()));
        }
        canvas.circle((x, y), 5.5, &Paint::solid(SERIES[0].0).outlined(PAPER, 1.5));
        if let Some((text_x, text_y, look)) = taken.place(&text, &places, &chart.rect) {
            if (text_x - x).abs() > 12.0 || (text_y - y).abs() > 18.0 {
                let end =
                    if look.anchor == Anchor::Middle { (x, text_y + 3.0) } else { (text_x, text_y - 5.0) };
                canvas.line((x, y), end, &Paint::line(MUTED, 1.0));
            }
            canvas.text(text_x, text_y, &text, &look);
        }
    }
}

/// The table below: a row per curve, with a piece of its line.
fn table(canvas: &mut Canvas, series: &[Series], top: f64) -> f64 {
    let columns = ["operations", "p50", "p90", "p99", "p99.9", "greatest"];
    let right = |column: usize| 420.0 + column as f64 * 128.0;
    let mut y = top + 16.0;
    for (column, name) in columns.iter().enumerate() {
        canvas.text(right(column), y, name, &LABEL.bold().end());
    }
    canvas.line((MARGIN, y + 8.0), (WIDTH - MARGIN, y + 8.0), &Paint::line(INK, 1.2));
    for (i, series) in series.iter().enumerate() {
        y += 27.0;
        let (color, dash) = SERIES[i % SERIES.len()];
        let line = Paint::line(color, stroke(i)).dashed(dash);
        canvas.line((MARGIN, y - 5.0), (MARGIN + 46.0, y - 5.0), &line);
        let name = fit(&series.name, LABEL.size, false, 190.0);
        canvas.text(MARGIN + 58.0, y, &name, &LABEL);
        let n = series.sorted.len() as u64;
        let mut cells = vec![whole(n)];
        cells.extend(SHARES.iter().map(|(share, _)| {
            percentile(&series.sorted, *share).map_or_else(|| "–".to_string(), |took| duration(took as f64))
        }));
        cells.push(series.sorted.last().map_or_else(String::new, |took| duration(*took as f64)));
        for (column, cell) in cells.iter().enumerate() {
            canvas.text(right(column), y, cell, &LABEL.end());
        }
        canvas.line((MARGIN, y + 8.0), (WIDTH - MARGIN, y + 8.0), &Paint::line(GRID, 1.0));
    }
    if series.iter().any(|series| series.sorted.len() < 1000) {
        y += 26.0;
        canvas.text(MARGIN, y, "–: too few operations to tell", &SMALL.color(MUTED));
    }
    y + 8.0
}

fn story(record: &Record, all: &Series) -> String {
    let (ok, failed, unknown) = record.history.counts();
    let told: Vec<String> = SHARES
        .iter()
        .filter_map(|(share, name)| Some((name, percentile(&all.sorted, *share)?)))
        .map(|(name, took)| format!("{name} {}", duration(took as f64)))
        .collect();
    let left_out = if failed + unknown == 0 {
        String::new()
    } else {
        format!(" · {} failed and {} unknown left out", whole(failed), whole(unknown))
    };
    let told = if told.is_empty() { String::new() } else { format!(" · {}", told.join(", ")) };
    format!("{} that ended ok{told}{left_out}", count(ok, "operation"))
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_by_nearest_rank_and_honest() {
        let ten: Vec<u64> = (1..=10).collect();
        assert_eq!(percentile(&ten, 0.5), Some(5));
        assert_eq!(percentile(&ten, 0.9), Some(9));
        assert_eq!(percentile(&ten, 0.99), None);
        assert_eq!(percentile(&[7], 0.5), Some(7));
        assert_eq!(percentile(&[7], 0.9), None);
        assert_eq!(percentile(&[], 0.5), None);
        let thousand: Vec<u64> = (1..=1000).collect();
        assert_eq!(percentile(&thousand, 0.999), Some(999));
    }
}
