//! Every mistake that Raft can be told to make is found by a scenario of the library, and the same scenario without it
//! finds nothing: a search that misses a broken system says little about a sound one.

use scenarios::load;
use scenarios::run::{RunOptions, run};

/// On how many of the first seeds a property of the model is broken, or an assertion in it fails first.
fn broken(name: &str, bug: &str, seeds: u64) -> u64 {
    let overrides = [format!("model.Raft.bug={bug}")];
    let loaded = load(name, &overrides).unwrap_or_else(|error| panic!("{error}"));
    let violated = |seed: &u64| {
        let ran = std::panic::catch_unwind(|| run(&loaded, *seed, &RunOptions::default()));
        ran.map_or(true, |outcome| outcome.record.violation.is_some())
    };
    (1..=seeds).filter(violated).count() as u64
}

#[test]
fn each_mistake_is_found_somewhere_in_the_library() {
    for (name, bug, seeds, least) in [
        ("raft/figure-8", "Some(CommitsOldTerms)", 30, 5),
        ("raft/forgotten-vote", "Some(ForgetsVotes)", 30, 6),
        ("raft/early-change", "Some(ChangesEarly)", 20, 12),
        ("raft/grow-and-shrink", "Some(IgnoresLogs)", 10, 7),
        ("raft/grow-and-shrink", "Some(SkipsPrevious)", 30, 5),
        ("raft/grow-and-shrink", "Some(CutsAlways)", 20, 5),
        ("raft/grow-and-shrink", "Some(LeaderDrops)", 10, 7),
        ("raft/grow-and-shrink", "Some(AppliesEarly)", 20, 8),
    ] {
        let found = broken(name, bug, seeds);
        assert!(found >= least, "{name} finds {bug} on {found} of {seeds} seeds only");
    }
}

#[test]
fn the_same_scenarios_find_nothing_in_a_sound_raft() {
    for name in ["raft/forgotten-vote", "raft/early-change"] {
        assert_eq!(broken(name, "None", 100), 0, "{name}");
    }
}
