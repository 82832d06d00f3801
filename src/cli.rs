//! The command line's grammar: every command, every option, every default, and the help they print.

use std::path::PathBuf;

use scenarios::compare::Vary;
use scenarios::shard::Part;
use scenarios::sweep::goal::Requirement;
use scenarios::units::Ratio;

use crate::check::CheckArgs;
use crate::metastable::MetastableArgs;
use crate::sweep::SweepArgs;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

/// A deterministic simulator for distributed systems.
#[derive(Debug, Parser)]
#[command(name = "squall", version, about, long_about = LONG, after_help = AFTER, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const LONG: &str = "A deterministic simulator for distributed systems.\n\n\
    A scenario describes a system: a model, a cluster, a network, clients, faults, expectations. A run is a pure \
    function of the scenario and a seed: the same bytes on every machine.";

const AFTER: &str = "Start with:\n  squall list scenarios\n  squall run raft/minority-partition --out out\n\n\
    Exit codes: 0 what was expected came, 1 it did not, 2 it cannot run, 3 an internal fault or nondeterminism.";

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a scenario once: verdict, metrics, and with --out its record and pictures
    Run(RunArgs),
    /// Run a scenario with many seeds in parallel: failures, distributions, pictures
    Explore(ExploreArgs),
    /// Compare policies on the same worlds: paired differences with confidence intervals, and what to choose
    Compare(CompareArgs),
    /// Run a scenario at many points of its parameters' space: the best, the front of compromises, what matters
    Sweep(SweepArgs),
    /// Find the smallest trigger after which a scenario does not recover, and the loads at which there is one
    Metastable(MetastableArgs),
    /// Judge histories from elsewhere: Jepsen EDN, JSON lines, Porcupine logs
    Check(CheckArgs),
    /// Put the parts of a sharded exploration, comparison or sweep together
    Merge(MergeArgs),
    /// Tell a run event by event
    Replay(ReplayArgs),
    /// List models, faults, checks, scenarios, comparisons, metrics or the fields of a scenario
    List(ListArgs),
    /// Print the file of a library scenario or comparison, to start from
    Show(ShowArgs),
    /// Explain a model, fault, check, metric or field by its name
    Explain(ExplainArgs),
    /// Write a scenario file to start from
    New(NewArgs),
    /// Make the pictures and the page of a directory written by `run --out` anew
    Report(ReportArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

/// Which scenario.
#[derive(Debug, Args)]
pub struct ScenarioArgs {
    /// A scenario: a name in the library (raft/healthy) or a file
    #[arg(value_name = "SCENARIO", value_hint = ValueHint::FilePath, add = crate::complete::scenarios())]
    pub scenario: String,
    /// Override a field: path=value, as in cluster.nodes=7 or run.duration=5s; may be repeated
    #[arg(long = "set", value_name = "PATH=VALUE", add = crate::complete::fields())]
    pub set: Vec<String>,
}

/// Options of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The scenario.
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// The seed [default: the scenario's own, else 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Write every event as a line of JSON to this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub trace: Option<PathBuf>,
    /// Write the record, the pictures and the page into this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
    /// Run twice and compare event by event
    #[arg(long)]
    pub check_determinism: bool,
}

