//! Registers of unique values that compare-and-sets chain together, many of them refused, many never answered: small ones
//! against every order, longer ones against the search, and wide ones that a search would not end on.

use proptest::prelude::any;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use proptest::{prop_assert, proptest};
use sim_core::value::{Call, Value};

use super::brute::{Sketch, compare, options, realize, sketches};
use crate::linearizability::{Model, Options, decide};

/// The value that the operation of this index brings in; none equals another or the initial -1.
fn brought(index: i64) -> Value {
    Value::Int((index * 17 + 1) % 127)
}

/// The same, but every value is brought in once. A compare-and-set asks for one brought in near it, or the initial one.
fn chained(mut sketches: Vec<Sketch>, lossy: bool) -> Vec<Sketch> {
    for (index, sketch) in sketches.iter_mut().enumerate() {
        let index = index as i64;
        match &mut sketch.call {
            Call::Write(value) => *value = brought(index),
            Call::Cas { from, to } => {
                let Value::Int(back) = *from else { continue };
                *from = if index > back { brought(index - 1 - back) } else { Value::Int(-1) };
                *to = brought(index);
                if sketch.effect == 0 && sketch.length == 7 {
                    *from = to.clone();
                }
            }
            _ => {}
        }
        if let Some(Value::Int(lie)) = &mut sketch.lie {
            *lie = (*lie * 17 + 1) % 127;
        }
        if lossy && sketch.end > 4 {
            sketch.end = 0;
        }
    }
    sketches
}

/// More compare-and-sets than anything else.
fn swapping(mut sketches: Vec<Sketch>) -> Vec<Sketch> {
    for (index, sketch) in sketches.iter_mut().enumerate() {
        if let (Call::Write(value), true) = (&sketch.call, index % 4 > 0) {
            sketch.call = Call::Cas { from: value.clone(), to: Value::Int(0) };
        }
    }
    sketches
}

proptest! {
    #[test]
    fn all_orders(sketches in sketches(Model::Register, 10), lossy in any::<bool>()) {
        compare(Model::Register, &chained(sketches, lossy), false, &options(Value::Int(-1)))?;
    }

    #[test]
    fn all_orders_of_swaps(sketches in sketches(Model::Register, 10), lossy in any::<bool>()) {
        compare(Model::Register, &chained(swapping(sketches), lossy), false, &options(Value::Int(-1)))?;
    }

    #[test]
    fn as_the_search(sketches in sketches(Model::Register, 40), swaps in any::<bool>(), spread in 1..6u64) {
        let sketches = if swaps { swapping(sketches) } else { sketches };
        let mut sketches = chained(sketches, true);
        for (index, sketch) in sketches.iter_mut().enumerate() {
            sketch.lie = sketch.lie.take().filter(|_| index % 13 == 5);
            sketch.start *= spread;
        }
        let options = options(Value::Int(-1));
        let history = realize(Model::Register, &sketches, false, &options);
        let ours = decide(&history, Model::Register, &options).word();
        let slow = Options { fast_paths: false, configurations_max: 100_000, ..options };
        let slow = decide(&history, Model::Register, &slow).word();
        prop_assert!(slow == "unknown" || ours == slow, "{ours} against {slow}: {:#?}", history);
    }
}

/// Some thirty at once, a third of them never answered, none falsified: hardly any needs a search.
#[test]
fn wide_ones_hardly_need_a_search() {
    let mut runner = TestRunner::deterministic();
    let plan = (sketches(Model::Register, 120), any::<bool>(), 1..4u64);
    let (mut searched, count) = (0, 2_000);
    for _ in 0..count {
        let (sketches, swaps, spread) = plan.new_tree(&mut runner).expect("nothing is filtered").current();
        let mut sketches = chained(if swaps { swapping(sketches) } else { sketches }, true);
        for sketch in &mut sketches {
            sketch.lie = None;
            sketch.start *= spread;
        }
        let options = Options { configurations_max: 1, ..options(Value::Int(-1)) };
        let history = realize(Model::Register, &sketches, false, &options);
        match decide(&history, Model::Register, &options).word() {
            "pass" => {}
            "unknown" => searched += 1,
            word => panic!("{word}: {history:#?}"),
        }
    }
    println!("{searched} of {count} need a search");
    assert!(searched * 200 <= count, "{searched} of {count}");
}
