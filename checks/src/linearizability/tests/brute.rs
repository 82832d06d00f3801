//! Every order of a small history, tried one after another on the simplest objects that can be written down.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};
use sim_core::history::{Answer, Entry, History, Outcome, Reason};
use sim_core::time::Time;
use sim_core::value::{Call, Key, Micro, Operation, Value};

use crate::linearizability::{Model, Options, check, decide};
use crate::verdict::Verdict;

/// An object, told in the plainest way: a value, or a list of them.
pub(super) type State = Vec<Value>;

pub(super) fn initial(model: Model, options: &Options) -> State {
    match model {
        Model::Register | Model::KeyValue => vec![options.initial.clone()],
        Model::MultiRegister => vec![options.initial.clone(); 3],
        Model::Counter => vec![Value::Int(0)],
        Model::Mutex => vec![Value::Bool(false)],
        _ if let Value::List(items) = &options.initial => items.clone(),
        _ => Vec::new(),
    }
}

/// Does the call; `None` if it is impossible, else its answers.
pub(super) fn act(model: Model, state: &mut State, call: &Call) -> Option<Answer> {
    let value = |value: Value| Some(Answer::Value(value));
    match (model, call) {
        (Model::Set, Call::Insert(v)) => {
            let fresh = !state.contains(v);
            if fresh {
                state.push(v.clone());
                state.sort();
            }
            value(Value::Bool(fresh))
        }
        (Model::Set, Call::Remove(v)) => {
            let was = state.contains(v);
            state.retain(|other| other != v);
            value(Value::Bool(was))
        }
        (Model::Set, Call::Contains(v)) => value(Value::Bool(state.contains(v))),
        (Model::Set | Model::Log, Call::Read) => value(Value::List(state.clone())),
        (Model::Log, Call::Append(v)) => {
            state.push(v.clone());
            value(Value::Nil)
        }
        (Model::Queue | Model::PriorityQueue | Model::Stack, _) => value(put_or_take(model, state, call)),
        (Model::Mutex, Call::Acquire) if state[0] == Value::Bool(true) => None,
        (Model::Mutex, Call::Release) if state[0] == Value::Bool(false) => None,
        (Model::Mutex, call) => {
            state[0] = Value::Bool(*call == Call::Acquire);
            value(Value::Nil)
        }
        (Model::Counter, Call::Add(n)) => {
            let Value::Int(now) = state[0] else { return None };
            state[0] = Value::Int(now + n);
            value(state[0].clone())
        }
        (_, Call::Read) => value(state[0].clone()),
        (_, Call::Write(v)) => {
            state[0] = v.clone();
            value(Value::Nil)
        }
        (_, Call::Cas { from, to }) => {
            let did = state[0] == *from;
            if did {
                state[0] = to.clone();
            }
            value(Value::Bool(did))
        }
        (_, Call::Append(Value::Text(v))) => {
            let Value::Text(now) = &state[0] else { return None };
            state[0] = Value::Text(format!("{now}{v}").into());
            value(Value::Nil)
        }
        (_, Call::Txn(steps)) => {
            let mut told = steps.clone();
            for step in &mut told {
                match step {
                    Micro::Write(key, v) => state[key.0 as usize] = v.clone(),
                    Micro::Read(key, v) => *v = Some(state[key.0 as usize].clone()),
                    Micro::Append(..) => return None,
                }
            }
            Some(Answer::Txn(told))
        }
        _ => None,
    }
}

/// What a queue, a stack or a priority queue answers.
fn put_or_take(model: Model, state: &mut State, call: &Call) -> Value {
    match call {
        Call::Enqueue(v) | Call::Push(v) => {
            state.push(v.clone());
            return Value::Nil;
        }
        _ if state.is_empty() => return Value::Nil,
        _ if model == Model::PriorityQueue => state.sort(),
        _ => {}
    }
    let place = if model == Model::Stack { state.len() - 1 } else { 0 };
    state.remove(place)
}

