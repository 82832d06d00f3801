//! What comes to an instance's door: calls, which are let in or turned away, words about tied copies, and health checks.
//!
//! Deliberately absent: when work is taken up, and its end.

use sim_core::peer::Peer;
use sim_core::time::{Span, Time};

use super::life::Stage;
use super::{Env, Name, Server, answer};
use crate::policy::Outcome;
use crate::policy::dedup::Known;
use crate::policy::shed::Arrival;
use crate::service::config::{Abandoned, Probe, ServiceSpec};
use crate::service::job::Origin;
use crate::service::message::{HEADER, Message, Tie};
use crate::service::timers::Wake;

/// So many copies that have not come yet are remembered as called off.
const OFF_MOST: usize = 64;

impl Server {
    /// A call comes to the door.
    pub(in crate::service) fn arrive(&mut self, origin: &Origin, env: &mut Env<'_, '_>) {
        let now = env.ctx.now();
        let turned_away = match self.stage {
            Stage::Down | Stage::Draining => Some(Outcome::Refused),
            Stage::Up | Stage::Lingering => self.known(origin, now),
        };
        let full =
            env.spec.room.is_some_and(|room| self.queue.len() >= room) && self.busy >= env.spec.workers;
        let outcome = match turned_away {
            Some(outcome) => outcome,
            None if full || !self.lets_in(origin, now, env.spec) => {
                self.red.turned_away += 1;
                if let Some(dedup) = &mut self.dedup {
                    dedup.end(origin.baggage.request, Outcome::Rejected);
                }
                Outcome::Rejected
            }
            None => return self.admit(origin, env),
        };
        if outcome != Outcome::Ok {
            env.ctx.mark("turned away");
        }
        answer(origin.from, origin.attempt, origin.edge, outcome, origin.reply_bytes, env);
    }

    /// Whether no rule turns a call away at the door.
    fn lets_in(&mut self, origin: &Origin, now: Time, spec: &ServiceSpec) -> bool {
        if spec.shed.is_empty() {
            return true;
        }
        let expected =
            self.held_ns * f64::from(self.queue.len() + 1) / f64::from(spec.workers) + self.held_ns;
        let arrival = Arrival {
            now,
            waiting: self.queue.len(),
            expected: Span::from_ns_f64(if self.busy < spec.workers { self.held_ns } else { expected }),
            priority: origin.baggage.priority,
            deadline: (origin.deadline < Time::NEVER).then_some(origin.deadline),
        };
        self.shed.admit(&arrival)
    }

    /// What the store of idempotency keys says.
    fn known(&mut self, origin: &Origin, now: Time) -> Option<Outcome> {
        match self.dedup.as_mut()?.begin(origin.baggage.request, now) {
            Known::New => None,
            Known::Running => Some(Outcome::Rejected),
            Known::Done(outcome) => Some(outcome),
        }
    }

    fn admit(&mut self, origin: &Origin, env: &mut Env<'_, '_>) {
        let now = env.ctx.now();
        let tied = origin.tie != Tie::No;
        let job = self.jobs.insert(origin);
        if origin.baggage.traced {
            // The server's part hangs below the caller's, with a number of its own.
            self.jobs.get_mut(job).baggage.span = origin.baggage.span | 2;
        }
        let name = (origin.from, origin.edge, origin.attempt);
        if tied || env.spec.abandoned != Abandoned::GoesOn {
            self.index.insert(name, job);
        }
        if env.spec.abandoned == Abandoned::Stops {
            env.timers.at(origin.deadline, Wake::Overdue { job });
        }
        if let Some(place) = self.off.iter().position(|off| tied && *off == name) {
            self.off.remove(place);
            env.ctx.mark("called off");
            return self.finish(job, Outcome::TakenBack, env);
        }
        let free = self.busy < env.spec.workers && self.stage != Stage::Down;
        if free && self.queue.is_open() {
            self.take_up(job, now, env);
        } else {
            self.queue.push(job, origin.baggage.priority, now);
        }
        if !self.queue.is_empty() {
            self.serve(env);
        }
        self.usage.waits(self.queue.len());
    }

    /// Tells the node that has a piece of work's twin, or will get it, that this one has begun.
    pub(super) fn call_off(&self, slot: u32, twin: Tie, env: &mut Env<'_, '_>) {
        let job = self.jobs.get(slot);
        let (caller, edge) = (job.from, job.edge);
        match twin {
            Tie::No => {}
            // The caller has not sent the other yet, and need not.
            Tie::Open => env.ctx.send(caller, Message::Begun { caller, edge, attempt: job.attempt }),
            Tie::To(node, attempt) => env.ctx.send(node, Message::Begun { caller, edge, attempt }),
        }
    }

    /// A piece of work has got a twin.
    pub(in crate::service) fn tied(&mut self, name: Name, twin: Tie, env: &mut Env<'_, '_>) {
        let Some(&slot) = self.index.get(&name) else { return };
        let job = self.jobs.get_mut(slot);
        job.tie = twin;
        if job.begun {
            self.call_off(slot, twin, env);
        }
    }

    /// The twin of a piece of work has begun: this one is dropped if it has not.
    pub(in crate::service) fn called_off(&mut self, name: Name, env: &mut Env<'_, '_>) {
        let Some(&slot) = self.index.get(&name) else {
            // It has ended, or it has not come yet.
            if self.off.len() >= OFF_MOST {
                self.off.pop_front();
            }
            return self.off.push_back(name);
        };
        if !self.jobs.get(slot).begun && self.queue.remove(slot) {
            env.ctx.mark("called off");
            self.finish(slot, Outcome::TakenBack, env);
        }
    }

    /// A health check comes.
    pub(in crate::service) fn probe(
        &mut self,
        came: Time,
        from: Peer,
        edge: u16,
        round: u32,
        env: &mut Env<'_, '_>,
    ) {
        if env.spec.probe == Probe::Readiness && self.stage == Stage::Up {
            let origin = Origin {
                from,
                came,
                attempt: 0,
                edge,
                reply_bytes: HEADER,
                baggage: Default::default(),
                deadline: Time::NEVER,
                probe: Some(round),
                tie: Tie::No,
                entry: 0,
            };
            let job = self.jobs.insert(&origin);
            self.queue.push(job, 0, env.ctx.now());
            self.serve(env);
        } else {
            env.ctx.send(from, Message::Health { edge, round, ok: self.stage == Stage::Up });
        }
    }
}
