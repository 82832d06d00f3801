//! Serializability, snapshot isolation and sequential consistency without an order of versions, against all orders.

use super::support::{Draws, script, transaction};
use checks::transactions::unordered::{Isolation, Respect, check};
use checks::verdict::Verdict;
use checks::weak::sequential;
use sim_core::history::{Answer, History, Outcome};
use sim_core::value::{Key, Micro, Value};

/// Random transactions over two keys; reads see some written value or none.
fn random(draws: &mut Draws, single: bool) -> History {
    let txns = 2 + draws.below(4) + u64::from(single);
    let mut shapes: Vec<Vec<(bool, u64)>> = Vec::new();
    let mut written: [Vec<i64>; 2] = Default::default();
    let mut fresh = 0;
    for _ in 0..txns {
        let count = if single { 1 } else { 1 + draws.below(3) };
        let shape: Vec<(bool, u64)> = (0..count).map(|_| (draws.below(2) == 0, draws.below(2))).collect();
        for (_, key) in shape.iter().filter(|(write, _)| *write) {
            fresh += 1;
            written[*key as usize].push(fresh);
        }
        shapes.push(shape);
    }
    let mut fresh = 0;
    let mut history = History::default();
    for (i, shape) in shapes.iter().enumerate() {
        let mut own: [Option<i64>; 2] = [None; 2];
        let steps = shape.iter().map(|(write, key)| {
            let k = *key as usize;
            if *write {
                fresh += 1;
                own[k] = Some(fresh);
                return Micro::Write(Key(*key), Value::Int(fresh));
            }
            let pick = draws.below(written[k].len() as u64 + 1) as usize;
            let value = own[k].or(written[k].get(pick).copied());
            Micro::Read(Key(*key), Some(value.map_or(Value::Nil, Value::Int)))
        });
        let steps = steps.collect();
        let begin = 3 * i as u64;
        let end = begin + 1 + 3 * draws.below(2);
        history.entries.push(transaction(
            draws.below(3) as u32 + 10 * u32::from(!single) * i as u32,
            begin,
            end,
            steps,
        ));
    }
    history
}

fn steps(history: &History, txn: usize) -> &[Micro] {
    match &history.entries[txn].outcome {
        Outcome::Ok(Answer::Txn(steps)) => steps,
        _ => panic!("only ok transactions are generated"),
    }
}

/// Whether a transaction's steps fit a state; the state afterwards.
fn run(steps: &[Micro], state: &[Value; 2]) -> Option<[Value; 2]> {
    let mut state = state.clone();
    for step in steps {
        match step {
            Micro::Write(key, value) => state[key.0 as usize] = value.clone(),
            Micro::Read(key, saw) => {
                if saw.as_ref() != Some(&state[key.0 as usize]) {
                    return None;
                }
            }
            Micro::Append(..) => unreachable!("registers only"),
        }
    }
    Some(state)
}

fn must_precede(history: &History, respect: Respect, a: usize, b: usize) -> bool {
    let (x, y) = (&history.entries[a], &history.entries[b]);
    match respect {
        Respect::Nothing => false,
        Respect::Sessions => x.process == y.process && a < b,
        Respect::RealTime => x.completed_index < y.invoked_index,
    }
}

fn orders(n: usize) -> Vec<Vec<usize>> {
    (0..n).fold(vec![Vec::new()], |all, next| {
        let spread = |order: Vec<usize>| {
            (0..=order.len()).map(move |at| {
                let mut order = order.clone();
                order.insert(at, next);
                order
            })
        };
        all.into_iter().flat_map(spread).collect()
    })
}

fn by_hand(history: &History, isolation: Isolation, respect: Respect) -> bool {
    let n = history.entries.len();
    orders(n).iter().any(|order| {
        let respected = (0..n).all(|i| (0..i).all(|j| !must_precede(history, respect, order[i], order[j])));
        respected && fits(history, order, isolation, respect)
    })
}

