//! A client's deadline goes through a graph of services: each call tells what is left of it, and nothing is begun for
//! a client that has given up (Google SRE book, ch. 22, "Deadline propagation"; gRPC does the same).

mod services;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use models::policy::Layer;
use models::service::message::Message;
use models::service::node::ServiceNode;
use services::{Run, even, mark, success, total};
use sim_core::fingerprint::Fingerprint;
use sim_core::node::{Effect, Work};
use sim_core::observer::{Happening, Observer, Step};
use sim_core::random::distribution::Distribution;
use sim_core::record::Violation;
use sim_core::time::{Span, Time};

/// What calls say how long their callers wait, by the node that gets them; `None` if they say nothing.
#[derive(Default)]
struct Told(BTreeMap<usize, Vec<Option<u64>>>);

impl Observer<ServiceNode> for Told {
    fn before(
        &mut self,
        _: Time,
        _: Fingerprint,
        happening: &Happening<'_, ServiceNode>,
    ) -> ControlFlow<Violation> {
        if let Happening::Work { node, work: Work::Message { message: Message::Call { left, .. }, .. } } =
            happening
        {
            let ms = left.map(|left| left.0 / 1_000_000);
            self.0.entry(node.index()).or_default().push(ms);
        }
        ControlFlow::Continue(())
    }
}

fn patience(ms: u64, margin: Option<u64>) -> Vec<Layer> {
    let deadline = margin.map(|margin| Layer::Deadline { margin: Span::ms(margin) });
    [Some(Layer::Timeout(Span::ms(ms))), deadline].into_iter().flatten().collect()
}

/// Users, a front, orders and a database in a row, one node each.
fn chain(front: &str, orders: &str, db: &str) -> String {
    format!(
        "(users: (calls: [(to: \"front\")]), window: \"1s\", services: {{
            \"front\": {front}, \"orders\": {orders}, \"db\": {db},
        }})"
    )
}

#[test]
fn each_call_tells_what_is_left() {
    let graph = |policies: &str| {
        chain(
            "(workers: 9, steps: [Work(Fixed(\"50ms\")), Call((to: \"orders\"))])",
            &format!(
                "(workers: 9, steps: [Work(Fixed(\"70ms\")), Call((to: \"db\", policies: {policies}))])"
            ),
            "(workers: 9, steps: [Work(Fixed(\"1ms\"))])",
        )
    };
    let told = |margin: Option<u64>, policies: &str| {
        let latency = Distribution::Fixed(Span::ms(10));
        let run = Run { policies: patience(1000, margin), latency, drain: 2, ..Run::new(even(1.0), 4) };
        let mut told = Told::default();
        let record = run.observed(&graph(policies), &mut told);
        assert!(success(&record, 0, 2) > 0.999);
        // Every call to a node says the same.
        [1, 2, 3].map(|node| {
            let all = &told.0[&node];
            assert!(!all.is_empty() && all.iter().all(|one| *one == all[0]), "{node}: {all:?}");
            all[0]
        })
    };
    // 1 s less a margin of 100 ms less 10 ms on the way to the users' node; then less the work of each service.
    assert_eq!(told(Some(100), "[]"), [Some(890), Some(840), Some(770)]);
    // A timeout on the way tightens it; a long one does not loosen it.
    assert_eq!(told(Some(100), "[Timeout(\"200ms\")]"), [Some(890), Some(840), Some(200)]);
    assert_eq!(told(Some(100), "[Timeout(\"9s\")]"), [Some(890), Some(840), Some(770)]);
    // A client that says nothing, and a timeout that is nobody's but its owner's.
    assert_eq!(told(None, "[Timeout(\"200ms\")]"), [None, None, None]);
}

#[test]
fn what_is_too_late_is_not_done_three_services_further_on() {
    // The database does ten a second and is asked twenty times: the queue grows by ten a second. Who asks it keeps back
    // the time that the database takes.
    let graph = chain(
        "(workers: 900, steps: [Call((to: \"orders\"))])",
        "(workers: 900, steps: [Call((to: \"db\", policies: [Deadline(margin: \"110ms\")]))])",
        "(workers: 1, abandoned: DropsWaiting, steps: [Work(Fixed(\"100ms\"))])",
    );
    let run =
        |margin| Run { policies: patience(500, margin), drain: 2, ..Run::new(even(20.0), 62) }.record(&graph);
    let (told, untold) = (run(Some(0)), run(None));
    let (kept, lost) = (success(&told, 10, 60), success(&untold, 10, 60));
    println!("answered in time: told {kept:.3}, untold {lost:.3}");
    assert!((0.49..=0.51).contains(&kept), "half is the capacity: {kept}");
    assert_eq!(lost, 0.0, "everything waits for longer than anybody does");
    assert!(mark(&told, "dropped unserved") > 500 && mark(&untold, "dropped unserved") == 0);
}

