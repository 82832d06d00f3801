//! Who heard when: nodes down, time to the right, darker as a node (or the nodes that share a row) knows more; below it
//! the same of all nodes together, the infection curve of the run.
//!
//! Of one rumor a node has heard or not. Of many updates it has a share of those made lately, within a fifth of the
//! run, so that what was learnt long ago does not hide what is missing now. Deliberately absent: from whom.

use std::collections::{BTreeMap, BTreeSet};

use checks::metrics::gossip::{HEARD, first_hearings};
use sim_core::record::{Life, Record};

use crate::axis::Axis;
use crate::canvas::{Canvas, Paint, Rect};
use crate::chart::{Chart, Stroke};
use crate::faults::Strip;
use crate::heading::{heading, run_name};
use crate::input::Run;
use crate::lanes::end_ns;
use crate::number::{duration, percent, whole};
use crate::plots::heat_rows::{
    COLUMNS, Cell, Groups, LEFT, Row, column_from, draw, has_down, height, key, middle_ns, title,
};
use crate::style::{BLUE, MARGIN, UNDER_FAULT, WIDTH};

/// The height of the curve.
const CURVE: f64 = 150.0;

/// What a node knows from when until when.
struct Known {
    node: usize,
    from: u64,
    until: u64,
}

/// What all there is to know is, and who knows it.
struct News {
    known: Vec<Known>,
    /// From when until when each thing could be known.
    there: Vec<(u64, u64)>,
    end: u64,
    story: String,
    words: [&'static str; 3],
}

/// Draws who heard when; `None` where nothing was to be heard.
#[must_use]
pub fn who_heard(run: &Run<'_>) -> Option<String> {
    let record = run.record;
    let news = if record.measures.contains_key(HEARD) { rumor(record)? } else { updates(record)? };
    let groups = Groups::of(record.node_count as usize);
    let (rows, all) = cells(record, groups, &news);
    let mut canvas = Canvas::new("who-heard", WIDTH);
    let mut y = heading(&mut canvas, "who heard when", &run_name(record), &news.story);
    y = key(&mut canvas, y, news.words, has_down(&rows));
    let width = WIDTH - LEFT - MARGIN;
    let strip = Strip::of(record, news.end, width);
    let strip_top = y + 4.0;
    y += strip.height() + if strip.height() > 0.0 { 12.0 } else { 4.0 };
    let mut share = Axis::from_zero(1.0, 2, "of all nodes");
    share.ticks =
        [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")].map(|(tick, text)| (tick, text.into())).into();
    let rect = Rect::new(LEFT, y, width, height(rows.len()));
    let mut chart = Chart { rect, x: Axis::time(news.end, 10), y: share };
    draw(&mut canvas, &chart, &rows, y);
    strip.ground(&mut canvas, &chart, strip_top);
    strip.draw(&mut canvas, &chart, strip_top);
    y = rect.bottom() + 34.0;
    title(&mut canvas, LEFT, y - 10.0, "all nodes together");
    chart.rect = Rect::new(LEFT, y, width, CURVE);
    for (from, to) in strip.spans() {
        let x = chart.at_x(from as f64);
        canvas.rect(Rect::new(x, y, chart.at_x(to as f64) - x, CURVE), &Paint::solid(UNDER_FAULT));
    }
    chart.grid(&mut canvas);
    for piece in all.split(|point| point.1.is_nan()) {
        chart.series(&mut canvas, piece.to_vec(), Stroke { color: BLUE, width: 2.4, dash: "" });
    }
    chart.y_axis(&mut canvas);
    let bottom = chart.x_axis(&mut canvas);
    Some(canvas.finish(bottom + 14.0, &format!("Who heard when in {}", run_name(record)), &news.story))
}

fn rumor(record: &Record) -> Option<News> {
    let heard = first_hearings(record);
    let (first, last) = (heard.first()?.at.0, heard.last()?.at.0);
    let end = end_ns(record).min(last.saturating_add(last / 12 + 1));
    let nodes = u64::from(record.node_count);
    let after = |share: f64| {
        let place = (nodes as f64 * share).ceil().max(1.0) as usize - 1;
        heard.get(place).map_or_else(|| "never".into(), |at| duration((at.at.0 - first) as f64))
    };
    let never = nodes - heard.len() as u64;
    let rest = match never {
        0 => "nobody was left out".to_string(),
        _ => format!("{} never heard ({})", whole(never), percent(never as f64 / nodes as f64)),
    };
    let story = format!(
        "a rumor among {} nodes: half had heard after {}, 99 % after {}, the last after {} · {rest}",
        whole(nodes),
        after(0.5),
        after(0.99),
        duration((last - first) as f64),
    );
    let known = |m: &sim_core::record::Measure| Known { node: m.node.index(), from: m.at.0, until: u64::MAX };
    Some(News {
        known: heard.iter().map(known).collect(),
        there: vec![(0, u64::MAX)],
        end,
        story,
        words: ["not heard", "half of the row has", "heard"],
    })
}

fn updates(record: &Record) -> Option<News> {
    let list = record.measures.get("applied")?;
    let end = end_ns(record);
    let lately = end / 5;
    let mut starts: BTreeMap<i64, u64> = BTreeMap::new();
    let (mut seen, mut known) = (BTreeSet::new(), Vec::new());
    for measure in list.iter().filter(|measure| seen.insert((measure.value, measure.node))) {
        let start = *starts.entry(measure.value).or_insert(measure.at.0);
        known.push(Known {
            node: measure.node.index(),
            from: measure.at.0,
            until: start.saturating_add(lately),
        });
    }
    known.retain(|known| known.from < known.until);
    let story = format!(
        "{} updates among {} nodes: which share of those made in the last {} each node has",
        whole(starts.len() as u64),
        whole(u64::from(record.node_count)),
        duration(lately as f64),
    );
    let there = starts.values().map(|start| (*start, start.saturating_add(lately))).collect();
    Some(News { known, there, end, story, words: ["has none", "half", "has all"] })
}

/// The rows, and the share of all nodes at each column's middle.
fn cells(record: &Record, groups: Groups, news: &News) -> (Vec<Row>, Vec<(f64, f64)>) {
    let mut there = vec![0_i64; COLUMNS + 1];
    for (from, until) in &news.there {
        there[column_from(*from, news.end)] += 1;
        there[column_from(*until, news.end)] -= 1;
    }
    let mut counts = vec![vec![0_i64; COLUMNS + 1]; groups.rows()];
    for known in &news.known {
        let Some(row) = counts.get_mut(known.node / groups.size) else { continue };
        row[column_from(known.from, news.end)] += 1;
        row[column_from(known.until, news.end)] -= 1;
    }
    let sum = |changes: &[i64]| -> Vec<i64> {
        let mut now = 0;
        let add = |change: &i64| {
            now += change;
            now
        };
        changes.iter().take(COLUMNS).map(add).collect()
    };
    let there = sum(&there);
    let counts: Vec<Vec<i64>> = counts.iter().map(|row| sum(row)).collect();
    let share =
        |count: i64, column: usize, nodes: usize| count as f64 / (there[column] * nodes as i64) as f64;
    let rows = counts.iter().enumerate().map(|(place, row)| {
        let cell = |column: usize| match there[column] {
            0 => Cell::Nothing,
            _ => Cell::Share(share(row[column], column, groups.in_row(place))),
        };
        Row { label: groups.label(record, place), cells: (0..COLUMNS).map(cell).collect() }
    });
    let mut rows: Vec<Row> = rows.collect();
    if groups.size == 1 {
        mark_down(record, &mut rows, news.end);
    }
    let all = (0..COLUMNS).map(|column| {
        let sum: i64 = counts.iter().map(|row| row[column]).sum();
        let at = middle_ns(column, news.end) as f64;
        (at, if there[column] == 0 { f64::NAN } else { share(sum, column, groups.nodes) })
    });
    (rows, all.collect())
}

/// Cells of nodes that are down.
fn mark_down(record: &Record, rows: &mut [Row], end: u64) {
    let mut since: BTreeMap<usize, u64> = BTreeMap::new();
    let mut fill = |node: usize, from: u64, to: u64| {
        if let Some(row) = rows.get_mut(node) {
            let (from, to) = (column_from(from, end), column_from(to, end));
            row.cells[from..to.max(from)].fill(Cell::Down);
        }
    };
    for change in record.lives.iter().filter(|change| !change.node.is_client()) {
        let node = change.node.index();
        match change.life {
            Life::Crashed | Life::Halted => {
                since.entry(node).or_insert(change.at.0);
            }
            Life::Up => {
                if let Some(from) = since.remove(&node) {
                    fill(node, from, change.at.0);
                }
            }
            Life::Paused | Life::Resumed => {}
        }
    }
    for (node, from) in since {
        fill(node, from, u64::MAX);
    }
}
