//! Pictures of small runs as they were last looked at, and what must hold of every picture: well-formed, the same twice,
//! nothing over the edge, no label on another.
//!
//! Deliberately absent: taste. Whoever changes a snapshot looks at the picture first.

mod made;
mod sheet;
mod toy;

use checks::verdict::{Verdict, Witness};
use reports::plots::distributions::distributions;
use reports::plots::timeline::timeline;
use reports::{Finding, Run, run_pictures, write_exploration, write_run};
use sim_core::fault::{Crash, Fault, FaultLine, Shape, Target, Trigger};
use sim_core::peer::Peer;
use sim_core::random::distribution::Distribution;
use sim_core::record::{Record, Violation};
use sim_core::time::{Span, Time};
use sim_core::units::Ratio;
use toy::Setting;

fn minority(at: Span, lasts: Span) -> FaultLine {
    let shape = Shape::Minority;
    let fault = Fault::Partition { shape, clients: false, share: Ratio::ONE, only: None };
    FaultLine::new(Trigger::At(at), Target::Role("leader".into()), fault).lasting(lasts)
}

fn crashes(gap: Span, lasts: Span) -> FaultLine {
    let gap = Distribution::Exponential { mean: gap };
    let when = Trigger::Every { gap, from: Span::ZERO, until: None };
    FaultLine::new(when, Target::One, Fault::Crash(Crash::LoseUnsynced)).lasting(lasts)
}

fn small() -> Record {
    let faults = vec![minority(Span::ms(800), Span::ms(900))];
    toy::run(Setting { name: "toy/minority", seed: 7, nodes: 3, end: Span::secs(3), rate: 4.0, faults })
}

fn picture(record: &Record, case: &str, name: &str) -> String {
    let findings = made::findings(case);
    let run = Run { findings: &findings, ..Run::of(record) };
    run_pictures(&run).into_iter().find(|(file, _)| file == name).expect("the picture").1
}

#[test]
fn a_small_timeline() {
    insta::assert_snapshot!(picture(&small(), "", "timeline.svg"));
}

#[test]
fn a_small_throughput() {
    insta::assert_snapshot!(picture(&small(), "", "throughput.svg"));
}

#[test]
fn a_small_latency() {
    insta::assert_snapshot!(picture(&small(), "", "latency.svg"));
}

#[test]
fn a_stale_read() {
    insta::assert_snapshot!(picture(&made::stale_read(), "stale-read", "witness.svg"));
}

#[test]
fn a_cycle_of_two() {
    insta::assert_snapshot!(picture(&made::g_single(), "g-single", "cycle.svg"));
}

#[test]
fn a_distribution() {
    let (_, input) = made::explorations().swap_remove(1);
    insta::assert_snapshot!(distributions(&input));
}

fn cases() -> Vec<(&'static str, Record)> {
    let run =
        |name, seed, nodes, end, rate, faults| toy::run(Setting { name, seed, nodes, end, rate, faults });
    let (s, ms) = (Span::secs, Span::ms);
    let many =
        vec![minority(s(4), s(5)), crashes(ms(900), ms(700)), crashes(s(3), s(2)), minority(s(6), s(4))];
    let mut named = run("x", 1, 3, s(10), 3.0, vec![minority(s(8), s(1))]);
    named.scenario =
        "<script>alert('x')</script> & \"more\" of a name than fits in any heading at all".into();
    named.nodes[0].name = "frontend-load-balancer-0".into();
    named.nodes[1].place = "eu-west/eu-west-1a".into();
    vec![
        ("healthy", run("healthy", 1, 5, s(30), 20.0, vec![])),
        ("minority", run("minority", 7, 5, s(30), 20.0, vec![minority(s(8), s(9))])),
        ("crash loop", run("loop", 3, 5, s(60), 10.0, vec![crashes(ms(1200), ms(400))])),
        ("many faults", run("many", 4, 7, s(20), 10.0, many.clone())),
        ("many operations", run("busy", 5, 3, s(20), 200.0, vec![])),
        ("no operations", run("idle", 6, 9, s(20), 0.0, vec![])),
        ("one node", run("solo", 1, 1, s(5), 20.0, vec![crashes(s(1), ms(300))])),
        ("fifty nodes", run("crowd", 2, 50, s(20), 10.0, many)),
        ("ten minutes", run("long", 9, 5, s(600), 2.0, vec![crashes(s(1), ms(400))])),
        ("five milliseconds", run("short", 9, 5, ms(5), 5000.0, vec![])),
        ("stale-read", made::stale_read()),
        ("g-single", made::g_single()),
        ("long-argument", made::long_argument()),
        ("names", named),
        ("nothing", Record::default()),
    ]
}

