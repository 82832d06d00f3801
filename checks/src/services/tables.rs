//! The figures of a graph of services as CSV files: window by window for services and edges, span by span for traces,
//! stretch by stretch for the load and for an objective's error budget.
//!
//! Times are seconds since the start with nine decimals. Deliberately absent: writing the files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sim_core::history::Outcome;
use sim_core::peer::Peer;
use sim_core::record::Record;
use sim_core::time::Time;

use super::{OF_EDGES, OWN, edges, service_of, told};
use crate::bounds::{self, Goal, Stretch};
use crate::critical;

/// A text as a cell.
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into()
    }
}

fn node_name(record: &Record, node: Peer) -> String {
    record.nodes.get(node.index()).map_or_else(String::new, |node| cell(&node.name))
}

/// Rows by (time, node), each with a value or nothing in every column.
fn windows(record: &Record, names: &[String]) -> BTreeMap<(Time, usize), Vec<Option<i64>>> {
    let mut rows: BTreeMap<(Time, usize), Vec<Option<i64>>> = BTreeMap::new();
    for (column, name) in names.iter().enumerate() {
        for measure in told(record, name) {
            let row =
                rows.entry((measure.at, measure.node.index())).or_insert_with(|| vec![None; names.len()]);
            row[column] = Some(measure.value);
        }
    }
    rows
}

fn cells(row: &[Option<i64>]) -> String {
    row.iter()
        .map(|value| value.map_or_else(String::new, |value| value.to_string()))
        .collect::<Vec<_>>()
        .join(",")
}

/// RED and USE of every instance, window by window.
#[must_use]
pub fn services(record: &Record) -> String {
    let mut text =
        "window_end_s,node,service,requests,errors,turned_away,taken_back,latency_p50_us,latency_p99_us,\
                    utilisation_percent,queue_max\n"
            .to_string();
    for ((at, node), row) in windows(record, &OWN.map(String::from)) {
        let peer = Peer::node(node as u32);
        let (name, service) = (node_name(record, peer), cell(service_of(record, peer)));
        let _ = writeln!(text, "{:.9},{name},{service},{}", at.as_secs_f64(), cells(&row));
    }
    text
}

/// What every edge carried, window by window and caller by caller.
#[must_use]
pub fn edge_windows(record: &Record) -> String {
    let mut text =
        "window_end_s,node,from,to,calls,attempts,failures,lesser,breaker,hosts_open\n".to_string();
    for (edge, from, to) in edges(record) {
        for ((at, node), row) in windows(record, &OF_EDGES.map(|what| format!("{what}{edge}"))) {
            let name = node_name(record, Peer::node(node as u32));
            let (from, to) = (cell(from), cell(to));
            let _ = writeln!(text, "{:.9},{name},{from},{to},{}", at.as_secs_f64(), cells(&row));
        }
    }
    text
}

/// Every span of every whole trace, and how much of the trace's time it decided by itself.
#[must_use]
pub fn traces(record: &Record) -> String {
    let mut text = "trace,span,parent,node,name,begin_s,end_s,ok,critical_ns\n".to_string();
    for (trace, spans) in critical::traces(record) {
        let path = critical::path(&spans);
        for span in spans {
            let own: u64 = path.iter().filter(|piece| piece.span == span.span).map(|piece| piece.own.0).sum();
            let _ = writeln!(
                text,
                "{trace},{},{},{},{},{:.9},{:.9},{},{own}",
                span.span,
                span.parent,
                node_name(record, span.node),
                cell(&span.name),
                span.begin.as_secs_f64(),
                span.end.as_secs_f64(),
                span.ok
            );
        }
    }
    text
}

/// What was asked and what came of it in one stretch of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// When it begins.
    pub from: Time,
    /// Operations asked, a second.
    pub offered: f64,
    /// Of them, those that ended ok, whenever that was, a second.
    pub goodput: f64,
}

/// Goodput against offered load in a hundred stretches of the time in which clients ask.
#[must_use]
pub fn loads(record: &Record) -> Vec<Load> {
    let Some(last) = record.history.entries.iter().map(|entry| entry.invoked).max() else {
        return Vec::new();
    };
    let width = last.0 / 100 + 1;
    let mut list: Vec<Load> = (0..100)
        .map(|i| Load { from: Time(i * width), ..Load::default() })
        .take_while(|l| l.from <= last)
        .collect();
    let one = 1e9 / width as f64;
    for entry in &record.history.entries {
        let load = &mut list[(entry.invoked.0 / width) as usize];
        load.offered += one;
        load.goodput += if matches!(entry.outcome, Outcome::Ok(_)) { one } else { 0.0 };
    }
    list
}

/// The same as a file.
#[must_use]
pub fn goodput(record: &Record) -> String {
    let mut text = "from_s,offered_per_s,goodput_per_s\n".to_string();
    for load in loads(record) {
        let _ = writeln!(text, "{:.9},{:.6},{:.6}", load.from.as_secs_f64(), load.offered, load.goodput);
    }
    text
}

/// An objective's error budget over the run.
#[must_use]
pub fn objective(record: &Record, goal: &Goal) -> String {
    let mut text = "from_s,operations,missed,burn_rate,budget_left\n".to_string();
    let stretches: Vec<Stretch> = bounds::stretches(record, goal);
    let all: f64 = stretches.iter().map(|stretch| stretch.operations).sum();
    let budget = (all * bounds::allowed(goal.share)).max(1e-9);
    let mut spent = 0.0;
    for stretch in stretches {
        spent += stretch.missed;
        let left = 1.0 - spent / budget;
        let (from, burn) = (stretch.from.as_secs_f64(), stretch.burn);
        let _ = writeln!(text, "{from:.9},{},{},{burn:.6},{left:.6}", stretch.operations, stretch.missed);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{cell, edge_windows, services};
    use crate::services::tests::record;

    #[test]
    fn a_row_a_window_and_a_node() {
        let text = services(&record());
        assert_eq!(text.lines().count(), 1 + 2 * 3);
        assert_eq!(text.lines().nth(1), Some("1.000000000,users0,users,100,10,,,,,,"));
        assert_eq!(text.lines().nth(2), Some("1.000000000,db0,db,75,,,,,,40,1"));
        let text = edge_windows(&record());
        assert_eq!(text.lines().nth(2), Some("2.000000000,users0,users,db,100,150,15,,2,"));
    }

    #[test]
    fn a_cell_with_a_comma_is_quoted() {
        assert_eq!((cell("a"), cell("a,\"b\"")), ("a".to_string(), "\"a,\"\"b\"\"\"".to_string()));
    }
}
