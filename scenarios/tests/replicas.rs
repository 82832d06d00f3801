//! Replicas themselves, compared: what each setting of quorums and each kind of CRDT makes of them, and what their clients
//! are told.

use scenarios::Loaded;
use scenarios::run::{Outcome, RunOptions, run};

fn loaded(name: &str, set: &[&str]) -> Loaded {
    let set: Vec<String> = set.iter().map(ToString::to_string).collect();
    scenarios::load(name, &set).unwrap_or_else(|error| panic!("{error}"))
}

fn word(outcome: &Outcome, check: &str) -> &'static str {
    let found = outcome.checks.iter().find(|own| own.name == check);
    found.unwrap_or_else(|| panic!("there is no check {check}")).verdict.word()
}

/// On how many of some seeds a check fails.
fn failures(name: &str, set: &[&str], check: &str, seeds: u64) -> usize {
    let loaded = loaded(name, set);
    (1..=seeds).filter(|seed| word(&run(&loaded, *seed, &RunOptions::default()), check) == "fail").count()
}

#[test]
fn a_system_without_repair_stays_apart_though_its_reads_agree() {
    let loaded = loaded("quorum/never-repaired", &[]);
    for seed in 1..=6 {
        let outcome = run(&loaded, seed, &RunOptions::default());
        assert_eq!((word(&outcome, "converges"), word(&outcome, "agrees")), ("pass", "fail"), "seed {seed}");
    }
    // The same, repaired.
    let repaired = "model.Quorum.anti_entropy=Some((every:\"50ms\"))";
    assert_eq!(failures("quorum/never-repaired", &[repaired], "agrees", 6), 0);
    assert_eq!(failures("quorum/strict", &[], "agrees", 6), 0);
}

#[test]
fn every_kind_of_crdt_agrees_after_a_partition() {
    let rows = [
        ("crdt/counter-under-partition", "GCounter", ""),
        ("crdt/counter-under-partition", "PnCounter", "[(Increment,0.6),(Decrement,0.4)]"),
        ("crdt/cart", "GSet", "[(Insert,0.8),(Read,0.2)]"),
        ("crdt/cart", "TwoPhaseSet", ""),
        ("crdt/cart", "OrSet", ""),
        ("crdt/registers", "LwwRegister", ""),
        ("crdt/registers", "MvRegister", ""),
        ("crdt/text", "Rga", ""),
    ];
    for (name, kind, mix) in rows {
        for sends in ["States", "Deltas"] {
            let kind = format!("model.Crdt.kind={kind}");
            let (sends, mix) =
                (format!("model.Crdt.sends={sends}"), format!("clients[0].mix.operations={mix}"));
            let set: Vec<&str> =
                [kind.as_str(), &sends].into_iter().chain((mix.len() > 30).then_some(&*mix)).collect();
            let loaded = loaded(name, &set);
            for seed in 1..=2 {
                let outcome = run(&loaded, seed, &RunOptions::default());
                assert!(outcome.as_expected, "{name} {set:?} seed {seed}: {:?}", outcome.checks);
                assert!(outcome.metrics["agreed_ms"] < 1_000.0, "{name} {set:?}");
            }
        }
    }
}

#[test]
fn objects_spread_by_whatever_gossip_there_is() {
    let ways = [
        ("Deltas", "Rumor(interest:Counter(k:2,resets:false),compare_every:5)"),
        ("Deltas", "Rumor(interest:Coin(k:3),compare_every:5)"),
        ("States", "AntiEntropy(Full)"),
        ("States", "AntiEntropy(Checksum)"),
        ("States", "AntiEntropy(Merkle(depth:4))"),
        ("Deltas", TREE),
    ];
    for (sends, via) in ways {
        for name in ["crdt/cart", "crdt/text"] {
            let (sends, via) = (format!("model.Crdt.sends={sends}"), format!("model.Crdt.via={via}"));
            let outcome = run(&loaded(name, &[&sends, &via]), 1, &RunOptions::default());
            assert!(outcome.as_expected, "{name} {via}: {:?}", outcome.checks);
        }
    }
    // Rumors alone die out before everyone has heard, as Demers et al. say: some object stays behind somewhere.
    let alone = "model.Crdt.via=Rumor(interest:Counter(k:1,resets:false),compare_every:0)";
    assert!(failures("crdt/cart", &[alone], "agrees", 4) > 0);
    // So does a tree, for those who were down or cut off when it was used.
    let tree = "model.Crdt.via.Plumtree.compare_every=0";
    assert!(failures("crdt/along-a-tree", &[tree], "agrees", 2) > 0);
}

