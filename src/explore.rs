//! `squall explore`: many seeds, what failed, and how the metrics are distributed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use scenarios::Loaded;
use scenarios::checks::metrics::of_one_client;
use scenarios::explore::{Exploration, ExploreOptions, Progress, SeedRun};
use scenarios::log;
use scenarios::shard::{self, Manifest, Part};

use crate::cli::ExploreArgs;
use crate::output::{self, Trouble};
use crate::pictures;
use crate::progress::Meter;
use crate::stop::{self, on_ctrl_c, quietly};
use crate::worlds_log::{self, Lines};

/// Runs a scenario with many seeds.
pub fn explore(args: &ExploreArgs) -> Result<ExitCode, Trouble> {
    let loaded = scenarios::load(&args.scenario.scenario, &args.scenario.set)?;
    let seeds = args.seeds.from..args.seeds.until;
    say!("squall: {} with seeds {} to {}", loaded.name, seeds.start, seeds.end - 1);
    let part = args.shard.unwrap_or(Part::WHOLE);
    let stopping = on_ctrl_c()?;
    let (known, others) = known(&loaded, args.out.as_deref())?;
    let left = seeds.clone().filter(|seed| part.has(seeds.start, *seed) && !known.contains_key(seed)).count();
    let watch = Watch::new(&loaded, left as u64, (&known, &others), args.out.as_deref())?;
    let options = ExploreOptions { seeds, part, jobs: args.jobs };
    let found = quietly(|| scenarios::explore::go_on(&loaded, &options, &known, &watch, stopping));
    watch.meter.end();
    if let Some(dir) = &args.out {
        write_runs(&loaded, (&known, &others), &found, dir)?;
        if part != Part::WHOLE {
            let manifest = Manifest::explore(&args.scenario.scenario, &loaded, options.seeds, part);
            output::write_whole(&dir.join(shard::MANIFEST), manifest.to_text().as_bytes())?;
            return Ok(stop::shard_code(found.stopped));
        }
        write_result(dir, &found)?;
        pictures::write_exploration(&loaded, &found, dir)?;
    }
    print(&loaded, &found, args.out.as_deref(), args.json)?;
    let panicked = found.runs.iter().any(|run| run.result.is_err());
    if found.stopped && !panicked {
        return Ok(stop::stopped_code());
    }
    Ok(ExitCode::from(if panicked { 3 } else { u8::from(!found.as_expected) }))
}

/// What an earlier exploration left in the directory, if there is one: the runs of this scenario, and the lines of others.
fn known(loaded: &Loaded, out: Option<&Path>) -> Result<(BTreeMap<u64, SeedRun>, String), Trouble> {
    let Some(dir) = out else { return Ok(Default::default()) };
    output::make_dir(dir)?;
    let log = worlds_log::text(&dir.join(shard::RUNS))?;
    let known = log::read_all(&loaded.hash, &log);
    if !known.is_empty() {
        say!("squall: {} finished runs are in {} already", known.len(), dir.display());
    }
    let others = worlds_log::others(&log, dir, |hash| hash == loaded.hash);
    Ok((known, others))
}

/// What was in a directory before: the runs of the scenario, whatever seeds are asked for now, and the lines of others.
type Earlier<'a> = (&'a BTreeMap<u64, SeedRun>, &'a str);

/// Writes the runs of an exploration into a directory, by seed, with what was there before.
pub fn write_runs(
    loaded: &Loaded,
    (known, others): Earlier<'_>,
    found: &Exploration,
    dir: &Path,
) -> Result<(), Trouble> {
    let mut runs: BTreeMap<u64, &SeedRun> = known.iter().map(|(seed, run)| (*seed, run)).collect();
    runs.extend(found.runs.iter().map(|run| (run.seed, run)));
    output::write_whole(&dir.join(shard::RUNS), lines(loaded, others, runs.into_values()).as_bytes())
}

/// Runs as lines, after those of others.
fn lines<'a>(loaded: &Loaded, others: &str, runs: impl Iterator<Item = &'a SeedRun>) -> String {
    others.to_string() + &runs.map(|run| format!("{}\n", log::line(&loaded.hash, run))).collect::<String>()
}

/// Writes the document of an exploration into a directory.
pub fn write_result(dir: &Path, found: &Exploration) -> Result<(), Trouble> {
    output::write_whole(&dir.join("explore.json"), format!("{:#}\n", found.to_json()).as_bytes())
}

