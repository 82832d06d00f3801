//! The state machine that the log drives: a map from keys to values, and the clients' sessions (D 6.3), so that a
//! write that is retried is applied once.
//!
//! It offers registers, lists, counters, sets, queues and stacks under each key, and transactions over several.
//! Deliberately absent: locks and calls of services, which are rejected; the end of sessions, which last for a run.

use sim_core::history::Answer;
use sim_core::numbered::Numbered;
use sim_core::value::{Call, Key, Micro, Operation, Value};

use super::entry::Command;
use crate::wal::bytes::{Reader, Writer};

/// A client process's latest write.
#[derive(Clone, Debug, PartialEq)]
struct Session {
    serial: u32,
    answer: Brief,
}

/// An answer; the common ones in a word and a half, which a function returns without going through memory.
#[derive(Clone, Debug, PartialEq)]
enum Brief {
    Nil,
    Bool(bool),
    Int(i64),
    Other(Box<Answer>),
}

impl From<Answer> for Brief {
    #[inline]
    fn from(answer: Answer) -> Brief {
        match answer {
            Answer::Value(Value::Nil) => Brief::Nil,
            Answer::Value(Value::Bool(bool)) => Brief::Bool(bool),
            Answer::Value(Value::Int(int)) => Brief::Int(int),
            other => Brief::Other(Box::new(other)),
        }
    }
}

impl Brief {
    fn whole(&self) -> Answer {
        Answer::Value(match self {
            Brief::Nil => Value::Nil,
            Brief::Bool(bool) => Value::Bool(*bool),
            Brief::Int(int) => Value::Int(*int),
            Brief::Other(answer) => return (**answer).clone(),
        })
    }
}

/// The replicated state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Machine {
    /// The object of operations without a key.
    single: Value,
    map: Numbered<Value>,
    sessions: Numbered<Session>,
    /// Whether sessions are kept.
    deduplicates: bool,
    /// How many writes were asked for again and not applied again.
    repeated: u64,
}

impl Machine {
    /// An empty machine.
    #[must_use]
    pub fn new(deduplicates: bool) -> Machine {
        Machine { deduplicates, ..Machine::default() }
    }

    /// Whether the machine offers a call.
    #[must_use]
    pub fn offers(operation: &Operation) -> bool {
        !matches!(operation.call, Call::Acquire | Call::Release | Call::Invoke { .. })
    }

    /// The answer that a write has got already, if it is its process's latest.
    #[must_use]
    pub fn answered(&self, process: u32, serial: u32) -> Option<Answer> {
        let session = self.sessions.get(u64::from(process));
        session.filter(|session| session.serial == serial).map(|session| session.answer.whole())
    }

    /// Applies a command; answers what its client is to be told, if that is `asked` for here. `None` for a write older than
    /// its session's latest, whose client waits no more.
    pub fn apply(&mut self, command: &Command, asked: bool) -> Option<Answer> {
        let operation = &command.operation;
        if operation.call.is_read_only() {
            return asked.then(|| self.read(operation));
        }
        if !self.deduplicates {
            return Some(self.write(operation).whole()).filter(|_| asked);
        }
        let process = u64::from(command.process);
        if let Some(session) = self.sessions.get(process)
            && session.serial >= command.serial
        {
            self.repeated += 1;
            return (asked && session.serial == command.serial).then(|| session.answer.whole());
        }
        let answer = self.write(operation);
        let told = asked.then(|| answer.whole());
        match self.sessions.get_mut(process) {
            Some(session) => (session.serial, session.answer) = (command.serial, answer),
            None => self.sessions.insert(process, Session { serial: command.serial, answer }),
        }
        told
    }

    /// The answer of an operation that only reads.
    #[must_use]
    pub fn read(&self, operation: &Operation) -> Answer {
        let value = self.get(operation.key);
        Answer::Value(match &operation.call {
            Call::Contains(item) => Value::Bool(items(value).contains(item)),
            Call::Txn(steps) => {
                let mut told = steps.clone();
                for step in &mut told {
                    if let Micro::Read(key, seen) = step {
                        *seen = Some(self.get(Some(*key)).clone());
                    }
                }
                return Answer::Txn(told);
            }
            _ => value.clone(),
        })
    }

