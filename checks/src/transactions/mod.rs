//! Isolation of transactions as Elle infers it from what clients saw (Kingsbury & Alvaro, "Elle: Inferring Isolation
//! Anomalies from Experimental Observations", VLDB'20): the dependencies between transactions, the cycles among them,
//! the anomalies these are, the consistency models that are thereby ruled out, and the strongest that may still hold.
//!
//! Two kinds of history: lists to which elements are appended ([`Workload::ListAppend`]), where one read tells the
//! order of all versions before it, and registers that are overwritten ([`Workload::RwRegister`]), where only part of
//! that order can be inferred. Deliberately absent: predicates, any time-out, and the search for an order of versions
//! that nothing tells (see [`unordered`]).

mod analysis;
mod cycles;
mod elements;
mod explain;
mod findings;
mod hubs;
mod inside;
pub mod lattice;
mod list_append;
mod log;
mod order;
mod rw_register;
pub mod unordered;
mod versions;

use crate::naming::Named;

pub use analysis::{Analysis, Finding, Validity};
pub use lattice::{Anomaly, AnomalySet, Model, ModelSet, UnknownName};
pub(crate) use log::{End, Log, Rows, register};

/// What the transactions do to the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// `[:append k v]` and `[:r k [v…]]`.
    ListAppend,
    /// `[:w k v]` and `[:r k v]`, every value written at most once to a key.
    RwRegister,
}

/// What is expected of a history, and what may be assumed of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What the transactions do.
    pub workload: Workload,
    /// The models that are expected to hold.
    pub models: Vec<Model>,
    /// Further anomalies that must be absent.
    pub anomalies: Vec<Anomaly>,
    /// Registers only: each key by itself is sequentially consistent, so what a process saw gives an order of versions.
    pub sequential_keys: bool,
    /// Registers only: each key by itself is linearizable, so real time gives an order of versions.
    pub linearizable_keys: bool,
    /// Registers only: within a transaction, what is written to a key follows what was read of it.
    pub writes_follow_reads_keys: bool,
    /// Registers only: the order in which the system says it committed: positions in the history with their ranks.
    pub transaction_order: Vec<(usize, i64)>,
}

impl Options {
    /// Strict serializability expected, nothing assumed: Elle's defaults.
    #[must_use]
    pub fn new(workload: Workload) -> Options {
        let strict = Model::parse("strict-serializable").expect("a model of the lattice");
        Options {
            workload,
            models: vec![strict],
            anomalies: Vec::new(),
            sequential_keys: false,
            linearizable_keys: false,
            writes_follow_reads_keys: false,
            transaction_order: Vec::new(),
        }
    }

    /// The same with these models expected and no others.
    ///
    /// # Errors
    /// [`UnknownName`] if one is not in the lattice.
    pub fn expecting(mut self, models: &[&str]) -> Result<Options, UnknownName> {
        self.models = models.iter().map(|name| Model::parse(name)).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// The anomalies whose presence is a violation.
    fn prohibited(&self) -> AnomalySet {
        let models: ModelSet = self.models.iter().copied().collect();
        let named: AnomalySet = self.anomalies.iter().copied().collect();
        models.forbidden().union(named.with_implying())
    }
}

/// Judges the transactions of a history.
#[must_use]
pub fn check<'h>(history: impl Into<Named<'h>>, options: &Options) -> Analysis {
    let log = Log::new(history);
    let wanted = options.prohibited();
    let order = order::Kind::needed(wanted);
    let inferred = match options.workload {
        Workload::ListAppend => list_append::infer(&log),
        Workload::RwRegister => rw_register::infer(&log, options),
    };
    match inferred {
        Ok(inferred) => analysis::conclude(&log, inferred, order, options),
        Err(reason) => Analysis::unknown(reason),
    }
}

/// What a workload's inference hands to the search for cycles.
pub(crate) struct Inferred<'l> {
    /// Which transaction depends on which, and how: labels of [`order`].
    pub edges: Vec<crate::graph::Edge>,
    /// Whether some transaction depends on another of which nobody can tell which it is.
    pub depends: bool,
    /// Auxiliary nodes of these edges.
    pub hubs: hubs::Hubs,
    /// The anomalies that are no cycles.
    pub findings: findings::Findings,
    /// Data labels from the one that explains an edge best to the one that explains it least.
    pub priority: [u8; 3],
    /// Puts a dependency into words.
    pub explainer: Box<dyn explain::Explain + 'l>,
}
