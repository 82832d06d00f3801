//! A caller's policies as files write them: layers, composed in the order written, the first one outermost.
//!
//! The same list stands before a call between services and before what any model's clients ask. Where a layer cannot
//! mean anything to a client, it is refused with the reason. Deliberately absent: layers at work; see
//! [`Stack`](super::Stack).

use serde::{Deserialize, Serialize};

use super::breaker::BreakerConfig;
use super::bucket::{LeakyBucketConfig, TokenBucketConfig};
use super::bulkhead::BulkheadConfig;
use super::concurrency::LimitConfig;
use super::hedge::HedgeConfig;
use super::retry::RetryConfig;
use super::throttle::ThrottleConfig;
use crate::time::Span;

/// One policy of a caller. In a list the first is outermost: a `Timeout` before a `Retry` bounds the whole call, one
/// after it each attempt; a `Breaker` before a `Retry` counts calls, one after it attempts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Layer {
    /// What is inside may take this long; then it is given up.
    Timeout(Span),
    /// The callee is told how long there is, by the tightest timeout around and the caller's own deadline, less this
    /// margin; nothing is sent when nothing is left. A deadline that the caller was told itself goes on without this
    /// layer, tightened by every `Timeout` (as gRPC's does from a server's context into its calls).
    Deadline {
        /// What is kept back for the way home.
        margin: Span,
    },
    /// What failed is tried again.
    Retry(RetryConfig),
    /// A second attempt is sent before the first has failed.
    Hedge(HedgeConfig),
    /// Nothing is sent while too much fails.
    Breaker(BreakerConfig),
    /// Attempts are turned away locally with the probability that they would be rejected.
    Throttle(ThrottleConfig),
    /// So many at once; some more may wait. A connection pool is one.
    Bulkhead(BulkheadConfig),
    /// So many at once, found out by what the callee can bear.
    Concurrency(LimitConfig),
    /// At most so many a second; bursts pass, the rest is turned away.
    TokenBucket(TokenBucketConfig),
    /// At most so many a second, evenly; a few wait, the rest is turned away.
    LeakyBucket(LeakyBucketConfig),
    /// Calls for a key that is being asked for share that answer. Of what clients ask, reads do.
    Coalesce,
    /// A failure is answered by something lesser: a default, a stale value. Between services only.
    Fallback,
}

impl Layer {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Layer::Timeout(span) if *span == Span::ZERO => Err("Timeout: a length above 0".into()),
            Layer::Timeout(_) | Layer::Deadline { .. } | Layer::Coalesce | Layer::Fallback => Ok(()),
            Layer::Retry(config) => config.validate(),
            Layer::Hedge(config) => config.validate(),
            Layer::Breaker(config) => config.validate(),
            Layer::Throttle(config) => config.validate(),
            Layer::Bulkhead(config) => config.validate(),
            Layer::Concurrency(config) => config.validate(),
            Layer::TokenBucket(config) => config.validate(),
            Layer::LeakyBucket(_) => Ok(()),
        }
    }
}

/// At most so many layers, one around the other.
const LAYERS_MAX: usize = 100;

/// Whether layers make sense before what clients of any model ask, one operation at a time or many.
///
/// # Errors
/// The number of the first layer that does not, and why not.
pub fn validate_for_clients(layers: &[Layer], one_at_a_time: bool) -> Result<(), (usize, String)> {
    if layers.len() > LAYERS_MAX {
        return Err((LAYERS_MAX, format!("at most {LAYERS_MAX} layers, found {}", layers.len())));
    }
    for (i, layer) in layers.iter().enumerate() {
        layer.validate().map_err(|why| (i, why))?;
        let before = &layers[..i];
        let why = match layer {
            Layer::Fallback => {
                "Fallback: an answer that a client made up itself would be judged as the system's; calls between services can have it"
            }
            Layer::Hedge(hedge) if hedge.tied => {
                "Hedge: tied: only services tell each other that they have begun; leave `tied` out"
            }
            Layer::Hedge(_) if before.iter().any(|layer| matches!(layer, Layer::Hedge(_))) => {
                "Hedge: one is enough; use `copies` for more"
            }
            Layer::Coalesce if one_at_a_time => {
                "Coalesce: clients in a closed loop have one operation under way at a time, so there is nothing to share; use an open loop"
            }
            Layer::Deadline { .. } if !before.iter().any(|layer| matches!(layer, Layer::Timeout(_))) => {
                "Deadline: it passes on the time that a Timeout before it leaves, and there is none before it"
            }
            _ => continue,
        };
        return Err((i, why.to_string()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Layer, validate_for_clients};

    #[test]
    fn what_means_nothing_to_a_client_is_refused_with_the_reason() {
        for (text, one_at_a_time, at, why) in [
            ("[Timeout(\"1s\"), Fallback]", false, 1, "judged as the system's"),
            ("[Hedge((after: Fixed(\"1ms\"), tied: true))]", false, 0, "tied"),
            ("[Hedge((after: Fixed(\"1ms\"))), Hedge((after: Fixed(\"1ms\")))]", false, 1, "copies"),
            ("[Coalesce]", true, 0, "open loop"),
            ("[Deadline(margin: \"1ms\"), Timeout(\"1s\")]", false, 0, "none before it"),
            ("[Timeout(\"0s\")]", false, 0, "above 0"),
            ("[Bulkhead((places: 0))]", false, 0, "at least 1"),
        ] {
            let layers: Vec<Layer> = ron::from_str(text).expect("layers");
            let (place, message) = validate_for_clients(&layers, one_at_a_time).expect_err(text);
            assert!(place == at && message.contains(why), "{text}: {place} {message}");
        }
        let layers: Vec<Layer> = ron::from_str(
            "[Coalesce, Timeout(\"1s\"), Deadline(margin: \"0s\"), Retry((attempts: 3)), Hedge((after: Fixed(\"1ms\")))]",
        )
        .expect("layers");
        assert_eq!(validate_for_clients(&layers, false), Ok(()));
    }
}