/// A broadcast tree over five nodes.
const TREE: &str = "Plumtree(tree:(active:3,passive:4,walk_active:3,walk_passive:2,shuffle:\"1s\",shuffled:(1,2),\
    join_gap:\"5ms\",keepalive:\"100ms\",detector:Timeout(\"400ms\"),missing:\"50ms\",refetch:\"50ms\"),compare_every:5)";

#[test]
fn every_kind_of_crdt_agrees_along_a_tree() {
    let rows = [
        ("crdt/counter-under-partition", "GCounter", ""),
        ("crdt/counter-under-partition", "PnCounter", "[(Increment,0.6),(Decrement,0.4)]"),
        ("crdt/cart", "GSet", "[(Insert,0.8),(Read,0.2)]"),
        ("crdt/cart", "TwoPhaseSet", ""),
        ("crdt/registers", "LwwRegister", ""),
        ("crdt/registers", "MvRegister", ""),
        ("crdt/text", "Rga", ""),
    ];
    let via = format!("model.Crdt.via={TREE}");
    for (name, kind, mix) in rows {
        let kind = format!("model.Crdt.kind={kind}");
        let mix = format!("clients[0].mix.operations={mix}");
        let set: Vec<&str> =
            [kind.as_str(), &via].into_iter().chain((mix.len() > 30).then_some(&*mix)).collect();
        let outcome = run(&loaded(name, &set), 1, &RunOptions::default());
        assert!(word(&outcome, "agrees") == "pass", "{name} {kind}: {:?}", outcome.checks);
        assert!(outcome.record.marks.contains_key("payload sent"), "{name} {kind}");
    }
    assert_eq!(failures("crdt/along-a-tree", &[], "agrees", 2), 0);
}

#[test]
fn a_session_that_brings_its_context_makes_no_siblings() {
    // One client, one key, another coordinator each time: what it writes replaces what it knew, and it knew all.
    let one = [
        "model.Quorum.versions=Dotted",
        "clients[0].count=1",
        "clients[0].load=Closed(think:Fixed(\"5ms\"))",
        "clients[0].mix.keys=1",
        "model.Quorum.r=Quorum",
        "model.Quorum.w=Quorum",
        "checks=[Fresh,Linearizable,MonotonicReads]",
        "expect=Holds",
    ];
    let outcome = run(&loaded("quorum/r1w1-stale", &one), 1, &RunOptions::default());
    assert_eq!(outcome.verdict(), "pass", "{:?}", outcome.checks);
    assert_eq!(outcome.record.marks.get("siblings"), None);
}

#[test]
fn levels_are_those_of_each_request() {
    let fresh = |reads: &str, writes: &str| {
        let levels = format!("clients[0].levels=(reads:{reads},writes:{writes})");
        failures("quorum/mixed-levels", &[&levels], "fresh", 4)
    };
    assert_eq!(fresh("[(All,1)]", "[(One,1)]"), 0);
    assert_eq!(fresh("[(One,1)]", "[(All,1)]"), 0);
    assert_eq!(fresh("[(Quorum,1)]", "[(Quorum,1)]"), 0);
    assert_eq!(fresh("[(One,1)]", "[(One,1)]"), 4);
}

#[test]
fn abd_without_its_write_back_is_not_linearizable() {
    assert_eq!(failures("quorum/abd", &[], "linearizable", 12), 0);
    assert!(failures("quorum/abd", &["model.Quorum.reads=Repair"], "linearizable", 12) > 0);
}

