//! Who holds what, and since when: the rings before and after each change of membership, and during a change both.
//!
//! A change has three parts. First data moves and writes need a quorum of the old and of the new homes; then reads turn
//! to the new homes while writes still need both, for those whose clocks are behind; then the old homes are forgotten.
//! Deliberately absent: agreement on the ring, which Dynamo's gossip does not give either; here everyone knows the plan.

use sim_core::client::level::Level;
use sim_core::peer::Peer;
use sim_core::time::{Span, Time};

use super::config::{Move, Quorum};
use super::ring::Ring;
use super::versions::Object;

/// What every node is booted with.
#[derive(Clone, Debug, PartialEq)]
pub struct QuorumConfig {
    /// The settings.
    pub quorum: Quorum,
    /// The ring at the start, and after each change.
    rings: Vec<Ring>,
    /// How many nodes there are, on a ring or not.
    pub nodes: u32,
    /// The region of each node.
    regions: Vec<u16>,
}

/// The homes of a key at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Homes {
    /// Those that are read, and written.
    pub now: Vec<Peer>,
    /// Those that are written besides, while membership changes.
    pub also: Option<Vec<Peer>>,
}

impl QuorumConfig {
    /// The configuration of a cluster whose nodes are in these regions; all in one if the list is empty.
    #[must_use]
    pub fn new(quorum: &Quorum, nodes: u32, regions: Vec<u16>) -> QuorumConfig {
        let mut members: Vec<Peer> = (0..quorum.members.unwrap_or(nodes)).map(Peer::node).collect();
        let mut rings = vec![Ring::new(&members, quorum.points)];
        for change in &quorum.changes {
            match change.what {
                Move::Join(node) => members.push(Peer::node(node)),
                Move::Leave(node) => members.retain(|member| *member != Peer::node(node)),
            }
            rings.push(Ring::new(&members, quorum.points));
        }
        QuorumConfig { quorum: quorum.clone(), rings, nodes, regions }
    }

    /// All nodes that are ever on a ring, by index.
    #[must_use]
    pub fn holders(&self) -> Vec<Peer> {
        let mut all: Vec<Peer> = self.rings.iter().flat_map(|ring| ring.members().iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The region of a node, by number.
    #[must_use]
    pub fn region(&self, node: Peer) -> u16 {
        if self.regions.is_empty() { 0 } else { self.regions[node.index() % self.regions.len()] }
    }

    /// The ring that is read at this time of a node's clock, and the one that is written besides.
    #[must_use]
    pub fn rings(&self, now: Time) -> (&Ring, Option<&Ring>) {
        let begun = self.quorum.changes.iter().take_while(|change| Time::ZERO + change.at <= now).count();
        let Some(last) = begun.checked_sub(1) else { return (&self.rings[0], None) };
        let change = self.quorum.changes[last];
        let turned = Time::ZERO + change.at + change.overlap;
        match (now < turned, now < turned + change.overlap) {
            (true, _) => (&self.rings[last], Some(&self.rings[last + 1])),
            (false, true) => (&self.rings[last + 1], Some(&self.rings[last])),
            (false, false) => (&self.rings[last + 1], None),
        }
    }

    /// The preference list of a key on a ring (Dynamo §4.3).
    #[must_use]
    pub fn preference(&self, ring: &Ring, object: Object) -> Vec<Peer> {
        let n = self.quorum.n as usize;
        let Some(each) = self.quorum.per_region else { return ring.walk(object).take(n).collect() };
        let mut list: Vec<Peer> = Vec::with_capacity(n);
        for node in ring.walk(object) {
            let region = self.region(node);
            if list.iter().filter(|home| self.region(**home) == region).count() < each as usize {
                list.push(node);
            }
            if list.len() == n {
                break;
            }
        }
        list
    }

    /// A key's homes at this time of a node's clock.
    #[must_use]
    pub fn homes(&self, object: Object, now: Time) -> Homes {
        let (ring, other) = self.rings(now);
        Homes { now: self.preference(ring, object), also: other.map(|other| self.preference(other, object)) }
    }

    /// Whether these answers are enough at a level, of homes that a coordinator in `region` asked.
    #[must_use]
    pub fn enough(&self, level: Level, answers: &[Peer], homes: &[Peer], region: u16) -> bool {
        let in_region =
            |list: &[Peer], region: u16| list.iter().filter(|node| self.region(**node) == region).count();
        let majority = |region: u16| in_region(answers, region) > in_region(homes, region) / 2;
        match level {
            Level::LocalOne => in_region(answers, region) > 0,
            Level::LocalQuorum => majority(region),
            Level::EachQuorum => homes.iter().all(|home| majority(self.region(*home))),
            _ => answers.len() >= self.needed(level).expect("a number for all but levels by region"),
        }
    }

    /// How many answers a level asks for; `None` where it depends on who answers.
    #[must_use]
    pub fn needed(&self, level: Level) -> Option<usize> {
        let n = self.quorum.n as usize;
        match level {
            Level::One => Some(1),
            Level::Replicas(k) => Some(k as usize),
            Level::Quorum => Some(n / 2 + 1),
            Level::All => Some(n),
            Level::LocalOne | Level::LocalQuorum | Level::EachQuorum => None,
        }
    }

    /// When data moves for a change: at its start, and once more in the middle of the overlap.
    #[must_use]
    pub fn moves(&self, change: usize) -> [Span; 2] {
        let change = self.quorum.changes[change];
        [change.at, change.at + Span(change.overlap.0 / 2)]
    }

    /// When a change is over, and the old homes are forgotten.
    #[must_use]
    pub fn over(&self, change: usize) -> Span {
        let change = self.quorum.changes[change];
        change.at + change.overlap + change.overlap
    }

    /// To whom a node sends a key it holds when a change begins: the home that is one no longer to the one that takes
    /// its place. Where none goes, the first home does it.
    #[must_use]
    pub fn newcomers(&self, change: usize, object: Object, me: Peer) -> Vec<Peer> {
        let before = self.preference(&self.rings[change], object);
        let after = self.preference(&self.rings[change + 1], object);
        let goes = before.iter().find(|home| !after.contains(home)).or(before.first());
        if goes != Some(&me) {
            return Vec::new();
        }
        after.into_iter().filter(|home| !before.contains(home)).collect()
    }
}
