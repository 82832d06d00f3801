//! Parts of an exploration or a comparison, done on several machines, and the whole made of them.
//!
//! A shard takes every n-th seed. What it did is in its manifest; what came of it in a log of lines. The merged result
//! is computed from the lines exactly as one machine computes it, so its bytes are the same. Shards that are missing,
//! unfinished, or of something else are refused.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::compare::file::sources;
use crate::compare::{Candidate, Comparison, Plan, Vary, Worlds, candidates};
use crate::error::ScenarioError;
use crate::explore::{Exploration, SeedRun};
use crate::load::{Loaded, load};
use crate::replay::quoted;
use crate::sweep;
use crate::version::BUILD;

/// The manifest's file in a shard's directory.
pub const MANIFEST: &str = "shard.json";
/// The log of an exploration's runs.
pub const RUNS: &str = "runs.jsonl";
/// The log of a comparison's worlds.
pub const WORLDS: &str = "worlds.jsonl";

/// Which part of the seeds: every `of`-th, beginning with the `index`-th, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Part {
    /// Which.
    pub index: u64,
    /// Of how many.
    pub of: u64,
}

impl Part {
    /// All of it.
    pub const WHOLE: Part = Part { index: 0, of: 1 };

    /// Whether a seed of a range belongs to this part.
    #[must_use]
    pub fn has(self, first: u64, seed: u64) -> bool {
        (seed - first) % self.of == self.index
    }
}

impl std::str::FromStr for Part {
    type Err = String;
    fn from_str(text: &str) -> Result<Part, String> {
        let wrong = || format!("expected a part such as 0/4, 1/4, 2/4 or 3/4, found \"{text}\"");
        let (index, of) = text.split_once('/').ok_or_else(wrong)?;
        let (index, of) =
            (index.parse::<u64>().map_err(|_| wrong())?, of.parse::<u64>().map_err(|_| wrong())?);
        if index < of { Ok(Part { index, of }) } else { Err(wrong()) }
    }
}

/// What a shard did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of this file.
    pub schema: u32,
    /// The build of the program: its version and a hash of its sources.
    pub version: String,
    /// Which part.
    pub part: Part,
    /// The job of which it is a part.
    pub job: Job,
}

/// A job that can be done in parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The scenarios as they were named.
    pub scenarios: Vec<String>,
    /// The hash of each candidate: a merge on another machine must find the same scenarios.
    pub hashes: Vec<String>,
    /// Overrides in all of them.
    pub overrides: Vec<String>,
    /// All seeds of the job, those of the other parts included.
    pub seeds: Range<u64>,
    /// What makes it a comparison; absent for an exploration.
    pub comparison: Option<ComparisonJob>,
    /// What makes it a sweep; absent for anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<sweep::Spec>,
}

/// What a comparison is besides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparisonJob {
    /// The fields that are varied, with their values.
    pub vary: Vec<(String, Vec<String>)>,
    /// The metrics that matter.
    pub metrics: Vec<String>,
    /// Bounds that the choice must keep.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bounds: Vec<String>,
    /// The baseline's place.
    pub baseline: usize,
    /// The precision at which it stops by itself; the seeds are those of the first stage then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<f64>,
    /// Where seeds stop being added.
    pub seeds_max: u64,
}

impl Job {
    /// What is varied, in words, with the candidates' hashes.
    fn varied(&self) -> String {
        let of_comparison = self.comparison.iter().flat_map(|own| &own.vary);
        let compared = of_comparison.map(|(path, values)| format!("{path}={}", values.join(",")));
        let swept = self.sweep.iter().flat_map(|own| own.parameters.clone());
        let words: Vec<String> = compared.chain(swept).collect();
        let hashes = self.hashes.iter().take(2).cloned().collect::<Vec<_>>().join(", ");
        if words.is_empty() { hashes } else { format!("{} ({hashes}, …)", words.join(" ")) }
    }

    /// What a comparison is called: by the only name that was given, else by its scenarios.
    fn title(&self, plan: &Plan) -> String {
        if let [only] = self.scenarios.as_slice() {
            return only.clone();
        }
        let mut names: Vec<&str> = plan.candidates.iter().map(|own| own.loaded.name.as_str()).collect();
        names.dedup();
        names.join(" and ")
    }

