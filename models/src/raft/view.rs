//! A server as its protocol sees it, for people: role, term, log and configuration in a few lines, and what tests and
//! invariants may look at.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::entry::{Index, Term};
use super::log::Log;
use super::membership::Membership;
use super::node::{RaftNode, Role};
use crate::model::Moment;
use sim_core::peer::Peer;

use super::progress::Progress;

/// How many of the last entries a view shows.
const ENTRIES_SHOWN: u64 = 8;

impl Role {
    /// The role's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::Follower => "follower",
            Role::PreCandidate => "pre-candidate",
            Role::Candidate => "candidate",
            Role::Leader => "leader",
        }
    }
}

impl RaftNode {
    /// What it is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }
    /// Its term.
    #[must_use]
    pub fn term(&self) -> Term {
        self.term
    }
    /// For whom it voted in its term.
    #[must_use]
    pub fn vote(&self) -> Option<Peer> {
        self.vote
    }
    /// Its log.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }
    /// How far it knows the log to be committed.
    #[must_use]
    pub fn committed(&self) -> Index {
        self.commit
    }
    /// How far it has applied the log.
    #[must_use]
    pub fn applied(&self) -> Index {
        self.applied
    }
    /// The latest membership in its log.
    #[must_use]
    pub fn configuration(&self) -> &Membership {
        self.membership()
    }
    /// How many writes were asked for again and not applied again.
    #[must_use]
    pub fn repeated_writes(&self) -> u64 {
        self.machine().repeated()
    }

    /// The server in Raft's own terms: state, log, configuration, and as a leader its followers.
    #[must_use]
    pub fn view(&self, moment: &Moment) -> String {
        let mut out = String::new();
        self.describe(&mut out, moment).expect("a string takes whatever is written");
        out
    }

    fn describe(&self, out: &mut String, moment: &Moment) -> std::fmt::Result {
        let name = |peer: Option<Peer>| peer.map_or_else(|| "nobody".to_string(), |peer| peer.to_string());
        write!(out, "{} {} in term {}", self.me, self.role.name(), self.term)?;
        writeln!(out, ", voted for {}, follows {}", name(self.vote), name(self.leader))?;
        let (base, last) = (self.log.base(), self.log.last());
        write!(out, "  log {}..{} (last {last})", base.index + 1, last.index)?;
        writeln!(out, ", committed {}, applied {}", self.commit, self.applied)?;
        if let Some((index, term)) = self.snapshot_position() {
            writeln!(out, "  snapshot up to {index}/{term}")?;
        }
        let from = (base.index + 1).max((last.index + 1).saturating_sub(ENTRIES_SHOWN));
        if from > base.index + 1 {
            writeln!(out, "    … {} before", from - base.index - 1)?;
        }
        for entry in (from..=last.index).filter_map(|index| self.log.get(index)) {
            let state = if entry.index <= self.commit { "committed" } else { "" };
            writeln!(out, "    {:<28} {state}", entry.to_string())?;
        }
        let since = self.memberships.last().map_or(0, |(index, _)| *index);
        let state = if since <= self.commit { "committed" } else { "not committed" };
        // A snapshot says which membership holds at its end, not since when.
        let or_before = if since > 0 && since == base.index { " or before" } else { "" };
        writeln!(out, "  configuration {} since {since}{or_before} ({state})", self.membership())?;
        if let Some((position, bytes)) = self.arriving() {
            writeln!(out, "  receiving the snapshot up to {position}: {bytes} bytes so far")?;
        }
        writeln!(out, "  machine of {} keys, disk {} bytes", self.machine().keys(), self.storage.bytes())?;
        let Some(leading) = &self.leading else { return Ok(()) };
        for progress in &leading.progress {
            let mode = mode(progress);
            writeln!(out, "  {}: has {}, next {}, {mode}", progress.peer, progress.matched, progress.next)?;
        }
        if let Some(successor) = self.successor() {
            writeln!(out, "  handing over to {successor}")?;
        }
        match self.lease(moment) {
            Some(lease) => writeln!(out, "  {lease}"),
            None => Ok(()),
        }
    }

    /// The same as an object, with every entry that the log holds.
    #[must_use]
    pub fn view_json(&self, moment: &Moment) -> Value {
        let name = |peer: Option<Peer>| peer.map(|peer| peer.to_string());
        let names = |peers: &[Peer]| peers.iter().map(Peer::to_string).collect::<Vec<_>>();
        let (base, last) = (self.log.base(), self.log.last());
        let entries = self.log.entries().map(
            |entry| json!({ "index": entry.index, "term": entry.term, "what": entry.payload.to_string() }),
        );
        let snapshot = self.snapshot_position().map(|(index, term)| json!({ "index": index, "term": term }));
        let (since, membership) = self.memberships.last().expect("there is one from the start");
        let mut view = json!({
            "role": self.role.name(),
            "term": self.term,
            "voted_for": name(self.vote),
            "leader": name(self.leader),
            "commit": self.commit,
            "applied": self.applied,
            "log": {
                "first_index": base.index + 1,
                "last_index": last.index,
                "last_term": last.term,
                "entries": entries.collect::<Vec<_>>(),
            },
            "snapshot": snapshot,
            "configuration": {
                "voters": names(&membership.voters),
                "outgoing": names(&membership.outgoing),
                "learners": names(&membership.learners),
                "since": since,
                "committed": *since <= self.commit,
            },
            "machine_keys": self.machine().keys(),
            "disk_bytes": self.storage.bytes(),
        });
        if let Some((position, bytes)) = self.arriving() {
            view["receiving"] = json!({ "index": position.index, "term": position.term, "bytes": bytes });
        }
        if let Some(leading) = &self.leading {
            view["handing_over_to"] = json!(name(self.successor()));
            let followers = leading.progress.iter().map(|progress| {
                let peer = progress.peer.to_string();
                json!({ "peer": peer, "match": progress.matched, "next": progress.next, "mode": mode(progress) })
            });
            view["followers"] = followers.collect();
            view["lease"] = json!(self.lease(moment).map(|lease| lease.json()));
        }
        view
    }
}

/// What a leader is doing with a follower.
fn mode(progress: &Progress) -> String {
    match (&progress.sending, progress.probing) {
        (Some(sending), _) => {
            let snapshot = &sending.snapshot;
            let (sent, total) = (sending.offset, snapshot.state.len());
            format!("the snapshot up to {}, {sent} of {total} bytes sent", snapshot.position)
        }
        (None, Some(_)) => "probing".to_string(),
        (None, None) => format!("{} in flight", progress.in_flight.len()),
    }
}
