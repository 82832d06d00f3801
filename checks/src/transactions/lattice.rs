//! The lattice of anomalies and of consistency models: which anomaly implies which, which model forbids which
//! anomaly, which model is stronger than which, and from a set of anomalies the models that are ruled out.
//!
//! Sources: Adya, "Weak Consistency" (1999), ch. 3–4; Adya, Liskov & O'Neil, "Generalized Isolation Level
//! Definitions" (ICDE'00); Bailis et al., "Highly Available Transactions" (VLDB'13); Cerone, Bernardi & Gotsman,
//! "A Framework for Transactional Consistency Models with Atomic Visibility" (CONCUR'15); Daudjee & Salem, "Lazy
//! Database Replication with Snapshot Isolation" (VLDB'06); Kingsbury & Alvaro, "Elle" (VLDB'20), whose names these are.
//!
//! Deliberately absent: how an anomaly is found (see the neighbouring modules), and predicates, which no history of
//! ours has.

use std::fmt;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// A phenomenon that a consistency model may forbid, by Elle's name for it (without the colon).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Anomaly(u8);

/// A consistency model, by its friendly name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Model(u8);

/// A set of anomalies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnomalySet(u128);

/// A set of models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelSet(u128);

/// A name that is not in the lattice.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnknownName {
    /// No such model.
    #[error("no consistency model is called \"{0}\"")]
    Model(String),
    /// No such anomaly.
    #[error("no anomaly is called \"{0}\"")]
    Anomaly(String),
}

/// Every anomaly with the ones whose presence it implies.
const ANOMALIES: &[(&str, &[&str])] = &[
    ("G0", &["G1c", "G0-process"]),
    ("G0-process", &["G1c-process", "G0-realtime"]),
    ("G0-realtime", &["G1c-realtime"]),
    ("G1", &["G1-process"]),
    ("G1-process", &["G1-realtime"]),
    ("G1-realtime", &[]),
    ("G1a", &["G1"]),
    ("G1b", &["G1"]),
    ("G1c", &["G1", "G1c-process"]),
    ("G1c-process", &["G1c-realtime", "G1-process"]),
    ("G1c-realtime", &["G1-realtime"]),
    ("G-single-item", &["G-single", "G-single-item-process", "G-nonadjacent-item"]),
    ("G-single-item-process", &["G-single-process", "G-single-item-realtime", "G-nonadjacent-item-process"]),
    ("G-single-item-realtime", &["G-single-realtime", "G-nonadjacent-item-realtime"]),
    ("G-single", &["G-nonadjacent", "GSIb", "G-single-process"]),
    ("G-single-process", &["G-nonadjacent-process", "G-single-realtime"]),
    ("G-single-realtime", &["G-nonadjacent-realtime"]),
    ("G-nonadjacent-item", &["G-nonadjacent", "G2-item", "G-nonadjacent-item-process"]),
    (
        "G-nonadjacent-item-process",
        &["G-nonadjacent-process", "G2-item-process", "G-nonadjacent-item-realtime"],
    ),
    ("G-nonadjacent-item-realtime", &["G2-item-realtime", "G-nonadjacent-realtime"]),
    ("G-nonadjacent", &["G2", "G-nonadjacent-process"]),
    ("G-nonadjacent-process", &["G2-process", "G-nonadjacent-realtime"]),
    ("G-nonadjacent-realtime", &["G2-realtime"]),
    ("G2-item", &["G2", "G2-item-process"]),
    ("G2-item-process", &["G2-process", "G2-item-realtime"]),
    ("G2-item-realtime", &["G2-realtime"]),
    ("G2", &["G2-process"]),
    ("G2-process", &["G2-realtime"]),
    ("G2-realtime", &[]),
    ("GSI", &[]),
    ("GSIa", &["GSI"]),
    ("GSIb", &["GSI"]),
    ("G-SI", &[]),
    ("G-SIb", &[]),
    ("G-MSR", &[]),
    ("G-monotonic", &[]),
    ("G-cursor", &[]),
    ("G-update", &[]),
    ("internal", &[]),
    ("duplicate-elements", &[]),
    ("cyclic-versions", &[]),
    ("incompatible-order", &["G1a"]),
    ("future-read", &["G1c"]),
    ("dirty-update", &["G1a"]),
    // Ours: an element that nobody appended. No committed transaction wrote it, so whoever read it read dirt.
    ("garbage-read", &["G1a"]),
    ("lost-update", &["write-skew", "G2-item"]),
    ("write-skew", &["G2"]),
    ("empty-transaction-graph", &[]),
    ("PL-1-cycle-exists", &[]),
    ("PL-2-cycle-exists", &[]),
    ("PL-SI-cycle-exists", &[]),
    ("PL-2.99-cycle-exists", &[]),
    ("PL-3-cycle-exists", &[]),
    ("strong-session-PL-1-cycle-exists", &[]),
    ("strong-session-PL-2-cycle-exists", &[]),
    ("strong-session-snapshot-isolation-cycle-exists", &[]),
    ("strong-session-serializable-cycle-exists", &[]),
    ("strong-PL-1-cycle-exists", &[]),
    ("strong-PL-2-cycle-exists", &[]),
    ("strong-snapshot-isolation-cycle-exists", &[]),
    ("PL-SS-cycle-exists", &[]),
];

