//! PBS's t-visibility: how long after a write was acknowledged a read must begin to be sure to see it (Bailis et al.,
//! VLDB'12, §3.3). The nodes keep the number for each write; this is its distribution.
//!
//! Deliberately absent: reads by clients, whose staleness is `staleness`.

use sim_core::record::Record;

use crate::metrics::Metrics;
use crate::statistics::summary::percentile;

pub(super) fn measure(record: &Record, metrics: &mut Metrics) {
    let Some(list) = record.measures.get("visibility_ns") else { return };
    let mut late: Vec<i64> = list.iter().map(|measure| measure.value).collect();
    // A measuring read that was open when the run ended is later than what was left of the run; it counts as its length.
    let begun = record.marks.get("measuring read").copied().unwrap_or(0) as usize;
    late.resize(late.len().max(begun), record.ended.0 as i64);
    late.sort_unstable();
    let at_once = late.partition_point(|ns| *ns == 0);
    metrics.insert("consistent_at_once".into(), at_once as f64 / late.len().max(1) as f64);
    for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)] {
        if let Some(ns) = percentile(&late, share) {
            metrics.insert(format!("visibility_ms_{name}"), ns as f64 / 1e6);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::measure;
    use crate::metrics::Metrics;
    use sim_core::peer::Peer;
    use sim_core::record::{Measure, Record};
    use sim_core::time::Time;

    #[test]
    fn those_that_are_still_open_count_as_late() {
        let mut record = Record { ended: Time(5_000_000_000), ..Record::default() };
        let seen = Measure { at: Time::ZERO, node: Peer::node(0), value: 0 };
        record.measures.insert("visibility_ns".into(), vec![seen; 90]);
        record.marks.insert("measuring read".into(), 100);
        let mut metrics = Metrics::new();
        measure(&record, &mut metrics);
        assert!((metrics["consistent_at_once"] - 0.9).abs() < 1e-12);
        assert!((metrics["visibility_ms_p99"] - 5_000.0).abs() < 1e-9, "{metrics:?}");
    }

    #[test]
    fn quantiles_of_what_nodes_kept() {
        let mut record = Record::default();
        let keep = |value| Measure { at: Time::ZERO, node: Peer::node(0), value };
        let list = (0..1_000).map(|i| keep(if i < 970 { 0 } else { i64::from(i) * 1_000_000 })).collect();
        record.measures.insert("visibility_ns".into(), list);
        let mut metrics = Metrics::new();
        measure(&record, &mut metrics);
        assert!((metrics["consistent_at_once"] - 0.97).abs() < 1e-12);
        assert!((metrics["visibility_ms_p999"] - 998.0).abs() < 1.5, "{metrics:?}");
        assert!(metrics["visibility_ms_p50"].abs() < 1e-12);
    }
}
