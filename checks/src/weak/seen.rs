//! What sessions saw, in dense numbers: committed transactions, whom each of their reads came from, what each wrote.
//!
//! A transaction whose end is unknown counts as committed if somebody read it, else as if it never was. Deliberately
//! absent: any order beyond that of the sessions.

use sim_core::history::History;
use sim_core::value::{Micro, Value};

use crate::intern::Table;
use crate::transactions::{End, Log, register};
use crate::verdict::{Verdict, Witness, WitnessEdge};

/// The transaction that wrote the initial values, before all others.
pub(crate) const INITIAL: u32 = 0;
const NONE: u32 = u32::MAX;

/// A read that came from another transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub key: u32,
    pub from: u32,
}

/// Sessions of committed transactions. Number 0 is the initial one, in no session.
#[derive(Debug)]
pub(crate) struct Seen<'h> {
    pub log: Log<'h>,
    /// For each number its transaction in the log; `u32::MAX` for the initial one.
    pub txns: Vec<u32>,
    /// The session of each, and its place there.
    pub session: Vec<u32>,
    pub place: Vec<u32>,
    /// The members of each session in order.
    pub sessions: Vec<Vec<u32>>,
    /// Where each one's reads begin in `reads`, in the order of its steps, own writes left out.
    read_starts: Vec<u32>,
    reads: Vec<Read>,
    /// Where each one's written keys begin in `writes`, ascending.
    write_starts: Vec<u32>,
    writes: Vec<u32>,
}

/// Who wrote a value.
#[derive(Clone, Copy)]
struct Writer {
    txn: u32,
    /// Whether it is that transaction's last write of the key.
    last: bool,
}

