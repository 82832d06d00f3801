//! One line of a history before it is paired: an invocation or an end, with what the file says beside it.
//!
//! Deliberately absent: what the operation means ([`super::calls`]) and which end belongs to which invocation
//! ([`super::assemble`]).

use sim_core::history::Reason;
use sim_core::peer::Peer;
use sim_core::value::{Key, Micro};

use super::calls::Function;
use super::datum::Datum;
use super::keys::KeyTable;

/// What kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Invoke,
    Ok,
    Fail,
    Info,
}

/// Who did it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Process {
    /// The file does not say: one nameless process.
    #[default]
    Unstated,
    Client(u32),
    /// A client that has a name instead of a number.
    Named(Box<str>),
    /// Jepsen's nemesis, which is no client. Its events are passed over.
    Other,
}

/// What is in `:value`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Payload {
    #[default]
    Absent,
    Plain(Datum),
    /// A list of two whole numbers, as most compare-and-sets have: no list is made for it.
    Pair(i64, i64),
    Steps(Vec<Micro>),
}

/// What stands in `:key`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Keyed {
    /// Nothing.
    #[default]
    No,
    By(Key),
    /// What can be no key.
    Strangely,
}

/// What an error says of how an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Because(Reason),
    /// Another value was there than the one to be replaced.
    Mismatch,
}

/// One event.
#[derive(Clone, Debug, Default)]
pub(super) struct Event {
    /// Its offset in the file.
    pub(super) at: usize,
    pub(super) kind: Option<Kind>,
    pub(super) process: Process,
    pub(super) function: Option<Function>,
    pub(super) payload: Payload,
    pub(super) key: Keyed,
    pub(super) time: Option<u64>,
    pub(super) index: Option<u64>,
    pub(super) error: Option<Ending>,
    /// Only in files of our own: the exact answer where `:value` leaves it open.
    pub(super) answer: Option<Datum>,
    pub(super) attempts: u32,
    pub(super) node: Option<Peer>,
}

/// The fields that are read; others are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Process,
    Type,
    Function,
    Value,
    Key,
    Time,
    Index,
    Error,
    Answer,
    Attempts,
    Node,
}

impl Payload {
    /// What it is without a form of its own.
    pub(super) fn into_datum(self) -> Option<Datum> {
        match self {
            Payload::Plain(datum) => Some(datum),
            Payload::Pair(first, second) => Some(Datum::List(vec![Datum::Int(first), Datum::Int(second)])),
            Payload::Absent => Some(Datum::Nil),
            Payload::Steps(_) => None,
        }
    }
}

impl Field {
    #[inline]
    pub(super) fn named(name: &[u8]) -> Option<Field> {
        Some(match name {
            b"process" => Field::Process,
            b"type" => Field::Type,
            b"f" => Field::Function,
            b"value" => Field::Value,
            b"key" => Field::Key,
            b"time" => Field::Time,
            b"index" => Field::Index,
            b"error" => Field::Error,
            b"answer" => Field::Answer,
            b"attempts" => Field::Attempts,
            b"node" => Field::Node,
            _ => return None,
        })
    }
}

impl Event {
    /// An event of which nothing is known but where it begins.
    pub(super) fn at(at: usize) -> Event {
        Event { at, ..Event::default() }
    }

    /// Takes in one field other than `:value`.
    pub(super) fn set(&mut self, field: Field, datum: Datum, keys: &mut KeyTable) -> Result<(), String> {
        match field {
            Field::Process => self.process = process(&datum)?,
            Field::Type => self.kind = Some(kind(&datum)?),
            Field::Function => self.function = datum.text().map(Function::named),
            Field::Value => self.payload = Payload::Plain(datum),
            Field::Key if datum == Datum::Nil => self.key = Keyed::No,
            Field::Key => self.key = datum.key(keys).map_or(Keyed::Strangely, Keyed::By),
            Field::Time => self.time = count(&datum),
            Field::Index => self.index = count(&datum),
            Field::Error => self.error = error(&datum),
            Field::Answer => self.answer = Some(datum),
            Field::Attempts => self.attempts = count(&datum).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            Field::Node => self.node = node(&datum),
        }
        Ok(())
    }

