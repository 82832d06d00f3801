//! What a replica holds under a key: one version or several siblings, and which version replaces which: by time stamps,
//! by version vectors (DeCandia et al., "Dynamo", SOSP'07, §4.4) or by dotted version vectors (Preguiça et al.,
//! "Dotted Version Vectors", 2010).
//!
//! Merging is commutative, associative and idempotent under each rule. Deliberately absent: where versions come from
//! and how they travel.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use sim_core::peer::Peer;
use sim_core::value::{Key, Value};

/// The object that an operation names.
pub type Object = Option<Key>;

/// Which of two versions of a key survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Versions {
    /// The later by the wall clock of the coordinator that wrote it; clocks that differ lose writes.
    LastWriteWins,
    /// The one with the larger number; a write first asks a read quorum for the largest there is and takes the next,
    /// as in ABD for several writers (Lynch & Shvartsman, FTCS'97).
    Numbered,
    /// Whichever knew of the other; both, as siblings, if neither did. One counter a coordinator: two writes through
    /// one coordinator that did not know of each other look ordered, and the earlier is lost.
    Vectors,
    /// Likewise, but each write is a dot beside what it knew of, so that no concurrent write is lost. A coordinator sends
    /// all that it wrote and that was not replaced, so that whoever has a dot has those before it from there.
    Dotted,
}

impl Versions {
    /// Whether a version says what its writer knew of.
    #[must_use]
    pub fn are_causal(self) -> bool {
        matches!(self, Versions::Vectors | Versions::Dotted)
    }
}

/// One life of a coordinator, by the instant at which it began: what it wrote before a crash it does not know any more.
pub type Actor = (Peer, u64);

/// The name of one write: its coordinator in one of its lives, and a number that rises there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dot {
    /// The coordinator.
    pub node: Peer,
    /// Which of its lives.
    pub life: u64,
    /// The coordinator's number, which no other of its lives gives.
    pub count: u64,
}

impl Hash for Dot {
    /// Node and number tell all writes apart.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.node, self.count).hash(state);
    }
}

impl Dot {
    fn actor(&self) -> Actor {
        (self.node, self.life)
    }
}

/// A version's place in a total order: time or number first, then the dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// The wall clock in nanoseconds, or the number.
    pub at: u64,
    /// The write itself.
    pub dot: Dot,
}

/// What somebody knows of a key: for each coordinator up to which of its writes, and single writes beyond.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// All writes up to these are known.
    pub upto: BTreeMap<Actor, u64>,
    /// These are known too, but not all before them.
    pub dots: BTreeSet<Dot>,
}

impl Hash for Past {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.upto.hash(state);
        if !self.dots.is_empty() {
            self.dots.hash(state);
        }
    }
}

impl Past {
    /// Whether a write is known.
    #[must_use]
    pub fn has(&self, dot: Dot) -> bool {
        self.upto.get(&dot.actor()).is_some_and(|count| *count >= dot.count) || self.dots.contains(&dot)
    }
    /// Knows of one write more, and of all before it there.
    pub fn add(&mut self, dot: Dot) {
        let count = self.upto.entry(dot.actor()).or_default();
        *count = dot.count.max(*count);
        let upto = &self.upto;
        self.dots.retain(|dot| upto.get(&dot.actor()).is_none_or(|count| *count < dot.count));
    }
    /// Knows of this one write more.
    pub fn add_single(&mut self, dot: Dot) {
        if !self.has(dot) {
            self.dots.insert(dot);
        }
    }
    /// Knows all that the other knows.
    pub fn join(&mut self, other: &Past) {
        for ((node, life), count) in &other.upto {
            self.add(Dot { node: *node, life: *life, count: *count });
        }
        for dot in &other.dots {
            self.add_single(*dot);
        }
    }
    /// Whether the other knows as much.
    #[must_use]
    pub fn within(&self, other: &Past) -> bool {
        let upto = |((node, life), count): (&Actor, &u64)| {
            other.has(Dot { node: *node, life: *life, count: *count })
        };
        self.upto.iter().all(upto) && self.dots.iter().all(|dot| other.has(*dot))
    }
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.upto.is_empty() && self.dots.is_empty()
    }
}

