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

mod sets;
mod tables;

use std::fmt;

use serde::{Serialize, Serializer};
use thiserror::Error;

pub use sets::{AnomalySet, ModelSet};
use tables::{ALIASES, ANOMALIES, MODELS};

/// A phenomenon that a consistency model may forbid, by Elle's name for it (without the colon).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Anomaly(u8);

/// A consistency model, by its friendly name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Model(u8);

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
    use super::tables::MODELS;
    use super::{Anomaly, AnomalySet, Model, ModelSet, anomaly};

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
