//! Who belongs to the cluster: voters, learners, and while a joint change is under way the voters before it (§6,
//! D 4.2–4.3); and how many of them make a quorum.
//!
//! Deliberately absent: when a membership is changed, which is `reconfigure`'s business.

use std::fmt;
use std::hint::select_unpredictable;

use sim_core::peer::Peer;

use super::config::Quorums;
use super::entry::{Index, names};

/// One membership, as an entry of the log carries it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Membership {
    /// Who votes, in rising order.
    pub voters: Vec<Peer>,
    /// Who voted before, while a joint change is under way; else empty.
    pub outgoing: Vec<Peer>,
    /// Who gets the log without a vote, in rising order.
    pub learners: Vec<Peer>,
    /// How many lines of the administrator's plan are carried out with this.
    pub lines_done: u32,
}

/// What a quorum is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To elect a leader.
    Election,
    /// To commit an entry, and to show that a leader still leads.
    Commit,
}

impl Membership {
    /// These voters and nobody else.
    #[must_use]
    pub fn of(voters: Vec<Peer>) -> Membership {
        Membership { voters, ..Membership::default() }
    }

    /// Whether a joint change is under way.
    #[must_use]
    pub fn is_joint(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Whether this server votes, before or after the change under way.
    #[must_use]
    pub fn is_voter(&self, peer: Peer) -> bool {
        self.voters.contains(&peer) || self.outgoing.contains(&peer)
    }

    /// Everyone who votes, once each.
    pub fn all_voters(&self) -> impl Iterator<Item = Peer> + '_ {
        let before = self.outgoing.iter().filter(|peer| !self.voters.contains(peer));
        self.voters.iter().chain(before).copied()
    }

    /// Everyone who gets the log, once each.
    pub fn everyone(&self) -> impl Iterator<Item = Peer> + '_ {
        let learners = self.learners.iter().filter(|peer| !self.is_voter(**peer)).copied();
        self.all_voters().chain(learners)
    }

    /// How many of so many voters make a quorum.
    pub(super) fn size(voters: usize, quorums: Option<Quorums>, purpose: Purpose) -> usize {
        match (quorums, purpose) {
            (None, _) => voters / 2 + 1,
            (Some(quorums), Purpose::Election) => quorums.election as usize,
            (Some(quorums), Purpose::Commit) => quorums.commit as usize,
        }
    }

    /// Whether those for whom `agrees` holds make a quorum: of both sides, where a change is under way.
    pub fn is_quorum(
        &self,
        quorums: Option<Quorums>,
        purpose: Purpose,
        agrees: impl Fn(Peer) -> bool,
    ) -> bool {
        let holds = |side: &[Peer]| {
            let count = side.iter().filter(|peer| agrees(**peer)).count();
            count >= Membership::size(side.len(), quorums, purpose)
        };
        holds(&self.voters) && (!self.is_joint() || holds(&self.outgoing))
    }

    /// The highest number that a commit quorum has reached, given how far each voter is. It is known to have reached `known`.
    pub fn reached(
        &self,
        quorums: Option<Quorums>,
        scratch: &mut Vec<Index>,
        known: Index,
        of: impl Fn(Peer) -> Index,
    ) -> Index {
        let mut side = |voters: &[Peer]| {
            let size = Membership::size(voters.len(), quorums, Purpose::Commit);
            if size > voters.len() {
                return 0;
            }
            // Mostly just as many as it takes are further than what is known.
            let (count, least) = further(voters.iter().map(|peer| of(*peer)), known);
            if count == size {
                return least;
            }
            scratch.clear();
            scratch.extend(voters.iter().map(|peer| of(*peer)));
            if scratch.len() <= FEW { least_of_highest(scratch, size) } else { nth_highest(scratch, size) }
        };
        let now = side(&self.voters);
        if self.is_joint() { now.min(side(&self.outgoing)) } else { now }
    }
}

/// Up to so many numbers are each compared with every other, which takes no guesses.
const FEW: usize = 9;

