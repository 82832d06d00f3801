//! Records of the log that are written when somebody looks at the file: until then a frame is what says how to make it.
//!
//! Deliberately absent: where the frames are, which is the disk's business.

use std::cell::RefCell;
use std::fmt::Debug;
use std::rc::Rc;

use sim_core::disk::Owed;

use super::frame::{self, Generation, Head, Kind, Place};

/// A record of the log's owner, who can write it at any time.
pub trait Record: Debug {
    /// How many bytes it has.
    fn size(&self) -> usize;
    /// Writes them.
    fn write(&self, out: &mut Vec<u8>);
}

/// The record of those who write theirs at once.
#[derive(Debug)]
pub enum Never {}

impl Record for Never {
    fn size(&self) -> usize {
        match *self {}
    }
    fn write(&self, _: &mut Vec<u8>) {
        match *self {}
    }
}

/// The frames at the end of a file that nobody has looked at.
#[derive(Debug)]
pub(super) struct Frames<R> {
    generation: Generation,
    checksums: bool,
    list: RefCell<List<R>>,
}

/// Frames in the order in which they are in the file, in lists that never grow and so are never copied.
#[derive(Debug)]
struct List<R> {
    full: Vec<Vec<Frame<R>>>,
    last: Vec<Frame<R>>,
}

/// How many the first list has, and each of the others.
const FIRST: usize = 32;
const EACH: usize = 512;

#[derive(Debug)]
struct Frame<R> {
    /// Its contents; nothing for a mark.
    record: Option<Rc<R>>,
    /// How much of the file was known to be durable when it was written.
    durable: u64,
}

impl<R> Frames<R> {
    /// None yet, in a file of this generation.
    pub(super) fn none(generation: Generation, checksums: bool) -> Rc<Frames<R>> {
        let list = List { full: Vec::new(), last: Vec::new() };
        Rc::new(Frames { generation, checksums, list: RefCell::new(list) })
    }

    /// One more, of a record or else a mark; how much of the file is known to be `durable`.
    #[inline(always)]
    pub(super) fn add(&self, record: Option<Rc<R>>, durable: u64) {
        self.list.borrow_mut().push(Frame { record, durable });
    }
}

impl<R> List<R> {
    #[inline(always)]
    fn push(&mut self, frame: Frame<R>) {
        if self.last.len() == self.last.capacity() {
            self.begin();
        }
        self.last.push(frame);
    }

    #[cold]
    #[inline(never)]
    fn begin(&mut self) {
        if self.last.is_empty() {
            self.last.reserve_exact(FIRST);
        } else {
            let full = std::mem::replace(&mut self.last, Vec::with_capacity(EACH));
            self.full.push(full);
        }
    }

    /// All, which leaves none.
    fn take(&mut self) -> impl Iterator<Item = Frame<R>> {
        let last = std::mem::take(&mut self.last);
        std::mem::take(&mut self.full).into_iter().flatten().chain(last)
    }
}

impl<R: Record> Owed for Frames<R> {
    fn pay(&self, file: &mut Vec<u8>) {
        for Frame { record, durable } in self.list.borrow_mut().take() {
            let head = Head { kind: kind(record.as_ref()), generation: self.generation, durable };
            let place = Place { offset: file.len() as u64, checksums: self.checksums };
            frame::append(file, head, place, |out| write(record.as_ref(), out));
        }
    }
}

/// What the frame of a record is, or else of a mark.
pub(super) fn kind<R>(record: Option<&Rc<R>>) -> Kind {
    if record.is_some() { Kind::Record } else { Kind::Mark }
}

/// Writes what is in it.
pub(super) fn write<R: Record>(record: Option<&Rc<R>>, out: &mut Vec<u8>) {
    if let Some(record) = record {
        record.write(out);
    }
}
