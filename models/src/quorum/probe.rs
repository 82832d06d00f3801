//! Measuring reads: when a version becomes visible, as PBS counts it (Bailis et al., VLDB'12, §4.1, §5.2).
//!
//! A measuring read stands for one that begins at the instant at which a write was acknowledged. Each replica tells how
//! long after it the version came; of the R that answer first, the earliest counts. A reader other than the writer hears
//! of the write some time later, and begins that much behind: all instants of its read are put back by as much.
//! Deliberately absent: reads by clients, whose staleness the checks judge.

use std::collections::VecDeque;

use sim_core::peer::Peer;
use sim_core::time::{Span, Time};

use super::config::Probe;
use super::message::{Message, Number, Timer};
use super::node::{Ctx, QuorumNode};
use super::versions::{Cell, Object, Version};

/// How many states of a key a replica keeps the times of.
const STATES_KEPT: usize = 16;

/// A measuring read under way.
#[derive(Debug)]
pub(super) struct Measuring {
    /// The instant it stands for.
    began: Time,
    /// Who has answered, in this order.
    answered: Vec<Peer>,
    /// How late the version was at whom.
    late: Vec<(Peer, u64)>,
}

/// A measuring read that waits for its version at a replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    reader: Peer,
    number: Number,
    object: Object,
    version: Version,
    /// When it would have come, had it begun at the instant it stands for.
    since: Time,
}

impl QuorumNode {
    /// A write has ended here: somebody measures when it becomes visible.
    pub(super) fn measure(&mut self, object: Object, version: Version, ctx: &mut Ctx<'_>) {
        let ended = ctx.now();
        let reader = match self.shared.quorum.probe {
            Probe::Off | Probe::Writer => self.me,
            Probe::Anyone => {
                let nodes = self.shared.nodes;
                let members = self.shared.quorum.members.unwrap_or(nodes);
                let first = if members < nodes { members } else { 0 };
                Peer::node(first + ctx.rng().below(u64::from(nodes - first)) as u32)
            }
        };
        if reader == self.me {
            self.on_measure(object, version, ended, ctx);
        } else {
            ctx.send(reader, Message::Measure { object, version, ended });
        }
    }

    /// Begins a measuring read.
    pub(super) fn on_measure(&mut self, object: Object, version: Version, ended: Time, ctx: &mut Ctx<'_>) {
        let number = self.number(ctx);
        let behind = ctx.now().since(ended).0;
        let mut asked = self.shared.homes(object, self.epoch).now;
        self.narrow(&mut asked, self.shared.quorum.r, ctx);
        for node in asked {
            let version = version.clone();
            ctx.send(node, Message::Probe { number, object, version, behind });
        }
        ctx.mark("measuring read");
        ctx.arm(Timer::Unseen(number), self.shared.quorum.timeout);
        let measuring = Measuring { began: ended, answered: Vec::new(), late: Vec::new() };
        self.measuring.insert(number, measuring);
    }

    /// A replica is asked.
    pub(super) fn on_probe(
        &mut self,
        from: Peer,
        number: Number,
        (object, version): (Object, Version),
        behind: u64,
        ctx: &mut Ctx<'_>,
    ) {
        let since = Time(ctx.now().0.saturating_sub(behind));
        let rule = self.shared.quorum.versions;
        let came = self.arrivals.get(&object).and_then(|states| {
            states.iter().find(|(_, cell)| cell.covers(&version, rule)).map(|(at, _)| *at)
        });
        ctx.send(from, Message::Probed { number, late: came.map(|at| at.since(since).0) });
        if came.is_none() {
            self.waiting.push(Waiting { reader: from, number, object, version, since });
        }
    }

    /// What is held under a key has changed: keeps the time, and tells the measuring reads that waited for it.
    pub(super) fn note_arrival(&mut self, object: Object, cell: &Cell, ctx: &mut Ctx<'_>) {
        if self.shared.quorum.probe == Probe::Off {
            return;
        }
        let (rule, now) = (self.shared.quorum.versions, ctx.now());
        let states: &mut VecDeque<(Time, Cell)> = self.arrivals.entry(object).or_default();
        states.push_back((now, cell.clone()));
        if states.len() > STATES_KEPT {
            states.pop_front();
        }
        self.waiting.retain(|probe| {
            let covered = probe.object == object && cell.covers(&probe.version, rule);
            if covered {
                let by = now.since(probe.since).0;
                ctx.send(probe.reader, Message::Late { number: probe.number, by });
            }
            !covered
        });
    }

    pub(super) fn on_probed(&mut self, from: Peer, number: Number, late: Option<u64>, ctx: &mut Ctx<'_>) {
        let Some(own) = self.measuring.get_mut(&number) else { return };
        own.answered.push(from);
        // The news of its arrival may have overtaken this answer.
        if let Some(late) = late {
            own.late.push((from, late));
        }
        self.visible(number, ctx);
    }

    pub(super) fn on_late(&mut self, from: Peer, number: Number, by: u64, ctx: &mut Ctx<'_>) {
        let Some(own) = self.measuring.get_mut(&number) else { return };
        own.late.push((from, by));
        self.visible(number, ctx);
    }

    /// Once the first R answers are there and it is known how late each was, the least counts.
    fn visible(&mut self, number: Number, ctx: &mut Ctx<'_>) {
        let needed = self.shared.needed(self.shared.quorum.r).unwrap_or(1);
        let Some(own) = self.measuring.get(&number) else { return };
        let Some(first) = own.answered.get(..needed) else { return };
        let late = |node: &Peer| own.late.iter().find(|(other, _)| other == node).map(|(_, by)| *by);
        let known: Vec<Option<u64>> = first.iter().map(late).collect();
        let least = known.iter().flatten().min().copied();
        if least == Some(0) || known.iter().all(Option::is_some) {
            ctx.measure("visibility_ns", least.unwrap_or_default() as i64);
            self.measuring.remove(&number);
            ctx.disarm(Timer::Unseen(number));
        }
    }

    /// It was not seen in time: it counts with the time that has passed, which is the least it can be.
    pub(super) fn on_unseen(&mut self, number: Number, ctx: &mut Ctx<'_>) {
        let Some(own) = self.measuring.remove(&number) else { return };
        let passed: Span = ctx.now().since(own.began);
        ctx.measure("visibility_ns", passed.0 as i64);
        ctx.mark("not visible in time");
    }
}
