//! Registers of unique values, by zones (Gibbons & Korach, "Testing shared memories", 1997, §4): O(n log n).
//!
//! The zone of a value reaches from the first end among its write and its reads to the last invocation among them.
//! If that is forward in time, the value is there throughout, so no two such zones may overlap; if it is backward, all
//! its operations can happen at once anywhere within it, so it must not lie within a forward one. Deliberately absent:
//! compare-and-set and appending, for which the search is there.

use indexmap::IndexMap;
use sim_core::value::{Call, Value};

use crate::linearizability::hash::Quick;
use crate::linearizability::problem::{Deed, PENDING, Solved};

/// What is known of one value.
#[derive(Clone, Copy, Debug)]
struct Zone {
    /// The invocation of its write; `PENDING` while none was seen.
    written: u64,
    /// Whether there was a read, or a write that must have happened.
    certain: bool,
    first_end: u64,
    last_start: u64,
    /// The first end of a read.
    read: u64,
}

/// The verdict, if every value is written once and nothing else than reading and writing is done.
pub(super) fn solve(deeds: &[Deed<'_>], initial: &Value) -> Option<Solved> {
    let mut values: IndexMap<&Value, Zone, Quick> = IndexMap::default();
    let fresh = Zone { written: PENDING, certain: false, first_end: PENDING, last_start: 0, read: PENDING };
    // The initial value was written before everything, which all other positions make room for.
    values.insert(initial, Zone { written: 0, certain: true, first_end: 0, ..fresh });
    for deed in deeds {
        let (invoked, returned) = (deed.invoked.saturating_add(1), deed.returned.saturating_add(1));
        match (deed.call, deed.value()) {
            (Call::Read, Some(value)) => {
                let zone = values.entry(value).or_insert(fresh);
                zone.certain = true;
                zone.first_end = zone.first_end.min(returned);
                zone.last_start = zone.last_start.max(invoked);
                zone.read = zone.read.min(returned);
            }
            (Call::Write(value), _) => {
                let zone = values.entry(value).or_insert(fresh);
                if zone.written != PENDING {
                    return None;
                }
                zone.written = invoked;
                zone.certain |= deed.is_required();
                zone.first_end = zone.first_end.min(returned);
                zone.last_start = zone.last_start.max(invoked);
            }
            _ => return None,
        }
    }
    if let Some(zone) =
        values.values().find(|zone| zone.read < zone.written || zone.certain && zone.written == PENDING)
    {
        return Some(Solved::No(zone.read - 1));
    }
    Some(judge(values.into_values().filter(|zone| zone.certain).collect()))
}

/// Looks for forward zones that overlap, and for backward ones within forward ones.
fn judge(zones: Vec<Zone>) -> Solved {
    let (mut forward, backward): (Vec<Zone>, Vec<Zone>) =
        zones.into_iter().partition(|zone| zone.first_end < zone.last_start);
    forward.sort_unstable_by_key(|zone| zone.first_end);
    for pair in forward.windows(2) {
        if pair[1].first_end < pair[0].last_start {
            return Solved::No(PENDING - 1);
        }
    }
    for zone in backward {
        let index = forward.partition_point(|other| other.first_end < zone.last_start);
        if index > 0 && forward[index - 1].last_start > zone.first_end {
            return Solved::No(PENDING - 1);
        }
    }
    Solved::Yes
}
