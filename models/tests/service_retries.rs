//! Retry policies against published experiments.

mod services;

use services::{Run, close, mark, poisson, success, total};
use sim_core::client::Routing;
use sim_core::fault::{Crash, Fault, FaultLine, Target, Trigger};
use sim_core::random::distribution::Distribution;
use sim_core::time::Span;

/// Brooker, "Fixing retries with token buckets and circuit breakers" (2022): 100 clients, each with policies of its
/// own, 10 requests a second for 10 s, failing with probability p. Success, and load per call.
fn brooker(p: f64, retry: &str) -> (f64, f64) {
    let graph = format!(
        "(users: (nodes: 100, calls: [(to: \"s\", policies: [Retry({retry})])]), window: Some(\"1s\"), \
          services: {{ \"s\": (workers: 100000, steps: [Fail({p})]) }})"
    );
    let (mut ok, mut load, mut calls) = (0.0, 0.0, 0.0);
    for seed in 1..=6 {
        let latency = Distribution::Exponential { mean: Span::ms(10) };
        let run = Run {
            seed,
            clients: 100,
            drain: 5,
            latency,
            routing: Routing::Own,
            ..Run::new(poisson(10.0), 15)
        };
        let record = run.record(&graph);
        ok += success(&record, 0, 10);
        calls += total(&record, "calls users→s", 0, 15) as f64;
        load += total(&record, "attempts users→s", 0, 15) as f64;
    }
    (ok / 6.0, load / calls)
}

#[test]
fn retry_strategies_do_what_brooker_found() {
    let three = "(attempts: 4)";
    let bucket = "(attempts: 1000, budget: Some(Tokens(deposit: 0.1, size: 5)))";
    let breaker = "(attempts: 4, budget: Some(FailureRate(at_most: 0.1)))";
    for (p, retry, expected) in [
        (0.05, three, (1.0, 1.055)),
        (0.05, bucket, (1.0, 1.052)),
        (0.05, breaker, (0.988, 1.036)),
        (0.1, three, (0.9999, 1.106)),
        (0.1, bucket, (0.992, 1.096)),
        (0.1, breaker, (0.918, 1.026)),
    ] {
        let (success, load) = brooker(p, retry);
        println!("p={p} {retry}: success {success:.4} ({}), load {load:.4} ({})", expected.0, expected.1);
        close("success", success, expected.0, 0.02);
        close("load", load, expected.1, 0.02);
    }
}

#[test]
fn three_retries_follow_the_closed_form() {
    for p in [0.1_f64, 0.3, 0.5, 0.8] {
        let (success, load) = brooker(p, "(attempts: 4)");
        close("1 − p⁴", success, 1.0 - p * p * p * p, 0.01);
        close("1 + p + p² + p³", load, 1.0 + p + p * p + p * p * p, 0.01);
    }
}

