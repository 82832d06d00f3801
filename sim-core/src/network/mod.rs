//! The network: what becomes of each message on its directed link. The one place where the network draws.
//!
//! A message's fate hangs on the link's stream at the message's own number, so another node's traffic, or a loss
//! rate switched on, moves nothing else. Links that are alike share one [`LinkConfig`]; a link is remembered by its
//! number of messages and, only where bandwidth, order or bursts need it, by its state. Memory grows with the links in
//! use, never with the square of the nodes.

mod counters;
pub mod cut;
pub mod link;
pub mod topology;

use serde::{Deserialize, Serialize};

use crate::network::counters::Counters;
use crate::network::cut::Cuts;
use crate::network::link::{LinkConfig, LinkState};
use crate::network::topology::{Placement, Topology};
use crate::peer::Peer;
use crate::random::{Purpose, Rng, Streams};
use crate::record::NetworkCounts;
use crate::time::{Span, Time};

/// Which stream a message's fate is drawn from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Draws {
    /// One stream a directed link: the n-th message from a to b meets the same fate whatever else a sends. Costs a
    /// counter for each link in use.
    #[default]
    PerLink,
    /// One stream a sender: the n-th message of a, whomever it is for. Costs nothing; for clusters of so many links
    /// that a counter each would not fit.
    PerSender,
}

/// What the network is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkConfig {
    /// The link between two peers that no topology says otherwise about.
    pub link: LinkConfig,
    /// Zones, regions and the distances between them.
    pub topology: Option<Topology>,
    /// Which streams fates come from.
    pub draws: Draws,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives after this long.
    Deliver(Span),
    /// It arrives twice.
    Twice(Span, Span),
    /// It does not arrive.
    Drop(Drop),
}

/// Why a message does not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Drop {
    /// Lost on the link.
    Lost,
    /// A partition is in the way.
    Blocked,
    /// The link's queue was full, or the message exceeds its MTU.
    Overflow,
    /// Damaged on the way, and a checksum told.
    Corrupted,
}

/// A running network.
pub struct Network {
    config: NetworkConfig,
    placement: Placement,
    counters: Counters,
    states: indexmap::IndexMap<(Peer, Peer), LinkState>,
    /// Changes to links while faults last.
    pub(crate) overlays: Vec<Overlay>,
    /// Partitions in force.
    pub(crate) cuts: Cuts,
    /// What became of everything so far.
    pub counts: NetworkCounts,
    /// One kind of link for all, which only delays.
    plain: bool,
}

/// A fault's change of some links: worse than the configuration says, while it lasts.
#[derive(Clone, Debug)]
pub(crate) struct Overlay {
    pub(crate) id: u32,
    /// Links to or from one of these.
    pub(crate) set: cut::PeerSet,
    pub(crate) change: LinkChange,
}

/// How a fault changes a link.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LinkChange {
    Loss(f64),
    Delay(crate::random::distribution::Distribution),
    Duplicate(f64),
    Reorder { chance: f64, by: Span },
    Bandwidth(crate::units::Bandwidth),
}

/// The lanes of a message's block of draws. Each draw has its own place, used or not.
struct Lanes {
    loss: f64,
    duplicate: f64,
    corrupt: f64,
    reorder: f64,
    burst: f64,
    held: f64,
    faults: u64,
    rest: Rng,
}

impl Network {
    /// A network over peers placed as `placement` says.
    #[must_use]
    pub fn new(config: NetworkConfig, placement: Placement, nodes: u32) -> Network {
        Network {
            plain: config.topology.is_none() && !config.link.impaired(),
            counters: Counters::new(config.draws, nodes),
            config,
            placement,
            states: indexmap::IndexMap::new(),
            overlays: Vec::new(),
            cuts: Cuts::default(),
            counts: NetworkCounts::default(),
        }
    }

    /// Decides a message's fate and counts it.
    #[inline]
    pub(crate) fn fate(
        &mut self,
        streams: &Streams,
        from: Peer,
        to: Peer,
        bytes: u32,
        kind: &'static str,
        now: Time,
    ) -> Fate {
        self.counts.sent += 1;
        self.counts.bytes += u64::from(bytes);
        let block = self.counters.next(from, to);
        let mut rng = streams.link(from, to, block);
        if !self.cuts.is_empty() {
            let link = (u64::from(from.raw()) << 32) | u64::from(to.raw());
            let chance = streams.block(Purpose::Fault, link, block).bits();
            if self.cuts.blocks(from, to, kind, chance) {
                self.counts.blocked += 1;
                return Fate::Drop(Drop::Blocked);
            }
        }
        if self.overlays.is_empty() {
            if self.plain {
                return Fate::Deliver(self.config.link.latency_of(kind).sample(&mut rng));
            }
            let link = self.placement.link(&self.config, from, to);
            if !link.impaired {
                let latency = link.config.latency_of(kind).sample(&mut rng);
                return Fate::Deliver(latency.saturating_add(link.distance));
            }
        }
        self.fate_impaired(rng, from, to, (bytes, kind), now)
    }

