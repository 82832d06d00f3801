//! The operations of a witness, ready to be drawn: in the order of the story, numbered, in words.
//!
//! Deliberately absent: judgement, and any layout.

use sim_core::history::{Answer, Entry, Outcome, Reason};
use sim_core::time::Time;
use sim_core::value::{Call, Value};

use checks::verdict::Witness;

use crate::case::Case;

/// At most this many operations are drawn.
const EXHIBITS_MAX: usize = 14;

/// One operation of a witness.
#[derive(Clone, Debug)]
pub struct Exhibit<'a> {
    /// Its position in the history.
    pub position: usize,
    /// The operation.
    pub entry: &'a Entry,
    /// What was asked and answered, in short.
    pub words: String,
}

/// The operations of a witness, and how many were too many.
#[must_use]
pub fn exhibits<'a>(witness: &Witness, case: &Case<'a>) -> (Vec<Exhibit<'a>>, usize) {
    let mut positions: Vec<usize> = Vec::new();
    let of_edges = witness.edges.iter().flat_map(|edge| [edge.from, edge.to]);
    for position in witness.entries.iter().copied().chain(of_edges) {
        if position < case.history.entries.len() && !positions.contains(&position) {
            positions.push(position);
        }
    }
    let more = positions.len().saturating_sub(EXHIBITS_MAX);
    positions.truncate(EXHIBITS_MAX);
    let exhibit = |position: usize| {
        let entry = &case.history.entries[position];
        Exhibit { position, entry, words: words(entry, case) }
    };
    (positions.into_iter().map(exhibit).collect(), more)
}

/// An operation with its answer: `read x3: 5`, `write x3 7`, `cas x3 1→2: false`.
#[must_use]
pub fn words(entry: &Entry, case: &Case<'_>) -> String {
    let asked = case.asked(&entry.operation);
    match &entry.outcome {
        Outcome::Ok(Answer::Txn(steps)) => {
            let steps: Vec<String> = steps.iter().map(|step| case.step(step)).collect();
            format!("txn {}", steps.join(" "))
        }
        Outcome::Ok(Answer::Value(Value::Nil)) if !reads(&entry.operation.call) => asked,
        Outcome::Ok(Answer::Value(value)) => format!("{asked}: {value}"),
        Outcome::Failed(_) => format!("{asked}: failed"),
        Outcome::Unknown(_) => format!("{asked}: ?"),
    }
}

fn reads(call: &Call) -> bool {
    call.is_read_only() || matches!(call, Call::Dequeue | Call::Pop)
}

/// When it was, who answered and how it ended, in words.
#[must_use]
pub fn circumstances(entry: &Entry, case: &Case<'_>) -> String {
    let from = case.instant(entry.invoked);
    let when = if entry.completed == Time::NEVER {
        format!("from {from} on")
    } else {
        format!("{from} to {}", case.instant(entry.completed))
    };
    let why = |reason: &Reason| match reason {
        Reason::Timeout => "timed out",
        Reason::EndOfRun => "the run ended",
        Reason::Rejected => "rejected",
        Reason::Unreachable => "unreachable",
        Reason::Aborted => "aborted",
        Reason::Unstated => "no reason stated",
    };
    let how = match &entry.outcome {
        Outcome::Ok(_) => "ok".to_string(),
        Outcome::Failed(reason) => format!("failed, {}", why(reason)),
        Outcome::Unknown(reason) => format!("unknown, {}", why(reason)),
    };
    let by = entry.answered_by.map_or_else(String::new, |node| format!(", answered by {}", case.node(node)));
    format!("process {}, {when}, {how}{by}", entry.process)
}

/// The shortest cycle among a witness's edges, as positions of edges in their order around it.
#[must_use]
pub fn cycle(witness: &Witness) -> Option<Vec<usize>> {
    let edges = &witness.edges;
    let mut best: Option<Vec<usize>> = None;
    for start in 0..edges.len() {
        let mut came_by: Vec<Option<usize>> = vec![None; edges.len()];
        let mut wave = vec![start];
        let mut seen = vec![edges[start].to];
        let mut closing = (edges[start].to == edges[start].from).then_some(start);
        while closing.is_none() && !wave.is_empty() {
            let mut next = Vec::new();
            for &edge in &wave {
                for (after, candidate) in edges.iter().enumerate() {
                    if candidate.from != edges[edge].to || closing.is_some() {
                        continue;
                    }
                    if candidate.to == edges[start].from {
                        came_by[after] = Some(edge);
                        closing = Some(after);
                    } else if !seen.contains(&candidate.to) {
                        seen.push(candidate.to);
                        came_by[after] = Some(edge);
                        next.push(after);
                    }
                }
            }
            wave = next;
        }
        let Some(mut edge) = closing else { continue };
        let mut found = vec![edge];
        while let Some(before) = came_by[edge].filter(|_| edge != start) {
            found.push(before);
            edge = before;
        }
        found.reverse();
        if best.as_ref().is_none_or(|best| found.len() < best.len()) {
            best = Some(found);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use checks::verdict::{Witness, WitnessEdge};

    use super::cycle;

    fn witness(edges: &[(usize, usize)]) -> Witness {
        let edge = |(from, to): &(usize, usize)| WitnessEdge { from: *from, to: *to, why: "ww".into() };
        Witness { edges: edges.iter().map(edge).collect(), ..Witness::default() }
    }

    #[test]
    fn the_shortest_cycle_is_found() {
        assert_eq!(cycle(&witness(&[])), None);
        assert_eq!(cycle(&witness(&[(0, 1), (1, 2)])), None);
        assert_eq!(cycle(&witness(&[(0, 1), (1, 2), (2, 3), (3, 0), (2, 0)])), Some(vec![0, 1, 4]));
        assert_eq!(cycle(&witness(&[(5, 5)])), Some(vec![0]));
        assert_eq!(cycle(&witness(&[(9, 0), (0, 1), (1, 0)])), Some(vec![1, 2]));
    }
}
