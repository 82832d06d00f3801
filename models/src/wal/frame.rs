//! The frame of a record on disk, and the scan of a file at boot: where its records are, and what is wrong with it.
//!
//! A frame is a checksum (8 bytes), the length of the contents (4), how much of the file was known to be durable when
//! it was written (4), the generation (4), a kind (1), and the contents. The checksum is of the frame's place, what its head
//! says, and the contents' own sum. So a frame that is found where it was not written does not pass for one that was; the
//! generation tells what a dead life left from what this one wrote, also where the file's opening is lost.

use std::ops::Range;

use sim_core::fingerprint::content;
use xxhash_rust::xxh3::xxh3_64;

/// The bytes before a frame's contents.
pub(super) const HEAD: usize = 21;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A record of the log's owner.
    Record = 1,
    /// The start of a file, or of a log that is begun anew within it.
    Opening = 2,
    /// What precedes it from the opening on belongs together; without it the opening does not count.
    Complete = 3,
    /// Nothing; it is there for what it says is durable.
    Mark = 4,
}

impl Kind {
    fn of(byte: u8) -> Option<Kind> {
        Some(match byte {
            1 => Kind::Record,
            2 => Kind::Opening,
            3 => Kind::Complete,
            4 => Kind::Mark,
            _ => return None,
        })
    }
}

/// Which of all logs ever begun on this disk: each has a larger number than any that can still be read there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Generation(pub(super) u32);

impl Generation {
    /// The mark of a log that replaces none: nothing had been promised before it.
    const FIRST: u32 = 1 << 31;

    /// The one after it. `first` if it replaces none.
    pub(super) fn next(self, first: bool) -> Generation {
        Generation((self.number() + 1) | if first { Generation::FIRST } else { 0 })
    }
    pub(super) fn number(self) -> u32 {
        self.0 & !Generation::FIRST
    }
    pub(super) fn is_first(self) -> bool {
        self.0 & Generation::FIRST != 0
    }
}

/// Where a frame stands, and whether sums guard it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) checksums: bool,
}

/// What a frame says besides its contents.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) kind: Kind,
    pub(super) generation: Generation,
    /// How much of the file is known to be durable.
    pub(super) durable: u64,
}

impl Head {
    /// Its two words in a frame of contents of so many bytes: length and durable, generation and kind.
    #[inline]
    fn words(self, len: u32) -> (u64, u64) {
        let first = u64::from(len) | u64::from(self.durable as u32) << 32;
        (first, u64::from(self.generation.0) | (self.kind as u64) << 32)
    }
}

/// The sum of a frame's contents, which its checksum is made of.
fn digest(contents: &[u8]) -> u64 {
    xxh3_64(contents)
}

/// The checksum of a frame.
#[inline]
fn checksum(offset: u64, (first, second): (u64, u64), digest: u64) -> u64 {
    content(&(offset, first, second, digest))
}

/// Writes a frame at the end of these bytes; `contents` writes what is in it.
pub(super) fn append(out: &mut Vec<u8>, head: Head, place: Place, contents: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD]);
    contents(out);
    if let Some((start, contents)) = out[start..].split_first_chunk_mut() {
        fill_head(start, head, place, contents.len() as u32, digest(contents));
    }
}

/// Writes what precedes contents of so many bytes, whose digest this is.
#[inline]
fn fill_head(start: &mut [u8; HEAD], head: Head, place: Place, len: u32, digest: u64) {
    let (first, second) = head.words(len);
    let sum = if place.checksums { checksum(place.offset, (first, second), digest) } else { 0 };
    start[..8].copy_from_slice(&sum.to_le_bytes());
    start[8..16].copy_from_slice(&first.to_le_bytes());
    start[16..20].copy_from_slice(&(second as u32).to_le_bytes());
    start[20] = head.kind as u8;
}

/// One frame that was found.
struct Frame {
    head: Head,
    contents: Range<usize>,
}

