//! Infection curves over seeds: how far news had spread by when, with the bands in which half of the runs and 95% of
//! them lie.
//!
//! Deliberately absent: single runs, whose curve is below [`super::who_heard`].

use checks::metrics::spread::{Curve, News};

use crate::axis::Axis;
use crate::canvas::{Canvas, Paint, Rect};
use crate::chart::{Chart, Stroke};
use crate::heading::{Key, heading, keys};
use crate::input::Distributions;
use crate::number::{duration, percent, whole};
use crate::style::{BLUE, Color, MARGIN, WIDTH};
use crate::text::count;

const LEFT: f64 = 110.0;
const HEIGHT: f64 = 420.0;
/// Points along the time axis.
const POINTS: usize = 240;
/// The band of 95% of the runs, and that of half of them.
const WIDE: Color = Color(0xd3e6f5);
const NARROW: Color = Color(0x8fc1e6);

/// Draws the curves; `None` if nothing spread in any run.
#[must_use]
pub fn infection(input: &Distributions) -> Option<String> {
    let news = input.curves.first()?.news;
    let curves: Vec<&Curve> = input.curves.iter().filter(|curve| curve.news == news).collect();
    let last = curves.iter().filter_map(|curve| curve.reached_ns.last()).copied().max()?;
    let end = last.saturating_add(last / 20).max(1);
    let (since, of) = match news {
        News::Rumor => ("the first heard", "nodes that have heard the rumor"),
        News::Updates => ("an update was made", "nodes that have the update"),
        News::Deaths => ("a crash", "others that declared the crashed one dead"),
    };
    let told = story(&curves, since);
    let mut canvas = Canvas::new("infection", WIDTH);
    let scenario = if input.scenario.is_empty() { "unnamed scenario" } else { &input.scenario };
    let name = format!("{scenario} · {}", count(curves.len() as u64, "run"));
    let mut y = heading(&mut canvas, "infection curves over seeds", &name, &told);
    let legend = [(BLUE, "median of the runs"), (NARROW, "half of the runs"), (WIDE, "95 % of the runs")];
    let legend = legend.map(|(color, word)| Key { paint: Paint::solid(color), word: word.into() });
    y = keys(&mut canvas, MARGIN, y, &legend) + 8.0;
    let mut x = Axis::time(end, 10);
    let unit = x.title.rsplit(' ').next().unwrap_or_default().to_string();
    x.title = format!("time since {since} {unit}");
    let mut share = Axis::from_zero(1.0, 4, of);
    share.ticks = (0..=4).map(|i| (f64::from(i) / 4.0, format!("{} %", 25 * i))).collect();
    let chart = Chart { rect: Rect::new(LEFT, y, WIDTH - LEFT - MARGIN, HEIGHT), x, y: share };
    let bands = bands(&curves, end);
    let area = |canvas: &mut Canvas, low: usize, high: usize, color| {
        let up = bands.iter().map(|(at, q)| (*at, q[high]));
        let down = bands.iter().rev().map(|(at, q)| (*at, q[low]));
        chart.area(canvas, up.chain(down).collect(), color);
    };
    area(&mut canvas, 0, 4, WIDE);
    area(&mut canvas, 1, 3, NARROW);
    chart.grid(&mut canvas);
    let median = bands.iter().map(|(at, q)| (*at, q[2])).collect();
    chart.series(&mut canvas, median, Stroke { color: BLUE, width: 2.8, dash: "" });
    chart.y_axis(&mut canvas);
    let bottom = chart.x_axis(&mut canvas);
    Some(canvas.finish(bottom + 14.0, &format!("Infection curves of {scenario}"), &told))
}

/// The quantiles (2.5, 25, 50, 75 and 97.5%) of the runs' shares along time.
fn bands(curves: &[&Curve], end: u64) -> Vec<(f64, [f64; 5])> {
    let at = |i: usize| (u128::from(end) * i as u128 / POINTS as u128) as u64;
    let quantiles = |i: usize| {
        let mut shares: Vec<usize> =
            curves.iter().map(|curve| curve.reached_ns.partition_point(|ns| *ns <= at(i))).collect();
        shares.sort_unstable();
        let of =
            |share: f64| shares[((share * shares.len() as f64 - 1e-9).ceil().max(1.0) as usize) - 1] as f64;
        (at(i) as f64, [0.025, 0.25, 0.5, 0.75, 0.975].map(|share| of(share) / 100.0))
    };
    (0..=POINTS).map(quantiles).collect()
}

fn story(curves: &[&Curve], since: &str) -> String {
    let median = |hundredth: usize| {
        let time = |curve: &&Curve| curve.reached_ns.get(hundredth - 1).copied().unwrap_or(u64::MAX);
        let mut times: Vec<u64> = curves.iter().map(time).collect();
        times.sort_unstable();
        match times[(times.len() - 1) / 2] {
            u64::MAX => "never".to_string(),
            ns => duration(ns as f64),
        }
    };
    let short = curves.iter().filter(|curve| curve.reached_ns.len() < 100).count();
    let rest = if short > 0 {
        let share = percent(short as f64 / curves.len() as f64);
        format!(" · {} runs ({share}) left some out", whole(short as u64))
    } else {
        String::new()
    };
    format!(
        "time since {since} until a share is reached, median of the runs: half {}, 90 % {}, 99 % {}{rest}",
        median(50),
        median(90),
        median(99)
    )
}

#[cfg(test)]
mod tests {
    use checks::metrics::spread::{Curve, News};

    use super::{POINTS, bands};

    #[test]
    fn bands_are_quantiles_of_the_runs_at_each_instant() {
        let run = |step: u64| Curve { news: News::Rumor, reached_ns: (1..=100).map(|i| i * step).collect() };
        let curves: Vec<Curve> = (1..=5).map(|step| run(10 * step)).collect();
        let curves: Vec<&Curve> = curves.iter().collect();
        let bands = bands(&curves, 1000);
        // At the end the five have reached 100, 50, 33, 25 and 20 hundredths.
        assert_eq!(bands[POINTS], (1000.0, [0.2, 0.25, 0.33, 0.5, 1.0]));
        assert_eq!(bands[0].1, [0.0; 5]);
    }
}
