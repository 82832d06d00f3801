//! Anti-entropy: nodes compare their databases with random others and settle the differences (Demers et al., PODC'87,
//! §1.3), by exchanging everything, checksums first, or the hashes of a Merkle tree.
//!
//! A database maps keys to versions; the greater version wins. Nodes write keys of their own at an interval, or clients
//! do: a write is answered at once, a read from what is there. Deliberately absent: deletion (and so death
//! certificates), and durability: a restarted node starts empty and is filled by the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sim_core::fingerprint::content;
use sim_core::node::{Context, Node, Reply, Request};
use sim_core::peer::Peer;
use sim_core::time::Span;
use sim_core::units::Bytes;
use sim_core::value::{Call, Value};
use sim_core::world::NodeGroup;

use crate::gossip::rumor::Exchange;
use crate::gossip::{someone_else, tree};
use crate::model::{Cluster, Model, Words};

/// The settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AntiEntropy {
    /// How often a node compares with a random other; the first time at a random instant of the first interval.
    pub interval: Span,
    /// Whether differences flow from the caller, to it, or both ways.
    pub exchange: Exchange,
    /// How databases are compared.
    pub compare: Compare,
    /// How often each of the writers writes a key of its own; never if absent.
    #[serde(default)]
    pub writes: Option<Span>,
    /// How many nodes write: the first so many.
    #[serde(default)]
    pub writers: u32,
    /// The size of a key with its version and value.
    pub entry: Bytes,
}

/// How databases are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Compare {
    /// Everything is sent.
    Full,
    /// A checksum of everything is sent first, and everything only if they differ (§1.3).
    Checksum,
    /// A tree of hashes over key ranges is walked down to the leaves that differ (Merkle; as in Dynamo, §4.7).
    Merkle {
        /// The tree has 2^depth leaves.
        depth: u8,
    },
}

impl Compare {
    /// The depth of the tree of hashes; 0 where there is one hash for all.
    #[must_use]
    pub fn depth(self) -> u32 {
        match self {
            Compare::Merkle { depth } => u32::from(depth),
            Compare::Full | Compare::Checksum => 0,
        }
    }

    /// Whether the settings make sense.
    ///
    /// # Errors
    /// What is wrong with the depth.
    pub fn check(self) -> Result<(), String> {
        match self {
            Compare::Merkle { depth } if depth == 0 || depth > 20 => Err("from 1 to 20".to_string()),
            _ => Ok(()),
        }
    }
}

/// A version: (count, writer), so that no two are equal.
type Version = (u64, u32);
/// A key with its version and its value.
type Row = (u64, Version, i64);

/// What nodes say.
#[derive(Clone, Debug, Hash)]
pub enum Message {
    /// Hashes of subtrees, by their number in the tree (1 is the root): shall we compare?
    Hashes(Vec<(u32, u64)>),
    /// Rows of these leaves (the root for all), and whether the other is to send its newer ones back.
    Rows {
        /// Which leaves they are all the rows of.
        leaves: Vec<u32>,
        /// The rows.
        rows: Vec<Row>,
        /// Whether an answer is wanted.
        asks: bool,
        /// The size of a row.
        entry: u32,
    },
}

/// What a node is reminded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// To compare with another.
    Compare,
    /// To write.
    Write,
}

/// What the nodes of a run share.
#[derive(Debug)]
pub struct Shared {
    settings: AntiEntropy,
    nodes: u32,
}

/// A node and its database.
pub struct AntiEntropyNode {
    shared: Arc<Shared>,
    rows: BTreeMap<u64, (Version, i64)>,
    written: u64,
}

type Ctx<'a> = Context<'a, Message, Timer>;

impl Node for AntiEntropyNode {
    type Config = Arc<Shared>;
    type Message = Message;
    type Timer = Timer;
    const MESSAGE_KINDS: &'static [&'static str] = &["hashes", "rows"];

    fn boot(shared: &Arc<Shared>, ctx: &mut Ctx<'_>) -> AntiEntropyNode {
        let phase = ctx.rng().unit();
        ctx.arm(Timer::Compare, shared.settings.interval.times(phase));
        if let Some(gap) = shared.settings.writes.filter(|_| ctx.me().raw() < shared.settings.writers) {
            ctx.arm(Timer::Write, gap.times(phase));
        }
        AntiEntropyNode { shared: Arc::clone(shared), rows: BTreeMap::new(), written: 0 }
    }

    fn on_message(&mut self, from: Peer, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Hashes(hashes) => self.compare(from, &hashes, ctx),
            Message::Rows { leaves, rows, asks, .. } => {
                let theirs: BTreeMap<u64, Version> = rows.iter().map(|row| (row.0, row.1)).collect();
                if self.shared.settings.exchange != Exchange::Pull || !asks {
                    for row in rows {
                        self.apply(row, ctx);
                    }
                }
                if asks {
                    // Only what the other lacks or has older; what came in just now is no news to it.
                    let mut rows = self.rows_of(&leaves);
                    rows.retain(|(key, version, _)| theirs.get(key).is_none_or(|old| old < version));
                    if !rows.is_empty() {
                        self.send_rows(from, Vec::new(), rows, false, ctx);
                    }
                }
            }
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        match timer {
            Timer::Compare => {
                let to = someone_else(self.shared.nodes, ctx);
                match self.shared.settings.compare {
                    Compare::Full => self.offer(to, vec![1], ctx),
                    Compare::Checksum | Compare::Merkle { .. } => {
                        let hashes = vec![(1, self.hash(1))];
                        ctx.send(to, Message::Hashes(hashes));
                    }
                }
                ctx.arm(Timer::Compare, self.shared.settings.interval);
            }
            Timer::Write => {
                self.written += 1;
                let me = ctx.me().raw();
                let key = u64::from(me) << 32 | self.written;
                self.apply((key, (1, me), self.written as i64), ctx);
                if let Some(gap) = self.shared.settings.writes {
                    ctx.arm(Timer::Write, gap);
                }
            }
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_>) {
        let key = request.operation.key.map_or(0, |key| key.0);
        let held = self.rows.get(&key).copied();
        let reply = match request.operation.call {
            Call::Read => Reply::value(held.map_or(Value::Nil, |(_, value)| Value::Int(value))),
            Call::Write(Value::Int(value)) => {
                let count = held.map_or(0, |((count, _), _)| count) + 1;
                self.apply((key, (count, ctx.me().raw()), value), ctx);
                Reply::done()
            }
            _ => Reply::Rejected,
        };
        ctx.reply(request.id, reply);
    }

    fn message_bytes(message: &Message) -> u32 {
        match message {
            Message::Hashes(hashes) => 16 + 12 * hashes.len() as u32,
            Message::Rows { rows, entry, .. } => 16 + entry * rows.len() as u32,
        }
    }

    fn message_kind(message: &Message) -> &'static str {
        match message {
            Message::Hashes(_) => "hashes",
            Message::Rows { .. } => "rows",
        }
    }
}

