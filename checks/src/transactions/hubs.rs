//! Many transactions that each come before many others, as edges into and out of one auxiliary node: linear instead of
//! quadratic where many read a version and many replaced it in an order that nobody knows.
//!
//! A hub adds no circle: whoever it leads back to is one that both read and replaced the version, and that edge from a
//! transaction to itself is left out when a component is written out. Deliberately absent: other labels than that of
//! anti-dependencies.

use super::order::RW;
use crate::graph::Edge;

/// So many on either side are still joined one by one.
const FEW: usize = 16;

/// Gives out auxiliary nodes, numbered after the transactions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hubs {
    txns: u32,
    next: u32,
}

impl Hubs {
    pub fn new(txns: usize) -> Hubs {
        Hubs { txns: txns as u32, next: txns as u32 }
    }

    /// How many nodes there are with the hubs.
    pub fn nodes(self) -> usize {
        self.next as usize
    }

    /// Adds anti-dependencies from all readers to all writers.
    pub fn join(&mut self, readers: &[u32], writers: &[u32], edges: &mut Vec<Edge>) {
        if readers.len().min(writers.len()) <= FEW {
            for writer in writers {
                let others = readers.iter().filter(|reader| *reader != writer);
                edges.extend(others.map(|reader| Edge::new(*reader, *writer, RW)));
            }
            return;
        }
        let hub = self.next;
        self.next += 1;
        edges.extend(readers.iter().map(|reader| Edge::new(*reader, hub, RW)));
        edges.extend(writers.iter().map(|writer| Edge::new(hub, *writer, RW)));
    }

    /// Whether the node is a hub.
    pub fn is_hub(self, node: u32) -> bool {
        (self.txns..self.next).contains(&node)
    }
}
