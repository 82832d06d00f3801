//! A run told event by event, for people or for programs.

use std::io::{self, Write};

use models::model::Model;
use sim_core::record::Record;
use sim_core::time::Time;
use sim_core::trace::{Line, Trace};

use crate::assemble;
use crate::load::Loaded;
use crate::registry::{WithModel, with_model};
use crate::run::{Outcome, RunOptions, drive};

/// In which form a run is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Lines for people.
    Text,
    /// One JSON object a line, the first of which says what run it is.
    JsonLines,
}

/// Which part of a run is told, and how.
#[derive(Clone, Copy, Debug)]
pub struct TellOptions {
    /// The form.
    pub form: Form,
    /// Nothing before this is told.
    pub from: Time,
    /// The run ends here; [`Time::NEVER`] for its own end.
    pub until: Time,
}

impl TellOptions {
    /// All of it.
    #[must_use]
    pub fn whole(form: Form) -> TellOptions {
        TellOptions { form, from: Time::ZERO, until: Time::NEVER }
    }
}

/// Runs a scenario and tells it. The outcome is that of the whole run, or of the part until `until`.
///
/// # Errors
/// What `out` says; the run itself goes on to its end.
pub fn tell(loaded: &Loaded, seed: u64, options: &TellOptions, out: &mut dyn Write) -> io::Result<Outcome> {
    let mut result = match options.form {
        Form::Text => Ok(()),
        Form::JsonLines => writeln!(out, "{}", heading(loaded, seed)),
    };
    let told = Told { loaded, seed, options, out, result: &mut result };
    let record = with_model(&loaded.scenario.model, told);
    result?;
    Ok(Outcome::of(&loaded.scenario, record, &RunOptions::default()))
}

/// The first of the JSON lines: of what run the others are.
fn heading(loaded: &Loaded, seed: u64) -> serde_json::Value {
    serde_json::json!({
        "schema": 1,
        "scenario": loaded.name,
        "seed": seed,
        "version": crate::version::VERSION,
        "overrides": loaded.overrides,
    })
}

struct Told<'a> {
    loaded: &'a Loaded,
    seed: u64,
    options: &'a TellOptions,
    out: &'a mut dyn Write,
    result: &'a mut io::Result<()>,
}

impl WithModel for Told<'_> {
    type Output = Record;
    fn with<M: Model + 'static>(self, model: &M) -> Record {
        let Told { loaded, seed, options, out, result } = self;
        let names = assemble::world(&loaded.scenario, model, seed).names().nodes;
        let write = |line: Line| {
            if result.is_ok() {
                *result = match options.form {
                    Form::Text => writeln!(out, "{}", text(&line)),
                    Form::JsonLines => json(&line).and_then(|line| writeln!(out, "{line}")),
                };
            }
        };
        let mut trace = Trace::new(names, options.from, write);
        drive(loaded, model, seed, options.until, &mut trace)
    }
}

fn json(line: &Line) -> io::Result<String> {
    serde_json::to_string(line).map_err(io::Error::other)
}

/// A line for people: time in seconds, who, what.
fn text(line: &Line) -> String {
    let at = format!("{:>12.6}", line.at.as_secs_f64());
    let arrow = match line.what {
        "send" | "reply" | "attempt" => "→",
        "message" | "request" | "drop" | "complete" => "←",
        _ => "",
    };
    let peer = if line.peer.is_empty() { String::new() } else { format!("{arrow} {} ", line.peer) };
    // What a handler asked for is set in below the event that called it.
    let indent = match line.what {
        "send" | "reply" | "arm" | "disarm" | "sync" | "mark" | "status" | "measure" | "halt" => "  ",
        _ => "",
    };
    let told = format!("{at}  {:<5} {indent}{:<8} {peer}{}", line.who, line.what, line.text);
    told.trim_end().to_string()
}

/// The command that replays a run.
#[must_use]
pub fn command(verb: &str, scenario: &str, overrides: &[String], seed: u64) -> String {
    let mut command = format!("squall {verb} {} --seed {seed}", quoted(scenario));
    for line in overrides {
        command.push_str(&format!(" --set {}", quoted(line)));
    }
    command
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-=+:,%@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
