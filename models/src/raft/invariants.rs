//! The five properties of the paper's figure 3, watched at every step: election safety, leader append-only, log
//! matching, leader completeness, state machine safety. The first violation stops the run.
//!
//! Only what changed is looked at. Each place of a log carries the digest of everything up to it, so that two logs
//! agree up to a place if and only if they agree there in one number. Deliberately absent: liveness, which no step
//! can show, and what the disk must keep, which shows in these five when it is lost.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sim_core::observer::{Observer, Step};
use sim_core::peer::Peer;
use sim_core::record::Violation;
use sim_core::room;
use sim_core::time::Time;

use super::entry::{Index, Position, Term};
use super::node::{RaftNode, Role};

/// What is remembered of a run so far.
#[derive(Clone, Debug, Default)]
pub struct Invariants {
    nodes: Vec<Seen>,
    /// Who was elected in each term.
    leaders: BTreeMap<Term, Peer>,
    /// The entries that any log has held, place by place: term, digest up to there, and who held it first.
    held: Vec<Option<Held>>,
    /// What others held at such a place in other terms.
    held_too: BTreeMap<Index, Vec<Held>>,
    /// What has been committed.
    committed: Prefix,
    /// What has been applied.
    applied: Prefix,
    /// The terms in which places were committed: each from this place on.
    commit_terms: Vec<(Index, Term)>,
}

/// What a step may change that concerns the properties: if all of it is as it was, they hold as they did.
#[derive(Clone, Copy, Debug, Default)]
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

impl Glance {
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

/// A node as it was after its latest step.
#[derive(Clone, Debug, Default)]
struct Seen {
    glance: Glance,
    /// The term it led, if it led.
    led: Option<Term>,
    boots: u32,
    /// Where its log began.
    base: Index,
    /// The digests of its log, from the base on.
    chain: Vec<u64>,
    committed: Index,
    applied: Index,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    term: Term,
    chain: u64,
    by: Peer,
}

/// A prefix of the log on which everyone must agree: the digest at each place, and who was there first.
#[derive(Clone, Debug, Default)]
struct Prefix(Vec<(u64, Peer)>);

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

/// Whether a node is further back than it was: it has restarted.
fn is_back(seen: &Seen, state: &RaftNode) -> bool {
    state.committed() < seen.committed || state.applied() < seen.applied
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
        let (place, state) = (now.node.index(), now.state);
        let glance = Glance::at(state, boots);
        match self.nodes.get_mut(place) {
            Some(seen) if !seen.glance.differs(&glance) => return ControlFlow::Continue(()),
            Some(seen) => seen.glance = glance,
            None => self.meet(place, glance),
        }
        self.look_closer(now, boots, others)
    }

    /// A node is seen for the first time.
    fn meet(&mut self, place: usize, glance: Glance) {
        self.nodes.resize_with(place + 1, Seen::default);
        self.nodes[place].glance = glance;
    }

