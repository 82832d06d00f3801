//! Nobody's draws move when someone joins: a node, a client, a fault, an observer.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use common::{Beater, at, clients, config};
use sim_core::client::ClientConfig;
use sim_core::client::load::Load;
use sim_core::fault::{Fault, FaultLine, Target, Trigger};
use sim_core::fingerprint::Fingerprint;
use sim_core::node::Work;
use sim_core::observer::{Happening, Observer};
use sim_core::peer::Peer;
use sim_core::random::distribution::Distribution;
use sim_core::record::Violation;
use sim_core::time::{Span, Time};
use sim_core::units::Ratio;
use sim_core::value::Operation;
use sim_core::world::{World, WorldConfig};

/// Everything that was drawn: nodes' own draws, message fates by link, what clients asked and when.
#[derive(Debug, Default, PartialEq)]
struct Drawn {
    nodes: BTreeMap<Peer, Vec<u64>>,
    /// For each link, the latency of each message by its number.
    links: BTreeMap<(Peer, Peer), BTreeMap<u64, u64>>,
    asked: BTreeMap<u32, Vec<(Time, Operation)>>,
}

#[derive(Default)]
struct Watch(Drawn);

impl Observer<Beater> for Watch {
    fn before(
        &mut self,
        at: Time,
        _: Fingerprint,
        happening: &Happening<'_, Beater>,
    ) -> ControlFlow<Violation> {
        if let Happening::Work { node, work: Work::Message { from, message } } = happening {
            let latency = at.0 - message.sent;
            self.0.links.entry((*from, *node)).or_default().insert(message.number, latency);
        }
        ControlFlow::Continue(())
    }
}

fn drawn(config: WorldConfig<common::Config>) -> Drawn {
    let count = config.client_count();
    let mut world: World<Beater> = World::new(config).expect("sound");
    let mut watch = Watch::default();
    assert!(world.run(at(10), &mut watch).is_continue());
    let mut drawn = watch.0;
    drawn.nodes = world.states().live().map(|(peer, node)| (peer, node.draws.clone())).collect();
    for entry in world.finish().history.entries {
        let client = entry.process % count;
        drawn.asked.entry(client).or_default().push((entry.invoked, entry.operation));
    }
    drawn
}

fn base() -> WorldConfig<common::Config> {
    let mut config = config(5, Span::ms(50));
    config.clients = vec![clients(2, 20.0, Span::secs(1), 1)];
    config
}

#[test]
fn a_sixth_node_moves_nobodys_draws() {
    let before = drawn(base());
    let mut more = base();
    more.groups[0].count = 6;
    more.groups[0].config.nodes = 6;
    let after = drawn(more);
    assert!(after.links.len() > before.links.len());
    for (node, draws) in &before.nodes {
        assert_eq!(after.nodes[node], *draws, "{node}");
    }
    for (link, fates) in &before.links {
        assert_eq!(after.links[link], *fates, "{link:?}");
    }
    assert_eq!(before.asked, after.asked);
}

#[test]
fn another_client_moves_nobodys_draws() {
    let before = drawn(base());
    let mut more = base();
    more.clients[0].count = 3;
    let after = drawn(more);
    assert_eq!((&before.nodes, &before.links), (&after.nodes, &after.links));
    for client in 0..2 {
        let times = |drawn: &Drawn| drawn.asked[&client].iter().map(|(at, _)| *at).collect::<Vec<_>>();
        assert_eq!(times(&before), times(&after));
    }
    assert_eq!(after.asked.len(), 3);
}

#[test]
fn a_fault_moves_no_draws_but_those_it_causes() {
    let before = drawn(base());
    let mut worse = base();
    let loss = Fault::Loss(Ratio::new(0.3).expect("a ratio"));
    worse.faults.push(FaultLine::new(Trigger::At(Span::secs(1)), Target::All, loss));
    let after = drawn(worse);
    assert_eq!((&before.nodes, &before.asked), (&after.nodes, &after.asked));
    let mut lost = 0;
    for (link, fates) in &before.links {
        for (number, latency) in fates {
            match after.links[link].get(number) {
                Some(now) => assert_eq!(now, latency, "{link:?} {number}"),
                None => lost += 1,
            }
        }
    }
    assert!(lost > 500, "the fault did something: {lost}");
}

#[test]
fn an_observer_changes_nothing() {
    let run = |watch: bool| {
        let mut world: World<Beater> = World::new(base()).expect("sound");
        let mut observer = watch.then(Watch::default);
        assert!(world.run(at(10), &mut observer).is_continue());
        world.finish()
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn a_loss_rate_switched_on_leaves_the_survivors_as_they_were() {
    let before = drawn(base());
    let mut lossy = base();
    lossy.network.link.loss = Ratio::new(0.2).expect("a ratio");
    lossy.network.link.duplicate = Ratio::new(0.1).expect("a ratio");
    for (link, fates) in drawn(lossy).links {
        for (number, latency) in fates {
            // A message delivered twice was seen last with its copy's latency, which is no smaller.
            assert!(latency >= before.links[&link][&number], "{link:?} {number}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    let fingerprint = |seed| {
        let mut config = base();
        config.seed = seed;
        common::record(config).fingerprint
    };
    assert_eq!(fingerprint(1), fingerprint(1));
    assert_ne!(fingerprint(1), fingerprint(2));
}

#[test]
fn a_tie_break_explores_orders_and_only_orders() {
    let run = |tie_break| {
        let mut config = base();
        config.network.link.latency = Distribution::Fixed(Span::ms(5));
        config.tie_break = tie_break;
        common::record(config)
    };
    let (plain, one, two) = (run(None), run(Some(1)), run(Some(2)));
    assert_eq!(plain.network, one.network);
    assert_ne!(plain.fingerprint, one.fingerprint);
    assert_ne!(one.fingerprint, two.fingerprint);
    assert_eq!(one.fingerprint, run(Some(1)).fingerprint);
}

/// In which order operations began and ended.
#[derive(Default)]
struct Order {
    began: Vec<u32>,
    ended: Vec<u32>,
}

impl Observer<Beater> for Order {
    fn before(
        &mut self,
        _: Time,
        _: Fingerprint,
        happening: &Happening<'_, Beater>,
    ) -> ControlFlow<Violation> {
        match happening {
            Happening::Invoked(entry) => self.began.push(entry.process),
            Happening::Completed(entry) => self.ended.push(entry.process),
            _ => (),
        }
        ControlFlow::Continue(())
    }
}

/// Time-outs of clients that are alike wait in a list, in order; where the order is drawn they must not.
#[test]
fn a_tie_break_explores_the_orders_of_time_outs() {
    let order = |tie_break| {
        let mut config = config(1, Span::ZERO);
        let load = Load::Replay(vec![Span::secs(1)]);
        config.clients = vec![ClientConfig { load, ..clients(2, 1.0, Span::secs(1), 1) }];
        config.network.link.latency = Distribution::Fixed(Span::secs(30));
        config.tie_break = tie_break;
        let mut world: World<Beater> = World::new(config).expect("sound");
        let mut order = Order::default();
        assert!(world.run(at(10), &mut order).is_continue());
        (order.began, order.ended)
    };
    assert_eq!(order(None), (vec![0, 1], vec![0, 1]));
    let seen: BTreeSet<_> = (0..64).map(|seed| order(Some(seed))).collect();
    let both = [vec![0, 1], vec![1, 0]];
    let all = both.iter().flat_map(|began| both.iter().map(|ended| (began.clone(), ended.clone())));
    assert_eq!(seen, all.collect());
}
