//! What pictures and pages are made from, besides the record: what the checks said, the metrics, the way to replay it.
//!
//! These are reports' own types, so that the crate depends on records and verdicts only. Deliberately absent: how
//! any of it was computed.

use checks::metrics::spread::Curve;
use checks::verdict::{Verdict, Witness};
use sim_core::record::Record;

/// What one check said of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check's name: `linearizable`.
    pub check: String,
    /// Its verdict, with the witness of a violation.
    pub verdict: Verdict,
    /// One line on why; may be empty.
    pub detail: String,
}

/// One run, ready to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// What the run left.
    pub record: &'a Record,
    /// What each check said, in the order to be shown.
    pub findings: &'a [Finding],
    /// The metrics by name, in the order to be shown. A name holds its unit at its end or before its last words:
    /// `recover_ns`, `latency_ms_p99`, `sent_bytes`, `ops_per_second`.
    pub metrics: &'a [(String, f64)],
    /// The command that replays it; empty if there is none.
    pub replay: &'a str,
    /// What the scenario shows, in its own words; empty if it is not known.
    pub about: &'a str,
    /// Whether the checks said what the scenario expects; `None` if it is not known.
    pub as_expected: Option<bool>,
}

impl<'a> Run<'a> {
    /// A record by itself, judged by nobody.
    #[must_use]
    pub fn of(record: &'a Record) -> Run<'a> {
        Run { record, findings: &[], metrics: &[], replay: "", about: "", as_expected: None }
    }

    /// The violations that come with a witness, with the check's name.
    pub fn witnesses(&self) -> impl Iterator<Item = (&'a str, &'a Witness)> + use<'a> {
        self.findings.iter().filter_map(|finding| match &finding.verdict {
            Verdict::Fail(witness) => Some((finding.check.as_str(), witness.as_ref())),
            _ => None,
        })
    }

    /// `pass`, `fail` or `unknown`: the worst of what was said, and `fail` if a property stopped the run.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        let any = |word: &str| self.findings.iter().any(|finding| finding.verdict.word() == word);
        if self.record.violation.is_some() || any("fail") {
            "fail"
        } else if any("unknown") || self.findings.is_empty() {
            "unknown"
        } else {
            "pass"
        }
    }
}

/// Many runs of one scenario, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distributions {
    /// The scenario's name.
    pub scenario: String,
    /// The seeds, one a run.
    pub seeds: Vec<u64>,
    /// Which runs failed, by position in `seeds`, with the check and its detail.
    pub failures: Vec<Failure>,
    /// The metrics.
    pub metrics: Vec<MetricOverSeeds>,
    /// The command that explores it again; empty if there is none.
    pub replay: String,
    /// How news spread in each run in which it did.
    pub curves: Vec<Curve>,
}

/// A run that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// Its position in [`Distributions::seeds`].
    pub run: usize,
    /// The check that failed.
    pub check: String,
    /// Why, in one line.
    pub detail: String,
    /// The command that replays it.
    pub replay: String,
}

/// One metric's value in every run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricOverSeeds {
    /// Its name, with its unit as in [`Run::metrics`].
    pub name: String,
    /// The values by position in [`Distributions::seeds`]; NaN or missing where a run has none.
    pub values: Vec<f64>,
}
