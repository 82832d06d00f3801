//! A cache: of a full one some entry goes ([`Evict`]), entries live for a while, and one that is about to expire may be
//! recomputed early by chance (XFetch: Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede
//! Prevention", VLDB 2015, §3), so that a crowd does not find it gone at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sim_core::random::Rng;
use sim_core::time::{Span, Time};

pub use super::eviction::Evict;
use super::eviction::Order;

/// A cache's settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheConfig {
    /// How many entries it holds.
    pub room: u32,
    /// How long an entry lives; for ever if absent.
    #[serde(default)]
    pub ttl: Option<Span>,
    /// XFetch's beta: an entry is recomputed early when −beta·delta·ln U reaches the time it has left, delta being
    /// what computing it took. 1 is the paper's choice; no early recomputation if absent.
    #[serde(default)]
    pub early: Option<f64>,
    /// Which entry makes room in a full one.
    #[serde(default)]
    pub evict: Evict,
}

/// What is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is there.
    Hit,
    /// It is there, but who found it should recompute it.
    Early,
    /// It is not there, or has expired.
    Miss,
}

#[derive(Clone, Debug)]
struct Item {
    key: u64,
    expires: Time,
    took: Span,
}

/// A cache at work: a map into a list of entries, and their order.
#[derive(Clone, Debug)]
pub struct Cache {
    config: CacheConfig,
    places: BTreeMap<u64, u32>,
    items: Vec<Item>,
    order: Order,
    /// What the latest look drew.
    draw: u64,
}

impl CacheConfig {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        if self.room == 0 {
            return Err("room: for at least 1".into());
        }
        match self.early {
            Some(beta) if !(beta.is_finite() && beta > 0.0) => {
                Err(format!("early: a finite number above 0, found {beta}"))
            }
            _ => Ok(()),
        }
    }
}

impl Cache {
    /// An empty one.
    #[must_use]
    pub fn new(config: CacheConfig) -> Cache {
        let order = Order::new(config.evict);
        Cache { config, places: BTreeMap::new(), items: Vec::new(), order, draw: 0 }
    }

    /// Looks a key up, which counts as a use of it. Always one draw.
    pub fn get(&mut self, key: u64, now: Time, rng: &mut Rng) -> Found {
        let u = rng.open_unit();
        self.draw = u.to_bits();
        let Some(&place) = self.places.get(&key) else { return Found::Miss };
        self.order.used(place, self.draw);
        let item = &self.items[place as usize];
        if now >= item.expires {
            return Found::Miss;
        }
        let left = item.expires.since(now);
        match self.config.early {
            Some(beta) if item.took.0 as f64 * beta * -libm::log(u) >= left.0 as f64 => Found::Early,
            _ => Found::Hit,
        }
    }

    /// Stores a key that took so long to compute; if there is no room, another entry goes.
    pub fn put(&mut self, key: u64, took: Span, now: Time) {
        let expires = self.config.ttl.map_or(Time::NEVER, |ttl| now + ttl);
        let item = Item { key, expires, took };
        if let Some(&place) = self.places.get(&key) {
            self.order.filled(place);
            self.items[place as usize] = item;
            return;
        }
        let full = self.items.len() >= self.config.room as usize;
        let place = match if full { self.order.give_up(self.draw) } else { None } {
            Some(place) => {
                self.places.remove(&self.items[place as usize].key);
                self.items[place as usize] = item;
                place
            }
            None => {
                self.items.push(item);
                (self.items.len() - 1) as u32
            }
        };
        self.places.insert(key, place);
        self.order.came(place);
    }

    /// Forgets a key: an invalidation has come.
    pub fn expire(&mut self, key: u64, now: Time) {
        if let Some(&place) = self.places.get(&key) {
            let item = &mut self.items[place as usize];
            item.expires = item.expires.min(now);
        }
    }

    /// How many entries it holds, expired ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{Cache, CacheConfig, Evict, Found};
    use sim_core::random::Rng;
    use sim_core::random::zipf::Zipf;
    use sim_core::time::{Span, Time};

    fn plain(room: u32, evict: Evict) -> CacheConfig {
        CacheConfig { room, ttl: None, early: None, evict }
    }

    /// The share of hits under Zipf's law, one look after the other `gap` apart, after a warm-up.
    fn hits(items: u64, exponent: f64, config: CacheConfig, gap: Span) -> f64 {
        let zipf = Zipf::new(items, exponent);
        let (mut cache, mut rng) = (Cache::new(config), Rng::from_key(8));
        let (mut hits, mut asked) = (0_u32, 0_u32);
        let mut now = Time::ZERO;
        for i in 0..600_000 {
            now += gap.times(-libm::log(rng.open_unit()));
            let key = zipf.sample(&mut rng);
            let found = cache.get(key, now, &mut rng);
            if found == Found::Miss {
                cache.put(key, Span(1), now);
            }
            if i >= 100_000 {
                asked += 1;
                hits += u32::from(found == Found::Hit);
            }
        }
        f64::from(hits) / f64::from(asked)
    }

