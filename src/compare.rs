//! `squall compare`: which policy, by how much, how sure.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use scenarios::compare::file::sources;
use scenarios::compare::metric::word;
use scenarios::compare::{Candidate, Comparison, Metric, Plan, candidates};
use scenarios::shard::{self, Manifest, Part};

use crate::cli::CompareArgs;
use crate::output::{self, Trouble, cannot};
use crate::stop::{self, on_ctrl_c, quietly};
use crate::worlds_log::{self, Watch};

/// Compares candidates.
pub fn compare(args: &CompareArgs) -> Result<ExitCode, Trouble> {
    let plan = plan(args)?;
    quietly(|| plan.check_metrics())?;
    let labels: Vec<&str> = plan.candidates.iter().map(|candidate| candidate.label.as_str()).collect();
    let until = plan.precision.map_or(String::new(), |share| format!(" and more, to {}%", 100.0 * share));
    say!(
        "squall: {} candidates with seeds {} to {}{until}: {}",
        labels.len(),
        plan.seeds.start,
        plan.seeds.end - 1,
        labels.join(" | ")
    );
    let stopping = on_ctrl_c()?;
    let (mut known, others) = worlds_log::open(&plan.candidates, args.out.as_deref())?;
    let watch = Watch::new(&plan.candidates, &known, &others, args.out.as_deref())?;
    let found = quietly(|| plan.run(&mut known, &watch, stopping));
    watch.end();
    let manifest = Manifest::compare(&args.scenarios, &args.set, &args.vary, &plan);
    let found = manifest.named(&plan, found);
    if let Some(dir) = &args.out {
        worlds_log::close(&plan.candidates, &known, &others, dir)?;
        if plan.part != Part::WHOLE {
            output::write_whole(&dir.join(shard::MANIFEST), manifest.to_text().as_bytes())?;
            return Ok(stop::shard_code(found.stopped));
        }
        write_result(dir, &found)?;
    }
    print(&found, args.json)?;
    if found.stopped {
        return Ok(stop::stopped_code());
    }
    Ok(if found.is_as_expected() && !found.breaks_bounds() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What is asked on the command line, and where it is silent by the comparison's file.
fn plan(args: &CompareArgs) -> Result<Plan, Trouble> {
    let (sources, settings) = sources(&args.scenarios)?;
    let candidates = candidates(&sources, &args.set, &args.vary)?;
    if candidates.len() < 2 {
        return Err(cannot(
            "a comparison needs two candidates: name several scenarios, or vary a field with --vary path=v1,v2",
        ));
    }
    let seeds = match (args.seeds, settings.seeds) {
        (Some(asked), _) => asked.from..asked.until,
        (None, count) => 1..count.unwrap_or(SEEDS).saturating_add(1),
    };
    let metrics = if args.metric.is_empty() { settings.metrics } else { metrics(&args.metric)? };
    let bounds = if args.require.is_empty() { settings.bounds } else { args.require.clone() };
    if !bounds.is_empty() && metrics.is_empty() {
        return Err(cannot("bounds need a metric that decides among those that keep them: --metric NAME"));
    }
    let precision =
        args.precision.map(|share| share.get()).or(settings.precision).filter(|share| *share > 0.0);
    if precision.is_some() && metrics.is_empty() {
        return Err(cannot("a precision needs metrics that it is for: --metric NAME"));
    }
    if precision.is_some() && seeds.end - seeds.start < FIRST_STAGE_MIN {
        return Err(cannot(format!(
            "a precision needs {FIRST_STAGE_MIN} first seeds at least: they alone say how wide the interval is, and from fewer it \
             covers less than 95% where differences are skewed"
        )));
    }
    if args.seeds_max < seeds.end - seeds.start {
        return Err(cannot(format!("--seeds-max {} is less than the seeds asked for", args.seeds_max)));
    }
    Ok(Plan {
        baseline: baseline(&candidates, args.baseline.as_deref().or(settings.baseline.as_deref()))?,
        candidates,
        metrics,
        bounds,
        seeds,
        precision,
        seeds_max: args.seeds_max,
        jobs: args.jobs,
        part: args.shard.unwrap_or(Part::WHOLE),
    })
}

/// How many seeds where nobody says.
const SEEDS: u64 = 100;
/// How many seeds a run that stops by itself begins with at least.
const FIRST_STAGE_MIN: u64 = 40;

/// The metrics asked for, each once.
fn metrics(asked: &[String]) -> Result<Vec<Metric>, Trouble> {
    let mut list: Vec<Metric> = Vec::new();
    for text in asked {
        let metric: Metric = text.parse().unwrap_or_else(|never| match never {});
        if metric.name.is_empty() {
            return Err(cannot("a metric without a name; --metric takes names with commas between them"));
        }
        if list.iter().any(|other| other.name == metric.name) {
            return Err(cannot(format!("the metric {} is asked for twice", metric.name)));
        }
        list.push(metric);
    }
    Ok(list)
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
    // Where a written comparison is varied, its baseline's first variant stands for it.
    let begins = |label: &str| label.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '));
    if let Some(place) = candidates.iter().position(|candidate| begins(&candidate.label)) {
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
        let _ = writeln!(
            text,
            "stopped early: these are the first worlds, as far as all before them had finished"
        );
    }
    if let Some(table) = crate::phases::table(found) {
        let _ = write!(text, "\n{}", crate::phases::words(&table));
    }
    for (name, metric) in &found.metrics {
        let better = match word(metric.better) {
            "unknown" => String::new(),
            way => format!(" ({way} is better)"),
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
                    format!("{sign}{} ± {}", output::number(d.mean), output::half_width(d.ci95, d.worlds)),
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
