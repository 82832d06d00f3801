//! What is pending, and what its entry on the event queue says by itself: whose it is, for whom, and what.
//!
//! The leading bits of an entry's `slot` are its kind, the rest is the kind's own number:
//!
//! | bits | kind | the rest | `target` |
//! |---|---|---|---|
//! | `10` | message | its slot | its receiver |
//! | `01` | timer | its arming | its node |
//! | `110` | sync | whether it fails, and its number's last 28 bits | the node's life |
//! | `1110` | request | its slot | the node that is asked |
//! | `1111` | reply | its slot | |
//! | `00` | anything rarer | its slot in a slab of [`Event`]s | |
//!
//! So a timer and a sync need no slab, and the slab of a message holds the message and nothing more.

use crate::disk::{SyncId, SyncResult};
use crate::node::Node;
use crate::peer::Peer;
use crate::queue::Entry;
use crate::random::{mix, unmix};
use crate::slab;
use crate::time::Time;
use crate::world::World;
use crate::world::clients;

/// A message to its target.
pub(super) const MESSAGE: u32 = 0b10 << 30;
/// A timer of its target.
pub(super) const TIMER: u32 = 0b01 << 30;
/// The end of a sync of its source.
const SYNC: u32 = 0b110 << 29;
/// A request to its target.
const REQUEST: u32 = 0b1110 << 28;
/// A reply of its source.
const REPLY: u32 = 0b1111 << 28;

/// Set in a sync that fails.
const FAILS: u32 = 1 << 28;
/// What is kept of a sync's number.
const SYNCS: u32 = FAILS - 1;
/// The slot of a request or a reply.
const SLOT: u32 = FAILS - 1;
const _: () = assert!(slab::MOST <= SLOT as usize + 1, "a slot fits beside its kind");

/// The target of a queue entry that has none.
const NOBODY: u32 = u32::MAX;

/// What an entry says is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// A sync; the last bits of its number.
    Sync { low: u32, result: SyncResult },
    /// A request, by its slot.
    Request(u32),
    /// A reply, by its slot.
    Reply(u32),
    /// An event, by its slot.
    Event(u32),
}

impl Told {
    /// What this is, which is neither a message nor a timer.
    #[inline(always)]
    pub(super) fn of(slot: u32) -> Told {
        if slot & MESSAGE == 0 {
            Told::Event(slot)
        } else if slot < REQUEST {
            let result = if slot & FAILS == 0 { SyncResult::Durable } else { SyncResult::Failed };
            Told::Sync { low: slot & SYNCS, result }
        } else if slot < REPLY {
            Told::Request(slot & SLOT)
        } else {
            Told::Reply(slot & SLOT)
        }
    }

    /// How an entry says it.
    #[inline(always)]
    fn slot(self) -> u32 {
        match self {
            Told::Sync { low, result } => {
                SYNC | low & SYNCS | if result == SyncResult::Failed { FAILS } else { 0 }
            }
            Told::Request(slot) => REQUEST | slot,
            Told::Reply(slot) => REPLY | slot,
            Told::Event(slot) => slot,
        }
    }
}

/// The sync with these last bits, of those that were begun up to `latest`.
#[inline]
pub(super) fn sync_of(low: u32, latest: SyncId) -> SyncId {
    SyncId(latest.0.wrapping_sub(latest.0.wrapping_sub(low) & SYNCS))
}

/// What is pending and not told by its entry. Moved by words, as [`clients::Due`].
#[repr(u32)]
pub(super) enum Event {
    Done { node: Peer, boot: u32, slot: u32 },
    Client(clients::Due),
    Strike { line: u32, cause: Option<Peer> },
    EndFault { id: u32 },
    Heal,
}

impl<N: Node> World<N> {
    /// Puts an event on the queue, as the `seq`-th of its source.
    #[inline(always)]
    pub(super) fn schedule(&mut self, at: Time, source: Peer, seq: u32, event: impl FnOnce() -> Event) {
        if at != Time::NEVER {
            let slot = self.events.insert(event);
            self.schedule_told(at, source, seq, Told::Event(slot), NOBODY);
        }
    }

    /// The same for what its entry tells.
    #[inline(always)]
    fn schedule_told(&mut self, at: Time, source: Peer, seq: u32, what: Told, target: u32) {
        self.enqueue_told(at, source, seq, what.slot(), target);
    }

    /// All that is neither a message nor a timer is put in here, once for all of it: code that is everywhere does not fit into the
    /// caches.
    #[inline(never)]
    fn enqueue_told(&mut self, at: Time, source: Peer, seq: u32, slot: u32, target: u32) {
        self.enqueue(at, source, seq, slot, target);
    }

