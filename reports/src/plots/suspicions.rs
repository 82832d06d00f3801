//! Who is suspected, and who knows: a row for each member that is ever suspected, darker as more of those who watch it
//! suspect it or have given it up; and for the first crash a row for each of the others, who trust, suspect, or have
//! declared it dead.
//!
//! Deliberately absent: detectors that nobody says watch anyone.

use std::collections::{BTreeMap, BTreeSet};

use checks::metrics::detection::{Suspicion, suspicions};
use sim_core::record::{Life, Record};

use crate::axis::Axis;
use crate::canvas::{Canvas, Rect};
use crate::chart::Chart;
use crate::faults::Strip;
use crate::heading::{heading, run_name};
use crate::input::Run;
use crate::lanes::end_ns;
use crate::number::{duration, instant, whole};
use crate::plots::heat_rows::{
    COLUMNS, Cell, Groups, LEFT, ROWS_MAX, Row, column_from, draw, height, key, name, title,
};
use crate::style::{MARGIN, WIDTH};

/// Draws the suspicions of a run; `None` if nobody watched anyone, or nobody suspected.
#[must_use]
pub fn suspicions_over_time(run: &Run<'_>) -> Option<String> {
    let record = run.record;
    let watchers = watchers(record)?;
    let all = suspicions(record);
    if all.is_empty() {
        return None;
    }
    let end = end_ns(record);
    let about = about(record, &all, &watchers, end);
    let knowing = knowing(record, &all, end);
    let story = story(record, &all, knowing.as_ref());
    let mut canvas = Canvas::new("suspicions", WIDTH);
    let mut y = heading(&mut canvas, "suspicions", &run_name(record), &story);
    let width = WIDTH - LEFT - MARGIN;
    let strip = Strip::of(record, end, width);
    let strip_top = y + 4.0;
    y += strip.height() + 38.0;
    let mut chart = Chart {
        rect: Rect::new(LEFT, y, width, height(about.len())),
        x: Axis::time(end, 10),
        y: Axis::from_zero(1.0, 1, ""),
    };
    let words = ["trusted by all who watch", "suspected by half", "by all"];
    title(&mut canvas, LEFT, y - 10.0, "who is suspected, or given up");
    draw(&mut canvas, &chart, &about, y);
    y = key(&mut canvas, y + height(about.len()) + 6.0, words, false);
    if let Some(knowing) = &knowing {
        y += 34.0;
        title(&mut canvas, LEFT, y - 10.0, &format!("who knows that {} crashed", knowing.whom));
        draw(&mut canvas, &chart, &knowing.rows, y);
        y = key(
            &mut canvas,
            y + height(knowing.rows.len()) + 6.0,
            ["trusts", "suspects", "declared it dead"],
            false,
        );
    }
    strip.ground(&mut canvas, &chart, strip_top);
    strip.draw(&mut canvas, &chart, strip_top);
    chart.rect.h = y - chart.rect.y;
    let bottom = chart.x_axis(&mut canvas);
    Some(canvas.finish(bottom + 14.0, &format!("Suspicions in {}", run_name(record)), &story))
}

/// How many watch each node; `None` if nobody said that it watches.
fn watchers(record: &Record) -> Option<BTreeMap<i64, usize>> {
    let mut by: BTreeMap<i64, BTreeSet<u32>> = BTreeMap::new();
    for watch in record.measures.get("watches")? {
        by.entry(watch.value).or_default().insert(watch.node.raw());
    }
    Some(by.into_iter().map(|(of, by)| (of, by.len())).collect())
}

