//! `squall metastable`: the smallest trigger after which a scenario does not recover, and the loads at which there is one.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueHint};
use scenarios::compare::{Progress, World, WorldKey};
use scenarios::metastable::setup::{Setup, Wanted};
use scenarios::metastable::{Map, Region, Search, Threshold, read_log, to_log};
use scenarios::shard::WORLDS;
use scenarios::sweep::goal::Requirement;
use scenarios::sweep::parameter::Parameter;
use scenarios::units::Ratio;

use crate::cli::{ScenarioArgs, Seeds, seeds};
use crate::output::{self, Trouble};
use crate::progress::Meter;
use crate::stop::{self, on_ctrl_c, quietly};
use crate::studies;
use crate::worlds_log::Lines;

/// Options of `metastable`.
#[derive(Debug, Args)]
pub struct MetastableArgs {
    /// The scenario.
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// The trigger's duration and its range, as `faults[0].lasts.Fixed=1s..30s` (default: that of the only lasting fault)
    #[arg(long, value_name = "PATH=LOW..HIGH", add = crate::complete::fields())]
    pub duration: Option<Parameter>,
    /// The trigger's size, as `faults[0].fault.Slow.factor=2..10:5` (default: as it is)
    #[arg(long, value_name = "PATH=LOW..HIGH", add = crate::complete::fields())]
    pub size: Option<Parameter>,
    /// The load, as `clients[0].load.Open.rate=50/s..400/s:8` (default: around the first clients' rate)
    #[arg(long, value_name = "PATH=LOW..HIGH", add = crate::complete::fields())]
    pub load: Option<Parameter>,
    /// What holds in a world that has recovered [default: availability_calm>=0.95, without a calm part availability_after>=0.95]
    #[arg(long, value_name = "METRIC>=BOUND", add = crate::complete::metrics())]
    pub recovered: Option<Requirement>,
    /// How narrow the bracket of a threshold is to be
    #[arg(long, value_name = "SHARE", default_value = "5%")]
    pub tolerance: Ratio,
    /// How many seeds a point (from 1 up), or a range A..B without B; half of the worlds decide
    #[arg(long, value_name = "N|A..B", default_value = "3", value_parser = seeds)]
    pub seeds: Seeds,
    /// How many worlds at once [default: as many as there are processors]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub jobs: usize,
    /// Keep finished worlds, the result and the picture in this directory; an interrupted search goes on from there
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Searches for the tipping point.
pub fn metastable(args: &MetastableArgs) -> Result<ExitCode, Trouble> {
    let wanted = Wanted {
        duration: args.duration.clone(),
        size: args.size.clone(),
        load: args.load.clone(),
        recovered: args.recovered.clone(),
    };
    let range = args.seeds.from..args.seeds.until;
    let mut setup = Setup::new(&args.scenario.scenario, &args.scenario.set, wanted, range)?;
    setup.tolerance = args.tolerance.get().max(0.001);
    setup.jobs = args.jobs;
    say!(
        "squall: {}: {} from {} to {}, recovered where {}",
        setup.scenario,
        setup.duration_path,
        setup.duration.text(setup.duration.low),
        setup.duration.text(setup.duration.high),
        setup.recovered.text
    );
    let stopping = on_ctrl_c()?;
    let mut known = scenarios::metastable::read_log("");
    let mut log = None;
    if let Some(dir) = &args.out {
        output::make_dir(dir)?;
        known = read_log(&std::fs::read_to_string(dir.join(WORLDS)).unwrap_or_default());
        if !known.is_empty() {
            say!("squall: {} finished worlds are in {} already", known.len(), dir.display());
        }
        log = Some(Lines::open(dir, WORLDS, &to_log(&known))?);
    }
    let keep = |line: &str| {
        if let Some(log) = &log {
            log.add(line);
        }
    };
    let watch = Watch(Meter::new("worlds"));
    let mut search = Search::new(&setup, known);
    let found = quietly(|| search.run(&watch, &keep, stopping));
    watch.0.end();
    let found = found?;
    if let Some(dir) = &args.out {
        output::write_whole(&dir.join(WORLDS), to_log(search.known()).as_bytes())?;
        let text = format!("{:#}\n", found.to_json(&setup));
        output::write_whole(&dir.join("metastable.json"), text.as_bytes())?;
        studies::write_metastable(&setup, &found, dir)?;
    }
    if args.json {
        output::print_json(&found.to_json(&setup))?;
    } else {
        output::print(&summary(&setup, &found))?;
    }
    Ok(if found.stopped { stop::stopped_code() } else { ExitCode::SUCCESS })
}

struct Watch(Meter);

impl Progress for Watch {
    fn planned(&self, worlds: u64) {
        self.0.add(worlds);
    }
    fn ended(&self, _: WorldKey, world: &World) {
        self.0.tick(!world.as_expected);
    }
}

/// A threshold in words.
pub fn threshold_words(setup: &Setup, threshold: &Threshold) -> String {
    let text = |ns: f64| setup.duration.text(ns);
    match threshold {
        Threshold::Overloaded => "not well without any trigger".into(),
        Threshold::Never => format!("recovers from {}, the longest tried", text(setup.duration.high)),
        Threshold::Shortest { stuck_ns, .. } => {
            format!("stuck after {}, the shortest tried", text(*stuck_ns))
        }
        Threshold::Between { recovers_ns, stuck_ns, .. } => {
            format!("recovers from {}, stuck after {}", text(*recovers_ns), text(*stuck_ns))
        }
    }
}

/// A region as a word.
pub fn region_word(region: Region) -> &'static str {
    match region {
        Region::Stable => "stable",
        Region::Vulnerable => "vulnerable",
        Region::Overloaded => "overloaded",
    }
}

fn summary(setup: &Setup, found: &Map) -> String {
    let name = |value: &Option<(f64, String)>| {
        value.as_ref().map_or("as it is".to_string(), |(_, text)| text.clone())
    };
    let mut text = String::new();
    for (load, region) in &found.regions {
        text.push_str(&format!("load {}: {}\n", name(load), region_word(*region)));
        let own = found.columns.iter().filter(|column| column.load == *load);
        for column in own {
            let size = column.size.as_ref().map_or(String::new(), |(_, size)| format!("size {size}: "));
            text.push_str(&format!("  {size}{}\n", threshold_words(setup, &column.threshold)));
        }
    }
    if found.stopped {
        text.push_str("\nstopped early: the brackets are wider than they were to be\n");
    }
    text.push('\n');
    for sentence in &found.conclusions {
        text.push_str(&format!("{sentence}\n"));
    }
    text
}
