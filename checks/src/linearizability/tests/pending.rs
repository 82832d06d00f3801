//! Histories in which many operations never end: small ones against every order, and some by which the search once gave
//! up or took long.

use proptest::prelude::any;
use proptest::proptest;
use sim_core::history::{Answer, Entry, History, Outcome, Reason};
use sim_core::time::Time;
use sim_core::value::{Call, Operation, Value};

use super::brute::{Sketch, compare, options, sketches, unique};
use crate::linearizability::{Model, Options, decide};

/// The same with half of the ends lost.
fn lossy(mut sketches: Vec<Sketch>) -> Vec<Sketch> {
    sketches.iter_mut().filter(|sketch| sketch.end > 4).for_each(|sketch| sketch.end = 0);
    sketches
}

/// The same with the ends of takes lost, and of no others.
fn takes_lost(mut sketches: Vec<Sketch>) -> Vec<Sketch> {
    for sketch in &mut sketches {
        let takes = matches!(sketch.call, Call::Dequeue | Call::Pop);
        sketch.end = if takes && sketch.end > 3 { 0 } else { sketch.end.max(2) };
    }
    sketches
}

proptest! {
    #[test]
    fn registers(sketches in sketches(Model::Register, 8), keyed in any::<bool>()) {
        compare(Model::Register, &lossy(sketches), keyed, &options(Value::Int(0)))?;
    }

    #[test]
    fn sets(sketches in sketches(Model::Set, 8), keyed in any::<bool>()) {
        compare(Model::Set, &lossy(sketches), keyed, &options(Value::Nil))?;
    }

    #[test]
    fn queues(sketches in sketches(Model::Queue, 9)) {
        compare(Model::Queue, &lossy(sketches), false, &options(Value::Nil))?;
    }

    #[test]
    fn stacks(sketches in sketches(Model::Stack, 9)) {
        compare(Model::Stack, &lossy(sketches), false, &options(Value::Nil))?;
    }

    #[test]
    fn priority_queues(sketches in sketches(Model::PriorityQueue, 9)) {
        compare(Model::PriorityQueue, &lossy(sketches), false, &options(Value::Nil))?;
    }

    #[test]
    fn unique_queues(sketches in sketches(Model::Queue, 10)) {
        compare(Model::Queue, &unique(takes_lost(sketches)), false, &options(Value::Nil))?;
    }

    #[test]
    fn unique_stacks(sketches in sketches(Model::Stack, 10)) {
        compare(Model::Stack, &unique(takes_lost(sketches)), false, &options(Value::Nil))?;
    }

    #[test]
    fn unique_priority_queues(sketches in sketches(Model::PriorityQueue, 10)) {
        compare(Model::PriorityQueue, &unique(takes_lost(sketches)), false, &options(Value::Nil))?;
    }

    #[test]
    fn counters(sketches in sketches(Model::Counter, 8)) {
        compare(Model::Counter, &lossy(sketches), false, &options(Value::Nil))?;
    }

    #[test]
    fn logs(sketches in sketches(Model::Log, 8)) {
        compare(Model::Log, &lossy(sketches), false, &options(Value::Nil))?;
    }

    #[test]
    fn mutexes(sketches in sketches(Model::Mutex, 9)) {
        compare(Model::Mutex, &lossy(sketches), false, &options(Value::Nil))?;
    }

    #[test]
    fn several_registers(sketches in sketches(Model::MultiRegister, 8)) {
        compare(Model::MultiRegister, &lossy(sketches), false, &options(Value::Int(0)))?;
    }

    #[test]
    fn filled_at_first(sketches in sketches(Model::Queue, 8), priority in any::<bool>()) {
        let initial = Value::List(vec![Value::Int(2), Value::Int(1)]);
        let model = if priority { Model::PriorityQueue } else { Model::Queue };
        compare(model, &lossy(sketches), false, &options(initial))?;
    }

    #[test]
    fn sets_and_stacks_filled_at_first(
        set in sketches(Model::Set, 8),
        stack in sketches(Model::Stack, 8)
    ) {
        let initial = Value::List(vec![Value::Int(1), Value::Int(2)]);
        compare(Model::Set, &lossy(set), false, &options(initial.clone()))?;
        compare(Model::Stack, &lossy(stack), false, &options(initial))?;
    }
}

