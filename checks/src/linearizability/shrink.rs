//! From a part that has no linearization to the fewest of its operations that still have none.
//!
//! Every step keeps the argument sound: were the whole linearizable, so would be what is left. What happened after
//! the contradiction is cut off; a read may go; an operation's end may be forgotten; a pending operation may go if
//! nothing that is left speaks of its value; and all operations of one value may go together where values are
//! independent. Deliberately absent: the very smallest sub-history; what is found is one from which nothing more can go.

use indexmap::IndexSet;
use sim_core::history::Answer;
use sim_core::value::{Call, Micro, Value};

use super::decide::{outcome, solve};
use super::hash::Quick;
use super::problem::{Deed, Solved};
use super::{Model, Options};

/// How many configurations one attempt may cost, and four for each operation beside.
const ATTEMPT_MAX: u64 = 20_000;

/// A violation with more operations than this is told from a quiet moment on, if there is one.
const LONG: usize = 10;

/// How many quiet moments are tried.
const MOMENTS_MAX: usize = 60;

/// What is left of a violation.
#[derive(Clone, Debug)]
pub(super) struct Shrunk<'a> {
    /// Its operations.
    pub deeds: Vec<Deed<'a>>,
    /// As they were, with what the object holds before these operations.
    pub options: Options,
    /// If they begin in the midst of the history: after which position, and what the object was then, in words.
    pub after: Option<(u64, String)>,
}

/// The operations of a violation, few of them. `position` is where the search found the contradiction complete.
pub(super) fn shrink<'a>(model: Model, deeds: &[Deed<'a>], position: u64, options: &Options) -> Shrunk<'a> {
    let configurations_max = ATTEMPT_MAX + 4 * deeds.len() as u64;
    let options = Options { configurations_max, ..options.clone() };
    let cut: Vec<Deed<'a>> = deeds.iter().filter_map(|deed| cut_off(*deed, position)).collect();
    let whole = if fails(model, &cut, &options) { cut } else { deeds.to_vec() };
    let deeds = fewer(model, whole.clone(), &options);
    let from_start = Shrunk { deeds, options, after: None };
    if from_start.deeds.len() <= LONG {
        return from_start;
    }
    let later = from_quiet_moment(model, &whole, &from_start.options);
    later.filter(|later| later.deeds.len() < from_start.deeds.len()).unwrap_or(from_start)
}

fn fails(model: Model, deeds: &[Deed<'_>], options: &Options) -> bool {
    matches!(solve(model, deeds, options), Solved::No(_))
}

/// Leaves out what can be left out.
fn fewer<'a>(model: Model, mut left: Vec<Deed<'a>>, options: &Options) -> Vec<Deed<'a>> {
    let fails = |deeds: &[Deed<'a>]| fails(model, deeds, options);
    if independent(model, &left) {
        left = without_values(left, &fails);
    }
    loop {
        let before = (left.len(), left.iter().filter(|deed| deed.is_required()).count());
        left = without(left, &fails, Deed::is_harmless);
        left = relaxed(left, &fails);
        left = without_unspoken(model, left, &fails);
        if before == (left.len(), left.iter().filter(|deed| deed.is_required()).count()) {
            return left;
        }
    }
}