    fn get(&self, key: Option<Key>) -> &Value {
        match key {
            None => &self.single,
            Some(key) => self.map.get(key.0).unwrap_or(&Value::Nil),
        }
    }

    #[inline(always)]
    fn place(&mut self, key: Option<Key>) -> &mut Value {
        match key {
            None => &mut self.single,
            Some(key) => self.map.get_or_default(key.0),
        }
    }

    #[inline]
    fn write(&mut self, operation: &Operation) -> Brief {
        if let Call::Txn(steps) = &operation.call {
            return self.transaction(steps).into();
        }
        if let (Call::Delete, Some(key)) = (&operation.call, operation.key) {
            self.map.swap_remove(key.0);
            return Brief::Nil;
        }
        let place = self.place(operation.key);
        let mut answer = Brief::Nil;
        match &operation.call {
            Call::Write(value) => place.clone_from(value),
            Call::Delete => *place = Value::Nil,
            Call::Cas { from, to } => {
                let equal = *place == *from;
                if equal {
                    place.clone_from(to);
                }
                answer = Brief::Bool(equal);
            }
            Call::Append(value) => append(place, value),
            Call::Add(n) => {
                let sum = if let Value::Int(sum) = place { sum.wrapping_add(*n) } else { *n };
                *place = Value::Int(sum);
                answer = Brief::Int(sum);
            }
            Call::Insert(value) => {
                let fresh = !items(place).contains(value);
                if fresh {
                    append(place, value);
                }
                answer = Brief::Bool(fresh);
            }
            Call::Remove(value) => {
                let was = items(place).iter().position(|item| item == value);
                if let (Some(i), Value::List(list)) = (was, place) {
                    list.remove(i);
                }
                answer = Brief::Bool(was.is_some());
            }
            Call::Enqueue(value) | Call::Push(value) => append(place, value),
            Call::Dequeue => {
                if let Value::List(list) = place
                    && !list.is_empty()
                {
                    answer = Answer::Value(list.remove(0)).into();
                }
            }
            Call::Pop => {
                if let Value::List(list) = place {
                    answer = Answer::Value(list.pop().unwrap_or_default()).into();
                }
            }
            _ => {}
        }
        answer
    }

    fn transaction(&mut self, steps: &[Micro]) -> Answer {
        let mut told = steps.to_vec();
        for step in &mut told {
            match step {
                Micro::Append(key, value) => append(self.place(Some(*key)), value),
                Micro::Write(key, value) => self.place(Some(*key)).clone_from(value),
                Micro::Read(key, seen) => *seen = Some(self.get(Some(*key)).clone()),
            }
        }
        Answer::Txn(told)
    }

    /// How many writes were asked for again and not applied again.
    #[must_use]
    pub fn repeated(&self) -> u64 {
        self.repeated
    }

    /// How many keys hold something.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.map.len()
    }

    /// Writes the whole state, for a snapshot.
    pub fn save(&self, out: &mut Vec<u8>) {
        let mut writer = Writer(out);
        writer.value(&self.single);
        writer.number(self.map.len() as u64);
        for (key, value) in self.map.iter() {
            writer.number(*key);
            writer.value(value);
        }
        writer.number(self.sessions.len() as u64);
        for (process, session) in self.sessions.iter() {
            writer.number(*process);
            writer.number(u64::from(session.serial));
            match &session.answer.whole() {
                Answer::Value(value) => {
                    writer.byte(0);
                    writer.value(value);
                }
                Answer::Txn(steps) => {
                    writer.byte(1);
                    writer.steps(steps);
                }
            }
        }
    }

    /// The state that was saved; `None` if the bytes are something else.
    #[must_use]
    pub fn load(deduplicates: bool, bytes: &[u8]) -> Option<Machine> {
        let mut reader = Reader(bytes);
        let mut machine = Machine::new(deduplicates);
        machine.single = reader.value()?;
        for _ in 0..reader.count()? {
            let key = reader.number()?;
            machine.map.insert(key, reader.value()?);
        }
        for _ in 0..reader.count()? {
            let process = u64::from(u32::try_from(reader.number()?).ok()?);
            let serial = u32::try_from(reader.number()?).ok()?;
            let answer = match reader.byte()? {
                0 => Answer::Value(reader.value()?),
                1 => Answer::Txn(reader.steps()?),
                _ => return None,
            };
            machine.sessions.insert(process, Session { serial, answer: answer.into() });
        }
        reader.is_empty().then_some(machine)
    }
}

