//! Single layers under [`Stack`](super::Stack): each at work, and what becomes of a call that meets it.

use super::breaker::{Breaker, State as BreakerState};
use super::bucket::{LeakyBucket, TokenBucket};
use super::budget::RetryBudget;
use super::bulkhead::{Bulkhead, Entry};
use super::coalesce::Coalesce;
use super::concurrency::Limit;
use super::hedge::Hedge;
use super::retry::RetryConfig;
use super::stack_acts::{Act, Acts};
use super::stack_frames::Token;
use super::throttle::Throttle;
use super::{Layer, Outcome};
use crate::random::Rng;
use crate::time::{Span, Time};

/// A layer at work.
#[derive(Clone, Debug)]
pub(super) enum Running {
    Timeout(Span),
    Deadline(Span),
    Retry(RetryConfig, Option<RetryBudget>),
    Hedge(Hedge),
    Breaker(Breaker),
    Throttle(Throttle),
    Bulkhead(Bulkhead),
    Concurrency(Limit),
    TokenBucket(TokenBucket),
    LeakyBucket(LeakyBucket),
    Coalesce(Coalesce),
    Fallback,
}

impl Running {
    pub(super) fn new(layer: &Layer) -> Running {
        match layer {
            Layer::Timeout(span) => Running::Timeout(*span),
            Layer::Deadline { margin } => Running::Deadline(*margin),
            Layer::Retry(config) => Running::Retry(*config, config.budget.map(RetryBudget::new)),
            Layer::Hedge(config) => Running::Hedge(Hedge::new(*config)),
            Layer::Breaker(config) => Running::Breaker(Breaker::new(*config)),
            Layer::Throttle(config) => Running::Throttle(Throttle::new(*config)),
            Layer::Bulkhead(config) => Running::Bulkhead(Bulkhead::new(*config)),
            Layer::Concurrency(config) => Running::Concurrency(Limit::new(*config)),
            Layer::TokenBucket(config) => Running::TokenBucket(TokenBucket::new(*config)),
            Layer::LeakyBucket(config) => Running::LeakyBucket(LeakyBucket::new(*config)),
            Layer::Coalesce => Running::Coalesce(Coalesce::default()),
            Layer::Fallback => Running::Fallback,
        }
    }
}

/// Whether a call passes a layer inwards (`false` if it waits there), and whether it holds something of the layer's.
pub(super) fn passes_in(
    layer: &mut Running,
    frame: u32,
    token: Token,
    key: u64,
    now: Time,
    rng: &mut Rng,
    acts: &mut Acts,
) -> (Result<bool, Outcome>, bool) {
    let mut held = false;
    let passes = match layer {
        Running::Retry(_, budget) => {
            if let Some(budget) = budget {
                budget.first_try(now);
            }
            Ok(true)
        }
        Running::Hedge(hedge) => {
            acts.extend(hedge.delay(1).map(|delay| Act::Wake { at: now + delay, token }));
            Ok(true)
        }
        Running::Breaker(breaker) => {
            held = breaker.admit(now);
            if held { Ok(true) } else { Err(Outcome::ShortCircuit) }
        }
        Running::Throttle(throttle) => {
            if throttle.admit(now, rng.unit()) {
                Ok(true)
            } else {
                Err(Outcome::Limited)
            }
        }
        Running::Bulkhead(bulkhead) => match bulkhead.enter(frame) {
            Entry::Held => {
                held = true;
                Ok(true)
            }
            Entry::Waits => Ok(false),
            Entry::Full => Err(Outcome::Limited),
        },
        Running::Concurrency(limit) => {
            held = limit.enter();
            if held { Ok(true) } else { Err(Outcome::Limited) }
        }
        Running::TokenBucket(bucket) => {
            if bucket.take(now) {
                Ok(true)
            } else {
                Err(Outcome::Limited)
            }
        }
        Running::LeakyBucket(bucket) => match bucket.take(now) {
            Some(Span::ZERO) => Ok(true),
            Some(wait) => {
                acts.push(Act::Wake { at: now + wait, token });
                Ok(false)
            }
            None => Err(Outcome::Limited),
        },
        Running::Coalesce(flights) => {
            held = true;
            Ok(flights.join(key, frame))
        }
        Running::Fallback => Ok(true),
        Running::Timeout(_) | Running::Deadline(_) => Ok(true),
    };
    (passes, held)
}

/// The mark of a breaker's change.
pub(super) fn turned(before: BreakerState, after: BreakerState) -> Option<&'static str> {
    match (before, after) {
        (BreakerState::Open { .. }, BreakerState::Open { .. }) => None,
        (_, BreakerState::Open { .. }) => Some("breaker opened"),
        (BreakerState::HalfOpen { .. }, BreakerState::Closed) => Some("breaker closed"),
        _ => None,
    }
}
