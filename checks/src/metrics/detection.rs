//! How well failures are detected: mistakes of detectors (Chen, Toueg & Aguilera 2002, §2.2), and the detection and
//! dissemination of crashes (Das et al. 2002, §3.1).
//!
//! Read from what nodes measured about others, the value being the other's index: `watches` (from now on; -1 for all
//! others), `suspected`, `trusted` (again), `declared_dead`, `unanswered` (with `unanswered_for_ns`, how long ago that
//! probe began). Whether a node was really up comes from the record's lives; a paused or slow node is up.
//!
//! A run is a window on a process that goes on, so means over whole gaps between mistakes would leave out the long
//! ones, which the window cuts. All three numbers are ratios of totals instead, each pair of watcher and watched being
//! observed while both are up: recurrence is the time observed by the number of mistakes, duration the time mistaken by
//! their number (mistakes that the end cuts count with what was seen of them), accuracy the share of the time observed
//! in which the watched is trusted.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::record::{Life, Measure, Record};
use sim_core::time::Time;

use crate::metrics::Metrics;

/// When each node that ever went down was down: by index, in order.
pub(super) type Outages = BTreeMap<i64, Vec<(Time, Time)>>;

pub(super) fn measure(record: &Record, metrics: &mut Metrics) {
    let outages = outages(record);
    mistakes(record, &outages, metrics);
    declarations(record, &outages, metrics);
    detections(record, &outages, metrics);
}

fn list<'a>(record: &'a Record, name: &str) -> &'a [Measure] {
    record.measures.get(name).map_or(&[], Vec::as_slice)
}

pub(super) fn outages(record: &Record) -> Outages {
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

/// How long one of these outages and the time from `from` to `until` have in common.
fn down_in(outages: Option<&Vec<(Time, Time)>>, from: Time, until: Time) -> u128 {
    let common =
        |(down, up): &(Time, Time)| u128::from((*up).min(until).0.saturating_sub((*down).max(from).0));
    outages.into_iter().flatten().map(common).sum()
}

/// When a node's present life ends: at its next crash, or with the run.
fn life_ends(record: &Record, outages: &Outages, node: u32, after: Time) -> Time {
    let downs = outages.get(&i64::from(node)).into_iter().flatten().map(|(down, _)| *down);
    downs.filter(|down| *down > after).min().unwrap_or(record.ended).min(record.ended)
}

/// For how long nodes that were up were watched by nodes that were up, in nanoseconds over all pairs; `None` if nobody
/// said that it watches.
fn watched(record: &Record, outages: &Outages) -> Option<u128> {
    let begun = record.measures.get("watches")?;
    let mut total = 0;
    for watch in begun {
        let until = life_ends(record, outages, watch.node.raw(), watch.at);
        let length = u128::from(until.since(watch.at).0);
        total += match watch.value {
            -1 => {
                let others = u128::from(record.node_count.saturating_sub(1));
                let me = i64::from(watch.node.raw());
                let down = outages.iter().filter(|(node, _)| **node != me);
                let down: u128 = down.map(|(_, spans)| down_in(Some(spans), watch.at, until)).sum();
                (others * length).saturating_sub(down)
            }
            node => length - down_in(outages.get(&node), watch.at, until),
        };
    }
    Some(total)
}

/// A suspicion, right or wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// The index of who suspects.
    pub by: u32,
    /// The index of who is suspected.
    pub of: i64,
    /// Since when.
    pub from: Time,
    /// Until when: trust, the watcher's own end, or the run's.
    pub until: Time,
}

/// All suspicions of a run, by who suspects whom.
#[must_use]
pub fn suspicions(record: &Record) -> Vec<Suspicion> {
    let outages = &outages(record);
    let mut turns: BTreeMap<(u32, i64), Vec<(Time, bool)>> = BTreeMap::new();
    for (name, suspects) in [("suspected", true), ("trusted", false)] {
        for measure in list(record, name) {
            turns.entry((measure.node.raw(), measure.value)).or_default().push((measure.at, suspects));
        }
    }
    let mut found = Vec::new();
    for ((by, of), mut turns) in turns {
        turns.sort_by_key(|(at, _)| *at);
        for (place, (from, _)) in turns.iter().enumerate().filter(|(_, (_, suspects))| *suspects) {
            let next = turns.get(place + 1).map_or(Time::NEVER, |(at, _)| *at);
            found.push(Suspicion {
                by,
                of,
                from: *from,
                until: next.min(life_ends(record, outages, by, *from)),
            });
        }
    }
    found
}