#[test]
fn a_join_survives_the_loss_of_what_it_moves() {
    // Three of ten messages that carry keys are lost; they are sent again until they have arrived.
    let lossy = [
        "network.link.loss=10%",
        "clients[0].retry.attempts=8",
        "checks=[Fresh,Agrees(\"2s\"),Reaches(\"key moved\")]",
        "model.Quorum.anti_entropy=Some((every:\"100ms\"))",
        "clients[0].stop=Some(\"6s\")",
    ];
    assert_eq!(failures("quorum/node-joins", &lossy, "fresh", 4), 0);
    assert_eq!(failures("quorum/node-joins", &lossy, "agrees", 4), 0);
}

#[test]
fn a_change_of_membership_goes_on_after_a_crash_in_the_middle() {
    let strike = |mark: &str, target: &str| {
        format!(
            "faults=[(when:On(event:Mark(\"{mark}\"),times:4),target:{target},fault:Crash(LoseUnsynced),lasts:Fixed(\"500ms\"))]"
        )
    };
    for (mark, target) in [("membership changing", "Cause"), ("key moved", "Cause"), ("key moved", "One")] {
        let strike = strike(mark, target);
        let set = [strike.as_str(), "checks=[Fresh,Count(\"membership changed\",2,2)]", "run.settle=3s"];
        let loaded = loaded("quorum/node-joins", &set);
        for seed in 1..=4 {
            let outcome = run(&loaded, seed, &RunOptions::default());
            assert!(outcome.as_expected, "{mark} {target} seed {seed}: {:?}", outcome.checks);
        }
    }
}

#[test]
fn newcomers_that_are_read_before_they_have_the_data_are_stale() {
    let one = [
        "model.Quorum.n=2",
        "model.Quorum.r=One",
        "model.Quorum.w=All",
        "faults[0].swarm=0%",
        "model.Quorum.admin=[(at:\"500ms\",do:Join(4)),(at:\"1500ms\",do:Join(5)),(at:\"2500ms\",do:Leave(0))]",
    ];
    assert_eq!(failures("quorum/grow-and-shrink", &one, "fresh", 20), 0);
    let rash: Vec<&str> = one.into_iter().chain(["model.Quorum.move_first=false"]).collect();
    assert!(failures("quorum/grow-and-shrink", &rash, "fresh", 20) > 1);
}

#[test]
fn any_detector_says_whom_a_coordinator_turns_to() {
    for detector in [
        "Timeout(\"400ms\")",
        "Phi((threshold:2.0,window:200,first:\"100ms\",deviation_min:\"10ms\",law:Exponential))",
        "NfdS(interval:\"100ms\",shift:\"100ms\")",
        "NfdE(interval:\"100ms\",margin:\"100ms\",window:50)",
    ] {
        let detector = format!("model.Quorum.liveness.detector={detector}");
        let told = run(&loaded("quorum/suspicion", &[&detector]), 1, &RunOptions::default());
        assert!(told.as_expected, "{detector}: {:?}", told.checks);
        assert!(told.record.marks.contains_key("hint kept"), "{detector}");
        // Where nobody stands in, what cannot be answered is refused at once.
        let set = [detector.as_str(), "model.Quorum.sloppy=None", "checks=[Fresh]", "expect=Holds"];
        let refused = run(&loaded("quorum/suspicion", &set), 1, &RunOptions::default());
        assert_eq!(refused.verdict(), "pass", "{detector}: {:?}", refused.checks);
        assert!(refused.record.marks["too few thought up"] > 50, "{detector}");
    }
    // Who knows of nobody waits for each that is down until it gives up.
    let waits = ["model.Quorum.liveness=None", "checks=[]", "expect=Holds"];
    let waited = run(&loaded("quorum/suspicion", &waits), 1, &RunOptions::default());
    let known = run(&loaded("quorum/suspicion", &[]), 1, &RunOptions::default());
    assert!(waited.metrics["availability_during"] + 0.1 < known.metrics["availability_during"]);
}