/// Retries for each failure, at a failure rate p, under gRPC's throttling with this ratio.
fn grpc(p: f64, ratio: f64) -> f64 {
    let graph = format!(
        "(users: (calls: [(to: \"s\", policies: [Retry((attempts: 2, budget: Some(Grpc(max_tokens: 100, token_ratio: {ratio}))))])]),
          window: Some(\"1s\"), services: {{ \"s\": (workers: 100000, steps: [Fail({p})]) }})"
    );
    let record = Run { drain: 1, ..Run::new(poisson(1000.0), 200) }.record(&graph);
    let (calls, attempts) =
        (total(&record, "calls users→s", 50, 200), total(&record, "attempts users→s", 50, 200));
    (attempts - calls) as f64 / (calls as f64 * p)
}

#[test]
fn grpc_throttles_retries_above_its_failure_rate() {
    // ratio / (1 + ratio): 9.09% at .1, a sixth at .2, a third at .5. Below it nearly every failure is retried; above
    // it retries are cut until all attempts fail at that rate.
    for (ratio, below, near, above) in
        [(0.1, 0.06, 0.085, 0.12), (0.2, 0.12, 0.155, 0.21), (0.5, 0.25, 0.32, 0.41)]
    {
        let (low, middle, high) = (grpc(below, ratio), grpc(near, ratio), grpc(above, ratio));
        println!("ratio {ratio}: {low:.3} {middle:.3} {high:.3}");
        assert!(low > 0.99 && middle > 0.8 && high < 0.1, "{ratio}: {low} {middle} {high}");
    }
}

#[test]
fn adaptive_throttling_lets_k_times_through_what_is_accepted() {
    // The server does 100 a second and rejects the rest; 1,000 a second come: 1 − K/10 is turned away by the caller,
    // 80% at K = 2.
    for (k, expected) in [(2.0, 0.8), (1.5, 0.85), (1.1, 0.89)] {
        let graph = format!(
            "(users: (calls: [(to: \"s\", policies: [Throttle((k: {k}, window: \"30s\"))])]), window: Some(\"1s\"),
              services: {{ \"s\": (workers: 1, room: 5, steps: [Work(Fixed(\"10ms\"))]) }})"
        );
        let record = Run::new(poisson(1000.0), 200).record(&graph);
        let (calls, attempts) =
            (total(&record, "calls users→s", 60, 200), total(&record, "attempts users→s", 60, 200));
        let rejected = 1.0 - attempts as f64 / calls as f64;
        println!("K {k}: {rejected:.4} ({expected})");
        assert!((rejected - expected).abs() < 0.01, "{k}: {rejected}");
    }
}

/// Bronson et al., "Metastable Failures in Distributed Systems" (HotOS 2021), §2: a database of 300 queries a second,
/// one retry after a second without an answer, an outage of ten seconds. Goodput and attempts a second at the end.
fn metastable(rate: f64, outage: Fault) -> (f64, f64) {
    let graph = "(users: (calls: [(to: \"db\", policies: [Retry((attempts: 2)), Timeout(\"1s\")])]), window: Some(\"1s\"),
        services: { \"db\": (workers: 15, steps: [Work(Fixed(\"50ms\"))]) })";
    let outage = FaultLine::new(Trigger::At(Span::secs(30)), Target::Group("db".into()), outage);
    let faults = vec![outage.lasting(Span::secs(10))];
    let record = Run { faults, ..Run::new(poisson(rate), 300) }.record(graph);
    assert!(success(&record, 5, 25) > 0.999, "healthy before the outage");
    (success(&record, 250, 290), total(&record, "attempts users→db", 250, 290) as f64 / 40.0)
}

#[test]
fn a_metastable_failure_outlives_its_cause() {
    // It always recovers when twice the load fits: below 150. At 150 itself a queue, unlike the published model, has
    // nothing left to drain with.
    let (goodput, load) = metastable(280.0, Fault::Pause);
    assert_eq!(goodput, 0.0);
    close("queries a second", load, 560.0, 0.02);
    let (goodput, load) = metastable(140.0, Fault::Pause);
    assert!(goodput > 0.999 && (load / 140.0 - 1.0).abs() < 0.03, "{goodput} {load}");
}

#[test]
fn an_outage_that_leaves_no_queue_behind_is_survived() {
    // With the links cut nothing waits at the database. When they heal, retries and new calls come at 560 a second
    // for one second: 260 wait, which is 0.87 s of work, just less than the timeout. The published model has no
    // queue but a load above which everything fails, so it does not tell these outages apart.
    let (goodput, _) = metastable(280.0, Fault::partition(sim_core::fault::Shape::Isolate));
    assert!(goodput > 0.999, "{goodput}");
}

#[test]
fn a_crashed_process_refuses_and_a_dead_link_does_not() {
    let graph = "(users: (calls: [(to: \"s\", policies: [Timeout(\"1s\")])]),
        services: { \"s\": (workers: 1, steps: [Work(Fixed(\"1ms\"))]) })";
    for (fault, end) in [
        (Fault::Crash(Crash::LoseUnsynced), "refused"),
        (Fault::partition(sim_core::fault::Shape::Isolate), "timeout"),
    ] {
        let line = FaultLine::new(Trigger::At(Span::secs(5)), Target::Group("s".into()), fault);
        let faults = vec![line.lasting(Span::secs(5))];
        let record = Run { faults, ..Run::new(poisson(10.0), 15) }.record(graph);
        assert!(mark(&record, end) > 20, "{end}: {:?}", record.marks);
        assert_eq!(success(&record, 11, 14), 1.0);
    }
}
