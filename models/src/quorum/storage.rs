//! What a node has on disk: each cell as it changed, in a write-ahead log; acknowledgements wait for its syncs. The bytes
//! that sessions carry are written here too.
//!
//! Deliberately absent: compaction of the log; the last record of a key is the one that counts.

use std::collections::{BTreeMap, VecDeque};

use sim_core::disk::{FileId, SyncId, SyncResult};
use sim_core::node::Token;
use sim_core::peer::Peer;
use sim_core::value::{Key, Value};

use super::config::{Persistence, Quorum};
use super::message::{Epoch, Message};
use super::node::Ctx;
use super::replica::{Held, Hint};
use super::versions::{Cell, Dot, Object, Past, Stamp, Version};
use crate::wal::bytes::{Reader, Writer};
use crate::wal::{Recovery, Ticket, Wal};

/// The files of the write-ahead log.
const FILES: [FileId; 2] = [0, 1];

/// The disk of a node.
#[derive(Debug)]
pub(super) struct Storage {
    /// `None` where nothing is written.
    wal: Option<Wal>,
    /// Nobody waits for syncs.
    hasty: bool,
    deferred: VecDeque<(Ticket, Peer, Message)>,
}

/// What a disk holds.
pub(super) struct Restored {
    pub(super) storage: Storage,
    pub(super) held: BTreeMap<Object, Held>,
    pub(super) hints: BTreeMap<(Peer, Object), Hint>,
    pub(super) epoch: Epoch,
    /// What had been made durable is damaged: the server must not go on.
    pub(super) refused: bool,
}

/// Where a record has the home that it is kept for: it is no such record, and tells how far membership has changed.
const EPOCH: u64 = u64::MAX;

impl Storage {
    /// Opens the disk and reads what it holds.
    pub(super) fn open(quorum: &Quorum, ctx: &mut Ctx<'_>) -> Restored {
        let (mut held, mut hints, mut epoch) = (BTreeMap::new(), BTreeMap::new(), Epoch(0));
        let hasty = quorum.persistence != Persistence::Synced;
        if quorum.persistence == Persistence::Memory {
            let storage = Storage { wal: None, hasty, deferred: VecDeque::new() };
            return Restored { storage, held, hints, epoch: Epoch(0), refused: false };
        }
        let opened = Wal::open(FILES, true, ctx);
        let (now, refused) = (ctx.now(), opened.recovery == Recovery::Refused);
        let mut wal = opened.wal;
        // Opening may have written too, and answers wait for all that was written.
        wal.sync(ctx);
        let bytes = ctx.read(wal.file());
        for range in opened.records {
            if let Some(latest) = decode_epoch(&bytes[range.clone()]) {
                epoch = epoch.max(latest);
                continue;
            }
            let Some((home, object, cell)) = decode(&bytes[range]) else { continue };
            match home {
                None if cell.0.is_empty() => drop(held.remove(&object)),
                None => drop(held.insert(object, Held { cell, since: now })),
                Some(home) if cell.0.is_empty() => drop(hints.remove(&(home, object))),
                Some(home) => drop(hints.insert((home, object), Hint { cell, number: 0 })),
            }
        }
        let storage = Storage { wal: Some(wal), hasty, deferred: VecDeque::new() };
        Restored { storage, held, hints, epoch, refused }
    }

    /// Writes down what is held under a key from now on, or kept for a home; an empty cell for nothing.
    pub(super) fn keep(&mut self, home: Option<Peer>, object: Object, cell: &Cell, ctx: &mut Ctx<'_>) {
        if let Some(wal) = &mut self.wal {
            wal.append(ctx, |out| encode(out, home, object, cell));
            wal.sync(ctx);
        }
    }

    /// Writes down how far membership has changed.
    pub(super) fn keep_epoch(&mut self, epoch: Epoch, ctx: &mut Ctx<'_>) {
        if let Some(wal) = &mut self.wal {
            wal.append(ctx, |out| {
                let mut writer = Writer(out);
                writer.number(EPOCH);
                writer.number(u64::from(epoch.0));
            });
            wal.sync(ctx);
        }
    }

