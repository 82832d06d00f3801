//! Sequences: the queue, the stack, the priority queue and the log, which differ in where they add and take.
//!
//! Deliberately absent: capacity. A taker who finds nothing is told so at once; nobody waits.

use indexmap::IndexMap;
use sim_core::value::{Call, Value};

use crate::linearizability::hash::{Interner, Quick};
use crate::linearizability::problem::{Deed, Spec};

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
    states: Interner<Vec<u32>>,
    steps: IndexMap<(u32, u32), u32, Quick>,
    initial: Vec<Value>,
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
            states: Interner::new(),
            steps: IndexMap::default(),
            initial,
            seen: Vec::new(),
            adds_pend: false,
            told: false,
            weight: 0,
        }
    }

    fn add(&mut self, state: u32, element: u32) -> u32 {
        if let Some(&after) = self.steps.get(&(state, element)) {
            return after;
        }
        let mut all = self.states.get(state).clone();
        if self.kind == Kind::Priority {
            // Least last, so that taking is popping.
            let value = self.elements.get(element);
            let place = all.partition_point(|&other| self.elements.get(other) > value);
            all.insert(place, element);
        } else {
            all.push(element);
        }
        self.weight += 16 + all.len() as u64;
        let after = self.states.number(all);
        self.steps.insert((state, element), after);
        after
    }

    /// The state without what is taken next.
    fn take(&mut self, state: u32) -> Option<(u32, u32)> {
        let all = self.states.get(state);
        let element = if self.kind == Kind::Queue { *all.first()? } else { *all.last()? };
        // Taking is marked by an element that no element has.
        if let Some(&after) = self.steps.get(&(state, u32::MAX)) {
            return Some((element, after));
        }
        let rest = if self.kind == Kind::Queue { all[1..].to_vec() } else { all[..all.len() - 1].to_vec() };
        self.weight += 16 + rest.len() as u64;
        let after = self.states.number(rest);
        self.steps.insert((state, u32::MAX), after);
        Some((element, after))
    }

    fn see(&mut self, element: u32) {
        let element = element as usize;
        if self.seen.len() <= element {
            self.seen.resize(element + 1, false);
        }
        self.seen[element] = true;
    }

    /// What is taken next.
    fn next(&self, state: u32) -> Option<u32> {
        let all = self.states.get(state);
        if self.kind == Kind::Queue { all.first().copied() } else { all.last().copied() }
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
                Some(Value::List(items)) => {
                    let elements: Vec<u32> =
                        items.iter().map(|item| self.elements.number_of(item)).collect();
                    elements.iter().for_each(|&element| self.see(element));
                    Action::Read(self.states.number(elements))
                }
                Some(Value::Nil) => Action::Read(self.states.number(Vec::new())),
                Some(other) => return Err(format!("a log cannot read {other}")),
                None => return Ok(None),
            },
            (_, other) => return Err(self.refuse(other)),
        }))
    }

    fn initial(&mut self) -> u32 {
        let elements = self.initial.iter().map(|item| self.elements.number_of(item)).collect();
        self.states.number(elements)
    }

    fn step(&mut self, state: u32, action: Action) -> Option<u32> {
        match action {
            Action::Add(element) => Some(self.add(state, element)),
            Action::AddAt(element, position) => {
                let Kind::Log(first) = self.kind else { return None };
                let here = first.saturating_add(self.states.get(state).len() as i64);
                (here == position).then(|| self.add(state, element))
            }
            Action::Take(wanted) => {
                let (element, after) = self.take(state)?;
                (element == wanted).then_some(after)
            }
            Action::Empty => self.states.get(state).is_empty().then_some(state),
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
                let least = self.next(before).map(|least| self.elements.get(least));
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
            let early = taken.iter().enumerate().find(|&(rank, &returned)| {
                added.get(rank).is_none_or(|&invoked| invoked > returned)
            });
            if let Some((_, &returned)) = early {
                found = Some(found.map_or(returned, |found| found.min(returned)));
            }
        }
        found
    }

    fn weight(&self) -> u64 {
        self.weight
    }

    fn show(&self, state: u32) -> String {
        let mut elements: Vec<String> =
            self.states.get(state).iter().map(|&element| self.elements.get(element).to_string()).collect();
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
        self.states.get(wanted).starts_with(self.states.get(state))
    }
}
