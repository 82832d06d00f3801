//! From a name or a path to a scenario that has been checked: afterwards, running it cannot fail.

use std::path::Path;

use sim_core::client::load::Load;
use sim_core::fingerprint::content;

use crate::assemble;
use crate::compare::file;
use crate::error::ScenarioError;
use crate::library;
use crate::schema::Scenario;
use crate::text::{Diagnostic, Document};

/// A scenario that has been read and checked; running it cannot fail.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its name: the one in the library, or the path it was read from.
    pub name: String,
    /// The text as it was read, without overrides.
    pub text: String,
    /// The overrides, `path=value` each.
    pub overrides: Vec<String>,
    /// What it says, overrides applied.
    pub scenario: Scenario,
    /// The hash of what it says; comments, spacing and defaults written out do not matter to it.
    pub hash: String,
}

impl Loaded {
    /// The seed to use where none is given.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.scenario.seed.unwrap_or(1)
    }

    /// A scenario from a text with overrides. `name` is what results and messages call it.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(name: &str, text: &str, overrides: &[String]) -> Result<Loaded, ScenarioError> {
        let text = &embedded(name, text)?;
        let scenario = match read(name, text, overrides) {
            Ok(scenario) => scenario,
            Err(wrong) => written_out(name, text, overrides).ok_or(wrong)?,
        };
        Ok(Loaded {
            name: name.to_string(),
            text: text.to_string(),
            overrides: overrides.to_vec(),
            hash: scenario.hash(),
            scenario,
        })
    }

    /// The same under other settings, made by a program.
    ///
    /// # Errors
    /// What is wrong, shown in the scenario as it would be written out.
    pub fn with(&self, scenario: Scenario) -> Result<Loaded, ScenarioError> {
        Loaded::parse(&self.name, &scenario.to_text(), &[])
    }
}

/// The text, with what it names in other files in it.
fn embedded(name: &str, text: &str) -> Result<String, Box<Diagnostic>> {
    // Whoever has no such file keeps comments and spacing.
    if !text.contains("ReplayCsv") {
        return Ok(text.to_string());
    }
    let document = Document::parse(text, name, &[])?;
    let mut scenario: Scenario = document.read()?;
    for (i, group) in scenario.clients.iter_mut().enumerate() {
        let Load::ReplayCsv(file) = &group.load else { continue };
        let path = format!("clients[{i}].load");
        let beside = Path::new(name).parent().unwrap_or(Path::new("")).join(file);
        let arrivals = std::fs::read_to_string(&beside)
            .map_err(|why| format!("cannot read {}: {why}", beside.display()))
            .and_then(|csv| Load::replay_csv(&csv).map_err(|why| format!("{}, {why}", beside.display())));
        group.load = arrivals.map_err(|why| document.wrong(&path, &why, &[]))?;
    }
    Ok(scenario.to_text())
}

fn read(name: &str, text: &str, overrides: &[String]) -> Result<Scenario, Box<Diagnostic>> {
    check(&Document::parse(text, name, overrides)?)
}

/// The overrides in the scenario with every default written out: one may name a part of something that the text leaves
/// to its default (`cluster.disk.sync` where there is no `disk`). `None` if that is wrong too.
fn written_out(name: &str, text: &str, overrides: &[String]) -> Option<Scenario> {
    if overrides.is_empty() {
        return None;
    }
    let plain = read(name, text, &[]).ok()?;
    read(name, &plain.to_text(), overrides).ok()
}

/// Reads the typed form and checks it.
pub(crate) fn check(document: &Document) -> Result<Scenario, Box<Diagnostic>> {
    let scenario: Scenario = document.read()?;
    match assemble::validate(&scenario) {
        Ok(()) => Ok(scenario),
        Err(wrong) => Err(document.wrong(&wrong.error.path, &wrong.error.message, &wrong.names)),
    }
}

impl Scenario {
    /// Reads and checks a text. `origin` is the file as messages name it.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str, origin: &str) -> Result<Scenario, ScenarioError> {
        Loaded::parse(origin, text, &[]).map(|loaded| loaded.scenario)
    }

    /// The scenario as RON, every field written out.
    #[must_use]
    pub fn to_text(&self) -> String {
        let style = ron::ser::PrettyConfig::new().indentor("    ");
        // Nothing in it can fail to be written: no maps with odd keys, no bytes.
        ron::ser::to_string_pretty(self, style).unwrap_or_default()
    }

    /// A hash of what it says.
    #[must_use]
    pub fn hash(&self) -> String {
        format!("{:016x}", content(&ron::ser::to_string(self).unwrap_or_default()))
    }
}

/// A comparison was asked for where a scenario is wanted.
fn no_scenario(name: &str, text: &str) -> ScenarioError {
    let scenarios = file::scenarios_of(text, name);
    ScenarioError::Comparison(format!(
        "{name} is a comparison, not a scenario: `squall compare {name}`; it is of {}",
        scenarios.join(", ")
    ))
}

/// Reads a scenario by its path or its name in the library, applies overrides `path=value`, and checks it.
///
/// # Errors
/// Whatever keeps it from being run.
pub fn load(name_or_path: &str, overrides: &[String]) -> Result<Loaded, ScenarioError> {
    if let Some(text) = library::text(name_or_path) {
        return Loaded::parse(name_or_path, text, overrides);
    }
    if let Some(text) = library::comparison(name_or_path) {
        return Err(no_scenario(name_or_path, text));
    }
    match std::fs::read_to_string(name_or_path) {
        Ok(text) if file::is_comparison(&text, name_or_path) => Err(no_scenario(name_or_path, &text)),
        Ok(text) => Loaded::parse(name_or_path, &text, overrides),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
            Err(ScenarioError::not_in_library(name_or_path))
        }
        Err(why) => Err(ScenarioError::Unreadable { path: name_or_path.to_string(), why }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Loaded, load};
    use sim_core::client::load::Load;
    use sim_core::time::Span;

    #[test]
    fn arrivals_come_from_a_file_beside_the_scenario() {
        let folder = std::env::temp_dir().join(format!("squall-arrivals-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let text = |file: &str| {
            let library = crate::library::text("service/m-m-1").expect("a scenario");
            let (before, rest) = library.split_once("load: ").expect("a load");
            let (_, after) = rest.split_once("),").expect("its end");
            format!("{before}load: ReplayCsv(\"{file}\"),{after}")
        };
        let path = folder.join("mine.ron").display().to_string();
        let write = |name: &str, what: &str| std::fs::write(folder.join(name), what).expect("a file");
        write("mine.ron", &text("log.csv"));
        write("log.csv", "time,url\n2.5,/a\n0.25,/b\n");
        let loaded = load(&path, &["clients[0].count=2".into()]).expect("a scenario");
        assert_eq!(loaded.scenario.clients[0].load, Load::Replay(vec![Span::ms(250), Span::ms(2500)]));
        assert_eq!(loaded.scenario.clients[0].count, 2);
        // What was read does not need the file any more.
        std::fs::remove_file(folder.join("log.csv")).expect("a file");
        let again = Loaded::parse("elsewhere", &loaded.text, &loaded.overrides).expect("a scenario");
        assert_eq!(again.hash, loaded.hash);
        assert!(load(&path, &[]).expect_err("no file").to_string().contains("cannot read"));
        write("log.csv", "0.25\nlater\n");
        let why = load(&path, &[]).expect_err("no number").to_string();
        assert!(why.contains("line 2: expected seconds, 0 or more, found \"later\""), "{why}");
        std::fs::remove_dir_all(&folder).expect("a folder");
    }
}