/// One version of a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// Its name, and its place in time.
    pub stamp: Stamp,
    /// The writes that its writer knew of; empty where time stamps decide.
    pub past: Past,
    /// The value; `None` for a tombstone.
    pub value: Option<Value>,
}

impl Version {
    /// Whether `other` makes this version superfluous.
    #[must_use]
    pub fn replaced_by(&self, other: &Version, rule: Versions) -> bool {
        if self.stamp.dot == other.stamp.dot {
            return true;
        }
        match rule {
            Versions::LastWriteWins | Versions::Numbered => self.stamp < other.stamp,
            Versions::Dotted => other.past.has(self.stamp.dot),
            Versions::Vectors => {
                let mut theirs = other.past.clone();
                theirs.add(other.stamp.dot);
                theirs.has(self.stamp.dot) && self.past.within(&theirs)
            }
        }
    }
}

/// What is known of a key: its versions, none of which replaces another, in the order of their stamps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cell(pub Vec<Version>);

impl Cell {
    /// Takes in a version; whether anything changed.
    pub fn add(&mut self, version: Version, rule: Versions) -> bool {
        if self.0.iter().any(|own| version.replaced_by(own, rule)) {
            return false;
        }
        self.0.retain(|own| !own.replaced_by(&version, rule));
        let place = self.0.partition_point(|own| own.stamp < version.stamp);
        self.0.insert(place, version);
        true
    }

    /// Takes in all versions of another; whether anything changed.
    pub fn merge(&mut self, other: &Cell, rule: Versions) -> bool {
        let mut changed = false;
        for version in &other.0 {
            changed |= self.add(version.clone(), rule);
        }
        changed
    }

    /// Whether it holds this write or one that replaced it.
    #[must_use]
    pub fn covers(&self, version: &Version, rule: Versions) -> bool {
        self.0.iter().any(|own| version.replaced_by(own, rule))
    }

    /// All writes that are known here.
    #[must_use]
    pub fn past(&self) -> Past {
        let mut past = Past::default();
        for version in &self.0 {
            past.join(&version.past);
            past.add(version.stamp.dot);
        }
        past
    }

