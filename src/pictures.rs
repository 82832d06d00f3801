//! The files of `--out`: the record with its verdicts, the pictures and the page of a run; the distributions of an
//! exploration.

use std::path::{Path, PathBuf};

use anyhow::Context;
use reports::{ComparedMetric, ComparedPolicy, Distributions, Failure, Finding, MetricOverSeeds, Run};
use scenarios::Loaded;
use scenarios::checks::format::{KeyNames, write_jepsen_edn, write_json_lines};
use scenarios::checks::verdict::Verdict;
use scenarios::compare::{Comparison, MetricComparison};
use scenarios::explore::Exploration;
use scenarios::replay::command;
use scenarios::run::{History, Outcome, Record};
use serde::{Deserialize, Serialize};

use crate::output::{self, Trouble, cannot};
use crate::services;

/// The history's files: in Jepsen's EDN and as JSON lines.
const HISTORY_EDN: &str = "history.edn";
const HISTORY_JSON: &str = "history.jsonl";

/// The record's file.
pub const RECORD: &str = "record.json";

/// A run as it is kept: enough to show it again.
#[derive(Serialize, Deserialize)]
struct Kept {
    schema: u32,
    record: Record,
    checks: Vec<KeptCheck>,
    metrics: Vec<(String, f64)>,
    replay: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    as_expected: Option<bool>,
}

#[derive(Serialize, Deserialize)]
struct KeptCheck {
    name: String,
    verdict: Verdict,
    detail: String,
}

/// Writes a run's record and pictures into a directory; answers what was written, the page first.
pub fn write_run(loaded: &Loaded, outcome: Outcome, dir: &Path) -> Result<Vec<PathBuf>, Trouble> {
    output::make_dir(dir)?;
    let replay = command("replay", &loaded.name, &loaded.overrides, outcome.record.seed);
    let checks = outcome.checks.into_iter();
    let kept = Kept {
        schema: 1,
        checks: checks.map(|c| KeptCheck { name: c.name, verdict: c.verdict, detail: c.detail }).collect(),
        metrics: outcome.metrics.into_iter().collect(),
        replay,
        about: loaded.scenario.about.trim().to_string(),
        as_expected: Some(outcome.as_expected),
        record: outcome.record,
    };
    let text = serde_json::to_vec(&kept).map_err(cannot)?;
    output::write_whole(&dir.join(RECORD), &text)?;
    let tables = services::write(loaded, &kept.record, dir)?;
    let histories = write_history(&kept.record.history, dir)?;
    let mut written = show(kept, dir)?;
    written.extend(tables);
    written.push(dir.join(RECORD));
    written.extend(histories);
    Ok(written)
}

/// Writes what the clients saw, for checkers of one's own.
fn write_history(history: &History, dir: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let names = KeyNames::default();
    let (mut edn, mut json) = (Vec::new(), Vec::new());
    write_jepsen_edn(history, &names, &mut edn).map_err(cannot)?;
    write_json_lines(history, &names, &mut json).map_err(cannot)?;
    let files = [(dir.join(HISTORY_EDN), edn), (dir.join(HISTORY_JSON), json)];
    for (path, bytes) in &files {
        output::write_whole(path, bytes)?;
    }
    Ok(files.map(|(path, _)| path).into())
}

/// Makes the pictures of a run that was written before.
pub fn show_again(dir: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let path = dir.join(RECORD);
    let others = ["explore.json", "compare.json", "sweep.json", "metastable.json"];
    if !path.exists()
        && let Some(other) = others.iter().find(|name| dir.join(name).exists())
    {
        return Err(cannot(format!(
            "{}: there is {other} and no record of a run; the command that made it makes its page anew, from what is kept there",
            dir.display()
        )));
    }
    let text = std::fs::read(&path).map_err(|why| cannot(format!("{}: {why}", path.display())))?;
    let kept: Kept = serde_json::from_slice(&text)
        .map_err(|why| cannot(format!("{}: not a record of a run: {why}", path.display())))?;
    show(kept, dir)
}

