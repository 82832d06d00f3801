//! Events into a history: each end to its invocation, each outcome by what the format means by it.
//!
//! An end without an invocation (Elle's tests have such, and so has a piece cut from a longer history) is an operation
//! whose invocation was not recorded: it may have begun before everything else. A process that invokes while its operation
//! is open has lost that one's end, which is then unknown; transactions' ends tell which they belong to. Deliberately
//! absent: any other repair.

use indexmap::IndexMap;
use sim_core::history::{Answer, Entry, History, Outcome, Reason};
use sim_core::time::Time;
use sim_core::value::{Call, Key, Micro, Operation, Value};

use super::calls;
use super::datum::Datum;
use super::event::{Event, Kind, Payload, Process};
use super::keys::{KeyNames, KeyTable, settled};
use super::scan::Fault;
use super::{Format, keys};

/// What the format leaves to be known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    pub(super) format: Format,
    pub(super) ours: bool,
    pub(super) nil_is_anything: bool,
}

/// The history under way.
struct Assembly {
    dialect: Dialect,
    keys: KeyTable,
    /// Whether values are pairs `[key value]`, as `jepsen.independent` writes them.
    tuples: bool,
    entries: Vec<Entry>,
    /// Ends that have no invocation.
    orphans: Vec<Entry>,
    /// The open operations of each process: positions in `entries`.
    open: IndexMap<u32, Vec<usize>>,
    position: u64,
    /// The names of clients that have names; they are numbered from [`NAMED_FROM`] on.
    named: IndexMap<Box<str>, ()>,
}

/// From here on count the clients that have names.
const NAMED_FROM: u32 = 1 << 31;

/// Pairs the events.
pub(super) fn assemble(
    events: Vec<Event>,
    dialect: Dialect,
    keys: KeyTable,
) -> Result<(History, KeyNames), Fault> {
    let mut assembly = Assembly {
        dialect,
        keys,
        tuples: !dialect.ours && has_tuples(&events),
        entries: Vec::with_capacity(events.len() / 2 + 1),
        orphans: Vec::new(),
        open: IndexMap::new(),
        position: 0,
        named: IndexMap::new(),
    };
    for event in events {
        let at = event.at;
        assembly.take(event).map_err(|reason| Fault::new(at, reason))?;
    }
    Ok(assembly.finish())
}

/// Whether all operations of the file are on pairs `[key value]`.
fn has_tuples(events: &[Event]) -> bool {
    let mut found = false;
    for event in events {
        if event.kind != Some(Kind::Invoke) || event.process == Process::Other {
            continue;
        }
        let Payload::Plain(value) = &event.payload else { return false };
        let Some((key, inner)) = value.pair() else { return false };
        let cas = matches!(event.function.as_deref(), Some("cas" | "compare-and-set"));
        if event.key.is_some() || !matches!(key, Datum::Int(_) | Datum::Text(_) | Datum::Word(_)) {
            return false;
        }
        if cas && inner.pair().is_none() || event.function.as_deref() == Some("txn") {
            return false;
        }
        found = true;
    }
    found
}

impl Assembly {
    fn take(&mut self, mut event: Event) -> Result<(), String> {
        let process = match std::mem::take(&mut event.process) {
            Process::Other => return Ok(()),
            Process::Unstated => 0,
            Process::Client(process) => process,
            Process::Named(name) => NAMED_FROM + self.named.insert_full(name, ()).0 as u32,
        };
        let Some(kind) = event.kind else { return Err("this event has no :type".to_owned()) };
        let mut key = match event.key.take() {
            Some(name) => {
                Some(name.key(&mut self.keys).ok_or("expected a key: a number, a keyword or a string")?)
            }
            None => None,
        };
        if self.tuples || self.dialect.ours && key.is_some() {
            match self.untuple(&mut event.payload, key) {
                Ok(found) => key = found,
                Err(reason) if matches!(kind, Kind::Invoke | Kind::Ok) => return Err(reason),
                Err(_) => {}
            }
        }
        if kind == Kind::Invoke {
            return self.invoke(process, key, event);
        }
        let index = self.partner(process, &event);
        match index {
            Some(index) => {
                self.close(process, index);
                let position = self.tick(&event, kind != Kind::Info);
                if kind != Kind::Info && position <= self.entries[index].invoked_index {
                    return Err(format!(
                        "the :index {position} of this end is not after that of its invocation"
                    ));
                }
                end(&mut self.entries[index], event, kind, position, self.dialect)
            }
            None => {
                let call = call_of(&mut event, true)?;
                let mut entry = blank(process, Operation { key, call });
                entry.operation.call.forget();
                let position = self.tick(&event, kind != Kind::Info);
                end(&mut entry, event, kind, position, self.dialect)?;
                self.orphans.push(entry);
                Ok(())
            }
        }
    }

