//! Places in a line: a doubly linked list over a vector, so that every step takes the same time.

/// No neighbour.
const NONE: u32 = u32::MAX;

/// The neighbours of a place: towards the end, towards the front.
#[derive(Clone, Copy, Debug)]
struct Link {
    after: u32,
    before: u32,
}

/// A line.
#[derive(Clone, Debug)]
pub(in crate::policy) struct Line {
    links: Vec<Link>,
    front: u32,
    end: u32,
}

impl Default for Line {
    fn default() -> Line {
        Line { links: Vec::new(), front: NONE, end: NONE }
    }
}

impl Line {
    /// Puts a place at the end that is not in the line.
    pub(super) fn push(&mut self, place: u32) {
        let link = Link { after: NONE, before: self.end };
        match self.links.get_mut(place as usize) {
            Some(own) => *own = link,
            None => self.links.push(link),
        }
        if self.end == NONE {
            self.front = place
        } else {
            self.links[self.end as usize].after = place
        }
        self.end = place;
    }

    /// Moves a place of the line to its end.
    pub(super) fn move_back(&mut self, place: u32) {
        if self.end != place {
            self.take(place);
            self.push(place);
        }
    }

    /// Takes the place at the front.
    pub(super) fn pop(&mut self) -> Option<u32> {
        let front = self.front;
        (front != NONE).then(|| {
            self.take(front);
            front
        })
    }

    fn take(&mut self, place: u32) {
        let Link { after, before } = self.links[place as usize];
        if after == NONE {
            self.end = before
        } else {
            self.links[after as usize].before = before
        }
        if before == NONE { self.front = after } else { self.links[before as usize].after = after }
    }
}
