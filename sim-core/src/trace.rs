//! The trace: a run told event by event, as it happens.
//!
//! An observer that turns every happening, and every effect of a handler, into a [`Line`] and hands it to a function.
//! Deliberately absent: formats and files, which are that function's business.

use std::fmt::Write as _;
use std::ops::ControlFlow;

use serde::Serialize;

use crate::history::{Entry, Outcome};
use crate::node::{Effect, Node, Reply, Work};
use crate::observer::{Happening, Observer, Step};
use crate::peer::Peer;
use crate::record::{Injection, Life, Violation};
use crate::time::Time;

/// One line of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// True time, in nanoseconds.
    pub at: Time,
    /// Where it happens: a node's or client's name; empty for the engine's own doings.
    pub who: String,
    /// The kind of thing: `boot`, `message`, `send`, `invoke`, `fault` …
    pub what: &'static str,
    /// The other party of a message, a request or a reply; empty if there is none.
    pub peer: String,
    /// The message's kind, the operation, the fault; in words.
    pub text: String,
}

/// The observer.
pub struct Trace<F> {
    names: Vec<String>,
    from: Time,
    tell: F,
}

impl<F: FnMut(Line)> Trace<F> {
    /// Tells everything from an instant on. `names` are the nodes' names by index; those beyond it go by `n7`.
    pub fn new(names: Vec<String>, from: Time, tell: F) -> Trace<F> {
        Trace { names, from, tell }
    }

    fn name(&self, peer: Peer) -> String {
        let known = if peer.is_client() { None } else { self.names.get(peer.index()) };
        known.cloned().unwrap_or_else(|| peer.to_string())
    }

    fn line(&mut self, at: Time, who: Option<Peer>, what: &'static str, peer: Option<Peer>, text: String) {
        let who = who.map(|who| self.name(who)).unwrap_or_default();
        let peer = peer.map(|peer| self.name(peer)).unwrap_or_default();
        (self.tell)(Line { at, who, what, peer, text });
    }

    fn work<N: Node>(&mut self, at: Time, node: Peer, work: &Work<N>) {
        let me = Some(node);
        match work {
            Work::Boot => self.line(at, me, "boot", None, String::new()),
            Work::Message { from, message } => {
                self.line(at, me, "message", Some(*from), format!("{message:?}"))
            }
            Work::Timer(timer) => self.line(at, me, "timer", None, format!("{timer:?}")),
            Work::Request(request) => {
                let text = format!(
                    "{} (process {}, attempt {})",
                    request.operation, request.id.process, request.id.attempt
                );
                self.line(at, me, "request", Some(request.id.client), text);
            }
            Work::Synced(sync, result) => self.line(at, me, "synced", None, format!("{} {result:?}", sync.0)),
        }
    }

    fn fault(&mut self, at: Time, what: &'static str, fault: &Injection) {
        let targets: Vec<String> = fault.targets.iter().take(20).map(|target| self.name(*target)).collect();
        let mut text = fault.fault.clone();
        if !targets.is_empty() {
            let _ = write!(text, " on {}", targets.join(" "));
        }
        if !fault.detail.is_empty() {
            let _ = write!(text, ": {}", fault.detail);
        }
        self.line(at, None, what, None, text);
    }

    fn effect<M: std::fmt::Debug, T: std::fmt::Debug>(
        &mut self,
        at: Time,
        node: Peer,
        effect: &Effect<M, T>,
    ) {
        let me = Some(node);
        match effect {
            Effect::Send { to, message } => self.line(at, me, "send", Some(*to), format!("{message:?}")),
            Effect::Reply { id, reply } => {
                let text = match reply {
                    Reply::Done(answer) | Reply::Told(answer, _) => format!("{answer:?}"),
                    other => format!("{other:?}"),
                };
                self.line(at, me, "reply", Some(id.client), text);
            }
            Effect::Arm { timer, after } => {
                self.line(at, me, "arm", None, format!("{timer:?} after {after}"))
            }
            Effect::Disarm { timer } => self.line(at, me, "disarm", None, format!("{timer:?}")),
            Effect::Sync(sync) => self.line(at, me, "sync", None, sync.0.to_string()),
            Effect::Mark(mark) => self.line(at, me, "mark", None, (*mark).to_string()),
            Effect::Status(status) => {
                self.line(at, me, "status", None, format!("{} {}", status.role, status.epoch));
            }
            Effect::Measure(name, value) => self.line(at, me, "measure", None, format!("{name} {value}")),
            Effect::Span(span) => {
                let (began, end) = (span.begin, if span.ok { "ok" } else { "not ok" });
                self.line(at, me, "span", None, format!("{} since {began}, {end}", span.name));
            }
            Effect::Halt(reason) => self.line(at, me, "halt", None, (*reason).to_string()),
        }
    }

    fn completed(&mut self, at: Time, entry: &Entry) {
        let text = match &entry.outcome {
            Outcome::Ok(answer) => format!("{}: ok {answer:?}", entry.operation),
            Outcome::Failed(why) => format!("{}: failed, {why:?}", entry.operation),
            Outcome::Unknown(why) => format!("{}: unknown, {why:?}", entry.operation),
        };
        self.line(at, None, "complete", entry.answered_by, format!("process {}: {text}", entry.process));
    }
}

fn life_word(life: Life) -> &'static str {
    match life {
        Life::Up => "up",
        Life::Crashed => "crash",
        Life::Halted => "halted",
        Life::Paused => "pause",
        Life::Resumed => "resume",
    }
}

impl<N: Node, F: FnMut(Line)> Observer<N> for Trace<F> {
    fn before(
        &mut self,
        at: Time,
        _: crate::fingerprint::Fingerprint,
        happening: &Happening<'_, N>,
    ) -> ControlFlow<Violation> {
        if at < self.from {
            return ControlFlow::Continue(());
        }
        match happening {
            Happening::Work { node, work } => self.work(at, *node, work),
            Happening::Dropped { from, to, kind, why } => {
                let why =
                    why.map_or_else(|| "receiver down".to_string(), |why| format!("{why:?}").to_lowercase());
                self.line(at, Some(*to), "drop", Some(*from), format!("{kind}: {why}"));
            }
            Happening::Invoked(entry) => {
                self.line(
                    at,
                    None,
                    "invoke",
                    None,
                    format!("process {}: {}", entry.process, entry.operation),
                );
            }
            Happening::Attempt { id, to } => {
                let text = format!("process {}, operation {}, attempt {}", id.process, id.serial, id.attempt);
                self.line(at, Some(id.client), "attempt", Some(*to), text);
            }
            Happening::Completed(entry) => self.completed(at, entry),
            Happening::Injected(fault) => self.fault(at, "fault", fault),
            Happening::Ended(fault) => self.fault(at, "heal", fault),
            Happening::Life { node, life } => {
                self.line(at, Some(*node), life_word(*life), None, String::new())
            }
        }
        ControlFlow::Continue(())
    }

    fn after(&mut self, step: &Step<'_, N>) -> ControlFlow<Violation> {
        if step.at >= self.from {
            for effect in step.effects {
                self.effect(step.at, step.node, effect);
            }
        }
        ControlFlow::Continue(())
    }
}
