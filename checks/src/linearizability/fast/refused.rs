//! Compare-and-sets that failed, among the zones of a register: each saw, at some moment of its own, another value than
//! the one it asked for.
//!
//! An order of the chains is laid down, and within it the moments at which one value gives way to the next are chosen:
//! each within its bounds, none before the one before it, and for every refusal of a value either the value came after
//! the refused one began or went before it ended. Which moments can be reached is carried from one to the next as a few
//! intervals, so for an order this is exact. Where a value must go early and nothing else is there to take its place, a
//! pending operation may. Several orders are tried; that none will do is said only of a refusal that no order can
//! explain. Deliberately absent: all orders, for which the search is there.

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

/// Moments from the first to the second: moment `m` lies between the event at position `m` and the next.
type Span = (u64, u64);

/// A value of the order that was laid down.
#[derive(Clone, Copy, Debug)]
struct Stage {
    value: u32,
    /// When it may come in.
    coming: Span,
    /// From when on all that saw it can have done so.
    seen: u64,
}

/// A pending operation that nobody saw anything of, and may have come between.
#[derive(Clone, Copy, Debug)]
struct Spare {
    invoked: u64,
    /// The value it replaces; `NONE` if any.
    from: u32,
    used: bool,
}

/// The verdict where zones alone allow a linearization; nothing if only a search can tell.
pub(super) fn refused(
    zones: &[Zone],
    forward: &[Chain],
    backward: &[Chain],
    mut refusals: Vec<Refusal>,
) -> Option<Solved> {
    refusals.sort_unstable_by_key(|refusal| (refusal.value, refusal.invoked));
    let spares = spares(zones, &refusals);
    refusals.retain(|refusal| zones[refusal.value as usize].certain);
    for order in [Order::Early, Order::Late, Order::Middle] {
        let stages = stages(zones, order.of(forward, backward))?;
        if explains(zones, &stages, &refusals, spares.clone()) {
            return Some(Solved::Yes);
        }
    }
    let firm = refusals.iter().any(|refusal| !is_explicable(zones, forward, backward, refusal));
    firm.then_some(Solved::No(PENDING - 1))
}

/// Where a chain that can happen at one moment is put.
#[derive(Clone, Copy)]
enum Order {
    /// As early as it can.
    Early,
    /// As late as it can.
    Late,
    /// Between the two.
    Middle,
}

impl Order {
    /// The chains in this order.
    fn of(self, forward: &[Chain], backward: &[Chain]) -> Vec<Chain> {
        // At one place: what comes before the forward one there, that one, what comes after.
        let mut placed: Vec<(u64, u64, Chain)> =
            forward.iter().map(|chain| (chain.first_end, 1, *chain)).collect();
        for chain in backward {
            let at = match self {
                Order::Early => chain.last_start,
                Order::Late => chain.first_end,
                Order::Middle => chain.last_start.midpoint(chain.first_end.min(1 << 62)),
            };
            let index = forward.partition_point(|other| other.first_end <= at);
            let inside = index > 0 && forward[index - 1].last_start >= at;
            placed.push(match forward.get(index.wrapping_sub(1)) {
                Some(around) if inside && around.first_end <= chain.last_start => {
                    (around.last_start, 2, *chain)
                }
                Some(around) if inside => (around.first_end, 0, *chain),
                _ => (at, 2, *chain),
            });
        }
        placed.sort_by_key(|(at, side, chain)| (*at, *side, chain.first_end));
        placed.into_iter().map(|(_, _, chain)| chain).collect()
    }
}

