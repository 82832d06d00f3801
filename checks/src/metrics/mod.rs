//! Metrics: numbers about one finished run, by name. Their summaries over many runs are in [`crate::statistics`].
//!
//! All come from the record alone. A metric that a run says nothing about is absent rather than zero. Deliberately
//! absent: judgement ([`crate::property`]) and wall-clock figures.

mod anomalies;
mod availability;
mod convergence;
pub mod detection;
pub mod direction;
mod edges;
pub mod gossip;
mod latency;
mod parts;
mod recovery;
pub mod spread;
mod staleness;
#[cfg(test)]
mod tests;
mod traffic;
mod visibility;
mod walk;

use indexmap::IndexMap;
use sim_core::history::Entry;
use sim_core::record::Record;
use sim_core::time::Time;

pub use recovery::sustained_recovery;
pub use traffic::elections_won;

use self::walk::Walk;

/// The parts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phases {
    /// When everything heals for good.
    pub heal_at: Time,
    /// From when on liveness is judged.
    pub calm_from: Time,
    /// When clients stop asking.
    pub stop_at: Time,
}

/// Names with values.
pub type Metrics = IndexMap<String, f64>;

/// All metrics of a run.
#[must_use]
pub fn compute(record: &Record, phases: &Phases) -> Metrics {
    let mut metrics = Metrics::new();
    let walk = Walk::over(record, phases);
    let ok = availability::measure(record, phases, &walk, &mut metrics);
    latency::measure(record, walk.kinds.clone(), &walk.done, &mut metrics);
    recovery::measure(record, phases, &walk.done, &mut metrics);
    traffic::measure(record, ok, &mut metrics);
    edges::measure(record, &mut metrics);
    crate::critical::measure(record, &mut metrics);
    staleness::measure(record, &mut metrics);
    anomalies::measure(record, &mut metrics);
    convergence::measure(record, &mut metrics);
    visibility::measure(record, &mut metrics);
    gossip::measure(record, &mut metrics);
    detection::measure(record, &mut metrics);
    metrics
}

/// The share of operations that ended ok; `None` if there are none.
pub fn share_ok<'a>(entries: impl Iterator<Item = &'a Entry>) -> Option<f64> {
    let (mut all, mut ok) = (0_u64, 0_u64);
    for entry in entries {
        all += 1;
        ok += u64::from(entry.is_ok());
    }
    share_of(ok, all)
}

/// So many of so many; `None` of none.
fn share_of(some: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| some as f64 / all as f64)
}

