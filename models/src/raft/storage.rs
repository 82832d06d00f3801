//! What a server has on disk, and what waits for it: terms, votes and entries are durable before they are answered
//! for (§5, figure 2). One sync covers all that was written while the one before it was under way.
//!
//! The bytes are the write-ahead log's ([`crate::wal`]). Deliberately absent: what the records mean to the protocol.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use sim_core::disk::{Disk, FileId, SyncId, SyncResult};
use sim_core::node::Context;
use sim_core::peer::Peer;

use super::codec::{self, Record};
use super::config::{Bug, Persistence, Raft};
use super::entry::{Entry, Index, Term};
use super::log::Log;
use super::message::{Message, Timer};
use super::snapshot::Snapshot;
use crate::wal::{Recovery, Ticket, Wal};

/// The files of the write-ahead log.
const FILES: [FileId; 2] = [0, 1];

/// Something that must not happen before what was written is durable.
#[derive(Clone, Debug)]
pub(super) enum Deferred {
    /// The answer to an append: all of this term up to `matched` is stored.
    Accept { to: Peer, term: Term, matched: Index, round: u64 },
    /// Another message that promises something; they are rare, and what waits is small without them.
    Send(Peer, Box<Message>),
    /// The candidate's vote for itself, in this term.
    OwnVote(Term),
}

/// The disk of a server.
#[derive(Debug)]
pub(super) struct Storage {
    /// `None` where nothing is written.
    wal: Option<Wal<Entry>>,
    /// Nobody waits for syncs.
    hasty: bool,
    forgets_votes: bool,
    deferred: VecDeque<(Ticket, Deferred)>,
    /// The log's end after each append that is not durable yet.
    ends: VecDeque<(Ticket, Index)>,
    durable_index: Index,
}

/// What a boot finds.
#[derive(Debug, Default)]
pub(super) struct Restored {
    pub(super) term: Term,
    pub(super) vote: Option<Peer>,
    pub(super) snapshot: Option<Arc<Snapshot>>,
    pub(super) log: Log,
    pub(super) recovery: Option<Recovery>,
}

type Ctx<'a> = Context<'a, Message, Timer>;

impl Storage {
    /// Opens the disk and reads what it holds.
    pub(super) fn open(raft: &Raft, ctx: &mut Ctx<'_>) -> (Storage, Restored) {
        let mut storage = Storage {
            wal: None,
            hasty: raft.persistence != Persistence::Synced,
            forgets_votes: raft.bug == Some(Bug::ForgetsVotes),
            deferred: VecDeque::new(),
            ends: VecDeque::new(),
            durable_index: 0,
        };
        let mut restored = Restored::default();
        if raft.persistence == Persistence::Memory {
            return (storage, restored);
        }
        let opened = Wal::open(FILES, raft.checksums, ctx);
        let bytes = ctx.read(opened.wal.file());
        for range in opened.records {
            restored.take(codec::read(&bytes[range]));
        }
        storage.durable_index = restored.log.last_index();
        restored.recovery = Some(opened.recovery);
        storage.wal = Some(opened.wal);
        (storage, restored)
    }

    /// What a boot would find, without booting.
    pub(super) fn peek(raft: &Raft, disk: &Disk) -> Option<Restored> {
        if raft.persistence == Persistence::Memory {
            return None;
        }
        let mut restored = Restored::default();
        let (recovery, file, records) = Wal::peek(FILES, raft.checksums, disk);
        let bytes = disk.read(file);
        records.into_iter().for_each(|range| restored.take(codec::read(&bytes[range])));
        restored.recovery = Some(recovery);
        Some(restored)
    }

    /// Writes the term and the vote given in it.
    pub(super) fn promise(&mut self, term: Term, vote: Option<Peer>, ctx: &mut Ctx<'_>) {
        let vote = vote.filter(|_| !self.forgets_votes);
        if let Some(wal) = &mut self.wal {
            wal.append(ctx, |out| codec::write_promise(out, term, vote));
        }
    }

