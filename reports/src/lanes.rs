//! What each node was, and when: the record's statuses and lives turned into segments of time without gaps.
//!
//! Deliberately absent: drawing, and any protocol's meaning of a role.

use sim_core::history::{Entry, History, Outcome, Reason};
use sim_core::record::{Life, Record};
use sim_core::time::Time;

use crate::news::statuses;
use crate::style::End;

/// What a node's process was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Running {
    /// It has not booted yet, crashed, or was stopped from outside.
    Down,
    /// It stopped itself.
    Halted,
    /// It stood still.
    Paused,
    /// It ran.
    Up,
}

/// A stretch of time in which a node was one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// From when, in nanoseconds.
    pub from: u64,
    /// Until when; not before `from`.
    pub to: u64,
    /// What its process did.
    pub running: Running,
    /// Its role, by its place among [`Lanes::roles`].
    pub role: usize,
    /// Its term.
    pub epoch: u64,
}

/// One node's time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// Its zone; may be empty.
    pub place: String,
    /// What it was, in order, from the start to the end of the run.
    pub segments: Vec<Segment>,
}

/// All nodes' time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lanes {
    /// The run's length in nanoseconds; at least 1.
    pub end_ns: u64,
    /// The roles in order of appearance; the first is the empty one.
    pub roles: Vec<String>,
    /// The nodes, by index.
    pub lanes: Vec<Lane>,
}

/// Where a node is while its changes are read.
struct Cursor {
    since: u64,
    running: Running,
    role: usize,
    epoch: u64,
}

impl Lanes {
    /// Reads a record. Nodes that it does not name, in very large clusters, get names of their own.
    #[must_use]
    pub fn of(record: &Record) -> Lanes {
        let mut end_ns = end_ns(record);
        // A run that ends with an election shows what it ended with for a little longer than it lasted.
        if record.statuses.last().is_some_and(|status| status.at.0 == end_ns) {
            end_ns = end_ns.saturating_add(end_ns / 30);
        }
        let lives = record.lives.iter().map(|life| life.node);
        let statuses = statuses(record);
        let named = lives.chain(statuses.iter().map(|status| status.node));
        let seen = named.filter(|node| !node.is_client()).map(|node| node.index() + 1).max().unwrap_or(0);
        let count = record.nodes.len().max(seen);
        let mut lanes: Vec<Lane> = (0..count)
            .map(|i| {
                let info = record.nodes.get(i).cloned().unwrap_or_default();
                let name = if info.name.is_empty() { format!("n{i}") } else { info.name };
                Lane { name, place: info.place, segments: Vec::new() }
            })
            .collect();
        let mut cursors: Vec<Cursor> =
            (0..count).map(|_| Cursor { since: 0, running: Running::Up, role: 0, epoch: 0 }).collect();
        late_starters(record, &mut cursors);
        let mut roles = vec![String::new()];
        let (mut life, mut status) = (record.lives.iter().peekable(), statuses.iter().peekable());
        loop {
            // At one instant lives come first: a boot is followed by the status it sets.
            let next_life = life.peek().map(|change| change.at);
            let next_status = status.peek().map(|change| change.at);
            let Some(at) = next_life.into_iter().chain(next_status).min() else { break };
            if next_life == Some(at) {
                let Some(change) = life.next() else { break };
                if change.node.is_client() {
                    continue;
                }
                let i = change.node.index();
                cursors[i].close(&mut lanes[i], at, end_ns);
                cursors[i].live(change.life);
            } else {
                let Some(change) = status.next() else { break };
                if change.node.is_client() {
                    continue;
                }
                let i = change.node.index();
                let role = roles.iter().position(|role| *role == change.role).unwrap_or_else(|| {
                    roles.push(change.role.clone());
                    roles.len() - 1
                });
                cursors[i].close(&mut lanes[i], at, end_ns);
                (cursors[i].role, cursors[i].epoch) = (role, change.epoch);
            }
        }
        for (lane, cursor) in lanes.iter_mut().zip(&mut cursors) {
            cursor.close(lane, Time(end_ns), end_ns);
        }
        Lanes { end_ns, roles, lanes }
    }

    /// The name of a segment's role.
    #[must_use]
    pub fn role(&self, segment: &Segment) -> &str {
        &self.roles[segment.role]
    }

    /// The times at which a node took a leading role, with the lane and the segment, in order of time.
    #[must_use]
    pub fn elections(&self) -> Vec<(usize, Segment)> {
        let mut won: Vec<(usize, Segment)> = Vec::new();
        for (i, lane) in self.lanes.iter().enumerate() {
            let mut before: Option<&Segment> = None;
            for segment in &lane.segments {
                let leads = |s: &Segment| crate::style::leads(self.role(s)) && s.running != Running::Down;
                let goes_on = before.is_some_and(|b| leads(b) && b.epoch == segment.epoch);
                if leads(segment) && !goes_on {
                    won.push((i, *segment));
                }
                before = Some(segment);
            }
        }
        won.sort_by_key(|(i, segment)| (segment.from, *i));
        won
    }
}

/// Nodes are up from the start, and the record does not say so; one whose first news is that it booted was not.
fn late_starters(record: &Record, cursors: &mut [Cursor]) {
    let mut heard = vec![false; cursors.len()];
    for change in record.lives.iter().filter(|change| !change.node.is_client()) {
        let i = change.node.index();
        if !heard[i] && change.life == Life::Up {
            cursors[i].running = Running::Down;
        }
        heard[i] = true;
    }
}

