//! Read committed, read atomic and causal consistency of transactions over registers of unique values, after Møldrup &
//! Pavlogiannis, "AWDIT: An Optimal Weak Database Isolation Tester" (PLDI'25): from what was seen, the fewest pairs of
//! transactions whose commit order is thereby forced; the history is consistent if these, the sessions' order and
//! who-read-whom together hold no circle.
//!
//! Cost: O(n^1.5) for the first two, O(n·k) clock steps for causal consistency over k sessions, for n operations.
//! The axioms are those of Biswas & Enea, "On the Complexity of Checking Transactional Consistency" (OOPSLA'19).
//! Deliberately absent: anything that needs a search.

use sim_core::value::Value;

use super::seen::{INITIAL, Read, Seen};
use crate::graph::{Edge, Graph, components, shortest_cycle, topological};
use crate::naming::Named;
use crate::verdict::{Verdict, Witness, WitnessEdge};

/// How much is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Once a transaction has seen another, its later reads are no older than that one.
    ReadCommitted,
    /// A transaction sees of another, or of earlier ones of its session, all or nothing.
    ReadAtomic,
    /// It sees, besides, all that these had seen, and so on.
    Causal,
}

const SESSION: u8 = 1;
const READ: u8 = 2;
const FORCED: u8 = 4;

/// A pair whose commit order is forced, and by which read of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Forced {
    from: u32,
    to: u32,
    reader: u32,
    key: u32,
}

/// Judges a history. A read of `initial` that nobody wrote saw the initial state.
#[must_use]
pub fn check<'h>(history: impl Into<Named<'h>>, level: Level, initial: &Value) -> Verdict {
    let seen = match Seen::new(history, initial) {
        Ok(seen) => seen,
        Err(verdict) => return verdict,
    };
    let mut edges = base(&seen);
    let forced = match level {
        Level::ReadCommitted => read_committed(&seen),
        Level::ReadAtomic => read_atomic(&seen),
        Level::Causal => match topological(seen.len(), &edges) {
            Some(order) => causal(&seen, &order),
            None => Vec::new(),
        },
    };
    edges.extend(forced.iter().map(|pair| Edge::new(pair.from, pair.to, FORCED)));
    if topological(seen.len(), &edges).is_some() {
        return Verdict::Pass;
    }
    let graph = Graph::new(seen.len(), &edges);
    let cyclic = components(&graph, u8::MAX).cyclic;
    tell(&seen, &graph, &cyclic, &forced, level)
}

/// The sessions' order, and who read whom.
fn base(seen: &Seen<'_>) -> Vec<Edge> {
    let mut edges = Vec::with_capacity(seen.len() * 4);
    for session in &seen.sessions {
        edges.push(Edge::new(INITIAL, session[0], SESSION));
        edges.extend(seen.before(session[0]).map(|before| Edge::new(before, session[0], SESSION)));
        edges.extend(session.windows(2).map(|pair| Edge::new(pair[0], pair[1], SESSION)));
    }
    for reader in 1..seen.len() as u32 {
        edges.extend(seen.reads(reader).iter().map(|read| Edge::new(read.from, reader, READ)));
    }
    edges
}

/// Numbers marked since the last clearing, without clearing.
struct Marks {
    round: u32,
    at: Vec<u32>,
    value: Vec<u32>,
}

impl Marks {
    fn new(len: usize) -> Marks {
        Marks { round: 0, at: vec![0; len], value: vec![0; len] }
    }
    fn clear(&mut self) {
        self.round += 1;
    }
    fn get(&self, i: u32) -> Option<u32> {
        (self.at[i as usize] == self.round).then(|| self.value[i as usize])
    }
    /// Sets the mark; says whether it was not there.
    fn set(&mut self, i: u32, value: u32) -> bool {
        let fresh = self.at[i as usize] != self.round;
        (self.at[i as usize], self.value[i as usize]) = (self.round, value);
        fresh
    }
}

/// For each transaction seen first at some read: it precedes whoever is read next of a key that it wrote.
fn read_committed(seen: &Seen<'_>) -> Vec<Forced> {
    let mut forced = Vec::new();
    let keys = seen.log.keys.len();
    // For each key whom the next read of it saw, and the next read of it that saw somebody else.
    let (mut met, mut next, mut other) = (Marks::new(seen.len()), Marks::new(keys), Marks::new(keys));
    let mut first: Vec<bool> = Vec::new();
    let mut later: Vec<u32> = Vec::new();
    for reader in 1..seen.len() as u32 {
        let reads = seen.reads(reader);
        if reads.len() < 2 {
            continue;
        }
        met.clear();
        next.clear();
        other.clear();
        first.clear();
        later.clear();
        first.extend(reads.iter().map(|read| met.set(read.from, 0)));
        for (read, first) in reads.iter().zip(&first).rev() {
            if *first && read.from != INITIAL {
                shared(seen, read.from, &later, |key| {
                    let differs = next.get(key).filter(|to| *to != read.from).or(other.get(key));
                    if let Some(to) = differs.filter(|_| next.get(key).is_some()) {
                        forced.push(Forced { from: read.from, to, reader, key });
                    }
                });
            }
            match next.get(read.key) {
                None => later.push(read.key),
                Some(before) if before != read.from => {
                    other.set(read.key, before);
                }
                Some(_) => {}
            }
            next.set(read.key, read.from);
        }
    }
    forced
}

