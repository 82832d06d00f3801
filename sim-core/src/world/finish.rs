//! The end of a run: what is open is closed, and the record is handed over.

use crate::history::{Outcome, Reason};
use crate::node::Node;
use crate::record::Record;
use crate::world::World;

impl<N: Node> World<N> {
    /// Ends the run and hands over what it left. Operations under way end unknown, or failed if they only read.
    #[must_use]
    pub fn finish(mut self) -> Record {
        for op in self.clients.pending() {
            let landed = op.may_have_landed();
            let why = Reason::EndOfRun;
            let entry = &mut self.record.history.entries[op.entry];
            entry.outcome = if landed { Outcome::Unknown(why) } else { Outcome::Failed(why) };
            if !landed {
                let index = self.counts.history_events;
                self.counts.history_events += 1;
                (entry.completed, entry.completed_index) = (self.now, index);
            }
        }
        let mut record = self.record;
        record.ended = self.now;
        record.events = self.counts.events;
        record.fingerprint = self.counts.fingerprint;
        record.network = self.network.counts;
        record.marks = self.counts.marks.iter().map(|(name, count)| ((*name).to_string(), *count)).collect();
        record
    }
}
