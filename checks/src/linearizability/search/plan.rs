//! The operations on one object as the search needs them: those that must take effect in the order of their invocation
//! and of their ends, the pending ones, and what can be foreseen at each end.
//!
//! Deliberately absent: the search ([`super`]), which changes nothing here.

use crate::linearizability::problem::{Deed, PENDING, Spec};

/// No operation.
pub(super) const NONE: u32 = u32::MAX;

/// How far back an equal pending operation is sought.
const TWINS_MAX: usize = 1024;

/// One operation that must take effect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Required<A> {
    pub(super) invoked: u64,
    /// Its end among the ends, in their order.
    pub(super) end: u32,
    /// Its bit among the operations open at one time.
    pub(super) slot: u32,
    pub(super) action: A,
}

/// One pending operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Optional<A> {
    pub(super) invoked: u64,
    /// The operation of equal action invoked just before it.
    pub(super) twin: u32,
    pub(super) action: A,
}

/// The operations as the search needs them.
#[derive(Clone)]
pub(super) struct Plan<A> {
    pub(super) required: Vec<Required<A>>,
    pub(super) optional: Vec<Optional<A>>,
    /// The required operations in the order of their ends.
    pub(super) ends: Vec<u32>,
    /// The positions of the ends.
    pub(super) positions: Vec<u64>,
    pub(super) slots: u32,
    /// For every end, the next end of an operation that sees the whole state.
    pub(super) observers: Vec<u32>,
    /// For every end, the earliest invocation of a reset that may not have taken effect before it.
    pub(super) resets: Vec<u64>,
}

/// Makes the plan of these operations.
pub(super) fn plan<S: Spec>(spec: &mut S, deeds: &[Deed<'_>]) -> Result<Plan<S::Action>, String> {
    let mut required: Vec<(Required<S::Action>, u64)> = Vec::with_capacity(deeds.len());
    let mut optional: Vec<Optional<S::Action>> = Vec::new();
    for deed in deeds {
        let Some(action) = spec.action(deed)? else { continue };
        if deed.is_required() {
            required.push((Required { invoked: deed.invoked, end: 0, slot: 0, action }, deed.returned));
        } else {
            optional.push(Optional { invoked: deed.invoked, twin: NONE, action });
        }
    }
    optional.retain(|operation| !spec.is_idle(operation.action));
    required.sort_unstable_by_key(|(operation, _)| operation.invoked);
    optional.sort_by_key(|operation| operation.invoked);
    for index in 0..optional.len() {
        let action = optional[index].action;
        let near = index.saturating_sub(TWINS_MAX);
        let twin = optional[near..index].iter().rposition(|other| other.action == action);
        optional[index].twin = twin.map_or(NONE, |twin| (near + twin) as u32);
    }
    let mut ends: Vec<u32> = (0..required.len() as u32).collect();
    ends.sort_unstable_by_key(|&index| required[index as usize].1);
    let positions: Vec<u64> = ends.iter().map(|&index| required[index as usize].1).collect();
    let mut required: Vec<Required<S::Action>> =
        required.into_iter().map(|(operation, _)| operation).collect();
    for (end, &index) in ends.iter().enumerate() {
        required[index as usize].end = end as u32;
    }
    let slots = give_slots(&mut required, &ends, &positions);
    let (observers, resets) = foresight(spec, &required, &optional, &ends);
    Ok(Plan { required, optional, ends, positions, slots, observers, resets })
}

/// Gives each operation a bit that no other has while it is open, and tells how many bits there are.
fn give_slots<A>(required: &mut [Required<A>], ends: &[u32], positions: &[u64]) -> u32 {
    let mut free: Vec<u32> = Vec::new();
    let mut slots = 0;
    let mut next = 0;
    for (&index, &position) in ends.iter().zip(positions) {
        while next < required.len() && required[next].invoked < position {
            required[next].slot = free.pop().unwrap_or_else(|| {
                slots += 1;
                slots - 1
            });
            next += 1;
        }
        free.push(required[index as usize].slot);
    }
    slots
}

/// What [`Spec::leads_to`] needs: who sees the whole state next, and from where on a reset may come between.
fn foresight<S: Spec>(
    spec: &S,
    required: &[Required<S::Action>],
    optional: &[Optional<S::Action>],
    ends: &[u32],
) -> (Vec<u32>, Vec<u64>) {
    if !S::FORESEES {
        return (Vec::new(), Vec::new());
    }
    let mut observers = vec![NONE; ends.len() + 1];
    let mut resets = vec![PENDING; ends.len() + 1];
    for operation in optional {
        if spec.resets(operation.action) {
            resets[ends.len()] = resets[ends.len()].min(operation.invoked);
        }
    }
    for end in (0..ends.len()).rev() {
        let operation = &required[ends[end] as usize];
        observers[end] = if spec.observes(operation.action) { end as u32 } else { observers[end + 1] };
        resets[end] = resets[end + 1];
        if spec.resets(operation.action) {
            resets[end] = resets[end].min(operation.invoked);
        }
    }
    (observers, resets)
}
