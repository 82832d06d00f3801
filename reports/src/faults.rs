//! The strip of faults that lies over pictures of time: a row per kind of fault, a labelled bar per injection.
//!
//! Many faults share rows without overlapping where they can; what does not fit is counted in the row's name.
//! Deliberately absent: the tint under lanes, which each picture lays for itself from [`Strip::spans`].

use std::collections::BTreeMap;

use sim_core::record::{Injection, Record};

use crate::canvas::{Canvas, Paint, Rect};
use crate::chart::Chart;
use crate::number::{instant, whole};
use crate::style::{INK, MUTED, SMALL, fault_fill};
use crate::text::{fit, words};

/// The height of one row of bars.
const ROW: f64 = 22.0;
/// The gap between kinds of faults.
const GAP: f64 = 4.0;
/// At most this many rows for one kind; what overlaps still more is drawn over the last.
const ROWS_MAX: usize = 3;
/// At most this many kinds; the rarest others share a row.
const KINDS_MAX: usize = 7;
/// These kinds have rows of their own, however rare.
const PROMINENT: [&str; 3] = ["Partition", "Crash", "Pause"];
/// Rows of more bars than this have neither labels nor outlines.
const LABELS_MAX: usize = 40;
/// Bars narrower than this are drawn this wide, so that they are seen.
const BAR_MIN: f64 = 3.0;

/// One kind of fault, its injections laid into rows.
#[derive(Clone, Debug)]
struct Kind<'a> {
    name: String,
    rows: Vec<Vec<&'a Injection>>,
    count: usize,
    /// Whether it is several kinds that share the rows.
    mixed: bool,
}

/// All faults of a record, laid out for a width.
#[derive(Clone, Debug)]
pub struct Strip<'a> {
    kinds: Vec<Kind<'a>>,
    end_ns: u64,
}

/// When a fault ended, in nanoseconds; the end of the run where it never did.
#[must_use]
pub fn until(injection: &Injection, end_ns: u64) -> u64 {
    injection.until.map_or(end_ns, |until| until.0).clamp(injection.at.0.min(end_ns), end_ns)
}

