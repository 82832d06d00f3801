//! Lost updates of stores that keep versions apart: an acknowledged write that was replaced by one that did not know of
//! it, in registers of unique values whose reads may show several siblings.
//!
//! A write knows what its session has read and written of the key before, and all that those writes knew (DeCandia et
//! al., SOSP'07, §4.4; Preguiça et al., "Dotted Version Vectors", 2010). Once a key is quiet, each acknowledged write must
//! be there, or be known to something that is there. A blind write knows nothing, whatever it comes after: a store of one
//! version a key loses updates even where it is linearizable, for reads and writes alone cannot exchange. O(n).
//! Deliberately absent: deletions, which leave no name to be known by, and losses that a later write made up for.

use sim_core::time::{Span, Time};
use sim_core::value::{Micro, Value};

use crate::intern::Table;
use crate::naming::Named;
use crate::transactions::{End, Log, register};
use crate::verdict::{Verdict, Witness};

/// Judges a history: reads that began later than `settle` after the last write of a key ended show what remained.
#[must_use]
pub fn check<'h>(history: impl Into<Named<'h>>, settle: Span, initial: &Value) -> Verdict {
    let log = Log::new(history);
    let known = match Known::new(&log, initial) {
        Ok(known) => known,
        Err(verdict) => return verdict,
    };
    let late = match known.late(&log, settle, initial) {
        Ok(late) => late,
        Err(verdict) => return verdict,
    };
    if late.iter().all(|reads| reads.last.is_none()) && !known.writes.is_empty() {
        return Verdict::Unknown("no read began after writes had ceased and settled".to_string());
    }
    let there = known.closure(late.iter().flat_map(|reads| reads.saw.iter().copied()));
    let lost: Vec<usize> = known
        .writes
        .iter()
        .enumerate()
        .filter(|(write, own)| {
            let ok = log.txns[own.txn as usize].end == End::Ok;
            ok && late[own.key as usize].last.is_some() && !there[*write]
        })
        .map(|(write, _)| write)
        .collect();
    let ended = |write: &usize| log.txns[known.writes[*write].txn as usize].completed;
    match lost.iter().max_by_key(|write| ended(write)) {
        None => Verdict::Pass,
        Some(gone) => tell(&log, &known, &late, *gone, lost.len()),
    }
}

/// A write of one key.
#[derive(Clone, Copy)]
struct Write {
    txn: u32,
    key: u32,
}

/// Every write, and what each knew at first hand.
struct Known<'l> {
    writes: Vec<Write>,
    by_value: Table<(u32, &'l Value), usize>,
    /// What its session had read or written of the key since its own last write, that one included.
    knew: Vec<Vec<usize>>,
}

/// The late reads of a key: what they saw, and the last of them.
#[derive(Clone, Default)]
struct Late {
    saw: Vec<usize>,
    last: Option<u32>,
}

