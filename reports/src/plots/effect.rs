//! The effect plot of a paired comparison: for each metric and candidate the mean difference to the baseline with its
//! 95% interval, a line at zero, and in how many worlds each side won.
//!
//! Deliberately absent: the values themselves (see [`super::candidates`]); stars for significance.

use checks::metrics::direction::Better;

use crate::axis::Axis;
use crate::canvas::{Canvas, Fill, Hatch, Paint, Rect};
use crate::chart::Chart;
use crate::comparison::{ComparedMetric, ComparedPolicy, Comparison};
use crate::heading::heading;
use crate::number::{percent, short, unit_after, unit_of, whole};
use crate::style::{BLUE, Color, GREEN, INK, LABEL, MARGIN, MUTED, PAPER, SMALL, VERMILLION, WIDTH};
use crate::text::{count, fit};

/// The height of a candidate's row.
const ROW: f64 = 34.0;
/// The columns: labels, chart, numbers, wins.
const LABELS: f64 = 210.0;
const CHART: f64 = 370.0;
const NUMBERS: f64 = 310.0;
/// At most this many metrics; the page's tables have all.
const METRICS_MAX: usize = 12;
/// The colour of a difference that the data cannot tell from zero.
const UNCLEAR: Color = MUTED;

/// Draws the effect plot of a comparison.
#[must_use]
pub fn effect(input: &Comparison) -> String {
    let mut canvas = Canvas::new("effect", WIDTH);
    let base = input.labels.get(input.baseline).map_or("", String::as_str);
    let told = format!(
        "mean difference to {base} in the same {}, with 95 % intervals; filled: told apart from zero after Holm; \
         bars: share of worlds with a smaller and with a greater value",
        count(input.worlds, "world")
    );
    let mut y = heading(&mut canvas, "paired differences", &input.title, &told) + 10.0;
    let shown: Vec<&ComparedMetric> = input.shown().collect();
    for metric in shown.iter().take(METRICS_MAX) {
        y = panel(&mut canvas, input, metric, y);
    }
    if shown.is_empty() {
        canvas.text(MARGIN, y + 16.0, "no metric differs between the candidates", &LABEL.color(MUTED));
        y += 30.0;
    }
    if shown.len() > METRICS_MAX {
        let text = format!("and {} more metrics in the tables", shown.len() - METRICS_MAX);
        canvas.text(MARGIN, y + 4.0, &text, &SMALL.color(MUTED));
        y += 22.0;
    }
    canvas.finish(y + 8.0, &format!("Paired differences of {}", input.title), &told)
}

/// One metric: a row for each candidate but the baseline. Answers where it ends.
fn panel(canvas: &mut Canvas, input: &Comparison, metric: &ComparedMetric, top: f64) -> f64 {
    let others: Vec<(usize, &ComparedPolicy)> =
        metric.policies.iter().enumerate().filter(|(place, _)| *place != input.baseline).collect();
    let ends = |p: &ComparedPolicy| [p.difference - p.ci95, p.difference + p.ci95];
    let (mut least, mut most) = (0.0f64, 0.0f64);
    for end in others.iter().flat_map(|(_, policy)| ends(policy)) {
        (least, most) = (least.min(end), most.max(end));
    }
    let (name, unit, size) = unit_of(&metric.name, least.abs().max(most.abs()));
    let unit = unit_after(unit);
    canvas.text(MARGIN, top + 16.0, &fit(&name, LABEL.size, true, LABELS + CHART * 0.3), &LABEL.bold());
    let base = metric.policies[input.baseline].mean;
    let (own, own_unit, own_size) = unit_of(&metric.name, base);
    debug_assert_eq!(own, name, "the same metric");
    let baseline = format!("baseline {}{}", short(base / own_size), unit_after(own_unit));
    canvas.text(WIDTH - MARGIN, top + 16.0, &baseline, &SMALL.color(MUTED).end());
    let rect = Rect::new(MARGIN + LABELS, top + 30.0, CHART, ROW * others.len() as f64);
    let mut axis = Axis::spanning(least / size, most / size, 5, "");
    axis.title =
        format!("difference{}", if unit.is_empty() { String::new() } else { format!(" ({})", unit.trim()) });
    let flat = Axis { ticks: Vec::new(), ..Axis::from_zero(1.0, 1, "") };
    let chart = Chart { rect, x: axis, y: flat };
    chart.grid(canvas);
    direction(canvas, &chart, metric.better);
    let zero = chart.at_x(0.0);
    canvas.line((zero, rect.y - 4.0), (zero, rect.bottom()), &Paint::line(INK, 1.6));
    for (row, (place, policy)) in others.iter().enumerate() {
        let y = rect.y + ROW * (row as f64 + 0.5);
        let label = fit(&input.labels[*place], SMALL.size, false, LABELS - 12.0);
        canvas.text(MARGIN, y + 5.0, &label, &SMALL);
        interval(canvas, &chart, metric.better, policy, (y, size));
        let share = if base == 0.0 {
            String::new()
        } else {
            format!(" ({})", signed_percent(policy.difference / base.abs()))
        };
        let sign = if policy.difference > 0.0 { "+" } else { "" };
        let numbers =
            format!("{sign}{} ± {}{unit}{share}", short(policy.difference / size), short(policy.ci95 / size));
        canvas.text(rect.right() + 18.0, y + 5.0, &fit(&numbers, SMALL.size, false, NUMBERS - 14.0), &SMALL);
        wins(canvas, metric.better, policy, input.worlds, y);
    }
    chart.x_axis(canvas) + 14.0
}

fn signed_percent(share: f64) -> String {
    format!("{}{}", if share > 0.0 { "+" } else { "" }, percent(share))
}