#[test]
fn every_picture_is_well_formed_and_no_label_lies_on_another() {
    let mut complaints = Vec::new();
    for (case, record) in cases() {
        let findings = made::findings(case);
        let run = Run { findings: &findings, ..Run::of(&record) };
        let pictures = run_pictures(&run);
        assert_eq!(pictures, run_pictures(&run), "{case}: the same twice");
        for (name, svg) in pictures {
            complaints
                .extend(sheet::complaints(&svg).into_iter().map(|text| format!("{case}, {name}: {text}")));
        }
    }
    for (case, input) in made::explorations() {
        let svg = distributions(&input);
        complaints.extend(sheet::complaints(&svg).into_iter().map(|text| format!("{case}: {text}")));
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn what_stopped_a_run_is_said_once() {
    let mut record = small();
    let (at, node) = (Time::ZERO + Span::secs(2), Peer::node(0));
    let property = "leader completeness".to_string();
    record.violation = Some(Violation { at, node, property: property.clone(), detail: String::new() });
    let finding = |check: &str, anomaly: String| {
        let witness = Witness { anomaly, ..Witness::default() };
        Finding { check: check.into(), verdict: Verdict::Fail(Box::new(witness)), detail: String::new() }
    };
    let findings = [finding("invariants", property), finding("linearizable", "stale read".into())];
    let svg = timeline(&Run { findings: &findings, ..Run::of(&record) });
    assert!(svg.contains("violated at n0: leader completeness"), "{svg}");
    assert!(svg.contains("not linearizable: stale read") && !svg.contains("not invariants"), "{svg}");
}

#[test]
fn reports_are_written_whole_and_stale_pictures_go() {
    let folder = std::env::temp_dir().join(format!("squall-reports-{}", std::process::id()));
    let findings = made::findings("stale-read");
    let record = made::stale_read();
    let metrics = made::metrics();
    let run = Run {
        record: &record,
        findings: &findings,
        metrics: &metrics,
        replay: "squall replay <x>",
        ..Run::of(&record)
    };
    let paths = write_run(&run, &folder).expect("a writable folder");
    let names: Vec<String> =
        paths.iter().map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect();
    let expected =
        ["report.html", "timeline.svg", "throughput.svg", "latency.svg", "staleness.svg", "witness.svg"];
    assert_eq!(names, expected);
    let page = std::fs::read_to_string(&paths[0]).expect("the page");
    assert!(page.contains("squall replay &lt;x&gt;") && !page.contains("squall replay <x>"));
    for outside in ["http://", "https://", "<script", "@import", "url(h"] {
        let found = page.replace("http://www.w3.org/2000/svg", "").contains(outside);
        assert!(!found, "{outside} in a page that stands alone");
    }
    write_run(&Run::of(&Record::default()), &folder).expect("a writable folder");
    let mut left: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder")
        .map(|file| file.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["report.html", "timeline.svg"]);
    let (_, input) = made::explorations().swap_remove(0);
    assert_eq!(write_exploration(&input, &folder).expect("a writable folder").len(), 2);
    std::fs::remove_dir_all(&folder).expect("a removable folder");
    let file = folder.with_extension("file");
    std::fs::write(&file, "in the way").expect("a file");
    let error = write_run(&run, &file).expect_err("a file is no folder");
    assert!(error.to_string().contains("cannot make the folder"), "{error}");
    std::fs::remove_file(&file).expect("a removable file");
}