    /// Whether something in flight is stopped by a partition that came up meanwhile.
    #[inline]
    pub(crate) fn blocks_arrival(&self, from: Peer, to: Peer) -> bool {
        !self.cuts.is_empty() && self.cuts.blocks_arrival(from, to)
    }

    /// The general case: loss, duplication, corruption, order, bandwidth and the faults on top.
    fn fate_impaired(
        &mut self,
        mut rng: Rng,
        from: Peer,
        to: Peer,
        (bytes, kind): (u32, &str),
        now: Time,
    ) -> Fate {
        let link = self.placement.link(&self.config, from, to);
        let config = link.config;
        // The latency is the block's first draw, so that impairments switched on leave it where it is.
        let usual = config.latency_of(kind);
        let mut latency = usual.sample(&mut rng).saturating_add(link.distance);
        let mut lanes = Lanes::draw(rng);
        let (mut keep, mut single, mut reorder, mut bandwidth) =
            (1.0 - config.loss.get(), 1.0 - config.duplicate.get(), config.reorder.get(), config.bandwidth);
        let mut reorder_by = config.reorder_by;
        for overlay in
            self.overlays.iter().filter(|overlay| overlay.set.contains(from) || overlay.set.contains(to))
        {
            match &overlay.change {
                LinkChange::Loss(p) => keep *= 1.0 - p,
                LinkChange::Delay(extra) => {
                    // Keyed by the fault, so that another fault on the same link moves nothing.
                    let mut own = Rng::from_key(lanes.faults ^ u64::from(overlay.id));
                    latency = latency.saturating_add(extra.sample(&mut own));
                }
                LinkChange::Duplicate(p) => single *= 1.0 - p,
                LinkChange::Reorder { chance, by } => {
                    reorder = 1.0 - (1.0 - reorder) * (1.0 - chance);
                    reorder_by = reorder_by.max(*by);
                }
                LinkChange::Bandwidth(limit) => {
                    bandwidth = Some(bandwidth.map_or(*limit, |b| if b < *limit { b } else { *limit }))
                }
            }
        }
        if config.mtu.is_some_and(|mtu| u64::from(bytes) > mtu.0) {
            self.counts.overflowed += 1;
            return Fate::Drop(Drop::Overflow);
        }
        if lanes.reorder < reorder {
            latency = latency.saturating_add(reorder_by.times(lanes.held));
        }
        if config.has_state() || bandwidth.is_some() {
            let state = self.states.entry((from, to)).or_default();
            if let Some(burst) = &config.burst {
                keep *= 1.0 - state.burst_loss(burst, lanes.burst);
            }
            match state.queue(bandwidth, config.queue, bytes, now) {
                Some(waiting) => latency = latency.saturating_add(waiting),
                None => {
                    self.counts.overflowed += 1;
                    return Fate::Drop(Drop::Overflow);
                }
            }
            if config.in_order {
                latency = state.in_order(now, latency);
            }
        }
        if lanes.loss >= keep {
            self.counts.lost += 1;
            return Fate::Drop(Drop::Lost);
        }
        if lanes.corrupt < config.corrupt.get() {
            self.counts.corrupted += 1;
            return Fate::Drop(Drop::Corrupted);
        }
        if lanes.duplicate >= single {
            self.counts.duplicated += 1;
            let again = usual.sample(&mut lanes.rest).saturating_add(link.distance);
            return Fate::Twice(latency, latency.max(again));
        }
        Fate::Deliver(latency)
    }
}

impl Lanes {
    fn draw(mut rng: Rng) -> Lanes {
        Lanes {
            loss: rng.unit(),
            duplicate: rng.unit(),
            corrupt: rng.unit(),
            reorder: rng.unit(),
            burst: rng.unit(),
            held: rng.unit(),
            faults: rng.bits(),
            rest: rng,
        }
    }
}
