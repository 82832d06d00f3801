//! Who holds what, and since when: the rings before and after each change of membership, and during a change both.
//!
//! A change has three parts. First writes need a quorum of the old and of the new homes; then data moves; then reads turn
//! to the new homes while writes still need both, for those who are behind; then the old homes are forgotten. Deliberately
//! absent: how nodes come to know which part it is ([`super::administration`]).

use sim_core::client::level::Level;
use sim_core::peer::Peer;

use super::config::{Action, Quorum};
use super::message::Epoch;
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
        for line in &quorum.admin {
            match line.action {
                Action::Join(node) => members.push(Peer::node(node)),
                Action::Leave(node) | Action::Remove(node) => {
                    members.retain(|member| *member != Peer::node(node));
                }
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

    /// Whether each region has enough nodes for its share of the replicas, before and after each change.
    pub(super) fn check_regions(&self) -> Result<(), (String, String)> {
        let Some(each) = self.quorum.per_region else { return Ok(()) };
        let regions = self.regions.iter().copied().max().unwrap_or_default();
        for (changes, ring) in self.rings.iter().enumerate() {
            for region in 0..=regions {
                let there = ring.members().iter().filter(|node| self.region(**node) == region).count();
                if there < each as usize {
                    let first = (0..self.nodes).map(Peer::node).find(|node| self.region(*node) == region);
                    let of =
                        first.map_or_else(String::new, |node| format!(" (that of node {})", node.index()));
                    let when =
                        if changes == 0 { String::new() } else { format!(" after admin[{}]", changes - 1) };
                    let why = format!(
                        "{each} replicas in each region, and one{of} has {there} nodes on the ring{when}"
                    );
                    return Err(("per_region".to_string(), why));
                }
            }
        }
        Ok(())
    }

    /// The region of a node, by number.
    #[must_use]
    pub fn region(&self, node: Peer) -> u16 {
        if self.regions.is_empty() { 0 } else { self.regions[node.index() % self.regions.len()] }
    }

    /// The ring that is read at an epoch, and the one that is written besides.
    #[must_use]
    pub fn rings(&self, epoch: Epoch) -> (&Ring, Option<&Ring>) {
        let (before, after) = (epoch.change(), epoch.change() + 1);
        match (epoch.is_settled(), epoch.has_turned()) {
            (true, _) => (&self.rings[before], None),
            (false, false) => (&self.rings[before], Some(&self.rings[after])),
            (false, true) => (&self.rings[after], Some(&self.rings[before])),
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

    /// A key's homes at an epoch.
    #[must_use]
    pub fn homes(&self, object: Object, epoch: Epoch) -> Homes {
        let (ring, other) = self.rings(epoch);
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

    /// Who carries a line of the plan out: the node itself, or, where it is gone, the first member that stays.
    #[must_use]
    pub fn leader(&self, change: usize) -> Peer {
        match self.quorum.admin[change].action {
            Action::Join(node) | Action::Leave(node) => Peer::node(node),
            Action::Remove(_) => self.rings[change + 1].members()[0],
        }
    }

    /// Who has to follow to an epoch: all but those that are gone for good.
    #[must_use]
    pub fn followers(&self, epoch: Epoch) -> Vec<Peer> {
        let lines = self.quorum.admin.iter().take(epoch.change() + 1);
        let gone: Vec<Peer> = lines
            .filter_map(|line| match line.action {
                Action::Remove(node) => Some(Peer::node(node)),
                Action::Join(_) | Action::Leave(_) => None,
            })
            .collect();
        (0..self.nodes).map(Peer::node).filter(|node| !gone.contains(node)).collect()
    }

    /// To whom a node sends a key it holds in a change: the home that is one no longer to those that take its place. Where
    /// none goes the first home does it, where one is gone for good all that stay do.
    #[must_use]
    pub fn newcomers(&self, change: usize, object: Object, me: Peer) -> Vec<Peer> {
        let before = self.preference(&self.rings[change], object);
        let after = self.preference(&self.rings[change + 1], object);
        let sends = if matches!(self.quorum.admin[change].action, Action::Remove(_)) {
            before.contains(&me) && after.contains(&me)
        } else {
            before.iter().find(|home| !after.contains(home)).or(before.first()) == Some(&me)
        };
        if !sends {
            return Vec::new();
        }
        after.into_iter().filter(|home| !before.contains(home)).collect()
    }
}
