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
#[derive(Clone, Copy, Debug)]
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

/// A file: what the node sees of it, and what a crash would leave.
#[derive(Clone, Debug)]
struct File {
    id: FileId,
    seen: Vec<u8>,
    durable: Durable,
    /// Whether a crash leaves a file at all, if only an empty one.
    lasting: bool,
    /// Whether what is durable was damaged behind the node's back.
    damaged: bool,
}

/// What is durable of a file. One that is only ever written at its end need not be kept twice.
#[derive(Clone, Debug)]
enum Durable {
    /// So many of the bytes that the node sees, from the first on: all changes since were made at the end.
    Prefix(usize),
    /// Something else.
    Own(Vec<u8>),
}

impl File {
    fn durable(&self) -> &[u8] {
        match &self.durable {
            Durable::Prefix(len) => &self.seen[..*len],
            Durable::Own(bytes) => bytes,
        }
    }

    /// What is durable, in bytes of its own.
    fn own(&mut self) -> &mut Vec<u8> {
        if let Durable::Prefix(len) = self.durable {
            self.durable = Durable::Own(self.seen[..len].to_vec());
        }
        match &mut self.durable {
            Durable::Own(bytes) => bytes,
            Durable::Prefix(_) => unreachable!("it has just been given bytes of its own"),
        }
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) {
        if offset == self.seen.len() as u64 {
            return self.seen.extend_from_slice(bytes);
        }
        self.own();
        put(&mut self.seen, offset, bytes);
    }

    fn truncate(&mut self, len: u64) {
        let len = size(len);
        if len >= self.seen.len() {
            return;
        }
        if let Durable::Prefix(durable) = self.durable {
            // What it was stays behind as what is durable.
            let mut before = std::mem::take(&mut self.seen);
            self.seen.extend_from_slice(&before[..len]);
            before.truncate(durable);
            self.durable = Durable::Own(before);
        } else {
            self.seen.truncate(len);
        }
    }

    /// Makes a change durable; `bytes` are those of a write.
    fn settle(&mut self, change: Change, bytes: &[u8]) {
        self.lasting = true;
        match (&mut self.durable, change) {
            (Durable::Own(file), Change::Write { offset, .. }) => put(file, offset, bytes),
            (Durable::Own(file), Change::Truncate { len }) => file.truncate(size(len)),
            (Durable::Prefix(durable), Change::Write { offset, len }) => *durable = size(offset) + len,
            // It cut nothing off.
            (Durable::Prefix(_), Change::Truncate { .. }) => {}
        }
    }

    /// Nothing of it waits for a sync: unless it was damaged, what is durable is what is seen.
    fn settled(&mut self) {
        if !self.damaged {
            self.durable = Durable::Prefix(self.seen.len());
        }
    }

    /// The node sees what a crash left.
    fn revert(&mut self) {
        match std::mem::replace(&mut self.durable, Durable::Prefix(0)) {
            Durable::Prefix(len) => self.seen.truncate(len),
            Durable::Own(bytes) => self.seen = bytes,
        }
        self.durable = Durable::Prefix(self.seen.len());
        self.damaged = false;
    }
}

