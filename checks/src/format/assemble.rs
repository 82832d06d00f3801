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

use super::calls::{self, Function};
use super::datum::Datum;
use super::event::{Ending, Event, Keyed, Kind, Payload, Process};
use super::keys::{KeyNames, KeyTable, settled};
use super::open::Clients;
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
pub(super) struct Assembly {
    pub(super) dialect: Dialect,
    pub(super) keys: KeyTable,
    pub(super) tuples: Tuples,
    pub(super) entries: Vec<Entry>,
    /// Ends that have no invocation.
    orphans: Vec<Entry>,
    pub(super) clients: Clients,
    pub(super) position: u64,
    /// The names of clients that have names; they are numbered from [`NAMED_FROM`] on.
    named: IndexMap<Box<str>, ()>,
    /// Where in the file each of `entries`, then of `orphans`, begins, if somebody asked for it.
    pub(super) places: Option<(Vec<usize>, Vec<usize>)>,
}

/// Whether values are pairs `[key value]`, as `jepsen.independent` writes them: only if all invocations' are.
pub(super) enum Tuples {
    No,
    Yes,
    /// So far all are; the events wait.
    Perhaps(Vec<Event>),
}

/// What was read.
pub(super) struct Assembled {
    pub(super) history: History,
    pub(super) names: KeyNames,
    /// Where in the file each operation begins, if it was asked for.
    pub(super) places: Vec<usize>,
}

/// From here on count the clients that have names.
const NAMED_FROM: u32 = 1 << 31;

impl Assembly {
    /// Nothing yet; about so many operations will come.
    pub(super) fn new(dialect: Dialect, expected: usize, with_places: bool) -> Assembly {
        Assembly {
            dialect,
            keys: KeyTable::default(),
            tuples: if dialect.ours { Tuples::No } else { Tuples::Perhaps(Vec::new()) },
            entries: Vec::with_capacity(expected),
            orphans: Vec::new(),
            clients: Clients::default(),
            position: 0,
            named: IndexMap::new(),
            places: with_places.then(Default::default),
        }
    }

    /// Takes in the next event of the file, and leaves nothing of it.
    #[inline]
    pub(super) fn event(&mut self, event: &mut Event) -> Result<(), Fault> {
        if let Tuples::Perhaps(waiting) = &mut self.tuples {
            if is_tuple(event) != Some(false) {
                waiting.push(std::mem::take(event));
                return Ok(());
            }
            self.decide(Tuples::No)?;
        }
        self.take(event)
    }

    /// The history, now that all events are there.
    pub(super) fn finish(mut self) -> Result<Assembled, Fault> {
        if let Tuples::Perhaps(waiting) = &self.tuples {
            let some = waiting.iter().any(|event| is_tuple(event).is_some());
            self.decide(if some { Tuples::Yes } else { Tuples::No })?;
        }
        Ok(self.history())
    }

    /// Says what the values are, and takes the events that waited for it.
    #[cold]
    fn decide(&mut self, tuples: Tuples) -> Result<(), Fault> {
        match std::mem::replace(&mut self.tuples, tuples) {
            Tuples::Perhaps(waiting) => waiting.into_iter().try_for_each(|mut event| self.take(&mut event)),
            Tuples::No | Tuples::Yes => Ok(()),
        }
    }

    #[inline]
    fn take(&mut self, event: &mut Event) -> Result<(), Fault> {
        let at = event.at;
        self.take_here(event).map_err(|reason| Fault::new(at, reason))
    }

    #[inline]
    fn take_here(&mut self, event: &mut Event) -> Result<(), String> {
        let process = match std::mem::take(&mut event.process) {
            Process::Client(process) => process,
            Process::Other => return Ok(()),
            Process::Unstated => 0,
            Process::Named(name) => NAMED_FROM + self.named.insert_full(name, ()).0 as u32,
        };
        let Some(kind) = event.kind else { return Err("this event has no :type".to_owned()) };
        let mut key = match event.key {
            Keyed::No => None,
            Keyed::By(key) => Some(key),
            Keyed::Strangely => return Err("expected a key: a number, a keyword or a string".to_owned()),
        };
        if matches!(self.tuples, Tuples::Yes) || self.dialect.ours && key.is_some() {
            match self.untuple(&mut event.payload, key) {
                Ok(found) => key = found,
                Err(reason) if matches!(kind, Kind::Invoke | Kind::Ok) => return Err(reason),
                Err(_) => {}
            }
        }
        if kind == Kind::Invoke {
            return self.invoke(process, key, event);
        }
        let Some(index) = self.partner(process, event) else { return self.orphan(process, key, event, kind) };
        let position = self.tick(event, kind != Kind::Info);
        if kind != Kind::Info && position <= self.entries[index].invoked_index {
            return Err(format!("the :index {position} of this end is not after that of its invocation"));
        }
        end(&mut self.entries[index], event, kind, position, self.dialect)
    }

