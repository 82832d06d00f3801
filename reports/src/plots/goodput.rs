//! Goodput against offered load: a point for each stretch of the run, what was asked in it to the right, what of that
//! ended ok, whenever it did, upwards. Points are joined in the order of time.
//!
//! On the diagonal all that is asked is answered; a system that is full leaves it and goes on level; one that collapses
//! falls. The first stretches are pale and the last ones dark, so that a load that comes and goes shows whether the
//! system comes back the way it went. Deliberately absent: runs without services, whose clients ask at one rate.

use checks::services::figures;
use checks::services::tables::{Load, loads};

use crate::axis::Axis;
use crate::canvas::{Canvas, Paint, Rect};
use crate::chart::{Chart, Stroke};
use crate::heading::{heading, run_name};
use crate::input::Run;
use crate::labels::Taken;
use crate::number::{instant, short};
use crate::style::{Color, INK, MARGIN, MUTED, PAPER, SMALL, WIDTH};

/// Draws the picture; `None` without services or without operations.
#[must_use]
pub fn goodput(run: &Run<'_>) -> Option<String> {
    let record = run.record;
    figures(record)?;
    let loads = loads(record);
    let most = |of: fn(&Load) -> f64| loads.iter().map(of).fold(0.0, f64::max);
    let (offered, goodput) = (most(|load| load.offered), most(|load| load.goodput));
    if loads.is_empty() || offered <= 0.0 {
        return None;
    }
    let best =
        loads.iter().fold(loads[0], |best, load| if load.goodput > best.goodput { *load } else { best });
    let told = format!(
        "at most {}/s asked and {}/s of what was asked answered ok · {} stretches, the first pale, the last dark",
        short(offered),
        short(best.goodput),
        loads.len()
    );
    let mut canvas = Canvas::new("goodput", WIDTH);
    let top = heading(&mut canvas, "goodput against offered load", &run_name(record), &told) + 12.0;
    let rect = Rect::new(104.0, top, WIDTH - 104.0 - MARGIN - 14.0, 420.0);
    let x = Axis::from_zero(offered, 8, "operations asked a second");
    let y = Axis::from_zero(goodput.max(1e-3), 6, "of them, those that ended ok, a second");
    let chart = Chart { rect, x, y };
    chart.grid(&mut canvas);
    let edge = chart.x.to.min(chart.y.to);
    let all = Stroke { color: MUTED, width: 1.6, dash: "6 4" };
    chart.series(&mut canvas, vec![(0.0, 0.0), (edge, edge)], all);
    let way: Vec<(f64, f64)> = loads.iter().map(|load| (load.offered, load.goodput)).collect();
    chart.series(&mut canvas, way, Stroke { color: Color(0xb6c6d4), width: 1.2, dash: "" });
    let end = record.ended.0;
    for (place, load) in loads.iter().enumerate() {
        let at = (chart.at_x(load.offered), chart.at_y(load.goodput));
        let tip = format!(
            "from {}: {}/s asked, {}/s ok",
            instant(load.from.0, end),
            short(load.offered),
            short(load.goodput)
        );
        let paint = Paint::solid(shade(place, loads.len())).outlined(PAPER, 0.8);
        canvas.told(&tip, |canvas| canvas.circle(at, 5.5, &paint));
    }
    label(&mut canvas, &chart, edge);
    let bottom = chart.x_axis(&mut canvas);
    chart.y_axis(&mut canvas);
    Some(canvas.finish(
        bottom + 14.0,
        &format!("Goodput against offered load of {}", run_name(record)),
        &told,
    ))
}

/// Names the diagonal where it does not cross its own line.
fn label(canvas: &mut Canvas, chart: &Chart, edge: f64) {
    let look = SMALL.color(MUTED).halo();
    let (x, y) = (chart.at_x(edge * 0.62), chart.at_y(edge * 0.62));
    let places = [(x - 12.0, y - 8.0, look.end()), (x + 14.0, y + 18.0, look)];
    if let Some((x, y, look)) = Taken::default().place("all that is asked", &places, &chart.rect) {
        canvas.text(x, y, "all that is asked", &look);
    }
    canvas.line(
        (chart.rect.x, chart.rect.bottom()),
        (chart.rect.right(), chart.rect.bottom()),
        &Paint::line(INK, 1.2),
    );
}

/// From pale blue to dark blue.
fn shade(place: usize, of: usize) -> Color {
    let share = place as f64 / of.saturating_sub(1).max(1) as f64;
    let mix = |pale: f64, dark: f64| (pale + (dark - pale) * share + 0.5) as u32;
    Color((mix(182.0, 0.0) << 16) | (mix(214.0, 56.0) << 8) | mix(236.0, 101.0))
}
