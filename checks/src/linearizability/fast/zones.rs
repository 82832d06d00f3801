//! Registers of unique values, by zones (Gibbons & Korach, "Testing shared memories", 1997, §4): O(n log n).
//!
//! The zone of a value reaches from the first end among its write and its reads to the last invocation among them.
//! If that is forward in time, the value is there throughout, so no two such zones may overlap; if it is backward, all
//! its operations can happen at once anywhere within it, so it must not lie within a forward one.
//!
//! A compare-and-set that succeeded binds the value it replaced to the one it brought: nothing comes between. So values
//! form chains, each begun by a write, and a chain has one zone as a value has. Inside it the order is fixed, and agrees
//! with time if no operation ended before one began that comes earlier in it. A pending operation counts if its value
//! was seen. What compare-and-sets that failed saw is judged by [`super::refused`]. Deliberately absent: appending, and
//! values brought in twice, for which the search is there.

use sim_core::value::{Call, Value};

use super::refused::{Refusal, refused};
use crate::linearizability::problem::{Deed, PENDING, Solved};
use crate::linearizability::values::Values;

/// No value.
pub(super) const NONE: u32 = u32::MAX;

/// What is known of one value. Positions are those of the history and one more: the initial value comes before all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Zone {
    /// The invocation of what brings it in; `PENDING` while nothing was seen that does.
    pub written: u64,
    /// The end of that.
    pub write_end: u64,
    /// The first end and the last invocation among its reads.
    pub read_end: u64,
    pub read_start: u64,
    /// The value that a compare-and-set replaced by this one.
    pub from: u32,
    /// The value that a compare-and-set put in its place.
    pub next: u32,
    /// Whether it certainly was there: read, written by what must have happened, or replaced by such a value.
    pub certain: bool,
}

impl Zone {
    /// The first end among all its operations: by then it has come, if it ever does.
    #[inline]
    pub fn come_by(&self) -> u64 {
        // The initial value was there before all.
        self.write_end.max(1).min(self.read_end)
    }
}

/// A value begun by a write, and those that compare-and-sets put in its place one after another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    pub root: u32,
    pub first_end: u64,
    pub last_start: u64,
}

impl Chain {
    pub fn is_forward(&self) -> bool {
        self.first_end < self.last_start
    }
}

/// The verdict, if every value is brought in once and nothing is done but reading, writing and comparing-and-setting.
pub(super) fn solve<'a>(deeds: &[Deed<'a>], initial: &'a Value, values: &mut Values<'a>) -> Option<Solved> {
    let (mut zones, refusals) = collect(deeds, initial, values)?;
    if let Some(zone) =
        zones.iter().find(|zone| zone.read_end < zone.written || zone.certain && zone.written == PENDING)
    {
        return Some(Solved::No(zone.read_end - 1));
    }
    let Some(mut chains) = link(&mut zones).then(|| chains(&zones)).flatten() else {
        return Some(Solved::No(PENDING - 1));
    };
    // The forward ones in their order, then the others.
    chains.sort_unstable_by_key(|chain| {
        if chain.is_forward() { (false, chain.first_end) } else { (true, u64::from(chain.root)) }
    });
    let (forward, backward) = chains.split_at(chains.partition_point(Chain::is_forward));
    if overlap(forward, backward) {
        return Some(Solved::No(PENDING - 1));
    }
    if refusals.is_empty() { Some(Solved::Yes) } else { refused(&zones, forward, backward, refusals) }
}

