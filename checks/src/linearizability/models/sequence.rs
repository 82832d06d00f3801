//! Sequences: the queue, the stack, the priority queue and the log, which differ in where they add and take.
//!
//! Deliberately absent: capacity. A taker who finds nothing is told so at once; nobody waits.

use indexmap::IndexMap;
use sim_core::value::{Call, Value};

use crate::linearizability::hash::{Interner, Quick};
use crate::linearizability::problem::{Deed, Spec};

use super::paths::{EMPTY, Paths};

/// Which sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// First in, first out.
    Queue,
    /// Last in, first out.
    Stack,
    /// The least first.
    Priority,
    /// Nothing is taken; it is read whole. The number is the position that the first element is told.
    Log(i64),
}

/// The specification of a sequence; a state is the number of its elements in their order.
#[derive(Debug)]
pub(crate) struct Sequence {
    kind: Kind,
    elements: Interner<Value>,
    /// The states of all but queues.
    paths: Paths,
    queues: Interner<Vec<u32>>,
    steps: IndexMap<(u32, u32), u32, Quick>,
    initial: Vec<Value>,
    /// The elements that a read of a log saw, and the state behind each: the next read mostly begins with the same.
    read: Vec<(u32, u32)>,
    /// Which elements were certainly taken or read.
    seen: Vec<bool>,
    /// Whether some element is added by a pending operation.
    adds_pend: bool,
    /// Whether somebody was told a position.
    told: bool,
    weight: u64,
}

/// What is done to a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Added this element.
    Add(u32),
    /// Added this element and was told its position.
    AddAt(u32, i64),
    /// Took this element.
    Take(u32),
    /// Found nothing to take.
    Empty,
    /// Takes what is there, if anything; the answer is not known.
    MayTake,
    /// Read the whole.
    Read(u32),
}

impl Sequence {
    /// An empty sequence, or one that begins with a list: the head of a queue or log first, the top of a stack last.
    pub(crate) fn new(kind: Kind, initial: &Value) -> Sequence {
        let mut initial = if let Value::List(items) = initial { items.clone() } else { Vec::new() };
        if kind == Kind::Priority {
            // Least last, so that taking is popping.
            initial.sort_by(|a, b| b.cmp(a));
        }
        Sequence {
            kind,
            elements: Interner::new(),
            paths: Paths::new(),
            queues: Interner::new(),
            steps: IndexMap::default(),
            initial,
            read: Vec::new(),
            seen: Vec::new(),
            adds_pend: false,
            told: false,
            weight: 0,
        }
    }

    /// The state of these elements, in the order in which states keep them.
    fn state(&mut self, elements: Vec<u32>) -> u32 {
        if self.kind == Kind::Queue { self.queues.number(elements) } else { self.paths.of(elements) }
    }

    /// The state of a log that holds these elements, all of which are thereby seen.
    fn whole(&mut self, items: &[Value]) -> u32 {
        let known = self.read.iter().zip(items);
        let shared = known.take_while(|((element, _), item)| self.elements.get(*element) == *item).count();
        if shared < items.len() {
            self.read.truncate(shared);
        }
        for item in &items[shared..] {
            let element = self.elements.number_of(item);
            self.see(element);
            let before = self.read.last().map_or(EMPTY, |(_, state)| *state);
            self.read.push((element, self.paths.with(before, element)));
        }
        items.len().checked_sub(1).map_or(EMPTY, |last| self.read[last].1)
    }

    fn add(&mut self, state: u32, element: u32) -> u32 {
        match self.kind {
            Kind::Queue => {}
            Kind::Stack | Kind::Log(_) => return self.paths.with(state, element),
            Kind::Priority => return self.add_in_order(state, element),
        }
        if let Some(&after) = self.steps.get(&(state, element)) {
            return after;
        }
        let mut all = self.queues.get(state).clone();
        all.push(element);
        self.weight += 16 + all.len() as u64;
        let after = self.queues.number(all);
        self.steps.insert((state, element), after);
        after
    }

