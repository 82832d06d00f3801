//! What is claimed of the checkers' speed: a line each, with the milliseconds asked or taken by others, and whether the
//! goal was met. What is read from files has a line of checking and one of parsing and checking together.
//!
//! Deliberately absent: parsing of what is made here and was never in a file.

use std::path::{Path, PathBuf};

use checks::format::{Foreign, KeyNames, ReadOptions, read_bytes, read_file, write_jepsen_edn};
use checks::linearizability::{Model, Options, decide};
use checks::transactions::{self, Workload};
use checks::weak::isolation::{self, Level};
use sim_core::history::History;
use sim_core::value::Value;

use crate::millis;
use crate::objects::{lose, misread, object};
use crate::transactions::{lists, registers};

/// Prints all lines, or those that hold one of these words.
pub(crate) fn print(only: &[&str]) {
    println!("{:<66} {:>9} {:>9}  goal  verdict", "milliseconds of checking, one thread", "at most", "took");
    let wanted = |line: &str| only.is_empty() || only.iter().any(|word| line.contains(word));
    corpora(&wanted);
    objects(&wanted);
    searched(&wanted);
    isolation(&wanted);
}

fn row(name: &str, at_most: Option<f64>, took: f64, verdict: &str) {
    let asked = at_most.map_or("–".to_owned(), |asked| format!("{asked:.1}"));
    let met = at_most.map_or("–", |asked| if took <= asked { "met" } else { "MISS" });
    println!("{name:<66} {asked:>9} {took:>9.2}  {met:<4}  {verdict}");
}

/// A line of checking alone, and one with the parsing.
fn rows(name: &str, at_most: f64, (parsing, checking): (f64, f64), verdict: &str) {
    row(name, Some(at_most), checking, verdict);
    let told = format!("parsing {parsing:.2}");
    row("  the same, parsing and checking", Some(at_most), parsing + checking, &told);
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora")
}

/// A kind of history in the table: how many there are, and milliseconds of parsing, of checking, and of Porcupine.
#[derive(Default)]
struct Sum {
    files: usize,
    parsing: f64,
    checking: f64,
    porcupine: f64,
    wrong: Vec<String>,
}

/// The histories with known verdicts, beside Porcupine's milliseconds on them.
fn corpora(wanted: &impl Fn(&str) -> bool) {
    let Ok(table) = std::fs::read_to_string(folder().join("linearizability.tsv")) else {
        println!("no ../shared/corpora beside the project");
        return;
    };
    let kinds = [
        ("etcd-cas-register", "etcd logs of Porcupine's tests, a quarter of its time", 0.25),
        ("cas-register", "registers of Knossos' tests, half of Porcupine's time", 0.5),
        ("kv-partitioned", "key–value, keys apart", 1.0),
        ("kv-unpartitioned", "key–value, keys not apart", 0.01),
    ];
    for (kind, name, share) in kinds.into_iter().filter(|(_, name, _)| wanted(name)) {
        let mut sum = Sum::default();
        for line in table.lines().skip(1) {
            let fields: Vec<&str> = line.split('\t').collect();
            let [file, model, _, expected, porcupine, ..] = fields.as_slice() else { continue };
            let belongs = *model == kind || kind == "cas-register" && *model == "register";
            let (true, Ok(model)) = (belongs, model.parse::<Model>()) else { continue };
            let path = folder().join(file);
            let (parsing, read) = millis(5, || read_file(&path, &ReadOptions::default()));
            let Ok(foreign) = read else { continue };
            let options = Options { initial: foreign.initial(), ..Options::default() };
            let (checking, verdict) = millis(5, || decide(&foreign.history, model, &options).word());
            if (verdict == "pass") != (*expected == "true") {
                sum.wrong.push((*file).to_owned());
            }
            sum.files += 1;
            sum.parsing += parsing;
            sum.checking += checking;
            sum.porcupine += porcupine.parse::<f64>().unwrap_or(0.0);
        }
        let verdicts = if sum.wrong.is_empty() { "all right".to_owned() } else { sum.wrong.join(" ") };
        let told = format!("{} files, {verdicts}; Porcupine {:.2}", sum.files, sum.porcupine);
        rows(name, sum.porcupine * share, (sum.parsing, sum.checking), &told);
    }
}

