//! Latency percentiles over time under the faults: median, 99th percentile and greatest of the operations that were
//! asked in each stretch and ended ok.
//!
//! Where they span more than a factor of twenty, the axis is logarithmic: on an even one all that is not the worst lies on the
//! ground. Deliberately absent: operations that did not end ok; `throughput.svg` counts them.

use checks::services::figures;

use crate::axis::Axis;
use crate::input::Run;
use crate::lanes::end_ns;
use crate::number::duration;
use crate::plots::over_time::{Line, Words, over_time, over_time_along};

/// How many stretches.
const STRETCHES: u64 = 120;
/// From what ratio of the greatest to the least value on the axis is logarithmic.
const LOG_FROM: f64 = 20.0;

/// Draws the percentiles of a run of services; `None` without services, or if nothing ended ok.
#[must_use]
pub fn percentiles(run: &Run<'_>) -> Option<String> {
    let record = run.record;
    figures(record)?;
    let end = end_ns(record);
    let width = end / STRETCHES + 1;
    let mut stretches: Vec<Vec<u64>> = vec![Vec::new(); STRETCHES as usize];
    for entry in record.history.entries.iter().filter(|entry| entry.is_ok()) {
        if let Some(stretch) = stretches.get_mut((entry.invoked.0 / width) as usize) {
            stretch.push(entry.completed.since(entry.invoked).0);
        }
    }
    for stretch in &mut stretches {
        stretch.sort_unstable();
    }
    let line = |name: &str, share: f64| {
        let mut points = Vec::new();
        for (place, stretch) in stretches.iter().enumerate().filter(|(_, stretch)| !stretch.is_empty()) {
            let rank = ((share * stretch.len() as f64 - 1e-9).ceil().max(1.0) as usize).min(stretch.len());
            points.push((place as u64 * width + width / 2, stretch[rank - 1] as f64 / 1e6));
        }
        let most = points.iter().map(|(_, ms)| *ms).fold(0.0, f64::max);
        Line { name: name.to_string(), said: format!("at most {}", duration(most * 1e6)), points }
    };
    let mut lines = vec![line("p50", 0.5), line("p90", 0.9), line("p99", 0.99)];
    let values = || lines.iter().flat_map(|line| line.points.iter().map(|(_, ms)| *ms));
    let (least, greatest) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    let words = |axis| Words {
        picture: "percentiles",
        story: "latency of the operations asked in each stretch that ended ok; a stretch without any is a hole",
        axis,
        at_least: 0.001,
        level: None,
    };
    if greatest <= LOG_FROM * least {
        return over_time(record, lines, words("milliseconds"));
    }
    for point in lines.iter_mut().flat_map(|line| &mut line.points) {
        point.1 *= 1e6;
    }
    let words = words("latency, logarithmic");
    let axis = |greatest_ns| Axis::log_durations(least * 1e6, greatest_ns, words.axis);
    over_time_along(record, lines, words, axis)
}
