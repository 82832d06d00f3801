//! The four session guarantees of Terry et al., "Session Guarantees for Weakly Consistent Replicated Data" (PDIS'94),
//! as a client can see them in registers of unique values: each forces some version of a key to be older than another,
//! and is violated if the versions of that key can then be put in no order.
//!
//! What a session has read once is taken to be in all states it reads later, which is what lets a client see whether
//! writes arrived in their order. Cost: linear in reads and writes, with logarithms of how often one key was touched; for the
//! last two in reads times sessions.
//! Deliberately absent: their combination, which is causal consistency (Brzezinski et al., PDP'04;
//! [`super::isolation`]).

use std::ops::Range;

use sim_core::value::Value;

use super::older::{Circle, Demands, Link, NONE, circle};
use super::seen::{INITIAL, Seen};
use crate::naming::Named;
use crate::verdict::{Verdict, Witness, WitnessEdge};

/// What is promised to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guarantee {
    /// A read is no older than the session's own earlier writes.
    ReadYourWrites,
    /// A read is no older than what the session read before.
    MonotonicReads,
    /// Whoever saw a write sees all earlier writes of the session that made it.
    MonotonicWrites,
    /// Whoever saw a write sees all that the session that made it had read before.
    WritesFollowReads,
}

/// All four.
pub const ALL: [Guarantee; 4] = [
    Guarantee::ReadYourWrites,
    Guarantee::MonotonicReads,
    Guarantee::MonotonicWrites,
    Guarantee::WritesFollowReads,
];

impl Guarantee {
    /// Its name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Guarantee::ReadYourWrites => "read your writes",
            Guarantee::MonotonicReads => "monotonic reads",
            Guarantee::MonotonicWrites => "monotonic writes",
            Guarantee::WritesFollowReads => "writes follow reads",
        }
    }

    /// What a violation is called.
    #[must_use]
    pub fn anomaly(self) -> String {
        match self {
            Guarantee::MonotonicReads => "non-monotonic read".to_string(),
            other => format!("{} violation", other.name()),
        }
    }
}

/// Judges one guarantee. A read of `initial` that nobody wrote saw the initial state.
#[must_use]
pub fn check<'h>(history: impl Into<Named<'h>>, guarantee: Guarantee, initial: &Value) -> Verdict {
    let seen = match Seen::new(history, initial) {
        Ok(seen) => seen,
        Err(verdict) => return verdict,
    };
    match circle(&Promise::new(&seen, guarantee)) {
        None => Verdict::Pass,
        Some(circle) => tell(&seen, &circle, guarantee),
    }
}

/// A version of a key that a session touched: at which of its places.
#[derive(Clone, Copy, Debug)]
struct Touch {
    session: u32,
    place: u32,
    version: u32,
}

/// The versions that sessions touched, by key, then session, then place.
struct Touches {
    starts: Vec<u32>,
    items: Vec<Touch>,
    /// The greatest version of each one's session up to it.
    ranks: Vec<u32>,
}

/// What one guarantee demands of the versions in a history.
struct Promise<'s, 'h> {
    seen: &'s Seen<'h>,
    guarantee: Guarantee,
    touches: Touches,
}

impl Touches {
    /// Of these, told in the order of sessions and places, each with its key.
    fn new(keys: usize, told: &[(u32, Touch)]) -> Touches {
        let mut starts = vec![0u32; keys + 1];
        told.iter().for_each(|(key, _)| starts[*key as usize + 1] += 1);
        for key in 0..keys {
            starts[key + 1] += starts[key];
        }
        let mut fill = starts.clone();
        let mut items = vec![Touch { session: 0, place: 0, version: 0 }; told.len()];
        for (key, touch) in told {
            items[fill[*key as usize] as usize] = *touch;
            fill[*key as usize] += 1;
        }
        let mut ranks: Vec<u32> = items.iter().map(|touch| touch.version).collect();
        for key in 0..keys {
            for at in starts[key] as usize + 1..starts[key + 1] as usize {
                if items[at].session == items[at - 1].session {
                    ranks[at] = ranks[at].max(ranks[at - 1]);
                }
            }
        }
        Touches { starts, items, ranks }
    }

    /// The positions of a key's.
    fn of(&self, key: u32) -> Range<usize> {
        self.starts[key as usize] as usize..self.starts[key as usize + 1] as usize
    }

    /// The last that a session touched of a key before this place.
    fn last(&self, key: u32, session: u32, limit: u32) -> Option<usize> {
        let range = self.of(key);
        let count = self.items[range.clone()].partition_point(|it| (it.session, it.place) < (session, limit));
        let at = range.start + count.checked_sub(1)?;
        (self.items[at].session == session).then_some(at)
    }
}