/// How many of these are further than this, and the least of them; all below 2⁶³.
#[inline]
fn further(numbers: impl Iterator<Item = Index>, known: Index) -> (usize, Index) {
    // What is not further wraps round to more than what is.
    let beyond = numbers.map(|number| number.wrapping_sub(known).wrapping_sub(1));
    let (count, least) = beyond.fold((0, Index::MAX), |(count, least), beyond| {
        (count + (!beyond >> (Index::BITS - 1)) as usize, least.min(beyond))
    });
    (count, least.wrapping_add(known).wrapping_add(1))
}

/// The highest number that so many of these have reached.
#[inline]
fn least_of_highest(numbers: &[Index], size: usize) -> Index {
    numbers.iter().fold(0, |best, number| {
        let count = numbers.iter().map(|other| usize::from(other >= number)).sum::<usize>();
        select_unpredictable(count >= size, best.max(*number), best)
    })
}

/// The same, by sorting. `size` is at least 1 and at most their number.
fn nth_highest(numbers: &mut [Index], size: usize) -> Index {
    *numbers.select_nth_unstable_by(size - 1, |a, b| b.cmp(a)).1
}

impl fmt::Display for Membership {
    /// `{n0 n1 n2}`, with `+ learners {n3}`, and `{n0 n1}→{n0 n1 n2}` while a joint change is under way.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_joint() {
            write!(f, "{{{}}}→", names(&self.outgoing))?;
        }
        write!(f, "{{{}}}", names(&self.voters))?;
        if !self.learners.is_empty() {
            write!(f, " + learners {{{}}}", names(&self.learners))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Membership, Purpose, further, least_of_highest, nth_highest};
    use crate::raft::config::Quorums;
    use sim_core::peer::Peer;

    fn peers(list: &[u32]) -> Vec<Peer> {
        list.iter().map(|index| Peer::node(*index)).collect()
    }

    #[test]
    fn majorities_of_both_sides() {
        let joint = Membership { outgoing: peers(&[0, 1, 2]), ..Membership::of(peers(&[2, 3, 4])) };
        let holds = |who: &[u32]| joint.is_quorum(None, Purpose::Commit, |peer| peers(who).contains(&peer));
        assert!(holds(&[0, 2, 3]) && holds(&[0, 1, 3, 4]));
        assert!(!holds(&[2, 3, 4]) && !holds(&[0, 1, 2]) && !holds(&[0, 4]));
        assert_eq!(joint.to_string(), "{n0 n1 n2}→{n2 n3 n4}");
        assert_eq!(joint.all_voters().count(), 5);
    }

    proptest::proptest! {
        /// Few numbers are compared, many sorted: each way is the other's twin.
        #[test]
        fn comparing_and_sorting_find_the_same(
            mut numbers in proptest::collection::vec(0u64..6, 1..12),
            size in 1usize..12,
        ) {
            let size = size.min(numbers.len());
            let least = least_of_highest(&numbers, size);
            for known in 0..6 {
                let (count, further) = further(numbers.iter().copied(), known);
                assert_eq!(count >= size, least > known);
                assert!(count != size || further == least);
            }
            assert_eq!(least, nth_highest(&mut numbers, size));
        }
    }

    #[test]
    fn the_index_a_quorum_has_reached() {
        let of = |peer: Peer| [9, 7, 5, 3, 1][peer.index()];
        let five = Membership::of(peers(&[0, 1, 2, 3, 4]));
        let mut scratch = Vec::new();
        for known in 0..=3 {
            assert_eq!(five.reached(None, &mut scratch, known, of), 5);
            let two = Some(Quorums { election: 4, commit: 2 });
            assert_eq!(five.reached(two, &mut scratch, known, of), 7);
            let joint = Membership { outgoing: peers(&[2, 3, 4]), ..Membership::of(peers(&[0, 1, 2])) };
            assert_eq!(joint.reached(None, &mut scratch, known, of), 3);
        }
    }
}
