//! A model that is not a function of its inputs is caught, and the first event that differs is named.

use std::sync::atomic::{AtomicU64, Ordering};

use models::model::{Cluster, Model};
use scenarios::determinism::{check, check_model};
use scenarios::load;
use serde::{Deserialize, Serialize};
use sim_core::node::{Context, Node, Reply, Request};
use sim_core::peer::Peer;
use sim_core::time::Span;
use sim_core::world::NodeGroup;

/// What leaks from one run into the next.
static LEAK: AtomicU64 = AtomicU64::new(0);

/// A ring whose third node, in its third life as a sender, puts a global counter into a message.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Leaky {
    leaks: bool,
}

struct LeakyNode {
    leaks: bool,
    sent: u64,
}

impl Node for LeakyNode {
    type Config = bool;
    type Message = u64;
    type Timer = u8;

    fn boot(leaks: &bool, ctx: &mut Context<'_, u64, u8>) -> LeakyNode {
        ctx.arm(0, Span::ms(10));
        LeakyNode { leaks: *leaks, sent: 0 }
    }
    fn on_message(&mut self, _: Peer, _: u64, _: &mut Context<'_, u64, u8>) {}
    fn on_timer(&mut self, _: u8, ctx: &mut Context<'_, u64, u8>) {
        self.sent += 1;
        let leaks = self.leaks && ctx.me() == Peer::node(2) && self.sent == 3;
        let content = if leaks { 1000 + LEAK.fetch_add(1, Ordering::Relaxed) } else { self.sent };
        ctx.send(Peer::node(0), content);
        ctx.arm(0, Span::ms(10));
    }
    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, u64, u8>) {
        ctx.reply(request.id, Reply::Rejected);
    }
}

impl Model for Leaky {
    type Node = LeakyNode;
    type Invariants = ();
    const NAME: &'static str = "leaky";
    const SUMMARY: &'static str = "deliberately nondeterministic";
    fn validate(&self, _: &Cluster) -> Result<(), (String, String)> {
        Ok(())
    }
    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<bool>> {
        cluster.alike(self.leaks)
    }
    fn invariants(&self, _: &Cluster) {}
}

#[test]
fn a_leak_from_run_to_run_is_caught_and_named() {
    let overrides = ["cluster.nodes=3".to_string(), "faults=[]".to_string()];
    let loaded = load("solo/restart", &overrides).expect("a scenario");
    check_model(&loaded, &Leaky { leaks: false }, 1).expect("a deterministic model");
    let found = check_model(&loaded, &Leaky { leaks: true }, 1).expect_err("a leak");
    let second = found.second.as_deref().unwrap_or_default();
    // The third message of n2 is the first event that differs: it is named with its receiver, sender and content.
    assert!(second.contains("n0 gets a message: 1001 from n2"), "{found}");
    assert!(found.first.as_deref().is_some_and(|first| first.contains("n0 gets a message")), "{found}");
}

#[test]
fn the_library_is_deterministic() {
    for name in scenarios::library::names() {
        let loaded = load(name, &[]).expect(name);
        if let Err(difference) = check(&loaded, loaded.seed()) {
            panic!("{name}: {difference}");
        }
    }
}
