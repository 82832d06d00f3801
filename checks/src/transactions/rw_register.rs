//! Dependencies between transactions over registers: who read whose write is known, because every value is written at
//! most once to a key; who replaced which version only as far as an order of versions can be inferred (see
//! [`super::versions`]).
//!
//! Only what a transaction shows to others counts: the first read of a key that it did not write before, and its last
//! write (Elle §5; Adya's external reads and final writes). Deliberately absent: cycles.

use sim_core::value::{Micro, Value};

use super::explain::Explain;
use super::findings::Findings;
use super::hubs::Hubs;
use super::log::{Rows, register, shorten};
use super::order::{RW, WR, WW};
use super::{End, Inferred, Log, Options, inside, versions};
use crate::graph::Edge;
use crate::intern::Table;
use crate::verdict::{Witness, WitnessEdge};

const NONE: u32 = u32::MAX;

/// One value of one key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Version {
    pub key: u32,
    /// The failed transaction that wrote it.
    aborted: u32,
    /// The transaction that wrote it and then another.
    intermediate: u32,
}

/// What a transaction that may have happened shows of one key.
#[derive(Clone, Copy, Debug)]
pub(super) struct External {
    pub txn: u32,
    pub key: u32,
    /// The version it read from others; only if it ended ok.
    pub read: Option<u32>,
    /// The version it left.
    pub wrote: Option<u32>,
}

/// Everything about the registers of a history.
pub(super) struct Registers<'l> {
    pub log: &'l Log<'l>,
    pub versions: Table<(u32, &'l Value), Version>,
    pub external: Vec<External>,
    /// The ok transactions that left each version, and that read it.
    pub writers: Rows,
    pub readers: Rows,
    /// The pairs of versions whose order is known.
    pairs: Vec<(u32, u32)>,
}

/// Infers dependencies and finds the anomalies that are no cycles.
pub(crate) fn infer<'l>(log: &'l Log<'l>, options: &Options) -> Result<Inferred<'l>, String> {
    let mut findings = Findings::default();
    let mut registers = Registers {
        log,
        versions: Table::default(),
        external: Vec::new(),
        writers: Rows::default(),
        readers: Rows::default(),
        pairs: Vec::new(),
    };
    registers.collect()?;
    registers.index();
    registers.bad_reads(&mut findings);
    inside::internal(log, None, &mut findings);
    inside::lost_updates(log, &mut findings);
    registers.pairs = versions::known(&registers, options, &mut findings);
    let mut edges = Vec::new();
    registers.reads(&mut edges)?;
    let hubs = registers.dependencies(&mut edges);
    Ok(Inferred {
        edges,
        depends: false,
        hubs,
        findings,
        priority: [WR, WW, RW],
        explainer: Box::new(registers),
    })
}

impl<'l> Registers<'l> {
    fn version(&mut self, key: u32, value: &'l Value) -> u32 {
        let blank = Version { key, aborted: NONE, intermediate: NONE };
        let entry = self.versions.entry((key, value));
        let number = entry.index() as u32;
        entry.or_insert(blank);
        number
    }

    /// The initial version of the key of a version: the first number of each key.
    pub fn initial(&self, version: u32) -> u32 {
        self.versions[version as usize].key
    }

    pub fn is_initial(&self, version: u32) -> bool {
        (version as usize) < self.log.keys.len()
    }

