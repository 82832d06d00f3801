//! Every row of the table of Elle's answers, answered the same: validity, anomalies, models ruled out.
//!
//! Reads the corpora beside the project and says so where they are absent. Where Elle ran out of time, its list of
//! anomalies depends on the machine it ran on; there only validity and the models ruled out are compared.

use std::path::{Path, PathBuf};

use checks::format::{ReadOptions, read_file};
use checks::transactions::{Analysis, Anomaly, Model, Options, Validity, Workload, check};
use sim_core::history::History;

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora")
}

/// The words of a set, list or map in EDN, without their colons and brackets.
fn words(cell: &str) -> Vec<&str> {
    let apart = |c: char| c.is_whitespace() || "#{}()[],".contains(c);
    cell.split(apart)
        .filter(|word| !word.is_empty() && *word != "nil")
        .map(|w| w.trim_start_matches(':'))
        .collect()
}

fn options(row: &[&str], history: &History) -> Options {
    let workload = if row[1] == "list-append" { Workload::ListAppend } else { Workload::RwRegister };
    let mut options = Options::new(workload);
    if row[4] != ":default" {
        options.models = words(row[4]).into_iter().map(|name| Model::parse(name).expect(name)).collect();
    }
    options.anomalies = words(row[5]).into_iter().map(|name| Anomaly::parse(name).expect(name)).collect();
    let other = words(row[6]);
    let flag = |name: &str| other.iter().position(|w| *w == name).is_some_and(|at| other[at + 1] == "true");
    options.sequential_keys = flag("sequential-keys?");
    options.linearizable_keys = flag("linearizable-keys?");
    options.writes_follow_reads_keys = flag("wfr-keys?");
    if let Some(at) = other.iter().position(|word| *word == "transaction-order") {
        let numbers: Vec<i64> = other[at + 1..].iter().map_while(|word| word.parse().ok()).collect();
        // The table numbers events; in its histories with this option each event is an operation.
        assert!(numbers.iter().all(|n| (*n as usize) <= history.entries.len()));
        options.transaction_order = numbers.chunks(2).map(|pair| (pair[0] as usize, pair[1])).collect();
    }
    options
}

fn compare(row: &[&str], analysis: &Analysis) -> Vec<String> {
    let mut wrong = Vec::new();
    let validity = match row[7] {
        "true" => Validity::Valid,
        "false" => Validity::Invalid,
        _ => Validity::Unknown,
    };
    if analysis.validity != validity {
        wrong.push(format!("validity {:?}, Elle {}", analysis.validity, row[7]));
    }
    let timed_out = row[8].contains("cycle-search-timeout");
    let counted = row[8].starts_with('{');
    if counted && !timed_out {
        let ours: Vec<String> =
            analysis.findings.iter().flat_map(|f| [f.anomaly.to_string(), f.count.to_string()]).collect();
        if ours != words(row[8]) {
            wrong.push(format!("counts {ours:?}, Elle {}", row[8]));
        }
    } else if row[8] != "NA" && !timed_out {
        let mut theirs = words(row[8]);
        theirs.sort_unstable();
        if analysis.anomaly_names() != theirs {
            wrong.push(format!("anomalies {:?}, Elle {theirs:?}", analysis.anomaly_names()));
        }
    }
    for (ours, cell, what) in [(&analysis.not, row[9], "not"), (&analysis.also_not, row[10], "also not")] {
        let ours: Vec<&str> = ours.iter().map(|model| model.name()).collect();
        let mut theirs = words(cell);
        theirs.sort_unstable();
        if cell != "NA" && ours != theirs {
            wrong.push(format!("{what} {ours:?}, Elle {theirs:?}"));
        }
    }
    wrong
}

#[test]
fn every_row_of_the_table_is_answered_as_elle_does() {
    let Ok(table) = std::fs::read_to_string(corpora().join("elle.tsv")) else {
        println!("skipped: no corpora at {}", corpora().display());
        return;
    };
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in table.lines().skip(1) {
        let row: Vec<&str> = line.split('\t').collect();
        let foreign = match read_file(&corpora().join(row[0]), &ReadOptions::default()) {
            Ok(foreign) => foreign,
            Err(error) => {
                wrong.push(format!("{}: {error}", row[0]));
                continue;
            }
        };
        rows += 1;
        let analysis = check(&foreign.history, &options(&row, &foreign.history));
        wrong.extend(
            compare(&row, &analysis).into_iter().map(|why| format!("{} ({}): {why}", row[0], row[2])),
        );
        if let checks::verdict::Verdict::Fail(witness) = &analysis.verdict {
            assert!(!witness.headline.is_empty() && !witness.story.is_empty() && !witness.entries.is_empty());
            assert!(witness.entries.iter().all(|entry| *entry < foreign.history.entries.len()));
        }
    }
    assert!(wrong.is_empty(), "{} of {rows} rows differ:\n{}", wrong.len(), wrong.join("\n"));
}
