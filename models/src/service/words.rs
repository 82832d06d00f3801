//! The words that nodes of a graph use of themselves.

use crate::model::Words;

/// All of them. What ends badly for users is marked with the word of its outcome.
pub(super) const WORDS: Words = Words {
    roles: &[],
    marks: &[
        "breaker closed",
        "breaker opened",
        "cache early",
        "cache hit",
        "cache miss",
        "called off",
        "coalesced",
        "connect timeout",
        "cut off",
        "dead letter",
        "degraded",
        "delivered",
        "deploy: down",
        "deploy: drains",
        "deploy: lingers",
        "deploy: up",
        "dropped from queue",
        "dropped unserved",
        "effect",
        "effect repeated",
        "failed",
        "fatal",
        "hedged",
        "instance back",
        "instance left out",
        "late answer",
        "limited",
        "no instance",
        "pause",
        "redelivered",
        "refused",
        "rejected",
        "retry budget empty",
        "short-circuited",
        "stopped",
        "taken back",
        "timeout",
        "topic full",
        "turned away",
    ],
    messages: &["begun", "call", "cancel", "connect", "connected", "health", "probe", "return", "twin"],
};

#[cfg(test)]
mod tests {
    use super::WORDS;
    use crate::policy::Outcome;

    #[test]
    fn every_mark_in_the_sources_is_listed() {
        let sources = [
            include_str!("caller.rs"),
            include_str!("node.rs"),
            include_str!("run.rs"),
            include_str!("server/door.rs"),
            include_str!("server/life.rs"),
            include_str!("server/mod.rs"),
            include_str!("topic.rs"),
            include_str!("users.rs"),
            include_str!("../../../sim-core/src/client/policy/stack.rs"),
        ];
        let mut found = 0;
        for source in sources {
            // What stands in quotes between a mark's call and the end of its statement.
            for after in source.split("mark(").chain(source.split("Mark(")).skip(1) {
                let statement = after.split(';').next().unwrap_or("");
                for word in statement.split('"').skip(1).step_by(2) {
                    assert!(WORDS.marks.contains(&word), "\"{word}\" is marked and not listed");
                    found += 1;
                }
            }
        }
        assert!(found > 20, "{found} marks found in the sources");
        for outcome in Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::Ok) {
            assert!(WORDS.marks.contains(&outcome.word()), "{outcome:?}");
        }
        assert!(WORDS.marks.is_sorted() && WORDS.messages.is_sorted());
    }
}