/// A row for each member that was suspected, or for each group of nodes where these are too many.
fn about(record: &Record, all: &[Suspicion], watchers: &BTreeMap<i64, usize>, end: u64) -> Vec<Row> {
    let subjects: BTreeSet<i64> = all.iter().map(|suspicion| suspicion.of).collect();
    let single = subjects.len() <= ROWS_MAX;
    let groups = Groups::of(record.node_count as usize);
    let everyone = watchers.get(&-1).copied().unwrap_or(0);
    let of = |node: i64| match everyone {
        0 => watchers.get(&node).copied().unwrap_or(1),
        all => all.saturating_sub(1).max(1),
    } as f64;
    let mut rows: BTreeMap<i64, (f64, Vec<f64>)> = BTreeMap::new();
    let row = |node: i64| if single { node } else { node / groups.size as i64 };
    if single {
        rows.extend(subjects.iter().map(|node| (*node, (of(*node), vec![0.0; COLUMNS]))));
    } else {
        for node in 0..i64::from(record.node_count) {
            rows.entry(row(node)).or_insert_with(|| (0.0, vec![0.0; COLUMNS])).0 += of(node);
        }
    }
    let wide = end as f64 / COLUMNS as f64;
    for suspicion in all {
        let Some((_, cells)) = rows.get_mut(&row(suspicion.of)) else { continue };
        let (from, until) = (suspicion.from.0 as f64 / wide, suspicion.until.0.min(end) as f64 / wide);
        let last = (until.ceil() as usize).min(COLUMNS);
        for (column, cell) in cells.iter_mut().enumerate().take(last).skip(from as usize) {
            *cell += (until.min(column as f64 + 1.0) - from.max(column as f64)).max(0.0);
        }
    }
    let finish = |(key, (watchers, cells)): (i64, (f64, Vec<f64>))| Row {
        label: if single { name(record, key as usize) } else { groups.label(record, key as usize) },
        // Sums of parts of a column come out a hair below the whole.
        cells: cells.iter().map(|sum| Cell::Share((sum / watchers * (1.0 + 1e-9)).min(1.0))).collect(),
    };
    rows.into_iter().map(finish).collect()
}

/// What the others know of the first crash.
struct Knowing {
    whom: String,
    crashed: u64,
    first: u64,
    last: u64,
    rows: Vec<Row>,
}

fn knowing(record: &Record, all: &[Suspicion], end: u64) -> Option<Knowing> {
    let declared = record.measures.get("declared_dead")?;
    let crash = record.lives.iter().find(|change| change.life == Life::Crashed)?;
    let node = i64::from(crash.node.raw());
    let back = |change: &&sim_core::record::LifeChange| {
        change.node == crash.node && change.at > crash.at && change.life == Life::Up
    };
    let until = record.lives.iter().find(back).map_or(end, |change| change.at.0);
    let nodes = record.node_count as usize;
    // Half from the suspicion on, whole from the declaration on; the crashed one has no row of its own.
    let others: Vec<usize> = (0..nodes).filter(|other| *other as i64 != node).collect();
    let groups = Groups::of(others.len());
    let mut known = vec![vec![0.0; COLUMNS]; nodes];
    let mut raise = |by: usize, from: u64, to: u64, level: f64| {
        let (from, to) = (column_from(from, end), column_from(to.min(end), end));
        for cell in known[by][..to].iter_mut().skip(from) {
            *cell = f64::max(*cell, level);
        }
    };
    for suspicion in all.iter().filter(|s| s.of == node && s.from >= crash.at && s.from.0 < until) {
        raise(suspicion.by as usize, suspicion.from.0, suspicion.until.0.min(until), 0.5);
    }
    let dead: Vec<_> =
        declared.iter().filter(|m| m.value == node && (crash.at.0..until).contains(&m.at.0)).collect();
    for measure in &dead {
        raise(measure.node.index(), measure.at.0, until, 1.0);
    }
    let rows = others.chunks(groups.size).map(|group| {
        let mean =
            |column: usize| group.iter().map(|node| known[*node][column]).sum::<f64>() / group.len() as f64;
        let label = name(record, group[0]);
        let label = if group.len() > 1 { format!("{label} …") } else { label };
        Row { label, cells: (0..COLUMNS).map(|column| Cell::Share(mean(column))).collect() }
    });
    Some(Knowing {
        whom: name(record, node as usize),
        crashed: crash.at.0,
        first: dead.first()?.at.0,
        last: dead.last()?.at.0,
        rows: rows.collect(),
    })
}

fn story(record: &Record, all: &[Suspicion], knowing: Option<&Knowing>) -> String {
    let by: BTreeSet<u32> = all.iter().map(|suspicion| suspicion.by).collect();
    let of: BTreeSet<i64> = all.iter().map(|suspicion| suspicion.of).collect();
    let mut story = format!(
        "{} suspicions by {} of {} nodes, about {}",
        whole(all.len() as u64),
        whole(by.len() as u64),
        whole(u64::from(record.node_count)),
        whole(of.len() as u64)
    );
    if let Some(knowing) = knowing {
        story.push_str(&format!(
            " · {} crashed at {}, declared dead after {} by the first, {} by the last",
            knowing.whom,
            instant(knowing.crashed, end_ns(record)),
            duration((knowing.first - knowing.crashed) as f64),
            duration((knowing.last - knowing.crashed) as f64)
        ));
    }
    story
}
