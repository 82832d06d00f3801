//! The command line. One file a subcommand; [`cli`] is the grammar, [`output`] what they share in printing and writing.
//!
//! Results go to standard output; progress and wall-clock figures to standard error. Exit codes: 0 what was expected
//! came, 1 it did not, 2 it cannot run, 3 an internal fault or nondeterminism.

/// A line on standard error; lost, not a panic, where nothing can be written there.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($words)*);
    }};
}

mod check;
mod cli;
mod compare;
mod complete;
mod explain_path;
mod explore;
mod merge;
mod metastable;
mod names;
mod output;
mod phases;
mod pictures;
mod progress;
mod replay;
mod report;
mod run;
mod services;
mod stop;
mod studies;
mod sweep;
mod worlds_log;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::cli::{Cli, Command};
use crate::output::Trouble;

fn main() -> ExitCode {
    // A shell that asks for completions is answered here, and nothing else happens.
    clap_complete::CompleteEnv::with_factory(Cli::command).complete();
    let cli = Cli::parse();
    let result = std::panic::catch_unwind(|| dispatch(cli.command));
    match result {
        Ok(Ok(code)) => code,
        Ok(Err(trouble)) => trouble.report(),
        // The panic's message and place are on standard error already.
        Err(_) => {
            say!("squall: this is a fault in squall itself; please report it with the command you ran");
            ExitCode::from(3)
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode, Trouble> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Explore(args) => explore::explore(&args),
        Command::Compare(args) => compare::compare(&args),
        Command::Sweep(args) => sweep::sweep(&args),
        Command::Metastable(args) => metastable::metastable(&args),
        Command::Check(args) => check::run(&args),
        Command::Merge(args) => merge::merge(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::List(args) => names::list(&args),
        Command::Show(args) => names::show(&args),
        Command::Explain(args) => names::explain(&args),
        Command::New(args) => names::new(&args),
        Command::Report(args) => report::report(&args),
        Command::Completions(args) => names::completions(&args),
        Command::Man => names::man(),
    }
}