fn read(bytes: &[u8], place: Place) -> Option<Frame> {
    let at = place.offset as usize;
    let head = bytes.get(at..at + HEAD)?;
    let kind = Kind::of(head[20])?;
    let word = |from: usize| u32::from_le_bytes([head[from], head[from + 1], head[from + 2], head[from + 3]]);
    let (len, durable, generation) = (word(8) as usize, u64::from(word(12)), Generation(word(16)));
    let end = at.checked_add(HEAD)?.checked_add(len)?;
    let (contents, says) = (bytes.get(at + HEAD..end)?, Head { kind, generation, durable });
    if place.checksums {
        let sum = checksum(place.offset, says.words(len as u32), digest(contents));
        if head[..8] != sum.to_le_bytes() {
            return None;
        }
    }
    Some(Frame { head: says, contents: at + HEAD..end })
}

/// What a scan found in a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// What the opening says; `None` if there is none.
    pub(super) generation: Option<Generation>,
    /// Whether everything that belongs together at the start is there.
    pub(super) complete: bool,
    /// The contents of the records.
    pub(super) records: Vec<Range<usize>>,
    /// Where the sound part ends.
    pub(super) end: usize,
    /// What was known to be durable, by the last sound frame that says so.
    pub(super) durable: u64,
    /// How much follows the sound part.
    pub(super) damaged: usize,
    /// The sound frames behind the damage: of which generation, and what they say is durable of it.
    pub(super) behind: Vec<(Generation, u64)>,
    /// Whether the place of the opening holds zeros: it was never written.
    pub(super) unopened: bool,
}

impl Scan {
    pub(super) fn is_empty(&self) -> bool {
        self.end == 0 && self.damaged == 0
    }

    /// The latest generation of which anything can be read.
    pub(super) fn latest(&self) -> u32 {
        let behind = self.behind.iter().map(|(generation, _)| *generation);
        self.generation.into_iter().chain(behind).map(Generation::number).max().unwrap_or(0)
    }

    /// Whether something is missing that had been made durable, in a generation from this one on: bytes that no torn
    /// write can explain.
    pub(super) fn lost_durable(&self, least: u32) -> bool {
        let counts = |generation: Generation| generation.number() >= least;
        let end = |of: Generation| if self.generation == Some(of) { self.end as u64 } else { 0 };
        self.generation.is_some_and(|own| counts(own) && self.durable > self.end as u64)
            || self.behind.iter().any(|(of, durable)| counts(*of) && *durable > end(*of))
    }
}

/// Reads a file from its start.
pub(super) fn scan(bytes: &[u8], checksums: bool) -> Scan {
    let mut scan = Scan::default();
    let mut at = 0;
    // The records of a log that is begun anew within the file count once it is complete, instead of those before.
    let mut anew: Option<Vec<Range<usize>>> = None;
    while at < bytes.len() {
        let Some(Frame { head, contents }) = read(bytes, Place { offset: at as u64, checksums }) else {
            break;
        };
        let of_this = !checksums || scan.generation == Some(head.generation);
        match head.kind {
            Kind::Opening if at == 0 => scan.generation = Some(head.generation),
            _ if at == 0 || !of_this => break,
            Kind::Opening => anew = Some(Vec::new()),
            Kind::Complete => {
                scan.records = anew.take().unwrap_or(std::mem::take(&mut scan.records));
                scan.complete = true;
            }
            Kind::Record => anew.as_mut().unwrap_or(&mut scan.records).push(contents.clone()),
            Kind::Mark => {}
        }
        scan.durable = scan.durable.max(head.durable);
        at = contents.end;
        if anew.is_none() {
            scan.end = at;
        }
    }
    scan.damaged = bytes.len() - scan.end;
    scan.unopened = scan.damaged > 0 && bytes.iter().take(HEAD).all(|byte| *byte == 0);
    if scan.damaged > 0 && checksums {
        scan.behind = sound_behind(bytes, scan.end);
    }
    scan
}

/// The sound frames behind a place, wherever they begin.
fn sound_behind(bytes: &[u8], place: usize) -> Vec<(Generation, u64)> {
    let (mut at, mut found) = (place, Vec::new());
    while at < bytes.len() {
        match read(bytes, Place { offset: at as u64, checksums: true }) {
            Some(frame) => {
                found.push((frame.head.generation, frame.head.durable));
                at = frame.contents.end;
            }
            None => at += 1,
        }
    }
    found
}
