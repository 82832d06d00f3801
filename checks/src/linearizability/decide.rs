//! The verdict alone, without its explanation: each part by the quickest method that fits it.
//!
//! Deliberately absent: words. [`Decision::explain`] has them made by [`super::shrink`] and [`super::explain`].

use sim_core::history::History;
use sim_core::value::{Call, Value};

use super::explain::explain;
use super::models::cell::Cell;
use super::models::counter::Counter;
use super::models::multi::Multi;
use super::models::mutex::Mutex;
use super::models::sequence::{Kind, Sequence};
use super::models::set::Set;
use super::partition::{Part, parts};
use super::problem::{Deed, PENDING, Solved, Spec};
use super::search;
use super::shrink::shrink;
use super::values::Values;
use super::{Model, Options, fast};
use crate::verdict::Verdict;

/// Whether a history is linearizable, and if not, which part of it is not.
#[derive(Debug)]
pub struct Decision<'a> {
    history: &'a History,
    model: Model,
    finding: Finding<'a>,
}

#[derive(Debug)]
enum Finding<'a> {
    Holds,
    /// Some part has no linearization, already none up to this position.
    Violated(Part<'a>, u64),
    Open(String),
}

/// Judges a history without explaining.
#[must_use]
pub fn decide<'a>(history: &'a History, model: Model, options: &Options) -> Decision<'a> {
    let mut open = None;
    let mut values = Values::default();
    for part in parts(history, model) {
        match solve_with(model, &part.deeds, options, &mut values) {
            Solved::Yes => {}
            Solved::No(position) => {
                return Decision { history, model, finding: Finding::Violated(part, position) };
            }
            Solved::Spent => {
                open.get_or_insert_with(|| {
                    format!("gave up after {} configurations of one object", options.configurations_max)
                });
            }
            Solved::Unfit(reason) => return Decision { history, model, finding: Finding::Open(reason) },
        }
    }
    Decision { history, model, finding: open.map_or(Finding::Holds, Finding::Open) }
}

/// Something to be done with the specification of an object, whichever it is.
pub(super) trait Task {
    type Outcome;
    fn with<S: Spec>(self, spec: &mut S) -> Self::Outcome;
}

/// Does it with the specification of this model.
pub(super) fn specify<T: Task>(model: Model, deeds: &[Deed<'_>], options: &Options, task: T) -> T::Outcome {
    match model {
        Model::Register | Model::KeyValue => task.with(&mut Cell::new(&options.initial)),
        Model::MultiRegister => task.with(&mut Multi::new(&options.initial, &options.names)),
        Model::Set => task.with(&mut Set::new(&options.initial)),
        Model::Queue => task.with(&mut Sequence::new(Kind::Queue, &options.initial)),
        Model::Stack => task.with(&mut Sequence::new(Kind::Stack, &options.initial)),
        Model::PriorityQueue => task.with(&mut Sequence::new(Kind::Priority, &options.initial)),
        Model::Counter => task.with(&mut Counter::new(&options.initial)),
        Model::Mutex => task.with(&mut Mutex(options.initial == Value::Bool(true))),
        Model::Log => task.with(&mut Sequence::new(Kind::Log(first_position(deeds)), &options.initial)),
    }
}

/// Whether a log counts its positions from 0 or from 1: from 1 only if somebody was told a position, and nobody 0.
fn first_position(deeds: &[Deed<'_>]) -> i64 {
    let positions = deeds.iter().filter_map(|deed| match (deed.call, deed.value()) {
        (Call::Append(_), Some(Value::Int(position))) => Some(*position),
        _ => None,
    });
    i64::from(positions.min().is_some_and(|least| least > 0))
}

/// Judges one object.
pub(super) fn solve(model: Model, deeds: &[Deed<'_>], options: &Options) -> Solved {
    solve_with(model, deeds, options, &mut Values::default())
}

/// Judges one object after another, with one table of values.
fn solve_with<'a>(model: Model, deeds: &[Deed<'a>], options: &'a Options, values: &mut Values<'a>) -> Solved {
    struct Search<'a, 'd>(&'a [Deed<'d>], u64);
    impl Task for Search<'_, '_> {
        type Outcome = Solved;
        fn with<S: Spec>(self, spec: &mut S) -> Solved {
            search::solve(spec, self.0, self.1)
        }
    }
    if options.fast_paths
        && let Some(solved) = fast::solve(model, deeds, options, values)
    {
        return solved;
    }
    specify(model, deeds, options, Search(deeds, options.configurations_max))
}

