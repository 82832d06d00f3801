//! Clients: arrivals, retries, the three ends of an operation.

mod common;

use common::{at, clients, config, record, world};
use sim_core::client::load::{Arrivals, Load};
use sim_core::client::retry::Backoff;
use sim_core::client::{ClientConfig, Routing};
use sim_core::disk::DiskConfig;
use sim_core::fault::{Crash, Fault, FaultLine, Shape, Target, Trigger};
use sim_core::history::{Outcome, Reason};
use sim_core::node::{Context, Node, Reply, Request};
use sim_core::peer::Peer;
use sim_core::random::distribution::Distribution;
use sim_core::record::Record;
use sim_core::time::{Span, Time};
use sim_core::units::Rate;
use sim_core::world::{World, WorldConfig};

fn asked(group: ClientConfig, change: impl FnOnce(&mut WorldConfig<common::Config>)) -> Record {
    let mut config = config(3, Span::ZERO);
    config.clients = vec![group];
    change(&mut config);
    record(config)
}

#[test]
fn an_open_loop_keeps_its_rate_whatever_the_answers() {
    let plain = asked(clients(4, 100.0, Span::secs(1), 1), |_| ());
    let count = plain.history.entries.len();
    assert!((3_600..=4_400).contains(&count), "{count}");
    let slow = asked(clients(4, 100.0, Span::secs(1), 1), |config| {
        config.groups[0].disk = DiskConfig { sync: Distribution::Fixed(Span::ms(400)), bandwidth: None };
    });
    let times =
        |record: &Record| record.history.entries.iter().map(|entry| entry.invoked).collect::<Vec<_>>();
    assert_eq!(times(&plain), times(&slow));
    let even = ClientConfig {
        load: Load::Open { rate: Rate::per_second(10.0).expect("a rate"), arrivals: Arrivals::Even },
        ..clients(1, 1.0, Span::secs(1), 1)
    };
    let record = asked(even, |_| ());
    assert!(
        record.history.entries.windows(2).all(|pair| pair[1].invoked.since(pair[0].invoked) == Span::ms(100))
    );
    assert_eq!(record.history.entries.len(), 100);
}

#[test]
fn a_closed_loop_waits_for_its_answers() {
    let closed = ClientConfig {
        load: Load::Closed { think: Distribution::Fixed(Span::ms(100)) },
        ..clients(1, 1.0, Span::secs(5), 1)
    };
    let record = asked(closed, |config| {
        config.groups[0].disk = DiskConfig { sync: Distribution::Fixed(Span::ms(300)), bandwidth: None };
        config.network.link.latency = Distribution::Fixed(Span::ms(50));
    });
    // 100 ms of thought, 50 there, 300 on disk, 50 back.
    assert_eq!(record.history.entries.len(), 20);
    for (i, entry) in record.history.entries.iter().take(19).enumerate() {
        assert_eq!((entry.invoked, entry.process), (Time(100_000_000 + i as u64 * 500_000_000), 0));
        assert_eq!(entry.completed.since(entry.invoked), Span::ms(400));
        assert!(entry.is_ok() && entry.attempts == 1);
    }
}

#[test]
fn what_may_have_landed_ends_unknown_and_a_new_process_takes_over() {
    let record = asked(clients(1, 10.0, Span::ms(200), 2), |config| {
        let cut = Fault::Partition {
            shape: Shape::Clients,
            clients: true,
            share: sim_core::units::Ratio::ONE,
            only: None,
        };
        config
            .faults
            .push(FaultLine::new(Trigger::At(Span::secs(2)), Target::All, cut).lasting(Span::secs(2)));
    });
    let during: Vec<_> = record
        .history
        .entries
        .iter()
        .filter(|e| e.invoked > at(2) && e.invoked < Time(3_500_000_000))
        .collect();
    assert!(during.len() > 8);
    for entry in &during {
        assert_eq!(entry.outcome, Outcome::Unknown(Reason::Timeout));
        assert_eq!((entry.attempts, entry.completed), (2, Time::NEVER));
        let later =
            record.history.entries.iter().filter(|e| e.process == entry.process && e.invoked > entry.invoked);
        assert_eq!(later.count(), 0, "process {} went on", entry.process);
    }
    assert!(
        record
            .history
            .entries
            .iter()
            .filter(|e| e.invoked > Time(4_100_000_000))
            .all(sim_core::history::Entry::is_ok)
    );
}

