//! Hand-written records, and what is to be measured of them.

use sim_core::history::{Answer, Entry, Outcome, Reason};
use sim_core::peer::Peer;
use sim_core::record::{Injection, Life, LifeChange, Record, StatusChange};
use sim_core::time::{Span, Time};
use sim_core::value::{Call, Key, Operation, Value};

use super::{Metrics, Phases, compute, is_known, of_one_client};
use crate::property;
use crate::verdict::Verdict;

fn at(ms: u64) -> Time {
    Time::ZERO + Span::ms(ms)
}

/// An operation asked at `from` and answered at `to`, both in ms; 0 for one that ended unknown.
fn op(process: u32, from: u64, to: u64) -> Entry {
    let ok = to > 0;
    Entry {
        process,
        operation: Operation {
            key: Some(Key(0)),
            call: if process == 1 { Call::Read } else { Call::Write(Value::Int(1)) },
        },
        invoked: at(from),
        invoked_index: 0,
        completed: if ok { at(to) } else { Time::NEVER },
        completed_index: 0,
        outcome: if ok { Outcome::Ok(Answer::Value(Value::Nil)) } else { Outcome::Unknown(Reason::Timeout) },
        attempts: if ok { 1 } else { 3 },
        answered_by: None,
    }
}

fn fault(from: u64, until: Option<u64>) -> Injection {
    Injection {
        at: at(from),
        until: until.map(at),
        fault: "Partition".into(),
        targets: Vec::new(),
        detail: String::new(),
        line: 0,
    }
}

const PHASES: Phases =
    Phases { heal_at: Time(3_000_000_000), calm_from: Time(4_000_000_000), stop_at: Time(5_000_000_000) };

/// An operation every 100 ms that takes 10 ms, those asked in `lost` unknown.
fn record(lost: std::ops::Range<u64>, faults: Vec<Injection>) -> Record {
    let mut record = Record { ended: at(6000), faults, ..Record::default() };
    record.clients = vec!["c0".into(), "c1".into()];
    for i in 0..50_u64 {
        let from = i * 100;
        let to = if lost.contains(&from) { 0 } else { from + 10 };
        record.history.entries.push(op((i % 2) as u32, from, to));
    }
    record
}

fn expect(metrics: &Metrics, expected: &[(&str, f64)]) {
    for (name, value) in expected {
        let found = metrics.get(*name).copied();
        assert!(
            found.is_some_and(|found| (found - value).abs() < 1e-9),
            "{name}: expected {value}, found {found:?}"
        );
    }
}

#[test]
fn availability_is_told_by_the_parts_of_the_run() {
    let metrics = compute(&record(1000..1500, vec![fault(1000, Some(2000))]), &PHASES);
    expect(
        &metrics,
        &[
            ("operations", 50.0),
            ("operations_ok", 45.0),
            ("operations_unknown", 5.0),
            ("availability", 0.9),
            ("availability_before", 1.0),
            ("availability_during", 0.5),
            ("availability_after", 1.0),
            ("availability_calm", 1.0),
            ("throughput_per_s", 9.0),
            ("attempts_per_operation", 1.2),
        ],
    );
    assert!(compute(&Record::default(), &PHASES).get("availability").is_none(), "nobody asked");
    let quiet = compute(&record(0..0, Vec::new()), &PHASES);
    assert!(quiet.get("availability_during").is_none() && quiet.get("recover_heal_ms").is_none(), "no fault");
}

#[test]
fn what_failed_or_is_unknown_is_missing_in_the_calm_part() {
    // Ten operations are asked in it: one failed at its first instant, one ended unknown, one outside it failed.
    let mut record = record(4500..4600, Vec::new());
    for from in [4000, 3900] {
        let entry = record.history.entries.iter_mut().find(|entry| entry.invoked == at(from));
        entry.expect("one is asked then").outcome = Outcome::Failed(Reason::Rejected);
    }
    let metrics = compute(&record, &PHASES);
    expect(
        &metrics,
        &[
            ("operations_ok", 47.0),
            ("operations_failed", 2.0),
            ("operations_unknown", 1.0),
            ("availability", 0.94),
            ("availability_calm", 0.8),
        ],
    );
    let early = Phases { calm_from: at(5000), ..PHASES };
    assert!(compute(&record, &early).get("availability_calm").is_none(), "nobody asked in it");
}

#[test]
fn overlapping_faults_are_one_stretch() {
    let faults = vec![fault(500, Some(1500)), fault(1000, Some(1200)), fault(2000, None)];
    let metrics = compute(&record(1300..1400, faults), &PHASES);
    // 500–1500 and 2000–3000: twenty operations, of which one was lost.
    expect(&metrics, &[("availability_during", 0.95), ("availability_before", 1.0), ("faults", 3.0)]);
}

#[test]
fn recovery_counts_from_the_injection_and_from_the_heal() {
    let faults = || vec![fault(1000, Some(2000))];
    let metrics = compute(&record(1000..2400, faults()), &PHASES);
    expect(
        &metrics,
        &[
            ("recover_injection_ms_mean", 1410.0),
            ("recover_heal_ms", 410.0),
            // The second window of 250 ms after the heal still has losses.
            ("recover_sustained_ms", 500.0),
            // From the last answer before, at 910 ms, to the first after.
            ("outage_ms_longest", 1500.0),
        ],
    );
    let never = record(1000..6000, faults());
    assert!(compute(&never, &PHASES).get("recover_sustained_ms").is_none());
    assert!(property::recovers(&never, &PHASES, Span::secs(1)).0.is_fail());
    let late = record(1000..2400, faults());
    assert!(property::recovers(&late, &PHASES, Span::ms(400)).0.is_fail());
    assert_eq!(property::recovers(&late, &PHASES, Span::ms(500)).0, Verdict::Pass);
}

