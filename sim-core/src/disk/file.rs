//! A file of a node's disk: what the node sees, and what of it is durable.

use super::FileId;
use super::seen::Seen;

#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    /// The `len` bytes that the file has at `offset` were written there.
    Write { offset: u64, len: usize },
    /// The next `len` bytes of `Disk::kept` were: the file may have others by now.
    Kept { offset: u64, len: usize },
    /// Cut to this length.
    Truncate { len: u64 },
}

/// A file: what the node sees of it, and what a crash would leave.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) id: FileId,
    pub(super) seen: Seen,
    pub(super) durable: Durable,
    /// Whether a crash leaves a file at all, if only an empty one.
    pub(super) lasting: bool,
    /// Whether what is durable was damaged behind the node's back.
    pub(super) damaged: bool,
}

/// What is durable of a file. One that is only ever written at its end need not be kept twice.
#[derive(Clone, Debug)]
pub(super) enum Durable {
    /// So many of the bytes that the node sees, from the first on: all changes since were made at the end.
    Prefix(usize),
    /// Something else.
    Own(Seen),
}

impl File {
    pub(super) fn durable(&self) -> &[u8] {
        match &self.durable {
            Durable::Prefix(len) => &self.seen.bytes()[..*len],
            Durable::Own(bytes) => bytes.bytes(),
        }
    }

    /// How many bytes are durable.
    pub(super) fn durable_len(&self) -> usize {
        match &self.durable {
            Durable::Prefix(len) => *len,
            Durable::Own(bytes) => bytes.len(),
        }
    }

    /// What is durable, in bytes of its own.
    fn own(&mut self) -> &mut Seen {
        if let Durable::Prefix(len) = self.durable {
            self.durable = Durable::Own(Seen::of(self.seen.made()[..len].to_vec()));
        }
        match &mut self.durable {
            Durable::Own(bytes) => bytes,
            Durable::Prefix(_) => unreachable!("it has just been given bytes of its own"),
        }
    }

    /// Changes what is durable, and nothing of what is seen.
    pub(super) fn change_durable<T>(&mut self, change: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.own().change(change)
    }

    /// Writes anywhere but at the end.
    pub(super) fn write_within(&mut self, offset: u64, bytes: &[u8]) {
        self.own();
        self.seen.change(|seen| put(seen, offset, bytes));
    }

    pub(super) fn truncate(&mut self, len: u64) {
        let len = size(len);
        if len >= self.seen.len() {
            return;
        }
        if let Durable::Prefix(durable) = self.durable {
            // What it was stays behind as what is durable.
            let mut before = std::mem::take(&mut self.seen);
            if len > 0 {
                self.seen.append(&before.made()[..len]);
            }
            before.truncate(durable);
            self.durable = Durable::Own(before);
        } else {
            self.seen.truncate(len);
        }
    }

    /// Makes a change durable; `kept` are the bytes of a write that the file may not have any more.
    #[inline]
    pub(super) fn settle(&mut self, change: Change, kept: &[u8]) {
        self.lasting = true;
        match (&mut self.durable, change) {
            (Durable::Prefix(durable), Change::Write { offset, len } | Change::Kept { offset, len }) => {
                *durable = size(offset) + len;
            }
            // It cut nothing off.
            (Durable::Prefix(_), Change::Truncate { .. }) => {}
            (Durable::Own(file), Change::Truncate { len }) => file.truncate(size(len)),
            (Durable::Own(file), Change::Kept { offset, .. }) => settle_apart(file, offset, kept),
            (Durable::Own(file), Change::Write { offset, len }) => {
                let from = size(offset);
                settle_apart(file, offset, &self.seen.made()[from..from + len]);
            }
        }
    }

    /// Nothing of it waits for a sync: unless it was damaged, what is durable is what is seen.
    #[inline]
    pub(super) fn settled(&mut self) {
        if !self.damaged {
            self.durable = Durable::Prefix(self.seen.len());
        }
    }

    /// The node sees what a crash left.
    pub(super) fn revert(&mut self) {
        match std::mem::replace(&mut self.durable, Durable::Prefix(0)) {
            Durable::Prefix(len) => self.seen.truncate(len),
            Durable::Own(bytes) => self.seen = bytes,
        }
        self.durable = Durable::Prefix(self.seen.len());
        self.damaged = false;
    }
}

/// Makes a write durable where that has bytes of its own.
#[cold]
fn settle_apart(durable: &mut Seen, offset: u64, bytes: &[u8]) {
    durable.change(|durable| put(durable, offset, bytes));
}

/// A length in memory; what does not fit is longer than any file.
pub(super) fn size(len: u64) -> usize {
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