#[test]
fn what_certainly_did_not_land_ends_failed() {
    let record = asked(clients(1, 10.0, Span::ms(200), 3), |config| {
        let crash = Fault::Crash(Crash::KeepAll);
        config
            .faults
            .push(FaultLine::new(Trigger::At(Span::secs(2)), Target::All, crash).lasting(Span::secs(2)));
    });
    let during = record
        .history
        .entries
        .iter()
        .filter(|e| e.invoked > Time(2_100_000_000) && e.invoked < Time(3_800_000_000));
    let (mut count, mut refused) = (0, 0);
    for entry in during {
        count += 1;
        refused += u32::from(entry.outcome == Outcome::Failed(Reason::Rejected));
        assert!(entry.completed < Time::NEVER);
    }
    assert!(count > 8 && refused == count, "{refused} of {count} were refused a connection");
}

#[test]
fn a_late_reply_to_an_earlier_attempt_answers_the_operation() {
    let record = asked(clients(1, 1.0, Span::ms(150), 4), |config| {
        config.network.link.latency = Distribution::Fixed(Span::ms(100));
    });
    let whole = record.history.entries.iter().filter(|e| e.invoked < at(9));
    for entry in whole {
        assert!(entry.is_ok());
        assert_eq!((entry.completed.since(entry.invoked), entry.attempts), (Span::ms(200), 2));
    }
}

#[test]
fn waits_lie_between_the_attempts() {
    let mut group = clients(4, 1.0, Span::ms(100), 4);
    group.retry.backoff = Backoff::Exponential {
        base: Span::ms(200),
        cap: Span::ms(300),
        jitter: sim_core::client::retry::Jitter::None,
    };
    let record = asked(group, |config| {
        config.network.link.loss = sim_core::units::Ratio::ONE;
        config.schedule.end_at = Span::secs(20);
    });
    assert!(!record.history.entries.is_empty());
    for entry in &record.history.entries {
        assert_eq!((entry.attempts, &entry.outcome), (4, &Outcome::Unknown(Reason::Timeout)));
    }
    let spent = record.network.sent;
    assert_eq!(spent, 4 * record.history.entries.len() as u64);
}

/// Sends everyone to node 2, which counts.
struct Pointer;
impl Node for Pointer {
    type Config = ();
    type Message = ();
    type Timer = ();
    fn boot((): &(), _: &mut Context<'_, (), ()>) -> Pointer {
        Pointer
    }
    fn on_message(&mut self, _: Peer, (): (), _: &mut Context<'_, (), ()>) {}
    fn on_timer(&mut self, (): (), _: &mut Context<'_, (), ()>) {}
    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, (), ()>) {
        let leader = Peer::node(2);
        ctx.reply(request.id, if ctx.me() == leader { Reply::done() } else { Reply::Redirect(Some(leader)) });
    }
}

#[test]
fn a_redirect_is_followed_and_remembered() {
    let link = config(3, Span::ZERO).network.link;
    let group = ClientConfig { routing: Routing::Sticky, ..clients(5, 20.0, Span::secs(1), 1) };
    let mut world: World<Pointer> = World::new(WorldConfig::new(3, 3, (), link, vec![group])).expect("sound");
    assert!(world.run(at(11), &mut ()).is_continue());
    let record = world.finish();
    assert!(record.history.entries.iter().all(|e| e.is_ok() && e.answered_by == Some(Peer::node(2))));
    let redirected = record.history.entries.iter().filter(|e| e.attempts > 1).count();
    assert!((1..=60).contains(&redirected), "only until the clients know: {redirected}");
}

#[test]
fn operations_under_way_at_the_end_are_closed() {
    let mut config = config(3, Span::ZERO);
    config.clients = vec![clients(1, 50.0, Span::secs(60), 1)];
    config.network.link.latency = Distribution::Fixed(Span::secs(30));
    let record = world(config).finish();
    assert!(record.history.entries.len() > 300);
    assert!(record.history.entries.iter().all(|e| e.outcome == Outcome::Unknown(Reason::EndOfRun)));
}

#[test]
fn guards_hold_back_what_a_client_would_send() {
    use sim_core::client::policy::Guard;
    use sim_core::client::policy::breaker::{BreakerConfig, Trip};
    use sim_core::client::policy::budget::BudgetConfig;
    let attempts = |guards: Vec<Guard>| {
        let mut config = config(1, Span::ZERO);
        let mut asks = clients(1, 20.0, Span::ms(100), 10);
        asks.retry.guards = guards;
        config.clients.push(asks);
        config.faults.push(FaultLine::new(
            Trigger::At(Span::ZERO),
            Target::All,
            Fault::Crash(sim_core::fault::Crash::LoseUnsynced),
        ));
        config.schedule.heal_at = Span::secs(10);
        let record = record(config);
        let sent: u32 = record.history.entries.iter().map(|entry| entry.attempts).sum();
        (sent, record.history.entries.len() as u32)
    };
    let (plain, asked) = attempts(Vec::new());
    let (bounded, _) = attempts(vec![Guard::RetryBudget(BudgetConfig::Tokens { deposit: 0.1, size: 5.0 })]);
    let breaker = BreakerConfig { trips: Trip::Consecutive(5), open_for: Span::secs(1), probes: 1 };
    let (broken, _) = attempts(vec![Guard::Breaker(breaker)]);
    assert!(plain > 9 * asked, "ten attempts each: {plain} for {asked}");
    assert!(bounded >= asked && bounded < asked + asked / 5 + 6, "a tenth of retries: {bounded} for {asked}");
    assert!(broken < 30, "a probe a second: {broken} for {asked}");
}

/// Answers at once, but for node 0, which takes a second.
struct OneSlow {
    waiting: Vec<sim_core::node::RequestId>,
}

impl Node for OneSlow {
    type Config = ();
    type Message = ();
    type Timer = sim_core::node::RequestId;

