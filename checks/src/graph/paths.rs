//! Shortest paths and shortest cycles by breadth-first search, with arrays that are reused between searches.
//!
//! Deliberately absent: all shortest paths, and weights.

use super::Graph;

/// A breadth-first searcher over one graph. A search costs what it visits, not the size of the graph.
#[derive(Debug)]
pub struct Searcher<'g> {
    graph: &'g Graph,
    parent: Vec<u32>,
    seen: Vec<u32>,
    round: u32,
    queue: Vec<u32>,
    /// Edges looked at so far, over all searches: a caller that has many to make can stop in time.
    pub work: u64,
}

impl<'g> Searcher<'g> {
    /// A searcher over the graph.
    #[must_use]
    pub fn new(graph: &'g Graph) -> Searcher<'g> {
        let nodes = graph.nodes();
        Searcher { graph, parent: vec![0; nodes], seen: vec![0; nodes], round: 0, queue: Vec::new(), work: 0 }
    }

    /// A shortest path of at least one edge from `from` to `to`, both ends included, of edges that `allow` takes, and
    /// of fewer than `limit` edges.
    pub fn path(
        &mut self,
        from: u32,
        to: u32,
        limit: usize,
        allow: impl Fn(u32, u32, u8) -> bool,
    ) -> Option<Vec<u32>> {
        self.round += 1;
        self.queue.clear();
        self.queue.push(from);
        let (mut at, mut depth, mut layer_end) = (0, 1, 1);
        while at < self.queue.len() && depth < limit {
            let node = self.queue[at];
            at += 1;
            for (next, labels) in self.graph.row(node) {
                self.work += 1;
                if !allow(node, next, labels) {
                    continue;
                }
                if next == to {
                    return Some(self.walk_back(from, node, to));
                }
                if self.seen[next as usize] != self.round && next != from {
                    self.seen[next as usize] = self.round;
                    self.parent[next as usize] = node;
                    self.queue.push(next);
                }
            }
            if at == layer_end {
                (depth, layer_end) = (depth + 1, self.queue.len());
            }
        }
        None
    }

    fn walk_back(&self, from: u32, last: u32, to: u32) -> Vec<u32> {
        let mut path = vec![to];
        let mut node = last;
        while node != from {
            path.push(node);
            node = self.parent[node as usize];
        }
        path.push(from);
        path.reverse();
        path
    }
}

/// A shortest cycle among these nodes over edges that carry one of the labels in `mask`, its first node not repeated
/// at the end. Of several the one found from the lowest node. When more than `work` edges have been looked at, the
/// shortest so far.
#[must_use]
pub fn shortest_cycle(graph: &Graph, members: &[u32], mask: u8, work: u64) -> Option<Vec<u32>> {
    let mut searcher = Searcher::new(graph);
    let mut best: Option<Vec<u32>> = None;
    for &node in members {
        let limit = best.as_ref().map_or(usize::MAX, Vec::len);
        if limit <= 2 || best.is_some() && searcher.work > work {
            break;
        }
        if let Some(mut path) = searcher.path(node, node, limit, |_, _, labels| labels & mask != 0) {
            path.pop();
            best = Some(path);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::{Searcher, shortest_cycle};
    use crate::graph::{Edge, Graph};

    fn ring_with_shortcut() -> Graph {
        let mut edges: Vec<Edge> = (0..6).map(|i| Edge::new(i, (i + 1) % 6, 1)).collect();
        edges.push(Edge::new(4, 2, 2));
        Graph::new(6, &edges)
    }

    #[test]
    fn the_shortest_cycle_uses_the_shortcut_when_it_may() {
        let graph = ring_with_shortcut();
        let all: Vec<u32> = (0..6).collect();
        assert_eq!(shortest_cycle(&graph, &all, 3, u64::MAX), Some(vec![2, 3, 4]));
        assert_eq!(shortest_cycle(&graph, &all, 1, u64::MAX), Some(vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(shortest_cycle(&graph, &all, 2, u64::MAX), None);
    }

    #[test]
    fn a_path_has_at_least_one_edge_and_fewer_than_the_limit() {
        let graph = ring_with_shortcut();
        let mut searcher = Searcher::new(&graph);
        assert_eq!(searcher.path(0, 2, 9, |_, _, _| true), Some(vec![0, 1, 2]));
        assert_eq!(searcher.path(0, 0, 9, |_, _, _| true), Some(vec![0, 1, 2, 3, 4, 5, 0]));
        assert_eq!(searcher.path(0, 3, 3, |_, _, _| true), None);
        assert_eq!(searcher.path(0, 3, 4, |_, _, _| true), Some(vec![0, 1, 2, 3]));
    }
}