    /// Adds to a priority queue: lesser elements are taken off and put back.
    fn add_in_order(&mut self, state: u32, element: u32) -> u32 {
        let value = self.elements.get(element);
        let (mut rest, mut lesser) = (state, Vec::new());
        while let Some((last, before)) = self.paths.last(rest)
            && self.elements.get(last) < value
        {
            lesser.push(last);
            rest = before;
        }
        let with = self.paths.with(rest, element);
        lesser.into_iter().rev().fold(with, |state, element| self.paths.with(state, element))
    }

    /// What is taken next, and the state without it.
    fn take(&mut self, state: u32) -> Option<(u32, u32)> {
        if self.kind != Kind::Queue {
            return self.paths.last(state);
        }
        let all = self.queues.get(state);
        let element = *all.first()?;
        // Taking is marked by an element that no element has.
        if let Some(&after) = self.steps.get(&(state, u32::MAX)) {
            return Some((element, after));
        }
        let rest = all[1..].to_vec();
        self.weight += 16 + rest.len() as u64;
        let after = self.queues.number(rest);
        self.steps.insert((state, u32::MAX), after);
        Some((element, after))
    }

    fn is_empty(&self, state: u32) -> bool {
        if self.kind == Kind::Queue { self.queues.get(state).is_empty() } else { state == EMPTY }
    }

    fn see(&mut self, element: u32) {
        let element = element as usize;
        if self.seen.len() <= element {
            self.seen.resize(element + 1, false);
        }
        self.seen[element] = true;
    }

    fn refuse(&self, call: &Call) -> String {
        let name = match self.kind {
            Kind::Queue => "queue",
            Kind::Stack => "stack",
            Kind::Priority => "priority queue",
            Kind::Log(_) => "log",
        };
        format!("a {name} has no operation \"{}\"", call.name())
    }
}

impl Spec for Sequence {
    type Action = Action;
    const FORESEES: bool = true;

    fn action(&mut self, deed: &Deed<'_>) -> Result<Option<Action>, String> {
        self.adds_pend |= !deed.is_required() && !matches!(deed.call, Call::Dequeue | Call::Pop);
        Ok(Some(match (self.kind, deed.call) {
            (Kind::Queue | Kind::Priority, Call::Enqueue(v)) | (Kind::Stack, Call::Push(v)) => {
                Action::Add(self.elements.number_of(v))
            }
            (Kind::Log(_), Call::Append(v)) => match deed.value() {
                Some(Value::Int(position)) => {
                    self.told = true;
                    Action::AddAt(self.elements.number_of(v), *position)
                }
                _ => Action::Add(self.elements.number_of(v)),
            },
            (Kind::Queue | Kind::Priority, Call::Dequeue) | (Kind::Stack, Call::Pop) => match deed.value() {
                None => Action::MayTake,
                Some(Value::Nil) => Action::Empty,
                Some(value) => {
                    let element = self.elements.number_of(value);
                    self.see(element);
                    Action::Take(element)
                }
            },
            (Kind::Log(_), Call::Read) => match deed.value() {
                Some(Value::List(items)) => Action::Read(self.whole(items)),
                Some(Value::Nil) => Action::Read(EMPTY),
                Some(other) => return Err(format!("a log cannot read {other}")),
                None => return Ok(None),
            },
            (_, other) => return Err(self.refuse(other)),
        }))
    }

    fn initial(&mut self) -> u32 {
        let elements = self.initial.iter().map(|item| self.elements.number_of(item)).collect();
        self.state(elements)
    }

    fn step(&mut self, state: u32, action: Action) -> Option<u32> {
        match action {
            Action::Add(element) => Some(self.add(state, element)),
            Action::AddAt(element, position) => {
                let Kind::Log(first) = self.kind else { return None };
                let here = first.saturating_add(i64::from(self.paths.length(state)));
                (here == position).then(|| self.add(state, element))
            }
            Action::Take(wanted) => {
                let (element, after) = self.take(state)?;
                (element == wanted).then_some(after)
            }
            Action::Empty => self.is_empty(state).then_some(state),
            Action::MayTake => Some(self.take(state).map_or(state, |(_, after)| after)),
            Action::Read(seen) => (seen == state).then_some(state),
        }
    }

