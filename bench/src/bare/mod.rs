//! The practical limit: a loop of our own over a slab of plain events and a queue, one generator of random numbers,
//! no network, no order between equal times, no fingerprint.

pub mod queues;

use crate::bare::queues::Queue;
use crate::worker::{Measured, Slices};

/// SplitMix64, one for the whole run.
#[derive(Debug)]
struct Random(u64);

impl Random {
    #[inline]
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
    #[inline]
    fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }
    #[inline]
    fn exponential_ns(&mut self, mean_ns: f64) -> u64 {
        let unit = ((self.bits() >> 11) as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0);
        (-libm::log(unit) * mean_ns) as u64
    }
    #[inline]
    fn latency_ns(&mut self) -> u64 {
        1_000_000 + self.below(9_000_001)
    }
}

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
        let at = self.now + self.random.exponential_ns(1e9);
        self.schedule(at, Event { to: node, hops: 0 });
    }

    #[inline]
    fn send(&mut self, from: u32, hops: u32) {
        let other = self.random.below(self.nodes.len() as u64 - 1) as u32;
        let at = self.now + self.random.latency_ns();
        self.schedule(at, Event { to: if other >= from { other + 1 } else { other }, hops });
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

pub fn seeds_n<Q: Queue>(n: u32) -> Measured {
    let mut t = 0;
    for seed in 0..n {
        let mut sim: Loop<Q> = Loop::new(seed.into(), 5, 5_500_000);
        (0..5).for_each(|node| sim.send(node, 1_000));
        t += sim.run(1_000_000_000_000, pass)
    }
    Measured::new(t, 1.0)
}