/// The only value that the object can hold once these operations are over, and that in words; `None` if it may hold
/// several, or no value says what it holds.
pub(super) fn outcome(model: Model, deeds: &[Deed<'_>], options: &Options) -> Option<(Value, String)> {
    struct Finals<'a, 'd>(&'a [Deed<'d>], u64);
    impl Task for Finals<'_, '_> {
        type Outcome = Option<(Value, String)>;
        fn with<S: Spec>(self, spec: &mut S) -> Self::Outcome {
            match search::finals(spec, self.0, self.1)?.as_slice() {
                [state] => Some((spec.as_initial(*state)?, spec.show(*state))),
                _ => None,
            }
        }
    }
    specify(model, deeds, options, Finals(deeds, options.configurations_max))
}

/// An order of operations that real time allows and that cannot go on.
#[derive(Clone, Debug)]
pub(super) struct Dead {
    /// The operations that took effect, in order.
    pub order: Vec<usize>,
    /// The ones of which one would have to be next.
    pub blocked: Vec<usize>,
    /// What the object is by then, in words.
    pub state: String,
}

/// All orders of a few operations that cannot go on; none if they are too many to tell.
pub(super) fn dead_ends(model: Model, deeds: &[Deed<'_>], options: &Options) -> Vec<Dead> {
    struct Enumerate<'a, 'd>(&'a [Deed<'d>]);
    impl Task for Enumerate<'_, '_> {
        type Outcome = Vec<Dead>;
        fn with<S: Spec>(self, spec: &mut S) -> Vec<Dead> {
            let actions: Vec<Option<S::Action>> =
                self.0.iter().map(|deed| spec.action(deed).ok().flatten()).collect();
            let state = spec.initial();
            let mut walk =
                Walk { spec, deeds: self.0, actions, order: Vec::new(), dead: Vec::new(), steps: 0 };
            walk.go(state);
            if walk.steps > WALK_MAX { Vec::new() } else { walk.dead }
        }
    }
    specify(model, deeds, options, Enumerate(deeds))
}

/// How many orders are tried for an explanation.
const WALK_MAX: u32 = 2_000;

/// All orders, one after another.
struct Walk<'a, 'd, S: Spec> {
    spec: &'a mut S,
    deeds: &'a [Deed<'d>],
    actions: Vec<Option<S::Action>>,
    order: Vec<usize>,
    dead: Vec<Dead>,
    steps: u32,
}

impl<S: Spec> Walk<'_, '_, S> {
    fn go(&mut self, state: u32) {
        self.steps += 1;
        if self.steps > WALK_MAX {
            return;
        }
        let left: Vec<usize> = (0..self.deeds.len()).filter(|index| !self.order.contains(index)).collect();
        let bound = left.iter().map(|&index| self.deeds[index].returned).min().unwrap_or(PENDING);
        let mut stuck = true;
        let mut blocked = Vec::new();
        for &index in left.iter().filter(|&&index| self.deeds[index].invoked < bound) {
            let required = self.deeds[index].is_required();
            let after = self.actions[index].and_then(|action| self.spec.step(state, action));
            match after {
                // A pending operation that changes nothing need not be told.
                Some(after) if required || after != state => {
                    stuck &= !required;
                    self.order.push(index);
                    self.go(after);
                    self.order.pop();
                }
                _ if required => blocked.push(index),
                _ => {}
            }
        }
        if stuck && !blocked.is_empty() {
            self.dead.push(Dead { order: self.order.clone(), blocked, state: self.spec.show(state) });
        }
    }
}

impl Decision<'_> {
    /// `pass`, `fail` or `unknown`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.finding {
            Finding::Holds => "pass",
            Finding::Violated(..) => "fail",
            Finding::Open(_) => "unknown",
        }
    }

    /// The verdict, with its witness if it is a violation.
    #[must_use]
    pub fn explain(&self, options: &Options) -> Verdict {
        match &self.finding {
            Finding::Holds => Verdict::Pass,
            Finding::Open(reason) => Verdict::Unknown(reason.clone()),
            Finding::Violated(part, position) => {
                let shrunk = shrink(self.model, &part.deeds, *position, options);
                Verdict::Fail(Box::new(explain(self.history, self.model, part.key, &shrunk)))
            }
        }
    }
}
