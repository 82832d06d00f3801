//! The picture of cost against length: a small chart for each checker, both axes logarithmic, with the slope that its
//! algorithm promises through the last point.
//!
//! Deliberately absent: measuring. It draws what a file says.

use std::collections::BTreeMap;
use std::path::Path;

use reports::axis::{Axis, Scale};
use reports::canvas::{Canvas, Paint, Rect};
use reports::chart::{Chart, Stroke};
use reports::heading::heading;
use reports::number::short;
use reports::style::{BLUE, LABEL, MARGIN, MUTED, PAPER, SMALL, VERMILLION, WIDTH};

const COLUMNS: usize = 4;
const GAP: f64 = 76.0;
const HEIGHT: f64 = 130.0;
const ROW: f64 = HEIGHT + 94.0;

/// What was measured of one checker.
struct Series {
    title: String,
    promise: String,
    points: Vec<(f64, f64)>,
}

/// Draws the picture of a file.
pub(crate) fn draw(csv: &Path, svg: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(csv).map_err(|error| format!("{}: {error}", csv.display()))?;
    let all = read(&text)?;
    std::fs::write(svg, picture(&all)).map_err(|error| format!("{}: {error}", svg.display()))
}

fn read(text: &str) -> Result<Vec<Series>, String> {
    let mut all: Vec<Series> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let (title, rest) = line[1..].split_once('"').ok_or_else(|| format!("not a line: {line}"))?;
        let fields: Vec<&str> = rest.split(',').collect();
        let [_, promise, length, milliseconds, verdict] = fields.as_slice() else {
            return Err(format!("not a line: {line}"));
        };
        if *verdict != "pass" {
            return Err(format!("{title} at {length}: {verdict}, where every history holds"));
        }
        let (Ok(length), Ok(milliseconds)) = (length.parse::<f64>(), milliseconds.parse::<f64>()) else {
            return Err(format!("not numbers: {line}"));
        };
        let place = *places.entry(title.to_owned()).or_insert_with(|| {
            all.push(Series { title: title.to_owned(), promise: (*promise).to_owned(), points: Vec::new() });
            all.len() - 1
        });
        all[place].points.push((length, milliseconds));
    }
    Ok(all)
}

fn picture(all: &[Series]) -> String {
    let mut canvas = Canvas::new("checkers", WIDTH);
    let told = "milliseconds on one thread against the operations (or transactions) of a history that holds, both \
                logarithmic; dashed: the growth that the algorithm promises, drawn through the last point";
    let top = heading(&mut canvas, "time against length", "what the checkers cost", told) + 30.0;
    let width = (WIDTH - 2.0 * MARGIN - GAP * COLUMNS as f64) / COLUMNS as f64 + 14.0;
    for (place, series) in all.iter().enumerate() {
        let (row, column) = (place / COLUMNS, place % COLUMNS);
        let x = MARGIN + 52.0 + (width + GAP - 14.0) * column as f64;
        panel(&mut canvas, series, Rect::new(x, top + 24.0 + ROW * row as f64, width, HEIGHT));
    }
    let rows = all.len().div_ceil(COLUMNS) as f64;
    canvas.finish(top + ROW * rows, "Time against length of every checker", told)
}

/// Powers of ten from the one below the least to the one above the greatest.
fn decades(least: f64, greatest: f64) -> Axis {
    let (low, high) = (libm::floor(libm::log10(least)) as i32, libm::ceil(libm::log10(greatest)) as i32);
    let power = |exponent: i32| libm::pow(10.0, f64::from(exponent));
    let every = if high - low > 4 { 2 } else { 1 };
    let ticks = (low..=high).step_by(every).map(|exponent| (power(exponent), named(power(exponent))));
    let (from, to) = (power(low), power(high.max(low + 1)));
    Axis { scale: Scale::Log, from, to, ticks: ticks.collect(), title: String::new() }
}

fn named(value: f64) -> String {
    match value {
        v if v >= 999_999.0 => format!("{}M", short(v / 1e6)),
        v if v >= 999.0 => format!("{}k", short(v / 1e3)),
        v => short(v),
    }
}

fn panel(canvas: &mut Canvas, series: &Series, rect: Rect) {
    let all = &series.points;
    let (Some(&first), Some(&last)) = (all.first(), all.last()) else { return };
    let least = all.iter().map(|point| point.1).fold(f64::MAX, f64::min).max(1e-3);
    let most = all.iter().map(|point| point.1).fold(0.0, f64::max).max(2e-3);
    let chart = Chart { rect, x: decades(first.0, last.0), y: decades(least, most) };
    canvas.text(rect.x - 44.0, rect.y - 36.0, &series.title, &LABEL.bold());
    let exponent = series.promise.replace("^1.5", "¹·⁵").replace("^2", "²");
    canvas.text(rect.x - 44.0, rect.y - 18.0, &format!("ms, promised {exponent}"), &SMALL.color(MUTED));
    chart.grid(canvas);
    let promised = |length: f64| {
        let ratio = length / last.0;
        let growth = match series.promise.as_str() {
            "n^1.5" => libm::pow(ratio, 1.5),
            "n^2" => ratio * ratio,
            "n log n" => ratio * libm::log(length) / libm::log(last.0),
            _ => ratio,
        };
        last.1 * growth
    };
    let steps = (0..=40).map(|step| first.0 * libm::pow(last.0 / first.0, f64::from(step) / 40.0));
    let line: Vec<(f64, f64)> = steps
        .map(|length| (length, promised(length)))
        .filter(|point| point.1 >= chart.y.from && point.1 <= chart.y.to)
        .collect();
    chart.series(canvas, line, Stroke { color: VERMILLION, width: 1.5, dash: "5 4" });
    chart.series(canvas, all.clone(), Stroke { color: BLUE, width: 2.0, dash: "" });
    for point in all {
        let at = (chart.at_x(point.0), chart.at_y(point.1));
        canvas.circle(at, 3.0, &Paint::solid(BLUE).outlined(PAPER, 1.0));
    }
    chart.x_axis(canvas);
    chart.y_axis(canvas);
}
