//! What links do, worked out once from their configuration, so that a message's fate asks for no more than it must.
//!
//! Deliberately absent: the draws themselves, which are [`super::Network`]'s.

use crate::network::NetworkConfig;
use crate::network::link::LinkConfig;
use crate::random::distribution::Distribution;
use crate::random::quick::LogNormalTable;
use crate::units::Ratio;

/// What a kind of link does, worked out once.
#[derive(Clone, Copy, Debug)]
pub(super) enum Manner {
    /// It only delays.
    Delay,
    /// It delays, loses and duplicates: draws of 53 bits below these are kept, and left single.
    Loss { keep: u64, single: u64 },
    /// More than that.
    More,
}

impl Manner {
    pub(super) fn of(link: &LinkConfig) -> Manner {
        let lossy = LinkConfig { loss: Ratio::ZERO, duplicate: Ratio::ZERO, ..link.clone() };
        if !link.impaired() {
            Manner::Delay
        } else if !lossy.impaired() {
            Manner::Loss {
                keep: draws_below(1.0 - link.loss.get()),
                single: draws_below(1.0 - link.duplicate.get()),
            }
        } else {
            Manner::More
        }
    }
}

/// How many draws of 53 bits are below a number in 0..1, as [`Rng::peek_unit`] makes numbers of them: a comparison of
/// whole numbers instead of one of fractions, with the same outcome for every draw.
fn draws_below(number: f64) -> u64 {
    libm::ceil(number * 9_007_199_254_740_992.0) as u64
}

/// What all links do, worked out once.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) latency: Latency,
    /// Which draws are kept and which left single, if it is not all: as in [`Manner::Loss`].
    pub(super) loss: Option<(u64, u64)>,
}

/// How latencies are drawn.
#[derive(Debug)]
pub(super) enum Latency {
    /// They are equally likely: the least, and how many there are.
    Uniform(u64, u64),
    /// Log-normal.
    LogNormal(LogNormalTable),
    /// As the configuration says.
    Other,
}

impl Plain {
    pub(super) fn of(config: &NetworkConfig, manner: Manner) -> Option<Plain> {
        if config.topology.is_some() || !config.link.kinds.is_empty() {
            return None;
        }
        let loss = match manner {
            Manner::Delay => None,
            Manner::Loss { keep, single } => Some((keep, single)),
            Manner::More => return None,
        };
        let latency = match config.link.latency {
            Distribution::Fixed(span) => Latency::Uniform(span.0, 1),
            Distribution::Uniform { min, max } => {
                Latency::Uniform(min.0, max.0.saturating_sub(min.0).saturating_add(1))
            }
            Distribution::LogNormal { median, sigma } => {
                LogNormalTable::new(median, sigma).map_or(Latency::Other, Latency::LogNormal)
            }
            _ => Latency::Other,
        };
        Some(Plain { latency, loss })
    }
}

#[cfg(test)]
mod tests {
    use super::draws_below;

    #[test]
    fn a_draw_is_below_a_share_as_a_whole_number_if_it_is_as_a_fraction() {
        let unit = 1.0 / 9_007_199_254_740_992.0;
        for share in [0.0, 1e-300, unit, 1.5 * unit, 1e-12, 0.1, 0.5, 0.9, 1.0 - 1e-12, 1.0 - unit, 1.0] {
            let bound = draws_below(share);
            for draw in
                [0, 1, 2, bound.saturating_sub(2), bound.saturating_sub(1), bound, bound + 1, (1 << 53) - 1]
            {
                let draw = draw.min((1 << 53) - 1);
                assert_eq!(draw < bound, (draw as f64 * unit) < share, "{draw} {share}");
            }
        }
    }
}