/// Where nothing but pending operations was under way, and the object can only have been in one state, the history may
/// as well begin there; the latest such moment after which it still fails.
fn from_quiet_moment<'a>(model: Model, deeds: &[Deed<'a>], options: &Options) -> Option<Shrunk<'a>> {
    let mut ends: Vec<u64> =
        deeds.iter().filter(|deed| deed.is_required()).map(|deed| deed.returned).collect();
    ends.sort_unstable_by(|a, b| b.cmp(a));
    let spans = |deed: &Deed<'_>, end: u64| deed.is_required() && deed.invoked < end && deed.returned > end;
    let quiet = ends.into_iter().filter(|&end| !deeds.iter().any(|deed| spans(deed, end)));
    for end in quiet.take(MOMENTS_MAX) {
        let earlier: Vec<Deed<'a>> = deeds.iter().filter(|deed| deed.invoked <= end).copied().collect();
        let later: Vec<Deed<'a>> =
            deeds.iter().filter(|deed| deed.invoked > end || !deed.is_required()).copied().collect();
        let Some((initial, words)) = outcome(model, &earlier, options) else { continue };
        let options = Options { initial, ..options.clone() };
        if fails(model, &later, &options) {
            let deeds = fewer(model, later, &options);
            return Some(Shrunk { deeds, options, after: Some((end, words)) });
        }
    }
    None
}

/// What is left of an operation if the history ends here.
fn cut_off(deed: Deed<'_>, position: u64) -> Option<Deed<'_>> {
    if deed.invoked > position {
        return None;
    }
    if deed.returned <= position {
        return Some(deed);
    }
    (!deed.call.is_read_only()).then(|| deed.relaxed())
}

impl Deed<'_> {
    /// Whether it only says what was seen, so that leaving it out asks for less.
    fn is_harmless(&self) -> bool {
        let refused = matches!(self.call, Call::Cas { .. }) && self.value() == Some(&Value::Bool(false));
        self.call.is_read_only() || refused
    }
}

