//! A write-ahead log on a node's disk: records appended, made durable in groups, read back at boot. It knows no
//! protocol; what records mean is their owner's business.
//!
//! Two files take turns. A checkpoint opens the other file with whatever the owner needs from then on, and the file
//! before it is emptied once that is durable. Until then neither may be written over, so another checkpoint meanwhile
//! begins the log anew within its file. Every record is framed with a checksum (`frame`), with its log's generation and
//! with how much of its file was known to be durable. So at boot a tail that was torn by a crash, which nobody was
//! promised, is told from damage to what had been promised: the one is left behind, the other refused. What was made
//! durable last, with no later frame to say so, or with the only such frame lost in the same sector, cannot be told
//! apart; [`Wal::mark`] writes such a frame, and its owner calls it now and then. (Alagappan et al., "Protocol-Aware Recovery for Consensus-Based Storage", FAST'18, on why
//! this matters.)
//!
//! A file with a torn tail is never appended to: cutting the tail off is a change like any other, which the next crash
//! may undo, and frames of the dead life would stand behind those of the new one. What is sound of it is copied to
//! the other file, as a generation later than any that can be read on the disk.
//!
//! Deliberately absent: the repair of what was refused from other nodes' copies.

pub mod bytes;
mod frame;
mod record;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use sim_core::disk::{Disk, FileId, SyncId, SyncResult};
use sim_core::node::Context;

use self::frame::{Generation, Head, Kind, Place, Scan, scan};
use self::record::Frames;
pub use self::record::{Never, Record};

/// How much has been written in a life: whoever waits for something to be durable keeps the number.
pub type Ticket = u64;

/// What was found at boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing: the first boot, or an empty disk.
    Fresh,
    /// Everything as it was written.
    Clean,
    /// A torn tail of so many bytes, which had not been made durable, was left behind.
    Repaired(usize),
    /// Something that had been made durable is damaged, or no file is complete: the log must not be used.
    Refused,
}

/// A write-ahead log that is open. Records `R` are written when somebody looks at the file; others at once.
#[derive(Debug)]
pub struct Wal<R = Never> {
    files: [FileId; 2],
    active: usize,
    generation: Generation,
    /// The latest generation of which anything could be read, or that was begun since.
    latest: u32,
    checksums: bool,
    /// The length of the active file.
    len: u64,
    /// How much of the active file is known to be durable.
    durable_len: u64,
    /// What the last frame written says is durable.
    marked: u64,
    written: Ticket,
    durable: Ticket,
    /// Syncs under way: their number, what they cover, and the generation and its file's length then.
    syncs: VecDeque<(SyncId, Ticket, Generation, u64)>,
    /// The other file is to be emptied once this is durable.
    replaces: Option<Ticket>,
    /// Where frames are made that are written at once.
    buffer: Vec<u8>,
    /// Those of the active file that are not.
    unmade: Rc<Frames<R>>,
}

/// What opening a log gives.
#[derive(Debug)]
pub struct Opened<R = Never> {
    /// The log, to be appended to.
    pub wal: Wal<R>,
    /// What was found.
    pub recovery: Recovery,
    /// Where the records are in the file [`Wal::file`] names, oldest first. Empty where the log was refused.
    pub records: Vec<Range<usize>>,
}

impl Wal {
    /// What opening it would find, without touching it: the state, the file, and the records in it.
    #[must_use]
    pub fn peek(files: [FileId; 2], checksums: bool, disk: &Disk) -> (Recovery, FileId, Vec<Range<usize>>) {
        let scans = files.map(|file| scan(disk.read(file), checksums));
        let (recovery, active) = choose(&scans);
        let [first, second] = scans;
        let chosen = if active == 0 { first } else { second };
        let usable = matches!(recovery, Recovery::Clean | Recovery::Repaired(_));
        (recovery, files[active], if usable { chosen.records } else { Vec::new() })
    }
}

