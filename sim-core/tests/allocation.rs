//! In steady state no event allocates: a counting allocator sees none while a warm world runs on. And a node takes less
//! than 400 bytes beside its own state, all that waits for it included. One test, for the allocator counts all threads.

use std::alloc::System;

use sim_core::network::Draws;
use sim_core::network::link::LinkConfig;
use sim_core::node::{Context, Node};
use sim_core::peer::Peer;
use sim_core::random::distribution::Distribution;
use sim_core::time::{Span, Time};
use sim_core::units::Ratio;
use sim_core::world::{World, WorldConfig};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Passes messages on, and has two timers, one of which it takes back and arms anew at every message.
struct Passer {
    nodes: u32,
}

impl Passer {
    fn pass(&self, ctx: &mut Context<'_, u64, bool>) {
        let to = ctx.rng().below(u64::from(self.nodes)) as u32;
        ctx.send(Peer::node(to), 7);
    }
}

impl Node for Passer {
    type Config = u32;
    type Message = u64;
    type Timer = bool;

    fn boot(nodes: &u32, ctx: &mut Context<'_, u64, bool>) -> Passer {
        let passer = Passer { nodes: *nodes };
        passer.pass(ctx);
        ctx.arm(false, Span::ms(20));
        passer
    }
    fn on_message(&mut self, from: Peer, _: u64, ctx: &mut Context<'_, u64, bool>) {
        if from == ctx.me() {
            // A message to oneself takes no time; without this it would go round for ever.
            ctx.send(Peer::node((from.raw() + 1) % self.nodes), 8);
            return;
        }
        self.pass(ctx);
        if self.nodes < 1_000 {
            ctx.arm(true, Span::ms(50));
        }
    }
    fn on_timer(&mut self, timer: bool, ctx: &mut Context<'_, u64, bool>) {
        ctx.arm(timer, Span::ms(20));
    }
}

fn world(nodes: u32, draws: Draws, loss: bool) -> World<Passer> {
    let mut link = LinkConfig::with_latency(Distribution::Uniform { min: Span::ms(1), max: Span::ms(10) });
    if loss {
        // Drawn for every message, and too rare to be seen.
        (link.loss, link.duplicate) =
            (Ratio::new(1e-12).expect("a ratio"), Ratio::new(1e-12).expect("a ratio"));
    }
    let mut config = WorldConfig::new(1, nodes, nodes, link, Vec::new());
    config.network.draws = draws;
    World::new(config).expect("a sound configuration")
}

fn run(world: &mut World<Passer>, until_ms: u64) -> u64 {
    assert!(world.run(Time(until_ms * 1_000_000), &mut ()).is_continue());
    world.events()
}

#[test]
fn a_warm_world_allocates_nothing_and_a_node_takes_little() {
    for (nodes, draws, loss, [warm_ms, end_ms]) in [
        (5, Draws::PerLink, false, [20_000, 40_000]),
        (5, Draws::PerLink, true, [20_000, 40_000]),
        (300, Draws::PerLink, true, [8_000, 9_000]),
        (20_000, Draws::PerSender, true, [200, 220]),
    ] {
        let mut world = world(nodes, draws, loss);
        let before = run(&mut world, warm_ms);
        let region = Region::new(ALLOCATOR);
        let events = run(&mut world, end_ms) - before;
        let stats = region.change();
        let allocated = stats.allocations + stats.reallocations;
        assert!(events > 10_000, "{nodes} nodes: {events} events");
        println!("{nodes} nodes: {allocated} allocations in {events} events");
        // Buckets of the queue may still reach a length they never had before.
        assert!(
            allocated * 1_000 <= events as usize,
            "{nodes} nodes: {allocated} allocations in {events} events"
        );
    }

    let region = Region::new(ALLOCATOR);
    let mut world = world(200_000, Draws::PerSender, true);
    run(&mut world, 100);
    let stats = region.change();
    let bytes = stats.bytes_allocated as i64 - stats.bytes_deallocated as i64;
    let each = bytes as usize / 200_000 - size_of::<Passer>();
    assert!(each < 400, "{each} bytes a node");
    println!("{each} bytes a node");
}
