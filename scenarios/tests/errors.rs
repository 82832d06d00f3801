//! What is wrong with a scenario is shown in place. The table below is wrong in as many ways as came to mind; the
//! messages are in a snapshot, to be read in review.

use scenarios::load::Loaded;

/// A scenario in which everything is right; each line of the tables spoils one thing.
const GOOD: &str = r#"(
    about: "All is well",
    model: Solo(durable: true),
    cluster: (nodes: 3, disk: (sync: Fixed("1ms"))),
    network: (
        link: (latency: Uniform(min: "1ms", max: "2ms")),
        topology: (
            regions: {"east": ["a", "b"], "west": []},
            within_zone: (latency: "200us"),
            between_regions: (latency: Fixed("0")),
            rtt: [("east", "west", "60ms")],
        ),
    ),
    clients: [(
        count: 2,
        load: Open(rate: "50/s"),
        mix: (operations: [(Read, 0.5), (Write, 0.5)], keys: 3),
        retry: (timeout: "200ms", attempts: 4),
    )],
    faults: [
        (when: At("1s"), target: Nodes(["n0"]), fault: Partition(shape: Isolate), lasts: "1s"),
        (when: On(event: Becomes("primary")), fault: Loss("10%")),
    ],
    run: (duration: "3s", settle: "1s", calm: "1s"),
    checks: [Linearizable, Live("99%")],
)
"#;

fn message(text: &str, overrides: &[&str]) -> String {
    let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
    match Loaded::parse("test.ron", text, &overrides) {
        Ok(_) => panic!("this should be refused: {overrides:?}\n{text}"),
        Err(error) => error.to_string(),
    }
}

/// (what is right, what is put in its place)
const SPOILED: &[(&str, &str)] = &[
    // RON itself.
    ("durable: true)", "durable: true"),
    ("nodes: 3,", "nodes 3,"),
    ("nodes: 3,", "nodes: 3 processor: (),"),
    ("\"All is well\"", "\"All is well"),
    ("about:", "/* about:"),
    ("[\"n0\"]", "[\"n0\""),
    ("\"All is well\"", "\"All \\q well\""),
    (")\n", ") )\n"),
    ("nodes: 3", "nodes: @3"),
    // Names.
    ("nodes: 3", "nods: 3"),
    ("Solo(", "Sol("),
    ("Solo(", "solo("),
    ("Partition(shape", "Partitoin(shape"),
    ("Isolate", "Isolat"),
    ("target: Nodes", "targets: Nodes"),
    ("Read, 0.5", "Reed, 0.5"),
    ("Linearizable", "Linearisable"),
    ("Isolate", "\"Isolate\""),
    // Types.
    ("nodes: 3", "nodes: three"),
    ("nodes: 3", "nodes: \"3\""),
    ("nodes: 3", "nodes: 3.5"),
    ("nodes: 3", "nodes: -1"),
    ("nodes: 3", "nodes: 5000000000"),
    ("durable: true", "durable: yes"),
    ("durable: true", "durable: 1"),
    ("\"All is well\"", "well"),
    ("[\"n0\"]", "\"n0\""),
    ("(Read, 0.5)", "[Read, 0.5]"),
    ("(Read, 0.5)", "(Read, 0.5, 1)"),
    ("{\"east\": [\"a\", \"b\"], \"west\": []}", "[\"east\"]"),
    ("mix: (operations", "mix: {operations"),
    ("(timeout: \"200ms\", attempts: 4)", "(\"200ms\", 4)"),
    ("Partition(shape: Isolate)", "Partition"),
    ("Partition(shape: Isolate)", "Partition(Isolate)"),
    ("Partition(shape: Isolate)", "Pause(shape: Isolate)"),
    ("Loss(\"10%\")", "Loss"),
    ("Open(rate: \"50/s\")", "Open(\"50/s\")"),
    ("(latency: Uniform(min: \"1ms\", max: \"2ms\"))", "\"1ms\""),
    // Missing.
    ("    about: \"All is well\",\n", ""),
    ("count: 2,", ""),
    ("(min: \"1ms\", max: \"2ms\")", "(min: \"1ms\")"),
    // Units and ranges.
    ("\"200ms\"", "\"200 parsecs\""),
    ("\"200ms\"", "200"),
    ("\"200ms\"", "\"-5ms\""),
    ("\"200ms\"", "200msec"),
    ("Loss(\"10%\")", "Loss(\"110%\")"),
    ("Loss(\"10%\")", "Loss(1.5)"),
    ("Loss(\"10%\")", "Loss(-10%)"),
    ("Loss(\"10%\")", "Loss(NaN)"),
    ("\"50/s\"", "\"50\""),
    ("\"50/s\"", "50/fortnight"),
    ("\"50/s\"", "0/s"),
    ("(Read, 0.5)", "(Read, NaN)"),
    ("(Read, 0.5)", "(Read, inf)"),
    ("(Read, 0.5)", "(Read, 1e999)"),
    ("(Read, 0.5)", "(Read, -0.5)"),
    // Twice.
    ("nodes: 3,", "nodes: 3, nodes: 4,"),
    ("\"west\": []", "\"west\": [], \"east\": []"),
    // What does not fit together.
    ("nodes: 3", "nodes: 0"),
    ("\"n0\"", "\"n7\""),
    ("Nodes([\"n0\"])", "Zone(\"eats\")"),
    ("Nodes([\"n0\"])", "Some(4)"),
    ("Nodes([\"n0\"])", "Cause"),
    ("shape: Isolate", "shape: Groups([[\"n0\"], [\"n1\", \"x2\"]])"),
    ("(\"east\", \"west\"", "(\"east\", \"wets\""),
    ("[(\"east\", \"west\", \"60ms\")]", "[]"),
    ("nodes: 3,", "nodes: 3, places: [\"north\"],"),
    ("max: \"2ms\"", "max: \"1us\""),
    ("attempts: 4", "attempts: 0"),
    ("0.5), (Write, 0.5)", "0), (Write, 0)"),
    ("rate: \"50/s\"", "rate: \"1000000000/s\""),
    ("At(\"1s\")", "At(\"5s\")"),
    (", calm: \"1s\"", ""),
    ("Live(\"99%\")", "Live(\"99%\"), Live(\"98%\")"),
    ("Live(\"99%\")]", "Live(\"99%\")], expect: Violates(check: \"linearisable\", share: (0, 1))"),
    ("Live(\"99%\")]", "Live(\"99%\")], expect: Violates(check: \"linearizable\", share: (100%, 50%))"),
    ("(Write, 0.5)", "(Enqueue, 0.5)"),
    ("duration: \"3s\"", "duration: \"300years\""),
];

