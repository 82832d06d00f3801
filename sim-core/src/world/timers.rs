//! The timers a node has armed. Most nodes have none or one, which then needs no memory of its own: with ten million
//! nodes, an allocation each is what costs.

use crate::time::Time;

/// A timer that has been armed and has neither fired nor been taken back.
pub(super) struct Armed<T> {
    pub(super) timer: T,
    /// On the node's monotonic clock.
    pub(super) due: Time,
    pub(super) arming: u32,
}

/// The armed timers of one node.
pub(super) enum Timers<T> {
    /// None.
    None,
    /// One, kept in place.
    One(Armed<T>),
    /// There have been more than one at a time.
    Many(Vec<Armed<T>>),
}

impl<T: Copy + Eq> Timers<T> {
    /// All of them.
    pub(super) fn as_mut_slice(&mut self) -> &mut [Armed<T>] {
        match self {
            Timers::None => &mut [],
            Timers::One(armed) => std::slice::from_mut(armed),
            Timers::Many(list) => list,
        }
    }

    /// Whether this arming stands.
    #[inline]
    pub(super) fn contains(&self, arming: u32) -> bool {
        match self {
            Timers::None => false,
            Timers::One(armed) => armed.arming == arming,
            Timers::Many(list) => list.iter().any(|armed| armed.arming == arming),
        }
    }

    /// Takes out the timer of an arming, if it stands.
    #[inline]
    pub(super) fn take(&mut self, arming: u32) -> Option<T> {
        match self {
            Timers::One(armed) if armed.arming == arming => {
                let timer = armed.timer;
                *self = Timers::None;
                Some(timer)
            }
            Timers::Many(list) => {
                let place = list.iter().position(|armed| armed.arming == arming)?;
                Some(list.swap_remove(place).timer)
            }
            _ => None,
        }
    }

    /// Adds a timer in the place of an equal one.
    #[inline]
    pub(super) fn arm(&mut self, armed: Armed<T>) {
        if let Some(old) = self.as_mut_slice().iter_mut().find(|old| old.timer == armed.timer) {
            *old = armed;
            return;
        }
        match self {
            Timers::None => *self = Timers::One(armed),
            Timers::Many(list) => list.push(armed),
            Timers::One(_) => {
                if let Timers::One(first) = std::mem::replace(self, Timers::None) {
                    *self = Timers::Many(vec![first, armed]);
                }
            }
        }
    }

    /// Takes a timer back, if it is armed.
    pub(super) fn disarm(&mut self, timer: T) {
        match self {
            Timers::One(armed) if armed.timer == timer => *self = Timers::None,
            Timers::Many(list) => list.retain(|armed| armed.timer != timer),
            _ => {}
        }
    }

    /// Takes all back.
    pub(super) fn clear(&mut self) {
        *self = Timers::None;
    }
}

#[cfg(test)]
mod tests {
    use super::{Armed, Timers};
    use crate::random::Rng;
    use crate::time::Time;

    /// The dumb twin: a list.
    #[test]
    fn they_do_what_a_list_does() {
        let mut rng = Rng::from_key(2);
        let mut timers: Timers<u8> = Timers::None;
        let mut twin: Vec<(u8, u32)> = Vec::new();
        for arming in 0..20_000 {
            let timer = rng.below(4) as u8;
            match rng.below(8) {
                0..3 => {
                    timers.arm(Armed { timer, due: Time::ZERO, arming });
                    twin.retain(|(own, _)| *own != timer);
                    twin.push((timer, arming));
                }
                3 | 4 => {
                    timers.disarm(timer);
                    twin.retain(|(own, _)| *own != timer);
                }
                5 | 6 => {
                    let wanted = twin.first().map_or(0, |(_, arming)| *arming);
                    let expected = twin.iter().position(|(_, own)| *own == wanted).map(|i| twin.remove(i).0);
                    assert_eq!(timers.contains(wanted), expected.is_some());
                    assert_eq!(timers.take(wanted), expected);
                }
                _ if rng.chance(0.1) => {
                    timers.clear();
                    twin.clear();
                }
                _ => {}
            }
            let mut armings: Vec<u32> = timers.as_mut_slice().iter().map(|armed| armed.arming).collect();
            let mut expected: Vec<u32> = twin.iter().map(|(_, arming)| *arming).collect();
            armings.sort_unstable();
            expected.sort_unstable();
            assert_eq!(armings, expected);
        }
    }
}