    /// An end without an invocation.
    #[cold]
    fn orphan(
        &mut self,
        process: u32,
        key: Option<Key>,
        event: &mut Event,
        kind: Kind,
    ) -> Result<(), String> {
        let at = event.at;
        let call = match &event.payload {
            Payload::Steps(steps) => Call::Txn(steps.iter().map(asked).collect()),
            payload => {
                let kept = payload.clone();
                let call = call_of(event)?;
                event.payload = kept;
                call
            }
        };
        let mut entry = blank(process, Operation { key, call });
        let position = self.tick(event, kind != Kind::Info);
        end(&mut entry, event, kind, position, self.dialect)?;
        self.orphans.push(entry);
        if let Some((_, orphans)) = &mut self.places {
            orphans.push(at);
        }
        Ok(())
    }

    /// Takes the key off a value that is a pair.
    fn untuple(&mut self, payload: &mut Payload, key: Option<Key>) -> Result<Option<Key>, String> {
        let (first, inner) = match std::mem::take(payload) {
            Payload::Pair(first, inner) => (Datum::Int(first), Datum::Int(inner)),
            Payload::Plain(Datum::Nil) => {
                *payload = Payload::Plain(Datum::Nil);
                return Ok(key);
            }
            Payload::Plain(value) => {
                if value.pair().is_none() {
                    *payload = Payload::Plain(value);
                    return Err("expected a pair [key value]".to_owned());
                }
                value.into_pair().unwrap_or((Datum::Nil, Datum::Nil))
            }
            other => {
                *payload = other;
                return Ok(key);
            }
        };
        let found = match key {
            Some(key) => Some(key),
            None => first.key(&mut self.keys),
        };
        *payload = Payload::Plain(inner);
        found.map(Some).ok_or_else(|| "expected a key: a number, a keyword or a string".to_owned())
    }

    #[inline]
    fn invoke(&mut self, process: u32, key: Option<Key>, event: &mut Event) -> Result<(), String> {
        let mut call = call_of(event)?;
        forget(&mut call);
        let open = self.clients.of(process);
        if !matches!(call, Call::Txn(_)) {
            // The end of its last operation is missing: nobody knows how that went, and no later end is its.
            open.clear();
        }
        open.push(self.entries.len());
        let position = self.tick(event, true);
        self.entries.push(Entry {
            invoked: Time(event.time.unwrap_or(position)),
            invoked_index: position,
            ..blank(process, Operation { key, call })
        });
        if let Some((places, _)) = &mut self.places {
            places.push(event.at);
        }
        Ok(())
    }

    /// The position of this event among those that count.
    #[inline]
    fn tick(&mut self, event: &Event, counts: bool) -> u64 {
        let position = self.position;
        self.position += u64::from(counts);
        if self.dialect.ours { event.index.unwrap_or(position) } else { position }
    }

    /// The open operation that this event ends, which is open no longer.
    #[inline]
    fn partner(&mut self, process: u32, event: &Event) -> Option<usize> {
        let open = self.clients.of(process);
        let mut index = open.first()?;
        if let (Payload::Steps(told), true) = (&event.payload, open.is_several()) {
            let fits = |index: &usize| match &self.entries[*index].operation.call {
                Call::Txn(asked) => same_steps(asked, told),
                _ => false,
            };
            index = open.all().find(fits).unwrap_or(index);
        }
        open.remove(index);
        Some(index)
    }

    fn history(self) -> Assembled {
        let (names, shift) = self.keys.finish();
        let early = self.orphans.len() as u64;
        let mut entries = self.entries;
        let (mut places, mut orphan_places) = self.places.unwrap_or_default();
        if early > 0 {
            for entry in &mut entries {
                entry.invoked_index = entry.invoked_index.saturating_add(early);
                entry.completed_index = entry.completed_index.saturating_add(early);
            }
            let mut orphans = self.orphans;
            for (index, orphan) in orphans.iter_mut().enumerate() {
                orphan.invoked_index = index as u64;
                orphan.completed_index = orphan.completed_index.saturating_add(early);
            }
            orphans.append(&mut entries);
            orphan_places.append(&mut places);
            (entries, places) = (orphans, orphan_places);
        }
        if self.dialect.ours && !entries.is_sorted_by_key(|entry| entry.invoked_index) {
            let mut order: Vec<usize> = (0..places.len()).collect();
            order.sort_by_key(|&index| entries[index].invoked_index);
            places = order.into_iter().map(|index| places[index]).collect();
            entries.sort_by_key(|entry| entry.invoked_index);
        }
        if !names.is_empty() && shift > 0 {
            entries.iter_mut().for_each(|entry| settle(entry, shift));
        }
        if !self.dialect.ours && reads_lists(&entries) {
            entries.iter_mut().for_each(as_set);
        }
        Assembled { history: History { entries }, names, places }
    }
}