/// The files of one node.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// In the order in which they came; a node has one or two, so a search is a glance.
    files: Vec<File>,
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
    fn find(&self, file: FileId) -> Option<&File> {
        self.files.iter().find(|other| other.id == file)
    }

    fn file(&mut self, file: FileId) -> &mut File {
        let place = self.files.iter().position(|other| other.id == file).unwrap_or_else(|| {
            let durable = Durable::Prefix(0);
            self.files.push(File { id: file, seen: Vec::new(), durable, lasting: false, damaged: false });
            self.files.len() - 1
        });
        &mut self.files[place]
    }

    /// A file's bytes as the node sees them; empty if it does not exist.
    #[must_use]
    pub fn read(&self, file: FileId) -> &[u8] {
        self.find(file).map_or(&[], |file| &file.seen)
    }

    /// A file's bytes as a crash would leave them.
    #[must_use]
    pub fn read_durable(&self, file: FileId) -> &[u8] {
        self.find(file).map_or(&[], File::durable)
    }

    /// The files that exist.
    pub fn files(&self) -> impl Iterator<Item = FileId> + '_ {
        self.files.iter().map(|file| file.id)
    }

    pub(crate) fn append(&mut self, file: FileId, bytes: &[u8]) {
        let offset = self.read(file).len() as u64;
        self.write(file, offset, bytes);
    }

    pub(crate) fn write(&mut self, file: FileId, offset: u64, bytes: &[u8]) {
        self.file(file).write(offset, bytes);
        self.pending.extend_from_slice(bytes);
        self.note(file, Change::Write { offset, len: bytes.len() });
    }

    pub(crate) fn truncate(&mut self, file: FileId, len: u64) {
        self.file(file).truncate(len);
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
        let (mut done, mut used) = (0, 0);
        // In the order in which they were made, so the first that is not covered ends it.
        while let Some(Unsynced { file, change, .. }) =
            self.unsynced.get(done).copied().filter(|unsynced| unsynced.sync <= sync.0)
        {
            done += 1;
            let Some(file) = self.files.iter_mut().find(|other| other.id == file) else { continue };
            let len = if let Change::Write { len, .. } = change { len } else { 0 };
            file.settle(change, &self.pending[used..used + len]);
            used += len;
        }
        if done < self.unsynced.len() {
            self.unsynced.drain(..done);
            self.pending.drain(..used);
        } else {
            self.unsynced.clear();
            self.pending.clear();
            self.files.iter_mut().for_each(File::settled);
        }
    }

    /// The power fails: what was not synced is gone.
    pub(crate) fn crash(&mut self) {
        self.unsynced.clear();
        self.pending.clear();
        self.syncs = 0;
        self.busy_until = Time::ZERO;
        self.files.retain(|file| file.lasting);
        self.files.iter_mut().for_each(File::revert);
    }

    /// The power fails while the disk writes: each sector of what was not synced reaches the platter or does not.
    pub(crate) fn tear(&mut self, rng: &mut Rng) {
        let share = rng.unit();
        let mut used = 0;
        for unsynced in &self.unsynced {
            let Some(file) = self.files.iter_mut().find(|other| other.id == unsynced.file) else { continue };
            file.lasting = true;
            let file = file.own();
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
                        file.truncate(size(len));
                    }
                }
            }
        }
        self.crash();
    }

    /// Flips bits of what is durable; the next boot sees it.
    pub(crate) fn flip(&mut self, bits: u32, rng: &mut Rng) {
        let total: u64 = self.files.iter().map(|file| file.durable().len() as u64).sum();
        for _ in 0..bits {
            let (place, bit) = (rng.below(total.max(1)), rng.below(8));
            let mut left = place as usize;
            for file in &mut self.files {
                let len = file.durable().len();
                if left < len {
                    file.own()[left] ^= 1 << bit;
                    file.damaged = true;
                    break;
                }
                left -= len;
            }
        }
    }

    /// The chance that a sync fails now.
    #[inline]
    pub(crate) fn failure(&self) -> f64 {
        if self.failing.is_empty() { 0.0 } else { share_of(&self.failing) }
    }

    /// The disk is replaced by an empty one.
    pub(crate) fn wipe(&mut self) {
        self.files.clear();
        self.crash();
    }

    /// Changes what is durable of a file while nobody looks, and what the next boot sees with it.
    pub(crate) fn damage(&mut self, file: FileId, change: impl FnOnce(&mut Vec<u8>)) {
        let damaged = self.file(file);
        damaged.lasting = true;
        change(damaged.own());
        self.crash();
    }

    /// How many times as long a sync takes now.
    #[inline]
    pub(crate) fn slowdown(&self) -> f64 {
        if self.slow.is_empty() { 1.0 } else { product_of(&self.slow) }
    }

    /// A process that stops while its machine goes on: the operating system still flushes what was written.
    pub(crate) fn flush(&mut self) {
        self.complete_sync(SyncId(u32::MAX));
        self.crash();
    }
}

/// The chance that one at least of these faults makes a sync fail.
#[cold]
fn share_of(faults: &[(u32, f64)]) -> f64 {
    1.0 - faults.iter().map(|(_, share)| 1.0 - share).product::<f64>()
}

/// How many times as long these faults make a sync take.
#[cold]
fn product_of(faults: &[(u32, f64)]) -> f64 {
    faults.iter().map(|(_, factor)| factor).product()
}

impl DiskConfig {
    /// How long a sync of so many bytes takes, given a drawn base.
    #[inline]
    pub(crate) fn sync_time(&self, base: Span, bytes: impl FnOnce() -> u64, slowdown: f64) -> Span {
        if self.bandwidth.is_none() && slowdown <= 1.0 {
            return base;
        }
        let moving = self.bandwidth.map_or(Span::ZERO, |bandwidth| bandwidth.time_for(bytes()));
        slower(base.saturating_add(moving), slowdown)
    }
}

