//! Where a key lives: a consistent-hash ring with virtual nodes (Karger et al., STOC'97; Dynamo §4.2), whose walk from
//! the key's place gives the preference list, and behind it the fallbacks of a sloppy quorum (§4.6).
//!
//! Deliberately absent: who is up, which no ring knows.

use sim_core::peer::Peer;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::versions::Object;

/// A ring of some nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Ring {
    /// The points, sorted.
    points: Vec<(u64, Peer)>,
    members: Vec<Peer>,
}

/// A key's place on the ring.
#[must_use]
pub fn place(object: Object) -> u64 {
    xxh3_64_with_seed(&object.map_or(u64::MAX, |key| key.0).to_le_bytes(), 1)
}

impl Ring {
    /// A ring of these nodes, each with so many points; a node's points do not depend on the others.
    #[must_use]
    pub fn new(members: &[Peer], points_each: u32) -> Ring {
        let mut points = Vec::with_capacity(members.len() * points_each as usize);
        for member in members {
            for i in 0..points_each {
                let name = (u64::from(member.raw()) << 32) | u64::from(i);
                points.push((xxh3_64_with_seed(&name.to_le_bytes(), 2), *member));
            }
        }
        points.sort_unstable();
        Ring { points, members: members.to_vec() }
    }

    /// The nodes on it.
    #[must_use]
    pub fn members(&self) -> &[Peer] {
        &self.members
    }

    /// All its nodes in the order in which a walk from the key's place meets them.
    pub fn walk(&self, object: Object) -> impl Iterator<Item = Peer> {
        let from = place(object);
        let start = self.points.partition_point(|(point, _)| *point < from);
        let mut met: Vec<Peer> = Vec::new();
        self.points[start..].iter().chain(&self.points[..start]).filter_map(move |(_, node)| {
            if met.contains(node) {
                return None;
            }
            met.push(*node);
            Some(*node)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Ring;
    use sim_core::peer::Peer;
    use sim_core::value::Key;

    fn ring(nodes: u32, points: u32) -> Ring {
        Ring::new(&(0..nodes).map(Peer::node).collect::<Vec<_>>(), points)
    }

    #[test]
    fn a_walk_meets_every_node_once() {
        for key in 0..100 {
            let mut met: Vec<Peer> = ring(7, 16).walk(Some(Key(key))).collect();
            met.sort();
            assert_eq!(met, (0..7).map(Peer::node).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_newcomer_takes_its_share_and_moves_nothing_else() {
        let (before, after) = (ring(9, 64), ring(10, 64));
        let mut moved = 0;
        for key in (0..2_000).map(|key| Some(Key(key))) {
            let (was, is) = (before.walk(key).next(), after.walk(key).next());
            assert!(was == is || is == Some(Peer::node(9)));
            moved += u32::from(was != is);
        }
        assert!((120..=280).contains(&moved), "{moved} of 2000 keys moved, a tenth is due");
    }

    #[test]
    fn shares_spread_as_theory_says() {
        // Relative deviation of a node's share of the ring: sqrt((n - 1) / (n v + 1)).
        for (points, theory) in [(10_u32, 0.3152), (100, 0.0997)] {
            let nodes = 400_u32;
            let ring = ring(nodes, points);
            let mut arcs = vec![0.0_f64; nodes as usize];
            let mut previous = ring.points.last().map_or(0, |(point, _)| *point);
            for (point, node) in &ring.points {
                arcs[node.index()] += point.wrapping_sub(previous) as f64 / u64::MAX as f64;
                previous = *point;
            }
            let mean = 1.0 / f64::from(nodes);
            let square: f64 = arcs.iter().map(|arc| (arc / mean - 1.0) * (arc / mean - 1.0)).sum();
            let deviation = (square / f64::from(nodes)).sqrt();
            assert!(
                (deviation / theory - 1.0).abs() < 0.15,
                "{deviation} against {theory} at {points} points"
            );
        }
    }
}