/// The values in their order with the bounds that all operations together leave them; nothing if there are none.
fn stages(zones: &[Zone], chains: Vec<Chain>) -> Option<Vec<Stage>> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut latest = 0;
    for chain in chains {
        let mut at = chain.root;
        while at != NONE {
            let zone = &zones[at as usize];
            latest = latest.max(zone.written);
            let first = latest;
            latest = latest.max(zone.read_start);
            stages.push(Stage { value: at, coming: (first, PENDING), seen: latest });
            at = zone.next;
        }
    }
    let mut earliest = PENDING;
    for stage in stages.iter_mut().rev() {
        let zone = &zones[stage.value as usize];
        earliest = earliest.min(zone.read_end).min(zone.write_end.max(1));
        stage.coming.1 = earliest - 1;
    }
    stages.iter().all(|stage| stage.coming.0 <= stage.coming.1).then_some(stages)
}

/// What is pending, was seen by nobody, and brings in what nothing refused; the latest first. The refusals come by value.
fn spares(zones: &[Zone], refusals: &[Refusal]) -> Vec<Spare> {
    let is_refused =
        |value: usize| refusals.binary_search_by_key(&(value as u32), |refusal| refusal.value).is_ok();
    let unseen = zones
        .iter()
        .enumerate()
        .filter(|(value, zone)| !zone.certain && zone.written != PENDING && !is_refused(*value));
    let mut spares: Vec<Spare> =
        unseen.map(|(_, zone)| Spare { invoked: zone.written, from: zone.from, used: false }).collect();
    spares.sort_by_key(|spare| std::cmp::Reverse(spare.invoked));
    spares
}

/// Whether the moments can be chosen so that every refusal saw another value.
fn explains(zones: &[Zone], stages: &[Stage], refusals: &[Refusal], mut spares: Vec<Spare>) -> bool {
    let mut reach: Vec<Span> = vec![stages[0].coming];
    for (index, stage) in stages.iter().enumerate() {
        let from = refusals.partition_point(|refusal| refusal.value < stage.value);
        let count = refusals[from..].partition_point(|refusal| refusal.value == stage.value);
        let refusals = &refusals[from..from + count];
        let going = stages.get(index + 1).map_or((PENDING, PENDING), |next| next.coming);
        let parts = divide(&reach, refusals);
        let mut next: Vec<Span> = Vec::new();
        for &((first, _), last) in &parts {
            add(&mut next, (first.max(going.0), last.min(going.1)));
        }
        let bound = stages.get(index + 1).is_some_and(|next| zones[next.value as usize].from != NONE);
        if next.is_empty() && !bound {
            let fits = |spare: &&mut Spare| !spare.used && (spare.from == NONE || spare.from == stage.value);
            for spare in spares.iter_mut().filter(fits) {
                for &((first, _), last) in &parts {
                    let between = first.max(stage.seen).max(spare.invoked);
                    if between <= last {
                        add(&mut next, (between.max(going.0), going.1));
                    }
                }
                if !next.is_empty() {
                    spare.used = true;
                    break;
                }
            }
        }
        if next.is_empty() {
            return false;
        }
        reach = next;
    }
    true
}

/// The moments at which a value may have come, parted so that within a part the same refusals still want it to go, and
/// for each part by when. The refusals come by their beginning.
fn divide(reach: &[Span], refusals: &[Refusal]) -> Vec<(Span, u64)> {
    let mut gone = vec![PENDING; refusals.len() + 1];
    for (index, refusal) in refusals.iter().enumerate().rev() {
        gone[index] = gone[index + 1].min(refusal.returned - 1);
    }
    let mut parts = Vec::new();
    for &(mut first, last) in reach {
        let mut index = refusals.partition_point(|refusal| refusal.invoked <= first);
        while let Some(refusal) = refusals.get(index)
            && refusal.invoked <= last
        {
            parts.push(((first, refusal.invoked - 1), gone[index]));
            first = refusal.invoked;
            index += 1;
        }
        parts.push(((first, last), gone[index]));
    }
    parts
}

/// One more span that can be reached; those so far began no later.
fn add(spans: &mut Vec<Span>, span: Span) {
    if span.0 > span.1 {
        return;
    }
    match spans.last_mut() {
        Some(last) if span.0 <= last.1.saturating_add(1) => last.1 = last.1.max(span.1),
        _ => spans.push(span),
    }
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
