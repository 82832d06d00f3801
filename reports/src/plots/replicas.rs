//! Replicas over time: of how many objects each lacks something, and how many versions (siblings) of one it holds at most.
//!
//! Deliberately absent: runs whose replicas nobody looked at; the check `Agrees` has them looked at.

use std::collections::BTreeMap;

use sim_core::record::{Measure, Record};

use crate::input::Run;
use crate::number::whole;
use crate::plots::over_time::{Line, Words, over_time};

/// Draws how far each replica is behind; `None` if nobody looked.
#[must_use]
pub fn behind(run: &Run<'_>) -> Option<String> {
    let words = Words {
        picture: "replicas",
        story: "objects of which a replica lacks something that another has; all lines at zero: the replicas are alike",
        axis: "objects behind",
        at_least: 1.0,
        level: None,
    };
    over_time(run.record, lines(run.record, "replica_behind"), words)
}

/// Draws the siblings that each replica holds; `None` if none ever held any.
#[must_use]
pub fn siblings(run: &Run<'_>) -> Option<String> {
    let lines = lines(run.record, "replica_versions");
    if lines.iter().all(|line| line.greatest() <= 1.0) {
        return None;
    }
    let words = Words {
        picture: "siblings",
        story: "the most versions of one object that a replica holds side by side; one is no sibling",
        axis: "versions of one object",
        at_least: 2.0,
        level: Some(1.0),
    };
    over_time(run.record, lines, words)
}

fn lines(record: &Record, name: &str) -> Vec<Line> {
    let mut nodes: BTreeMap<usize, Vec<&Measure>> = BTreeMap::new();
    for measure in record.measures.get(name).into_iter().flatten() {
        nodes.entry(measure.node.index()).or_default().push(measure);
    }
    let line = |(node, list): (usize, Vec<&Measure>)| {
        let most = list.iter().map(|own| own.value).max().unwrap_or(0).unsigned_abs();
        Line {
            name: record.nodes.get(node).map_or_else(|| format!("n{node}"), |own| own.name.clone()),
            said: format!("at most {}", whole(most)),
            points: list.iter().map(|own| (own.at.0, own.value as f64)).collect(),
        }
    };
    nodes.into_iter().map(line).collect()
}
