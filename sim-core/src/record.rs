//! What a run leaves behind. Everything after the world (checkers, metrics, pictures) reads it and nothing else.
//!
//! Deliberately absent: verdicts, which are `checks`' business, and wall-clock figures, which are nobody's.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::history::History;
use crate::peer::Peer;
use crate::time::Time;
use crate::value::{Key, Value};

/// One finished run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The scenario's name; empty for a world built in code.
    pub scenario: String,
    /// The hash of the scenario as it was run, overrides included; empty for a world built in code.
    pub scenario_hash: String,
    /// The seed.
    pub seed: u64,
    /// The hash of every event.
    pub fingerprint: Fingerprint,
    /// How many events happened.
    pub events: u64,
    /// When the run ended.
    pub ended: Time,
    /// When the last fault was healed for good and the system was left to settle.
    pub healed: Option<Time>,
    /// How many nodes there are.
    #[serde(default)]
    pub node_count: u32,
    /// The nodes, by index; empty for clusters of more than a hundred thousand, which have no names.
    pub nodes: Vec<NodeInfo>,
    /// The names of the clients, by index.
    pub clients: Vec<String>,
    /// Every operation.
    pub history: History,
    /// How often each mark was made.
    pub marks: IndexMap<String, u64>,
    /// Every change of a node's status, in order.
    pub statuses: Vec<StatusChange>,
    /// Every start and stop of a node, in order.
    pub lives: Vec<LifeChange>,
    /// Every fault as it was injected, in order.
    pub faults: Vec<Injection>,
    /// What became of the messages.
    pub network: NetworkCounts,
    /// The numbers that nodes asked to keep, by name.
    pub measures: IndexMap<String, Vec<Measure>>,
    /// When and in what all replicas of an object were alike, where somebody looked.
    #[serde(default)]
    pub agreed: Vec<Agreed>,
    /// Parts of requests' traces, in the order they ended.
    #[serde(default)]
    pub spans: Vec<TraceSpan>,
    /// What stopped the run early, if something did.
    pub violation: Option<Violation>,
}

/// A node as the record names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeInfo {
    /// Its name in the scenario: `n0` unless it was given another.
    pub name: String,
    /// The zone it is in, `region/zone`; empty where there is no topology.
    pub place: String,
}

/// A node became something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusChange {
    /// When.
    pub at: Time,
    /// Who.
    pub node: Peer,
    /// The role in the protocol's own word.
    pub role: String,
    /// The term, view or epoch.
    pub epoch: u64,
}

/// A node's process started, stopped, was paused or resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifeChange {
    /// When.
    pub at: Time,
    /// Who.
    pub node: Peer,
    /// What.
    pub life: Life,
}

/// What happened to a node's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Life {
    /// It booted.
    Up,
    /// It was stopped from outside, and lost what was not synced.
    Crashed,
    /// It stopped itself.
    Halted,
    /// It stands still, and will go on where it was.
    Paused,
    /// It goes on.
    Resumed,
}

/// A fault that was injected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Injection {
    /// When it began.
    pub at: Time,
    /// When it ended; `None` if it lasted to the end of the run or has no length.
    pub until: Option<Time>,
    /// The fault's name: `Crash`, `Partition`.
    pub fault: String,
    /// The nodes and clients it fell on.
    pub targets: Vec<Peer>,
    /// What exactly was done, in words: `n0 n1 | n2 n3 n4`.
    pub detail: String,
    /// Which line of the plan it came from.
    pub line: usize,
}

/// What became of the messages, requests and replies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkCounts {
    /// Handed to the network.
    pub sent: u64,
    /// Handed to a live node or a client.
    pub delivered: u64,
    /// Their bytes when handed to the network.
    pub bytes: u64,
    /// Lost on a link.
    pub lost: u64,
    /// Delivered a second time.
    pub duplicated: u64,
    /// Stopped by a partition.
    pub blocked: u64,
    /// Dropped by a link's full queue, or too large for its MTU.
    pub overflowed: u64,
    /// Dropped because they arrived damaged and a checksum found it.
    pub corrupted: u64,
    /// Arrived at a node that was down.
    pub to_dead: u64,
    /// Turned away by a node's full inbox.
    pub inbox_full: u64,
}

/// A number a node asked to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// When.
    pub at: Time,
    /// Who.
    pub node: Peer,
    /// What.
    pub value: i64,
}

/// For a while, each time somebody looked, all replicas of an object held these values and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// The object.
    pub key: Option<Key>,
    /// One value, several for siblings; nothing for what was removed.
    pub values: Vec<Value>,
    /// The first look at which it was so.
    pub from: Time,
    /// The last of them.
    pub until: Time,
}

/// Part of one request's trace: what one node did for it, from when to when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceSpan {
    /// The request.
    pub trace: u64,
    /// This part; unique in its trace.
    pub span: u64,
    /// The part that caused it; 0 for the first.
    pub parent: u64,
    /// Where it happened.
    pub node: Peer,
    /// What it was.
    pub name: String,
    /// When it began.
    pub begin: Time,
    /// When it ended.
    pub end: Time,
    /// Whether it ended well.
    pub ok: bool,
}

/// A property of the model that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// When it was seen.
    pub at: Time,
    /// At which node.
    pub node: Peer,
    /// The property's name.
    pub property: String,
    /// What was seen, in words.
    pub detail: String,
}
