//! Systems side by side in each phase of their runs: a panel for each measure, bars grouped by phase. It is the page for
//! CAP and PACELC.
//!
//! Bars start at zero, whiskers are 95% confidence intervals of the mean, and every bar is labelled with its number, so
//! nothing has to be read off an axis. Deliberately absent: where the numbers come from, and which are the better.

use crate::canvas::{Canvas, Paint, Rect};
use crate::heading::{Key, heading, keys};
use crate::number::{fixed, short};
use crate::style::{
    BLUE, GREEN, GROUND, INK, LABEL, MARGIN, MUTED, ORANGE, PLUM, SKY, SMALL, VERMILLION, WIDTH,
};
use crate::text::fit;

/// A mean over worlds, and half the width of its 95% confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// Half the width of its interval.
    pub ci95: f64,
}

/// The unit of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share, shown in percent.
    Share,
    /// Milliseconds.
    Milliseconds,
    /// A count a run.
    Count,
}

impl Unit {
    /// A value of it in words: `99.98 %`, `1.2 ms`, `17.3`.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        match self {
            // A share that is not whole must not look whole.
            Unit::Share if value < 1.0 && value > 0.9995 => format!("{} %", fixed(value * 100.0, 3)),
            Unit::Share => format!("{} %", fixed(value * 100.0, if value * 100.0 < 10.0 { 2 } else { 1 })),
            Unit::Milliseconds => format!("{} ms", short(value)),
            Unit::Count => short(value),
        }
    }
}

/// One measure of all systems in all phases.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// What it is.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// By system, then by phase; `None` where there is nothing to measure.
    pub values: Vec<Vec<Option<Mean>>>,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseTable {
    /// The systems.
    pub systems: Vec<String>,
    /// The phases.
    pub phases: Vec<String>,
    /// The measures.
    pub measures: Vec<Measure>,
    /// Over how many seeds.
    pub seeds: usize,
}

const COLUMNS: usize = 2;
const GAP: f64 = 40.0;
const PANEL: f64 = 190.0;
const COLORS: [crate::style::Color; 6] = [BLUE, ORANGE, GREEN, PLUM, SKY, VERMILLION];

/// Draws the page.
#[must_use]
pub fn phases(table: &PhaseTable) -> String {
    let mut canvas = Canvas::new("phases", WIDTH);
    let title = table.systems.join("  ·  ");
    let subtitle = format!(
        "Means over {} seeds with 95% confidence intervals; the same seeds for each system.",
        table.seeds
    );
    let phases = if table.phases.len() > 1 { "by phase of the run" } else { "over the whole run" };
    let mut y = heading(&mut canvas, phases, &title, &subtitle) + 8.0;
    let legend: Vec<Key> = table
        .systems
        .iter()
        .enumerate()
        .map(|(i, system)| Key { paint: paint(i), word: system.clone() })
        .collect();
    y = keys(&mut canvas, MARGIN, y, &legend) + 14.0;
    let width = (WIDTH - 2.0 * MARGIN - GAP * (COLUMNS as f64 - 1.0)) / COLUMNS as f64;
    for (i, measure) in table.measures.iter().enumerate() {
        let (row, column) = (i / COLUMNS, i % COLUMNS);
        let left = MARGIN + column as f64 * (width + GAP);
        let top = y + row as f64 * (PANEL + GAP);
        panel(&mut canvas, table, measure, Rect::new(left, top, width, PANEL));
    }
    let rows = table.measures.len().div_ceil(COLUMNS);
    canvas.finish(y + rows as f64 * (PANEL + GAP), &title, &description(table))
}

fn paint(system: usize) -> Paint {
    Paint::solid(COLORS[system % COLORS.len()])
}

