//! The workloads on Squall, as a user of its engine writes them.

pub mod raft;

use std::hint::black_box;
use std::time::Instant;

use sim_core::network::Draws;
use sim_core::network::link::LinkConfig;
use sim_core::node::{Context, Node};
use sim_core::peer::Peer;
use sim_core::random::distribution::Distribution;
use sim_core::time::{Span, Time};
use sim_core::units::Ratio;
use sim_core::world::{World, WorldConfig};

use crate::worker::{Measured, Slices};

/// H: a node with one timer, armed anew after an exponential time.
#[derive(Debug)]
pub struct Holder;

const HOLD: Distribution = Distribution::Exponential { mean: Span::secs(1) };

impl Node for Holder {
    type Config = ();
    type Message = ();
    type Timer = ();

    fn boot((): &(), ctx: &mut Context<'_, (), ()>) -> Holder {
        let after = HOLD.sample(ctx.rng());
        ctx.arm((), after);
        Holder
    }
    fn on_message(&mut self, _: Peer, (): (), _: &mut Context<'_, (), ()>) {}
    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, (), ()>) {
        let after = HOLD.sample(ctx.rng());
        ctx.arm((), after);
    }
}

/// P and S: a node that passes on each message it gets to a random other node, while the message has hops left.
#[derive(Debug)]
pub struct Passer {
    nodes: u32,
}

impl Passer {
    fn pass(&self, hops: u32, ctx: &mut Context<'_, u32, ()>) {
        let (me, others) = (ctx.me().index() as u32, u64::from(self.nodes - 1));
        let other = ctx.rng().below(others) as u32;
        ctx.send(Peer::node(if other >= me { other + 1 } else { other }), hops);
    }
}

/// What a [`Passer`] is told.
#[derive(Clone, Copy, Debug)]
pub struct PasserConfig {
    /// How many nodes there are.
    pub nodes: u32,
    /// How often a message is passed on.
    pub hops: u32,
}

impl Node for Passer {
    type Config = PasserConfig;
    type Message = u32;
    type Timer = ();

    fn boot(config: &PasserConfig, ctx: &mut Context<'_, u32, ()>) -> Passer {
        let passer = Passer { nodes: config.nodes };
        passer.pass(config.hops, ctx);
        passer
    }
    fn on_message(&mut self, _: Peer, hops: u32, ctx: &mut Context<'_, u32, ()>) {
        if hops > 1 {
            self.pass(hops - 1, ctx);
        }
    }
    fn on_timer(&mut self, (): (), _: &mut Context<'_, u32, ()>) {}
}

/// The link of P and S. Loss and duplication are so rare that none is seen, and are drawn for every message.
#[must_use]
pub fn link() -> LinkConfig {
    let rare = Ratio::new(1e-12).expect("a ratio");
    let latency = Distribution::Uniform { min: Span::ms(1), max: Span::ms(10) };
    LinkConfig { loss: rare, duplicate: rare, ..LinkConfig::with_latency(latency) }
}

fn world_of<N: Node>(config: WorldConfig<N::Config>) -> World<N> {
    World::new(config).expect("a sound configuration")
}

/// The world of H.
#[must_use]
pub fn hold_world(pending: u32) -> World<Holder> {
    let link = LinkConfig::with_latency(Distribution::ZERO);
    world_of(WorldConfig::new(1, pending, (), link, Vec::new()))
}

/// The world of P, and of S with few nodes and hops.
#[must_use]
pub fn ping_world(seed: u64, nodes: u32, hops: u32, draws: Draws) -> World<Passer> {
    let mut config = WorldConfig::new(seed, nodes, PasserConfig { nodes, hops }, link(), Vec::new());
    config.network.draws = draws;
    world_of(config)
}

/// From this many nodes on, P draws fates by sender, as the documentation of [`Draws`] advises.
const BY_SENDER: u32 = 1_000;

/// Runs on for a stretch of simulated time; answers how many events it held.
pub fn advance<N: Node>(world: &mut World<N>, span_ns: u64) -> u64 {
    let before = world.events();
    assert!(world.run(Time(world.now().0 + span_ns), &mut ()).is_continue());
    world.events() - before
}

/// Measures H.
#[must_use]
pub fn hold(pending: u32, budget_s: f64) -> Measured {
    let mut world = hold_world(pending);
    Slices::hold(pending).measure(budget_s, |span_ns| advance(&mut world, span_ns))
}

/// Measures P.
#[must_use]
pub fn ping(nodes: u32, budget_s: f64) -> Measured {
    let draws = if nodes >= BY_SENDER { Draws::PerSender } else { Draws::PerLink };
    ping_by(nodes, budget_s, draws)
}

/// Measures P with fates drawn by link or by sender.
#[must_use]
pub fn ping_by(nodes: u32, budget_s: f64, draws: Draws) -> Measured {
    let mut world = ping_world(1, nodes, u32::MAX, draws);
    Slices::ping(nodes).measure(budget_s, |span_ns| advance(&mut world, span_ns))
}

/// One world of S; answers the number of deliveries.
#[must_use]
pub fn seed(seed: u64) -> u64 {
    let mut world = ping_world(seed, 5, 1_000, Draws::PerLink);
    assert!(world.run(Time::NEVER, &mut ()).is_continue());
    let record = world.finish();
    black_box(record.fingerprint);
    record.network.delivered
}

/// Measures S on one core.
#[must_use]
pub fn seeds(budget_s: f64) -> Measured {
    crate::worker::worlds(budget_s, seed)
}

/// Measures S on all cores.
#[must_use]
pub fn seeds_parallel(budget_s: f64) -> Measured {
    use rayon::iter::{IntoParallelIterator, ParallelIterator};
    let start = Instant::now();
    let (mut done, batch) = (0, 256);
    while done == 0 || start.elapsed().as_secs_f64() < budget_s {
        let deliveries: u64 = (done..done + batch).into_par_iter().map(seed).sum();
        assert_eq!(deliveries, batch * 5_000);
        done += batch;
    }
    Measured::new(done, start.elapsed().as_secs_f64())
}

/// A world of one delivery a node: little but its start and its end.
#[must_use]
pub fn short_seed(seed: u64) -> u64 {
    let mut world = ping_world(seed, 5, 1, Draws::PerLink);
    assert!(world.run(Time::NEVER, &mut ()).is_continue());
    world.finish().network.delivered
}
