//! The operations under a timeline: a row each for ok, failed and unknown; marks where they are few, columns where
//! they are many.
//!
//! Deliberately absent: what was asked; a strip shows how it went.

use sim_core::record::Record;

use crate::canvas::{Canvas, Paint, Rect};
use crate::chart::Chart;
use crate::lanes::{end_ns, end_of, ended};
use crate::number::{short, whole};
use crate::operations::Bins;
use crate::style::{End, GROUND, LABEL, MUTED, PAPER, SMALL};

/// Up to this many operations of a kind are drawn one by one.
const MARKS_MAX: usize = 120;
/// The height of a row.
const ROW: f64 = 40.0;
/// The width of a column in pixels.
const COLUMN: f64 = 4.0;

/// Draws it with its upper edge at `top`, over the chart's time axis; answers its lower edge.
pub fn operation_strip(canvas: &mut Canvas, record: &Record, chart: &Chart, top: f64) -> f64 {
    let (ok, failed, unknown) = record.history.counts();
    let end = end_ns(record);
    let bins = Bins::exactly(record, end, (chart.rect.w / COLUMN) as usize);
    for (row, (kind, many)) in End::ALL.into_iter().zip([ok, failed, unknown]).enumerate() {
        let rect = Rect::new(chart.rect.x, top + row as f64 * ROW, chart.rect.w, ROW - 6.0);
        canvas.rect(rect, &Paint::solid(GROUND));
        let name = format!("{} {}", kind.word(), whole(many));
        canvas.text(rect.x - 8.0, rect.y + 14.0, &name, &LABEL.color(kind.color()).bold().end());
        if many == 0 {
            continue;
        }
        let at: Vec<f64> = times(record, chart, kind);
        let close = at.windows(2).filter(|pair| pair[1] - pair[0] < 5.0).count();
        if many <= MARKS_MAX as u64 && close <= at.len() / 4 {
            marks(canvas, record, chart, kind, rect);
        } else {
            columns(canvas, chart, &bins, kind, rect);
            let peak = format!("peak {}/s", short(bins.per_second(bins.greatest(kind))));
            canvas.text(rect.x - 8.0, rect.y + 30.0, &peak, &SMALL.color(MUTED).end());
        }
    }
    top + 3.0 * ROW
}

/// Where the operations of a kind ended, if they are few; in order.
fn times(record: &Record, chart: &Chart, kind: End) -> Vec<f64> {
    let entries = record.history.entries.iter().filter(|entry| end_of(entry) == kind);
    let mut at: Vec<f64> = entries.take(MARKS_MAX).map(|entry| chart.at_x(ended(entry).0 as f64)).collect();
    at.sort_by(f64::total_cmp);
    at
}

fn marks(canvas: &mut Canvas, record: &Record, chart: &Chart, kind: End, rect: Rect) {
    let middle = rect.y + rect.h / 2.0;
    for entry in record.history.entries.iter().filter(|entry| end_of(entry) == kind) {
        let x = chart.at_x(ended(entry).0 as f64);
        let tip = format!("{} by process {}: {}", entry.operation, entry.process, entry.outcome.word());
        canvas.told(&tip, |canvas| match kind {
            End::Ok => {
                canvas.line((x, rect.y + 4.0), (x, rect.bottom() - 4.0), &Paint::line(kind.color(), 2.0));
            }
            End::Failed => {
                let paint = Paint::line(kind.color(), 2.0);
                canvas.line((x - 4.5, middle - 4.5), (x + 4.5, middle + 4.5), &paint);
                canvas.line((x - 4.5, middle + 4.5), (x + 4.5, middle - 4.5), &paint);
            }
            End::Unknown => {
                canvas.circle((x, middle), 4.5, &Paint::solid(PAPER).outlined(kind.color(), 2.0));
            }
        });
    }
}

fn columns(canvas: &mut Canvas, chart: &Chart, bins: &Bins, kind: End, rect: Rect) {
    let greatest = bins.greatest(kind).max(1);
    let mut points = vec![(rect.x, rect.bottom())];
    for (i, counts) in bins.counts.iter().enumerate() {
        let from = chart.at_x((i as u64 * bins.width_ns) as f64);
        let to = chart.at_x(((i as u64 + 1).saturating_mul(bins.width_ns)) as f64);
        let count = counts[kind as usize];
        let height = (rect.h - 2.0) * count as f64 / greatest as f64;
        // What is there at all is seen.
        let y = rect.bottom() - if count > 0 { height.max(1.5) } else { 0.0 };
        points.extend([(from, y), (to, y)]);
    }
    points.push((rect.right(), rect.bottom()));
    canvas.polyline(&points, &kind.paint());
}
