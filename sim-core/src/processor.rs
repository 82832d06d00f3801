//! A node's processor: what handling costs, how many things it does at once, and how much may wait.
//!
//! Work is served first come, first served, and its handler runs when its service ends. Timers and disk completions
//! wait in the same inbox as messages, so a node that is busy answering is late with its heartbeats; but only messages
//! and requests are ever turned away by a full inbox.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::node::{Node, Work};
use crate::random::Rng;
use crate::random::distribution::Distribution;
use crate::time::Span;

/// What a node's work costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProcessorConfig {
    /// How many pieces of work are served at once.
    pub workers: u32,
    /// How many messages and requests may wait; `None` for any number.
    pub inbox: Option<u32>,
    /// What becomes of a request that finds the inbox full. A message is always dropped.
    pub overflow: Overflow,
    /// Whether timers are handled beside the queue, at once and at no cost, as by a thread of their own: then a node
    /// that is slow with its messages is on time with its time-outs, and acts on what it has not read yet.
    pub timers_apart: bool,
    /// The service time of a message.
    pub message: Distribution,
    /// The service time of a timer.
    pub timer: Distribution,
    /// The service time of a client's request.
    pub request: Distribution,
    /// The service time of a disk completion.
    pub synced: Distribution,
}

/// What becomes of a request that finds the inbox full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Overflow {
    /// It vanishes; the client waits.
    #[default]
    Drop,
    /// It is rejected at once.
    Reject,
}

impl Default for ProcessorConfig {
    /// Infinitely fast.
    fn default() -> ProcessorConfig {
        ProcessorConfig {
            workers: 1,
            inbox: None,
            overflow: Overflow::Drop,
            timers_apart: false,
            message: Distribution::ZERO,
            timer: Distribution::ZERO,
            request: Distribution::ZERO,
            synced: Distribution::ZERO,
        }
    }
}

impl ProcessorConfig {
    /// Whether work costs nothing, so that there is nothing to wait for.
    #[must_use]
    pub fn is_free(&self) -> bool {
        [&self.message, &self.timer, &self.request, &self.synced]
            .iter()
            .all(|cost| **cost == Distribution::ZERO)
    }

    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        if self.workers == 0 {
            return Err("workers: a processor has at least 1".into());
        }
        if self.inbox == Some(0) {
            return Err("inbox: room for at least 1; leave it out for any number".into());
        }
        for (name, cost) in [
            ("message", &self.message),
            ("timer", &self.timer),
            ("request", &self.request),
            ("synced", &self.synced),
        ] {
            cost.validate().map_err(|why| format!("{name}: {why}"))?;
        }
        Ok(())
    }
}

/// A piece of work as it waits.
#[derive(Debug)]
pub(crate) enum Task<N: Node> {
    /// Work to be served.
    Do(Work<N>),
    /// A timer, by its arming; what it is, and whether it still stands, is looked up when it is served.
    Timer(u32),
}

/// A running processor.
#[derive(Debug)]
pub(crate) struct Processor<N: Node> {
    pub(crate) busy: u32,
    /// How many pauses are in force.
    pub(crate) paused: u32,
    /// Slow-downs in force: (fault, factor, extra).
    pub(crate) slow: Vec<(u32, f64, Span)>,
    pub(crate) inbox: VecDeque<Task<N>>,
    /// What was served while the node was paused, and is handled when it resumes.
    pub(crate) served: VecDeque<Task<N>>,
    /// How many messages and requests wait.
    pub(crate) waiting: u32,
    pub(crate) rng: Rng,
}

impl<N: Node> Processor<N> {
    pub(crate) fn new(rng: Rng) -> Processor<N> {
        Processor {
            busy: 0,
            paused: 0,
            slow: Vec::new(),
            inbox: VecDeque::new(),
            served: VecDeque::new(),
            waiting: 0,
            rng,
        }
    }

    /// The service time of a task: always as many draws, whatever it comes to.
    pub(crate) fn cost(&mut self, config: &ProcessorConfig, task: &Task<N>) -> Span {
        let distribution = match task {
            Task::Do(Work::Message { .. }) => &config.message,
            Task::Do(Work::Request(_)) => &config.request,
            Task::Do(Work::Synced(..)) => &config.synced,
            Task::Do(Work::Timer(_)) | Task::Timer(_) => &config.timer,
            Task::Do(Work::Boot) => return Span::ZERO,
        };
        let mut cost = distribution.sample(&mut self.rng);
        for &(_, factor, extra) in &self.slow {
            cost = cost.times(factor).saturating_add(extra);
        }
        cost
    }

    /// The process is gone, and with it all that waited.
    pub(crate) fn clear(&mut self) {
        self.busy = 0;
        self.inbox.clear();
        self.served.clear();
        self.waiting = 0;
    }
}

impl<N: Node> Task<N> {
    /// Whether a full inbox may turn it away.
    pub(crate) fn is_droppable(&self) -> bool {
        matches!(self, Task::Do(Work::Message { .. } | Work::Request(_)))
    }
}
