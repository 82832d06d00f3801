//! What nodes of a service graph send each other.

use std::hash::{Hash, Hasher};

use sim_core::peer::Peer;
use sim_core::time::Span;

use crate::policy::Outcome;

/// What travels with a request through the whole graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Baggage {
    /// What is asked for: caches, rings and coalescing go by it.
    pub key: u64,
    /// The user's request; equal in every attempt of it, so an idempotency key and a trace's name.
    pub request: u64,
    /// The part of the trace that caused this; 0 for none.
    pub span: u64,
    /// The class, 0 the most important.
    pub priority: u8,
    /// Whether it leaves a trace.
    pub traced: bool,
}

/// Whether a call is one of two tied copies: each knows of the other, and the one that begins calls the other off
/// (Dean and Barroso, CACM 2013, "Tied requests").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tie {
    /// It is not.
    #[default]
    No,
    /// It is the first, and its twin is not known yet.
    Open,
    /// Its twin is this attempt of the same caller at that node.
    To(Peer, u64),
}

impl Hash for Tie {
    // What is not tied adds nothing to a run's fingerprint.
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Tie::No => {}
            Tie::Open => state.write_u8(1),
            Tie::To(node, attempt) => (node, attempt).hash(state),
        }
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// Do this.
    Call {
        /// The caller's attempt.
        attempt: u64,
        /// The caller's edge.
        edge: u16,
        /// What travels along.
        baggage: Baggage,
        /// How long the caller still waits, if it tells.
        left: Option<Span>,
        /// The size on the wire.
        bytes: u32,
        /// The size of the answer.
        reply_bytes: u32,
        /// Whether it is one of two copies.
        tie: Tie,
    },
    /// This is how it ended.
    Return {
        /// The caller's attempt.
        attempt: u64,
        /// The caller's edge.
        edge: u16,
        /// How.
        outcome: Outcome,
        /// The size on the wire.
        bytes: u32,
    },
    /// Nobody waits for this any more.
    Cancel {
        /// The caller's attempt.
        attempt: u64,
        /// The caller's edge.
        edge: u16,
    },
    /// A connection is wanted.
    Connect {
        /// The caller's edge.
        edge: u16,
    },
    /// A connection stands, or is refused.
    Connected {
        /// The caller's edge.
        edge: u16,
        /// Whether it stands.
        ok: bool,
    },
    /// Are you well?
    Probe {
        /// The caller's edge.
        edge: u16,
        /// Which probe.
        round: u32,
    },
    /// I am, or not.
    Health {
        /// The caller's edge.
        edge: u16,
        /// Which probe.
        round: u32,
        /// Whether it is.
        ok: bool,
    },
    /// The copy that you have got a twin: from its caller.
    Twin {
        /// The caller's edge.
        edge: u16,
        /// The caller's attempt that you have.
        attempt: u64,
        /// Where the other is.
        node: Peer,
        /// Its attempt.
        other: u64,
    },
    /// I have begun with the twin of a copy that you have, or would send: from the other's node.
    Begun {
        /// Whose call it is.
        caller: Peer,
        /// The caller's edge.
        edge: u16,
        /// The caller's attempt that you have.
        attempt: u64,
    },
}

impl Message {
    /// What the operating system of a machine answers when nothing listens there.
    #[must_use]
    pub fn refused(&self) -> Option<Message> {
        match *self {
            Message::Call { attempt, edge, .. } => {
                Some(Message::Return { attempt, edge, outcome: Outcome::Refused, bytes: HEADER })
            }
            Message::Connect { edge } => Some(Message::Connected { edge, ok: false }),
            Message::Probe { edge, round } => Some(Message::Health { edge, round, ok: false }),
            _ => None,
        }
    }

    /// The size on the wire.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        match self {
            Message::Call { bytes, .. } | Message::Return { bytes, .. } => *bytes,
            _ => HEADER,
        }
    }

    /// The name of the kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Message::Call { .. } => "call",
            Message::Return { .. } => "return",
            Message::Cancel { .. } => "cancel",
            Message::Connect { .. } => "connect",
            Message::Connected { .. } => "connected",
            Message::Probe { .. } => "probe",
            Message::Health { .. } => "health",
            Message::Twin { .. } => "twin",
            Message::Begun { .. } => "begun",
        }
    }
}

/// The size of a message that carries nothing.
pub const HEADER: u32 = 60;
