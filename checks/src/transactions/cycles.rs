//! Cycles in one strongly connected component: which kinds of Adya's and Elle's are there, with a short one of each,
//! and which models no cycle-free reading of the component can save.
//!
//! Follows Elle's order and its rule that a kind implied by one already found is not looked for again (VLDB'20 §6);
//! snapshot isolation allows only cycles with two adjacent anti-dependencies (Fekete et al., TODS'05; Cerone &
//! Gotsman, PODC'16). Every question is answered in time polynomial in the component and with a bound on the work, so
//! there is no time-out: where the bound is met, that a cycle exists is still known, only not each of its names.
//! Deliberately absent: what an edge means in words.

use super::lattice::{Anomaly, AnomalySet, Model, ModelSet, anomaly};
use super::order::{Kind, PROCESS, REALTIME, RW, WR, WW};
use crate::graph::{Edge, Graph, Searcher, components, shortest_cycle};

/// What the search says of a component.
#[derive(Debug)]
pub(crate) enum Cycle {
    /// A cycle of this kind; the label that explains each edge, the last leading back to the first node.
    Found { anomaly: Anomaly, nodes: Vec<u32>, labels: Vec<u8> },
    /// The model of this level forbids all cycles of certain labels, and there is one among these nodes.
    Exists { anomaly: Anomaly, level: usize, nodes: Vec<u32> },
}

/// Edges that one search may look at.
const WORK: u64 = 20_000_000;

/// A model, and the part of the graph that must be free of cycles if it holds. With `hops`, an anti-dependency may
/// be taken after any other edge, but not two in a row.
struct Level {
    name: &'static str,
    anomaly: &'static str,
    mask: u8,
    hops: bool,
}

const fn level(name: &'static str, anomaly: &'static str, mask: u8, hops: bool) -> Level {
    Level { name, anomaly, mask, hops }
}

const LEVELS: [Level; 13] = [
    level("read-uncommitted", "PL-1-cycle-exists", WW, false),
    level("read-committed", "PL-2-cycle-exists", WW | WR, false),
    level("snapshot-isolation", "PL-SI-cycle-exists", WW | WR, true),
    level("repeatable-read", "PL-2.99-cycle-exists", WW | WR | RW, false),
    level("serializable", "PL-3-cycle-exists", WW | WR | RW, false),
    level("strong-session-read-uncommitted", "strong-session-PL-1-cycle-exists", WW | PROCESS, false),
    level("strong-session-read-committed", "strong-session-PL-2-cycle-exists", WW | WR | PROCESS, false),
    level(
        "strong-session-snapshot-isolation",
        "strong-session-snapshot-isolation-cycle-exists",
        WW | WR | PROCESS,
        true,
    ),
    level(
        "strong-session-serializable",
        "strong-session-serializable-cycle-exists",
        WW | WR | RW | PROCESS,
        false,
    ),
    level("strong-read-uncommitted", "strong-PL-1-cycle-exists", WW | REALTIME, false),
    level("strong-read-committed", "strong-PL-2-cycle-exists", WW | WR | REALTIME, false),
    level("strong-snapshot-isolation", "strong-snapshot-isolation-cycle-exists", WW | WR | REALTIME, true),
    level("strong-serializable", "PL-SS-cycle-exists", WW | WR | RW | REALTIME, false),
];

/// The shapes of cycles.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Writes after writes only.
    G0,
    /// Some read of a write, no anti-dependency.
    G1c,
    /// One anti-dependency.
    Single,
    /// Several, no two adjacent.
    Nonadjacent,
    /// Several, two of them adjacent.
    Adjacent,
}

/// A kind of cycle to look for.
struct Hunt {
    anomaly: Anomaly,
    implied: AnomalySet,
    shape: Shape,
    /// The order that must take part: 0, `PROCESS` or `REALTIME`.
    order: u8,
}

