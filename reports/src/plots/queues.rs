//! Queues over time: for each service the longest queue of any of its instances in a window.
//!
//! Deliberately absent: instances one by one; the file `services.csv` has them.

use std::collections::BTreeMap;

use checks::services::{service_of, told};

use crate::input::Run;
use crate::number::whole;
use crate::plots::over_time::{Line, Words, over_time};

/// Draws the queues of a run; `None` if no service told of one, or none ever held anything.
#[must_use]
pub fn queues(run: &Run<'_>) -> Option<String> {
    let record = run.record;
    let mut services: BTreeMap<String, BTreeMap<u64, i64>> = BTreeMap::new();
    for (name, what) in [("queue", ""), ("lag", " (messages not yet delivered)")] {
        for measure in told(record, name) {
            let line = services.entry(format!("{}{what}", service_of(record, measure.node))).or_default();
            let value = line.entry(measure.at.0).or_default();
            *value = (*value).max(measure.value);
        }
    }
    services.retain(|_, line| line.values().any(|value| *value > 0));
    let lines = services.into_iter().map(|(name, line)| {
        let most = line.values().max().copied().unwrap_or(0).unsigned_abs();
        let points = line.into_iter().map(|(at, value)| (at, value as f64)).collect();
        Line { name, said: format!("at most {}", whole(most)), points }
    });
    let words = Words {
        picture: "queues",
        story: "requests that wait for a worker: the longest queue of a service's instances in each window",
        axis: "waiting",
        at_least: 1.0,
        level: None,
    };
    over_time(record, lines.collect(), words)
}
