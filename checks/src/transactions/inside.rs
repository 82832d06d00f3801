//! What a single transaction shows by itself: a read that contradicts its own earlier steps (Cerone et al.'s INT), a
//! read of what it writes only later, an earlier version of its own that another one saw; and two transactions that
//! read one version and both replaced it.
//!
//! Deliberately absent: dependencies between transactions, save lost updates, which need no order of versions.

use sim_core::value::{Micro, Value};

use super::findings::Findings;
use super::log::{elements, register, shorten};
use super::{End, Log};
use crate::verdict::{Witness, WitnessEdge};

/// What a transaction knows of a list: the elements, and whether they are all of it or only its end.
struct Known {
    key: u32,
    whole: bool,
    elements: Vec<Value>,
}

/// A contradiction within a transaction over lists: the step, and what was to be expected there.
fn internal_list(log: &Log<'_>, txn: u32) -> Option<(String, String)> {
    let mut known: Vec<Known> = Vec::new();
    for (key, step) in log.steps(txn) {
        let at = known.iter().position(|k| k.key == key);
        match step {
            Micro::Append(_, value) => match at {
                Some(at) => known[at].elements.push(value.clone()),
                None => known.push(Known { key, whole: false, elements: vec![value.clone()] }),
            },
            Micro::Read(_, read) => {
                let saw = elements(read);
                if let Some(at) = at {
                    let k = &known[at];
                    let fits = if k.whole { saw == k.elements } else { saw.ends_with(&k.elements) };
                    if !fits {
                        let expected = Value::List(k.elements.clone());
                        let expected =
                            if k.whole { format!("{expected}") } else { format!("… ending in {expected}") };
                        return Some((log.step(step), expected));
                    }
                }
                let now = Known { key, whole: true, elements: saw.to_vec() };
                match at {
                    Some(at) => known[at] = now,
                    None => known.push(now),
                }
            }
            Micro::Write(..) => {}
        }
    }
    None
}

/// The same over registers.
fn internal_register(log: &Log<'_>, txn: u32) -> Option<(String, String)> {
    let mut known: Vec<(u32, &Value)> = Vec::new();
    for (key, step) in log.steps(txn) {
        let at = known.iter().position(|(k, _)| *k == key);
        let now = match step {
            Micro::Write(_, value) => value,
            Micro::Read(_, read) => {
                let saw = register(read);
                if let Some(at) = at
                    && known[at].1 != saw
                {
                    return Some((log.step(step), known[at].1.to_string()));
                }
                saw
            }
            Micro::Append(..) => continue,
        };
        match at {
            Some(at) => known[at].1 = now,
            None => known.push((key, now)),
        }
    }
    None
}

/// Whether a transaction touches a key twice; only then can it contradict itself.
fn touches_twice(log: &Log<'_>, txn: u32) -> bool {
    let it = &log.txns[txn as usize];
    let keys = &log.step_keys[it.first as usize..it.first as usize + it.steps.len()];
    keys.iter().enumerate().any(|(i, key)| keys[..i].contains(key))
}

/// Whether others than this transaction appended this element to a list.
type Lists<'a> = &'a dyn Fn(u32, &Value) -> bool;

/// Reports contradictions within transactions, and for lists reads of what is appended later.
/// Of lists, the caller says which elements were appended by others too.
pub(crate) fn internal(log: &Log<'_>, lists: Option<Lists<'_>>, findings: &mut Findings) {
    for (i, txn) in log.numbered() {
        if txn.end != End::Ok || !touches_twice(log, i) {
            continue;
        }
        let wrong = if lists.is_some() { internal_list(log, i) } else { internal_register(log, i) };
        if let Some((step, expected)) = wrong {
            findings.add("internal", || Witness {
                anomaly: "internal".to_string(),
                headline: "a transaction read something else than its own earlier steps left there"
                    .to_string(),
                story: vec![
                    format!("T1 is {}.", log.describe(i)),
                    format!("Its step {} had to see {}.", shorten(&step), shorten(&expected)),
                ],
                entries: vec![log.entry(i)],
                edges: Vec::new(),
            });
        }
        if let Some((read, value)) = lists.and_then(|others| future_read(log, i, others)) {
            findings.add("future-read", || Witness {
                anomaly: "future-read".to_string(),
                headline: format!("a transaction read {value} before it appended it"),
                story: vec![
                    format!("T1 is {}.", log.describe(i)),
                    format!("Its step {} saw {value}, which only a later step appended.", shorten(&read)),
                ],
                entries: vec![log.entry(i)],
                edges: vec![WitnessEdge { from: log.entry(i), to: log.entry(i), why: "wr".to_string() }],
            });
        }
    }
}

