//! What the edges of a service graph carried, and what its services did, from the figures that their nodes tell window
//! by window under agreed names: `calls a→b`, `attempts a→b`, `failures a→b`, `lesser a→b`, `requests`, `errors`.

use indexmap::IndexMap;
use sim_core::record::Record;

use super::Metrics;

pub(super) fn measure(record: &Record, metrics: &mut Metrics) {
    let sum = |name: &str| -> f64 {
        let list = record.measures.get(name).map_or(&[][..], Vec::as_slice);
        list.iter().map(|measure| measure.value as f64).sum()
    };
    for name in record.measures.keys() {
        let Some(edge) = name.strip_prefix("calls ") else { continue };
        let calls = sum(name);
        if calls > 0.0 {
            metrics.insert(format!("amplification_{edge}"), sum(&format!("attempts {edge}")) / calls);
            metrics.insert(format!("failures_{edge}"), sum(&format!("failures {edge}")) / calls);
            let lesser = format!("lesser {edge}");
            if record.measures.contains_key(&lesser) {
                metrics.insert(format!("lesser_{edge}"), sum(&lesser) / calls);
            }
        }
    }
    let mut services: IndexMap<&str, (f64, f64)> = IndexMap::new();
    for (name, first) in [("requests", true), ("errors", false)] {
        for measure in record.measures.get(name).into_iter().flatten() {
            let Some(node) = record.nodes.get(measure.node.index()) else { continue };
            let service = node.name.trim_end_matches(|c: char| c.is_ascii_digit());
            let entry = services.entry(service).or_default();
            *(if first { &mut entry.0 } else { &mut entry.1 }) += measure.value as f64;
        }
    }
    for (service, (requests, errors)) in services {
        if requests > 0.0 {
            metrics.insert(format!("error_share_{service}"), errors / requests);
        }
    }
}
