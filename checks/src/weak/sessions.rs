//! The four session guarantees of Terry et al., "Session Guarantees for Weakly Consistent Replicated Data" (PDIS'94),
//! as a client can see them in registers of unique values: each forces some version of a key to be older than another,
//! and is violated if the versions of that key can then be put in no order.
//!
//! What a session has read once is taken to be in all states it reads later, which is what lets a client see whether
//! writes arrived in their order. Cost: linear in reads times the versions that one session read or wrote of one key.
//! Deliberately absent: their combination, which is causal consistency (Brzezinski et al., PDP'04;
//! [`super::isolation`]).

use sim_core::value::Value;

use super::seen::{INITIAL, Seen};
use crate::graph::{Edge, Graph, components, shortest_cycle};
use crate::intern::Table;
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

/// A version of a key that must be older than another, and by whose doing.
#[derive(Clone, Copy, Debug)]
struct Older {
    key: u32,
    from: u32,
    to: u32,
    because: u32,
}

/// What a session did with one key: at which of its places it touched which transaction's version.
type Touches = Vec<(u32, u32)>;

/// Judges one guarantee. A read of `initial` that nobody wrote saw the initial state.
#[must_use]
pub fn check<'h>(history: impl Into<Named<'h>>, guarantee: Guarantee, initial: &Value) -> Verdict {
    let seen = match Seen::new(history, initial) {
        Ok(seen) => seen,
        Err(verdict) => return verdict,
    };
    let older = match guarantee {
        Guarantee::ReadYourWrites => read_your_writes(&seen),
        Guarantee::MonotonicReads => monotonic_reads(&seen),
        Guarantee::MonotonicWrites => after_seen(&seen, &written(&seen), false),
        Guarantee::WritesFollowReads => after_seen(&seen, &read(&seen), true),
    };
    let mut edges: Vec<Edge> = Vec::with_capacity(older.len());
    for txn in 1..seen.len() as u32 {
        let versions =
            seen.writes(txn).iter().map(|key| (seen.version(INITIAL, *key), seen.version(txn, *key)));
        edges.extend(versions.map(|(first, version)| Edge::new(first, version, 1)));
    }
    edges.extend(older.iter().map(|o| Edge::new(seen.version(o.from, o.key), seen.version(o.to, o.key), 1)));
    let graph = Graph::new(seen.versions(), &edges);
    let cyclic = components(&graph, 1).cyclic;
    match cyclic.iter().min_by_key(|members| members.len()) {
        None => Verdict::Pass,
        Some(members) => tell(&seen, &graph, members, &older, guarantee),
    }
}

/// What each session wrote of each key, by its places.
fn written(seen: &Seen<'_>) -> Vec<Table<u32, Touches>> {
    let of = |session: &Vec<u32>| {
        let mut keys: Table<u32, Touches> = Table::default();
        for txn in session {
            for key in seen.writes(*txn) {
                keys.entry(*key).or_default().push((seen.place[*txn as usize], *txn));
            }
        }
        keys
    };
    seen.sessions.iter().map(of).collect()
}

/// What each session read of each key, by its places; repeated reads of one version once.
fn read(seen: &Seen<'_>) -> Vec<Table<u32, Touches>> {
    let of = |session: &Vec<u32>| {
        let mut keys: Table<u32, Touches> = Table::default();
        for txn in session {
            for read in seen.reads(*txn).iter().filter(|read| read.from != INITIAL) {
                let touches = keys.entry(read.key).or_default();
                if touches.last().is_none_or(|(_, from)| *from != read.from) {
                    touches.push((seen.place[*txn as usize], read.from));
                }
            }
        }
        keys
    };
    seen.sessions.iter().map(of).collect()
}

