//! What becomes of each value of a queue, stack or priority queue: when it was added and when it was taken.
//!
//! Deliberately absent: which container it is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

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

/// Which of the values that nobody was told of each pending take took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    /// The first added of all, by the first take.
    Oldest,
    /// Of those that may be there, the last added; what is left, from the oldest on.
    Newest,
    /// Of those that may be there, the least.
    Least,
    /// The first that has to be gone, by the first take; in a stack.
    DueInStack,
    /// The same in a priority queue.
    DueByPriority,
}

impl Lives {
    /// The values that nobody was told of, in the order in which their additions ended.
    fn untold(&self) -> Vec<usize> {
        let mut left: Vec<usize> =
            (0..self.lives.len()).filter(|&index| self.lives[index].taken.invoked == self.end).collect();
        left.sort_by_key(|&index| self.lives[index].added.returned);
        left
    }

    fn take(&mut self, index: usize, invoked: u64) {
        let added = self.lives[index].added;
        self.lives[index].taken = Span { invoked: invoked.max(added.invoked), returned: self.end + 1 };
    }

    /// The same if each value that nobody was told of may have been taken from the first pending take on.
    pub(super) fn freed(&self) -> Lives {
        let mut freed = self.clone();
        let first = self.pending_takes.iter().copied().min().unwrap_or(self.end);
        self.untold().into_iter().for_each(|index| freed.take(index, first));
        freed
    }

    /// By when each value has to be gone: the first end of a take that certainly came after it was added, of a value that
    /// was certainly below it (in a stack: added before; in a priority queue: greater), or that found nothing.
    fn due(&self, in_stack: bool) -> Vec<u64> {
        let count = self.lives.len();
        // Takes by their invocations, latest first: the earliest end among those known so far.
        let mut begun: Vec<u64> = self.lives.iter().map(|life| life.taken.invoked).collect();
        begun.extend(self.empties.iter().map(|empty| empty.invoked));
        begun.sort_unstable_by(|a, b| b.cmp(a));
        let mut ends = EarliestEnds { tree: vec![u64::MAX; begun.len() + 1] };
        let place = |invoked: u64| begun.partition_point(|&other| other > invoked);
        self.empties.iter().for_each(|empty| ends.add(place(empty.invoked), empty.returned));
        let (mut asking, mut lower): (Vec<usize>, Vec<usize>) = ((0..count).collect(), (0..count).collect());
        if in_stack {
            asking.sort_by_key(|&index| self.lives[index].added.invoked);
            lower.sort_by_key(|&index| self.lives[index].added.returned);
        } else {
            asking.reverse();
            lower.reverse();
        }
        let mut due = vec![u64::MAX; count];
        let mut lower = lower.into_iter().peekable();
        for index in asking {
            let added = self.lives[index].added;
            let is_lower = |&other: &usize| {
                if in_stack { self.lives[other].added.returned < added.invoked } else { other > index }
            };
            while let Some(other) = lower.next_if(is_lower) {
                let taken = self.lives[other].taken;
                if taken.invoked < self.end {
                    ends.add(place(taken.invoked), taken.returned);
                }
            }
            due[index] = ends.least_of_first(place(added.returned));
        }
        due
    }

    /// The same with values given to the pending takes.
    pub(super) fn guessed(&self, guess: Guess) -> Lives {
        let mut guessed = self.clone();
        let untold = self.untold();
        let mut takes = self.pending_takes.clone();
        takes.sort_unstable();
        if matches!(guess, Guess::Oldest | Guess::DueInStack | Guess::DueByPriority) {
            let mut untold = untold;
            if guess != Guess::Oldest {
                let due = self.due(guess == Guess::DueInStack);
                untold.sort_by_key(|&index| due[index]);
            }
            untold.into_iter().zip(takes).for_each(|(index, invoked)| guessed.take(index, invoked));
            return guessed;
        }
        // By their additions' invocations; those that may be there, the one wanted first.
        let mut coming = untold;
        coming.sort_by_key(|&index| Reverse(self.lives[index].added.invoked));
        let mut there: BinaryHeap<(Reverse<u64>, usize)> = BinaryHeap::new();
        let mut idle = Vec::new();
        for invoked in takes {
            while let Some(index) = coming.pop_if(|index| self.lives[*index].added.invoked < invoked) {
                let rank = match guess {
                    Guess::Least => index as u64,
                    _ => u64::MAX - self.lives[index].added.returned,
                };
                there.push((Reverse(rank), index));
            }
            match there.pop() {
                Some((_, index)) => guessed.take(index, invoked),
                None => idle.push(invoked),
            }
        }
        let mut left: Vec<usize> =
            coming.into_iter().chain(there.into_iter().map(|(_, index)| index)).collect();
        left.sort_by_key(|&index| self.lives[index].added.returned);
        left.into_iter().zip(idle).for_each(|(index, invoked)| guessed.take(index, invoked));
        guessed
    }
}

/// The least of the first so many numbers, which only get less: a Fenwick tree.
struct EarliestEnds {
    tree: Vec<u64>,
}

impl EarliestEnds {
    fn add(&mut self, place: usize, end: u64) {
        let mut at = place + 1;
        while at < self.tree.len() {
            self.tree[at] = self.tree[at].min(end);
            at += at & at.wrapping_neg();
        }
    }

    fn least_of_first(&self, count: usize) -> u64 {
        let (mut at, mut least) = (count, u64::MAX);
        while at > 0 {
            least = least.min(self.tree[at]);
            at -= at & at.wrapping_neg();
        }
        least
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