/// Prints an exploration, in words or as a document.
pub fn print(loaded: &Loaded, found: &Exploration, out: Option<&Path>, json: bool) -> Result<(), Trouble> {
    if json { output::print_json(&found.to_json()) } else { output::print(&summary(loaded, found, out)) }
}

/// Shows progress and keeps each run as it ends.
struct Watch<'a> {
    meter: Meter,
    loaded: &'a Loaded,
    log: Option<Lines>,
}

impl Watch<'_> {
    fn new<'a>(
        loaded: &'a Loaded,
        left: u64,
        (known, others): Earlier<'_>,
        out: Option<&Path>,
    ) -> Result<Watch<'a>, Trouble> {
        let lines = || lines(loaded, others, known.values());
        let log = out.map(|dir| Lines::open(dir, shard::RUNS, &lines())).transpose()?;
        let meter = Meter::new("seeds");
        meter.add(left);
        Ok(Watch { meter, loaded, log })
    }
}

impl Progress for Watch<'_> {
    fn ended(&self, run: &SeedRun) {
        self.meter.tick(run.is_failure());
        if let Some(lines) = &self.log {
            lines.add(&log::line(&self.loaded.hash, run));
        }
    }
}

/// How many failures are listed before the rest is only counted.
const FAILURES_SHOWN: usize = 10;

fn summary(loaded: &Loaded, found: &Exploration, out: Option<&Path>) -> String {
    let mut text = String::new();
    let expected = if found.as_expected { "as expected" } else { "not what the scenario expects" };
    // Writing to a string does not fail.
    let _ =
        writeln!(text, "{}: {} runs, {} failed ({expected})", loaded.name, found.runs.len(), found.failed());
    for why in &found.unexpected {
        let _ = writeln!(text, "  {why}");
    }
    if found.stopped {
        let _ = writeln!(text, "stopped early: these are the runs that had finished");
    }
    for run in found.runs.iter().filter(|run| run.is_failure()).take(FAILURES_SHOWN) {
        let reasons = match &run.result {
            Err(panic) => vec![format!("panic: {panic}")],
            Ok(summary) => {
                let failed = summary.failed.iter().filter(|check| check.verdict.is_fail());
                failed.map(|check| format!("{}: {}", check.name, check.detail)).collect()
            }
        };
        let _ = writeln!(
            text,
            "  seed {}: {}\n    {}",
            run.seed,
            reasons.join("; "),
            found.replay_command(run.seed)
        );
    }
    if found.failed() > FAILURES_SHOWN as u64 {
        let _ = writeln!(
            text,
            "  … and {} more (all are in --json and in --out)",
            found.failed() - FAILURES_SHOWN as u64
        );
    }
    text.push_str(&table(found));
    let marks: Vec<String> = found.marks.iter().map(|(name, count)| format!("{name} {count}")).collect();
    if !marks.is_empty() {
        let _ = writeln!(text, "\nmarks  {}", marks.join(", "));
    }
    if let Some(dir) = out {
        let _ = writeln!(text, "\nWritten: {}", dir.display());
    }
    text
}

/// How the metrics that are not zero on every seed are distributed.
fn table(found: &Exploration) -> String {
    let (zero, other): (Vec<_>, Vec<_>) =
        found.metrics.iter().partition(|(_, s)| s.min == 0.0 && s.max == 0.0);
    let (clients, shown): (Vec<_>, Vec<_>) = other.into_iter().partition(|(name, _)| of_one_client(name));
    let width = shown.iter().map(|(name, _)| name.len()).max().unwrap_or(0).max(6);
    let mut text = format!(
        "\n{:<width$}  {:>12} {:>10} {:>12} {:>12} {:>12} {:>12}\n",
        "metric", "mean", "± 95%", "p50", "p90", "p99", "max"
    );
    for (name, s) in shown {
        let cells = [s.mean, s.ci95, s.p50, s.p90, s.p99, s.max].map(output::number);
        let _ = writeln!(
            text,
            "{name:<width$}  {:>12} {:>10} {:>12} {:>12} {:>12} {:>12}",
            cells[0], cells[1], cells[2], cells[3], cells[4], cells[5]
        );
    }
    text + &output::left_out(zero.len(), clients.len())
}
