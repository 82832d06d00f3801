//! How far broadcasts go along a tree: for each, the hops to the node that is farthest and the mean over all nodes.
//!
//! Deliberately absent: which node is far, and whether a broadcast reached all; see the heat map of who heard.

use checks::metrics::gossip::reaches;

use crate::input::Run;
use crate::plots::over_time::{Line, Words, over_time};

/// Draws the hops of a run's broadcasts; `None` if nodes told of none.
#[must_use]
pub fn hops(run: &Run<'_>) -> Option<String> {
    let reaches = reaches(run.record);
    let last = Line {
        name: "to the farthest node".into(),
        said: format!("at most {}", reaches.iter().map(|reach| reach.last).max().unwrap_or(0)),
        points: reaches.iter().map(|reach| (reach.start.0, reach.last as f64)).collect(),
    };
    let mean = |sum: i64, nodes: u64| sum as f64 / nodes.max(1) as f64;
    let all = reaches.iter().fold((0, 0), |(sum, nodes), reach| (sum + reach.sum, nodes + reach.nodes));
    let average = Line {
        name: "mean over all nodes".into(),
        said: format!("{:.1} on average", mean(all.0, all.1)),
        points: reaches.iter().map(|reach| (reach.start.0, mean(reach.sum, reach.nodes))).collect(),
    };
    let words = Words {
        picture: "hops",
        story: "how far each broadcast went along the tree, by the time it began",
        axis: "hops",
        at_least: 1.0,
        level: None,
    };
    over_time(run.record, vec![last, average], words)
}
