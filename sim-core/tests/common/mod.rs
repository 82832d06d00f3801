//! A node that does what the tests need: beats, echoes, writes to its disk, and logs what it saw.

// Each test file uses a part of this.
#![allow(dead_code, reason = "shared by several test binaries")]

use std::ops::ControlFlow;

use sim_core::client::load::Load;
use sim_core::client::retry::{Backoff, RetryConfig};
use sim_core::client::workload::{Ask, Mix, Popularity, Values};
use sim_core::client::{ClientConfig, Routing};
use sim_core::disk::{SyncId, SyncResult};
use sim_core::network::link::LinkConfig;
use sim_core::node::{Context, Node, Reply, Request};
use sim_core::peer::Peer;
use sim_core::random::distribution::Distribution;
use sim_core::record::Record;
use sim_core::time::{Span, Time};
use sim_core::units::Rate;
use sim_core::value::Value;
use sim_core::world::{World, WorldConfig};

#[derive(Clone, Debug)]
pub struct Config {
    pub nodes: u32,
    /// Every node sends its beat to every other one this often; zero for never.
    pub beat: Span,
    /// Node 0 says it is leader at boot.
    pub leader: bool,
    /// Requests are answered at once, without the disk.
    pub direct: bool,
}

#[derive(Clone, Debug, Hash)]
pub struct Beat {
    pub sent: u64,
    pub number: u64,
}

pub struct Beater {
    pub config: Config,
    pub number: u64,
    /// (from, number, when it arrived on the local clock)
    pub seen: Vec<(Peer, u64, Time)>,
    pub draws: Vec<u64>,
    pub fired: Vec<(Time, Time)>,
    pub found_on_disk: Vec<u8>,
    pub waiting: Vec<(SyncId, Request)>,
}

type Ctx<'a> = Context<'a, Beat, ()>;

impl Node for Beater {
    type Config = Config;
    type Message = Beat;
    type Timer = ();

    fn boot(config: &Config, ctx: &mut Ctx<'_>) -> Beater {
        if config.beat > Span::ZERO {
            ctx.arm((), config.beat);
        }
        if config.leader && ctx.me() == Peer::node(0) {
            ctx.status("leader", 1);
        }
        Beater {
            config: config.clone(),
            number: 0,
            seen: Vec::new(),
            draws: Vec::new(),
            fired: Vec::new(),
            found_on_disk: ctx.read(0).to_vec(),
            waiting: Vec::new(),
        }
    }

    fn on_message(&mut self, from: Peer, beat: Beat, ctx: &mut Ctx<'_>) {
        self.seen.push((from, beat.number, ctx.now()));
    }

    fn on_timer(&mut self, (): (), ctx: &mut Ctx<'_>) {
        self.number += 1;
        self.fired.push((ctx.now(), ctx.wall()));
        self.draws.push(ctx.rng().bits());
        let me = ctx.me();
        for other in (0..self.config.nodes).map(Peer::node).filter(|other| *other != me) {
            ctx.send(other, Beat { sent: ctx.now().0, number: self.number });
        }
        ctx.arm((), self.config.beat);
        if self.number == 3 {
            ctx.mark("third beat");
        }
    }

    /// Writes one byte and answers when it is durable.
    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_>) {
        if self.config.direct {
            return ctx.reply(request.id, Reply::done());
        }
        ctx.append(0, &[request.id.serial as u8]);
        let sync = ctx.sync();
        self.waiting.push((sync, request));
    }

    fn on_synced(&mut self, sync: SyncId, result: SyncResult, ctx: &mut Ctx<'_>) {
        assert_eq!(result, SyncResult::Durable);
        let done =
            self.waiting.iter().position(|(of, _)| *of == sync).expect("a request waits for each sync");
        let (_, request) = self.waiting.remove(done);
        ctx.reply(request.id, Reply::value(Value::Int(i64::from(request.id.serial))));
    }
}

pub fn config(nodes: u32, beat: Span) -> WorldConfig<Config> {
    let link = LinkConfig::with_latency(Distribution::Uniform { min: Span::ms(1), max: Span::ms(9) });
    WorldConfig::new(7, nodes, Config { nodes, beat, leader: false, direct: false }, link, Vec::new())
}

pub fn clients(count: u32, rate: f64, timeout: Span, attempts: u32) -> ClientConfig {
    ClientConfig {
        count,
        load: Load::Open { rate: Rate::per_second(rate).expect("a rate"), arrivals: Default::default() },
        mix: Mix {
            operations: vec![(Ask::Write, 1.0)],
            keys: 1,
            popularity: Popularity::Uniform,
            values: Values::Unique,
            value_bytes: 0,
        },
        routing: Routing::Sticky,
        levels: Default::default(),
        retry: RetryConfig { timeout, attempts, backoff: Backoff::None, guards: Vec::new() },
        policies: Vec::new(),
        place: None,
        start: Span::ZERO,
        stop: None,
    }
}

pub fn at(seconds: u64) -> Time {
    Time(seconds * 1_000_000_000)
}

/// Runs to the end of the schedule.
pub fn world(config: WorldConfig<Config>) -> World<Beater> {
    let end = Time::ZERO + config.schedule.end_at;
    let mut world = World::new(config).expect("a sound configuration");
    assert_eq!(world.run(end, &mut ()), ControlFlow::Continue(()));
    world
}

pub fn record(config: WorldConfig<Config>) -> Record {
    world(config).finish()
}
