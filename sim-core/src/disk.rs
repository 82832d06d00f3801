//! A node's disk: files of bytes. What is written is seen by the node at once, but is durable only after a sync that
//! follows it completes; a crash loses the rest.
//!
//! Bytes rather than typed records, so that every way in which disks fail (a torn write, a flipped bit, a stale
//! sector) happens to what a model really wrote, and a model that claims to survive it has to parse. Each file's
//! unsynced changes are kept in order, so a later fault may let any of them reach the platter.

use serde::{Deserialize, Serialize};

use crate::random::Rng;
use crate::random::distribution::Distribution;
use crate::time::{Span, Time};
use crate::units::Bandwidth;

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

/// A file's number within its node's disk.
pub type FileId = u32;

/// The number of a sync, from 1 up in each life of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SyncId(pub u32);

/// How a sync ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SyncResult {
    /// Everything written before it is durable.
    Durable,
    /// The disk could not; what was written before it may or may not be durable.
    Failed,
}

/// How fast a disk is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiskConfig {
    /// How long a sync takes, apart from the bytes it moves.
    pub sync: Distribution,
    /// Bytes a second that a sync moves; `None` for no limit.
    #[serde(default)]
    pub bandwidth: Option<Bandwidth>,
}

impl DiskConfig {
    /// A disk that syncs in no time at all.
    pub const INSTANT: DiskConfig = DiskConfig { sync: Distribution::ZERO, bandwidth: None };
}

/// A change that has not been synced.
#[derive(Clone, Debug)]
struct Unsynced {
    file: FileId,
    change: Change,
    /// The sync that will make it durable: the one begun next after it.
    sync: u32,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    /// The next `len` bytes of `Disk::pending`, written at `offset`.
    Write { offset: u64, len: usize },
    /// Cut to this length.
    Truncate { len: u64 },
}

/// A few files by number; a node has one or two, so a search is a glance.
#[derive(Clone, Debug, Default)]
struct Files(Vec<(FileId, Vec<u8>)>);

impl Files {
    fn get(&self, file: FileId) -> &[u8] {
        self.0.iter().find(|(id, _)| *id == file).map_or(&[], |(_, bytes)| bytes)
    }
    fn entry(&mut self, file: FileId) -> &mut Vec<u8> {
        let place = self.0.iter().position(|(id, _)| *id == file).unwrap_or_else(|| {
            self.0.push((file, Vec::new()));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }
}

/// The files of one node.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// What the node sees.
    seen: Files,
    /// What a crash leaves.
    durable: Files,
    /// Unsynced changes, oldest first.
    unsynced: Vec<Unsynced>,
    /// The bytes of unsynced writes.
    pending: Vec<u8>,
    syncs: u32,
    /// When the disk is done with the syncs it was given.
    pub(crate) busy_until: Time,
    /// Syncs take this many times as long, for each fault that says so.
    pub(crate) slow: Vec<(u32, f64)>,
    /// This share of syncs fails, for each fault that says so.
    pub(crate) failing: Vec<(u32, f64)>,
}

impl Disk {
    /// A file's bytes as the node sees them; empty if it does not exist.
    #[must_use]
    pub fn read(&self, file: FileId) -> &[u8] {
        self.seen.get(file)
    }

    /// A file's bytes as a crash would leave them.
    #[must_use]
    pub fn read_durable(&self, file: FileId) -> &[u8] {
        self.durable.get(file)
    }

    /// The files that exist.
    pub fn files(&self) -> impl Iterator<Item = FileId> + '_ {
        self.seen.0.iter().map(|(id, _)| *id)
    }

    pub(crate) fn append(&mut self, file: FileId, bytes: &[u8]) {
        let offset = self.read(file).len() as u64;
        self.write(file, offset, bytes);
    }

    pub(crate) fn write(&mut self, file: FileId, offset: u64, bytes: &[u8]) {
        put(self.seen.entry(file), offset, bytes);
        self.pending.extend_from_slice(bytes);
        self.note(file, Change::Write { offset, len: bytes.len() });
    }

    pub(crate) fn truncate(&mut self, file: FileId, len: u64) {
        self.seen.entry(file).truncate(usize::try_from(len).unwrap_or(usize::MAX));
        self.note(file, Change::Truncate { len });
    }

