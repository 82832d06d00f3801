//! `squall run`: one run, its verdict, metrics and pictures.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use scenarios::Loaded;
use scenarios::determinism;
use scenarios::replay::{Form, TellOptions, command, tell};
use scenarios::run::{Outcome, RunOptions};
use scenarios::verdict::Verdict;

use crate::cli::RunArgs;
use crate::output::{self, Trouble, cannot};
use crate::pictures;

/// Runs a scenario once.
pub fn run(args: &RunArgs) -> Result<ExitCode, Trouble> {
    let loaded = scenarios::load(&args.scenario.scenario, &args.scenario.set)?;
    let seed = args.seed.unwrap_or_else(|| loaded.seed());
    eprintln!("squall: {} with seed {seed}", loaded.name);
    if args.check_determinism
        && let Err(difference) = determinism::check(&loaded, seed)
    {
        eprintln!(
            "squall: nondeterminism: two runs of {} with seed {seed} are not equal\n{difference}",
            loaded.name
        );
        return Ok(ExitCode::from(3));
    }
    #[expect(clippy::disallowed_methods, reason = "wall-clock figures go to standard error only")]
    let started = Instant::now();
    let outcome = match &args.trace {
        None => scenarios::run::run(&loaded, seed, &RunOptions::default()),
        Some(path) => {
            let mut lines = Vec::new();
            let options = TellOptions::whole(Form::JsonLines);
            let outcome = tell(&loaded, seed, &options, &mut lines)
                .map_err(|why| cannot(format!("the trace: {why}")))?;
            output::write_whole(path, &lines)?;
            outcome
        }
    };
    let wall = started.elapsed().as_secs_f64();
    let simulated = outcome.record.ended.as_secs_f64();
    let pace = simulated / wall.max(1e-9);
    eprintln!(
        "squall: {simulated:.1} s simulated in {wall:.3} s ({pace:.0} times real time), checks included"
    );
    let written = match &args.out {
        Some(dir) => pictures::write_run(&loaded, &outcome, dir)?,
        None => Vec::new(),
    };
    if args.json {
        output::print_json(&outcome.to_json())?;
    } else {
        output::print(&summary(&loaded, seed, &outcome, args.check_determinism))?;
        if let Some(dir) = &args.out {
            let names: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
            let page = dir.join("report.html");
            output::print(&format!(
                "\nWritten: {}\nOpen {} to see it all on one page.\n",
                names.join(", "),
                page.display()
            ))?;
        }
    }
    Ok(if outcome.as_expected { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The run in words, a screen long.
fn summary(loaded: &Loaded, seed: u64, outcome: &Outcome, compared: bool) -> String {
    let colour = output::may_colour();
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(text, "{} · seed {seed}\n{}\n", loaded.name, loaded.scenario.about.trim());
    let word = output::verdict_word(outcome.verdict(), colour);
    let expected = if outcome.as_expected { "as expected" } else { "not what the scenario expects" };
    let _ = writeln!(text, "verdict      {word} ({expected})");
    let checks: Vec<(String, String)> = outcome
        .checks
        .iter()
        .map(|check| {
            (
                check.name.clone(),
                format!("{:<7}  {}", output::verdict_word(check.verdict.word(), colour), check.detail),
            )
        })
        .collect();
    text.push_str(&output::rows("  ", &checks));
    for check in &outcome.checks {
        if let Verdict::Fail(witness) = &check.verdict {
            let _ = writeln!(text, "\n{}: {}", witness.anomaly, witness.headline);
            for (i, step) in witness.story.iter().enumerate() {
                let _ = writeln!(text, "  {}. {step}", i + 1);
            }
        }
    }
    let faults: Vec<(String, String)> = outcome
        .record
        .faults
        .iter()
        .take(FAULTS_SHOWN)
        .map(|fault| {
            let until = fault.until.map_or("the end".to_string(), |until| until.to_string());
            (format!("{} to {until}", fault.at), format!("{} {}", fault.fault, fault.detail))
        })
        .collect();
    if !faults.is_empty() {
        let _ = writeln!(text, "\nfaults");
        text.push_str(&output::rows("  ", &faults));
        if outcome.record.faults.len() > FAULTS_SHOWN {
            let _ = writeln!(text, "  … and {} more", outcome.record.faults.len() - FAULTS_SHOWN);
        }
    }
    let metrics: Vec<(String, String)> =
        outcome.metrics.iter().map(|(name, value)| (name.clone(), output::number(*value))).collect();
    let _ = writeln!(text, "\nmetrics");
    text.push_str(&output::rows("  ", &metrics));
    let marks: Vec<String> =
        outcome.record.marks.iter().map(|(name, count)| format!("{name} {count}")).collect();
    if !marks.is_empty() {
        let _ = writeln!(text, "\nmarks        {}", marks.join(", "));
    }
    let twice = if compared { ", equal in two runs" } else { "" };
    let _ = writeln!(
        text,
        "\nfingerprint  {} ({} events{twice})",
        outcome.record.fingerprint, outcome.record.events
    );
    let _ = writeln!(text, "again        {}", command("run", &loaded.name, &loaded.overrides, seed));
    let _ = writeln!(text, "step by step {}", command("replay", &loaded.name, &loaded.overrides, seed));
    text
}

/// How many faults are listed before the rest is only counted.
const FAULTS_SHOWN: usize = 20;