    /// The command that does a comparison again on one machine. What its file says stands there only.
    fn command(&self, comparison: &ComparisonJob, plan: &Plan) -> String {
        let own = sources(&self.scenarios).map(|(_, settings)| settings).unwrap_or_default();
        let mut words: Vec<String> = vec!["squall".into(), "compare".into()];
        words.extend(self.scenarios.iter().cloned());
        let mut option = |name: &str, value: String| words.extend([name.to_string(), value]);
        for line in &self.overrides {
            option("--set", line.clone());
        }
        for (path, values) in &comparison.vary {
            option("--vary", format!("{path}={}", values.join(",")));
        }
        if comparison.metrics != own.metrics.iter().map(|metric| metric.text.clone()).collect::<Vec<_>>() {
            option("--metric", comparison.metrics.join(","));
        }
        if comparison.bounds != own.bounds.iter().map(|bound| bound.text.clone()).collect::<Vec<_>>() {
            comparison.bounds.iter().for_each(|bound| option("--require", bound.clone()));
        }
        let label = |place: usize| plan.candidates[place].label.clone();
        if own.baseline.unwrap_or_else(|| label(0)) != label(comparison.baseline) {
            option("--baseline", label(comparison.baseline));
        }
        if comparison.precision != own.precision {
            option("--precision", format!("{}%", 100.0 * comparison.precision.unwrap_or(0.0)));
        }
        if self.seeds != (1..own.seeds.unwrap_or(100) + 1) {
            option("--seeds", format!("{}..{}", self.seeds.start, self.seeds.end));
        }
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }
}

impl Manifest {
    /// A finished comparison with its name and the command that does it again.
    #[must_use]
    pub fn named(&self, plan: &Plan, found: Comparison) -> Comparison {
        let command = self.job.comparison.as_ref().map(|own| self.job.command(own, plan));
        Comparison { title: self.job.title(plan), command: command.unwrap_or_default(), ..found }
    }

    /// The manifest of an exploration's part.
    #[must_use]
    pub fn explore(scenario: &str, loaded: &Loaded, seeds: Range<u64>, part: Part) -> Manifest {
        let job = Job {
            scenarios: vec![scenario.to_string()],
            hashes: vec![loaded.hash.clone()],
            overrides: loaded.overrides.clone(),
            seeds,
            comparison: None,
            sweep: None,
        };
        Manifest { schema: 1, version: BUILD.into(), part, job }
    }

    /// The manifest of a comparison's part.
    #[must_use]
    pub fn compare(scenarios: &[String], overrides: &[String], vary: &[Vary], plan: &Plan) -> Manifest {
        let comparison = ComparisonJob {
            vary: vary.iter().map(|field| (field.path.clone(), field.values.clone())).collect(),
            metrics: plan.metrics.iter().map(|metric| metric.text.clone()).collect(),
            bounds: plan.bounds.iter().map(|bound| bound.text.clone()).collect(),
            baseline: plan.baseline,
            precision: plan.precision,
            seeds_max: plan.seeds_max,
        };
        let job = Job {
            scenarios: scenarios.to_vec(),
            hashes: plan.candidates.iter().map(|candidate| candidate.loaded.hash.clone()).collect(),
            overrides: overrides.to_vec(),
            seeds: plan.seeds.clone(),
            comparison: Some(comparison),
            sweep: None,
        };
        Manifest { schema: 1, version: BUILD.into(), part: plan.part, job }
    }

    /// The manifest of a sweep's part.
    #[must_use]
    pub fn sweep(overrides: &[String], plan: &sweep::Plan) -> Manifest {
        let job = Job {
            scenarios: vec![plan.scenario.clone()],
            hashes: plan.candidates.iter().map(|candidate| candidate.loaded.hash.clone()).collect(),
            overrides: overrides.to_vec(),
            seeds: plan.seeds.clone(),
            comparison: None,
            sweep: Some(plan.spec.clone()),
        };
        Manifest { schema: 1, version: BUILD.into(), part: plan.part, job }
    }

    /// The manifest as a file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        // Strings and numbers can always be written.
        format!("{}\n", serde_json::to_string_pretty(self).unwrap_or_default())
    }
}

/// What the parts make together.
#[derive(Debug)]
pub enum Merged {
    /// An exploration.
    Exploration(Box<Loaded>, Box<Exploration>),
    /// A comparison, and its worlds as a log.
    Comparison(Box<Comparison>, String),
    /// A sweep with its plan, and its worlds as a log.
    Sweep(Box<sweep::Plan>, Box<sweep::Sweep>, String),
}

