//! Serializability and snapshot isolation of small histories over registers of unique values, where nothing tells the
//! order of versions: every two writers of a key came in one order or the other, which makes a polygraph
//! (Papadimitriou, JACM 1979). What follows from the known order is filled in first; what is left is searched.
//!
//! Snapshot isolation is the absence of circles in which no two anti-dependencies are adjacent (Cerone & Gotsman,
//! "Analysing Snapshot Isolation", PODC'16); the pruning is that of Huang et al., "Efficient Black-box Checking of
//! Snapshot Isolation in Databases" (VLDB'23), without their solver. Deliberately absent: long histories; the problem
//! is NP-complete (Biswas & Enea, OOPSLA'19), and beyond a bound the answer is that it was given up.

use sim_core::value::Value;

use super::order;
use crate::graph::{Edge, Graph, Searcher};
use crate::naming::Named;
use crate::verdict::{Verdict, Witness, WitnessEdge};
use crate::weak::seen::{INITIAL, Seen};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// As if one transaction ran after another.
    Serializable,
    /// Each reads a snapshot, and of two that write one key one saw the other.
    Snapshot,
}

/// Which order must be respected beside what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Respect {
    /// None.
    Nothing,
    /// Each session's own.
    Sessions,
    /// What had ended comes before what began later.
    RealTime,
}

/// Transactions beyond which it is not tried: the order is held as a matrix of bits.
pub const LENGTH_MAX: usize = 2_000;
/// Pairs of writers of one key beyond which it is not tried.
pub const PAIRS_MAX: usize = 100_000;
/// Choices after which the search gives up.
const CHOICES: u64 = 200_000;

const SO: u8 = 1;
const WR: u8 = 2;
const WW: u8 = 4;
const RW: u8 = 8;

/// Judges a history; a read of `initial` that nobody wrote saw the initial state.
#[must_use]
pub fn check<'h>(
    history: impl Into<Named<'h>>,
    isolation: Isolation,
    respect: Respect,
    initial: &Value,
) -> Verdict {
    let seen = match Seen::new(history, initial) {
        Ok(seen) => seen,
        Err(verdict) => return verdict,
    };
    if seen.len() > LENGTH_MAX {
        return Verdict::Unknown(format!(
            "more than {LENGTH_MAX} transactions are not tried without a version order"
        ));
    }
    let name = match isolation {
        Isolation::Serializable => "serializability",
        Isolation::Snapshot => "snapshot isolation",
    };
    let pairs = pairs(&seen);
    if pairs > PAIRS_MAX {
        return Verdict::Unknown(format!(
            "{pairs} pairs of writes without a known order; {PAIRS_MAX} are tried"
        ));
    }
    let choices = choices(&seen);
    let mut start = Order::new(seen.len(), isolation);
    let base = known(&seen, respect);
    for edge in &base {
        if !start.add(*edge) {
            return Verdict::Fail(Box::new(circle(&seen, &start, &[*edge], name)));
        }
    }
    search(&seen, start, &choices, name)
}

/// Two writers of a key, and the dependencies that hold if the one or the other came first.
struct Choice {
    key: u32,
    first: [u32; 2],
    then: [Vec<Edge>; 2],
}

/// The known dependencies: the respected order, who read whom, and that the initial state was first.
fn known(seen: &Seen<'_>, respect: Respect) -> Vec<Edge> {
    let mut edges: Vec<Edge> = (1..seen.len() as u32).map(|txn| Edge::new(INITIAL, txn, SO)).collect();
    match respect {
        Respect::Nothing => {}
        Respect::Sessions => {
            let pairs = (1..seen.len() as u32).filter_map(|txn| Some((seen.before(txn)?, txn)));
            edges.extend(pairs.map(|(before, txn)| Edge::new(before, txn, SO)));
        }
        Respect::RealTime => {
            let mut reduced = Vec::new();
            order::reduced(&seen.log, &seen.txns[1..], &mut reduced);
            edges.extend(reduced.iter().map(|e| Edge::new(e.from + 1, e.to + 1, SO)));
        }
    }
    let mut readers_of_initial = Vec::new();
    for reader in 1..seen.len() as u32 {
        for read in seen.reads(reader) {
            edges.push(Edge::new(read.from, reader, WR));
            if read.from == INITIAL {
                readers_of_initial.push((read.key, reader));
            }
        }
    }
    for (key, reader) in readers_of_initial {
        let writers = (1..seen.len() as u32).filter(|w| *w != reader && seen.wrote(*w, key));
        edges.extend(writers.map(|writer| Edge::new(reader, writer, RW)));
    }
    edges
}

