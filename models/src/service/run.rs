//! A service's program at work: one piece of work goes from step to step until it must wait.

use sim_core::time::Span;

use super::config::{ServiceSpec, Threads};
use super::plan::Op;
use super::server::{Env, Server};
use super::timers::Wake;
use crate::policy::Outcome;
use crate::policy::cache::Found;

/// A heap that is full makes work fifty times as long, no more: it would never end.
const STRAIN_MOST: f64 = 50.0;

impl Server {
    /// Goes on with a piece of work.
    pub(super) fn run(&mut self, slot: u32, env: &mut Env<'_, '_>) {
        self.leave_calls(slot, env);
        loop {
            let job = self.jobs.get(slot);
            let (at, key, probe, worker) = (job.at, job.baggage.key, job.probe.is_some(), job.worker);
            let op = match env.program.ops.get(usize::from(at)) {
                Some(op) if !probe && !matches!(op, Op::End) => op,
                _ => {
                    let poison = env.spec.poison.is_some_and(|every| key.is_multiple_of(every.max(1)));
                    let outcome = if poison && !probe { Outcome::Failed } else { Outcome::Ok };
                    return self.finish(slot, outcome, env);
                }
            };
            let next = match op {
                Op::Work(time) => {
                    if !worker {
                        let (priority, now) = (self.jobs.get(slot).baggage.priority, env.ctx.now());
                        return self.queue.push(slot, priority, now);
                    }
                    let cost = self.cost(time.sample(env.ctx.rng()), env);
                    if cost > Span::ZERO {
                        let job = self.jobs.get_mut(slot);
                        (job.at, job.epoch) = (at + 1, job.epoch.wrapping_add(1));
                        let wake = Wake::Work { job: slot, epoch: job.epoch };
                        return env.timers.at(env.ctx.now() + cost, wake);
                    }
                    at + 1
                }
                Op::Calls { first, edges, copies, need } => {
                    self.jobs.get_mut(slot).at = at + 1;
                    if self.call(slot, *first, *edges, *copies, *need, env) {
                        return;
                    }
                    at + 1
                }
                Op::Chance(chance, other) => {
                    if env.ctx.rng().chance(*chance) {
                        at + 1
                    } else {
                        *other
                    }
                }
                Op::Lookup(cache, hit) => match self.lookup(slot, *cache, key, env) {
                    Some(true) => *hit,
                    Some(false) => at + 1,
                    None => {
                        // It waits for the one who looks already, and goes on as if it had been there.
                        self.jobs.get_mut(slot).at = *hit;
                        return self.rest(slot, env);
                    }
                },
                Op::Fill(cache) => {
                    self.fill(slot, *cache, key, env);
                    at + 1
                }
                Op::Invalidate | Op::FillAll | Op::Effect => {
                    self.at_once(slot, op, env);
                    at + 1
                }
                // Handled above: nothing follows it.
                Op::End => return,
                Op::Fail(chance) if env.ctx.rng().chance(*chance) => {
                    return self.finish(slot, Outcome::Failed, env);
                }
                Op::Fail(_) => at + 1,
            };
            self.jobs.get_mut(slot).at = next;
        }
    }

    /// A step that takes no time and always goes on.
    fn at_once(&mut self, slot: u32, op: &Op, env: &mut Env<'_, '_>) {
        let now = env.ctx.now();
        let (lesser, key) = (self.jobs.get(slot).lesser, self.jobs.get(slot).baggage.key);
        match op {
            Op::Invalidate => self.caches.iter_mut().for_each(|cache| cache.expire(key, now)),
            Op::FillAll if !lesser => {
                self.caches.iter_mut().for_each(|cache| cache.put(key, Span::ZERO, now))
            }
            Op::Effect => {
                let request = self.jobs.get(slot).baggage.request;
                env.ctx.mark(if self.effects.insert(request) { "effect" } else { "effect repeated" });
            }
            _ => {}
        }
    }

    /// How long work takes as things are.
    fn cost(&self, work: Span, env: &Env<'_, '_>) -> Span {
        let mut cost = env.ctx.slowed(work);
        if self.scale != 1.0 {
            cost = cost.times(self.scale);
        }
        match strain(env.spec, self.jobs.inside()) {
            1.0 => cost,
            factor => cost.times(factor),
        }
    }

