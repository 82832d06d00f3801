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
}
