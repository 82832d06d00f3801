//! Resilience policies of callers, one small file each: state machines that are told what happened and asked whether
//! to go on. None knows who asks.
//!
//! Written as [`Layer`]s they compose in the order written, the first one outermost: see [`Stack`]. The engine's own
//! clients, whatever the model, and the calls between a model's nodes run the very same stacks. [`Guard`]s are the
//! short form, beside a client's plain timeout and attempts. Deliberately absent: waiting and timers (whoever runs a
//! policy owns those), and policies of servers.

pub mod breaker;
pub mod bucket;
pub mod budget;
pub mod bulkhead;
pub mod coalesce;
pub mod concurrency;
pub mod hedge;
pub mod layer;
pub mod outcome;
pub mod retry;
mod stack;
mod stack_acts;
mod stack_frames;
mod stack_layers;
pub mod throttle;
pub mod window;

use serde::{Deserialize, Serialize};

pub use self::layer::Layer;
pub use self::outcome::Outcome;
pub use self::stack::Stack;
pub use self::stack_acts::{Act, Acts, Call, Twin, Why};
pub use self::stack_frames::Token;

use self::breaker::{Breaker, BreakerConfig};
use self::bucket::{TokenBucket, TokenBucketConfig};
use self::budget::{BudgetConfig, RetryBudget};
use self::hedge::{Hedge, HedgeConfig};
use self::throttle::{Throttle, ThrottleConfig};
use crate::random::Rng;
use crate::time::{Span, Time};

/// A policy that an engine's client asks before each attempt, in the order written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Guard {
    /// Bounds retries; first attempts always pass.
    RetryBudget(BudgetConfig),
    /// Stops attempts while the system fails.
    Breaker(BreakerConfig),
    /// Turns attempts away locally with the probability that the system would reject them.
    Throttle(ThrottleConfig),
    /// Turns attempts away above a rate.
    RateLimit(TokenBucketConfig),
    /// Another copy is sent, to another node where the routing is free, before the first is late; the first answer
    /// counts. A retry budget bounds copies too. Not tied: a node does not know of the other copy.
    Hedge(HedgeConfig),
    /// An operation is given up after this long, however many attempts it has left; nodes are told.
    Deadline(Span),
    /// At most so many operations at once; what comes on top fails at once.
    Bulkhead(u32),
}

impl Guard {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Guard::RetryBudget(config) => config.validate(),
            Guard::Breaker(config) => config.validate(),
            Guard::Throttle(config) => config.validate(),
            Guard::RateLimit(config) => config.validate(),
            Guard::Hedge(config) if config.tied => Err("Hedge: tied: only services tell each other".into()),
            Guard::Hedge(config) => config.validate(),
            Guard::Deadline(Span::ZERO) => Err("Deadline: a length above 0".into()),
            Guard::Bulkhead(0) => Err("Bulkhead: a place for at least 1".into()),
            Guard::Deadline(_) | Guard::Bulkhead(_) => Ok(()),
        }
    }
}

/// The guards of one client at work.
#[derive(Clone, Debug)]
pub struct Guards {
    list: Vec<Running>,
}

#[derive(Clone, Debug)]
enum Running {
    Budget(RetryBudget),
    Breaker(Breaker),
    Throttle(Throttle),
    Rate(TokenBucket),
    Hedge(Hedge),
    Deadline(Span),
    Bulkhead(u32),
}

impl Guards {
    /// Fresh ones.
    #[must_use]
    pub fn new(guards: &[Guard]) -> Guards {
        let start = |guard: &Guard| match guard {
            Guard::RetryBudget(config) => Running::Budget(RetryBudget::new(*config)),
            Guard::Breaker(config) => Running::Breaker(Breaker::new(*config)),
            Guard::Throttle(config) => Running::Throttle(Throttle::new(*config)),
            Guard::RateLimit(config) => Running::Rate(TokenBucket::new(*config)),
            Guard::Hedge(config) => Running::Hedge(Hedge::new(*config)),
            Guard::Deadline(span) => Running::Deadline(*span),
            Guard::Bulkhead(places) => Running::Bulkhead(*places),
        };
        Guards { list: guards.iter().map(start).collect() }
    }

    /// Whether there are any.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How long an operation may take in all.
    #[must_use]
    #[inline]
    pub fn deadline(&self) -> Option<Span> {
        self.list.iter().find_map(|guard| match guard {
            Running::Deadline(span) => Some(*span),
            _ => None,
        })
    }

    /// How long to wait before the next copy of an attempt that has sent `sent`.
    #[must_use]
    #[inline]
    pub fn copy_after(&self, sent: u32) -> Option<Span> {
        self.list.iter().find_map(|guard| match guard {
            Running::Hedge(hedge) => hedge.delay(sent),
            _ => None,
        })
    }

    /// Whether a copy may go out.
    pub fn admit_copy(&mut self, now: Time) -> bool {
        self.list.iter_mut().all(|guard| match guard {
            Running::Budget(budget) => budget.take_retry(now),
            _ => true,
        })
    }

    /// An attempt, its copies included, was answered after this long.
    #[inline]
    pub fn took(&mut self, span: Span) {
        for guard in &mut self.list {
            if let Running::Hedge(hedge) = guard {
                hedge.took(span);
            }
        }
    }

    /// Whether an attempt may go out; `first` if it is its operation's first, of so many that its client has under way.
    /// One draw for each throttle, always.
    pub fn admit(&mut self, first: bool, under_way: u32, now: Time, rng: &mut Rng) -> bool {
        let mut admitted = true;
        let mut passed = 0;
        for guard in &mut self.list {
            let passes = match guard {
                Running::Budget(budget) if first => {
                    budget.first_try(now);
                    true
                }
                Running::Budget(budget) => !admitted || budget.take_retry(now),
                Running::Breaker(breaker) => !admitted || breaker.admit(now),
                Running::Throttle(throttle) => {
                    let draw = rng.unit();
                    !admitted || throttle.admit(now, draw)
                }
                Running::Rate(bucket) => !admitted || bucket.take(now),
                Running::Bulkhead(places) => !first || under_way <= *places,
                Running::Hedge(_) | Running::Deadline(_) => true,
            };
            admitted &= passes;
            passed += usize::from(admitted);
        }
        if !admitted {
            // A breaker that let this attempt through hears no more of it.
            for guard in &mut self.list[..passed] {
                if let Running::Breaker(breaker) = guard {
                    breaker.forget(now);
                }
            }
        }
        admitted
    }

    /// How an attempt that was admitted ended, and how long it took.
    #[inline]
    pub fn ended(&mut self, ok: bool, took: Span, now: Time) {
        for guard in &mut self.list {
            match guard {
                Running::Budget(budget) => budget.ended(ok),
                Running::Breaker(breaker) => breaker.ended(ok, took, now),
                Running::Throttle(throttle) => throttle.ended(ok, now),
                Running::Rate(_) | Running::Hedge(_) | Running::Deadline(_) | Running::Bulkhead(_) => {}
            }
        }
    }
}
