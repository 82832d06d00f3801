//! Clients whose patience is layers: what each layer does before any model, in the order written.

mod common;

use common::{at, clients};
use sim_core::client::load::{Arrivals, Load};
use sim_core::client::policy::Layer;
use sim_core::client::retry::RetryConfig;
use sim_core::client::workload::{Ask, Mix, Popularity, Values};
use sim_core::client::{ClientConfig, Routing};
use sim_core::fault::{Crash, Fault, FaultLine, Target, Trigger};
use sim_core::history::{Entry, Outcome, Reason};
use sim_core::network::link::LinkConfig;
use sim_core::node::{Context, Node, Reply, Request, RequestId};
use sim_core::peer::Peer;
use sim_core::random::distribution::Distribution;
use sim_core::record::Record;
use sim_core::time::Span;
use sim_core::units::{Rate, Ratio};
use sim_core::value::{Call, Value};
use sim_core::world::{World, WorldConfig};

/// Answers reads with how many writes it had, after so long; node 0 after a second longer.
struct Counter {
    writes: i64,
    takes: Span,
}

type Ctx<'a> = Context<'a, (), RequestId>;

impl Node for Counter {
    type Config = Span;
    type Message = ();
    type Timer = RequestId;

    fn boot(takes: &Span, ctx: &mut Ctx<'_>) -> Counter {
        let takes = if ctx.me() == Peer::node(0) { Span(takes.0 + 1_000_000_000) } else { *takes };
        Counter { writes: 0, takes }
    }
    fn on_message(&mut self, _: Peer, (): (), _: &mut Ctx<'_>) {}
    fn on_timer(&mut self, id: RequestId, ctx: &mut Ctx<'_>) {
        ctx.reply(id, Reply::value(Value::Int(self.writes)));
    }
    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_>) {
        ctx.mark("asked");
        self.writes += i64::from(matches!(request.operation.call, Call::Write(_)));
        ctx.arm(request.id, self.takes);
    }
}

fn layers(text: &str) -> Vec<Layer> {
    ron::Options::default()
        .with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME)
        .from_str(text)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn group(rate: f64, ask: Ask, routing: Routing, text: &str) -> ClientConfig {
    let load = Load::Open { rate: Rate::per_second(rate).expect("a rate"), arrivals: Arrivals::Even };
    let (keys, popularity, values) = (1, Popularity::Uniform, Values::Unique);
    let mix = Mix { operations: vec![(ask, 1.0)], keys, popularity, values, value_bytes: 0 };
    let base = clients(1, rate, Span::secs(1), 1);
    ClientConfig { load, mix, routing, retry: RetryConfig::absent(), policies: layers(text), ..base }
}

fn config(group: ClientConfig, loss: f64) -> WorldConfig<Span> {
    let mut link = LinkConfig::with_latency(Distribution::Fixed(Span::ms(1)));
    link.loss = Ratio::new(loss).expect("a share");
    let mut config = WorldConfig::new(5, 2, Span::ms(20), link, vec![group]);
    config.schedule.end_at = Span::secs(20);
    config
}

fn run(config: WorldConfig<Span>) -> Record {
    let mut world: World<Counter> = World::new(config).expect("sound");
    assert!(world.run(at(20), &mut ()).is_continue());
    world.finish()
}

/// Of one client that asks so often: reads of the fast node unless it says otherwise.
fn asks(rate: f64, text: &str) -> Record {
    run(config(group(rate, Ask::Read, Routing::Node(1), text), 0.0))
}

fn attempts(record: &Record) -> u32 {
    record.history.entries.iter().map(|entry| entry.attempts).sum()
}

fn mark(record: &Record, name: &str) -> u64 {
    record.marks.get(name).copied().unwrap_or(0)
}

fn ms(entry: &Entry) -> u64 {
    entry.completed.since(entry.invoked).0 / 1_000_000
}

#[test]
fn a_timeout_means_what_it_stands_before() {
    // Node 0 takes a second. 300 ms for the whole, or for each of three attempts.
    let slow = |text: &str| run(config(group(2.0, Ask::Read, Routing::Node(0), text), 0.0));
    let whole = slow("[Timeout(\"300ms\"), Retry((attempts: 3))]");
    assert!(whole.history.entries.iter().all(|e| e.attempts == 1 && ms(e) == 300), "one attempt, and 300 ms");
    let each = slow("[Retry((attempts: 3)), Timeout(\"300ms\")]");
    assert!(each.history.entries.iter().all(|e| e.attempts == 3 && ms(e) == 900));
    let reads = |record: &Record| {
        record.history.entries.iter().all(|e| e.outcome == Outcome::Failed(Reason::Timeout))
    };
    assert!(reads(&whole) && reads(&each), "a read that is not answered did nothing");
}