    /// Sends a message once all that was written is durable, at once if it is.
    pub(super) fn send(&mut self, to: Peer, message: Message, ctx: &mut Ctx<'_>) {
        match &self.wal {
            Some(wal) if !self.hasty && wal.ticket() > wal.durable() => {
                self.deferred.push_back((wal.ticket(), to, message));
            }
            _ => ctx.send(to, message),
        }
    }

    /// A sync ended; whether the disk could do it.
    pub(super) fn synced(&mut self, sync: SyncId, result: SyncResult, ctx: &mut Ctx<'_>) -> bool {
        self.wal.as_mut().is_none_or(|wal| wal.synced(sync, result, ctx))
    }

    /// The next message that waits no more.
    pub(super) fn released(&mut self) -> Option<(Peer, Message)> {
        let durable = self.wal.as_ref()?.durable();
        if self.deferred.front().is_none_or(|(ticket, ..)| *ticket > durable) {
            return None;
        }
        self.deferred.pop_front().map(|(_, to, message)| (to, message))
    }
}

fn encode(out: &mut Vec<u8>, home: Option<Peer>, object: Object, cell: &Cell) {
    let mut writer = Writer(out);
    writer.number(home.map_or(0, |home| 1 + home.index() as u64));
    writer.byte(u8::from(object.is_some()));
    writer.number(object.map_or(0, |key| key.0));
    writer.number(cell.0.len() as u64);
    for version in &cell.0 {
        writer.number(version.stamp.at);
        put_dot(&mut writer, version.stamp.dot);
        put_past(&mut writer, &version.past);
        writer.byte(u8::from(version.value.is_some()));
        writer.value(version.value.as_ref().unwrap_or(&Value::Nil));
    }
}

fn decode_epoch(bytes: &[u8]) -> Option<Epoch> {
    let mut reader = Reader(bytes);
    (reader.number()? == EPOCH)
        .then(|| reader.number())
        .flatten()
        .and_then(|n| u32::try_from(n).ok())
        .map(Epoch)
}

fn decode(bytes: &[u8]) -> Option<(Option<Peer>, Object, Cell)> {
    let mut reader = Reader(bytes);
    let home = match reader.number()? {
        0 => None,
        n => Some(node(n - 1)?),
    };
    let named = reader.byte()? == 1;
    let key = Key(reader.number()?);
    let mut cell = Cell::default();
    for _ in 0..reader.count()? {
        let at = reader.number()?;
        let dot = take_dot(&mut reader)?;
        let past = take_past(&mut reader)?;
        let there = reader.byte()? == 1;
        let value = reader.value()?;
        cell.0.push(Version { stamp: Stamp { at, dot }, past, value: there.then_some(value) });
    }
    Some((home, named.then_some(key), cell))
}

fn node(n: u64) -> Option<Peer> {
    u32::try_from(n).ok().map(Peer::node)
}

fn put_dot(writer: &mut Writer<'_>, dot: Dot) {
    writer.number(dot.node.index() as u64);
    writer.number(dot.life);
    writer.number(dot.count);
}

fn take_dot(reader: &mut Reader<'_>) -> Option<Dot> {
    Some(Dot { node: node(reader.number()?)?, life: reader.number()?, count: reader.number()? })
}

fn put_past(writer: &mut Writer<'_>, past: &Past) {
    writer.number(past.upto.len() as u64);
    for ((node, life), count) in &past.upto {
        put_dot(writer, Dot { node: *node, life: *life, count: *count });
    }
    writer.number(past.dots.len() as u64);
    for dot in &past.dots {
        put_dot(writer, *dot);
    }
}

fn take_past(reader: &mut Reader<'_>) -> Option<Past> {
    let mut past = Past::default();
    for _ in 0..reader.count()? {
        past.add(take_dot(reader)?);
    }
    for _ in 0..reader.count()? {
        past.add_single(take_dot(reader)?);
    }
    Some(past)
}

/// What a session is to bring with its next request about a key.
pub(super) fn token(past: &Past) -> Token {
    let mut bytes = Vec::new();
    put_past(&mut Writer(&mut bytes), past);
    bytes.into()
}

/// What a session knew when it got a token; nothing where it has none, or one that is no token of ours.
pub(super) fn known(token: Option<&Token>) -> Past {
    token.and_then(|bytes| take_past(&mut Reader(bytes))).unwrap_or_default()
}
