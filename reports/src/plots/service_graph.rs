//! The graph of services coloured by errors: a box a service, an arrow an edge, from those who call at the left to those
//! who are called at the right. Colours say which share failed; arrows also say how many attempts a call took.
//!
//! A box's colour is what the service answered, an arrow's what its caller got, so a box that is red beside a pale arrow
//! was retried or stood in for. Deliberately absent: time; `percentiles.svg` and `services.csv` have it.

use checks::services::{EdgeFigures, Figures, figures};

use crate::arrow::Arrow;
use crate::canvas::{Canvas, Paint, Rect, Type};
use crate::heading::{Key, heading, keys, run_name};
use crate::input::Run;
use crate::labels::Taken;
use crate::number::{percent, short};
use crate::style::{ALARM, Color, INK, MARGIN, MUTED, SMALL, VERMILLION, WIDTH};
use crate::text::fit;

/// The height of a box, and of a row of boxes.
const BOX: f64 = 66.0;
const ROW: f64 = 118.0;

/// A service in its place.
struct Place<'a> {
    name: &'a str,
    layer: usize,
    rect: Rect,
}

/// Draws the graph; `None` without services.
#[must_use]
pub fn service_graph(run: &Run<'_>) -> Option<String> {
    let record = run.record;
    let figures = figures(record)?;
    if figures.edges.is_empty() {
        return None;
    }
    let told = "colour: the share that failed, in a box of what the service answered, on an arrow of what its caller got; \
                × attempts a call where there were several";
    let mut canvas = Canvas::new("service-graph", WIDTH);
    let top = heading(&mut canvas, "the services, coloured by errors", &run_name(record), told) + 10.0;
    let words = ["none failed", "under 1%", "under 10%", "under 50%", "more"];
    let key = |(place, word): (usize, &&str)| Key {
        paint: Paint::solid(CLASSES[place].0).outlined(CLASSES[place].1, 1.4),
        word: (*word).to_string(),
    };
    let key_list: Vec<Key> = words.iter().enumerate().map(key).collect();
    let top = keys(&mut canvas, MARGIN, top, &key_list) + 14.0;
    let (places, bottom) = layout(&figures, top);
    let mut taken = Taken::default();
    places.iter().for_each(|place| taken.add(place.rect));
    let whole = Rect::new(MARGIN, top, WIDTH - 2.0 * MARGIN, bottom - top);
    let arrows: Vec<(Arrow, &EdgeFigures)> =
        figures.edges.iter().filter_map(|edge| Some((arrow(&places, edge)?, edge))).collect();
    for (arrow, edge) in &arrows {
        let (_, color) = CLASSES[class(edge.failed())];
        let tip = format!(
            "{}→{}: {} calls, {} attempts, {} failed",
            edge.from,
            edge.to,
            short(edge.calls as f64),
            short(edge.attempts as f64),
            percent(edge.failed())
        );
        let width = 1.6 + libm::log10((edge.calls.max(1)) as f64) * 0.5;
        canvas.told(&tip, |canvas| arrow.draw(canvas, color, width, ""));
    }
    for place in &places {
        service(&mut canvas, place, &figures);
    }
    for (arrow, edge) in &arrows {
        label(&mut canvas, arrow, edge, &mut taken, &whole);
    }
    Some(canvas.finish(bottom + 14.0, &format!("The services of {}", run_name(record)), told))
}

/// Fill and outline by the share that failed.
const CLASSES: [(Color, Color); 5] = [
    (Color(0xe8eff5), Color(0x5b7a94)),
    (Color(0xfdf3d8), Color(0xb98a1e)),
    (Color(0xfbd9a8), Color(0xd07a00)),
    (Color(0xf6a97b), VERMILLION),
    (Color(0xe98a8a), ALARM),
];

fn class(share: f64) -> usize {
    match share {
        share if share <= 0.0 => 0,
        share if share < 0.01 => 1,
        share if share < 0.1 => 2,
        share if share < 0.5 => 3,
        _ => 4,
    }
}

