//! Histories from elsewhere and to elsewhere: Jepsen and Knossos EDN, Elle's transactions, Porcupine's etcd logs
//! and key–value logs, and JSON lines, plain or gzipped, all read into one [`History`]; and any history of ours
//! written as Jepsen EDN or JSON lines so that it reads back equal.
//!
//! Deliberately absent: any judgement. What a format leaves open (which value a register starts with, what a read
//! of `nil` means) is settled here, once, so that the checkers see only the vocabulary of [`sim_core::value`].

mod assemble;
mod assemble_usual;
mod calls;
mod datum;
mod edn;
mod edn_events;
mod edn_usual;
mod etcd;
mod event;
mod json;
mod keys;
mod open;
mod read;
mod scan;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;
use std::str::FromStr;

use sim_core::history::{Answer, History, Outcome};
use sim_core::value::Micro;

pub use sim_core::value::Value;

pub use edn::read_value;
pub use keys::KeyNames;
pub use read::{operation_line, read_bytes, read_file};
pub use write::{write_jepsen_edn, write_json_lines};

/// How a file of operations is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Jepsen's EDN, in which Knossos and Elle keep their histories: one map an event, a map a line or all in one vector.
    JepsenEdn,
    /// The same events, one JSON object a line.
    JsonLines,
    /// The text log of Jepsen's etcd test, as Porcupine's test data has it.
    PorcupineEtcd,
    /// The EDN of Porcupine's key–value test data: `:get`, `:put`, `:append`, with a `:key`.
    PorcupineKv,
}

/// What to make of an `:ok :read` whose value is `nil`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NilReads {
    /// As the format has it: anything in Jepsen's EDN, nothing being there in all others and in files of our own.
    #[default]
    AsTheFormat,
    /// It may have read anything: Knossos' rule.
    Anything,
    /// Nothing was there.
    Absent,
}

/// How to read a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Its format; found from its content where absent.
    pub format: Option<Format>,
    /// What a read of `nil` means.
    pub nil_reads: NilReads,
}

/// A history that was read, and what its file says beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    /// The operations.
    pub history: History,
    /// The format it was read in.
    pub format: Format,
    /// The names of keys that are not numbers.
    pub keys: KeyNames,
    /// Whether the file was written by this project, so that nothing in it is left open.
    pub ours: bool,
    /// Whether its file has nothing in it at all: no event of anyone, no list of none.
    pub blank: bool,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The file could not be opened, read or unpacked.
    #[error("{file}: {source}")]
    Io {
        /// The file's name.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is not what the format has there.
    #[error("{file}:{line}: {reason}")]
    Malformed {
        /// The file's name.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it, and what was expected.
        reason: String,
    },
}

impl Foreign {
    /// What a register or a key holds before the first write, as the format's own tests have it: 0 in Knossos' EDN,
    /// empty text in Porcupine's key–value logs, nothing in all others, and nothing in EDN where a transaction read that.
    #[must_use]
    pub fn initial(&self) -> Value {
        match self.format {
            Format::JepsenEdn if !self.ours && !self.reads_nothing() => Value::Int(0),
            Format::PorcupineKv => Value::Text("".into()),
            _ => Value::Nil,
        }
    }

    /// Whether some transaction says that nothing was there.
    fn reads_nothing(&self) -> bool {
        self.history.entries.iter().any(|entry| match &entry.outcome {
            Outcome::Ok(Answer::Txn(steps)) => {
                steps.iter().any(|step| matches!(step, Micro::Read(_, Some(Value::Nil))))
            }
            _ => false,
        })
    }
}

impl Format {
    /// All of them, in the order of the command line's help.
    pub const ALL: [Format; 4] =
        [Format::JepsenEdn, Format::JsonLines, Format::PorcupineEtcd, Format::PorcupineKv];

    /// The name as the command line has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Format::JepsenEdn => "jepsen-edn",
            Format::JsonLines => "json-lines",
            Format::PorcupineEtcd => "porcupine-etcd",
            Format::PorcupineKv => "porcupine-kv",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    /// # Errors
    /// The names there are, when the text is none of them.
    fn from_str(text: &str) -> Result<Format, String> {
        Format::ALL.into_iter().find(|format| format.name() == text).ok_or_else(|| {
            let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
            format!("no format \"{text}\"; there are {}", names.join(", "))
        })
    }
}
