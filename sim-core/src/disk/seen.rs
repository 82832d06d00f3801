//! The bytes that a node sees of a file. Those at its end may be owed: they are made when somebody looks at them, which for a log
//! that nobody reads back is never. Nothing tells them from bytes that were there from the first on.
//!
//! Deliberately absent: what is durable of them, which is the file's business.

use std::cell::OnceCell;
use std::fmt::Debug;
use std::ptr;
use std::rc::Rc;

use crate::room;

/// What makes bytes that a file is owed.
pub trait Owed: Debug {
    /// Writes all that is owed at the end of the file, and owes it no more.
    fn pay(&self, file: &mut Vec<u8>);
}

/// A file's bytes as its node sees them.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// How many there are.
    len: usize,
    /// All, or all but the last, which `owed` has.
    made: Vec<u8>,
    /// All, where somebody who may not change them has looked: then `owed` has nothing, and the next change comes here first.
    whole: OnceCell<Vec<u8>>,
    owed: Option<Rc<dyn Owed>>,
}

impl Clone for Seen {
    fn clone(&self) -> Seen {
        Seen::of(self.bytes().to_vec())
    }
}

impl Seen {
    /// These bytes.
    pub(super) fn of(made: Vec<u8>) -> Seen {
        Seen { len: made.len(), made, whole: OnceCell::new(), owed: None }
    }

    /// How many there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The bytes.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        if self.made.len() == self.len { &self.made } else { self.look() }
    }

    #[cold]
    fn look(&self) -> &[u8] {
        self.whole.get_or_init(|| {
            let mut whole = Vec::with_capacity(self.len);
            whole.extend_from_slice(&self.made);
            self.pay(&mut whole);
            whole
        })
    }

    fn pay(&self, file: &mut Vec<u8>) {
        if let Some(owed) = &self.owed {
            owed.pay(file);
        }
        let (len, owed) = (file.len(), self.len);
        assert!(
            len == owed,
            "a file that is owed {owed} bytes in all was made {len}; an `Owed` is for one file, until it is cut"
        );
    }

    /// The bytes, made where they stay: for whoever looks often.
    #[inline]
    pub(super) fn made(&mut self) -> &[u8] {
        if self.made.len() != self.len {
            self.make();
        }
        &self.made
    }

    /// All bytes are made, if they were not, and may be changed: what `change` does.
    #[inline]
    pub(super) fn change<T>(&mut self, change: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.made();
        let answer = change(&mut self.made);
        self.len = self.made.len();
        answer
    }

    #[cold]
    fn make(&mut self) {
        if let Some(whole) = self.whole.take() {
            self.made = whole;
            return;
        }
        let mut made = std::mem::take(&mut self.made);
        made.reserve(self.len - made.len());
        self.pay(&mut made);
        self.made = made;
    }

    /// Adds bytes at the end.
    #[inline]
    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.change(|made| {
            room::make(made, bytes.len());
            made.extend_from_slice(bytes);
        });
    }

    /// So many bytes more, at the end, are owed by this.
    #[inline(always)]
    pub(super) fn owe<O: Owed + 'static>(&mut self, owed: &Rc<O>, len: usize) {
        let same = self.owed.as_ref().is_some_and(|own| ptr::addr_eq(Rc::as_ptr(own), Rc::as_ptr(owed)));
        if !same || self.whole.get().is_some() {
            self.owe_first(owed.clone());
        }
        self.len += len;
    }

    /// Before this owes anything, what others owe is made.
    #[cold]
    fn owe_first(&mut self, owed: Rc<dyn Owed>) {
        self.made();
        self.owed = Some(owed);
    }

    /// Cuts to this length; what is shorter stays as it is.
    pub(super) fn truncate(&mut self, len: usize) {
        if len == 0 {
            // What nobody looked at need not be made for this.
            *self = Seen::default();
        } else if len < self.len {
            self.change(|made| made.truncate(len));
        }
    }
}