/// Whether these answers agree: nothing told agrees with everything where nothing need be told,
/// and in a transaction also where something was read.
pub(super) fn agree(call: &Call, true_answer: &Answer, told: &Answer) -> bool {
    let silent =
        matches!(told, Answer::Value(Value::Nil)) && !matches!(call, Call::Read | Call::Dequeue | Call::Pop);
    let unstated = |(of, told): (&Micro, &Micro)| matches!(told, Micro::Read(_, None)) || of == told;
    match (true_answer, told) {
        (Answer::Txn(of), Answer::Txn(told)) => of.len() == told.len() && of.iter().zip(told).all(unstated),
        _ => silent || true_answer == told,
    }
}

fn linearizable(model: Model, entries: &[&Entry], left: &mut Vec<usize>, state: &State) -> bool {
    if left.iter().all(|&index| !entries[index].is_ok()) {
        return true;
    }
    let ends =
        left.iter().filter(|&&index| entries[index].is_ok()).map(|&index| entries[index].completed_index);
    let bound = ends.min().unwrap_or(u64::MAX);
    for place in 0..left.len() {
        let entry = entries[left[place]];
        if entry.invoked_index > bound {
            continue;
        }
        let mut after = state.clone();
        let Some(answer) = act(model, &mut after, &entry.operation.call) else { continue };
        if let Outcome::Ok(told) = &entry.outcome
            && !agree(&entry.operation.call, &answer, told)
        {
            continue;
        }
        let index = left.remove(place);
        let found = linearizable(model, entries, left, &after);
        left.insert(place, index);
        if found {
            return true;
        }
    }
    false
}

