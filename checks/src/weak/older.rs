//! Whether versions can be put in an order in which each is no newer than what it must not be newer than: key by key,
//! for only versions of one key are ever compared.
//!
//! A demand "all of these are no newer than that one" leads through a node of its own, so that many demands on a growing
//! list cost as much as the list. Keys whose demands agree with the order in which their writes began are let pass at once.
//! Linear in the demands. Deliberately absent: which versions these are, and what demands it ([`super::sessions`]).

use crate::graph::{Edge, Graph, components};

/// None: no version, no transaction.
pub(super) const NONE: u32 = u32::MAX;

/// A version, or a node between, that is no newer than another, and the transaction by whose doing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub from: u32,
    pub to: u32,
    pub because: u32,
}

/// Where demands come from: the same ones whenever they are asked for.
pub(super) trait Demands {
    /// How many keys there are.
    fn keys(&self) -> usize;
    /// How many versions and nodes between there are, the versions first.
    fn nodes(&self) -> usize;
    /// Whether this is a version, not a node between.
    fn is_version(&self, node: u32) -> bool;
    /// The initial version of a key.
    fn initial(&self, key: u32) -> u32;
    /// An order in which most histories' versions are; of a node between the greatest of those that it stands for.
    fn rank(&self, node: u32) -> u32;
    /// Tells all demands, each with its key.
    fn tell(&self, sink: &mut impl FnMut(u32, Link));
}

/// A circle of different versions of a key, each no newer than the next.
pub(super) struct Circle {
    pub key: u32,
    /// From version to version, and by whose doing; [`NONE`] where the first is the initial one, older than all.
    pub steps: Vec<Link>,
}

/// A short circle among the versions of some key, if there is one.
pub(super) fn circle(demands: &impl Demands) -> Option<Circle> {
    let mut suspect = vec![false; demands.keys()];
    demands.tell(&mut |key, link| {
        suspect[key as usize] |= demands.rank(link.from) > demands.rank(link.to);
    });
    if !suspect.contains(&true) {
        return None;
    }
    let mut links: Vec<Vec<Link>> = vec![Vec::new(); demands.keys()];
    demands.tell(&mut |key, link| {
        if suspect[key as usize] {
            links[key as usize].push(link);
        }
    });
    let mut local = vec![NONE; demands.nodes()];
    let mut least: Option<(usize, Key, Vec<u32>)> = None;
    for (number, links) in (0..).zip(links).filter(|(_, links)| !links.is_empty()) {
        let key = Key::new(demands, number, links, &mut local);
        for members in components(&key.graph, 1).cyclic {
            let count = members.iter().filter(|node| key.is_version[**node as usize]).count();
            if count > 1 && least.as_ref().is_none_or(|(few, ..)| count < *few) {
                least = Some((count, key.clone(), members));
            }
        }
    }
    least.map(|(_, key, members)| Circle { key: key.number, steps: key.shortest(&members) })
}

/// The demands on the versions of one key, as a graph.
#[derive(Clone)]
struct Key {
    number: u32,
    graph: Graph,
    links: Vec<Link>,
    /// The nodes of the graph, as they are numbered elsewhere.
    nodes: Vec<u32>,
    is_version: Vec<bool>,
}

/// A place on the way along a circle: a node, and whether another version than the first has been passed.
type Place = (u32, bool);

impl Key {
    /// `local` is for all nodes `NONE`, before and after.
    fn new(demands: &impl Demands, number: u32, links: Vec<Link>, local: &mut [u32]) -> Key {
        let mut nodes = vec![demands.initial(number)];
        local[nodes[0] as usize] = 0;
        let mut edges: Vec<Edge> = Vec::with_capacity(2 * links.len());
        for link in &links {
            let ends = [link.from, link.to].map(|node| {
                let at = &mut local[node as usize];
                if *at == NONE {
                    *at = nodes.len() as u32;
                    nodes.push(node);
                    if demands.is_version(node) {
                        edges.push(Edge::new(0, *at, 1));
                    }
                }
                *at
            });
            edges.push(Edge::new(ends[0], ends[1], 1));
        }
        nodes.iter().for_each(|node| local[*node as usize] = NONE);
        let is_version = nodes.iter().map(|node| demands.is_version(*node)).collect();
        Key { number, graph: Graph::new(nodes.len(), &edges), links, nodes, is_version }
    }

    /// A circle through as few versions as can be found without looking at each edge too often.
    fn shortest(&self, members: &[u32]) -> Vec<Link> {
        let mut work = 0;
        let mut best: Option<Vec<u32>> = None;
        for &start in members.iter().filter(|node| self.is_version[**node as usize]) {
            let found = self.around(start, &mut work);
            let fewer = |found: &Vec<u32>| best.as_ref().is_none_or(|best| found.len() < best.len());
            best = found.filter(fewer).or(best);
            if work > 1 << 22 || best.as_ref().is_some_and(|best| best.len() <= 3) {
                break;
            }
        }
        let way = best.unwrap_or_default();
        let mut steps = Vec::new();
        let mut from = way.first().copied().unwrap_or(0);
        for pair in way.windows(2).filter(|pair| self.is_version[pair[1] as usize]) {
            let [last, to] = [pair[0], pair[1]].map(|node| self.nodes[node as usize]);
            let because = self.links.iter().find(|link| link.from == last && link.to == to);
            steps.push(Link {
                from: self.nodes[from as usize],
                to,
                because: because.map_or(NONE, |l| l.because),
            });
            from = pair[1];
        }
        steps
    }

    /// A way from a version over others back to it, through the fewest versions, both ends included.
    fn around(&self, start: u32, work: &mut usize) -> Option<Vec<u32>> {
        let index = |(node, moved): Place| 2 * node as usize + usize::from(moved);
        let mut before: Vec<Option<Place>> = vec![None; 2 * self.nodes.len()];
        // What is entered without passing a version is looked at first.
        let mut near: Vec<Place> = vec![(start, false)];
        let mut far: Vec<Place> = Vec::new();
        loop {
            let Some(place) = near.pop() else {
                if far.is_empty() {
                    return None;
                }
                std::mem::swap(&mut near, &mut far);
                continue;
            };
            for (to, _) in self.graph.row(place.0) {
                *work += 1;
                if to == start {
                    if place.1 {
                        return Some(self.back(place, start, &before));
                    }
                    continue;
                }
                let is_version = self.is_version[to as usize];
                let next = (to, place.1 || is_version);
                if before[index(next)].is_none() {
                    before[index(next)] = Some(place);
                    if is_version { far.push(next) } else { near.push(next) }
                }
            }
        }
    }

    fn back(&self, last: Place, start: u32, before: &[Option<Place>]) -> Vec<u32> {
        let mut way = vec![start];
        let mut place = last;
        while place != (start, false) {
            way.push(place.0);
            let Some(earlier) = before[2 * place.0 as usize + usize::from(place.1)] else { break };
            place = earlier;
        }
        way.push(start);
        way.reverse();
        way
    }
}
