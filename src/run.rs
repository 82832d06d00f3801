//! `squall run`: one run, its verdict, metrics and pictures.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use scenarios::Loaded;
use scenarios::checks::metrics::of_one_client;
use scenarios::determinism;
use scenarios::replay::{Form, TellOptions, command, tell};
use scenarios::run::{CheckResult, Injection};
use scenarios::run::{Outcome, RunOptions};
use scenarios::verdict::{Verdict, Witness};

use crate::cli::RunArgs;
use crate::output::{self, Trouble, cannot};
use crate::pictures;
use crate::services;

/// Runs a scenario once.
pub fn run(args: &RunArgs) -> Result<ExitCode, Trouble> {
    let loaded = scenarios::load(&args.scenario.scenario, &args.scenario.set)?;
    let seed = args.seed.unwrap_or_else(|| loaded.seed());
    say!("squall: {} with seed {seed}", loaded.name);
    if args.check_determinism
        && let Err(difference) = determinism::check(&loaded, seed)
    {
        say!(
            "squall: nondeterminism: two runs of {} with seed {seed} are not equal\n{difference}",
            loaded.name
        );
        return Ok(ExitCode::from(3));
    }
    if let Some(dir) = &args.out {
        output::make_dir(dir)?;
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
    say!("squall: {simulated:.1} s simulated in {wall:.3} s ({pace:.0} times real time), checks included");
    let code = if outcome.as_expected { ExitCode::SUCCESS } else { ExitCode::from(1) };
    if args.json {
        output::print_json(&outcome.to_json())?;
    } else {
        output::print(&summary(&loaded, seed, &outcome, args.check_determinism))?;
    }
    if let Some(dir) = &args.out {
        let written = pictures::write_run(&loaded, outcome, dir)?;
        if !args.json {
            let names: Vec<String> = written.iter().skip(1).map(|path| path.display().to_string()).collect();
            let page = dir.join("report.html");
            let text = format!(
                "pictures     {}\n             all on one page: {}\n",
                names.join(", "),
                page.display()
            );
            output::print(&text)?;
        }
    }
    Ok(code)
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
    let check = |check: &CheckResult| {
        let word = output::verdict_word(check.verdict.word(), colour);
        (check.name.clone(), format!("{word:<7}  {}", check.detail))
    };
    text.push_str(&output::rows("  ", &outcome.checks.iter().map(check).collect::<Vec<_>>()));
    for check in &outcome.checks {
        if let Verdict::Fail(witness) = &check.verdict {
            text.push_str(&story(witness));
        }
    }
    text.push_str(&faults(outcome));
    text.push_str(&services::summary(outcome));
    text.push_str(&metrics(outcome));
    let marks: Vec<String> =
        outcome.record.marks.iter().map(|(name, count)| format!("{name} {count}")).collect();
    if !marks.is_empty() {
        let _ = writeln!(text, "\nmarks        {}", marks.join(", "));
    }
    let twice = if compared { ", equal in two runs" } else { "" };
    let events = output::number(outcome.record.events as f64);
    let _ = writeln!(text, "\nfingerprint  {} ({events} events{twice})", outcome.record.fingerprint);
    let _ = writeln!(text, "again        {}", command("run", &loaded.name, &loaded.overrides, seed));
    let _ = writeln!(text, "step by step {}", command("replay", &loaded.name, &loaded.overrides, seed));
    text
}

/// A violation told.
fn story(witness: &Witness) -> String {
    let mut text = format!("\n{}: {}\n", witness.anomaly, witness.headline);
    for step in &witness.story {
        let _ = writeln!(text, "  {step}");
    }
    text
}

/// How many faults are listed before the rest is only counted.
const FAULTS_SHOWN: usize = 12;

fn faults(outcome: &Outcome) -> String {
    let all = &outcome.record.faults;
    if all.is_empty() {
        return String::new();
    }
    let seconds = |at: scenarios::time::Time| format!("{:.3} s", at.as_secs_f64());
    let row = |fault: &Injection| {
        let until = match fault.until {
            Some(until) if until == fault.at => String::new(),
            Some(until) => format!(" to {}", seconds(until)),
            None => " to the end".to_string(),
        };
        (format!("{}{until}", seconds(fault.at)), format!("{} {}", fault.fault, fault.detail))
    };
    let rows: Vec<(String, String)> = all.iter().take(FAULTS_SHOWN).map(row).collect();
    let more = all.len().saturating_sub(FAULTS_SHOWN);
    let more = if more > 0 { format!("  … and {more} more\n") } else { String::new() };
    format!("\nfaults\n{}{more}", output::rows("  ", &rows))
}

/// The metrics that are not zero, of more than one client and in no table above; zeros and clients are counted.
fn metrics(outcome: &Outcome) -> String {
    let listed = outcome.metrics.iter().filter(|(name, _)| !services::in_tables(name));
    let (zero, other): (Vec<_>, Vec<_>) = listed.partition(|(_, value)| **value == 0.0);
    let (clients, shown): (Vec<_>, Vec<_>) = other.into_iter().partition(|(name, _)| of_one_client(name));
    let rows: Vec<(String, String)> =
        shown.into_iter().map(|(name, value)| (name.clone(), output::number(*value))).collect();
    format!("\nmetrics\n{}{}", output::rows("  ", &rows), output::left_out(zero.len(), clients.len()))
}
