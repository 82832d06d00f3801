//! Metrics over many seeds: for each a histogram with its median and the middle 95% of the runs, failures marked.
//!
//! The first panel says how many runs failed, with the 95% interval (Wilson's) of the share that would. Deliberately
//! absent: means, which hide what a distribution is looked at for; metrics that are
//! equal in every run, and those of single clients.

use checks::metrics::of_one_client;

use crate::axis::Axis;
use crate::canvas::{Canvas, Paint, Rect};
use crate::chart::Chart;
use crate::heading::heading;
use crate::input::{Distributions, MetricOverSeeds};
use crate::number::{percent, short, unit_after, unit_of, whole};
use crate::style::{ALARM, BLUE, Color, GREEN, INK, LABEL, MARGIN, MUTED, PAPER, SMALL, VERMILLION, WIDTH};
use crate::text::{count, fit};

/// Panels in a row.
const COLUMNS: usize = 3;
/// The height of a panel with its heading and axis.
const PANEL: f64 = 252.0;
/// The gap between panels.
const GAP: f64 = 34.0;
/// Columns of a histogram are no wider than this.
const COLUMN_MAX: f64 = 44.0;
/// At most this many metrics.
const METRICS_MAX: usize = 30;

/// Draws the distributions of an exploration.
#[must_use]
pub fn distributions(input: &Distributions) -> String {
    let mut canvas = Canvas::new("distributions", WIDTH);
    let scenario = if input.scenario.is_empty() { "unnamed scenario" } else { &input.scenario };
    let name = format!("{scenario} · {}", count(input.seeds.len() as u64, "seed"));
    let told = story(input);
    let mut y = heading(&mut canvas, "distributions over seeds", &name, &told) + 4.0;
    y = verdicts(&mut canvas, input, y);
    let shown: Vec<(&MetricOverSeeds, Vec<f64>)> = input
        .metrics
        .iter()
        .map(|metric| (metric, finite(metric)))
        .filter(|(metric, values)| varies(values) && !of_one_client(&metric.name))
        .collect();
    let width = (WIDTH - 2.0 * MARGIN - GAP * (COLUMNS - 1) as f64) / COLUMNS as f64;
    for (i, (metric, values)) in shown.iter().take(METRICS_MAX).enumerate() {
        let x = MARGIN + (i % COLUMNS) as f64 * (width + GAP);
        let top = y + (i / COLUMNS) as f64 * PANEL;
        panel(&mut canvas, input, metric, values, Rect::new(x, top, width, PANEL - 20.0));
    }
    let rows = shown.len().min(METRICS_MAX).div_ceil(COLUMNS);
    y += rows as f64 * PANEL;
    if shown.len() > METRICS_MAX {
        let text = format!("and {} more metrics", shown.len() - METRICS_MAX);
        canvas.text(MARGIN, y, &text, &SMALL.color(MUTED));
        y += 22.0;
    }
    canvas.finish(y + 8.0, &format!("Distributions over seeds of {scenario}"), &told)
}

/// Whether there is a distribution to see: two runs that differ, or a single run.
fn varies(sorted: &[f64]) -> bool {
    sorted.first().is_some_and(|first| sorted.len() == 1 || sorted.last() != Some(first))
}

/// The values there are, sorted.
fn finite(metric: &MetricOverSeeds) -> Vec<f64> {
    let mut values: Vec<f64> = metric.values.iter().copied().filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// A sorted list's quantile by the nearest rank.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    sorted[rank.min(sorted.len()) - 1]
}

/// Wilson's 95% interval of a share.
fn wilson(hits: usize, runs: usize) -> (f64, f64) {
    let (n, p, z) = (runs as f64, hits as f64 / runs as f64, 1.959_964);
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * libm::sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n));
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// The runs that failed, by position, in order and each once.
fn failed(input: &Distributions) -> Vec<usize> {
    let mut runs: Vec<usize> =
        input.failures.iter().map(|failure| failure.run).filter(|run| *run < input.seeds.len()).collect();
    runs.sort_unstable();
    runs.dedup();
    runs
}