/// One measure: its name above, a group of bars for each phase, the phases' names below.
fn panel(canvas: &mut Canvas, table: &PhaseTable, measure: &Measure, rect: Rect) {
    canvas.text(rect.x, rect.y + 14.0, &measure.name, &LABEL.bold());
    let (top, bottom) = (rect.y + 46.0, rect.bottom() - 24.0);
    let all = measure.values.iter().flatten().flatten();
    let greatest = all.map(|own| own.mean + own.ci95).fold(0.0_f64, f64::max);
    let greatest = match measure.unit {
        Unit::Share if greatest > 0.5 => 1.0,
        _ => greatest,
    };
    let (phases, systems) = (table.phases.len().max(1) as f64, table.systems.len().max(1) as f64);
    let group = rect.w / phases;
    let bar = ((group - 24.0) / systems).min(90.0);
    for (p, phase) in table.phases.iter().enumerate() {
        let left = rect.x + group * p as f64;
        canvas
            .rect(Rect::new(left + 4.0, top - 18.0, group - 8.0, bottom - top + 18.0), &Paint::solid(GROUND));
        canvas.text(left + group / 2.0, bottom + 18.0, phase, &SMALL.color(MUTED).middle());
        let start = left + (group - bar * systems) / 2.0;
        for (s, system) in table.systems.iter().enumerate() {
            let x = start + bar * s as f64;
            let value = measure.values.get(s).and_then(|own| own.get(p)).copied().flatten();
            let Some(own) = value else {
                canvas.text(x + bar / 2.0, bottom - 6.0, "–", &SMALL.color(MUTED).middle());
                continue;
            };
            let height = |value: f64| {
                if greatest > 0.0 { (bottom - top) * (value / greatest).clamp(0.0, 1.0) } else { 0.0 }
            };
            let shown = measure.unit.show(own.mean);
            let tip =
                format!("{}, {phase}, {system}: {shown} ± {}", measure.name, measure.unit.show(own.ci95));
            canvas.told(&tip, |canvas| {
                let up = height(own.mean);
                canvas.rect(Rect::new(x + 3.0, bottom - up.max(1.0), bar - 6.0, up.max(1.0)), &paint(s));
                let (high, low) = (height(own.mean + own.ci95), height((own.mean - own.ci95).max(0.0)));
                if high - low > 3.0 {
                    let middle = x + bar / 2.0;
                    canvas.line((middle, bottom - high), (middle, bottom - low), &Paint::line(INK, 1.2));
                }
                let label = fit(&shown, SMALL.size, false, bar + 14.0);
                canvas.text(x + bar / 2.0, bottom - high.max(up) - 5.0, &label, &SMALL.middle());
            });
        }
        canvas.line((left + 4.0, bottom), (left + group - 4.0, bottom), &Paint::line(INK, 1.0));
    }
}

/// The table in words, for those who cannot see the picture.
fn description(table: &PhaseTable) -> String {
    let mut words = Vec::new();
    for measure in &table.measures {
        for (system, values) in table.systems.iter().zip(&measure.values) {
            let each = table.phases.iter().zip(values).map(|(phase, value)| {
                format!("{phase} {}", value.map_or_else(|| "–".into(), |own| measure.unit.show(own.mean)))
            });
            words.push(format!("{} of {system}: {}.", measure.name, each.collect::<Vec<_>>().join(", ")));
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Mean, Measure, PhaseTable, Unit, phases};

    #[test]
    fn every_number_is_on_the_page_and_a_gap_is_shown_as_one() {
        let mean = |mean| Some(Mean { mean, ci95: 0.01 });
        let table = PhaseTable {
            systems: vec!["cap/raft".into(), "cap/quorum".into()],
            phases: vec!["before".into(), "during".into()],
            measures: vec![
                Measure {
                    name: "operations answered".into(),
                    unit: Unit::Share,
                    values: vec![vec![mean(1.0), mean(0.613)], vec![mean(0.99987), mean(0.0)]],
                },
                Measure {
                    name: "median latency".into(),
                    unit: Unit::Milliseconds,
                    values: vec![vec![mean(4.25), None], vec![mean(2.0), mean(1234.0)]],
                },
            ],
            seeds: 100,
        };
        let svg = phases(&table);
        for shown in ["61.3 %", "99.987 %", "0.00 %", "4.25 ms", "1,234 ms", ">–<", "100 seeds"] {
            assert!(svg.contains(shown), "{shown}");
        }
    }
}
