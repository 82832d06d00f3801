//! What a server's disk holds, in Raft's own terms: what a server that is down would come back with.
//!
//! Deliberately absent: whether it would come back, which a fault decides.

use std::fmt::Write as _;

use serde_json::json;
use sim_core::disk::Disk;

use super::config::Raft;
use super::entry::Payload;
use super::storage::{Restored, Storage};
use crate::model::Stored;
use crate::wal::Recovery;

/// The disk for people and for programs; `None` where servers write nothing.
pub(super) fn stored(raft: &Raft, disk: &Disk) -> Option<Stored> {
    let restored = Storage::peek(raft, disk)?;
    let (state, reads) = match restored.recovery {
        Some(Recovery::Clean) => ("sound".to_string(), true),
        Some(Recovery::Repaired(bytes)) => (format!("{bytes} torn bytes behind what is sound"), true),
        Some(Recovery::Refused) => ("refused: what had been promised is damaged".to_string(), false),
        Some(Recovery::Fresh) | None => ("empty".to_string(), false),
    };
    let mut text = format!("  on its disk: {state}");
    if reads {
        describe(&restored, &mut text).expect("a string takes whatever is written");
    }
    Some(Stored { text, json: object(&restored, &state) })
}

fn describe(restored: &Restored, out: &mut String) -> std::fmt::Result {
    let vote = restored.vote.map_or_else(|| "nobody".to_string(), |peer| peer.to_string());
    writeln!(out)?;
    writeln!(out, "  term {}, voted for {vote}", restored.term)?;
    let (base, last) = (restored.log.base(), restored.log.last());
    write!(out, "  log {}..{} (last {last})", base.index + 1, last.index)?;
    if let Some(snapshot) = &restored.snapshot {
        write!(out, "\n  snapshot up to {}, {} bytes", snapshot.position, snapshot.state.len())?;
    }
    match configuration(restored) {
        Some((since, membership)) => write!(out, "\n  configuration {membership} since {since}"),
        None => write!(out, "\n  configuration: the first"),
    }
}

/// The latest membership on the disk, and the place that says so; `None` where it is that of the settings.
fn configuration(restored: &Restored) -> Option<(u64, String)> {
    let in_log = restored.log.entries().filter_map(|entry| match &entry.payload {
        Payload::Membership(membership) => Some((entry.index, membership.to_string())),
        _ => None,
    });
    let in_snapshot =
        restored.snapshot.as_ref().map(|snapshot| (snapshot.position.index, snapshot.membership.to_string()));
    in_log.last().or(in_snapshot)
}

fn object(restored: &Restored, state: &str) -> serde_json::Value {
    let (base, last) = (restored.log.base(), restored.log.last());
    let snapshot = restored.snapshot.as_ref();
    json!({
        "state": state,
        "term": restored.term,
        "voted_for": restored.vote.map(|peer| peer.to_string()),
        "log": { "first_index": base.index + 1, "last_index": last.index, "last_term": last.term },
        "snapshot": snapshot.map(|s| json!({ "index": s.position.index, "term": s.position.term })),
        "configuration": configuration(restored).map(|(since, members)| json!({ "members": members, "since": since })),
    })
}
