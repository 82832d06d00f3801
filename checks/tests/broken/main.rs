//! The table of checkers: for each name that `squall check --model` takes, the slow twin that it is tried against, and a
//! system broken for it, which it must catch, while it lets the sound one pass.
//!
//! Deliberately absent: the twins themselves, which live where the table says.

mod objects;
mod stores;

use std::path::Path;

use checks::foreign::{Bounds, CATALOGUE, Question, Words};
use checks::format::{Foreign, Format, KeyNames};
use sim_core::history::History;
use sim_core::time::Span;

/// A system, sound or broken, with a seed.
type System = fn(bool, u64) -> History;

/// Names of checkers, the test with their twin and its file, and what is wrong with the broken system.
type Row = (&'static [&'static str], (&'static str, &'static str), &'static str, System);

const BRUTE: &str = "src/linearizability/tests/brute.rs";
const TOLD: &str = "src/linearizability/tests/told.rs";
const READS: &str = "tests/transactional/reads_twins.rs";
const WEAK: &str = "tests/transactional/weak_twins.rs";
const SESSIONS: &str = "tests/transactional/session_twins.rs";
const UNORDERED: &str = "tests/transactional/unordered_twins.rs";
const ELLE: &str = "tests/transactional/transactions_twins.rs";
const WORKLOADS: &str = "tests/transactional/workload_twins.rs";

const TABLE: &[Row] = &[
    (&["register", "linearizable"], (BRUTE, "registers"), "reads what was overwritten", objects::register),
    (&["multi-register"], (BRUTE, "several_registers"), "transactions show halves", stores::registers),
    (&["key-value"], (BRUTE, "maps_of_texts"), "an append in ten is dropped", objects::texts),
    (&["set"], (BRUTE, "sets"), "a removal in five does nothing", objects::set),
    (&["queue"], (BRUTE, "queues"), "gives out the second", objects::queue),
    (&["stack"], (BRUTE, "stacks"), "gives out the second", objects::stack),
    (&["priority-queue"], (BRUTE, "priority_queues"), "gives out the oldest", objects::priority_queue),
    (&["counter"], (BRUTE, "counters"), "increments overwrite each other", objects::counter),
    (&["mutex"], (TOLD, "mutexes"), "the lock's lease runs out while it is held", objects::mutex),
    (&["log"], (BRUTE, "logs"), "the end is lost once", objects::log),
    (
        &["sequential"],
        ("src/linearizability/tests/sequential.rs", "registers"),
        "reads what was overwritten",
        objects::register,
    ),
    (
        &["causal", "read-atomic", "read-committed"],
        (WEAK, "forced_pairs_decide_as_all_orders_do"),
        "any replica answers any step",
        stores::registers,
    ),
    (
        &["read-your-writes", "monotonic-reads", "monotonic-writes", "writes-follow-reads"],
        (SESSIONS, "session_guarantees_are_decided_as_by_all_orders_of_versions"),
        "any replica answers, and writes reach each in any order",
        stores::registers,
    ),
    (
        &["serializable", "strong-session-serializable", "strict-serializable"],
        (UNORDERED, "filling_in_and_searching_decides_as_all_orders_do"),
        "snapshots without a look for conflicts",
        stores::skewed,
    ),
    (
        &["snapshot-isolation", "strong-session-snapshot-isolation", "strong-snapshot-isolation"],
        (UNORDERED, "filling_in_and_searching_decides_as_all_orders_do"),
        "any replica answers any step",
        stores::few_registers,
    ),
    (
        &["list-append"],
        (ELLE, "models_are_ruled_out_as_by_listing_all_cycles"),
        "any replica answers any step",
        stores::lists,
    ),
    (
        &["rw-register"],
        (READS, "reads_of_registers_are_named_as_by_every_pair"),
        "any replica answers any step",
        stores::registers,
    ),
    (
        &["set-full"],
        (WORKLOADS, "elements_fare_as_every_read_tells"),
        "an element is forgotten",
        objects::grown,
    ),
    (&["bank"], (WORKLOADS, "banks_are_judged_by_every_sum"), "halves of transfers are seen", stores::bank),
    (
        &["counter-bounds"],
        (WORKLOADS, "counts_lie_between_what_must_and_what_can_have_arrived"),
        "increments overwrite each other",
        objects::counter,
    ),
    (
        &["long-fork"],
        (WORKLOADS, "long_forks_are_found_as_by_every_pair_of_reads"),
        "replicas hear of writes in any order",
        stores::forks,
    ),
    (
        &["write-skew"],
        (WORKLOADS, "write_skews_are_found_as_by_every_pair_of_transactions"),
        "snapshots without a look for conflicts",
        stores::skewed,
    ),
    (
        &["convergence"],
        (WORKLOADS, "convergence_is_agreement_of_every_pair_of_late_reads"),
        "replicas never hear of some writes",
        stores::diverging,
    ),
    (
        &["k-staleness", "t-staleness"],
        (SESSIONS, "staleness_is_what_counting_gives"),
        "a replica that lags answers",
        objects::register,
    ),
    (
        &["lost-writes", "resurrected-writes"],
        (WORKLOADS, "a_write_is_gone_if_the_last_read_saw_what_was_certainly_before_it"),
        "the last writes are rolled back",
        stores::rolled_back,
    ),
    (
        &["lost-updates"],
        ("src/weak/updates.rs", "as_the_twin_says"),
        "a write is taken that does not know what it replaces",
        stores::unknowing,
    ),
];

/// The answer to the question by this name.
fn asked(name: &str, history: History) -> &'static str {
    let bounds = match name {
        "k-staleness" => Bounds { versions: Some(0), ..Bounds::default() },
        "t-staleness" => Bounds { age: Some(Span::ZERO), ..Bounds::default() },
        _ => Bounds::default(),
    };
    let question = Question::new(&Words { model: name, bounds, ..Words::default() }).expect(name);
    let foreign =
        Foreign { history, format: Format::JsonLines, keys: KeyNames::default(), ours: true, blank: false };
    assert_eq!(question.misfit(&foreign), None, "{name}");
    question.ask(&foreign).word()
}

#[test]
fn every_checker_catches_the_system_that_was_broken_for_it() {
    const SEEDS: u64 = 20;
    for (names, _, broken, system) in TABLE {
        for name in *names {
            let mut caught = 0;
            for seed in 0..SEEDS {
                assert_eq!(asked(name, system(false, seed)), "pass", "{name}, the sound system, seed {seed}");
                let word = asked(name, system(true, seed));
                assert_ne!(word, "unknown", "{name}, seed {seed}");
                caught += u64::from(word == "fail");
            }
            assert!(caught > SEEDS / 2, "{name}: {broken}, caught on {caught} of {SEEDS} seeds");
        }
    }
}

#[test]
fn every_checker_is_in_the_table_and_its_twin_is_there() {
    for (name, _) in CATALOGUE {
        assert!(TABLE.iter().any(|(names, ..)| names.contains(&name)), "{name} is not in the table");
    }
    for (names, (file, test), ..) in TABLE {
        assert!(names.iter().all(|name| CATALOGUE.iter().any(|(known, _)| known == name)), "{names:?}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let source = std::fs::read_to_string(&path).expect(file);
        assert!(source.contains(&format!("fn {test}(")), "{names:?}: no test {test} in {file}");
    }
}
