//! Squall's engine: deterministic discrete-event simulation of distributed systems.
//!
//! A run is a pure function of its configuration and its seed. Nodes are state machines ([`node::Node`]); clients,
//! networks, clocks, disks and faults are the engine's; what is left at the end is a [`record::Record`].
//!
//! # A node of one's own
//!
//! A counter that gossips: clients add to any node, nodes tell each other the largest count they know.
//!
//! ```
//! use sim_core::fault::{Fault, FaultLine, Shape, Target, Trigger};
//! use sim_core::node::{Context, Node, Reply, Request};
//! use sim_core::peer::Peer;
//! use sim_core::random::distribution::Distribution;
//! use sim_core::time::{Span, Time};
//! use sim_core::value::Value;
//! use sim_core::world::{World, WorldConfig};
//!
//! struct Counter { nodes: u32, count: u64 }
//!
//! impl Node for Counter {
//!     type Config = u32;    // how many nodes there are
//!     type Message = u64;   // the sender's count
//!     type Timer = ();
//!
//!     fn boot(nodes: &u32, ctx: &mut Context<'_, u64, ()>) -> Counter {
//!         ctx.arm((), Span::ms(100));
//!         Counter { nodes: *nodes, count: 0 }
//!     }
//!     fn on_message(&mut self, _from: Peer, count: u64, ctx: &mut Context<'_, u64, ()>) {
//!         if count > self.count {
//!             self.count = count;
//!             ctx.mark("learned");
//!         }
//!     }
//!     fn on_timer(&mut self, (): (), ctx: &mut Context<'_, u64, ()>) {
//!         let someone = ctx.rng().below(u64::from(self.nodes)) as u32;
//!         ctx.send(Peer::node(someone), self.count);
//!         ctx.arm((), Span::ms(100));
//!     }
//!     fn on_request(&mut self, request: Request, ctx: &mut Context<'_, u64, ()>) {
//!         self.count += 1;
//!         ctx.reply(request.id, Reply::value(Value::Int(self.count as i64)));
//!     }
//! }
//!
//! let mut config = WorldConfig::simple(1, 5, 5, Distribution::Uniform { min: Span::ms(1), max: Span::ms(9) });
//! config.faults.push(
//!     FaultLine::new(Trigger::At(Span::secs(2)), Target::One, Fault::partition(Shape::Isolate)).lasting(Span::secs(3)),
//! );
//! config.schedule.stop_at = Span::secs(8); // then two seconds in which nothing more is asked
//! let mut world: World<Counter> = World::new(config).expect("a sound configuration");
//! assert!(world.run(Time(10_000_000_000), &mut ()).is_continue());
//! let counts: Vec<u64> = world.states().live().map(|(_, node)| node.count).collect();
//! assert!(counts.iter().all(|count| *count == counts[0]), "all nodes agree in the end: {counts:?}");
//! let record = world.finish();
//! assert!(record.marks["learned"] > 0 && record.faults.len() == 1);
//! ```
//!
//! # Where things are
//!
//! | to find | look in |
//! |---|---|
//! | what a node can do | [`node`] |
//! | what a world is built from | [`world::config`] |
//! | time, units | [`time`], [`units`] |
//! | random streams and distributions | [`random`] |
//! | links, topologies, partitions | [`network`] |
//! | processors, disks, clocks | [`processor`], [`disk`], [`clock`] |
//! | workloads and retries | [`client`] |
//! | what goes wrong, when, to whom | [`fault`] |
//! | operations and histories | [`value`], [`history`] |
//! | watching a run, stopping it | [`observer`] |
//! | one node under test, without a world | [`lone`] |
//! | what a run leaves | [`record`], [`fingerprint`] |

pub mod client;
pub mod clock;
pub mod disk;
pub mod fault;
pub mod fingerprint;
pub mod history;
mod kinds;
pub mod lone;
pub mod network;
pub mod node;
pub mod numbered;
pub mod observer;
pub mod peer;
pub mod places;
pub mod processor;
pub mod queue;
pub mod random;
pub mod record;
pub mod room;
mod slab;
pub mod time;
pub mod trace;
pub mod units;
pub mod value;
pub mod world;
