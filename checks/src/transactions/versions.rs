//! What can be known of the order of a register's versions: the initial one comes first; and, as far as the caller
//! vouches for it, what a transaction wrote follows what it read, later transactions of a process saw later versions,
//! transactions later in real time did, or the system itself told its order (Elle §5).
//!
//! A source that contradicts the ones before it is reported as `cyclic-versions` and not used, as in Elle. Deliberately
//! absent: dependencies between transactions.

use super::findings::Findings;
use super::log::shorten;
use super::rw_register::{External, Registers};
use super::{End, Options, order};
use crate::graph::{Edge, Graph, components};
use crate::verdict::Witness;

/// Where the sum over keys of how long each is in use is more than this, and more than so many times how often keys are
/// touched, real time is reduced for each key alone, which costs what the touches do.
const SPANS_MIN: usize = 20_000;
const SPANS_SHARE: usize = 4;

/// Of how many neighbours the neighbours are looked at.
const NEIGHBOURS: usize = 16;

/// A pair of versions of one key, the earlier first.
type Pair = (u32, u32);

/// The pairs of versions whose order is known.
pub(super) fn known(registers: &Registers<'_>, options: &Options, findings: &mut Findings) -> Vec<Pair> {
    type Source = (&'static str, bool, fn(&Registers<'_>, &Options) -> Vec<Pair>);
    let sources: [Source; 5] = [
        ("the initial state comes first", true, initial),
        ("the order the system told", !options.transaction_order.is_empty(), told),
        ("writes follow reads within a transaction", options.writes_follow_reads_keys, writes_follow_reads),
        ("each key is sequentially consistent", options.sequential_keys, sequential),
        ("each key is linearizable", options.linearizable_keys, linearizable),
    ];
    let mut pairs: Vec<Pair> = Vec::new();
    let mut used: Vec<&str> = Vec::new();
    for (name, wanted, source) in sources {
        if !wanted {
            continue;
        }
        let mut joined = pairs.clone();
        joined.extend(source(registers, options).into_iter().filter(|(a, b)| a != b));
        joined.sort_unstable();
        joined.dedup();
        used.push(name);
        let edges: Vec<Edge> = joined.iter().map(|(a, b)| Edge::new(*a, *b, 1)).collect();
        let cyclic = components(&Graph::new(registers.versions.len(), &edges), 1).cyclic;
        if cyclic.is_empty() {
            pairs = joined;
            continue;
        }
        for versions in cyclic {
            findings.add_of(super::lattice::anomaly("cyclic-versions"), usize::MAX, || {
                contradiction(registers, &versions, &used)
            });
        }
        used.pop();
    }
    pairs
}

fn contradiction(registers: &Registers<'_>, versions: &[u32], used: &[&str]) -> Witness {
    let key = registers.log.called(registers.versions[versions[0] as usize].key);
    let values: Vec<String> = versions.iter().map(|v| registers.value(*v).to_string()).collect();
    let mut story: Vec<String> = vec![format!("Key {key} held {}.", shorten(&values.join(", ")))];
    story.push(format!("If {}, each of these values comes before all the others.", used.join(", and if ")));
    let mut txns: Vec<u32> = Vec::new();
    for version in versions {
        txns.extend(registers.writers.row(*version).iter().chain(registers.readers.row(*version)).take(2));
    }
    txns.sort_unstable();
    txns.dedup();
    story.extend(txns.iter().take(8).map(|txn| format!("Seen in {}.", registers.log.describe(*txn))));
    Witness {
        anomaly: "cyclic-versions".to_string(),
        headline: format!("the versions of key {key} can be put in no order"),
        story,
        entries: txns.iter().map(|txn| registers.log.entry(*txn)).collect(),
        edges: Vec::new(),
    }
}

/// Every version that was written or read follows the initial one.
fn initial(registers: &Registers<'_>, _: &Options) -> Vec<Pair> {
    let seen = registers.external.iter().flat_map(|e| [e.read, e.wrote]).flatten();
    seen.map(|version| (registers.initial(version), version)).collect()
}

/// What each transaction wrote, by the rank the system gave it; those without a rank first.
fn told(registers: &Registers<'_>, options: &Options) -> Vec<Pair> {
    let mut ranks = options.transaction_order.clone();
    ranks.sort_unstable();
    let rank = |txn: u32| {
        let entry = registers.log.entry(txn);
        ranks.binary_search_by_key(&entry, |(e, _)| *e).ok().map(|at| ranks[at].1)
    };
    let wrote =
        registers.external.iter().filter_map(|e| e.wrote.map(|version| (e.key, rank(e.txn), version)));
    let mut wrote: Vec<(u32, Option<i64>, u32)> = wrote.collect();
    wrote.sort_by_key(|(key, rank, _)| (*key, *rank));
    wrote.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| (pair[0].2, pair[1].2)).collect()
}

