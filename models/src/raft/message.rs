//! What servers tell each other, and what they remind themselves of.
//!
//! Requests and answers are separate messages; an answer may come late, twice or never. Every message fits in 64
//! bytes, for the engine keeps each on its queue.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem;
use std::sync::Arc;

use super::entry::{Batch, Index, Position, Term};
use super::membership::Membership;

/// A message between servers. Its sender is known.
///
/// What tells the kinds apart has a word to itself, so that a message is moved by words: of words that were written as such and
/// are read as halves of two of them, the processor has to wait until they have left its buffers.
#[derive(Clone, PartialEq)]
#[repr(u64)]
pub enum Message {
    /// RequestVote (§5.2, §5.4.1), and the question whether it would be granted (D 9.6).
    Vote {
        /// The candidate's term; for a pre-vote the term it would begin.
        term: Term,
        /// The place of its last entry.
        last_index: Index,
        /// The term of its last entry.
        last_term: Term,
        /// Only a question.
        pre: bool,
        /// The leader asked for it: nobody needs to be loyal to it (D 3.10).
        transfer: bool,
    },
    /// The answer to it.
    VoteReply {
        /// The voter's term; for a granted pre-vote the term that was asked about.
        term: Term,
        /// Whether the vote was given.
        granted: bool,
        /// Whether it was only a question.
        pre: bool,
    },
    /// AppendEntries (§5.3); without entries a heartbeat.
    Append {
        /// The leader's term.
        term: Term,
        /// The place before the entries.
        previous_index: Index,
        /// The term there.
        previous_term: Term,
        /// What is committed.
        commit: Index,
        /// The leader's latest round of asking whether it still leads.
        round: u64,
        /// The entries.
        entries: Option<Batch>,
    },
    /// The follower's log agrees up to here.
    Accepted {
        /// The follower's term.
        term: Term,
        /// The last place at which it is known to agree with the leader.
        matched: Index,
        /// The round that the append carried.
        round: u64,
    },
    /// The follower's log does not agree at the place before the entries, or its term is newer.
    Refused {
        /// The follower's term.
        term: Term,
        /// The place before the entries that were refused.
        previous_index: Index,
        /// The term of its entry at that place; 0 if its log is shorter (§5.3, at its end).
        conflict_term: Term,
        /// The first place of that term in its log; one beyond the end if its log is shorter; beyond all places if the append
        /// was of an older term, and its log was not looked at.
        conflict_index: Index,
        /// The round that the append carried; 0 if it was of an older term.
        round: u64,
    },
    /// A chunk of InstallSnapshot (§7).
    Snapshot(Box<Chunk>),
    /// The follower has so many bytes of the snapshot.
    SnapshotReply {
        /// The follower's term.
        term: Term,
        /// Where the snapshot ends in the log.
        index: Index,
        /// The bytes it has.
        received: u64,
        /// Whether it has installed it, or needs no more of it.
        installed: bool,
    },
    /// The receiver is to stand for election at once (D 3.10).
    TimeoutNow {
        /// The leader's term.
        term: Term,
    },
    /// A server asks the leader for a read index (D 6.4).
    ReadIndex {
        /// The asker's number for it.
        number: u64,
    },
    /// What was applied at this place is recent enough; `None` if the receiver does not lead.
    ReadIndexReply {
        /// The asker's number for it.
        number: u64,
        /// How far the asker must have applied.
        index: Option<Index>,
    },
}

/// A part of a snapshot.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Chunk {
    /// The leader's term.
    pub term: Term,
    /// What the snapshot covers.
    pub position: Position,
    /// The membership there.
    pub membership: Arc<Membership>,
    /// Where the part begins.
    pub offset: u64,
    /// The size of the whole.
    pub total: u64,
    /// The part.
    pub bytes: Vec<u8>,
}

/// What a server reminds itself of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The leader may be gone; as a candidate, the election has taken too long.
    Election,
    /// The followers are to hear from their leader.
    Heartbeat,
    /// What was gathered is to be sent.
    Gather,
}

