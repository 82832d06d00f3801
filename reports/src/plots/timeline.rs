//! The timeline: a lane per node with role and term, faults above, operations below, violations across.
//!
//! Above a number of nodes, only the busiest get lanes, and a chart counts what all were. Deliberately absent:
//! messages; a timeline shows seconds, and messages last milliseconds.

use crate::canvas::{Canvas, Paint, Rect};
use crate::chart::Chart;
use crate::faults::{Strip, sides, until};
use crate::heading::{Key, heading, keys, run_name};
use crate::input::Run;
use crate::lane_paint::{LanePaint, cut_off_key, key, paused_key};
use crate::lanes::{Lane, Lanes, Running, Segment, end_ns};
use crate::number::whole;
use crate::plots::crowd::crowd;
use crate::plots::operation_strip::operation_strip;
use crate::plots::violations::{Notice, draw_labels, draw_lines, notices};
use crate::style::{CUT_OFF, GROUND, LABEL, MARGIN, MUTED, SMALL, UNDER_FAULT, WIDTH, epoch_word, leads};
use crate::text::{count, fit};

/// Up to this many nodes, each has a lane.
const LANES_MAX: usize = 25;
/// Of more nodes, this many have one.
const LANES_OF_CROWD: usize = 9;
/// Where the time axis begins.
const LEFT: f64 = 156.0;

/// Draws the timeline of a run.
#[must_use]
pub fn timeline(run: &Run<'_>) -> String {
    let record = run.record;
    let lanes = Lanes::of(record);
    let mut canvas = Canvas::new("timeline", WIDTH);
    let told = story(run, &lanes);
    let mut y = heading(&mut canvas, "timeline", &run_name(record), &told);
    y = keys(&mut canvas, MARGIN, y, &legend(run, &lanes)) + 4.0;
    let mut chart = Chart {
        rect: Rect::new(LEFT, y, WIDTH - LEFT - MARGIN, 0.0),
        x: crate::axis::Axis::time(lanes.end_ns, 10),
        y: crate::axis::Axis::from_zero(1.0, 1, ""),
    };
    let notices = notices(run, &chart);
    let notice_top = y;
    y += Notice::height(&notices);
    let strip = Strip::of(record, lanes.end_ns, chart.rect.w);
    let strip_top = y;
    y += strip.height() + if strip.height() > 0.0 { 6.0 } else { 0.0 };
    let lanes_top = y;
    let (shown, above) = chosen(&lanes);
    let lane_h = lane_height(shown.len());
    y += shown.len() as f64 * lane_h + 6.0;
    let crowded = lanes.lanes.len() > LANES_MAX;
    let crowd_rect = Rect::new(LEFT, y + 26.0, chart.rect.w, 150.0);
    y += if crowded { 190.0 } else { 0.0 };
    let operations_top = y + 6.0;
    chart.rect = Rect::new(LEFT, strip_top, chart.rect.w, operations_top - strip_top);
    let avoid = notices.iter().map(Notice::x).collect();
    let paint = LanePaint { lanes: &lanes, chart: &chart, word: word(&lanes), avoid };
    let placed: Vec<(&Lane, Rect)> = shown
        .iter()
        .enumerate()
        .map(|(row, index)| {
            let rect = Rect::new(LEFT, lanes_top + row as f64 * lane_h, chart.rect.w, lane_h - 6.0);
            ground(&mut canvas, run, &paint, *index, rect);
            (&lanes.lanes[*index], rect)
        })
        .collect();
    if crowded {
        crowd(&mut canvas, &lanes, &strip.spans(), crowd_rect, above);
    }
    // Where there are no clients nobody asks, and there are no answers to show.
    let asked = !record.clients.is_empty() || !record.history.entries.is_empty();
    let bottom =
        if asked { operation_strip(&mut canvas, record, &chart, operations_top) } else { operations_top };
    edges(&mut canvas, run, &chart, lanes_top, bottom);
    strip.ground(&mut canvas, &chart, strip_top);
    paint_lanes(&mut canvas, &paint, &placed, |canvas| draw_lines(canvas, &notices, notice_top, bottom));
    strip.draw(&mut canvas, &chart, strip_top);
    draw_labels(&mut canvas, &notices, notice_top);
    chart.rect.h = bottom - strip_top;
    y = chart.x_axis(&mut canvas);
    canvas.finish(y + 14.0, &format!("Timeline of {}", run_name(record)), &told)
}

