//! Which way a metric is better, for comparisons that end in advice.

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Less is better: latencies, outages, messages.
    Less,
    /// More is better: availability, throughput.
    More,
    /// It depends; the numbers are given without advice.
    Unknown,
}

/// Metrics of which more is better, by how their names begin.
const MORE: &[&str] =
    &["availability", "throughput", "operations_ok", "accuracy", "coverage", "reliability", "settled_share"];

/// Metrics of which less is better, by how their names begin.
const LESS: &[&str] = &[
    "latency",
    "outage",
    "error_rate",
    "recover",
    "attempts_per_operation",
    "messages",
    "amplification",
    "bytes",
    "operations_failed",
    "operations_unknown",
    "elections_won",
    "leader_changes",
    "leader_first",
    "leaderless",
    "stale",
    "session_anomalies",
    "lost_writes",
    "residue",
    "traffic",
    "rounds",
    "delay",
    "update_ms",
    "redundancy",
    "last_hop",
    "converged",
    "agreed_ms",
    "mistakes",
    "mistake_duration",
    "average_error",
    "settled_ms",
    "first_suspicion",
    "false_positive",
    "detection",
    "dissemination",
    "failover",
];

/// Which way the metric of this name is better.
#[must_use]
pub fn better(name: &str) -> Better {
    let begins = |list: &[&str]| list.iter().any(|start| name.starts_with(start));
    if begins(MORE) {
        Better::More
    } else if begins(LESS) {
        Better::Less
    } else {
        Better::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::{Better, better};

    #[test]
    fn names_tell_the_direction() {
        for (name, expected) in [
            ("availability_during", Better::More),
            ("latency_read_ms_p99", Better::Less),
            ("operations", Better::Unknown),
            ("measure_queue_mean", Better::Unknown),
        ] {
            assert_eq!(better(name), expected, "{name}");
        }
    }

    #[test]
    fn every_direction_belongs_to_a_metric_there_is() {
        let names: Vec<&str> = super::super::CATALOGUE.iter().map(|(name, _)| *name).collect();
        for start in super::MORE.iter().chain(super::LESS) {
            assert!(names.iter().any(|name| name.starts_with(start)), "{start}");
        }
    }
}
