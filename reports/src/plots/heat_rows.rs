//! Rows of shares over time, from light to dark: the frame of the pictures of who knows what.
//!
//! Deliberately absent: what the shares are of.

use sim_core::record::Record;

use crate::canvas::{Canvas, Fill, Hatch, Paint, Rect};
use crate::chart::Chart;
use crate::heading::{Key, keys};
use crate::plots::heatmap::shade;
use crate::style::{GROUND, LABEL, MARGIN, MUTED, PAPER, SMALL};
use crate::text::fit;

/// Where the time axis begins.
pub const LEFT: f64 = 156.0;
/// Columns of cells.
pub const COLUMNS: usize = 188;
/// At most this many rows: more nodes share them.
pub const ROWS_MAX: usize = 50;
/// How many shades there are between none and all.
const SHADES: f64 = 7.0;

/// A cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// A share, from 0 to 1.
    Share(f64),
    /// There is nothing to have a share of.
    Nothing,
    /// The node is down.
    Down,
}

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is of.
    pub label: String,
    /// [`COLUMNS`] cells.
    pub cells: Vec<Cell>,
}

/// Nodes in rows: the row of each, and the first node of each row.
#[derive(Clone, Copy, Debug)]
pub struct Groups {
    /// How many nodes.
    pub nodes: usize,
    /// How many of them share a row.
    pub size: usize,
}

impl Groups {
    /// All nodes of a run.
    #[must_use]
    pub fn of(nodes: usize) -> Groups {
        Groups { nodes, size: nodes.div_ceil(ROWS_MAX).max(1) }
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(self) -> usize {
        self.nodes.div_ceil(self.size)
    }

    /// How many nodes are in a row; the last may have fewer.
    #[must_use]
    pub fn in_row(self, row: usize) -> usize {
        self.size.min(self.nodes - row * self.size)
    }

    /// A row's name: its node, or its first.
    #[must_use]
    pub fn label(self, record: &Record, row: usize) -> String {
        let name = name(record, row * self.size);
        if self.size > 1 { format!("{name} …") } else { name }
    }
}

/// A node's name.
#[must_use]
pub fn name(record: &Record, node: usize) -> String {
    record.nodes.get(node).map_or_else(|| format!("n{node}"), |info| info.name.clone())
}

/// What the height of a row is.
fn row_height(rows: usize) -> f64 {
    (480.0 / rows.max(1) as f64).clamp(8.0, 24.0)
}

/// The height that so many rows take.
#[must_use]
pub fn height(rows: usize) -> f64 {
    row_height(rows) * rows as f64
}

/// Draws the rows over the chart's time axis, their upper edge at `top`.
pub fn draw(canvas: &mut Canvas, chart: &Chart, rows: &[Row], top: f64) {
    let h = row_height(rows.len());
    let wide = chart.rect.w / COLUMNS as f64;
    let mut free_from = f64::MIN;
    for (place, row) in rows.iter().enumerate() {
        let y = top + h * place as f64;
        let middle = y + h / 2.0;
        if middle >= free_from {
            let label = fit(&row.label, SMALL.size, false, LEFT - MARGIN - 12.0);
            canvas.text(chart.rect.x - 8.0, middle + 5.0, &label, &SMALL.end());
            free_from = middle + SMALL.size * 1.25;
        }
        let gap = if h > 10.0 { 1.0 } else { 0.0 };
        let mut from = 0;
        while from < row.cells.len() {
            let paint = look(row.cells[from]);
            let same = row.cells[from..].iter().take_while(|cell| look(**cell) == paint).count();
            let x = chart.rect.x + wide * from as f64;
            canvas.rect(Rect::new(x, y, wide * same as f64 + 0.2, h - gap), &paint);
            from += same;
        }
    }
}

fn look(cell: Cell) -> Paint {
    match cell {
        Cell::Share(share) if share <= 0.0 => Paint::solid(GROUND),
        Cell::Share(share) if share >= 1.0 => Paint::solid(shade(1.0)),
        Cell::Share(share) => Paint::solid(shade(0.12 + 0.7 * (share * SHADES).floor() / (SHADES - 1.0))),
        Cell::Nothing => Paint::solid(PAPER),
        Cell::Down => down(),
    }
}

fn down() -> Paint {
    Paint::filled(Fill::Hatched(Hatch::Falling, MUTED, GROUND))
}

/// Draws the key to the shades; answers where it ends.
pub fn key(canvas: &mut Canvas, top: f64, [none, half, all]: [&str; 3], downs: bool) -> f64 {
    let entry = |cell, word: &str| Key { paint: look(cell).outlined(MUTED, 0.6), word: word.into() };
    let mut list =
        vec![entry(Cell::Share(0.0), none), entry(Cell::Share(0.5), half), entry(Cell::Share(1.0), all)];
    if downs {
        list.push(Key { paint: down(), word: "down".into() });
    }
    keys(canvas, MARGIN, top, &list)
}

/// A heading over rows.
pub fn title(canvas: &mut Canvas, x: f64, y: f64, text: &str) {
    canvas.text(x, y, text, &LABEL.bold());
}

/// Whether there are cells of nodes that are down.
#[must_use]
pub fn has_down(rows: &[Row]) -> bool {
    rows.iter().any(|row| row.cells.contains(&Cell::Down))
}

/// The middle of a column, in nanoseconds.
#[must_use]
pub fn middle_ns(column: usize, end: u64) -> u64 {
    ((2 * column as u128 + 1) * u128::from(end) / (2 * COLUMNS as u128)) as u64
}

/// The first column whose middle does not lie before an instant.
#[must_use]
pub fn column_from(at: u64, end: u64) -> usize {
    let columns = COLUMNS as u128;
    let twice = (2 * u128::from(at) * columns).div_ceil(u128::from(end.max(1)));
    (twice.saturating_sub(1).div_ceil(2)).min(columns) as usize
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, column_from, middle_ns};

    #[test]
    fn columns_are_found_by_their_middles() {
        let end = 1_000_000;
        for column in [0, 1, 57, COLUMNS - 1] {
            let middle = middle_ns(column, end);
            assert_eq!(column_from(middle + 1, end), column + 1, "just after the middle of {column}");
            assert!(column_from(middle.saturating_sub(3), end) <= column);
        }
        assert_eq!((column_from(0, end), column_from(end, end)), (0, COLUMNS));
    }
}