    /// Puts an entry on the queue, as the `seq`-th of its source.
    #[inline(always)]
    fn enqueue(&mut self, at: Time, source: Peer, seq: u32, slot: u32, target: u32) {
        let plain = (u64::from(source.raw()) << 32) | u64::from(seq);
        let tie = self.tie_break.map_or(plain, |seed| mix(plain ^ seed));
        self.queue.push(Entry { at, tie, slot, target });
    }

    /// Who put this on the queue.
    #[inline]
    pub(super) fn source(&self, tie: u64) -> Peer {
        let plain = self.tie_break.map_or(tie, |seed| unmix(tie) ^ seed);
        Peer::from_raw((plain >> 32) as u32)
    }

    /// The next number of what a node puts on the queue.
    #[inline]
    fn node_seq(&mut self, node: Peer) -> u32 {
        let seq = &mut self.slots[node.index()].seq;
        *seq = seq.wrapping_add(1);
        *seq
    }

    /// Puts an event on the queue on behalf of a node.
    #[inline(always)]
    pub(super) fn schedule_node(&mut self, at: Time, node: Peer, event: impl FnOnce() -> Event) {
        let seq = self.node_seq(node);
        self.schedule(at, node, seq, event);
    }

    /// Puts a message on the queue.
    #[inline(always)]
    pub(super) fn schedule_message(&mut self, at: Time, from: Peer, to: Peer, message: N::Message) {
        let seq = self.node_seq(from);
        if at != Time::NEVER {
            let slot = self.messages.insert(|| message);
            self.enqueue(at, from, seq, MESSAGE | slot, to.raw());
        }
    }

    /// Puts a timer on the queue.
    #[inline(always)]
    pub(super) fn schedule_timer(&mut self, at: Time, node: Peer, arming: u32) {
        let seq = self.node_seq(node);
        if at != Time::NEVER {
            self.enqueue(at, node, seq, TIMER | arming, node.raw());
        }
    }

    /// Puts the end of a sync on the queue, in this life of its node.
    #[inline(always)]
    pub(super) fn schedule_sync(
        &mut self,
        at: Time,
        node: Peer,
        boot: u32,
        sync: SyncId,
        result: SyncResult,
    ) {
        let seq = self.node_seq(node);
        if at != Time::NEVER {
            self.schedule_told(at, node, seq, Told::Sync { low: sync.0, result }, boot);
        }
    }

    /// Puts a request on the queue, as the `seq`-th of its client.
    #[inline(always)]
    pub(super) fn schedule_request(&mut self, at: Time, (client, seq): (Peer, u32), to: Peer, slot: u32) {
        if at != Time::NEVER {
            self.schedule_told(at, client, seq, Told::Request(slot), to.raw());
        }
    }

    /// Puts a node's reply on the queue.
    #[inline(always)]
    pub(super) fn schedule_reply(&mut self, at: Time, node: Peer, slot: u32) {
        let seq = self.node_seq(node);
        if at != Time::NEVER {
            self.schedule_told(at, node, seq, Told::Reply(slot), NOBODY);
        }
    }

    /// Puts an event on the queue on behalf of the engine itself.
    pub(super) fn schedule_engine(&mut self, at: Time, event: Event) {
        self.engine_seq = self.engine_seq.wrapping_add(1);
        self.schedule(at, Peer::ENGINE, self.engine_seq, || event);
    }
}

#[cfg(test)]
mod tests {
    use super::{MESSAGE, SLOT, SYNCS, TIMER, Told, sync_of};
    use crate::disk::{SyncId, SyncResult};

    proptest::proptest! {
        #[test]
        fn what_is_told_is_understood(number in 0..=SLOT) {
            for told in [
                Told::Sync { low: number, result: SyncResult::Durable },
                Told::Sync { low: number, result: SyncResult::Failed },
                Told::Request(number),
                Told::Reply(number),
                Told::Event(number),
            ] {
                let slot = told.slot();
                assert_eq!(Told::of(slot), told);
                assert!(slot >> 30 != MESSAGE >> 30 && slot >> 30 != TIMER >> 30, "{told:?}");
            }
        }

        #[test]
        fn a_sync_is_known_by_its_last_bits(latest in 1u32.., ago in 0..1000u32) {
            let sync = latest.saturating_sub(ago);
            assert_eq!(sync_of(sync & SYNCS, SyncId(latest)), SyncId(sync));
        }
    }
}
