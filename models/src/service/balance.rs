//! Load balancers: which instance a call goes to, by what its caller knows of them.
//!
//! A balancer is the caller's own: what it counts is what it sent and saw itself. Power of two choices is
//! Mitzenmacher's (IEEE TPDS 2001); consistent hashing with bounded loads is Mirrokni, Thorup and Zadimoghaddam's
//! (SODA 2018). Deliberately absent: the probes of health checks, which are messages (`caller`).

use sim_core::random::Rng;
use sim_core::time::{Span, Time};

pub use super::balance_config::{BalancerConfig, Choice, HealthCheck, Outliers, RateOutliers};
use super::ring::{Ring, mix};
use crate::policy::{Breaker, BreakerState, Outcome};

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
    /// Calls and successes since shares of successes were last compared.
    calls: u32,
    good: u32,
}

impl Seen {
    fn eject(&mut self, outliers: &Outliers, now: Time) {
        self.ejections += 1;
        self.failures = 0;
        self.ejected_until = now + outliers.eject_for.times(f64::from(self.ejections));
        self.since = self.ejected_until;
    }
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
    /// When shares of successes are compared next.
    compare_at: Time,
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
                calls: 0,
                good: 0,
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
        let (config, usable) = (config.clone(), Vec::new());
        Balancer { config, seen, ring, zone, turn, total: 0, plain, usable, compare_at: Time::ZERO }
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
        if self.plain && self.seen.len() == 1 {
            rng.skip(4);
            self.seen[0].in_flight += 1;
            self.total += 1;
            return Some(0);
        }
        let (a, b, c) = (rng.peek(0), rng.peek(1), rng.peek_unit(2));
        rng.skip(4);
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
            Choice::BestOf(choices) => {
                // Floyd's sampling without repetition; its draws come from the two that every choice has.
                let mut drawn: Vec<usize> = Vec::new();
                for (i, top) in (n - n.min(choices as usize)..n).enumerate() {
                    let draw = below(mix(a ^ mix(b.wrapping_add(i as u64))), top + 1);
                    drawn.push(if drawn.contains(&draw) { top } else { draw });
                }
                drawn.into_iter().map(&at).min_by_key(|i| load(*i)).unwrap_or_else(|| at(0))
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

    /// A call to an instance has ended; `None` if its end says nothing of the instance, as when another copy has
    /// answered. One that took too long is a time-out, so a failure as far as its caller can tell.
    pub fn ended(&mut self, instance: u32, outcome: Option<Outcome>, took: Span, now: Time) {
        let seen = &mut self.seen[instance as usize];
        seen.in_flight = seen.in_flight.saturating_sub(1);
        self.total = self.total.saturating_sub(1);
        let Some(outcome) = outcome.filter(|outcome| !outcome.is_neutral()) else {
            if let Some(breaker) = &mut seen.breaker {
                breaker.forget(Time(now.0.saturating_sub(took.0)));
            }
            return;
        };
        let ok = outcome.is_ok() || outcome == Outcome::Fatal;
        if let Some(breaker) = &mut seen.breaker {
            breaker.ended(ok, took, now);
        }
        let Some(outliers) = self.config.outliers else { return };
        seen.calls += 1;
        seen.good += u32::from(ok);
        seen.failures = if ok { 0 } else { seen.failures + 1 };
        if seen.failures >= outliers.failures && now >= seen.ejected_until {
            let ejected = self.seen.iter().filter(|seen| now < seen.ejected_until).count() + 1;
            if ejected as f64 <= outliers.at_most.get() * self.seen.len() as f64 {
                self.seen[instance as usize].eject(&outliers, now);
            }
        }
        if let Some(rate) = outliers.rate
            && now >= self.compare_at
        {
            self.compare(&outliers, &rate, now);
        }
    }

    /// Ejects the instances whose share of successes is far below the others' (Envoy's success rate ejection).
    fn compare(&mut self, outliers: &Outliers, rate: &RateOutliers, now: Time) {
        let first = self.compare_at == Time::ZERO;
        self.compare_at = now + rate.every;
        let judged = |seen: &Seen| seen.calls >= rate.least && !first;
        let share = |seen: &Seen| f64::from(seen.good) / f64::from(seen.calls.max(1));
        let shares: Vec<f64> = self.seen.iter().filter(|seen| judged(seen)).map(share).collect();
        let count = shares.len().max(1) as f64;
        let mean = shares.iter().sum::<f64>() / count;
        let variance = shares.iter().map(|share| (share - mean) * (share - mean)).sum::<f64>() / count;
        let bar = mean - rate.deviations * libm::sqrt(variance);
        let room = outliers.at_most.get() * self.seen.len() as f64;
        let mut ejected = self.seen.iter().filter(|seen| now < seen.ejected_until).count();
        for seen in &mut self.seen {
            if judged(seen) && share(seen) < bar && now >= seen.ejected_until && (ejected + 1) as f64 <= room
            {
                seen.eject(outliers, now);
                ejected += 1;
            }
            (seen.calls, seen.good) = (0, 0);
        }
    }

    /// How many instances a breaker of their own keeps calls from, if they have breakers.
    #[must_use]
    pub fn open(&self, now: Time) -> Option<usize> {
        self.config.breaker?;
        let open = |seen: &&Seen| {
            let breaker = seen.breaker.as_ref();
            breaker.is_some_and(|breaker| matches!(breaker.state_at(now), BreakerState::Open { .. }))
        };
        Some(self.seen.iter().filter(open).count())
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

#[cfg(test)]
mod tests {
    use super::{Balancer, BalancerConfig};
    use crate::policy::Outcome;
    use sim_core::random::Rng;
    use sim_core::time::{Span, Time};

    fn balancer(text: &str, zone: u16, zones: &[u16]) -> Balancer {
        let config: BalancerConfig = ron::from_str(text).expect("a balancer");
        Balancer::new(&config, zone, zones, 0)
    }

    /// How many of `calls` go to each of `n`, with this many keys, none of them ending.
    fn spread(balancer: &mut Balancer, n: usize, calls: u64, now: Time) -> Vec<u32> {
        let (mut rng, mut counts) = (Rng::from_key(7), vec![0; n]);
        for key in 0..calls {
            if let Some(i) = balancer.pick(key, None, now, &mut rng) {
                counts[i as usize] += 1;
            }
        }
        counts
    }

    #[test]
    fn a_zone_is_kept_to_as_long_as_it_has_an_instance() {
        let mut near = balancer(
            "(zone_aware: true, outliers: Some((failures: 1, eject_for: \"1s\", at_most: 1.0)))",
            1,
            &[0, 1, 1, 0],
        );
        let counts = spread(&mut near, 4, 100, Time(0));
        assert_eq!((counts[0], counts[3], counts[1] + counts[2]), (0, 0, 100));
        near.ended(1, Some(Outcome::Failed), Span(1), Time(1));
        near.ended(2, Some(Outcome::Failed), Span(1), Time(1));
        let counts = spread(&mut near, 4, 100, Time(2));
        assert_eq!((counts[1], counts[2], counts[0] + counts[3]), (0, 0, 100), "both of its own are out");
    }

    #[test]
    fn one_that_comes_back_is_used_more_and_more() {
        let text = "(choose: Random, slow_start: Some(\"10s\"), health: Some((every: \"1s\", timeout: \"1s\", down_after: 1, up_after: 1)))";
        let mut slow = balancer(text, 0, &[0; 2]);
        assert!(slow.probed(1, false, Time(1)) && slow.probed(1, true, Time(1_000_000_000)));
        let share = |balancer: &mut Balancer, second: u64| {
            f64::from(spread(balancer, 2, 4000, Time(second * 1_000_000_000))[1]) / 4000.0
        };
        // A quarter of its age allows a quarter of its half.
        assert!(share(&mut slow, 1) < 0.01);
        assert!((share(&mut slow, 6) - 0.25).abs() < 0.03);
        assert!((share(&mut slow, 11) - 0.5).abs() < 0.03);
    }

    #[test]
    fn a_bounded_ring_overflows_to_the_next() {
        // One hot key: without a bound all calls go to one instance, with one none has much more than its share.
        let hot = |text: &str| {
            let (mut balancer, mut rng) = (balancer(text, 0, &[0; 10]), Rng::from_key(1));
            for _ in 0..1000 {
                balancer.pick(42, None, Time(0), &mut rng);
            }
            balancer.in_flight().into_iter().max()
        };
        assert_eq!(hot("(choose: ConsistentHash(points: 50))"), Some(1000));
        assert_eq!(hot("(choose: ConsistentHash(points: 50, bound: Some(1.25)))"), Some(125));
    }

    #[test]
    fn the_best_of_d_are_d_different_ones() {
        let mut all = balancer("(choose: BestOf(5))", 0, &[0; 5]);
        assert_eq!(spread(&mut all, 5, 100, Time(0)), [20; 5], "the best of all is the least loaded");
        let mut more = balancer("(choose: BestOf(9))", 0, &[0; 5]);
        assert_eq!(spread(&mut more, 5, 100, Time(0)), [20; 5]);
    }

    #[test]
    fn a_copy_that_lost_says_nothing_of_its_instance() {
        let text = "(outliers: Some((failures: 1, eject_for: \"1s\", at_most: 1.0)), breaker: Some((trips: Consecutive(1), open_for: \"1s\", probes: 1)))";
        let mut balancer = balancer(text, 0, &[0; 3]);
        for end in [None, Some(Outcome::TakenBack)] {
            (0..3).for_each(|i| balancer.ended(i, end, Span(5), Time(10)));
        }
        assert_eq!((spread(&mut balancer, 3, 30, Time(11)), balancer.open(Time(11))), (vec![10; 3], Some(0)));
        balancer.ended(0, Some(Outcome::Timeout), Span(5), Time(20));
        assert_eq!((spread(&mut balancer, 3, 30, Time(21))[0], balancer.open(Time(21))), (0, Some(1)));
    }

    #[test]
    fn an_instance_far_below_the_others_is_ejected_by_its_rate() {
        let text = "(outliers: Some((failures: 1000, eject_for: \"60s\", at_most: 0.5, rate: Some((every: \"10s\", least: 100, deviations: 1.9)))))";
        let mut balancer = balancer(text, 0, &[0; 6]);
        for call in 0..3000_u64 {
            let now = Time(call * 5_000_000);
            for i in 0..6 {
                // One fails every other call, never twice in a row.
                let bad = i == 3 && call % 2 == 0;
                let end = if bad { Outcome::Failed } else { Outcome::Ok };
                balancer.ended(i, Some(end), Span(1), now);
            }
        }
        let counts = spread(&mut balancer, 6, 100, Time(15_000_000_000));
        assert_eq!(counts.iter().filter(|count| **count == 0).count(), 1, "{counts:?}");
        assert_eq!(counts[3], 0);
    }
}
