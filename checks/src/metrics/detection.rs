//! How well failures are detected: mistakes of detectors (Chen, Toueg & Aguilera 2002, §2.2), and the detection and
//! dissemination of crashes (Das et al. 2002, §3.1).
//!
//! Read from what nodes measured about others, the value being the other's index: `suspected`, `trusted` (again),
//! `declared_dead`, `unanswered` (with `unanswered_for_ns`, how long ago that probe began). Whether a node was really
//! up comes from the record's lives; a paused or slow node is up.

use std::collections::BTreeMap;

use sim_core::record::{Life, Measure, Record};
use sim_core::time::{Span, Time};

use crate::metrics::Metrics;

/// When each node that ever went down was down: by index, in order.
type Outages = BTreeMap<i64, Vec<(Time, Time)>>;

pub(super) fn measure(record: &Record, metrics: &mut Metrics) {
    let outages = outages(record);
    mistakes(record, &outages, metrics);
    declarations(record, &outages, metrics);
    detections(record, &outages, metrics);
}

fn list<'a>(record: &'a Record, name: &str) -> &'a [Measure] {
    record.measures.get(name).map_or(&[], Vec::as_slice)
}

fn outages(record: &Record) -> Outages {
    let mut outages = Outages::new();
    for change in &record.lives {
        let of = i64::from(change.node.raw());
        match change.life {
            Life::Crashed | Life::Halted => outages.entry(of).or_default().push((change.at, Time::NEVER)),
            Life::Up => {
                if let Some(last) = outages.get_mut(&of).and_then(|list| list.last_mut()) {
                    last.1 = change.at;
                }
            }
            Life::Paused | Life::Resumed => {}
        }
    }
    outages
}

fn is_up(outages: &Outages, node: i64, at: Time) -> bool {
    outages.get(&node).is_none_or(|list| !list.iter().any(|(from, until)| (*from..*until).contains(&at)))
}

/// One pair's suspicions of a node that was up: when each began, and ended if it did.
type Mistakes = BTreeMap<(u32, i64), Vec<(Time, Option<Time>)>>;

/// Every wrong suspicion, by who suspected whom.
#[must_use]
pub fn wrong_suspicions(record: &Record) -> Vec<(Time, Option<Time>)> {
    collect(record, &outages(record)).into_values().flatten().collect()
}

fn collect(record: &Record, outages: &Outages) -> Mistakes {
    let mut found = Mistakes::new();
    for measure in list(record, "suspected") {
        if is_up(outages, measure.value, measure.at) {
            found.entry((measure.node.raw(), measure.value)).or_default().push((measure.at, None));
        }
    }
    for measure in list(record, "trusted") {
        if let Some(mistakes) = found.get_mut(&(measure.node.raw(), measure.value)) {
            let next = mistakes.partition_point(|(from, _)| *from <= measure.at);
            if let Some((_, end @ None)) = next.checked_sub(1).and_then(|last| mistakes.get_mut(last)) {
                *end = Some(measure.at);
            }
        }
    }
    found
}

fn mean(spans: impl Iterator<Item = Span>) -> Option<f64> {
    let (mut sum, mut count) = (0_u128, 0_u64);
    for span in spans {
        sum += u128::from(span.0);
        count += 1;
    }
    (count > 0).then(|| sum as f64 / count as f64 / 1e6)
}

fn mistakes(record: &Record, outages: &Outages, metrics: &mut Metrics) {
    if !record.measures.contains_key("suspected") {
        return;
    }
    let found = collect(record, outages);
    metrics.insert("mistakes".into(), found.values().map(Vec::len).sum::<usize>() as f64);
    let recurrence =
        mean(found.values().flat_map(|list| list.windows(2).map(|pair| pair[1].0.since(pair[0].0))));
    let duration = mean(found.values().flatten().filter_map(|(from, until)| Some((*until)?.since(*from))));
    if let Some(duration) = duration {
        metrics.insert("mistake_duration_ms".into(), duration);
    }
    if let Some(recurrence) = recurrence {
        metrics.insert("mistake_recurrence_ms".into(), recurrence);
        // The share of time without mistake, as the theory of stationary detectors has it.
        metrics.insert("accuracy".into(), 1.0 - duration.unwrap_or(0.0) / recurrence);
    }
}

/// Members that were declared dead and were not.
fn declarations(record: &Record, outages: &Outages, metrics: &mut Metrics) {
    if list(record, "unanswered").is_empty() && list(record, "declared_dead").is_empty() {
        return;
    }
    let struck = |node: i64| {
        let mut targets = record.faults.iter().flat_map(|fault| &fault.targets);
        targets.any(|peer| !peer.is_client() && i64::from(peer.raw()) == node)
    };
    let wrong: Vec<&Measure> =
        list(record, "declared_dead").iter().filter(|m| is_up(outages, m.value, m.at)).collect();
    metrics.insert("false_positives".into(), wrong.len() as f64);
    let healthy: Vec<&&Measure> = wrong.iter().filter(|measure| !struck(measure.value)).collect();
    metrics.insert("false_positives_healthy".into(), healthy.len() as f64);
    let members: std::collections::BTreeSet<i64> = healthy.iter().map(|measure| measure.value).collect();
    metrics.insert("false_positive_members".into(), members.len() as f64);
}

/// For each crash: when it was first probed, suspected and declared, and when the last one up knew.
fn detections(record: &Record, outages: &Outages, metrics: &mut Metrics) {
    let mut found: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (node, spans) in outages {
        for (from, until) in spans {
            let during = |name: &str| {
                let matches = move |m: &&Measure| m.value == *node && (*from..*until).contains(&m.at);
                list(record, name).iter().filter(matches).map(|m| m.at).collect::<Vec<Time>>()
            };
            let mut put = |name: &'static str, at: Option<Time>, since: Time| {
                if let Some(at) = at {
                    found.entry(name).or_default().push(at.since(since).as_ms_f64());
                }
            };
            put("first_probe_ms", first_probe(record, *node, *from, *until), *from);
            let suspected = during("suspected");
            put("first_suspicion_ms", suspected.first().copied(), *from);
            put("last_suspicion_ms", suspected.last().copied(), *from);
            let declared = during("declared_dead");
            put("detection_ms", declared.first().copied(), *from);
            if let (Some(first), Some(last)) = (declared.first(), declared.last()) {
                put("dissemination_ms", Some(*last), *first);
                let others = f64::from(record.node_count.saturating_sub(1).max(1));
                found.entry("disseminated").or_default().push(declared.len() as f64 / others);
            }
        }
    }
    for (name, values) in found {
        metrics.insert(name.into(), values.iter().sum::<f64>() / values.len() as f64);
    }
}

/// When the first probe began that a crash left without an answer.
fn first_probe(record: &Record, node: i64, from: Time, until: Time) -> Option<Time> {
    let pairs = list(record, "unanswered").iter().zip(list(record, "unanswered_for_ns"));
    let begun = pairs
        .filter(|(about, _)| about.value == node)
        .map(|(about, ago)| Time(about.at.0 - ago.value as u64));
    begun.filter(|at| (from..until).contains(at)).min()
}