/// Puts parts together.
///
/// # Errors
/// A directory without a manifest, parts of different jobs or versions, parts missing, given twice or unfinished, a
/// scenario that is not the same here.
pub fn merge(dirs: &[PathBuf]) -> Result<Merged, ScenarioError> {
    let mut parts: BTreeMap<Part, (PathBuf, Manifest)> = BTreeMap::new();
    for dir in dirs {
        let manifest = manifest(dir)?;
        if let Some((other, first)) = parts.values().next() {
            agree(other, first, dir, &manifest)?;
        }
        if let Some((other, _)) = parts.insert(manifest.part, (dir.clone(), manifest.clone())) {
            let part = manifest.part;
            let (a, b) = (other.display(), dir.display());
            return refuse(format!("{a} and {b} are both part {}/{}", part.index, part.of));
        }
    }
    let Some((_, (dir, first))) = parts.first_key_value() else {
        return refuse("there is nothing to merge".into());
    };
    if first.version != BUILD {
        let (dir, theirs) = (dir.display(), &first.version);
        return refuse(format!(
            "{dir} was made by squall {theirs}, this is {BUILD}: merge it with the build that made it"
        ));
    }
    let (job, of) = (first.job.clone(), first.part.of);
    let missing: Vec<String> = (0..of)
        .filter(|i| !parts.contains_key(&Part { index: *i, of }))
        .map(|i| format!("{i}/{of}"))
        .collect();
    if !missing.is_empty() {
        return refuse(format!("{} of {of} parts are missing: {}", missing.len(), missing.join(", ")));
    }
    match (&job.comparison, &job.sweep) {
        (Some(comparison), _) => merge_comparison(first, comparison, &parts),
        (None, Some(spec)) => merge_sweep(&job, spec, &parts),
        (None, None) => merge_exploration(&job, &parts),
    }
}

fn refuse<T>(message: String) -> Result<T, ScenarioError> {
    Err(ScenarioError::Comparison(message))
}

fn read(path: &Path) -> Result<String, ScenarioError> {
    std::fs::read_to_string(path)
        .map_err(|why| ScenarioError::Unreadable { path: path.display().to_string(), why })
}

fn manifest(dir: &Path) -> Result<Manifest, ScenarioError> {
    let path = dir.join(MANIFEST);
    if dir.is_dir() && !path.exists() {
        return refuse(format!(
            "{} is no finished part: it has no {MANIFEST}. A command with --shard and --out writes it at its end",
            dir.display()
        ));
    }
    let text = read(&path)?;
    serde_json::from_str(&text).map_err(|why| {
        ScenarioError::Comparison(format!("{}: not a shard's manifest: {why}", path.display()))
    })
}

/// Whether two parts are of one job.
fn agree(a_dir: &Path, a: &Manifest, b_dir: &Path, b: &Manifest) -> Result<(), ScenarioError> {
    let (a_name, b_name) = (a_dir.display(), b_dir.display());
    let differ = |what: &str, x: String, y: String| {
        refuse(format!("{a_name} and {b_name} differ in {what}: {x} and {y}"))
    };
    if a.version != b.version {
        return differ("version", a.version.clone(), b.version.clone());
    }
    if a.part.of != b.part.of {
        return differ("the number of parts", a.part.of.to_string(), b.part.of.to_string());
    }
    if a.job.seeds != b.job.seeds {
        let words = |seeds: &Range<u64>| format!("{} to {}", seeds.start, seeds.end.saturating_sub(1));
        return differ("seeds", words(&a.job.seeds), words(&b.job.seeds));
    }
    if a.job.scenarios != b.job.scenarios {
        return differ("scenario", a.job.scenarios.join(" "), b.job.scenarios.join(" "));
    }
    if a.job.overrides != b.job.overrides {
        return differ("--set", a.job.overrides.join(" "), b.job.overrides.join(" "));
    }
    if a.job.hashes != b.job.hashes {
        return differ("scenario (what it says, or what is varied)", a.job.varied(), b.job.varied());
    }
    if a.job != b.job {
        return refuse(format!("{a_name} and {b_name} differ in metrics, baseline, precision or design"));
    }
    Ok(())
}

fn same_here(names: &[String], here: &[&str], there: &[String]) -> Result<(), ScenarioError> {
    if here.len() == there.len() && here.iter().zip(there).all(|(here, there)| here == there) {
        return Ok(());
    }
    refuse(format!("{}: the scenario here is not the one that the parts were made of", names.join(" ")))
}

type Parts = BTreeMap<Part, (PathBuf, Manifest)>;

