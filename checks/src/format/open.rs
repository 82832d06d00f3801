//! Which operations of each client have not ended yet, while a file is read.
//!
//! Deliberately absent: the operations, which are known by their position.

use crate::intern::Table;

/// Clients of a number below this are found without a search.
const NEAR_MAX: u32 = 4096;

/// All clients.
#[derive(Debug, Default)]
pub(super) struct Clients {
    near: Vec<Open>,
    far: Table<u32, Open>,
}

/// The open operations of one client, first the one invoked first. Only transactions can be several.
#[derive(Debug, Default)]
pub(super) struct Open {
    first: Option<usize>,
    others: Vec<usize>,
}

impl Clients {
    /// What this client has open.
    #[inline]
    pub(super) fn of(&mut self, process: u32) -> &mut Open {
        if process >= NEAR_MAX {
            return self.far.entry(process).or_default();
        }
        let index = process as usize;
        if index >= self.near.len() {
            self.near.resize_with(index + 1, Open::default);
        }
        &mut self.near[index]
    }
}

impl Open {
    /// The one invoked first.
    #[inline]
    pub(super) fn first(&self) -> Option<usize> {
        self.first
    }

    /// Whether there is more than one.
    #[inline]
    pub(super) fn is_several(&self) -> bool {
        !self.others.is_empty()
    }

    /// All of them, in the order of their invocation.
    pub(super) fn all(&self) -> impl Iterator<Item = usize> {
        self.first.into_iter().chain(self.others.iter().copied())
    }

    /// One more.
    #[inline]
    pub(super) fn push(&mut self, operation: usize) {
        match self.first {
            None => self.first = Some(operation),
            Some(_) => self.others.push(operation),
        }
    }

    /// Nothing is open any more.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.first = None;
        self.others.clear();
    }

    /// This one has ended.
    #[inline]
    pub(super) fn remove(&mut self, operation: usize) {
        if self.first != Some(operation) {
            self.others.retain(|&other| other != operation);
        } else if self.others.is_empty() {
            self.first = None;
        } else {
            self.first = Some(self.others.remove(0));
        }
    }
}
