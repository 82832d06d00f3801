//! One request's trace as a waterfall, a row a span, each below the span that caused it: the failed one of the most spans,
//! where requests failed (the retries are the story), else the slowest. What lies on the critical path is filled: its own share of it is told at the right.
//!
//! Deliberately absent: the other traces; the file `traces.csv` has them.

use std::collections::{BTreeMap, VecDeque};

use checks::critical::{path, traces};
use sim_core::record::{Record, TraceSpan};

use crate::axis::Axis;
use crate::canvas::{Canvas, Paint, Rect};
use crate::chart::Chart;
use crate::heading::{heading, run_name};
use crate::input::Run;
use crate::number::{duration, instant};
use crate::style::{BLUE, Color, GRID, MARGIN, MUTED, SMALL, VERMILLION, WIDTH};
use crate::text::{count, fit};

/// Where the time axis begins.
const LEFT: f64 = 300.0;
/// The height of a row.
const ROW: f64 = 24.0;
/// At most this many rows: a trace of hundreds is cut at its lower end.
const ROWS_MAX: usize = 40;

/// Draws the waterfall; `None` without traces.
#[must_use]
pub fn waterfall(run: &Run<'_>) -> Option<String> {
    let record = run.record;
    let all = traces(record);
    let root = |spans: &[&TraceSpan]| spans.iter().find(|span| span.parent == 0).map(|root| (**root).clone());
    let rank = |spans: &&Vec<&TraceSpan>| {
        let root = root(spans)?;
        let tried = if root.ok { 0 } else { spans.len() };
        Some((!root.ok, tried, root.end.since(root.begin)))
    };
    let spans = all.values().max_by_key(rank)?;
    let failed = all.values().filter_map(|spans| root(spans)).filter(|root| !root.ok).count();
    let root = root(spans)?;
    let (begin, whole) = (root.begin.0, root.end.since(root.begin).0.max(1));
    let own: BTreeMap<u64, u64> = path(spans).into_iter().map(|piece| (piece.span, piece.own.0)).collect();
    let rows = rows(spans);
    let cut = spans.len() - rows.len();
    let more = if cut > 0 { format!(" · {cut} further down are left out") } else { String::new() };
    let told = format!(
        "trace {} asked at {}: of {}, {} of which ended badly, {}; it took {} · filled: on the critical path, red: \
         ended badly{more}",
        root.trace,
        instant(begin, record.ended.0),
        count(all.len() as u64, "trace"),
        failed,
        if root.ok { "the slowest" } else { "the one that went to most places in vain" },
        duration(whole as f64)
    );
    let mut canvas = Canvas::new("waterfall", WIDTH);
    let top = heading(&mut canvas, "a request's trace", &run_name(record), &told) + 16.0;
    let rect = Rect::new(LEFT, top, WIDTH - LEFT - MARGIN - 96.0, ROW * rows.len() as f64);
    let x = Axis { title: "time since the request was asked".into(), ..Axis::time(whole, 8) };
    let title = format!("{} {}", x.title, Axis::time(whole, 8).title.trim_start_matches("simulated time "));
    let chart = Chart { rect, x: Axis { title, ..x }, y: Axis::from_zero(1.0, 1, "") };
    for (tick, _) in &chart.x.ticks {
        let x = chart.at_x(*tick);
        canvas.line((x, rect.y), (x, rect.bottom()), &Paint::line(GRID, 1.0));
    }
    for (place, (depth, span)) in rows.iter().enumerate() {
        let y = top + ROW * place as f64;
        row(&mut canvas, &chart, record, (begin, y), *depth, span, own.get(&span.span).copied());
    }
    let bottom = chart.x_axis(&mut canvas);
    Some(canvas.finish(bottom + 14.0, &format!("A request's trace of {}", run_name(record)), &told))
}

/// The spans in the order of a tree, each with its depth.
fn rows<'a>(spans: &[&'a TraceSpan]) -> Vec<(usize, &'a TraceSpan)> {
    // Level by level, so that who is shown hangs below somebody who is.
    let mut below: BTreeMap<u64, Vec<&TraceSpan>> = BTreeMap::new();
    for span in spans {
        below.entry(span.parent).or_default().push(span);
    }
    let mut level: VecDeque<&TraceSpan> = below.remove(&0).into_iter().flatten().take(1).collect();
    let mut children: BTreeMap<u64, Vec<&TraceSpan>> = BTreeMap::new();
    let mut shown = 0;
    while let Some(span) = level.pop_front().filter(|_| shown < ROWS_MAX) {
        shown += 1;
        children.entry(span.parent).or_default().push(span);
        let mut next = below.remove(&span.span).unwrap_or_default();
        next.sort_by_key(|span| (span.begin, span.span));
        level.extend(next);
    }
    for list in children.values_mut() {
        list.sort_by_key(|span| std::cmp::Reverse((span.begin, span.span)));
    }
    let mut open: Vec<(usize, &TraceSpan)> = Vec::new();
    open.extend(children.remove(&0).into_iter().flatten().map(|span| (0, span)));
    let mut rows = Vec::new();
    while let Some((depth, span)) = open.pop() {
        rows.push((depth, span));
        open.extend(children.remove(&span.span).into_iter().flatten().map(|child| (depth + 1, child)));
    }
    rows
}

fn row(
    canvas: &mut Canvas,
    chart: &Chart,
    record: &Record,
    (begin, y): (u64, f64),
    depth: usize,
    span: &TraceSpan,
    own: Option<u64>,
) {
    let node = record.nodes.get(span.node.index()).map_or("", |node| node.name.as_str());
    let indent = MARGIN + 12.0 * depth.min(10) as f64;
    let name = if span.name.contains('→') || span.name == "queue" {
        span.name.clone()
    } else {
        format!("{} ({node})", span.name)
    };
    canvas.text(indent, y + 16.0, &fit(&name, SMALL.size, false, LEFT - indent - 10.0), &SMALL);
    let (from, to) = (span.begin.0.saturating_sub(begin) as f64, span.end.0.saturating_sub(begin) as f64);
    // Work may go on after its request has ended.
    let (left, right) = (chart.at_x(from).min(chart.rect.right()), chart.at_x(to).min(chart.rect.right()));
    let bar = Rect::new(left, y + 4.0, (right - left).max(2.0), ROW - 8.0);
    let color = if span.ok { BLUE } else { VERMILLION };
    let paint = match own {
        Some(_) => Paint::solid(color),
        None => Paint::solid(Color(0xffffff)).outlined(color, 1.4),
    };
    let took = duration(to - from);
    let tip = format!("{name}: {took}{}", if span.ok { "" } else { ", ended badly" });
    canvas.told(&tip, |canvas| canvas.rect(bar, &paint));
    if let Some(own) = own.filter(|own| *own > 0) {
        let look = SMALL.color(MUTED).end();
        canvas.text(WIDTH - MARGIN, y + 16.0, &duration(own as f64), &look);
    }
}