/// What is known of each value, and which compare-and-sets failed. Nothing if this method does not fit.
fn collect<'a>(
    deeds: &[Deed<'a>],
    initial: &'a Value,
    values: &mut Values<'a>,
) -> Option<(Vec<Zone>, Vec<Refusal>)> {
    values.begin();
    let fresh = Zone {
        written: PENDING,
        write_end: PENDING,
        read_end: PENDING,
        read_start: 0,
        from: NONE,
        next: NONE,
        certain: false,
    };
    let mut zones = Vec::with_capacity(deeds.len() + 1);
    let mut refusals = Vec::new();
    let mut number = |zones: &mut Vec<Zone>, value: &'a Value| {
        let number = values.number(value);
        if number as usize == zones.len() {
            zones.push(fresh);
        }
        number
    };
    number(&mut zones, initial);
    zones[0] = Zone { written: 0, write_end: 0, certain: true, ..fresh };
    for deed in deeds {
        let (invoked, returned) = (deed.invoked.saturating_add(1), deed.returned.saturating_add(1));
        let (value, from) = match (deed.call, deed.value()) {
            (Call::Cas { from, .. }, Some(Value::Bool(false))) => {
                let value = number(&mut zones, from);
                refusals.push(Refusal { value, invoked, returned });
                continue;
            }
            (Call::Cas { from, to }, None) if from == to || deed.is_required() => {
                if deed.is_required() {
                    return None;
                }
                continue;
            }
            (Call::Read, Some(value)) => (value, None),
            // What replaces a value by itself only sees it.
            (Call::Cas { from, to }, _) if from == to => (from, None),
            (Call::Cas { from, to }, _) => (to, Some(number(&mut zones, from))),
            (Call::Write(value), _) => (value, Some(NONE)),
            _ => return None,
        };
        let value = number(&mut zones, value);
        let zone = &mut zones[value as usize];
        match from {
            None => {
                zone.certain = true;
                zone.read_end = zone.read_end.min(returned);
                zone.read_start = zone.read_start.max(invoked);
            }
            Some(_) if zone.written != PENDING => return None,
            Some(from) => {
                zone.written = invoked;
                zone.write_end = returned;
                zone.from = from;
                zone.certain |= deed.is_required();
            }
        }
    }
    Some((zones, refusals))
}

/// Binds each value that was certainly there to the one it replaced, which then was there too. False if one value was
/// replaced twice.
fn link(zones: &mut [Zone]) -> bool {
    for index in 0..zones.len() {
        let mut at = index;
        while zones[at].certain && zones[at].from != NONE {
            let from = zones[at].from as usize;
            if zones[from].next != NONE && zones[from].next != at as u32 {
                return false;
            }
            zones[from].next = at as u32;
            if zones[from].certain {
                break;
            }
            zones[from].certain = true;
            at = from;
        }
    }
    true
}

/// The chains of what was certainly there; none if one goes round, comes from nowhere, or goes against time.
fn chains(zones: &[Zone]) -> Option<Vec<Chain>> {
    let mut chains = Vec::with_capacity(zones.len());
    let mut linked = 0;
    for (root, zone) in zones.iter().enumerate() {
        if !zone.certain || zone.from != NONE {
            continue;
        }
        let mut chain = Chain { root: root as u32, first_end: PENDING, last_start: 0 };
        let mut at = root as u32;
        while at != NONE {
            let zone = &zones[at as usize];
            if zone.written == PENDING || zone.write_end < chain.last_start {
                return None;
            }
            chain.last_start = chain.last_start.max(zone.written);
            if zone.read_end < chain.last_start {
                return None;
            }
            chain.last_start = chain.last_start.max(zone.read_start);
            chain.first_end = chain.first_end.min(zone.write_end).min(zone.read_end);
            linked += 1;
            at = zone.next;
        }
        chains.push(chain);
    }
    (linked == zones.iter().filter(|zone| zone.certain).count()).then_some(chains)
}

/// Whether forward zones overlap, or backward ones lie within forward ones. The forward ones come in their order.
fn overlap(forward: &[Chain], backward: &[Chain]) -> bool {
    if forward.windows(2).any(|pair| pair[1].first_end < pair[0].last_start) {
        return true;
    }
    backward.iter().any(|chain| {
        let index = forward.partition_point(|other| other.first_end < chain.last_start);
        index > 0 && forward[index - 1].last_start > chain.first_end
    })
}
