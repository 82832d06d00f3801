//! A graph of services in a run's summary and in the files of `--out`: RED, USE, edges, critical path, goodput, error
//! budgets. What is told is `checks::services`' business.

use std::path::{Path, PathBuf};

use scenarios::Loaded;
use scenarios::checks::bounds::Goal;
use scenarios::checks::services::{Figures, OF_EDGES, OWN, figures, tables};
use scenarios::run::{Outcome, Record};
use scenarios::schema::CheckSpec;

use crate::output::{self, Trouble, number};

/// At most this many parts of the critical path are listed.
const PARTS_SHOWN: usize = 8;

/// The figures in words; empty without services.
pub fn summary(outcome: &Outcome) -> String {
    figures(&outcome.record)
        .map_or_else(String::new, |figures| [services(&figures), edges(&figures), path(&figures)].concat())
}

/// Whether a metric is in the tables already.
pub fn in_tables(metric: &str) -> bool {
    let Some(name) = metric.strip_prefix("measure_") else { return false };
    let known = |start: &str| name.strip_prefix(start).is_some_and(|rest| rest.starts_with('_'));
    OWN.iter().any(|own| known(own)) || OF_EDGES.iter().any(|of| name.starts_with(of))
}

fn services(figures: &Figures) -> String {
    let head = [
        "service",
        "instances",
        "requests/s",
        "errors",
        "turned away",
        "p50 ms",
        "worst",
        "p99 ms",
        "worst",
        "busy %",
        "most",
        "queue",
        "most",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    let ms = |us: i64| number(us as f64 / 1_000.0);
    let pair = |values: Option<(i64, i64)>| match values {
        Some((middle, worst)) => [ms(middle), ms(worst)],
        None => ["–".into(), "–".into()],
    };
    let mean = |values: Option<(f64, i64)>| match values {
        Some((mean, most)) => [format!("{mean:.1}"), number(most as f64)],
        None => ["–".into(), "–".into()],
    };
    for service in &figures.services {
        let errors = service.errors as f64 / (service.requests as f64).max(1.0);
        let mut row = vec![
            service.name.clone(),
            service.instances.to_string(),
            number(service.rate),
            format!("{:.2}%", errors * 100.0),
            number(service.turned_away as f64),
        ];
        row.extend(pair(service.p50_us));
        row.extend(pair(service.p99_us));
        row.extend(mean(service.utilisation));
        row.extend(mean(service.queue));
        rows.push(row);
    }
    format!("\nservices (p50 and p99: of the middle window and of the worst)\n{}", table(&rows))
}

fn edges(figures: &Figures) -> String {
    let lesser = figures.edges.iter().any(|edge| edge.lesser > 0);
    let head = ["edge", "calls", "attempts", "a call", "failed", "lesser", "breaker open"];
    let mut rows = vec![head.map(String::from).to_vec()];
    for edge in &figures.edges {
        rows.push(vec![
            format!("{}→{}", edge.from, edge.to),
            number(edge.calls as f64),
            number(edge.attempts as f64),
            format!("{:.3}", edge.amplification()),
            format!("{:.2}%", edge.failed() * 100.0),
            format!("{:.2}%", edge.lesser as f64 / (edge.calls as f64).max(1.0) * 100.0),
            edge.open.map_or_else(|| "–".into(), |open| format!("{:.1}%", open * 100.0)),
        ]);
    }
    if !lesser {
        rows.iter_mut().for_each(|row| drop(row.remove(5)));
    }
    format!("\nedges\n{}", table(&rows))
}

fn path(figures: &Figures) -> String {
    if figures.path.is_empty() {
        return String::new();
    }
    let shown = figures.path.iter().take(PARTS_SHOWN);
    let parts: Vec<String> = shown.map(|(name, share)| format!("{name} {:.1}%", share * 100.0)).collect();
    let traces = number(figures.traces as f64);
    format!("\ncritical path of {traces} traces: {}\n", parts.join(", "))
}

/// Columns as wide as they need: the first to the left, the others to the right.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let mut text = format!("  {:<width$}", row[0], width = widths[0]);
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            text.push_str(&format!("  {cell:>width$}"));
        }
        text.push('\n');
        text
    };
    rows.iter().map(line).collect()
}

/// Writes the figures as CSV files; answers what was written, nothing without services.
pub fn write(loaded: &Loaded, record: &Record, dir: &Path) -> Result<Vec<PathBuf>, Trouble> {
    if figures(record).is_none() {
        return Ok(Vec::new());
    }
    let mut files = vec![
        ("services.csv".to_string(), tables::services(record)),
        ("edges.csv".to_string(), tables::edge_windows(record)),
        ("goodput.csv".to_string(), tables::goodput(record)),
        ("traces.csv".to_string(), tables::traces(record)),
    ];
    let objectives = loaded.scenario.checks.iter().filter_map(|check| match check {
        CheckSpec::Objective { share, within, full } => {
            Some(Goal { share: share.get(), within: *within, full: *full })
        }
        _ => None,
    });
    for (place, goal) in objectives.enumerate() {
        let number = if place == 0 { String::new() } else { format!("-{}", place + 1) };
        files.push((format!("objective{number}.csv"), tables::objective(record, &goal)));
    }
    let mut written = Vec::new();
    for (name, text) in files {
        let path = dir.join(name);
        output::write_whole(&path, text.as_bytes())?;
        written.push(path);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::{in_tables, table};

    #[test]
    fn what_the_tables_hold_is_not_listed_again() {
        assert!(in_tables("measure_queue_max") && in_tables("measure_calls a→b_mean"));
        assert!(!in_tables("measure_lag_max") && !in_tables("availability"));
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [["a", "1"], ["long", "200"]].map(|row| row.map(String::from).to_vec());
        assert_eq!(table(&rows), "  a       1\n  long  200\n");
    }
}