    /// Why it did not end well, in the words of the vocabulary.
    pub(super) fn reason(&self) -> Reason {
        match self.error {
            Some(Ending::Because(reason)) => reason,
            Some(Ending::Mismatch) | None => Reason::Unstated,
        }
    }
}

impl Ending {
    /// What this word says.
    pub(super) fn named(word: &str) -> Ending {
        Ending::Because(match word {
            "timeout" | "timed-out" => Reason::Timeout,
            "end-of-run" => Reason::EndOfRun,
            "rejected" => Reason::Rejected,
            "unreachable" | "connection-refused" | "conn-refused" => Reason::Unreachable,
            "aborted" => Reason::Aborted,
            "mismatch" => return Ending::Mismatch,
            _ => Reason::Unstated,
        })
    }
}

/// The word by which [`Ending::named`] finds the reason again.
pub(super) fn reason_word(reason: Reason) -> &'static str {
    match reason {
        Reason::Timeout => "timeout",
        Reason::EndOfRun => "end-of-run",
        Reason::Rejected => "rejected",
        Reason::Unreachable => "unreachable",
        Reason::Aborted => "aborted",
        Reason::Unstated => "unstated",
    }
}

impl Process {
    /// The client of this number.
    #[inline]
    pub(super) fn numbered(n: i64) -> Result<Process, String> {
        let known = u32::try_from(n).map(Process::Client);
        known.map_err(|_| format!("expected a process from 0 to {}, found {n}", u32::MAX))
    }
}

fn process(datum: &Datum) -> Result<Process, String> {
    match datum {
        Datum::Int(n) => Process::numbered(*n),
        Datum::Nil => Ok(Process::Unstated),
        Datum::Text(name) | Datum::Word(name) => Ok(match (&**name, name.parse()) {
            ("nemesis", _) => Process::Other,
            (_, Ok(number)) => Process::Client(number),
            _ => Process::Named(name.clone()),
        }),
        _ => Err("expected a process: a number, or a name such as :nemesis".to_owned()),
    }
}

impl Kind {
    #[inline]
    pub(super) fn named(word: &[u8]) -> Option<Kind> {
        Some(match word {
            b"invoke" => Kind::Invoke,
            b"ok" => Kind::Ok,
            b"fail" => Kind::Fail,
            b"info" => Kind::Info,
            _ => return None,
        })
    }
}

fn kind(datum: &Datum) -> Result<Kind, String> {
    let Some(word) = datum.text() else {
        return Err("expected a type :invoke, :ok, :fail or :info".to_owned());
    };
    Kind::named(word.as_bytes())
        .ok_or_else(|| format!("expected a type :invoke, :ok, :fail or :info, found :{word}"))
}

fn count(datum: &Datum) -> Option<u64> {
    match datum {
        Datum::Int(n) => Some(u64::try_from(*n).unwrap_or(0)),
        Datum::Text(text) | Datum::Word(text) => text.parse().ok(),
        _ => None,
    }
}

/// The first word of an error: Jepsen's are keywords, or vectors that begin with one.
fn error(datum: &Datum) -> Option<Ending> {
    match datum {
        Datum::Text(text) | Datum::Word(text) => Some(Ending::named(text)),
        Datum::List(items) => items.first().and_then(error),
        _ => None,
    }
}

/// A node or a client, as [`Peer`] prints it.
fn node(datum: &Datum) -> Option<Peer> {
    let text = datum.text()?;
    let index: u32 = text.get(1..)?.parse().ok()?;
    match text.as_bytes()[0] {
        b'n' if index < 1 << 31 => Some(Peer::node(index)),
        b'c' if index < (1 << 31) - 1 => Some(Peer::client(index)),
        _ => None,
    }
}
