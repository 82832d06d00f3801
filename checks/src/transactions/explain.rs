//! Puts a cycle into words: why each transaction must come before the next, and that the last must come before the
//! first.
//!
//! Deliberately absent: pictures; [`crate::verdict::Witness`] has the edges to draw.

use super::Log;
use super::lattice::Anomaly;
use super::order::{PROCESS, REALTIME, RW, WR, WW};
use crate::naming::moment;
use crate::verdict::{Witness, WitnessEdge};

/// Knows why one transaction depends on another.
pub(crate) trait Explain {
    /// In words, why `to` depends on `from` by this data label. The names are how the text calls the two.
    fn reason(&self, from: u32, to: u32, label: u8, names: (&str, &str)) -> Option<String>;
}

/// The field's word for a label.
pub(crate) fn word(label: u8) -> &'static str {
    match label {
        WW => "ww",
        WR => "wr",
        RW => "rw",
        PROCESS => "process",
        _ => "realtime",
    }
}

/// Tells a cycle of transactions.
pub(crate) fn cycle(
    log: &Log<'_>,
    explainer: &dyn Explain,
    anomaly: Anomaly,
    txns: &[u32],
    labels: &[u8],
) -> Witness {
    let mut witness = Witness { anomaly: anomaly.name().to_string(), ..Witness::default() };
    witness.headline = format!("{} transactions depend on each other in a circle ({anomaly})", txns.len());
    witness.entries = txns.iter().map(|txn| log.entry(*txn)).collect();
    let named = txns.iter().enumerate().map(|(i, txn)| format!("T{} is {}.", i + 1, log.describe(*txn)));
    witness.story.extend(named);
    for (i, label) in labels.iter().enumerate() {
        let next = (i + 1) % txns.len();
        let (from, to) = (txns[i], txns[next]);
        let names = (format!("T{}", i + 1), format!("T{}", next + 1));
        let why = reason(log, explainer, (from, to), *label, (&names.0, &names.1));
        let lead = if next == 0 { "However, " } else { "" };
        let end = if next == 0 { ": a contradiction" } else { "" };
        witness.story.push(format!("{lead}{} comes before {}, because {why}{end}.", names.0, names.1));
        let (from, to) = (log.entry(from), log.entry(to));
        witness.edges.push(WitnessEdge { from, to, why: word(*label).to_string() });
    }
    witness
}

fn reason(
    log: &Log<'_>,
    explainer: &dyn Explain,
    pair: (u32, u32),
    label: u8,
    names: (&str, &str),
) -> String {
    let (a, b) = (&log.txns[pair.0 as usize], &log.txns[pair.1 as usize]);
    match label {
        PROCESS => format!("process {} ran {} first", a.process, names.0),
        REALTIME => {
            let (a, b) = (&log.history.entries[a.entry as usize], &log.history.entries[b.entry as usize]);
            let end = moment(a.completed, a.completed_index);
            let start = moment(b.invoked, b.invoked_index);
            format!("{} had ended (at {end}) when {} was invoked (at {start})", names.0, names.1)
        }
        _ => explainer
            .reason(pair.0, pair.1, label, names)
            .unwrap_or_else(|| format!("of a {} dependency", word(label))),
    }
}
