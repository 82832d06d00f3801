//! What a node believes of the others, and the updates it passes on.
//!
//! An update beats another about the same member by its incarnation, and among equals by being the worse news (SWIM
//! §4.2). Passing on: those sent least often go first, each a limited number of times (§4.1). Deliberately absent:
//! time, which is the protocol's.

/// What is said of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It answers.
    Alive,
    /// It did not answer somebody, and may still defend itself.
    Suspect,
    /// It has been given up.
    Dead,
}

/// A belief as it is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Update {
    /// Of whom.
    pub member: u32,
    /// What.
    pub status: Status,
    /// The member's own count of its defences, which the belief refers to.
    pub incarnation: u32,
    /// Who says so.
    pub from: u32,
}

impl Update {
    /// Whether it is news to one who believes `status` of this `incarnation`.
    #[must_use]
    pub fn beats(&self, status: Status, incarnation: u32) -> bool {
        (self.incarnation, self.status) > (incarnation, status)
    }
}

/// What a node believes of one member. Eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// What.
    pub status: Status,
    /// Of which incarnation.
    pub incarnation: u32,
}

/// The updates a node passes on.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    /// With how often each was sent; the least often first, and among equals the newest first.
    queue: Vec<(Update, u32)>,
}

impl Outbox {
    /// Adds an update; it replaces what was said of the same member.
    pub fn add(&mut self, update: Update) {
        self.queue.retain(|(old, _)| old.member != update.member);
        self.queue.insert(0, (update, 0));
    }

    /// The next updates to send, at most `room`; each goes out at most `limit` times in all.
    pub fn take(&mut self, room: usize, limit: u32) -> Vec<Update> {
        let count = room.min(self.queue.len());
        let taken: Vec<Update> = self.queue[..count].iter().map(|(update, _)| *update).collect();
        for (_, sent) in &mut self.queue[..count] {
            *sent += 1;
        }
        self.queue.retain(|(_, sent)| *sent < limit);
        self.queue.sort_by_key(|(_, sent)| *sent);
        taken
    }

    /// Whether there is nothing to pass on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
