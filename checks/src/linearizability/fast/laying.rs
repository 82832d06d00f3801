//! Chains laid down one after another, each as late as it can, so that every compare-and-set that failed sees another value
//! than the one it asked for.
//!
//! A value stays until something else must come: a chain whose time ends, or a refusal of this very value that began
//! since and ends now. Then a chain that can happen at once takes its place, the one first whose time ends first; or a
//! pending operation that nobody saw anything of. Late is right where the order is given: of a refusal that began before
//! its value came, nothing more is asked. If nothing can take a refused value's place, its chain is put before the one
//! that came last before it, and all is laid down anew. Deliberately absent: all orders, and proof: [`super::refused`]
//! verifies.

use super::refused::Refusal;
use super::zones::{Chain, NONE, Zone};
use crate::linearizability::problem::PENDING;

/// Among how many chains one is sought that can take a refused value's place.
const SOUGHT_MAX: usize = 1_000;

/// How often all is laid down anew.
const ATTEMPTS_MAX: usize = 200;

/// A value comes in at a moment: `m` lies between the event at position `m` and the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub value: u32,
    pub at: u64,
}

/// What takes a refused value's place first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefer {
    /// What must happen anyway.
    Required,
    /// What is pending and was seen by nobody.
    Pending,
}

/// A chain, and by when it must begin.
#[derive(Clone, Copy, Debug)]
struct Due {
    at: u64,
    /// Whether it was put before what is due then.
    moved: bool,
    chain: Chain,
    laid: bool,
}

/// How it went.
enum Outcome {
    Laid(Vec<Step>),
    /// Nothing could take the place of the chain laid down last. The chains laid down, by their roots, and when.
    Stuck(Vec<Step>),
    Failed,
}

/// The values as they have been laid down so far.
struct Laying<'a> {
    zones: &'a [Zone],
    refusals: &'a [Refusal],
    steps: Vec<Step>,
    /// The chains in the order in which they are due, the first of them not yet laid down.
    due: Vec<Due>,
    first: usize,
    /// The roots of the chains laid down.
    roots: Vec<Step>,
    /// What is pending, was seen by nobody, and brings in what nothing refused; the latest first.
    spares: Vec<u32>,
    /// From when on the last value may go.
    settled: u64,
}

/// The values in their order with their moments, if this way leads to the end. The refusals come by value and beginning,
/// the forward chains in their order.
pub(super) fn lay(
    zones: &[Zone],
    forward: &[Chain],
    backward: &[Chain],
    refusals: &[Refusal],
    prefer: Prefer,
) -> Option<Vec<Step>> {
    let mut due = dues(forward, backward);
    let spares = spares(zones, refusals);
    for _ in 0..ATTEMPTS_MAX {
        due.sort_by_key(|due| (due.at, due.chain.is_forward(), !due.moved, due.chain.first_end));
        let laying = Laying {
            zones,
            refusals,
            steps: Vec::with_capacity(zones.len()),
            due: due.clone(),
            first: 0,
            roots: Vec::new(),
            spares: spares.clone(),
            settled: 0,
        };
        match laying.run(prefer) {
            Outcome::Laid(steps) => return Some(steps),
            Outcome::Stuck(roots) => put_forward(&mut due, &roots)?,
            Outcome::Failed => return None,
        }
    }
    None
}

/// Makes the chain laid down last due when the last one before it came, that it could have come before.
fn put_forward(due: &mut [Due], roots: &[Step]) -> Option<()> {
    let (last, before) = roots.split_last()?;
    let last = due.iter_mut().find(|due| due.chain.root == last.value)?;
    let before = before.iter().rev().find(|step| step.at >= last.chain.last_start)?;
    if last.chain.is_forward() || last.moved && last.at <= before.at {
        return None;
    }
    (last.at, last.moved) = (before.at, true);
    Some(())
}

/// The chains and by when each must begin: one that can happen at once before the forward one around its end.
fn dues(forward: &[Chain], backward: &[Chain]) -> Vec<Due> {
    let forward_due = forward.iter().map(|chain| chain.first_end.saturating_sub(1));
    let backward_due = backward.iter().map(|chain| {
        let index = forward.partition_point(|other| other.first_end < chain.first_end);
        let around = index.checked_sub(1).map(|index| &forward[index]);
        let around = around.filter(|around| around.last_start > chain.first_end);
        around.map_or(chain.first_end, |around| around.first_end).saturating_sub(1)
    });
    let chains = backward.iter().zip(backward_due).chain(forward.iter().zip(forward_due));
    chains.map(|(chain, at)| Due { at, moved: false, chain: *chain, laid: false }).collect()
}

