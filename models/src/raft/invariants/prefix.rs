//! A prefix of the log on which everyone must agree: what is committed, what is applied.

use sim_core::peer::Peer;
use sim_core::room;

use crate::raft::entry::Index;
use crate::raft::log::Log;

/// The digest at each place, and who was there first.
#[derive(Clone, Debug, Default)]
pub(super) struct Prefix(Vec<(u64, Peer)>);

impl Prefix {
    #[inline(always)]
    pub(super) fn len(&self) -> Index {
        self.0.len() as u64
    }
    #[inline(always)]
    pub(super) fn at(&self, index: Index) -> Option<u64> {
        self.0.get((index as usize).wrapping_sub(1)).map(|(chain, _)| *chain)
    }
    /// Who was first at a place that is in it.
    pub(super) fn by(&self, index: Index) -> Peer {
        self.0[index as usize - 1].1
    }
    /// Takes the places that are new from a node's log.
    #[inline(always)]
    pub(super) fn extend(&mut self, log: &Log, end: Index, by: Peer) {
        let known = self.len();
        room::make(&mut self.0, end.saturating_sub(known) as usize);
        let chains = (known + 1..=end).map_while(|index| log.chain_at(index));
        self.0.extend(chains.map(|chain| (chain, by)));
    }
    /// The first place up to `end` at which a log, as far as it is there, has something else.
    pub(super) fn first_difference(&self, log: &Log, end: Index) -> Index {
        let differs = |index: &Index| log.chain_at(*index) != self.at(*index);
        (log.base().index.max(1)..=end).find(differs).unwrap_or(end)
    }
}
