//! Compare-and-sets that failed, among the zones of a register: each saw, at some moment of its own, another value than
//! the one it asked for.
//!
//! The chains are laid down one after another ([`super::laying`]), in one way and another, and what is laid down is
//! verified against all operations, so that it is a linearization. That there is none is said only of a refusal that no
//! order at all can explain. Deliberately absent: all orders, for which the search is there.

use super::laying::{Prefer, Step, lay};
use super::zones::{Chain, NONE, Zone};
use crate::linearizability::problem::{PENDING, Solved};

/// A compare-and-set that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    /// What it asked for and did not see.
    pub value: u32,
    pub invoked: u64,
    pub returned: u64,
}

/// The verdict where zones alone allow a linearization; nothing if only a search can tell.
pub(super) fn refused(
    zones: &[Zone],
    forward: &[Chain],
    backward: &[Chain],
    mut refusals: Vec<Refusal>,
) -> Option<Solved> {
    if are_plain(zones, &refusals) {
        return Some(Solved::Yes);
    }
    refusals.sort_unstable_by_key(|refusal| (refusal.value, refusal.invoked));
    let found = [Prefer::Required, Prefer::Pending].into_iter().any(|prefer| {
        lay(zones, forward, backward, &refusals, prefer).is_some_and(|steps| verify(zones, &refusals, &steps))
    });
    if found {
        return Some(Solved::Yes);
    }
    refusals.retain(|refusal| zones[refusal.value as usize].certain);
    let firm = refusals.iter().any(|refusal| !is_explicable(zones, forward, backward, refusal));
    firm.then_some(Solved::No(PENDING - 1))
}

/// Whether every order that the zones allow explains all of them, if what need not happen does not: the value never came, or came
/// after the refusal had begun; or one that was written when it had come already, so that it came after it, had come by then.
fn are_plain(zones: &[Zone], refusals: &[Refusal]) -> bool {
    // Of the values that have come for certain by each end, the latest writing.
    let ends = zones.iter().filter(|zone| zone.certain).map(|zone| (zone.come_by(), zone.written));
    let mut latest: Vec<(u64, u64)> = ends.collect();
    latest.sort_unstable();
    let mut so_far = 0;
    for (_, written) in &mut latest {
        so_far = so_far.max(*written);
        *written = so_far;
    }
    refusals.iter().all(|refusal| {
        let zone = &zones[refusal.value as usize];
        let came = latest.partition_point(|(come_by, _)| *come_by <= refusal.invoked);
        let overwritten = came > 0 && latest[came - 1].1 >= zone.come_by();
        !zone.certain || zone.written >= refusal.invoked || overwritten
    })
}

/// Whether these values, one after another, are a linearization: each comes in while what brings it is under way, is there
/// when its readers look, follows the one that it replaces, and no refusal saw nothing else.
fn verify(zones: &[Zone], refusals: &[Refusal], steps: &[Step]) -> bool {
    let mut stays = vec![None; zones.len()];
    let mut before = NONE;
    for (index, step) in steps.iter().enumerate() {
        let zone = &zones[step.value as usize];
        let gone = steps.get(index + 1).map_or(PENDING, |next| next.at);
        let comes = zone.written <= step.at && step.at < zone.write_end.max(1);
        let is_read = step.at < zone.read_end && zone.read_start <= gone;
        let follows = zone.from == NONE || zone.from == before;
        if !comes || !is_read || !follows || gone < step.at || stays[step.value as usize].is_some() {
            return false;
        }
        stays[step.value as usize] = Some((step.at, gone));
        before = step.value;
    }
    let all = zones.iter().zip(&stays).all(|(zone, stay)| stay.is_some() || !zone.certain);
    all && refusals.iter().all(|refusal| {
        stays[refusal.value as usize]
            .is_none_or(|(came, gone)| refusal.invoked <= came || gone < refusal.returned)
    })
}

/// Whether, as far as one refusal alone goes, another value can have been there: this one came later or went earlier.
fn is_explicable(zones: &[Zone], forward: &[Chain], backward: &[Chain], refusal: &Refusal) -> bool {
    let mut at = refusal.value;
    let mut came_before = zones[at as usize].write_end;
    while at != NONE {
        let zone = &zones[at as usize];
        came_before = came_before.min(zone.write_end).min(zone.read_end);
        at = zone.next;
    }
    if came_before > refusal.invoked {
        return true;
    }
    let zone = &zones[refusal.value as usize];
    let mut seen = zone.read_start;
    at = refusal.value;
    while at != NONE {
        let zone = &zones[at as usize];
        seen = seen.max(zone.written);
        if at != refusal.value {
            seen = seen.max(zone.read_start);
        }
        at = zone.from;
    }
    if zone.next != NONE {
        return seen.max(zones[zone.next as usize].written) < refusal.returned;
    }
    let follows = |zone: &Zone| zone.written < refusal.returned && zone.written != PENDING;
    let others = forward.iter().chain(backward).any(|chain| {
        let other = &zones[chain.root as usize];
        follows(other) && chain.first_end > seen && !is_of(zones, chain, refusal.value)
    });
    let spare = |other: &Zone| {
        !other.certain && follows(other) && (other.from == NONE || other.from == refusal.value)
    };
    seen < refusal.returned && (others || zones.iter().any(spare))
}

/// Whether a value is of this chain.
fn is_of(zones: &[Zone], chain: &Chain, value: u32) -> bool {
    let mut at = value;
    while zones[at as usize].from != NONE {
        at = zones[at as usize].from;
    }
    at == chain.root
}
