//! What a checker says: that a property holds, that it does not and why, or that it could not tell.

use serde::{Deserialize, Serialize};

/// A checker's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// The property holds of this history or record.
    Pass,
    /// It is violated; the witness shows how. Boxed, because passing is the common case.
    Fail(Box<Witness>),
    /// The checker gave up, or the history holds too little to tell; the reason in words.
    Unknown(String),
}

/// The smallest evidence of a violation that convinces a sceptic, in words and ready to be drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// The field's name for what happened: `stale read`, `G-single`, `lost update` …
    pub anomaly: String,
    /// One sentence: what happened.
    pub headline: String,
    /// The argument, a step a line: each names the operations it speaks of and what it concludes.
    pub story: Vec<String>,
    /// The operations involved, as positions in `History::entries`, in the order of the story.
    pub entries: Vec<usize>,
    /// What must come before what, between positions in `History::entries`; a cycle where there is one.
    pub edges: Vec<WitnessEdge>,
}

/// One arrow of a witness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessEdge {
    /// The operation that must come first, a position in `History::entries`.
    pub from: usize,
    /// The one that must follow it.
    pub to: usize,
    /// Why, in the field's word: `ww`, `wr`, `rw`, `realtime`, `process`, `saw`.
    pub why: String,
}

impl Verdict {
    /// `pass`, `fail` or `unknown`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail(_) => "fail",
            Verdict::Unknown(_) => "unknown",
        }
    }
    /// Whether it is a violation.
    #[must_use]
    pub fn is_fail(&self) -> bool {
        matches!(self, Verdict::Fail(_))
    }
}
