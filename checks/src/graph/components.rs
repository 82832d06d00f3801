//! Strongly connected components by Tarjan's algorithm (SIAM J. Computing 1:2, 1972), with its stack on the heap.
//!
//! Deliberately absent: the condensed graph; a caller that needs it has the numbers of the components.

use super::Graph;

/// The strongly connected components that hold a cycle, and an order of the nodes.
#[derive(Clone, Debug, Default)]
pub struct Components {
    /// Those of two nodes or more, and single nodes with an edge to themselves; each in ascending order.
    pub cyclic: Vec<Vec<u32>>,
    /// The component of every node, numbered so that an edge never leads to a higher number.
    pub of: Vec<u32>,
}

/// A place in the search: the node, and the next of its edges to look at.
struct Frame {
    node: u32,
    next: u32,
}

struct Search<'g> {
    graph: &'g Graph,
    mask: u8,
    /// 0 for unseen, else the order of discovery counted from 1; `DONE` once its component is known.
    index: Vec<u32>,
    low: Vec<u32>,
    stack: Vec<u32>,
    frames: Vec<Frame>,
    clock: u32,
    found: u32,
    result: Components,
}

const DONE: u32 = u32::MAX;

/// The components of the graph restricted to edges that carry one of the labels in `mask`.
#[must_use]
pub fn components(graph: &Graph, mask: u8) -> Components {
    let nodes = graph.nodes();
    let mut search = Search {
        graph,
        mask,
        index: vec![0; nodes],
        low: vec![0; nodes],
        stack: Vec::new(),
        frames: Vec::new(),
        clock: 0,
        found: 0,
        result: Components { cyclic: Vec::new(), of: vec![0; nodes] },
    };
    for root in 0..nodes as u32 {
        if search.index[root as usize] == 0 {
            search.explore(root);
        }
    }
    search.result
}

impl Search<'_> {
    fn enter(&mut self, node: u32) {
        self.clock += 1;
        self.index[node as usize] = self.clock;
        self.low[node as usize] = self.clock;
        self.stack.push(node);
        self.frames.push(Frame { node, next: self.graph.starts[node as usize] });
    }

    fn explore(&mut self, root: u32) {
        self.enter(root);
        while let Some(frame) = self.frames.last_mut() {
            let node = frame.node;
            if frame.next == self.graph.starts[node as usize + 1] {
                self.leave(node);
                continue;
            }
            let edge = frame.next as usize;
            frame.next += 1;
            if self.graph.labels[edge] & self.mask == 0 {
                continue;
            }
            let to = self.graph.targets[edge];
            match self.index[to as usize] {
                0 => self.enter(to),
                DONE => {}
                seen => self.low[node as usize] = self.low[node as usize].min(seen),
            }
        }
    }

    fn leave(&mut self, node: u32) {
        self.frames.pop();
        let low = self.low[node as usize];
        if let Some(parent) = self.frames.last() {
            let parent = parent.node as usize;
            self.low[parent] = self.low[parent].min(low);
        }
        if low != self.index[node as usize] {
            return;
        }
        let from = self.stack.iter().rposition(|n| *n == node).expect("a root is on the stack");
        for member in &self.stack[from..] {
            self.index[*member as usize] = DONE;
            self.result.of[*member as usize] = self.found;
        }
        self.found += 1;
        let single = self.stack.len() - from == 1;
        if !single || self.graph.labels(node, node) & self.mask != 0 {
            let mut members: Vec<u32> = self.stack[from..].to_vec();
            members.sort_unstable();
            self.result.cyclic.push(members);
        }
        self.stack.truncate(from);
    }
}

#[cfg(test)]
mod tests {
    use super::components;
    use crate::graph::{Edge, Graph};
    use proptest::prelude::{Strategy, any, prop, proptest};

    /// Which nodes reach which, by repeated squaring in the plainest form.
    fn reach(nodes: usize, edges: &[Edge]) -> Vec<Vec<bool>> {
        let mut reach = vec![vec![false; nodes]; nodes];
        edges.iter().for_each(|e| reach[e.from as usize][e.to as usize] = true);
        for k in 0..nodes {
            for i in 0..nodes {
                for j in 0..nodes {
                    reach[i][j] |= reach[i][k] && reach[k][j];
                }
            }
        }
        reach
    }

    fn edges() -> impl Strategy<Value = Vec<Edge>> {
        let edge = (0u32..8, 0u32..8, any::<bool>());
        prop::collection::vec(edge.prop_map(|(a, b, c)| Edge::new(a, b, 1 + u8::from(c))), 0..20)
    }

    proptest! {
        #[test]
        fn components_are_mutual_reachability(edges in edges(), mask in 1u8..4) {
            let kept: Vec<Edge> = edges.iter().copied().filter(|e| e.labels & mask != 0).collect();
            let reach = reach(8, &kept);
            let found = components(&Graph::new(8, &edges), mask);
            for (a, row) in reach.iter().enumerate() {
                for (b, reached) in row.iter().enumerate() {
                    let same = a == b || *reached && reach[b][a];
                    assert_eq!(found.of[a] == found.of[b], same);
                    assert!(!reached || found.of[a] >= found.of[b]);
                }
                let cyclic = found.cyclic.iter().any(|c| c.contains(&(a as u32)));
                assert_eq!(cyclic, row[a]);
            }
        }
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let n = 300_000;
        let mut edges: Vec<Edge> = (1..n).map(|i| Edge::new(i - 1, i, 1)).collect();
        assert!(components(&Graph::new(n as usize, &edges), 1).cyclic.is_empty());
        edges.push(Edge::new(n - 1, 0, 1));
        assert_eq!(components(&Graph::new(n as usize, &edges), 1).cyclic.len(), 1);
    }
}