impl<'s, 'h> Promise<'s, 'h> {
    fn new(seen: &'s Seen<'h>, guarantee: Guarantee) -> Promise<'s, 'h> {
        let mut told: Vec<(u32, Touch)> = Vec::new();
        for (session, members) in (0..).zip(&seen.sessions) {
            let mut touch = |txn: u32, key: u32, version: u32| {
                told.push((key, Touch { session, place: seen.place[txn as usize], version }));
            };
            for &txn in members {
                match guarantee {
                    Guarantee::MonotonicReads => {}
                    Guarantee::WritesFollowReads => {
                        let reads = seen.reads(txn).iter().filter(|read| read.from != INITIAL);
                        reads.for_each(|read| touch(txn, read.key, seen.version(read.from, read.key)));
                    }
                    Guarantee::ReadYourWrites | Guarantee::MonotonicWrites => {
                        seen.writes(txn).iter().for_each(|key| touch(txn, *key, seen.version(txn, *key)));
                    }
                }
            }
        }
        Promise { seen, guarantee, touches: Touches::new(seen.log.keys.len(), &told) }
    }

    /// The node that stands for what a session touched of a key up to here: of writes the last, because under monotonic
    /// writes each is newer than the one before; else a node between.
    fn up_to(&self, at: usize) -> u32 {
        match self.guarantee {
            Guarantee::MonotonicWrites => self.touches.items[at].version,
            _ => (self.seen.versions() + at) as u32,
        }
    }

    /// From each touch to the node that stands for it and those before, and from that to the next.
    fn ladders(&self, sink: &mut impl FnMut(u32, Link)) {
        for key in 0..self.seen.log.keys.len() as u32 {
            for at in self.touches.of(key) {
                let touch = self.touches.items[at];
                let before = at.checked_sub(1).filter(|before| self.touches.of(key).contains(before));
                let before = before.filter(|before| self.touches.items[*before].session == touch.session);
                let to = self.up_to(at);
                if self.guarantee == Guarantee::MonotonicWrites {
                    let because = self.seen.writer(touch.version);
                    before
                        .into_iter()
                        .for_each(|from| sink(key, Link { from: self.up_to(from), to, because }));
                } else {
                    sink(key, Link { from: touch.version, to, because: NONE });
                    before.into_iter().for_each(|from| {
                        sink(key, Link { from: self.up_to(from), to, because: NONE });
                    });
                }
            }
        }
    }

    fn monotonic_reads(&self, sink: &mut impl FnMut(u32, Link)) {
        let seen = self.seen;
        // The session that read each key last, and what it saw.
        let mut last = vec![(NONE, INITIAL); seen.log.keys.len()];
        for (session, members) in (0..).zip(&seen.sessions) {
            for &txn in members {
                for read in seen.reads(txn) {
                    let (reader, before) =
                        std::mem::replace(&mut last[read.key as usize], (session, read.from));
                    if reader == session && before != read.from {
                        let [from, to] = [before, read.from].map(|writer| seen.version(writer, read.key));
                        sink(read.key, Link { from, to, because: txn });
                    }
                }
            }
        }
    }

    fn read_your_writes(&self, sink: &mut impl FnMut(u32, Link)) {
        let seen = self.seen;
        for (session, members) in (0..).zip(&seen.sessions) {
            for &because in members {
                for read in seen.reads(because) {
                    if let Some(at) = self.touches.last(read.key, session, seen.place[because as usize]) {
                        let to = seen.version(read.from, read.key);
                        sink(read.key, Link { from: self.up_to(at), to, because });
                    }
                }
            }
        }
    }

