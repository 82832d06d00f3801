//! `squall check`: judges histories from anywhere, a verdict a file.
//!
//! Exit code 0 if all hold, 1 if some are violated or could not be decided, 2 if some cannot be read or are of
//! another kind than the model. Verdicts go to
//! standard output, times and troubles to standard error. Deliberately absent: all judgement, which is
//! `checks::foreign`'s.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use reports::Case;
use scenarios::checks::foreign::{Answer, Bounds, Misfit, Question, Span, Words};
use scenarios::checks::format::{
    Foreign, Format, FormatError, ReadOptions, operation_line, read_bytes, read_value,
};
use scenarios::checks::verdict::Verdict;
use serde_json::{Value, json};

use crate::output::{Trouble, cannot, print, print_json};

/// Options of `check`.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// Histories, gzipped or not
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What the history is of: register, key-value, multi-register, set, queue, stack, priority-queue, counter, mutex,
    /// log, list-append, rw-register, set-full, bank, counter-bounds, long-fork, write-skew, convergence, staleness,
    /// durability, updates; or a consistency by itself, of registers: sequential, causal, read-atomic, monotonic-reads …
    #[arg(long)]
    pub model: String,
    /// How the files are written: auto, jepsen-edn, json-lines, porcupine-etcd, porcupine-kv
    #[arg(long, default_value = "auto", value_parser = format)]
    pub format: Wanted,
    /// What a register or key holds at first, as EDN (nil, 0, "text"; a set, queue or stack: [1 2]) [default: the
    /// format's own: 0 in Jepsen's EDN, "" in Porcupine's key–value logs, else nil]
    #[arg(long, value_parser = read_value)]
    pub initial: Option<scenarios::checks::format::Value>,
    /// Consistencies expected, such as linearizable,sequential,causal or strict-serializable,snapshot-isolation
    /// [default: linearizable, or strict-serializable]
    #[arg(long, value_delimiter = ',')]
    pub consistency: Vec<String>,
    /// Transactions: anomalies that must be absent, such as G1,G2-item
    #[arg(long, value_delimiter = ',')]
    pub anomalies: Vec<String>,
    /// Transactions on registers: sequential-keys, linearizable-keys, writes-follow-reads-keys
    #[arg(long, value_delimiter = ',')]
    pub assume: Vec<String>,
    /// bank: what all accounts hold together [default: what the first read of all of them shows]
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    pub total: Option<i64>,
    /// bank: accounts may be overdrawn
    #[arg(long)]
    pub allow_negative: bool,
    /// convergence, durability, updates: how long after the last write of a key its reads must agree, such as 500ms
    /// [default: 0s]
    #[arg(long, value_name = "DURATION")]
    pub settle: Option<Span>,
    /// staleness: how many newer versions an answer may miss
    #[arg(long, value_name = "K")]
    pub versions: Option<u64>,
    /// staleness: how long an answer may have been out of date, such as 100ms
    #[arg(long, value_name = "DURATION")]
    pub age: Option<Span>,
    /// Give up on an object after this many configurations of its search
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub configurations: Option<u64>,
    /// Draw each violation into this directory: the operations in space and time, a cycle as a graph
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
    /// Print the milliseconds of parsing and of checking to standard error
    #[arg(long)]
    pub timing: bool,
}

/// The format asked for: a name, or `auto`.
#[derive(Clone, Copy, Debug)]
pub struct Wanted(Option<Format>);

fn format(text: &str) -> Result<Wanted, String> {
    if text == "auto" {
        return Ok(Wanted(None));
    }
    text.parse().map(|format| Wanted(Some(format))).map_err(|reason: String| format!("{reason}, auto"))
}

/// What came of one file.
struct Outcome {
    foreign: Foreign,
    answer: Answer,
}

/// Time spent.
#[derive(Clone, Copy, Default)]
struct Spent {
    parsing: Duration,
    checking: Duration,
}

/// Judges all files.
///
/// # Errors
/// When the question itself is not one: an unknown model or consistency.
pub fn run(args: &CheckArgs) -> Result<ExitCode, Trouble> {
    let words = Words {
        model: &args.model,
        initial: args.initial.clone(),
        consistency: &args.consistency,
        anomalies: &args.anomalies,
        assume: &args.assume,
        bounds: Bounds {
            total: args.total,
            negative: args.allow_negative,
            settle: args.settle,
            versions: args.versions,
            age: args.age,
        },
    };
    let mut question = Question::new(&words).map_err(cannot)?;
    if let Some(configurations) = args.configurations {
        question = question.giving_up_after(configurations);
    }
    let (mut violated, mut open, mut unreadable) = (false, false, false);
    let mut total = Spent::default();
    let mut documents = Vec::new();
    let mut stems = BTreeSet::new();
    for file in &args.files {
        let mut spent = Spent::default();
        match one(file, args, &question, &mut spent) {
            Ok(outcome) => {
                violated |= outcome.answer.verdict.is_fail();
                open |= matches!(outcome.answer.verdict, Verdict::Unknown(_));
                let drawn = draw(file, &outcome, args.out.as_deref(), &mut stems)?;
                if args.json {
                    documents.push(document(file, &outcome, &drawn));
                } else {
                    print(&told(file, &outcome, &drawn))?;
                }
            }
            Err(error) => {
                unreadable = true;
                say!("squall: {error}");
                if args.json {
                    documents.push(json!({ "file": file.display().to_string(), "error": error.to_string() }));
                }
            }
        }
        total.parsing += spent.parsing;
        total.checking += spent.checking;
        if args.timing {
            time(&file.display().to_string(), spent);
        }
    }
    if args.json {
        let verdict = match (violated, open || unreadable) {
            (true, _) => "fail",
            (false, true) => "unknown",
            (false, false) => "pass",
        };
        let all = json!({ "schema": 1, "model": args.model, "verdict": verdict, "files": documents });
        print_json(&all)?;
    }
    if args.timing {
        time("total", total);
    }
    Ok(ExitCode::from(if unreadable { 2 } else { u8::from(violated || open) }))
}

