//! Running: what a run tells in JSON, what a replay tells in lines, what a scenario expects and what that comes to.

use std::sync::atomic::AtomicBool;

use scenarios::explore::{ExploreOptions, explore};
use scenarios::inspect::inspect;
use scenarios::load;
use scenarios::load::Loaded;
use scenarios::replay::{Form, TellOptions, command, tell};
use scenarios::run::{RunOptions, run};
use scenarios::shard::Part;
use sim_core::time::{Span, Time};

fn solo(overrides: &[&str]) -> Loaded {
    let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
    load("solo/restart", &overrides).unwrap_or_else(|error| panic!("{error}"))
}

/// A server that forgets, and a scenario that says so.
const FORGETFUL: [&str; 2] =
    ["model.durable=false", "expect=Violates(check: \"linearizable\", share: (50%, 100%))"];

#[test]
fn json_has_what_programs_rely_on() {
    let json = run(&solo(&[]), 5, &RunOptions::default()).to_json();
    for (name, expected) in [("schema", "1"), ("seed", "5"), ("verdict", "\"pass\""), ("as_expected", "true")]
    {
        assert_eq!(json[name].to_string(), expected, "{name}");
    }
    assert_eq!(json["checks"][0]["name"], "linearizable");
    assert!(json["metrics"]["availability"].as_f64().is_some_and(|share| share > 0.9));
    assert_eq!(json["faults"][0]["fault"], "Restart");
    assert_eq!(json["faults"][0]["targets"][0], "n0");
    assert_eq!(json["fingerprint"].as_str().map(str::len), Some(32));
}

#[test]
fn watching_a_run_does_not_change_it() {
    let loaded = solo(&[]);
    let plain = run(&loaded, 3, &RunOptions::default());
    let mut text = Vec::new();
    let told = tell(&loaded, 3, &TellOptions::whole(Form::Text), &mut text).expect("memory takes all");
    assert_eq!(told.record, plain.record);
    assert_eq!(told.to_json(), plain.to_json());
    let text = String::from_utf8(text).expect("text");
    for part in ["boot", "fault    Restart on n0", "request  ← c", "reply    → c", "invoke", ": ok "] {
        assert!(text.contains(part), "{part} is not in\n{}", &text[..2000]);
    }
}

#[test]
fn a_replay_can_tell_a_part() {
    let (from, until) = (Time::ZERO + Span::secs(1), Time::ZERO + Span::ms(1100));
    let mut text = Vec::new();
    let options = TellOptions { form: Form::JsonLines, from, until };
    let told = tell(&solo(&[]), 3, &options, &mut text).expect("memory takes all");
    assert_eq!(told.record.ended, until);
    let lines = String::from_utf8(text).expect("text");
    assert!(lines.lines().count() > 10);
    let mut lines = lines.lines();
    let head: serde_json::Value = serde_json::from_str(lines.next().expect("a head")).expect("JSON");
    assert_eq!(head["schema"], 1);
    for line in lines {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let at = line["at"].as_u64().expect("a time");
        assert!((from.0..=until.0).contains(&at), "{line}");
    }
}

#[test]
fn a_violation_that_is_expected_is_as_expected() {
    let seeds = ExploreOptions { seeds: 1..9, part: Part::WHOLE, jobs: 1 };
    let stop = AtomicBool::new(false);
    let found = explore(&solo(&FORGETFUL), &seeds, &(), &stop);
    assert!(found.failed() >= 4 && found.as_expected, "{:?}", found.unexpected);
    let json = found.to_json();
    assert_eq!(json["failures"][0]["check"], "linearizable");
    let replay = json["failures"][0]["replay"].as_str().expect("a command");
    assert!(
        replay.starts_with("squall replay solo/restart --seed ")
            && replay.contains("--set model.durable=false")
    );
    let sound =
        explore(&solo(&["expect=Violates(check: \"linearizable\", share: (80%, 100%))"]), &seeds, &(), &stop);
    assert!(!sound.as_expected, "it holds, and that was not expected");
    let broken = explore(&solo(&FORGETFUL[..1]), &seeds, &(), &stop);
    assert!(!broken.as_expected, "it was expected to hold");
    let never = explore(&solo(&["checks[2]=Sometimes(\"pigs fly\")"]), &seeds, &(), &stop);
    assert!(never.unexpected.iter().any(|why| why.contains("pigs fly")), "{:?}", never.unexpected);
}

#[test]
fn commands_survive_the_shell() {
    let overrides = ["model.durable=false".to_string(), "about=it's so".to_string()];
    assert_eq!(
        command("replay", "my file.ron", &overrides, 7),
        "squall replay 'my file.ron' --seed 7 --set model.durable=false --set 'about=it'\\''s so'"
    );
}

