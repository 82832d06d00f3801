//! Sequential consistency of every model, against every order that keeps each process's own.

use proptest::prelude::any;
use proptest::{prop_assert, prop_assert_eq, proptest};
use sim_core::history::{Entry, History, Outcome};
use sim_core::value::Value;

use super::brute::{Sketch, State, act, agree, initial, options, realize, sketches};
use crate::linearizability::{Model, Options, decide, sequential};
use crate::verdict::Verdict;
use crate::weak;

/// Whether what is left can follow these states, one for each key.
fn ordered(model: Model, entries: &[Entry], left: &mut Vec<usize>, states: &[State; 2]) -> bool {
    if left.iter().all(|&at| !entries[at].is_ok()) {
        return true;
    }
    for place in 0..left.len() {
        let entry = &entries[left[place]];
        let waits = left.iter().any(|&other| {
            entries[other].is_ok()
                && entries[other].process == entry.process
                && entries[other].invoked_index < entry.invoked_index
        });
        if waits {
            continue;
        }
        let mut after = states.clone();
        let key = entry.operation.key.map_or(0, |key| key.0 as usize);
        let Some(answer) = act(model, &mut after[key], &entry.operation.call) else { continue };
        if let Outcome::Ok(told) = &entry.outcome
            && !agree(&entry.operation.call, &answer, told)
        {
            continue;
        }
        let index = left.remove(place);
        let found = ordered(model, entries, left, &after);
        left.insert(place, index);
        if found {
            return true;
        }
    }
    false
}

fn brute(history: &History, model: Model, options: &Options) -> bool {
    let mut left: Vec<usize> =
        (0..history.entries.len()).filter(|&at| !history.entries[at].is_failed()).collect();
    let states = [initial(model, options), initial(model, options)];
    ordered(model, &history.entries, &mut left, &states)
}

fn compare(
    model: Model,
    sketches: &[Sketch],
    keyed: bool,
    options: &Options,
) -> Result<(), proptest::test_runner::TestCaseError> {
    let mut history = realize(model, sketches, keyed, options);
    // A process asks once its last operation is over; one whose end is not known holds it up no longer.
    let mut over: Vec<u64> = Vec::new();
    for entry in &mut history.entries {
        let free = over.iter().position(|&end| end < entry.invoked_index).unwrap_or(over.len());
        over.resize(over.len().max(free + 1), 0);
        over[free] =
            if entry.completed_index == u64::MAX { entry.invoked_index } else { entry.completed_index };
        entry.process = free as u32;
    }
    let expected = if brute(&history, model, options) { "pass" } else { "fail" };
    let verdict = sequential::check(&history, model, options);
    prop_assert_eq!(verdict.word(), expected, "{:#?}", history);
    let asked = weak::sequential::check_model(&history, model, options);
    prop_assert_eq!(asked.word(), expected, "{:#?}", history);
    prop_assert!(expected == "pass" || decide(&history, model, options).word() == "fail");
    if let Verdict::Fail(witness) = verdict {
        let entries = witness.entries.iter().map(|&at| history.entries[at].clone()).collect();
        prop_assert!(!brute(&History { entries }, model, options), "{:#?} of {:#?}", witness, history);
    }
    Ok(())
}

proptest! {
    #[test]
    fn registers(sketches in sketches(Model::Register, 8), keyed in any::<bool>()) {
        compare(Model::Register, &sketches, keyed, &options(Value::Int(0)))?;
    }

    #[test]
    fn sets(sketches in sketches(Model::Set, 8), keyed in any::<bool>()) {
        compare(Model::Set, &sketches, keyed, &options(Value::Nil))?;
    }

    #[test]
    fn queues_and_stacks(queue in sketches(Model::Queue, 8), stack in sketches(Model::Stack, 8)) {
        compare(Model::Queue, &queue, false, &options(Value::Nil))?;
        compare(Model::PriorityQueue, &queue, true, &options(Value::Nil))?;
        compare(Model::Stack, &stack, false, &options(Value::Nil))?;
    }

    #[test]
    fn counters_logs_and_mutexes(
        counter in sketches(Model::Counter, 7),
        log in sketches(Model::Log, 7),
        mutex in sketches(Model::Mutex, 8)
    ) {
        compare(Model::Counter, &counter, false, &options(Value::Nil))?;
        compare(Model::Log, &log, true, &options(Value::Nil))?;
        compare(Model::Mutex, &mutex, true, &options(Value::Nil))?;
    }

    #[test]
    fn texts_and_several_registers(
        text in sketches(Model::KeyValue, 7),
        several in sketches(Model::MultiRegister, 7)
    ) {
        compare(Model::KeyValue, &text, true, &options("".into()))?;
        compare(Model::MultiRegister, &several, false, &options(Value::Int(0)))?;
    }
}
