//! A node's armed timers. Most nodes have one, and keep it beside their state; those with more keep a list.

use crate::time::Time;

/// Armings are counted modulo this, so that one fits into an event's key beside the event's kind.
const ARMINGS: u32 = 1 << 30;

/// The number of the arming after this one.
#[inline]
pub(super) fn next_arming(arming: u32) -> u32 {
    (arming + 1) % ARMINGS
}

/// A timer that has been armed and has neither fired nor been taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Armed<T> {
    pub(super) timer: T,
    /// On the node's monotonic clock.
    pub(super) due: Time,
    pub(super) arming: u32,
}

/// The armed timers of one node, no two of them equal.
#[derive(Debug)]
pub(super) enum Timers<T> {
    /// One or none.
    One(Option<Armed<T>>),
    /// Any number, once there were two; in no order that anyone may rely on but the same in every run.
    #[expect(clippy::box_collection, reason = "a word instead of three keeps a node on one cache line")]
    Many(Box<Vec<Armed<T>>>),
}

impl<T: Copy + Eq> Timers<T> {
    /// Arms a timer, in the place of an equal one.
    #[inline]
    pub(super) fn arm(&mut self, armed: Armed<T>) {
        match self {
            Timers::One(one) => match one {
                Some(other) if other.timer != armed.timer => {
                    *self = Timers::Many(Box::new(vec![*other, armed]));
                }
                _ => *one = Some(armed),
            },
            Timers::Many(list) => match list.iter_mut().find(|other| other.timer == armed.timer) {
                Some(other) => *other = armed,
                None => list.push(armed),
            },
        }
    }

    /// Whether this arming still stands.
    #[inline]
    pub(super) fn stands(&self, arming: u32) -> bool {
        self.list().iter().any(|armed| armed.arming == arming)
    }

    /// Takes out the timer of an arming, if it still stands.
    #[inline]
    pub(super) fn fire(&mut self, arming: u32) -> Option<T> {
        match self {
            Timers::One(one) => one.take_if(|armed| armed.arming == arming).map(|armed| armed.timer),
            Timers::Many(list) => {
                let place = list.iter().position(|armed| armed.arming == arming)?;
                Some(list.swap_remove(place).timer)
            }
        }
    }

    /// Takes a timer back.
    pub(super) fn disarm(&mut self, timer: T) {
        match self {
            Timers::One(one) => *one = one.filter(|armed| armed.timer != timer),
            Timers::Many(list) => list.retain(|armed| armed.timer != timer),
        }
    }

    /// Takes all of them back.
    pub(super) fn clear(&mut self) {
        match self {
            Timers::One(one) => *one = None,
            Timers::Many(list) => list.clear(),
        }
    }

    /// All of them.
    pub(super) fn list(&self) -> &[Armed<T>] {
        match self {
            Timers::One(one) => one.as_slice(),
            Timers::Many(list) => list,
        }
    }

    /// All of them, to be changed.
    pub(super) fn list_mut(&mut self) -> &mut [Armed<T>] {
        match self {
            Timers::One(one) => one.as_mut_slice(),
            Timers::Many(list) => list,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Armed, Timers};
    use crate::time::Time;
    use proptest::prelude::any;

    proptest::proptest! {
        /// The dumb twin: a list that is searched.
        #[test]
        fn they_do_what_a_list_does(steps in proptest::collection::vec((0u8..4, any::<u8>()), 0..60)) {
            let (mut timers, mut list) = (Timers::One(None), Vec::<Armed<u8>>::new());
            for (arming, (what, value)) in steps.into_iter().enumerate() {
                let (arming, timer) = (arming as u32, value % 3);
                match what {
                    0 | 1 => {
                        let armed = Armed { timer, due: Time(u64::from(value)), arming };
                        timers.arm(armed);
                        match list.iter_mut().find(|other| other.timer == timer) {
                            Some(other) => *other = armed,
                            None => list.push(armed),
                        }
                    }
                    2 => {
                        let fired = u32::from(value) % (arming + 1);
                        let place = list.iter().position(|armed| armed.arming == fired);
                        assert_eq!(timers.stands(fired), place.is_some());
                        assert_eq!(timers.fire(fired), place.map(|place| list.swap_remove(place).timer));
                    }
                    _ => {
                        timers.disarm(timer);
                        list.retain(|armed| armed.timer != timer);
                    }
                }
                assert_eq!(timers.list(), list);
                assert_eq!(timers.list_mut().len(), list.len());
            }
            timers.clear();
            assert!(timers.list().is_empty());
        }
    }
}
