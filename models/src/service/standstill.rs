//! What an instance is told while it stands still (`pauses`), until it goes on.
//!
//! A process whose collector stops the world reads nothing, answers nothing, and neither its work nor its patience with others goes
//! on: that is put off, in the order in which it came. What is not the process' own doing is not: the system below it
//! accepts connections and so answers probes that ask for no more, and whoever deploys it does not ask it.

use sim_core::peer::Peer;
use sim_core::time::Time;

use super::config::Probe;
use super::message::Message;
use super::timers::Wake;

/// What waits until an instance goes on.
#[derive(Debug)]
pub(super) enum Held {
    /// A message, and when it came.
    Message(Time, Peer, Message),
    /// Something of its own was due.
    Wake(Wake),
}

/// Whether a message to an instance that answers probes like this waits.
pub(super) fn holds_message(message: &Message, probe: Probe) -> bool {
    match message {
        Message::Connect { .. } => false,
        Message::Probe { .. } => probe == Probe::Readiness,
        _ => true,
    }
}

/// Whether something that is due waits. The figures of a window are the simulator's, not the instance's.
pub(super) fn holds_wake(wake: &Wake) -> bool {
    !matches!(wake, Wake::Pause | Wake::Window | Wake::Deploy { .. })
}
