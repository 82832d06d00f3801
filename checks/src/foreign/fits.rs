//! Whether a history is of the kind that a question is about: an operation that a model does not have would be passed
//! over, or make the answer no answer.
//!
//! Deliberately absent: judgement.

use sim_core::history::{Answer, Entry, Outcome};
use sim_core::value::{Call, Micro};

use super::{Level, Subject};
use crate::format::Foreign;
use crate::linearizability::Model;
use crate::transactions::Workload;

/// An operation that what was asked about does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Its place in the history; [`crate::format::operation_line`] tells the line of its file.
    pub operation: usize,
    /// In words, with the operations that there are.
    pub reason: String,
}

impl super::Question {
    /// The first operation that what was asked about does not have; `None` if the history fits.
    #[must_use]
    pub fn misfit(&self, foreign: &Foreign) -> Option<Misfit> {
        let (name, has) = match &self.subject {
            Subject::Objects(_, levels) if levels.iter().any(|level| level.is_of_registers()) => {
                ("a register", "read, write, cas, delete, append, txn")
            }
            Subject::Objects(model, _) => operations(*model),
            Subject::Transactions(options, _) if options.workload == Workload::ListAppend => {
                ("list-append", "transactions of appends and reads, append, read")
            }
            Subject::Transactions(..) => {
                ("rw-register", "transactions of writes and reads, write, read, cas, delete")
            }
            Subject::SetFull(_) => ("set-full", "add, read"),
            Subject::Invariant(invariant, _) => (invariant.name(), invariant.operations()),
        };
        let entries = foreign.history.entries.iter();
        let (operation, entry) = entries.enumerate().find(|(_, entry)| !self.has(entry))?;
        let called = entry.operation.call.name();
        let reason = match &entry.operation.call {
            Call::Txn(_) if matches!(self.subject, Subject::Transactions(..)) => {
                format!("{name} has no such step in a transaction; it has {has}")
            }
            _ => format!("{name} has no operation \"{called}\"; it has {has}"),
        };
        Some(Misfit { operation, reason })
    }

    fn has(&self, entry: &Entry) -> bool {
        let call = &entry.operation.call;
        match &self.subject {
            Subject::Objects(_, levels) if levels.iter().any(|level| Level::is_of_registers(*level)) => {
                matches!(
                    call,
                    Call::Read
                        | Call::Write(_)
                        | Call::Cas { .. }
                        | Call::Delete
                        | Call::Append(_)
                        | Call::Txn(_)
                )
            }
            Subject::Objects(model, _) => object_has(*model, call),
            Subject::Transactions(options, _) => transactions_have(options.workload, entry),
            Subject::SetFull(_) => matches!(call, Call::Insert(_) | Call::Add(_) | Call::Read),
            Subject::Invariant(invariant, _) => invariant.understands(call),
        }
    }
}

/// What an object is called, and the operations that it has.
fn operations(model: Model) -> (&'static str, &'static str) {
    match model {
        Model::Register | Model::KeyValue => ("a register", "read, write, cas, delete, append"),
        Model::MultiRegister => ("a multi-register", "txn"),
        Model::Set => ("a set", "insert (or add), remove, contains, read"),
        Model::Queue => ("a queue", "enqueue, dequeue"),
        Model::Stack => ("a stack", "push, pop"),
        Model::PriorityQueue => ("a priority queue", "enqueue, dequeue"),
        Model::Counter => ("a counter", "add, read"),
        Model::Mutex => ("a mutex", "acquire, release, read"),
        Model::Log => ("a log", "append, read"),
    }
}

fn object_has(model: Model, call: &Call) -> bool {
    match model {
        Model::Register | Model::KeyValue => {
            matches!(call, Call::Read | Call::Write(_) | Call::Cas { .. } | Call::Delete | Call::Append(_))
        }
        Model::MultiRegister => matches!(call, Call::Txn(_)),
        Model::Set => {
            matches!(call, Call::Insert(_) | Call::Add(_) | Call::Remove(_) | Call::Contains(_) | Call::Read)
        }
        Model::Queue | Model::PriorityQueue => matches!(call, Call::Enqueue(_) | Call::Dequeue),
        Model::Stack => matches!(call, Call::Push(_) | Call::Pop),
        Model::Counter => matches!(call, Call::Add(_) | Call::Read),
        Model::Mutex => matches!(call, Call::Acquire | Call::Release | Call::Read),
        Model::Log => matches!(call, Call::Append(_) | Call::Read),
    }
}

fn transactions_have(workload: Workload, entry: &Entry) -> bool {
    let foreign = |step: &Micro| match step {
        Micro::Append(..) => workload == Workload::RwRegister,
        Micro::Write(..) => workload == Workload::ListAppend,
        Micro::Read(..) => false,
    };
    let steps = match (&entry.operation.call, &entry.outcome) {
        (Call::Txn(_), Outcome::Ok(Answer::Txn(told))) => told,
        (Call::Txn(asked), _) => asked,
        (Call::Read, _) => return true,
        (Call::Append(_), _) => return workload == Workload::ListAppend,
        (Call::Write(_) | Call::Cas { .. } | Call::Delete, _) => return workload == Workload::RwRegister,
        _ => return false,
    };
    !steps.iter().any(foreign)
}
