//! Pictures of what spreads: who heard when, who is suspected and who knows, infection curves; of records made by hand,
//! so that what must be in them is known.
//!
//! Deliberately absent: taste. Whoever changes these pictures looks at them.

mod sheet;

use checks::metrics::spread::{Curve, News};
use reports::plots::infection::infection;
use reports::{Distributions, Run, run_pictures};
use sim_core::peer::Peer;
use sim_core::record::{Injection, Life, LifeChange, Measure, Record};
use sim_core::time::Time;

fn at(ms: u64) -> Time {
    Time(ms * 1_000_000)
}

fn record(name: &str, nodes: u32, end_ms: u64) -> Record {
    Record { scenario: name.into(), seed: 1, node_count: nodes, ended: at(end_ms), ..Record::default() }
}

fn tell(record: &mut Record, name: &str, ms: u64, node: u32, value: i64) {
    let measure = Measure { at: at(ms), node: Peer::node(node), value };
    record.measures.entry(name.into()).or_default().push(measure);
}

/// Node i hears after i tenths of a second; the last tenth of them never does.
fn rumor(nodes: u32) -> Record {
    let mut record = record("gossip/made", nodes, 60_000);
    for node in 0..nodes - nodes / 10 {
        tell(&mut record, "heard_round", u64::from(node) * 100, node, i64::from(node));
    }
    record
}

/// An update a second from node 0, which all others have half a second later; node 1 is down from 5 to 9 s.
fn updates() -> Record {
    let mut record = record("gossip/updates", 8, 20_000);
    for update in 0..20_u64 {
        for node in (0..8).filter(|node| *node != 1 || !(5..9).contains(&update)) {
            tell(
                &mut record,
                "applied",
                update * 1000 + if node == 0 { 0 } else { 500 },
                node,
                update as i64,
            );
        }
    }
    for (ms, life) in [(5_000, Life::Crashed), (9_000, Life::Up)] {
        record.lives.push(LifeChange { at: at(ms), node: Peer::node(1), life });
    }
    record
}

/// Node 3 of twelve crashes at 10 s; node i suspects it i tenths of a second later, and gives it up 3 s after that. Node
/// 0 suspects node 5 for a while without reason.
fn members() -> Record {
    let mut record = record("swim/made", 12, 30_000);
    (0..12).for_each(|node| tell(&mut record, "watches", 0, node, -1));
    tell(&mut record, "suspected", 2_000, 0, 5);
    tell(&mut record, "trusted", 4_000, 0, 5);
    record.lives.push(LifeChange { at: at(10_000), node: Peer::node(3), life: Life::Crashed });
    record.faults.push(Injection {
        at: at(10_000),
        until: Some(at(30_000)),
        fault: "Crash".into(),
        targets: vec![Peer::node(3)],
        detail: "n3".into(),
        line: 0,
    });
    for node in (0..12).filter(|node| *node != 3) {
        tell(&mut record, "suspected", 11_000 + u64::from(node) * 100, node, 3);
        tell(&mut record, "declared_dead", 14_000 + u64::from(node) * 100, node, 3);
    }
    record
}

fn picture(record: &Record, name: &str) -> Option<String> {
    let pictures = run_pictures(&Run::of(record));
    for (name, svg) in &pictures {
        assert_eq!(sheet::complaints(svg), Vec::<String>::new(), "{}, {name}", record.scenario);
    }
    pictures.into_iter().find(|(file, _)| file == name).map(|(_, svg)| svg)
}

#[test]
fn who_heard_a_rumor_is_told_in_words_and_rows() {
    for nodes in [20, 50, 51, 1000] {
        let svg = picture(&rumor(nodes), "who-heard.svg").expect("the picture");
        assert!(svg.contains("a rumor among") && svg.contains("never heard (10.0 %)"), "{nodes} nodes");
        let rows = svg.contains("n0 …");
        assert_eq!(rows, nodes > 50, "{nodes} nodes: more than fifty share rows");
    }
    let timeline = picture(&rumor(100), "timeline.svg").expect("a timeline");
    assert!(timeline.contains("not heard") && !timeline.contains("unknown 0"), "lanes say who had heard");
}

#[test]
fn who_has_the_latest_updates_and_who_is_down() {
    let svg = picture(&updates(), "who-heard.svg").expect("the picture");
    assert!(svg.contains("20 updates among 8 nodes") && svg.contains(">down<"));
    assert!(picture(&members(), "who-heard.svg").is_none(), "nothing spreads there");
}

#[test]
fn who_is_suspected_and_who_knows() {
    let svg = picture(&members(), "suspicions.svg").expect("the picture");
    assert!(svg.contains("12 suspicions by 11 of 12 nodes, about 2"), "counts");
    assert!(svg.contains("declared dead after 4 s by the first, 5.1 s by the last"), "times");
    assert!(svg.contains("who knows that n3 crashed"), "a row for each of the others");
    assert!(picture(&updates(), "suspicions.svg").is_none(), "nobody watches anyone there");
}

#[test]
fn curves_over_seeds_have_a_story() {
    let curve = |step: u64, reached: u64| Curve {
        news: News::Rumor,
        reached_ns: (1..=reached).map(|i| i * step * 1_000_000).collect(),
    };
    let mut input = Distributions {
        scenario: "gossip/made".into(),
        seeds: (1..=9).collect(),
        curves: (1..=9).map(|step| curve(10 * step, if step == 9 { 95 } else { 100 })).collect(),
        ..Distributions::default()
    };
    let svg = infection(&input).expect("the picture");
    assert_eq!(sheet::complaints(&svg), Vec::<String>::new());
    // The fifth of nine reaches half after 50 times 50 ms.
    assert!(svg.contains("half 2.5 s, 90 % 4.5 s") && svg.contains("1 runs (11.1 %) left some out"), "{svg}");
    input.curves.clear();
    assert_eq!(infection(&input), None);
}
