//! A node's disk: files of bytes. What is written is seen by the node at once, but is durable only after a sync that
//! follows it completes; a crash loses the rest.
//!
//! Bytes rather than typed records, so that every way in which disks fail (a torn write, a flipped bit, a stale
//! sector) happens to what a model really wrote, and a model that claims to survive it has to parse. Each file's
//! unsynced changes are kept in order, so a later fault may let any of them reach the platter. Bytes at a file's end may be
//! [`Owed`]: they are made when somebody looks.

mod file;
mod seen;

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use self::file::{Change, Durable, File, size};
pub use self::seen::Owed;
use self::seen::Seen;
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

/// The files of one node.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// In the order in which they came; a node has one or two, so a search is a glance.
    files: Vec<File>,
    /// Unsynced changes, oldest first.
    unsynced: Vec<Unsynced>,
    /// The bytes of unsynced writes that their file may not have any more, one write's after another's: of those within a file, and
    /// of all before a file was written within or cut.
    kept: Vec<u8>,
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

    #[inline]
    fn file(&mut self, file: FileId) -> &mut File {
        let place = self.files.iter().position(|other| other.id == file).unwrap_or_else(|| self.create(file));
        &mut self.files[place]
    }

    #[cold]
    fn create(&mut self, file: FileId) -> usize {
        let durable = Durable::Prefix(0);
        self.files.push(File { id: file, seen: Seen::default(), durable, lasting: false, damaged: false });
        self.files.len() - 1
    }

    /// A file's bytes as the node sees them; empty if it does not exist.
    #[must_use]
    pub fn read(&self, file: FileId) -> &[u8] {
        self.find(file).map_or(&[], |file| file.seen.bytes())
    }

    /// How many bytes the node sees of a file; none if it does not exist.
    #[must_use]
    #[inline]
    pub fn len(&self, file: FileId) -> usize {
        self.find(file).map_or(0, |file| file.seen.len())
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

    #[inline]
    pub(crate) fn append(&mut self, file: FileId, bytes: &[u8]) {
        let offset = self.len(file) as u64;
        self.write(file, offset, bytes);
    }

    #[inline(always)]
    pub(crate) fn write(&mut self, file: FileId, offset: u64, bytes: &[u8]) {
        let seen = &mut self.file(file).seen;
        if offset != seen.len() as u64 {
            return self.write_within(file, offset, bytes);
        }
        seen.append(bytes);
        self.note(file, Change::Write { offset, len: bytes.len() });
    }

    /// Adds bytes at the end that `owed` makes when somebody looks.
    #[inline(always)]
    pub(crate) fn append_owed<O: Owed + 'static>(&mut self, file: FileId, owed: &Rc<O>, len: usize) {
        let seen = &mut self.file(file).seen;
        let offset = seen.len() as u64;
        seen.owe(owed, len);
        self.note(file, Change::Write { offset, len });
    }

    #[cold]
    fn write_within(&mut self, file: FileId, offset: u64, bytes: &[u8]) {
        self.keep(file);
        self.file(file).write_within(offset, bytes);
        self.kept.extend_from_slice(bytes);
        self.note(file, Change::Kept { offset, len: bytes.len() });
    }

    pub(crate) fn truncate(&mut self, file: FileId, len: u64) {
        if len < self.len(file) as u64 {
            self.keep(file);
        }
        self.file(file).truncate(len);
        self.note(file, Change::Truncate { len });
    }

    /// What is not synced of a file's writes is put aside, before the file is changed there.
    fn keep(&mut self, file: FileId) {
        let is_there =
            |unsynced: &Unsynced| unsynced.file == file && matches!(unsynced.change, Change::Write { .. });
        if !self.unsynced.iter().any(is_there) {
            return;
        }
        let mut kept = Vec::new();
        let mut used = 0;
        for unsynced in &mut self.unsynced {
            match unsynced.change {
                Change::Kept { len, .. } => {
                    kept.extend_from_slice(&self.kept[used..used + len]);
                    used += len;
                }
                Change::Write { offset, len } if unsynced.file == file => {
                    let seen =
                        self.files.iter().find(|other| other.id == file).map_or(&[][..], |f| f.seen.bytes());
                    kept.extend_from_slice(&seen[size(offset)..size(offset) + len]);
                    unsynced.change = Change::Kept { offset, len };
                }
                Change::Write { .. } | Change::Truncate { .. } => {}
            }
        }
        self.kept = kept;
    }

    #[inline]
    fn note(&mut self, file: FileId, change: Change) {
        self.unsynced.push(Unsynced { file, change, sync: self.syncs + 1 });
    }

    #[inline]
    pub(crate) fn begin_sync(&mut self) -> SyncId {
        self.syncs += 1;
        SyncId(self.syncs)
    }

    /// The number of the sync that was begun last, in this life.
    #[inline]
    pub(crate) fn latest_sync(&self) -> SyncId {
        SyncId(self.syncs)
    }

    /// How many bytes a sync moves that the one before it did not.
    pub(crate) fn dirty_bytes(&self, sync: SyncId) -> u64 {
        self.unsynced
            .iter()
            .filter(|unsynced| unsynced.sync == sync.0)
            .map(|unsynced| match unsynced.change {
                Change::Write { len, .. } | Change::Kept { len, .. } => len as u64,
                Change::Truncate { .. } => 0,
            })
            .sum()
    }

    /// Makes everything durable that was written before this sync was begun.
    #[inline(always)]
    pub(crate) fn complete_sync(&mut self, sync: SyncId) {
        let all = self.unsynced.last().is_none_or(|last| last.sync <= sync.0);
        if all && self.files.iter().all(|file| file.lasting && !file.damaged) {
            return self.complete_all();
        }
        self.complete_some(sync);
    }

    /// All that was written is durable now, as it is seen.
    #[inline(always)]
    fn complete_all(&mut self) {
        self.unsynced.clear();
        self.kept.clear();
        self.files.iter_mut().for_each(File::settled);
    }

    fn complete_some(&mut self, sync: SyncId) {
        // In the order in which they were made, so the first that is not covered ends it.
        let done = self.unsynced.iter().take_while(|unsynced| unsynced.sync <= sync.0).count();
        let mut used = 0;
        for Unsynced { file, change, .. } in &self.unsynced[..done] {
            let Some(file) = self.files.iter_mut().find(|other| other.id == *file) else { continue };
            let len = if let Change::Kept { len, .. } = change { *len } else { 0 };
            file.settle(*change, &self.kept[used..used + len]);
            used += len;
        }
        if done < self.unsynced.len() {
            self.unsynced.drain(..done);
            self.kept.drain(..used);
        } else {
            self.complete_all();
        }
    }

    /// The power fails: what was not synced is gone.
    pub(crate) fn crash(&mut self) {
        self.unsynced.clear();
        self.kept.clear();
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
            let bytes = match unsynced.change {
                Change::Write { offset, len } => file.seen.made()[size(offset)..size(offset) + len].to_vec(),
                Change::Kept { len, .. } => {
                    used += len;
                    self.kept[used - len..used].to_vec()
                }
                Change::Truncate { .. } => Vec::new(),
            };
            file.change_durable(|durable| match unsynced.change {
                Change::Write { offset, len } | Change::Kept { offset, len } => {
                    let end = offset as usize + len;
                    if durable.len() < end {
                        durable.resize(end, 0);
                    }
                    let mut at = offset as usize;
                    while at < end {
                        let next = end.min((at / SECTOR + 1) * SECTOR);
                        if rng.chance(share) {
                            durable[at..next]
                                .copy_from_slice(&bytes[at - offset as usize..next - offset as usize]);
                        }
                        at = next;
                    }
                }
                Change::Truncate { len } => {
                    if rng.chance(share) {
                        durable.truncate(size(len));
                    }
                }
            });
        }
        self.crash();
    }

    /// Flips bits of what is durable; the next boot sees it.
    pub(crate) fn flip(&mut self, bits: u32, rng: &mut Rng) {
        let total: u64 = self.files.iter().map(|file| file.durable_len() as u64).sum();
        for _ in 0..bits {
            let (place, bit) = (rng.below(total.max(1)), rng.below(8));
            let mut left = place as usize;
            for file in &mut self.files {
                let len = file.durable_len();
                if left < len {
                    file.change_durable(|durable| durable[left] ^= 1 << bit);
                    file.damaged = true;
                    break;
                }
                left -= len;
            }
        }
    }

    /// Whether a sync fails, given a draw.
    #[inline]
    pub(crate) fn fails(&self, rng: &mut Rng) -> bool {
        !self.failing.is_empty() && rng.chance(self.failure())
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
        damaged.change_durable(change);
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

#[cfg(test)]
mod tests;
