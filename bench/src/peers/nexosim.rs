//! nexosim 1.0, on one thread. H is one model that schedules its own events; in P and S each node is a model behind a
//! mailbox of its own, and a model of the network keeps messages for their latency and passes them on.

use std::time::Duration;

use ::nexosim::model::{Context, Model, schedulable};
use ::nexosim::ports::{EventSource, Output};
use ::nexosim::simulation::{Mailbox, SimInit, Simulation};
use ::nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use std::sync::atomic::{AtomicU64, Ordering};

use crate::random::Random;
use crate::worker::{Measured, Slices, worlds};

static HANDLED: AtomicU64 = AtomicU64::new(0);

#[derive(Serialize, Deserialize)]
struct Holder {
    random: u64,
}

#[Model]
impl Holder {
    async fn start(&mut self, pending: u32, cx: &Context<Self>) {
        (0..pending).for_each(|_| self.arm(cx));
    }

    fn arm(&mut self, cx: &Context<Self>) {
        let mut random = Random(self.random);
        let after = Duration::from_nanos(random.hold_ns());
        self.random = random.0;
        cx.schedule_event(after, schedulable!(Self::fire), ()).expect("the future");
    }

    #[nexosim(schedulable)]
    async fn fire(&mut self, _: (), cx: &Context<Self>) {
        HANDLED.fetch_add(1, Ordering::Relaxed);
        self.arm(cx);
    }
}

fn advance(simulation: &mut Simulation, span_ns: u64) -> u64 {
    let before = HANDLED.load(Ordering::Relaxed);
    simulation.step_until(Duration::from_nanos(span_ns)).expect("a step");
    HANDLED.load(Ordering::Relaxed) - before
}

/// Measures H.
#[must_use]
pub fn hold(pending: u32, budget_s: f64) -> Measured {
    let mailbox = Mailbox::new();
    let mut bench = SimInit::with_num_threads(1);
    let start = EventSource::new().connect(Holder::start, &mailbox).register(&mut bench);
    let bench = bench.add_model(Holder { random: 1 }, mailbox, "holder");
    let mut simulation = bench.init(MonotonicTime::EPOCH).expect("a simulation");
    simulation.process_event(&start, pending).expect("a start");
    Slices::hold(pending).measure(budget_s, |span_ns| advance(&mut simulation, span_ns))
}

#[derive(Clone, Copy, Serialize, Deserialize, ::nexosim::Message)]
struct Message {
    to: u32,
    hops: u32,
}

#[derive(Serialize, Deserialize)]
struct Passer {
    me: u32,
    nodes: u32,
    random: u64,
    network: Output<Message>,
}

#[Model]
impl Passer {
    async fn receive(&mut self, hops: u32) {
        HANDLED.fetch_add(1, Ordering::Relaxed);
        if hops > 1 {
            let mut random = Random(self.random);
            let to = random.other(self.me, self.nodes);
            self.random = random.0;
            self.network.send(Message { to, hops: hops - 1 }).await;
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Network {
    random: u64,
    nodes: Vec<Output<u32>>,
}

#[Model]
impl Network {
    async fn start(&mut self, hops: u32, cx: &Context<Self>) {
        for to in 0..self.nodes.len() as u32 {
            self.carry(Message { to, hops }, cx).await;
        }
    }

    async fn carry(&mut self, message: Message, cx: &Context<Self>) {
        let mut random = Random(self.random);
        let after = Duration::from_nanos(random.latency_ns());
        self.random = random.0;
        cx.schedule_event(after, schedulable!(Self::deliver), message).expect("the future");
    }

    #[nexosim(schedulable)]
    async fn deliver(&mut self, message: Message) {
        self.nodes[message.to as usize].send(message.hops).await;
    }
}

fn ping_simulation(seed: u64, nodes: u32, hops: u32) -> Simulation {
    let mut bench = SimInit::with_num_threads(1);
    let network_mailbox: Mailbox<Network> = Mailbox::new();
    let mut network = Network { random: seed, nodes: Vec::new() };
    for me in 0..nodes {
        let mailbox = Mailbox::new();
        let mut to_network = Output::default();
        to_network.connect(Network::carry, &network_mailbox);
        let mut to_node = Output::default();
        to_node.connect(Passer::receive, &mailbox);
        network.nodes.push(to_node);
        let passer = Passer { me, nodes, random: seed ^ u64::from(me) << 32, network: to_network };
        bench = bench.add_model(passer, mailbox, "node");
    }
    let start = EventSource::new().connect(Network::start, &network_mailbox).register(&mut bench);
    let bench = bench.add_model(network, network_mailbox, "network");
    let mut simulation = bench.init(MonotonicTime::EPOCH).expect("a simulation");
    simulation.process_event(&start, hops).expect("a start");
    simulation
}

/// Measures P.
#[must_use]
pub fn ping(nodes: u32, budget_s: f64) -> Measured {
    let mut simulation = ping_simulation(1, nodes, u32::MAX);
    Slices::ping(nodes).measure(budget_s, |span_ns| advance(&mut simulation, span_ns))
}

/// Measures S.
#[must_use]
pub fn seeds(budget_s: f64) -> Measured {
    worlds(budget_s, |seed| {
        let mut simulation = ping_simulation(seed, 5, 1_000);
        advance(&mut simulation, 1_000_000_000_000)
    })
}
