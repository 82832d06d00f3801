//! Pieces of work inside an instance, in a slab.

use sim_core::peer::Peer;
use sim_core::time::Time;

use super::message::{Baggage, Tie};
use crate::policy::Token;

/// One piece of work.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) live: bool,
    /// Changes whenever what it waits for changes, and with every new life of the slot.
    pub(super) epoch: u32,
    pub(super) from: Peer,
    pub(super) attempt: u64,
    pub(super) edge: u16,
    pub(super) reply_bytes: u32,
    pub(super) baggage: Baggage,
    /// The trace's part that the caller made.
    pub(super) parent: u64,
    pub(super) deadline: Time,
    pub(super) came: Time,
    pub(super) began: Time,
    /// The next step.
    pub(super) at: u16,
    /// Whether it holds a worker.
    pub(super) worker: bool,
    /// A health check's round, if it is one.
    pub(super) probe: Option<u32>,
    /// Whether nobody waits for it any more.
    pub(super) left: bool,
    /// Whether it is one of two tied copies, and whether it has been begun with.
    pub(super) tie: Tie,
    pub(super) begun: bool,
    /// Whether a part of what it gathered was a lesser answer.
    pub(super) lesser: bool,
    pub(super) calls: Vec<(u16, Token)>,
    pub(super) open: u32,
    pub(super) succeeded: u32,
    pub(super) need: u32,
    /// When it missed a cache, and whether others wait for what it finds.
    pub(super) missed: Time,
    pub(super) leads: Option<u16>,
    /// The cache in which it waits for another's finding.
    pub(super) waits: Option<u16>,
}

/// Where a new piece of work comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) from: Peer,
    /// When it came; it is read later by who stands still.
    pub(super) came: Time,
    pub(super) attempt: u64,
    pub(super) edge: u16,
    pub(super) reply_bytes: u32,
    pub(super) baggage: Baggage,
    pub(super) deadline: Time,
    pub(super) probe: Option<u32>,
    pub(super) tie: Tie,
    /// Where its program begins.
    pub(super) entry: u16,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Jobs {
    list: Vec<Job>,
    free: Vec<u32>,
}

impl Jobs {
    pub(super) fn insert(&mut self, origin: &Origin) -> u32 {
        let slot = self.free.pop();
        let (epoch, calls) = slot.map_or((0, Vec::new()), |slot| {
            let old = &mut self.list[slot as usize];
            (old.epoch, std::mem::take(&mut old.calls))
        });
        let job = Job {
            live: true,
            epoch,
            from: origin.from,
            attempt: origin.attempt,
            edge: origin.edge,
            reply_bytes: origin.reply_bytes,
            baggage: origin.baggage,
            parent: origin.baggage.span,
            deadline: origin.deadline,
            came: origin.came,
            began: origin.came,
            at: origin.entry,
            worker: false,
            probe: origin.probe,
            left: false,
            tie: origin.tie,
            begun: false,
            lesser: false,
            calls,
            open: 0,
            succeeded: 0,
            need: 0,
            missed: origin.came,
            leads: None,
            waits: None,
        };
        match slot {
            Some(slot) => {
                self.list[slot as usize] = job;
                slot
            }
            None => {
                self.list.push(job);
                (self.list.len() - 1) as u32
            }
        }
    }

    /// Takes a piece of work out; it can be read until its slot is used anew.
    pub(super) fn remove(&mut self, slot: u32) -> &Job {
        let job = &mut self.list[slot as usize];
        job.live = false;
        job.epoch = job.epoch.wrapping_add(1);
        job.calls.clear();
        self.free.push(slot);
        job
    }

    pub(super) fn get(&self, slot: u32) -> &Job {
        &self.list[slot as usize]
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> &mut Job {
        &mut self.list[slot as usize]
    }

    /// Whether a piece of work still waits for what belongs to this epoch.
    pub(super) fn stands(&self, slot: u32, epoch: u32) -> bool {
        self.list.get(slot as usize).is_some_and(|job| job.live && job.epoch == epoch)
    }

    pub(super) fn live(&self) -> Vec<u32> {
        (0..self.list.len() as u32).filter(|slot| self.list[*slot as usize].live).collect()
    }

    pub(super) fn inside(&self) -> u32 {
        (self.list.len() - self.free.len()) as u32
    }
}