impl<'l> Known<'l> {
    fn new(log: &'l Log<'_>, initial: &Value) -> Result<Known<'l>, Verdict> {
        let mut known = Known { writes: Vec::new(), by_value: Table::default(), knew: Vec::new() };
        for (txn, _) in log.numbered() {
            for (key, step) in log.steps(txn) {
                let value = match step {
                    Micro::Write(_, Value::Nil) | Micro::Append(..) => {
                        return Err(Verdict::Unknown(format!(
                            "{} leaves no value of its own behind, by which others could know it",
                            log.describe(txn)
                        )));
                    }
                    Micro::Write(_, value) => value,
                    Micro::Read(..) => continue,
                };
                if let Some(other) = known.by_value.insert((key, value), known.writes.len()) {
                    return Err(Verdict::Unknown(format!(
                        "{value} was written to key {} twice, by operations {} and {}: nobody can tell which one was read",
                        log.called(key),
                        log.entry(known.writes[other].txn),
                        log.entry(txn)
                    )));
                }
                known.writes.push(Write { txn, key });
            }
        }
        known.knew = vec![Vec::new(); known.writes.len()];
        let mut touched: Table<(u32, u32), Vec<usize>> = Table::default();
        let mut write = 0;
        for (i, txn) in log.numbered() {
            for (key, step) in log.steps(i) {
                let own = touched.entry((txn.process, key)).or_default();
                match step {
                    Micro::Write(..) => {
                        known.knew[write] = std::mem::replace(own, vec![write]);
                        write += 1;
                    }
                    Micro::Read(..) if txn.end == End::Ok || txn.is_cas => {
                        own.extend(known.sources(log, i, (key, step), initial)?);
                    }
                    Micro::Read(..) | Micro::Append(..) => {}
                }
            }
        }
        Ok(known)
    }

    /// The writes that a read saw: none, one, or several siblings.
    fn sources(
        &self,
        log: &Log<'_>,
        txn: u32,
        (key, step): (u32, &Micro),
        initial: &Value,
    ) -> Result<Vec<usize>, Verdict> {
        let Micro::Read(_, read) = step else { return Ok(Vec::new()) };
        let value = register(read);
        let find = |value: &Value| self.by_value.get(&(key, value)).copied();
        match (find(value), value) {
            (Some(write), _) => Ok(vec![write]),
            (None, value) if value == initial || *value == Value::Nil => Ok(Vec::new()),
            (None, Value::List(siblings)) => {
                let all: Option<Vec<usize>> = siblings.iter().map(find).collect();
                all.ok_or_else(|| super::seen::thin_air(log, txn, step))
            }
            (None, _) => Err(super::seen::thin_air(log, txn, step)),
        }
    }

    /// Of each key the reads that began when it had been quiet for long enough.
    fn late(&self, log: &Log<'_>, settle: Span, initial: &Value) -> Result<Vec<Late>, Verdict> {
        let entry = |txn: u32| &log.history.entries[log.entry(txn)];
        let mut quiet = vec![Time::ZERO; log.keys.len()];
        for write in &self.writes {
            let ended = entry(write.txn).completed;
            if ended != Time::NEVER {
                let own = &mut quiet[write.key as usize];
                *own = (*own).max(ended + settle);
            }
        }
        let mut late = vec![Late::default(); log.keys.len()];
        for (i, _) in log.numbered().filter(|(_, txn)| txn.end == End::Ok) {
            for (key, step) in log.steps(i) {
                if matches!(step, Micro::Read(..)) && entry(i).invoked >= quiet[key as usize] {
                    let own = &mut late[key as usize];
                    own.saw.extend(self.sources(log, i, (key, step), initial)?);
                    own.last = Some(i);
                }
            }
        }
        Ok(late)
    }

    /// These writes and all that they knew, at first hand or through others.
    fn closure(&self, from: impl Iterator<Item = usize>) -> Vec<bool> {
        let mut there = vec![false; self.writes.len()];
        let mut left: Vec<usize> = from.collect();
        while let Some(write) = left.pop() {
            if !std::mem::replace(&mut there[write], true) {
                left.extend(&self.knew[write]);
            }
        }
        there
    }
}

