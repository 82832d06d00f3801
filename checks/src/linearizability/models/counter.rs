//! A counter: a whole number that is added to.
//!
//! Deliberately absent: overflow. A sum that does not fit saturates, which no counter of a test reaches.

use sim_core::value::{Call, Value};

use crate::linearizability::hash::Interner;
use crate::linearizability::problem::{Deed, Spec};

/// The specification of a counter; a state is the number of its sum.
#[derive(Debug)]
pub(crate) struct Counter {
    sums: Interner<i64>,
    initial: i64,
}

/// What is done to a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Read this sum.
    Read(i64),
    /// Added this much.
    Add(i64),
    /// Added this much and was told the new sum.
    AddTold(i64, i64),
}

impl Counter {
    /// A counter that stands here at first; nothing is 0.
    pub(crate) fn new(initial: &Value) -> Counter {
        let initial = if let Value::Int(n) = initial { *n } else { 0 };
        Counter { sums: Interner::new(), initial }
    }
}

impl Spec for Counter {
    type Action = Action;

    fn action(&mut self, deed: &Deed<'_>) -> Result<Option<Action>, String> {
        match (deed.call, deed.value()) {
            (Call::Read, Some(Value::Int(sum))) => Ok(Some(Action::Read(*sum))),
            (Call::Read, None) => Ok(None),
            (Call::Read, Some(Value::Nil)) => Ok(Some(Action::Read(0))),
            (Call::Read, Some(other)) => Err(format!("a counter cannot read {other}")),
            (Call::Add(n), Some(Value::Int(sum))) => Ok(Some(Action::AddTold(*n, *sum))),
            (Call::Add(n), _) => Ok(Some(Action::Add(*n))),
            (other, _) => Err(format!("a counter has no operation \"{}\"", other.name())),
        }
    }

    fn initial(&mut self) -> u32 {
        self.sums.number(self.initial)
    }

    fn step(&mut self, state: u32, action: Action) -> Option<u32> {
        let sum = *self.sums.get(state);
        match action {
            Action::Read(seen) => (seen == sum).then_some(state),
            Action::Add(n) => Some(self.sums.number(sum.saturating_add(n))),
            Action::AddTold(n, told) => {
                let after = sum.saturating_add(n);
                (after == told).then(|| self.sums.number(after))
            }
        }
    }

    fn is_observation(action: Action) -> bool {
        matches!(action, Action::Read(_))
    }

    fn is_finite(&self) -> bool {
        false
    }

    /// Every sum told lies between what it must be at least and can be at most, were each addition that was under way
    /// to be seen or not as it pleases.
    fn refute(&mut self, deeds: &[Deed<'_>]) -> Option<u64> {
        // Additions by their ends, and by their invocations, with what they add; then the sums up to each.
        let mut ended: Vec<(u64, i128, i128)> = Vec::new();
        let mut begun: Vec<(u64, i128, i128)> = Vec::new();
        for deed in deeds {
            if let Call::Add(n) = deed.call {
                let (down, up) = (i128::from(*n).min(0), i128::from(*n).max(0));
                begun.push((deed.invoked, down, up));
                if deed.is_required() {
                    ended.push((deed.returned, down, up));
                }
            }
        }
        let sums = |all: &mut Vec<(u64, i128, i128)>| {
            all.sort_unstable();
            for index in 1..all.len() {
                (all[index].1, all[index].2) =
                    (all[index].1 + all[index - 1].1, all[index].2 + all[index - 1].2);
            }
        };
        sums(&mut ended);
        sums(&mut begun);
        let upto =
            |all: &[(u64, i128, i128)], position: u64| match all.partition_point(|&(at, ..)| at < position) {
                0 => (0, 0),
                count => (all[count - 1].1, all[count - 1].2),
            };
        let told = deeds.iter().filter_map(|deed| match (deed.call, deed.value()) {
            (Call::Read | Call::Add(_), Some(Value::Int(sum))) => Some((deed, i128::from(*sum))),
            _ => None,
        });
        let wrong = told.filter(|&(deed, sum)| {
            let (certain, possible) = (upto(&ended, deed.invoked), upto(&begun, deed.returned));
            let initial = i128::from(self.initial);
            sum < initial + possible.0 + certain.1 || sum > initial + certain.0 + possible.1
        });
        wrong.map(|(deed, _)| deed.returned).min()
    }

    fn as_initial(&self, state: u32) -> Option<Value> {
        Some(Value::Int(*self.sums.get(state)))
    }

    fn show(&self, state: u32) -> String {
        format!("it stands at {}", self.sums.get(state))
    }
}
