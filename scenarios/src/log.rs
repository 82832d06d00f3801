//! The runs of an exploration as lines of JSON, and back: what `explore --out` leaves and goes on from, and what shards are
//! merged from.

use std::collections::BTreeMap;

use checks::metrics::spread::Curve;
use checks::verdict::{Verdict, Witness};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use sim_core::fingerprint::Fingerprint;

use crate::explore::{SeedRun, SeedSummary};
use crate::run::CheckResult;
use crate::version::BUILD;

#[derive(Serialize, Deserialize)]
struct Line {
    scenario: String,
    version: String,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    panic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Run>,
}

#[derive(Serialize, Deserialize)]
struct Run {
    fingerprint: Fingerprint,
    events: u64,
    simulated_ns: u64,
    verdict: String,
    as_expected: bool,
    not_passed: Vec<Check>,
    metrics: IndexMap<String, f64>,
    marks: IndexMap<String, u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    curve: Option<Curve>,
}

#[derive(Serialize, Deserialize)]
struct Check {
    name: String,
    verdict: String,
    detail: String,
}

/// A run as a line, without its end of line. `hash` is that of the scenario.
#[must_use]
pub fn line(hash: &str, run: &SeedRun) -> String {
    let (panic, told) = match &run.result {
        Err(panic) => (Some(panic.clone()), None),
        Ok(summary) => (None, Some(Run::of(summary))),
    };
    let line = Line { scenario: hash.to_string(), version: BUILD.into(), seed: run.seed, panic, run: told };
    // Strings and finite numbers can always be written.
    serde_json::to_string(&line).unwrap_or_default()
}

/// The runs of a log, by seed, that are of this scenario and build. Lines that are not whole are passed over. Witnesses
/// are not in a log: a violation comes back with its words.
#[must_use]
pub fn read_all(hash: &str, log: &str) -> BTreeMap<u64, SeedRun> {
    let mine = |line: &str| {
        let line: Line = serde_json::from_str(line).ok()?;
        let result = match (line.run, line.panic) {
            (Some(run), None) => Ok(run.summary()),
            (None, Some(panic)) => Err(panic),
            _ => return None,
        };
        (line.scenario == hash && line.version == BUILD)
            .then_some((line.seed, SeedRun { seed: line.seed, result }))
    };
    log.lines().filter_map(mine).collect()
}

/// The whole lines of a log, of runs or of worlds, that are of other builds, or of scenarios whose hashes are not `mine`.
pub fn others(log: &str, mine: impl Fn(&str) -> bool) -> String {
    #[derive(Deserialize)]
    struct Head {
        scenario: String,
        version: String,
    }
    let is_other = |line: &&str| {
        let head = serde_json::from_str::<Head>(line);
        head.is_ok_and(|head| head.version != BUILD || !mine(&head.scenario))
    };
    log.lines().filter(is_other).map(|line| format!("{line}\n")).collect()
}

impl Run {
    fn of(summary: &SeedSummary) -> Run {
        let check = |check: &CheckResult| Check {
            name: check.name.clone(),
            verdict: check.verdict.word().into(),
            detail: check.detail.clone(),
        };
        Run {
            fingerprint: summary.fingerprint,
            events: summary.events,
            simulated_ns: summary.simulated_ns,
            verdict: summary.verdict.into(),
            as_expected: summary.as_expected,
            not_passed: summary.failed.iter().map(check).collect(),
            metrics: summary.metrics.clone(),
            marks: summary.marks.clone(),
            curve: summary.curve.clone(),
        }
    }

    fn summary(self) -> SeedSummary {
        let failed = self.not_passed.into_iter().map(|check| {
            let verdict = if check.verdict == "fail" {
                Verdict::Fail(Box::new(Witness { headline: check.detail.clone(), ..Witness::default() }))
            } else {
                Verdict::Unknown(check.detail.clone())
            };
            CheckResult { name: check.name, verdict, detail: check.detail }
        });
        SeedSummary {
            fingerprint: self.fingerprint,
            events: self.events,
            simulated_ns: self.simulated_ns,
            verdict: known_word(&self.verdict),
            as_expected: self.as_expected,
            failed: failed.collect(),
            metrics: self.metrics,
            marks: self.marks,
            curve: self.curve,
        }
    }
}

fn known_word(verdict: &str) -> &'static str {
    match verdict {
        "pass" => "pass",
        "fail" => "fail",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::{line, read_all};
    use crate::explore::SeedRun;

    #[test]
    fn a_line_reads_back_as_it_was_written() {
        let panicked = SeedRun { seed: 4, result: Err("overflow \"x\"".into()) };
        let loaded = crate::load("solo/restart", &[]).expect("a library scenario");
        let options =
            crate::explore::ExploreOptions { seeds: 1..3, part: crate::shard::Part::WHOLE, jobs: 1 };
        let stop = std::sync::atomic::AtomicBool::new(false);
        let mut runs = crate::explore::explore(&loaded, &options, &(), &stop).runs;
        runs.push(panicked);
        for run in runs {
            let text = line("hash", &run);
            let back = &read_all("hash", &text)[&run.seed];
            assert_eq!((back.seed, line("hash", back)), (run.seed, text.clone()));
            assert!(read_all("hash", &text[..text.len() - 1]).is_empty(), "a line that was cut off is none");
            assert!(read_all("another", &text).is_empty(), "nor is one of another scenario");
        }
    }
}
