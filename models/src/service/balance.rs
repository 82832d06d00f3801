//! Load balancers: which instance a call goes to, by what its caller knows of them.
//!
//! A balancer is the caller's own: what it counts is what it sent and saw itself. Power of two choices is
//! Mitzenmacher's (IEEE TPDS 2001); consistent hashing with bounded loads is Mirrokni, Thorup and Zadimoghaddam's
//! (SODA 2018). Deliberately absent: the probes of health checks, which are messages (`caller`).

use serde::{Deserialize, Serialize};
use sim_core::random::Rng;
use sim_core::time::{Span, Time};
use sim_core::units::Ratio;

use super::ring::Ring;
use crate::policy::{Breaker, BreakerConfig, BreakerState, Outcome};

/// A balancer's settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BalancerConfig {
    /// How one is chosen among those in use.
    pub choose: Choice,
    /// Only instances in the caller's own zone, as long as there is one in use.
    pub zone_aware: bool,
    /// Instances that fail are left out for a while.
    pub outliers: Option<Outliers>,
    /// An instance that comes into use, or comes back, gets its full share only after this time.
    pub slow_start: Option<Span>,
    /// Instances are probed, and those that do not answer are left out.
    pub health: Option<HealthCheck>,
    /// A breaker before each instance.
    pub breaker: Option<BreakerConfig>,
}

/// How one is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Choice {
    /// Any.
    Random,
    /// In turn.
    #[default]
    RoundRobin,
    /// The one with the fewest of this caller's calls under way; any of those that tie.
    LeastConnections,
    /// The better of two at random.
    PowerOfTwo,
    /// By the call's key on a ring.
    ConsistentHash {
        /// Points on the ring for each instance.
        points: u32,
        /// No instance has more than this many times the mean number of calls under way; no bound if absent.
        #[serde(default)]
        bound: Option<f64>,
    },
}

/// Outlier ejection.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outliers {
    /// After so many failures in a row.
    pub failures: u32,
    /// For so long, times how often it has happened.
    pub eject_for: Span,
    /// At most this share of the instances at once.
    pub at_most: Ratio,
}

/// Health checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// How often each instance is probed.
    pub every: Span,
    /// How long an answer may take.
    pub timeout: Span,
    /// After so many bad answers in a row it is left out.
    pub down_after: u32,
    /// After so many good ones it is used again.
    pub up_after: u32,
}

/// What a caller knows of an instance.
#[derive(Clone, Debug)]
struct Seen {
    zone: u16,
    in_flight: u32,
    registered: bool,
    healthy: bool,
    probes_in_a_row: u32,
    failures: u32,
    ejected_until: Time,
    ejections: u32,
    since: Time,
    breaker: Option<Breaker>,
}

/// A balancer at work over the instances of one service.
#[derive(Clone, Debug)]
pub struct Balancer {
    config: BalancerConfig,
    seen: Vec<Seen>,
    ring: Option<Ring>,
    zone: u16,
    turn: usize,
    total: u32,
    /// Whether every instance is always in use, so that no list is needed.
    plain: bool,
    usable: Vec<u32>,
}

impl Balancer {
    /// A balancer of a caller in `zone` over instances in these zones.
    #[must_use]
    pub fn new(config: &BalancerConfig, zone: u16, zones: &[u16], salt: u64) -> Balancer {
        let seen: Vec<Seen> = zones
            .iter()
            .map(|zone| Seen {
                zone: *zone,
                in_flight: 0,
                registered: true,
                healthy: true,
                probes_in_a_row: 0,
                failures: 0,
                ejected_until: Time::ZERO,
                ejections: 0,
                since: Time::ZERO,
                breaker: config.breaker.map(Breaker::new),
            })
            .collect();
        let ring = match config.choose {
            Choice::ConsistentHash { points, .. } => Some(Ring::new(seen.len() as u32, points)),
            _ => None,
        };
        let plain = config.health.is_none()
            && config.outliers.is_none()
            && config.breaker.is_none()
            && !config.zone_aware
            && config.slow_start.is_none();
        // Callers start at different places of the round.
        let turn = (salt % seen.len().max(1) as u64) as usize;
        Balancer { config: config.clone(), seen, ring, zone, turn, total: 0, plain, usable: Vec::new() }
    }

    /// How its health checks go.
    #[must_use]
    pub fn health(&self) -> Option<HealthCheck> {
        self.config.health
    }

    /// Discovery has answered: these instances, by index.
    pub fn registered(&mut self, instances: &[u32], now: Time) {
        self.plain = false;
        for (index, seen) in self.seen.iter_mut().enumerate() {
            let there = instances.contains(&(index as u32));
            if there && !seen.registered {
                seen.since = now;
            }
            seen.registered = there;
        }
    }

    /// Whom a call goes to, not `avoid` if there is another; it counts as under way there. Four draws, always.
    pub fn pick(&mut self, key: u64, avoid: Option<u32>, now: Time, rng: &mut Rng) -> Option<u32> {
        let (a, b, c, d) = (rng.bits(), rng.bits(), rng.unit(), rng.unit());
        let chosen = if self.plain && avoid.is_none() && self.ring.is_none() {
            let n = self.seen.len();
            if n == 0 {
                return None;
            }
            self.choose(n, |i| i as u32, a, b)
        } else {
            let mut usable = std::mem::take(&mut self.usable);
            self.list(&mut usable, avoid, now, c);
            let chosen = match &self.ring {
                _ if usable.is_empty() => None,
                Some(ring) => Some(self.by_ring(ring, &usable, key)),
                None => Some(self.choose(usable.len(), |i| usable[i], a, b)),
            };
            self.usable = usable;
            chosen?
        };
        let _ = d;
        let seen = &mut self.seen[chosen as usize];
        seen.in_flight += 1;
        self.total += 1;
        if let Some(breaker) = &mut seen.breaker {
            breaker.admit(now);
        }
        Some(chosen)
    }