/// A million operations of objects, all values unique.
fn objects(wanted: &impl Fn(&str) -> bool) {
    let models = [
        (Model::Register, 1000.0),
        (Model::Set, 3000.0),
        (Model::Queue, 3000.0),
        (Model::Stack, 3000.0),
        (Model::PriorityQueue, 3000.0),
    ];
    for (model, asked) in models {
        for (what, lie, lost) in
            [("", false, 0), (", two answers exchanged", true, 0), (", 1 in 1000 lost", false, 1)]
        {
            let name = format!("{model}, 1,000,000 operations, 10 processes{what}");
            if !wanted(&name) {
                continue;
            }
            let mut history = object(model, 1_000_000, 10, lie);
            lose(&mut history, lost);
            let (took, verdict) = millis(1, || decide(&history, model, &Options::default()).word());
            row(&name, Some(asked), took, verdict);
        }
    }
}

/// Registers with compare-and-set over few values, some ends lost: what only the search can judge.
fn searched(wanted: &impl Fn(&str) -> bool) {
    for lost in [0, 1, 5] {
        for lie in [false, true] {
            let untrue = if lie { ", untrue reads" } else { "" };
            let name = format!("cas register of five values, 10,000, {lost} in 1000 lost{untrue}");
            if !wanted(&name) {
                continue;
            }
            let mut history = object(Model::KeyValue, 10_000, 10, false);
            lose(&mut history, lost);
            if lie {
                misread(&mut history);
            }
            let options = Options { initial: Value::Int(0), ..Options::default() };
            let (took, verdict) = millis(1, || decide(&history, Model::Register, &options).word());
            row(&name, None, took, verdict);
        }
    }
}

/// Transactions.
fn isolation(wanted: &impl Fn(&str) -> bool) {
    let options = transactions::Options::new(Workload::ListAppend);
    let name = "list-append under snapshot isolation, 100,000 transactions";
    let recorded = folder().join("elle/list-append-si-c10-100000.edn.gz");
    if wanted(name)
        && let (parsing, Ok(Foreign { history, .. })) =
            millis(3, || read_file(&recorded, &ReadOptions::default()))
    {
        let (took, analysis) = millis(5, || transactions::check(&history, &options));
        let found: Vec<String> = analysis
            .findings
            .iter()
            .map(|finding| format!("{} {}", finding.count, finding.anomaly))
            .collect();
        let told = format!("{}; Elle 4,700–10,000", found.join(", "));
        rows(name, 500.0, (parsing, took), &told);
    }
    let name = "list-append, strictly serializable, 1,000,000 transactions";
    if wanted(name) {
        let history = lists(1_000_000);
        let (took, analysis) = millis(3, || transactions::check(&history, &options));
        let parsing = written(&history);
        rows(name, 3000.0, (parsing, took), &format!("{}; Elle 22,000", analysis.verdict.word()));
    }
    let levels = [
        (Level::ReadCommitted, "read committed", 340.0),
        (Level::ReadAtomic, "read atomic", 620.0),
        (Level::Causal, "causal consistency", 2000.0),
    ];
    let name = |level: &str| format!("{level}, 200,000 transactions of 5 operations, 20 sessions");
    if !levels.iter().any(|(_, level, _)| wanted(&name(level))) {
        return;
    }
    let history = registers(200_000);
    for (level, its, asked) in levels.into_iter().filter(|(_, its, _)| wanted(&name(its))) {
        let (took, verdict) = millis(3, || isolation::check(&history, level, &Value::Nil));
        row(&name(its), Some(asked), took, verdict.word());
    }
}

/// Milliseconds of reading this history back from Jepsen's EDN, once, without giving its memory back.
fn written(history: &History) -> f64 {
    let mut bytes = Vec::new();
    write_jepsen_edn(history, &KeyNames::default(), &mut bytes).expect("memory takes all");
    millis(1, || read_bytes("memory", &bytes, &ReadOptions::default())).0
}
