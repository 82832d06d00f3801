//! How long clients wait for their attempts: of all time-outs of clients that are alike only the next is on the event queue, and
//! those of attempts that are over by then never come there.
//!
//! Most attempts are answered long before their time-out, so that nearly all of what is pending would be time-outs that mean
//! nothing any more; and clients that are alike mostly wait equally long, so that their time-outs come in order. Deliberately
//! absent: what a time-out does, which is the world's business, and time-outs out of order, which go to the event queue by
//! themselves.

use std::collections::VecDeque;

use crate::time::Time;

/// A time-out, as it would be on the event queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) at: Time,
    pub(crate) client: u32,
    /// Its number among all that its client puts on the queue.
    pub(crate) seq: u32,
    /// The attempt that is given up.
    pub(crate) attempt: Attempt,
}

impl Wait {
    /// What the event queue orders by.
    #[inline]
    fn order(&self) -> (Time, u32, u32) {
        (self.at, self.client, self.seq)
    }
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

/// The time-outs of clients that are alike, in the order in which they would leave the event queue; the first is on it.
#[derive(Debug, Default)]
pub(crate) struct Patience(VecDeque<Wait>);

impl Patience {
    /// Another time-out. It waits here if it is due after all that do.
    #[inline(always)]
    pub(crate) fn add(&mut self, wait: Wait) -> Place {
        let place = match self.0.back() {
            None => Place::First,
            Some(last) if last.order() < wait.order() => Place::Behind,
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
    use std::collections::BTreeMap;

    /// A time-out of one of three clients.
    fn wait(at: u64, seq: u32) -> Wait {
        Wait {
            at: Time(at),
            client: seq * 7 % 3,
            seq,
            attempt: Attempt { process: 0, serial: seq, number: 1 },
        }
    }

    /// Runs time-outs through an event queue, all of them or only those that belong there; answers those that mattered. An attempt of
    /// an even number is over after so long.
    fn heard(asked: &[(u64, u64)], over_after: u64, all: bool) -> Vec<(Time, u32)> {
        let (mut patience, mut queue, mut heard) = (Patience::default(), BTreeMap::new(), Vec::new());
        let mut asked = asked.to_vec();
        asked.sort_unstable();
        let asked: Vec<(u64, u32, u64)> =
            asked.iter().zip(1..).map(|((at, takes), seq)| (*at, seq, *takes)).collect();
        let matters = |seq: u32, now: Time| {
            let begun = asked[seq as usize - 1].0;
            seq % 2 == 1 || now.0 < begun + over_after
        };
        let mut next = asked.iter();
        let mut coming = next.next();
        loop {
            let first = queue.first_key_value().map(|((Time(at), _, seq), apart)| (*at, *seq, *apart));
            match (coming, first) {
                (Some(&(at, seq, takes)), first) if first.is_none_or(|(due, ..)| at <= due) => {
                    let wait = wait(at + takes, seq);
                    match if all { Place::Apart } else { patience.add(wait) } {
                        Place::Behind => {}
                        place => queue.extend([(wait.order(), place == Place::Apart)]),
                    }
                    coming = next.next();
                }
                (_, Some((at, seq, apart))) => {
                    queue.pop_first();
                    let mut given_up = Some(seq);
                    if !apart {
                        let (first, next) = patience.due(|attempt| matters(attempt.serial, Time(at)));
                        given_up = first.map(|attempt| attempt.serial);
                        queue.extend(next.map(|wait| (wait.order(), false)));
                    }
                    let given_up = given_up.filter(|seq| matters(*seq, Time(at)));
                    heard.extend(given_up.map(|seq| (Time(at), seq)));
                }
                _ => return heard,
            }
        }
    }

    proptest::proptest! {
        /// The twin puts them all on the queue.
        #[test]
        fn what_matters_is_heard_as_if_all_were_on_the_queue(
            asked in proptest::collection::vec((0u64..60, proptest::sample::select(vec![20u64, 20, 20, 5, 30])), 0..40),
            over_after in 0u64..40,
        ) {
            assert_eq!(heard(&asked, over_after, false), heard(&asked, over_after, true));
        }
    }

    #[test]
    fn at_one_instant_clients_come_in_their_order() {
        let mut patience = Patience::default();
        // Of clients 0, 1 and 0.
        let [first, last, between] = [3, 1, 6].map(|seq| wait(5, seq));
        assert_eq!(patience.add(first), Place::First);
        assert_eq!(patience.add(last), Place::Behind);
        assert_eq!(patience.add(between), Place::Apart);
    }

    #[test]
    fn only_the_first_of_those_in_order_is_on_the_queue() {
        let mut patience = Patience::default();
        assert_eq!(patience.add(wait(5, 1)), Place::First);
        assert_eq!(patience.add(wait(6, 2)), Place::Behind);
        assert_eq!(patience.add(wait(4, 3)), Place::Apart);
        assert_eq!(patience.add(wait(9, 4)), Place::Behind);
        assert_eq!(patience.due(|attempt| attempt.serial == 4), (Some(wait(5, 1).attempt), Some(wait(9, 4))));
        assert_eq!(patience.due(|_| true), (Some(wait(9, 4).attempt), None));
        assert_eq!(patience.due(|_| true), (None, None));
        assert_eq!(patience.add(wait(1, 5)), Place::First);
    }
}
