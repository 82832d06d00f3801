//! Sequential consistency (Lamport, IEEE Trans. Computers 1979): one order of all operations that every session's own
//! order agrees with, and in which each read sees the last write of its key.
//!
//! It is serializability of single operations that respects sessions, and decided as that
//! ([`crate::transactions::unordered`]): what must be is filled in, the rest is searched. Other objects, and values that
//! repeat, are searched by [`crate::linearizability::sequential`]. Deliberately absent: long histories with many writers
//! of one key, for which the problem is NP-complete.

use sim_core::history::{Entry, History};
use sim_core::value::{Call, Micro, Value};

use crate::linearizability::{self, Model};
use crate::naming::Named;
use crate::transactions::unordered::{self, Isolation, Respect};
use crate::verdict::Verdict;

/// Judges a history of any model: what is linearizable is sequentially consistent; reads and writes of registers of unique
/// values are decided as transactions are; all else is searched.
#[must_use]
pub fn check_model(history: &History, model: Model, options: &linearizability::Options) -> Verdict {
    if linearizability::decide(history, model, options).word() == "pass" {
        return Verdict::Pass;
    }
    let plain = |entry: &Entry| match &entry.operation.call {
        Call::Read | Call::Write(_) => true,
        Call::Txn(steps) => !steps.iter().any(|step| matches!(step, Micro::Append(..))),
        _ => false,
    };
    if matches!(model, Model::Register | Model::KeyValue | Model::MultiRegister)
        && history.entries.iter().all(plain)
    {
        let verdict = check(Named::new(history, &options.names), &options.initial);
        if !matches!(verdict, Verdict::Unknown(_)) {
            return verdict;
        }
    }
    linearizability::sequential::check(history, model, options)
}

/// Judges reads and writes of registers of unique values; `initial` is what each holds before the first write.
#[must_use]
pub fn check<'h>(history: impl Into<Named<'h>>, initial: &Value) -> Verdict {
    match unordered::check(history, Isolation::Serializable, Respect::Sessions, initial) {
        Verdict::Fail(mut witness) => {
            if witness.anomaly == "serializability violation" {
                witness.anomaly = "sequential consistency violation".to_string();
                witness.headline = witness.headline.replace("serializability", "sequential consistency");
            }
            Verdict::Fail(witness)
        }
        other => other,
    }
}
