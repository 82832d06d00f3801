//! A run in a file: the scenario with its overrides applied, the seed, and the fingerprint it must give. Nothing else is
//! needed to repeat it elsewhere.

use serde::Deserialize;
use sim_core::fingerprint::Fingerprint;

use crate::error::ScenarioError;
use crate::load::{Loaded, check};
use crate::text::Document;

/// A run that can be repeated elsewhere.
#[derive(Clone, Debug)]
pub struct Capsule {
    /// The scenario.
    pub loaded: Loaded,
    /// The seed.
    pub seed: u64,
    /// What the run must come to; `None` if that was not known.
    pub fingerprint: Option<Fingerprint>,
    /// The check that fails in it, if it was kept for that.
    pub check: Option<String>,
}

/// What stands in the file beside the scenario.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename = "Capsule")]
struct Envelope {
    #[serde(rename = "squall")]
    _squall: String,
    name: String,
    seed: u64,
    #[serde(default)]
    fingerprint: Option<Fingerprint>,
    #[serde(default)]
    check: Option<String>,
    #[serde(rename = "scenario")]
    _scenario: serde::de::IgnoredAny,
}

/// How a capsule's text begins.
const OPENING: &str = "Capsule(";

impl Capsule {
    /// The capsule as a file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("// Replay it with: squall replay THIS-FILE\n{OPENING}\n");
        let mut line = |name: &str, value: String| text.push_str(&format!("    {name}: {value},\n"));
        line("squall", format!("{:?}", crate::version::VERSION));
        line("name", format!("{:?}", self.loaded.name));
        line("seed", self.seed.to_string());
        if let Some(fingerprint) = &self.fingerprint {
            line("fingerprint", format!("\"{fingerprint}\""));
        }
        if let Some(check) = &self.check {
            line("check", format!("{check:?}"));
        }
        line("scenario", self.loaded.scenario.to_text().replace('\n', "\n    "));
        text.push_str(")\n");
        text
    }

    /// Reads a capsule. `origin` is the file as messages name it.
    ///
    /// # Errors
    /// As for a scenario.
    pub fn parse(text: &str, origin: &str) -> Result<Capsule, ScenarioError> {
        let document = Document::parse(text, origin, &[])?;
        let Envelope { name, seed, fingerprint, check: failing, .. } = document.read()?;
        let Some(inner) = document.field("scenario") else {
            return Err(document.wrong("", "missing field `scenario`", &[]).into());
        };
        let scenario = check(&inner)?;
        let text = scenario.to_text();
        let loaded = Loaded { name, text, overrides: Vec::new(), hash: scenario.hash(), scenario };
        Ok(Capsule { loaded, seed, fingerprint, check: failing })
    }

    /// Whether a text is a capsule rather than a scenario.
    #[must_use]
    pub fn is_capsule(text: &str) -> bool {
        let lines = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("//"));
        lines.is_some_and(|line| line.starts_with(OPENING))
    }
}

#[cfg(test)]
mod tests {
    use super::Capsule;
    use crate::load::load;
    use crate::run::{RunOptions, run};

    #[test]
    fn a_capsule_gives_the_same_run() {
        let overrides = ["cluster.nodes=2".to_string(), "run.duration=2s".to_string()];
        let loaded = load("solo/restart", &overrides).expect("a scenario");
        let record = run(&loaded, 7, &RunOptions::default()).record;
        let (seed, fingerprint) = (7, Some(record.fingerprint));
        let text = Capsule { loaded, seed, fingerprint, check: None }.to_text();
        assert!(Capsule::is_capsule(&text) && !Capsule::is_capsule("(about: \"Capsule(\")"));
        let read = Capsule::parse(&text, "a.capsule").expect("a capsule");
        assert_eq!(read.seed, 7);
        let again = run(&read.loaded, read.seed, &RunOptions::default()).record;
        assert_eq!(Some(again.fingerprint), read.fingerprint);
        assert_eq!(again.scenario_hash, record.scenario_hash);
    }
}
