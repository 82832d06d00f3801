//! Every verdict of the histories that lie beside the project; skipped, saying so, where they are absent.

use std::path::{Path, PathBuf};

use checks::format::{ReadOptions, read_file};
use checks::linearizability::{Model, Options, check};
use checks::verdict::Verdict;

fn corpora() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora");
    beside.join("linearizability.tsv").is_file().then_some(beside)
}

#[test]
fn every_known_verdict() {
    let Some(corpora) = corpora() else {
        println!("skipped: no ../shared/corpora beside the project");
        return;
    };
    let table = std::fs::read_to_string(corpora.join("linearizability.tsv")).expect("the table is text");
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [file, model, operations, expected, ..] = fields.as_slice() else { panic!("{line}") };
        let foreign = match read_file(&corpora.join(file), &ReadOptions::default()) {
            Ok(foreign) => foreign,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(foreign.history.entries.len().to_string(), *operations, "{file}");
        let model: Model = model.parse().expect("a model of the table");
        let options =
            Options { initial: foreign.initial(), names: foreign.keys.clone(), ..Options::default() };
        let verdict = check(&foreign.history, model, &options);
        let expected = if *expected == "true" { "pass" } else { "fail" };
        if verdict.word() != expected {
            wrong.push(format!("{file}: {} but expected {expected}", verdict.word()));
        }
        if let Verdict::Fail(witness) = &verdict {
            assert!(!witness.entries.is_empty() && !witness.story.is_empty(), "{file}");
            if std::env::args().any(|argument| argument == "--nocapture") {
                println!(
                    "{file}: {}: {}\n  {}",
                    witness.anomaly,
                    witness.headline,
                    witness.story.join("\n  ")
                );
            }
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{count} verdicts");
}
