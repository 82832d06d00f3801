//! Queue disciplines of a server: first come first served, last come first served, adaptive LIFO, CoDel, priority.
//!
//! Adaptive LIFO turns to the newest work once a queue stands, and controlled delay drops what has waited longer than
//! it should while it has not been empty lately (Maurer, "Fail at Scale", ACM Queue 2015). [`Discipline::CoDel`] is
//! the network's own algorithm (Nichols and Jacobson, "Controlling Queue Delay", ACM Queue 2012; RFC 8289 §5).
//! Deliberately absent: what is turned away at the door; see [`super::shed`].

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use sim_core::time::{Span, Time};

/// In which order waiting work is served, and which of it is dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Discipline {
    /// First come, first served.
    #[default]
    Fifo,
    /// Last come, first served.
    Lifo,
    /// First come, first served, until more than so many wait; then the newest first. What has waited longer than
    /// the target while the queue has stood for the interval is dropped.
    AdaptiveLifo {
        /// How many may wait before the order turns.
        above: u32,
        /// How long work may wait while the queue stands.
        target: Span,
        /// How long a queue must not have been empty to be standing.
        interval: Span,
    },
    /// First come, first served, dropping at the head ever faster while the wait stays above the target.
    CoDel {
        /// The wait that is acceptable.
        target: Span,
        /// How long it may be above that.
        interval: Span,
    },
    /// Lower classes first, first come first served within one.
    Priority,
}

impl Discipline {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Discipline::CoDel { target, interval } | Discipline::AdaptiveLifo { target, interval, .. }
                if *target == Span::ZERO || *interval == Span::ZERO =>
            {
                Err("target and interval: lengths above 0, or everything that waits is dropped".into())
            }
            _ => Ok(()),
        }
    }
}

/// Work as it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waiting {
    work: u32,
    since: Time,
}

/// A queue at work. Work is a number.
#[derive(Clone, Debug)]
pub struct Queue {
    discipline: Discipline,
    line: VecDeque<Waiting>,
    classes: BTreeMap<u8, VecDeque<Waiting>>,
    len: u32,
    /// When it was last empty.
    empty_at: Time,
    codel: CoDel,
}

#[derive(Clone, Copy, Debug, Default)]
struct CoDel {
    /// When the wait will have been above the target for an interval.
    above_until: Option<Time>,
    dropping: bool,
    drop_next: Time,
    count: u32,
    last_count: u32,
}

/// What comes out of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Serve this.
    Serve(u32),
    /// Drop this, and ask again.
    Drop(u32),
    /// Nothing waits.
    Empty,
}

impl Queue {
    /// An empty one.
    #[must_use]
    pub fn new(discipline: Discipline) -> Queue {
        Queue {
            discipline,
            line: VecDeque::new(),
            classes: BTreeMap::new(),
            len: 0,
            empty_at: Time::ZERO,
            codel: CoDel::default(),
        }
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether work that comes now may go to a free worker without having been in the queue: nobody is before it, and
    /// the discipline does not learn from who passes.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.len == 0 && matches!(self.discipline, Discipline::Fifo | Discipline::Lifo | Discipline::Priority)
    }

    /// Work comes.
    pub fn push(&mut self, work: u32, priority: u8, now: Time) {
        if self.len == 0 {
            self.empty_at = now;
        }
        self.len += 1;
        let waiting = Waiting { work, since: now };
        match self.discipline {
            Discipline::Priority => self.classes.entry(priority).or_default().push_back(waiting),
            _ => self.line.push_back(waiting),
        }
    }

    /// Work is taken back before its turn; whether it was there.
    pub fn remove(&mut self, work: u32) -> bool {
        let lines = std::iter::once(&mut self.line).chain(self.classes.values_mut());
        for line in lines {
            if let Some(place) = line.iter().position(|waiting| waiting.work == work) {
                line.remove(place);
                self.len -= 1;
                return true;
            }
        }
        false
    }

    /// What is to be done next.
    pub fn pop(&mut self, now: Time) -> Next {
        if self.len == 0 {
            self.empty_at = now;
            return Next::Empty;
        }
        self.len -= 1;
        match self.discipline {
            Discipline::Fifo => self.line.pop_front().map_or(Next::Empty, |w| Next::Serve(w.work)),
            Discipline::Lifo => self.line.pop_back().map_or(Next::Empty, |w| Next::Serve(w.work)),
            Discipline::Priority => {
                let first = self.classes.values_mut().find_map(VecDeque::pop_front);
                first.map_or(Next::Empty, |w| Next::Serve(w.work))
            }
            Discipline::AdaptiveLifo { above, target, interval } => {
                self.adaptive(above, target, interval, now)
            }
            Discipline::CoDel { target, interval } => self.controlled(target, interval, now),
        }
    }

