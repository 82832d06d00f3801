//! A node's own reminders: a heap over one timer of the engine, so that thousands cost no more than one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sim_core::time::Time;

use crate::policy::Token;

/// What a node can be reminded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wake {
    /// A policy of an edge is due.
    Policy { edge: u16, token: Token },
    /// A worker is done with a step.
    Work { job: u32, epoch: u32 },
    /// Nobody waits for a piece of work any longer.
    Overdue { job: u32 },
    /// The figures of a window are due.
    Window,
    /// The instances of an edge are probed.
    Probe { edge: u16 },
    /// Probes of an edge that are not answered have failed.
    ProbeLate { edge: u16, round: u32 },
    /// Discovery's answer has grown old.
    Lookup { edge: u16 },
    /// A connection has not come in time.
    ConnectLate { edge: u16, instance: u32, round: u32 },
    /// The next stage of a deployment.
    Deploy { stage: u8 },
    /// A pause begins.
    Pause,
    /// A message of a subscription may be delivered again.
    Redeliver { subscription: u16, message: u32 },
}

/// The reminders.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Time, u64, Wake)>>,
    count: u64,
    armed: Option<Time>,
}

impl Timers {
    pub(super) fn at(&mut self, at: Time, wake: Wake) {
        if at < Time::NEVER {
            self.count += 1;
            self.heap.push(Reverse((at, self.count, wake)));
        }
    }

    /// The engine's timer has fired.
    pub(super) fn fired(&mut self) {
        self.armed = None;
    }

    /// The next that is due.
    pub(super) fn due(&mut self, now: Time) -> Option<Wake> {
        let Reverse((at, _, _)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, _, wake))| wake)
    }

    /// When the engine's timer must be armed anew; `None` if it stands right. What `dead` says has lost its reason is
    /// forgotten.
    pub(super) fn next(&mut self, dead: impl Fn(&Wake) -> bool) -> Option<Time> {
        while let Some(Reverse((_, _, wake))) = self.heap.peek()
            && dead(wake)
        {
            self.heap.pop();
        }
        let Reverse((at, _, _)) = self.heap.peek()?;
        if self.armed.is_some_and(|armed| armed <= *at) {
            return None;
        }
        self.armed = Some(*at);
        self.armed
    }
}
