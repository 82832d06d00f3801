//! A history of ours as Jepsen EDN or as JSON lines, so that other tools read it and we read it back equal.
//!
//! A keyed operation's value is the pair `[key value]`, as `jepsen.independent` has it, and a `:key` beside it. A
//! compare-and-set that answered no is a `:fail` with `:error :mismatch`. What Jepsen's form leaves open stands in
//! fields of its own (`:answer`, `:attempts`, `:node`). Deliberately absent: when an unknown end became known, which
//! a history does not hold; these ends stand last.

use std::io::{self, Write};

use sim_core::history::{Answer, Entry, History, Outcome};
use sim_core::value::{Call, Key, Micro, Operation, Value};

use super::keys::KeyNames;
use super::read::{HEADER_EDN, HEADER_JSON};
use super::{calls, event};

/// The two ways of writing the same fields.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Edn,
    Json,
}

/// One event on its way out.
struct Line<'a, W> {
    out: &'a mut W,
    style: Style,
    names: &'a KeyNames,
    first: bool,
}

/// Writes a history as Jepsen's EDN, a map a line.
///
/// # Errors
/// Those of `out`.
pub fn write_jepsen_edn(history: &History, names: &KeyNames, out: &mut impl Write) -> io::Result<()> {
    out.write_all(HEADER_EDN.as_bytes())?;
    write_events(history, names, Style::Edn, out)
}

/// Writes a history as JSON, an object a line.
///
/// # Errors
/// Those of `out`.
pub fn write_json_lines(history: &History, names: &KeyNames, out: &mut impl Write) -> io::Result<()> {
    out.write_all(HEADER_JSON.as_bytes())?;
    write_events(history, names, Style::Json, out)
}

/// Invocations and ends in the order of their positions.
fn write_events(history: &History, names: &KeyNames, style: Style, out: &mut impl Write) -> io::Result<()> {
    let mut order: Vec<(u64, bool, usize)> = Vec::with_capacity(2 * history.entries.len());
    for (index, entry) in history.entries.iter().enumerate() {
        order.push((entry.invoked_index, false, index));
        order.push((entry.completed_index, true, index));
    }
    order.sort_unstable();
    for (position, is_end, index) in order {
        let entry = &history.entries[index];
        let mut line = Line { out: &mut *out, style, names, first: true };
        line.out.write_all(b"{")?;
        if is_end {
            line.end(entry, position)?
        } else {
            line.invocation(entry)?
        }
        line.out.write_all(b"}\n")?;
    }
    Ok(())
}

