//! What a graph of services did, put together from the figures that its nodes tell window by window: RED of each service
//! (rate, errors, duration), USE of its workers (utilisation, saturation, errors), the load of each edge, and the path
//! that decided how long requests took.
//!
//! The names of the figures are agreed with whoever tells them: `requests`, `errors`, `turned away`, `latency p50 us`,
//! `latency p99 us`, `utilisation %`, `queue`; for an edge `calls a→b`, `attempts a→b`, `failures a→b`, `lesser a→b`, `breaker a→b`, `hosts open a→b`.
//! Deliberately absent: percentiles over the whole run, which windows' percentiles cannot give; what is shown is the
//! middle window's and the worst window's. The files are [`tables`].

pub mod tables;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use sim_core::peer::Peer;
use sim_core::record::{Measure, Record};

use crate::critical;

/// The names of a service's own figures.
pub const OWN: [&str; 8] = [
    "requests",
    "errors",
    "turned away",
    "taken back",
    "latency p50 us",
    "latency p99 us",
    "utilisation %",
    "queue",
];
/// What the names of an edge's figures begin with.
pub const OF_EDGES: [&str; 6] = ["calls ", "attempts ", "failures ", "lesser ", "breaker ", "hosts open "];

/// One service over the whole run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceFigures {
    /// Its name.
    pub name: String,
    /// How many instances told figures.
    pub instances: usize,
    /// Requests that it ended.
    pub requests: i64,
    /// The same a second of the time in which clients asked, of the run if none did.
    pub rate: f64,
    /// Of them, those that ended badly.
    pub errors: i64,
    /// Requests turned away at the door.
    pub turned_away: i64,
    /// The median duration in microseconds, in the middle window and in the worst.
    pub p50_us: Option<(i64, i64)>,
    /// The 99th percentile, likewise.
    pub p99_us: Option<(i64, i64)>,
    /// Utilisation of its workers in percent: the mean over windows, and the greatest.
    pub utilisation: Option<(f64, i64)>,
    /// The longest queue of a window: the mean over windows, and the greatest.
    pub queue: Option<(f64, i64)>,
}

/// One edge over the whole run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EdgeFigures {
    /// Who calls.
    pub from: String,
    /// Whom.
    pub to: String,
    /// Calls, each of which may be several attempts.
    pub calls: i64,
    /// Attempts.
    pub attempts: i64,
    /// Calls that failed.
    pub failures: i64,
    /// Calls that got a lesser answer, from a fallback here or further down.
    pub lesser: i64,
    /// The share of windows that ended with an open breaker; `None` without breakers.
    pub open: Option<f64>,
}

impl EdgeFigures {
    /// Attempts a call; 1 if nobody called.
    #[must_use]
    pub fn amplification(&self) -> f64 {
        if self.calls > 0 { self.attempts as f64 / self.calls as f64 } else { 1.0 }
    }
    /// The share of calls that failed; 0 if nobody called.
    #[must_use]
    pub fn failed(&self) -> f64 {
        if self.calls > 0 { self.failures as f64 / self.calls as f64 } else { 0.0 }
    }
}

/// A graph of services over the whole run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// The services in the cluster's order.
    pub services: Vec<ServiceFigures>,
    /// The edges in the order in which they were first told.
    pub edges: Vec<EdgeFigures>,
    /// Which share of all traced time each part of the path takes by itself, the greatest first.
    pub path: Vec<(String, f64)>,
    /// How many requests left a whole trace.
    pub traces: usize,
}

/// The service that a node is an instance of: its name without the number.
#[must_use]
pub fn service_of(record: &Record, node: Peer) -> &str {
    record.nodes.get(node.index()).map_or("", |node| node.name.trim_end_matches(|c: char| c.is_ascii_digit()))
}

/// What nodes told under a name.
#[must_use]
pub fn told<'a>(record: &'a Record, name: &str) -> &'a [Measure] {
    record.measures.get(name).map_or(&[], Vec::as_slice)
}

/// The edges by name: `(whole name a→b, a, b)`.
pub fn edges(record: &Record) -> impl Iterator<Item = (&str, &str, &str)> {
    record.measures.keys().filter_map(|name| {
        let edge = name.strip_prefix("calls ")?;
        let (from, to) = edge.split_once('→')?;
        Some((edge, from, to))
    })
}

/// Puts the figures together; `None` if the run had no graph of services, or its nodes told nothing.
#[must_use]
pub fn figures(record: &Record) -> Option<Figures> {
    if !record.measures.contains_key("requests") {
        return None;
    }
    let sum = |name: String| told(record, &name).iter().map(|measure| measure.value).sum::<i64>();
    let edge = |(name, from, to): (&str, &str, &str)| {
        let breaker = told(record, &format!("breaker {name}"));
        let open = breaker.iter().filter(|measure| measure.value == 2).count();
        EdgeFigures {
            from: from.to_string(),
            to: to.to_string(),
            calls: sum(format!("calls {name}")),
            attempts: sum(format!("attempts {name}")),
            failures: sum(format!("failures {name}")),
            lesser: sum(format!("lesser {name}")),
            open: (!breaker.is_empty()).then(|| open as f64 / breaker.len() as f64),
        }
    };
    let traces = critical::traces(record);
    let mut shares: IndexMap<String, f64> = IndexMap::new();
    for piece in traces.values().flat_map(|spans| critical::path(spans)) {
        *shares.entry(piece.name).or_default() += piece.own.0 as f64;
    }
    let whole: f64 = shares.values().sum();
    let mut path: Vec<(String, f64)> =
        shares.into_iter().map(|(name, time)| (name, time / whole.max(1.0))).collect();
    path.sort_by(|a, b| b.1.total_cmp(&a.1));
    Some(Figures {
        services: services(record),
        edges: edges(record).map(edge).collect(),
        path,
        traces: traces.len(),
    })
}

