//! The answer to a question: the verdict, what was found beside it, and both in lines of text.
//!
//! Deliberately absent: pictures and JSON, which others make of it.

use std::fmt;

use serde::Serialize;

use crate::transactions::{self, Analysis};
use crate::verdict::{Verdict, Witness};

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The verdict, with its witness.
    pub verdict: Verdict,
    /// Transactions: the anomalies found, by name, and how many of each.
    pub anomalies: Vec<(String, usize)>,
    /// Transactions: the weakest models that are ruled out.
    pub not: Vec<String>,
    /// Transactions: the stronger ones that are thereby ruled out too.
    pub also_not: Vec<String>,
    /// Transactions: the strongest models that may still hold.
    pub strongest: Vec<String>,
    /// What was decided beside, and what was not.
    pub notes: Vec<String>,
}

impl From<Verdict> for Answer {
    fn from(verdict: Verdict) -> Answer {
        Answer {
            verdict,
            anomalies: Vec::new(),
            not: Vec::new(),
            also_not: Vec::new(),
            strongest: Vec::new(),
            notes: Vec::new(),
        }
    }
}

impl From<Analysis> for Answer {
    fn from(analysis: Analysis) -> Answer {
        let names =
            |models: &[transactions::Model]| models.iter().map(|model| model.name().to_owned()).collect();
        Answer {
            anomalies: analysis
                .findings
                .iter()
                .map(|finding| (finding.anomaly.name().to_owned(), finding.count))
                .collect(),
            not: names(&analysis.not),
            also_not: names(&analysis.also_not),
            strongest: names(&analysis.strongest),
            notes: Vec::new(),
            verdict: analysis.verdict,
        }
    }
}

impl fmt::Display for Answer {
    /// The lines behind the verdict's word: none if it holds and nothing more is to say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Pass => {}
            Verdict::Unknown(reason) => writeln!(f, "  {reason}")?,
            Verdict::Fail(witness) => tell(witness, f)?,
        }
        if !self.anomalies.is_empty() {
            let found: Vec<String> =
                self.anomalies.iter().map(|(name, count)| format!("{name} ×{count}")).collect();
            writeln!(f, "  anomalies: {}", found.join(", "))?;
        }
        for (label, models) in [("not", &self.not), ("nor", &self.also_not)] {
            if !models.is_empty() {
                writeln!(f, "  {label}: {}", models.join(", "))?;
            }
        }
        if !self.strongest.is_empty() && !self.anomalies.is_empty() {
            writeln!(f, "  at most: {}", self.strongest.join(", "))?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  {note}"))
    }
}

fn tell(witness: &Witness, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "  {}: {}", witness.anomaly, witness.headline)?;
    witness.story.iter().try_for_each(|line| writeln!(f, "    {line}"))
}