    /// Takes the key off a value that is a pair.
    fn untuple(&mut self, payload: &mut Payload, key: Option<Key>) -> Result<Option<Key>, String> {
        let Payload::Plain(value) = payload else { return Ok(key) };
        if *value == Datum::Nil {
            return Ok(key);
        }
        let Datum::List(items) = value else { return Err("expected a pair [key value]".to_owned()) };
        if items.len() != 2 {
            return Err("expected a pair [key value]".to_owned());
        }
        let inner = items.pop().unwrap_or(Datum::Nil);
        let key = match key {
            Some(key) => key,
            None => items[0].key(&mut self.keys).ok_or("expected a key: a number, a keyword or a string")?,
        };
        *payload = Payload::Plain(inner);
        Ok(Some(key))
    }

    fn invoke(&mut self, process: u32, key: Option<Key>, mut event: Event) -> Result<(), String> {
        let mut call = call_of(&mut event, false)?;
        call.forget();
        let open = self.open.entry(process).or_default();
        if !matches!(call, Call::Txn(_)) {
            // The end of its last operation is missing: nobody knows how that went, and no later end is its.
            open.clear();
        }
        open.push(self.entries.len());
        let position = self.tick(&event, true);
        let mut entry = blank(process, Operation { key, call });
        entry.invoked_index = position;
        entry.invoked = Time(event.time.unwrap_or(position));
        self.entries.push(entry);
        Ok(())
    }

    /// The position of this event among those that count.
    fn tick(&mut self, event: &Event, counts: bool) -> u64 {
        let position = self.position;
        self.position += u64::from(counts);
        if self.dialect.ours { event.index.unwrap_or(position) } else { position }
    }

    /// The open operation that this event ends.
    fn partner(&self, process: u32, event: &Event) -> Option<usize> {
        let open = self.open.get(&process)?;
        if let (Payload::Steps(told), true) = (&event.payload, open.len() > 1) {
            let fits = |&&index: &&usize| match &self.entries[index].operation.call {
                Call::Txn(asked) => same_steps(asked, told),
                _ => false,
            };
            return open.iter().find(fits).or(open.first()).copied();
        }
        open.first().copied()
    }

    fn close(&mut self, process: u32, index: usize) {
        if let Some(open) = self.open.get_mut(&process) {
            open.retain(|&other| other != index);
        }
    }

    fn finish(self) -> (History, KeyNames) {
        let (names, shift) = self.keys.finish();
        let early = self.orphans.len() as u64;
        let mut entries = self.orphans;
        for (index, orphan) in entries.iter_mut().enumerate() {
            orphan.invoked_index = index as u64;
            orphan.completed_index = orphan.completed_index.saturating_add(early);
        }
        entries.reserve_exact(self.entries.len());
        for mut entry in self.entries {
            entry.invoked_index = entry.invoked_index.saturating_add(early);
            entry.completed_index = entry.completed_index.saturating_add(early);
            entries.push(entry);
        }
        if self.dialect.ours {
            entries.sort_by_key(|entry| entry.invoked_index);
        }
        if !names.is_empty() && shift > 0 {
            entries.iter_mut().for_each(|entry| settle(entry, shift));
        }
        if !self.dialect.ours && reads_lists(&entries) {
            entries.iter_mut().for_each(as_set);
        }
        (History { entries }, names)
    }
}

/// An operation that has not ended.
fn blank(process: u32, operation: Operation) -> Entry {
    Entry {
        process,
        operation,
        invoked: Time::ZERO,
        invoked_index: 0,
        completed: Time::NEVER,
        completed_index: u64::MAX,
        outcome: Outcome::Unknown(Reason::EndOfRun),
        attempts: 0,
        answered_by: None,
    }
}

/// The call of an event. Its payload is taken if it is a transaction's steps.
fn call_of(event: &mut Event, keep: bool) -> Result<Call, String> {
    match (&mut event.payload, event.function.as_deref()) {
        (Payload::Steps(steps), _) => Ok(Call::Txn(if keep { steps.clone() } else { std::mem::take(steps) })),
        (_, None) => Err("this event has no :f".to_owned()),
        (Payload::Absent, Some(function)) => calls::call(function, &Datum::Nil),
        (Payload::Plain(value), Some(function)) => calls::call(function, value),
    }
}

/// What an invocation cannot know yet.
trait Forget {
    fn forget(&mut self);
}

