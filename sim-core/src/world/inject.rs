//! The fault plan at work: strikes, their targets, their application and their end.
//!
//! Each strike draws from blocks of its line's own stream. What a fault changed is undone when it ends; everything is
//! undone when the world heals, and nothing strikes after that.

use std::ops::ControlFlow;

use crate::clock::FROZEN_PPB;
use crate::fault::target::Names;
use crate::fault::{Crash, Event as Awaited, Fault, FaultLine, Trigger};
use crate::fingerprint::content;
use crate::network::cut::PeerSet;
use crate::network::{LinkChange, Overlay};
use crate::node::Node;
use crate::observer::{Happening, Observer};
use crate::peer::Peer;
use crate::random::distribution::Distribution;
use crate::random::{Purpose, Rng, Streams};
use crate::record::{Injection, Life};
use crate::time::{Span, Time};
use crate::world::{Body, Event, Flow, Kind, World};

/// Where the blocks of a disk's stream begin that say which bits flip.
const FLIPS: u64 = 1 << 62;

/// The plan of a run, and what of it is in force.
pub(super) struct Plan {
    lines: Vec<Line>,
    names: Names,
    heal_at: Span,
    healed: bool,
    listens: bool,
    active: Vec<Active>,
    ids: u32,
}

struct Line {
    spec: FaultLine,
    /// Whether this run's swarm has it.
    enabled: bool,
    strikes: u64,
    /// Events seen by an `On` trigger.
    seen: u32,
    /// Strikes an `On` trigger has caused.
    caused: u32,
}

/// A fault in force.
struct Active {
    id: u32,
    line: usize,
    targets: Vec<Peer>,
    /// Its place in the record.
    injection: usize,
}

/// Something that a trigger may wait for.
#[derive(Clone, Copy)]
pub(super) enum Occurrence<'a> {
    Becomes(&'a str),
    Mark(&'a str),
    Boots,
    Crashes,
}

impl Occurrence<'_> {
    fn is(self, awaited: &Awaited) -> bool {
        match (self, awaited) {
            (Occurrence::Becomes(role), Awaited::Becomes(wanted)) => role == wanted,
            (Occurrence::Mark(name), Awaited::Mark(wanted)) => name == wanted,
            (Occurrence::Boots, Awaited::Boots) | (Occurrence::Crashes, Awaited::Crashes) => true,
            _ => false,
        }
    }
}

impl Plan {
    pub(super) fn new(lines: Vec<FaultLine>, names: Names, heal_at: Span, streams: &Streams) -> Plan {
        let lines: Vec<Line> = lines
            .into_iter()
            .enumerate()
            .map(|(i, spec)| {
                let enabled = streams.block(Purpose::Fault, i as u64, u64::MAX).chance(spec.swarm.get());
                Line { spec, enabled, strikes: 0, seen: 0, caused: 0 }
            })
            .collect();
        let listens = lines.iter().any(|line| line.enabled && matches!(line.spec.when, Trigger::On { .. }));
        Plan { lines, names, heal_at, healed: false, listens, active: Vec::new(), ids: 0 }
    }

    pub(super) fn heal_at(&self) -> Span {
        self.heal_at
    }

    /// Whether any line waits for an event of the system.
    #[inline]
    pub(super) fn listens(&self) -> bool {
        self.listens
    }

    /// When a line strikes next, if it does so by the clock.
    fn next(&self, line: usize, now: Time, streams: &Streams) -> Option<Time> {
        let state = &self.lines[line];
        let mut rng = streams.block(Purpose::Fault, line as u64, 2 * state.strikes);
        let after = |gap: Span, from: Span, until: Option<Span>| {
            let at = now.max(Time::ZERO + from) + gap;
            until.is_none_or(|until| at < Time::ZERO + until).then_some(at)
        };
        match &state.spec.when {
            Trigger::At(at) => (state.strikes == 0).then_some(Time::ZERO + *at),
            Trigger::Every { gap, from, until } => {
                let gap = gap.sample(&mut rng).max(Span(1));
                after(gap, *from, *until)
            }
            Trigger::Randomly { rate, from, until } => {
                let gap = Distribution::Exponential { mean: rate.interval() }.sample(&mut rng).max(Span(1));
                after(gap, *from, *until)
            }
            Trigger::Chance { step, from, until, .. } => after(*step, *from, *until),
            Trigger::On { .. } => None,
        }
    }
}

