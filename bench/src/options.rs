//! What the program can be asked for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};

use crate::plan::{CASES, Case, ENGINES};
use crate::report::Report;

/// Measures Squall, its peers and a bare loop on the same workloads, in turn, each measurement in a process of its own.
#[derive(Debug, Parser)]
#[command(name = "squall-bench", version, args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub compare: Compare,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Counts instructions an event under valgrind and compares them with the committed baseline
    Count {
        /// Writes the baseline anew instead
        #[arg(long)]
        write: bool,
    },
    /// One measurement, as a line of JSON
    #[command(hide = true)]
    Worker {
        engine: String,
        workload: String,
        #[arg(value_parser = clap::value_parser!(u32).range(2..))]
        size: u32,
        #[arg(value_parser = seconds)]
        seconds: f64,
    },
    /// A run of a fixed length, for `count`
    #[command(hide = true)]
    Fixed {
        workload: String,
        #[arg(value_parser = clap::value_parser!(u32).range(2..))]
        size: u32,
        /// Simulated milliseconds, or worlds for S and R
        #[arg(value_parser = clap::value_parser!(u64).range(..=1_000_000))]
        amount: u64,
    },
}

#[derive(Args, Debug)]
pub struct Compare {
    /// How often everything is measured
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// The time of one measurement
    #[arg(long, default_value_t = 0.4, value_parser = seconds, allow_negative_numbers = true)]
    pub seconds: f64,
    /// Workloads, or one of their sizes, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(cases()))]
    pub only: Vec<String>,
    /// Engines, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(ENGINES))]
    pub engines: Vec<String>,
    /// Includes the sizes that take a peer gigabytes or minutes
    #[arg(long)]
    pub full: bool,
    /// Writes the results as JSON too, after each round
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Compare {
    /// Whether an engine is asked for.
    #[must_use]
    pub fn wants(&self, engine: &str) -> bool {
        self.engines.is_empty() || self.engines.iter().any(|one| one == engine)
    }

    /// Whether a case is asked for.
    #[must_use]
    pub fn asks(&self, case: Case) -> bool {
        self.only.is_empty() || self.only.iter().any(|one| one == case.workload || *one == case.name())
    }

    /// Whether the results can be written, before they are measured. What is there stays until there are some.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self) -> Result<(), String> {
        let Some(path) = &self.json else { return Ok(()) };
        if path.exists() && !path.is_file() {
            return Err(format!("{}: not a file", path.display()));
        }
        let beside = beside(path);
        let tried = std::fs::write(&beside, "").and_then(|()| std::fs::remove_file(&beside));
        tried.map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Writes what is known so far, whole or not at all, so that a run cut short leaves its whole rounds.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub fn write(&self, report: &Report) -> Result<(), String> {
        let Some(path) = &self.json else { return Ok(()) };
        let text = serde_json::to_string_pretty(report).map_err(|error| error.to_string())?;
        let beside = beside(path);
        let done = std::fs::write(&beside, text + "\n").and_then(|()| std::fs::rename(&beside, path));
        done.map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// Where a file is written before it takes its name.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// What `--only` may name.
fn cases() -> BTreeSet<String> {
    CASES.iter().flat_map(|case| [case.workload.to_string(), case.name()]).collect()
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.01..=3600.0).contains(seconds));
    seconds.ok_or_else(|| "seconds are a number from 0.01 to 3600".into())
}

#[cfg(test)]
mod tests {
    use super::Options;
    use clap::{CommandFactory, Parser};

    fn why(words: &str) -> String {
        let words = ["squall-bench"].into_iter().chain(words.split_whitespace());
        Options::try_parse_from(words).expect_err("bad input").to_string()
    }

    #[test]
    fn what_is_not_there_is_refused() {
        Options::command().debug_assert();
        assert!(why("--only P1000001").contains("'P100000'"));
        assert!(why("--engines nexo").contains("'nexosim'"));
        for words in [
            "--rounds 0",
            "--seconds -1",
            "--seconds nan",
            "--seconds 0",
            "--seconds 1e-9",
            "--rounds x",
            "cuont",
        ] {
            assert!(why(words).contains("error:"), "{words}");
        }
    }

    #[test]
    fn a_workload_is_asked_for_by_its_name_or_with_a_size() {
        let words = ["squall-bench", "--only", "P,H100", "--engines", "squall,ns-3"];
        let options = Options::try_parse_from(words).expect("sound").compare;
        let asked = crate::plan::CASES.into_iter().filter(|case| options.asks(*case)).map(|case| case.name());
        assert_eq!(asked.collect::<Vec<_>>(), ["H100", "P10", "P1000", "P100000", "P1000000"]);
        assert!(options.wants("ns-3") && !options.wants("simpy"));
    }
}
