//! A toy protocol that elects leaders and stores one value by majority, and worlds to run it in: real records for the
//! pictures' tests, without any model.
//!
//! Deliberately absent: correctness. It forgets its votes when it crashes, and answers reads from memory.

use sim_core::client::load::{Arrivals, Load};
use sim_core::client::retry::{Backoff, RetryConfig};
use sim_core::client::workload::{Ask, Mix, Popularity, Values};
use sim_core::client::{ClientConfig, Routing};
use sim_core::disk::DiskConfig;
use sim_core::fault::FaultLine;
use sim_core::network::link::LinkConfig;
use sim_core::network::{Draws, NetworkConfig};
use sim_core::node::{Context, Node, Reply, Request, RequestId};
use sim_core::peer::Peer;
use sim_core::processor::ProcessorConfig;
use sim_core::random::distribution::Distribution;
use sim_core::record::Record;
use sim_core::time::{Span, Time};
use sim_core::units::{Rate, Ratio};
use sim_core::value::{Call, Value};
use sim_core::world::{ClockConfig, NodeGroup, Schedule, World, WorldConfig};

/// A toy's node.
#[derive(Debug)]
pub struct Toy {
    nodes: u32,
    unit: Span,
    term: u64,
    leading: bool,
    leader: Option<Peer>,
    votes: u32,
    value: Value,
    pending: Vec<(u64, RequestId, Value, u32)>,
    serial: u64,
}

/// What toys say.
#[derive(Clone, Debug, Hash)]
pub enum Said {
    Stand(u64),
    Vote(u64),
    Beat(u64, Option<(u64, Value)>),
    Ack(u64),
}

/// What toys wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wait {
    Election,
    Beat,
}

type Ctx<'a> = Context<'a, Said, Wait>;

impl Toy {
    fn wait(&self, ctx: &mut Ctx<'_>) {
        let spread = ctx.rng().below(self.unit.0 * 4);
        ctx.arm(Wait::Election, Span(self.unit.0 * 4 + spread));
    }
    fn all(&self, ctx: &mut Ctx<'_>, said: &Said) {
        let me = ctx.me();
        for i in (0..self.nodes).filter(|i| Peer::node(*i) != me) {
            ctx.send(Peer::node(i), said.clone());
        }
    }
    fn follow(&mut self, term: u64, ctx: &mut Ctx<'_>) {
        self.term = term;
        self.leading = false;
        for (_, id, ..) in self.pending.drain(..) {
            ctx.reply(id, Reply::Failed(sim_core::history::Reason::Aborted));
        }
        ctx.disarm(Wait::Beat);
        ctx.status("follower", term);
        self.wait(ctx);
    }
    fn lead(&mut self, ctx: &mut Ctx<'_>) {
        self.leading = true;
        self.leader = Some(ctx.me());
        ctx.status("leader", self.term);
        ctx.mark("leader elected");
        ctx.disarm(Wait::Election);
        ctx.arm(Wait::Beat, self.unit);
        self.all(ctx, &Said::Beat(self.term, None));
    }
    fn majority(&self) -> u32 {
        self.nodes / 2 + 1
    }
}

impl Node for Toy {
    type Config = (u32, Span);
    type Message = Said;
    type Timer = Wait;

    fn boot(config: &(u32, Span), ctx: &mut Ctx<'_>) -> Toy {
        let (nodes, unit) = *config;
        let toy = Toy {
            nodes,
            unit,
            term: 0,
            leading: false,
            leader: None,
            votes: 0,
            value: Value::Nil,
            pending: Vec::new(),
            serial: 0,
        };
        ctx.status("follower", 0);
        toy.wait(ctx);
        toy
    }

    fn on_message(&mut self, from: Peer, message: Said, ctx: &mut Ctx<'_>) {
        match message {
            Said::Stand(term) if term > self.term => {
                self.follow(term, ctx);
                ctx.send(from, Said::Vote(term));
            }
            Said::Vote(term) if term == self.term && !self.leading => {
                self.votes += 1;
                if self.votes == self.majority() {
                    self.lead(ctx);
                }
            }
            Said::Beat(term, store) if term >= self.term => {
                self.leader = Some(from);
                if term > self.term || self.leading {
                    self.follow(term, ctx);
                }
                ctx.status("follower", term);
                self.wait(ctx);
                if let Some((serial, value)) = store {
                    self.value = value;
                    ctx.send(from, Said::Ack(serial));
                }
            }
            Said::Ack(serial) => {
                let majority = self.majority();
                if let Some(i) = self.pending.iter().position(|(s, ..)| *s == serial) {
                    self.pending[i].3 += 1;
                    if self.pending[i].3 == majority {
                        let (_, id, value, _) = self.pending.remove(i);
                        self.value = value;
                        ctx.reply(id, Reply::done());
                    }
                }
            }
            _ => {}
        }
    }