    fn is_observation(action: Action) -> bool {
        matches!(action, Action::Empty | Action::Read(_))
    }

    /// An element that nobody saw need not have been added, unless in a log, where it takes up a position.
    fn is_idle(&self, action: Action) -> bool {
        let Action::Add(element) = action else { return false };
        !self.told && !self.seen.get(element as usize).is_some_and(|&seen| seen)
    }

    /// A pending take may wait until something is in its way: a take that needs what lies behind, or finds nothing. So
    /// may a pending addition, until just before its element is taken; in a queue, until others are added behind it.
    fn may_wait(&self, before: u32, pending: Action, next: Action, next_pends: bool) -> bool {
        match (self.kind, pending, next) {
            (Kind::Stack | Kind::Priority, Action::Add(element), _) => next != Action::Take(element),
            (Kind::Queue, Action::Add(element), Action::Take(other)) => element != other,
            (Kind::Queue | Kind::Stack, Action::MayTake, Action::Add(_)) => true,
            (Kind::Priority, Action::MayTake, Action::Add(element)) => {
                let least = self.paths.last(before).map(|(least, _)| self.elements.get(least));
                let added = Some(self.elements.get(element));
                // A pending addition goes together with the take of its element, then the least one.
                if next_pends { added <= least } else { added >= least }
            }
            _ => false,
        }
    }

    fn is_finite(&self) -> bool {
        !self.adds_pend || matches!(self.kind, Kind::Stack | Kind::Priority)
    }

    /// Each element is taken at most as often as it was added, and not before.
    fn refute(&mut self, deeds: &[Deed<'_>]) -> Option<u64> {
        if matches!(self.kind, Kind::Log(_)) {
            return None;
        }
        let mut added: IndexMap<&Value, Vec<u64>, Quick> = IndexMap::default();
        let mut taken: IndexMap<&Value, Vec<u64>, Quick> = IndexMap::default();
        for value in &self.initial {
            added.entry(value).or_default().push(0);
        }
        for deed in deeds {
            match (deed.call, deed.value()) {
                (Call::Enqueue(value) | Call::Push(value), _) => {
                    added.entry(value).or_default().push(deed.invoked);
                }
                (Call::Dequeue | Call::Pop, Some(value)) if *value != Value::Nil => {
                    taken.entry(value).or_default().push(deed.returned);
                }
                _ => {}
            }
        }
        let mut found: Option<u64> = None;
        for (value, mut taken) in taken {
            let mut added = added.get(value).cloned().unwrap_or_default();
            added.sort_unstable();
            taken.sort_unstable();
            let early = taken
                .iter()
                .enumerate()
                .find(|&(rank, &returned)| added.get(rank).is_none_or(|&invoked| invoked > returned));
            if let Some((_, &returned)) = early {
                found = Some(found.map_or(returned, |found| found.min(returned)));
            }
        }
        found
    }

    fn weight(&self) -> u64 {
        self.weight + self.paths.weight()
    }

    fn show(&self, state: u32) -> String {
        let all = if self.kind == Kind::Queue {
            self.queues.get(state).clone()
        } else {
            self.paths.elements(state)
        };
        let mut elements: Vec<String> =
            all.into_iter().map(|element| self.elements.get(element).to_string()).collect();
        if self.kind == Kind::Priority {
            elements.reverse();
        }
        if elements.is_empty() {
            "it is empty".to_owned()
        } else {
            format!("it holds {}", elements.join(" "))
        }
    }

    fn observes(&self, action: Action) -> bool {
        matches!(action, Action::Read(_))
    }

    fn resets(&self, _action: Action) -> bool {
        !matches!(self.kind, Kind::Log(_))
    }

    /// A log only grows.
    fn leads_to(&self, state: u32, observer: Action) -> bool {
        let Action::Read(wanted) = observer else { return true };
        self.paths.begins_with(wanted, state)
    }
}