#[test]
fn a_call_ends_with_the_deadline_and_no_other_follows() {
    // The first call takes 1 s, of which the client waits for .3; then there would be a second one.
    let graph = |front: &str, orders: &str| {
        chain(
            &format!(
                "(workers: 90000, {front} steps: [Call((to: \"orders\", optional: true)), Call((to: \"db\"))])"
            ),
            &format!("(workers: 20, {orders} steps: [Work(Fixed(\"1s\"))])"),
            "(workers: 900, steps: [Work(Fixed(\"1ms\"))])",
        )
    };
    let run = |margin, front, orders| {
        Run { policies: patience(300, margin), drain: 5, ..Run::new(even(10.0), 25) }
            .record(&graph(front, orders))
    };
    let attempts =
        |record| (total(record, "attempts front→orders", 0, 25), total(record, "attempts front→db", 0, 25));
    let untold = run(None, "", "");
    let asked = untold.history.entries.len() as i64;
    assert!(asked > 190);
    assert_eq!(attempts(&untold), (asked, asked), "the front does not know that nobody waits");
    let told = run(Some(10), "", "");
    assert_eq!(attempts(&told), (asked, 0));
    assert_eq!(mark(&told, "stopped"), 0, "who has begun goes on, unless it is to stop");
    let stops = run(Some(10), "", "abandoned: Stops,");
    assert_eq!(mark(&stops, "stopped"), asked as u64);
    // Ten of twenty workers are busy for 1 s each; for .29 s if they stop with the deadline.
    let busy = |record| total(record, "utilisation %", 5, 20) as f64 / 15.0;
    println!("busy: told {}%, stops {}%", busy(&told), busy(&stops));
    assert!((49.0..=51.0).contains(&busy(&told)), "{}", busy(&told));
    assert!((14.0..=15.5).contains(&busy(&stops)), "{}", busy(&stops));
}

/// When work was stopped.
#[derive(Default)]
struct Stops(Vec<Time>);

impl Observer<ServiceNode> for Stops {
    fn after(&mut self, step: &Step<'_, ServiceNode>) -> ControlFlow<Violation> {
        let stops = step.effects.iter().filter(|effect| matches!(effect, Effect::Mark("stopped")));
        self.0.extend(stops.map(|_| step.at));
        ControlFlow::Continue(())
    }
}

#[test]
fn who_stands_still_stops_nothing_until_it_goes_on() {
    // Work is stopped by the client's deadline, or by a caller that gives up and says so.
    let ways =
        [(Some(10), "(to: \"db\")"), (None, "(to: \"db\", cancels: true, policies: [Timeout(\"290ms\")])")];
    for (margin, call) in ways {
        // The database stands still from 1 s to 1.5 s, from 2.5 s to 3 s, and so on.
        let run = |pauses: &str| {
            let graph = chain(
                "(workers: 900, steps: [Call((to: \"orders\"))])",
                &format!("(workers: 900, steps: [Call({call})])"),
                &format!("(workers: 900, abandoned: Stops, {pauses} steps: [Work(Fixed(\"10s\"))])"),
            );
            let mut stops = Stops::default();
            let run = Run { policies: patience(300, margin), drain: 2, ..Run::new(even(20.0), 6) };
            run.observed(&graph, &mut stops);
            stops.0
        };
        let stands_still = |at: &&Time| at.0 % 1_500_000_000 >= 1_000_000_000;
        let (plain, paused) = (run(""), run("pauses: (every: Fixed(\"1s\"), lasts: Fixed(\"500ms\")),"));
        assert!(plain.iter().filter(stands_still).count() > 20, "{call}: {plain:?}");
        assert_eq!(paused.iter().filter(stands_still).count(), 0, "{call}: {paused:?}");
        let at_once = paused.iter().filter(|at| at.0 == 1_500_000_000).count();
        assert!(paused.len() > 50 && at_once > 5, "{call}: {paused:?}");
    }
}