/// Leaves out operations of this kind, many at once first, as long as it still fails.
fn without<'a>(
    mut left: Vec<Deed<'a>>,
    fails: &impl Fn(&[Deed<'a>]) -> bool,
    may_go: impl Fn(&Deed<'a>) -> bool,
) -> Vec<Deed<'a>> {
    let mut size = left.len().next_power_of_two();
    while size > 0 {
        let mut end = left.len();
        while end > 0 {
            let start = end.saturating_sub(size);
            if left[start..end].iter().any(&may_go) {
                let kept = |(index, deed): (usize, &Deed<'a>)| {
                    (index < start || index >= end || !may_go(deed)).then_some(*deed)
                };
                let trial: Vec<Deed<'a>> = left.iter().enumerate().filter_map(kept).collect();
                if fails(&trial) {
                    left = trial;
                }
            }
            end = start;
        }
        size /= 2;
    }
    left
}

/// Forgets ends, many at once first.
fn relaxed<'a>(mut left: Vec<Deed<'a>>, fails: &impl Fn(&[Deed<'a>]) -> bool) -> Vec<Deed<'a>> {
    let mut size = left.len().next_power_of_two();
    while size > 0 {
        let mut end = left.len();
        while end > 0 {
            let start = end.saturating_sub(size);
            let may = |deed: &Deed<'_>| deed.is_required() && !deed.is_harmless();
            if left[start..end].iter().any(may) {
                let mut trial = left.clone();
                for deed in trial[start..end].iter_mut().filter(|deed| may(deed)) {
                    *deed = deed.relaxed();
                }
                if fails(&trial) {
                    left = trial;
                }
            }
            end = start;
        }
        size /= 2;
    }
    left
}

/// Leaves out the pending operations whose values nothing else speaks of: they can be of no use to anyone.
fn without_unspoken<'a>(
    model: Model,
    left: Vec<Deed<'a>>,
    fails: &impl Fn(&[Deed<'a>]) -> bool,
) -> Vec<Deed<'a>> {
    let counts = |deed: &Deed<'_>| matches!(deed.value(), Some(Value::Int(_)));
    if matches!(model, Model::Counter | Model::Mutex) || model == Model::Log && left.iter().any(counts) {
        return left;
    }
    let refusals = left.iter().any(|deed| matches!(deed.call, Call::Cas { .. }) && deed.is_harmless());
    let mut left = left;
    loop {
        let spoken: IndexSet<Value, Quick> = left.iter().flat_map(seen).collect();
        let idle = |deed: &Deed<'a>| {
            let brought = if deed.is_required() || refusals { None } else { brought(deed) };
            brought.is_some_and(|values| values.iter().all(|value| !is_spoken(&spoken, value)))
        };
        let trial: Vec<Deed<'a>> = left.iter().filter(|deed| !idle(deed)).copied().collect();
        if trial.len() == left.len() || !fails(&trial) {
            return left;
        }
        left = trial;
    }
}

/// Whether a value, or a text or list with it, is among those seen.
fn is_spoken(spoken: &IndexSet<Value, Quick>, value: &Value) -> bool {
    spoken.contains(value)
        || spoken.iter().any(|seen| match (seen, value) {
            (Value::Text(seen), Value::Text(part)) => seen.contains(&**part),
            (Value::List(seen), part) => seen.contains(part),
            _ => false,
        })
}

/// The values that an operation's answer or condition speaks of.
fn seen(deed: &Deed<'_>) -> Vec<Value> {
    let mut values: Vec<Value> = match deed.answer {
        Some(Answer::Value(value)) => vec![value.clone()],
        Some(Answer::Txn(steps)) => steps
            .iter()
            .filter_map(|step| match step {
                Micro::Read(_, value) => value.clone(),
                _ => None,
            })
            .collect(),
        None => Vec::new(),
    };
    match deed.call {
        Call::Cas { from, .. } => values.push(from.clone()),
        Call::Contains(value) | Call::Remove(value) | Call::Insert(value) if deed.is_required() => {
            values.push(value.clone());
        }
        _ => {}
    }
    values
}

/// The values that an operation brings in; `None` where it does more than that.
fn brought(deed: &Deed<'_>) -> Option<Vec<Value>> {
    match deed.call {
        Call::Write(v) | Call::Append(v) | Call::Insert(v) | Call::Enqueue(v) | Call::Push(v) => {
            Some(vec![v.clone()])
        }
        Call::Cas { to, .. } => Some(vec![to.clone()]),
        Call::Delete => Some(vec![Value::Nil]),
        Call::Txn(steps) => steps
            .iter()
            .filter_map(|step| match step {
                Micro::Write(_, value) => Some(Some(value.clone())),
                Micro::Append(..) => Some(None),
                Micro::Read(..) => None,
            })
            .collect(),
        _ => None,
    }
}

/// Whether leaving out all operations of one value leaves a linearizable history linearizable.
fn independent(model: Model, deeds: &[Deed<'_>]) -> bool {
    match model {
        Model::Register | Model::KeyValue => {
            deeds.iter().all(|deed| matches!(deed.call, Call::Read | Call::Write(_) | Call::Delete))
        }
        // A pending take that took the value in question is left out with it: it need not have happened.
        Model::Queue | Model::Stack | Model::PriorityQueue => true,
        _ => false,
    }
}

/// Leaves out all operations of a value, many values at once first.
fn without_values<'a>(mut left: Vec<Deed<'a>>, fails: &impl Fn(&[Deed<'a>]) -> bool) -> Vec<Deed<'a>> {
    let value_of = |deed: &Deed<'a>| match deed.call {
        Call::Write(v) | Call::Enqueue(v) | Call::Push(v) => v.clone(),
        _ => deed.value().cloned().unwrap_or_default(),
    };
    let mut values: IndexSet<Value, Quick> = left.iter().map(value_of).collect();
    let mut size = values.len().next_power_of_two();
    while size > 0 {
        let mut end = values.len();
        while end > 0 {
            let start = end.saturating_sub(size);
            let gone: IndexSet<Value, Quick> = values.as_slice()[start..end].iter().cloned().collect();
            let trial: Vec<Deed<'a>> =
                left.iter().filter(|deed| !gone.contains(&value_of(deed))).copied().collect();
            if fails(&trial) {
                left = trial;
                values.retain(|value| !gone.contains(value));
            }
            end = start;
        }
        size /= 2;
    }
    left
}