/// One operation after another, each begun at its place and ended at once if it was answered.
fn history(calls: Vec<(Call, Option<Value>)>) -> History {
    let entry = |(at, (call, answer)): (usize, (Call, Option<Value>))| Entry {
        process: at as u32,
        operation: Operation { key: None, call },
        invoked: Time(2 * at as u64),
        invoked_index: 2 * at as u64,
        completed: if answer.is_some() { Time(2 * at as u64 + 1) } else { Time::NEVER },
        completed_index: if answer.is_some() { 2 * at as u64 + 1 } else { u64::MAX },
        outcome: answer.map_or(Outcome::Unknown(Reason::Timeout), |value| Outcome::Ok(Answer::Value(value))),
        attempts: 1,
        answered_by: None,
    };
    History { entries: calls.into_iter().enumerate().map(entry).collect() }
}

/// Pending pushes and pops in all their orders are more than can be tried, and none of them helps.
#[test]
fn many_pending_pushes_and_pops_are_decided_without_the_fast_path() {
    let slow = Options { fast_paths: false, ..Options::default() };
    for count in [10, 40] {
        let mut calls: Vec<(Call, Option<Value>)> =
            (0..count).map(|n| (Call::Push(Value::Int(n)), None)).collect();
        calls.extend((0..count).map(|_| (Call::Pop, None)));
        calls.push((Call::Push(Value::Int(count)), Some(Value::Nil)));
        calls.push((Call::Pop, Some(Value::Int(count + 1))));
        for model in [Model::Stack, Model::Queue, Model::PriorityQueue] {
            let mut calls = calls.clone();
            if model != Model::Stack {
                for (call, _) in &mut calls {
                    *call = match call {
                        Call::Push(value) => Call::Enqueue(value.clone()),
                        _ => Call::Dequeue,
                    };
                }
            }
            assert_eq!(decide(&history(calls), model, &slow).word(), "fail", "{model} with {count}");
        }
    }
}

/// Twenty acquires wait at once; whose turn it is does not matter.
#[test]
fn equal_open_operations_are_not_tried_in_all_orders() {
    let mut entries = Vec::new();
    for round in 0..200u64 {
        let (begin, end) = if round == 199 { (round * 10, round * 10 + 9) } else { (0, round * 10 + 5) };
        for (call, from, to) in [(Call::Acquire, begin, end), (Call::Release, begin + 1, end + 1)] {
            let mut one = history(vec![(call, Some(Value::Nil))]).entries.remove(0);
            (one.invoked_index, one.completed_index) = (from * 4 + round % 2, to * 4 + 2);
            entries.push(one);
        }
    }
    entries.sort_by_key(|entry| entry.invoked_index);
    let holds = History { entries };
    assert_eq!(decide(&holds, Model::Mutex, &Options::default()).word(), "pass");
    let mut broken = holds;
    let mut extra = history(vec![(Call::Acquire, Some(Value::Nil))]).entries.remove(0);
    (extra.invoked_index, extra.completed_index) = (100_000, 100_001);
    broken.entries.push(extra.clone());
    (extra.invoked_index, extra.completed_index) = (100_002, 100_003);
    broken.entries.push(extra);
    assert_eq!(decide(&broken, Model::Mutex, &Options::default()).word(), "fail");
}

/// Additions of different amounts that may have been made or not: their sums are too many to try.
#[test]
fn a_count_beyond_all_that_was_added_is_refuted_by_its_bounds() {
    let mut calls: Vec<(Call, Option<Value>)> = (0..40).map(|n| (Call::Add(1 << n), None)).collect();
    calls.push((Call::Read, Some(Value::Int((1 << 40) - 1))));
    assert_eq!(decide(&history(calls.clone()), Model::Counter, &Options::default()).word(), "pass");
    calls.push((Call::Read, Some(Value::Int(1 << 40))));
    let slow = Options { configurations_max: 400_000, ..Options::default() };
    assert_eq!(decide(&history(calls), Model::Counter, &slow).word(), "fail");
}
