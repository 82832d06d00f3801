//! An order of the nodes in which every edge leads forward, if there is one, without building a [`super::Graph`]: first
//! the order of their numbers is tried, then Kahn's (CACM 5:11, 1962).
//!
//! Deliberately absent: the cycle, where there is none; for that a graph is built.

use super::Edge;

/// Nodes in an order that all edges agree with; `None` if they hold a cycle.
#[must_use]
pub fn topological(nodes: usize, edges: &[Edge]) -> Option<Vec<u32>> {
    if edges.iter().all(|edge| edge.from < edge.to) {
        return Some((0..nodes as u32).collect());
    }
    let mut starts = vec![0u32; nodes + 1];
    let mut waiting = vec![0u32; nodes];
    for edge in edges {
        starts[edge.from as usize + 1] += 1;
        waiting[edge.to as usize] += 1;
    }
    for node in 0..nodes {
        starts[node + 1] += starts[node];
    }
    let mut fill = starts.clone();
    let mut targets = vec![0u32; edges.len()];
    for edge in edges {
        let at = &mut fill[edge.from as usize];
        targets[*at as usize] = edge.to;
        *at += 1;
    }
    let mut order: Vec<u32> = (0..nodes as u32).filter(|&node| waiting[node as usize] == 0).collect();
    let mut next = 0;
    while let Some(&node) = order.get(next) {
        next += 1;
        for &to in &targets[starts[node as usize] as usize..starts[node as usize + 1] as usize] {
            waiting[to as usize] -= 1;
            if waiting[to as usize] == 0 {
                order.push(to);
            }
        }
    }
    (order.len() == nodes).then_some(order)
}

#[cfg(test)]
mod tests {
    use super::topological;
    use crate::graph::{Edge, Graph, components};
    use proptest::collection::vec;
    use proptest::prelude::Strategy;
    use proptest::{prop_assert, prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn there_is_one_if_there_is_no_cycle(
            edges in vec((0u32..7, 0u32..7).prop_map(|(from, to)| Edge::new(from, to, 1)), 0..12)
        ) {
            let found = topological(7, &edges);
            let acyclic = components(&Graph::new(7, &edges), 1).cyclic.is_empty();
            prop_assert_eq!(found.is_some(), acyclic);
            for edge in edges.iter().filter(|_| acyclic) {
                let place = |node| found.iter().flatten().position(|&other| other == node);
                prop_assert!(place(edge.from) < place(edge.to));
            }
        }
    }
}
