//! Read committed, read atomic and causal consistency against their axioms tried on every order of commits.

use super::support::{Draws, script, transaction};
use checks::verdict::Verdict;
use checks::weak::isolation::{Level, check};
use proptest::prelude::{ProptestConfig, Strategy, any, prop, proptest};
use sim_core::history::{Answer, History, Outcome};
use sim_core::value::{Key, Micro, Value};

/// A step before values are known: whether it writes, its key, and which write of the key it reads.
pub(super) type Plan = Vec<(u32, Vec<(bool, u64, usize)>)>;

pub(super) fn plans() -> impl Strategy<Value = Plan> {
    let step = (any::<bool>(), 0u64..2, 0usize..6);
    prop::collection::vec((0u32..3, prop::collection::vec(step, 1..4)), 1..6)
}

/// Values are unique; a read after an own write mostly sees it.
pub(super) fn history(plan: &Plan) -> History {
    let mut written: [Vec<i64>; 2] = Default::default();
    let mut fresh = 0;
    let mut values = Vec::new();
    for (_, steps) in plan {
        for (write, key, _) in steps {
            if *write {
                fresh += 1;
                written[*key as usize].push(fresh);
            }
            values.push(fresh);
        }
    }
    let mut values = values.into_iter();
    let entries = plan.iter().enumerate().map(|(i, (process, steps))| {
        let mut own: [Option<i64>; 2] = [None; 2];
        let steps = steps.iter().map(|(write, key, pick)| {
            let value = values.next().expect("one for each step");
            let k = *key as usize;
            if *write {
                own[k] = Some(value);
                return Micro::Write(Key(*key), Value::Int(value));
            }
            let seen = own[k].filter(|_| *pick != 0).or_else(|| written[k].get(*pick).copied());
            Micro::Read(Key(*key), Some(seen.map_or(Value::Nil, Value::Int)))
        });
        transaction(*process, 2 * i as u64, 2 * i as u64 + 1, steps.collect())
    });
    History { entries: entries.collect() }
}

fn steps(history: &History, txn: usize) -> &[Micro] {
    match &history.entries[txn].outcome {
        Outcome::Ok(Answer::Txn(steps)) => steps,
        _ => panic!("only ok transactions are generated"),
    }
}

type Sources = Vec<(Key, Option<usize>)>;

/// For each transaction, for each of its reads of others, the key and the writer (`None`: the initial state); nothing
/// if some read can have no explanation at all.
fn sources(history: &History) -> Option<Vec<Sources>> {
    let mut all = Vec::new();
    for reader in 0..history.entries.len() {
        let mut reads = Vec::new();
        for (at, step) in steps(history, reader).iter().enumerate() {
            let Micro::Read(key, Some(value)) = step else { continue };
            let last = |txn: usize, upto: usize| {
                steps(history, txn)[..upto].iter().rev().find_map(|s| match s {
                    Micro::Write(k, v) if k == key => Some(v.clone()),
                    _ => None,
                })
            };
            if let Some(own) = last(reader, at) {
                if own != *value {
                    return None;
                }
                continue;
            }
            if *value == Value::Nil {
                reads.push((*key, None));
                continue;
            }
            let writer = (0..history.entries.len())
                .find(|t| steps(history, *t).contains(&Micro::Write(*key, value.clone())))?;
            if writer == reader || last(writer, steps(history, writer).len()).as_ref() != Some(value) {
                return None;
            }
            reads.push((*key, Some(writer)));
        }
        all.push(reads);
    }
    Some(all)
}

/// Whether some order of commits satisfies the level's axiom.
pub(super) fn by_hand(history: &History, level: Level) -> bool {
    let Some(sources) = sources(history) else { return false };
    let n = history.entries.len();
    let writes =
        |t: usize, key: Key| steps(history, t).iter().any(|s| matches!(s, Micro::Write(k, _) if *k == key));
    let mut base = vec![vec![false; n]; n];
    for a in 0..n {
        // One whose end was never known holds up nobody.
        let over = history.entries[a].completed_index != u64::MAX;
        for (b, related) in base[a].iter_mut().enumerate().skip(a + 1) {
            *related |= over && history.entries[a].process == history.entries[b].process;
        }
        sources[a].iter().filter_map(|(_, w)| *w).for_each(|w| base[w][a] = true);
    }
    let direct = base.clone();
    for k in 0..n {
        for i in 0..n {
            for j in 0..n {
                base[i][j] |= base[i][k] && base[k][j];
            }
        }
    }
    // Who must come before whom: pairs (t2, t1); `None` as t1 is the initial state, before which nobody may come.
    let mut forced: Vec<(usize, Option<usize>)> = Vec::new();
    for t3 in 0..n {
        for (at, (key, t1)) in sources[t3].iter().enumerate() {
            for t2 in (0..n).filter(|t2| Some(*t2) != *t1 && *t2 != t3 && writes(*t2, *key)) {
                let visible = match level {
                    Level::ReadCommitted => sources[t3][..at].iter().any(|(_, w)| *w == Some(t2)),
                    Level::ReadAtomic => direct[t2][t3],
                    Level::Causal => base[t2][t3],
                };
                if visible {
                    forced.push((t2, *t1));
                }
            }
        }
    }
    permutations(n).iter().any(|rank| {
        let before = |a: usize, b: usize| rank[a] < rank[b];
        (0..n).all(|a| (0..n).all(|b| !direct[a][b] || before(a, b)))
            && forced.iter().all(|(t2, t1)| t1.is_some_and(|t1| before(*t2, t1)))
    })
}

