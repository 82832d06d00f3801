//! The workloads with one invariant, and what ages or vanishes, by the names that the command line uses, with what each
//! has to be told.
//!
//! Deliberately absent: the judgement itself ([`crate::workloads`], [`crate::weak`]).

use sim_core::time::Span;
use sim_core::value::{Call, Value};

use crate::naming::Named;
use crate::verdict::Verdict;
use crate::weak::{convergence, durability, staleness, updates};
use crate::workloads::bank::{self, Bank};
use crate::workloads::{counter, long_fork, write_skew};

/// What some workloads have to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// `bank`: what all accounts hold together; what the first read of all of them shows where absent.
    pub total: Option<i64>,
    /// `bank`: accounts may be overdrawn.
    pub negative: bool,
    /// `convergence`, `durability`, `updates`: how long after the last write of a key its reads must agree; none where absent.
    pub settle: Option<Span>,
    /// `staleness`: at most so many newer versions.
    pub versions: Option<u64>,
    /// `staleness`: out of date for at most so long.
    pub age: Option<Span>,
}

/// A workload, by what must hold of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Workload {
    Bank,
    CounterBounds,
    LongFork,
    WriteSkew,
    Convergence,
    Staleness,
    Durability,
    Updates,
}

impl Workload {
    /// The first name of each is its own, the others are what else it is known by.
    pub(super) const NAMES: [(&'static str, Workload); 14] = [
        ("bank", Workload::Bank),
        ("counter-bounds", Workload::CounterBounds),
        ("long-fork", Workload::LongFork),
        ("write-skew", Workload::WriteSkew),
        ("convergence", Workload::Convergence),
        ("staleness", Workload::Staleness),
        ("durability", Workload::Durability),
        ("updates", Workload::Updates),
        ("eventual-convergence", Workload::Convergence),
        ("k-staleness", Workload::Staleness),
        ("t-staleness", Workload::Staleness),
        ("lost-writes", Workload::Durability),
        ("resurrected-writes", Workload::Durability),
        ("lost-updates", Workload::Updates),
    ];

    pub(super) fn named(name: &str) -> Option<Workload> {
        Workload::NAMES.iter().find(|(other, _)| *other == name).map(|(_, workload)| *workload)
    }

    /// Refuses what this workload has no use for, so that a bound is never silently passed over.
    pub(super) fn accepts(workload: Option<Workload>, bounds: &Bounds) -> Result<(), String> {
        let is = |all: &[Workload]| workload.is_some_and(|workload| all.contains(&workload));
        let given = [
            (
                bounds.total.is_some() || bounds.negative,
                is(&[Workload::Bank]),
                "a total or overdrafts are for the model bank",
            ),
            (
                bounds.settle.is_some(),
                is(&[Workload::Convergence, Workload::Durability, Workload::Updates]),
                "a time to settle is for the models convergence, durability and updates",
            ),
            (
                bounds.versions.is_some() || bounds.age.is_some(),
                is(&[Workload::Staleness]),
                "bounds on versions and age are for the model staleness",
            ),
        ];
        match given.iter().find(|(given, fits, _)| *given && !fits) {
            Some((_, _, reason)) => Err((*reason).to_owned()),
            None if is(&[Workload::Staleness]) && bounds.versions.is_none() && bounds.age.is_none() => {
                Err("staleness needs a bound: how many versions, or how long, an answer may be behind"
                    .to_owned())
            }
            None => Ok(()),
        }
    }

    /// Its own name.
    pub(super) fn name(self) -> &'static str {
        Workload::NAMES.iter().find(|(_, workload)| *workload == self).map_or("", |(name, _)| name)
    }

    /// The operations that it has, in words.
    pub(super) fn operations(self) -> &'static str {
        match self {
            Workload::Bank => "transactions on accounts, read, transfer",
            Workload::CounterBounds => "add, read",
            Workload::Durability => "read, write, cas, delete, append, txn, insert, remove, contains, add",
            _ => "read, write, cas, delete, append, txn",
        }
    }

    /// Whether it can be told what was there at first.
    pub(super) fn has_initial(self) -> bool {
        matches!(
            self,
            Workload::CounterBounds | Workload::Staleness | Workload::Durability | Workload::Updates
        )
    }

    /// Whether it knows what to make of an operation.
    pub(super) fn understands(self, call: &Call) -> bool {
        match self {
            Workload::Bank => {
                matches!(call, Call::Read | Call::Txn(_) | Call::Invoke { .. } | Call::Write(_))
            }
            Workload::CounterBounds => matches!(call, Call::Read | Call::Add(_)),
            Workload::Durability => !matches!(
                call,
                Call::Enqueue(_)
                    | Call::Dequeue
                    | Call::Push(_)
                    | Call::Pop
                    | Call::Acquire
                    | Call::Release
                    | Call::Invoke { .. }
            ),
            _ => matches!(
                call,
                Call::Read
                    | Call::Write(_)
                    | Call::Cas { .. }
                    | Call::Delete
                    | Call::Append(_)
                    | Call::Txn(_)
            ),
        }
    }

    pub(super) fn judge(self, named: Named<'_>, initial: &Value, bounds: &Bounds) -> Verdict {
        let history = named.history;
        // Passing over what is not understood would call a history good that nobody looked at.
        let strange = history.entries.iter().find(|entry| !self.understands(&entry.operation.call));
        if let Some(entry) = strange {
            let name = self.name();
            return Verdict::Unknown(format!("{name} has no operation \"{}\"", entry.operation.call.name()));
        }
        let settle = bounds.settle.unwrap_or(Span::ZERO);
        match self {
            Workload::Bank => match Bank::of(history, bounds.total, bounds.negative) {
                Some(bank) => bank::check(named, &bank),
                None => Verdict::Unknown("no operation read all accounts".to_owned()),
            },
            Workload::CounterBounds => {
                counter::check(history, if let Value::Int(n) = initial { *n } else { 0 })
            }
            Workload::LongFork => long_fork::check(named),
            Workload::WriteSkew => write_skew::check(named),
            Workload::Convergence => convergence::check(named, settle),
            Workload::Staleness => {
                let bound = staleness::Bound { versions: bounds.versions, time: bounds.age };
                staleness::check(named, bound, initial)
            }
            Workload::Durability => durability::check(named, settle, initial),
            Workload::Updates => updates::check(named, settle, initial),
        }
    }
}
