//! Dependencies between transactions that append to lists: the longest read of a key gives the order of its versions
//! (Elle §4.2.2, §5), every other read must be a beginning of it, and whoever appended an element that no read saw
//! came after all that were seen.
//!
//! Deliberately absent: cycles (see [`super::cycles`]).

use sim_core::value::{Micro, Value};

use super::elements::{Element, Elements};
use super::explain::Explain;
use super::findings::Findings;
use super::hubs::Hubs;
use super::log::{Rows, elements, shorten};
use super::order::{RW, WR, WW};
use super::{End, Inferred, Log, inside};
use crate::graph::Edge;
use crate::intern::Table;
use crate::verdict::{Witness, WitnessEdge};

const NONE: u32 = u32::MAX;

/// What is known of one list.
#[derive(Clone, Debug, Default)]
struct Versions<'l> {
    /// The longest read.
    longest: &'l [Value],
    /// Its elements' numbers, repeated ones left out.
    order: Vec<u32>,
    /// How many of its first elements are all different.
    distinct: usize,
    /// How many of its first elements come from transactions that may have committed.
    clean: usize,
    /// Whether some read was not a beginning of it, and whose.
    contradicted_by: Option<u32>,
    longest_of: u32,
}

/// Everything about the lists of a history.
struct Lists<'l> {
    log: &'l Log<'l>,
    elements: Elements<'l>,
    versions: Vec<Versions<'l>>,
    /// Who read up to which element: see [`Lists::readers_of`].
    readers: Rows,
}

/// Infers dependencies and finds the anomalies that are no cycles.
pub(crate) fn infer<'l>(log: &'l Log<'l>) -> Result<Inferred<'l>, String> {
    let mut findings = Findings::default();
    let mut lists = Lists {
        log,
        elements: Elements::new(log.keys.len(), log.txns.len() * 2),
        versions: vec![Versions::default(); log.keys.len()],
        readers: Rows::default(),
    };
    lists.collect()?;
    lists.order_versions();
    let mut edges = Vec::with_capacity(log.txns.len() * 4);
    lists.reads(&mut edges, &mut findings);
    let hubs = lists.dependencies(&mut edges);
    lists.dirty_updates(&mut findings);
    lists.incompatible_orders(&mut findings);
    let others = |key: u32, value: &Value| lists.elements.get(key, value).is_some_and(|e| e.appends > 1);
    inside::internal(log, Some(&others), &mut findings);
    inside::lost_updates(log, &mut findings);
    let depends = lists.elements.iter().any(|element| element.appends > 1 && element.position != NONE);
    Ok(Inferred { edges, depends, hubs, findings, priority: [WW, WR, RW], explainer: Box::new(lists) })
}