fn writes_follow_reads(registers: &Registers<'_>, _: &Options) -> Vec<Pair> {
    let both = registers.external.iter().filter_map(|e| Some((e.read?, e.wrote?)));
    both.filter(|(read, _)| !registers.is_initial(*read)).collect()
}

/// The last version a transaction left or saw, and the first that another saw or left, if both are known.
fn pair(registers: &Registers<'_>, earlier: &External, later: &External) -> Option<Pair> {
    let last = earlier.wrote.or(earlier.read)?;
    let first = later.read.filter(|v| !registers.is_initial(*v)).or(later.wrote).or(later.read)?;
    Some((last, first))
}

/// Successive ok transactions of a process that touch one key.
fn sequential(registers: &Registers<'_>, _: &Options) -> Vec<Pair> {
    let txn = |e: &External| &registers.log.txns[e.txn as usize];
    let mut ok: Vec<&External> = registers.external.iter().filter(|e| txn(e).end == End::Ok).collect();
    ok.sort_by_key(|e| (e.key, txn(e).process, txn(e).completed));
    let same = |a: &External, b: &External| a.key == b.key && txn(a).process == txn(b).process;
    ok.windows(2).filter(|w| same(w[0], w[1])).filter_map(|w| pair(registers, w[0], w[1])).collect()
}

/// Transactions that follow one another in real time with none between that touches the key.
fn linearizable(registers: &Registers<'_>, _: &Options) -> Vec<Pair> {
    let mut touches: Vec<&External> = registers.external.iter().collect();
    touches.sort_by_key(|e| (e.key, e.txn));
    let keys: Vec<&[&External]> = touches.chunk_by(|a, b| a.key == b.key).collect();
    let span = |key: &&[&External]| key.last().map_or(0, |last| (last.txn - key[0].txn) as usize);
    let mut pairs = Vec::new();
    if keys.iter().map(span).sum::<usize>() > SPANS_MIN.max(SPANS_SHARE * touches.len()) {
        keys.iter().for_each(|key| next_of_key_alone(registers, key, &mut pairs));
        return pairs;
    }
    let all: Vec<u32> = (0..registers.log.txns.len() as u32).collect();
    let mut edges = Vec::new();
    order::reduced(registers.log, &all, &mut edges);
    let graph = Graph::new(all.len(), &edges);
    keys.iter().for_each(|key| next_on_key(registers, &graph, key, &mut pairs));
    pairs
}

/// From each transaction on a key to the next ones on it, as if there were no others; and past those that left another
/// version than they found, to the next after them: of what was found and what was left nobody says which came first.
fn next_of_key_alone(registers: &Registers<'_>, key: &[&External], pairs: &mut Vec<Pair>) {
    let members: Vec<u32> = key.iter().map(|e| e.txn).collect();
    let mut edges = Vec::new();
    order::reduced(registers.log, &members, &mut edges);
    let graph = Graph::new(key.len(), &edges);
    for (at, earlier) in (0..).zip(key) {
        for (next, _) in graph.row(at) {
            let between = key[next as usize];
            pairs.extend(pair(registers, earlier, between));
            if between.wrote.is_some() {
                let after = graph.row(next).take(NEIGHBOURS);
                pairs.extend(after.filter_map(|(after, _)| pair(registers, earlier, key[after as usize])));
            }
        }
    }
}

/// From each transaction on a key to the next ones on it, through transactions that do not touch it. Real time leads
/// only from lower numbers to higher ones.
fn next_on_key(registers: &Registers<'_>, graph: &Graph, key: &[&External], pairs: &mut Vec<Pair>) {
    let (Some(first), Some(last)) = (key.first(), key.last()) else { return };
    let (low, high) = (first.txn, last.txn);
    let mut place = vec![u32::MAX; (high - low + 1) as usize];
    key.iter().enumerate().for_each(|(i, e)| place[(e.txn - low) as usize] = i as u32);
    let mut ahead: Vec<Vec<u32>> = vec![Vec::new(); place.len()];
    for txn in (low..=high).rev() {
        let mut next: Vec<u32> = Vec::new();
        for (to, _) in graph.row(txn).filter(|(to, _)| *to <= high) {
            let to = (to - low) as usize;
            match place[to] {
                u32::MAX => next.extend(&ahead[to]),
                on_key => next.push(on_key),
            }
        }
        next.sort_unstable();
        next.dedup();
        if let Some(earlier) = key.get(place[(txn - low) as usize] as usize) {
            pairs.extend(next.iter().filter_map(|to| pair(registers, earlier, key[*to as usize])));
        }
        ahead[(txn - low) as usize] = next;
    }
}