impl<R: Record + 'static> Wal<R> {
    /// Opens the log in these two files, leaving a torn tail behind.
    pub fn open<M, T>(files: [FileId; 2], checksums: bool, ctx: &mut Context<'_, M, T>) -> Opened<R> {
        let scans = files.map(|file| scan(ctx.read(file), checksums));
        let (recovery, active) = choose(&scans);
        let latest = scans.iter().map(Scan::latest).max().unwrap_or(0);
        let [first, second] = scans;
        let chosen = if active == 0 { first } else { second };
        let generation = chosen.generation.unwrap_or_default();
        let mut wal = Wal {
            files,
            active,
            generation,
            latest,
            checksums,
            len: chosen.end as u64,
            durable_len: chosen.end as u64,
            marked: chosen.durable,
            written: 0,
            durable: 0,
            syncs: VecDeque::new(),
            replaces: None,
            buffer: Vec::new(),
            unmade: Frames::none(generation, checksums),
        };
        let mut records = chosen.records;
        match recovery {
            Recovery::Refused => return Opened { wal, recovery, records: Vec::new() },
            Recovery::Fresh => {
                records.clear();
                wal.begin(true, ctx);
                wal.complete(ctx);
            }
            Recovery::Repaired(_) => {
                wal.copy(&mut records, ctx);
                wal.sync(ctx);
            }
            Recovery::Clean => {
                let other = wal.files[1 - wal.active];
                if !ctx.read(other).is_empty() {
                    ctx.truncate(other, 0);
                }
            }
        }
        Opened { wal, recovery, records }
    }

    /// Turns to the other file with these records, and says where they are then.
    fn copy<M, T>(&mut self, records: &mut [Range<usize>], ctx: &mut Context<'_, M, T>) {
        let old = ctx.read(self.file()).to_vec();
        self.begin(false, ctx);
        for record in records {
            let start = self.len as usize + frame::HEAD;
            self.append(ctx, |out| out.extend_from_slice(&old[record.clone()]));
            *record = start..self.len as usize;
        }
        self.complete(ctx);
    }

    /// The file that holds the records.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.files[self.active]
    }

    /// Appends a record; `contents` writes it, at once.
    pub fn append<M, T>(&mut self, ctx: &mut Context<'_, M, T>, contents: impl FnOnce(&mut Vec<u8>)) {
        self.frame(ctx, Kind::Record, contents);
    }

    /// Appends a record that is written when somebody looks at the file.
    #[inline(always)]
    pub fn append_record<M, T>(&mut self, ctx: &mut Context<'_, M, T>, record: &Rc<R>) {
        self.frame_later(ctx, Some(record));
    }

    /// Leaves the frame of a record, or else of a mark, to be made later; at once where the file does not end with the log: then
    /// damage follows, which its owner goes on in spite of.
    #[inline(always)]
    fn frame_later<M, T>(&mut self, ctx: &mut Context<'_, M, T>, record: Option<&Rc<R>>) {
        if ctx.len(self.file()) as u64 != self.len {
            return self.frame(ctx, record::kind(record), |out| record::write(record, out));
        }
        let bytes = frame::HEAD + record.map_or(0, |record| record.size());
        self.unmade.add(record.cloned(), self.durable_len);
        ctx.append_owed(self.file(), &self.unmade, bytes);
        self.wrote(bytes);
    }

    /// Puts a frame together where frames are made, and writes it.
    fn frame<M, T>(&mut self, ctx: &mut Context<'_, M, T>, kind: Kind, contents: impl FnOnce(&mut Vec<u8>)) {
        let mut frame = std::mem::take(&mut self.buffer);
        frame.clear();
        let (head, place) = self.next(kind);
        frame::append(&mut frame, head, place, contents);
        ctx.write(self.file(), self.len, &frame);
        self.wrote(frame.len());
        self.buffer = frame;
    }

    /// The next frame's head and place.
    fn next(&self, kind: Kind) -> (Head, Place) {
        let head = Head { kind, generation: self.generation, durable: self.durable_len };
        (head, Place { offset: self.len, checksums: self.checksums })
    }

    /// A frame of so many bytes was written.
    #[inline(always)]
    fn wrote(&mut self, bytes: usize) {
        self.marked = self.durable_len;
        self.len += bytes as u64;
        self.written += bytes as u64;
    }

    /// Begins the log anew. What is appended from here to [`Wal::complete`] must be all that is needed at boot.
    pub fn checkpoint<M, T>(&mut self, ctx: &mut Context<'_, M, T>) {
        if self.replaces.is_some() {
            // This file is not durable and the other is still needed, so it goes on in this one.
            self.frame(ctx, Kind::Opening, |_| ());
        } else {
            self.begin(false, ctx);
        }
    }

    /// Turns to the other file. `first` if nothing was promised before.
    fn begin<M, T>(&mut self, first: bool, ctx: &mut Context<'_, M, T>) {
        self.active = 1 - self.active;
        ctx.truncate(self.file(), 0);
        self.generation = Generation(self.latest).next(first);
        self.latest = self.generation.number();
        self.unmade = Frames::none(self.generation, self.checksums);
        (self.len, self.durable_len) = (0, 0);
        self.frame(ctx, Kind::Opening, |_| ());
    }

    /// Ends what [`Wal::checkpoint`] began. The file before is emptied once this one is durable.
    pub fn complete<M, T>(&mut self, ctx: &mut Context<'_, M, T>) {
        self.frame(ctx, Kind::Complete, |_| ());
        self.replaces = Some(self.written);
    }

    /// What has been written so far.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        self.written
    }

    /// What is durable of that.
    #[must_use]
    pub fn durable(&self) -> Ticket {
        self.durable
    }

    /// What the sync under way will make durable; what is already, if there is none.
    #[must_use]
    pub fn under_way(&self) -> Ticket {
        self.syncs.back().map_or(self.durable, |(_, ticket, ..)| *ticket)
    }

    /// The length of the file.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing has been written to the file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Begins a sync if something needs one and none is under way: the next covers what is written meanwhile.
    #[inline(always)]
    pub fn sync<M, T>(&mut self, ctx: &mut Context<'_, M, T>) {
        if self.syncs.is_empty() && self.written > self.durable {
            let sync = ctx.sync();
            self.syncs.push_back((sync, self.written, self.generation, self.len));
        }
    }

    /// A sync ended. Answers whether the disk could do it; if not, nothing can be said of the disk any more.
    #[must_use]
    #[inline(always)]
    pub fn synced<M, T>(&mut self, sync: SyncId, result: SyncResult, ctx: &mut Context<'_, M, T>) -> bool {
        while let Some(&(under_way, ticket, generation, len)) = self.syncs.front() {
            if under_way > sync {
                break;
            }
            self.syncs.pop_front();
            if result == SyncResult::Failed {
                return false;
            }
            self.durable = ticket;
            if generation == self.generation {
                self.durable_len = len;
            }
        }
        if self.replaces.is_some_and(|ticket| ticket <= self.durable) {
            self.replaces = None;
            ctx.truncate(self.files[1 - self.active], 0);
        }
        self.sync(ctx);
        true
    }

    /// Writes down how much is durable, unless the last frame says so already, and syncs that.
    pub fn mark<M, T>(&mut self, ctx: &mut Context<'_, M, T>) {
        if self.checksums && self.durable_len > self.marked && self.syncs.is_empty() {
            self.frame_later(ctx, None);
            // The mark itself need not be marked.
            self.marked = self.len;
            self.sync(ctx);
        }
    }
}

/// Which file to use, and in what state the log is.
fn choose(scans: &[Scan; 2]) -> (Recovery, usize) {
    // A first log goes to file 0.
    const FRESH: (Recovery, usize) = (Recovery::Fresh, 1);
    if scans.iter().all(Scan::is_empty) {
        return FRESH;
    }
    let number = |i: &usize| scans[*i].generation.map_or(0, Generation::number);
    let active = (0..2).filter(|i| scans[*i].complete).max_by_key(number);
    let least = active.as_ref().map_or(0, number);
    if scans.iter().any(|scan| scan.lost_durable(least)) {
        return (Recovery::Refused, 0);
    }
    let Some(active) = active else {
        // A first log that is not complete was never durable, so nothing had been promised: some of it did not reach
        // the disk, its opening perhaps, though what follows may have.
        let all_first = scans[0].behind.iter().all(|(generation, _)| generation.is_first());
        let never = all_first && scans[0].generation.map_or(scans[0].unopened, Generation::is_first);
        return if never && scans[1].is_empty() { FRESH } else { (Recovery::Refused, 0) };
    };
    match scans[active].damaged {
        0 => (Recovery::Clean, active),
        damaged => (Recovery::Repaired(damaged), active),
    }
}