/// Boxes in layers: each service right of those who call it, as far as there is no cycle.
fn layout(figures: &Figures, top: f64) -> (Vec<Place<'_>>, f64) {
    let mut names: Vec<&str> = figures.services.iter().map(|service| service.name.as_str()).collect();
    for name in figures.edges.iter().flat_map(|edge| [edge.from.as_str(), edge.to.as_str()]) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let index = |name: &str| names.iter().position(|own| *own == name).unwrap_or(0);
    let edges: Vec<(usize, usize)> =
        figures.edges.iter().map(|edge| (index(&edge.from), index(&edge.to))).collect();
    let layers = layers(names.len(), &edges);
    let count = layers.iter().max().map_or(1, |last| last + 1);
    let column = (WIDTH - 2.0 * MARGIN) / count as f64;
    let wide = (column * 0.58).min(190.0);
    let deepest =
        (0..count).map(|layer| layers.iter().filter(|own| **own == layer).count()).max().unwrap_or(1);
    let height = ROW * deepest as f64;
    let mut middle = vec![0.0; names.len()];
    let mut places = Vec::new();
    for layer in 0..count {
        let mut here: Vec<usize> = (0..names.len()).filter(|i| layers[*i] == layer).collect();
        // Beside the middle of those who call it.
        let wanted = |i: usize| {
            let callers: Vec<f64> =
                edges.iter().filter(|e| e.1 == i && layers[e.0] < layer).map(|e| middle[e.0]).collect();
            callers.iter().sum::<f64>() / callers.len().max(1) as f64
        };
        here.sort_by(|a, b| wanted(*a).total_cmp(&wanted(*b)).then(a.cmp(b)));
        let step = height / here.len() as f64;
        let centres: Vec<f64> = (0..here.len()).map(|row| top + step * (row as f64 + 0.5)).collect();
        for (i, y) in here.into_iter().zip(centres) {
            middle[i] = y;
            let x = MARGIN + column * layer as f64 + (column - wide) / 2.0;
            places.push(Place { name: names[i], layer, rect: Rect::new(x, y - BOX / 2.0, wide, BOX) });
        }
    }
    (places, top + height)
}

/// The longest way from a start to each node, calls that close a cycle left out.
fn layers(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    fn visit(node: usize, edges: &[(usize, usize)], state: &mut [u8], forward: &mut Vec<(usize, usize)>) {
        state[node] = 1;
        for edge in edges.iter().filter(|edge| edge.0 == node) {
            if state[edge.1] != 1 {
                forward.push(*edge);
            }
            if state[edge.1] == 0 {
                visit(edge.1, edges, state, forward);
            }
        }
        state[node] = 2;
    }
    let (mut state, mut forward) = (vec![0; nodes], Vec::new());
    (0..nodes).for_each(|node| {
        if state[node] == 0 {
            visit(node, edges, &mut state, &mut forward);
        }
    });
    let mut layers = vec![0; nodes];
    for _ in 0..nodes {
        for (from, to) in &forward {
            layers[*to] = layers[*to].max(layers[*from] + 1);
        }
    }
    layers
}