fn merge_exploration(job: &Job, parts: &Parts) -> Result<Merged, ScenarioError> {
    let name = job.scenarios.first().cloned().unwrap_or_default();
    let loaded = load(&name, &job.overrides)?;
    same_here(&job.scenarios, &[&loaded.hash], &job.hashes)?;
    let mut runs: BTreeMap<u64, SeedRun> = BTreeMap::new();
    for (part, (dir, _)) in parts {
        let log = read(&dir.join(RUNS))?;
        runs.extend(crate::log::read_all(&loaded.hash, &log));
        let expected = job.seeds.clone().filter(|seed| part.has(job.seeds.start, *seed));
        whole(dir, expected.filter(|seed| !runs.contains_key(seed)).count())?;
    }
    let runs = runs.into_values().filter(|run| job.seeds.contains(&run.seed)).collect();
    let exploration = Exploration::of(&loaded, runs, false);
    Ok(Merged::Exploration(Box::new(loaded), Box::new(exploration)))
}

fn merge_comparison(
    manifest: &Manifest,
    comparison: &ComparisonJob,
    parts: &Parts,
) -> Result<Merged, ScenarioError> {
    let job = &manifest.job;
    let vary: Vec<Vary> = comparison
        .vary
        .iter()
        .map(|(path, values)| Vary { path: path.clone(), values: values.clone() })
        .collect();
    let candidates = candidates(&sources(&job.scenarios)?.0, &job.overrides, &vary)?;
    let here: Vec<&str> = candidates.iter().map(|candidate| candidate.loaded.hash.as_str()).collect();
    same_here(&job.scenarios, &here, &job.hashes)?;
    let read = |text: &String| text.parse().unwrap_or_else(|never| match never {});
    let plan = Plan {
        candidates,
        baseline: comparison.baseline,
        metrics: comparison.metrics.iter().map(read).collect(),
        bounds: comparison
            .bounds
            .iter()
            .map(|text| text.parse())
            .collect::<Result<_, _>>()
            .or_else(refuse)?,
        seeds: job.seeds.clone(),
        precision: comparison.precision,
        seeds_max: comparison.seeds_max,
        jobs: 0,
        part: Part::WHOLE,
    };
    let worlds = all_worlds(&plan.candidates, parts, |part| plan.mine(part, plan.seeds.clone()))?;
    let rest = plan.seeds.end..plan.until(&worlds);
    let worlds = all_worlds(&plan.candidates, parts, |part| plan.mine(part, rest.clone()))?;
    let found = manifest.named(&plan, plan.judge(&worlds));
    let log = worlds.to_log(&plan.candidates);
    Ok(Merged::Comparison(Box::new(found), log))
}

fn merge_sweep(job: &Job, spec: &sweep::Spec, parts: &Parts) -> Result<Merged, ScenarioError> {
    let name = job.scenarios.first().cloned().unwrap_or_default();
    let plan = sweep::Plan::new(&name, &job.overrides, spec.clone(), job.seeds.clone())?;
    let here: Vec<&str> = plan.candidates.iter().map(|candidate| candidate.loaded.hash.as_str()).collect();
    same_here(&job.scenarios, &here, &job.hashes)?;
    let seeds = |part: Part| job.seeds.clone().filter(move |seed| part.has(job.seeds.start, *seed));
    let worlds = all_worlds(&plan.candidates, parts, seeds)?;
    let (found, log) = (plan.judge(&worlds), worlds.to_log(&plan.candidates));
    Ok(Merged::Sweep(Box::new(plan), Box::new(found), log))
}

/// The worlds of all parts, none of those missing that each should have.
fn all_worlds<I: Iterator<Item = u64>>(
    candidates: &[Candidate],
    parts: &Parts,
    expected: impl Fn(Part) -> I,
) -> Result<Worlds, ScenarioError> {
    let mut worlds = Worlds::default();
    for (part, (dir, _)) in parts {
        let own = Worlds::read(candidates, &read(&dir.join(WORLDS))?);
        whole(dir, expected(*part).filter(|seed| !own.has_all(*seed, candidates.len())).count())?;
        worlds.add(own);
    }
    Ok(worlds)
}

fn whole(dir: &Path, missing: usize) -> Result<(), ScenarioError> {
    if missing == 0 {
        return Ok(());
    }
    refuse(format!(
        "{} is not finished: {missing} seeds are missing; run it again with the same --out",
        dir.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::Part;

    #[test]
    fn a_part_is_one_of_several() {
        assert_eq!("0/4".parse(), Ok(Part { index: 0, of: 4 }));
        for wrong in ["4/4", "1/0", "1", "-1/2", "a/b", "1/2/3"] {
            assert!(wrong.parse::<Part>().is_err(), "{wrong}");
        }
        let parts = ["0/3", "1/3", "2/3"].map(|text| text.parse::<Part>().expect("a part"));
        for seed in 5..50 {
            assert_eq!(parts.iter().filter(|part| part.has(5, seed)).count(), 1);
        }
    }
}
