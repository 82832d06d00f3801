//! Sequential consistency (Lamport, IEEE Trans. Computers 1979): one order of all operations that every session's own
//! order agrees with, and in which each read sees the last write of its key.
//!
//! It is serializability of single operations that respects sessions, and decided as that
//! ([`crate::transactions::unordered`]): what must be is filled in, the rest is searched. Deliberately absent: long
//! histories with many writers of one key, for which the problem is NP-complete.

use sim_core::history::History;
use sim_core::value::Value;

use crate::transactions::unordered::{self, Isolation, Respect};
use crate::verdict::Verdict;

/// Judges reads and writes of registers of unique values; `initial` is what each holds before the first write.
#[must_use]
pub fn check(history: &History, initial: &Value) -> Verdict {
    match unordered::check(history, Isolation::Serializable, Respect::Sessions, initial) {
        Verdict::Fail(mut witness) => {
            if witness.anomaly == "serializability violation" {
                witness.anomaly = "sequential consistency violation".to_string();
                witness.headline = witness.headline.replace("serializability", "sequential consistency");
            }
            Verdict::Fail(witness)
        }
        other => other,
    }
}
