//! Load balancers as scenario files write them. Deliberately absent: a balancer at work ([`super::balance`]).

use serde::{Deserialize, Serialize};
use sim_core::time::Span;
use sim_core::units::Ratio;

use crate::policy::BreakerConfig;

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
    /// The best of so many at random, each another one.
    BestOf(u32),
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
    /// And those whose share of successes is far below the others'; only rows of failures count if absent.
    #[serde(default)]
    pub rate: Option<RateOutliers>,
}

/// Ejection by the share of successes, as Envoy does it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateOutliers {
    /// How often shares are compared: 10 s.
    pub every: Span,
    /// With fewer calls since then an instance is not judged: 100.
    pub least: u32,
    /// How many standard deviations below the mean of the instances is too far: 1.9.
    pub deviations: f64,
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

/// At most so many points on a ring in all.
const POINTS_MAX: u64 = 10_000_000;

/// Nothing is probed more often.
const OFTEN: Span = Span::ms(1);

impl BalancerConfig {
    /// Whether every field makes sense over so many instances.
    ///
    /// # Errors
    /// The field that does not, and why not.
    pub fn validate(&self, instances: u32) -> Result<(), (&'static str, String)> {
        match self.choose {
            Choice::BestOf(0) => return Err(("choose", "BestOf: at least 1".into())),
            Choice::ConsistentHash { points: 0, .. } => {
                return Err(("choose", "points: at least 1 for each instance".into()));
            }
            Choice::ConsistentHash { points, .. }
                if u64::from(points) * u64::from(instances) > POINTS_MAX =>
            {
                let why = format!(
                    "points: at most {POINTS_MAX} on the whole ring; {instances} instances with {points} each"
                );
                return Err(("choose", why));
            }
            Choice::ConsistentHash { bound: Some(bound), .. } if !(bound.is_finite() && bound > 1.0) => {
                let why = format!("bound: a finite number above 1, as 1 is an even share; found {bound}");
                return Err(("choose", why));
            }
            _ => {}
        }
        if let Some(outliers) = self.outliers {
            outliers.validate().map_err(|why| ("outliers", why))?;
        }
        if let Some(check) = self.health {
            check.validate().map_err(|why| ("health", why))?;
        }
        if let Some(breaker) = self.breaker {
            breaker.validate().map_err(|why| ("breaker", why))?;
        }
        Ok(())
    }
}

impl Outliers {
    fn validate(&self) -> Result<(), String> {
        if self.failures == 0 {
            return Err("failures: at least 1 in a row".into());
        }
        if self.eject_for == Span::ZERO {
            return Err("eject_for: a length above 0".into());
        }
        if self.at_most.get() <= 0.0 {
            return Err(
                "at_most: a share above 0, or nothing is ever left out; leave `outliers` out instead".into(),
            );
        }
        match self.rate {
            Some(rate) if rate.every < OFTEN => Err(format!("rate: every: at least {OFTEN}")),
            Some(rate) if rate.least == 0 => Err("rate: least: at least 1".into()),
            Some(rate) if !(rate.deviations.is_finite() && rate.deviations > 0.0) => {
                Err(format!("rate: deviations: a finite number above 0, found {}", rate.deviations))
            }
            _ => Ok(()),
        }
    }
}

impl HealthCheck {
    fn validate(&self) -> Result<(), String> {
        if self.every < OFTEN {
            return Err(format!("every: at least {OFTEN}"));
        }
        if self.timeout == Span::ZERO || self.timeout > self.every {
            return Err(format!(
                "timeout ({}): above 0, and at most every ({}): a probe is judged before the next is sent",
                self.timeout, self.every
            ));
        }
        if self.down_after == 0 || self.up_after == 0 {
            return Err("down_after and up_after: at least 1 answer".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::BalancerConfig;

    #[test]
    fn nonsense_is_refused_with_its_field() {
        for (text, field) in [
            ("(choose: BestOf(0))", "choose"),
            ("(choose: ConsistentHash(points: 0))", "choose"),
            ("(choose: ConsistentHash(points: 1000000000))", "choose"),
            ("(choose: ConsistentHash(points: 10, bound: Some(-5.0)))", "choose"),
            ("(choose: ConsistentHash(points: 10, bound: Some(0.1)))", "choose"),
            ("(outliers: Some((failures: 0, eject_for: \"1s\", at_most: 0.5)))", "outliers"),
            ("(outliers: Some((failures: 1, eject_for: \"0s\", at_most: 0.5)))", "outliers"),
            ("(outliers: Some((failures: 1, eject_for: \"1s\", at_most: 0)))", "outliers"),
            ("(health: Some((every: \"1ns\", timeout: \"1ns\", down_after: 1, up_after: 1)))", "health"),
            ("(health: Some((every: \"1s\", timeout: \"5s\", down_after: 1, up_after: 1)))", "health"),
            ("(health: Some((every: \"1s\", timeout: \"1s\", down_after: 0, up_after: 1)))", "health"),
        ] {
            let config: BalancerConfig = ron::from_str(text).expect("a balancer");
            assert_eq!(config.validate(20).map_err(|(field, _)| field), Err(field), "{text}");
        }
        assert_eq!(BalancerConfig::default().validate(1), Ok(()));
    }
}
