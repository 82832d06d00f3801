//! Hedges and tied requests: what they cost, what they bring, and whom they must not hurt.

mod services;

use std::ops::ControlFlow;

use models::service::message::Message;
use models::service::node::ServiceNode;
use services::{Run, close, even, latencies, mark, mean, poisson, quantile, total};
use sim_core::node::Effect;
use sim_core::observer::{Observer, Step};
use sim_core::peer::Peer;
use sim_core::random::distribution::Distribution;
use sim_core::record::{Record, Violation};
use sim_core::time::{Span, Time};

/// Twenty servers of one worker each and exponential work of 10 ms, at a load of `load`.
fn copies(policies: &str, balancer: &str, load: f64) -> Record {
    let graph = format!(
        "(users: (calls: [(to: \"s\", policies: [{policies}], balancer: ({balancer}))]), window: Some(\"1s\"),
          services: {{ \"s\": (instances: 20, workers: 1, steps: [Work(Exponential(mean: \"10ms\"))]) }})"
    );
    let latency = Distribution::Fixed(Span::us(100));
    Run { latency, drain: 5, ..Run::new(poisson(2000.0 * load), 65) }.record(&graph)
}

/// The mean utilisation in percent.
fn busy(record: &Record) -> f64 {
    total(record, "utilisation %", 5, 60) as f64 / (20.0 * 55.0)
}

const TIED: &str = "Hedge((after: Fixed(\"1ms\"), tied: true))";
const UNTIED: &str = "Hedge((after: Fixed(\"1ms\")))";

#[test]
fn tied_requests_cost_next_to_nothing_and_shorten_the_queue() {
    // Dean and Barroso: the one that begins calls the other off, so a second copy is worked on only if both begin
    // within the time that takes (they let 1 ms pass between the copies for that reason); an untied copy is worked on
    // always.
    for load in [0.2, 0.5] {
        let (plain, tied, untied) = (
            copies("", "choose: Random", load),
            copies(TIED, "choose: Random", load),
            copies(UNTIED, "choose: Random", load),
        );
        let percent = load * 100.0;
        close("one copy", busy(&plain), percent, 0.03);
        let cost = busy(&tied) / percent - 1.0;
        println!("load {load}: tied {:.1}%, untied {:.1}%", busy(&tied), busy(&untied));
        assert!(cost < 0.05, "tied copies cost {cost} of the load");
        assert!(busy(&untied) > 1.6 * percent, "{}", busy(&untied));
        let (before, after) = (latencies(&plain, 5), latencies(&tied, 5));
        println!(
            "p50 {:.2} → {:.2}, p99 {:.2} → {:.2}, p99.9 {:.2} → {:.2}",
            quantile(&before, 0.5),
            quantile(&after, 0.5),
            quantile(&before, 0.99),
            quantile(&after, 0.99),
            quantile(&before, 0.999),
            quantile(&after, 0.999)
        );
        assert!(mean(&after) < mean(&before));
        assert!(mark(&tied, "called off") > 0);
        // What is called off is no error of anybody's.
        assert_eq!(total(&tied, "errors", 0, 65), 0);
        assert_eq!(tied.history.counts().1, 0);
    }
}

#[test]
fn losers_of_a_hedge_do_not_eject_who_is_well() {
    // Ten healthy instances, a guard that ejects after three failures, a breaker before each: as many calls to each as
    // without a hedge.
    let guard = "choose: Random, outliers: Some((failures: 3, eject_for: \"10s\", at_most: 0.9)),
        breaker: Some((trips: Consecutive(5), open_for: \"2s\", probes: 1))";
    let record = copies("Hedge((after: Fixed(\"2ms\")))", guard, 0.3);
    assert!(mark(&record, "hedged") > 10_000);
    assert_eq!(total(&record, "hosts open users→s", 0, 65), 0);
    let requests = &record.measures["requests"];
    let each: Vec<i64> = (1..=20)
        .map(|node| requests.iter().filter(|m| m.node.index() == node).map(|m| m.value).sum())
        .collect();
    let (least, most) = (each.iter().min().expect("20"), each.iter().max().expect("20"));
    assert!(*least as f64 > 0.8 * *most as f64, "{each:?}");
    // With `cancels` the losers are told to stop, which is no failure either.
    assert_eq!(record.history.counts().1, 0);
}

#[test]
fn a_loser_keeps_its_connection_and_one_that_is_late_does_not() {
    let connects = |policies: &str| {
        let graph = format!(
            "(users: (calls: [(to: \"s\", policies: [{policies}], balancer: (choose: Random), connect: Some(\"100ms\"))]), window: Some(\"1s\"),
              services: {{ \"s\": (instances: 10, workers: 10, steps: [Work(Exponential(mean: \"10ms\"))]) }})"
        );
        let latency = Distribution::Fixed(Span::ms(1));
        let record = Run { latency, drain: 5, ..Run::new(poisson(100.0), 65) }.record(&graph);
        // An attempt and its answer are two messages, what the client asks and is told two more; the rest are connections
        // made, two messages each.
        let attempts = total(&record, "attempts users→s", 0, 65) as u64;
        record.network.sent / 2 - attempts - record.history.entries.len() as u64
    };
    // One for each instance; an attempt that loses while it waits for the first connection is counted and never sent.
    let made = connects("Hedge((after: Fixed(\"5ms\")))");
    assert!((8..=10).contains(&made), "{made}");
    assert!(connects("Retry((attempts: 3)), Timeout(\"30ms\")") > 100);
}

#[test]
fn at_a_fan_out_of_two_thousand_one_request_in_six_meets_the_slowest_of_ten_thousand() {
    // Dean and Barroso: 1 − .9999^2000 = .181, to be met within .005.
    let graph = "(users: (calls: [(to: \"root\")]), services: {
        \"root\": (workers: 1000, steps: [Spread(call: (to: \"leaf\"), copies: 2000)]),
        \"leaf\": (instances: 10, workers: 100000, steps: [Maybe(0.0001, [Effect, Work(Fixed(\"990ms\"))]), Work(Fixed(\"10ms\"))]) })";
    let (mut slow, mut all, mut leaves) = (0.0, 0.0, 0.0);
    for seed in 1..=6 {
        let record = Run { seed, drain: 2, ..Run::new(even(100.0), 12) }.record(graph);
        let list = latencies(&record, 0);
        slow += list.iter().filter(|ms| **ms > 500.0).count() as f64;
        all += list.len() as f64;
        leaves += (mark(&record, "effect") + mark(&record, "effect repeated")) as f64;
    }
    // Of twelve million calls to leaves 1,200 are slow, give or take 35.
    let expected = all * 2000.0 * 0.0001;
    assert!(
        (leaves - expected).abs() < 3.0 * libm::sqrt(expected),
        "{leaves} slow leaves, {expected} expected"
    );
    // Slow requests vary with slow leaves; a control variate takes that part out. So many leaves at random among so
    // many requests meet 1 − (1 − 1/n)^leaves of them; what is left has a standard error of .0016 with 6,000 requests,
    // where the bare share has one of .005.
    let met = |leaves: f64| 1.0 - libm::pow(1.0 - 1.0 / all, leaves);
    let share = slow / all - met(leaves) + met(expected);
    println!("{} of {all} slow, {leaves} leaves ({expected}): {share}", slow / all);
    assert!((share - 0.181).abs() < 0.005, "{share}");
    assert!((slow / all - 0.181).abs() < 0.015, "three standard errors of the bare share: {}", slow / all);
}

/// When each server stood still, when copies were called off there, and when it said that it had begun with one.
#[derive(Default)]
struct Stood {
    from: Vec<(Peer, Time)>,
    called_off: Vec<(Peer, Time)>,
    begun: Vec<(Peer, Time)>,
}

const STANDS: Span = Span::ms(200);

impl Stood {
    /// How many of these were while the server stood still, and how many at the instant when it went on.
    fn within(&self, whats: &[(Peer, Time)]) -> (usize, usize) {
        let until = |node: Peer, at: Time| {
            let pauses = self.from.iter().filter(|(other, from)| *other == node && *from < at);
            pauses.map(|(_, from)| *from + STANDS).find(|until| at <= *until)
        };
        let ends: Vec<(Time, Time)> =
            whats.iter().filter_map(|(node, at)| Some((*at, until(*node, *at)?))).collect();
        let still = ends.iter().filter(|(at, until)| at < until).count();
        (still, ends.len() - still)
    }
}

impl Observer<ServiceNode> for Stood {
    fn after(&mut self, step: &Step<'_, ServiceNode>) -> ControlFlow<Violation> {
        for effect in step.effects {
            match effect {
                Effect::Mark("pause") => self.from.push((step.node, step.at)),
                Effect::Mark("called off") => self.called_off.push((step.node, step.at)),
                Effect::Send { message: Message::Begun { .. }, .. } => self.begun.push((step.node, step.at)),
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }
}

#[test]
fn who_stands_still_neither_hears_of_twins_nor_tells_of_its_own() {
    let graph = format!(
        "(users: (calls: [(to: \"s\", policies: [{TIED}], balancer: (choose: Random))]), window: Some(\"1s\"),
          services: {{ \"s\": (instances: 20, workers: 1, steps: [Work(Exponential(mean: \"10ms\"))],
            pauses: (every: Exponential(mean: \"1s\"), lasts: Fixed(\"200ms\"))) }})"
    );
    // Where messages overtake each other, the word that the twin has begun may come before the copy, and a pause between them.
    let apart = Distribution::Uniform { min: Span::us(100), max: Span::ms(20) };
    for latency in [Distribution::Fixed(Span::us(100)), apart] {
        let mut stood = Stood::default();
        let run = Run { latency, drain: 5, ..Run::new(poisson(1000.0), 20) };
        run.observed(&graph, &mut stood);
        assert!(stood.from.len() > 100, "{} pauses", stood.from.len());
        for (what, list) in [("called off", &stood.called_off), ("begun", &stood.begun)] {
            let (still, at_once) = stood.within(list);
            println!("{what}: {} times, {still} by who stood still, {at_once} as it went on", list.len());
            assert_eq!(still, 0, "{what}");
            assert!(list.len() > 1000 && at_once > 50, "{what}: {} and {at_once}", list.len());
        }
    }
}