impl<'h> Seen<'h> {
    /// The sessions of a history, or at once a verdict: a read that no order can explain, or a history that cannot be
    /// judged because one value was written twice.
    pub fn new(history: &'h History, initial: &Value) -> Result<Seen<'h>, Verdict> {
        let log = Log::new(history);
        let writers = writers(&log)?;
        let committed = committed(&log, &writers);
        let mut seen = Seen {
            txns: vec![NONE],
            session: vec![NONE],
            place: vec![0],
            sessions: Vec::new(),
            read_starts: vec![0, 0],
            reads: Vec::with_capacity(log.step_keys.len() / 2),
            write_starts: vec![0, 0],
            writes: Vec::with_capacity(log.step_keys.len() / 2),
            log: Log { history, txns: Vec::new(), step_keys: Vec::new(), keys: Vec::new() },
        };
        let mut numbers = vec![NONE; log.txns.len()];
        let mut by_process: Table<u32, u32> = Table::default();
        for (i, txn) in log.numbered().filter(|(i, _)| committed[*i as usize]) {
            let number = seen.txns.len() as u32;
            numbers[i as usize] = number;
            let next = by_process.len() as u32;
            let session = *by_process.entry(txn.process).or_insert(next);
            if session as usize == seen.sessions.len() {
                seen.sessions.push(Vec::new());
            }
            seen.txns.push(i);
            seen.session.push(session);
            seen.place.push(seen.sessions[session as usize].len() as u32);
            seen.sessions[session as usize].push(number);
        }
        for number in 1..seen.txns.len() {
            seen.steps(&log, seen.txns[number], &numbers, &writers, initial)?;
        }
        drop(writers);
        seen.log = log;
        Ok(seen)
    }

    /// Takes in one transaction's steps.
    fn steps(
        &mut self,
        log: &Log<'_>,
        txn: u32,
        numbers: &[u32],
        writers: &Table<(u32, &Value), Writer>,
        initial: &Value,
    ) -> Result<(), Verdict> {
        let mut own: Vec<(u32, &Value)> = Vec::new();
        for (key, step) in log.steps(txn) {
            match step {
                Micro::Write(_, value) => match own.iter_mut().find(|(k, _)| *k == key) {
                    Some((_, last)) => *last = value,
                    None => own.push((key, value)),
                },
                Micro::Read(_, read) if log.txns[txn as usize].end == End::Ok => {
                    let value = register(read);
                    if let Some((_, mine)) = own.iter().find(|(k, _)| *k == key) {
                        if value != *mine {
                            return Err(bad_own_read(log, txn, step, mine));
                        }
                        continue;
                    }
                    let from = match writers.get(&(key, value)) {
                        Some(writer) => {
                            check_writer(log, txn, step, *writer)?;
                            numbers[writer.txn as usize]
                        }
                        None if value == initial => INITIAL,
                        None => match newest_sibling(log, key, value, writers) {
                            Some(writer) => {
                                check_writer(log, txn, step, writer)?;
                                numbers[writer.txn as usize]
                            }
                            None => return Err(thin_air(log, txn, step)),
                        },
                    };
                    self.reads.push(Read { key, from });
                }
                Micro::Read(..) | Micro::Append(..) => {}
            }
        }
        let begin = self.writes.len();
        self.writes.extend(own.iter().map(|(key, _)| *key));
        self.writes[begin..].sort_unstable();
        self.read_starts.push(self.reads.len() as u32);
        self.write_starts.push(self.writes.len() as u32);
        Ok(())
    }

    /// How many there are, the initial one included.
    pub fn len(&self) -> usize {
        self.txns.len()
    }

    /// What it read from others, in the order of its steps.
    pub fn reads(&self, number: u32) -> &[Read] {
        &self.reads
            [self.read_starts[number as usize] as usize..self.read_starts[number as usize + 1] as usize]
    }

    /// The keys it wrote, ascending.
    pub fn writes(&self, number: u32) -> &[u32] {
        &self.writes
            [self.write_starts[number as usize] as usize..self.write_starts[number as usize + 1] as usize]
    }

    /// Whether it wrote the key. The initial transaction wrote every key.
    pub fn wrote(&self, number: u32, key: u32) -> bool {
        number == INITIAL || self.writes(number).binary_search(&key).is_ok()
    }

    /// How many versions there are: of each key the initial one, and one for each key that a transaction wrote.
    pub fn versions(&self) -> usize {
        self.writes.len() + self.log.keys.len()
    }

    /// The number of the version of a key that a transaction wrote; of the initial transaction, the initial version.
    pub fn version(&self, number: u32, key: u32) -> u32 {
        let begin = self.write_starts[number as usize];
        match self.writes(number).binary_search(&key) {
            Ok(at) => begin + at as u32,
            Err(_) => self.writes.len() as u32 + key,
        }
    }

    /// The position in the history; none for the initial one.
    pub fn entry(&self, number: u32) -> Option<usize> {
        (number != INITIAL).then(|| self.log.entry(self.txns[number as usize]))
    }

    /// In words.
    pub fn describe(&self, number: u32) -> String {
        match number {
            INITIAL => "the initial state".to_string(),
            _ => self.log.describe(self.txns[number as usize]),
        }
    }
}

/// Who wrote each value.
fn writers<'l>(log: &'l Log<'_>) -> Result<Table<(u32, &'l Value), Writer>, Verdict> {
    let hasher = std::hash::BuildHasherDefault::default();
    let mut writers: Table<(u32, &'l Value), Writer> =
        Table::with_capacity_and_hasher(log.step_keys.len() / 2, hasher);
    let mut last: Vec<(u32, usize)> = Vec::new();
    for (i, _) in log.numbered() {
        last.clear();
        for (key, step) in log.steps(i) {
            let Micro::Write(_, value) = step else { continue };
            let (at, before) = writers.insert_full((key, value), Writer { txn: i, last: true });
            if let Some(before) = before {
                return Err(Verdict::Unknown(format!(
                    "{value} was written to key {} twice, by operations {} and {}: nobody can tell which one was read",
                    log.keys[key as usize],
                    log.entry(before.txn),
                    log.entry(i)
                )));
            }
            match last.iter_mut().find(|(k, _)| *k == key) {
                Some((_, earlier)) => {
                    writers[*earlier].last = false;
                    *earlier = at;
                }
                None => last.push((key, at)),
            }
        }
    }
    Ok(writers)
}

/// The write of a list of siblings that ended last: a read of several is as new as the newest. `None` if it is no such
/// list, or one of them was never written.
fn newest_sibling(
    log: &Log<'_>,
    key: u32,
    value: &Value,
    writers: &Table<(u32, &Value), Writer>,
) -> Option<Writer> {
    let Value::List(siblings) = value else { return None };
    let all =
        siblings.iter().map(|own| writers.get(&(key, own)).copied()).collect::<Option<Vec<Writer>>>()?;
    all.into_iter().max_by_key(|writer| log.txns[writer.txn as usize].completed)
}

/// Which transactions happened: those that say so, and those of unknown end that somebody read.
fn committed(log: &Log<'_>, writers: &Table<(u32, &Value), Writer>) -> Vec<bool> {
    let mut committed: Vec<bool> = log.txns.iter().map(|txn| txn.end == End::Ok).collect();
    if log.txns.iter().all(|txn| txn.end == End::Ok) {
        return committed;
    }
    for (i, _) in log.numbered().filter(|(_, txn)| txn.end == End::Ok) {
        for (key, step) in log.steps(i) {
            let Micro::Read(_, read) = step else { continue };
            let one = std::slice::from_ref(register(read));
            let many = if let Value::List(siblings) = register(read) { siblings.as_slice() } else { &[] };
            for writer in one.iter().chain(many).filter_map(|own| writers.get(&(key, own))) {
                if log.txns[writer.txn as usize].end == End::Unknown {
                    committed[writer.txn as usize] = true;
                }
            }
        }
    }
    committed
}

/// Refuses a read of what was aborted, of what the writer replaced itself, and of what the reader writes only later.
fn check_writer(log: &Log<'_>, reader: u32, step: &Micro, writer: Writer) -> Result<(), Verdict> {
    let (anomaly, why) = match log.txns[writer.txn as usize].end {
        _ if writer.txn == reader => ("future-read", "which the same transaction writes only later"),
        End::Failed => ("G1a", "which was written by a transaction that was aborted"),
        _ if !writer.last => ("G1b", "which its writer replaced within the same transaction"),
        _ => return Ok(()),
    };
    let (from, to) = (log.entry(writer.txn), log.entry(reader));
    Err(Verdict::Fail(Box::new(Witness {
        anomaly: anomaly.to_string(),
        headline: format!("{step} saw a value {why}"),
        story: vec![
            format!("T1 is {}.", log.describe(writer.txn)),
            format!("T2 is {}.", log.describe(reader)),
            format!("T2's step {step} saw what T1 wrote, {why}."),
        ],
        entries: vec![from, to],
        edges: vec![WitnessEdge { from, to, why: "wr".to_string() }],
    })))
}

fn alone(log: &Log<'_>, txn: u32, anomaly: &str, headline: String, story: String) -> Verdict {
    Verdict::Fail(Box::new(Witness {
        anomaly: anomaly.to_string(),
        headline,
        story: vec![format!("T1 is {}.", log.describe(txn)), story],
        entries: vec![log.entry(txn)],
        edges: Vec::new(),
    }))
}

fn thin_air(log: &Log<'_>, txn: u32, step: &Micro) -> Verdict {
    let headline = "a value was read that nobody wrote".to_string();
    alone(log, txn, "thin-air read", headline, format!("No operation wrote what its step {step} saw."))
}

fn bad_own_read(log: &Log<'_>, txn: u32, step: &Micro, mine: &Value) -> Verdict {
    let headline = "a transaction did not see its own write".to_string();
    alone(
        log,
        txn,
        "internal",
        headline,
        format!("Its step {step} had to see {mine}, which it had just written."),
    )
}