fn show(kept: Kept, dir: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let checks = kept.checks.into_iter();
    let findings: Vec<Finding> =
        checks.map(|c| Finding { check: c.name, verdict: c.verdict, detail: c.detail }).collect();
    let run = Run {
        record: &kept.record,
        findings: &findings,
        metrics: &kept.metrics,
        replay: &kept.replay,
        about: &kept.about,
        as_expected: kept.as_expected,
    };
    Ok(reports::write_run(&run, dir).context("the pictures")?)
}

/// Writes an exploration's pictures into a directory.
pub fn write_exploration(loaded: &Loaded, found: &Exploration, dir: &Path) -> Result<(), Trouble> {
    let finished: Vec<_> =
        found.runs.iter().filter_map(|run| Some((run, run.result.as_ref().ok()?))).collect();
    let metric = |name: &String| {
        let values =
            finished.iter().map(|(_, summary)| summary.metrics.get(name).copied().unwrap_or(f64::NAN));
        MetricOverSeeds { name: name.clone(), values: values.collect() }
    };
    let mut failures = Vec::new();
    for (place, (run, summary)) in finished.iter().enumerate() {
        for check in summary.failed.iter().filter(|check| check.verdict.is_fail()) {
            failures.push(Failure {
                run: place,
                check: check.name.clone(),
                detail: check.detail.clone(),
                replay: found.replay_command(run.seed),
            });
        }
    }
    let sets: String = loaded.overrides.iter().map(|set| format!(" --set {set}")).collect();
    let bounds = found.runs.first().zip(found.runs.last());
    let seeds = bounds.map_or_else(String::new, |(first, last)| format!("{}..{}", first.seed, last.seed + 1));
    let distributions = Distributions {
        scenario: found.scenario.clone(),
        seeds: finished.iter().map(|(run, _)| run.seed).collect(),
        failures,
        metrics: found.metrics.keys().map(metric).collect(),
        curves: finished.iter().filter_map(|(_, summary)| summary.curve.clone()).collect(),
        replay: format!("squall explore {}{sets} --seeds {seeds}", loaded.name),
    };
    reports::write_exploration(&distributions, dir).context("the pictures")?;
    Ok(())
}

/// The sentences with the last, which is the answer, first.
fn answer_first(conclusions: &[String]) -> Vec<String> {
    let (others, answer) = conclusions.split_at(conclusions.len().saturating_sub(1));
    answer.iter().chain(others).cloned().collect()
}

/// What a page was made from: the seeds, and the version of the program.
fn origin(found: &Comparison) -> String {
    let seeds = found.seeds.first().zip(found.seeds.last());
    let seeds = seeds.map_or(String::new(), |(first, last)| format!("seeds {first} to {last} · "));
    format!("{seeds}squall {}", env!("CARGO_PKG_VERSION"))
}

/// Writes a comparison's pictures into a directory.
pub fn write_comparison(found: &Comparison, dir: &Path) -> Result<(), Trouble> {
    if let Some(table) = crate::phases::table(found) {
        let picture = reports::plots::phases::phases(&table);
        output::write_whole(&dir.join("phases.svg"), picture.as_bytes())?;
    }
    let metric = |(name, metric): (&String, &MetricComparison)| {
        let policy = |place: usize| {
            let (difference, own) = (metric.differences[place], &metric.candidates[place]);
            ComparedPolicy {
                values: metric.values[place].clone(),
                mean: own.mean,
                difference: difference.mean,
                ci95: difference.ci95,
                ci95_unpaired: difference.ci95_unpaired,
                smaller: difference.smaller,
                greater: difference.greater,
                p_adjusted: metric.p_adjusted[place],
            }
        };
        ComparedMetric {
            name: name.clone(),
            better: metric.better,
            policies: (0..found.labels.len()).map(policy).collect(),
        }
    };
    let input = reports::Comparison {
        title: found.title.clone(),
        labels: found.labels.clone(),
        baseline: found.baseline,
        worlds: found.seeds.len() as u64,
        metrics: found.metrics.iter().map(metric).collect(),
        conclusions: answer_first(&found.conclusions),
        origin: origin(found),
        replay: found.command.clone(),
    };
    reports::write_comparison(&input, dir).context("the pictures")?;
    Ok(())
}