impl<'a> Strip<'a> {
    /// Lays out the faults of a record over a width in pixels.
    #[must_use]
    pub fn of(record: &'a Record, end_ns: u64, width: f64) -> Strip<'a> {
        let mut by_name: BTreeMap<&str, Vec<&Injection>> = BTreeMap::new();
        for fault in &record.faults {
            by_name.entry(&fault.fault).or_default().push(fault);
        }
        let mut kinds: Vec<(String, Vec<&Injection>)> =
            by_name.into_iter().map(|(name, faults)| (words(name), faults)).collect();
        if kinds.len() > KINDS_MAX {
            let weight = |name: &str| u8::from(!PROMINENT.contains(&name));
            kinds.sort_by_key(|(name, faults)| (weight(name), std::cmp::Reverse(faults.len()), name.clone()));
            let rest = kinds.split_off(KINDS_MAX - 1);
            let many = rest.len();
            let mut faults: Vec<&Injection> = rest.into_iter().flat_map(|(_, faults)| faults).collect();
            faults.sort_by_key(|fault| fault.at);
            kinds.push((format!("{many} other kinds"), faults));
        }
        kinds.sort_by_key(|(name, faults)| (faults.first().map(|fault| fault.at), name.clone()));
        let ns_per_pixel = end_ns as f64 / width.max(1.0);
        let lay = |(name, faults): (String, Vec<&'a Injection>)| {
            let count = faults.len();
            let mixed = faults.windows(2).any(|pair| pair[0].fault != pair[1].fault);
            Kind { name, rows: rows(faults, end_ns, ns_per_pixel), count, mixed }
        };
        Strip { kinds: kinds.into_iter().map(lay).collect(), end_ns }
    }

    /// The height it takes; zero without faults.
    #[must_use]
    pub fn height(&self) -> f64 {
        self.kinds.iter().map(|kind| kind.rows.len() as f64 * ROW + GAP).sum()
    }

    /// The stretches of time under any fault, merged, in nanoseconds.
    #[must_use]
    pub fn spans(&self) -> Vec<(u64, u64)> {
        let faults = self.kinds.iter().flat_map(|kind| kind.rows.iter().flatten());
        let mut spans: Vec<(u64, u64)> =
            faults.map(|fault| (fault.at.0.min(self.end_ns), until(fault, self.end_ns))).collect();
        spans.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::new();
        for (from, to) in spans {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        merged
    }

    /// Draws the ground of its rows, for lines to cross.
    pub fn ground(&self, canvas: &mut Canvas, chart: &Chart, top: f64) {
        let mut y = top;
        for kind in &self.kinds {
            for _ in &kind.rows {
                let track = Rect::new(chart.rect.x, y + 1.0, chart.rect.w, ROW - 2.0);
                canvas.rect(track, &Paint::solid(crate::style::GROUND));
                y += ROW;
            }
            y += GAP;
        }
    }

    /// Draws it with its upper edge at `top`, over the time axis of the chart, with the names left of it.
    pub fn draw(&self, canvas: &mut Canvas, chart: &Chart, top: f64) {
        let mut y = top;
        for kind in &self.kinds {
            let many =
                if kind.count > 1 { format!(" ×{}", whole(kind.count as u64)) } else { String::new() };
            let room = chart.rect.x - 18.0 - SMALL.width(&many);
            let name = format!("{}{many}", fit(&kind.name, SMALL.size, false, room));
            canvas.text(chart.rect.x - 8.0, y + 16.0, &name, &SMALL.end());
            for row in &kind.rows {
                self.draw_row(canvas, chart, y, row, kind.mixed);
                y += ROW;
            }
            y += GAP;
        }
    }

    fn draw_row(&self, canvas: &mut Canvas, chart: &Chart, y: f64, row: &[&Injection], mixed: bool) {
        let bars: Vec<(f64, f64)> = row.iter().map(|fault| self.bar(chart, fault)).collect();
        let mut drawn_to = f64::MIN;
        for (i, fault) in row.iter().enumerate() {
            let (x, right) = bars[i];
            let next = bars.get(i + 1).map_or(chart.rect.right(), |(x, _)| *x);
            if row.len() > LABELS_MAX && right < drawn_to + 1.0 {
                continue;
            }
            drawn_to = right;
            let rect = Rect::new(x, y + 2.0, right - x, ROW - 4.0);
            let paint = Paint::filled(fault_fill(&fault.fault));
            let paint = if row.len() > LABELS_MAX { paint } else { paint.outlined(MUTED, 0.8) };
            canvas.told(&self.tip(fault), |canvas| canvas.rect(rect, &paint));
            if row.len() > LABELS_MAX {
                continue;
            }
            let label = if mixed {
                format!("{}: {}", words(&fault.fault), fault.detail)
            } else {
                fault.detail.clone()
            };
            let inside = fit(&label, SMALL.size, false, rect.w - 8.0);
            let beside = fit(&label, SMALL.size, false, next - right - 10.0);
            if inside == label || inside.chars().count() >= beside.chars().count() {
                canvas.text(x + 4.0, y + 16.0, &inside, &SMALL.color(INK));
            } else {
                canvas.text(right + 4.0, y + 16.0, &beside, &SMALL.color(INK));
            }
        }
    }

    fn bar(&self, chart: &Chart, fault: &Injection) -> (f64, f64) {
        let x = chart.at_x(fault.at.0 as f64).min(chart.rect.right() - BAR_MIN);
        (x, chart.at_x(until(fault, self.end_ns) as f64).max(x + BAR_MIN))
    }

    fn tip(&self, fault: &Injection) -> String {
        let (from, to) = (instant(fault.at.0, self.end_ns), until(fault, self.end_ns));
        let lasted =
            if to > fault.at.0 { format!(" to {}", instant(to, self.end_ns)) } else { String::new() };
        format!("{} {} at {from}{lasted}", words(&fault.fault), fault.detail)
    }
}

/// Puts each fault into the first row that is free; the last row takes what is left.
fn rows(faults: Vec<&Injection>, end_ns: u64, ns_per_pixel: f64) -> Vec<Vec<&Injection>> {
    let least = (BAR_MIN * ns_per_pixel) as u64;
    let mut rows: Vec<(u64, Vec<&Injection>)> = Vec::new();
    for fault in faults {
        let ends = until(fault, end_ns).max(fault.at.0.saturating_add(least));
        let free = rows.iter().position(|(taken_until, _)| *taken_until <= fault.at.0);
        match free {
            Some(row) => {
                rows[row].0 = ends;
                rows[row].1.push(fault);
            }
            None if rows.len() < ROWS_MAX => rows.push((ends, vec![fault])),
            None => {
                let last = rows.len() - 1;
                rows[last].0 = rows[last].0.max(ends);
                rows[last].1.push(fault);
            }
        }
    }
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The sides of a partition, from its words: `n0 n1 | n2 n3 n4`. Answers for each node by index the side it is on;
/// `None` unless every word is a node's name.
#[must_use]
pub fn sides(fault: &Injection, record: &Record) -> Option<Vec<Option<usize>>> {
    if fault.fault != "Partition" || record.nodes.len() > 1000 {
        return None;
    }
    let groups: Vec<&str> = fault.detail.split('(').next().unwrap_or("").split('|').collect();
    if groups.len() < 2 {
        return None;
    }
    let mut sides = vec![None; record.nodes.len()];
    for (side, group) in groups.iter().enumerate() {
        for name in group.split_whitespace() {
            let node = record.nodes.iter().position(|node| node.name == name)?;
            sides[node] = Some(side);
        }
    }
    Some(sides)
}
