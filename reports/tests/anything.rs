//! No record, however odd, and no verdict about it makes a picture panic, break, or name a number that is none.
//!
//! Deliberately absent: looks. Odd records may look odd; labels may even meet.

mod sheet;

use checks::verdict::{Verdict, Witness, WitnessEdge};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use reports::page::run_page;
use reports::plots::distributions::distributions;
use reports::{Distributions, Failure, Finding, MetricOverSeeds, Run, run_pictures};
use sim_core::history::{Answer, Entry, Outcome, Reason};
use sim_core::peer::Peer;
use sim_core::record::{Injection, Life, LifeChange, NodeInfo, Record, StatusChange, Violation};
use sim_core::time::Time;
use sim_core::value::{Call, Key, Micro, Operation, Value};

fn time() -> impl Strategy<Value = Time> {
    prop_oneof![
        (0..5_000_000u64).prop_map(Time),
        (0..60_000_000_000u64).prop_map(Time),
        any::<u64>().prop_map(Time),
        Just(Time::NEVER),
        Just(Time::ZERO),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("leader".to_string()),
        Just("candidate".to_string()),
        Just("n0 | n1".to_string()),
        Just(String::new()),
        "\\PC{0,60}",
        any::<String>(),
    ]
}

fn node() -> impl Strategy<Value = Peer> {
    prop_oneof![9 => (0..40u32).prop_map(Peer::node), 1 => (0..5u32).prop_map(Peer::client)]
}

fn life() -> impl Strategy<Value = LifeChange> {
    let all = [Life::Up, Life::Crashed, Life::Halted, Life::Paused, Life::Resumed];
    (time(), node(), 0..all.len()).prop_map(move |(at, node, i)| LifeChange { at, node, life: all[i] })
}

fn status() -> impl Strategy<Value = StatusChange> {
    (time(), node(), name(), any::<u64>()).prop_map(|(at, node, role, epoch)| StatusChange {
        at,
        node,
        role,
        epoch,
    })
}

fn fault() -> impl Strategy<Value = Injection> {
    let kind = prop_oneof![Just("Partition".to_string()), Just("Crash".to_string()), name()];
    (time(), proptest::option::of(time()), kind, vec(node(), 0..4), name()).prop_map(
        |(at, until, fault, targets, detail)| Injection { at, until, fault, targets, detail, line: 0 },
    )
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Nil),
        any::<i64>().prop_map(Value::Int),
        name().prop_map(|text| Value::Text(text.into())),
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let call = prop_oneof![
        Just(Call::Read),
        value().prop_map(Call::Write),
        (any::<u64>(), value()).prop_map(|(k, v)| Call::Txn(vec![Micro::Append(Key(k), v)])),
    ];
    let outcome = prop_oneof![
        value().prop_map(|v| Outcome::Ok(Answer::Value(v))),
        Just(Outcome::Ok(Answer::Txn(Vec::new()))),
        Just(Outcome::Failed(Reason::Aborted)),
        Just(Outcome::Unknown(Reason::Timeout)),
    ];
    (0..6u32, call, time(), time(), any::<u64>(), outcome).prop_map(
        |(process, call, invoked, completed, index, outcome)| Entry {
            process,
            operation: Operation { key: None, call },
            invoked,
            invoked_index: index,
            completed,
            completed_index: index.wrapping_add(1),
            outcome,
            attempts: 1,
            answered_by: Some(Peer::node(process)),
        },
    )
}

fn record() -> impl Strategy<Value = Record> {
    let nodes = vec((name(), name()).prop_map(|(name, place)| NodeInfo { name, place }), 0..40);
    let parts = (vec(life(), 0..40), vec(status(), 0..40), vec(fault(), 0..30), vec(entry(), 0..40));
    let violation = (time(), node(), name()).prop_map(|(at, node, property)| Violation {
        at,
        node,
        detail: property.clone(),
        property,
    });
    let ends = (time(), proptest::option::of(time()), proptest::option::of(violation), any::<bool>());
    (name(), nodes, parts, ends).prop_map(|(scenario, nodes, (lives, statuses, faults, entries), ends)| {
        let (ended, healed, violation, sorted) = ends;
        let mut record = Record { scenario, nodes, lives, statuses, faults, ..Record::default() };
        record.history.entries = entries;
        (record.ended, record.healed, record.violation) = (ended, healed, violation);
        if sorted {
            record.lives.sort_by_key(|change| change.at);
            record.statuses.sort_by_key(|change| change.at);
            record.faults.sort_by_key(|fault| fault.at);
        }
        record
    })
}

fn finding() -> impl Strategy<Value = Finding> {
    let edge = (0..45usize, 0..45usize, name()).prop_map(|(from, to, why)| WitnessEdge { from, to, why });
    let witness = (name(), name(), vec(name(), 0..4), vec(0..45usize, 0..20), vec(edge, 0..12));
    let verdict = prop_oneof![
        Just(Verdict::Pass),
        name().prop_map(Verdict::Unknown),
        witness.prop_map(|(anomaly, headline, story, entries, edges)| {
            Verdict::Fail(Box::new(Witness { anomaly, headline, story, entries, edges }))
        }),
    ];
    (name(), verdict).prop_map(|(check, verdict)| Finding { detail: check.clone(), check, verdict })
}

/// What is wrong with an SVG, whatever is in it: labels may meet where names are a line long.
fn broken(svg: &str) -> Vec<String> {
    let sound = |text: &String| text.contains(" lies on ") || text.starts_with("over the edge");
    sheet::complaints(svg).into_iter().filter(|text| !sound(text)).collect()
}

proptest! {
    #![proptest_config(proptest::test_runner::Config {
        cases: 300,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn any_record_can_be_drawn(record in record(), findings in vec(finding(), 0..3)) {
        let run = Run { findings: &findings, ..Run::of(&record) };
        let pictures = run_pictures(&run);
        for (name, svg) in &pictures {
            assert_eq!(broken(svg), Vec::<String>::new(), "{name}");
        }
        assert!(run_page(&run, &pictures).ends_with("</html>\n"));
    }

    #[test]
    fn any_exploration_can_be_drawn(
        seeds in vec(any::<u64>(), 0..30),
        values in vec(vec(any::<f64>(), 0..35), 0..5),
        runs in vec(0..40usize, 0..6),
        name in name(),
    ) {
        let failures = runs.iter().map(|run| Failure { run: *run, ..Failure::default() }).collect();
        let metrics = values.into_iter().map(|values| MetricOverSeeds { name: name.clone(), values });
        let input = Distributions { seeds, failures, metrics: metrics.collect(), ..Distributions::default() };
        assert_eq!(broken(&distributions(&input)), Vec::<String>::new());
    }
}