    fn note(&mut self, file: FileId, change: Change) {
        self.unsynced.push(Unsynced { file, change, sync: self.syncs + 1 });
    }

    pub(crate) fn begin_sync(&mut self) -> SyncId {
        self.syncs += 1;
        SyncId(self.syncs)
    }

    /// How many bytes a sync moves that the one before it did not.
    pub(crate) fn dirty_bytes(&self, sync: SyncId) -> u64 {
        self.unsynced
            .iter()
            .filter(|unsynced| unsynced.sync == sync.0)
            .map(|unsynced| if let Change::Write { len, .. } = unsynced.change { len as u64 } else { 0 })
            .sum()
    }

    /// Makes everything durable that was written before this sync was begun.
    pub(crate) fn complete_sync(&mut self, sync: SyncId) {
        let done = self.unsynced.partition_point(|unsynced| unsynced.sync <= sync.0);
        let mut used = 0;
        for unsynced in self.unsynced.drain(..done) {
            let file = self.durable.entry(unsynced.file);
            match unsynced.change {
                Change::Write { offset, len } => {
                    put(file, offset, &self.pending[used..used + len]);
                    used += len;
                }
                Change::Truncate { len } => file.truncate(usize::try_from(len).unwrap_or(usize::MAX)),
            }
        }
        self.pending.drain(..used);
    }

    /// The power fails: what was not synced is gone.
    pub(crate) fn crash(&mut self) {
        self.unsynced.clear();
        self.pending.clear();
        self.syncs = 0;
        self.busy_until = Time::ZERO;
        self.seen.0.clone_from(&self.durable.0);
    }

    /// The power fails while the disk writes: each sector of what was not synced reaches the platter or does not.
    pub(crate) fn tear(&mut self, rng: &mut Rng) {
        let share = rng.unit();
        let mut used = 0;
        for unsynced in &self.unsynced {
            let file = self.durable.entry(unsynced.file);
            match unsynced.change {
                Change::Write { offset, len } => {
                    let bytes = &self.pending[used..used + len];
                    used += len;
                    let end = offset as usize + len;
                    if file.len() < end {
                        file.resize(end, 0);
                    }
                    let mut at = offset as usize;
                    while at < end {
                        let next = end.min((at / SECTOR + 1) * SECTOR);
                        if rng.chance(share) {
                            file[at..next]
                                .copy_from_slice(&bytes[at - offset as usize..next - offset as usize]);
                        }
                        at = next;
                    }
                }
                Change::Truncate { len } => {
                    if rng.chance(share) {
                        file.truncate(usize::try_from(len).unwrap_or(usize::MAX));
                    }
                }
            }
        }
        self.crash();
    }

    /// Flips bits of what is durable; the next boot sees it.
    pub(crate) fn flip(&mut self, bits: u32, rng: &mut Rng) {
        let total: u64 = self.durable.0.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        for _ in 0..bits {
            let (place, bit) = (rng.below(total.max(1)), rng.below(8));
            let mut left = place as usize;
            for (_, bytes) in &mut self.durable.0 {
                if left < bytes.len() {
                    bytes[left] ^= 1 << bit;
                    break;
                }
                left -= bytes.len();
            }
        }
    }

    /// The chance that a sync fails now.
    pub(crate) fn failure(&self) -> f64 {
        1.0 - self.failing.iter().map(|(_, share)| 1.0 - share).product::<f64>()
    }

    /// The disk is replaced by an empty one.
    pub(crate) fn wipe(&mut self) {
        self.durable.0.clear();
        self.crash();
    }

    /// Changes what is durable of a file while nobody looks, and what the next boot sees with it.
    pub(crate) fn damage(&mut self, file: FileId, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.durable.entry(file));
        self.crash();
    }

    /// How many times as long a sync takes now.
    pub(crate) fn slowdown(&self) -> f64 {
        self.slow.iter().map(|(_, factor)| factor).product()
    }

    /// A process that stops while its machine goes on: the operating system still flushes what was written.
    pub(crate) fn flush(&mut self) {
        self.complete_sync(SyncId(u32::MAX));
        self.crash();
    }
}