    /// The probabilities of Zipf's law.
    fn zipf(items: u64, exponent: f64) -> Vec<f64> {
        let weights: Vec<f64> = (1..=items).map(|rank| libm::pow(rank as f64, -exponent)).collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / sum).collect()
    }

    /// The time T for which the expected number of entries, given by an entry's presence after T, is `room`.
    fn characteristic(p: &[f64], room: f64, presence: impl Fn(f64) -> f64) -> f64 {
        let (mut low, mut high) = (0.0, 1e12);
        for _ in 0..200 {
            let t = (low + high) / 2.0;
            let inside: f64 = p.iter().map(|p| presence(p * t)).sum();
            if inside < room { low = t } else { high = t }
        }
        (low + high) / 2.0
    }

    #[test]
    fn least_recently_used_under_zipf_hits_as_theory_says() {
        // Che's approximation: 1 − exp(−pT). The first two are published as 0.1566 and 0.6756.
        for (items, exponent, room, published) in [
            (10_000, 0.8, 100, Some(0.1566)),
            (10_000, 1.0, 1000, Some(0.6756)),
            (10_000, 0.6, 1000, None),
            (1_000, 1.2, 50, None),
            (100_000, 0.9, 5_000, None),
        ] {
            let p = zipf(items, exponent);
            let present = |x: f64| 1.0 - libm::exp(-x);
            let t = characteristic(&p, f64::from(room), present);
            let expected: f64 = p.iter().map(|p| p * present(p * t)).sum();
            if let Some(published) = published {
                assert!((expected - published).abs() < 0.001, "{expected} {published}");
            }
            let share = hits(items, exponent, plain(room, Evict::Lru), Span(1));
            println!("LRU {items} {exponent} {room}: {share:.4} ({expected:.4})");
            assert!((share - expected).abs() < 0.004, "{items} {exponent} {room}: {share} {expected}");
        }
    }

    #[test]
    fn first_in_first_out_and_random_hit_alike_and_less() {
        // Gelenbe 1973: both hit alike under independent requests; an entry is there with probability pT / (1 + pT)
        // (Martina, Garetto and Leonardi, INFOCOM 2014).
        for (items, exponent, room) in [(10_000, 0.8, 100), (10_000, 1.0, 1000), (1_000, 1.2, 50)] {
            let p = zipf(items, exponent);
            let present = |x: f64| x / (1.0 + x);
            let t = characteristic(&p, f64::from(room), present);
            let expected: f64 = p.iter().map(|p| p * present(p * t)).sum();
            let fifo = hits(items, exponent, plain(room, Evict::Fifo), Span(1));
            let random = hits(items, exponent, plain(room, Evict::Random), Span(1));
            let lru = hits(items, exponent, plain(room, Evict::Lru), Span(1));
            println!(
                "{items} {exponent} {room}: FIFO {fifo:.4}, random {random:.4} ({expected:.4}), LRU {lru:.4}"
            );
            assert!((fifo - expected).abs() < 0.004 && (random - expected).abs() < 0.004);
            assert!(fifo < lru && random < lru);
        }
    }

    #[test]
    fn least_often_used_comes_near_the_best_there_is() {
        // What is asked for most is kept: at most the sum of the largest probabilities. It takes for ever to get there, as
        // what goes is forgotten with its count; after some hundred thousand looks most of the way from least recently
        // used is done.
        for (items, exponent, room) in [(10_000, 0.8, 100), (10_000, 1.0, 1000)] {
            let best: f64 = zipf(items, exponent)[..room as usize].iter().sum();
            let lfu = hits(items, exponent, plain(room, Evict::Lfu), Span(1));
            let lru = hits(items, exponent, plain(room, Evict::Lru), Span(1));
            println!("{items} {exponent} {room}: LFU {lfu:.4}, at best {best:.4}, LRU {lru:.4}");
            assert!(lfu < best + 0.004 && lfu > lru + 0.6 * (best - lru));
        }
    }

    #[test]
    fn a_time_to_live_alone_hits_as_theory_says() {
        // Jung, Berger and Balakrishnan, INFOCOM 2003: a key asked for at rate λ hits with λT / (1 + λT).
        let ttl = Span::secs(10);
        let config = CacheConfig { room: 10_000, ttl: Some(ttl), early: None, evict: Evict::Lru };
        let share = hits(10_000, 0.8, config, Span::ms(1));
        let p = zipf(10_000, 0.8);
        let expected: f64 = p.iter().map(|p| p * (p * 10_000.0) / (1.0 + p * 10_000.0)).sum();
        println!("a time to live of ten thousand looks: {share:.4} ({expected:.4})");
        assert!((share - expected).abs() < 0.004, "{share} {expected}");
    }

    #[test]
    fn an_entry_is_recomputed_early_with_the_probability_of_xfetch() {
        // P(−βδ ln U ≥ left) = exp(−left / βδ): at left = βδ it is 1/e.
        let (ttl, early) = (Some(Span(1000)), Some(2.0));
        let config = CacheConfig { room: 1, ttl, early, evict: Evict::Lru };
        let (mut cache, mut rng) = (Cache::new(config), Rng::from_key(2));
        cache.put(7, Span(100), Time(0));
        let mut early = |now: u64| {
            let found = (0..20_000).filter(|_| cache.get(7, Time(now), &mut rng) == Found::Early).count();
            found as f64 / 20_000.0
        };
        for (now, expected) in [(800, 0.3679), (600, 0.1353), (900, 0.6065)] {
            let share = early(now);
            assert!((share - expected).abs() < 0.012, "{now}: {share}");
        }
        assert_eq!(cache.get(7, Time(1000), &mut rng), Found::Miss);
    }
}
