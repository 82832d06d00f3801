//! How long a client waits for its attempts: of all its time-outs only the next is on the event queue, and those of attempts
//! that are over by then never come there.
//!
//! Most attempts are answered long before their time-out, so that nearly all of what is pending would be time-outs that mean
//! nothing any more. Deliberately absent: what a time-out does, which is the world's business, and time-outs out of order,
//! which go to the event queue by themselves.

use std::collections::VecDeque;

use crate::time::Time;

/// A time-out, as it would be on the event queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) at: Time,
    /// Its number among all that its client puts on the queue.
    pub(crate) seq: u32,
    /// The attempt that is given up.
    pub(crate) attempt: Attempt,
}

/// An attempt of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// The name of the operation's process.
    pub(crate) process: u32,
    /// The number of the operation within it.
    pub(crate) serial: u32,
    /// Which attempt, from 1.
    pub(crate) number: u32,
}

/// Where a new time-out goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Onto the event queue, as the first of those that wait.
    First,
    /// Nowhere: it waits behind others.
    Behind,
    /// Onto the event queue, by itself.
    Apart,
}

/// A client's time-outs, in the order in which they are due; the first is on the event queue.
#[derive(Debug, Default)]
pub(crate) struct Patience(VecDeque<Wait>);

impl Patience {
    /// Another time-out, numbered after all that are here.
    #[inline(always)]
    pub(crate) fn add(&mut self, wait: Wait) -> Place {
        let place = match self.0.back() {
            None => Place::First,
            Some(last) if last.at <= wait.at => Place::Behind,
            Some(_) => return Place::Apart,
        };
        self.0.push_back(wait);
        place
    }

    /// The first is due. Answers what it gives up, and the next of which `matters` holds: it goes onto the event queue.
    pub(crate) fn due(
        &mut self,
        mut matters: impl FnMut(Attempt) -> bool,
    ) -> (Option<Attempt>, Option<Wait>) {
        let first = self.0.pop_front();
        while let Some(next) = self.0.front()
            && !matters(next.attempt)
        {
            self.0.pop_front();
        }
        (first.map(|wait| wait.attempt), self.0.front().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::{Attempt, Patience, Place, Wait};
    use crate::time::Time;

    fn wait(at: u64, seq: u32) -> Wait {
        Wait { at: Time(at), seq, attempt: Attempt { process: 0, serial: seq, number: 1 } }
    }

    #[test]
    fn only_the_first_of_those_in_order_is_on_the_queue() {
        let mut patience = Patience::default();
        assert_eq!(patience.add(wait(5, 1)), Place::First);
        assert_eq!(patience.add(wait(5, 2)), Place::Behind);
        assert_eq!(patience.add(wait(4, 3)), Place::Apart);
        assert_eq!(patience.add(wait(9, 4)), Place::Behind);
        assert_eq!(patience.due(|attempt| attempt.serial == 4), (Some(wait(5, 1).attempt), Some(wait(9, 4))));
        assert_eq!(patience.due(|_| true), (Some(wait(9, 4).attempt), None));
        assert_eq!(patience.due(|_| true), (None, None));
        assert_eq!(patience.add(wait(1, 5)), Place::First);
    }
}