impl<'l> Lists<'l> {
    /// Numbers the elements and finds the longest read of every key.
    fn collect(&mut self) -> Result<(), String> {
        let mut last: Vec<(u32, u32)> = Vec::new();
        for (i, txn) in self.log.numbered() {
            last.clear();
            for (key, step) in self.log.steps(i) {
                match step {
                    Micro::Append(_, value) => {
                        let number = self.append(i, txn.end, key, value);
                        match last.iter_mut().find(|(k, _)| *k == key) {
                            Some((_, before)) => {
                                let before_it = &mut self.elements[*before];
                                if before_it.writer == i || before_it.aborted == i {
                                    before_it.intermediate = i;
                                }
                                *before = number;
                            }
                            None => last.push((key, number)),
                        }
                    }
                    Micro::Read(_, read) if txn.end == End::Ok => {
                        let versions = &mut self.versions[key as usize];
                        if elements(read).len() > versions.longest.len() {
                            versions.longest = elements(read);
                            versions.longest_of = i;
                        }
                    }
                    Micro::Read(..) => {}
                    Micro::Write(_, value) => {
                        let key = self.log.called(key);
                        return Err(format!(
                            "{} writes {value} to key {key}; lists are only appended to and read",
                            self.log.describe(i)
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// Notes who appended an element. One that failed to append it does not count beside one that may have; where several
    /// may have, nothing is inferred from who it was.
    fn append(&mut self, txn: u32, end: End, key: u32, value: &'l Value) -> u32 {
        let number = self.elements.number(key, value);
        let element = &mut self.elements[number];
        match end {
            End::Failed if element.appends == 0 && element.aborted == NONE => element.aborted = txn,
            End::Failed => {}
            End::Ok | End::Unknown => {
                let writer = if element.appends == 0 { txn } else { NONE };
                (element.writer, element.aborted, element.intermediate) = (writer, NONE, NONE);
                element.appends += 1;
            }
        }
        number
    }

    /// Turns each longest read into an order of numbered elements.
    fn order_versions(&mut self) {
        for (key, versions) in self.versions.iter_mut().enumerate() {
            let key = key as u32;
            let longest = versions.longest;
            (versions.distinct, versions.clean) = (longest.len(), longest.len());
            versions.order.reserve_exact(longest.len());
            for (at, value) in longest.iter().enumerate() {
                let number = self.elements.number(key, value);
                let element = &mut self.elements[number];
                if element.appends == 0 {
                    versions.clean = versions.clean.min(at);
                }
                if element.position != NONE {
                    versions.distinct = versions.distinct.min(at);
                } else {
                    element.position = versions.order.len() as u32;
                    versions.order.push(number);
                }
            }
        }
    }

    /// Goes through all reads: what they contradict, whom they depend on, who depends on them.
    fn reads(&mut self, edges: &mut Vec<Edge>, findings: &mut Findings) {
        let known = self.elements.len() as u32;
        let mut readers: Vec<(u32, u32)> = Vec::with_capacity(self.log.step_keys.len() / 2);
        for (i, _) in self.log.numbered().filter(|(_, txn)| txn.end == End::Ok) {
            for (key, step) in self.log.steps(i) {
                let Micro::Read(_, read) = step else { continue };
                let saw = elements(read);
                let Some(last) = saw.last() else {
                    readers.push((known + key, i));
                    continue;
                };
                let versions = &mut self.versions[key as usize];
                let agrees = same(saw, &versions.longest[..saw.len()]);
                if !agrees {
                    versions.contradicted_by.get_or_insert(i);
                }
                let plain = agrees && saw.len() <= versions.distinct;
                let number = match plain {
                    true => Some(versions.order[saw.len() - 1]),
                    false => self.elements.find(key, last),
                };
                if !plain || saw.len() > versions.clean {
                    self.suspect(i, key, step, saw, findings);
                }
                let Some(number) = number.filter(|number| self.elements[*number].appends < 2) else {
                    continue;
                };
                readers.push((number, i));
                let element = self.elements[number];
                if element.writer != NONE && element.writer != i {
                    edges.push(Edge::new(element.writer, i, WR));
                }
                if element.intermediate != NONE && element.intermediate != i {
                    findings.add("G1b", || self.intermediate_read(i, step, element, last));
                }
            }
        }
        self.readers = Rows::new(self.elements.len() + self.versions.len(), &readers);
    }

    /// Looks closely at a read that repeats elements, contradicts the longest, or saw something aborted or made up.
    fn suspect(&self, txn: u32, key: u32, step: &Micro, saw: &[Value], findings: &mut Findings) {
        let mut seen: Table<&Value, u32> = Table::default();
        let doubled = saw.iter().find(|value| {
            let times = seen.entry(*value).or_insert(0);
            *times += 1;
            *times > self.elements.get(key, value).map_or(1, |element| element.appends.max(1))
        });
        let name = self.log.called(key);
        let single = |anomaly: &str, headline: String, why: String| Witness {
            anomaly: anomaly.to_string(),
            headline,
            story: vec![
                format!("T1 is {}.", self.log.describe(txn)),
                format!("Its step {} {why}", shorten(&self.log.step(step))),
            ],
            entries: vec![self.log.entry(txn)],
            edges: Vec::new(),
        };
        if let Some(value) = doubled {
            findings.add("duplicate-elements", || {
                let headline = format!("{value} is in the list of key {name} more than once");
                single(
                    "duplicate-elements",
                    headline,
                    format!("saw {value} more often than it was appended."),
                )
            });
        }
        for value in saw {
            match self.elements.get(key, value) {
                Some(element) if element.aborted != NONE => {
                    findings.add("G1a", || self.aborted_read(txn, step, *element, value));
                }
                Some(element) if element.appends > 0 => {}
                _ => findings.add("garbage-read", || {
                    let headline = format!("{value} was read from key {name}, yet nobody appended it");
                    single("garbage-read", headline, format!("saw {value}, which no operation appended."))
                }),
            }
        }
    }

    fn pair(&self, anomaly: &str, writer: u32, reader: u32, headline: String, story: String) -> Witness {
        let (from, to) = (self.log.entry(writer), self.log.entry(reader));
        Witness {
            anomaly: anomaly.to_string(),
            headline,
            story: vec![
                format!("T1 is {}.", self.log.describe(writer)),
                format!("T2 is {}.", self.log.describe(reader)),
                story,
            ],
            entries: vec![from, to],
            edges: vec![WitnessEdge { from, to, why: "wr".to_string() }],
        }
    }

    fn aborted_read(&self, txn: u32, step: &Micro, element: Element<'_>, value: &Value) -> Witness {
        let step = shorten(&self.log.step(step));
        let story = format!("T2's step {step} saw {value}, which T1 appended; but T1 was aborted.");
        let headline = format!("a transaction saw {value}, which an aborted one had appended");
        self.pair("G1a", element.aborted, txn, headline, story)
    }

    fn intermediate_read(&self, txn: u32, step: &Micro, element: Element<'_>, value: &Value) -> Witness {
        let step = shorten(&self.log.step(step));
        let story =
            format!("T2's step {step} ends in {value}, after which T1 appended more to the same key.");
        let headline = "a transaction saw another half done".to_string();
        self.pair("G1b", element.intermediate, txn, headline, story)
    }

    /// Write and anti-dependencies between successive versions.
    fn dependencies(&self, edges: &mut Vec<Edge>) -> Hubs {
        let known = self.elements.len() as u32;
        let mut unseen: Vec<(u32, u32)> = Vec::new();
        for (number, element) in self.elements.iter().enumerate() {
            if element.writer == NONE {
                continue;
            }
            let before = self.before(element);
            debug_assert!(before != Some(number as u32), "no version comes before itself");
            if let Some(before) = before {
                let writer = self.elements[before].writer;
                if writer != NONE && writer != element.writer {
                    edges.push(Edge::new(writer, element.writer, WW));
                }
            }
            if element.position == NONE {
                unseen.push((element.key, element.writer));
                continue;
            }
            let slot = before.unwrap_or(known + element.key);
            let readers = self.readers_of(slot).filter(|reader| *reader != element.writer);
            edges.extend(readers.map(|reader| Edge::new(reader, element.writer, RW)));
        }
        let mut hubs = Hubs::new(self.log.txns.len());
        unseen.sort_unstable();
        for group in unseen.chunk_by(|a, b| a.0 == b.0) {
            let key = group[0].0;
            let slot = self.versions[key as usize].order.last().copied().unwrap_or(known + key);
            let writers: Vec<u32> = group.iter().map(|(_, writer)| *writer).collect();
            hubs.join(self.readers.row(slot), &writers, edges);
        }
        hubs
    }

    /// Who read up to the element of this number; for the empty list of a key, the number of elements plus the key.
    fn readers_of(&self, slot: u32) -> impl Iterator<Item = u32> {
        self.readers.row(slot).iter().copied()
    }

    /// Committed versions made on top of aborted ones.
    fn dirty_updates(&self, findings: &mut Findings) {
        for versions in self.versions.iter().filter(|v| v.clean < v.longest.len()) {
            let mut aborted: Option<u32> = None;
            for number in &versions.order {
                let element = self.elements[*number];
                if element.aborted != NONE {
                    aborted.get_or_insert(element.aborted);
                    continue;
                }
                let writer = self.log.txns.get(element.writer as usize);
                let committed = writer.is_some_and(|txn| txn.end == End::Ok);
                let Some(first) = aborted.take_if(|_| committed) else { continue };
                findings.add("dirty-update", || {
                    let value = element.value;
                    let story = format!("T2's {value} follows T1's append in the list; but T1 was aborted.");
                    let headline = "a committed update was made on top of an aborted one".to_string();
                    self.pair("dirty-update", first, element.writer, headline, story)
                });
            }
        }
    }

    /// Keys of which two reads saw different orders.
    fn incompatible_orders(&self, findings: &mut Findings) {
        for (key, versions) in self.versions.iter().enumerate() {
            let Some(other) = versions.contradicted_by else { continue };
            findings.add("incompatible-order", || {
                let name = self.log.called(key as u32);
                let (from, to) = (versions.longest_of, other);
                Witness {
                    anomaly: "incompatible-order".to_string(),
                    headline: format!(
                        "two reads saw the elements of key {name} in orders that exclude each other"
                    ),
                    story: vec![
                        format!("T1 is {}.", self.log.describe(from)),
                        format!("T2 is {}.", self.log.describe(to)),
                        format!("What T2 read of key {name} is not a beginning of what T1 read of it,"),
                        "so no single order of appends explains both.".to_string(),
                    ],
                    entries: vec![self.log.entry(from), self.log.entry(to)],
                    edges: Vec::new(),
                }
            });
        }
    }

    fn before(&self, element: &Element<'_>) -> Option<u32> {
        let order = &self.versions[element.key as usize].order;
        match element.position {
            NONE => order.last().copied(),
            0 => None,
            at => Some(order[at as usize - 1]),
        }
    }
}

/// Whether two lists are equal; whole numbers, of which most are made, are compared on the spot.
#[inline]
fn same(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).rev().all(|(a, b)| match (a, b) {
            (Value::Int(a), Value::Int(b)) => a == b,
            (a, b) => a == b,
        })
}

impl Explain for Lists<'_> {
    fn reason(&self, from: u32, to: u32, label: u8, names: (&str, &str)) -> Option<String> {
        let known = self.elements.len() as u32;
        let (a, b) = names;
        for (key, step) in self.log.steps(to) {
            let name = self.log.called(key);
            match step {
                Micro::Read(_, read) if label == WR => {
                    let value = elements(read).last();
                    let Some(value) = value else { continue };
                    if self.elements.get(key, value).is_some_and(|e| e.writer == from) {
                        return Some(format!("{b} read key {name} up to {value}, which {a} appended"));
                    }
                }
                Micro::Append(_, value) if label == WW || label == RW => {
                    let Some(element) = self.elements.get(key, value) else { continue };
                    let before = self.before(element);
                    let earlier = before.map(|n| self.elements[n]);
                    if label == WW && earlier.is_some_and(|e| e.writer == from) {
                        let earlier = earlier.map(|e| e.value.to_string()).unwrap_or_default();
                        return Some(format!("{b} appended {value} to key {name} after {a}'s {earlier}"));
                    }
                    let slot = before.unwrap_or(known + key);
                    if label == RW && self.readers_of(slot).any(|reader| reader == from) {
                        let saw = earlier.map_or("empty".to_string(), |e| format!("up to {}", e.value));
                        return Some(format!(
                            "{a} read key {name} {saw}, without {value}, which {b} appended"
                        ));
                    }
                }
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
pub(crate) mod tests_support {
    //! Small histories for the tests of this folder.

    use sim_core::history::{Answer, Entry, History, Outcome};
    use sim_core::time::Time;
    use sim_core::value::{Call, Operation};

    /// Empty transactions that begin and last as told.
    pub(crate) fn history_of_intervals(intervals: &[(u64, u64)]) -> History {
        let mut events: Vec<(u64, usize, usize)> = Vec::new();
        for (i, (begin, length)) in intervals.iter().enumerate() {
            events.push((*begin * 2, 1, i));
            events.push(((begin + length) * 2 + 1, 0, i));
        }
        events.sort_unstable();
        let at = |i: usize, which: usize| {
            events.iter().position(|e| e.2 == i && e.1 == which).expect("every operation has two events")
                as u64
        };
        let mut entries: Vec<Entry> = (0..intervals.len())
            .map(|i| Entry {
                process: i as u32,
                operation: Operation { key: None, call: Call::Txn(Vec::new()) },
                invoked: Time(at(i, 1)),
                invoked_index: at(i, 1),
                completed: Time(at(i, 0)),
                completed_index: at(i, 0),
                outcome: Outcome::Ok(Answer::Txn(Vec::new())),
                attempts: 1,
                answered_by: None,
            })
            .collect();
        entries.sort_by_key(|entry| entry.invoked_index);
        History { entries }
    }
}
