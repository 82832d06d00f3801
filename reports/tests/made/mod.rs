//! Records and verdicts made by hand, where a run would not give just this.
//!
//! Deliberately absent: anything random.

use checks::verdict::{Verdict, Witness, WitnessEdge};
use reports::{Distributions, Failure, Finding, MetricOverSeeds};
use sim_core::history::{Answer, Entry, Outcome, Reason};
use sim_core::peer::Peer;
use sim_core::record::{NodeInfo, Record};
use sim_core::time::Time;
use sim_core::value::{Call, Key, Micro, Operation, Value};

/// An operation of a process, from and to in milliseconds; answered nothing where `to` is absent.
pub fn entry(process: u32, call: Call, from_ms: u64, to_ms: Option<u64>, answer: Option<Answer>) -> Entry {
    let txn = matches!(call, Call::Txn(_));
    Entry {
        process,
        operation: Operation { key: (!txn).then_some(Key(3)), call },
        invoked: Time(from_ms * 1_000_000),
        invoked_index: from_ms * 2,
        completed: to_ms.map_or(Time::NEVER, |to| Time(to * 1_000_000)),
        completed_index: to_ms.map_or(u64::MAX, |to| to * 2 + 1),
        outcome: answer.map_or(Outcome::Unknown(Reason::Timeout), Outcome::Ok),
        attempts: 1,
        answered_by: to_ms.map(|_| Peer::node(process % 3)),
    }
}

/// A record of three nodes with this history.
pub fn record(name: &str, end_ms: u64, entries: Vec<Entry>) -> Record {
    let node = |i: u32| NodeInfo { name: format!("n{i}"), place: String::new() };
    let mut record = Record { scenario: name.into(), seed: 42, ..Record::default() };
    record.ended = Time(end_ms * 1_000_000);
    record.nodes = (0..3).map(node).collect();
    record.history.entries = entries;
    record
}

fn answer(value: Value) -> Option<Answer> {
    Some(Answer::Value(value))
}

/// A read that misses a write which had ended before it began.
pub fn stale_read() -> Record {
    let write = |n: i64| Call::Write(n.into());
    record(
        "raft/local-reads",
        20_000,
        vec![
            entry(1, write(6), 1_200, Some(1_212), answer(Value::Nil)),
            entry(2, write(7), 8_400, Some(8_431), answer(Value::Nil)),
            entry(4, write(8), 8_500, None, None),
            entry(3, Call::Read, 8_450, Some(8_459), answer(7.into())),
            entry(5, Call::Read, 9_100, Some(9_103), answer(6.into())),
        ],
    )
}

fn txn(steps: Vec<Micro>) -> Call {
    Call::Txn(steps)
}

/// Two transactions that each miss the other's append.
pub fn g_single() -> Record {
    let (x, y) = (Key(1), Key(2));
    let list = |items: &[i64]| Some(Value::List(items.iter().map(|i| Value::Int(*i)).collect()));
    let steps = [
        vec![Micro::Append(x, 1.into()), Micro::Append(y, 1.into())],
        vec![Micro::Read(x, list(&[])), Micro::Read(y, list(&[1])), Micro::Append(x, 5.into())],
        vec![Micro::Read(x, list(&[1, 5])), Micro::Append(y, 9.into()), Micro::Read(y, list(&[1, 9]))],
    ];
    let all = steps.into_iter().enumerate().map(|(i, steps)| {
        let at = 100 + 40 * i as u64;
        entry(i as u32 + 1, txn(steps.clone()), at, Some(at + 90), Some(Answer::Txn(steps)))
    });
    record("sql/read-skew", 1_000, all.collect())
}

/// Many operations of many processes.
pub fn long_argument() -> Record {
    let entries = (0..18u64).map(|i| {
        let call = if i % 3 == 0 { Call::Write((i as i64).into()) } else { Call::Read };
        let value = if i % 3 == 0 { Value::Nil } else { Value::Int(i as i64 - i as i64 % 3) };
        entry(i as u32 % 7, call, 100 + 30 * i, Some(120 + 30 * i), answer(value))
    });
    record("kv/long", 2_000, entries.collect())
}

fn edge(from: usize, to: usize, why: &str) -> WitnessEdge {
    WitnessEdge { from, to, why: why.into() }
}

fn fail(check: &str, witness: Witness) -> Finding {
    let detail = witness.headline.clone();
    Finding { check: check.into(), verdict: Verdict::Fail(Box::new(witness)), detail }
}

