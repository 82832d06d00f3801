//! The clients' time-outs: when they go onto the event queue, and what they do when they are due.

use std::ops::ControlFlow;

use crate::client::patience::{Attempt, Place, Wait};
use crate::fingerprint::content;
use crate::history::Reason;
use crate::node::Node;
use crate::observer::Observer;
use crate::peer::Peer;
use crate::time::Time;
use crate::world::clients::Due;
use crate::world::{Event, Flow, Kind, World};

impl<N: Node> World<N> {
    /// An attempt is given up at this instant, unless it is over by then.
    #[inline(always)]
    pub(super) fn wait(&mut self, client: usize, at: Time, attempt: Attempt) {
        let seq = self.client_seq(client);
        if at == Time::NEVER {
            return;
        }
        let group = self.clients.group_of(client);
        // Where the order of what is due at one instant is drawn, all of that has to be on the queue.
        let place = if self.tie_break.is_some() {
            Place::Apart
        } else {
            self.clients.patience(group).add(Wait { at, client: client as u32, seq, attempt })
        };
        let Attempt { process, serial, number } = attempt;
        let due = match place {
            Place::Behind => return,
            Place::First => Due::FirstTimeout { group: group as u32 },
            Place::Apart => Due::Timeout { process, serial, attempt: number },
        };
        self.schedule(at, Peer::client(client as u32), seq, || Event::Client(due));
    }

    /// The first of a group's time-outs is due.
    pub(super) fn first_timed_out<O: Observer<N>>(&mut self, tie: u64, group: u32, observer: &mut O) -> Flow {
        let (first, next) = self.clients.first_wait(group as usize);
        if let Some(Wait { at, client, seq, .. }) = next {
            self.schedule(at, Peer::client(client), seq, || Event::Client(Due::FirstTimeout { group }));
        }
        first.map_or(ControlFlow::Continue(()), |attempt| self.timed_out(tie, attempt, observer))
    }

    /// An attempt is given up, unless it is over.
    pub(super) fn timed_out<O: Observer<N>>(&mut self, tie: u64, attempt: Attempt, observer: &mut O) -> Flow {
        if !self.clients.is_waited_for(attempt) {
            return ControlFlow::Continue(());
        }
        let Attempt { process, serial, number } = attempt;
        let due = Due::Timeout { process, serial, attempt: number };
        let (client, process) = self.clients.owner(process);
        self.absorb(tie, Kind::Client, Peer::client(client as u32), content(&due));
        self.try_again(client, process, serial, Reason::Timeout, observer)
    }
}
