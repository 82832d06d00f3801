//! Labels that keep clear of each other and of lines: a list of what is taken, and the first place that is free.
//!
//! Deliberately absent: optimisation. Each caller names its places in the order in which it likes them.

use crate::canvas::{Rect, Type};

/// What is taken on a sheet.
#[derive(Clone, Debug, Default)]
pub struct Taken(Vec<Rect>);

impl Taken {
    /// Takes a rectangle.
    pub fn add(&mut self, rect: Rect) {
        self.0.push(rect);
    }

    /// Takes the course of a line that runs in steps or in short pieces.
    pub fn add_line(&mut self, points: &[(f64, f64)]) {
        for pair in points.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let (x, y) = (a.0.min(b.0), a.1.min(b.1));
            let rect = Rect::new(x - 1.0, y - 1.0, (a.0 - b.0).abs() + 2.0, (a.1 - b.1).abs() + 2.0);
            self.0.push(rect);
        }
    }

    /// How many taken things a rectangle runs into.
    #[must_use]
    pub fn hits(&self, rect: &Rect) -> usize {
        self.0.iter().filter(|taken| taken.overlaps(rect)).count()
    }

    /// The first of these places (anchors and looks) where the text is free within `bounds`, else the one with the
    /// fewest collisions; takes it. `None` if every place lies outside.
    pub fn place(
        &mut self,
        text: &str,
        places: &[(f64, f64, Type)],
        bounds: &Rect,
    ) -> Option<(f64, f64, Type)> {
        let inside = |rect: &Rect| {
            rect.x >= bounds.x
                && rect.right() <= bounds.right()
                && rect.y >= bounds.y
                && rect.bottom() <= bounds.bottom()
        };
        let extent = |(x, y, look): &(f64, f64, Type)| look.extent(*x, *y, text);
        let best = places
            .iter()
            .filter(|place| inside(&extent(place)))
            .min_by_key(|place| self.hits(&extent(place)))
            .copied()?;
        self.add(extent(&best));
        Some(best)
    }
}

#[cfg(test)]
mod tests {
    use super::Taken;
    use crate::canvas::Rect;
    use crate::style::SMALL;

    #[test]
    fn labels_keep_clear() {
        let mut taken = Taken::default();
        let bounds = Rect::new(0.0, 0.0, 500.0, 100.0);
        taken.add_line(&[(0.0, 20.0), (500.0, 20.0)]);
        let places = [(10.0, 25.0, SMALL), (10.0, 60.0, SMALL), (200.0, 60.0, SMALL)];
        assert_eq!(taken.place("a label", &places, &bounds).map(|p| (p.0, p.1)), Some((10.0, 60.0)));
        assert_eq!(taken.place("a label", &places, &bounds).map(|p| (p.0, p.1)), Some((200.0, 60.0)));
        assert!(taken.place("outside", &[(600.0, 60.0, SMALL)], &bounds).is_none());
    }
}