impl<W: Write> Line<'_, W> {
    fn invocation(&mut self, entry: &Entry) -> io::Result<()> {
        self.head(entry, "invoke", entry.invoked_index, entry.invoked.0)?;
        match &entry.operation.call {
            Call::Txn(steps) => self.steps(steps, false),
            call => self.argument(&entry.operation, &calls::argument(call)),
        }
    }

    fn end(&mut self, entry: &Entry, position: u64) -> io::Result<()> {
        let call = &entry.operation.call;
        let refused = matches!((call, entry.value()), (Call::Cas { .. }, Some(Value::Bool(false))));
        let kind = if refused { "fail" } else { entry.outcome.word() };
        self.head(entry, kind, position, entry.completed.0)?;
        match &entry.outcome {
            Outcome::Ok(Answer::Txn(steps)) => self.steps(steps, true)?,
            Outcome::Ok(Answer::Value(answer)) => {
                let told = calls::told(call, answer);
                self.argument(&entry.operation, &told)?;
                if refused {
                    self.name("error")?;
                    self.word("mismatch")?;
                } else if calls::answer(call, told) != *answer {
                    self.name("answer")?;
                    self.value(answer)?;
                }
            }
            Outcome::Failed(reason) | Outcome::Unknown(reason) => {
                match call {
                    Call::Txn(steps) => self.steps(steps, false)?,
                    call => self.argument(&entry.operation, &calls::argument(call))?,
                }
                self.name("error")?;
                self.word(event::reason_word(*reason))?;
            }
        }
        if entry.attempts > 0 {
            self.name("attempts")?;
            write!(self.out, "{}", entry.attempts)?;
        }
        if let Some(peer) = entry.answered_by {
            self.name("node")?;
            self.text(&peer.to_string())?;
        }
        Ok(())
    }

    fn head(&mut self, entry: &Entry, kind: &str, position: u64, time: u64) -> io::Result<()> {
        if position != u64::MAX {
            self.name("index")?;
            write!(self.out, "{position}")?;
            self.name("time")?;
            write!(self.out, "{time}")?;
        }
        self.name("process")?;
        write!(self.out, "{}", entry.process)?;
        self.name("type")?;
        self.word(kind)?;
        self.name("f")?;
        self.word(entry.operation.call.name())?;
        if let Some(key) = entry.operation.key {
            self.name("key")?;
            self.key(key)?;
        }
        Ok(())
    }

    fn argument(&mut self, operation: &Operation, value: &Value) -> io::Result<()> {
        self.name("value")?;
        let Some(key) = operation.key else { return self.value(value) };
        self.out.write_all(b"[")?;
        self.key(key)?;
        self.gap()?;
        self.value(value)?;
        self.out.write_all(b"]")
    }

    /// A transaction's steps. What an ended one did not see is told apart from nothing being there by Knossos' word.
    fn steps(&mut self, steps: &[Micro], ended: bool) -> io::Result<()> {
        self.name("value")?;
        self.out.write_all(b"[")?;
        for (index, step) in steps.iter().enumerate() {
            if index > 0 {
                self.gap()?;
            }
            let (name, key, value) = match step {
                Micro::Append(key, value) => ("append", key, Some(value)),
                Micro::Write(key, value) => ("w", key, Some(value)),
                Micro::Read(key, None) if ended => ("read", key, Some(&Value::Nil)),
                Micro::Read(key, None) => ("r", key, Some(&Value::Nil)),
                Micro::Read(key, Some(value)) => ("r", key, Some(value)),
            };
            self.out.write_all(b"[")?;
            self.word(name)?;
            self.gap()?;
            self.key(*key)?;
            if let Some(value) = value {
                self.gap()?;
                self.value(value)?;
            }
            self.out.write_all(b"]")?;
        }
        self.out.write_all(b"]")
    }

    fn gap(&mut self) -> io::Result<()> {
        self.out.write_all(if self.style == Style::Edn { b" " } else { b"," })
    }

    /// The name of the next field, with what separates it from the one before.
    fn name(&mut self, name: &str) -> io::Result<()> {
        let comma = if self.first { "" } else { "," };
        self.first = false;
        match self.style {
            Style::Edn if comma.is_empty() => write!(self.out, ":{name} "),
            Style::Edn => write!(self.out, ", :{name} "),
            Style::Json => write!(self.out, "{comma}\"{name}\":"),
        }
    }

    /// A word of the format: a keyword in EDN.
    fn word(&mut self, word: &str) -> io::Result<()> {
        match self.style {
            Style::Edn => write!(self.out, ":{word}"),
            Style::Json => write!(self.out, "\"{word}\""),
        }
    }

    fn key(&mut self, key: Key) -> io::Result<()> {
        match self.names.text(key) {
            Some(name) => self.text(name),
            None => write!(self.out, "{key}"),
        }
    }

    fn value(&mut self, value: &Value) -> io::Result<()> {
        match value {
            Value::Nil => self.out.write_all(if self.style == Style::Edn { b"nil" } else { b"null" }),
            Value::Bool(b) => write!(self.out, "{b}"),
            Value::Int(n) => write!(self.out, "{n}"),
            Value::Text(text) => self.text(text),
            Value::List(items) => {
                self.out.write_all(b"[")?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        self.gap()?;
                    }
                    self.value(item)?;
                }
                self.out.write_all(b"]")
            }
        }
    }

    /// A string; both formats escape alike.
    fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(b"\"")?;
        for c in text.chars() {
            match c {
                '"' => self.out.write_all(b"\\\"")?,
                '\\' => self.out.write_all(b"\\\\")?,
                '\n' => self.out.write_all(b"\\n")?,
                '\t' => self.out.write_all(b"\\t")?,
                '\r' => self.out.write_all(b"\\r")?,
                c if c < ' ' => write!(self.out, "\\u{:04x}", c as u32)?,
                c => write!(self.out, "{c}")?,
            }
        }
        self.out.write_all(b"\"")
    }
}
