//! What a node of the tree asks of whatever it is part of: of the engine, where it stands alone, or of a model that spreads
//! its news along the tree and puts content into payloads.
//!
//! Deliberately absent: what a payload holds; the tree knows its name.

use sim_core::node::Context;
use sim_core::peer::Peer;
use sim_core::random::Rng;
use sim_core::time::{Span, Time};

use super::message::Message;
use super::node::Timer;

/// The surroundings of a node of the tree.
pub trait Port {
    /// Who it is.
    fn me(&self) -> Peer;
    /// Its monotonic clock.
    fn now(&self) -> Time;
    /// Its random stream.
    fn rng(&mut self) -> &mut Rng;
    /// Sends a message of the tree.
    fn send(&mut self, to: Peer, message: Message);
    /// Sets a timer of the tree.
    fn arm(&mut self, timer: Timer, after: Span);
    /// Takes it back.
    fn disarm(&mut self, timer: Timer);
    /// Marks that something happened.
    fn mark(&mut self, name: &'static str);
    /// Notes a number.
    fn measure(&mut self, name: &'static str, value: i64);
}

impl Port for Context<'_, Message, Timer> {
    fn me(&self) -> Peer {
        self.me()
    }
    fn now(&self) -> Time {
        self.now()
    }
    fn rng(&mut self) -> &mut Rng {
        self.rng()
    }
    fn send(&mut self, to: Peer, message: Message) {
        self.send(to, message);
    }
    fn arm(&mut self, timer: Timer, after: Span) {
        self.arm(timer, after);
    }
    fn disarm(&mut self, timer: Timer) {
        self.disarm(timer);
    }
    fn mark(&mut self, name: &'static str) {
        self.mark(name);
    }
    fn measure(&mut self, name: &'static str, value: i64) {
        self.measure(name, value);
    }
}
