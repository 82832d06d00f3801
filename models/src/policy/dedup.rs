//! Idempotency keys: a server remembers for a while what it answered under a key, so that a repeated request is
//! answered and not done again. What outlives its time to live, or falls out of a full store, is done twice.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use sim_core::time::{Span, Time};

use super::Outcome;

/// A store's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DedupConfig {
    /// How long an answer is remembered.
    pub ttl: Span,
    /// How many are; the oldest goes first.
    pub room: u32,
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: do it.
    New,
    /// It is being done.
    Running,
    /// It was done, with this end.
    Done(Outcome),
}

/// A store at work.
#[derive(Clone, Debug)]
pub struct Dedup {
    config: DedupConfig,
    keys: BTreeMap<u64, (Time, Option<Outcome>)>,
    order: VecDeque<(Time, u64)>,
}

impl Dedup {
    /// An empty store.
    #[must_use]
    pub fn new(config: DedupConfig) -> Dedup {
        Dedup { config, keys: BTreeMap::new(), order: VecDeque::new() }
    }

    /// A request comes; a new key is taken down as running.
    pub fn begin(&mut self, key: u64, now: Time) -> Known {
        self.expire(now);
        match self.keys.get(&key) {
            Some((_, Some(outcome))) => Known::Done(*outcome),
            Some((_, None)) => Known::Running,
            None => {
                self.keys.insert(key, (now, None));
                self.order.push_back((now, key));
                Known::New
            }
        }
    }

    /// It was done. Only success is remembered: what failed may be tried again.
    pub fn end(&mut self, key: u64, outcome: Outcome) {
        if outcome.is_ok() || outcome == Outcome::Fatal {
            if let Some(entry) = self.keys.get_mut(&key) {
                entry.1 = Some(outcome);
            }
        } else {
            self.keys.remove(&key);
        }
    }

    fn expire(&mut self, now: Time) {
        while let Some(&(since, key)) = self.order.front() {
            let old = since + self.config.ttl <= now;
            if !old && self.keys.len() < self.config.room as usize {
                break;
            }
            self.order.pop_front();
            if self.keys.get(&key).is_some_and(|(at, _)| *at == since) {
                self.keys.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Dedup, DedupConfig, Known};
    use crate::policy::Outcome;
    use sim_core::time::{Span, Time};

    #[test]
    fn a_key_is_done_once_until_it_is_forgotten() {
        let mut store = Dedup::new(DedupConfig { ttl: Span(100), room: 2 });
        assert_eq!(store.begin(1, Time(0)), Known::New);
        assert_eq!(store.begin(1, Time(5)), Known::Running);
        store.end(1, Outcome::Ok);
        assert_eq!(store.begin(1, Time(99)), Known::Done(Outcome::Ok));
        assert_eq!(store.begin(1, Time(100)), Known::New);
        store.end(1, Outcome::Failed);
        assert_eq!(store.begin(1, Time(101)), Known::New);
        assert_eq!((store.begin(2, Time(102)), store.begin(3, Time(103))), (Known::New, Known::New));
        assert_eq!(store.begin(1, Time(104)), Known::New, "it fell out of a full store");
    }
}