/// The bar of passed and failed runs; answers where it ends.
fn verdicts(canvas: &mut Canvas, input: &Distributions, top: f64) -> f64 {
    let runs = input.seeds.len();
    if runs == 0 {
        return top;
    }
    let bad = failed(input);
    let bar = Rect::new(MARGIN, top + 2.0, WIDTH - 2.0 * MARGIN, 20.0);
    canvas.rect(bar, &Paint::solid(Color(0xbfe3d7)).outlined(GREEN, 1.0));
    // A failure is a stripe at its seed's place, so that clusters are seen.
    let wide = (bar.w / runs as f64).max(2.0);
    for run in &bad {
        let x = bar.x + bar.w * *run as f64 / runs as f64;
        canvas.rect(Rect::new(x.min(bar.right() - wide), bar.y, wide, bar.h), &Paint::solid(VERMILLION));
    }
    let first = input.seeds.first().copied().unwrap_or(0);
    let last = input.seeds.last().copied().unwrap_or(0);
    let y = bar.bottom() + 18.0;
    canvas.text(bar.x, y, &format!("seed {first}"), &SMALL.color(MUTED));
    canvas.text(bar.right(), y, &format!("seed {last}"), &SMALL.color(MUTED).end());
    let text = if bad.is_empty() {
        "every run passed".to_string()
    } else {
        let first = bad.first().map_or(0, |run| input.seeds[*run]);
        format!("{} failed (stripes), the first at seed {first}", whole(bad.len() as u64))
    };
    canvas.text(WIDTH / 2.0, y, &text, &SMALL.bold().middle());
    y + 22.0
}

/// One metric's panel.
fn panel(canvas: &mut Canvas, input: &Distributions, metric: &MetricOverSeeds, sorted: &[f64], rect: Rect) {
    let greatest = sorted.last().copied().unwrap_or(0.0).abs().max(sorted[0].abs());
    let (name, unit, size) = unit_of(&metric.name, greatest);
    let values: Vec<f64> = sorted.iter().map(|value| value / size).collect();
    let (median, low, high) = (quantile(&values, 0.5), quantile(&values, 0.025), quantile(&values, 0.975));
    let heading = if unit.is_empty() || unit == "/s" { name } else { format!("{name} ({unit})") };
    canvas.text(rect.x, rect.y + 14.0, &fit(&heading, LABEL.size, true, rect.w), &LABEL.bold());
    let unit = unit_after(unit);
    let mut summary = format!("median {}{unit}, 95 % in {} – {}", short(median), short(low), short(high));
    if values.len() < input.seeds.len() {
        summary.push_str(&format!(", {} runs", whole(values.len() as u64)));
    }
    canvas.text(rect.x, rect.y + 33.0, &fit(&summary, SMALL.size, false, rect.w), &SMALL.color(MUTED));
    let bad: Vec<f64> = failed(input)
        .iter()
        .filter_map(|run| metric.values.get(*run))
        .filter(|value| value.is_finite())
        .map(|value| value / size)
        .collect();
    let (axis, columns) = columns(&values);
    let (bins, most) = histogram(&values, &axis, columns);
    let (bad_bins, _) = histogram(&bad, &axis, columns);
    let plot = Rect::new(rect.x + 54.0, rect.y + 60.0, rect.w - 62.0, rect.h - 94.0);
    let mut y = Axis::from_zero(most as f64, 2, "runs");
    y.to = most as f64 * 1.04;
    y.ticks.retain(|(tick, _)| tick.fract() == 0.0 && *tick <= y.to);
    for (tick, text) in &mut y.ticks {
        *text = crate::number::fixed(*tick, 0);
    }
    let chart = Chart { rect: plot, x: axis, y };
    let baseline = chart.at_y(0.0);
    let step = plot.w / bins.len() as f64;
    for (i, (all, bad)) in bins.iter().zip(&bad_bins).enumerate() {
        let wide = (step - 1.0).min(COLUMN_MAX);
        let x = plot.x + (i as f64 + 0.5) * step - wide / 2.0;
        let bar = |n: usize| baseline - chart.at_y(n as f64);
        let height = if *all > 0 { bar(*all).max(1.5) } else { 0.0 };
        let all_bar = Rect::new(x, baseline - height, wide, height);
        canvas.rect(all_bar, &Paint::solid(Color(0xa9d2ef)));
        let height = if *bad > 0 { bar(*bad).max(2.5) } else { 0.0 };
        canvas.rect(Rect::new(x, baseline - height, wide, height), &Paint::solid(VERMILLION));
    }
    marks(canvas, &chart, (low, median, high), &bad);
    chart.x_axis(canvas);
    chart.y_axis(canvas);
}

