//! What the pictures of a violation need to know of where it happened: a run of ours, or a history from anywhere.
//!
//! Deliberately absent: the violation itself, which is the witness's.

use checks::format::KeyNames;
use sim_core::history::History;
use sim_core::peer::Peer;
use sim_core::record::{NodeInfo, Record};
use sim_core::time::Time;
use sim_core::value::{Call, Micro, Operation};

use crate::heading::run_name;
use crate::lanes::{end_ns, end_of_history};
use crate::number::instant;

/// Where a violation happened.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// What it is called above the picture: the scenario with its seed, or the file.
    pub title: String,
    /// The operations that witnesses speak of.
    pub history: &'a History,
    nodes: &'a [NodeInfo],
    names: Option<&'a KeyNames>,
    end_ns: u64,
    /// Whether the history counts events and has no times.
    counts_events: bool,
}

impl<'a> Case<'a> {
    /// A run.
    #[must_use]
    pub fn of_run(record: &'a Record) -> Case<'a> {
        Case {
            title: run_name(record),
            history: &record.history,
            nodes: &record.nodes,
            names: None,
            end_ns: end_ns(record),
            counts_events: false,
        }
    }

    /// A history that was read from a file.
    #[must_use]
    pub fn of_file(file: &str, history: &'a History, names: &'a KeyNames) -> Case<'a> {
        let end_ns = end_of_history(history);
        // Where a file has no times, the reader gives each event its number.
        let events = history.entries.iter().map(|entry| entry.invoked_index.max(entry.completed_index)).max();
        let counts_events = end_ns <= events.unwrap_or(0).max(1);
        Case { title: file.to_string(), history, nodes: &[], names: Some(names), end_ns, counts_events }
    }

    /// An instant in words: `12.345 s`, `event 36`.
    #[must_use]
    pub fn instant(&self, at: Time) -> String {
        if self.counts_events { format!("event {}", at.0) } else { instant(at.0, self.end_ns) }
    }

    /// A node's name.
    #[must_use]
    pub fn node(&self, node: Peer) -> String {
        self.nodes.get(node.index()).map_or_else(|| node.to_string(), |info| info.name.clone())
    }

    /// What was asked, with the key's own name where it has one: `write x3 5`.
    #[must_use]
    pub fn asked(&self, operation: &Operation) -> String {
        let text = operation.to_string();
        let Some(names) = self.names else { return text };
        if let Call::Txn(steps) = &operation.call {
            let words = std::iter::once(operation.call.name().to_owned());
            return words.chain(steps.iter().map(|step| names.step(step))).collect::<Vec<_>>().join(" ");
        }
        let Some(key) = operation.key else { return text };
        text.replacen(&format!(" x{key}"), &format!(" {}", names.called(key)), 1)
    }

    /// A transaction's step, with the key's own name where it has one.
    #[must_use]
    pub fn step(&self, step: &Micro) -> String {
        self.names.map_or_else(|| step.to_string(), |names| names.step(step))
    }
}