fn mistakes(record: &Record, outages: &Outages, metrics: &mut Metrics) {
    let Some(watched) = watched(record, outages) else { return };
    // A suspicion is a mistake if the node was up when it began, and one until that node goes down.
    let (mut mistakes, mut mistaken, mut wrong) = (0_u64, 0, 0);
    for suspicion in suspicions(record) {
        let of = outages.get(&suspicion.of);
        let length = u128::from(suspicion.until.since(suspicion.from).0);
        wrong += length - down_in(of, suspicion.from, suspicion.until);
        if is_up(outages, suspicion.of, suspicion.from) {
            mistakes += 1;
            let down = of.into_iter().flatten().map(|(down, _)| *down).find(|down| *down >= suspicion.from);
            mistaken += u128::from(down.unwrap_or(Time::NEVER).min(suspicion.until).since(suspicion.from).0);
        }
    }
    let mut put = |name: &str, value: f64| {
        metrics.insert(name.into(), value);
    };
    put("mistakes", mistakes as f64);
    put("watched_ms", watched as f64 / 1e6);
    if mistakes > 0 {
        put("mistake_duration_ms", mistaken as f64 / mistakes as f64 / 1e6);
        put("mistake_recurrence_ms", watched as f64 / mistakes as f64 / 1e6);
    }
    if watched > 0 {
        put("accuracy", 1.0 - wrong as f64 / watched as f64);
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
    let members: BTreeSet<i64> = healthy.iter().map(|measure| measure.value).collect();
    metrics.insert("false_positive_members".into(), members.len() as f64);
}

/// For each crash: when it was first probed, suspected and declared, and when the last one up knew.
fn detections(record: &Record, outages: &Outages, metrics: &mut Metrics) {
    let mut found: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (node, spans) in outages {
        for (from, until) in spans {
            // Each watcher's first: one may come to believe it twice.
            let during = |name: &str| {
                let mut seen = BTreeSet::new();
                let matches = move |m: &&Measure| {
                    m.value == *node && (*from..*until).contains(&m.at) && seen.insert(m.node)
                };
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

#[cfg(test)]
mod tests {
    use sim_core::peer::Peer;
    use sim_core::record::{Life, LifeChange, Measure, Record};
    use sim_core::time::{Span, Time};

    use super::measure;
    use crate::metrics::Metrics;

    fn at(s: u64) -> Time {
        Time::ZERO + Span::secs(s)
    }

    /// A hundred seconds of three nodes; (name, seconds, who, about whom), and (seconds, who, up again?).
    fn check(told: &[(&str, u64, u32, i64)], lives: &[(u64, u32, bool)], expected: &[(&str, Option<f64>)]) {
        let mut record = Record { ended: at(100), node_count: 3, ..Record::default() };
        for &(name, s, who, value) in told {
            let told = Measure { at: at(s), node: Peer::node(who), value };
            record.measures.entry(name.into()).or_default().push(told);
        }
        for &(s, who, up) in lives {
            let life = if up { Life::Up } else { Life::Crashed };
            record.lives.push(LifeChange { at: at(s), node: Peer::node(who), life });
        }
        let mut metrics = Metrics::new();
        measure(&record, &mut metrics);
        for (name, value) in expected {
            let found = metrics.get(*name).copied();
            let equal = match (found, value) {
                (Some(found), Some(value)) => (found - value).abs() < 1e-9,
                (found, value) => found == *value,
            };
            assert!(equal, "{name}: expected {value:?}, found {found:?}");
        }
    }

    #[test]
    fn one_mistake_has_a_recurrence_and_none_is_an_accuracy_of_one() {
        let quiet = [("watches", 0, 0, 1)];
        check(
            &quiet,
            &[],
            &[("accuracy", Some(1.0)), ("mistakes", Some(0.0)), ("mistake_recurrence_ms", None)],
        );
        // One pair makes a mistake of 4 s, the other none: 200 s were watched.
        let told =
            [("watches", 0, 0, 1), ("watches", 0, 1, 2), ("suspected", 10, 0, 1), ("trusted", 14, 0, 1)];
        check(
            &told,
            &[],
            &[
                ("mistake_recurrence_ms", Some(200_000.0)),
                ("mistake_duration_ms", Some(4_000.0)),
                ("accuracy", Some(0.98)),
            ],
        );
    }

    #[test]
    fn what_the_end_cuts_counts_with_what_was_seen_of_it() {
        let told = [("watches", 0, 0, 1), ("suspected", 90, 0, 1)];
        check(&told, &[], &[("mistake_duration_ms", Some(10_000.0)), ("accuracy", Some(0.9))]);
        // A watcher's own end ends its watch and its mistakes, the end of the watched makes a suspicion right.
        let told = [("watches", 0, 0, 1), ("suspected", 20, 0, 1)];
        check(&told, &[(40, 0, false)], &[("watched_ms", Some(40_000.0)), ("accuracy", Some(0.5))]);
        check(&told, &[(30, 1, false)], &[("watched_ms", Some(30_000.0)), ("mistakes", Some(1.0))]);
    }

    #[test]
    fn a_suspicion_of_the_dead_is_no_mistake_but_keeping_it_is_wrong() {
        let told = [("watches", 0, 0, -1), ("suspected", 25, 0, 1), ("trusted", 60, 0, 1)];
        let lives = [(20, 1, false), (50, 1, true)];
        // Node 1 was up for 70 s, node 2 for 100; from 50 to 60 s a live node was suspected.
        let expected = [
            ("watched_ms", Some(170_000.0)),
            ("mistakes", Some(0.0)),
            ("accuracy", Some(1.0 - 10.0 / 170.0)),
        ];
        check(&told, &lives, &expected);
    }
}
