//! Quantiles of the latest measurements: a ring, sorted anew after every tenth of its length.

use crate::time::Span;

/// The latest lengths of time.
#[derive(Clone, Debug)]
pub struct Window {
    ring: Vec<Span>,
    next: usize,
    room: usize,
    sorted: Vec<Span>,
    fresh: usize,
}

impl Window {
    /// A window of this many; at least 10.
    #[must_use]
    pub fn new(room: usize) -> Window {
        Window { ring: Vec::new(), next: 0, room: room.max(10), sorted: Vec::new(), fresh: 0 }
    }

    /// Adds one; the oldest goes.
    pub fn add(&mut self, span: Span) {
        if self.ring.len() < self.room {
            self.ring.push(span);
        } else {
            self.ring[self.next] = span;
        }
        self.next = (self.next + 1) % self.room;
        self.fresh += 1;
        if self.fresh >= self.room / 10 {
            self.fresh = 0;
            self.sorted.clone_from(&self.ring);
            self.sorted.sort_unstable();
        }
    }

    /// The quantile; `None` before a tenth of the window has been seen.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Span> {
        let last = self.sorted.len().checked_sub(1)?;
        Some(self.sorted[((share * self.sorted.len() as f64) as usize).min(last)])
    }
}

#[cfg(test)]
mod tests {
    use super::Window;
    use crate::time::Span;

    #[test]
    fn old_values_leave() {
        let mut window = Window::new(100);
        assert_eq!(window.quantile(0.5), None);
        (0..100).for_each(|i| window.add(Span(i)));
        assert_eq!((window.quantile(0.5), window.quantile(1.0)), (Some(Span(50)), Some(Span(99))));
        (0..100).for_each(|_| window.add(Span(7)));
        assert_eq!(window.quantile(0.99), Some(Span(7)));
    }
}