/// Calls back with keys that the transaction wrote and that may be among `keys`, from the shorter list.
fn shared(seen: &Seen<'_>, txn: u32, keys: &[u32], mut visit: impl FnMut(u32)) {
    if seen.writes(txn).len() <= keys.len() {
        seen.writes(txn).iter().for_each(|key| visit(*key));
    } else {
        keys.iter().filter(|key| seen.wrote(txn, **key)).for_each(|key| visit(*key));
    }
}

/// Whoever is seen, or came before in the session, precedes the sources of all reads of keys that it wrote.
fn read_atomic(seen: &Seen<'_>) -> Vec<Forced> {
    let mut forced = Vec::new();
    let keys = seen.log.keys.len();
    let (mut met, mut source) = (Marks::new(seen.len()), Marks::new(keys));
    let (mut own, mut distinct) = (Marks::new(keys), Vec::new());
    for session in &seen.sessions {
        own.clear();
        for &reader in session {
            met.clear();
            source.clear();
            distinct.clear();
            for &Read { key, from } in seen.reads(reader) {
                match source.get(key) {
                    Some(other) if other != from => {
                        let both = [(from, other), (other, from)];
                        forced.extend(both.map(|(from, to)| Forced { from, to, reader, key }));
                    }
                    Some(_) => {}
                    None => {
                        source.set(key, from);
                        distinct.push(key);
                        if let Some(before) = own.get(key).filter(|before| *before != from) {
                            forced.push(Forced { from: before, to: from, reader, key });
                        }
                    }
                }
            }
            for &Read { from, .. } in seen.reads(reader) {
                if from == INITIAL || !met.set(from, 0) {
                    continue;
                }
                shared(seen, from, &distinct, |key| {
                    if let Some(to) = source.get(key).filter(|to| *to != from) {
                        forced.push(Forced { from, to, reader, key });
                    }
                });
            }
            seen.writes(reader).iter().for_each(|key| {
                own.set(*key, reader);
            });
        }
    }
    forced
}

/// How many sessions' clocks are kept at a time.
const WIDTH: usize = 32;

/// The last writer of a key in each session that happened before a read precedes the source of the read.
/// `order` is one of what happened before what.
fn causal(seen: &Seen<'_>, order: &[u32]) -> Vec<Forced> {
    let writers = Writers::new(seen);
    let mut forced = Vec::new();
    let mut clocks: Vec<u32> = Vec::new();
    for low in (0..seen.sessions.len()).step_by(WIDTH) {
        let width = WIDTH.min(seen.sessions.len() - low);
        clocks.clear();
        clocks.resize(seen.len() * width, 0);
        for &txn in order {
            tick(seen, txn, (low, width), &mut clocks);
        }
        for reader in 1..seen.len() as u32 {
            let clock = &clocks[reader as usize * width..][..width];
            for &Read { key, from } in seen.reads(reader) {
                let known = &clocks[from as usize * width..][..width];
                for group in writers.of(key) {
                    let session = group.session as usize;
                    if session < low || session >= low + width {
                        continue;
                    }
                    let (before, covered) = (clock[session - low], known[session - low]);
                    let Some(writer) = writers.last(group, before) else { continue };
                    if writer != from && (from == INITIAL || seen.place[writer as usize] >= covered) {
                        forced.push(Forced { from: writer, to: from, reader, key });
                    }
                }
            }
        }
    }
    forced
}

/// Sets the clock of a transaction: of each session, how many of its first members happened before it.
fn tick(seen: &Seen<'_>, txn: u32, (low, width): (usize, usize), clocks: &mut [u32]) {
    if txn == INITIAL {
        return;
    }
    let before = seen.before(txn);
    let sources = seen.reads(txn).iter().map(|read| read.from).filter(|from| *from != INITIAL);
    for source in before.into_iter().chain(sources) {
        let (from, to) = (source as usize * width, txn as usize * width);
        for i in 0..width {
            clocks[to + i] = clocks[to + i].max(clocks[from + i]);
        }
        let its = seen.session[source as usize] as usize;
        if its >= low && its < low + width {
            let at = &mut clocks[to + its - low];
            *at = (*at).max(seen.place[source as usize] + 1);
        }
    }
}

