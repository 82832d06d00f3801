//! What can be asked of a history, by the names that `squall check --model` takes, each in a sentence.
//!
//! Deliberately absent: the other names that some of them have.

/// Every model and consistency, with what it asks.
pub const CATALOGUE: [(&str, &str); 38] = [
    (
        "register",
        "Linearizability of registers with read, write and compare-and-set; weaker ones by --consistency",
    ),
    ("multi-register", "Linearizability of registers read and written several at once"),
    ("key-value", "Linearizability of a map: read, write, compare-and-set, delete and append, by key"),
    ("set", "Linearizability of a set: insert, remove, contains, read"),
    ("queue", "Linearizability of a first-in, first-out queue"),
    ("stack", "Linearizability of a stack"),
    ("priority-queue", "Linearizability of a queue that gives out its least element"),
    ("counter", "Linearizability of a counter: add, read"),
    ("mutex", "Linearizability of a lock: acquire, release"),
    ("log", "Linearizability of a log: append, read"),
    ("linearizable", "One order of all operations that real time agrees with, of registers"),
    (
        "sequential",
        "One order of all operations that each process's own order agrees with; any object by --consistency",
    ),
    ("causal", "Whatever happened before is seen (Biswas & Enea's axioms), of registers of unique values"),
    ("read-atomic", "Of another transaction all is seen or nothing, of registers of unique values"),
    (
        "read-committed",
        "No read is older than what its transaction has seen before, of registers of unique values",
    ),
    ("read-your-writes", "A read is no older than its session's own writes, of registers of unique values"),
    (
        "monotonic-reads",
        "A read is no older than what its session read before, of registers of unique values",
    ),
    (
        "monotonic-writes",
        "Whoever saw a write sees all earlier ones of its session, of registers of unique values",
    ),
    (
        "writes-follow-reads",
        "Whoever saw a write sees what its session had read before, of registers of unique values",
    ),
    ("serializable", "Some order of whole transactions, no order of versions known: small histories"),
    ("strong-session-serializable", "The same, respecting each session: small histories"),
    ("strict-serializable", "The same, respecting real time: small histories"),
    ("snapshot-isolation", "Snapshots, and of two that write one key one saw the other: small histories"),
    ("strong-session-snapshot-isolation", "The same, respecting each session: small histories"),
    ("strong-snapshot-isolation", "The same, respecting real time: small histories"),
    (
        "list-append",
        "Isolation of transactions that append to lists, as Elle infers it; --consistency, --anomalies",
    ),
    (
        "rw-register",
        "Isolation of transactions on registers, as Elle infers it; --assume says what orders versions",
    ),
    ("set-full", "What became of each element added to a set: lost, stale, duplicated, never read"),
    ("bank", "Every read of all accounts sums to the same total, and none is overdrawn"),
    ("counter-bounds", "A counter's reads lie between what must have arrived and what can have"),
    ("long-fork", "No two reads see two writes in opposite orders"),
    ("write-skew", "No two transactions read what the other replaced"),
    ("convergence", "Reads that begin long enough after a key's last write agree"),
    ("k-staleness", "No answer misses more than --versions newer versions"),
    ("t-staleness", "No answer was out of date for longer than --age"),
    ("lost-writes", "No acknowledged write is gone once its key is quiet, nor any old one back"),
    (
        "resurrected-writes",
        "No replaced or removed value is back once its key is quiet, nor any new one gone",
    ),
    ("lost-updates", "Once its key is quiet, each acknowledged write is there, or something that knew of it"),
];

#[cfg(test)]
mod tests {
    use super::CATALOGUE;
    use crate::foreign::{Bounds, Question, Words};

    #[test]
    fn each_can_be_asked() {
        for (model, _) in CATALOGUE {
            let stale = model.ends_with("staleness");
            let bounds = Bounds { versions: stale.then_some(1), ..Bounds::default() };
            let question = Question::new(&Words { model, bounds, ..Words::default() });
            assert!(question.is_ok(), "{model}: {question:?}");
        }
    }

    #[test]
    fn every_model_is_there() {
        for (_, model) in crate::linearizability::Model::NAMES {
            assert!(CATALOGUE.iter().any(|(name, _)| *name == model.name()), "{model}");
        }
    }
}
