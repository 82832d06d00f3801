//! What was measured, in a table and in JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::plan::{CASES, Case, Engine};
use crate::worker::Measured;

/// One engine on one case.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The workload.
    pub workload: &'static str,
    /// Its size.
    pub size: u32,
    /// Who.
    pub engine: &'static str,
    /// Events (worlds for S) a second: the median of the rounds, the least and the greatest.
    pub rate: [f64; 3],
    /// The greatest peak of resident memory, in KiB.
    pub peak_kib: u64,
    /// How many rounds there were.
    pub rounds: usize,
    bare: bool,
}

/// Everything measured so far.
#[derive(Debug, Default)]
pub struct Results(BTreeMap<(usize, usize), Vec<Measured>>);

impl Results {
    /// Keeps a measurement.
    pub fn add(&mut self, case: usize, engine: usize, measured: Measured) {
        self.0.entry((case, engine)).or_default().push(measured);
    }

    /// A row for each engine and case.
    #[must_use]
    pub fn rows(&self, engines: &[Engine]) -> Vec<Row> {
        let row = |(&(case, engine), list): (&(usize, usize), &Vec<Measured>)| {
            let mut rates: Vec<f64> = list.iter().map(Measured::rate).collect();
            rates.sort_by(f64::total_cmp);
            let (middle, last) = (rates.len() / 2, rates.len() - 1);
            let median = (rates[middle] + rates[last - middle]) / 2.0;
            let Case { workload, size } = CASES[case];
            Row {
                workload,
                size,
                engine: engines[engine].name,
                rate: [median, rates[0], rates[last]],
                peak_kib: list.iter().map(|measured| measured.peak_kib).max().unwrap_or(0),
                rounds: rates.len(),
                bare: engines[engine].bare,
            }
        };
        self.0.iter().map(row).collect()
    }
}

/// What is counted in a second.
fn unit(workload: &str) -> &'static str {
    match workload {
        "S" | "S*" => "worlds a second",
        "R" => "simulated seconds a second",
        _ => "million events a second",
    }
}

/// A rate in its unit.
fn rate(workload: &str, rate: f64) -> String {
    if matches!(workload, "H" | "P") { format!("{:.3}", rate / 1e6) } else { format!("{rate:.0}") }
}

/// The table, with Squall's ratios to the best of the others.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    for case in CASES {
        let here: Vec<&Row> =
            rows.iter().filter(|row| row.workload == case.workload && row.size == case.size).collect();
        let Some(first) = here.first() else { continue };
        let unit = unit(case.workload);
        text += &format!(
            "\n{} {}: {unit}, median of {} (least to greatest)\n",
            case.workload, case.size, first.rounds
        );
        for row in &here {
            let [median, least, greatest] = row.rate.map(|value| rate(row.workload, value));
            let mib = row.peak_kib as f64 / 1024.0;
            text += &format!("  {:<14} {median:>10}  ({least} to {greatest})  {mib:.1} MiB\n", row.engine);
        }
        text += &ratios(&here);
        text += &cores(&here, rows);
    }
    text
}

/// What all cores are worth beside one.
fn cores(here: &[&Row], rows: &[Row]) -> String {
    let all = here.iter().find(|row| row.engine == "squall" && row.workload == "S*");
    let one = rows.iter().find(|row| row.engine == "squall" && row.workload == "S");
    match (all, one) {
        (Some(all), Some(one)) => format!("  = {:.2} × one core\n", all.rate[0] / one.rate[0]),
        _ => String::new(),
    }
}

fn ratios(here: &[&Row]) -> String {
    let Some(squall) = here.iter().find(|row| row.engine == "squall") else { return String::new() };
    let best = |bare: bool| {
        let others = here.iter().filter(|row| row.engine != "squall" && row.bare == bare);
        others.max_by(|a, b| a.rate[0].total_cmp(&b.rate[0]))
    };
    let mut text = String::new();
    for (what, other) in [("best peer", best(false)), ("best bare loop", best(true))] {
        if let Some(other) = other {
            text += &format!("  = {:.2} × the {what} ({})\n", squall.rate[0] / other.rate[0], other.engine);
        }
    }
    text
}
