//! Raft's settings as scenario files write them: what each option means, its default, and what is refused.
//!
//! Defaults are those of a careful implementation rather than of the bare paper: pre-vote, check-quorum and
//! leader stickiness are on. Deliberately absent: anything about machines, networks and clients, which the cluster
//! and the scenario say.

use serde::{Deserialize, Serialize};
use sim_core::random::distribution::Distribution;
use sim_core::time::Span;

use super::admin::{Action, Admin, Scheme};

/// The settings of a Raft cluster. Sections (§) are of the paper (Ongaro & Ousterhout, USENIX ATC'14), chapters and
/// sections with a D of Ongaro's dissertation (2014).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raft {
    /// How long a follower waits for its leader before it stands for election, drawn anew at each reset (§5.2).
    /// Uniform from 150 ms to 300 ms unless said otherwise, as in §9.3.
    pub election_timeout: Distribution,
    /// How often a leader lets its followers hear from it; 50 ms unless said otherwise.
    pub heartbeat: Span,
    /// Ask whether an election could be won before its term is begun (D 9.6). On unless said otherwise.
    pub pre_vote: bool,
    /// A leader that has not heard from a quorum for an election time-out steps down (D 6.2). On unless said
    /// otherwise.
    pub check_quorum: bool,
    /// A server that heard from a leader within the shortest election time-out takes no part in elections, so that
    /// servers that were removed or cut off do not disrupt (D 4.2.3). On unless said otherwise.
    pub leader_stickiness: bool,
    /// A new leader appends an empty entry of its term, so that it learns what is committed (§8). On unless said
    /// otherwise; without it, reads by index wait for the first write of the term.
    pub no_op: bool,
    /// A candidate asks for votes while its own is still being written, as a leader sends entries that it still writes
    /// (D 10.2.1); its own vote counts once it is durable. It waits all the same while its log is not durable. Off
    /// unless said otherwise.
    pub parallel_vote: bool,
    /// How reads are answered; through the log unless said otherwise.
    pub reads: Reads,
    /// Requests are gathered this long before they are sent to the followers together; no time unless said otherwise.
    pub gather: Span,
    /// The most entries in one append; 256 unless said otherwise.
    pub batch_entries_max: u32,
    /// The most appends on their way to one follower; 1 sends one and waits. 16 unless said otherwise (D 10.2.1).
    pub in_flight_max: u32,
    /// What happens to terms, votes and entries before they are answered for; `Synced` unless said otherwise.
    pub persistence: Persistence,
    /// The log on disk guards each record by a checksum. On unless said otherwise; without, a damaged log is
    /// believed as far as it can be read.
    pub checksums: bool,
    /// Client sessions (D 6.3): a write that is retried is applied once. On unless said otherwise; without, a retry
    /// may be applied again.
    pub sessions: bool,
    /// When the log is compacted (§7); never unless said.
    pub snapshots: Option<Snapshots>,
    /// How many servers must vote, and how many must store an entry; majorities unless said otherwise.
    pub quorums: Option<Quorums>,
    /// The first so many nodes vote from the start; the others wait to be added. All unless said otherwise.
    pub voters: Option<u32>,
    /// The nodes, by index, that may lead; all unless said otherwise. The others vote, and nobody hands over to them.
    pub eligible: Option<Vec<u32>>,
    /// The node, by index, that stands for election at once when it first boots; nobody unless said otherwise. For
    /// studies that begin with a leader.
    pub initial_leader: Option<u32>,
    /// How much each node, by index, is wanted as a leader; 0 for those not named, all alike unless said otherwise. A
    /// leader hands over (D 3.10) to a voter of higher priority that has caught up.
    pub priority: Vec<u32>,
    /// The terms of the entries that nodes find in their logs at their first boot, node by node, as figure 7 draws
    /// them; empty unless said otherwise. The entries themselves are empty ones.
    pub initial_logs: Vec<Vec<u64>>,
    /// How membership changes are made; one server at a time unless said otherwise.
    pub scheme: Scheme,
    /// What an administrator asks of the cluster, carried out by whoever leads; nothing unless said otherwise.
    pub admin: Vec<Admin>,
    /// A mistake to make on purpose, for the checks to find; none unless said.
    pub bug: Option<Bug>,
}

/// How a read is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Reads {
    /// As an entry of the log, like a write (§8).
    #[default]
    Log,
    /// By the leader, once a round of heartbeats has shown that it led when it was asked (D 6.4).
    ReadIndex,
    /// By the leader at once, while a quorum has promised not to vote for another (D 6.4.1). Linearizable as long as
    /// no two clocks run apart faster than the bound. Needs `leader_stickiness`.
    Lease {
        /// How far a clock's rate may be from the true one, in parts per million.
        drift_ppm: f64,
    },
    /// By any server, which asks the leader for a read index and waits until it has applied so far (D 6.4).
    Follower,
    /// By whoever believes to be the leader, at once. A mistake: a leader that has been replaced answers too.
    LeaderLocal,
    /// By any server from what it has applied, at once. A mistake.
    Local,
}