fn tell(log: &Log<'_>, known: &Known<'_>, late: &[Late], gone: usize, lost: usize) -> Verdict {
    let Write { txn, key } = known.writes[gone];
    let name = log.called(key);
    let reads = &late[key as usize];
    let ended = |write: &&usize| log.txns[known.writes[**write].txn as usize].completed;
    let stays = reads.saw.iter().max_by_key(ended).map(|write| known.writes[*write].txn);
    let more = if lost > 1 { format!(" ({lost} such writes in all)") } else { String::new() };
    let (anomaly, headline) = match stays {
        Some(_) => (
            "lost update",
            format!(
                "a write of key {name} was acknowledged, and replaced by one that did not know of it{more}"
            ),
        ),
        None => ("lost write", format!("a write of key {name} was acknowledged, and nothing is there{more}")),
    };
    let mut story = vec![format!("T1 is {}: it was acknowledged.", log.describe(txn))];
    if let Some(stays) = stays {
        story.push(format!(
            "T2 is {}: what its session had read and written of key {name} leads back to T1 nowhere.",
            log.describe(stays)
        ));
    }
    if let Some(last) = reads.last {
        story.push(format!(
            "T3 is {}: a late read, when all writes of the key had ended.",
            log.describe(last)
        ));
        story.push("No late read saw T1, or anything that knew of it.".to_string());
    }
    let involved = [Some(txn), stays, reads.last];
    Verdict::Fail(Box::new(Witness {
        anomaly: anomaly.to_string(),
        headline,
        story,
        entries: involved.into_iter().flatten().map(|txn| log.entry(txn)).collect(),
        edges: Vec::new(),
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::check;
    use crate::verdict::Verdict;
    use proptest::prelude::prop;
    use proptest::{prop_assert_eq, proptest};
    use sim_core::history::{Answer, Entry, History, Outcome, Reason};
    use sim_core::time::{Span, Time};
    use sim_core::value::{Call, Key, Operation, Value};

    /// Operations one after another: `0 w1` writes, `1 r.` reads nothing, `1 r12` reads siblings; `?` for an unknown end.
    fn history(text: &str) -> History {
        let mut history = History::default();
        for (line, at) in text.split('|').map(str::trim).zip((0..).step_by(2)) {
            let unknown = line.starts_with('?');
            let (process, what) = line.trim_start_matches('?').split_once(' ').expect("process and call");
            let ints: Vec<Value> =
                what[1..].chars().filter_map(|c| c.to_digit(10)).map(|d| Value::Int(d.into())).collect();
            let value = match ints.as_slice() {
                [] => Value::Nil,
                [one] => one.clone(),
                _ => Value::List(ints.iter().cloned().collect()),
            };
            let (call, answer) = match what.as_bytes()[0] {
                b'w' => (Call::Write(value), Value::Nil),
                b'd' => (Call::Delete, Value::Nil),
                _ => (Call::Read, value),
            };
            let end = if unknown { u64::MAX } else { at + 1 };
            history.entries.push(Entry {
                process: process.parse().expect("a number"),
                operation: Operation { key: Some(Key(0)), call },
                invoked: Time(at),
                invoked_index: at,
                completed: if unknown { Time::NEVER } else { Time(end) },
                completed_index: end,
                outcome: if unknown {
                    Outcome::Unknown(Reason::Timeout)
                } else {
                    Outcome::Ok(Answer::Value(answer))
                },
                attempts: 1,
                answered_by: None,
            });
        }
        history
    }

    fn anomaly(history: &History) -> String {
        match check(history, Span::ZERO, &Value::Nil) {
            Verdict::Fail(witness) => witness.anomaly,
            other => other.word().to_string(),
        }
    }

    #[test]
    fn who_overwrites_must_know() {
        for (text, expected) in [
            ("0 w1|1 r1|1 w2|2 r2", "pass"),
            ("0 w1|1 w2|2 r2", "lost update"),
            ("0 w1|1 w2|2 r12", "pass"),
            // Two sessions read one version, and both write.
            ("0 w1|1 r1|2 r1|1 w2|2 w3|3 r3", "lost update"),
            ("0 w1|1 r1|2 r1|1 w2|2 w3|3 r23", "pass"),
            ("0 w1|1 r1|2 r1|1 w2|2 w3|3 r23|3 w4|4 r4", "pass"),
            ("0 w1|1 r1|2 r1|1 w2|2 w3|3 r3|3 w4|4 r4", "lost update"),
            // A session knows its own writes, and knowledge is passed on.
            ("0 w1|0 w2|1 r2", "pass"),
            ("0 w1|1 r1|1 w2|2 r2|2 w3|3 r3", "pass"),
            ("0 w1|1 r1|?1 w2|2 r2", "pass"),
            ("?0 w1|1 w2|2 r2", "pass"),
            ("0 w1|1 r.", "lost write"),
            ("0 w1|1 w2|2 r2|3 r1", "pass"),
            ("0 w1|1 w2", "unknown"),
            ("0 w1|0 d|1 r.", "unknown"),
            ("0 w1|1 r7", "thin-air read"),
        ] {
            assert_eq!(anomaly(&history(text)), expected, "{text}");
        }
    }

    proptest! {
        /// A store of siblings in which a write replaces what its session knew, or all there is; the twin passes whole sets
        /// of known writes along.
        #[test]
        fn as_the_twin_says(steps in prop::collection::vec((0_u32..3, 0_u8..4), 1..9), blind in 0_u8..2) {
            let mut held: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
            let mut sessions: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
            let (mut text, mut written) = (Vec::new(), BTreeSet::new());
            let shown = |held: &BTreeMap<u32, BTreeSet<u32>>| {
                let all: String = held.keys().map(u32::to_string).collect();
                if all.is_empty() { ".".to_string() } else { all }
            };
            for (name, (process, what)) in (1_u32..).zip(steps) {
                let session = sessions.entry(process).or_default();
                if what < 2 {
                    let knew = session.clone();
                    held.retain(|own, _| what == blind && !knew.contains(own));
                    session.insert(name);
                    held.insert(name, session.clone());
                    written.insert(name);
                    text.push(format!("{process} w{name}"));
                } else {
                    held.values().for_each(|known| session.extend(known));
                    text.push(format!("{process} r{}", shown(&held)));
                }
            }
            text.push(format!("9 r{}", shown(&held)));
            let known: BTreeSet<u32> = held.values().flatten().copied().collect();
            let expected = if written.is_subset(&known) { "pass" } else { "lost update" };
            let text = text.join("|");
            prop_assert_eq!(anomaly(&history(&text)), expected, "{}", text);
        }
    }
}
