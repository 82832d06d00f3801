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
    fn len(&self) -> usize;
    /// Writes them.
    fn write(&self, out: &mut Vec<u8>);
}

/// The record of those who write theirs at once.
#[derive(Debug)]
pub enum Never {}

impl Record for Never {
    fn len(&self) -> usize {
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
    list: RefCell<Vec<Frame<R>>>,
}

#[derive(Debug)]
struct Frame<R> {
    /// Its contents; nothing for a mark.
    record: Option<Rc<R>>,
    /// What was known to be durable when it was written; as much of it as a head says.
    durable: u32,
    kind: Kind,
}

impl<R> Frames<R> {
    /// None yet, in a file of this generation.
    pub(super) fn none(generation: Generation, checksums: bool) -> Rc<Frames<R>> {
        Rc::new(Frames { generation, checksums, list: RefCell::default() })
    }

    /// One more; how much of the file is known to be `durable`.
    #[inline(always)]
    pub(super) fn add(&self, kind: Kind, record: Option<Rc<R>>, durable: u64) {
        self.list.borrow_mut().push(Frame { record, durable: durable as u32, kind });
    }
}

impl<R: Record> Owed for Frames<R> {
    fn pay(&self, file: &mut Vec<u8>) {
        for Frame { record, durable, kind } in self.list.take() {
            let head = Head { kind, generation: self.generation, durable: u64::from(durable) };
            let place = Place { offset: file.len() as u64, checksums: self.checksums };
            frame::append(file, head, place, |out| {
                if let Some(record) = record {
                    record.write(out);
                }
            });
        }
    }
}