/// The elements of a list; none of anything else.
fn items(value: &Value) -> &[Value] {
    if let Value::List(items) = value { items } else { &[] }
}

/// Adds at the end: text to text, an element to a list; what is neither becomes a list first.
fn append(place: &mut Value, value: &Value) {
    match (&mut *place, value) {
        (Value::Text(text), Value::Text(more)) => *place = Value::Text(format!("{text}{more}").into()),
        (Value::Nil, Value::Text(_)) => place.clone_from(value),
        (Value::List(list), _) => list.push(value.clone()),
        (Value::Nil, _) => *place = Value::List(vec![value.clone()]),
        (other, _) => *place = Value::List(vec![std::mem::take(other), value.clone()]),
    }
}

#[cfg(test)]
mod tests {
    use super::Machine;
    use crate::raft::entry::Command;
    use sim_core::history::Answer;
    use sim_core::value::{Call, Key, Micro, Operation, Value};

    fn apply(machine: &mut Machine, serial: u32, call: Call) -> Option<Answer> {
        let operation = Operation { key: Some(Key(1)), call };
        machine.apply(&Command { process: 7, serial, operation }, true)
    }

    fn value(value: impl Into<Value>) -> Option<Answer> {
        Some(Answer::Value(value.into()))
    }

    #[test]
    fn a_repeated_write_is_applied_once() {
        let mut machine = Machine::new(true);
        assert_eq!(apply(&mut machine, 1, Call::Add(5)), value(5));
        assert_eq!(apply(&mut machine, 1, Call::Add(5)), value(5));
        assert_eq!(apply(&mut machine, 2, Call::Add(1)), value(6));
        assert_eq!(apply(&mut machine, 1, Call::Add(5)), None);
        assert_eq!((apply(&mut machine, 3, Call::Read), machine.repeated()), (value(6), 2));
        let mut careless = Machine::new(false);
        apply(&mut careless, 1, Call::Add(5));
        assert_eq!(apply(&mut careless, 1, Call::Add(5)), value(10));
    }

    #[test]
    fn objects_of_every_kind_and_back_from_a_snapshot() {
        let mut machine = Machine::new(true);
        let list = |items: &[i64]| Value::List(items.iter().map(|n| Value::Int(*n)).collect());
        let script = [
            (Call::Write(1.into()), Value::Nil),
            (Call::Cas { from: 1.into(), to: 2.into() }, Value::Bool(true)),
            (Call::Cas { from: 1.into(), to: 3.into() }, Value::Bool(false)),
            (Call::Append(9.into()), Value::Nil),
            (Call::Read, list(&[2, 9])),
            (Call::Contains(9.into()), Value::Bool(true)),
            (Call::Insert(9.into()), Value::Bool(false)),
            (Call::Enqueue(5.into()), Value::Nil),
            (Call::Dequeue, 2.into()),
            (Call::Pop, 5.into()),
            (Call::Remove(9.into()), Value::Bool(true)),
            (Call::Dequeue, Value::Nil),
            (Call::Delete, Value::Nil),
            (Call::Append("a".into()), Value::Nil),
            (Call::Append("b".into()), Value::Nil),
            (Call::Read, "ab".into()),
        ];
        for (serial, (call, expected)) in (1..).zip(script) {
            assert_eq!(apply(&mut machine, serial, call.clone()), value(expected), "{call:?}");
        }
        let steps = vec![Micro::Append(Key(2), 1.into()), Micro::Read(Key(2), None)];
        let told = apply(&mut machine, 99, Call::Txn(steps));
        let expected = vec![Micro::Append(Key(2), 1.into()), Micro::Read(Key(2), Some(list(&[1])))];
        assert_eq!(told, Some(Answer::Txn(expected)));
        let mut bytes = Vec::new();
        machine.save(&mut bytes);
        let loaded = Machine::load(true, &bytes).expect("what was saved");
        assert_eq!((&loaded.map, &loaded.sessions), (&machine.map, &machine.sessions));
        assert!(Machine::load(true, &bytes[..bytes.len() - 1]).is_none());
    }
}
