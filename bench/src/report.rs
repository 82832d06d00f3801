//! What was measured, in a table and in JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::outside::LeftOut;
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

/// A measurement that came to nothing.
#[derive(Clone, Debug, Serialize)]
pub struct Failed {
    /// The workload.
    pub workload: &'static str,
    /// Its size.
    pub size: u32,
    /// Who.
    pub engine: &'static str,
    /// Why.
    pub why: String,
}

/// What is told at the end, and written after each round.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this format.
    pub schema: u32,
    /// Who was measured on what.
    pub rows: Vec<Row>,
    /// Squall beside the others.
    pub ratios: Vec<Ratio>,
    /// Peers that are not there.
    pub left_out: Vec<LeftOut>,
    /// Measurements that came to nothing.
    pub failed: Vec<Failed>,
}

/// Everything measured so far.
#[derive(Debug, Default)]
pub struct Results {
    measured: BTreeMap<(usize, usize), Vec<Measured>>,
    /// Measurements that came to nothing.
    pub failed: Vec<Failed>,
}

impl Results {
    /// Keeps a measurement.
    pub fn add(&mut self, case: usize, engine: usize, measured: Measured) {
        self.measured.entry((case, engine)).or_default().push(measured);
    }

    /// All of it.
    #[must_use]
    pub fn report(&self, engines: &[Engine], left_out: &[LeftOut]) -> Report {
        let rows = self.rows(engines);
        let ratios = ratios(&rows);
        Report { schema: 2, rows, ratios, left_out: left_out.to_vec(), failed: self.failed.clone() }
    }

    /// A row for each engine and case.
    fn rows(&self, engines: &[Engine]) -> Vec<Row> {
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
        self.measured.iter().map(row).collect()
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

/// The table, with Squall's ratios to the best of the others, and who is not in it.
#[must_use]
pub fn table(report: &Report) -> String {
    let (rows, mut text) = (&report.rows, String::new());
    for case in CASES {
        let here: Vec<&Row> =
            rows.iter().filter(|row| row.workload == case.workload && row.size == case.size).collect();
        let Some(rounds) = here.iter().map(|row| row.rounds).max() else { continue };
        let unit = unit(case.workload);
        text +=
            &format!("\n{} {}: {unit}, median of {rounds} (least to greatest)\n", case.workload, case.size);
        for row in &here {
            let [median, least, greatest] = row.rate.map(|value| rate(row.workload, value));
            let mib = row.peak_kib as f64 / 1024.0;
            let only = if row.rounds < rounds { format!("  of {} only", row.rounds) } else { String::new() };
            text +=
                &format!("  {:<14} {median:>10}  ({least} to {greatest})  {mib:.1} MiB{only}\n", row.engine);
        }
        for ratio in here.iter().filter(|row| row.engine == "squall").flat_map(|row| ratios_of(row, rows)) {
            text += &format!("  = {:.2} × the {} ({})\n", ratio.ratio, ratio.beside, ratio.engine);
        }
    }
    for LeftOut { engine, why } in &report.left_out {
        text += &format!("\n{engine} is left out, and may be the best peer: {why}\n");
    }
    for Failed { workload, size, engine, why } in &report.failed {
        text += &format!("\nno result of {engine} on {workload} {size}: {why}\n");
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
    /// `best peer`, `best bare loop`; `speed of one core` for all cores.
    pub beside: &'static str,
    /// Who that is.
    pub engine: &'static str,
    /// Squall's median over that one's.
    pub ratio: f64,
}

/// All ratios.
fn ratios(rows: &[Row]) -> Vec<Ratio> {
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
    [("best peer", best(false)), ("best bare loop", best(true)), ("speed of one core", one)]
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
