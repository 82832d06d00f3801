//! One server with a map in memory and, if asked, on its disk: what every replicated store is measured against. All
//! other nodes point to it.
//!
//! Deliberately absent: replication of any kind. When the server is down, so is the service.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sim_core::disk::{SyncId, SyncResult};
use sim_core::history::Answer;
use sim_core::node::{Context, Node, Reply, Request, RequestId};
use sim_core::peer::Peer;
use sim_core::value::{Call, Key, Operation, Value};
use sim_core::world::NodeGroup;

use crate::model::{Cluster, Model};

/// The settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Solo {
    /// Whether a write is answered only once it is on the disk. If not, a restart forgets everything, which a checker
    /// of linearizability finds.
    pub durable: bool,
}

/// The disk's only file: one write after another, 24 bytes each.
const LOG: u32 = 0;

/// The server, or one of the nodes that point to it.
pub struct SoloNode {
    durable: bool,
    map: BTreeMap<Option<Key>, Value>,
    /// Answers that wait for a sync, in its order.
    waiting: Vec<(SyncId, RequestId, Reply)>,
    /// The latest answer of each process, so that a repeated attempt is not done twice.
    sessions: BTreeMap<u32, (u32, Reply)>,
}

type Ctx<'a> = Context<'a, (), ()>;

impl Node for SoloNode {
    type Config = Solo;
    type Message = ();
    type Timer = ();

    fn boot(config: &Solo, ctx: &mut Ctx<'_>) -> SoloNode {
        let mut node = SoloNode {
            durable: config.durable,
            map: BTreeMap::new(),
            waiting: Vec::new(),
            sessions: BTreeMap::new(),
        };
        let log = ctx.read(LOG).to_vec();
        for record in log.chunks_exact(RECORD) {
            let word = |i: usize| i64::from_le_bytes(std::array::from_fn(|byte| record[8 * i + byte]));
            let key = (word(0) >= 0).then(|| Key(word(0) as u64));
            node.map.insert(key, Value::Int(word(1)));
            let (process, serial) = ((word(2) >> 32) as u32, word(2) as u32);
            node.sessions.insert(process, (serial, stored_reply(word(3))));
        }
        if ctx.me() == Peer::node(0) {
            ctx.status("primary", 0);
        }
        node
    }

    fn on_message(&mut self, _: Peer, (): (), _: &mut Ctx<'_>) {}

    fn on_timer(&mut self, (): (), _: &mut Ctx<'_>) {}

    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_>) {
        if ctx.me() != Peer::node(0) {
            ctx.reply(request.id, Reply::Redirect(Some(Peer::node(0))));
            return;
        }
        let Request { id, operation, .. } = request;
        let seen = self.sessions.get(&id.process).filter(|(serial, _)| *serial >= id.serial);
        if let Some((_, reply)) = seen.cloned() {
            return self.answer(id, reply, false, ctx);
        }
        let Some((reply, written)) = self.apply(&operation) else {
            return ctx.reply(id, Reply::Rejected);
        };
        if let Some(value) = &written {
            self.sessions.insert(id.process, (id.serial, reply.clone()));
            if self.durable {
                ctx.append(LOG, &record(operation.key, value, id, &reply));
            }
        }
        self.answer(id, reply, written.is_some(), ctx);
    }

    fn on_synced(&mut self, sync: SyncId, result: SyncResult, ctx: &mut Ctx<'_>) {
        if result == SyncResult::Failed {
            return ctx.halt("the disk failed");
        }
        let done = self.waiting.partition_point(|(waiting, ..)| *waiting <= sync);
        for (_, id, reply) in self.waiting.drain(..done) {
            ctx.reply(id, reply);
        }
    }
}

impl SoloNode {
    /// Does what is asked; the reply, and the value written if one was. `None` for what it does not offer.
    fn apply(&mut self, operation: &Operation) -> Option<(Reply, Option<Value>)> {
        let present = self.map.get(&operation.key).cloned().unwrap_or_default();
        let (reply, written) = match &operation.call {
            Call::Read => (Reply::value(present), None),
            Call::Write(value @ Value::Int(_)) => (Reply::done(), Some(value.clone())),
            Call::Cas { from, to: to @ Value::Int(_) } => {
                let swaps = *from == present;
                (Reply::value(Value::Bool(swaps)), swaps.then(|| to.clone()))
            }
            _ => return None,
        };
        if let Some(value) = &written {
            self.map.insert(operation.key, value.clone());
        }
        Some((reply, written))
    }

    /// Answers at once, or once everything before it is on the disk: a read must not tell what a crash may undo.
    fn answer(&mut self, id: RequestId, reply: Reply, wrote: bool, ctx: &mut Ctx<'_>) {
        if self.durable && (wrote || !self.waiting.is_empty()) {
            let sync = ctx.sync();
            self.waiting.push((sync, id, reply));
        } else {
            ctx.reply(id, reply);
        }
    }
}

/// The length of an entry on the disk: key, value, session, answer.
const RECORD: usize = 32;

fn record(key: Option<Key>, value: &Value, id: RequestId, reply: &Reply) -> [u8; RECORD] {
    let number = if let Value::Int(n) = value { *n } else { 0 };
    let words = [
        key.map_or(-1, |key| key.0 as i64),
        number,
        (i64::from(id.process) << 32) | i64::from(id.serial),
        i64::from(*reply == Reply::value(Value::Bool(true))),
    ];
    let mut bytes = [0; RECORD];
    for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

fn stored_reply(word: i64) -> Reply {
    Reply::Done(Answer::Value(if word == 1 { Value::Bool(true) } else { Value::Nil }))
}

impl Model for Solo {
    type Node = SoloNode;
    type Invariants = ();

    const NAME: &'static str = "solo";
    const SUMMARY: &'static str = "one server with a map, the other nodes point to it; no replication";

    fn validate(&self, _: &Cluster) -> Result<(), (String, String)> {
        Ok(())
    }

    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<Solo>> {
        cluster.alike(self.clone())
    }

    fn invariants(&self, _: &Cluster) {}
}
