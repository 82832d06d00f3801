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
    if matches!(workload, "H" | "P" | "P-link") { format!("{:.3}", rate / 1e6) } else { format!("{rate:.0}") }
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
        for ratio in here.iter().filter(|row| row.engine == "squall").flat_map(|row| ratios_of(row, rows)) {
            text += &format!("  = {:.2} × the {} ({})\n", ratio.ratio, ratio.beside, ratio.engine);
        }
    }
    text
}

/// Squall beside another: how many times as fast it is.
#[derive(Clone, Debug, Serialize)]
pub struct Ratio {
    /// The workload.
    pub workload: &'static str,
    /// Its size.
    pub size: u32,
    /// `best peer`, `best bare loop`; `one core` for all cores.
    pub beside: &'static str,
    /// Who that is.
    pub engine: &'static str,
    /// Squall's median over that one's.
    pub ratio: f64,
}

/// All ratios.
#[must_use]
pub fn ratios(rows: &[Row]) -> Vec<Ratio> {
    let squall = rows.iter().filter(|row| row.engine == "squall");
    squall.flat_map(|squall| ratios_of(squall, rows)).collect()
}

fn ratios_of(squall: &Row, rows: &[Row]) -> Vec<Ratio> {
    let best = |bare: bool| {
        let here = rows.iter().filter(|row| (row.workload, row.size) == (squall.workload, squall.size));
        let others = here.filter(|row| row.engine != "squall" && row.bare == bare);
        others.max_by(|a, b| a.rate[0].total_cmp(&b.rate[0]))
    };
    let one = rows.iter().find(|row| (row.workload, row.engine) == ("S", "squall"));
    let one = one.filter(|_| squall.workload == "S*");
    [("best peer", best(false)), ("best bare loop", best(true)), ("one core", one)]
        .into_iter()
        .filter_map(|(beside, other)| {
            let (other, workload, size) = (other?, squall.workload, squall.size);
            Some(Ratio {
                workload,
                size,
                beside,
                engine: other.engine,
                ratio: squall.rate[0] / other.rate[0],
            })
        })
        .collect()
}
