//! Staleness over time: the share of reads in a window that missed a write which had ended before they began, and how long
//! the oldest such write had been over.
//!
//! Deliberately absent: histories that are not of registers of unique values, which say nothing of an answer's age.

use std::collections::BTreeMap;

use checks::weak::staleness::measure;
use sim_core::value::{Call, Value};

use crate::input::Run;
use crate::lanes::end_ns;
use crate::number::duration;
use crate::plots::over_time::{Line, Words, over_time};

/// How many windows a run has.
const WINDOWS: u64 = 60;

/// Draws the staleness of a run's reads; `None` if none was stale.
#[must_use]
pub fn staleness(run: &Run<'_>) -> Option<String> {
    let entries = &run.record.history.entries;
    let registers = entries.iter().all(|entry| {
        matches!(entry.operation.call, Call::Read | Call::Write(_) | Call::Delete | Call::Cas { .. })
    });
    let writes = entries.iter().any(|entry| matches!(entry.operation.call, Call::Write(_)));
    if !registers || !writes {
        return None;
    }
    let ages = measure(&run.record.history, &Value::Nil).ok()?;
    let oldest = ages.iter().map(|age| age.time).max().filter(|age| age.0 > 0)?;
    let window = (end_ns(run.record) / WINDOWS).max(1);
    let mut windows: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for age in &ages {
        let place = entries[age.entry].invoked.0 / window;
        let (all, stale) = windows.entry(place).or_default();
        *all += 1;
        *stale += u64::from(age.versions > 0);
    }
    let share = |(place, (all, stale)): (&u64, &(u64, u64))| {
        (place.saturating_mul(window).saturating_add(window / 2), 100.0 * *stale as f64 / *all as f64)
    };
    let points: Vec<(u64, f64)> = windows.iter().map(share).collect();
    let stale = ages.iter().filter(|age| age.versions > 0).count();
    let said = format!("{stale} of {}, up to {} old", ages.len(), duration(oldest.0 as f64));
    let words = Words {
        picture: "staleness",
        story: "share of reads in each window that missed a write which had ended before they began",
        axis: "stale reads, %",
        at_least: 1.0,
        level: None,
    };
    over_time(run.record, vec![Line { name: "stale reads".into(), said, points }], words)
}