/// What checks said of the record of this name.
pub fn findings(name: &str) -> Vec<Finding> {
    match name {
        "stale-read" => vec![
            fail(
                "linearizable",
                Witness {
                    anomaly: "stale read".into(),
                    headline: "A read of x3 answered 6, although 7 had been written and even read before it began."
                        .into(),
                    story: vec![
                        "write x3 7 ended at 8.431 s, so from then on x3 holds 7 or something later.".into(),
                        "read x3: 6 began at 9.1 s, after that write had ended.".into(),
                        "Nothing that could have written 6 again was under way: the only other write is of 8, and its \
                         end is not known."
                            .into(),
                    ],
                    entries: vec![0, 1, 3, 4, 2],
                    edges: vec![edge(0, 1, "realtime"), edge(1, 3, "saw"), edge(1, 4, "realtime"), edge(0, 4, "saw")],
                },
            ),
            Finding { check: "available".into(), verdict: Verdict::Pass, detail: "99.2 % of seconds".into() },
            Finding {
                check: "monotonic reads".into(),
                verdict: Verdict::Unknown("too few reads by one process".into()),
                detail: String::new(),
            },
        ],
        "g-single" => vec![fail(
            "serializable",
            Witness {
                anomaly: "G-single".into(),
                headline: "T2 saw T1's append to 2 but not its append to 1.".into(),
                story: vec![
                    "T1 appended 1 to both lists.".into(),
                    "T2 read [1] of list 2, so T1 comes before T2.".into(),
                    "T2 read [] of list 1, so T2 comes before T1.".into(),
                ],
                entries: vec![0, 1],
                edges: vec![edge(0, 1, "wr"), edge(1, 0, "rw")],
            },
        )],
        "long-argument" => vec![fail(
            "sequential",
            Witness {
                anomaly: "cyclic order".into(),
                headline: "Eighteen operations in an order that no single history allows, which takes a sentence long \
                           enough to wrap over more than one line of the picture's heading to be told."
                    .into(),
                story: (0..6).map(|i| format!("Step {i}: the next operation must follow the one before it.")).collect(),
                entries: (0..18).collect(),
                edges: (0..17).map(|i| edge(i, i + 1, ["saw", "process", "realtime"][i % 3])).collect(),
            },
        )],
        "nothing" => Vec::new(),
        _ => vec![Finding { check: "linearizable".into(), verdict: Verdict::Pass, detail: "12 keys".into() }],
    }
}

/// Some metrics.
pub fn metrics() -> Vec<(String, f64)> {
    let all = [
        ("ops_per_second", 93.2),
        ("latency_p99_ns", 369e6),
        ("availability", 0.9932),
        ("sent_bytes", 1.2e6),
    ];
    all.iter().map(|(name, value)| ((*name).to_string(), *value)).collect()
}

/// Explorations of several kinds.
pub fn explorations() -> Vec<(&'static str, Distributions)> {
    let spread = |i: u64, m: u64| (i * 7919 % m) as f64 / m as f64;
    let seeds: Vec<u64> = (1..=400).collect();
    let over = |name: &str, value: &dyn Fn(u64) -> f64| MetricOverSeeds {
        name: name.into(),
        values: seeds.iter().map(|seed| value(*seed)).collect(),
    };
    let bell = |i: u64| (0..6).map(|k| spread(i * 31 + k * 17, 101)).sum::<f64>();
    let metrics = vec![
        over("recover_ns", &|i| 2e8 + bell(i) * 9e7),
        over("ops_per_second", &|i| 80.0 + bell(i) * 5.0),
        over("elections", &|i| 1.0 + (i % 5) as f64),
        over("latency_p99_ns", &|i| 4e8 / (0.1 + spread(i, 97))),
        over("availability", &|i| 1.0 - spread(i, 89) * 0.04),
        over("constant", &|_| 3.0),
        over("sometimes_missing", &|i| if i % 3 == 0 { f64::NAN } else { i as f64 }),
    ];
    let failures = [17usize, 18, 203, 390].map(|run| Failure {
        run,
        check: "linearizable".into(),
        detail: "a stale read of x3".into(),
        replay: format!("squall replay raft/local-reads --seed {}", run + 1),
    });
    let full = Distributions {
        scenario: "raft/local-reads".into(),
        seeds: seeds.clone(),
        failures: failures.to_vec(),
        metrics,
        replay: "squall explore raft/local-reads --seeds 400".into(),
        curves: Vec::new(),
    };
    let mut clean = full.clone();
    clean.failures.clear();
    clean.metrics.truncate(2);
    let one = Distributions {
        seeds: vec![7],
        metrics: vec![MetricOverSeeds { name: "elections".into(), values: vec![1.0] }],
        ..Distributions::default()
    };
    vec![
        ("explore", full),
        ("explore-clean", clean),
        ("explore-one", one),
        ("explore-none", Distributions::default()),
    ]
}