    fn adaptive(&mut self, above: u32, target: Span, interval: Span, now: Time) -> Next {
        let standing = now.since(self.empty_at) > interval;
        let patience = if standing { target } else { interval };
        // The oldest is dropped first, whatever is served: it has waited longest.
        if let Some(oldest) = self.line.front()
            && now.since(oldest.since) > patience
        {
            return self.line.pop_front().map_or(Next::Empty, |w| Next::Drop(w.work));
        }
        let newest = self.len + 1 > above;
        let taken = if newest { self.line.pop_back() } else { self.line.pop_front() };
        taken.map_or(Next::Empty, |w| Next::Serve(w.work))
    }

    fn controlled(&mut self, target: Span, interval: Span, now: Time) -> Next {
        let Some(head) = self.line.pop_front() else { return Next::Empty };
        let wait = now.since(head.since);
        let state = &mut self.codel;
        let above = if wait < target || self.line.is_empty() {
            state.above_until = None;
            false
        } else {
            now >= *state.above_until.get_or_insert(now + interval)
        };
        let next_drop = |from: Time, count: u32| {
            from + Span::from_ns_f64(interval.0 as f64 / libm::sqrt(f64::from(count.max(1))))
        };
        if state.dropping {
            if !above {
                state.dropping = false;
            } else if now >= state.drop_next {
                state.count += 1;
                state.drop_next = next_drop(state.drop_next, state.count);
                return Next::Drop(head.work);
            }
        } else if above {
            state.dropping = true;
            let delta = state.count - state.last_count;
            let recent = now.since(state.drop_next).0 < interval.0.saturating_mul(16);
            state.count = if delta > 1 && recent { delta } else { 1 };
            state.last_count = state.count;
            state.drop_next = next_drop(now, state.count);
            return Next::Drop(head.work);
        }
        Next::Serve(head.work)
    }
}

#[cfg(test)]
mod tests {
    use super::{Discipline, Next, Queue};
    use sim_core::time::{Span, Time};

    fn at(ms: u64) -> Time {
        Time(ms * 1_000_000)
    }

    fn order(discipline: Discipline, pop_at: u64) -> Vec<Next> {
        let mut queue = Queue::new(discipline);
        for work in 0..4 {
            queue.push(work, [1, 0, 1, 0][work as usize], at(u64::from(work)));
        }
        (0..5).map(|_| queue.pop(at(pop_at))).collect()
    }

    #[test]
    fn each_discipline_has_its_order() {
        let serve =
            |works: [u32; 4]| works.map(Next::Serve).into_iter().chain([Next::Empty]).collect::<Vec<Next>>();
        assert_eq!(order(Discipline::Fifo, 9), serve([0, 1, 2, 3]));
        assert_eq!(order(Discipline::Lifo, 9), serve([3, 2, 1, 0]));
        assert_eq!(order(Discipline::Priority, 9), serve([1, 3, 0, 2]));
        let adaptive = Discipline::AdaptiveLifo { above: 2, target: Span::ms(5), interval: Span::ms(100) };
        assert_eq!(order(adaptive, 9), serve([3, 2, 0, 1]));
        assert_eq!(order(adaptive, 200)[..2], [Next::Drop(0), Next::Drop(1)]);
    }

    #[test]
    fn codel_drops_ever_faster_while_the_wait_stays_above_its_target() {
        let mut queue = Queue::new(Discipline::CoDel { target: Span::ms(5), interval: Span::ms(100) });
        let (mut dropped, mut now) = (Vec::new(), 0);
        for work in 0..2000 {
            queue.push(work, 0, at(u64::from(work)));
        }
        // Served at 2 ms each: the wait only grows.
        while now < 1900 {
            match queue.pop(at(now)) {
                Next::Serve(_) => now += 2,
                Next::Drop(_) => dropped.push(now),
                Next::Empty => break,
            }
        }
        let gaps: Vec<u64> = dropped.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(dropped[0] >= 100 && dropped[0] <= 120, "{dropped:?}");
        assert!(gaps[0] >= 98 && gaps.iter().all(|gap| *gap <= gaps[0]), "{gaps:?}");
        assert!(gaps[gaps.len() - 1] < 30, "{gaps:?}");
    }

    #[test]
    fn work_can_be_taken_back() {
        let mut queue = Queue::new(Discipline::Fifo);
        (0..3).for_each(|work| queue.push(work, 0, at(0)));
        assert!(queue.remove(1) && !queue.remove(1));
        assert_eq!((queue.pop(at(1)), queue.pop(at(1))), (Next::Serve(0), Next::Serve(2)));
    }
}