impl Cursor {
    /// Ends the present segment and begins the next.
    fn close(&mut self, lane: &mut Lane, at: Time, end_ns: u64) {
        let to = at.0.min(end_ns);
        if to <= self.since {
            return;
        }
        let segment =
            Segment { from: self.since, to, running: self.running, role: self.role, epoch: self.epoch };
        self.since = to;
        // What others hold of a node that is down is told as its role, and does not divide its downtime.
        let down = matches!(segment.running, Running::Down | Running::Halted);
        let same = |last: &Segment| {
            last.running == segment.running
                && (down || (last.role, last.epoch) == (segment.role, segment.epoch))
        };
        match lane.segments.last_mut() {
            Some(last) if same(last) => last.to = to,
            _ => lane.segments.push(segment),
        }
    }

    fn live(&mut self, life: Life) {
        match life {
            Life::Up => {
                (self.role, self.epoch) = (0, 0);
                self.running = Running::Up;
            }
            Life::Resumed => self.running = Running::Up,
            Life::Crashed => self.running = Running::Down,
            Life::Halted => self.running = Running::Halted,
            Life::Paused => self.running = Running::Paused,
        }
    }
}

/// The length of a run in nanoseconds: at least 1, and as long as anything in it.
#[must_use]
pub fn end_ns(record: &Record) -> u64 {
    if record.ended > Time::ZERO {
        return record.ended.0;
    }
    let last = Some(end_of_history(&record.history));
    let lived = record.lives.iter().map(|life| life.at.0).max();
    let turned = record.statuses.iter().map(|status| status.at.0).max();
    last.into_iter().chain(lived).chain(turned).max().unwrap_or(0).max(1)
}

/// The last instant of a history, in nanoseconds; at least 1.
#[must_use]
pub fn end_of_history(history: &History) -> u64 {
    history.entries.iter().map(|entry| entry.invoked.max(ended(entry)).0).max().unwrap_or(0).max(1)
}

/// When an operation's end was known; its invocation where it never was, or where only the run's end ended it: those
/// would pile up at one instant that means nothing.
#[must_use]
pub fn ended(entry: &Entry) -> Time {
    let cut_off = entry.outcome == Outcome::Failed(Reason::EndOfRun);
    if entry.completed == Time::NEVER || cut_off { entry.invoked } else { entry.completed }
}

/// How an operation ended, as pictures tell it.
#[must_use]
pub fn end_of(entry: &Entry) -> End {
    match entry.outcome {
        Outcome::Ok(_) => End::Ok,
        Outcome::Failed(_) => End::Failed,
        Outcome::Unknown(_) => End::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use sim_core::peer::Peer;
    use sim_core::record::{Life, LifeChange, Record, StatusChange};
    use sim_core::time::Time;

    use super::{Lanes, Running};

    fn record() -> Record {
        let node = Peer::node(0);
        let life = |at, life| LifeChange { at: Time(at), node, life };
        let status = |at, role: &str, epoch| StatusChange { at: Time(at), node, role: role.into(), epoch };
        Record {
            ended: Time(100),
            lives: vec![life(40, Life::Crashed), life(40, Life::Up), life(90, Life::Paused)],
            statuses: vec![status(0, "follower", 1), status(20, "leader", 2), status(40, "follower", 2)],
            ..Record::default()
        }
    }

    #[test]
    fn a_node_that_restarts_in_an_instant_has_no_hole() {
        let lanes = Lanes::of(&record());
        let told: Vec<String> = lanes.lanes[0]
            .segments
            .iter()
            .map(|s| format!("{}-{} {:?} {} {}", s.from, s.to, s.running, lanes.role(s), s.epoch))
            .collect();
        assert_eq!(
            told,
            ["0-20 Up follower 1", "20-40 Up leader 2", "40-90 Up follower 2", "90-100 Paused follower 2"]
        );
        assert_eq!(lanes.elections().len(), 1);
    }

    #[test]
    fn the_event_that_ends_a_run_is_seen() {
        let mut ended = record();
        ended.ended = Time(60);
        ended.lives.clear();
        let status =
            |at, role: &str| StatusChange { at: Time(at), node: Peer::node(0), role: role.into(), epoch: 3 };
        ended.statuses = vec![status(0, "follower"), status(60, "leader")];
        let lanes = Lanes::of(&ended);
        assert_eq!(lanes.elections().len(), 1);
        assert_eq!(lanes.lanes[0].segments.last().map(|s| (s.from, s.to)), Some((60, 62)));
    }

    #[test]
    fn what_lies_beyond_the_end_is_left_out() {
        let mut early = record();
        early.ended = Time(30);
        let lanes = Lanes::of(&early);
        assert_eq!(lanes.lanes[0].segments.last().map(|s| (s.to, s.running)), Some((30, Running::Up)));
    }

    #[test]
    fn a_downtime_is_one_whatever_others_hold_of_the_node() {
        let mut watched = record();
        let life = |at, life| LifeChange { at: Time(at), node: Peer::node(0), life };
        watched.lives = vec![life(40, Life::Crashed), life(90, Life::Up)];
        watched.statuses.retain(|status| status.at.0 < 40);
        let role = "suspected by someone".to_string();
        watched.statuses.push(StatusChange { at: Time(60), node: Peer::node(0), role, epoch: 0 });
        let lanes = Lanes::of(&watched);
        let down: Vec<(u64, u64)> = lanes.lanes[0]
            .segments
            .iter()
            .filter(|s| s.running == Running::Down)
            .map(|s| (s.from, s.to))
            .collect();
        assert_eq!(down, [(40, 90)]);
    }
}