/// Whether a difference is told apart from zero, and is to the better.
fn is_gain(better: Better, policy: &ComparedPolicy) -> Option<bool> {
    if policy.p_adjusted >= 0.05 || policy.difference == 0.0 {
        return None;
    }
    match better {
        Better::Less => Some(policy.difference < 0.0),
        Better::More => Some(policy.difference > 0.0),
        Better::Unknown => None,
    }
}

fn color(better: Better, policy: &ComparedPolicy) -> Color {
    match is_gain(better, policy) {
        Some(true) => GREEN,
        Some(false) => VERMILLION,
        None if policy.p_adjusted < 0.05 => BLUE,
        None => UNCLEAR,
    }
}

/// The interval with its ends, and the mean: a filled dot if it is told apart from zero, an open one if not.
fn interval(
    canvas: &mut Canvas,
    chart: &Chart,
    better: Better,
    policy: &ComparedPolicy,
    (y, size): (f64, f64),
) {
    let at = |value: f64| chart.at_x(value / size);
    let (from, to) = (at(policy.difference - policy.ci95), at(policy.difference + policy.ci95));
    let color = color(better, policy);
    canvas.line((from, y), (to, y), &Paint::line(color, 2.6));
    for x in [from, to] {
        canvas.line((x, y - 6.0), (x, y + 6.0), &Paint::line(color, 2.0));
    }
    let clear = policy.p_adjusted < 0.05;
    let paint = if clear {
        Paint::solid(color).outlined(PAPER, 1.5)
    } else {
        Paint::solid(PAPER).outlined(color, 2.2)
    };
    canvas.circle((at(policy.difference), y), 6.0, &paint);
}

/// Words at the chart's upper corner that say which way is better.
fn direction(canvas: &mut Canvas, chart: &Chart, better: Better) {
    let rect = chart.rect;
    match better {
        Better::Less => canvas.text(rect.x, rect.y - 8.0, "← better", &SMALL.color(GREEN)),
        Better::More => canvas.text(rect.right(), rect.y - 8.0, "better →", &SMALL.color(GREEN).end()),
        Better::Unknown => {}
    }
}

/// A bar of the worlds in which the candidate's value was smaller (from the left) and greater (from the right).
fn wins(canvas: &mut Canvas, better: Better, policy: &ComparedPolicy, worlds: u64, y: f64) {
    let left = MARGIN + LABELS + CHART + NUMBERS + 10.0;
    let room = WIDTH - MARGIN - left;
    let bar = Rect::new(left, y - 13.0, room, 12.0);
    canvas.rect(bar, &Paint::solid(Color(0xe7eaee)));
    let good = Fill::Solid(Color(0x8fd0bb));
    let bad = Fill::Hatched(Hatch::Rising, VERMILLION, Color(0xfbd9bf));
    let plain = Fill::Solid(Color(0xa9d2ef));
    let (smaller, greater) = match better {
        Better::Less => (good, bad),
        Better::More => (bad, good),
        Better::Unknown => (plain, plain),
    };
    let wide = |count: u64| room * count as f64 / worlds.max(1) as f64;
    let tip = format!("less in {}, more in {} of {}", policy.smaller, policy.greater, worlds);
    canvas.told(&tip, |canvas| {
        canvas.rect(Rect::new(bar.x, bar.y, wide(policy.smaller), bar.h), &Paint::filled(smaller));
        let w = wide(policy.greater);
        canvas.rect(Rect::new(bar.right() - w, bar.y, w, bar.h), &Paint::filled(greater));
    });
    let look = crate::canvas::Type { size: 14.0, ..SMALL.color(MUTED) };
    canvas.text(bar.x, y + 13.0, &format!("{} less", whole(policy.smaller)), &look);
    canvas.text(bar.right(), y + 13.0, &format!("{} more", whole(policy.greater)), &look.end());
}

#[cfg(test)]
mod tests {
    use super::{effect, is_gain};
    use crate::comparison::{ComparedMetric, ComparedPolicy, Comparison};
    use checks::metrics::direction::Better;

    fn sample() -> Comparison {
        let policy = |values: &[f64], difference: f64, ci95: f64, p_adjusted: f64| ComparedPolicy {
            values: values.to_vec(),
            mean: 10.0,
            difference,
            ci95,
            p_adjusted,
            smaller: 2,
            ..ComparedPolicy::default()
        };
        Comparison {
            title: "raft/healthy".into(),
            labels: vec!["a".into(), "b & c".into()],
            baseline: 0,
            worlds: 2,
            metrics: vec![ComparedMetric {
                name: "latency_ms_p99".into(),
                better: Better::Less,
                policies: vec![policy(&[10.0, 10.0], 0.0, 0.0, 1.0), policy(&[8.0, 8.0], -2.0, 0.1, 0.001)],
            }],
            conclusions: Vec::new(),
            origin: String::new(),
            replay: String::new(),
        }
    }

    #[test]
    fn gains_have_a_direction() {
        let input = sample();
        let policy = &input.metrics[0].policies[1];
        assert_eq!(is_gain(Better::Less, policy), Some(true));
        assert_eq!(is_gain(Better::More, policy), Some(false));
        assert_eq!(is_gain(Better::Unknown, policy), None);
    }

    #[test]
    fn the_picture_tells_its_numbers() {
        let svg = effect(&sample());
        for part in ["b &amp; c", "← better", "−2 ± 0.1", "2 less", "baseline 10"] {
            assert!(svg.contains(part), "{part}");
        }
        let mut empty = sample();
        empty.metrics.clear();
        assert!(effect(&empty).contains("no metric differs"));
    }
}