#[test]
fn what_may_have_landed_ends_unknown_and_a_late_answer_still_answers() {
    let writes = |text: &str| run(config(group(2.0, Ask::Write, Routing::Node(0), text), 0.0));
    let given_up = writes("[Timeout(\"300ms\")]");
    let unknown = |e: &Entry| e.outcome == Outcome::Unknown(Reason::Timeout);
    assert!(given_up.history.entries.iter().all(unknown), "a write may have landed");
    // The second attempt would go out at 1.3 s; the first is answered at 1.022.
    let late = writes("[Retry((attempts: 2, backoff: Fixed(\"1s\"))), Timeout(\"300ms\")]");
    let ended: Vec<&Entry> = late.history.entries.iter().filter(|e| e.is_ok()).collect();
    assert!(ended.len() >= 17 && ended.iter().all(|e| e.attempts == 1 && ms(e) == 1022));
}

#[test]
fn a_rejected_attempt_is_tried_again_and_did_nothing() {
    let mut config =
        config(group(10.0, Ask::Write, Routing::Node(1), "[Retry((attempts: 4)), Timeout(\"1s\")]"), 0.0);
    let crash = Fault::Crash(Crash::LoseUnsynced);
    config.faults.push(FaultLine::new(Trigger::At(Span::ZERO), Target::All, crash));
    config.schedule.heal_at = Span::secs(5);
    let record = run(config);
    let rejected = |e: &&Entry| e.outcome == Outcome::Failed(Reason::Rejected);
    let count = record.history.entries.iter().filter(rejected).count();
    assert!((45..=52).contains(&count), "{count} in the first five seconds");
    assert!(record.history.entries.iter().filter(rejected).all(|e| e.attempts == 4));
}

#[test]
fn gates_hold_back_what_is_too_much() {
    // Twenty a second for ten seconds; each takes 22 ms.
    let sent = |text: &str| {
        let record = asks(20.0, text);
        assert_eq!(record.history.entries.len(), 200, "{text}");
        let held = record.history.entries.iter().filter(|e| e.outcome == Outcome::Failed(Reason::Rejected));
        assert_eq!(held.count() as u64, mark(&record, "held back by client"), "{text}");
        attempts(&record)
    };
    assert_eq!(sent("[Timeout(\"1s\")]"), 200);
    let tokens = sent("[TokenBucket((rate: \"5/s\", burst: 5)), Timeout(\"1s\")]");
    assert!((52..=56).contains(&tokens), "five at once and five a second: {tokens}");
    let leaks = sent("[LeakyBucket((rate: \"10/s\", holds: 3)), Timeout(\"1s\")]");
    assert!((100..=106).contains(&leaks), "ten a second: {leaks}");
    assert_eq!(sent("[Bulkhead((places: 1)), Timeout(\"1s\")]"), 200, "22 ms are over before the next comes");
    // To the slow node: one place is free once a second.
    let slow = |text: &str| attempts(&run(config(group(20.0, Ask::Read, Routing::Node(0), text), 0.0)));
    assert!((9..=10).contains(&slow("[Bulkhead((places: 1)), Timeout(\"2s\")]")));
    assert!((19..=20).contains(&slow(
        "[Concurrency((rule: Vegas(alpha: 3, beta: 6), initial: 2, most: 2)), Timeout(\"2s\")]"
    )));
    // Five wait for it.
    let waiting = slow("[Bulkhead((places: 1, waiting: 5)), Timeout(\"2s\")]");
    assert!((14..=16).contains(&waiting), "and those that wait when nobody asks any more: {waiting}");
}

#[test]
fn a_breaker_stops_attempts_and_a_budget_retries() {
    let down = |text: &str| {
        let mut config = config(group(20.0, Ask::Read, Routing::Node(1), text), 0.0);
        let crash = Fault::Crash(Crash::LoseUnsynced);
        config.faults.push(FaultLine::new(Trigger::At(Span::ZERO), Target::All, crash));
        config.schedule.heal_at = Span::secs(20);
        run(config)
    };
    let broken = down("[Breaker((trips: Consecutive(5), open_for: \"1s\", probes: 1)), Timeout(\"1s\")]");
    assert!((13..=15).contains(&attempts(&broken)), "five, then one a second: {}", attempts(&broken));
    assert!(mark(&broken, "breaker opened") >= 1);
    let bounded = down("[Retry((attempts: 10, budget: Tokens(deposit: 0.1, size: 5.0))), Timeout(\"1s\")]");
    assert!((200..=226).contains(&attempts(&bounded)), "a tenth of retries: {}", attempts(&bounded));
    let throttled = down("[Throttle((k: 2.0, window: \"10s\")), Timeout(\"1s\")]");
    assert!(attempts(&throttled) < 40, "{}", attempts(&throttled));
}

#[test]
fn a_hedge_asks_the_other_node_and_takes_the_first_answer() {
    let text = "[Timeout(\"5s\"), Hedge((after: Fixed(\"50ms\")))]";
    let record = run(config(group(20.0, Ask::Read, Routing::RoundRobin, text), 0.0));
    let slowest = record.history.entries.iter().map(ms).max();
    assert_eq!(slowest, Some(72), "50 ms, and then the other node");
    assert!(mark(&record, "hedged") > 60);
    assert!(record.history.entries.iter().all(|e| e.answered_by == Some(Peer::node(1))));
}