/// Overrides that are wrong, of the scenario in which everything is right.
const OVERRIDES: &[&str] = &[
    "cluster.nodes",
    "=5",
    "cluster..nodes=5",
    "cluster.nods=5",
    "cluster.nodes=",
    "cluster.nodes=many",
    "cluster.nodes=0",
    "cluster.nodes[1]=5",
    "faults[9].lasts=5s",
    "faults[x].lasts=5s",
    "faults[0].lasts=5 parsecs",
    "faults[0].target=Nodes([\"n9\"])",
    "faults[0].target=Nodes([",
    "model.Raft.pre_vote=true",
    "model.Solo.durable=maybe",
    "about.text=x",
    "network.link.loss=200%",
    "checks=Linearizable",
];

#[test]
fn what_is_wrong_is_shown_in_place() {
    let mut told = String::new();
    for (right, wrong) in SPOILED {
        assert!(GOOD.contains(right), "the table is out of date: {right}");
        told += &format!(
            "### {} → {}\n{}\n\n",
            right.trim(),
            wrong.trim(),
            message(&GOOD.replacen(right, wrong, 1), &[])
        );
    }
    insta::assert_snapshot!("spoiled", told);
}

#[test]
fn what_is_wrong_with_an_override_is_shown_in_it() {
    let mut told = String::new();
    for line in OVERRIDES {
        told += &format!("### --set {line}\n{}\n\n", message(GOOD, &[line]));
    }
    insta::assert_snapshot!("overrides", told);
}