/// Whether the transactions can have committed in this order.
fn fits(history: &History, order: &[usize], isolation: Isolation, respect: Respect) -> bool {
    // The state after each number of commits.
    let mut states: Vec<[Value; 2]> = vec![[Value::Nil, Value::Nil]];
    for txn in order {
        let mut state = states.last().expect("there is a first").clone();
        for step in steps(history, *txn) {
            if let Micro::Write(key, value) = step {
                state[key.0 as usize] = value.clone();
            }
        }
        states.push(state);
    }
    let wrote =
        |t: usize, key: &Key| steps(history, t).iter().any(|s| matches!(s, Micro::Write(k, _) if k == key));
    let conflict = |a: usize, b: usize| {
        steps(history, a).iter().any(|s| matches!(s, Micro::Write(key, _) if wrote(b, key)))
    };
    order.iter().enumerate().all(|(at, txn)| {
        let lowest = match isolation {
            Isolation::Serializable => at,
            Isolation::Snapshot => {
                let hidden =
                    |i: &usize| conflict(order[*i], *txn) || must_precede(history, respect, order[*i], *txn);
                (0..at).filter(hidden).max().map_or(0, |i| i + 1)
            }
        };
        (lowest..=at).any(|snapshot| run(steps(history, *txn), &states[snapshot]).is_some())
    })
}

#[test]
fn filling_in_and_searching_decides_as_all_orders_do() {
    let mut draws = Draws(11);
    let mut held = [[0; 2]; 3];
    const ROUNDS: usize = 1500;
    for _ in 0..ROUNDS {
        let history = random(&mut draws, false);
        for (r, respect) in [Respect::Nothing, Respect::Sessions, Respect::RealTime].into_iter().enumerate() {
            for (i, isolation) in [Isolation::Serializable, Isolation::Snapshot].into_iter().enumerate() {
                let verdict = check(&history, isolation, respect, &Value::Nil);
                let expected = by_hand(&history, isolation, respect);
                assert_eq!(
                    verdict == Verdict::Pass,
                    expected,
                    "{isolation:?} {respect:?} {history:?} {verdict:?}"
                );
                held[r][i] += usize::from(expected);
            }
        }
    }
    assert!(held.iter().flatten().all(|count| (40..ROUNDS - 40).contains(count)), "{held:?}");
    assert!(held.iter().all(|[serial, snapshot]| serial < snapshot), "{held:?}");
}

#[test]
fn sequential_consistency_is_some_interleaving() {
    let mut draws = Draws(12);
    let mut held = 0;
    for _ in 0..1000 {
        let history = random(&mut draws, true);
        let expected = by_hand(&history, Isolation::Serializable, Respect::Sessions);
        assert_eq!(sequential::check(&history, &Value::Nil) == Verdict::Pass, expected);
        held += usize::from(expected);
    }
    assert!((100..900).contains(&held), "{held}");
}

/// Histories, and whether they are serializable and under snapshot isolation, sessions respected.
const TABLE: &[(&str, &str, bool, bool)] = &[
    ("one after another", "0 wx1\n1 rx1 wx2\n2 rx2", true, true),
    ("write skew", "0 rx. wy1\n1 ry. wx1", false, true),
    ("lost update", "0 wx1\n1 rx1 wx2\n2 rx1 wx3", false, false),
    ("long fork", "0 wx1\n1 wy1\n2 rx1 ry.\n3 rx. ry1", false, false),
    ("read-only anomaly", "0 rx. wx1\n1 rx. ry. wy2\n2 rx1 ry.", false, true),
    ("fractured read", "0 wx1 wy1\n1 rx1 ry.", false, false),
];

#[test]
fn hand_written_histories() {
    for (name, text, serializable, snapshot) in TABLE {
        let history = script(text);
        for (isolation, expected) in
            [(Isolation::Serializable, serializable), (Isolation::Snapshot, snapshot)]
        {
            let verdict = check(&history, isolation, Respect::Sessions, &Value::Nil);
            assert_eq!(verdict == Verdict::Pass, *expected, "{name}, {isolation:?}: {verdict:?}");
            if let Verdict::Fail(witness) = verdict {
                assert!(witness.story.len() > 1 && witness.entries.len() > 1, "{name}: {witness:?}");
            }
        }
    }
}
