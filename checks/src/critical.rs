//! Traces put together: the tree of a request's parts, and the path through it that decided how long it took.
//!
//! The critical path is walked backwards from a part's end: the child that ended last is on it, then the child that
//! had ended last before that one began, and so on (of two that end at one instant, the one that ended well: the other was
//! given up because of it); what no child covers is the part's own time. Deliberately absent:
//! sampling, which is the model's business.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use sim_core::record::{Record, TraceSpan};
use sim_core::time::{Span, Time};

use crate::metrics::Metrics;

/// One piece of a critical path: this part of the trace took this long by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The part's name.
    pub name: String,
    /// Its number in the trace.
    pub span: u64,
    /// How long, nothing below it counted.
    pub own: Span,
}

/// The parts of every trace that has come back to its root, by trace.
#[must_use]
pub fn traces(record: &Record) -> BTreeMap<u64, Vec<&TraceSpan>> {
    let mut traces: BTreeMap<u64, Vec<&TraceSpan>> = BTreeMap::new();
    for span in &record.spans {
        traces.entry(span.trace).or_default().push(span);
    }
    traces.retain(|_, spans| spans.iter().any(|span| span.parent == 0));
    traces
}

/// The critical path of one trace, from its end to its beginning.
#[must_use]
pub fn path(spans: &[&TraceSpan]) -> Vec<Piece> {
    let mut children: BTreeMap<u64, Vec<&TraceSpan>> = BTreeMap::new();
    for span in spans {
        children.entry(span.parent).or_default().push(span);
    }
    for list in children.values_mut() {
        list.sort_by_key(|span| std::cmp::Reverse((span.end, span.ok, span.begin)));
    }
    let mut pieces = Vec::new();
    let Some(root) = spans.iter().find(|span| span.parent == 0) else { return pieces };
    walk(root, root.end, &children, &mut pieces, 0);
    pieces
}

/// The part of a span's path before `until`.
fn walk(
    span: &TraceSpan,
    until: Time,
    children: &BTreeMap<u64, Vec<&TraceSpan>>,
    pieces: &mut Vec<Piece>,
    depth: usize,
) {
    let (mut at, mut own) = (until, Span::ZERO);
    // A graph may call in circles; a trace is a tree, but a damaged one must not hang.
    let below = if depth < 200 { children.get(&span.span).map_or(&[][..], Vec::as_slice) } else { &[] };
    for child in below {
        if child.end > at || child.begin < span.begin || child.span == span.span {
            continue;
        }
        own = own.saturating_add(at.since(child.end));
        walk(child, child.end, children, pieces, depth + 1);
        at = child.begin;
    }
    own = own.saturating_add(at.since(span.begin));
    pieces.push(Piece { name: span.name.clone(), span: span.span, own });
}

/// Which share of all traced time each name has on the critical paths.
pub(crate) fn measure(record: &Record, metrics: &mut Metrics) {
    let mut shares: IndexMap<String, f64> = IndexMap::new();
    let mut whole = 0.0;
    for spans in traces(record).values() {
        for piece in path(spans) {
            whole += piece.own.0 as f64;
            *shares.entry(piece.name).or_default() += piece.own.0 as f64;
        }
    }
    for (name, time) in shares {
        if whole > 0.0 {
            metrics.insert(format!("critical_{name}_share"), time / whole);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::path;
    use sim_core::peer::Peer;
    use sim_core::record::TraceSpan;
    use sim_core::time::Time;

    fn span(span: u64, parent: u64, begin: u64, end: u64) -> TraceSpan {
        let (begin, end, name) = (Time(begin), Time(end), format!("s{span}"));
        TraceSpan { trace: 1, span, parent, node: Peer::node(0), name, begin, end, ok: true }
    }

    fn check(spans: &[TraceSpan], expected: &[(u64, u64)]) {
        let list: Vec<&TraceSpan> = spans.iter().collect();
        let found: Vec<(u64, u64)> = path(&list).iter().map(|piece| (piece.span, piece.own.0)).collect();
        assert_eq!(found, expected);
        let whole: u64 = found.iter().map(|(_, own)| own).sum();
        assert_eq!(whole, spans[0].end.0 - spans[0].begin.0, "the pieces add up to the request");
    }

    #[test]
    fn the_last_of_parallel_calls_is_on_the_path() {
        let spans = [span(1, 0, 0, 100), span(2, 1, 10, 40), span(3, 1, 10, 90)];
        check(&spans, &[(3, 80), (1, 20)]);
    }

    #[test]
    fn calls_one_after_the_other_are_all_on_it() {
        let spans = [span(1, 0, 0, 100), span(2, 1, 10, 40), span(3, 1, 50, 90), span(4, 3, 60, 70)];
        check(&spans, &[(4, 10), (3, 30), (2, 30), (1, 30)]);
    }

    #[test]
    fn a_copy_given_up_at_the_answer_is_not_on_it() {
        let lost = TraceSpan { ok: false, ..span(3, 1, 20, 50) };
        check(&[span(1, 0, 0, 50), span(2, 1, 0, 50), lost], &[(2, 50), (1, 0)]);
    }

    #[test]
    fn a_copy_that_lost_is_not_on_it() {
        // The first copy would have ended later; it was given up when the second answered.
        let spans = [span(1, 0, 0, 50), span(2, 1, 0, 50), span(3, 1, 20, 49), span(4, 2, 5, 80)];
        check(&spans, &[(2, 50), (1, 0)]);
    }
}
