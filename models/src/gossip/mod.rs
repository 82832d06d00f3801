//! Epidemic protocols: news that spreads by random calls.
//!
//! [`rumor`] is one rumor in all variants of Demers et al., [`anti_entropy`] a database that random comparisons keep
//! equal, [`plumtree`] a broadcast tree over partial views, [`push_sum`] an average. Deliberately absent: failure detection and membership by
//! gossip, which is [`crate::swim`].

pub mod anti_entropy;
pub mod plumtree;
pub mod push_sum;
pub mod rumor;
#[cfg(test)]
mod tests;
pub mod tree;

use sim_core::node::Context;
use sim_core::peer::Peer;

/// Another node than this one, each equally likely. One draw.
pub(crate) fn someone_else<M, T>(nodes: u32, ctx: &mut Context<'_, M, T>) -> Peer {
    let me = ctx.me().raw();
    let index = ctx.rng().below(u64::from(nodes) - 1) as u32;
    Peer::node(if index >= me { index + 1 } else { index })
}