/// Whether this is an invocation on a pair `[key value]`; `None` of an event that tells nothing of it.
fn is_tuple(event: &Event) -> Option<bool> {
    if event.kind != Some(Kind::Invoke) || event.process == Process::Other {
        return None;
    }
    if event.key != Keyed::No || event.function == Some(Function::Txn) {
        return Some(false);
    }
    let is_cas = event.function == Some(Function::Cas);
    Some(match &event.payload {
        Payload::Pair(..) => !is_cas,
        Payload::Plain(value) => value.pair().is_some_and(|(key, inner)| {
            matches!(key, Datum::Int(_) | Datum::Text(_) | Datum::Word(_))
                && !(is_cas && inner.pair().is_none())
        }),
        Payload::Absent | Payload::Steps(_) => false,
    })
}

/// An operation that has not ended.
#[inline(always)]
pub(super) fn blank(process: u32, operation: Operation) -> Entry {
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

/// The call of an event, whose payload is taken.
#[inline]
fn call_of(event: &mut Event) -> Result<Call, String> {
    match (std::mem::take(&mut event.payload), &event.function) {
        (Payload::Steps(steps), _) => Ok(Call::Txn(steps)),
        (payload, Some(function)) => calls::call(function, payload),
        (_, None) => Err("this event has no :f".to_owned()),
    }
}

/// Takes back what an invocation cannot know yet.
#[inline]
fn forget(call: &mut Call) {
    if let Call::Txn(steps) = call {
        for step in steps {
            if let Micro::Read(_, value) = step {
                *value = None;
            }
        }
    }
}

/// A step as its invocation has it.
fn asked(step: &Micro) -> Micro {
    match step {
        Micro::Read(key, _) => Micro::Read(*key, None),
        step => step.clone(),
    }
}

/// Gives an operation its end.
#[inline]
fn end(
    entry: &mut Entry,
    event: &mut Event,
    kind: Kind,
    position: u64,
    dialect: Dialect,
) -> Result<(), String> {
    entry.attempts = event.attempts;
    entry.answered_by = event.node;
    let reason = event.reason();
    let time = Time(event.time.unwrap_or(position));
    entry.outcome = match kind {
        Kind::Info | Kind::Invoke => Outcome::Unknown(reason),
        Kind::Fail if dialect.format == Format::PorcupineEtcd => etcd_failure(&entry.operation.call, reason),
        Kind::Fail if dialect.ours && event.error == Some(Ending::Mismatch) => {
            Outcome::Ok(Answer::Value(Value::Bool(false)))
        }
        Kind::Fail => Outcome::Failed(reason),
        Kind::Ok => answered(entry, event, dialect),
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

#[inline]
fn answered(entry: &mut Entry, event: &mut Event, dialect: Dialect) -> Outcome {
    if let Some(answer) = event.answer.take() {
        return Outcome::Ok(Answer::Value(answer.into_value()));
    }
    let call = &mut entry.operation.call;
    let told = match std::mem::take(&mut event.payload) {
        Payload::Steps(steps) => return Outcome::Ok(Answer::Txn(steps)),
        Payload::Absent | Payload::Plain(Datum::Nil) => Value::Nil,
        told => {
            if dialect.format == Format::JepsenEdn && !dialect.ours {
                // Knossos completes an invocation with what its end says, so an argument that differs there is the true one.
                calls::amend(call, &told);
            }
            match told {
                Payload::Pair(..) if matches!(call, Call::Cas { .. }) => Value::Nil,
                told => told.into_datum().map_or(Value::Nil, Datum::into_value),
            }
        }
    };
    if matches!(call, Call::Txn(_)) {
        return Outcome::Ok(Answer::Txn(Vec::new()));
    }
    if dialect.nil_is_anything && told == Value::Nil && *call == Call::Read {
        return Outcome::Unknown(Reason::Unstated);
    }
    Outcome::Ok(Answer::Value(calls::answer(call, told)))
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