/// How many pairs of writers of one key there are.
fn pairs(seen: &Seen<'_>) -> usize {
    let mut writers = vec![0usize; seen.log.keys.len()];
    (1..seen.len() as u32).flat_map(|txn| seen.writes(txn)).for_each(|key| writers[*key as usize] += 1);
    writers.iter().map(|count| count * count.saturating_sub(1) / 2).sum()
}

fn choices(seen: &Seen<'_>) -> Vec<Choice> {
    let keys = seen.log.keys.len();
    let mut writers: Vec<Vec<u32>> = vec![Vec::new(); keys];
    let mut readers: Vec<Vec<(u32, u32)>> = vec![Vec::new(); keys];
    for txn in 1..seen.len() as u32 {
        seen.writes(txn).iter().for_each(|key| writers[*key as usize].push(txn));
        seen.reads(txn).iter().for_each(|read| readers[read.key as usize].push((read.from, txn)));
    }
    let mut choices = Vec::new();
    for key in 0..keys as u32 {
        let (writers, readers) = (&writers[key as usize], &readers[key as usize]);
        let then = |a: u32, b: u32| {
            let late = readers.iter().filter(|(from, reader)| *from == a && *reader != b);
            let anti = late.map(|(_, reader)| Edge::new(*reader, b, RW));
            std::iter::once(Edge::new(a, b, WW)).chain(anti).collect::<Vec<Edge>>()
        };
        for (i, a) in writers.iter().enumerate() {
            for b in &writers[i + 1..] {
                choices.push(Choice { key, first: [*a, *b], then: [then(*a, *b), then(*b, *a)] });
            }
        }
    }
    choices
}

/// An order known so far: everything that reaches everything, as bits. Under snapshot isolation each transaction is
/// two nodes, the odd one reached by an anti-dependency, after which no second may follow.
#[derive(Clone)]
struct Order {
    snapshot: bool,
    nodes: usize,
    words: usize,
    reach: Vec<u64>,
    edges: Vec<Edge>,
}

impl Order {
    fn new(txns: usize, isolation: Isolation) -> Order {
        let snapshot = isolation == Isolation::Snapshot;
        let nodes = if snapshot { 2 * txns } else { txns };
        let words = nodes.div_ceil(64);
        Order { snapshot, nodes, words, reach: vec![0; nodes * words], edges: Vec::new() }
    }

    /// The arcs between nodes that a dependency makes.
    fn arcs(&self, edge: Edge) -> ([(u32, u32); 2], usize) {
        let (from, to) = (edge.from, edge.to);
        match (self.snapshot, edge.labels == RW) {
            (false, _) => ([(from, to); 2], 1),
            (true, true) => ([(2 * from, 2 * to + 1); 2], 1),
            (true, false) => ([(2 * from, 2 * to), (2 * from + 1, 2 * to)], 2),
        }
    }

    fn reaches(&self, from: u32, to: u32) -> bool {
        self.reach[from as usize * self.words + to as usize / 64] >> (to % 64) & 1 == 1
    }

    /// Whether the dependency would close a circle.
    fn refuses(&self, edge: Edge) -> bool {
        let (arcs, count) = self.arcs(edge);
        arcs[..count].iter().any(|(from, to)| from == to || self.reaches(*to, *from))
    }