/// A model, the weaker models it implies, and the anomalies that it forbids beyond what those forbid.
type ModelRow = (&'static str, &'static [&'static str], &'static [&'static str]);

const MODELS: &[ModelRow] = &[
    ("read-uncommitted", &[], &["G0", "duplicate-elements", "cyclic-versions", "PL-1-cycle-exists"]),
    ("read-committed", &["read-uncommitted"], &["G1", "PL-2-cycle-exists"]),
    ("cursor-stability", &["read-committed"], &["G1", "G-cursor", "lost-update"]),
    ("monotonic-view", &["read-committed"], &["G1", "G-monotonic"]),
    ("monotonic-snapshot-read", &["read-committed"], &["G1", "G-MSR"]),
    ("monotonic-atomic-view", &["read-committed"], &[]),
    ("read-atomic", &["monotonic-atomic-view"], &["internal", "G1a", "future-read"]),
    ("causal-cerone", &["read-atomic"], &["internal", "G1a"]),
    ("prefix", &["causal-cerone"], &["internal", "G1a"]),
    ("update-atomic", &["read-atomic"], &["lost-update"]),
    ("parallel-snapshot-isolation", &["causal-cerone", "update-atomic"], &["internal", "G1a"]),
    ("consistent-view", &["cursor-stability", "monotonic-view"], &["G1", "G-single"]),
    ("forward-consistent-view", &["consistent-view"], &["G1", "G-SIb"]),
    (
        "repeatable-read",
        &["cursor-stability", "monotonic-atomic-view"],
        &["G1", "G2-item", "PL-2.99-cycle-exists", "lost-update"],
    ),
    ("update-serializable", &["forward-consistent-view"], &["G1", "G-update"]),
    (
        "snapshot-isolation",
        &[
            "forward-consistent-view",
            "monotonic-atomic-view",
            "monotonic-snapshot-read",
            "parallel-snapshot-isolation",
            "prefix",
        ],
        &["internal", "G1", "G-SI", "G-nonadjacent", "PL-SI-cycle-exists"],
    ),
    ("view-serializable", &[], &[]),
    (
        "serializable",
        &["repeatable-read", "update-serializable", "snapshot-isolation", "view-serializable"],
        &["internal", "G1", "G2", "PL-3-cycle-exists"],
    ),
    ("1SR", &[], &[]),
    ("session-serializable", &["1SR"], &[]),
    (
        "strong-session-read-uncommitted",
        &["read-uncommitted"],
        &["strong-session-PL-1-cycle-exists", "G0-process"],
    ),
    (
        "strong-session-read-committed",
        &["read-committed", "strong-session-read-uncommitted"],
        &["strong-session-PL-2-cycle-exists", "G1c-process"],
    ),
    (
        "strong-session-snapshot-isolation",
        &["snapshot-isolation", "strong-session-read-committed"],
        &[
            "internal",
            "G1-process",
            "G-nonadjacent-process",
            "strong-session-snapshot-isolation-cycle-exists",
        ],
    ),
    (
        "strong-session-serializable",
        &["serializable", "strong-session-snapshot-isolation"],
        &["G1-process", "G2-process", "strong-session-serializable-cycle-exists"],
    ),
    (
        "strong-read-uncommitted",
        &["strong-session-read-uncommitted"],
        &["strong-PL-1-cycle-exists", "G0-realtime"],
    ),
    (
        "strong-read-committed",
        &["strong-session-read-committed", "strong-read-uncommitted"],
        &["strong-PL-2-cycle-exists", "G1c-realtime"],
    ),
    (
        "strong-snapshot-isolation",
        &["strong-session-snapshot-isolation", "strong-read-committed"],
        &["internal", "G1-realtime", "G-nonadjacent-realtime", "strong-snapshot-isolation-cycle-exists"],
    ),
    (
        "strong-serializable",
        &[
            "serializable",
            "snapshot-isolation",
            "strong-snapshot-isolation",
            "strong-session-serializable",
            "session-serializable",
            "linearizable",
        ],
        &["G1", "G1c-realtime", "G2-realtime", "PL-SS-cycle-exists"],
    ),
    ("linearizable", &["sequential"], &[]),
    ("sequential", &["causal"], &[]),
    ("causal", &["writes-follow-reads", "PRAM"], &[]),
    ("PRAM", &["monotonic-reads", "monotonic-writes", "read-your-writes"], &[]),
    ("monotonic-reads", &[], &[]),
    ("monotonic-writes", &[], &[]),
    ("read-your-writes", &[], &[]),
    ("writes-follow-reads", &[], &[]),
];

/// Other names of the same models: Adya's levels, and words used alike.
const ALIASES: &[(&str, &str)] = &[
    ("strict-serializable", "strong-serializable"),
    ("conflict-serializable", "serializable"),
    ("PL-1", "read-uncommitted"),
    ("PL-2", "read-committed"),
    ("PL-CS", "cursor-stability"),
    ("PL-2L", "monotonic-view"),
    ("PL-MSR", "monotonic-snapshot-read"),
    ("PL-2+", "consistent-view"),
    ("PL-FCV", "forward-consistent-view"),
    ("PL-2.99", "repeatable-read"),
    ("PL-3U", "update-serializable"),
    ("PL-SI", "snapshot-isolation"),
    ("PL-3", "serializable"),
    ("PL-SS", "strong-serializable"),
    ("strong-session-PL-1", "strong-session-read-uncommitted"),
    ("strong-session-PL-2", "strong-session-read-committed"),
    ("strong-PL-1", "strong-read-uncommitted"),
    ("strong-PL-2", "strong-read-committed"),
];

impl Anomaly {
    /// The anomaly of this name; a leading colon is ignored.
    ///
    /// # Errors
    /// [`UnknownName::Anomaly`] if there is none.
    pub fn parse(name: &str) -> Result<Anomaly, UnknownName> {
        let name = name.strip_prefix(':').unwrap_or(name);
        let found = ANOMALIES.iter().position(|(known, _)| *known == name);
        found.map(|i| Anomaly(i as u8)).ok_or_else(|| UnknownName::Anomaly(name.to_string()))
    }

    /// Its name, as `G-single-item`.
    #[must_use]
    pub fn name(self) -> &'static str {
        ANOMALIES[usize::from(self.0)].0
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Anomaly> {
        (0..ANOMALIES.len()).map(|i| Anomaly(i as u8))
    }

    /// Whether histories are searched for it, or for something that is a case of it.
    #[must_use]
    pub fn is_sought(self) -> bool {
        let sought = |anomaly: Anomaly| {
            let name = anomaly.name();
            ["G0", "G1", "G2", "G-single", "G-nonadjacent"].iter().any(|start| name.starts_with(start))
                || [
                    "internal",
                    "lost-update",
                    "dirty-update",
                    "incompatible-order",
                    "duplicate-elements",
                    "future-read",
                    "cyclic-versions",
                    "garbage-read",
                ]
                .contains(&name)
        };
        std::iter::once(self).collect::<AnomalySet>().with_implying().iter().any(sought)
    }

    /// Whether it only says that some cycle exists, without one at hand.
    #[must_use]
    pub fn is_cycle_exists(self) -> bool {
        self.name().ends_with("-cycle-exists")
    }
}

/// The anomaly of a name written in this crate.
///
/// # Panics
/// If there is no such anomaly: a mistake in this crate.
pub(crate) fn anomaly(name: &str) -> Anomaly {
    Anomaly::parse(name).expect("the anomalies named in this crate are in its lattice")
}

impl Model {
    /// The model of this name or alias; a leading colon is ignored.
    ///
    /// # Errors
    /// [`UnknownName::Model`] if there is none.
    pub fn parse(name: &str) -> Result<Model, UnknownName> {
        let name = name.strip_prefix(':').unwrap_or(name);
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, model)| *model);
        let found = MODELS.iter().position(|(known, ..)| *known == name);
        found.map(|i| Model(i as u8)).ok_or_else(|| UnknownName::Model(name.to_string()))
    }

    /// Its friendly name, as `strong-session-snapshot-isolation`.
    #[must_use]
    pub fn name(self) -> &'static str {
        MODELS[usize::from(self.0)].0
    }

    /// All models there are.
    pub fn all() -> impl Iterator<Item = Model> {
        (0..MODELS.len()).map(|i| Model(i as u8))
    }

    /// The names of all of them, other tools' included.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Model::all().map(Model::name).chain(ALIASES.iter().map(|(alias, _)| *alias))
    }

    /// Whether histories are searched for anything that it forbids.
    #[must_use]
    pub fn is_sought(self) -> bool {
        std::iter::once(self).collect::<ModelSet>().forbidden().iter().any(Anomaly::is_sought)
    }

    fn weaker(self) -> ModelSet {
        MODELS[usize::from(self.0)]
            .1
            .iter()
            .map(|name| Model::parse(name).expect("a row names rows"))
            .collect()
    }

    fn forbids(self) -> AnomalySet {
        MODELS[usize::from(self.0)].2.iter().map(|name| anomaly(name)).collect()
    }
}

