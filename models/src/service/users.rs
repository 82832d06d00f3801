//! Those who call from outside: an operation of the engine's clients becomes a call into the graph.
//!
//! A client is told how its call ended for it. Whether something happened downstream all the same is not what its
//! answer says; effects that must happen once are counted where they happen.

use sim_core::history::{LESSER, Reason};
use sim_core::node::{Reply, Request, RequestId};
use sim_core::record::TraceSpan;
use sim_core::time::Time;
use sim_core::value::{Call, Value};

use super::caller::{Caller, Ctx};
use super::figures::Red;
use super::message::Baggage;
use super::plan::{Part, Plan};
use crate::policy::Outcome;

/// Users at work.
#[derive(Default)]
pub(super) struct Users {
    pending: Vec<Option<Pending>>,
    free: Vec<u32>,
    asked: u64,
    pub(super) red: Red,
}

struct Pending {
    id: RequestId,
    baggage: Baggage,
    came: Time,
}

impl Users {
    pub(super) fn ask(
        &mut self,
        plan: &Plan,
        part: &Part,
        request: Request,
        caller: &mut Caller,
        ctx: &mut Ctx<'_>,
    ) {
        let Request { id, operation, deadline, .. } = request;
        let number = match operation.call {
            Call::Invoke { method, .. } => method,
            _ => 0,
        };
        let Some(edge) = part.edges.get(number as usize) else { return ctx.reply(id, Reply::Rejected) };
        self.asked += 1;
        let request = (u64::from(id.process) << 32) | u64::from(id.serial);
        let traced = plan.trace_every.is_some_and(|every| self.asked.is_multiple_of(every.max(1)));
        let span = if traced { ((ctx.me().index() as u64 + 1) << 32) | (self.asked << 2) | 1 } else { 0 };
        let key = operation.key.map_or(request, |key| key.0);
        let priority = edge.spec.priority.unwrap_or(0);
        let baggage = Baggage { key, request, span, priority, traced };
        let pending = Pending { id, baggage, came: ctx.now() };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.pending[slot as usize] = Some(pending);
                slot
            }
            None => {
                self.pending.push(Some(pending));
                (self.pending.len() - 1) as u32
            }
        };
        caller.begin(number as u16, u64::from(slot), key, deadline.unwrap_or(Time::NEVER), ctx);
    }

    pub(super) fn baggage(&self, tag: u64) -> Option<Baggage> {
        self.pending.get(tag as usize)?.as_ref().map(|pending| pending.baggage)
    }

    pub(super) fn done(&mut self, part: &Part, tag: u64, outcome: Outcome, ctx: &mut Ctx<'_>) {
        let Some(pending) = self.pending.get_mut(tag as usize).and_then(Option::take) else { return };
        self.free.push(tag as u32);
        self.red.ended(outcome.is_ok(), ctx.now().since(pending.came));
        if outcome != Outcome::Ok {
            ctx.mark(outcome.word());
        }
        if pending.baggage.traced {
            ctx.span(TraceSpan {
                trace: pending.baggage.request,
                span: pending.baggage.span,
                parent: 0,
                node: ctx.me(),
                name: part.name.to_string(),
                begin: pending.came,
                end: ctx.now(),
                ok: outcome.is_ok(),
            });
        }
        let reply = match outcome {
            Outcome::Ok => Reply::done(),
            Outcome::Degraded => Reply::value(Value::from(LESSER)),
            Outcome::Timeout => Reply::Failed(Reason::Timeout),
            Outcome::Refused | Outcome::NoInstance => Reply::Failed(Reason::Unreachable),
            Outcome::Failed | Outcome::Fatal | Outcome::TakenBack => Reply::Failed(Reason::Aborted),
            Outcome::Rejected | Outcome::ShortCircuit | Outcome::Limited => Reply::Failed(Reason::Rejected),
        };
        ctx.reply(pending.id, reply);
    }
}