    /// Writes entries at the end of the log, whose last is at `end` now.
    #[inline(always)]
    pub(super) fn append<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a Rc<Entry>>,
        end: Index,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(wal) = &mut self.wal else { return };
        for entry in entries {
            wal.append_record(ctx, entry);
        }
        self.ends.push_back((wal.ticket(), end));
    }

    /// The log is durable so far, for what it is worth before the next sync: it is what a run begins with.
    pub(super) fn trust(&mut self, end: Index) {
        self.durable_index = end;
    }

    /// The entry at a place and all behind it are to be replaced; the entries that replace them are written next.
    pub(super) fn cut(&mut self, from: Index) {
        let last = from.saturating_sub(1);
        self.durable_index = self.durable_index.min(last);
        self.ends.iter_mut().for_each(|(_, end)| *end = last.min(*end));
    }

    /// How far the log is durable, given where it ends.
    pub(super) fn durable_index(&self, end: Index) -> Index {
        if self.hasty { end } else { self.durable_index }
    }

    /// Whether nobody waits for syncs.
    pub(super) fn is_hasty(&self) -> bool {
        self.hasty
    }

    /// Begins a sync unless one is under way or nothing waits for one.
    pub(super) fn sync(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(wal) = &mut self.wal {
            wal.sync(ctx);
        }
    }

    /// Whether everything written is durable, or nobody waits for it; begins a sync if something needs one.
    #[inline]
    pub(super) fn is_durable(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let Some(wal) = &mut self.wal else { return true };
        wal.sync(ctx);
        self.hasty || wal.durable() == wal.ticket()
    }

    /// Keeps this until everything written by now is durable.
    #[inline(always)]
    pub(super) fn keep(&mut self, what: Deferred) {
        let Some(wal) = &self.wal else { return };
        let (ticket, under_way) = (wal.ticket(), wal.under_way());
        // Of several appends accepted within one sync, the last says it all.
        if let Deferred::Accept { to, term, .. } = &what
            && let Some((earlier, Deferred::Accept { to: other, term: before, .. })) = self.deferred.back()
            && (other, before) == (to, term)
            && (*earlier > under_way) == (ticket > under_way)
        {
            self.deferred.pop_back();
        }
        self.deferred.push_back((ticket, what));
    }

    /// A sync ended. Answers whether the disk could do it.
    #[inline(always)]
    pub(super) fn synced(&mut self, sync: SyncId, result: SyncResult, ctx: &mut Ctx<'_>) -> bool {
        let Some(wal) = &mut self.wal else { return true };
        if !wal.synced(sync, result, ctx) {
            return false;
        }
        let durable = wal.durable();
        while let Some(&(ticket, end)) = self.ends.front()
            && ticket <= durable
        {
            self.durable_index = end;
            self.ends.pop_front();
        }
        true
    }

    /// Something that waited and need not wait any more.
    #[inline]
    pub(super) fn released(&mut self) -> Option<Deferred> {
        let durable = self.wal.as_ref().map_or(Ticket::MAX, Wal::durable);
        let due = self.deferred.front().is_some_and(|(ticket, _)| *ticket <= durable);
        if due { self.deferred.pop_front().map(|(_, what)| what) } else { None }
    }

    /// Writes down how much is durable, so that damage to it will be known for damage.
    pub(super) fn mark(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(wal) = &mut self.wal {
            wal.mark(ctx);
        }
    }

    /// Starts the disk's log anew behind a snapshot.
    pub(super) fn checkpoint(
        &mut self,
        snapshot: &Snapshot,
        promise: (Term, Option<Peer>),
        log: &Log,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(wal) = &mut self.wal else { return };
        wal.checkpoint(ctx);
        wal.append(ctx, |out| codec::write_snapshot(out, snapshot));
        let vote = promise.1.filter(|_| !self.forgets_votes);
        wal.append(ctx, |out| codec::write_promise(out, promise.0, vote));
        for entry in log.entries() {
            wal.append_record(ctx, entry);
        }
        wal.complete(ctx);
        self.ends.push_back((wal.ticket(), log.last_index()));
        wal.sync(ctx);
    }

    /// How many bytes the disk's log has.
    pub(super) fn bytes(&self) -> u64 {
        self.wal.as_ref().map_or(0, Wal::len)
    }
}

impl Restored {
    fn take(&mut self, record: Option<Record>) {
        match record {
            Some(Record::Promise(term, vote)) => (self.term, self.vote) = (term, vote),
            Some(Record::Entry(entry)) => {
                let after_base = entry.index > self.log.base().index;
                if after_base && entry.index <= self.log.last_index() + 1 {
                    self.log.cut(entry.index);
                    self.log.append(Rc::new(entry));
                }
            }
            Some(Record::Snapshot(snapshot)) => {
                self.log = Log::behind(snapshot.position);
                self.snapshot = Some(Arc::new(snapshot));
            }
            // A log without checksums holds anything after damage.
            None => {}
        }
    }
}
