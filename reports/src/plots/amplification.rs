//! Amplification over time: attempts for each call over an edge between services. Without retries and hedges it is 1;
//! what an overload adds to itself is what is above.
//!
//! Deliberately absent: windows without a call, which have no ratio.

use std::collections::BTreeMap;

use checks::services::{edges, told};

use crate::input::Run;
use crate::number::fixed;
use crate::plots::over_time::{Line, Words, over_time};

/// Draws the amplification of every edge; `None` without services, or if every call was one attempt.
#[must_use]
pub fn amplification(run: &Run<'_>) -> Option<String> {
    let record = run.record;
    let windows = |name: &str| {
        let mut sums: BTreeMap<u64, i64> = BTreeMap::new();
        for measure in told(record, name) {
            *sums.entry(measure.at.0).or_default() += measure.value;
        }
        sums
    };
    let mut lines = Vec::new();
    for (edge, _, _) in edges(record) {
        let (calls, attempts) = (windows(&format!("calls {edge}")), windows(&format!("attempts {edge}")));
        let (all, tried) = (calls.values().sum::<i64>(), attempts.values().sum::<i64>());
        if tried <= all {
            continue;
        }
        // Retries of calls that began in the window before make small windows jump; a window and its two neighbours
        // are taken together.
        let at: Vec<u64> = calls.keys().copied().collect();
        let mut points = Vec::new();
        for (place, now) in at.iter().enumerate() {
            let near = &at[place.saturating_sub(1)..(place + 2).min(at.len())];
            let sum = |of: &BTreeMap<u64, i64>| near.iter().filter_map(|at| of.get(at)).sum::<i64>();
            if sum(&calls) > 0 {
                points.push((*now, sum(&attempts) as f64 / sum(&calls) as f64));
            }
        }
        let said = format!("{} over the whole run", fixed(tried as f64 / all.max(1) as f64, 2));
        lines.push(Line { name: edge.to_string(), said, points });
    }
    let words = Words {
        picture: "amplification",
        story: "attempts for each call over an edge between services, three windows taken together; 1 is no retry and no hedge",
        axis: "attempts a call",
        at_least: 2.0,
        level: Some(1.0),
    };
    over_time(record, lines, words)
}