    pub fn value(&self, version: u32) -> &'l Value {
        self.versions.get_index(version as usize).expect("a number of this table").0.1
    }

    /// Numbers the versions, and collects what each transaction shows.
    fn collect(&mut self) -> Result<(), String> {
        const NIL: &Value = &Value::Nil;
        for key in 0..self.log.keys.len() as u32 {
            self.version(key, NIL);
        }
        for (i, txn) in self.log.numbered() {
            let begin = self.external.len();
            for (key, step) in self.log.steps(i) {
                let at = self.external[begin..].iter().position(|e| e.key == key);
                let at = at.map_or_else(
                    || {
                        self.external.push(External { txn: i, key, read: None, wrote: None });
                        self.external.len() - 1
                    },
                    |at| begin + at,
                );
                let fresh = self.external[at].read.is_none() && self.external[at].wrote.is_none();
                match step {
                    Micro::Read(_, read) => {
                        let version = self.version(key, register(read));
                        if txn.end == End::Ok && fresh {
                            self.external[at].read = Some(version);
                        }
                    }
                    Micro::Write(_, value) => {
                        let version = self.version(key, value);
                        if txn.end == End::Failed {
                            self.versions[version as usize].aborted = i;
                        }
                        if let Some(before) = self.external[at].wrote.replace(version) {
                            self.versions[before as usize].intermediate = i;
                        }
                    }
                    Micro::Append(_, value) => {
                        let key = self.log.called(key);
                        let who = self.log.describe(i);
                        return Err(format!(
                            "{who} appends {value} to key {key}; registers are only written and read"
                        ));
                    }
                }
            }
            if txn.end == End::Failed {
                self.external.truncate(begin);
            }
        }
        self.external.retain(|e| e.read.is_some() || e.wrote.is_some());
        Ok(())
    }

    fn index(&mut self) {
        let ok = |e: &&External| self.log.txns[e.txn as usize].end == End::Ok;
        let wrote = self.external.iter().filter(ok).filter_map(|e| e.wrote.map(|v| (v, e.txn)));
        let read = self.external.iter().filter_map(|e| e.read.map(|v| (v, e.txn)));
        let (wrote, read): (Vec<_>, Vec<_>) = (wrote.collect(), read.collect());
        self.writers = Rows::new(self.versions.len(), &wrote);
        self.readers = Rows::new(self.versions.len(), &read);
    }

    /// Reads of what was aborted, and of what was not the last write.
    fn bad_reads(&self, findings: &mut Findings) {
        for (i, _) in self.log.numbered().filter(|(_, txn)| txn.end == End::Ok) {
            for (key, step) in self.log.steps(i) {
                let Micro::Read(_, read) = step else { continue };
                let value = register(read);
                let Some(version) = self.versions.get(&(key, value)) else { continue };
                if version.aborted != NONE {
                    findings.add("G1a", || {
                        let why = "but T1 was aborted";
                        self.dirty("G1a", version.aborted, i, step, "a transaction saw an aborted write", why)
                    });
                }
                if version.intermediate != NONE && version.intermediate != i {
                    findings.add("G1b", || {
                        let why = "yet T1 wrote the key again afterwards";
                        self.dirty(
                            "G1b",
                            version.intermediate,
                            i,
                            step,
                            "a transaction saw another half done",
                            why,
                        )
                    });
                }
            }
        }
    }

    fn dirty(
        &self,
        anomaly: &str,
        writer: u32,
        reader: u32,
        step: &Micro,
        headline: &str,
        why: &str,
    ) -> Witness {
        let (from, to) = (self.log.entry(writer), self.log.entry(reader));
        Witness {
            anomaly: anomaly.to_string(),
            headline: headline.to_string(),
            story: vec![
                format!("T1 is {}.", self.log.describe(writer)),
                format!("T2 is {}.", self.log.describe(reader)),
                format!("T2's step {} saw what T1 wrote, {why}.", shorten(&self.log.step(step))),
            ],
            entries: vec![from, to],
            edges: vec![WitnessEdge { from, to, why: "wr".to_string() }],
        }
    }

    /// From each writer to those who read its version.
    fn reads(&self, edges: &mut Vec<Edge>) -> Result<(), String> {
        for version in 0..self.versions.len() as u32 {
            let (writers, readers) = (self.writers.row(version), self.readers.row(version));
            let ([writer, more @ ..], false) = (writers, readers.is_empty()) else { continue };
            if let Some(other) = more.first() {
                return Err(format!(
                    "{} was written to key {} twice, by operations {} and {}: nobody can tell which one was read",
                    self.value(version),
                    self.log.called(self.versions[version as usize].key),
                    self.log.entry(*writer),
                    self.log.entry(*other),
                ));
            }
            let others = readers.iter().filter(|reader| *reader != writer);
            edges.extend(others.map(|reader| Edge::new(*writer, *reader, WR)));
        }
        Ok(())
    }

    /// From the writers and readers of each version to the writers of the ones known to follow it.
    fn dependencies(&self, edges: &mut Vec<Edge>) -> Hubs {
        let mut hubs = Hubs::new(self.log.txns.len());
        for group in self.pairs.chunk_by(|a, b| a.0 == b.0) {
            let before = group[0].0;
            let late = group.iter().flat_map(|(_, after)| self.writers.row(*after));
            let late: Vec<u32> = late.copied().collect();
            for writer in &late {
                let others = self.writers.row(before).iter().filter(|txn| *txn != writer);
                edges.extend(others.map(|txn| Edge::new(*txn, *writer, WW)));
            }
            hubs.join(self.readers.row(before), &late, edges);
        }
        hubs
    }
}

impl Explain for Registers<'_> {
    fn reason(&self, from: u32, to: u32, label: u8, names: (&str, &str)) -> Option<String> {
        let (a, b) = names;
        let of = |txn: u32| {
            let begin = self.external.partition_point(|e| e.txn < txn);
            self.external[begin..].iter().take_while(move |e| e.txn == txn)
        };
        for earlier in of(from) {
            for later in of(to).filter(|e| e.key == earlier.key) {
                let key = self.log.called(later.key);
                let known = |x: Option<u32>, y: Option<u32>| {
                    let pair = (x?, y?);
                    self.pairs.binary_search(&pair).ok().map(|_| (self.value(pair.0), self.value(pair.1)))
                };
                match label {
                    WR if earlier.wrote.is_some() && earlier.wrote == later.read => {
                        let value = self.value(later.read?);
                        return Some(format!("{b} read key {key} = {value}, which {a} wrote"));
                    }
                    WW => {
                        if let Some((x, y)) = known(earlier.wrote, later.wrote) {
                            return Some(format!("{a} set key {key} to {x} and {b} to {y}, a later version"));
                        }
                    }
                    RW => {
                        if let Some((x, y)) = known(earlier.read, later.wrote) {
                            return Some(format!(
                                "{a} read key {key} = {x}, and {b} replaced it by the later {y}"
                            ));
                        }
                    }
                    _ => {}
                }
            }
        }
        None
    }
}