fn read_your_writes(seen: &Seen<'_>) -> Vec<Older> {
    let mut older = Vec::new();
    for session in &seen.sessions {
        let mut own: Table<u32, Vec<u32>> = Table::default();
        for &txn in session {
            for read in seen.reads(txn) {
                let mine = own.get(&read.key).into_iter().flatten().filter(|mine| **mine != read.from);
                older.extend(mine.map(|mine| Older {
                    key: read.key,
                    from: *mine,
                    to: read.from,
                    because: txn,
                }));
            }
            seen.writes(txn).iter().for_each(|key| own.entry(*key).or_default().push(txn));
        }
    }
    older
}

fn monotonic_reads(seen: &Seen<'_>) -> Vec<Older> {
    let mut older = Vec::new();
    for session in &seen.sessions {
        let mut last: Table<u32, u32> = Table::default();
        for &txn in session {
            for read in seen.reads(txn) {
                let before = last.insert(read.key, read.from).filter(|before| *before != read.from);
                older.extend(before.map(|from| Older { key: read.key, from, to: read.from, because: txn }));
            }
        }
    }
    older
}

/// Once a session saw a write, its reads are no older than what the writer's session had touched up to then. For
/// writes that is what came before the seen one, and the last of them stands for all, because each is newer than the
/// one before; for reads it is what the writing transaction itself read, too, and each of them.
fn after_seen(seen: &Seen<'_>, touched: &[Table<u32, Touches>], reads: bool) -> Vec<Older> {
    let mut older = Vec::new();
    let mut visit = |session: u32, limit: u32, key: u32, to: u32, because: u32| {
        let Some(touches) = touched[session as usize].get(&key) else { return };
        let count = touches.partition_point(|(place, _)| *place < limit);
        let first = if reads { 0 } else { count.saturating_sub(1) };
        let others = touches[first..count].iter().filter(|(_, from)| *from != to);
        older.extend(others.map(|(_, from)| Older { key, from: *from, to, because }));
    };
    let limit = |txn: u32| seen.place[txn as usize] + u32::from(reads);
    for (session, members) in seen.sessions.iter().enumerate() {
        for &txn in members {
            seen.writes(txn).iter().for_each(|key| visit(session as u32, limit(txn), *key, txn, txn));
        }
    }
    for members in &seen.sessions {
        let mut clock: Table<u32, u32> = Table::default();
        for &txn in members {
            for read in seen.reads(txn) {
                clock.iter().for_each(|(session, limit)| visit(*session, *limit, read.key, read.from, txn));
                if read.from != INITIAL {
                    let at = clock.entry(seen.session[read.from as usize]).or_insert(0);
                    *at = (*at).max(limit(read.from));
                }
            }
        }
    }
    older
}

fn tell(seen: &Seen<'_>, graph: &Graph, members: &[u32], older: &[Older], guarantee: Guarantee) -> Verdict {
    let cycle = shortest_cycle(graph, members, 1, 1 << 22).expect("a component holds a cycle");
    let mut witness = Witness { anomaly: guarantee.anomaly(), ..Witness::default() };
    for (i, from) in cycle.iter().enumerate() {
        let to = cycle[(i + 1) % cycle.len()];
        let found =
            older.iter().find(|o| seen.version(o.from, o.key) == *from && seen.version(o.to, o.key) == to);
        let Some(o) = found else { continue };
        let key = seen.log.called(o.key);
        let why = match guarantee {
            Guarantee::ReadYourWrites => "whose session had itself written the first before",
            Guarantee::MonotonicReads => "whose session had read the first before",
            _ if o.because == o.to => "which comes later in the writing session",
            Guarantee::MonotonicWrites => {
                "whose session had seen a write made after the first by the same session"
            }
            Guarantee::WritesFollowReads => "whose session had seen a write by one that had read the first",
        };
        witness.story.push(format!(
            "The version of key {key} by {} is older than the one by {}: shown by {}, {why}.",
            seen.describe(o.from),
            seen.describe(o.to),
            seen.describe(o.because)
        ));
        witness.headline = format!("no order of the versions of key {key} satisfies {}", guarantee.name());
        witness.entries.extend([o.from, o.because, o.to].iter().filter_map(|txn| seen.entry(*txn)));
        if let (Some(from), Some(to)) = (seen.entry(o.from), seen.entry(o.to)) {
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
