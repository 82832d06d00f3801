//! Draws every picture in many cases into a folder, for eyes: `cargo run -p reports --example gallery -- DIR`. Names of
//! cases after it draw only those; paths of `record.json` files draw those records.
//!
//! Deliberately absent: judgement; look at them.

#[path = "../tests/toy/mod.rs"]
mod toy;

#[path = "../tests/made/mod.rs"]
mod made;

use std::path::PathBuf;

use reports::Run;
use sim_core::fault::{Crash, Fault, FaultLine, Shape, Target, Trigger};
use sim_core::random::distribution::Distribution;
use sim_core::record::{Record, Violation};
use sim_core::time::{Span, Time};
use sim_core::units::Ratio;
use toy::Setting;

fn partition(at: Span, lasts: Span, shape: Shape, target: Target) -> FaultLine {
    let fault = Fault::Partition { shape, clients: false, share: Ratio::ONE, only: None };
    FaultLine::new(Trigger::At(at), target, fault).lasting(lasts)
}

fn often(gap_s: f64, lasts: Span, fault: Fault) -> FaultLine {
    let gap = Distribution::Exponential { mean: Span::from_secs_f64(gap_s) };
    FaultLine::new(Trigger::Every { gap, from: Span::ZERO, until: None }, Target::One, fault).lasting(lasts)
}

fn many_faults() -> Vec<FaultLine> {
    let half = Ratio::new(0.3).expect("a ratio");
    vec![
        often(3.0, Span::secs(2), Fault::Crash(Crash::LoseUnsynced)),
        often(4.0, Span::ms(1500), Fault::Pause),
        often(5.0, Span::secs(4), Fault::Loss(half)),
        often(6.0, Span::secs(3), Fault::Delay(Distribution::Fixed(Span::ms(100)))),
        often(6.0, Span::secs(3), Fault::ClockForward(Span::secs(1))),
        often(7.0, Span::secs(3), Fault::SlowDisk { factor: 10.0 }),
        often(9.0, Span::secs(4), Fault::Slow { factor: 10.0, extra: Span::ms(20) }),
        often(9.0, Span::secs(3), Fault::Duplicate(half)),
        partition(Span::secs(8), Span::secs(5), Shape::Halves, Target::One),
        partition(Span::secs(11), Span::secs(6), Shape::Isolate, Target::One),
    ]
}

fn cases() -> Vec<(&'static str, Record)> {
    let run =
        |name, seed, nodes, end, rate, faults| toy::run(Setting { name, seed, nodes, end, rate, faults });
    let minority = || {
        let role = Target::Role("leader".into());
        vec![partition(Span::secs(8), Span::secs(9), Shape::Minority, role)]
    };
    let loops = |keep| {
        let line = often(1.2, Span::ms(400), Fault::Crash(Crash::LoseUnsynced));
        vec![FaultLine { keep_up: keep, ..line }]
    };
    let mut violated = run("raft/local-reads", 23, 5, Span::secs(30), 20.0, minority());
    violated.violation = Some(Violation {
        at: Time(21_345_678_901),
        node: sim_core::peer::Peer::node(2),
        property: "leader completeness".into(),
        detail: "a committed entry is missing".into(),
    });
    let long = "a scenario/with <b>a name</b> & \"quotes\" that is far too long to stand in any heading at all, really";
    let mut named = run("x", 1, 3, Span::secs(10), 3.0, minority());
    named.scenario = long.into();
    named.nodes[0].name = "frontend-load-balancer-0".into();
    named.nodes[0].place = "eu-west/eu-west-1a".into();
    vec![
        ("healthy", run("raft/healthy", 1, 5, Span::secs(30), 20.0, vec![])),
        ("minority", run("raft/minority-partition", 7, 5, Span::secs(30), 20.0, minority())),
        ("violated", violated),
        ("crash-loop", run("raft/crash-loop", 3, 5, Span::secs(60), 10.0, loops(2))),
        ("many-faults", run("raft/everything", 4, 7, Span::secs(40), 10.0, many_faults())),
        ("few-ops", run("raft/quiet", 5, 3, Span::secs(8), 1.0, vec![])),
        ("many-ops", run("raft/busy", 5, 3, Span::secs(30), 400.0, minority())),
        ("no-ops", run("raft/idle", 6, 9, Span::secs(20), 0.0, loops(0))),
        ("one-node", run("solo", 1, 1, Span::secs(5), 20.0, loops(0))),
        ("fifty-nodes", run("raft/crowd", 2, 50, Span::secs(30), 10.0, many_faults())),
        ("thousand-nodes", run("raft/multitude", 2, 1200, Span::ms(600), 30.0, loops(0))),
        ("ten-minutes", run("raft/long", 9, 5, Span::secs(600), 10.0, loops(0))),
        ("five-ms", run("raft/short", 9, 5, Span::ms(5), 5000.0, vec![])),
        ("stale-read", made::stale_read()),
        ("g-single", made::g_single()),
        ("long-argument", made::long_argument()),
        ("names", named),
        ("nothing", Record::default()),
    ]
}

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a folder to draw into"));
    let only: Vec<String> = std::env::args().skip(2).collect();
    let (files, only): (Vec<String>, Vec<String>) =
        only.into_iter().partition(|name| name.ends_with(".json"));
    for (i, file) in files.iter().enumerate() {
        let text = std::fs::read_to_string(file).expect("a readable record");
        let record: Record = serde_json::from_str(&text).expect("a record");
        reports::write_run(&Run::of(&record), &folder.join(format!("record-{i}")))
            .expect("a folder to write to");
    }
    if !files.is_empty() {
        return;
    }
    for (name, record) in cases() {
        if !only.is_empty() && !only.iter().any(|wanted| wanted == name) {
            continue;
        }
        let findings = made::findings(name);
        let metrics = made::metrics();
        let replay = format!("squall replay {} --seed {}", record.scenario, record.seed);
        let run = Run {
            record: &record,
            findings: &findings,
            metrics: &metrics,
            replay: &replay,
            ..Run::of(&record)
        };
        reports::write_run(&run, &folder.join(name)).expect("a folder to write to");
    }
    for (name, input) in made::explorations() {
        reports::write_exploration(&input, &folder.join(name)).expect("a folder to write to");
    }
}