impl AnomalySet {
    /// Whether the anomaly is in the set.
    #[must_use]
    pub fn contains(self, anomaly: Anomaly) -> bool {
        self.0 >> anomaly.0 & 1 == 1
    }
    /// With the anomaly.
    pub fn insert(&mut self, anomaly: Anomaly) {
        self.0 |= 1 << anomaly.0;
    }
    /// Both together.
    #[must_use]
    pub fn union(self, other: AnomalySet) -> AnomalySet {
        AnomalySet(self.0 | other.0)
    }
    /// Whether they have a member in common.
    #[must_use]
    pub fn meets(self, other: AnomalySet) -> bool {
        self.0 & other.0 != 0
    }
    /// The members, in the lattice's order.
    pub fn iter(self) -> impl Iterator<Item = Anomaly> {
        (0..ANOMALIES.len() as u8).map(Anomaly).filter(move |a| self.contains(*a))
    }
    /// These and all anomalies they imply.
    #[must_use]
    pub fn with_implied(self) -> AnomalySet {
        AnomalySet(closure(self.0, ANOMALIES.len(), |i| {
            ANOMALIES[i].1.iter().map(|name| anomaly(name)).collect::<AnomalySet>().0
        }))
    }
    /// These and all anomalies that imply one of them.
    #[must_use]
    pub fn with_implying(self) -> AnomalySet {
        let implying = (0..ANOMALIES.len() as u8)
            .map(Anomaly)
            .filter(|a| AnomalySet(1 << a.0).with_implied().meets(self));
        implying.collect::<AnomalySet>().union(self)
    }
    /// The models that cannot hold where these anomalies are.
    #[must_use]
    pub fn impossible_models(self) -> ModelSet {
        let implied = self.with_implied();
        Model::all().filter(|model| model.forbids().meets(implied)).collect::<ModelSet>().with_stronger()
    }
}

