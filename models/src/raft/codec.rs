//! How promises, entries and snapshots are written as records of the log on disk, and read back.
//!
//! Reading answers `None` for bytes that are no such record, which only a log without checksums can hold.

use std::sync::Arc;

use sim_core::peer::Peer;

use super::entry::{Command, Entry, Index, Payload, Position, Term};
use super::membership::Membership;
use super::snapshot::Snapshot;
use crate::wal;
use crate::wal::bytes::{Count, Reader, Sink, Writer};

/// A record of the log on disk.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Record {
    /// The term, and the vote given in it.
    Promise(Term, Option<Peer>),
    /// An entry; it replaces whatever stood at its place and behind it.
    Entry(Entry),
    /// A snapshot; it replaces everything up to its end.
    Snapshot(Snapshot),
}

/// Writes a promise.
pub(super) fn write_promise(out: &mut Vec<u8>, term: Term, vote: Option<Peer>) {
    let mut writer = Writer(out);
    writer.byte(1);
    writer.number(term);
    writer.number(vote.map_or(0, |peer| u64::from(peer.raw()) + 1));
}

impl wal::Record for Entry {
    #[inline(always)]
    fn size(&self) -> usize {
        self.bytes_on_disk(count) as usize
    }
    fn write(&self, out: &mut Vec<u8>) {
        write_entry(out, self);
    }
}

/// How many bytes an entry takes as a record.
#[inline(never)]
fn count(entry: &Entry) -> u32 {
    let mut count = Count::default();
    write_entry(&mut count, entry);
    count.0 as u32
}

/// Writes an entry.
fn write_entry<S: Sink>(out: &mut S, entry: &Entry) {
    let mut writer = Writer(out);
    writer.byte(2);
    writer.number(entry.index);
    writer.number(entry.term);
    match &entry.payload {
        Payload::Noop => writer.byte(0),
        Payload::Command(command) => {
            writer.byte(1);
            writer.number(u64::from(command.process));
            writer.number(u64::from(command.serial));
            writer.operation(&command.operation);
        }
        Payload::Membership(membership) => {
            writer.byte(2);
            write_membership(&mut writer, membership);
        }
    }
}

/// Writes a snapshot.
pub(super) fn write_snapshot(out: &mut Vec<u8>, snapshot: &Snapshot) {
    let mut writer = Writer(out);
    writer.byte(3);
    writer.number(snapshot.position.index);
    writer.number(snapshot.position.term);
    writer.number(snapshot.position.chain);
    write_membership(&mut writer, &snapshot.membership);
    writer.bytes(&snapshot.state);
}

fn write_membership<S: Sink>(writer: &mut Writer<'_, S>, membership: &Membership) {
    for list in [&membership.voters, &membership.outgoing, &membership.learners] {
        writer.number(list.len() as u64);
        list.iter().for_each(|peer| writer.number(u64::from(peer.raw())));
    }
    writer.number(u64::from(membership.lines_done));
}

/// Reads a record.
pub(super) fn read(bytes: &[u8]) -> Option<Record> {
    let mut reader = Reader(bytes);
    let record = match reader.byte()? {
        1 => {
            let term = reader.number()?;
            let vote = match reader.number()? {
                0 => None,
                raw => Some(peer(raw - 1)?),
            };
            Record::Promise(term, vote)
        }
        2 => Record::Entry(read_entry(&mut reader)?),
        3 => Record::Snapshot(Snapshot {
            position: Position { index: reader.number()?, term: reader.number()?, chain: reader.number()? },
            membership: Arc::new(read_membership(&mut reader)?),
            state: reader.bytes()?.into(),
        }),
        _ => return None,
    };
    reader.is_empty().then_some(record)
}

fn read_entry(reader: &mut Reader<'_>) -> Option<Entry> {
    let (index, term): (Index, Term) = (reader.number()?, reader.number()?);
    let payload = match reader.byte()? {
        0 => Payload::Noop,
        1 => Payload::Command(Command {
            process: u32::try_from(reader.number()?).ok()?,
            serial: u32::try_from(reader.number()?).ok()?,
            operation: reader.operation()?,
        }),
        2 => Payload::Membership(Arc::new(read_membership(reader)?)),
        _ => return None,
    };
    Some(Entry::new(index, term, payload))
}

fn read_membership(reader: &mut Reader<'_>) -> Option<Membership> {
    let mut list = || {
        let count = reader.count()?;
        (0..count).map(|_| peer(reader.number()?)).collect::<Option<Vec<Peer>>>()
    };
    let (voters, outgoing, learners) = (list()?, list()?, list()?);
    let lines_done = u32::try_from(reader.number()?).ok()?;
    (!voters.is_empty()).then_some(Membership { voters, outgoing, learners, lines_done })
}

fn peer(raw: u64) -> Option<Peer> {
    u32::try_from(raw).ok().filter(|raw| *raw < 1 << 31).map(Peer::node)
}

#[cfg(test)]
mod tests {
    use super::{Record, read, wal, write_entry, write_promise, write_snapshot};
    use crate::raft::entry::{Command, Entry, Payload, Position};
    use crate::raft::membership::Membership;
    use crate::raft::snapshot::Snapshot;
    use sim_core::peer::Peer;
    use sim_core::value::{Call, Key, Operation};
    use std::sync::Arc;

    #[test]
    fn records_read_back_as_written() {
        let membership =
            Arc::new(Membership { learners: vec![Peer::node(4)], ..Membership::of(vec![Peer::node(0)]) });
        let operation = Operation { key: Some(Key(3)), call: Call::Write(5.into()) };
        let entries = [
            Payload::Noop,
            Payload::Command(Command { process: 300, serial: 2, operation }),
            Payload::Membership(membership.clone()),
        ];
        let mut records: Vec<Record> =
            entries.into_iter().map(|payload| Record::Entry(Entry::new(700, 3, payload))).collect();
        let position = Position { index: 9, term: 2, chain: u64::MAX };
        records.push(Record::Snapshot(Snapshot { position, membership, state: vec![1, 2, 3].into() }));
        records.push(Record::Promise(7, None));
        records.push(Record::Promise(8, Some(Peer::node(2))));
        for record in records {
            let mut bytes = Vec::new();
            match &record {
                Record::Promise(term, vote) => write_promise(&mut bytes, *term, *vote),
                Record::Entry(entry) => write_entry(&mut bytes, entry),
                Record::Snapshot(snapshot) => write_snapshot(&mut bytes, snapshot),
            }
            if let Record::Entry(entry) = &record {
                assert_eq!(wal::Record::size(entry), bytes.len());
            }
            assert_eq!(read(&bytes), Some(record));
            for len in 0..bytes.len() {
                assert_eq!(read(&bytes[..len]), None);
            }
        }
    }
}