/// Options of `explore`.
#[derive(Debug, Args)]
pub struct ExploreArgs {
    /// The scenario.
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// How many seeds (from 1 up), or a range A..B without B
    #[arg(long, value_name = "N|A..B", default_value = "100", value_parser = seeds)]
    pub seeds: Seeds,
    /// How many runs at once [default: as many as there are processors]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub jobs: usize,
    /// Run only a part of the seeds, as 0/4 to 3/4; `squall merge` puts the parts together. Exits 0 on a violation
    #[arg(long, value_name = "I/N", requires = "out")]
    pub shard: Option<Part>,
    /// Write each run's summary and the distributions into this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Options of `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The scenarios, or a comparison that is written down (compare/jitter): names in the library or files
    #[arg(value_name = "SCENARIO", required = true, value_hint = ValueHint::FilePath, add = crate::complete::comparisons())]
    pub scenarios: Vec<String>,
    /// Override a field in all of them: path=value; may be repeated
    #[arg(long = "set", value_name = "PATH=VALUE", add = crate::complete::fields())]
    pub set: Vec<String>,
    /// Make a candidate of each of these values; several fields make a grid
    #[arg(long, value_name = "PATH=V1,V2,…", add = crate::complete::fields())]
    pub vary: Vec<Vary>,
    /// The metrics that matter; least:NAME or most:NAME where the better way is not known [default: the comparison's, else all]
    #[arg(long, value_name = "NAME", value_delimiter = ',', add = crate::complete::metrics())]
    pub metric: Vec<String>,
    /// A bound that the choice must keep, as availability>=99.9%; the first --metric decides among those that do; may be repeated
    #[arg(long = "require", value_name = "METRIC<BOUND", add = crate::complete::metrics())]
    pub require: Vec<Requirement>,
    /// The candidate the others are held against, by its label or place from 1 up [default: the comparison's, else the first]
    #[arg(long, value_name = "LABEL|N")]
    pub baseline: Option<String>,
    /// How many seeds (from 1 up), or a range A..B without B; with a precision those of the first stage [default: the
    /// comparison's, else 100]
    #[arg(long, value_name = "N|A..B", value_parser = seeds)]
    pub seeds: Option<Seeds>,
    /// Add seeds until each interval is this narrow, as a share of the baseline's mean (2%); 0% for none [default: the
    /// comparison's, else none]
    #[arg(long, value_name = "SHARE")]
    pub precision: Option<Ratio>,
    /// Where --precision stops adding seeds
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub seeds_max: u64,
    /// How many worlds at once [default: as many as there are processors]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub jobs: usize,
    /// Run only a part of the seeds, as 0/4 to 3/4; `squall merge` puts the parts together. Exits 0 on a violation
    #[arg(long, value_name = "I/N", requires = "out")]
    pub shard: Option<Part>,
    /// Keep finished worlds, the result and the pictures in this directory; an interrupted comparison goes on from there
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Options of `merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// The directories that `explore`, `compare` or `sweep` wrote with --shard and --out
    #[arg(value_name = "DIR", required = true, value_hint = ValueHint::DirPath)]
    pub dirs: Vec<PathBuf>,
    /// Write the whole result into this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Options of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// A scenario, or a capsule file
    #[arg(value_name = "SCENARIO|CAPSULE", value_hint = ValueHint::FilePath)]
    pub scenario: String,
    /// Override a field: path=value; may be repeated
    #[arg(long = "set", value_name = "PATH=VALUE", add = crate::complete::fields())]
    pub set: Vec<String>,
    /// The seed [default: the capsule's or the scenario's own, else 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Tell nothing before this time, as in 2.5s
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Stop at this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Tell nothing but each node's state at this time, in its protocol's own terms: for Raft its role, term, log and
    /// configuration
    #[arg(long, value_name = "TIME", conflicts_with_all = ["from", "until"])]
    pub at: Option<String>,
    /// One JSON object an event; with --at one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Options of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// What to list
    #[arg(value_enum, default_value_t = Listing::Scenarios)]
    pub what: Listing,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Listing {
    /// Models
    Models,
    /// Faults
    Faults,
    /// Checks
    Checks,
    /// Library scenarios
    Scenarios,
    /// Comparisons of the library
    Comparisons,
    /// Metrics
    Metrics,
    /// Fields of a scenario file
    Fields,
}

/// Options of `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A name in the library
    #[arg(add = crate::complete::comparisons())]
    pub name: String,
}

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A model, fault, check, metric, scenario or field; or `path`, for the fields that --set and --vary reach
    pub name: String,
    /// With `path`: only fields that begin so, as in model.Raft
    #[arg(add = crate::complete::paths())]
    pub prefix: Option<String>,
    /// With `path`: the fields of this scenario, with their values and defaults
    #[arg(long, value_name = "SCENARIO", value_hint = ValueHint::FilePath, add = crate::complete::scenarios())]
    pub of: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Options of `new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// The file to write, NAME.ron unless it ends so already
    #[arg(value_name = "NAME", value_hint = ValueHint::FilePath)]
    pub name: PathBuf,
    /// The library scenario to start from
    #[arg(long, value_name = "SCENARIO", default_value = "raft/healthy")]
    pub from: String,
}

/// Options of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A directory written by `run --out`
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: PathBuf,
}

/// Options of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// A range of seeds: from the first up to, not including, the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    /// The first.
    pub from: u64,
    /// The one after the last.
    pub until: u64,
}

/// Reads `N` or `A..B`.
pub fn seeds(text: &str) -> Result<Seeds, String> {
    let number = |part: &str| {
        part.trim()
            .replace('_', "")
            .parse::<u64>()
            .map_err(|_| format!("\"{part}\" is not a seed (0 to 2^64 - 1)"))
    };
    let seeds = match text.split_once("..") {
        Some((from, until)) => Seeds { from: number(from)?, until: number(until)? },
        None => Seeds { from: 1, until: number(text)?.checked_add(1).ok_or("too many seeds")? },
    };
    if seeds.from >= seeds.until { Err(format!("\"{text}\" holds no seed")) } else { Ok(seeds) }
}

#[cfg(test)]
mod tests {
    use super::{Cli, Seeds, seeds};
    use clap::CommandFactory;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn seeds_are_a_number_or_a_range() {
        assert_eq!(seeds("1_000"), Ok(Seeds { from: 1, until: 1001 }));
        assert_eq!(seeds("5..8"), Ok(Seeds { from: 5, until: 8 }));
        for wrong in ["0", "8..8", "9..3", "x", "1..", "-1", "18446744073709551615", "1...3"] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }
}