/// What is pending, was seen by nobody, and brings in what nothing refused; the latest first.
fn spares(zones: &[Zone], refusals: &[Refusal]) -> Vec<u32> {
    let is_refused = |value: u32| refusals.binary_search_by_key(&value, |refusal| refusal.value).is_ok();
    let unseen = (0..zones.len() as u32).filter(|&value| {
        let zone = &zones[value as usize];
        !zone.certain && zone.written != PENDING && !is_refused(value)
    });
    let mut spares: Vec<u32> = unseen.collect();
    spares.sort_by_key(|&value| std::cmp::Reverse(zones[value as usize].written));
    spares
}

impl Laying<'_> {
    fn run(mut self, prefer: Prefer) -> Outcome {
        loop {
            while self.due.get(self.first).is_some_and(|due| due.laid) {
                self.first += 1;
            }
            let gone = self.steps.last().map_or(PENDING, |last| self.must_go(*last));
            match self.due.get(self.first) {
                None if gone == PENDING => return Outcome::Laid(self.steps),
                Some(due) if gone >= due.at => {
                    let at = due.at;
                    if self.put(self.first, at).is_none() {
                        return Outcome::Failed;
                    }
                }
                _ if gone < self.settled => return Outcome::Failed,
                _ => {
                    let laid = self.roots.len();
                    if self.replace(gone, prefer).is_none() {
                        return if self.roots.len() == laid {
                            Outcome::Stuck(self.roots)
                        } else {
                            Outcome::Failed
                        };
                    }
                }
            }
        }
    }

    /// By when a value must go that came in at this moment, because of those who did not see it.
    fn must_go(&self, step: Step) -> u64 {
        let from = self
            .refusals
            .partition_point(|refusal| (refusal.value, refusal.invoked) <= (step.value, step.at));
        let later = self.refusals[from..].iter().take_while(|refusal| refusal.value == step.value);
        later.map(|refusal| refusal.returned - 1).min().unwrap_or(PENDING)
    }

    /// Something takes the last value's place now.
    fn replace(&mut self, at: u64, prefer: Prefer) -> Option<()> {
        let open = self.first..self.due.len().min(self.first.saturating_add(SOUGHT_MAX));
        let whole = open.clone().find(|&index| {
            let Due { chain, laid, .. } = &self.due[index];
            !laid && !chain.is_forward() && chain.last_start <= at
        });
        let last = self.steps.last().map_or(NONE, |last| last.value);
        let spare = self.spares.iter().position(|&value| {
            let zone = &self.zones[value as usize];
            zone.written <= at && (zone.from == NONE || zone.from == last)
        });
        if let (Some(spare), true) = (spare, prefer == Prefer::Pending || whole.is_none()) {
            let value = self.spares.remove(spare);
            self.steps.push(Step { value, at });
            self.settled = at;
            return Some(());
        }
        // One that has only begun will do if nothing else is due until it is over.
        let mut waiting = open.clone().filter(|&index| !self.due[index].laid);
        let (one, other) = (waiting.next(), waiting.next());
        let begun = |&index: &usize| {
            let Due { chain, laid, .. } = &self.due[index];
            let next = if Some(index) == one { other } else { one };
            let free = next.is_none_or(|next| chain.last_start <= self.due[next].at);
            !laid && free && self.zones[chain.root as usize].written <= at
        };
        let index = whole.or_else(|| open.clone().find(begun))?;
        self.put(index, at)
    }

    /// Lays a chain down from this moment on, each of its values as late as it can come.
    fn put(&mut self, index: usize, at: u64) -> Option<()> {
        if at < self.settled {
            return None;
        }
        self.due[index].laid = true;
        self.roots.push(Step { value: self.due[index].chain.root, at });
        let next = self.due[self.first..].iter().find(|due| !due.laid);
        let mut latest = next.map_or(PENDING, |next| next.at.saturating_add(1));
        let chain = self.due[index].chain;
        let mut values: Vec<(u32, u64)> = Vec::new();
        let mut value = chain.root;
        while value != NONE {
            values.push((value, PENDING));
            value = self.zones[value as usize].next;
        }
        for (value, bound) in values.iter_mut().rev() {
            let zone = &self.zones[*value as usize];
            latest = latest.min(zone.read_end).min(zone.write_end);
            *bound = latest.saturating_sub(1);
        }
        let mut settled = 0;
        let mut comes = at;
        for (place, &(value, bound)) in values.iter().enumerate() {
            let zone = &self.zones[value as usize];
            settled = settled.max(zone.written);
            if place > 0 {
                let gone = self.steps.last().map_or(PENDING, |last| self.must_go(*last));
                comes = comes.max(bound.min(gone));
                if gone < comes || comes < settled {
                    return None;
                }
            }
            self.steps.push(Step { value, at: comes });
            settled = settled.max(zone.read_start);
        }
        self.settled = settled.max(chain.last_start);
        Some(())
    }
}
