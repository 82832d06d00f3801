//! Distributions per candidate: each metric on one axis, a row of columns for each candidate, its median and the middle
//! 95% of its worlds.
//!
//! Deliberately absent: differences, which the worlds' common part hides here (see [`super::effect`]).

use crate::axis::Axis;
use crate::canvas::{Canvas, Paint, Rect};
use crate::chart::Chart;
use crate::comparison::{ComparedMetric, Comparison};
use crate::heading::heading;
use crate::number::{short, unit_after, unit_of};
use crate::style::{BLUE, Color, INK, LABEL, MARGIN, MUTED, SMALL, WIDTH};
use crate::text::{count, fit};

/// The height of a candidate's row.
const ROW: f64 = 46.0;
const LABELS: f64 = 210.0;
const NUMBERS: f64 = 330.0;
const BINS: usize = 80;
/// At most this many metrics.
const METRICS_MAX: usize = 12;

/// Draws the distributions of a comparison's candidates.
#[must_use]
pub fn candidates(input: &Comparison) -> String {
    let mut canvas = Canvas::new("candidates", WIDTH);
    let told = format!(
        "each metric in {} under each candidate · line: median · bracket: middle 95 % of the worlds",
        count(input.worlds, "world")
    );
    let mut y = heading(&mut canvas, "distributions per candidate", &input.title, &told) + 10.0;
    for metric in input.shown().take(METRICS_MAX) {
        y = panel(&mut canvas, input, metric, y);
    }
    canvas.finish(y + 8.0, &format!("Distributions per candidate of {}", input.title), &told)
}

fn panel(canvas: &mut Canvas, input: &Comparison, metric: &ComparedMetric, top: f64) -> f64 {
    let all = || metric.policies.iter().flat_map(|policy| policy.values.iter().copied());
    let (least, most) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let (name, unit, size) = unit_of(&metric.name, least.abs().max(most.abs()));
    let title = if unit.is_empty() { name } else { format!("{name} ({unit})") };
    canvas.text(MARGIN, top + 16.0, &fit(&title, LABEL.size, true, WIDTH - 2.0 * MARGIN), &LABEL.bold());
    let rect = Rect::new(
        MARGIN + LABELS,
        top + 26.0,
        WIDTH - 2.0 * MARGIN - LABELS - NUMBERS,
        ROW * metric.policies.len() as f64,
    );
    let flat = Axis { ticks: Vec::new(), ..Axis::from_zero(1.0, 1, "") };
    let chart = Chart { rect, x: Axis::spanning(least / size, most / size, 6, ""), y: flat };
    chart.grid(canvas);
    let rows: Vec<Vec<f64>> = metric.policies.iter().map(|policy| sorted(&policy.values, size)).collect();
    for (place, values) in rows.iter().enumerate() {
        let bottom = rect.y + ROW * (place as f64 + 1.0);
        let label = fit(&input.labels[place], SMALL.size, place == input.baseline, LABELS - 12.0);
        let look = if place == input.baseline { SMALL.bold() } else { SMALL };
        canvas.text(MARGIN, bottom - 14.0, &label, &look);
        if values.is_empty() {
            continue;
        }
        row(canvas, &chart, values, bottom);
        let at = |share: f64| checks::statistics::summary::percentile(values, share).unwrap_or(0.0);
        let unit = unit_after(unit);
        let text = format!("median {}{unit}, {} – {}", short(at(0.5)), short(at(0.025)), short(at(0.975)));
        canvas.text(
            rect.right() + 14.0,
            bottom - 14.0,
            &fit(&text, SMALL.size, false, NUMBERS - 14.0),
            &SMALL.color(MUTED),
        );
    }
    chart.x_axis(canvas) + 14.0
}

fn sorted(values: &[f64], size: f64) -> Vec<f64> {
    let mut values: Vec<f64> = values.iter().map(|value| value / size).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// One candidate's columns, median and bracket.
fn row(canvas: &mut Canvas, chart: &Chart, values: &[f64], bottom: f64) {
    let rect = chart.rect;
    let mut bins = vec![0usize; BINS];
    for value in values {
        bins[((chart.x.position(*value) * BINS as f64) as usize).min(BINS - 1)] += 1;
    }
    let most = bins.iter().copied().max().unwrap_or(1).max(1);
    let step = rect.w / BINS as f64;
    for (i, count) in bins.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = ((ROW - 16.0) * *count as f64 / most as f64).max(1.5);
        let bar = Rect::new(rect.x + step * i as f64, bottom - height, step - 0.6, height);
        canvas.rect(bar, &Paint::solid(Color(0xa9d2ef)));
    }
    canvas.line((rect.x, bottom), (rect.right(), bottom), &Paint::line(Color(0xb9c2cb), 1.0));
    let at = |share: f64| chart.at_x(checks::statistics::summary::percentile(values, share).unwrap_or(0.0));
    let (low, median, high, y) = (at(0.025), at(0.5), at(0.975), bottom - ROW + 9.0);
    canvas.line((low, y), (high, y), &Paint::line(BLUE, 2.2));
    for x in [low, high] {
        canvas.line((x, y - 4.0), (x, y + 4.0), &Paint::line(BLUE, 2.2));
    }
    canvas.line((median, y - 5.0), (median, bottom), &Paint::line(INK, 2.0));
}

#[cfg(test)]
mod tests {
    use super::candidates;
    use crate::comparison::{ComparedMetric, ComparedPolicy, Comparison};
    use checks::metrics::direction::Better;

    #[test]
    fn every_candidate_has_a_row() {
        let policy = |values: &[f64]| ComparedPolicy { values: values.to_vec(), ..ComparedPolicy::default() };
        let input = Comparison {
            title: "x".into(),
            labels: vec!["first".into(), "second".into()],
            baseline: 0,
            worlds: 3,
            metrics: vec![ComparedMetric {
                name: "latency_ms_p99".into(),
                better: Better::Less,
                policies: vec![policy(&[1.0, 2.0, 3.0]), policy(&[2.0, 4.0, 6.0])],
            }],
            conclusions: Vec::new(),
            origin: String::new(),
            replay: String::new(),
        };
        let svg = candidates(&input);
        assert!(svg.contains(">first<") && svg.contains("median 4 ms"), "{svg}");
    }
}
