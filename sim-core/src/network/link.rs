//! One directed link: its settings and, where it needs one, its state.

use serde::{Deserialize, Serialize};

use crate::random::distribution::Distribution;
use crate::time::{Span, Time};
use crate::units::{Bandwidth, Bytes, Ratio};

/// How a directed link treats messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkConfig {
    /// One-way latency. Independent for each message, so messages overtake each other unless `in_order`.
    pub latency: Distribution,
    /// The latency of messages of these kinds instead, by the names their model gives them (`write`, `append`, also
    /// `request` and `reply`): where published delays are told apart by what is carried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<(String, Distribution)>,
    /// The share of messages lost, independently.
    #[serde(default)]
    pub loss: Ratio,
    /// Losses in bursts.
    #[serde(default)]
    pub burst: Option<GilbertElliott>,
    /// The share delivered twice, the second copy with a latency of its own.
    #[serde(default)]
    pub duplicate: Ratio,
    /// The share held back so that later ones overtake them.
    #[serde(default)]
    pub reorder: Ratio,
    /// Up to how long those are held back.
    #[serde(default)]
    pub reorder_by: Span,
    /// The share damaged on the way; a checksum finds it, and they are dropped.
    #[serde(default)]
    pub corrupt: Ratio,
    /// Bytes a second; messages wait for those before them.
    #[serde(default)]
    pub bandwidth: Option<Bandwidth>,
    /// How many bytes may wait for bandwidth; `None` for any number.
    #[serde(default)]
    pub queue: Option<Bytes>,
    /// The largest message that passes; larger ones vanish.
    #[serde(default)]
    pub mtu: Option<Bytes>,
    /// Whether messages arrive in the order sent, as on one TCP connection.
    #[serde(default)]
    pub in_order: bool,
}

/// The two-state loss model of Gilbert (1960) and Elliott (1963); a step a message.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GilbertElliott {
    /// The chance of going from good to bad.
    pub to_bad: Ratio,
    /// The chance of going from bad to good.
    pub to_good: Ratio,
    /// The share lost while good.
    #[serde(default)]
    pub loss_good: Ratio,
    /// The share lost while bad.
    pub loss_bad: Ratio,
}

impl LinkConfig {
    /// A link that does nothing but take this long.
    #[must_use]
    pub fn with_latency(latency: Distribution) -> LinkConfig {
        LinkConfig {
            latency,
            kinds: Vec::new(),
            loss: Ratio::ZERO,
            burst: None,
            duplicate: Ratio::ZERO,
            reorder: Ratio::ZERO,
            reorder_by: Span::ZERO,
            corrupt: Ratio::ZERO,
            bandwidth: None,
            queue: None,
            mtu: None,
            in_order: false,
        }
    }

    /// The latency of a kind of message.
    #[inline(always)]
    #[must_use]
    pub fn latency_of(&self, kind: &str) -> &Distribution {
        if self.kinds.is_empty() {
            return &self.latency;
        }
        self.kinds.iter().find(|(name, _)| name == kind).map_or(&self.latency, |(_, latency)| latency)
    }

    /// Whether the link must remember something between messages.
    #[must_use]
    pub fn has_state(&self) -> bool {
        self.burst.is_some() || self.bandwidth.is_some() || self.in_order
    }

    /// Whether it may do anything to a message but delay it.
    #[must_use]
    pub fn impaired(&self) -> bool {
        self.has_state()
            || self.mtu.is_some()
            || [self.loss, self.duplicate, self.reorder, self.corrupt].iter().any(|share| share.get() > 0.0)
    }

    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        self.latency.validate().map_err(|why| format!("latency: {why}"))?;
        for (i, (kind, latency)) in self.kinds.iter().enumerate() {
            latency.validate().map_err(|why| format!("kinds: {kind}: {why}"))?;
            if self.kinds[..i].iter().any(|(other, _)| other == kind) {
                return Err(format!("kinds: {kind} is given twice"));
            }
        }
        if self.reorder.get() > 0.0 && self.reorder_by == Span::ZERO {
            return Err("reorder: it needs reorder_by, up to how long messages are held back".into());
        }
        if self.queue.is_some() && self.bandwidth.is_none() {
            return Err("queue: it needs bandwidth, for which messages wait".into());
        }
        Ok(())
    }
}

/// What a link remembers.
#[derive(Clone, Debug, Default)]
pub(crate) struct LinkState {
    busy_until: Time,
    last_arrival: Time,
    bad: bool,
}

impl LinkState {
    /// The share lost at this message, after the chain's step.
    pub(crate) fn burst_loss(&mut self, model: &GilbertElliott, draw: f64) -> f64 {
        let leave = if self.bad { model.to_good } else { model.to_bad };
        if draw < leave.get() {
            self.bad = !self.bad;
        }
        if self.bad { model.loss_bad.get() } else { model.loss_good.get() }
    }

    /// How long the message waits and is on the wire; `None` if the queue is full.
    pub(crate) fn queue(
        &mut self,
        bandwidth: Option<Bandwidth>,
        queue: Option<Bytes>,
        bytes: u32,
        now: Time,
    ) -> Option<Span> {
        let Some(bandwidth) = bandwidth else { return Some(Span::ZERO) };
        let waiting = self.busy_until.since(now);
        if queue.is_some_and(|limit| waiting > bandwidth.time_for(limit.0)) {
            return None;
        }
        let whole = waiting.saturating_add(bandwidth.time_for(u64::from(bytes)));
        self.busy_until = now + whole;
        Some(whole)
    }

    /// The latency that keeps the message behind the ones before it.
    pub(crate) fn in_order(&mut self, now: Time, latency: Span) -> Span {
        self.last_arrival = self.last_arrival.max(now + latency);
        self.last_arrival.since(now)
    }
}
