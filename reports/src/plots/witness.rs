//! The witness of a violation in space and time: a row per process, a bar per operation, an arrow per step of the
//! argument, and the story in words below.
//!
//! Time runs to the right in order but not to scale, so that an operation of a millisecond and a silence of ten
//! seconds both fit. Deliberately absent: operations that the argument does not need.

use checks::verdict::Witness;
use sim_core::record::Record;
use sim_core::time::Time;

use crate::arrow::{Arrow, reason};
use crate::canvas::{Canvas, Fill, Paint, Rect};
use crate::evidence::{Exhibit, circumstances, exhibits};
use crate::heading::{Key, heading, keys, run_name};
use crate::labels::Taken;
use crate::lanes::{end_ns, end_of};
use crate::number::instant;
use crate::style::{
    ALARM, Color, End, GRID, GROUND, INK, LABEL, MARGIN, MUTED, PAPER, PLUM, SMALL, VERMILLION, WIDTH,
};
use crate::text::{fit, wrap};

/// Where time begins.
const LEFT: f64 = 128.0;
/// The height of a bar, and the room above it for arrows.
const BAR: f64 = 32.0;
const ROOM: f64 = 42.0;
/// The least gap between two instants.
const GAP: f64 = 26.0;

/// The horizontal place of each operation's beginning and end.
type Spans = Vec<(f64, f64)>;

/// Draws a witness; `None` if it names no operation of the record.
#[must_use]
pub fn witness(check: &str, witness: &Witness, record: &Record) -> Option<String> {
    let (exhibits, more) = exhibits(witness, record);
    if exhibits.is_empty() {
        return None;
    }
    let mut canvas = Canvas::new(&format!("witness {check}"), WIDTH);
    let headline = format!("not {check} ({}): {}", witness.anomaly, witness.headline);
    let mut y = heading(&mut canvas, "witness", &run_name(record), &headline);
    y = keys(&mut canvas, MARGIN, y, &legend(&exhibits)) + 4.0;
    let end = end_ns(record);
    let (spans, room) = lay_out(&exhibits);
    let processes = processes(&exhibits);
    let row_top = |process: u32| {
        let row = processes.iter().position(|p| *p == process).unwrap_or(0);
        y + ROOM + row as f64 * (BAR + ROOM)
    };
    let bars: Vec<Rect> = exhibits
        .iter()
        .zip(&spans)
        .map(|(exhibit, (from, to))| Rect::new(*from, row_top(exhibit.entry.process), to - from, BAR))
        .collect();
    let bottom = y + processes.len() as f64 * (BAR + ROOM) + 22.0;
    for process in &processes {
        let top = row_top(*process);
        canvas.rect(Rect::new(LEFT, top - 4.0, WIDTH - LEFT - MARGIN, BAR + 8.0), &Paint::solid(GROUND));
        canvas.text(LEFT - 10.0, top + 21.0, &format!("process {process}"), &LABEL.bold().end());
    }
    instants(&mut canvas, &exhibits, &spans, y + 18.0, bottom, end);
    let named = arrows(&mut canvas, witness, &exhibits, &bars);
    for (number, (exhibit, bar)) in exhibits.iter().zip(&bars).enumerate() {
        draw_bar(&mut canvas, exhibit, *bar, number + 1, room);
    }
    edge_labels(&mut canvas, &named, &bars, y);
    let bottom = words(&mut canvas, witness, &exhibits, more, record, bottom + 62.0);
    let told = format!("{headline} {}", witness.story.join(" "));
    Some(canvas.finish(bottom + 12.0, &format!("Witness of a violation in {}", run_name(record)), &told))
}