#[test]
fn reads_share_an_answer_and_writes_do_not() {
    // A thousand a second, each 22 ms: some 22 reads join each that is sent.
    let reads = asks(1000.0, "[Coalesce, Timeout(\"1s\")]");
    let sent = attempts(&reads);
    assert!(reads.history.entries.iter().all(Entry::is_ok));
    assert!((430..=480).contains(&sent), "one each 22 or 23 ms: {sent}");
    let text = "[Coalesce, Timeout(\"1s\")]";
    let writes = run(config(group(100.0, Ask::Write, Routing::Node(1), text), 0.0));
    assert_eq!(attempts(&writes) as usize, writes.history.entries.len());
}

#[test]
fn a_node_does_not_begin_with_what_is_too_late() {
    // A request takes 100 ms of the processor, and twenty a second come: the queue grows.
    let busy = |text: &str| {
        let mut config = config(group(20.0, Ask::Read, Routing::Node(1), text), 0.0);
        config.groups[0].processor.request = Distribution::Fixed(Span::ms(100));
        config.groups[0].processor.timers_apart = true;
        run(config)
    };
    let told = busy("[Timeout(\"500ms\"), Deadline(margin: \"130ms\")]");
    let untold = busy("[Timeout(\"500ms\")]");
    let answered = |record: &Record| record.history.entries.iter().filter(|e| e.is_ok()).count();
    let late = |record: &Record| mark(record, "too late to begin");
    assert!(late(&told) > 80 && late(&untold) == 0, "{} {}", late(&told), late(&untold));
    assert!(answered(&told) > 90 && answered(&untold) < 20, "{} {}", answered(&told), answered(&untold));
}

#[test]
fn another_client_moves_nobodys_draws() {
    let text = "[Retry((attempts: 5, backoff: Exponential(base: \"10ms\", cap: \"1s\", jitter: Full))), Timeout(\"100ms\")]";
    let one = config(group(20.0, Ask::Read, Routing::Random, text), 0.3);
    let mut two = config(group(20.0, Ask::Read, Routing::Random, text), 0.3);
    two.clients.push(group(50.0, Ask::Read, Routing::Random, text));
    let own = |record: Record, clients: u32| -> Vec<_> {
        let entries = record.history.entries.into_iter().filter(|e| e.process % clients == 0);
        entries.map(|e| (e.invoked, e.completed, e.attempts, e.answered_by)).collect()
    };
    let (alone, beside) = (own(run(one), 1), own(run(two), 2));
    assert_eq!(alone.len(), 200);
    assert_eq!(alone, beside);
}

#[test]
fn any_layers_in_any_order_end_every_operation_once() {
    let all = [
        "Timeout(\"700ms\")",
        "Deadline(margin: \"10ms\")",
        "Retry((attempts: 3, backoff: Exponential(base: \"10ms\", cap: \"1s\", jitter: Decorrelated), budget: Grpc(max_tokens: 10, token_ratio: 0.1)))",
        "Hedge((after: Percentile(share: \"90%\", first: \"50ms\"), copies: 2))",
        "Breaker((trips: Rate(share: \"50%\", window: 20, least: 10), open_for: \"300ms\", probes: 2))",
        "Throttle((k: 1.5, window: \"5s\"))",
        "Bulkhead((places: 20, waiting: 10))",
        "Concurrency((rule: Gradient(tolerance: 1.5, smoothing: 0.2), initial: 5, most: 50))",
        "TokenBucket((rate: \"80/s\", burst: 10))",
        "LeakyBucket((rate: \"90/s\", holds: 20))",
        "Coalesce",
    ];
    let mut rng = sim_core::random::Rng::from_key(7);
    for case in 0..60 {
        let mut chosen: Vec<&str> = all[1..].iter().copied().filter(|_| rng.chance(0.5)).collect();
        rng.shuffle(&mut chosen);
        // A timeout around all, so that everything ends, and one around each attempt.
        let text = format!("[{}, {}, Timeout(\"200ms\")]", all[0], chosen.join(", ")).replace(", ,", ",");
        let mut asked = group(100.0, Ask::Read, Routing::Random, &text);
        asked.mix.operations.push((Ask::Write, 1.0));
        let mut config = config(asked, 0.2);
        config.seed = case;
        config.schedule.stop_at = Span::secs(10);
        let record = run(config);
        assert_eq!(record.history.entries.len(), 1000, "{text}");
        for entry in &record.history.entries {
            let open = matches!(
                entry.outcome,
                Outcome::Unknown(Reason::EndOfRun) | Outcome::Failed(Reason::EndOfRun)
            );
            assert!(!open, "{text}: {entry:?}");
            assert!(!entry.is_ok() || ms(entry) <= 700, "{text}: {entry:?}");
        }
        let ok = record.history.entries.iter().filter(|e| e.is_ok()).count();
        assert!(ok > 0, "{text}");
    }
}