/// The writers of every key by session, in the session's order.
struct Writers {
    starts: Vec<u32>,
    groups: Vec<Group>,
    places: Vec<u32>,
    txns: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Group {
    session: u32,
    begin: u32,
    end: u32,
}

impl Writers {
    fn new(seen: &Seen<'_>) -> Writers {
        let keys = seen.log.keys.len();
        let mut rows: Vec<(u32, u32)> = Vec::new();
        for session in &seen.sessions {
            rows.extend(session.iter().flat_map(|txn| seen.writes(*txn).iter().map(|key| (*key, *txn))));
        }
        let by_key = crate::transactions::Rows::new(keys, &rows);
        let mut writers = Writers {
            starts: vec![0],
            groups: Vec::new(),
            places: Vec::new(),
            txns: Vec::with_capacity(rows.len()),
        };
        for key in 0..keys as u32 {
            for run in by_key.row(key).chunk_by(|a, b| seen.session[*a as usize] == seen.session[*b as usize])
            {
                let begin = writers.txns.len() as u32;
                writers.txns.extend_from_slice(run);
                writers.places.extend(run.iter().map(|txn| seen.place[*txn as usize]));
                let end = writers.txns.len() as u32;
                writers.groups.push(Group { session: seen.session[run[0] as usize], begin, end });
            }
            writers.starts.push(writers.groups.len() as u32);
        }
        writers
    }

    fn of(&self, key: u32) -> &[Group] {
        &self.groups[self.starts[key as usize] as usize..self.starts[key as usize + 1] as usize]
    }

    /// The last of the group among the first `count` members of its session.
    fn last(&self, group: &Group, count: u32) -> Option<u32> {
        let places = &self.places[group.begin as usize..group.end as usize];
        let below = places.partition_point(|place| *place < count);
        (below > 0).then(|| self.txns[group.begin as usize + below - 1])
    }
}

/// A shortest circle in words.
fn tell(seen: &Seen<'_>, graph: &Graph, cyclic: &[Vec<u32>], forced: &[Forced], level: Level) -> Verdict {
    let smallest = cyclic.iter().min_by_key(|members| members.len()).expect("only called with a circle");
    let cycle = shortest_cycle(graph, smallest, u8::MAX, 1 << 22).expect("a component holds a cycle");
    let (name, promise) = match level {
        Level::ReadCommitted => {
            ("read committed", "no read is older than what the transaction has seen before")
        }
        Level::ReadAtomic => ("read atomic", "of another transaction all is seen or nothing"),
        Level::Causal => ("causal consistency", "whatever happened before is seen"),
    };
    let mut witness = Witness {
        anomaly: format!("{name} violation"),
        headline: format!("no order of commits explains what was read, if {promise}"),
        entries: cycle.iter().filter_map(|txn| seen.entry(*txn)).collect(),
        ..Witness::default()
    };
    let told = cycle.iter().enumerate().map(|(i, txn)| format!("T{} is {}.", i + 1, seen.describe(*txn)));
    witness.story.extend(told);
    for (i, from) in cycle.iter().enumerate() {
        let next = (i + 1) % cycle.len();
        let to = cycle[next];
        let labels = graph.labels(*from, to);
        let (a, b) = (format!("T{}", i + 1), format!("T{}", next + 1));
        let (word, why) = if labels & SESSION != 0 {
            ("so", "its session ran it first".to_string())
        } else if labels & READ != 0 {
            ("wr", format!("{b} read what {a} wrote"))
        } else {
            let pair = forced.iter().find(|pair| (pair.from, pair.to) == (*from, to));
            let pair = pair.expect("an edge that is neither is forced");
            witness.entries.extend(seen.entry(pair.reader));
            let key = seen.log.called(pair.key);
            let reader = seen.describe(pair.reader);
            (
                "co",
                format!(
                    "{a} wrote key {key} and had to be visible to {reader}, which read key {key} from {b}"
                ),
            )
        };
        let lead = if next == 0 { "However, " } else { "" };
        witness.story.push(format!("{lead}{a} commits before {b}: {why}."));
        if let (Some(from), Some(to)) = (seen.entry(*from), seen.entry(to)) {
            witness.edges.push(WitnessEdge { from, to, why: word.to_string() });
        }
    }
    let mut known = Vec::new();
    witness.entries.retain(|entry| {
        !known.contains(entry) && {
            known.push(*entry);
            true
        }
    });
    Verdict::Fail(Box::new(witness))
}