    /// Calls that were not needed in the end are given up.
    #[inline]
    pub(super) fn leave_calls(&mut self, slot: u32, env: &mut Env<'_, '_>) {
        let job = self.jobs.get_mut(slot);
        if job.open > 0 {
            self.give_up_calls(slot, env);
        } else {
            job.calls.clear();
        }
    }

    #[cold]
    fn give_up_calls(&mut self, slot: u32, env: &mut Env<'_, '_>) {
        let job = self.jobs.get_mut(slot);
        let calls = std::mem::take(&mut job.calls);
        job.open = 0;
        for (edge, token) in calls {
            env.caller.abandon(edge, token, env.ctx);
        }
    }

    /// Makes a step's calls; whether there is anything to wait for.
    fn call(
        &mut self,
        slot: u32,
        first: u16,
        edges: u16,
        copies: u32,
        need: Option<u32>,
        env: &mut Env<'_, '_>,
    ) -> bool {
        let job = self.jobs.get_mut(slot);
        job.epoch = job.epoch.wrapping_add(1);
        let (tag, key, deadline) =
            (u64::from(slot) | (u64::from(job.epoch) << 32), job.baggage.key, job.deadline);
        let mut calls = std::mem::take(&mut job.calls);
        for edge in first..first + edges {
            let chance = env.caller.chance(edge);
            for _ in 0..copies {
                if chance >= 1.0 || env.ctx.rng().chance(chance) {
                    calls.push((edge, env.caller.begin(edge, tag, key, deadline, env.ctx)));
                }
            }
        }
        let made = calls.len() as u32;
        let job = self.jobs.get_mut(slot);
        job.calls = calls;
        (job.open, job.succeeded, job.need) = (made, 0, need.unwrap_or(made).min(made));
        if made > 0 {
            self.rest(slot, env);
        }
        made > 0
    }

    /// A piece of work waits for answers.
    fn rest(&mut self, slot: u32, env: &mut Env<'_, '_>) {
        if env.spec.threads == Threads::Released {
            self.release(slot, env.ctx.now());
        }
    }

    /// Looks into a cache: there, not there, or wait for who looks already.
    fn lookup(&mut self, slot: u32, cache: u16, key: u64, env: &mut Env<'_, '_>) -> Option<bool> {
        let (now, number) = (env.ctx.now(), usize::from(cache));
        let found = self.caches[number].get(key, now, env.ctx.rng());
        env.ctx.mark(match found {
            Found::Hit => "cache hit",
            Found::Early => "cache early",
            Found::Miss => "cache miss",
        });
        if found == Found::Hit {
            return Some(true);
        }
        self.jobs.get_mut(slot).missed = now;
        if found == Found::Miss && env.program.caches[number].1 {
            let leads = self.flights[number].join(key, slot);
            if !leads {
                env.ctx.mark("coalesced");
                self.jobs.get_mut(slot).waits = Some(cache);
                return None;
            }
            self.jobs.get_mut(slot).leads = Some(cache);
        }
        Some(false)
    }

    fn fill(&mut self, slot: u32, cache: u16, key: u64, env: &mut Env<'_, '_>) {
        let now = env.ctx.now();
        let job = self.jobs.get_mut(slot);
        let (missed, leads) = (job.missed, job.leads.take());
        // What a fallback gave is not kept.
        if !self.jobs.get(slot).lesser {
            self.caches[usize::from(cache)].put(key, now.since(missed), now);
        }
        let outcome = if self.jobs.get(slot).lesser { Outcome::Degraded } else { Outcome::Ok };
        self.followers(leads, key, outcome, env);
    }

    /// Those who waited for a key go on, or fail with who looked.
    pub(super) fn followers(
        &mut self,
        leads: Option<u16>,
        key: u64,
        outcome: Outcome,
        env: &mut Env<'_, '_>,
    ) {
        let Some(cache) = leads else { return };
        for slot in self.flights[usize::from(cache)].land(key).into_iter().skip(1) {
            let job = self.jobs.get_mut(slot);
            job.waits = None;
            job.lesser |= outcome == Outcome::Degraded;
            if outcome.is_ok() {
                self.run(slot, env);
            } else {
                self.finish(slot, Outcome::Failed, env);
            }
        }
    }
}

/// How many times as long work takes with so many inside.
fn strain(spec: &ServiceSpec, inside: u32) -> f64 {
    let Some(strain) = spec.strain else { return 1.0 };
    let free = 1.0 - f64::from(inside) / f64::from(strain.full);
    if free <= 1.0 / STRAIN_MOST { STRAIN_MOST } else { 1.0 / free }
}
