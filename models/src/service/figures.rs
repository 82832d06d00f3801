//! A node's figures, told window by window: RED of its service (rate, errors, duration), USE of its workers
//! (utilisation, saturation), and what each of its edges carries.
//!
//! The names are the interface to whatever reads the record: `requests`, `errors`, `latency p50 us`, `latency p99 us`,
//! `utilisation %`, `queue`, `turned away`, `taken back`, and for an edge `a→b` each of `calls`, `attempts`, `failures`,
//! `lesser`, `breaker` and `hosts open` before it.
//! Deliberately absent: objectives and budgets, which are `checks`' business.

use std::collections::BTreeMap;
use std::sync::Mutex;

use sim_core::time::{Span, Time};

/// One name for one text, for the whole program: measures are named by static strings, services by scenario files.
static NAMES: Mutex<BTreeMap<String, &'static str>> = Mutex::new(BTreeMap::new());

/// The static form of a name. As many are kept as there are different names.
#[must_use]
pub fn name(text: &str) -> &'static str {
    let mut names = NAMES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(known) = names.get(text) {
        return known;
    }
    let leaked: &'static str = Box::leak(text.to_owned().into_boxed_str());
    names.insert(text.to_owned(), leaked);
    leaked
}

/// What a window has seen of a service.
#[derive(Clone, Debug, Default)]
pub(super) struct Red {
    pub(super) requests: u64,
    pub(super) errors: u64,
    pub(super) turned_away: u64,
    /// Called off by their callers, or by twins that began first: neither answered nor failed.
    pub(super) taken_back: u64,
    /// Whether nobody will ask for figures, so that none need to be remembered.
    pub(super) silent: bool,
    latencies: Vec<u32>,
}

impl Red {
    pub(super) fn ended(&mut self, ok: bool, took: Span) {
        self.requests += 1;
        self.errors += u64::from(!ok);
        if self.silent {
            return;
        }
        self.latencies.push(u32::try_from(took.0 / 1_000).unwrap_or(u32::MAX));
    }

    /// Tells the window's figures and begins anew.
    pub(super) fn tell(&mut self, mut measure: impl FnMut(&'static str, i64)) {
        measure("requests", self.requests as i64);
        measure("errors", self.errors as i64);
        if self.turned_away > 0 {
            measure("turned away", self.turned_away as i64);
        }
        if self.taken_back > 0 {
            measure("taken back", self.taken_back as i64);
        }
        if !self.latencies.is_empty() {
            self.latencies.sort_unstable();
            let at = |share: f64| {
                let last = self.latencies.len() - 1;
                i64::from(self.latencies[((share * self.latencies.len() as f64) as usize).min(last)])
            };
            measure("latency p50 us", at(0.5));
            measure("latency p99 us", at(0.99));
        }
        (self.requests, self.errors) = (0, 0);
        (self.turned_away, self.taken_back) = (0, 0);
        self.latencies.clear();
    }
}

/// What a window has seen of workers.
#[derive(Clone, Debug, Default)]
pub(super) struct Use {
    busy: u32,
    since: Time,
    told: Time,
    busy_ns: u64,
    queue_max: u32,
}

impl Use {
    /// An instance that starts now.
    pub(super) fn begun(now: Time) -> Use {
        Use { since: now, told: now, ..Use::default() }
    }
    /// So many workers are busy from now on.
    pub(super) fn busy(&mut self, workers: u32, now: Time) {
        self.busy_ns += u64::from(self.busy) * now.since(self.since).0;
        (self.busy, self.since) = (workers, now);
    }
    /// So many wait now.
    pub(super) fn waits(&mut self, waiting: u32) {
        self.queue_max = self.queue_max.max(waiting);
    }
    /// Tells the figures since it last did, which is longer than a window if the process stood still, and begins anew.
    pub(super) fn tell(
        &mut self,
        workers: u32,
        waiting: u32,
        now: Time,
        mut measure: impl FnMut(&'static str, i64),
    ) {
        self.busy(self.busy, now);
        let whole = (u64::from(workers) * now.since(self.told).0).max(1) as f64;
        measure("utilisation %", (self.busy_ns as f64 * 100.0 / whole + 0.5) as i64);
        measure("queue", i64::from(self.queue_max));
        (self.busy_ns, self.queue_max, self.told) = (0, waiting, now);
    }
}

/// What a window has seen of an edge.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Carried {
    pub(super) calls: u64,
    pub(super) attempts: u64,
    pub(super) failures: u64,
    /// Calls that a fallback, here or further down, gave a lesser answer to.
    pub(super) lesser: u64,
}

/// The static names of an edge's figures.
#[derive(Clone, Copy, Debug)]
pub struct EdgeNames {
    /// `calls a→b`.
    pub calls: &'static str,
    /// `attempts a→b`.
    pub attempts: &'static str,
    /// `failures a→b`.
    pub failures: &'static str,
    /// `breaker a→b`: 0 closed, 1 half-open, 2 open.
    pub breaker: &'static str,
    /// `lesser a→b`: calls that got a lesser answer, from a fallback here or further down.
    pub lesser: &'static str,
    /// `hosts open a→b`: instances that a breaker of their own keeps calls from.
    pub hosts_open: &'static str,
    /// `a→b`.
    pub plain: &'static str,
}

impl EdgeNames {
    /// The names of the edge between two services.
    #[must_use]
    pub fn new(from: &str, to: &str) -> EdgeNames {
        let of = |what: &str| name(&format!("{what} {from}→{to}"));
        EdgeNames {
            calls: of("calls"),
            attempts: of("attempts"),
            failures: of("failures"),
            breaker: of("breaker"),
            lesser: of("lesser"),
            hosts_open: of("hosts open"),
            plain: name(&format!("{from}→{to}")),
        }
    }
}
