//! From the shape of a partition to the pairs of sets that cannot speak.

use crate::fault::kind::Shape;
use crate::fault::target::Names;
use crate::network::cut::PeerSet;
use crate::peer::Peer;
use crate::random::Rng;

/// A partition worked out.
pub(crate) struct CutPlan {
    /// Nothing passes from the first to the second of each.
    pub(crate) cuts: Vec<(PeerSet, PeerSet)>,
    /// The groups in words: `n0 n1 | n2 n3 n4`.
    pub(crate) detail: String,
}

impl Shape {
    /// Works out who is cut off from whom, drawing what the shape leaves open.
    pub(crate) fn cut(
        &self,
        targets: &[Peer],
        nodes: &[Peer],
        names: &Names,
        clients: bool,
        rng: &mut Rng,
    ) -> CutPlan {
        let mut shuffled = nodes.to_vec();
        rng.shuffle(&mut shuffled);
        let without =
            |group: &[Peer]| -> Vec<Peer> { nodes.iter().filter(|n| !group.contains(n)).copied().collect() };
        let mut plan = match self {
            Shape::Isolate => apart(&[targets.to_vec(), without(targets)], names),
            Shape::Shatter => {
                let mut groups: Vec<Vec<Peer>> = targets.iter().map(|target| vec![*target]).collect();
                groups.push(without(targets));
                apart(&groups, names)
            }
            Shape::Halves => {
                let (smaller, larger) = shuffled.split_at(nodes.len() / 2);
                apart(&[smaller.to_vec(), larger.to_vec()], names)
            }
            Shape::Minority => {
                let size = nodes.len().saturating_sub(1) / 2;
                let mut minority: Vec<Peer> = targets.iter().take(size).copied().collect();
                let fill = shuffled.iter().filter(|node| !targets.contains(node)).copied();
                minority.extend(fill.take(size - minority.len()));
                apart(&[minority.clone(), without(&minority)], names)
            }
            Shape::Bridge => {
                let bridge = targets.first().copied();
                let rest: Vec<Peer> =
                    shuffled.iter().filter(|node| Some(**node) != bridge).copied().collect();
                let (left, right) = rest.split_at(rest.len() / 2);
                let mut plan = apart(&[left.to_vec(), right.to_vec()], names);
                let over = bridge.map(|node| names.name(node)).unwrap_or_default();
                plan.detail = format!("{} (bridge: {over})", plan.detail);
                plan
            }
            Shape::MajoritiesRing => ring(&shuffled, names),
            Shape::Outbound => one_way(targets.to_vec(), without(targets), names, "cannot reach"),
            Shape::Inbound => {
                let mut plan = one_way(without(targets), targets.to_vec(), names, "cannot reach");
                plan.detail = format!("{} (inbound)", plan.detail);
                plan
            }
            Shape::Groups(groups) => {
                let resolve =
                    |group: &Vec<String>| group.iter().filter_map(|name| names.peer(name)).collect();
                apart(&groups.iter().map(resolve).collect::<Vec<Vec<Peer>>>(), names)
            }
            Shape::Clients => {
                CutPlan { cuts: Vec::new(), detail: format!("{} | clients", names.list(targets)) }
            }
        };
        if clients || *self == Shape::Clients {
            let side = match (self, plan.cuts.first()) {
                (Shape::Halves | Shape::Minority | Shape::Groups(_), Some((smaller, _))) => smaller.clone(),
                _ => PeerSet::of(targets.to_vec()),
            };
            if *self != Shape::Outbound {
                plan.cuts.push((PeerSet::Clients, side.clone()));
            }
            if *self != Shape::Inbound {
                plan.cuts.push((side, PeerSet::Clients));
            }
        }
        plan
    }
}

/// Groups that cannot speak to each other.
fn apart(groups: &[Vec<Peer>], names: &Names) -> CutPlan {
    let mut cuts = Vec::new();
    for (i, from) in groups.iter().enumerate() {
        for (j, to) in groups.iter().enumerate() {
            if i != j && !from.is_empty() && !to.is_empty() {
                cuts.push((PeerSet::of(from.clone()), PeerSet::of(to.clone())));
            }
        }
    }
    let detail = groups.iter().map(|group| names.list(group)).collect::<Vec<_>>().join(" | ");
    CutPlan { cuts, detail }
}

fn one_way(from: Vec<Peer>, to: Vec<Peer>, names: &Names, verb: &str) -> CutPlan {
    let detail = format!("{} {verb} {}", names.list(&from), names.list(&to));
    CutPlan { cuts: vec![(PeerSet::of(from), PeerSet::of(to))], detail }
}

