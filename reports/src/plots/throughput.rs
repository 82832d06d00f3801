//! Throughput: operations a second over time, ok above, failed and unknown below on their own scale, under the faults.
//!
//! Two panels, because a hundred failures a second are invisible beside ten thousand successes. Deliberately absent:
//! smoothing. A bar is a count over the stretch that the axis's title names.

use sim_core::record::Record;

use crate::axis::Axis;
use crate::canvas::{Canvas, Paint, Rect};
use crate::chart::{Chart, Stroke};
use crate::faults::Strip;
use crate::heading::{heading, run_name};
use crate::input::Run;
use crate::lanes::end_ns;
use crate::number::{short, whole};
use crate::operations::Bins;
use crate::style::{Color, End, LABEL, MARGIN, MUTED, UNDER_FAULT, WIDTH};
use crate::text::count;

/// Where the time axis begins.
const LEFT: f64 = 156.0;
/// At most this many stretches.
const BINS_MAX: usize = 150;
/// The area below the line of operations that ended ok.
const OK_AREA: Color = Color(0xbfe3d7);

/// Draws the throughput of a run; `None` without operations.
#[must_use]
pub fn throughput(run: &Run<'_>) -> Option<String> {
    let record = run.record;
    if record.history.entries.is_empty() {
        return None;
    }
    let end = end_ns(record);
    let bins = Bins::round(record, end, BINS_MAX);
    let mut canvas = Canvas::new("throughput", WIDTH);
    let told = story(record, end);
    let mut y = heading(&mut canvas, "throughput", &run_name(record), &told);
    let time = Axis::time(end, 10);
    let width = WIDTH - LEFT - MARGIN;
    let strip = Strip::of(record, end, width);
    let strip_top = y + 6.0;
    y += strip.height() + 12.0;
    let ok = panel(&mut canvas, &bins, &[End::Ok], Rect::new(LEFT, y + 24.0, width, 230.0), &time, &strip);
    strip.ground(&mut canvas, &ok, strip_top);
    strip.draw(&mut canvas, &ok, strip_top);
    y = ok.rect.bottom() + 16.0;
    let (_, failed, unknown) = record.history.counts();
    let last = if failed + unknown == 0 {
        canvas.text(LEFT, y + 14.0, "none failed, none unknown", &LABEL.color(MUTED));
        ok.x_axis_at(&mut canvas, y + 24.0)
    } else {
        let rect = Rect::new(LEFT, y + 24.0, width, 110.0);
        panel(&mut canvas, &bins, &[End::Failed, End::Unknown], rect, &time, &strip).x_axis(&mut canvas)
    };
    Some(canvas.finish(last + 14.0, &format!("Throughput of {}", run_name(record)), &told))
}

/// One panel: the counts of some ends, stacked.
fn panel(
    canvas: &mut Canvas,
    bins: &Bins,
    ends: &[End],
    rect: Rect,
    time: &Axis,
    strip: &Strip<'_>,
) -> Chart {
    let sum = |counts: &[u64; 3]| ends.iter().map(|end| counts[*end as usize]).sum::<u64>();
    let greatest = bins.counts.iter().map(sum).max().unwrap_or(0);
    let y = Axis::from_zero(bins.per_second(greatest), if rect.h > 150.0 { 5 } else { 3 }, "per second");
    let chart = Chart { rect, x: time.clone(), y };
    for (from, to) in strip.spans() {
        let x = chart.at_x(from as f64);
        let w = (chart.at_x(to as f64) - x).max(1.0);
        canvas.rect(Rect::new(x, rect.y, w, rect.h), &Paint::solid(UNDER_FAULT));
    }
    chart.grid(canvas);
    let mut below = vec![0; bins.counts.len()];
    for end in ends {
        stack(canvas, &chart, bins, *end, &mut below);
    }
    chart.y_axis(canvas);
    let line = Paint::line(crate::style::INK, 1.2);
    canvas.line((rect.x, rect.bottom()), (rect.right(), rect.bottom()), &line);
    let mut x = rect.x;
    for end in ends {
        let total: u64 = bins.counts.iter().map(|counts| counts[*end as usize]).sum();
        let peak = short(bins.per_second(bins.greatest(*end)));
        let most = if total > 0 { format!(", at most {peak}/s") } else { String::new() };
        let text = format!("{}: {}{most}", end.word(), whole(total));
        let look = LABEL.bold().color(end.color());
        let key =
            if *end == End::Ok { Paint::solid(OK_AREA).outlined(end.color(), 2.0) } else { end.paint() };
        canvas.rect(Rect::new(x, rect.y - 20.0, 22.0, 14.0), &key);
        canvas.text(x + 28.0, rect.y - 8.0, &text, &look);
        x += 28.0 + look.width(&text) + 30.0;
    }
    chart
}

/// Draws one end's columns on top of those below, and adds them to those.
fn stack(canvas: &mut Canvas, chart: &Chart, bins: &Bins, end: End, below: &mut [u64]) {
    let mut upper: Vec<(f64, f64)> = Vec::new();
    let mut lower: Vec<(f64, f64)> = Vec::new();
    for (i, counts) in bins.counts.iter().enumerate() {
        let from = (i as u64 * bins.width_ns) as f64;
        let to = from + bins.width_ns as f64;
        let (low, high) = (below[i], below[i] + counts[end as usize]);
        upper.extend([(from, bins.per_second(high)), (to, bins.per_second(high))]);
        lower.extend([(from, bins.per_second(low)), (to, bins.per_second(low))]);
        below[i] = high;
    }
    let pixels = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
        points.iter().map(|(x, y)| (chart.at_x(*x), chart.at_y(*y))).collect()
    };
    if end == End::Ok {
        let mut area = upper.clone();
        area.push((chart.x.to, 0.0));
        area.push((0.0, 0.0));
        chart.area(canvas, area, OK_AREA);
        chart.series(canvas, upper, Stroke { color: end.color(), width: 2.0, dash: "" });
        return;
    }
    let mut area = pixels(&upper);
    lower.reverse();
    area.extend(pixels(&lower));
    canvas.polyline(&area, &end.paint());
}

fn story(record: &Record, end: u64) -> String {
    let (ok, failed, unknown) = record.history.counts();
    let asked = record.history.entries.len() as u64;
    let bins = Bins::round(record, end, BINS_MAX);
    let rate = short(ok as f64 * 1e9 / end as f64);
    format!(
        "{} in {}: {} ok ({rate}/s), {} failed, {} unknown · counted every {}",
        count(asked, "operation"),
        crate::number::duration(end as f64),
        whole(ok),
        whole(failed),
        whole(unknown),
        crate::number::duration(bins.width_ns as f64)
    )
}