#[test]
fn a_node_is_seen_in_its_protocols_own_terms_at_any_instant() {
    let loaded = load("raft/leader-crash", &[]).expect("it is in the library");
    let at = |ms: u64| inspect(&loaded, 1, Time::ZERO + Span::ms(ms));
    // The first leader is down from second 3 to second 4.
    let before = at(2_900);
    let leader =
        before.nodes.iter().position(|node| node.view.contains(" leader in term 1")).expect("one leads");
    assert!(before.faults.is_empty() && before.nodes.iter().all(|node| node.is_up));
    let during = at(3_500);
    assert!(!during.nodes[leader].is_up && during.nodes[leader].json.is_none());
    assert_eq!((during.faults.len(), during.at), (1, Time::ZERO + Span::ms(3_500)));
    let after = at(4_500);
    let view = after.nodes[leader].json.as_ref().expect("it is up again");
    assert_eq!((view["role"].as_str(), after.nodes[leader].boots), (Some("follower"), 2));
    assert_eq!(view["configuration"]["voters"].as_array().map(Vec::len), Some(5));
    let log = &view["log"];
    assert_eq!(log["entries"].as_array().map(Vec::len), log["last_index"].as_u64().map(|n| n as usize));
    assert!(after.to_string().contains("configuration {n0 n1 n2 n3 n4}"), "{after}");
    // Looking changes nothing, and an instant after the end is the end.
    assert_eq!(after.json(), at(4_500).json());
    assert_eq!(at(1_000_000).events, run(&loaded, 1, &RunOptions::default()).record.events);
}

#[test]
fn a_leaders_lease_is_seen_by_its_own_clock_and_by_true_time() {
    let loaded = load("raft/lease-clock-drift", &[]).expect("it is in the library");
    let look = |at: Time| inspect(&loaded, 1, at);
    let lease = |at: Time, node: usize| look(at).nodes[node].json.clone().expect("it is up")["lease"].clone();
    // All is well: a clock that runs true, and a lease of the least election time-out less what clocks may drift.
    let early = Time::ZERO + Span::ms(2_900);
    let seen = look(early);
    let leader = seen.nodes.iter().position(|node| node.view.contains(" leader in term")).expect("one leads");
    let good = lease(early, leader);
    let number = |lease: &serde_json::Value, name: &str| {
        lease[name].as_u64().unwrap_or_else(|| panic!("{name}: {lease}"))
    };
    let length = 150_000_000.0 * (1.0 - 200e-6) / (1.0 + 200e-6);
    assert!((number(&good, "length_ns") as f64 - length).abs() <= 1.0, "{good}");
    assert_eq!(
        (number(&good, "clock_ns"), number(&good, "until_ns")),
        (early.0, number(&good, "ends_at_ns"))
    );
    assert!(
        number(&good, "until_ns") > early.0 && number(&good, "until_ns") <= early.0 + length as u64,
        "{good}"
    );
    assert_eq!((good["runs"].as_bool(), good["within_bound"].as_bool()), (Some(true), Some(true)));
    assert!((0..5).filter(|node| *node != leader).all(|node| lease(early, node).is_null()));
    // Its clock has run at a fifth of the rate since second 3, and nobody renews the lease since second 4.
    let late = Time::ZERO + Span::ms(4_200);
    let slow = lease(late, leader);
    assert_eq!(number(&slow, "clock_ns"), 3_240_000_000);
    assert_eq!(
        (slow["clock_drift_ppm"].as_f64(), slow["within_bound"].as_bool()),
        (Some(-800_000.0), Some(false))
    );
    let ends = number(&slow, "ends_at_ns");
    assert_eq!(ends - late.0, 5 * (number(&slow, "until_ns") - 3_240_000_000));
    for (at, runs) in [(ends - 5, true), (ends, false)] {
        let then = lease(Time(at), leader);
        assert_eq!((then["runs"].as_bool(), &then["until_ns"]), (Some(runs), &slow["until_ns"]), "{then}");
    }
    let told = look(late).nodes[leader].view.clone();
    assert!(told.contains("on its own clock, which reads 3.24s and runs 800000 ppm slow"), "{told}");
    assert!(told.contains("good while no clock drifts by more than 200 ppm, and its own does"), "{told}");
    // While it is cut off, it answers reads under it until then, and no longer.
    let mut text = Vec::new();
    tell(&loaded, 1, &TellOptions::whole(Form::Text), &mut text).expect("memory takes all");
    let name = format!("n{leader}");
    let reads: Vec<f64> = String::from_utf8(text)
        .expect("text")
        .lines()
        .filter(|line| line.contains("read under lease") && line.split_whitespace().nth(1) == Some(&name))
        .filter_map(|line| line.split_whitespace().next()?.parse().ok())
        .filter(|at| (4.0..6.0).contains(at))
        .collect();
    let (last, ends) = (reads.last().copied().expect("it answers"), ends as f64 / 1e9);
    assert!(last < ends && last > ends - 0.05, "the last of {} at {last}, the end at {ends}", reads.len());
}
