//! In a large world every event finds its message and its node outside the caches. What is due soon is known, so it is fetched
//! before it is due, while other events happen. On the run it has no effect. Of a node and of a message that is the first cache line,
//! which for small ones is all. Where there is no such instruction (wasm) nothing is fetched.

use crate::node::Node;
use crate::peer::Peer;
use crate::queue::Entry;
use crate::world::World;
use crate::world::pending::{MESSAGE, TIMER};

/// From this many nodes on a world is large.
pub(super) const LARGE: usize = 4096;
/// So many events before it is due, an event is fetched.
const AHEAD: usize = 16;

impl<N: Node> World<N> {
    /// The queue has a new run: fetches the first of it.
    pub(super) fn fetch_first(&self) {
        if self.fetches_ahead {
            self.queue.soon().iter().take(AHEAD).for_each(|entry| self.fetch(entry));
        }
    }

    /// An entry of the queue's run has been taken: fetches one that follows it.
    #[inline(always)]
    pub(super) fn fetch_next(&self) {
        if self.fetches_ahead
            && let Some(entry) = self.queue.soon().get(AHEAD - 1)
        {
            self.fetch(entry);
        }
    }

    /// Fetches what a message or a timer will look at first. An index out of bounds fetches nothing of use, and does no harm.
    #[inline(always)]
    fn fetch(&self, entry: &Entry) {
        let kind = entry.slot >> 30;
        if kind == MESSAGE >> 30 {
            self.messages.fetch(entry.slot & !MESSAGE);
            // Who gets a message mostly sends one.
            self.network.fetch(Peer::from_raw(entry.target));
        }
        if kind == MESSAGE >> 30 || kind == TIMER >> 30 {
            prefetch_index::prefetch_index(&self.slots, entry.target as usize);
        }
    }
}
