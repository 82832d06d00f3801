//! The frame of a record on disk, and the scan of a file at boot: where its records are, and what is wrong with it.
//!
//! A frame is a checksum (8 bytes), the length of the contents (4), how much of the file was known to be durable when
//! it was written (4), a kind (1), and the contents. The checksum is seeded by the file's generation and the frame's
//! place, so a frame that is found where it was not written does not pass for one that was.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The bytes before a frame's contents.
pub(super) const HEAD: usize = 17;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A record of the log's owner.
    Record = 1,
    /// The opening of a file: its generation.
    Opening = 2,
    /// What precedes it belongs together; a file without it is not complete.
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

/// Writes the frame of `contents` at the end of `out`, to stand at `offset` of its file.
pub(super) fn write(
    out: &mut Vec<u8>,
    kind: Kind,
    place: Place,
    durable: u64,
    contents: impl FnOnce(&mut Vec<u8>),
) {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD]);
    contents(out);
    let len = (out.len() - start - HEAD) as u32;
    out[start + 8..start + 12].copy_from_slice(&len.to_le_bytes());
    out[start + 12..start + 16].copy_from_slice(&(durable as u32).to_le_bytes());
    out[start + 16] = kind as u8;
    if place.checksums {
        let sum = xxh3_64_with_seed(&out[start + 8..], place.seed(kind));
        out[start..start + 8].copy_from_slice(&sum.to_le_bytes());
    }
}

/// Where a frame stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) generation: u64,
    pub(super) offset: u64,
    pub(super) checksums: bool,
}

impl Place {
    fn seed(self, kind: Kind) -> u64 {
        // The opening says what the generation is, so it is read before that is known.
        let generation = if kind == Kind::Opening { 0 } else { self.generation };
        (generation << 40) ^ self.offset
    }
}

/// One frame that was found.
struct Frame {
    kind: Kind,
    durable: u64,
    contents: Range<usize>,
}

fn read(bytes: &[u8], place: Place) -> Option<Frame> {
    let at = place.offset as usize;
    let head = bytes.get(at..at + HEAD)?;
    let word = |from: usize| u32::from_le_bytes([head[from], head[from + 1], head[from + 2], head[from + 3]]);
    let (len, durable) = (word(8) as usize, u64::from(word(12)));
    let kind = Kind::of(head[16])?;
    let end = at.checked_add(HEAD)?.checked_add(len)?;
    let whole = bytes.get(at + 8..end)?;
    if place.checksums && head[..8] != xxh3_64_with_seed(whole, place.seed(kind)).to_le_bytes() {
        return None;
    }
    Some(Frame { kind, durable, contents: at + HEAD..end })
}

/// What a scan found in a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// What the opening says; 0 if there is none.
    pub(super) generation: u64,
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
    /// Whether some of the damage had been made durable before: bytes that no torn write can explain.
    pub(super) lost_durable: bool,
    /// Whether the place of the opening holds zeros: it was never written.
    pub(super) unopened: bool,
}

/// Reads a file from its start. `guess` is the generation to assume where the opening cannot be read; 0 for none.
pub(super) fn scan(bytes: &[u8], checksums: bool, guess: u64) -> Scan {
    let mut scan = Scan::default();
    let place = |offset: usize, generation: u64| Place { generation, offset: offset as u64, checksums };
    while scan.end < bytes.len() {
        let Some(frame) = read(bytes, place(scan.end, scan.generation)) else { break };
        let first = scan.end == 0;
        if first != (frame.kind == Kind::Opening) {
            break;
        }
        match frame.kind {
            Kind::Opening => {
                let Ok(generation) = bytes[frame.contents.clone()].try_into() else { break };
                scan.generation = u64::from_le_bytes(generation);
            }
            Kind::Complete => scan.complete = true,
            Kind::Record => scan.records.push(frame.contents.clone()),
            Kind::Mark => {}
        }
        scan.durable = scan.durable.max(frame.durable);
        scan.end = frame.contents.end;
    }
    scan.damaged = bytes.len() - scan.end;
    scan.unopened = scan.damaged > 0 && bytes.iter().take(HEAD).all(|byte| *byte == 0);
    if scan.damaged > 0 && checksums {
        let generation = if scan.end == 0 { guess } else { scan.generation };
        scan.lost_durable = scan.durable > scan.end as u64 || later_knows(bytes, scan.end, generation);
    }
    scan
}

/// Whether a sound frame behind the damage says that the damaged place was durable when it was written.
fn later_knows(bytes: &[u8], damage: usize, generation: u64) -> bool {
    generation > 0
        && (damage + 1..bytes.len()).any(|offset| {
            let place = Place { generation, offset: offset as u64, checksums: true };
            read(bytes, place).is_some_and(|frame| frame.durable > damage as u64)
        })
}