#[cold]
fn slower(total: Span, slowdown: f64) -> Span {
    if slowdown > 1.0 { total.times(slowdown) } else { total }
}

/// A length in memory; what does not fit is longer than any file.
fn size(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
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
    use super::{Disk, FileId, SyncId};
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

    /// The dumb twin: everything is kept twice.
    #[derive(Clone, Default)]
    struct Twin {
        seen: Vec<(FileId, Vec<u8>)>,
        durable: Vec<(FileId, Vec<u8>)>,
        unsynced: Vec<(FileId, Edit, u32)>,
        syncs: u32,
    }

    #[derive(Clone)]
    enum Edit {
        Write(usize, Vec<u8>),
        Truncate(usize),
    }

    fn edit(files: &mut Vec<(FileId, Vec<u8>)>, file: FileId, edit: &Edit) {
        if !files.iter().any(|(id, _)| *id == file) {
            files.push((file, Vec::new()));
        }
        let (_, bytes) = files.iter_mut().find(|(id, _)| *id == file).expect("it is there");
        match edit {
            Edit::Write(offset, new) => {
                bytes.resize(bytes.len().max(offset + new.len()), 0);
                bytes[*offset..offset + new.len()].copy_from_slice(new);
            }
            Edit::Truncate(len) => bytes.truncate(*len),
        }
    }

    impl Twin {
        fn change(&mut self, file: FileId, change: Edit) {
            edit(&mut self.seen, file, &change);
            self.unsynced.push((file, change, self.syncs + 1));
        }
        fn complete(&mut self, sync: u32) {
            for (file, change, _) in self.unsynced.iter().filter(|(.., of)| *of <= sync) {
                edit(&mut self.durable, *file, change);
            }
            self.unsynced.retain(|(.., of)| *of > sync);
        }
        fn crash(&mut self) {
            self.unsynced.clear();
            self.syncs = 0;
            self.seen.clone_from(&self.durable);
        }
        fn flip(&mut self, rng: &mut Rng) {
            let total: u64 = self.durable.iter().map(|(_, bytes)| bytes.len() as u64).sum();
            let (place, bit) = (rng.below(total.max(1)), rng.below(8));
            if let Some(byte) = self.durable.iter_mut().flat_map(|(_, bytes)| bytes).nth(place as usize) {
                *byte ^= 1 << bit;
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn it_does_what_a_disk_does_that_keeps_everything_twice(
            steps in proptest::collection::vec((0u8..9, 0u32..2, 0usize..40, 0u8..250), 0..60),
        ) {
            let (mut disk, mut twin) = (Disk::default(), Twin::default());
            for (what, file, at, byte) in steps {
                let bytes = vec![byte; at % 7];
                match what {
                    0 | 1 => {
                        let end = disk.read(file).len();
                        disk.append(file, &bytes);
                        twin.change(file, Edit::Write(end, bytes));
                    }
                    2 => {
                        disk.write(file, at as u64, &bytes);
                        twin.change(file, Edit::Write(at, bytes));
                    }
                    3 => {
                        disk.truncate(file, at as u64);
                        twin.change(file, Edit::Truncate(at));
                    }
                    4 => {
                        disk.begin_sync();
                        twin.syncs += 1;
                    }
                    5 => {
                        let sync = twin.syncs.saturating_sub(at as u32 % 3);
                        disk.complete_sync(SyncId(sync));
                        twin.complete(sync);
                    }
                    6 => {
                        disk.flip(1, &mut Rng::from_key(at as u64));
                        twin.flip(&mut Rng::from_key(at as u64));
                    }
                    7 => {
                        disk.flush();
                        twin.complete(u32::MAX);
                        twin.crash();
                    }
                    _ => {
                        disk.crash();
                        twin.crash();
                    }
                }
                assert!(disk.files().eq(twin.seen.iter().map(|(id, _)| *id)));
                for file in 0..2 {
                    let of = |files: &[(FileId, Vec<u8>)]| {
                        files.iter().find(|(id, _)| *id == file).map_or(Vec::new(), |(_, bytes)| bytes.clone())
                    };
                    assert_eq!(disk.read(file), of(&twin.seen));
                    assert_eq!(disk.read_durable(file), of(&twin.durable));
                }
            }
        }
    }
}