/// What all components of one history have in common.
pub(crate) struct Plan {
    priority: [u8; 3],
    hunts: Vec<Hunt>,
    /// For each level the models that its failure rules out.
    impossible: Vec<ModelSet>,
    /// For each outcome of the levels (a bit each) the kinds of cycle that cannot be there.
    absent: std::collections::BTreeMap<u16, AnomalySet>,
}

const SHAPES: [(&str, Shape); 5] = [
    ("G0", Shape::G0),
    ("G1c", Shape::G1c),
    ("G-single-item", Shape::Single),
    ("G-nonadjacent-item", Shape::Nonadjacent),
    ("G2-item", Shape::Adjacent),
];

/// The hunts by gravity, as Elle orders them.
const ORDER: [(&str, Shape, u8); 15] = [
    ("G-single-item", Shape::Single, 0),
    ("G0", Shape::G0, 0),
    ("G-nonadjacent-item", Shape::Nonadjacent, 0),
    ("G-single-item-process", Shape::Single, PROCESS),
    ("G1c", Shape::G1c, 0),
    ("G-nonadjacent-item-process", Shape::Nonadjacent, PROCESS),
    ("G-single-item-realtime", Shape::Single, REALTIME),
    ("G2-item", Shape::Adjacent, 0),
    ("G-nonadjacent-item-realtime", Shape::Nonadjacent, REALTIME),
    ("G0-process", Shape::G0, PROCESS),
    ("G1c-process", Shape::G1c, PROCESS),
    ("G2-item-process", Shape::Adjacent, PROCESS),
    ("G0-realtime", Shape::G0, REALTIME),
    ("G1c-realtime", Shape::G1c, REALTIME),
    ("G2-item-realtime", Shape::Adjacent, REALTIME),
];

impl Plan {
    pub fn new(order: Kind, priority: [u8; 3]) -> Plan {
        let absent = match order {
            Kind::Data => PROCESS | REALTIME,
            Kind::Process => REALTIME,
            Kind::Realtime => PROCESS,
        };
        let hunts = ORDER.iter().filter(|(.., order)| order & absent == 0).map(|(name, shape, order)| {
            let anomaly = anomaly(name);
            let implied = [anomaly].into_iter().collect::<AnomalySet>().with_implied();
            Hunt { anomaly, implied, shape: *shape, order: *order }
        });
        let impossible = LEVELS.iter().map(|level| [model(level.name)].into_iter().collect::<ModelSet>());
        Plan {
            priority,
            hunts: hunts.collect(),
            impossible: impossible.map(ModelSet::with_stronger).collect(),
            absent: std::collections::BTreeMap::new(),
        }
    }

    /// The kinds of cycle that cannot be where these levels failed and no others.
    fn absent(&mut self, failed: u16) -> AnomalySet {
        let impossible = &self.impossible;
        *self.absent.entry(failed).or_insert_with(|| {
            let ruled_out = (0..LEVELS.len())
                .filter(|i| failed >> i & 1 == 1)
                .fold(ModelSet::default(), |set, i| set.union(impossible[i]));
            let possible = LEVELS.iter().map(|level| model(level.name)).filter(|m| !ruled_out.contains(*m));
            possible.collect::<ModelSet>().forbidden()
        })
    }
}

fn model(name: &str) -> Model {
    Model::parse(name).expect("the levels are models of the lattice")
}

/// The model that a "cycle exists" anomaly speaks of.
pub(crate) fn model_of(anomaly: Anomaly) -> Option<Model> {
    LEVELS.iter().find(|level| level.anomaly == anomaly.name()).map(|level| model(level.name))
}

/// Looks for all kinds of cycle in a component.
pub(crate) fn search(graph: &Graph, plan: &mut Plan) -> Vec<Cycle> {
    let (mut found, failed) = levels(graph, plan);
    let mut redundant = plan.absent(failed);
    let component = Component::new(graph, plan.priority);
    for hunt in &plan.hunts {
        if redundant.contains(hunt.anomaly) {
            continue;
        }
        if let Some((anomaly, nodes, labels)) = component.hunt(hunt) {
            redundant = redundant.union(hunt.implied);
            found.push(Cycle::Found { anomaly, nodes, labels });
        }
    }
    found
}

