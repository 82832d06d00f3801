//! A Raft server.

use std::sync::Arc;

use sim_core::node::{Context, Node};
use sim_core::peer::Peer;

use super::config::Raft;

/// What every server of a cluster is booted with.
#[derive(Clone, Debug, PartialEq)]
pub struct RaftConfig {
    /// The settings.
    pub raft: Raft,
    /// The nodes of the cluster by index, voters first.
    pub members: Vec<Peer>,
}

/// One Raft server.
#[derive(Debug)]
pub struct RaftNode {}

impl Node for RaftNode {
    type Config = Arc<RaftConfig>;
    type Message = u32;
    type Timer = u8;

    fn boot(_config: &Arc<RaftConfig>, _ctx: &mut Context<'_, u32, u8>) -> RaftNode {
        RaftNode {}
    }
    fn on_message(&mut self, _from: Peer, _message: u32, _ctx: &mut Context<'_, u32, u8>) {}
    fn on_timer(&mut self, _timer: u8, _ctx: &mut Context<'_, u32, u8>) {}
}