fn word(lanes: &Lanes) -> &'static str {
    epoch_word(lanes.roles.iter().map(String::as_str))
}

fn lane_height(lanes: usize) -> f64 {
    match lanes {
        0..=9 => 46.0,
        10..=15 => 38.0,
        _ => 32.0,
    }
}

/// The nodes that get a lane, and in words which of a crowd: all, or those that led or changed most. Where all were as
/// busy, the first; where nothing happened to any, none.
fn chosen(lanes: &Lanes) -> (Vec<usize>, &'static str) {
    let mut order: Vec<usize> = (0..lanes.lanes.len()).collect();
    if order.len() > LANES_MAX {
        let mut changes: Vec<(bool, usize)> =
            lanes.lanes.iter().map(|lane| (false, lane.segments.len())).collect();
        for (node, _) in lanes.elections() {
            changes[node].0 = true;
        }
        let busiest = changes.iter().max().copied().unwrap_or_default();
        if busiest.1 <= 1 {
            return (Vec::new(), "");
        }
        let alike = changes.iter().filter(|change| **change == busiest).count() > LANES_OF_CROWD;
        order.sort_by_key(|node| (std::cmp::Reverse(changes[*node]), *node));
        order.truncate(LANES_OF_CROWD);
        order.sort_unstable();
        return (order, if alike { " (the first of them above)" } else { " (the busiest above)" });
    }
    (order, "")
}

/// Bars first, then lines across all of them, then marks and labels, so that no line strikes a label out.
fn paint_lanes(
    canvas: &mut Canvas,
    paint: &LanePaint<'_>,
    placed: &[(&Lane, Rect)],
    across: impl FnOnce(&mut Canvas),
) {
    let segments: Vec<Vec<Segment>> = placed.iter().map(|(lane, _)| paint.segments(lane)).collect();
    for ((lane, rect), segments) in placed.iter().zip(&segments) {
        paint.bars(canvas, lane, segments, *rect);
    }
    across(canvas);
    for ((_, rect), segments) in placed.iter().zip(&segments) {
        paint.marks(canvas, segments, *rect);
        paint.labels(canvas, segments, *rect);
    }
}

/// One node's lane without its bar: its name, its ground, what the network did to it.
fn ground(canvas: &mut Canvas, run: &Run<'_>, paint: &LanePaint<'_>, index: usize, rect: Rect) {
    let lane = &paint.lanes.lanes[index];
    let room = LEFT - MARGIN - 10.0;
    let name = fit(&lane.name, LABEL.size, true, room);
    let with_place = !lane.place.is_empty() && rect.h >= 38.0;
    let baseline = rect.y + rect.h / 2.0 + if with_place { -2.0 } else { 5.5 };
    canvas.text(rect.x - 8.0, baseline, &name, &LABEL.bold().end());
    if with_place {
        let place = fit(&lane.place, SMALL.size, false, room);
        canvas.text(rect.x - 8.0, baseline + 16.0, &place, &SMALL.color(MUTED).end());
    }
    canvas.rect(rect, &Paint::solid(GROUND));
    let end = paint.lanes.end_ns;
    let mut tinted_to = f64::MIN;
    for fault in &run.record.faults {
        let x = paint.chart.at_x(fault.at.0 as f64);
        let right = paint.chart.at_x(until(fault, end) as f64);
        if right - x < 0.3 || right < tinted_to + 0.3 && fault.fault != "Partition" {
            continue;
        }
        let band = Rect::new(x, rect.y, right - x, rect.h);
        if let Some(sides) = sides(fault, run.record) {
            let largest = largest(&sides);
            let cut_off = sides.get(index).copied().flatten().is_some_and(|side| side != largest);
            let fill = if cut_off { CUT_OFF } else { crate::canvas::Fill::Solid(UNDER_FAULT) };
            canvas.rect(band, &Paint::filled(fill));
        } else if fault.targets.iter().any(|peer| !peer.is_client() && peer.index() == index) {
            canvas.rect(band, &Paint::solid(UNDER_FAULT));
            tinted_to = right;
        }
    }
}

