//! A tree of hashes over a database whose keys are spread by their places, and the walk down to the leaves in which two
//! databases differ (Merkle; Demers et al., PODC'87, §1.3, whose checksum is the tree of depth 0).
//!
//! Subtrees have numbers: 1 is the root, 2n and 2n + 1 are below n. Whoever exchanges rows, replicated objects or
//! anything else walks here. Deliberately absent: what is exchanged, and hashes that are kept: they are worked out anew.

/// Whether a place lies below a subtree: one of level l is told by l leading bits.
#[must_use]
pub fn below(place: u64, subtree: u32) -> bool {
    let level = subtree.ilog2();
    level == 0 || place >> (64 - level) == u64::from(subtree - (1 << level))
}

/// The hash of a subtree, of items given as (place, hash of the content): a sum, so that it does not hang on their order.
#[must_use]
pub fn hash(items: impl Iterator<Item = (u64, u64)>, subtree: u32) -> u64 {
    let inside = items.filter(|(place, _)| below(*place, subtree));
    inside.fold(0, |sum: u64, (_, content)| sum.wrapping_add(content))
}

/// What a comparison of hashes leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// Subtrees one step down, with the own hashes: to be compared next.
    pub deeper: Vec<(u32, u64)>,
    /// Leaves that differ.
    pub leaves: Vec<u32>,
}

/// Compares another's hashes with the own ones, in a tree of this depth.
#[must_use]
pub fn walk(theirs: &[(u32, u64)], depth: u32, own: impl Fn(u32) -> u64) -> Walk {
    let mut walk = Walk::default();
    for &(subtree, hash) in theirs {
        if subtree == 0 || subtree.ilog2() > depth || own(subtree) == hash {
            continue;
        }
        if subtree.ilog2() == depth {
            walk.leaves.push(subtree);
        } else {
            walk.deeper.extend([2 * subtree, 2 * subtree + 1].map(|child| (child, own(child))));
        }
    }
    walk
}

#[cfg(test)]
mod tests {
    use super::{Walk, below, hash, walk};

    #[test]
    fn a_walk_ends_at_the_leaf_that_differs() {
        const OURS: &[(u64, u64)] = &[(0, 7), (u64::MAX / 4 * 3, 9)];
        const THEIRS: &[(u64, u64)] = &[(0, 7), (u64::MAX / 4 * 3, 10)];
        let hash_of = |items: &'static [(u64, u64)]| move |subtree| hash(items.iter().copied(), subtree);
        let mut compared = vec![(1, hash_of(THEIRS)(1))];
        for _ in 0..2 {
            let found = walk(&compared, 2, hash_of(OURS));
            assert!(found.leaves.is_empty());
            compared =
                found.deeper.iter().map(|(subtree, _)| (*subtree, hash_of(THEIRS)(*subtree))).collect();
        }
        assert_eq!(walk(&compared, 2, hash_of(OURS)), Walk { deeper: Vec::new(), leaves: vec![6] });
        assert!(below(u64::MAX / 4 * 3, 6) && !below(0, 6) && below(0, 4));
        assert_eq!(walk(&[(1, hash_of(OURS)(1))], 2, hash_of(OURS)), Walk::default(), "equal databases");
    }
}
