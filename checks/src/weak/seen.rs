//! What sessions saw, in dense numbers: committed transactions, whom each of their reads came from, what each wrote.
//!
//! A transaction whose end is unknown counts as committed if somebody read it, else as if it never was. Deliberately
//! absent: any order beyond that of the sessions.

use sim_core::value::{Micro, Value};

use crate::intern::Table;
use crate::naming::Named;
use crate::transactions::{End, Log};
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
    /// The members of each session in order. One of unknown end whose process went on meanwhile holds up nobody: it is a
    /// session of its own.
    pub sessions: Vec<Vec<u32>>,
    /// Of each such one the member of another session that it follows; `u32::MAX` for all others.
    pub after: Vec<u32>,
    /// Where each one's reads begin in `reads`, in the order of its steps, own writes left out.
    read_starts: Vec<u32>,
    reads: Vec<Read>,
    /// Where each one's written keys begin in `writes`, ascending.
    write_starts: Vec<u32>,
    writes: Vec<u32>,
}

impl<'h> Seen<'h> {
    /// The sessions of a history, or at once a verdict: a read that no order can explain, or a history that cannot be
    /// judged because a value does not say who wrote it.
    pub fn new(history: impl Into<Named<'h>>, initial: &Value) -> Result<Seen<'h>, Verdict> {
        let log = Log::new(history);
        let (history, named) = (log.history, log.named);
        let writers = Writers::new(&log)?;
        let found = writers.of_reads(&log, initial)?;
        let committed = committed(&log, &writers, &found);
        let steps = log.step_keys.len() / 2;
        let mut seen = Seen {
            txns: vec![NONE],
            session: vec![NONE],
            place: vec![0],
            sessions: Vec::new(),
            after: vec![NONE],
            read_starts: vec![0, 0],
            reads: Vec::with_capacity(steps),
            write_starts: vec![0, 0],
            writes: Vec::with_capacity(steps),
            log: Log { history, named, txns: Vec::new(), step_keys: Vec::new(), keys: Vec::new() },
        };
        let mut numbers = vec![NONE; log.txns.len()];
        let mut last: Table<u32, u32> = Table::default();
        for (i, txn) in log.numbered().filter(|(i, _)| committed[*i as usize]) {
            last.insert(txn.process, i);
        }
        let mut by_process: Table<u32, u32> = Table::default();
        for (i, txn) in log.numbered().filter(|(i, _)| committed[*i as usize]) {
            let number = seen.txns.len() as u32;
            numbers[i as usize] = number;
            let fresh = seen.sessions.len() as u32;
            let its = by_process.get(&txn.process).copied();
            let is_overtaken = txn.end == End::Unknown && last[&txn.process] != i;
            let after = its.filter(|_| is_overtaken).and_then(|its| seen.sessions[its as usize].last());
            seen.after.push(after.copied().unwrap_or(NONE));
            let session = match its {
                _ if is_overtaken => fresh,
                Some(its) => its,
                None => {
                    by_process.insert(txn.process, fresh);
                    fresh
                }
            };
            if session == fresh {
                seen.sessions.push(Vec::new());
            }
            seen.txns.push(i);
            seen.session.push(session);
            seen.place.push(seen.sessions[session as usize].len() as u32);
            seen.sessions[session as usize].push(number);
        }
        let mut own = vec![NONE; log.keys.len()];
        for number in 1..seen.txns.len() {
            seen.steps(&log, seen.txns[number], &numbers, (&writers, &found), &mut own)?;
        }
        drop(writers);
        seen.log = log;
        Ok(seen)
    }

    /// Takes in one transaction's steps. `own` has for every key the last write that was met, whosever it was.
    fn steps(
        &mut self,
        log: &Log<'_>,
        txn: u32,
        numbers: &[u32],
        (writers, found): (&Writers<'_>, &[u32]),
        own: &mut [u32],
    ) -> Result<(), Verdict> {
        let it = &log.txns[txn as usize];
        let told = it.end == End::Ok || it.is_cas;
        let mut write = writers.starts[txn as usize];
        let begin = self.writes.len();
        for (at, (key, step)) in (it.first as usize..).zip(log.steps(txn)) {
            let mine = own[key as usize];
            let is_mine = mine != NONE && writers.txns[mine as usize] == txn;
            match step {
                Micro::Write(..) => {
                    own[key as usize] = write;
                    write += 1;
                    if !is_mine {
                        self.writes.push(key);
                    }
                }
                Micro::Read(_, Some(_)) if told => {
                    let from = found[at];
                    if is_mine {
                        if from != mine {
                            return Err(bad_own_read(log, txn, step, writers.values[mine as usize]));
                        }
                        continue;
                    }
                    let from = match from {
                        BEFORE_ALL => INITIAL,
                        NONE => return Err(thin_air(log, txn, step)),
                        write => {
                            writers.check(log, txn, step, write)?;
                            numbers[writers.txns[write as usize] as usize]
                        }
                    };
                    self.reads.push(Read { key, from });
                }
                Micro::Read(..) | Micro::Append(..) => {}
            }
        }
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

    /// The member of its process that came directly before, in its session or another.
    pub fn before(&self, number: u32) -> Option<u32> {
        let session = self.sessions.get(self.session[number as usize] as usize)?;
        match self.place[number as usize] {
            0 => Some(self.after[number as usize]).filter(|after| *after != NONE),
            place => Some(session[place as usize - 1]),
        }
    }

    /// Whether this is the number of an initial version.
    pub fn is_initial(&self, version: u32) -> bool {
        version as usize >= self.writes.len()
    }

    /// The transaction that wrote a version, by its number.
    pub fn writer(&self, version: u32) -> u32 {
        if self.is_initial(version) {
            return INITIAL;
        }
        self.write_starts.partition_point(|start| *start <= version) as u32 - 1
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

/// The write that is none: of the initial values.
const BEFORE_ALL: u32 = u32::MAX - 1;

/// Every write, numbered in the order of the steps, and by its key and value.
struct Writers<'l> {
    /// The number of each transaction's first write.
    starts: Vec<u32>,
    /// Of each write its transaction, its value, and whether it is the last of its key there.
    txns: Vec<u32>,
    values: Vec<&'l Value>,
    last: Vec<bool>,
    /// The writes of whole numbers, open addresses: whoever reads one looks at one place in memory.
    slots: Vec<Slot>,
    /// All others.
    others: Table<(u32, &'l Value), u32>,
}

#[derive(Clone, Copy)]
struct Slot {
    value: i64,
    key: u32,
    write: u32,
}

impl<'l> Writers<'l> {
    fn new(log: &'l Log<'_>) -> Result<Writers<'l>, Verdict> {
        let expected = log.step_keys.len() / 2;
        let empty = Slot { value: 0, key: 0, write: NONE };
        let mut writers = Writers {
            starts: Vec::with_capacity(log.txns.len()),
            txns: Vec::with_capacity(expected),
            values: Vec::with_capacity(expected),
            last: Vec::new(),
            slots: vec![empty; (2 * expected + 8).next_power_of_two()],
            others: Table::default(),
        };
        let mut latest = vec![NONE; log.keys.len()];
        for (i, _) in log.numbered() {
            let first = writers.txns.len() as u32;
            writers.starts.push(first);
            for (key, step) in log.steps(i) {
                let value = match step {
                    Micro::Write(_, value) => value,
                    Micro::Append(..) if log.txns[i as usize].end != End::Failed => {
                        return Err(Verdict::Unknown(format!(
                            "{} appends; only values written whole say who wrote them",
                            log.describe(i)
                        )));
                    }
                    Micro::Append(..) | Micro::Read(..) => continue,
                };
                let write = writers.txns.len() as u32;
                writers.txns.push(i);
                writers.values.push(value);
                writers.last.push(true);
                let before = std::mem::replace(&mut latest[key as usize], write);
                if before != NONE && before >= first {
                    writers.last[before as usize] = false;
                }
                if let Some(other) = writers.insert(key, value, write) {
                    return Err(Verdict::Unknown(format!(
                        "{value} was written to key {} twice, by operations {} and {}: nobody can tell which one was read",
                        log.called(key),
                        log.entry(writers.txns[other as usize]),
                        log.entry(i)
                    )));
                }
            }
        }
        Ok(writers)
    }

    /// The slot of a number, or the empty one where it belongs.
    #[inline]
    fn slot(&self, key: u32, value: i64) -> usize {
        let mask = self.slots.len() - 1;
        let word = (value as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(key);
        let word = word.wrapping_mul(0xd6e8_feb8_6659_fd93);
        let mut at = (word >> 32) as usize & mask;
        loop {
            let slot = &self.slots[at];
            if slot.write == NONE || slot.value == value && slot.key == key {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds a write; answers the one that wrote the same value to the same key before.
    fn insert(&mut self, key: u32, value: &'l Value, write: u32) -> Option<u32> {
        let Value::Int(value) = value else { return self.others.insert((key, value), write) };
        if 2 * self.txns.len() > self.slots.len() {
            self.grow();
        }
        let at = self.slot(key, *value);
        let slot = Slot { value: *value, key, write };
        let before = std::mem::replace(&mut self.slots[at], slot);
        (before.write != NONE).then_some(before.write)
    }

    fn grow(&mut self) {
        let empty = Slot { value: 0, key: 0, write: NONE };
        let fresh = vec![empty; self.slots.len() * 2];
        for slot in std::mem::replace(&mut self.slots, fresh) {
            if slot.write != NONE {
                let at = self.slot(slot.key, slot.value);
                self.slots[at] = slot;
            }
        }
    }

    #[inline]
    fn get(&self, key: u32, value: &Value) -> u32 {
        match value {
            Value::Int(value) => self.slots[self.slot(key, *value)].write,
            other => self.others.get(&(key, other)).copied().unwrap_or(NONE),
        }
    }

    /// The write of a list of siblings that ended last: a read of several is as new as the newest. None if it is no such
    /// list, or one of them was never written.
    fn newest_sibling(&self, log: &Log<'_>, key: u32, value: &Value) -> u32 {
        let Value::List(siblings) = value else { return NONE };
        let writes: Vec<u32> = siblings.iter().map(|own| self.get(key, own)).collect();
        if writes.contains(&NONE) {
            return NONE;
        }
        let ended = |write: &u32| log.txns[self.txns[*write as usize] as usize].completed;
        writes.into_iter().max_by_key(ended).unwrap_or(NONE)
    }

    /// For each step that is a read, the write that it saw. Where it is not told what was read, it may be anything.
    fn of_reads(&self, log: &Log<'_>, initial: &Value) -> Result<Vec<u32>, Verdict> {
        let mut found = vec![NONE; log.step_keys.len()];
        let mut unclear = None;
        for (i, txn) in log.numbered() {
            for (at, (key, step)) in (txn.first as usize..).zip(log.steps(i)) {
                let Micro::Read(_, Some(value)) = step else { continue };
                let write = match self.get(key, value) {
                    NONE => self.newest_sibling(log, key, value),
                    write => write,
                };
                found[at] = match (value == initial, write) {
                    (true, NONE) => BEFORE_ALL,
                    (true, _) => {
                        unclear = unclear.or(Some((key, write, value)));
                        write
                    }
                    (false, _) => write,
                };
            }
        }
        match unclear {
            None => Ok(found),
            Some((key, write, value)) => Err(Verdict::Unknown(format!(
                "key {} held {value} at first, and operation {} wrote that too: nobody can tell which one was read",
                log.called(key),
                log.entry(self.txns[write as usize])
            ))),
        }
    }

    /// Refuses a read of what was aborted, of what the writer replaced itself, and of what the reader writes only
    /// later.
    fn check(&self, log: &Log<'_>, reader: u32, step: &Micro, write: u32) -> Result<(), Verdict> {
        let writer = self.txns[write as usize];
        let (anomaly, why) = match log.txns[writer as usize].end {
            _ if writer == reader => ("future-read", "which the same transaction writes only later"),
            End::Failed => ("G1a", "which was written by a transaction that was aborted"),
            _ if !self.last[write as usize] => {
                ("G1b", "which its writer replaced within the same transaction")
            }
            _ => return Ok(()),
        };
        let (from, to) = (log.entry(writer), log.entry(reader));
        let told = log.step(step);
        Err(Verdict::Fail(Box::new(Witness {
            anomaly: anomaly.to_string(),
            headline: format!("{told} saw a value {why}"),
            story: vec![
                format!("T1 is {}.", log.describe(writer)),
                format!("T2 is {}.", log.describe(reader)),
                format!("T2's step {told} saw what T1 wrote, {why}."),
            ],
            entries: vec![from, to],
            edges: vec![WitnessEdge { from, to, why: "wr".to_string() }],
        })))
    }
}

/// Which transactions happened: those that say so, and those of unknown end that somebody read.
fn committed(log: &Log<'_>, writers: &Writers<'_>, found: &[u32]) -> Vec<bool> {
    let mut committed: Vec<bool> = log.txns.iter().map(|txn| txn.end == End::Ok).collect();
    if log.txns.iter().all(|txn| txn.end == End::Ok) {
        return committed;
    }
    // A compare-and-set that happened saw what it replaced, so what it saw happened too, and so on.
    let mut left: Vec<u32> = (0..log.txns.len() as u32).filter(|&i| committed[i as usize]).collect();
    while let Some(i) = left.pop() {
        let txn = &log.txns[i as usize];
        for &write in &found[txn.first as usize..][..txn.steps.len()] {
            let Some(&writer) = writers.txns.get(write as usize) else { continue };
            if log.txns[writer as usize].end == End::Unknown && !committed[writer as usize] {
                committed[writer as usize] = true;
                if log.txns[writer as usize].is_cas {
                    left.push(writer);
                }
            }
        }
    }
    committed
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

pub(super) fn thin_air(log: &Log<'_>, txn: u32, step: &Micro) -> Verdict {
    let headline = "a value was read that nobody wrote".to_string();
    alone(
        log,
        txn,
        "thin-air read",
        headline,
        format!("No operation wrote what its step {} saw.", log.step(step)),
    )
}

fn bad_own_read(log: &Log<'_>, txn: u32, step: &Micro, mine: &Value) -> Verdict {
    let headline = "a transaction did not see its own write".to_string();
    alone(
        log,
        txn,
        "internal",
        headline,
        format!("Its step {} had to see {mine}, which it had just written.", log.step(step)),
    )
}