#[test]
fn overrides_reach_everything() {
    let set = |lines: &[&str]| {
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        match Loaded::parse("test.ron", GOOD, &lines) {
            Ok(loaded) => loaded.scenario,
            Err(error) => panic!("{lines:?}: {error}"),
        }
    };
    assert_eq!(set(&["cluster.nodes=7"]).cluster.nodes, 7);
    assert_eq!(set(&["about=more than a word"]).about, "more than a word");
    let same = set(&["model.Solo.durable=false"]);
    assert_eq!(same.model, set(&["model.durable=false"]).model);
    assert_eq!(same.model, set(&["model=Solo(durable: false)"]).model);
    assert_eq!(set(&["faults[0].lasts=5s"]), set(&["faults[0].lasts=Some(Fixed(\"5s\"))"]));
    assert_eq!(set(&["faults[1].fault.Loss=20%"]), set(&["faults[1].fault=Loss(20%)"]));
    assert_eq!(set(&["faults=[]"]).faults.len(), 0);
    assert_eq!(set(&["faults[2]=(when: At(1s), fault: Restart)"]).faults.len(), 3);
    // A list that is not there begins with its first item.
    let healthy = |line: &str| scenarios::load("raft/healthy", &[line.to_string()]);
    let first = healthy("faults[0]=(when: At(\"1s\"), fault: Restart)").expect("sound");
    assert_eq!(first.scenario.faults.len(), 1);
    let second = healthy("faults[1]=(when: At(\"1s\"), fault: Restart)").expect_err("there is no first");
    assert!(second.to_string().contains("there is no item 1 here; it is empty"), "{second}");
    assert_eq!(set(&["clients[0].load.Open.rate=10/s"]), set(&["clients[0].load.rate=10/s"]));
    assert_eq!(set(&["clients[0].mix.operations[1][1]=0.25"]).clients[0].mix.operations[1].1, 0.25);
    assert_eq!(
        set(&["network.topology.regions.north=[]", "network.topology.rtt[1]=(\"north\",\"west\",5ms)"])
            .network
            .topology
            .expect("a topology")
            .regions
            .len(),
        3
    );
    assert_eq!(set(&["seed=9"]).seed, Some(9));
    assert_eq!(set(&["cluster.clock.drift_ppm=50"]).cluster.clock.drift_ppm, 50.0);
    assert_eq!(set(&["network.draws=PerSender"]), set(&["network.draws=\"PerSender\""]));
}

#[test]
fn layers_that_mean_nothing_to_a_client_are_refused_with_the_reason() {
    let patience = "retry: (timeout: \"200ms\", attempts: 4),";
    assert!(GOOD.contains(patience));
    for (instead, field, says) in [
        ("policies: [Timeout(\"1s\"), Fallback],", "clients[0].policies[1]", "judged as the system's"),
        (
            "policies: [Hedge((after: Fixed(\"1ms\"), tied: true))],",
            "clients[0].policies[0]",
            "only services tell",
        ),
        ("policies: [Deadline(margin: \"1ms\")],", "clients[0].policies[0]", "none before it"),
        ("policies: [Timeout(\"0s\")],", "clients[0].policies[0]", "a length above 0"),
        ("policies: [Timout(\"1s\")],", "clients[0].policies[0]", "did you mean `Timeout`?"),
        ("policies: [Bulkhead((places: 0))],", "clients[0].policies[0]", "at least 1"),
        ("policies: [],", "clients[0]", "how long an answer is waited for"),
        (
            "policies: [Timeout(\"1s\")], retry: (timeout: \"1s\", attempts: 1),",
            "clients[0].policies",
            "write one of the two",
        ),
    ] {
        let told = message(&GOOD.replace(patience, instead), &[]);
        assert!(told.contains(field) && told.contains(says), "{instead}\n{told}");
    }
    let closed = GOOD.replace("Open(rate: \"50/s\")", "Closed(think: \"0\")");
    for (instead, says) in [
        ("policies: [Coalesce, Timeout(\"1s\")],", "open loop"),
        ("policies: [TokenBucket((rate: \"1/s\", burst: 1)), Timeout(\"1s\")],", "think time above 0"),
    ] {
        let told = message(&closed.replace(patience, instead), &[]);
        assert!(told.contains(says), "{instead}\n{told}");
    }
    let layers = "policies: [Coalesce, Timeout(\"1s\"), Deadline(margin: \"1ms\"), Retry((attempts: 3)), Timeout(\"200ms\")],";
    assert!(Loaded::parse("test.ron", &GOOD.replace(patience, layers), &[]).is_ok());
}