fn services(record: &Record) -> Vec<ServiceFigures> {
    let mut by_service: IndexMap<&str, BTreeMap<&str, Vec<Measure>>> = IndexMap::new();
    let mut instances: IndexMap<&str, usize> = IndexMap::new();
    for i in 0..record.nodes.len() {
        *instances.entry(service_of(record, Peer::node(i as u32))).or_default() += 1;
    }
    for name in OWN {
        for measure in told(record, name) {
            let service = service_of(record, measure.node);
            by_service.entry(service).or_default().entry(name).or_default().push(*measure);
        }
    }
    // What comes after the last question is the end of what was asked before, not a time at that rate.
    let asked = record.history.entries.iter().map(|entry| entry.invoked).max();
    let seconds = asked.unwrap_or(record.ended).min(record.ended).as_secs_f64().max(1e-9);
    let one = |(name, instances): (&str, usize)| {
        let told = by_service.get(name)?;
        let list = |what: &str| told.get(what).map_or(&[][..], Vec::as_slice);
        let sum = |what: &str| list(what).iter().map(|measure| measure.value).sum::<i64>();
        let requests = sum("requests");
        Some(ServiceFigures {
            name: name.to_string(),
            instances,
            requests,
            rate: requests as f64 / seconds,
            errors: sum("errors"),
            turned_away: sum("turned away"),
            p50_us: middle_and_worst(list("latency p50 us")),
            p99_us: middle_and_worst(list("latency p99 us")),
            utilisation: mean_and_greatest(list("utilisation %")),
            queue: mean_and_greatest(list("queue")),
        })
    };
    instances.into_iter().filter_map(one).collect()
}

fn middle_and_worst(list: &[Measure]) -> Option<(i64, i64)> {
    let mut values: Vec<i64> = list.iter().map(|measure| measure.value).collect();
    values.sort_unstable();
    Some((*values.get(values.len() / 2)?, *values.last()?))
}

fn mean_and_greatest(list: &[Measure]) -> Option<(f64, i64)> {
    let greatest = list.iter().map(|measure| measure.value).max()?;
    let sum: i64 = list.iter().map(|measure| measure.value).sum();
    Some((sum as f64 / list.len() as f64, greatest))
}

#[cfg(test)]
pub(crate) mod tests {
    use sim_core::peer::Peer;
    use sim_core::record::{Measure, NodeInfo, Record};
    use sim_core::time::Time;

    use super::figures;

    /// Two windows of one user and two instances.
    pub(crate) fn record() -> Record {
        let mut record = Record { ended: Time(2_000_000_000), ..Record::default() };
        for name in ["users0", "db0", "db1"] {
            record.nodes.push(NodeInfo { name: name.into(), place: String::new() });
        }
        let mut tell = |name: &str, second: u64, node: u32, value: i64| {
            let measure = Measure { at: Time(second * 1_000_000_000), node: Peer::node(node), value };
            record.measures.entry(name.to_string()).or_default().push(measure);
        };
        for second in [1, 2] {
            tell("requests", second, 0, 100);
            tell("errors", second, 0, 10 * second as i64);
            tell("calls users→db", second, 0, 100);
            tell("attempts users→db", second, 0, 150);
            tell("failures users→db", second, 0, 15);
            tell("breaker users→db", second, 0, if second == 1 { 0 } else { 2 });
            for db in [1, 2] {
                tell("requests", second, db, 75);
                tell("utilisation %", second, db, 40 * i64::from(db));
                tell("queue", second, db, second as i64);
            }
        }
        record
    }

    #[test]
    fn instances_are_one_service_and_windows_one_run() {
        let found = figures(&record()).expect("a graph");
        let names: Vec<&str> = found.services.iter().map(|service| service.name.as_str()).collect();
        assert_eq!(names, ["users", "db"]);
        let (users, db) = (&found.services[0], &found.services[1]);
        assert_eq!((users.requests, users.errors, users.rate), (200, 30, 100.0));
        assert_eq!((db.instances, db.requests), (2, 300));
        assert_eq!((db.utilisation, db.queue), (Some((60.0, 80)), Some((1.5, 2))));
        let edge = &found.edges[0];
        assert!((edge.amplification() - 1.5).abs() < 1e-12 && (edge.failed() - 0.15).abs() < 1e-12);
        assert_eq!(edge.open, Some(0.5));
    }

    #[test]
    fn a_run_without_services_has_no_figures() {
        assert_eq!(figures(&Record::default()), None);
    }
}