impl Forget for Call {
    fn forget(&mut self) {
        if let Call::Txn(steps) = self {
            for step in steps {
                if let Micro::Read(_, value) = step {
                    *value = None;
                }
            }
        }
    }
}

/// Gives an operation its end.
fn end(entry: &mut Entry, event: Event, kind: Kind, position: u64, dialect: Dialect) -> Result<(), String> {
    entry.attempts = event.attempts;
    entry.answered_by = event.node;
    let reason = event.reason();
    let time = Time(event.time.unwrap_or(position));
    entry.outcome = match kind {
        Kind::Info | Kind::Invoke => Outcome::Unknown(reason),
        Kind::Fail if dialect.format == Format::PorcupineEtcd => etcd_failure(&entry.operation.call, reason),
        Kind::Fail if dialect.ours && event.error.as_deref() == Some("mismatch") => {
            Outcome::Ok(Answer::Value(Value::Bool(false)))
        }
        Kind::Fail => Outcome::Failed(reason),
        Kind::Ok => answered(entry, event, dialect)?,
    };
    if !matches!(entry.outcome, Outcome::Unknown(_)) {
        entry.completed = time;
        entry.completed_index = position;
    }
    Ok(())
}

/// In the etcd logs a failed compare-and-set saw another value, and what timed out is unknown.
fn etcd_failure(call: &Call, reason: Reason) -> Outcome {
    match call {
        _ if reason == Reason::Timeout => Outcome::Unknown(reason),
        Call::Cas { .. } => Outcome::Ok(Answer::Value(Value::Bool(false))),
        Call::Read => Outcome::Unknown(reason),
        _ => Outcome::Failed(reason),
    }
}

fn answered(entry: &mut Entry, event: Event, dialect: Dialect) -> Result<Outcome, String> {
    if let Some(answer) = event.answer {
        return Ok(Outcome::Ok(Answer::Value(answer.into_value())));
    }
    let told = match event.payload {
        Payload::Steps(steps) => return Ok(Outcome::Ok(Answer::Txn(steps))),
        Payload::Absent => Value::Nil,
        Payload::Plain(value) => {
            if dialect.format == Format::JepsenEdn && !dialect.ours && value != Datum::Nil {
                amend(&mut entry.operation.call, &value);
            }
            value.into_value()
        }
    };
    if matches!(entry.operation.call, Call::Txn(_)) {
        return Ok(Outcome::Ok(Answer::Txn(Vec::new())));
    }
    if dialect.nil_is_anything && told == Value::Nil && entry.operation.call == Call::Read {
        return Ok(Outcome::Unknown(Reason::Unstated));
    }
    Ok(Outcome::Ok(Answer::Value(calls::answer(&entry.operation.call, told))))
}

/// Knossos completes an invocation with what its end says, so an argument that differs there is the true one.
fn amend(call: &mut Call, told: &Datum) {
    if matches!(call, Call::Write(_) | Call::Cas { .. } | Call::Enqueue(_) | Call::Push(_))
        && let Ok(amended) = calls::call(call.name(), told)
    {
        *call = amended;
    }
}

/// Whether an end's steps can be those of this invocation: the same objects, the same values written.
fn same_steps(asked: &[Micro], told: &[Micro]) -> bool {
    asked.len() == told.len()
        && asked.iter().zip(told).all(|(asked, told)| match (asked, told) {
            (Micro::Read(key, _), Micro::Read(other, _)) => key == other,
            (asked, told) => asked == told,
        })
}

fn settle(entry: &mut Entry, shift: u64) {
    let settle_steps = |steps: &mut Vec<Micro>| {
        for step in steps {
            match step {
                Micro::Append(key, _) | Micro::Write(key, _) | Micro::Read(key, _) => {
                    *key = settled(*key, shift)
                }
            }
        }
    };
    if let Some(key) = &mut entry.operation.key {
        *key = keys::settled(*key, shift);
    }
    if let Call::Txn(steps) = &mut entry.operation.call {
        settle_steps(steps);
    }
    if let Outcome::Ok(Answer::Txn(steps)) = &mut entry.outcome {
        settle_steps(steps);
    }
}

/// Whether `:add` is a set's: some read saw a list.
fn reads_lists(entries: &[Entry]) -> bool {
    let adds = entries.iter().any(|entry| matches!(entry.operation.call, Call::Add(_)));
    adds && entries
        .iter()
        .any(|entry| entry.operation.call == Call::Read && matches!(entry.value(), Some(Value::List(_))))
}

fn as_set(entry: &mut Entry) {
    if let Call::Add(element) = entry.operation.call {
        entry.operation.call = Call::Insert(Value::Int(element));
    }
}
