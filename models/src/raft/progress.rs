//! What a leader keeps while it leads: what it knows of each other server, and what is under way.
//!
//! Deliberately absent: what it does with that, which is `replication`'s, `read`'s, `reconfigure`'s and `transfer`'s business.

use std::collections::VecDeque;

use sim_core::peer::Peer;
use sim_core::time::Time;

use super::catch_up::{Chase, Trial};
use super::entry::{Batch, Index};
use super::log::Log;
use super::read::Rounds;
use super::snapshot::Sending;
use super::transfer::Transfer;

/// What a leader keeps, for as long as it leads.
#[derive(Debug)]
pub(super) struct Leading {
    pub(super) progress: Vec<Progress>,
    /// Where each node stands in `progress`, by its index; past the end for those that do not.
    places: Vec<u32>,
    /// The place of its first entry: once that is applied, it knows what is committed.
    pub(super) first_index: Index,
    pub(super) rounds: Rounds,
    /// Whether requests are being gathered.
    pub(super) gathering: bool,
    pub(super) transfer: Option<Transfer>,
    /// The plan asks to hand over once the entry here is committed.
    pub(super) handover: Option<Index>,
    /// No voter of higher priority is handed over to before this.
    pub(super) yield_after: Time,
    pub(super) since: Time,
    /// The learners that the plan waits for.
    pub(super) trial: Option<Trial>,
    /// How many others have more than is committed; kept up to date, for in large clusters every answer asks.
    pub(super) further: usize,
    /// The latest batch, which most followers need alike.
    pub(super) batch: Option<Batch>,
}

/// What a leader knows of one other server.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) peer: Peer,
    /// Its log agrees up to here.
    pub(super) matched: Index,
    /// What it is sent next.
    pub(super) next: Index,
    /// Where it agrees is being found out: one append at a time, and this says whether it is on its way.
    pub(super) probing: Option<bool>,
    /// The ends of the appends on their way.
    pub(super) in_flight: VecDeque<Index>,
    pub(super) heard: Time,
    /// The latest round it answered.
    pub(super) round: u64,
    pub(super) sending: Option<Sending>,
    /// How a learner catches up; nothing for a voter.
    pub(super) chase: Option<Chase>,
}

impl Leading {
    pub(super) fn new(first_index: Index, since: Time) -> Leading {
        Leading {
            progress: Vec::new(),
            places: Vec::new(),
            first_index,
            rounds: Rounds::default(),
            gathering: false,
            transfer: None,
            handover: None,
            yield_after: Time::ZERO,
            since,
            trial: None,
            further: 0,
            batch: None,
        }
    }

    /// What is known of this server. In large clusters every answer asks for that of every voter.
    pub(super) fn of(&self, peer: Peer) -> Option<&Progress> {
        self.progress.get(*self.places.get(peer.index())? as usize)
    }

    pub(super) fn of_mut(&mut self, peer: Peer) -> Option<(usize, &mut Progress)> {
        let place = *self.places.get(peer.index())? as usize;
        Some((place, self.progress.get_mut(place)?))
    }

    /// How many others have more than this, counted.
    pub(super) fn count_further(&self, commit: Index) -> usize {
        self.progress.iter().filter(|progress| progress.matched > commit).count()
    }

    /// What is committed, or who the others are, is not what it was.
    pub(super) fn recount(&mut self, commit: Index) {
        self.further = self.count_further(commit);
    }

    pub(super) fn note_places(&mut self) {
        self.places.clear();
        for (place, progress) in self.progress.iter().enumerate() {
            let index = progress.peer.index();
            if index >= self.places.len() {
                self.places.resize(index + 1, u32::MAX);
            }
            self.places[index] = place as u32;
        }
    }
}

/// Entries from a place to the log's end or a full batch; the latest one again, for most followers need alike.
#[inline(always)]
pub(super) fn batch(latest: &mut Option<Batch>, log: &Log, from: Index, most: u32) -> Option<Batch> {
    let entries = (log.last_index() + 1 - from).min(u64::from(most)) as usize;
    let fits = |batch: &&Batch| batch[0].index == from && batch.len() == entries;
    if let Some(batch) = latest.as_ref().filter(fits) {
        return Some(batch.clone());
    }
    *latest = log.batch(from, most);
    latest.clone()
}

impl Progress {
    /// Nothing is known of it yet; it is tried at the log's end.
    pub(super) fn unknown(peer: Peer, last: Index, now: Time) -> Progress {
        Progress {
            peer,
            matched: 0,
            next: last + 1,
            probing: Some(false),
            in_flight: VecDeque::new(),
            heard: now,
            round: 0,
            sending: None,
            chase: None,
        }
    }
}