    fn boot((): &(), _: &mut Context<'_, (), Self::Timer>) -> OneSlow {
        OneSlow { waiting: Vec::new() }
    }
    fn on_message(&mut self, _: Peer, (): (), _: &mut Context<'_, (), Self::Timer>) {}
    fn on_timer(&mut self, id: Self::Timer, ctx: &mut Context<'_, (), Self::Timer>) {
        self.waiting.retain(|own| *own != id);
        ctx.reply(id, Reply::done());
    }
    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, (), Self::Timer>) {
        if ctx.me() == Peer::node(0) {
            self.waiting.push(request.id);
            ctx.arm(request.id, Span::secs(1));
        } else {
            ctx.reply(request.id, Reply::done());
        }
    }
}

/// The latencies in milliseconds, the greatest first, and how many attempts there were.
fn with_guards(guards: Vec<sim_core::client::policy::Guard>) -> (Vec<u64>, u32, u64) {
    let link = config(2, Span::ZERO).network.link;
    let mut group = ClientConfig { routing: Routing::RoundRobin, ..clients(1, 20.0, Span::secs(5), 1) };
    group.retry.guards = guards;
    let mut world: World<OneSlow> = World::new(WorldConfig::new(5, 2, (), link, vec![group])).expect("sound");
    assert!(world.run(at(11), &mut ()).is_continue());
    let record = world.finish();
    let done = record.history.entries.iter().filter(|entry| entry.is_ok());
    let mut list: Vec<u64> = done.map(|entry| entry.completed.since(entry.invoked).0 / 1_000_000).collect();
    list.sort_unstable_by_key(|ms| std::cmp::Reverse(*ms));
    let attempts = record.history.entries.iter().map(|entry| entry.attempts).sum();
    (list, attempts, record.history.counts().1)
}

#[test]
fn a_hedge_asks_another_node_and_takes_the_first_answer() {
    use sim_core::client::policy::Guard;
    use sim_core::client::policy::hedge::{After, HedgeConfig};
    let (plain, attempts, _) = with_guards(Vec::new());
    assert!(plain[0] >= 1000 && attempts as usize >= plain.len());
    let hedge = HedgeConfig { after: After::Fixed(Span::ms(50)), copies: 1, tied: false };
    let (hedged, more, _) = with_guards(vec![Guard::Hedge(hedge)]);
    assert!(hedged[0] < 100, "{} ms", hedged[0]);
    assert!(more > attempts + attempts / 3, "each to the slow node has a copy: {more} after {attempts}");
}

#[test]
fn a_deadline_ends_an_operation_and_a_bulkhead_refuses_one() {
    use sim_core::client::policy::Guard;
    let (fast, ..) = with_guards(vec![Guard::Deadline(Span::ms(300))]);
    assert!(fast[0] < 300, "what would take a second is given up: {} ms", fast[0]);
    // Half of all operations take a second, at twenty a second: with five places most are refused.
    let (_, _, refused) = with_guards(vec![Guard::Bulkhead(5)]);
    let (_, _, none) = with_guards(vec![Guard::Bulkhead(1000)]);
    assert!(refused > 50 && none == 0, "{refused} {none}");
}