impl ModelSet {
    /// Whether the model is in the set.
    #[must_use]
    pub fn contains(self, model: Model) -> bool {
        self.0 >> model.0 & 1 == 1
    }
    /// Both together.
    #[must_use]
    pub fn union(self, other: ModelSet) -> ModelSet {
        ModelSet(self.0 | other.0)
    }
    /// The members, in the lattice's order.
    pub fn iter(self) -> impl Iterator<Item = Model> {
        Model::all().filter(move |m| self.contains(*m))
    }
    /// These and all weaker ones.
    #[must_use]
    pub fn with_weaker(self) -> ModelSet {
        ModelSet(closure(self.0, MODELS.len(), |i| Model(i as u8).weaker().0))
    }
    /// These and all stronger ones: what is impossible if these are.
    #[must_use]
    pub fn with_stronger(self) -> ModelSet {
        let stronger = Model::all().filter(|m| ModelSet(1 << m.0).with_weaker().0 & self.0 != 0);
        stronger.collect::<ModelSet>().union(self)
    }
    /// The members that imply no other member.
    #[must_use]
    pub fn weakest(self) -> ModelSet {
        self.iter().filter(|m| ModelSet(1 << m.0).with_weaker().0 & self.0 == 1 << m.0).collect()
    }
    /// The members that no other member implies.
    #[must_use]
    pub fn strongest(self) -> ModelSet {
        self.iter().filter(|m| ModelSet(1 << m.0).with_stronger().0 & self.0 == 1 << m.0).collect()
    }
    /// All other models that some anomaly of transactions speaks against; what nothing here could rule out is left out.
    #[must_use]
    pub fn complement(self) -> ModelSet {
        let judged = |m: &Model| ModelSet(1 << m.0).forbidden() != AnomalySet::default();
        Model::all().filter(|m| !self.contains(*m)).filter(judged).collect()
    }
    /// The anomalies that must be absent if all these models hold.
    #[must_use]
    pub fn forbidden(self) -> AnomalySet {
        let direct =
            self.with_weaker().iter().map(Model::forbids).fold(AnomalySet::default(), AnomalySet::union);
        direct.with_implying()
    }
}