    /// Something is not as it was.
    #[inline(never)]
    fn look_closer<'a>(
        &mut self,
        now: &Moment<'_>,
        boots: u32,
        others: impl Fn(Peer) -> Option<&'a RaftNode>,
    ) -> Flow {
        let (place, state) = (now.node.index(), now.state);
        let seen = &self.nodes[place];
        let leads = (state.role() == Role::Leader).then_some(state.term());
        let elected = leads.is_some() && (leads != seen.led || boots != seen.boots);
        let log = state.log();
        let changed = seen.base + seen.chain.len() as u64 != log.last_index()
            || seen.base != log.base().index
            || seen.chain.last().is_some_and(|chain| *chain != log.chain());
        if elected {
            self.election_safety(now)?;
        }
        if changed {
            self.log_changed(now, leads.is_some() && !elected)?;
        }
        let seen = &mut self.nodes[place];
        (seen.led, seen.boots) = (leads, boots);
        if is_back(seen, state) {
            (seen.committed, seen.applied) = (0, 0);
        }
        let (committed, applied) = (seen.committed, seen.applied);
        if elected {
            self.leader_completeness(now)?;
        }
        if state.committed() > committed {
            self.nodes[place].committed = state.committed();
            self.committed_more(now, others)?;
        }
        if state.applied() > applied {
            self.nodes[place].applied = state.applied();
            self.state_machine_safety(now)?;
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
    fn log_changed(&mut self, now: &Moment<'_>, leading: bool) -> Flow {
        let (log, seen) = (now.state.log(), &self.nodes[now.node.index()]);
        let end = seen.base + seen.chain.len() as u64;
        let grew = seen.base == log.base().index
            && seen.chain.last().is_none_or(|chain| log.chain_at(end) == Some(*chain));
        if !grew {
            self.log_rewritten(now, leading)?;
        }
        let seen = &self.nodes[now.node.index()];
        for position in log.positions_after(seen.base + seen.chain.len() as u64) {
            let chain = &mut self.nodes[now.node.index()].chain;
            room::make(chain, 1);
            chain.push(position.chain);
            self.log_matching(now, position)?;
        }
        ControlFlow::Continue(())
    }

    /// What was seen of a log is brought back to what is still there: it was compacted or cut, or its server restarted.
    #[cold]
    #[inline(never)]
    fn log_rewritten(&mut self, now: &Moment<'_>, leading: bool) -> Flow {
        let (log, seen) = (now.state.log(), &mut self.nodes[now.node.index()]);
        let (base, last) = (log.base().index, log.last_index());
        if base != seen.base {
            let gone = base.saturating_sub(seen.base).min(seen.chain.len() as u64);
            seen.chain.drain(..gone as usize);
            if base < seen.base {
                seen.chain.clear();
            }
            seen.base = base;
        }
        let before = seen.base + seen.chain.len() as u64;
        seen.chain.truncate((last - base) as usize);
        while let Some(&chain) = seen.chain.last()
            && log.chain_at(seen.base + seen.chain.len() as u64) != Some(chain)
        {
            seen.chain.pop();
        }
        let same = seen.base + seen.chain.len() as u64;
        if leading && same < before {
            let detail = format!(
                "{} leads term {} and no longer has the entries {}..{before} that it had",
                now.node,
                now.state.term(),
                same + 1
            );
            return now.broken(1, detail);
        }
        ControlFlow::Continue(())
    }

    /// If two logs contain an entry with the same index and term, they are identical up to it (§5.3).
    #[inline(always)]
    fn log_matching(&mut self, now: &Moment<'_>, position: Position) -> Flow {
        let place = position.index as usize;
        if place >= self.held.len() {
            let more = place + 1 - self.held.len();
            room::make(&mut self.held, more);
            self.held.resize(place + 1, None);
        }
        match &self.held[place] {
            Some(held) if held.term == position.term && held.chain == position.chain => {
                ControlFlow::Continue(())
            }
            None => {
                let Position { term, chain, .. } = position;
                self.held[place] = Some(Held { term, chain, by: now.node });
                ControlFlow::Continue(())
            }
            Some(_) => self.log_differs(now, position),
        }
    }

    /// Another log holds something else at the same place, which must be of another term.
    #[cold]
    #[inline(never)]
    fn log_differs(&mut self, now: &Moment<'_>, position: Position) -> Flow {
        let Position { index, term, chain } = position;
        let others = self.held_too.entry(index).or_default();
        let mut all = self.held[index as usize].iter().chain(others.iter());
        match all.find(|held| held.term == term) {
            Some(other) if other.chain != chain => {
                let whose = if other.by == now.node {
                    format!("{} had an entry of term {term} at {index} before and has one now", now.node)
                } else {
                    format!(
                        "the logs of {} and {} both have an entry of term {term} at {index}",
                        now.node, other.by
                    )
                };
                let detail = format!(
                    "{whose}, and they differ there or before: {} has {}",
                    now.node,
                    now.entry(index)
                );
                now.broken(2, detail)
            }
            Some(_) => ControlFlow::Continue(()),
            None => {
                others.push(Held { term, chain, by: now.node });
                ControlFlow::Continue(())
            }
        }
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
        let by = self.committed.0[first as usize - 1].1;
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
        let (known, end) = (self.committed.len(), now.state.committed());
        if end <= known {
            return ControlFlow::Continue(());
        }
        self.committed.extend(now, end);
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
    fn state_machine_safety(&mut self, now: &Moment<'_>) -> Flow {
        let (known, end) = (self.applied.len(), now.state.applied());
        let log = now.state.log();
        let shared = known.min(end);
        let chain = log.chain_at(shared);
        if shared > 0 && chain.is_some() && chain != self.applied.at(shared) {
            return self.applied_differs(now, shared);
        }
        self.applied.extend(now, end);
        ControlFlow::Continue(())
    }

    /// Up to here others have applied something else.
    #[cold]
    #[inline(never)]
    fn applied_differs(&self, now: &Moment<'_>, end: Index) -> Flow {
        let first = self.applied.first_difference(now.state.log(), end);
        let by = self.applied.0[first as usize - 1].1;
        let detail = format!("{} applied {}, and {by} another entry at {first}", now.node, now.entry(first));
        now.broken(4, detail)
    }
}

impl Prefix {
    fn len(&self) -> Index {
        self.0.len() as u64
    }
    fn at(&self, index: Index) -> Option<u64> {
        self.0.get((index as usize).checked_sub(1)?).map(|(chain, _)| *chain)
    }
    /// Takes the places that are new from a node's log.
    #[inline(always)]
    fn extend(&mut self, now: &Moment<'_>, end: Index) {
        let known = self.len();
        room::make(&mut self.0, end.saturating_sub(known) as usize);
        let chains = (known + 1..=end).map_while(|index| now.state.log().chain_at(index));
        self.0.extend(chains.map(|chain| (chain, now.node)));
    }
    /// The first place up to `end` at which a log, as far as it is there, has something else.
    fn first_difference(&self, log: &super::log::Log, end: Index) -> Index {
        let differs = |index: &Index| log.chain_at(*index) != self.at(*index);
        (log.base().index.max(1)..=end).find(differs).unwrap_or(end)
    }
}