/// Everything a strike has decided before it is carried out.
struct Strike {
    id: u32,
    line: usize,
    targets: Vec<Peer>,
    rng: Rng,
}

impl<N: Node> World<N> {
    pub(super) fn start_plan(&mut self) {
        for line in 0..self.plan.lines.len() {
            if self.plan.lines[line].enabled {
                self.schedule_strike(line);
            }
        }
    }

    fn schedule_strike(&mut self, line: usize) {
        if let Some(at) = self.plan.next(line, self.now, &self.streams)
            && at < Time::ZERO + self.plan.heal_at
        {
            self.schedule_engine(at, Event::Strike { line: line as u32, cause: None });
        }
    }

    /// Something happened that a trigger may wait for.
    pub(super) fn happened(&mut self, what: Occurrence<'_>, node: Peer) {
        if !self.plan.listens || self.plan.healed {
            return;
        }
        for line in 0..self.plan.lines.len() {
            let state = &mut self.plan.lines[line];
            let Trigger::On { event, after, skip, times, from } = &state.spec.when else { continue };
            if !state.enabled || !what.is(event) || self.now < Time::ZERO + *from {
                continue;
            }
            state.seen += 1;
            if state.seen > *skip && state.caused < *times {
                state.caused += 1;
                let at = self.now + *after;
                self.schedule_engine(at, Event::Strike { line: line as u32, cause: Some(node) });
            }
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn strike<O: Observer<N>>(
        &mut self,
        tie: u64,
        line: u32,
        cause: Option<Peer>,
        observer: &mut O,
    ) -> Flow {
        if self.plan.healed {
            return ControlFlow::Continue(());
        }
        let index = line as usize;
        let strikes = self.plan.lines[index].strikes;
        let mut timing = self.streams.block(Purpose::Fault, u64::from(line), 2 * strikes + 1);
        let (hit, length, choice) = (timing.unit(), timing.bits(), timing.bits());
        self.plan.lines[index].strikes += 1;
        self.schedule_strike(index);
        let spec = self.plan.lines[index].spec.clone();
        self.absorb(tie, Kind::Fault, cause.unwrap_or(Peer::ENGINE), content(&(line, strikes)));
        if let Trigger::Chance { probability, .. } = spec.when
            && hit >= probability.get()
        {
            return ControlFlow::Continue(());
        }
        let mut rng = Rng::from_key(choice);
        let targets = self.targets(&spec, cause, &mut rng);
        if targets.is_empty() && spec.fault.needs_targets() {
            return ControlFlow::Continue(());
        }
        self.plan.ids += 1;
        let strike = Strike { id: self.plan.ids, line: index, targets, rng };
        let lasts = spec.lasts.as_ref().map(|lasts| lasts.sample(&mut Rng::from_key(length)));
        self.inject(strike, &spec, lasts, observer)
    }

    /// Whom a strike falls on, after leaving out those it must spare.
    fn targets(&self, spec: &FaultLine, cause: Option<Peer>, rng: &mut Rng) -> Vec<Peer> {
        let role =
            |node: Peer| self.slots[node.index()].state.as_ref().map(|_| self.rests[node.index()].role);
        let mut targets = spec.target.resolve(&self.plan.names, self.slots.len() as u32, role, cause, rng);
        if matches!(spec.fault, Fault::Crash(_) | Fault::Restart | Fault::Pause) {
            targets.retain(|node| !node.is_client() && self.is_running(*node));
            let running = (0..self.slots.len()).filter(|i| self.is_running(Peer::node(*i as u32))).count();
            targets.truncate(running.saturating_sub(spec.keep_up as usize));
        }
        targets
    }

    fn is_running(&self, node: Peer) -> bool {
        let slot = &self.slots[node.index()];
        slot.state.is_some() && slot.body.as_ref().is_none_or(|body| body.processor.paused == 0)
    }

    fn inject<O: Observer<N>>(
        &mut self,
        strike: Strike,
        spec: &FaultLine,
        lasts: Option<Span>,
        observer: &mut O,
    ) -> Flow {
        let Strike { id, line, targets, mut rng } = strike;
        let place = self.record.faults.len();
        let momentary = matches!(spec.fault, Fault::Restart | Fault::BitFlips(_));
        self.record.faults.push(Injection {
            at: self.now,
            until: momentary.then_some(self.now),
            fault: spec.fault.name().to_string(),
            targets: targets.clone(),
            detail: String::new(),
            line,
        });
        let detail = self.apply_links(id, &spec.fault, &targets, &mut rng);
        self.record.faults[place].detail = detail;
        self.tell(observer, &Happening::Injected(&self.record.faults[place]))?;
        for &node in &targets {
            if !node.is_client() {
                self.apply(id, &spec.fault, node, observer)?;
            }
        }
        if momentary {
            return ControlFlow::Continue(());
        }
        self.plan.active.push(Active { id, line, targets, injection: place });
        if let Some(lasts) = lasts {
            self.schedule_engine(self.now + lasts, Event::EndFault { id });
        }
        ControlFlow::Continue(())
    }

    /// Applies a fault of the network to the links it concerns; answers what was done, in words.
    fn apply_links(&mut self, id: u32, fault: &Fault, targets: &[Peer], rng: &mut Rng) -> String {
        let change = match fault {
            Fault::Partition { shape, clients, share, only } => {
                let nodes: Vec<Peer> = (0..self.slots.len() as u32).map(Peer::node).collect();
                let plan = shape.cut(targets, &nodes, &self.plan.names, *clients, rng);
                for (from, to) in plan.cuts {
                    let kind = only.clone();
                    self.network.cuts.add(crate::network::cut::Cut {
                        id,
                        from,
                        to,
                        kind,
                        share: share.get(),
                    });
                }
                return plan.detail;
            }
            Fault::Loss(share) => LinkChange::Loss(share.get()),
            Fault::Delay(distribution) => LinkChange::Delay(distribution.clone()),
            Fault::Duplicate(share) => LinkChange::Duplicate(share.get()),
            Fault::Reorder { share, by } => LinkChange::Reorder { chance: share.get(), by: *by },
            Fault::Bandwidth(limit) => LinkChange::Bandwidth(*limit),
            _ => return self.plan.names.list(targets),
        };
        let set =
            if targets.len() == self.slots.len() { PeerSet::Everyone } else { PeerSet::of(targets.to_vec()) };
        self.network.overlays.push(Overlay { id, set, change });
        self.plan.names.list(targets)
    }

    /// Applies a fault of nodes to one node.
    fn apply<O: Observer<N>>(&mut self, id: u32, fault: &Fault, node: Peer, observer: &mut O) -> Flow {
        match fault {
            Fault::Crash(how) => {
                self.rests[node.index()].down += 1;
                self.crash(node, *how, Life::Crashed, observer)?;
            }
            Fault::Restart => {
                self.crash(node, Crash::LoseUnsynced, Life::Crashed, observer)?;
                self.boot(node, observer)?;
            }
            Fault::Pause => {
                self.body(node).processor.paused += 1;
                self.note_life(node, Life::Paused, observer)?;
            }
            Fault::Slow { factor, extra } => self.body(node).processor.slow.push((id, *factor, *extra)),
            Fault::ClockForward(by) => self.body(node).clock.step(signed(*by)),
            Fault::ClockBack(by) => self.body(node).clock.step(-signed(*by)),
            Fault::ClockDrift { ppm } => self.drift(node, (ppm * 1000.0) as i64),
            Fault::SlowDisk { factor } => {
                self.rests[node.index()].disk.get_or_insert_default().slow.push((id, *factor));
            }
            Fault::SyncFails(share) => {
                self.rests[node.index()].disk.get_or_insert_default().failing.push((id, share.get()));
            }
            Fault::BitFlips(bits) => {
                let mut rng = self.streams.block(Purpose::Disk, u64::from(node.raw()), FLIPS + u64::from(id));
                self.rests[node.index()].disk.get_or_insert_default().flip(*bits, &mut rng);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    /// A node's clock and processor, made if it had only the plain ones.
    fn body(&mut self, node: Peer) -> &mut Body<N> {
        let (streams, slot) = (&self.streams, &mut self.slots[node.index()]);
        let plain = crate::world::ClockConfig::default();
        slot.body.get_or_insert_with(|| Box::new(super::build::body(streams, node, &plain)))
    }

    fn drift(&mut self, node: Peer, by_ppb: i64) {
        let now = self.now;
        let body = self.body(node);
        let drift = body.clock.drift_ppb().saturating_add(by_ppb).max(FROZEN_PPB);
        body.clock.set_drift(now, drift);
        self.rearm_all(node);
    }

    #[cold]
    #[inline(never)]
    pub(super) fn end_fault<O: Observer<N>>(&mut self, tie: u64, id: u32, observer: &mut O) -> Flow {
        let Some(place) = self.plan.active.iter().position(|active| active.id == id) else {
            return ControlFlow::Continue(());
        };
        self.absorb(tie, Kind::Fault, Peer::ENGINE, content(&("end", id)));
        let active = self.plan.active.remove(place);
        let fault = self.plan.lines[active.line].spec.fault.clone();
        self.record.faults[active.injection].until = Some(self.now);
        self.tell(observer, &Happening::Ended(&self.record.faults[active.injection]))?;
        self.network.cuts.remove(id);
        self.network.overlays.retain(|overlay| overlay.id != id);
        for &node in active.targets.iter().filter(|peer| !peer.is_client()) {
            self.undo(id, &fault, node, observer)?;
        }
        ControlFlow::Continue(())
    }

    fn undo<O: Observer<N>>(&mut self, id: u32, fault: &Fault, node: Peer, observer: &mut O) -> Flow {
        match fault {
            Fault::Crash(_) => {
                let rest = &mut self.rests[node.index()];
                rest.down -= 1;
                if rest.down == 0 && self.slots[node.index()].state.is_none() {
                    self.boot(node, observer)?;
                }
            }
            Fault::Pause => {
                let body = self.body(node);
                body.processor.paused -= 1;
                if body.processor.paused == 0 {
                    self.note_life(node, Life::Resumed, observer)?;
                    self.next_tasks(node, observer)?;
                }
            }
            Fault::Slow { .. } => self.body(node).processor.slow.retain(|(of, ..)| *of != id),
            Fault::ClockForward(by) => self.body(node).clock.step(-signed(*by)),
            Fault::ClockBack(by) => self.body(node).clock.step(signed(*by)),
            Fault::ClockDrift { ppm } => {
                // Several drifts add up; the last to end leaves the node's own.
                let base = self.body(node).base_drift_ppb;
                let others = self.drifts_of(node);
                let now = self.now;
                let _ = ppm;
                self.body(node).clock.set_drift(now, base.saturating_add(others).max(FROZEN_PPB));
                self.rearm_all(node);
            }
            Fault::SlowDisk { .. } => {
                self.rests[node.index()].disk.get_or_insert_default().slow.retain(|(of, _)| *of != id);
            }
            Fault::SyncFails(_) => {
                let rest = &mut self.rests[node.index()];
                rest.disk.get_or_insert_default().failing.retain(|(of, _)| *of != id);
                if rest.down == 0 && self.slots[node.index()].state.is_none() {
                    self.boot(node, observer)?;
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn drifts_of(&self, node: Peer) -> i64 {
        let lasting = self.plan.active.iter().filter(|active| active.targets.contains(&node));
        lasting.fold(0, |sum: i64, active| match &self.plan.lines[active.line].spec.fault {
            Fault::ClockDrift { ppm } => sum.saturating_add((ppm * 1000.0) as i64),
            _ => sum,
        })
    }

    /// Everything heals for good: all faults end, every node is up.
    #[cold]
    #[inline(never)]
    pub(super) fn heal<O: Observer<N>>(&mut self, tie: u64, observer: &mut O) -> Flow {
        self.absorb(tie, Kind::Fault, Peer::ENGINE, content("heal"));
        let ids: Vec<u32> = self.plan.active.iter().map(|active| active.id).collect();
        for id in ids {
            self.end_fault(tie, id, observer)?;
        }
        self.plan.healed = true;
        self.record.healed = Some(self.now);
        for index in 0..self.slots.len() {
            if self.slots[index].state.is_none() {
                self.boot(Peer::node(index as u32), observer)?;
            }
        }
        ControlFlow::Continue(())
    }
}

fn signed(span: Span) -> i64 {
    i64::try_from(span.0).unwrap_or(i64::MAX)
}