/// The processes in the order of their first operation.
fn processes(exhibits: &[Exhibit<'_>]) -> Vec<u32> {
    let mut order: Vec<(Time, u64, u32)> =
        exhibits.iter().map(|e| (e.entry.invoked, e.entry.invoked_index, e.entry.process)).collect();
    order.sort_unstable();
    let mut processes: Vec<u32> = Vec::new();
    for (.., process) in order {
        if !processes.contains(&process) {
            processes.push(process);
        }
    }
    processes
}

/// Places all beginnings and ends in their order, far enough apart for the bars' words; tries shorter words until it
/// fits the width. Answers the room for words, too.
fn lay_out(exhibits: &[Exhibit<'_>]) -> (Spans, f64) {
    let mut events: Vec<(Time, u64, usize, bool)> = Vec::new();
    for (i, exhibit) in exhibits.iter().enumerate() {
        events.push((exhibit.entry.invoked, exhibit.entry.invoked_index, i, false));
        if exhibit.entry.completed != Time::NEVER {
            // A foreign history may end an operation before it begins; a picture cannot.
            let (began, index) = (exhibit.entry.invoked, exhibit.entry.invoked_index);
            let ended = (exhibit.entry.completed, exhibit.entry.completed_index).max((began, index));
            events.push((ended.0, ended.1, i, true));
        }
    }
    events.sort_unstable();
    let (from, to) = (LEFT + 16.0, WIDTH - MARGIN - 24.0);
    for room in [420.0, 300.0, 220.0, 160.0, 110.0, 60.0, 0.0] {
        let gap = if room > 60.0 { GAP } else { GAP / 2.0 };
        let mut spans: Spans = vec![(0.0, f64::MAX); exhibits.len()];
        let mut steps: Vec<f64> = Vec::new();
        let mut x: f64 = 0.0;
        for (i, (_, _, exhibit, ends)) in events.iter().enumerate() {
            let before = x;
            x += if i == 0 { 0.0 } else { gap };
            if *ends {
                x = x.max(spans[*exhibit].0 + wanted(&exhibits[*exhibit], room));
                spans[*exhibit].1 = x;
            } else {
                spans[*exhibit].0 = x;
            }
            steps.push(x - before);
        }
        let open = exhibits.iter().zip(&spans).filter(|(_, (_, to))| *to == f64::MAX);
        let open_until = open.map(|(e, (from, _))| from + wanted(e, room)).fold(x + gap, f64::max);
        let total = if spans.iter().any(|(_, to)| *to == f64::MAX) { open_until } else { x };
        if total > to - from && room > 0.0 {
            continue;
        }
        // What room is left is shared out, the same factor everywhere.
        let stretch = if total > 0.0 { (to - from) / total } else { 1.0 };
        let place = |x: f64| if x == f64::MAX { to + 14.0 } else { from + x * stretch };
        return (spans.into_iter().map(|(a, b)| (place(a), place(b))).collect(), room);
    }
    (Vec::new(), 0.0)
}

/// The width that a bar wants for its words.
fn wanted(exhibit: &Exhibit<'_>, room: f64) -> f64 {
    46.0 + SMALL.width(&exhibit.words).min(room)
}

fn draw_bar(canvas: &mut Canvas, exhibit: &Exhibit<'_>, bar: Rect, number: usize, room: f64) {
    let open = exhibit.entry.completed == Time::NEVER;
    let paint = bar_paint(exhibit);
    canvas.told(&exhibit.words, |canvas| canvas.rounded(bar, 5.0, &paint));
    if open {
        let x = bar.right();
        let point = [(x - 1.0, bar.y), (x + 9.0, bar.y + bar.h / 2.0), (x - 1.0, bar.bottom())];
        canvas.polyline(&point, &Paint::solid(PLUM));
    }
    let middle = bar.y + bar.h / 2.0;
    canvas.circle((bar.x + 15.0, middle), 10.0, &Paint::solid(INK));
    let digit = SMALL.bold().color(PAPER).middle();
    canvas.text(bar.x + 15.0, middle + 5.0, &number.to_string(), &digit);
    if room > 0.0 {
        let text = fit(&exhibit.words, SMALL.size, false, bar.w - 38.0);
        canvas.text(bar.x + 31.0, middle + 5.0, &text, &SMALL);
    }
}

fn bar_paint(exhibit: &Exhibit<'_>) -> Paint {
    let reads = exhibit.entry.operation.call.is_read_only();
    let color = if reads { READ } else { WRITE };
    match end_of(exhibit.entry) {
        End::Ok => Paint::solid(color).outlined(INK, 1.4),
        End::Failed => Paint::solid(PAPER).outlined(VERMILLION, 1.6).dashed("3 3"),
        End::Unknown => Paint::filled(Fill::Solid(PAPER)).outlined(PLUM, 1.6).dashed("7 4"),
    }
}

/// The ground of operations that only read.
const READ: Color = Color(0xfbe3b4);
/// The ground of operations that change something.
const WRITE: Color = Color(0xc7ddee);

fn legend(exhibits: &[Exhibit<'_>]) -> Vec<Key> {
    let mut legend = Vec::new();
    let ok = |e: &Exhibit<'_>| end_of(e.entry) == End::Ok;
    let mut add = |word: &str, wanted: &dyn Fn(&Exhibit<'_>) -> bool| {
        if let Some(exhibit) = exhibits.iter().find(|e| wanted(e)) {
            legend.push(Key { paint: bar_paint(exhibit), word: word.into() });
        }
    };
    add("changes", &|e| ok(e) && !e.entry.operation.call.is_read_only());
    add("only reads", &|e| ok(e) && e.entry.operation.call.is_read_only());
    add("failed", &|e| end_of(e.entry) == End::Failed);
    add("end unknown", &|e| end_of(e.entry) == End::Unknown);
    legend
}

/// Thin lines at beginnings and ends, with their times where there is room.
fn instants(
    canvas: &mut Canvas,
    exhibits: &[Exhibit<'_>],
    spans: &Spans,
    top: f64,
    bottom: f64,
    end_ns: u64,
) {
    let mut at: Vec<(f64, Time)> = Vec::new();
    for (exhibit, (from, to)) in exhibits.iter().zip(spans) {
        at.push((*from, exhibit.entry.invoked));
        if exhibit.entry.completed != Time::NEVER {
            at.push((*to, exhibit.entry.completed));
        }
    }
    at.sort_by(|a, b| a.0.total_cmp(&b.0));
    canvas.line((LEFT, bottom), (WIDTH - MARGIN, bottom), &Paint::line(INK, 1.2));
    let mut free_from = f64::MIN;
    for (x, time) in at {
        canvas.line((x, top), (x, bottom), &Paint::line(GRID, 1.0).dashed("2 3"));
        canvas.line((x, bottom), (x, bottom + 5.0), &Paint::line(INK, 1.2));
        let text = instant(time.0, end_ns);
        let look = SMALL.middle();
        let half = look.width(&text) / 2.0;
        let x = x.min(WIDTH - 8.0 - half);
        let extent = look.extent(x, bottom + 20.0, &text);
        if extent.x >= free_from {
            canvas.text(x, bottom + 20.0, &text, &look);
            free_from = extent.right() + 10.0;
        }
    }
    let middle = (LEFT + WIDTH - MARGIN) / 2.0;
    canvas.text(middle, bottom + 40.0, "time, in order but not to scale", &SMALL.color(MUTED).middle());
}

/// Draws the argument's arrows; answers them with their reasons.
fn arrows(
    canvas: &mut Canvas,
    witness: &Witness,
    exhibits: &[Exhibit<'_>],
    bars: &[Rect],
) -> Vec<(Arrow, String)> {
    let find = |position: usize| exhibits.iter().position(|e| e.position == position);
    let ends: Vec<(usize, usize, &str)> = witness
        .edges
        .iter()
        .filter_map(|edge| Some((find(edge.from)?, find(edge.to)?, edge.why.as_str())))
        .filter(|(from, to, _)| from != to)
        .collect();
    let mut router = Router { bars, columns: Vec::new() };
    let mut drawn: Vec<(Arrow, String)> = Vec::new();
    for (i, (from, to, why)) in ends.iter().enumerate() {
        let same = |(a, b, _): &&(usize, usize, &str)| (*a, *b) == (*from, *to) || (*b, *a) == (*from, *to);
        let (before, all) = (ends[..i].iter().filter(same).count(), ends.iter().filter(same).count());
        let fan = before as f64 - (all as f64 - 1.0) / 2.0;
        let starts = ends[..i].iter().filter(|(a, ..)| a == from).count() as f64;
        let lands = ends[..i].iter().filter(|(_, b, _)| b == to).count() as f64;
        let follows = exhibits[*from].entry.completed <= exhibits[*to].entry.invoked;
        let arrow = router.route(bars[*from], bars[*to], follows, (fan, starts, lands));
        let (color, dash, _) = reason(why);
        arrow.draw(canvas, color, 2.2, dash);
        drawn.push((arrow, (*why).to_string()));
    }
    drawn
}

/// Finds ways between bars.
struct Router<'a> {
    bars: &'a [Rect],
    /// The columns that long ways have taken.
    columns: Vec<f64>,
}

impl Router<'_> {
    /// A way from one bar to another. `follows` if the second begins after the first has ended; the numbers spread
    /// ways that share both ends, a beginning or an end.
    fn route(&mut self, a: Rect, b: Rect, follows: bool, (fan, starts, lands): (f64, f64, f64)) -> Arrow {
        let shared = (a.x.max(b.x), a.right().min(b.right()));
        let (x1, x2) = if follows || shared.0 > shared.1 {
            let leave = if a.x < b.x { a.right() - 8.0 - starts * 11.0 } else { a.x + 30.0 + starts * 11.0 };
            let land = if a.x < b.x { b.x + 34.0 + lands * 13.0 } else { b.right() - 8.0 - lands * 13.0 };
            (leave.min(a.right() - 4.0).max(a.x + 4.0), land.min(b.right() - 4.0).max(b.x + 4.0))
        } else {
            let x = ((shared.0 + shared.1) / 2.0 + fan * 64.0).min(shared.1).max(shared.0);
            (x, x)
        };
        let rows = (b.y - a.y) / (BAR + ROOM);
        if rows.abs() < 0.5 {
            let lift = a.y - ROOM * 0.7;
            return Arrow::Curve([(x1, a.y), (x1, lift), (x2, lift), (x2, b.y)]);
        }
        let down = if rows > 0.0 { 1.0 } else { -1.0 };
        let (y1, y2) = if down > 0.0 { (a.bottom(), b.y) } else { (a.y, b.bottom()) };
        if rows.abs() > 1.5
            && let Some(column) = self.column(y1.min(y2), y1.max(y2), x1, x2)
        {
            self.columns.push(column);
            let spread = (self.columns.len() % 4) as f64 * 6.0;
            let (out, into) = (y1 + down * (10.0 + spread), y2 - down * (14.0 + spread));
            let below = (a.x + 4.0..a.right() - 4.0).contains(&column);
            let x1 = if below { column } else { x1 };
            let points = [(x1, y1), (x1, out), (column, out), (column, into), (x2, into), (x2, y2)];
            return Arrow::Bent(points.to_vec());
        }
        let bend = (y2 - y1) * 0.5;
        Arrow::Curve([(x1, y1), (x1, y1 + bend), (x2, y2 - bend), (x2, y2)])
    }

    /// A column free of bars and of other ways between two heights, the nearest to both ends.
    fn column(&self, top: f64, bottom: f64, x1: f64, x2: f64) -> Option<f64> {
        let free = |x: &f64| {
            let way = Rect::new(x - 7.0, top + 1.0, 14.0, bottom - top - 2.0);
            !self.bars.iter().any(|bar| bar.overlaps(&way))
                && self.columns.iter().all(|taken| (taken - x).abs() >= 9.0)
        };
        let steps = ((WIDTH - MARGIN - LEFT) / 4.0) as usize;
        let candidates = (1..steps).map(|i| LEFT + 4.0 * i as f64).filter(free);
        candidates.min_by(|a, b| {
            let way = |x: f64| (x - x1).abs() + (x - x2).abs();
            way(*a).total_cmp(&way(*b))
        })
    }
}

fn edge_labels(canvas: &mut Canvas, arrows: &[(Arrow, String)], bars: &[Rect], top: f64) {
    let mut taken = Taken::default();
    for bar in bars {
        taken.add(*bar);
    }
    let bounds = Rect::new(LEFT, top, WIDTH - LEFT, 10_000.0);
    for (arrow, why) in arrows {
        let (color, ..) = reason(why);
        let look = SMALL.bold().color(color).halo();
        let places: Vec<_> = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8]
            .iter()
            .flat_map(|t| {
                let (x, y) = arrow.at(*t);
                [(x, y + 5.0, look.middle()), (x + 8.0, y + 5.0, look), (x - 8.0, y + 5.0, look.end())]
            })
            .collect();
        let text = fit(why, SMALL.size, true, 160.0);
        if let Some((x, y, look)) = taken.place(&text, &places, &bounds) {
            canvas.text(x, y, &text, &look);
        }
    }
}

/// The operations and the story in words.
fn words(
    canvas: &mut Canvas,
    witness: &Witness,
    exhibits: &[Exhibit<'_>],
    more: usize,
    record: &Record,
    top: f64,
) -> f64 {
    let end = end_ns(record);
    let mut y = top + 10.0;
    let room = WIDTH - 2.0 * MARGIN - 34.0;
    let widest = exhibits.iter().map(|e| SMALL.bold().width(&e.words)).fold(0.0, f64::max).min(room * 0.5);
    let x = MARGIN + 34.0 + widest + 14.0;
    for (number, exhibit) in exhibits.iter().enumerate() {
        canvas.text(MARGIN + 24.0, y, &(number + 1).to_string(), &SMALL.bold().end());
        let what = fit(&exhibit.words, SMALL.size, true, room * 0.5);
        canvas.text(MARGIN + 34.0, y, &what, &SMALL.bold());
        let rest = circumstances(exhibit.entry, record, end);
        canvas.text(x, y, &fit(&rest, SMALL.size, false, WIDTH - MARGIN - x), &SMALL.color(MUTED));
        y += 21.0;
    }
    if more > 0 {
        canvas.text(MARGIN + 34.0, y, &format!("and {more} more operations"), &SMALL.color(MUTED));
        y += 21.0;
    }
    let mut reasons: Vec<&str> = Vec::new();
    for edge in &witness.edges {
        let (.., meaning) = reason(&edge.why);
        if !meaning.is_empty() && !reasons.contains(&meaning) {
            reasons.push(meaning);
        }
    }
    y += 10.0;
    for line in wrap(&reasons.join(" · "), SMALL.size, false, room + 34.0, 3) {
        canvas.text(MARGIN, y, &line, &SMALL.color(MUTED));
        y += 21.0;
    }
    y += 6.0;
    for step in witness.story.iter().take(24) {
        canvas.rect(Rect::new(MARGIN + 12.0, y - 9.0, 7.0, 7.0), &Paint::solid(ALARM));
        for line in wrap(step, LABEL.size, false, room, 4) {
            canvas.text(MARGIN + 34.0, y, &line, &LABEL);
            y += 23.0;
        }
    }
    y
}