/// A shorter cycle of the same kind, if this graph of the cycle's own nodes has one.
pub(crate) fn shorter(graph: &Graph, plan: &Plan, anomaly: Anomaly) -> Option<(Vec<u32>, Vec<u8>)> {
    let hunt = plan.hunts.iter().find(|hunt| hunt.anomaly == anomaly)?;
    let (found, nodes, labels) = Component::new(graph, plan.priority).hunt(hunt)?;
    (found == anomaly && nodes.len() < graph.nodes()).then_some((nodes, labels))
}

/// The levels that cannot hold, and a bit for each.
fn levels(graph: &Graph, plan: &Plan) -> (Vec<Cycle>, u16) {
    let (mut found, mut failed) = (Vec::new(), 0);
    let mut ruled_out = ModelSet::default();
    for (i, level) in LEVELS.iter().enumerate() {
        if ruled_out.contains(model(level.name)) {
            continue;
        }
        let cyclic = match level.hops {
            true => components(&hops(graph, level.mask), u8::MAX).cyclic,
            false => components(graph, level.mask).cyclic,
        };
        let Some(smallest) = cyclic.into_iter().min_by_key(Vec::len) else { continue };
        found.push(Cycle::Exists { anomaly: anomaly(level.anomaly), level: i, nodes: smallest });
        failed |= 1 << i;
        ruled_out = ruled_out.union(plan.impossible[i]);
    }
    (found, failed)
}

/// A short cycle that shows why a level cannot hold, and the model it speaks of.
pub(crate) fn example(graph: &Graph, level: usize, nodes: &[u32]) -> (Vec<u32>, &'static str) {
    let Level { name, mask, hops: jumps, .. } = LEVELS[level];
    if !jumps {
        return (shortest_cycle(graph, nodes, mask, WORK).unwrap_or_else(|| nodes.to_vec()), name);
    }
    let walk = shortest_cycle(&hops(graph, mask), nodes, u8::MAX, WORK).unwrap_or_else(|| nodes.to_vec());
    let walk: Vec<u32> = walk.into_iter().map(|node| node / 2).collect();
    let allowed = |part: &Vec<u32>| {
        let next = part.iter().cycle().skip(1);
        let anti: Vec<bool> = part.iter().zip(next).map(|(a, b)| graph.labels(*a, *b) & mask == 0).collect();
        part.len() > 1 && (0..anti.len()).all(|i| !(anti[i] && anti[(i + 1) % anti.len()]))
    };
    (simple_parts(&walk).into_iter().find(allowed).unwrap_or(walk), name)
}

/// Two nodes for each: even if reached by another edge, odd if by an anti-dependency, after which no second may follow.
fn hops(graph: &Graph, mask: u8) -> Graph {
    let mut edges = Vec::with_capacity(graph.edge_count() * 2);
    for Edge { from, to, labels } in graph.edges() {
        if labels & mask != 0 {
            edges.push(Edge::new(2 * from, 2 * to, labels & mask));
            edges.push(Edge::new(2 * from + 1, 2 * to, labels & mask));
        }
        if labels & RW != 0 {
            edges.push(Edge::new(2 * from, 2 * to + 1, RW));
        }
    }
    Graph::new(2 * graph.nodes(), &edges)
}

/// The one label of several that explains an edge best.
fn best(labels: u8, priority: [u8; 3]) -> u8 {
    let data = priority.into_iter().find(|label| labels & label != 0);
    data.unwrap_or(if labels & PROCESS != 0 { PROCESS } else { REALTIME })
}

/// The explaining labels along a cycle.
pub(crate) fn labels_of(graph: &Graph, cycle: &[u32], priority: [u8; 3]) -> Vec<u8> {
    let next = cycle.iter().cycle().skip(1);
    cycle.iter().zip(next).map(|(a, b)| best(graph.labels(*a, *b), priority)).collect()
}