/// All orders of `n` things, as ranks.
fn permutations(n: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for next in 0..n {
        all = all
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).map(move |at| {
                    let mut order = order.clone();
                    order.insert(at, next);
                    order
                })
            })
            .collect();
    }
    all.into_iter()
        .map(|order| {
            let mut rank = vec![0; n];
            order.iter().enumerate().for_each(|(at, t)| rank[*t] = at);
            rank
        })
        .collect()
}

pub(super) const LEVELS: [Level; 3] = [Level::ReadCommitted, Level::ReadAtomic, Level::Causal];

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn forced_pairs_decide_as_all_orders_do(plan in plans()) {
        let history = history(&plan);
        for level in LEVELS {
            let verdict = check(&history, level, &Value::Nil);
            assert_eq!(verdict == Verdict::Pass, by_hand(&history, level), "{level:?} {verdict:?}");
        }
    }
}

#[test]
fn both_answers_are_common_among_random_histories() {
    let mut draws = Draws(3);
    let mut passed = [0; 3];
    for _ in 0..600 {
        let txns = 2 + draws.below(3);
        let plan: Plan = (0..txns)
            .map(|_| {
                let process = draws.below(2) as u32;
                let steps = (0..1 + draws.below(3))
                    .map(|_| (draws.below(2) == 0, draws.below(2), draws.below(3) as usize));
                (process, steps.collect())
            })
            .collect();
        let history = history(&plan);
        for (level, passed) in LEVELS.iter().zip(&mut passed) {
            let holds = check(&history, *level, &Value::Nil) == Verdict::Pass;
            assert_eq!(holds, by_hand(&history, *level));
            *passed += usize::from(holds);
        }
    }
    assert!(passed.iter().all(|count| (30..570).contains(count)), "{passed:?}");
    assert!(passed[0] >= passed[1] && passed[1] >= passed[2], "{passed:?}");
}

/// Histories, and for each level whether it holds.
const TABLE: &[(&str, &str, [bool; 3])] = &[
    ("nothing wrong", "0 wx1\n1 rx1 wy2\n2 ry2 rx1", [true, true, true]),
    ("back to before what was seen twice", "0 wx1\n0 rx1 rx1 rx.", [false, false, false]),
    ("half of a transaction seen", "0 wx1 wy1\n1 rx1 ry.", [false, false, false]),
    ("half of it seen, the old half first", "0 wx1 wy1\n1 ry. rx1", [true, false, false]),
    ("two reads of one key differ", "0 wx1\n1 rx. rx1", [true, false, false]),
    ("back to the older value", "0 wx1\n0 wx2\n1 rx2 rx1", [false, false, false]),
    ("a cause unseen, across sessions", "0 wx1\n1 rx1 wy2\n2 ry2 rx.", [true, true, false]),
    ("own write unseen in the next transaction", "0 wx1\n0 rx.", [true, false, false]),
    ("older value in the next transaction", "0 wx1\n0 wx2\n1 rx2\n1 rx1", [true, true, false]),
    ("a failed write seen", "!0 wx1\n1 rx1", [false, false, false]),
    ("a value from nowhere", "0 wx1\n1 rx7", [false, false, false]),
    ("long fork", "0 wx1\n1 wy1\n2 rx1 ry.\n3 rx. ry1", [true, true, true]),
    ("an unknown write seen", "?0 wx1\n1 rx1", [true, true, true]),
];

#[test]
fn hand_written_histories() {
    for (name, text, expected) in TABLE {
        for (level, expected) in LEVELS.iter().zip(expected) {
            let verdict = check(&script(text), *level, &Value::Nil);
            assert_eq!(verdict == Verdict::Pass, *expected, "{name}, {level:?}: {verdict:?}");
        }
    }
}
