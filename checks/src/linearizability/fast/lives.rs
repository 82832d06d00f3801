//! What becomes of each value of a queue, stack or priority queue: when it was added and when it was taken.
//!
//! Deliberately absent: which container it is.

use indexmap::IndexMap;
use sim_core::value::{Call, Value};

use crate::linearizability::hash::Quick;
use crate::linearizability::problem::{Deed, PENDING};

/// The positions between which an operation took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) invoked: u64,
    pub(super) returned: u64,
}

/// The life of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) added: Span,
    /// When it was taken; from [`Lives::end`] on if it never was.
    pub(super) taken: Span,
}

/// The lives of all values.
#[derive(Clone, Debug)]
pub(super) struct Lives {
    /// In the order of the values.
    pub(super) lives: Vec<Life>,
    /// The takes that found nothing.
    pub(super) empties: Vec<Span>,
    /// The invocations of takes of which it is not known what they took.
    pub(super) pending_takes: Vec<u64>,
    /// A position behind all others.
    pub(super) end: u64,
}

/// What came of collecting.
pub(super) enum Collected {
    Lives(Lives),
    /// Some value was taken that was not there, or twice; known at this position.
    Violation(u64),
    /// Some value was added twice, or there are other operations.
    Unfit,
}

impl Lives {
    /// Gives each value that was never taken to a pending take: the first added to the first that asked.
    pub(super) fn guess(&mut self) {
        let mut left: Vec<usize> =
            (0..self.lives.len()).filter(|&index| self.lives[index].taken.invoked == self.end).collect();
        left.sort_by_key(|&index| self.lives[index].added.returned);
        self.pending_takes.sort_unstable();
        for (&index, &invoked) in left.iter().zip(&self.pending_takes) {
            let added = self.lives[index].added;
            self.lives[index].taken = Span { invoked: invoked.max(added.invoked), returned: self.end + 1 };
        }
    }
}

/// Collects the lives, in the order of the values.
pub(super) fn collect(deeds: &[Deed<'_>]) -> Collected {
    let ends = deeds.iter().map(|deed| if deed.returned == PENDING { deed.invoked } else { deed.returned });
    let end = ends.max().map_or(1, |last| last + 1);
    let never = Span { invoked: end, returned: end + 1 };
    let mut lives: IndexMap<&Value, (Option<Span>, Option<Span>), Quick> = IndexMap::default();
    let mut twice = u64::MAX;
    let (mut empties, mut pending_takes) = (Vec::new(), Vec::new());
    for deed in deeds {
        let span = Span { invoked: deed.invoked, returned: deed.returned.min(end + 1) };
        match (deed.call, deed.value()) {
            (Call::Enqueue(value) | Call::Push(value), _) => {
                if lives.entry(value).or_default().0.replace(span).is_some() || *value == Value::Nil {
                    return Collected::Unfit;
                }
            }
            (Call::Dequeue | Call::Pop, None) => pending_takes.push(deed.invoked),
            (Call::Dequeue | Call::Pop, Some(Value::Nil)) => empties.push(span),
            (Call::Dequeue | Call::Pop, Some(value)) => {
                if let Some(other) = lives.entry(value).or_default().1.replace(span) {
                    twice = twice.min(other.returned.max(span.returned));
                }
            }
            _ => return Collected::Unfit,
        }
    }
    if twice < u64::MAX {
        return Collected::Violation(twice);
    }
    let mut values: Vec<(&Value, Life)> = Vec::with_capacity(lives.len());
    for (value, (added, taken)) in lives {
        match (added, taken) {
            // Nobody saw it, so it need not have been added.
            (Some(added), None) if added.returned > end => {}
            (Some(added), Some(taken)) if taken.returned < added.invoked => {
                return Collected::Violation(taken.returned);
            }
            (Some(added), taken) => values.push((value, Life { added, taken: taken.unwrap_or(never) })),
            (None, Some(taken)) => return Collected::Violation(taken.returned),
            (None, None) => {}
        }
    }
    values.sort_unstable_by_key(|(value, _)| *value);
    Collected::Lives(Lives {
        lives: values.into_iter().map(|(_, life)| life).collect(),
        empties,
        pending_takes,
        end,
    })
}
