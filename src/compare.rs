//! `squall compare`: which policy, by how much, how sure.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use scenarios::compare::{Candidate, Comparison, Plan, candidates};

use scenarios::shard::{self, Manifest, Part};

use crate::cli::CompareArgs;
use crate::output::{self, Trouble, cannot};
use crate::stop::{on_ctrl_c, quietly};
use crate::worlds_log::{self, Watch};

/// Compares candidates.
pub fn compare(args: &CompareArgs) -> Result<ExitCode, Trouble> {
    let candidates = candidates(&args.scenarios, &args.set, &args.vary)?;
    if candidates.len() < 2 {
        return Err(cannot(
            "a comparison needs two candidates: name several scenarios, or vary a field with --vary path=v1,v2",
        ));
    }
    let plan = Plan {
        baseline: baseline(&candidates, args.baseline.as_deref())?,
        candidates,
        metrics: args.metric.clone(),
        seeds: args.seeds.from..args.seeds.until,
        precision: args.precision.map(|share| share.get()).filter(|share| *share > 0.0),
        seeds_max: args.seeds_max,
        jobs: args.jobs,
        part: args.shard.unwrap_or(Part::WHOLE),
    };
    quietly(|| plan.check_metrics())?;
    let labels: Vec<&str> = plan.candidates.iter().map(|candidate| candidate.label.as_str()).collect();
    say!(
        "squall: {} candidates with seeds {} to {}: {}",
        labels.len(),
        plan.seeds.start,
        plan.seeds.end - 1,
        labels.join(" | ")
    );
    let stop = on_ctrl_c()?;
    let mut known = worlds_log::open(&plan.candidates, args.out.as_deref())?;
    let watch = Watch::new(&plan.candidates, args.out.as_deref())?;
    let found = quietly(|| plan.run(&mut known, &watch, stop));
    watch.end();
    if let Some(dir) = &args.out {
        worlds_log::close(&plan.candidates, &known, dir)?;
        if plan.part != Part::WHOLE {
            let manifest = Manifest::compare(&args.scenarios, &args.set, &args.vary, &plan);
            output::write_whole(&dir.join(shard::MANIFEST), manifest.to_text().as_bytes())?;
            // A scheduler must not take a finding for a failure of the machine and try again.
            return Ok(ExitCode::SUCCESS);
        }
        write_result(dir, &found)?;
    }
    print(&found, args.json)?;
    Ok(if found.is_as_expected() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Writes the document and the pictures of a comparison into a directory.
pub fn write_result(dir: &Path, found: &Comparison) -> Result<(), Trouble> {
    output::write_whole(&dir.join("compare.json"), format!("{:#}\n", found.to_json()).as_bytes())?;
    crate::pictures::write_comparison(found, dir)
}

/// Prints a comparison, in words or as a document.
pub fn print(found: &Comparison, json: bool) -> Result<(), Trouble> {
    if json { output::print_json(&found.to_json()) } else { output::print(&summary(found)) }
}

fn baseline(candidates: &[Candidate], named: Option<&str>) -> Result<usize, Trouble> {
    let Some(name) = named else { return Ok(0) };
    if let Some(place) = candidates.iter().position(|candidate| candidate.label == name) {
        return Ok(place);
    }
    match name.parse::<usize>() {
        Ok(place) if (1..=candidates.len()).contains(&place) => Ok(place - 1),
        _ => {
            let labels: Vec<&str> = candidates.iter().map(|candidate| candidate.label.as_str()).collect();
            Err(cannot(format!("there is no candidate \"{name}\"; there are \"{}\"", labels.join("\", \""))))
        }
    }
}

/// Tables, then words.
fn summary(found: &Comparison) -> String {
    let mut text = String::new();
    let width = found.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).max(9);
    // Writing to a string does not fail.
    let _ =
        writeln!(text, "{} worlds, each under all of {} candidates", found.seeds.len(), found.labels.len());
    if found.stopped {
        let _ = writeln!(text, "stopped early: these are the worlds that had finished");
    }
    for (label, unexpected) in found.labels.iter().zip(&found.unexpected).filter(|(_, count)| **count > 0) {
        let _ = writeln!(text, "{label}: {unexpected} worlds did not go as the scenario expects");
    }
    if let Some(table) = crate::phases::table(found) {
        let _ = write!(text, "\n{}", crate::phases::words(&table));
    }
    for (name, metric) in &found.metrics {
        let better = if metric.better == "unknown" {
            String::new()
        } else {
            format!(" ({} is better)", metric.better)
        };
        let _ = writeln!(text, "\n{name}{better}");
        let _ = writeln!(
            text,
            "  {:<width$}  {:>11} {:>11} {:>11}  {:>24}  {:>11}",
            "candidate", "mean", "p50", "p99", "against the baseline", "less / more"
        );
        for (c, label) in found.labels.iter().enumerate() {
            let own = &metric.candidates[c];
            let [mean, p50, p99] = [own.mean, own.p50, own.p99].map(output::number);
            let (difference, worlds) = if c == found.baseline {
                ("baseline".to_string(), String::new())
            } else {
                let d = &metric.differences[c];
                let sign = if d.mean > 0.0 { "+" } else { "" };
                (
                    format!("{sign}{} ± {}", output::number(d.mean), output::number(d.ci95)),
                    format!("{} / {}", d.smaller, d.greater),
                )
            };
            let _ = writeln!(
                text,
                "  {label:<width$}  {mean:>11} {p50:>11} {p99:>11}  {difference:>24}  {worlds:>11}"
            );
        }
    }
    let _ = writeln!(text);
    for sentence in &found.conclusions {
        let _ = writeln!(text, "{sentence}");
    }
    text
}