/// Each reaches its nearest neighbours on the ring, as many on either side as make a majority with itself.
fn ring(order: &[Peer], names: &Names) -> CutPlan {
    let n = order.len();
    let reach = (n / 2).div_ceil(2);
    let mut cuts = Vec::new();
    for (i, &node) in order.iter().enumerate() {
        let far = (0..n).filter(|j| {
            let distance = i.abs_diff(*j);
            distance.min(n - distance) > reach
        });
        let far: Vec<Peer> = far.map(|j| order[j]).collect();
        if !far.is_empty() {
            cuts.push((PeerSet::of(vec![node]), PeerSet::of(far)));
        }
    }
    let around: Vec<String> = order.iter().map(|node| names.name(*node)).collect();
    CutPlan { cuts, detail: format!("ring {}", around.join("–")) }
}

#[cfg(test)]
mod tests {
    use super::CutPlan;
    use crate::fault::kind::Shape;
    use crate::fault::target::Names;
    use crate::network::cut::PeerSet;
    use crate::peer::Peer;
    use crate::random::Rng;

    fn cut(shape: &Shape, targets: &[u32], n: u32) -> CutPlan {
        let nodes: Vec<Peer> = (0..n).map(Peer::node).collect();
        let names = Names { nodes: (0..n).map(|i| format!("n{i}")).collect(), ..Names::default() };
        let targets: Vec<Peer> = targets.iter().map(|i| Peer::node(*i)).collect();
        shape.cut(&targets, &nodes, &names, false, &mut Rng::from_key(3))
    }

    /// Whom each node reaches, itself included.
    fn reach(plan: &CutPlan, n: u32) -> Vec<usize> {
        let blocked = |a: Peer, b: Peer| {
            a != b && plan.cuts.iter().any(|(from, to)| from.contains(a) && to.contains(b))
        };
        (0..n).map(|a| (0..n).filter(|b| !blocked(Peer::node(a), Peer::node(*b))).count()).collect()
    }

    #[test]
    fn each_shape_cuts_what_it_says() {
        assert_eq!(reach(&cut(&Shape::Isolate, &[1], 5), 5), [4, 1, 4, 4, 4]);
        assert_eq!(reach(&cut(&Shape::Isolate, &[1, 2], 5), 5), [3, 2, 2, 3, 3]);
        assert_eq!(reach(&cut(&Shape::Shatter, &[1, 2], 5), 5), [3, 1, 1, 3, 3]);
        let mut halves = reach(&cut(&Shape::Halves, &[], 5), 5);
        halves.sort_unstable();
        assert_eq!(halves, [2, 2, 3, 3, 3]);
        let minority = cut(&Shape::Minority, &[4], 5);
        assert_eq!(reach(&minority, 5)[4], 2, "{}", minority.detail);
        let bridge = cut(&Shape::Bridge, &[2], 5);
        assert_eq!(reach(&bridge, 5), [3, 3, 5, 3, 3]);
        assert_eq!(reach(&cut(&Shape::Outbound, &[0], 3), 3), [1, 3, 3]);
        assert_eq!(reach(&cut(&Shape::Inbound, &[0], 3), 3), [3, 2, 2]);
        let named = Shape::Groups(vec![vec!["n0".into()], vec!["n1".into(), "n2".into()]]);
        let groups = cut(&named, &[], 4);
        assert_eq!(reach(&groups, 4), [2, 3, 3, 4]);
        assert_eq!(groups.detail, "n0 | n1 n2");
    }

    #[test]
    fn on_the_ring_everyone_sees_a_majority_and_nobody_sees_all() {
        for n in [4, 5, 6, 7, 9] {
            let seen = reach(&cut(&Shape::MajoritiesRing, &[], n), n);
            assert!(seen.iter().all(|s| *s > n as usize / 2 && *s < n as usize), "{n}: {seen:?}");
        }
    }

    #[test]
    fn clients_are_cut_off_with_the_smaller_side() {
        let nodes: Vec<Peer> = (0..5).map(Peer::node).collect();
        let plan = Shape::Clients.cut(&nodes[..1], &nodes, &Names::default(), false, &mut Rng::from_key(1));
        let pair = (PeerSet::Clients, PeerSet::of(vec![Peer::node(0)]));
        assert!(plan.cuts.contains(&pair) && plan.cuts.contains(&(pair.1.clone(), pair.0.clone())));
    }
}