/// What happens to terms, votes and entries before they are answered for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Persistence {
    /// They are synced to disk; one sync covers all that was written meanwhile.
    #[default]
    Synced,
    /// They are written, but answered for before the sync completes. A mistake: a power loss forgets promises.
    Unsynced,
    /// They are not written at all: a server that restarts has forgotten everything. For studies without crashes.
    Memory,
}

/// When a log is compacted, and how a snapshot travels (§7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshots {
    /// A snapshot is taken when this many entries have been applied since the last one.
    pub every_entries: u64,
    /// This many entries before the snapshot are kept for followers that are a little behind; 0 unless said.
    #[serde(default)]
    pub keep_entries: u64,
    /// The size of the chunks in which a snapshot is sent; 4096 unless said.
    #[serde(default = "chunk_bytes")]
    pub chunk_bytes: u32,
}

/// Quorum sizes (Howard, Malkhi & Spiegelman, OPODIS'16). Refused unless any two election quorums intersect, and any
/// election quorum with any commit quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quorums {
    /// How many servers elect a leader.
    pub election: u32,
    /// How many servers commit an entry.
    pub commit: u32,
}

/// A mistake made on purpose, with the property that it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Bug {
    /// Entries of earlier terms are committed by counting their copies (figure 8). Breaks leader completeness.
    CommitsOldTerms,
    /// Votes are not written to disk. Breaks election safety.
    ForgetsVotes,
    /// Votes are given to candidates whatever their logs hold (against §5.4.1). Breaks leader completeness.
    IgnoresLogs,
    /// Entries are appended whatever precedes them (against §5.3). Breaks log matching.
    SkipsPrevious,
    /// Every append cuts the log behind it, even one that is late and agrees. Breaks leader completeness.
    CutsAlways,
    /// A leader drops its uncommitted entries when it sends heartbeats. Breaks leader append-only.
    LeaderDrops,
    /// Entries are applied as soon as they are stored. Breaks state machine safety.
    AppliesEarly,
    /// Membership is changed before an entry of the term is committed (against Ongaro's note of 2015). Breaks leader
    /// completeness.
    ChangesEarly,
}

/// The highest term that a log may hold from the start: far from where counting on would overflow.
const INITIAL_TERM_MAX: u64 = 1 << 32;

fn chunk_bytes() -> u32 {
    4096
}

impl Default for Raft {
    /// The defaults that the fields document.
    fn default() -> Raft {
        Raft {
            election_timeout: Distribution::Uniform { min: Span::ms(150), max: Span::ms(300) },
            heartbeat: Span::ms(50),
            pre_vote: true,
            check_quorum: true,
            leader_stickiness: true,
            no_op: true,
            parallel_vote: false,
            reads: Reads::Log,
            gather: Span::ZERO,
            batch_entries_max: 256,
            in_flight_max: 16,
            persistence: Persistence::Synced,
            checksums: true,
            sessions: true,
            snapshots: None,
            quorums: None,
            voters: None,
            eligible: None,
            initial_leader: None,
            priority: Vec::new(),
            initial_logs: Vec::new(),
            scheme: Scheme::Single,
            admin: Vec::new(),
            bug: None,
        }
    }
}

impl Raft {
    /// Whether the settings make sense for so many nodes.
    ///
    /// # Errors
    /// The field and what is wrong with it.
    pub fn check(&self, nodes: u32) -> Result<(), (String, String)> {
        let fail = |field: &str, why: String| Err((field.to_string(), why));
        if let Err(why) = self.election_timeout.validate() {
            return fail("election_timeout", why);
        }
        if self.election_timeout.mean() == Some(Span::ZERO) {
            return fail("election_timeout", "a length above 0: elections without a pause never end".into());
        }
        if self.heartbeat == Span::ZERO {
            return fail("heartbeat", "a length above 0".into());
        }
        if self.batch_entries_max == 0 || self.in_flight_max == 0 {
            let field = if self.batch_entries_max == 0 { "batch_entries_max" } else { "in_flight_max" };
            return fail(field, "at least 1, or nothing is ever replicated".into());
        }
        let voters = self.voters.unwrap_or(nodes);
        if voters == 0 || voters > nodes {
            return fail("voters", format!("1 to {nodes}, the number of nodes, found {voters}"));
        }
        if let Some(snapshots) = self.snapshots
            && (snapshots.every_entries == 0 || snapshots.chunk_bytes == 0)
        {
            return fail("snapshots", "every_entries and chunk_bytes are at least 1".into());
        }
        self.check_quorums(voters)?;
        self.check_reads()?;
        self.check_leaders(nodes, voters)?;
        self.check_logs(nodes)?;
        for (i, line) in self.admin.iter().enumerate() {
            line.action.check(nodes).map_err(|why| (format!("admin[{i}].do"), why))?;
            if let Action::Transfer(Some(node)) = line.action
                && !self.is_eligible(node as usize)
            {
                return Err((
                    format!("admin[{i}].do"),
                    format!("node {node} is not eligible: it may not lead"),
                ));
            }
            if let Some(node) = line.by.filter(|node| *node >= nodes) {
                let why = format!("there is no node {node}; there are 0 to {}", nodes - 1);
                return Err((format!("admin[{i}].by"), why));
            }
        }
        Ok(())
    }