#[test]
fn latencies_are_by_kind_and_by_client() {
    let mut record = record(0..0, Vec::new());
    record.history.entries[0].completed = at(90);
    let metrics = compute(&record, &PHASES);
    expect(
        &metrics,
        &[
            ("latency_ms_mean", 11.6),
            ("latency_ms_p50", 10.0),
            ("latency_ms_p99", 90.0),
            ("latency_read_ms_p99", 10.0),
            ("latency_write_ms_p99", 90.0),
            ("latency_c1_ms_p50", 10.0),
        ],
    );
    assert_eq!(property::latency(&record, 0.9, Span::ms(10)).0, Verdict::Pass);
    assert!(property::latency(&record, 1.0, Span::ms(89)).0.is_fail());
}

#[test]
fn an_outage_lasts_from_answer_to_answer() {
    let mut record = record(0..0, Vec::new());
    // Those before and behind are answered at 910 and 1110 ms.
    record.history.entries[10].completed = at(1105);
    expect(&compute(&record, &PHASES), &[("outage_ms_longest", 195.0)]);
}

#[test]
fn answers_converge_to_the_last_one() {
    let mut record = Record { ended: at(6000), ..Record::default() };
    let reads =
        |value: i64, entry: Entry| Entry { outcome: Outcome::Ok(Answer::Value(Value::Int(value))), ..entry };
    record.history.entries = vec![op(0, 100, 110)];
    for (from, value) in [(200, 2), (300, 1), (400, 1), (500, 2), (600, 1)] {
        record.history.entries.push(reads(value, op(1, from, from + 10)));
    }
    // Of the reads after 110 ms, the last that saw something else than the last of all began at 500.
    expect(&compute(&record, &PHASES), &[("converged_ms", 390.0)]);
}

/// A read of what only a compare-and-set brought has no age, one of what was written has.
#[test]
fn ages_are_of_what_was_written() {
    let of = |call: Call, answer: Value, from: u64| Entry {
        operation: Operation { key: Some(Key(0)), call },
        outcome: Outcome::Ok(Answer::Value(answer)),
        invoked_index: from,
        completed_index: from + 10,
        ..op(0, from, from + 10)
    };
    let cas = Call::Cas { from: Value::Int(1), to: Value::Int(2) };
    for (seen, known) in [(1, true), (2, false)] {
        let entries = vec![
            of(Call::Write(Value::Int(1)), Value::Nil, 100),
            of(cas.clone(), Value::Bool(true), 200),
            of(Call::Read, Value::Int(seen), 300),
        ];
        let mut record = Record { ended: at(6000), ..Record::default() };
        record.history.entries = entries;
        assert_eq!(compute(&record, &PHASES).contains_key("stale_share"), known, "{seen}");
    }
}

#[test]
fn liveness_is_of_the_calm_part_only() {
    let live = |record: &Record, least| property::live(record, &compute(record, &PHASES), &PHASES, least).0;
    let faulty = record(0..3900, Vec::new());
    assert_eq!(live(&faulty, 1.0), Verdict::Pass);
    assert!(property::available(&faulty, &compute(&faulty, &PHASES), 0.5).0.is_fail());
    assert!(live(&record(4500..4600, Vec::new()), 0.95).is_fail());
    assert!(matches!(live(&Record::default(), 0.9), Verdict::Unknown(_)));
}

#[test]
fn leaders_are_counted_and_missed() {
    let mut record = Record { ended: at(1000), ..Record::default() };
    let mut becomes = |ms: u64, node: u32, role: &str| {
        record.statuses.push(StatusChange {
            at: at(ms),
            node: Peer::node(node),
            role: role.into(),
            epoch: 1,
        });
    };
    becomes(0, 0, "follower");
    becomes(100, 0, "leader");
    becomes(600, 1, "leader");
    becomes(700, 1, "follower");
    becomes(900, 1, "leader");
    record.lives.push(LifeChange { at: at(500), node: Peer::node(0), life: Life::Crashed });
    record.marks.insert("leader elected".into(), 3);
    let metrics = compute(&record, &PHASES);
    expect(
        &metrics,
        &[
            ("elections_won", 3.0),
            ("leader_changes", 1.0),
            ("leader_first_ms", 100.0),
            ("leader_first_epoch", 1.0),
            // The crash at 500 ms is of the leader; the next leads at 600.
            ("failover_ms_mean", 100.0),
            ("failover_ms_max", 100.0),
            // 0–100, 500–600 and 700–900 of 1000 ms.
            ("leaderless_ms_longest", 200.0),
            ("leaderless_share", 0.4),
            ("crashes", 1.0),
        ],
    );
    assert_eq!(property::steady(&record, 3).0, Verdict::Pass);
    assert!(property::steady(&record, 2).0.is_fail());
    assert_eq!(property::reaches(&record, "leader elected").0, Verdict::Pass);
    assert!(property::reaches(&record, "read repaired").0.is_fail());
    assert!(matches!(property::sometimes(&record, "read repaired").0, Verdict::Unknown(_)));
}

#[test]
fn every_metric_is_in_the_catalogue() {
    let metrics = compute(&record(1000..1500, vec![fault(1000, Some(2000))]), &PHASES);
    for name in metrics.keys() {
        assert!(is_known(name), "{name}");
    }
    assert!(!is_known("residu") && !is_known("latency_<kind>_ms_p5") && !is_known("measure__mean"));
}

#[test]
fn metrics_of_one_client_are_known_by_name() {
    assert!(of_one_client("latency_c12_ms_p50"));
    assert!(!of_one_client("latency_cas_ms_p50") && !of_one_client("latency_ms_p50"));
}