impl Hash for Message {
    /// As if derived; the two kinds that nearly all messages are of come first.
    #[inline(always)]
    fn hash<H: Hasher>(&self, state: &mut H) {
        mem::discriminant(self).hash(state);
        match self {
            Message::Append { term, previous_index, previous_term, commit, round, entries } => {
                (term, previous_index, previous_term, commit, round, entries).hash(state);
            }
            Message::Accepted { term, matched, round } => (term, matched, round).hash(state),
            rarer => rarer.hash_rarer(state),
        }
    }
}

impl Message {
    /// What is hashed of the other kinds.
    #[inline(never)]
    fn hash_rarer<H: Hasher>(&self, state: &mut H) {
        match self {
            Message::Append { .. } | Message::Accepted { .. } => {}
            Message::Vote { term, last_index, last_term, pre, transfer } => {
                (term, last_index, last_term, pre, transfer).hash(state);
            }
            Message::VoteReply { term, granted, pre } => (term, granted, pre).hash(state),
            Message::Refused { term, previous_index, conflict_term, conflict_index, round } => {
                (term, previous_index, conflict_term, conflict_index, round).hash(state);
            }
            Message::Snapshot(chunk) => chunk.hash(state),
            Message::SnapshotReply { term, index, received, installed } => {
                (term, index, received, installed).hash(state);
            }
            Message::TimeoutNow { term } => term.hash(state),
            Message::ReadIndex { number } => number.hash(state),
            Message::ReadIndexReply { number, index } => (number, index).hash(state),
        }
    }

    /// The name of its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Message::Vote { pre: true, .. } => "pre-vote",
            Message::Vote { .. } => "vote",
            Message::VoteReply { pre: true, .. } => "pre-vote reply",
            Message::VoteReply { .. } => "vote reply",
            Message::Append { entries: None, .. } => "heartbeat",
            Message::Append { .. } => "append",
            Message::Accepted { .. } | Message::Refused { .. } => "append reply",
            Message::Snapshot(_) => "snapshot",
            Message::SnapshotReply { .. } => "snapshot reply",
            Message::TimeoutNow { .. } => "timeout now",
            Message::ReadIndex { .. } => "read index",
            Message::ReadIndexReply { .. } => "read index reply",
        }
    }

    /// Its size on the wire, headers of the transport left out.
    #[must_use]
    #[inline(always)]
    pub fn bytes(&self) -> u32 {
        match self {
            Message::Append { entries: Some(Batch::One(entry)), .. } => 48 + entry.bytes(),
            Message::Append { entries: Some(Batch::Many(entries)), .. } => {
                48 + entries.iter().map(|entry| entry.bytes()).sum::<u32>()
            }
            Message::Append { .. } => 48,
            Message::Snapshot(chunk) => 64 + chunk.bytes.len() as u32,
            Message::Refused { .. } => 48,
            Message::Vote { .. } | Message::Accepted { .. } | Message::SnapshotReply { .. } => 32,
            Message::VoteReply { .. } | Message::TimeoutNow { .. } => 16,
            Message::ReadIndex { .. } | Message::ReadIndexReply { .. } => 24,
        }
    }
}

