//! Circuit breakers over time: for each edge the share of its callers whose breaker was open at the end of a window; one
//! that tries again (half-open) counts half.
//!
//! Deliberately absent: breakers of single hosts.

use std::collections::BTreeMap;

use checks::services::{edges, told};

use crate::input::Run;
use crate::number::percent;
use crate::plots::over_time::{Line, Words, over_time};

/// Draws the breakers of a run; `None` without any.
#[must_use]
pub fn breakers(run: &Run<'_>) -> Option<String> {
    let record = run.record;
    let mut lines = Vec::new();
    for (edge, _, _) in edges(record) {
        let mut windows: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
        for measure in told(record, &format!("breaker {edge}")) {
            let window = windows.entry(measure.at.0).or_default();
            window.0 += measure.value as f64 / 2.0;
            window.1 += 1.0;
        }
        let points: Vec<(u64, f64)> =
            windows.into_iter().map(|(at, (open, all))| (at, 100.0 * open / all)).collect();
        let mean = points.iter().map(|(_, open)| open).sum::<f64>() / (points.len() as f64).max(1.0);
        let said = format!("open {} of the time", percent(mean / 100.0));
        lines.push(Line { name: edge.to_string(), said, points });
    }
    let words = Words {
        picture: "breakers",
        story: "callers whose circuit breaker was open at the end of each window; half-open counts half",
        axis: "open (%)",
        at_least: 100.0,
        level: None,
    };
    over_time(record, lines, words)
}