/// The median, the interval above the columns, and a tick below them for each failed run.
fn marks(canvas: &mut Canvas, chart: &Chart, (low, median, high): (f64, f64, f64), bad: &[f64]) {
    let rect = chart.rect;
    let y = rect.y - 8.0;
    let (from, to) = (chart.at_x(low), chart.at_x(high));
    canvas.line((from, y), (to, y), &Paint::line(BLUE, 2.4));
    for x in [from, to] {
        canvas.line((x, y - 5.0), (x, y + 5.0), &Paint::line(BLUE, 2.4));
    }
    let x = chart.at_x(median);
    canvas.line((x, y), (x, rect.bottom()), &Paint::line(INK, 2.0).dashed("5 3"));
    canvas.circle((x, y), 5.0, &Paint::solid(BLUE).outlined(PAPER, 1.5));
    let mut seen: Vec<f64> = bad.iter().map(|value| chart.at_x(*value)).collect();
    seen.sort_by(f64::total_cmp);
    seen.dedup_by(|a, b| (*a - *b).abs() < 3.0);
    for x in seen {
        let y = rect.bottom();
        let head = [(x, y - 1.0), (x - 5.0, y + 8.0), (x + 5.0, y + 8.0)];
        canvas.polyline(&head, &Paint::solid(ALARM).outlined(PAPER, 0.8));
    }
}

/// The axis and the number of columns for sorted values: a column per whole number where they are few, else many.
fn columns(values: &[f64]) -> (Axis, usize) {
    let (least, greatest) = (values[0], values[values.len() - 1]);
    let few = greatest - least <= 24.0 && least.abs() < 1e9;
    if !few || values.iter().any(|value| value.fract() != 0.0) {
        return (Axis::spanning(least, greatest, 4, ""), 32);
    }
    let mut axis = Axis::spanning(least - 0.5, greatest + 0.5, 5, "");
    (axis.from, axis.to) = (least - 0.5, greatest + 0.5);
    let step = ((greatest - least) / 5.0).ceil().max(1.0);
    let many = ((greatest - least) / step) as usize;
    let tick = |i: usize| least + step * i as f64;
    axis.ticks = (0..=many).map(|i| (tick(i), crate::number::fixed(tick(i), 0))).collect();
    (axis, (greatest - least) as usize + 1)
}

/// Counts in equal columns, and the greatest of them.
fn histogram(values: &[f64], axis: &Axis, bins: usize) -> (Vec<usize>, usize) {
    let mut counts = vec![0; bins];
    for value in values {
        let bin = (axis.position(*value) * bins as f64) as usize;
        counts[bin.min(bins - 1)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    (counts, most)
}

fn story(input: &Distributions) -> String {
    let runs = input.seeds.len();
    if runs == 0 {
        return "no runs".into();
    }
    let bad = failed(input).len();
    let (low, high) = wilson(bad, runs);
    let share = percent(bad as f64 / runs as f64);
    let counts = format!("{} of {} failed", whole(bad as u64), count(runs as u64, "run"));
    let interval = format!("{share}; 95 % interval {} to {}", percent(low), percent(high));
    let key = "dot: median · bracket: middle 95 % · triangles: failed runs";
    let key = if bad == 0 { key.trim_end_matches(" · triangles: failed runs") } else { key };
    format!("{counts} ({interval}) · {key}")
}

#[cfg(test)]
mod tests {
    use super::{quantile, wilson};

    #[test]
    fn quantiles_are_values_of_the_list() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(quantile(&values, 0.5), 50.0);
        assert_eq!(quantile(&values, 0.025), 3.0);
        assert_eq!(quantile(&values, 0.975), 98.0);
        assert_eq!(quantile(&[4.0], 0.975), 4.0);
    }

    #[test]
    fn wilson_agrees_with_the_textbook() {
        // 10 of 100: 5.5% to 17.4% (Brown, Cai and DasGupta 2001, the Wilson interval).
        let (low, high) = wilson(10, 100);
        assert!((low - 0.0552).abs() < 5e-4 && (high - 0.1744).abs() < 5e-4, "{low} {high}");
        assert_eq!(wilson(0, 50).0, 0.0);
        assert!((wilson(50, 50).1 - 1.0).abs() < 1e-12);
    }
}