    /// Once a session saw a write, its reads are no older than what the writer's session had touched up to then. For
    /// writes that is what came before the seen one; for reads it is what the writing transaction itself read, too.
    fn after_seen(&self, sink: &mut impl FnMut(u32, Link)) {
        let seen = self.seen;
        let reads = self.guarantee == Guarantee::WritesFollowReads;
        let limit = |txn: u32| seen.place[txn as usize] + u32::from(reads);
        // How far each session has been seen, and which ones have been at all.
        let mut clock = vec![0u32; seen.sessions.len()];
        let mut known: Vec<u32> = Vec::new();
        for (session, members) in (0..).zip(&seen.sessions) {
            for &txn in members {
                for read in seen.reads(txn) {
                    let to = seen.version(read.from, read.key);
                    self.visit(&clock, &known, read.key, &mut |at| {
                        sink(read.key, Link { from: self.up_to(at), to, because: txn });
                    });
                    if read.from != INITIAL && limit(read.from) > 0 {
                        let writer = seen.session[read.from as usize];
                        if clock[writer as usize] == 0 {
                            known.push(writer);
                        }
                        clock[writer as usize] = clock[writer as usize].max(limit(read.from));
                    }
                }
                if reads {
                    for &key in seen.writes(txn) {
                        let own = self.touches.last(key, session, limit(txn));
                        own.into_iter().for_each(|at| {
                            let to = seen.version(txn, key);
                            sink(key, Link { from: self.up_to(at), to, because: txn });
                        });
                    }
                }
            }
            known.drain(..).for_each(|writer| clock[writer as usize] = 0);
        }
    }

    /// The last touch of a key by each session, as far as it has been seen.
    fn visit(&self, clock: &[u32], known: &[u32], key: u32, found: &mut impl FnMut(usize)) {
        let range = self.touches.of(key);
        if known.len() * 4 < range.len() {
            let last = known.iter().filter_map(|it| self.touches.last(key, *it, clock[*it as usize]));
            return last.for_each(found);
        }
        let mut last: Option<usize> = None;
        for at in range {
            let touch = self.touches.items[at];
            if let Some(before) = last.filter(|before| self.touches.items[*before].session != touch.session) {
                found(before);
                last = None;
            }
            if touch.place < clock[touch.session as usize] {
                last = Some(at);
            }
        }
        last.into_iter().for_each(found);
    }
}

impl Demands for Promise<'_, '_> {
    fn keys(&self) -> usize {
        self.seen.log.keys.len()
    }

    fn nodes(&self) -> usize {
        self.seen.versions() + self.touches.items.len()
    }

    fn is_version(&self, node: u32) -> bool {
        (node as usize) < self.seen.versions()
    }

    fn initial(&self, key: u32) -> u32 {
        self.seen.version(INITIAL, key)
    }

    fn rank(&self, node: u32) -> u32 {
        let version = match (node as usize).checked_sub(self.seen.versions()) {
            None => node,
            Some(between) => self.touches.ranks[between],
        };
        // Initial versions have the highest numbers, and are older than all.
        if self.seen.is_initial(version) { 0 } else { version + 1 }
    }

    fn tell(&self, sink: &mut impl FnMut(u32, Link)) {
        match self.guarantee {
            Guarantee::MonotonicReads => self.monotonic_reads(sink),
            Guarantee::ReadYourWrites => {
                self.ladders(sink);
                self.read_your_writes(sink);
            }
            Guarantee::MonotonicWrites | Guarantee::WritesFollowReads => {
                self.ladders(sink);
                self.after_seen(sink);
            }
        }
    }
}

fn tell(seen: &Seen<'_>, circle: &Circle, guarantee: Guarantee) -> Verdict {
    let mut witness = Witness { anomaly: guarantee.anomaly(), ..Witness::default() };
    let key = seen.log.called(circle.key);
    for step in circle.steps.iter().filter(|step| step.because != NONE) {
        let (from, to, because) = (seen.writer(step.from), seen.writer(step.to), step.because);
        let why = match guarantee {
            Guarantee::ReadYourWrites => "whose session had itself written the first before",
            Guarantee::MonotonicReads => "whose session had read the first before",
            _ if because == to => "which comes later in the writing session",
            Guarantee::MonotonicWrites => {
                "whose session had seen a write made after the first by the same session"
            }
            Guarantee::WritesFollowReads => "whose session had seen a write by one that had read the first",
        };
        witness.story.push(format!(
            "The version of key {key} by {} is older than the one by {}: shown by {}, {why}.",
            seen.describe(from),
            seen.describe(to),
            seen.describe(because)
        ));
        witness.headline = format!("no order of the versions of key {key} satisfies {}", guarantee.name());
        witness.entries.extend([from, because, to].iter().filter_map(|txn| seen.entry(*txn)));
        if let (Some(from), Some(to)) = (seen.entry(from), seen.entry(to)) {
            witness.edges.push(WitnessEdge { from, to, why: "older".to_string() });
        }
    }
    witness.story.push("Each is older than itself, or than the initial state: a contradiction.".to_string());
    let mut known = Vec::new();
    witness.entries.retain(|entry| {
        !known.contains(entry) && {
            known.push(*entry);
            true
        }
    });
    Verdict::Fail(Box::new(witness))
}