fn arrow(places: &[Place<'_>], edge: &EdgeFigures) -> Option<Arrow> {
    let find = |name: &str| places.iter().find(|place| place.name == name);
    let (from, to) = (find(&edge.from)?, find(&edge.to)?);
    let centre = |rect: &Rect| rect.y + rect.h / 2.0;
    if from.layer < to.layer {
        let (a, d) = ((from.rect.right(), centre(&from.rect)), (to.rect.x - 2.0, centre(&to.rect)));
        let pull = (d.0 - a.0) * 0.45;
        return Some(Arrow::Curve([a, (a.0 + pull, a.1), (d.0 - pull, d.1), d]));
    }
    // Back, or to itself: below the boxes.
    let a = (from.rect.x + from.rect.w * 0.6, from.rect.bottom());
    let d = (to.rect.x + to.rect.w * 0.4, to.rect.bottom() + 2.0);
    let low = a.1.max(d.1) + 46.0;
    Some(Arrow::Curve([a, (a.0, low), (d.0, low), d]))
}

fn service(canvas: &mut Canvas, place: &Place<'_>, figures: &Figures) {
    let Rect { x, y, w, .. } = place.rect;
    let own = figures.services.iter().find(|service| service.name == place.name);
    let share = own.map_or(0.0, |service| service.errors as f64 / (service.requests as f64).max(1.0));
    let (fill, outline) = CLASSES[class(share)];
    let tip = own.map_or_else(
        || format!("{}: a topic", place.name),
        |own| {
            format!(
                "{}: {} requests, {} errors, {} turned away",
                own.name, own.requests, own.errors, own.turned_away
            )
        },
    );
    canvas.told(&tip, |canvas| canvas.rounded(place.rect, 7.0, &Paint::solid(fill).outlined(outline, 2.0)));
    let room = w - 10.0;
    let mut line = |y: f64, text: &str, look: Type| {
        let text = fit(text, SMALL.size, false, room);
        canvas.text(x + w / 2.0, y, &text, &look);
    };
    let name = match own {
        Some(own) if own.instances > 1 => format!("{} ({})", place.name, own.instances),
        _ => place.name.to_string(),
    };
    line(y + 21.0, &name, SMALL.color(INK).bold().middle());
    match own {
        Some(own) => {
            line(y + 40.0, &format!("{}/s", short(own.rate)), SMALL.color(INK).middle());
            line(y + 58.0, &format!("{} failed", percent(share)), SMALL.color(INK).middle());
        }
        None => line(y + 40.0, "topic", SMALL.color(INK).middle()),
    }
}

/// What is worth saying of an edge: nothing, if nothing failed and nothing was repeated.
fn label(canvas: &mut Canvas, arrow: &Arrow, edge: &EdgeFigures, taken: &mut Taken, whole: &Rect) {
    let mut words = Vec::new();
    if edge.failures > 0 {
        words.push(format!("{} failed", percent(edge.failed())));
    }
    if edge.lesser > 0 {
        words.push(format!("{} lesser", percent(edge.lesser as f64 / edge.calls.max(1) as f64)));
    }
    if edge.amplification() > 1.005 {
        words.push(format!("×{:.2}", edge.amplification()));
    }
    let look = SMALL.color(if edge.failures > 0 { INK } else { MUTED }).halo().middle();
    for (line, word) in words.iter().enumerate() {
        // The first above the arrow, the others below.
        let down = line.saturating_sub(1) as f64 * 17.0;
        let spots: Vec<(f64, f64, Type)> = [0.5, 0.4, 0.6, 0.3, 0.7]
            .iter()
            .flat_map(|t| {
                let (x, y) = arrow.at(*t);
                let (above, below) = ((x, y - 9.0, look), (x, y + 19.0 + down, look));
                if line == 0 { [above, below] } else { [below, above] }
            })
            .collect();
        if let Some((x, y, look)) = taken.place(word, &spots, whole) {
            canvas.text(x, y, word, &look);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{class, layers};

    #[test]
    fn a_service_stands_right_of_its_callers() {
        assert_eq!(layers(4, &[(0, 1), (1, 2), (0, 2), (2, 3)]), [0, 1, 2, 3]);
        // A cycle is drawn as one, and hangs nothing.
        assert_eq!(layers(3, &[(0, 1), (1, 2), (2, 1), (2, 2)]), [0, 1, 2]);
    }

    #[test]
    fn classes_of_errors() {
        assert_eq!([0.0, 0.005, 0.05, 0.3, 0.9].map(class), [0, 1, 2, 3, 4]);
    }
}