/// A read that saw an element which the same transaction appends afterwards.
fn future_read(log: &Log<'_>, txn: u32, others: &dyn Fn(u32, &Value) -> bool) -> Option<(String, String)> {
    let steps: Vec<(u32, &Micro)> = log.steps(txn).collect();
    for (at, (key, step)) in steps.iter().enumerate() {
        let Micro::Append(_, value) = step else { continue };
        for (other, earlier) in &steps[..at] {
            if let Micro::Read(_, read) = earlier
                && other == key
                && elements(read).contains(value)
                && !others(*key, value)
            {
                return Some((log.step(earlier), value.to_string()));
            }
        }
    }
    None
}

/// What a transaction read of a key before it replaced it.
#[derive(Clone, Copy)]
struct Update<'l> {
    key: u32,
    /// Tells most versions apart at once: the length of a list and the hash of its last element, or of a value.
    rough: u64,
    read: &'l [Value],
    txn: u32,
}

/// Reports versions that two or more transactions read and then each replaced (Adya's lost update, by Bailis'
/// reading: without knowledge of the order of versions).
pub(crate) fn lost_updates(log: &Log<'_>, findings: &mut Findings) {
    let mut updates: Vec<Update<'_>> = Vec::new();
    for (i, txn) in log.numbered() {
        if txn.end == End::Ok && touches_twice(log, i) {
            updates_of(log, i, &mut updates);
        }
    }
    updates.sort_by(|a, b| (a.key, a.rough).cmp(&(b.key, b.rough)).then_with(|| a.read.cmp(b.read)));
    for group in updates.chunk_by(|a, b| a.key == b.key && a.rough == b.rough && a.read == b.read) {
        if group.len() < 2 {
            continue;
        }
        findings.add("lost-update", || {
            let mut txns: Vec<u32> = group.iter().map(|update| update.txn).collect();
            txns.sort_unstable();
            let key = log.called(group[0].key);
            let version = shorten(&Value::List(group[0].read.to_vec()).to_string());
            let told =
                txns.iter().take(4).enumerate().map(|(n, t)| format!("T{} is {}.", n + 1, log.describe(*t)));
            let mut story: Vec<String> = told.collect();
            story.push(format!("Each of them read key {key} as {version} and then wrote it."));
            story.push(
                "Whichever wrote first, another replaced its version without having seen it.".to_string(),
            );
            Witness {
                anomaly: "lost-update".to_string(),
                headline: format!(
                    "{} transactions read one version of key {key} and all replaced it",
                    txns.len()
                ),
                story,
                entries: txns.iter().map(|t| log.entry(*t)).collect(),
                edges: Vec::new(),
            }
        });
    }
}

fn updates_of<'l>(log: &'l Log<'_>, txn: u32, updates: &mut Vec<Update<'l>>) {
    let mut reads: Vec<(u32, &'l [Value])> = Vec::new();
    let mut done: Vec<u32> = Vec::new();
    for (key, step) in log.steps(txn) {
        let first = reads.iter().find(|(k, _)| *k == key).map(|(_, read)| *read);
        match step {
            Micro::Read(_, read) if first.is_none() => reads.push((key, elements(read))),
            Micro::Append(..) | Micro::Write(..) if !done.contains(&key) => {
                if let Some(read) = first {
                    done.push(key);
                    updates.push(Update { key, rough: rough(read), read, txn });
                }
            }
            _ => {}
        }
    }
}

fn rough(read: &[Value]) -> u64 {
    match read.last() {
        Some(Value::Int(n)) => (read.len() as u64) << 40 ^ *n as u64,
        _ => (read.len() as u64) << 40,
    }
}