/// Reads and judges one file.
#[expect(clippy::disallowed_methods, reason = "the time spent goes to standard error only")]
fn one(file: &Path, args: &CheckArgs, question: &Question, spent: &mut Spent) -> anyhow::Result<Outcome> {
    let start = Instant::now();
    let options = ReadOptions { format: args.format.0, ..ReadOptions::default() };
    let name = file.display().to_string();
    let read = std::fs::read(file).map_err(|source| FormatError::Io { file: name.clone(), source });
    let read = read.and_then(|bytes| Ok((read_bytes(&name, &bytes, &options)?, bytes)));
    spent.parsing = start.elapsed();
    let (foreign, bytes) = read?;
    if foreign.blank {
        anyhow::bail!("{name}: there is nothing in it");
    }
    if let Some(Misfit { operation, reason }) = question.misfit(&foreign) {
        match operation_line(&bytes, &options, operation) {
            Some(line) => anyhow::bail!("{name}:{line}: {reason}"),
            None => anyhow::bail!("{name}: {reason}, but this is operation {operation}"),
        }
    }
    drop(bytes);
    if foreign.history.entries.is_empty() {
        say!("{name}: there is no client's operation in it, so nothing can be violated");
    }
    let start = Instant::now();
    let judged = question.ask(&foreign);
    spent.checking = start.elapsed();
    let answer = judged.answer();
    Ok(Outcome { foreign, answer })
}

/// Draws a violation, if there is one and a place for it; answers the pictures. Files of one name in two directories are
/// told apart by a number.
fn draw(
    file: &Path,
    outcome: &Outcome,
    out: Option<&Path>,
    stems: &mut BTreeSet<String>,
) -> Result<Vec<PathBuf>, Trouble> {
    let (Some(out), Verdict::Fail(witness)) = (out, &outcome.answer.verdict) else { return Ok(Vec::new()) };
    let name = file.file_name().map_or_else(|| "history".into(), |name| name.to_string_lossy());
    let stem = name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("history");
    let numbered = (2..).map(|number| format!("{stem}-{number}"));
    let stem = std::iter::once(stem.to_string()).chain(numbered).find(|stem| stems.insert(stem.clone()));
    let case = Case::of_file(&file.display().to_string(), &outcome.foreign.history, &outcome.foreign.keys);
    let stem = stem.expect("a number is free");
    Ok(reports::write_violation(&case, witness, out, &stem).context("the pictures")?)
}

fn told(file: &Path, outcome: &Outcome, drawn: &[PathBuf]) -> String {
    let word = outcome.answer.verdict.word().to_uppercase();
    let operations = outcome.foreign.history.entries.len();
    let pictures: String = drawn.iter().map(|path| format!("  picture: {}\n", path.display())).collect();
    format!("{word} {} ({operations} operations)\n{}{pictures}", file.display(), outcome.answer)
}

fn document(file: &Path, outcome: &Outcome, drawn: &[PathBuf]) -> Value {
    let Answer { verdict, anomalies, not, also_not, strongest, notes } = &outcome.answer;
    let mut document = json!({
        "file": file.display().to_string(),
        "format": outcome.foreign.format.name(),
        "operations": outcome.foreign.history.entries.len(),
        "verdict": verdict.word(),
    });
    match verdict {
        Verdict::Pass => {}
        Verdict::Unknown(reason) => document["reason"] = json!(reason),
        Verdict::Fail(witness) => document["witness"] = json!(witness),
    }
    if !drawn.is_empty() {
        document["pictures"] = drawn.iter().map(|path| path.display().to_string()).collect();
    }
    if !(anomalies.is_empty() && strongest.is_empty()) {
        let counts: serde_json::Map<String, Value> =
            anomalies.iter().map(|(name, count)| (name.clone(), json!(count))).collect();
        document["anomalies"] = Value::Object(counts);
        document["not"] = json!(not);
        document["also_not"] = json!(also_not);
        document["strongest"] = json!(strongest);
    }
    if !notes.is_empty() {
        document["notes"] = json!(notes);
    }
    document
}

fn time(what: &str, spent: Spent) {
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    say!("{what}: parsing {:.3} ms, checking {:.3} ms", ms(spent.parsing), ms(spent.checking));
}
