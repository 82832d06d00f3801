//! The five properties of the paper's figure 3, watched at every step: election safety, leader append-only, log
//! matching, leader completeness, state machine safety. The first violation stops the run.
//!
//! Only what changed is looked at. Each place of a log carries the digest of everything up to it, so that two logs
//! agree up to a place if and only if they agree there in one number. Deliberately absent: liveness, which no step
//! can show, and what the disk must keep, which shows in these five when it is lost.

mod held;
mod prefix;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sim_core::observer::{Observer, Step};
use sim_core::peer::Peer;
use sim_core::record::Violation;
use sim_core::time::Time;

use self::held::{Held, Known};
use self::prefix::Prefix;
use super::entry::{Index, Position, Term};
use super::node::{RaftNode, Role};

/// What is remembered of a run so far.
#[derive(Clone, Debug, Default)]
pub struct Invariants {
    /// Each node as it was after its latest step.
    nodes: Vec<Glance>,
    /// Who was elected in each term.
    leaders: BTreeMap<Term, Peer>,
    /// The entries that any log has held.
    held: Held,
    /// What has been committed.
    committed: Prefix,
    /// What has been applied.
    applied: Prefix,
    /// The terms in which places were committed: each from this place on.
    commit_terms: Vec<(Index, Term)>,
}

/// What a step may change that concerns the properties: if all of it is as it was, they hold as they did.
#[derive(Clone, Copy, Debug)]
struct Glance {
    /// The term it leads, or else the last there is.
    leads: Term,
    boots: u32,
    base: Index,
    last: Index,
    /// The digest of its log, terms included.
    chain: u64,
    committed: Index,
    applied: Index,
}

impl Default for Glance {
    /// A node that has not begun.
    fn default() -> Glance {
        let (base, last, chain, committed, applied) = (0, 0, 0, 0, 0);
        Glance { leads: Term::MAX, boots: 0, base, last, chain, committed, applied }
    }
}

impl Glance {
    #[inline(always)]
    fn is_leading(&self) -> bool {
        self.leads != Term::MAX
    }

    /// Whether anything is not as it was; without a branch a field.
    #[inline(always)]
    fn differs(&self, other: &Glance) -> bool {
        let differences = (self.leads ^ other.leads)
            | u64::from(self.boots ^ other.boots)
            | (self.base ^ other.base)
            | (self.last ^ other.last)
            | (self.chain ^ other.chain)
            | (self.committed ^ other.committed)
            | (self.applied ^ other.applied);
        differences != 0
    }

    #[inline(always)]
    fn at(state: &RaftNode, boots: u32) -> Glance {
        let log = state.log();
        Glance {
            leads: if state.role() == Role::Leader { state.term() } else { Term::MAX },
            boots,
            base: log.base().index,
            last: log.last_index(),
            chain: log.chain(),
            committed: state.committed(),
            applied: state.applied(),
        }
    }
}

type Flow = ControlFlow<Violation>;

/// The names of the five, as verdicts give them.
pub const PROPERTIES: [&str; 5] =
    ["election safety", "leader append-only", "log matching", "leader completeness", "state machine safety"];

/// A server right after it did something.
#[derive(Debug)]
pub struct Moment<'a> {
    /// When.
    pub at: Time,
    /// Which.
    pub node: Peer,
    /// What it is now.
    pub state: &'a RaftNode,
}

impl Moment<'_> {
    fn broken(&self, property: usize, detail: String) -> Flow {
        let property = PROPERTIES[property].to_string();
        ControlFlow::Break(Violation { at: self.at, node: self.node, property, detail })
    }
    fn entry(&self, index: Index) -> String {
        self.state.log().get(index).map_or_else(|| format!("{index} (compacted)"), |entry| entry.to_string())
    }
}

impl Observer<RaftNode> for Invariants {
    #[inline(always)]
    fn after(&mut self, step: &Step<'_, RaftNode>) -> Flow {
        let Some(state) = step.states.get(step.node) else { return ControlFlow::Continue(()) };
        let now = Moment { at: step.at, node: step.node, state };
        self.look(&now, step.states.boots(step.node), |peer| step.states.get(peer))
    }
}

