//! The serving side of an instance: its queue, its workers, and how work begins and ends.
//!
//! What comes in is [`door`]'s, the stages of its life are [`life`]'s; steps are carried out in [`super::run`]. An instance
//! schedules its own workers, so that any queue discipline is possible; slow-downs and pauses of the engine reach it all the same.

mod door;
mod life;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sim_core::peer::Peer;
use sim_core::record::TraceSpan;
use sim_core::time::Time;

use self::life::Stage;
use super::caller::{Caller, Ctx};
use super::config::{Abandoned, ServiceSpec};
use super::figures::{Red, Use};
use super::job::Jobs;
use super::message::{Message, Tie};
use super::plan::Program;
use super::timers::Timers;
use crate::policy::Outcome;
use crate::policy::cache::Cache;
use crate::policy::coalesce::Coalesce;
use crate::policy::dedup::Dedup;
use crate::policy::queue::{Next, Queue};
use crate::policy::shed::Shed;

/// What a server is given with each event.
pub(super) struct Env<'a, 'b> {
    pub(super) spec: &'a ServiceSpec,
    pub(super) program: &'a Program,
    pub(super) name: &'static str,
    pub(super) caller: &'a mut Caller,
    pub(super) timers: &'a mut Timers,
    pub(super) ctx: &'a mut Ctx<'b>,
}

/// What a caller, and whoever has a call's twin, knows a piece of work by: (caller, edge, attempt).
type Name = (Peer, u16, u64);

/// The serving side.
pub(super) struct Server {
    pub(super) jobs: Jobs,
    pub(super) queue: Queue,
    pub(super) busy: u32,
    shed: Shed,
    dedup: Option<Dedup>,
    pub(super) caches: Vec<Cache>,
    pub(super) flights: Vec<Coalesce>,
    pub(super) effects: BTreeSet<u64>,
    /// Where work is that its caller may take back.
    index: BTreeMap<Name, u32>,
    /// Copies that were called off before they came.
    off: VecDeque<Name>,
    pub(super) red: Red,
    pub(super) usage: Use,
    /// A running average of how long a worker is held.
    held_ns: f64,
    stage: Stage,
    /// Whether it stands still: nothing but deployments reaches it then.
    pub(super) paused: bool,
    /// How many times as long work takes because of the other instances.
    pub(super) scale: f64,
}

impl Server {
    pub(super) fn new(spec: &ServiceSpec, program: &Program) -> Server {
        let n = f64::from(spec.instances);
        let scale =
            spec.scaling.map_or(1.0, |s| 1.0 + s.contention * (n - 1.0) + s.coherence * n * (n - 1.0));
        Server {
            jobs: Jobs::default(),
            queue: Queue::new(spec.queue),
            busy: 0,
            shed: Shed::new(&spec.shed),
            dedup: spec.dedup.map(Dedup::new),
            caches: program.caches.iter().map(|(config, _)| Cache::new(*config)).collect(),
            flights: program.caches.iter().map(|_| Coalesce::default()).collect(),
            effects: BTreeSet::new(),
            index: BTreeMap::new(),
            off: VecDeque::new(),
            red: Red::default(),
            usage: Use::default(),
            held_ns: 0.0,
            stage: Stage::Up,
            paused: false,
            scale,
        }
    }

    /// Free workers take what waits.
    pub(super) fn serve(&mut self, env: &mut Env<'_, '_>) {
        let now = env.ctx.now();
        while self.busy < env.spec.workers && self.stage != Stage::Down {
            match self.queue.pop(now) {
                Next::Empty => break,
                Next::Drop(job) => {
                    env.ctx.mark("dropped from queue");
                    self.finish(job, Outcome::Rejected, env);
                }
                Next::Serve(slot) => self.take_up(slot, now, env),
            }
        }
    }

    /// A free worker takes up a piece of work.
    fn take_up(&mut self, slot: u32, now: Time, env: &mut Env<'_, '_>) {
        let job = self.jobs.get_mut(slot);
        let useless = job.left || now >= job.deadline;
        if useless && env.spec.abandoned != Abandoned::GoesOn {
            env.ctx.mark("dropped unserved");
            let end = if job.left { Outcome::TakenBack } else { Outcome::Timeout };
            return self.finish(slot, end, env);
        }
        job.worker = true;
        if !job.begun {
            (job.begun, job.began) = (true, now);
            let tie = job.tie;
            if tie != Tie::No {
                self.call_off(slot, tie, env);
            }
        }
        self.occupy(1, now);
        self.run(slot, env);
    }

    fn occupy(&mut self, change: i32, now: Time) {
        self.busy = self.busy.saturating_add_signed(change);
        self.usage.busy(self.busy, now);
    }

    /// A worker is free while its work waits for answers.
    pub(super) fn release(&mut self, slot: u32, now: Time) {
        let job = self.jobs.get_mut(slot);
        if std::mem::take(&mut job.worker) {
            self.occupy(-1, now);
        }
    }

