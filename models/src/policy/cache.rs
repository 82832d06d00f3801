//! A cache: least recently used goes first, entries live for a while, and one that is about to expire may be
//! recomputed early by chance (XFetch: Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede
//! Prevention", VLDB 2015, §3), so that a crowd does not find it gone at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sim_core::random::Rng;
use sim_core::time::{Span, Time};

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

/// No neighbour in the list.
const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Item {
    key: u64,
    expires: Time,
    took: Span,
    /// The next more and the next less recently used.
    newer: u32,
    older: u32,
}

/// A cache at work: a map into a list in the order of use.
#[derive(Clone, Debug)]
pub struct Cache {
    config: CacheConfig,
    places: BTreeMap<u64, u32>,
    items: Vec<Item>,
    newest: u32,
    oldest: u32,
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
        Cache { config, places: BTreeMap::new(), items: Vec::new(), newest: NONE, oldest: NONE }
    }

    /// Looks a key up, which counts as a use of it. Always one draw.
    pub fn get(&mut self, key: u64, now: Time, rng: &mut Rng) -> Found {
        let u = rng.open_unit();
        let Some(&place) = self.places.get(&key) else { return Found::Miss };
        self.unlink(place);
        self.link_newest(place);
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

    /// Stores a key that took so long to compute; the least recently used makes room.
    pub fn put(&mut self, key: u64, took: Span, now: Time) {
        let expires = self.config.ttl.map_or(Time::NEVER, |ttl| now + ttl);
        let place = match self.places.get(&key) {
            Some(&place) => {
                self.unlink(place);
                place
            }
            None if self.items.len() < self.config.room as usize => {
                self.items.push(Item { key, expires, took, newer: NONE, older: NONE });
                (self.items.len() - 1) as u32
            }
            None => {
                let place = self.oldest;
                self.unlink(place);
                self.places.remove(&self.items[place as usize].key);
                place
            }
        };
        let item = &mut self.items[place as usize];
        (item.key, item.expires, item.took) = (key, expires, took);
        self.places.insert(key, place);
        self.link_newest(place);
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

    fn unlink(&mut self, place: u32) {
        let (newer, older) = (self.items[place as usize].newer, self.items[place as usize].older);
        if newer == NONE {
            self.newest = older
        } else {
            self.items[newer as usize].older = older
        }
        if older == NONE { self.oldest = newer } else { self.items[older as usize].newer = newer }
    }

    fn link_newest(&mut self, place: u32) {
        let old = self.newest;
        let item = &mut self.items[place as usize];
        (item.newer, item.older) = (NONE, old);
        if old == NONE {
            self.oldest = place
        } else {
            self.items[old as usize].newer = place
        }
        self.newest = place;
    }
}

#[cfg(test)]
mod tests {
    use super::{Cache, CacheConfig, Found};
    use sim_core::random::Rng;
    use sim_core::random::zipf::Zipf;
    use sim_core::time::{Span, Time};

    /// The share of hits of least recently used under Zipf's law, after a warm-up.
    fn hits(items: u64, exponent: f64, room: u32) -> f64 {
        let zipf = Zipf::new(items, exponent);
        let (mut cache, mut rng) =
            (Cache::new(CacheConfig { room, ttl: None, early: None }), Rng::from_key(8));
        let (mut hits, mut asked) = (0_u32, 0_u32);
        for i in 0..500_000 {
            let key = zipf.sample(&mut rng);
            let found = cache.get(key, Time(0), &mut rng);
            if found == Found::Miss {
                cache.put(key, Span(1), Time(0));
            }
            if i >= 50_000 {
                asked += 1;
                hits += u32::from(found == Found::Hit);
            }
        }
        f64::from(hits) / f64::from(asked)
    }

    #[test]
    fn least_recently_used_under_zipf_hits_as_theory_says() {
        // Che's approximation: 0.1566 and 0.6756.
        for (items, exponent, room, expected) in [(10_000, 0.8, 100, 0.1566), (10_000, 1.0, 1000, 0.6756)] {
            let share = hits(items, exponent, room);
            assert!((share - expected).abs() < 0.004, "{items} {exponent} {room}: {share}");
        }
    }

    #[test]
    fn an_entry_is_recomputed_early_with_the_probability_of_xfetch() {
        // P(−βδ ln U ≥ left) = exp(−left / βδ): at left = βδ it is 1/e.
        let config = CacheConfig { room: 1, ttl: Some(Span(1000)), early: Some(2.0) };
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