    /// Adds a dependency; false if it closes a circle.
    fn add(&mut self, edge: Edge) -> bool {
        if self.refuses(edge) {
            return false;
        }
        self.edges.push(edge);
        let (arcs, count) = self.arcs(edge);
        for (from, to) in &arcs[..count] {
            self.join(*from, *to);
        }
        true
    }

    fn join(&mut self, from: u32, to: u32) {
        if self.reaches(from, to) {
            return;
        }
        let begin = to as usize * self.words;
        let mut ahead: Vec<u64> = self.reach[begin..begin + self.words].to_vec();
        ahead[to as usize / 64] |= 1 << (to % 64);
        for node in 0..self.nodes as u32 {
            if node == from || self.reaches(node, from) {
                let row = node as usize * self.words;
                self.reach[row..row + self.words].iter_mut().zip(&ahead).for_each(|(a, b)| *a |= b);
            }
        }
    }
}

/// What is left to choose, and how far a branch has come.
struct Branch {
    order: Order,
    open: Vec<usize>,
}

/// Fills in what follows, then tries both ways for the first choice left.
fn search(seen: &Seen<'_>, start: Order, choices: &[Choice], name: &str) -> Verdict {
    let mut first = Branch { order: start, open: (0..choices.len()).collect() };
    if let Err(stuck) = saturate(&mut first, choices) {
        return Verdict::Fail(Box::new(dilemma(seen, &first.order, &choices[stuck], name)));
    }
    let mut stack = vec![first];
    let mut tried = 0;
    while let Some(branch) = stack.pop() {
        let Some(next) = branch.open.first().copied() else { return Verdict::Pass };
        tried += 1;
        if tried > CHOICES {
            return Verdict::Unknown(format!("gave up after {CHOICES} choices between orders of two writes"));
        }
        for way in [1, 0] {
            let mut order = branch.order.clone();
            let open = branch.open[1..].to_vec();
            if choices[next].then[way].iter().all(|edge| order.add(*edge)) {
                let mut branch = Branch { order, open };
                if saturate(&mut branch, choices).is_ok() {
                    stack.push(branch);
                }
            }
        }
    }
    Verdict::Fail(Box::new(exhausted(seen, choices, name)))
}

/// Takes every choice of which one way is excluded, until none is left; or the choice of which both are.
fn saturate(branch: &mut Branch, choices: &[Choice]) -> Result<(), usize> {
    loop {
        let before = branch.open.len();
        let mut left = Vec::with_capacity(before);
        for &index in &branch.open {
            let then = &choices[index].then;
            let excluded = [0, 1].map(|way: usize| then[way].iter().any(|edge| branch.order.refuses(*edge)));
            let way = match excluded {
                [false, false] => {
                    left.push(index);
                    continue;
                }
                [true, true] => return Err(index),
                [true, false] => 1,
                [false, true] => 0,
            };
            if !then[way].iter().all(|edge| branch.order.add(*edge)) {
                return Err(index);
            }
        }
        branch.open = left;
        if branch.open.len() == before {
            return Ok(());
        }
    }
}

