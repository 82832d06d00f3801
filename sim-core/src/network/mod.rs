//! The network: what becomes of each message on its directed link. The one place where the network draws.
//!
//! A message's fate hangs on the link's stream at the message's own number, so another node's traffic, or a loss
//! rate switched on, moves nothing else. Links that are alike share one [`LinkConfig`]; a link is remembered by its
//! number of messages and, only where bandwidth, order or bursts need it, by its state. Memory grows with the links in
//! use, never with the square of the nodes.

mod counters;
pub mod cut;
pub mod link;
mod manner;
pub mod topology;

use serde::{Deserialize, Serialize};

use crate::network::counters::Counters;
use crate::network::cut::Cuts;
use crate::network::link::{LinkConfig, LinkState};
use crate::network::manner::{Latency, Manner, Plain};
use crate::network::topology::{Placement, Topology};
use crate::peer::Peer;
use crate::random::distribution::Distribution;
use crate::random::{Purpose, Rng, Streams};
use crate::record::NetworkCounts;
use crate::time::{Span, Time};
use crate::units::Bandwidth;

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
    /// By [`Placed::kind`]: the link without a topology, and those of a topology.
    manners: [Manner; 4],
    /// Where all links are alike and do nothing but delay, lose and duplicate.
    plain: Option<Plain>,
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
    Delay(Distribution),
    Duplicate(f64),
    Reorder { chance: f64, by: Span },
    Bandwidth(crate::units::Bandwidth),
}

/// The lanes of a message's block of draws, after those of its latency. Each draw has its own place, used or not, and one
/// that is not used costs nothing.
mod lane {
    pub(super) const LOSS: u64 = 0;
    pub(super) const DUPLICATE: u64 = 1;
    pub(super) const CORRUPT: u64 = 2;
    pub(super) const REORDER: u64 = 3;
    pub(super) const BURST: u64 = 4;
    pub(super) const HELD: u64 = 5;
    pub(super) const FAULTS: u64 = 6;
    pub(super) const REST: u64 = 7;
}

impl Network {
    /// A network over peers placed as `placement` says.
    #[must_use]
    pub fn new(config: NetworkConfig, placement: Placement, nodes: u32) -> Network {
        let flat = Manner::of(&config.link);
        let manners = config.topology.as_ref().map_or([flat; 4], |topology| {
            let [zone, region, between] = topology.kinds().map(Manner::of);
            [flat, zone, region, between]
        });
        Network {
            plain: Plain::of(&config, flat),
            manners,
            counters: Counters::new(config.draws, nodes),
            config,
            placement,
            states: indexmap::IndexMap::new(),
            overlays: Vec::new(),
            cuts: Cuts::default(),
            counts: NetworkCounts::default(),
        }
    }

    /// Decides the fate of a client's request or of the answer to it.
    #[inline(never)]
    pub(crate) fn fate_of_call(
        &mut self,
        streams: &Streams,
        from: Peer,
        to: Peer,
        bytes: u32,
        kind: &'static str,
        now: Time,
    ) -> Fate {
        self.fate(streams, from, to, bytes, || kind, now)
    }

    /// Decides a message's fate and counts it. Its kind is asked for only where something hangs on it.
    #[inline(always)]
    pub(crate) fn fate(
        &mut self,
        streams: &Streams,
        from: Peer,
        to: Peer,
        bytes: u32,
        kind: impl FnOnce() -> &'static str,
        now: Time,
    ) -> Fate {
        self.counts.sent = self.counts.sent.wrapping_add(1);
        self.counts.bytes = self.counts.bytes.wrapping_add(u64::from(bytes));
        let block = self.counters.next(from, to);
        let mut rng = streams.link(from, to, block);
        let Some(plain) = &self.plain else {
            return self.fate_placed(streams, rng, block, (from, to), (bytes, kind()), now);
        };
        if !self.cuts.is_empty() || !self.overlays.is_empty() {
            return self.fate_placed(streams, rng, block, (from, to), (bytes, kind()), now);
        }
        let latency = match &plain.latency {
            Latency::Uniform(least, lengths) => Span(least + rng.below(*lengths)),
            Latency::LogNormal(table) => table.sample(&mut rng),
            Latency::Other => self.config.link.latency.sample(&mut rng),
        };
        let Some(odds) = plain.loss else { return Fate::Deliver(latency) };
        self.lose_or_repeat(rng, latency, odds, (from, to), kind)
    }

    /// Loss and duplication of a message that takes so long, on a link that does no more to it.
    #[inline(always)]
    fn lose_or_repeat(
        &mut self,
        rng: Rng,
        latency: Span,
        (keep, single): (u64, u64),
        peers: (Peer, Peer),
        kind: impl FnOnce() -> &'static str,
    ) -> Fate {
        if rng.peek(lane::LOSS) >> 11 >= keep {
            self.counts.lost += 1;
            return Fate::Drop(Drop::Lost);
        }
        if rng.peek(lane::DUPLICATE) >> 11 < single {
            return Fate::Deliver(latency);
        }
        self.duplicate(rng, latency, peers, kind())
    }

