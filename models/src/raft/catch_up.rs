//! New servers catch up before they vote (D 4.2.1), in rounds, each of which is over once the server has what the
//! leader's log held at the round's start. A short round leaves little enough behind not to hold commitment up.
//!
//! The dissertation has a fixed number of rounds, such as 10, of which the last must be short. Here the first short one
//! is enough, as it must be still short when the vote is given; after 10 in a row that are not the change is given up.

use sim_core::peer::Peer;
use sim_core::time::{Span, Time};

use super::admin::Action;
use super::entry::Index;
use super::membership::Membership;
use super::node::RaftNode;

/// After so many long rounds in a row the change is given up.
const ROUNDS_MAX: u32 = 10;

/// So many election time-outs without a word from a new server, and the change is given up.
const UNHEARD_TIMEOUTS: f64 = 10.0;

/// A learner's way to the log's end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chase {
    /// Where the present round ends.
    goal: Index,
    /// When it began.
    since: Time,
    /// Whether the one before it was short.
    short: bool,
    /// How many long ones in a row were finished since the plan waits for it.
    rounds: u32,
}

/// The plan waits for learners.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial {
    /// How many lines of the plan were done when it began to.
    lines_done: u32,
    since: Time,
}

/// What can be said of learners that are to vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trials {
    /// All have caught up.
    Passed,
    /// Some have not yet.
    UnderWay,
    /// One is too slow, or not there.
    Hopeless,
}

impl Chase {
    /// The first round begins.
    pub(super) fn new(goal: Index, since: Time) -> Chase {
        Chase { goal, since, short: false, rounds: 0 }
    }

    /// It has everything up to `matched`: a round may be over, and the next begins at the log's end.
    pub(super) fn reached(&mut self, matched: Index, last: Index, now: Time, timeout: Span) {
        if matched < self.goal {
            return;
        }
        self.short = now.since(self.since) <= timeout;
        (self.goal, self.since) = (last, now);
        self.rounds = if self.short { 0 } else { self.rounds.saturating_add(1) };
    }

    /// Whether its last round was short and the present one may be so yet.
    fn has_caught_up(&self, now: Time, timeout: Span) -> bool {
        self.short && now.since(self.since) <= timeout
    }
}

impl RaftNode {
    /// How far these learners are, for whom the line after so many waits.
    pub(super) fn try_learners(&mut self, learners: &[Peer], lines_done: u32, now: Time) -> Trials {
        let timeout = self.usual_timeout();
        let Some(leading) = self.leading.as_mut() else { return Trials::UnderWay };
        let known = leading.trial.filter(|trial| trial.lines_done == lines_done);
        let trial = *leading.trial.insert(known.unwrap_or(Trial { lines_done, since: now }));
        let mut all = Trials::Passed;
        for peer in learners {
            let Some((_, progress)) = leading.of_mut(*peer) else { return Trials::UnderWay };
            let Some(chase) = &mut progress.chase else { continue };
            if known.is_none() {
                chase.rounds = 0;
            }
            if chase.has_caught_up(now, timeout) {
                continue;
            }
            let is_slow = chase.rounds >= ROUNDS_MAX && !chase.short;
            let heard = progress.heard.max(trial.since);
            if is_slow || now.since(heard) >= timeout.times(UNHEARD_TIMEOUTS) {
                return Trials::Hopeless;
            }
            all = Trials::UnderWay;
        }
        all
    }

    /// The membership without those who learn only in order to vote.
    pub(super) fn dismiss(&self, learners: &[Peer], now: &Membership) -> Membership {
        let done = self.shared.raft.admin.iter().take(now.lines_done as usize);
        let asked: Vec<Peer> = done
            .filter_map(|line| match line.action {
                Action::AddLearner(node) => Some(self.shared.members[node as usize]),
                _ => None,
            })
            .collect();
        let mut left = now.clone();
        left.learners.retain(|peer| !learners.contains(peer) || asked.contains(peer));
        left
    }
}

#[cfg(test)]
mod tests {
    use super::Chase;
    use sim_core::time::{Span, Time};

    #[test]
    fn a_round_is_short_or_long_and_stays_so_for_a_time_out() {
        let (timeout, at) = (Span::ms(225), |ms: u64| Time::ZERO + Span::ms(ms));
        let mut chase = Chase::new(7, at(0));
        chase.reached(6, 9, at(10), timeout);
        assert_eq!((chase.rounds, chase.has_caught_up(at(10), timeout)), (0, false));
        chase.reached(7, 9, at(300), timeout);
        assert_eq!((chase.rounds, chase.has_caught_up(at(300), timeout)), (1, false));
        chase.reached(9, 12, at(500), timeout);
        assert_eq!((chase.rounds, chase.has_caught_up(at(725), timeout)), (0, true));
        assert!(!chase.has_caught_up(at(726), timeout));
        chase.reached(12, 12, at(9_000), timeout);
        assert!(!chase.has_caught_up(at(9_000), timeout));
    }
}