impl fmt::Debug for Message {
    /// One line in Raft's own words: `append t3 after 4/2 commit 3 [5/3 write x1 7]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Vote { term, last_index, last_term, transfer, .. } => {
                let why = if *transfer { " (transfer)" } else { "" };
                write!(f, "{} t{term} last {last_index}/{last_term}{why}", self.kind())
            }
            Message::VoteReply { term, granted, .. } => {
                write!(f, "{} t{term} {}", self.kind(), if *granted { "granted" } else { "denied" })
            }
            Message::Append { term, previous_index, previous_term, commit, round, entries } => {
                write!(f, "{} t{term} after {previous_index}/{previous_term} commit {commit}", self.kind())?;
                if *round > 0 {
                    write!(f, " round {round}")?;
                }
                let Some(entries) = entries else { return Ok(()) };
                let list: Vec<String> = entries.iter().map(ToString::to_string).collect();
                write!(f, " [{}]", list.join(", "))
            }
            Message::Accepted { term, matched, round } => {
                write!(f, "accepted t{term} up to {matched}")?;
                if *round > 0 { write!(f, " round {round}") } else { Ok(()) }
            }
            Message::Refused { term, conflict_index: Index::MAX, .. } => {
                write!(f, "refused t{term}, of an older term")
            }
            Message::Refused { term, previous_index, conflict_term, conflict_index, .. } => write!(
                f,
                "refused t{term} after {previous_index}, conflict at {conflict_index}/{conflict_term}"
            ),
            Message::Snapshot(chunk) => write!(
                f,
                "snapshot t{} of {} {} bytes {}..{} of {}",
                chunk.term,
                chunk.position,
                chunk.membership,
                chunk.offset,
                chunk.offset + chunk.bytes.len() as u64,
                chunk.total
            ),
            Message::SnapshotReply { term, index, received, installed } => {
                let what = if *installed { "installed" } else { "received" };
                write!(f, "snapshot reply t{term} of {index}: {what} {received}")
            }
            Message::TimeoutNow { term } => write!(f, "timeout now t{term}"),
            Message::ReadIndex { number } => write!(f, "read index #{number}"),
            Message::ReadIndexReply { number, index } => match index {
                Some(index) => write!(f, "read index reply #{number}: {index}"),
                None => write!(f, "read index reply #{number}: not the leader"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Batch, Chunk, Membership, Message, Position};
    use crate::raft::entry::{Entry, Payload};
    use sim_core::fingerprint::content;
    use std::rc::Rc;
    use std::sync::Arc;

    /// The same kinds in the same order, hashed as the compiler derives it.
    #[derive(Hash)]
    #[repr(u64)]
    enum Twin {
        Vote(u64, u64, u64, bool, bool),
        VoteReply(u64, bool, bool),
        Append(u64, u64, u64, u64, u64, Option<Batch>),
        Accepted(u64, u64, u64),
        Refused(u64, u64, u64, u64, u64),
        Snapshot(Box<Chunk>),
        SnapshotReply(u64, u64, u64, bool),
        TimeoutNow(u64),
        ReadIndex(u64),
        ReadIndexReply(u64, Option<u64>),
    }

    #[test]
    fn every_kind_is_hashed_as_derived() {
        let (term, round, commit, number) = (3, 4, 5, 6);
        let (previous_index, previous_term, matched, index) = (7, 2, 9, 8);
        let (conflict_term, conflict_index) = (1, 11);
        let chunk = Box::new(Chunk {
            term,
            position: Position { index, term, chain: 99 },
            membership: Arc::new(Membership::of(Vec::new())),
            offset: 1,
            total: 3,
            bytes: vec![1, 2],
        });
        let vote = Message::Vote { term, last_index: 8, last_term: 2, pre: true, transfer: false };
        let reply = Message::VoteReply { term, granted: true, pre: false };
        let done = Message::SnapshotReply { term, index, received: 12, installed: true };
        let refused = Message::Refused { term, previous_index, conflict_term, conflict_index, round };
        let mut pairs = vec![
            (vote, Twin::Vote(3, 8, 2, true, false)),
            (reply, Twin::VoteReply(3, true, false)),
            (Message::Accepted { term, matched, round }, Twin::Accepted(3, 9, 4)),
            (refused, Twin::Refused(3, 7, 1, 11, 4)),
            (Message::Snapshot(chunk.clone()), Twin::Snapshot(chunk)),
            (done, Twin::SnapshotReply(3, 8, 12, true)),
            (Message::TimeoutNow { term }, Twin::TimeoutNow(3)),
            (Message::ReadIndex { number }, Twin::ReadIndex(6)),
            (Message::ReadIndexReply { number, index: Some(8) }, Twin::ReadIndexReply(6, Some(8))),
            (Message::ReadIndexReply { number, index: None }, Twin::ReadIndexReply(6, None)),
        ];
        let entry = |index| Rc::new(Entry::new(index, 3, Payload::Noop));
        for list in [vec![], vec![entry(8)], vec![entry(8), entry(9)]] {
            let (entries, same) = (Batch::of(list.clone()), Batch::of(list));
            let append = Message::Append { term, previous_index, previous_term, commit, round, entries };
            pairs.push((append, Twin::Append(3, 7, 2, 5, 4, same)));
        }
        for (message, twin) in pairs {
            assert_eq!(content(&message), content(&twin), "{message:?}");
        }
    }
}
