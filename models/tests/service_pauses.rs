//! Who stands still says nothing and does nothing of its own until it goes on.

mod services;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use models::service::message::Message;
use models::service::node::ServiceNode;
use services::{Run, even, mark};
use sim_core::node::{Effect, Node};
use sim_core::observer::{Observer, Step};
use sim_core::peer::Peer;
use sim_core::random::distribution::Distribution;
use sim_core::record::{Record, Violation};
use sim_core::time::{Span, Time};

/// What one node sent and marked, and when.
#[derive(Default)]
struct Said(Vec<(Time, &'static str)>);

impl Observer<ServiceNode> for Said {
    fn after(&mut self, step: &Step<'_, ServiceNode>) -> ControlFlow<Violation> {
        for effect in step.effects.iter().filter(|_| step.node == Peer::node(1)) {
            match effect {
                Effect::Send { message: Message::Return { outcome, .. }, .. } => {
                    self.0.push((step.at, if outcome.is_ok() { "ok" } else { "not ok" }));
                }
                Effect::Send { message, .. } => self.0.push((step.at, ServiceNode::message_kind(message))),
                Effect::Mark(mark) => self.0.push((step.at, mark)),
                _ => (),
            }
        }
        ControlFlow::Continue(())
    }
}

/// What was said how often, by the part of each 1.5 s: at work, standing still from 1 s to 1.5 s, and just as it goes on.
fn said(front: &str, users: &str) -> (BTreeMap<&'static str, [u32; 3]>, Record) {
    let graph = format!(
        "(users: (calls: [(to: \"front\", {users})]), services: {{
            \"front\": (workers: 2, {front} pauses: (every: Fixed(\"1s\"), lasts: Fixed(\"500ms\")),
                steps: [Call((to: \"db\", policies: [Retry((attempts: 3)), Timeout(\"20ms\")])), Work(Fixed(\"1ms\"))]),
            \"db\": (workers: 9, steps: [Work(Exponential(mean: \"10ms\"))]) }})"
    );
    let mut said = Said::default();
    let latency = Distribution::Fixed(Span::ms(1));
    let run = Run { latency, drain: 3, ..Run::new(even(80.0), 32) };
    let record = run.observed(&graph, &mut said);
    let mut counts = BTreeMap::<_, [u32; 3]>::new();
    for (at, what) in said.0 {
        let part = match at.0 % 1_500_000_000 {
            0 => 2,
            1_000_000_001.. => 1,
            _ => 0,
        };
        counts.entry(what).or_default()[part] += 1;
    }
    (counts, record)
}

#[test]
fn nothing_is_answered_turned_away_or_tried_again_meanwhile() {
    let users = "policies: [Retry((attempts: 2)), Timeout(\"100ms\")]";
    let (counts, record) = said("room: 2, dedup: (ttl: \"10s\", room: 1000), probe: Readiness,", users);
    for what in ["ok", "not ok", "call", "turned away"] {
        let [working, still, at_once] = counts[what];
        assert_eq!(still, 0, "{what}: {counts:?}");
        assert!(working + at_once > 20, "{what}: {counts:?}");
    }
    // Those who came meanwhile are read at once; what is remembered of them is answered then, and what has no room turned away.
    assert!(counts["turned away"][2] >= 20, "{counts:?}");
    assert_eq!(mark(&record, "pause"), counts["pause"][0] as u64);
}

#[test]
fn a_probe_that_asks_for_a_worker_waits_and_one_for_a_connection_does_not() {
    let users = "balancer: (health: (every: \"100ms\", timeout: \"50ms\", down_after: 1000, up_after: 1))";
    let (lives, _) = said("probe: Liveness,", users);
    let (ready, _) = said("probe: Readiness,", users);
    assert!(lives["health"][1] > 50, "{lives:?}");
    assert_eq!(ready["health"][1], 0, "{ready:?}");
    assert!(ready["health"][0] > 100, "{ready:?}");
}
