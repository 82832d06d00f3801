//! What only some answers tell: positions of a log, refusals of a lock. True objects, some answers falsified, against
//! every order.

use proptest::{prop_assert, prop_assert_eq, proptest};
use sim_core::history::{Answer, Entry, History, Outcome, Reason};
use sim_core::time::Time;
use sim_core::value::{Call, Operation, Value};

use super::brute::{Sketch, State, act, agree, initial, options, sketches};
use crate::linearizability::{Model, check};

/// What the object answers, which changes it; an impossible call of a lock is refused.
fn answered(model: Model, state: &mut State, call: &Call) -> Answer {
    let answer = act(model, state, call).unwrap_or(Answer::Value(Value::Bool(false)));
    match (model, call) {
        (Model::Log, Call::Append(_)) => Answer::Value(Value::Int(state.len() as i64 - 1)),
        _ => answer,
    }
}

/// Another answer than the true one.
fn falsified(answer: &Answer, lie: &Value) -> Answer {
    Answer::Value(match answer {
        Answer::Value(Value::Bool(false)) => Value::Nil,
        Answer::Value(Value::Nil) => Value::Bool(false),
        _ => lie.clone(),
    })
}

/// Lets the operations take effect on a true object, then falsifies some answers.
fn realize(model: Model, sketches: &[Sketch]) -> History {
    let mut state = initial(model, &options(Value::Nil));
    let mut order: Vec<usize> = (0..sketches.len()).filter(|&index| sketches[index].end != 1).collect();
    order.sort_by_key(|&index| sketches[index].start + sketches[index].effect);
    let mut outcomes = vec![Outcome::Failed(Reason::Rejected); sketches.len()];
    for index in order {
        let (Sketch { call, end, lie, .. }, true_answer) =
            (&sketches[index], answered(model, &mut state, &sketches[index].call));
        outcomes[index] = match lie {
            _ if *end == 0 => Outcome::Unknown(Reason::Timeout),
            Some(lie) if *call != Call::Read => Outcome::Ok(falsified(&true_answer, lie)),
            _ => Outcome::Ok(true_answer),
        };
    }
    let mut events: Vec<(u64, bool, usize)> = Vec::new();
    for (index, sketch) in sketches.iter().enumerate() {
        events.extend([(sketch.start, false, index), (sketch.start + sketch.length, true, index)]);
    }
    events.sort_unstable();
    let mut entries: Vec<Entry> = Vec::new();
    for (&(start, ..), index) in events.iter().filter(|event| !event.1).map(|event| (event, event.2)) {
        let place = |end: bool| events.iter().position(|event| (event.1, event.2) == (end, index));
        let pends = matches!(outcomes[index], Outcome::Unknown(_));
        entries.push(Entry {
            process: index as u32,
            operation: Operation { key: None, call: sketches[index].call.clone() },
            invoked: Time(start),
            invoked_index: place(false).unwrap_or_default() as u64,
            completed: if pends { Time::NEVER } else { Time(start + sketches[index].length) },
            completed_index: if pends { u64::MAX } else { place(true).unwrap_or_default() as u64 },
            outcome: outcomes[index].clone(),
            attempts: 1,
            answered_by: None,
        });
    }
    History { entries }
}

/// Whether what is left can follow this state. Positions count from `first`.
fn ordered(model: Model, first: i64, left: &mut Vec<&Entry>, state: &State) -> bool {
    let bound = left.iter().filter(|entry| entry.is_ok()).map(|entry| entry.completed_index).min();
    let Some(bound) = bound else { return true };
    for place in 0..left.len() {
        let entry = left[place];
        let call = &entry.operation.call;
        let mut after = state.clone();
        let answer = match answered(model, &mut after, call) {
            Answer::Value(Value::Int(position)) => Answer::Value(Value::Int(position + first)),
            answer => answer,
        };
        let fits = match &entry.outcome {
            Outcome::Ok(told) => match model {
                Model::Mutex => *told == answer,
                _ => agree(call, &answer, told),
            },
            _ => true,
        };
        if entry.invoked_index > bound || !fits {
            continue;
        }
        left.remove(place);
        let found = ordered(model, first, left, &after);
        left.insert(place, entry);
        if found {
            return true;
        }
    }
    false
}

/// The verdict by trying everything. A log counts from 1 if somebody was told a position, and nobody 0 or less.
fn brute(history: &History, model: Model) -> bool {
    let told = history.entries.iter().filter_map(|entry| match (&entry.operation.call, entry.value()) {
        (Call::Append(_), Some(Value::Int(position))) => Some(*position),
        _ => None,
    });
    let first = i64::from(told.min().is_some_and(|least| least > 0));
    let mut left: Vec<&Entry> = history.entries.iter().filter(|entry| !entry.is_failed()).collect();
    ordered(model, first, &mut left, &initial(model, &options(Value::Nil)))
}

fn compare(model: Model, sketches: &[Sketch]) -> Result<(), proptest::test_runner::TestCaseError> {
    let history = realize(model, sketches);
    let expected = if brute(&history, model) { "pass" } else { "fail" };
    let verdict = check(&history, model, &options(Value::Nil));
    prop_assert_eq!(verdict.word(), expected, "{:#?}", history);
    Ok(())
}

proptest! {
    #[test]
    fn logs(sketches in sketches(Model::Log, 8)) {
        compare(Model::Log, &sketches)?;
    }

    #[test]
    fn mutexes(sketches in sketches(Model::Mutex, 9)) {
        compare(Model::Mutex, &sketches)?;
    }

    #[test]
    fn true_answers_pass(log in sketches(Model::Log, 8), mutex in sketches(Model::Mutex, 9)) {
        for (model, mut sketches) in [(Model::Log, log), (Model::Mutex, mutex)] {
            sketches.iter_mut().for_each(|sketch| sketch.lie = None);
            let history = realize(model, &sketches);
            let first = history.entries.iter().any(|entry| entry.value() == Some(&Value::Int(0)));
            if first || model == Model::Mutex {
                prop_assert!(brute(&history, model), "{:#?}", history);
            }
        }
    }
}
