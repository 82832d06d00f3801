//! What nodes were in the eyes of a gossip or a membership, where they told of no roles: whether they had heard a rumor,
//! whether anyone suspected them or had given them up. It is read from what they measured, so it costs a run of
//! millions of nodes nothing.
//!
//! Deliberately absent: statuses that nodes told themselves; those come first.

use std::borrow::Cow;
use std::collections::BTreeMap;

use checks::metrics::detection::suspicions;
use checks::metrics::gossip::{HEARD, first_hearings};
use sim_core::peer::Peer;
use sim_core::record::{Record, StatusChange};
use sim_core::time::Time;

/// The statuses of a record, or what stands for them where it has none; in order of time.
#[must_use]
pub fn statuses(record: &Record) -> Cow<'_, [StatusChange]> {
    if !record.statuses.is_empty() {
        return Cow::Borrowed(&record.statuses);
    }
    let mut found = Vec::new();
    let mut turn = |at: Time, node: Peer, role: &str| {
        found.push(StatusChange { at, node, role: role.into(), epoch: 0 });
    };
    if record.measures.contains_key(HEARD) {
        (0..record.node_count).for_each(|node| turn(Time::ZERO, Peer::node(node), "not heard"));
        first_hearings(record).iter().for_each(|heard| turn(heard.at, heard.node, "heard"));
    } else if record.measures.contains_key("watches") {
        (0..record.node_count).for_each(|node| turn(Time::ZERO, Peer::node(node), "trusted"));
        let mut changes: Vec<(Time, i64, i64)> = Vec::new();
        for suspicion in suspicions(record) {
            changes.extend([(suspicion.from, suspicion.of, 1), (suspicion.until, suspicion.of, -1)]);
        }
        changes.sort_unstable();
        let mut by: BTreeMap<i64, i64> = BTreeMap::new();
        for (at, of, change) in changes {
            let count = by.entry(of).or_default();
            let before = *count;
            *count += change;
            if (before == 0) != (*count == 0) {
                let role = if *count == 0 { "trusted" } else { "suspected by someone" };
                turn(at, Peer::node(of as u32), role);
            }
        }
    }
    found.sort_by_key(|change| change.at);
    Cow::Owned(found)
}

#[cfg(test)]
mod tests {
    use sim_core::peer::Peer;
    use sim_core::record::{Measure, Record};
    use sim_core::time::Time;

    use super::statuses;

    #[test]
    fn a_member_is_suspected_as_long_as_anyone_suspects_it() {
        let mut record = Record { ended: Time(100), node_count: 3, ..Record::default() };
        for (name, at, by) in [
            ("watches", 0, 0),
            ("suspected", 10, 0),
            ("suspected", 20, 1),
            ("trusted", 30, 0),
            ("trusted", 40, 1),
        ] {
            let value = if name == "watches" { -1 } else { 2 };
            record.measures.entry(name.into()).or_default().push(Measure {
                at: Time(at),
                node: Peer::node(by),
                value,
            });
        }
        let told: Vec<(u64, u32, String)> =
            statuses(&record).iter().map(|s| (s.at.0, s.node.raw(), s.role.clone())).collect();
        let later: Vec<_> = told.into_iter().filter(|(at, ..)| *at > 0).collect();
        assert_eq!(later, [(10, 2, "suspected by someone".to_string()), (40, 2, "trusted".to_string())]);
    }
}