    fn on_timer(&mut self, timer: Wait, ctx: &mut Ctx<'_>) {
        match timer {
            Wait::Election => {
                self.term += 1;
                self.votes = 1;
                ctx.status("candidate", self.term);
                self.all(ctx, &Said::Stand(self.term));
                self.wait(ctx);
                if self.majority() == 1 {
                    self.lead(ctx);
                }
            }
            Wait::Beat => {
                self.all(ctx, &Said::Beat(self.term, None));
                ctx.arm(Wait::Beat, self.unit);
            }
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_>) {
        if !self.leading {
            return ctx.reply(request.id, Reply::Redirect(self.leader));
        }
        match request.operation.call {
            Call::Read => ctx.reply(request.id, Reply::value(self.value.clone())),
            Call::Write(value) if self.nodes == 1 => {
                self.value = value;
                ctx.reply(request.id, Reply::done());
            }
            Call::Write(value) => {
                self.serial += 1;
                self.pending.push((self.serial, request.id, value.clone(), 1));
                self.all(ctx, &Said::Beat(self.term, Some((self.serial, value))));
            }
            _ => ctx.reply(request.id, Reply::Rejected),
        }
    }
}

/// How to run toys.
pub struct Setting {
    /// The scenario's name.
    pub name: &'static str,
    /// The seed.
    pub seed: u64,
    /// How many nodes.
    pub nodes: u32,
    /// How long.
    pub end: Span,
    /// Operations a second of each of five clients; 0 for no clients.
    pub rate: f64,
    /// What goes wrong.
    pub faults: Vec<FaultLine>,
}

/// Runs toys.
pub fn run(setting: Setting) -> Record {
    let unit = Span((setting.end.0 / 100).min(50_000_000));
    let rate = Rate::per_second(setting.rate.max(0.001)).expect("a rate");
    let clients = ClientConfig {
        count: 5,
        load: Load::Open { rate, arrivals: Arrivals::Poisson },
        mix: Mix {
            operations: vec![(Ask::Read, 1.0), (Ask::Write, 1.0)],
            keys: 1,
            popularity: Popularity::Uniform,
            values: Values::Unique,
            value_bytes: 8,
        },
        routing: Routing::Sticky,
        levels: Default::default(),
        retry: RetryConfig {
            timeout: unit.times(6.0),
            attempts: 3,
            backoff: Backoff::Fixed(unit),
            guards: Vec::new(),
        },
        policies: Vec::new(),
        place: None,
        start: Span::ZERO,
        stop: None,
    };
    let config = WorldConfig {
        seed: setting.seed,
        groups: vec![NodeGroup {
            name: "n".into(),
            count: setting.nodes,
            config: (setting.nodes, unit),
            processor: ProcessorConfig::default(),
            disk: DiskConfig::INSTANT,
            clock: ClockConfig::default(),
            places: Vec::new(),
        }],
        network: NetworkConfig {
            link: LinkConfig {
                latency: Distribution::LogNormal { median: Span(unit.0 / 20), sigma: 0.5 },
                loss: Ratio::ZERO,
                burst: None,
                duplicate: Ratio::ZERO,
                reorder: Ratio::ZERO,
                reorder_by: Span::ZERO,
                corrupt: Ratio::ZERO,
                bandwidth: None,
                queue: None,
                mtu: None,
                in_order: false,
                kinds: Vec::new(),
            },
            topology: None,
            draws: Draws::PerLink,
        },
        clients: if setting.rate > 0.0 { vec![clients] } else { Vec::new() },
        faults: setting.faults,
        schedule: Schedule {
            heal_at: setting.end.times(0.85),
            stop_at: setting.end.times(0.97),
            end_at: setting.end,
        },
        tie_break: None,
    };
    let mut world: World<Toy> = World::new(config).expect("a valid world");
    let _ = world.run(Time::ZERO + setting.end, &mut ());
    let mut record = world.finish();
    record.scenario = setting.name.into();
    record
}