#[test]
fn each_anomaly_is_found_by_its_name_and_sound_settings_have_none() {
    let told = |name: &str, set: &[&str], check: &str, seed: u64| {
        let outcome = run(&loaded(name, set), seed, &RunOptions::default());
        let found = outcome.checks.iter().find(|own| own.name == check);
        found.unwrap_or_else(|| panic!("{name}: no check {check}")).detail.clone()
    };
    for (name, check, anomaly) in [
        ("quorum/r1w1-stale", "fresh", "stale read: "),
        ("quorum/lost-updates", "updates", "lost update: "),
        ("quorum/lww-skew-loses-writes", "durable", "lost update: "),
        ("session/monotonic-reads-lost", "monotonic reads", "non-monotonic read: "),
        ("quorum/tombstone-resurrection", "durable", "resurrected write: "),
        ("quorum/never-repaired", "agrees", "divergence: "),
    ] {
        let found = (1..=3).filter(|seed| told(name, &[], check, *seed).starts_with(anomaly)).count();
        assert!(found >= 2, "{name}: {anomaly} on {found} of 3 seeds");
    }
    // Versions with dots lose no update; with a counter for each coordinator, or one version a key, they do.
    assert_eq!(failures("quorum/lost-updates", &["model.Quorum.versions=Dotted"], "updates", 6), 0);
    assert_eq!(failures("quorum/lost-updates", &["model.Quorum.versions=Vectors"], "updates", 6), 6);
    assert_eq!(failures("quorum/lost-updates", &["model.Quorum.versions=Numbered"], "updates", 6), 6);
    // Siblings are durable, and no register.
    let asked = ["checks=[Durable(\"1s\"),Linearizable]", "expect=Holds"];
    assert_eq!(told("quorum/siblings", &asked, "durable", 1), "nothing was lost or came back");
    let siblings = told("quorum/siblings", &asked, "linearizable", 1);
    assert!(siblings.contains("siblings, where one object holds one value at a time"), "{siblings}");
}

#[test]
fn misspelt_kinds_of_messages_and_levels_without_meaning_are_refused() {
    let refused = |name: &str, set: &str| {
        scenarios::load(name, &[set.to_string()]).expect_err("it makes no sense").to_string()
    };
    let kind = refused("quorum/pbs-ssd", "network.link.kinds[0]=(\"wirte\",Fixed(\"5ms\"))");
    assert!(kind.contains("wirte") && kind.contains("write"), "{kind}");
    let level = refused("raft/healthy", "clients[0].levels=(reads:[(One,1)])");
    assert!(level.contains("knows no levels"), "{level}");
    let level = refused("quorum/strict", "clients[0].levels=(reads:[(Replicas(4),1)])");
    assert!(level.contains("1 to 3"), "{level}");
    let level = refused("quorum/strict", "clients[0].levels=(reads:[(LocalOne,1)])");
    assert!(level.contains("two regions"), "{level}");
    let lone = refused(
        "quorum/local-quorum-three-regions",
        "cluster.places=[\"VA\",\"VA\",\"VA\",\"VA\",\"VA\",\"VA\",\"VA\",\"OR\",\"IR\"]",
    );
    assert!(lone.contains("has 1 nodes on the ring"), "{lone}");
    let gone = refused("quorum/node-joins", "model.Quorum.admin[1].do=Leave(7)");
    assert!(gone.contains("there is no node 7"), "{gone}");
}

#[test]
fn a_replica_whose_disk_rots_stays_down() {
    let rots = "faults=[(when: At(\"3s\"), target: Nodes([\"n1\"]), fault: BitFlips(20)), \
                (when: At(\"3100ms\"), target: Nodes([\"n1\"]), fault: Restart)]";
    let loaded = loaded("quorum/abd", &[rots]);
    let mut refused = 0;
    for seed in 1..=6 {
        let outcome = run(&loaded, seed, &RunOptions::default());
        refused += outcome.record.marks.get("log refused").copied().unwrap_or(0);
        assert_eq!(word(&outcome, "linearizable"), "pass", "seed {seed}");
    }
    // The bits of some may all hit what nobody was promised.
    assert!(refused >= 4, "{refused} of 6");
}