    /// The instances in use now.
    fn list(&mut self, usable: &mut Vec<u32>, avoid: Option<u32>, now: Time, draw: f64) {
        let good = |seen: &Seen| {
            let open = seen.breaker.as_ref().is_some_and(
                |breaker| matches!(breaker.state(), BreakerState::Open { until } if now < until),
            );
            seen.registered && seen.healthy && now >= seen.ejected_until && !open
        };
        let fill = |usable: &mut Vec<u32>, keep: &dyn Fn(&Seen) -> bool| {
            usable.clear();
            usable.extend((0..self.seen.len() as u32).filter(|i| keep(&self.seen[*i as usize])));
        };
        fill(usable, &good);
        if usable.is_empty() && self.config.health.is_some() && self.config.breaker.is_none() {
            // When nobody is healthy, the checks are more likely wrong than everyone is (Envoy's panic mode).
            fill(usable, &|seen| seen.registered);
        }
        if self.config.zone_aware {
            let near = |i: &u32| self.seen[*i as usize].zone == self.zone;
            if usable.iter().any(near) {
                usable.retain(near);
            }
        }
        if let Some(span) = self.config.slow_start {
            let young = |i: u32| {
                let seen = &self.seen[i as usize];
                let age = now.since(seen.since).0 as f64 / span.0.max(1) as f64;
                seen.since > Time::ZERO && age < draw
            };
            if usable.iter().any(|i| !young(*i)) {
                usable.retain(|i| !young(*i));
            }
        }
        if let Some(avoid) = avoid
            && usable.iter().any(|i| *i != avoid)
        {
            usable.retain(|i| *i != avoid);
        }
    }

    fn choose(&mut self, n: usize, at: impl Fn(usize) -> u32, a: u64, b: u64) -> u32 {
        let below = |draw: u64, n: usize| ((u128::from(draw) * n as u128) >> 64) as usize;
        let load = |i: u32| self.seen[i as usize].in_flight;
        match self.config.choose {
            Choice::Random | Choice::ConsistentHash { .. } => at(below(a, n)),
            Choice::RoundRobin => {
                self.turn = (self.turn + 1) % n;
                at(self.turn)
            }
            Choice::LeastConnections => {
                let least = (0..n).map(|i| load(at(i))).min().unwrap_or(0);
                let ties = (0..n).filter(|i| load(at(*i)) == least).count();
                let nth = below(a, ties);
                (0..n).filter(|i| load(at(*i)) == least).nth(nth).map_or_else(|| at(0), &at)
            }
            Choice::PowerOfTwo => {
                let first = below(a, n);
                let second = if n > 1 { (first + 1 + below(b, n - 1)) % n } else { first };
                if load(at(second)) < load(at(first)) { at(second) } else { at(first) }
            }
        }
    }

    fn by_ring(&self, ring: &Ring, usable: &[u32], key: u64) -> u32 {
        let bound = match self.config.choose {
            Choice::ConsistentHash { bound: Some(bound), .. } => {
                libm::ceil(bound * f64::from(self.total + 1) / usable.len() as f64) as u32
            }
            _ => u32::MAX,
        };
        let fits = |i: u32| usable.contains(&i) && self.seen[i as usize].in_flight < bound;
        ring.walk(key)
            .find(|i| fits(*i))
            .or_else(|| ring.walk(key).find(|i| usable.contains(i)))
            .unwrap_or(usable[0])
    }

    /// A call to an instance has ended, or was given up (`None`).
    pub fn ended(&mut self, instance: u32, outcome: Option<Outcome>, took: Span, now: Time) {
        let ejected = self.seen.iter().filter(|seen| now < seen.ejected_until).count() + 1;
        let room =
            self.config.outliers.is_some_and(|o| ejected as f64 <= o.at_most.get() * self.seen.len() as f64);
        let seen = &mut self.seen[instance as usize];
        seen.in_flight = seen.in_flight.saturating_sub(1);
        self.total = self.total.saturating_sub(1);
        // Given up by its caller is a failure of the instance as far as its caller can tell.
        let ok = outcome.is_some_and(|outcome| outcome.is_ok() || outcome == Outcome::Fatal);
        if let Some(breaker) = &mut seen.breaker {
            breaker.ended(ok, took, now);
        }
        let Some(outliers) = self.config.outliers else { return };
        seen.failures = if ok { 0 } else { seen.failures + 1 };
        if seen.failures >= outliers.failures && now >= seen.ejected_until && room {
            seen.ejections += 1;
            seen.failures = 0;
            seen.ejected_until = now + outliers.eject_for.times(f64::from(seen.ejections));
            seen.since = seen.ejected_until;
        }
    }

    /// A probe of an instance was answered well, or not; whether that changed its standing.
    pub fn probed(&mut self, instance: u32, ok: bool, now: Time) -> bool {
        let Some(check) = self.config.health else { return false };
        let seen = &mut self.seen[instance as usize];
        if ok == seen.healthy {
            seen.probes_in_a_row = 0;
            return false;
        }
        seen.probes_in_a_row += 1;
        let needed = if ok { check.up_after } else { check.down_after };
        if seen.probes_in_a_row < needed {
            return false;
        }
        (seen.healthy, seen.probes_in_a_row) = (ok, 0);
        if ok {
            seen.since = now;
        }
        true
    }

    /// How many of this caller's calls are under way at each instance.
    #[must_use]
    pub fn in_flight(&self) -> Vec<u32> {
        self.seen.iter().map(|seen| seen.in_flight).collect()
    }
}