impl Invariants {
    /// Nothing seen yet.
    #[must_use]
    pub fn new() -> Invariants {
        Invariants::default()
    }

    /// Looks at what changed. `boots` is how often the server has booted, `others` finds another one that is up.
    ///
    /// # Errors
    /// Breaks with the property that is violated.
    #[inline(always)]
    pub fn look<'a>(
        &mut self,
        now: &Moment<'_>,
        boots: u32,
        others: impl Fn(Peer) -> Option<&'a RaftNode>,
    ) -> Flow {
        let glance = Glance::at(now.state, boots);
        let place = now.node.index();
        let Some(seen) = self.nodes.get_mut(place) else {
            self.meet(place);
            return self.look_closer(now, Glance::default(), glance, others);
        };
        if !seen.differs(&glance) {
            return ControlFlow::Continue(());
        }
        let before = std::mem::replace(seen, glance);
        self.look_closer(now, before, glance, others)
    }

    /// A node is seen for the first time.
    #[cold]
    fn meet(&mut self, place: usize) {
        self.nodes.resize_with(place + 1, Glance::default);
    }

    /// Something is not as it was.
    #[inline(never)]
    fn look_closer<'a>(
        &mut self,
        now: &Moment<'_>,
        before: Glance,
        glance: Glance,
        others: impl Fn(Peer) -> Option<&'a RaftNode>,
    ) -> Flow {
        let elected = glance.is_leading() && (glance.leads, glance.boots) != (before.leads, before.boots);
        if elected {
            self.election_safety(now)?;
        }
        if (glance.base, glance.last, glance.chain) != (before.base, before.last, before.chain) {
            self.log_changed(now, before, glance.is_leading() && !elected)?;
        }
        if elected {
            self.leader_completeness(now)?;
        }
        // A node that is further back than it was has restarted: it knows nothing of before.
        let is_back = glance.committed < before.committed || glance.applied < before.applied;
        if glance.committed > self.committed.len() && (is_back || glance.committed > before.committed) {
            self.committed_more(now, others)?;
        }
        if glance.applied > before.applied || is_back {
            self.state_machine_safety(now, glance.applied)?;
        }
        ControlFlow::Continue(())
    }

    /// At most one leader can be elected in a given term (§5.2).
    fn election_safety(&mut self, now: &Moment<'_>) -> Flow {
        let term = now.state.term();
        match self.leaders.insert(term, now.node) {
            Some(other) if other != now.node => {
                let detail = format!("{} and {other} were both elected leader in term {term}", now.node);
                now.broken(0, detail)
            }
            _ => ControlFlow::Continue(()),
        }
    }

    /// A log is not what it was: leader append-only (§5.3) and log matching (§5.3).
    #[inline(always)]
    fn log_changed(&mut self, now: &Moment<'_>, before: Glance, leading: bool) -> Flow {
        let log = now.state.log();
        let grew = before.base == log.base().index && log.chain_at(before.last) == Some(before.chain);
        let (mut index, mut chain) =
            if grew { (before.last, before.chain) } else { self.log_rewritten(now, before, leading)? };
        for next in log.chains_after(index) {
            index = index.wrapping_add(1);
            if !self.held.is_first(index, next)
                && let Some(position) = log.position(index)
                && let Known::Differs(by) = self.held.hold(position, chain, now.node)
            {
                return log_differs(now, position, by);
            }
            chain = next;
        }
        ControlFlow::Continue(())
    }

    /// How far a log is what it was, and the digest there: it was compacted or cut, or its server restarted.
    #[cold]
    #[inline(never)]
    fn log_rewritten(
        &self,
        now: &Moment<'_>,
        before: Glance,
        leading: bool,
    ) -> ControlFlow<Violation, (Index, u64)> {
        let log = now.state.log();
        let base = log.base();
        let (mut same, mut chain) = (before.last, before.chain);
        while same > base.index && log.chain_at(same) != Some(chain) {
            let Some(earlier) = self.held.before(same, chain) else { break };
            (same, chain) = (same - 1, earlier);
        }
        if same <= base.index || log.chain_at(same) != Some(chain) || base.index < before.base {
            (same, chain) = (base.index, base.chain);
        }
        if leading && same < before.last {
            let detail = format!(
                "{} leads term {} and no longer has the entries {}..{} that it had",
                now.node,
                now.state.term(),
                same + 1,
                before.last
            );
            now.broken(1, detail)?;
        }
        ControlFlow::Continue((same, chain))
    }

    /// What was committed in a term is in the logs of the leaders of all later terms (§5.4).
    fn leader_completeness(&mut self, now: &Moment<'_>) -> Flow {
        let term = now.state.term();
        // The last place that was committed in an earlier term.
        let later = self.commit_terms.partition_point(|(_, committed_in)| *committed_in < term);
        let end = self.commit_terms.get(later).map_or(self.committed.len() + 1, |(from, _)| *from) - 1;
        self.has_committed(now, end)
    }

    fn has_committed(&self, now: &Moment<'_>, end: Index) -> Flow {
        let log = now.state.log();
        if end <= log.base().index || log.chain_at(end) == self.committed.at(end) {
            return ControlFlow::Continue(());
        }
        let first = self.committed.first_difference(log, end);
        let by = self.committed.by(first);
        let terms = self.commit_terms.iter().rev().find(|(from, _)| *from <= first);
        let detail = format!(
            "{} leads term {} without the entry {first} that {by} committed in term {}: it has {}",
            now.node,
            now.state.term(),
            terms.map_or(0, |(_, term)| *term),
            if first > log.last_index() { "nothing there".to_string() } else { now.entry(first) }
        );
        now.broken(3, detail)
    }

    /// A node knows more to be committed than it did: what nobody knew is remembered with the term.
    #[inline(always)]
    fn committed_more<'a>(
        &mut self,
        now: &Moment<'_>,
        others: impl Fn(Peer) -> Option<&'a RaftNode>,
    ) -> Flow {
        let known = self.committed.len();
        self.committed.extend(now.state.log(), now.state.committed(), now.node);
        if self.commit_terms.last().is_none_or(|(_, term)| *term != now.state.term()) {
            self.commit_terms.push((known + 1, now.state.term()));
        }
        // A leader of a later term may have been elected already.
        let Some((&term, &leader)) = self.leaders.last_key_value() else { return ControlFlow::Continue(()) };
        let state = others(leader).filter(|state| state.role() == Role::Leader);
        match state {
            Some(state) if state.term() == term && term > now.state.term() => {
                self.has_committed(&Moment { at: now.at, node: leader, state }, self.committed.len())
            }
            _ => ControlFlow::Continue(()),
        }
    }

    /// If a server has applied an entry at a place, none applies another there (§5.4.3).
    #[inline(always)]
    fn state_machine_safety(&mut self, now: &Moment<'_>, end: Index) -> Flow {
        let (known, log) = (self.applied.len(), now.state.log());
        let shared = known.min(end);
        let chain = log.chain_at(shared);
        if shared > 0 && chain.is_some() && chain != self.applied.at(shared) {
            return self.applied_differs(now, shared);
        }
        if end > known {
            self.applied.extend(log, end, now.node);
        }
        ControlFlow::Continue(())
    }

    /// Up to here others have applied something else.
    #[cold]
    #[inline(never)]
    fn applied_differs(&self, now: &Moment<'_>, end: Index) -> Flow {
        let first = self.applied.first_difference(now.state.log(), end);
        let by = self.applied.by(first);
        let detail = format!("{} applied {}, and {by} another entry at {first}", now.node, now.entry(first));
        now.broken(4, detail)
    }
}

/// Another log holds, or held, something else of the same term at the same place.
#[cold]
#[inline(never)]
fn log_differs(now: &Moment<'_>, Position { index, term, .. }: Position, by: Peer) -> Flow {
    let whose = if by == now.node {
        format!("{by} had an entry of term {term} at {index} before and has one now")
    } else {
        format!("the logs of {} and {by} both have an entry of term {term} at {index}", now.node)
    };
    let detail = format!("{whose}, and they differ there or before: {} has {}", now.node, now.entry(index));
    now.broken(2, detail)
}