/// The verdict by trying everything.
fn brute(history: &History, model: Model, options: &Options) -> bool {
    let mut keys: Vec<Option<Key>> = history.entries.iter().map(|entry| entry.operation.key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().all(|key| {
        let of_key = |entry: &&Entry| entry.operation.key == key && !entry.is_failed();
        let entries: Vec<&Entry> = history.entries.iter().filter(of_key).collect();
        let mut left: Vec<usize> = (0..entries.len()).collect();
        linearizable(model, &entries, &mut left, &initial(model, options))
    })
}

/// How one operation of a random history goes: its call, its length, where within it takes effect, its end, and
/// whether and how its answer is falsified.
#[derive(Clone, Debug)]
pub(super) struct Sketch {
    pub(super) call: Call,
    key: u64,
    pub(super) start: u64,
    pub(super) length: u64,
    pub(super) effect: u64,
    pub(super) end: u8,
    pub(super) lie: Option<Value>,
}

fn small() -> impl Strategy<Value = Value> {
    (0..4i64).prop_map(Value::Int)
}

fn calls(model: Model) -> proptest::strategy::BoxedStrategy<Call> {
    match model {
        Model::Register => prop_oneof![
            Just(Call::Read),
            small().prop_map(Call::Write),
            (small(), small()).prop_map(|(from, to)| Call::Cas { from, to })
        ]
        .boxed(),
        Model::KeyValue => prop_oneof![
            Just(Call::Read),
            "[ab]".prop_map(|text| Call::Write(Value::Text(text.into()))),
            "[abc]{1,2}".prop_map(|text| Call::Append(Value::Text(text.into())))
        ]
        .boxed(),
        Model::MultiRegister => {
            let step = (any::<bool>(), 0..3u64, small()).prop_map(|(write, key, value)| {
                if write { Micro::Write(Key(key), value) } else { Micro::Read(Key(key), None) }
            });
            vec(step, 1..4).prop_map(Call::Txn).boxed()
        }
        Model::Set => prop_oneof![
            small().prop_map(Call::Insert),
            small().prop_map(Call::Remove),
            small().prop_map(Call::Contains),
            Just(Call::Read)
        ]
        .boxed(),
        Model::Queue | Model::PriorityQueue => {
            prop_oneof![small().prop_map(Call::Enqueue), Just(Call::Dequeue)].boxed()
        }
        Model::Stack => prop_oneof![small().prop_map(Call::Push), Just(Call::Pop)].boxed(),
        Model::Counter => prop_oneof![Just(Call::Read), (-2..3i64).prop_map(Call::Add)].boxed(),
        Model::Mutex => prop_oneof![Just(Call::Acquire), Just(Call::Release)].boxed(),
        Model::Log => prop_oneof![Just(Call::Read), small().prop_map(Call::Append)].boxed(),
    }
}

pub(super) fn sketches(model: Model, count: usize) -> impl Strategy<Value = Vec<Sketch>> {
    let lie = prop_oneof![5 => Just(None), 1 => small().prop_map(Some), 1 => Just(Some(Value::Nil))];
    let sketch = (calls(model), 0..2u64, 0..40u64, 1..25u64, 0..25u64, 0..8u8, lie).prop_map(
        |(call, key, start, length, effect, end, lie)| Sketch {
            call,
            key,
            start,
            length,
            effect: effect % length,
            end,
            lie,
        },
    );
    vec(sketch, 0..count)
}

/// Lets the operations take effect on a true object, then falsifies some answers.
pub(super) fn realize(model: Model, sketches: &[Sketch], keyed: bool, options: &Options) -> History {
    let mut states = [initial(model, options), initial(model, options)];
    let mut order: Vec<usize> = (0..sketches.len()).collect();
    order.sort_by_key(|&index| sketches[index].start + sketches[index].effect);
    let mut answers = vec![None; sketches.len()];
    for index in order {
        let sketch = &sketches[index];
        if sketch.end != 1 {
            let key = if keyed { sketch.key as usize } else { 0 };
            answers[index] = act(model, &mut states[key], &sketch.call);
        }
    }
    let mut events: Vec<(u64, bool, usize)> = Vec::new();
    for (index, sketch) in sketches.iter().enumerate() {
        events.push((sketch.start, false, index));
        events.push((sketch.start + sketch.length, true, index));
    }
    events.sort_unstable();
    let place = |index: usize, end: bool| events.iter().position(|event| (event.1, event.2) == (end, index));
    let mut entries: Vec<Entry> = Vec::new();
    for (index, sketch) in sketches.iter().enumerate() {
        let told = match (&answers[index], &sketch.lie) {
            (Some(Answer::Value(Value::Bool(b))), Some(_)) => Some(Answer::Value(Value::Bool(!b))),
            (Some(Answer::Value(Value::Nil)), _)
                if !matches!(sketch.call, Call::Read | Call::Dequeue | Call::Pop) =>
            {
                Some(Answer::Value(Value::Nil))
            }
            (Some(Answer::Value(Value::List(items))), Some(Value::Nil)) => {
                Some(Answer::Value(Value::List(items.get(1..).unwrap_or_default().to_vec())))
            }
            (Some(Answer::Value(Value::List(_))), Some(lie)) => {
                Some(Answer::Value(Value::List(vec![lie.clone()])))
            }
            (Some(Answer::Value(Value::Int(_))), Some(Value::Nil)) if model == Model::Counter => {
                Some(Answer::Value(Value::Int(7)))
            }
            (Some(Answer::Value(_)), Some(lie)) => Some(Answer::Value(lie.clone())),
            (Some(Answer::Txn(steps)), Some(lie)) => {
                let mut steps = steps.clone();
                if let Some(Micro::Read(_, value)) = steps.first_mut() {
                    *value = Some(lie.clone());
                }
                Some(Answer::Txn(steps))
            }
            (answer, _) => answer.clone(),
        };
        let outcome = match (sketch.end, told) {
            (0, _) | (_, None) if sketch.end != 1 => Outcome::Unknown(Reason::Timeout),
            (1, _) => Outcome::Failed(Reason::Rejected),
            (_, Some(told)) => Outcome::Ok(told),
            (_, None) => Outcome::Unknown(Reason::Timeout),
        };
        let ended = !matches!(outcome, Outcome::Unknown(_));
        entries.push(Entry {
            process: index as u32,
            operation: Operation { key: keyed.then_some(Key(sketch.key)), call: sketch.call.clone() },
            invoked: Time(sketch.start),
            invoked_index: place(index, false).unwrap_or_default() as u64,
            completed: if ended { Time(sketch.start + sketch.length) } else { Time::NEVER },
            completed_index: if ended { place(index, true).unwrap_or_default() as u64 } else { u64::MAX },
            outcome,
            attempts: 1,
            answered_by: None,
        });
    }
    entries.sort_by_key(|entry| entry.invoked_index);
    History { entries }
}

/// The history of a witness: nothing but its operations.
fn sub_history(history: &History, witness: &[usize]) -> History {
    let mut kept: Vec<usize> = witness.to_vec();
    kept.sort_unstable();
    History { entries: kept.into_iter().map(|index| history.entries[index].clone()).collect() }
}

pub(super) fn compare(
    model: Model,
    sketches: &[Sketch],
    keyed: bool,
    options: &Options,
) -> Result<(), proptest::test_runner::TestCaseError> {
    let history = realize(model, sketches, keyed, options);
    let expected = brute(&history, model, options);
    let verdict = check(&history, model, options);
    prop_assert_eq!(verdict.word(), if expected { "pass" } else { "fail" }, "{:#?}", history);
    let slow = check(&history, model, &Options { fast_paths: false, ..options.clone() });
    prop_assert_eq!(verdict.word(), slow.word(), "{:#?}", history);
    if let Verdict::Fail(witness) = verdict {
        let smaller = sub_history(&history, &witness.entries);
        prop_assert!(!brute(&smaller, model, options), "{:#?} of {:#?}", witness, history);
    }
    Ok(())
}

/// The same, but every value that is brought in is brought in once.
pub(super) fn unique(mut sketches: Vec<Sketch>) -> Vec<Sketch> {
    for (index, sketch) in sketches.iter_mut().enumerate() {
        if let Call::Write(value) | Call::Enqueue(value) | Call::Push(value) = &mut sketch.call {
            *value = Value::Int((index as i64 * 5 + 1) % 11);
        }
        if let Some(Value::Int(lie)) = &mut sketch.lie {
            *lie = (*lie * 5 + 1) % 11;
        }
    }
    sketches
}

/// Only what the near-linear method for sets knows: each element added once, and reads of the whole, of which a false one
/// lacks its first element or has one more.
pub(super) fn growing(mut sketches: Vec<Sketch>) -> Vec<Sketch> {
    for (index, sketch) in sketches.iter_mut().enumerate() {
        let adds = matches!(&sketch.call, Call::Insert(_) | Call::Remove(_));
        sketch.call = if adds { Call::Insert(Value::Int(index as i64 % 5 + 1)) } else { Call::Read };
    }
    let mut known = Vec::new();
    sketches.retain(|sketch| {
        sketch.call == Call::Read
            || !known.contains(&sketch.call) && {
                known.push(sketch.call.clone());
                true
            }
    });
    sketches
}

/// Only what the near-linear method for registers knows.
pub(super) fn without_cas(mut sketches: Vec<Sketch>) -> Vec<Sketch> {
    for sketch in &mut sketches {
        if let Call::Cas { to, .. } = &sketch.call {
            sketch.call = if *to < Value::Int(2) { Call::Read } else { Call::Write(to.clone()) };
        }
    }
    sketches
}

/// Histories too long to try every order of: the near-linear method against the search.
fn agree_with_search(
    model: Model,
    sketches: Vec<Sketch>,
) -> Result<(), proptest::test_runner::TestCaseError> {
    let sketches: Vec<Sketch> = sketches
        .into_iter()
        .enumerate()
        .map(|(index, mut sketch)| {
            if let Call::Write(value) | Call::Enqueue(value) | Call::Push(value) = &mut sketch.call {
                *value = Value::Int((index as i64 * 17 + 1) % 101);
            }
            sketch.lie = sketch.lie.filter(|_| index % 13 == 5);
            sketch.start *= 3;
            sketch
        })
        .collect();
    let options = options(Value::Int(-1));
    let history = realize(model, &sketches, false, &options);
    let fast = decide(&history, model, &options);
    let slow = decide(&history, model, &Options { fast_paths: false, configurations_max: 20_000, ..options });
    prop_assert!(slow.word() == "unknown" || fast.word() == slow.word(), "{:#?}", history);
    Ok(())
}

pub(super) fn options(initial: Value) -> Options {
    Options { initial, ..Options::default() }
}

proptest! {
    #[test]
    fn registers(sketches in sketches(Model::Register, 9), keyed in any::<bool>()) {
        compare(Model::Register, &sketches, keyed, &options(Value::Int(0)))?;
    }

    #[test]
    fn maps_of_texts(sketches in sketches(Model::KeyValue, 8), keyed in any::<bool>()) {
        compare(Model::KeyValue, &sketches, keyed, &options("".into()))?;
    }

    #[test]
    fn several_registers(sketches in sketches(Model::MultiRegister, 8)) {
        compare(Model::MultiRegister, &sketches, false, &options(Value::Int(0)))?;
    }

    #[test]
    fn sets(sketches in sketches(Model::Set, 8), keyed in any::<bool>()) {
        compare(Model::Set, &sketches, keyed, &options(Value::Nil))?;
    }

    #[test]
    fn queues(sketches in sketches(Model::Queue, 9)) {
        compare(Model::Queue, &sketches, false, &options(Value::Nil))?;
    }

    #[test]
    fn stacks(sketches in sketches(Model::Stack, 9)) {
        compare(Model::Stack, &sketches, false, &options(Value::Nil))?;
    }

    #[test]
    fn priority_queues(sketches in sketches(Model::PriorityQueue, 9)) {
        compare(Model::PriorityQueue, &sketches, false, &options(Value::Nil))?;
    }

    #[test]
    fn counters(sketches in sketches(Model::Counter, 8)) {
        compare(Model::Counter, &sketches, false, &options(Value::Nil))?;
    }

    #[test]
    fn logs(sketches in sketches(Model::Log, 8)) {
        compare(Model::Log, &sketches, false, &options(Value::Nil))?;
    }

    #[test]
    fn mutexes(sketches in sketches(Model::Mutex, 9)) {
        compare(Model::Mutex, &sketches, false, &options(Value::Nil))?;
    }

    #[test]
    fn unique_registers(sketches in sketches(Model::Register, 10)) {
        compare(Model::Register, &unique(without_cas(sketches)), false, &options(Value::Int(-1)))?;
    }

    #[test]
    fn unique_queues(sketches in sketches(Model::Queue, 11)) {
        compare(Model::Queue, &unique(sketches), false, &options(Value::Nil))?;
    }

    #[test]
    fn unique_stacks(sketches in sketches(Model::Stack, 11)) {
        compare(Model::Stack, &unique(sketches), false, &options(Value::Nil))?;
    }

    #[test]
    fn unique_priority_queues(sketches in sketches(Model::PriorityQueue, 11)) {
        compare(Model::PriorityQueue, &unique(sketches), false, &options(Value::Nil))?;
    }

    #[test]
    fn growing_sets(sketches in sketches(Model::Set, 10)) {
        compare(Model::Set, &growing(sketches), false, &options(Value::Nil))?;
    }

    #[test]
    fn longer_registers(sketches in sketches(Model::Register, 40)) {
        agree_with_search(Model::Register, without_cas(sketches))?;
    }

    #[test]
    fn longer_queues(sketches in sketches(Model::Queue, 18)) {
        agree_with_search(Model::Queue, sketches)?;
    }

    #[test]
    fn longer_stacks(sketches in sketches(Model::Stack, 18)) {
        agree_with_search(Model::Stack, sketches)?;
    }

    #[test]
    fn longer_priority_queues(sketches in sketches(Model::PriorityQueue, 18)) {
        agree_with_search(Model::PriorityQueue, sketches)?;
    }
}