/// What kind of cycle edges with these labels make.
pub(crate) fn classify(labels: &[u8]) -> Anomaly {
    let count = |label: u8| labels.iter().filter(|l| **l == label).count();
    let anti = count(RW);
    let adjacent = (0..labels.len()).any(|i| labels[i] == RW && labels[(i + 1) % labels.len()] == RW);
    let shape = match anti {
        0 if count(WR) > 0 => Shape::G1c,
        0 => Shape::G0,
        1 => Shape::Single,
        _ if adjacent => Shape::Adjacent,
        _ => Shape::Nonadjacent,
    };
    let name = SHAPES.iter().find(|(_, s)| *s == shape).expect("every shape has a name").0;
    let ending = if count(REALTIME) > 0 {
        "-realtime"
    } else if count(PROCESS) > 0 {
        "-process"
    } else {
        ""
    };
    anomaly(&format!("{name}{ending}"))
}

type Found = (Anomaly, Vec<u32>, Vec<u8>);

/// One component, with all labels and with only the explaining one of each edge.
struct Component<'g> {
    raw: &'g Graph,
    told: Graph,
    graver: std::cell::OnceCell<bool>,
}

impl Component<'_> {
    fn new(raw: &Graph, priority: [u8; 3]) -> Component<'_> {
        let told: Vec<Edge> =
            raw.edges().map(|e| Edge::new(e.from, e.to, best(e.labels, priority))).collect();
        Component { raw, told: Graph::new(raw.nodes(), &told), graver: std::cell::OnceCell::new() }
    }

    fn hunt(&self, hunt: &Hunt) -> Option<Found> {
        match hunt.shape {
            Shape::G0 => {
                self.through(self.raw, WW | hunt.order, if hunt.order == 0 { WW } else { hunt.order })
            }
            Shape::G1c => self.through(self.raw, WW | WR | hunt.order, WR),
            _ if self.first_met_is_graver(WW | WR) => None,
            Shape::Single => self.back_to_anti(WW | WR | hunt.order, hunt.anomaly),
            Shape::Nonadjacent => self.nonadjacent(WW | WR | hunt.order, hunt.anomaly),
            Shape::Adjacent => self.back_to_anti(WW | WR | RW | hunt.order, hunt.anomaly),
        }
    }

    /// A shortest cycle over edges of `mask` through one that carries `must`.
    fn through(&self, graph: &Graph, mask: u8, must: u8) -> Option<Found> {
        let parts = components(graph, mask);
        if parts.cyclic.is_empty() {
            return None;
        }
        let mut searcher = Searcher::new(graph);
        let mut shortest: Option<Vec<u32>> = None;
        for edge in graph.edges().filter(|e| e.labels & must != 0) {
            let limit = shortest.as_ref().map_or(usize::MAX, |s| s.len() - 1);
            if limit <= 1 || shortest.is_some() && searcher.work > WORK {
                break;
            }
            if parts.of[edge.from as usize] != parts.of[edge.to as usize] {
                continue;
            }
            let path = searcher.path(edge.to, edge.from, limit, |_, _, labels| labels & mask != 0);
            shortest = path.or(shortest);
        }
        let nodes = rotated(shortest?);
        let labels = self.labels(&nodes);
        Some((classify(&labels), nodes, labels))
    }

    /// Whether the cycle through an anti-dependency that is met first, from the lowest node on, needs none: then the
    /// anti-dependency only doubles a stronger edge, and Elle names the component by the graver kind alone.
    fn first_met_is_graver(&self, mask: u8) -> bool {
        *self.graver.get_or_init(|| self.meet_first(mask))
    }

    fn meet_first(&self, mask: u8) -> bool {
        let parts = components(self.raw, mask | RW);
        let mut searcher = Searcher::new(self.raw);
        for start in 0..self.raw.nodes() as u32 {
            let mut first: Option<Vec<u32>> = None;
            for (to, _) in self.raw.row(start).filter(|(_, labels)| labels & RW != 0) {
                if parts.of[start as usize] == parts.of[to as usize] && searcher.work <= WORK {
                    let limit = first.as_ref().map_or(usize::MAX, |nodes| nodes.len() - 1);
                    first = searcher.path(to, start, limit, |_, _, labels| labels & mask != 0).or(first);
                }
            }
            if let Some(nodes) = first {
                return !self.labels(&nodes).contains(&RW);
            }
        }
        false
    }

    /// A shortest cycle of the wanted kind made of an anti-dependency and a path of edges of `mask` back to its start.
    fn back_to_anti(&self, mask: u8, wanted: Anomaly) -> Option<Found> {
        let parts = components(&self.told, mask | RW);
        let mut searcher = Searcher::new(&self.told);
        let mut shortest: Option<Found> = None;
        for edge in self.told.edges().filter(|e| e.labels == RW) {
            let limit = shortest.as_ref().map_or(usize::MAX, |(_, nodes, _)| nodes.len() - 1);
            if limit <= 1 || searcher.work > WORK {
                break;
            }
            if parts.of[edge.from as usize] != parts.of[edge.to as usize] {
                continue;
            }
            let path = searcher.path(edge.to, edge.from, limit, |_, _, labels| labels & mask != 0);
            shortest = path.and_then(|nodes| self.accept(nodes, wanted)).or(shortest);
        }
        shortest
    }

    /// The same with several anti-dependencies, none after another.
    fn nonadjacent(&self, mask: u8, wanted: Anomaly) -> Option<Found> {
        let jumping = hops(&self.told, mask);
        let parts = components(&jumping, u8::MAX);
        if parts.cyclic.is_empty() {
            return None;
        }
        let mut searcher = Searcher::new(&jumping);
        let mut shortest: Option<Found> = None;
        for edge in self.told.edges().filter(|e| e.labels == RW) {
            if searcher.work > WORK {
                break;
            }
            let (from, to) = (2 * edge.from, 2 * edge.to + 1);
            if parts.of[from as usize] != parts.of[to as usize] {
                continue;
            }
            let limit = shortest.as_ref().map_or(usize::MAX, |(_, nodes, _)| nodes.len());
            let Some(walk) = searcher.path(to, from, limit, |_, _, _| true) else { continue };
            let walk: Vec<u32> = walk.into_iter().map(|node| node / 2).collect();
            for nodes in simple_parts(&walk) {
                let shorter = shortest.as_ref().is_none_or(|(_, best, _)| nodes.len() < best.len());
                shortest = self.accept(nodes, wanted).filter(|_| shorter).or(shortest);
            }
        }
        shortest
    }

    fn accept(&self, nodes: Vec<u32>, wanted: Anomaly) -> Option<Found> {
        let nodes = rotated(nodes);
        let labels = self.labels(&nodes);
        (classify(&labels) == wanted).then_some((wanted, nodes, labels))
    }

    fn labels(&self, nodes: &[u32]) -> Vec<u8> {
        let next = nodes.iter().cycle().skip(1);
        nodes.iter().zip(next).map(|(a, b)| self.told.labels(*a, *b)).collect()
    }
}

/// The same cycle from its lowest node on.
fn rotated(mut nodes: Vec<u32>) -> Vec<u32> {
    let lowest = (0..nodes.len()).min_by_key(|i| nodes[*i]).unwrap_or(0);
    nodes.rotate_left(lowest);
    nodes
}

/// Cuts a closed walk into cycles that visit no node twice.
fn simple_parts(walk: &[u32]) -> Vec<Vec<u32>> {
    let (mut parts, mut open): (Vec<Vec<u32>>, Vec<u32>) = (Vec::new(), Vec::new());
    for node in walk {
        if let Some(at) = open.iter().position(|n| n == node) {
            parts.push(open.split_off(at));
        }
        open.push(*node);
    }
    parts.push(open);
    parts
}