    /// A piece of work is over.
    pub(super) fn finish(&mut self, slot: u32, outcome: Outcome, env: &mut Env<'_, '_>) {
        let now = env.ctx.now();
        self.release(slot, now);
        self.leave_calls(slot, env);
        let job = self.jobs.get(slot);
        let (waits, leads, key) = (job.waits, job.leads, job.baggage.key);
        if let Some(cache) = waits {
            self.flights[usize::from(cache)].leave(key, slot);
        }
        let copy;
        let job = if leads.is_some() {
            // Those who follow may use its slot.
            copy = self.jobs.remove(slot).clone();
            self.followers(leads, key, outcome, env);
            &copy
        } else {
            self.jobs.remove(slot)
        };
        if let Some(round) = job.probe {
            let ok = outcome.is_ok() && self.stage == Stage::Up;
            return env.ctx.send(job.from, Message::Health { edge: job.edge, round, ok });
        }
        if job.tie != Tie::No || env.spec.abandoned != Abandoned::GoesOn {
            self.index.remove(&(job.from, job.edge, job.attempt));
        }
        let outcome = if job.lesser && outcome == Outcome::Ok { Outcome::Degraded } else { outcome };
        let took = now.since(job.came);
        if outcome == Outcome::TakenBack {
            self.red.taken_back += 1;
            self.shed.forget();
        } else {
            self.held_ns += (now.since(job.began).0 as f64 - self.held_ns) * 0.05;
            self.red.ended(outcome.is_ok(), took);
            self.shed.left(outcome.is_ok(), took);
        }
        if let Some(dedup) = &mut self.dedup {
            dedup.end(job.baggage.request, outcome);
        }
        if job.baggage.traced {
            let mut tell = |span: u64, parent: u64, name: &str, begin: Time, end: Time| {
                let ok = outcome.is_ok();
                let (trace, node, name) = (job.baggage.request, env.ctx.me(), name.to_string());
                env.ctx.span(TraceSpan { trace, span, parent, node, name, begin, end, ok });
            };
            tell(job.baggage.span, job.parent, env.name, job.came, now);
            if job.began > job.came {
                tell(job.parent | 3, job.baggage.span, "queue", job.came, job.began);
            }
        }
        // Who called it off does not wait for an answer; whose twin began does, for another's.
        if outcome != Outcome::TakenBack || !job.left {
            answer(job.from, job.attempt, job.edge, outcome, job.reply_bytes, env);
        }
    }

    /// A caller has left.
    pub(super) fn cancel(&mut self, from: Peer, edge: u16, attempt: u64, env: &mut Env<'_, '_>) {
        let Some(&slot) = self.index.get(&(from, edge, attempt)) else { return };
        let running = self.jobs.get(slot).begun;
        self.jobs.get_mut(slot).left = true;
        if !running && self.queue.remove(slot) {
            env.ctx.mark("taken back");
            self.finish(slot, Outcome::TakenBack, env);
        } else if env.spec.abandoned == Abandoned::Stops {
            self.queue.remove(slot);
            env.ctx.mark("stopped");
            self.finish(slot, Outcome::TakenBack, env);
        }
        self.serve(env);
    }

    /// A deadline has passed; it may have been that of earlier work in the same slot.
    pub(super) fn overdue(&mut self, slot: u32, env: &mut Env<'_, '_>) {
        let job = self.jobs.get(slot);
        if job.live && env.ctx.now() >= job.deadline {
            env.ctx.mark(if job.begun { "stopped" } else { "dropped unserved" });
            self.queue.remove(slot);
            self.finish(slot, Outcome::Timeout, env);
            self.serve(env);
        }
    }

    /// A worker is done with a step.
    pub(super) fn worked(&mut self, job: u32, epoch: u32, env: &mut Env<'_, '_>) {
        if self.jobs.stands(job, epoch) {
            self.run(job, env);
            self.serve(env);
        }
    }

    /// A call has ended.
    pub(super) fn called(&mut self, tag: u64, outcome: Outcome, optional: bool, env: &mut Env<'_, '_>) {
        let (slot, epoch) = (tag as u32, (tag >> 32) as u32);
        if !self.jobs.stands(slot, epoch) {
            return;
        }
        let job = self.jobs.get_mut(slot);
        job.open -= 1;
        job.succeeded += u32::from(outcome.is_ok() || optional);
        job.lesser |= outcome == Outcome::Degraded || (optional && !outcome.is_ok());
        if job.succeeded >= job.need {
            self.run(slot, env);
        } else if job.succeeded + job.open < job.need {
            // A failure of a failure is a failure; only poison stays poison.
            let outcome = if outcome == Outcome::Fatal { outcome } else { Outcome::Failed };
            self.finish(slot, outcome, env);
        }
        self.serve(env);
    }
}

/// Answers a caller.
fn answer(to: Peer, attempt: u64, edge: u16, outcome: Outcome, bytes: u32, env: &mut Env<'_, '_>) {
    env.ctx.send(to, Message::Return { attempt, edge, outcome, bytes });
}
