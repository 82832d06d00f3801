//! Dense directed graphs for the checkers: nodes are numbers from 0, edges carry a small set of labels, rows lie one
//! after another in memory. Strongly connected components, shortest paths, and shortest cycles through an edge.
//!
//! Deliberately absent: node weights, removal, and recursion: a history may hold a chain of a million operations.

mod components;
mod paths;
mod topological;

pub use components::{Components, components};
pub use paths::{Searcher, shortest_cycle};
pub use topological::topological;

/// An edge before the graph is built: from, to, labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Where it starts.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// The labels it carries, a bit each.
    pub labels: u8,
}

/// A graph in compressed rows: the successors of a node lie together, in ascending order, each once.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    starts: Vec<u32>,
    targets: Vec<u32>,
    labels: Vec<u8>,
}

impl Edge {
    /// An edge with one or more labels.
    #[must_use]
    pub fn new(from: u32, to: u32, labels: u8) -> Edge {
        Edge { from, to, labels }
    }
}

impl Graph {
    /// The graph of these edges over `nodes` nodes; the labels of parallel edges are united.
    ///
    /// # Panics
    /// If an edge ends outside the nodes, or there are 2³² edges or more.
    #[must_use]
    pub fn new(nodes: usize, edges: &[Edge]) -> Graph {
        assert!(u32::try_from(edges.len()).is_ok(), "a graph has fewer than 2^32 edges");
        let mut starts = vec![0u32; nodes + 1];
        edges.iter().for_each(|edge| starts[edge.from as usize + 1] += 1);
        for i in 0..nodes {
            starts[i + 1] += starts[i];
        }
        let mut fill: Vec<u32> = starts[..nodes].to_vec();
        let mut rows = vec![(0u32, 0u8); edges.len()];
        for edge in edges {
            assert!((edge.to as usize) < nodes, "an edge ends at a node of its graph");
            let at = &mut fill[edge.from as usize];
            rows[*at as usize] = (edge.to, edge.labels);
            *at += 1;
        }
        Graph::merged(&starts, &mut rows)
    }

    /// Sorts each row and unites its parallel edges.
    fn merged(starts: &[u32], rows: &mut [(u32, u8)]) -> Graph {
        let nodes = starts.len() - 1;
        let mut graph = Graph {
            starts: Vec::with_capacity(nodes + 1),
            targets: Vec::with_capacity(rows.len()),
            labels: Vec::with_capacity(rows.len()),
        };
        graph.starts.push(0);
        for node in 0..nodes {
            let row = &mut rows[starts[node] as usize..starts[node + 1] as usize];
            row.sort_unstable();
            let begin = graph.targets.len();
            for &(to, labels) in row.iter() {
                if graph.targets.len() > begin && graph.targets.last() == Some(&to) {
                    *graph.labels.last_mut().expect("labels go with targets") |= labels;
                } else {
                    graph.targets.push(to);
                    graph.labels.push(labels);
                }
            }
            graph.starts.push(graph.targets.len() as u32);
        }
        graph
    }

    /// How many nodes.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// How many edges, parallel ones counted once.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.targets.len()
    }

    /// The successors of a node with the labels of the edges to them.
    pub fn row(&self, node: u32) -> impl Iterator<Item = (u32, u8)> {
        let range = self.range(node);
        self.targets[range.clone()].iter().copied().zip(self.labels[range].iter().copied())
    }

    /// The labels of the edge between two nodes; 0 if there is none.
    #[must_use]
    pub fn labels(&self, from: u32, to: u32) -> u8 {
        let range = self.range(from);
        match self.targets[range.clone()].binary_search(&to) {
            Ok(at) => self.labels[range.start + at],
            Err(_) => 0,
        }
    }

    /// All edges, by their start.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        (0..self.nodes() as u32)
            .flat_map(|from| self.row(from).map(move |(to, labels)| Edge::new(from, to, labels)))
    }

    fn range(&self, node: u32) -> std::ops::Range<usize> {
        self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::{Edge, Graph};

    #[test]
    fn parallel_edges_are_united_and_rows_are_sorted() {
        let edges = [Edge::new(0, 2, 1), Edge::new(0, 1, 2), Edge::new(0, 2, 4), Edge::new(2, 0, 1)];
        let graph = Graph::new(3, &edges);
        assert_eq!(graph.row(0).collect::<Vec<_>>(), [(1, 2), (2, 5)]);
        assert_eq!(graph.labels(0, 2), 5);
        assert_eq!(graph.labels(1, 2), 0);
        assert_eq!(graph.edge_count(), 3);
        assert_eq!(graph.edges().count(), 3);
    }
}