impl DiskConfig {
    /// How long a sync of this many bytes takes, given a drawn base.
    pub(crate) fn sync_time(&self, base: Span, bytes: u64, slowdown: f64) -> Span {
        let moving = self.bandwidth.map_or(Span::ZERO, |bandwidth| bandwidth.time_for(bytes));
        let total = base.saturating_add(moving);
        if slowdown > 1.0 { total.times(slowdown) } else { total }
    }
}

fn put(file: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let offset = usize::try_from(offset).expect("a file fits in memory");
    if file.len() < offset {
        file.resize(offset, 0);
    }
    let over = bytes.len().min(file.len() - offset);
    file[offset..offset + over].copy_from_slice(&bytes[..over]);
    file.extend_from_slice(&bytes[over..]);
}

#[cfg(test)]
mod tests {
    use super::{Disk, SyncId};
    use crate::random::Rng;

    #[test]
    fn a_crash_keeps_what_was_synced_and_nothing_else() {
        let mut disk = Disk::default();
        disk.append(0, b"one ");
        let first = disk.begin_sync();
        disk.append(0, b"two ");
        disk.append(1, b"other");
        assert_eq!(disk.dirty_bytes(first), 4);
        let second = disk.begin_sync();
        assert_eq!(disk.dirty_bytes(second), 9);
        disk.complete_sync(first);
        assert_eq!((disk.read(0), disk.read_durable(0)), (&b"one two "[..], &b"one "[..]));
        let mut later = disk.clone();
        disk.crash();
        assert_eq!((disk.read(0), disk.read(1)), (&b"one "[..], &b""[..]));
        later.complete_sync(second);
        later.crash();
        assert_eq!((later.read(0), later.read(1)), (&b"one two "[..], &b"other"[..]));
        assert_eq!(later.files().collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn a_torn_write_leaves_whole_sectors_in_any_order() {
        let mut seen = std::collections::BTreeSet::new();
        for key in 0..200 {
            let mut disk = Disk::default();
            disk.append(0, &[1; 300]);
            let sync = disk.begin_sync();
            disk.complete_sync(sync);
            disk.append(0, &[2; 1_000]);
            disk.tear(&mut Rng::from_key(key));
            assert_eq!((disk.read(0).len(), &disk.read(0)[..300]), (1_300, &[1; 300][..]));
            // The write touches three sectors: bytes 300 to 511, 512 to 1023, 1024 to 1299.
            let sectors = [300..512, 512..1_024, 1_024..1_300].map(|range| {
                let bytes = &disk.read(0)[range];
                assert!(bytes.iter().all(|byte| *byte == bytes[0]));
                bytes[0]
            });
            seen.insert(sectors);
        }
        assert_eq!(seen.len(), 8, "each subset of the three: {seen:?}");
    }

    #[test]
    fn flipped_bits_show_at_the_next_boot() {
        let mut disk = Disk::default();
        disk.append(3, &[0; 64]);
        let sync = disk.begin_sync();
        disk.complete_sync(sync);
        disk.flip(1, &mut Rng::from_key(1));
        assert!(disk.read(3).iter().all(|byte| *byte == 0));
        disk.crash();
        assert_eq!(disk.read(3).iter().map(|byte| byte.count_ones()).sum::<u32>(), 1);
        Disk::default().flip(5, &mut Rng::from_key(1));
    }

    #[test]
    fn writes_overlap_grow_and_are_cut_in_order() {
        let mut disk = Disk::default();
        disk.write(7, 2, b"abcd");
        disk.write(7, 4, b"XYZ");
        disk.truncate(7, 6);
        disk.truncate(7, 100);
        assert_eq!(disk.read(7), b"\0\0abXY");
        let sync = disk.begin_sync();
        disk.complete_sync(sync);
        disk.crash();
        assert_eq!(disk.read(7), b"\0\0abXY");
    }

    #[test]
    fn numbers_of_a_dead_life_start_again_and_wiping_leaves_nothing() {
        let mut disk = Disk::default();
        disk.append(0, b"x");
        assert_eq!(disk.begin_sync(), SyncId(1));
        disk.flush();
        assert_eq!(disk.read(0), b"x");
        assert_eq!(disk.begin_sync(), SyncId(1));
        disk.wipe();
        assert_eq!(disk.read(0), b"");
    }
}