    /// What a client is told: the value, nothing, or the list of siblings.
    #[must_use]
    pub fn answer(&self) -> Value {
        let mut values: Vec<&Value> = self.0.iter().filter_map(|version| version.value.as_ref()).collect();
        values.sort();
        match values.as_slice() {
            [] => Value::Nil,
            [value] => (*value).clone(),
            _ => Value::List(values.into_iter().cloned().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Dot, Past, Stamp, Version, Versions};
    use proptest::prelude::{Strategy, prop};
    use proptest::{prop_assert_eq, proptest};
    use sim_core::peer::Peer;
    use sim_core::value::Value;

    fn version(node: u32, count: u64, at: u64, known: &[(u32, u64)]) -> Version {
        let upto = known.iter().map(|(node, count)| ((Peer::node(*node), 0), *count)).collect();
        let past = Past { upto, ..Past::default() };
        let dot = Dot { node: Peer::node(node), life: 0, count };
        Version { stamp: Stamp { at, dot }, past, value: Some(Value::Int(count as i64)) }
    }

    fn held(rule: Versions, versions: &[Version]) -> Vec<(usize, u64)> {
        let mut cell = Cell::default();
        for version in versions {
            cell.add(version.clone(), rule);
        }
        cell.0.iter().map(|own| (own.stamp.dot.node.index(), own.stamp.dot.count)).collect()
    }

    #[test]
    fn dots_keep_what_vectors_lose() {
        // Two clients read the same version and write through one coordinator.
        let race = [version(0, 1, 1, &[]), version(0, 2, 2, &[(0, 1)]), version(0, 3, 3, &[(0, 1)])];
        assert_eq!(held(Versions::Vectors, &race), [(0, 3)]);
        assert_eq!(held(Versions::Dotted, &race), [(0, 2), (0, 3)]);
        // Through two coordinators, both see it.
        let race = [version(0, 1, 1, &[]), version(0, 2, 2, &[(0, 1)]), version(1, 1, 3, &[(0, 1)])];
        assert_eq!(held(Versions::Vectors, &race), [(0, 2), (1, 1)]);
        assert_eq!(held(Versions::Dotted, &race), [(0, 2), (1, 1)]);
        assert_eq!(held(Versions::LastWriteWins, &race), [(1, 1)]);
    }

    #[test]
    fn a_writer_knows_its_own_write_and_not_those_beside_it() {
        let dot = |count| Dot { node: Peer::node(0), life: 0, count };
        let mut past = Past::default();
        past.add_single(dot(5));
        assert!(past.has(dot(5)) && !past.has(dot(4)), "another's write 4 went unseen");
        let mut other = past.clone();
        past.add(dot(6));
        assert!(past.has(dot(4)) && past.dots.is_empty() && other.within(&past) && !past.within(&other));
        // Another life of the same coordinator knew nothing of it.
        other.join(&Past { upto: [((Peer::node(0), 9), 20)].into(), ..Past::default() });
        assert!(other.has(dot(5)) && !other.has(dot(4)) && !other.has(dot(6)));
    }

    #[test]
    fn the_order_of_arrival_is_of_no_matter_to_stamps() {
        let (early, late) = (version(0, 1, 5, &[]), version(1, 1, 9, &[]));
        assert_eq!(held(Versions::Numbered, &[late.clone(), early.clone()]), [(1, 1)]);
        assert_eq!(held(Versions::Numbered, &[early, late]), [(1, 1)]);
    }

    /// Histories in which each version knows of some earlier ones, of all that their coordinators had written before, and
    /// of all that these knew: a coordinator passes on its whole cell, so that a count stands for all up to it.
    fn histories() -> impl Strategy<Value = Vec<Version>> {
        prop::collection::vec((0_u32..3, prop::collection::vec(0_usize..8, 0..3), 0_u64..4), 1..8).prop_map(
            |steps| {
                let mut all: Vec<Version> = Vec::new();
                for (node, known, at) in steps {
                    let mut past = Past::default();
                    for dot in known.iter().filter_map(|i| all.get(*i)).map(|other| other.stamp.dot) {
                        let theirs = all.iter().map(|v| (v.stamp.dot, &v.past));
                        for (earlier, knew) in
                            theirs.filter(|(own, _)| own.node == dot.node && own.count <= dot.count)
                        {
                            past.join(knew);
                            past.add(earlier);
                        }
                    }
                    let count =
                        all.iter().filter(|v| v.stamp.dot.node == Peer::node(node)).count() as u64 + 1;
                    let dot = Dot { node: Peer::node(node), life: 0, count };
                    all.push(Version { stamp: Stamp { at, dot }, past, value: None });
                }
                all
            },
        )
    }

    proptest! {
        #[test]
        fn merging_commutes_associates_and_repeats(all in histories(), a in 0_u8..255, b in 0_u8..255, c in 0_u8..255) {
            for rule in [Versions::LastWriteWins, Versions::Dotted] {
                let some = |mask: u8| {
                    let mut cell = Cell::default();
                    for (_, version) in all.iter().enumerate().filter(|(i, _)| mask & (1 << i) != 0) {
                        cell.add(version.clone(), rule);
                    }
                    cell
                };
                let merged = |x: &Cell, y: &Cell| { let mut z = x.clone(); z.merge(y, rule); z };
                let (a, b, c) = (some(a), some(b), some(c));
                prop_assert_eq!(merged(&a, &b), merged(&b, &a));
                prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
                prop_assert_eq!(merged(&a, &a), a);
            }
        }
    }
}
