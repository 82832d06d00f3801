//! `squall sweep`: one scenario at many points of its parameters' space.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueHint};
use scenarios::shard::{self, Manifest, Part};
use scenarios::sweep::goal::{Objective, Requirement};
use scenarios::sweep::parameter::Parameter;
use scenarios::sweep::{Plan, Spec, Sweep};

use crate::cli::{ScenarioArgs, Seeds, seeds};
use crate::output::{self, Trouble, cannot};
use crate::stop::{self, on_ctrl_c, quietly};
use crate::studies;
use crate::worlds_log::{self, Watch};

/// Options of `sweep`.
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// The scenario.
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// A field and its range, path=5ms..50ms (with :7 for seven levels, :log for steps that multiply), or its values
    #[arg(long, value_name = "PATH=LOW..HIGH|V1,V2,…", required = true, add = crate::complete::fields())]
    pub vary: Vec<Parameter>,
    /// Run a Latin hypercube of so many points [default: the full grid]
    #[arg(long, value_name = "POINTS", value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub latin: Option<u32>,
    /// The seed of the hypercube
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub design_seed: u64,
    /// Metrics to report besides
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub metric: Vec<String>,
    /// The metric to make small
    #[arg(long, value_name = "NAME", conflicts_with = "maximize")]
    pub minimize: Option<String>,
    /// The metric to make great
    #[arg(long, value_name = "NAME")]
    pub maximize: Option<String>,
    /// A bound that a metric's mean must keep, as latency_ms_p99<200 or availability>=99.9%; may be repeated
    #[arg(long = "require", value_name = "METRIC<BOUND", add = crate::complete::metrics())]
    pub require: Vec<Requirement>,
    /// Two metrics whose front of compromises is wanted; least:NAME or most:NAME where the better way is not known
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',', num_args = 1)]
    pub pareto: Vec<String>,
    /// Drop the worse half after each round and double the seeds of the rest, until one point is left
    #[arg(long)]
    pub halving: bool,
    /// Hold the best against the next on so many fresh seeds; fewer than 6 can tell nothing
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub confirm: u64,
    /// How many seeds a point (from 1 up), or a range A..B without B; with --halving in the first round
    #[arg(long, value_name = "N|A..B", default_value = "20", value_parser = seeds)]
    pub seeds: Seeds,
    /// How many worlds at once [default: as many as there are processors]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub jobs: usize,
    /// Run only a part of the seeds, as 0/4 to 3/4; `squall merge` puts the parts together. Exits 0 on a violation
    #[arg(long, value_name = "I/N", requires = "out", conflicts_with_all = ["halving", "confirm"])]
    pub shard: Option<Part>,
    /// Keep finished worlds, the result and the pictures in this directory; an interrupted sweep goes on from there
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Sweeps a scenario.
pub fn sweep(args: &SweepArgs) -> Result<ExitCode, Trouble> {
    let plan = plan(args)?;
    quietly(|| plan.check_metrics())?;
    say!(
        "squall: {} at {} points with seeds {} to {}",
        plan.scenario,
        plan.points.len(),
        plan.seeds.start,
        plan.seeds.end - 1
    );
    let stopping = on_ctrl_c()?;
    let (mut known, others) = worlds_log::open(&plan.candidates, args.out.as_deref())?;
    let watch = Watch::new(&plan.candidates, &known, &others, args.out.as_deref())?;
    let found = quietly(|| plan.run(&mut known, &watch, stopping));
    watch.end();
    if let Some(dir) = &args.out {
        worlds_log::close(&plan.candidates, &known, &others, dir)?;
        if plan.part != Part::WHOLE {
            let manifest = Manifest::sweep(&args.scenario.set, &plan);
            output::write_whole(&dir.join(shard::MANIFEST), manifest.to_text().as_bytes())?;
            return Ok(stop::shard_code(found.stopped));
        }
        write_result(dir, &plan, &found)?;
    }
    print(&plan, &found, args.json)?;
    Ok(if found.stopped { stop::stopped_code() } else { code(&found) })
}

/// 1 where an objective was given and no point keeps the bounds, or the best that does fails its checks in some worlds.
pub fn code(found: &Sweep) -> ExitCode {
    let nothing = found.conclusions.first().is_some_and(|words| words == "no point keeps all bounds");
    let unsound = found.best.is_some_and(|best| found.points[best].unexpected > 0);
    ExitCode::from(u8::from(nothing || unsound))
}

/// Even where the best wins all of them, fewer worlds say nothing for sure.
const CONFIRM_MIN: u64 = 6;