    /// The length of a usual election time-out.
    pub(super) fn usual_timeout(&self) -> Span {
        self.election_timeout.mean().unwrap_or_else(|| self.election_timeout.least())
    }

    /// Whether this node may lead.
    #[must_use]
    pub fn is_eligible(&self, node: usize) -> bool {
        self.eligible.as_ref().is_none_or(|eligible| eligible.iter().any(|own| *own as usize == node))
    }

    fn check_leaders(&self, nodes: u32, voters: u32) -> Result<(), (String, String)> {
        let fail = |field: &str, why: String| Err((field.to_string(), why));
        if let Some(node) = self.eligible.iter().flatten().find(|node| **node >= nodes) {
            return fail("eligible", format!("there is no node {node}; there are 0 to {}", nodes - 1));
        }
        if self.eligible.as_ref().is_some_and(Vec::is_empty) {
            return fail("eligible", "at least one node, or there is never a leader".into());
        }
        if self.priority.len() > nodes as usize {
            return fail("priority", format!("{} priorities for {nodes} nodes", self.priority.len()));
        }
        match self.initial_leader {
            Some(node) if node >= voters => {
                fail("initial_leader", format!("one of the first voters, 0 to {}, found {node}", voters - 1))
            }
            Some(node) if !self.is_eligible(node as usize) => {
                fail("initial_leader", format!("node {node} is not eligible: it may not lead"))
            }
            _ => Ok(()),
        }
    }

    fn check_quorums(&self, voters: u32) -> Result<(), (String, String)> {
        let Some(Quorums { election, commit }) = self.quorums else { return Ok(()) };
        let fail = |why: String| Err(("quorums".to_string(), why));
        if election == 0 || commit == 0 || election > voters || commit > voters {
            return fail(format!("both sizes lie in 1 to {voters}, the number of voters"));
        }
        if election + commit <= voters {
            return fail(format!(
                "election ({election}) and commit ({commit}) quorums of {voters} need not intersect: together they must exceed {voters}"
            ));
        }
        if 2 * election <= voters {
            return fail(format!(
                "two election quorums of {election} among {voters} need not intersect: two leaders could be elected in one term"
            ));
        }
        if !self.admin.iter().all(|line| line.action.is_transfer()) {
            return fail("fixed sizes do not go with changes of membership".into());
        }
        Ok(())
    }

    fn check_reads(&self) -> Result<(), (String, String)> {
        let Reads::Lease { drift_ppm } = self.reads else { return Ok(()) };
        let fail = |why: &str| Err(("reads".to_string(), why.to_string()));
        if !(drift_ppm.is_finite() && (0.0..1e6).contains(&drift_ppm)) {
            return fail("drift_ppm: a number from 0 to below 1000000 parts per million");
        }
        if !self.leader_stickiness {
            return fail(
                "a lease rests on servers that do not vote while they hear from a leader: set leader_stickiness",
            );
        }
        if self.election_timeout.least() == Span::ZERO {
            return fail("a lease lasts as long as the shortest election time-out: give one above 0");
        }
        Ok(())
    }

    fn check_logs(&self, nodes: u32) -> Result<(), (String, String)> {
        if self.initial_logs.len() > nodes as usize {
            let why = format!("{} logs for {nodes} nodes", self.initial_logs.len());
            return Err(("initial_logs".into(), why));
        }
        for (i, terms) in self.initial_logs.iter().enumerate() {
            if terms.first() == Some(&0) || terms.windows(2).any(|pair| pair[0] > pair[1]) {
                let why = "terms are at least 1 and never fall along a log".to_string();
                return Err((format!("initial_logs[{i}]"), why));
            }
            if terms.last().is_some_and(|term| *term > INITIAL_TERM_MAX) {
                return Err((format!("initial_logs[{i}]"), format!("terms are at most {INITIAL_TERM_MAX}")));
            }
        }
        Ok(())
    }
}
