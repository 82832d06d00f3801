//! A world's start: the configuration checked, clocks drawn, nodes booted in order, clients and faults set going.

use std::ops::ControlFlow;

use crate::client::session::Clients;
use crate::clock::Clock;
use crate::network::Network;
use crate::node::Node;
use crate::observer::Observer;
use crate::peer::Peer;
use crate::processor::Processor;
use crate::queue::Queue;
use crate::random::{Purpose, Streams};
use crate::record::{NodeInfo, Record};
use crate::slab::Slab;
use crate::time::{Span, Time};
use crate::world::config::{ClockConfig, ConfigError, NAMED_NODES, WorldConfig};
use crate::world::inject::Plan;
use crate::world::timers::Timers;
use crate::world::{Body, Counts, Event, Flow, Group, Rest, Slot, World, ahead};

/// Room is made for so many operations at most before they are asked.
const RESERVED: usize = 1 << 17;

impl<N: Node> World<N> {
    /// A world that has not started; [`World::run`] starts it.
    ///
    /// # Errors
    /// What [`WorldConfig::validate`] finds wrong.
    pub fn new(config: WorldConfig<N::Config>) -> Result<World<N>, ConfigError> {
        config.validate()?;
        let streams = Streams::new(config.seed);
        let placement = config.placement()?;
        let names = config.names();
        let count = config.node_count();
        let mut record = Record { seed: config.seed, node_count: count, ..Record::default() };
        if count <= NAMED_NODES {
            let place = |i: usize| names.places.get(i).cloned().unwrap_or_default();
            let named = names.nodes.iter().enumerate();
            record.nodes = named.map(|(i, name)| NodeInfo { name: name.clone(), place: place(i) }).collect();
        }
        record.clients = (0..config.client_count()).map(|i| Peer::client(i).to_string()).collect();
        let expected: f64 = config.clients.iter().map(|group| group.expected(config.schedule.stop_at)).sum();
        // Where the number is known, rarely are there more. What is never written takes no memory, where that is the system's
        // to give.
        record.history.entries.reserve(((expected + 4.0 * expected.sqrt()) as usize).min(RESERVED));
        let mut slots = Vec::with_capacity(count as usize);
        let mut rests = Vec::with_capacity(count as usize);
        let mut groups = Vec::with_capacity(config.groups.len());
        for (g, group) in config.groups.into_iter().enumerate() {
            let free = group.processor.is_free();
            for _ in 0..group.count {
                let node = Peer::node(slots.len() as u32);
                let plain = free && group.clock.is_true();
                let body = (!plain).then(|| Box::new(body(&streams, node, &group.clock)));
                slots.push(Slot::new(streams.of(Purpose::Node, node), body));
                rests.push(Rest { group: g as u16, ..Rest::default() });
            }
            groups.push(Group { config: group.config, processor: group.processor, free, disk: group.disk });
        }
        Ok(World {
            now: Time::ZERO,
            queue: Queue::default(),
            events: Slab::default(),
            messages: Slab::default(),
            requests: Slab::default(),
            replies: Slab::default(),
            tasks: Slab::default(),
            fetches_ahead: slots.len() >= ahead::LARGE,
            slots,
            rests,
            groups,
            network: Network::new(config.network, placement, count),
            clients: Clients::new(config.clients, config.schedule.stop_at, count, &streams),
            plan: Plan::new(config.faults, names, config.schedule.heal_at, &streams),
            streams,
            effects: Vec::new(),
            tie_break: config.tie_break,
            engine_seq: 0,
            record,
            counts: Counts::default(),
        })
    }

    /// Boots the nodes and sets clients and faults going, once.
    pub(super) fn start<O: Observer<N>>(&mut self, observer: &mut O) -> Flow {
        if self.engine_seq > 0 {
            return ControlFlow::Continue(());
        }
        let heal_at = Time::ZERO + self.plan.heal_at();
        self.schedule_engine(heal_at, Event::Heal);
        self.start_plan();
        for index in 0..self.slots.len() as u32 {
            self.boot(Peer::node(index), observer)?;
        }
        self.start_clients();
        ControlFlow::Continue(())
    }
}

impl<N: Node> Slot<N> {
    fn new(rng: crate::random::Rng, body: Option<Box<Body<N>>>) -> Slot<N> {
        Slot { state: None, rng, timers: Timers::One(None), body, seq: 0, armings: 0 }
    }
}

/// A node's clock and processor, the clock's errors drawn from the node's own stream.
pub(super) fn body<N: Node>(streams: &Streams, node: Peer, clock: &ClockConfig) -> Body<N> {
    let mut rng = streams.of(Purpose::Clock, node);
    let (offset, drift) = (2.0 * rng.unit() - 1.0, 2.0 * rng.unit() - 1.0);
    let offset_ns = (offset * clock.offset.0 as f64) as i64;
    let drift_ppb = (drift * clock.drift_ppm * 1000.0) as i64;
    let uncertainty: Span = clock.uncertainty;
    Body {
        clock: Clock::new(offset_ns, drift_ppb, uncertainty),
        base_drift_ppb: drift_ppb,
        processor: Processor::new(streams.of(Purpose::Processor, node)),
    }
}