impl AntiEntropyNode {
    /// How many keys it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A hash of all it has.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.hash(1)
    }

    fn rows_of(&self, subtrees: &[u32]) -> Vec<Row> {
        let inside = |key: &u64| subtrees.iter().any(|subtree| tree::below(content(key), *subtree));
        self.rows.iter().filter(|(key, _)| inside(key)).map(|(key, row)| (*key, row.0, row.1)).collect()
    }

    /// The hash of a subtree. Keys are spread by their hash.
    fn hash(&self, subtree: u32) -> u64 {
        tree::hash(self.rows.iter().map(|row| (content(row.0), content(&row))), subtree)
    }

    /// Compares the other's hashes with its own: differing subtrees are walked down, differing leaves exchanged.
    fn compare(&mut self, from: Peer, hashes: &[(u32, u64)], ctx: &mut Ctx<'_>) {
        let found = tree::walk(hashes, self.shared.settings.compare.depth(), |subtree| self.hash(subtree));
        if !found.deeper.is_empty() {
            ctx.send(from, Message::Hashes(found.deeper));
        }
        if !found.leaves.is_empty() {
            self.offer(from, found.leaves, ctx);
        }
    }

    /// Sends its rows of some subtrees; with pull, only their versions count and the answer is what is wanted.
    fn offer(&mut self, to: Peer, leaves: Vec<u32>, ctx: &mut Ctx<'_>) {
        let rows = self.rows_of(&leaves);
        let asks = self.shared.settings.exchange != Exchange::Push;
        self.send_rows(to, leaves, rows, asks, ctx);
    }

    fn send_rows(&mut self, to: Peer, leaves: Vec<u32>, rows: Vec<Row>, asks: bool, ctx: &mut Ctx<'_>) {
        // A caller that only pulls needs to send no values, only what it has: sixteen bytes a row.
        let pulls = asks && self.shared.settings.exchange == Exchange::Pull;
        let entry = if pulls { 16 } else { self.shared.settings.entry.0 as u32 };
        ctx.send(to, Message::Rows { leaves, rows, asks, entry });
    }

    /// Takes a row in if it is newer than what is there.
    fn apply(&mut self, (key, version, value): Row, ctx: &mut Ctx<'_>) {
        if self.rows.get(&key).is_none_or(|(old, _)| *old < version) {
            self.rows.insert(key, (version, value));
            ctx.mark("applied");
            // The version is part of what was applied: an overwritten key is another update.
            ctx.measure("applied", (content(&(key, version)) >> 1) as i64);
        }
    }
}

impl Model for AntiEntropy {
    type Node = AntiEntropyNode;
    type Invariants = ();

    const NAME: &'static str = "anti-entropy";
    const SUMMARY: &'static str = "databases compared with random others: in full, by checksums or Merkle trees (Demers et al., PODC'87)";

    const WORDS: Option<Words> =
        Some(Words { roles: &[], marks: &["applied"], messages: &["hashes", "rows"] });

    fn validate(&self, cluster: &Cluster) -> Result<(), (String, String)> {
        let fail = |path: &str, why: &str| Err((path.to_string(), why.to_string()));
        if cluster.nodes < 2 {
            return fail("", "comparing needs at least 2 nodes");
        }
        if self.interval == Span::ZERO {
            return fail("interval", "more than 0");
        }
        if self.writes == Some(Span::ZERO) {
            return fail("writes", "more than 0; leave it out for never");
        }
        if self.entry.0 == 0 || self.entry.0 > 1 << 24 {
            return fail("entry", "from 1B to 16MiB");
        }
        if self.compare != Compare::Full && self.exchange != Exchange::PushPull {
            return fail(
                "exchange",
                "hashes tell that there is a difference, not whose: PushPull, or compare: Full",
            );
        }
        self.compare.check().map_err(|why| ("compare.depth".to_string(), why))
    }

    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<Arc<Shared>>> {
        cluster.alike(Arc::new(Shared { settings: self.clone(), nodes: cluster.nodes }))
    }

    fn invariants(&self, _: &Cluster) {}
}
