//! Replicated stores side by side, phase by phase: the table that `compare` prints and the page it draws when its worlds
//! are histories of reads and writes. It is what CAP and PACELC look like in numbers.
//!
//! Deliberately absent: differences with their significance, which are the rest of what `compare` prints.

use std::fmt::Write as _;

use reports::plots::phases::{Mean, Measure, PhaseTable, Unit};
use scenarios::compare::Comparison;

/// What is measured in each phase: the metric, its name on the page, its unit.
const BY_PHASE: [(&str, &str, Unit); 6] = [
    ("availability", "operations answered", Unit::Share),
    ("stale_share", "stale reads", Unit::Share),
    ("latency_ms_p50", "median latency", Unit::Milliseconds),
    ("session_anomalies", "reads that went back in their session, a run", Unit::Count),
    ("latency_ms_p99", "99th percentile of latency", Unit::Milliseconds),
    ("lost_writes", "lost writes, a run", Unit::Count),
];

/// What is measured where nothing goes wrong.
const WHOLE: [(&str, &str, Unit); 8] = [
    ("latency_read_ms_p50", "median latency of reads", Unit::Milliseconds),
    ("latency_write_ms_p50", "median latency of writes", Unit::Milliseconds),
    ("latency_read_ms_p99", "99th percentile of reads", Unit::Milliseconds),
    ("latency_write_ms_p99", "99th percentile of writes", Unit::Milliseconds),
    ("stale_share", "stale reads", Unit::Share),
    ("session_anomalies", "reads that went back in their session, a run", Unit::Count),
    ("availability", "operations answered", Unit::Share),
    ("lost_writes", "lost writes, a run", Unit::Count),
];

const PHASES: [&str; 3] = ["before", "during", "after"];

/// The table of a comparison; `None` where its worlds are no stores, or where only some metrics were asked for.
pub fn table(found: &Comparison) -> Option<PhaseTable> {
    let has = |metric: &str| found.metrics.contains_key(metric);
    let faulty = has("availability_during");
    if !has("stale_share") || !has("latency_read_ms_p50") || faulty && !has("availability_before") {
        return None;
    }
    let (measures, phases): (&[_], &[&str]) =
        if faulty { (&BY_PHASE, &PHASES) } else { (&WHOLE, &["whole run"]) };
    let value = |metric: &str, phase: &str, system: usize| {
        let name = if faulty { format!("{metric}_{phase}") } else { metric.to_string() };
        let own = found.metrics.get(&name)?.candidates.get(system)?;
        Some(Mean { mean: own.mean, ci95: own.ci95 })
    };
    let measure = |(metric, name, unit): &(&str, &str, Unit)| {
        let systems = 0..found.labels.len();
        let values = systems.map(|system| phases.iter().map(|phase| value(metric, phase, system)).collect());
        Measure { name: (*name).to_string(), unit: *unit, values: values.collect() }
    };
    Some(PhaseTable {
        systems: found.labels.clone(),
        phases: phases.iter().map(|phase| (*phase).to_string()).collect(),
        measures: measures
            .iter()
            .map(measure)
            .filter(|own| own.values.iter().flatten().any(Option::is_some))
            .collect(),
        seeds: found.seeds.len(),
    })
}

/// The table in words, a line for each measure and system.
pub fn words(table: &PhaseTable) -> String {
    let mut text = String::new();
    let wide = |all: &mut dyn Iterator<Item = &String>| all.map(|own| own.chars().count()).max().unwrap_or(0);
    let name = wide(&mut table.measures.iter().map(|measure| &measure.name));
    let system = wide(&mut table.systems.iter());
    // Writing to a string does not fail.
    let _ = write!(text, "  {:name$}  {:system$}", "", "");
    for phase in &table.phases {
        let _ = write!(text, "  {phase:>12}");
    }
    for measure in &table.measures {
        for (s, values) in measure.values.iter().enumerate() {
            let heading = if s == 0 { measure.name.as_str() } else { "" };
            let _ = write!(text, "\n  {heading:name$}  {:system$}", table.systems[s]);
            for value in values {
                let shown = value.map_or_else(|| "–".to_string(), |own| measure.unit.show(own.mean));
                let _ = write!(text, "  {shown:>12}");
            }
        }
    }
    text.push('\n');
    text
}