/// Why one dependency cannot be: the way back from its end to its start, in words.
fn way_back(seen: &Seen<'_>, order: &Order, edge: Edge, witness: &mut Witness) {
    let arcs: Vec<Edge> = order
        .edges
        .iter()
        .flat_map(|e| {
            let (arcs, count) = order.arcs(*e);
            arcs.into_iter().take(count).map(|(a, b)| Edge::new(a, b, e.labels))
        })
        .collect();
    let graph = Graph::new(order.nodes, &arcs);
    let (wanted, count) = order.arcs(edge);
    let txn = |node: u32| if order.snapshot { node / 2 } else { node };
    for (from, to) in &wanted[..count] {
        let Some(path) = Searcher::new(&graph).path(*to, *from, usize::MAX, |_, _, _| true) else { continue };
        let label = |pair: &[u32]| {
            let labels = graph.labels(pair[0], pair[1]);
            labels & labels.wrapping_neg()
        };
        // Steps of a respected order that follow each other are one step.
        let mut steps: Vec<(u32, u32, u8)> = Vec::new();
        for pair in path.windows(2) {
            match steps.last_mut() {
                Some((_, end, SO)) if label(pair) == SO => *end = txn(pair[1]),
                _ => steps.push((txn(pair[0]), txn(pair[1]), label(pair))),
            }
        }
        for (a, b, label) in steps {
            let word = word(label);
            let (x, y) = (seen.describe(a), seen.describe(b));
            witness.story.push(format!("    {x}, before {y} ({word});"));
            witness.entries.extend([a, b].iter().filter_map(|t| seen.entry(*t)));
            if let (Some(from), Some(to)) = (seen.entry(a), seen.entry(b)) {
                witness.edges.push(WitnessEdge { from, to, why: word.to_string() });
            }
        }
        if let (Some(from), Some(to)) = (seen.entry(edge.from), seen.entry(edge.to)) {
            witness.edges.push(WitnessEdge { from, to, why: word(edge.labels).to_string() });
        }
        return;
    }
}

fn word(label: u8) -> &'static str {
    match label {
        SO => "so",
        WR => "wr",
        WW => "ww",
        _ => "rw",
    }
}

fn blank(name: &str) -> Witness {
    Witness { anomaly: format!("{name} violation"), ..Witness::default() }
}

fn tidy(mut witness: Witness) -> Witness {
    let mut known = Vec::new();
    witness.entries.retain(|entry| {
        !known.contains(entry) && {
            known.push(*entry);
            true
        }
    });
    witness.edges.dedup();
    witness
}

/// Even without a choice there is a circle.
fn circle(seen: &Seen<'_>, order: &Order, edges: &[Edge], name: &str) -> Witness {
    let mut witness = blank(name);
    witness.headline = format!("what was read contradicts {name} whatever the order of versions");
    for edge in edges {
        let (a, b) = (seen.describe(edge.from), seen.describe(edge.to));
        witness.story.push(format!("{a} must come before {b} ({}); yet", word(edge.labels)));
        witness.entries.extend([edge.from, edge.to].iter().filter_map(|t| seen.entry(*t)));
        way_back(seen, order, *edge, &mut witness);
        witness.story.push("leads back: a contradiction.".to_string());
    }
    tidy(witness)
}

/// Both orders of two writes are excluded.
fn dilemma(seen: &Seen<'_>, order: &Order, choice: &Choice, name: &str) -> Witness {
    let mut witness = blank(name);
    let key = seen.log.called(choice.key);
    witness.headline = format!("two writes of key {key} can have come in neither order under {name}");
    witness.entries.extend(choice.first.iter().filter_map(|t| seen.entry(*t)));
    for way in 0..2 {
        let (first, second) = (seen.describe(choice.first[way]), seen.describe(choice.first[1 - way]));
        witness.story.push(format!("Suppose {first} wrote key {key} before {second}."));
        let Some(edge) = choice.then[way].iter().find(|edge| order.refuses(**edge)) else { continue };
        let (a, b) = (seen.describe(edge.from), seen.describe(edge.to));
        witness.story.push(format!("Then {a} comes before {b} ({}); yet", word(edge.labels)));
        way_back(seen, order, *edge, &mut witness);
        witness.story.push("leads back: so it did not.".to_string());
    }
    tidy(witness)
}

/// Every combination was tried.
fn exhausted(seen: &Seen<'_>, choices: &[Choice], name: &str) -> Witness {
    let mut witness = blank(name);
    witness.headline = format!("no order of the writes satisfies {name}");
    witness.story.push(format!("All orders of the {} pairs of writes of one key were tried:", choices.len()));
    witness.story.push("each makes some transaction come before itself.".to_string());
    witness.entries = (1..seen.len() as u32).filter_map(|txn| seen.entry(txn)).collect();
    witness
}