/// The side with most nodes; the last of equals, because the engine names the smaller first.
fn largest(sides: &[Option<usize>]) -> usize {
    let many = sides.iter().flatten().max().map_or(0, |last| last + 1);
    (0..many).max_by_key(|side| sides.iter().flatten().filter(|s| *s == side).count()).unwrap_or(0)
}

/// Where faults begin and end, as lines through all lanes.
fn edges(canvas: &mut Canvas, run: &Run<'_>, chart: &Chart, top: f64, bottom: f64) {
    let record = run.record;
    let end = end_ns(record);
    if record.faults.len() <= 12 {
        for fault in &record.faults {
            for at in [fault.at.0, until(fault, end)] {
                let x = chart.at_x(at as f64);
                canvas.line((x, top - 6.0), (x, bottom), &Paint::line(MUTED, 1.0).dashed("2 4").faded(0.7));
            }
        }
    }
}

fn legend(run: &Run<'_>, lanes: &Lanes) -> Vec<Key> {
    let used = |wanted: &dyn Fn(&crate::lanes::Segment) -> bool| {
        lanes.lanes.iter().any(|lane| lane.segments.iter().any(wanted))
    };
    let mut legend: Vec<Key> = lanes
        .roles
        .iter()
        .enumerate()
        .filter(|(place, role)| {
            let role_used = used(&|s| s.role == *place && s.running == Running::Up);
            role_used && (!role.is_empty() || lanes.roles.len() == 1)
        })
        .map(|(place, role)| {
            let word = if role.is_empty() { "up".to_string() } else { role.clone() };
            Key { paint: key(role, place.saturating_sub(1)), word }
        })
        .take(10)
        .collect();
    if used(&|s| s.running == Running::Paused) {
        legend.push(Key { paint: paused_key(), word: "paused".into() });
    }
    if lanes.lanes.len() > LANES_MAX && used(&|s| matches!(s.running, Running::Down | Running::Halted)) {
        legend.push(Key { paint: crate::plots::crowd::down_key(), word: "down".into() });
    }
    if run.record.faults.iter().any(|fault| sides(fault, run.record).is_some()) {
        legend.push(Key { paint: cut_off_key(), word: "cut off from the larger side".into() });
    }
    legend
}

/// What is seen, in a sentence: the subtitle, and the description for who cannot see it.
fn story(run: &Run<'_>, lanes: &Lanes) -> String {
    let record = run.record;
    let (ok, failed, unknown) = record.history.counts();
    let asked = record.history.entries.len() as u64;
    let mut parts = vec![format!(
        "{}, {}",
        count(lanes.lanes.len() as u64, "node"),
        crate::number::duration(end_ns(run.record) as f64)
    )];
    if lanes.roles.iter().any(|role| leads(role)) {
        let won = lanes.elections().len() as u64;
        parts.push(format!("{} won", count(won, "election")));
    }
    parts.push(if record.faults.is_empty() {
        "no faults".into()
    } else {
        count(record.faults.len() as u64, "fault")
    });
    parts.push(if asked == 0 {
        "no operations".into()
    } else {
        format!(
            "{}: {} ok, {} failed, {} unknown",
            count(asked, "operation"),
            whole(ok),
            whole(failed),
            whole(unknown)
        )
    });
    parts.join(" · ")
}
