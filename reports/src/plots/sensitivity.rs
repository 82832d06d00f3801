//! How much each metric depends on each parameter: a bar for the first-order effect, a mark for the standardized
//! regression coefficient.
//!
//! Deliberately absent: interactions; a metric whose bars are all short while it varies has them.

use crate::axis::Axis;
use crate::canvas::{Canvas, Paint, Rect};
use crate::chart::Chart;
use crate::heading::heading;
use crate::number::{fixed, unit_of};
use crate::style::{Color, INK, LABEL, MARGIN, MUTED, ORANGE, PAPER, SMALL, WIDTH};
use crate::sweep::{Sensitivity, Sweep};
use crate::text::fit;

const ROW: f64 = 30.0;
const LABELS: f64 = 330.0;
const NUMBERS: f64 = 210.0;

/// Draws the sensitivities; `None` if there are none.
#[must_use]
pub fn sensitivity(input: &Sweep) -> Option<String> {
    let shown: Vec<&Sensitivity> = input
        .sensitivity
        .iter()
        .filter(|own| own.parameters.iter().any(|(line, share)| line.is_some() || share.is_some()))
        .collect();
    if shown.is_empty() {
        return None;
    }
    let mut canvas = Canvas::new("sensitivity", WIDTH);
    let told = "bar: share of the variance that the parameter explains alone (first-order effect) · diamond: standardized \
                regression coefficient, left of zero where the metric falls as the parameter rises";
    let mut top = heading(&mut canvas, "sensitivity", &input.title, told) + 10.0;
    for own in shown {
        top = panel(&mut canvas, input, own, top);
    }
    Some(canvas.finish(top + 8.0, &format!("Sensitivity of {}", input.title), told))
}

fn panel(canvas: &mut Canvas, input: &Sweep, own: &Sensitivity, top: f64) -> f64 {
    canvas.text(MARGIN, top + 16.0, &unit_of(&own.metric, 1.0).0, &LABEL.bold());
    let share_of = |share: f64| format!("{} %", fixed(100.0 * share, 1));
    let line =
        own.r_squared.map_or("no regression line".into(), |r| format!("the line explains {}", share_of(r)));
    canvas.text(WIDTH - MARGIN, top + 16.0, &line, &SMALL.color(MUTED).end());
    let rect = Rect::new(
        MARGIN + LABELS,
        top + 26.0,
        WIDTH - 2.0 * MARGIN - LABELS - NUMBERS,
        ROW * own.parameters.len() as f64,
    );
    let flat = Axis { ticks: Vec::new(), ..Axis::from_zero(1.0, 1, "") };
    let chart = Chart { rect, x: Axis::spanning(-1.0, 1.0, 4, ""), y: flat };
    chart.grid(canvas);
    let zero = chart.at_x(0.0);
    for (row, (parameter, (line, share))) in input.parameters.iter().zip(&own.parameters).enumerate() {
        let y = rect.y + ROW * (row as f64 + 0.5);
        canvas.text(MARGIN, y + 5.0, &tail(&parameter.path, LABELS - 12.0), &SMALL);
        if let Some(share) = share {
            let bar = Rect::new(zero, y - 8.0, (chart.at_x(*share) - zero).max(1.5), 16.0);
            canvas.rect(bar, &Paint::solid(Color(0xa9d2ef)));
        }
        if let Some(line) = line {
            let x = chart.at_x(*line);
            let shape = [(x, y - 7.0), (x + 7.0, y), (x, y + 7.0), (x - 7.0, y)];
            canvas.polyline(&shape, &Paint::solid(ORANGE).outlined(PAPER, 1.2));
        }
        let numbers = format!(
            "{}, coefficient {}",
            share.map_or("–".into(), share_of),
            line.map_or("–".into(), |line| fixed(line, 2))
        );
        canvas.text(rect.right() + 14.0, y + 5.0, &fit(&numbers, SMALL.size, false, NUMBERS - 14.0), &SMALL);
    }
    canvas.line((zero, rect.y), (zero, rect.bottom()), &Paint::line(INK, 1.4));
    chart.x_axis(canvas) + 14.0
}

/// As much of the end of a path as there is room for: what tells paths apart stands there.
fn tail(path: &str, room: f64) -> String {
    let fits = |text: &str| fit(text, SMALL.size, false, room) == text;
    if fits(path) {
        return path.to_string();
    }
    let mut starts = path.match_indices('.').map(|(at, _)| format!("…{}", &path[at + 1..]));
    starts.find(|text| fits(text)).unwrap_or_else(|| fit(path, SMALL.size, false, room))
}
