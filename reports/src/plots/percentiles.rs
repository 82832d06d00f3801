//! Latency percentiles over time under the faults: median, 99th percentile and greatest of the operations that were
//! asked in each stretch and ended ok.
//!
//! Deliberately absent: operations that did not end ok; `throughput.svg` counts them.

use checks::services::figures;

use crate::input::Run;
use crate::lanes::end_ns;
use crate::number::duration;
use crate::plots::over_time::{Line, Words, over_time};

/// How many stretches.
const STRETCHES: u64 = 120;

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
    let lines = vec![line("p50", 0.5), line("p90", 0.9), line("p99", 0.99)];
    let words = Words {
        picture: "percentiles",
        story: "latency of the operations asked in each stretch that ended ok; a stretch without any is a hole",
        axis: "milliseconds",
        at_least: 0.001,
        level: None,
    };
    over_time(record, lines, words)
}
