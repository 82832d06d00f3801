//! The practical limit: a loop of our own over a slab of plain events and a queue, one generator of random numbers,
//! no network, no order between equal times, no fingerprint.

pub mod queues;

use crate::bare::queues::Queue;
use crate::random::Random;
use crate::worker::{Measured, Slices};

/// A node and how often it was called.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    called: u64,
}

/// An event on its way to a node.
#[derive(Clone, Copy, Debug)]
struct Event {
    to: u32,
    hops: u32,
}

#[derive(Debug)]
struct Loop<Q> {
    queue: Q,
    slab: Vec<Event>,
    free: Vec<u32>,
    nodes: Vec<Node>,
    random: Random,
    now: u64,
    handled: u64,
}

impl<Q: Queue> Loop<Q> {
    fn new(seed: u64, nodes: u32, span_ns: u64) -> Loop<Q> {
        Loop {
            queue: Q::tuned(nodes as usize, span_ns),
            slab: Vec::with_capacity(nodes as usize),
            free: Vec::new(),
            nodes: vec![Node::default(); nodes as usize],
            random: Random(seed),
            now: 0,
            handled: 0,
        }
    }

    #[inline]
    fn schedule(&mut self, at: u64, event: Event) {
        let slot = if let Some(slot) = self.free.pop() {
            self.slab[slot as usize] = event;
            slot
        } else {
            self.slab.push(event);
            self.slab.len() as u32 - 1
        };
        self.queue.push((at, slot));
    }

    #[inline]
    fn next(&mut self, until: u64) -> Option<Event> {
        let (at, slot) = self.queue.pop(until)?;
        self.now = at;
        self.free.push(slot);
        self.handled += 1;
        let event = self.slab[slot as usize];
        self.nodes[event.to as usize].called += 1;
        Some(event)
    }

    #[inline]
    fn arm(&mut self, node: u32) {
        let at = self.now + self.random.hold_ns();
        self.schedule(at, Event { to: node, hops: 0 });
    }

    #[inline]
    fn send(&mut self, from: u32, hops: u32) {
        let to = self.random.other(from, self.nodes.len() as u32);
        let at = self.now + self.random.latency_ns();
        self.schedule(at, Event { to, hops });
    }

    /// Hands out messages or timers until nothing more is due; answers how many.
    fn run(&mut self, until: u64, mut handle: impl FnMut(&mut Loop<Q>, Event)) -> u64 {
        let before = self.handled;
        while let Some(event) = self.next(until) {
            handle(self, event);
        }
        self.now = until;
        self.handled - before
    }
}

/// Measures H.
#[must_use]
pub fn hold<Q: Queue>(pending: u32, budget_s: f64) -> Measured {
    let mut sim: Loop<Q> = Loop::new(1, pending, 1_000_000_000);
    (0..pending).for_each(|node| sim.arm(node));
    Slices::hold(pending).measure(budget_s, |span| sim.run(sim.now + span, |sim, event| sim.arm(event.to)))
}

/// Measures P.
#[must_use]
pub fn ping<Q: Queue>(nodes: u32, budget_s: f64) -> Measured {
    let mut sim: Loop<Q> = Loop::new(1, nodes, 5_500_000);
    (0..nodes).for_each(|node| sim.send(node, u32::MAX));
    Slices::ping(nodes).measure(budget_s, |span| sim.run(sim.now + span, pass))
}

#[inline]
fn pass<Q: Queue>(sim: &mut Loop<Q>, event: Event) {
    if event.hops > 1 {
        sim.send(event.to, event.hops - 1);
    }
}

/// Measures S.
#[must_use]
pub fn seeds<Q: Queue>(budget_s: f64) -> Measured {
    crate::worker::worlds(budget_s, |seed| {
        let mut sim: Loop<Q> = Loop::new(seed, 5, 5_500_000);
        (0..5).for_each(|node| sim.send(node, 1_000));
        sim.run(1_000_000_000_000, pass)
    })
}