    /// A message arrives twice.
    #[cold]
    #[inline(never)]
    fn duplicate(&mut self, mut rng: Rng, latency: Span, (from, to): (Peer, Peer), kind: &str) -> Fate {
        let link = self.placement.link(&self.config, from, to);
        self.counts.duplicated += 1;
        rng.skip(lane::REST);
        let again = link.config.latency_of(kind).sample(&mut rng).saturating_add(link.distance);
        Fate::Twice(latency, latency.max(again))
    }

    /// The fate where links differ, or faults are in force.
    #[inline(never)]
    fn fate_placed(
        &mut self,
        streams: &Streams,
        mut rng: Rng,
        block: u64,
        (from, to): (Peer, Peer),
        (bytes, kind): (u32, &'static str),
        now: Time,
    ) -> Fate {
        if !self.cuts.is_empty() {
            let link = (u64::from(from.raw()) << 32) | u64::from(to.raw());
            let chance = streams.block(Purpose::Fault, link, block).bits();
            if self.cuts.blocks(from, to, kind, chance) {
                self.counts.blocked += 1;
                return Fate::Drop(Drop::Blocked);
            }
        }
        if !self.overlays.is_empty() {
            return self.fate_impaired(rng, from, to, (bytes, kind), now);
        }
        let link = self.placement.link(&self.config, from, to);
        let odds = match self.manners[link.kind] {
            Manner::Delay => {
                return Fate::Deliver(
                    link.config.latency_of(kind).sample(&mut rng).saturating_add(link.distance),
                );
            }
            Manner::Loss { keep, single } => (keep, single),
            Manner::More => return self.fate_impaired(rng, from, to, (bytes, kind), now),
        };
        let latency = link.config.latency_of(kind).sample(&mut rng).saturating_add(link.distance);
        self.lose_or_repeat(rng, latency, odds, (from, to), || kind)
    }

    /// Fetches what a message from this node will need into the caches.
    #[inline(always)]
    pub(crate) fn fetch(&self, from: Peer) {
        self.counters.fetch(from);
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
        let mut odds = Odds {
            latency: config.latency_of(kind).sample(&mut rng).saturating_add(link.distance),
            keep: 1.0 - config.loss.get(),
            single: 1.0 - config.duplicate.get(),
            reorder: config.reorder.get(),
            reorder_by: config.reorder_by,
            bandwidth: config.bandwidth,
        };
        let meant = |overlay: &&Overlay| overlay.set.contains(from) || overlay.set.contains(to);
        for overlay in self.overlays.iter().filter(meant) {
            odds.change(overlay, &rng);
        }
        let Odds { mut latency, mut keep, single, reorder, reorder_by, bandwidth } = odds;
        if config.mtu.is_some_and(|mtu| u64::from(bytes) > mtu.0) {
            self.counts.overflowed += 1;
            return Fate::Drop(Drop::Overflow);
        }
        if rng.peek_unit(lane::REORDER) < reorder {
            latency = latency.saturating_add(reorder_by.times(rng.peek_unit(lane::HELD)));
        }
        if config.has_state() || bandwidth.is_some() {
            let state = self.states.entry((from, to)).or_default();
            if let Some(burst) = &config.burst {
                keep *= 1.0 - state.burst_loss(burst, rng.peek_unit(lane::BURST));
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
        if rng.peek_unit(lane::LOSS) >= keep {
            self.counts.lost += 1;
            return Fate::Drop(Drop::Lost);
        }
        if rng.peek_unit(lane::CORRUPT) < config.corrupt.get() {
            self.counts.corrupted += 1;
            return Fate::Drop(Drop::Corrupted);
        }
        if rng.peek_unit(lane::DUPLICATE) >= single {
            self.counts.duplicated += 1;
            rng.skip(lane::REST);
            let again = config.latency_of(kind).sample(&mut rng).saturating_add(link.distance);
            return Fate::Twice(latency, latency.max(again));
        }
        Fate::Deliver(latency)
    }
}

/// What a message may meet on its link, with the faults on top.
struct Odds {
    latency: Span,
    /// The chance that it is not lost.
    keep: f64,
    /// The chance that it is not doubled.
    single: f64,
    /// The chance that it is held back, and for how long at most.
    reorder: f64,
    reorder_by: Span,
    bandwidth: Option<Bandwidth>,
}

impl Odds {
    fn change(&mut self, overlay: &Overlay, rng: &Rng) {
        match &overlay.change {
            LinkChange::Loss(p) => self.keep *= 1.0 - p,
            LinkChange::Delay(extra) => {
                // Keyed by the fault, so that another fault on the same link moves nothing.
                let mut own = Rng::from_key(rng.peek(lane::FAULTS) ^ u64::from(overlay.id));
                self.latency = self.latency.saturating_add(extra.sample(&mut own));
            }
            LinkChange::Duplicate(p) => self.single *= 1.0 - p,
            LinkChange::Reorder { chance, by } => {
                self.reorder = 1.0 - (1.0 - self.reorder) * (1.0 - chance);
                self.reorder_by = self.reorder_by.max(*by);
            }
            LinkChange::Bandwidth(limit) => {
                self.bandwidth = Some(self.bandwidth.map_or(*limit, |b| if b < *limit { b } else { *limit }));
            }
        }
    }
}