/// Every metric's name with a sentence about it. `<…>` stands for a name that varies.
pub const CATALOGUE: &[(&str, &str)] = &[
    ("operations", "operations that clients invoked"),
    ("operations_ok", "of them, those answered"),
    ("operations_failed", "those that certainly did not happen"),
    ("operations_unknown", "those of which nobody can tell whether they happened"),
    ("availability", "share of operations that ended ok"),
    ("availability_before", "the same, of those invoked before the first fault"),
    ("availability_during", "the same, of those invoked while a fault was in force"),
    ("availability_after", "the same, of those invoked after the last fault had ended"),
    ("availability_calm", "the same, of those invoked in the calm part: all healed and settled"),
    (
        "error_rate",
        "what is left of availability, in `compare` and `sweep`; with _before, _during, _after, _calm likewise",
    ),
    ("mark_<name>", "how often a mark was made, in `compare` and `sweep`"),
    ("throughput_per_s", "operations that ended ok, a simulated second"),
    ("attempts_per_operation", "how often an operation was sent, on average"),
    ("latency_ms_mean", "mean time from invocation to answer of operations that ended ok, in ms"),
    ("latency_ms_p50", "its median"),
    ("latency_ms_p90", "its 90th percentile"),
    ("latency_ms_p99", "its 99th percentile"),
    ("latency_ms_p999", "its 99.9th percentile"),
    ("latency_ms_max", "its maximum"),
    ("latency_<kind>_ms_p50", "the median by kind of operation: read, write, cas …"),
    ("latency_<kind>_ms_p99", "the 99th percentile by kind of operation"),
    ("latency_<kind>_ms_p999", "the 99.9th percentile by kind of operation"),
    ("latency_<client>_ms_p50", "the median by client, where there are at most 16: c0, c1 …"),
    ("latency_ms_p50_before", "the median, of operations invoked before the first fault"),
    ("latency_ms_p50_during", "the same, from the first fault until the last has ended"),
    ("latency_ms_p50_after", "the same, after the last fault had ended"),
    ("latency_ms_p99_before", "the 99th percentile, of operations invoked before the first fault"),
    ("latency_ms_p99_during", "the same, from the first fault until the last has ended"),
    ("latency_ms_p99_after", "the same, after the last fault had ended"),
    ("outage_ms_longest", "the longest time in which clients asked and no operation ended ok"),
    (
        "recover_injection_ms_mean",
        "time from a fault's start to the first success of an operation asked since, mean over faults",
    ),
    ("recover_injection_ms_max", "the longest of these"),
    ("recover_heal_ms", "time from the end of all faults to the first success of an operation asked since"),
    (
        "recover_sustained_ms",
        "time from the end of all faults until at least 90% of operations asked in every 250 ms end ok",
    ),
    ("messages", "messages handed to the network, requests and replies included"),
    ("messages_per_operation", "messages for each operation that ended ok"),
    ("bytes_per_operation", "bytes for each operation that ended ok"),
    ("messages_lost", "messages lost on links"),
    ("messages_blocked", "messages stopped by partitions"),
    ("messages_dropped", "messages dropped by full queues and inboxes, damaged, or sent to dead nodes"),
    ("elections_won", "how often a node became leader or primary"),
    ("leader_changes", "how often that was another node than before"),
    ("leader_first_ms", "when the first leader was there"),
    ("leaderless_ms_longest", "the longest time without a live leader, after the first one"),
    ("leader_first_epoch", "its term, view or ballot: 1 if the first election found it"),
    ("failover_ms_mean", "time from a leader's crash to the next node that leads, on average"),
    ("failover_ms_max", "the longest of these"),
    ("leaderless_share", "share of the run in which no live node said it was leader"),
    ("faults", "faults injected"),
    ("crashes", "processes stopped from outside"),
    ("halts", "processes that stopped themselves"),
    ("amplification_<edge>", "attempts for each call over an edge between services"),
    ("failures_<edge>", "share of the calls over an edge that failed"),
    ("lesser_<edge>", "share of the calls over an edge that got a lesser answer, from a fallback"),
    ("error_share_<service>", "share of a service's requests that it ended badly"),
    ("critical_<part>_share", "share of the traced requests' time that a part of the path takes by itself"),
    ("residue", "gossip: share of the nodes that a rumor never reached"),
    ("traffic", "gossip: how often the rumor was sent, for each node"),
    ("rounds_mean", "gossip: the round in which a node heard the rumor, mean over those that did"),
    ("rounds_last", "gossip: the round in which the last of them heard it"),
    ("delay_ms_mean", "gossip: time from a rumor's start until a node heard it, mean"),
    ("delay_ms_p99", "gossip: its 99th percentile"),
    ("delay_ms_last", "gossip: the longest"),
    ("mistakes", "detectors: how often a node was suspected that was up"),
    ("watched_ms", "detectors: time observed, over all pairs of watcher and watched, both up"),
    ("mistake_recurrence_ms", "detectors: time observed for each mistake; absent if there was none"),
    ("mistake_duration_ms", "detectors: how long a mistake lasted, mean; the run's end cuts the last ones"),
    ("accuracy", "detectors: share of the time observed in which the watched, which is up, is trusted"),
    ("false_positives", "membership: declarations of death about members that were up"),
    ("false_positives_healthy", "membership: of them, those about members that no fault ever struck"),
    ("false_positive_members", "membership: how many such members were declared dead by anyone"),
    ("first_probe_ms", "membership: time from a crash to the first probe of the dead, mean over crashes"),
    ("first_suspicion_ms", "time from a crash to the first suspicion, mean over crashes"),
    ("last_suspicion_ms", "time from a crash until the last watcher suspected, mean over crashes"),
    ("detection_ms", "membership: time from a crash until the first declared it, mean over crashes"),
    ("dissemination_ms", "membership: time from the first declaration to the last, mean over crashes"),
    ("disseminated", "membership: share of the others that declared the dead dead"),
    ("coverage", "gossip: share of the nodes that an update reached, mean over updates"),
    ("coverage_min", "gossip: the same of the update that reached fewest"),
    (
        "reliability",
        "gossip: share of the nodes up from an update's start to its last arrival that have it, mean over updates",
    ),
    ("reliability_min", "gossip: the same of the update with the least"),
    (
        "average_error",
        "averages: how far nodes' last estimates are from the true one, as a share of it, mean",
    ),
    ("average_error_max", "averages: the same of the node that is farthest off"),
    ("settled_share", "averages: share of the nodes within the tolerance in the end"),
    ("settled_ms_last", "averages: from when on all nodes were within the tolerance; absent if not all are"),
    ("update_ms_mean", "gossip: time from an update's start until a node had it, mean"),
    ("update_ms_last", "gossip: the longest"),
    (
        "converged_after_heal_ms",
        "gossip: time from the end of all faults until every node had every update from before",
    ),
    ("redundancy", "gossip: payloads sent for each node they reached, less one"),
    (
        "last_hop_mean",
        "gossip: the hops that a broadcast makes to the node that is farthest, mean over broadcasts",
    ),
    ("last_hop_max", "gossip: the most of them"),
    ("messages_per_node", "messages for each node"),
    ("bytes_per_node", "bytes for each node"),
    ("measure_<name>_mean", "mean of a number that nodes keep: a queue's length, a lag (durations in ms)"),
    ("measure_<name>_p99", "its 99th percentile"),
    ("measure_<name>_max", "its maximum"),
    ("stale_share", "share of reads that missed a write which had ended before they began"),
    ("stale_share_before", "the same, of reads invoked before the first fault"),
    ("stale_share_during", "the same, of reads invoked while a fault was in force"),
    ("stale_share_after", "the same, of reads invoked after the last fault had ended"),
    ("within_<k>_versions", "share of reads that saw one of the last k versions, for k from 1 to 3"),
    ("stale_ms_max", "for how long the first write that a stale read missed had been over, at most"),
    ("session_anomalies", "reads that saw a version older than one their session had read or written"),
    ("session_anomalies_<part>", "the same, by when they were invoked: before, during and after the faults"),
    (
        "lost_writes",
        "acknowledged writes that are nowhere, though nothing newer replaced them: all replicas hold an older version",
    ),
    ("lost_writes_<part>", "the same, by when they were invoked"),
    (
        "converged_ms",
        "from the last write and the end of all faults until the last read that differed from the final answer",
    ),
    (
        "agreed_ms",
        "from the last write and the end of all faults until all replicas held the same for good (looked at every 10 ms)",
    ),
    (
        "consistent_at_once",
        "share of measuring reads, begun when a write was acknowledged, that would see it",
    ),
    ("visibility_ms_p50", "how long after a write's end a read must begin to see it, median over writes"),
    ("visibility_ms_p99", "its 99th percentile"),
    ("visibility_ms_p999", "its 99.9th percentile: PBS's t-visibility"),
];

/// Whether a metric can be of this name.
#[must_use]
pub fn is_known(name: &str) -> bool {
    let fits = |pattern: &str| match pattern.split_once('<') {
        Some((before, rest)) => {
            let after = rest.split_once('>').map_or("", |(_, after)| after);
            name.len() > before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
        None => pattern == name,
    };
    CATALOGUE.iter().any(|(pattern, _)| fits(pattern))
}

/// Measures that metrics of their own are made from, most of them names of something (a node, an update) and no
/// quantities: there is no mean of their values.
pub const IDENTITIES: &[&str] =
    &["applied", "declared_dead", "error_ppb", "settled", "suspected", "trusted", "unanswered", "watches"];

/// Whether a metric is of one client alone: tables and pictures leave those out, documents have them.
#[must_use]
pub fn of_one_client(metric: &str) -> bool {
    let digits =
        metric.strip_prefix("latency_c").and_then(|rest| rest.split_once('_')).map(|(digits, _)| digits);
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}