/// The smallest superset that holds with each member all that `next` gives for it.
fn closure(start: u128, len: usize, next: impl Fn(usize) -> u128) -> u128 {
    let (mut done, mut open) = (0u128, start);
    while open != 0 {
        let i = open.trailing_zeros() as usize;
        assert!(i < len, "a set of the lattice has only its members");
        done |= 1 << i;
        open = (open | next(i)) & !done;
    }
    done
}

impl FromIterator<Anomaly> for AnomalySet {
    fn from_iter<I: IntoIterator<Item = Anomaly>>(items: I) -> AnomalySet {
        AnomalySet(items.into_iter().fold(0, |set, a| set | 1 << a.0))
    }
}

impl FromIterator<Model> for ModelSet {
    fn from_iter<I: IntoIterator<Item = Model>>(items: I) -> ModelSet {
        ModelSet(items.into_iter().fold(0, |set, m| set | 1 << m.0))
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Anomaly {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for Model {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::{Anomaly, AnomalySet, MODELS, Model, ModelSet, anomaly};

    fn ruled_out(names: &[&str]) -> Vec<&'static str> {
        let set: AnomalySet = names.iter().map(|name| anomaly(name)).collect();
        set.impossible_models().weakest().iter().map(Model::name).collect()
    }

    #[test]
    fn every_name_in_the_tables_resolves() {
        for (name, weaker, forbids) in MODELS {
            assert_eq!(Model::parse(name).map(Model::name), Ok(*name));
            weaker.iter().for_each(|name| assert!(Model::parse(name).is_ok(), "{name}"));
            forbids.iter().for_each(|name| assert!(Anomaly::parse(name).is_ok(), "{name}"));
        }
        assert!(Model::parse("eventual").is_err());
        assert_eq!(Model::parse(":strict-serializable").map(Model::name), Ok("strong-serializable"));
    }

    #[test]
    fn an_anomaly_rules_out_the_weakest_models_that_forbid_it() {
        assert_eq!(ruled_out(&["G0"]), ["read-uncommitted"]);
        assert_eq!(ruled_out(&["G1a"]), ["read-committed"]);
        assert_eq!(ruled_out(&["G-single-item"]), ["consistent-view", "repeatable-read"]);
        assert_eq!(ruled_out(&["G2-item"]), ["repeatable-read"]);
        assert_eq!(ruled_out(&["G2-item", "lost-update"]), ["cursor-stability", "update-atomic"]);
        assert_eq!(ruled_out(&["internal"]), ["read-atomic"]);
        assert_eq!(ruled_out(&["G-nonadjacent-item"]), ["repeatable-read", "snapshot-isolation"]);
        assert_eq!(ruled_out(&["G-single-item-process"]), ["strong-session-snapshot-isolation"]);
    }

    #[test]
    fn the_strongest_that_may_hold_beside_write_skew_is_a_form_of_snapshot_isolation() {
        let set: AnomalySet = [anomaly("G2-item")].into_iter().collect();
        let may = set.impossible_models().complement().strongest();
        assert!(may.contains(Model::parse("strong-snapshot-isolation").expect("a model")));
        assert!(!may.contains(Model::parse("snapshot-isolation").expect("a model")));
        assert_eq!(
            may.iter().map(Model::name).collect::<Vec<_>>(),
            ["update-serializable", "strong-snapshot-isolation"]
        );
        let all = ModelSet::default().complement().strongest();
        assert_eq!(all.iter().map(Model::name).collect::<Vec<_>>(), ["strong-serializable"]);
    }
}
