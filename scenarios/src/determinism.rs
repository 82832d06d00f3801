//! The same run twice, compared event by event: finds a model that is not a function of its inputs.
//!
//! The first run leaves a few words for each event; the second is compared as it goes, and stops at the first event
//! that differs. What the two had in common is forgotten.

use std::fmt;
use std::ops::ControlFlow;

use models::model::Model;
use sim_core::fingerprint::Fingerprint;
use sim_core::node::{Node, Work};
use sim_core::observer::{Happening, Observer};
use sim_core::peer::Peer;
use sim_core::record::Violation;
use sim_core::time::Time;

use crate::load::Loaded;
use crate::registry::{WithModel, with_model};
use crate::run::drive;

/// The first event in which two runs of one seed differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its position among the events that observers see, from 0.
    pub position: usize,
    /// What the first run had there: when, who, what kind; `None` if it had ended.
    pub first: Option<String>,
    /// What the second had there, in full; `None` if it had ended.
    pub second: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = "the run had ended";
        writeln!(f, "two runs of one seed differ at event {}:", self.position)?;
        writeln!(f, "  first run:  {}", self.first.as_deref().unwrap_or(ended))?;
        write!(f, "  second run: {}", self.second.as_deref().unwrap_or(ended))
    }
}

impl std::error::Error for Difference {}

/// Runs twice.
///
/// # Errors
/// The first difference.
pub fn check(loaded: &Loaded, seed: u64) -> Result<(), Difference> {
    with_model(&loaded.scenario.model, Twice { loaded, seed })
}

struct Twice<'a> {
    loaded: &'a Loaded,
    seed: u64,
}

impl WithModel for Twice<'_> {
    type Output = Result<(), Difference>;
    fn with<M: Model + 'static>(self, model: &M) -> Result<(), Difference> {
        check_model(self.loaded, model, self.seed)
    }
}

/// Runs a model of a known type twice, in the surroundings of a scenario; the scenario's own model is not used.
///
/// # Errors
/// The first difference.
pub fn check_model<M: Model>(loaded: &Loaded, model: &M, seed: u64) -> Result<(), Difference> {
    let mut first = Recorder::default();
    drive(loaded, model, seed, Time::NEVER, &mut first);
    let mut second = Comparer { first: first.0, next: 0, difference: None };
    drive(loaded, model, seed, Time::NEVER, &mut second);
    if second.difference.is_none() && second.next < second.first.len() {
        let seen = second.first[second.next].to_string();
        return Err(Difference { position: second.next, first: Some(seen), second: None });
    }
    second.difference.map_or(Ok(()), Err)
}

/// What is kept of an event.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    at: Time,
    who: Option<Peer>,
    kind: &'static str,
    /// The hash of everything up to and including it, and of what observers are shown of it.
    digest: [u64; 2],
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}", self.at)?;
        if let Some(who) = self.who {
            write!(f, " {who}")?;
        }
        write!(f, " {}", self.kind)
    }
}

fn seen<N: Node>(at: Time, fingerprint: Fingerprint, happening: &Happening<'_, N>) -> Seen {
    let (who, kind) = match happening {
        Happening::Work { node, work } => {
            let kind = match work {
                Work::Boot => "boots",
                Work::Message { .. } => "gets a message",
                Work::Timer(_) => "has a timer",
                Work::Request(_) => "gets a request",
                Work::Synced(..) => "has synced",
            };
            (Some(*node), kind)
        }
        Happening::Dropped { to, .. } => (Some(*to), "does not get a message"),
        Happening::Invoked(_) => (None, "a client asks"),
        Happening::Attempt { id, .. } => (Some(id.client), "sends an attempt"),
        Happening::Completed(_) => (None, "an operation ends"),
        Happening::Injected(_) => (None, "a fault strikes"),
        Happening::Ended(_) => (None, "a fault ends"),
        Happening::Life { node, .. } => (Some(*node), "goes up or down"),
    };
    Seen { at, who, kind, digest: fingerprint.words() }
}

#[derive(Default)]
struct Recorder(Vec<Seen>);

impl<N: Node> Observer<N> for Recorder {
    fn before(
        &mut self,
        at: Time,
        fingerprint: Fingerprint,
        happening: &Happening<'_, N>,
    ) -> ControlFlow<Violation> {
        self.0.push(seen(at, fingerprint, happening));
        ControlFlow::Continue(())
    }
}

struct Comparer {
    first: Vec<Seen>,
    next: usize,
    difference: Option<Difference>,
}

impl<N: Node> Observer<N> for Comparer {
    fn before(
        &mut self,
        at: Time,
        fingerprint: Fingerprint,
        happening: &Happening<'_, N>,
    ) -> ControlFlow<Violation> {
        let (now, then) = (seen(at, fingerprint, happening), self.first.get(self.next));
        if then == Some(&now) {
            self.next += 1;
            return ControlFlow::Continue(());
        }
        let second = format!("{now}: {}", describe(happening));
        let (position, first) = (self.next, then.map(Seen::to_string));
        self.difference = Some(Difference { position, first, second: Some(second) });
        let (property, detail) = ("determinism".to_string(), String::new());
        ControlFlow::Break(Violation { at, node: now.who.unwrap_or(Peer::node(0)), property, detail })
    }
}

/// The event's content.
fn describe<N: Node>(happening: &Happening<'_, N>) -> String {
    match happening {
        Happening::Work { work, .. } => match work {
            Work::Boot => "boot".into(),
            Work::Message { from, message } => format!("{message:?} from {from}"),
            Work::Timer(timer) => format!("{timer:?}"),
            Work::Request(request) => format!("{} from {}", request.operation, request.id.client),
            Work::Synced(sync, result) => format!("sync {} {result:?}", sync.0),
        },
        Happening::Dropped { from, to, kind, .. } => format!("{kind} from {from} to {to}"),
        Happening::Invoked(entry) | Happening::Completed(entry) => {
            format!("process {}: {}, {:?}", entry.process, entry.operation, entry.outcome)
        }
        Happening::Attempt { id, to } => format!("attempt {} to {to}", id.attempt),
        Happening::Injected(fault) | Happening::Ended(fault) => format!("{} {}", fault.fault, fault.detail),
        Happening::Life { life, .. } => format!("{life:?}"),
    }
}