fn plan(args: &SweepArgs) -> Result<Plan, Trouble> {
    let objective = |metric: &String, minimize| Objective { metric: metric.clone(), minimize };
    let least = args.minimize.as_ref().map(|metric| objective(metric, true));
    let pareto = match args.pareto.as_slice() {
        [] => None,
        [a, b] if a == b => return Err(cannot(format!("--pareto takes two metrics, not {a} twice"))),
        [a, b] => Some((a.clone(), b.clone())),
        _ => return Err(cannot("--pareto takes two metrics: --pareto latency_ms_p99,messages")),
    };
    let spec = Spec {
        parameters: args.vary.iter().map(|parameter| parameter.text.clone()).collect(),
        latin: args.latin.map(|count| count as usize),
        design_seed: args.design_seed,
        metrics: args.metric.clone(),
        objective: least.or_else(|| args.maximize.as_ref().map(|metric| objective(metric, false))),
        requirements: args.require.iter().map(|requirement| requirement.text.clone()).collect(),
        pareto,
    };
    if (args.halving || args.confirm > 0) && spec.objective.is_none() {
        return Err(cannot("--halving and --confirm need an objective: --minimize or --maximize NAME"));
    }
    if (1..CONFIRM_MIN).contains(&args.confirm) {
        return Err(cannot(format!(
            "fewer than {CONFIRM_MIN} worlds can tell nothing: --confirm {CONFIRM_MIN}"
        )));
    }
    let mut plan =
        Plan::new(&args.scenario.scenario, &args.scenario.set, spec, args.seeds.from..args.seeds.until)?;
    plan.halving = args.halving;
    plan.confirm = args.confirm;
    plan.jobs = args.jobs;
    plan.part = args.shard.unwrap_or(Part::WHOLE);
    Ok(plan)
}

/// Writes the document, the pictures and the page of a sweep into a directory.
pub fn write_result(dir: &Path, plan: &Plan, found: &Sweep) -> Result<(), Trouble> {
    output::write_whole(&dir.join("sweep.json"), format!("{:#}\n", found.to_json(plan)).as_bytes())?;
    studies::write_sweep(plan, found, dir)
}

/// Prints a sweep, in words or as a document.
pub fn print(plan: &Plan, found: &Sweep, json: bool) -> Result<(), Trouble> {
    if json { output::print_json(&found.to_json(plan)) } else { output::print(&summary(plan, found)) }
}

/// How many points are listed before the rest is only counted.
const POINTS_SHOWN: usize = 40;

fn summary(plan: &Plan, found: &Sweep) -> String {
    let metrics = plan.metrics();
    let width = found.points.iter().map(|point| point.label.chars().count()).max().unwrap_or(0).max(5);
    let mut text = format!("{:<width$}  {:>7}", "point", "worlds");
    // Writing to a string does not fail.
    for metric in &metrics {
        let _ = write!(text, "  {metric:>26}");
    }
    text.push('\n');
    for (place, point) in found.points.iter().enumerate().take(POINTS_SHOWN) {
        let _ = write!(text, "{:<width$}  {:>7}", point.label, point.worlds);
        for metric in &metrics {
            let cell = point.metrics.get(metric).map_or("–".into(), |own| {
                format!("{} ± {}", output::number(own.mean), output::half_width(own.ci95, own.runs))
            });
            let _ = write!(text, "  {cell:>width$}", width = metric.len().max(26));
        }
        let best = if found.best == Some(place) { "  best" } else { "" };
        let front = if found.front.contains(&place) { "  on the front" } else { "" };
        let breaks = if point.breaks.is_empty() {
            String::new()
        } else {
            format!("  not {}", point.breaks.join(", "))
        };
        let unexpected = match point.unexpected {
            0 => String::new(),
            count => format!("  {count} worlds not as expected"),
        };
        let _ = writeln!(text, "{best}{front}{breaks}{unexpected}");
    }
    if found.points.len() > POINTS_SHOWN {
        let _ = writeln!(
            text,
            "… and {} more points (--json and --out have all)",
            found.points.len() - POINTS_SHOWN
        );
    }
    for (metric, own) in &found.sensitivity {
        let _ = writeln!(
            text,
            "\n{metric} by parameter: standardized regression coefficient, first-order effect{}",
            own.r_squared.map_or(String::new(), |r| format!(" (the line explains {:.0}%)", 100.0 * r))
        );
        let number = |value: &Option<f64>| value.map_or("–".to_string(), |value| format!("{value:+.3}"));
        let rows: Vec<(String, String)> = plan
            .parameters
            .iter()
            .zip(own.coefficients.iter().zip(&own.first_order))
            .map(|(p, (line, share))| {
                let share = share.map_or("–".to_string(), |share| format!("{share:.3}"));
                (p.path.clone(), format!("{:>8}  {share:>6}", number(line)))
            })
            .collect();
        text.push_str(&output::rows("  ", &rows));
    }
    if found.stopped {
        text.push_str("\nstopped early: these are the points' first worlds; nothing follows from them yet\n");
    }
    text.push('\n');
    for sentence in &found.conclusions {
        let _ = writeln!(text, "{sentence}");
    }
    text
}
