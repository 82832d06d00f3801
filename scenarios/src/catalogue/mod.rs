//! Everything that can be named, with what there is to say about it: for `list` and `explain`.
//!
//! The single source is elsewhere for each kind: the comments of the types for fields, faults and checks, the opening
//! comments of the library's files, the metrics' own table. Deliberately absent: a second description of anything.

pub(crate) mod source;

use checks::foreign::CATALOGUE;
use checks::metrics;

use self::source::{Member, TypeDoc, inner, plain, types_of};
use crate::library;
use crate::registry::MODELS;
use crate::text::nearest;

/// A thing with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The name.
    pub name: String,
    /// A sentence.
    pub about: String,
}

/// The kinds of things there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Models.
    Models,
    /// Faults.
    Faults,
    /// Checks: those of a scenario, then those of a history.
    Checks,
    /// Scenarios of the library.
    Scenarios,
    /// Comparisons of the library.
    Comparisons,
    /// Metrics.
    Metrics,
    /// Fields of a scenario file.
    Fields,
}

impl Kind {
    /// All kinds, in the order of a listing.
    pub const ALL: [Kind; 7] = [
        Kind::Scenarios,
        Kind::Comparisons,
        Kind::Models,
        Kind::Faults,
        Kind::Checks,
        Kind::Metrics,
        Kind::Fields,
    ];

    /// The word for it on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Models => "models",
            Kind::Faults => "faults",
            Kind::Checks => "checks",
            Kind::Scenarios => "scenarios",
            Kind::Comparisons => "comparisons",
            Kind::Metrics => "metrics",
            Kind::Fields => "fields",
        }
    }
}

/// The sources in which the types of a scenario file are declared.
const SOURCES: &[(&str, &str)] = &[
    ("scenarios/src/schema.rs", include_str!("../schema.rs")),
    ("models/src/detector/mod.rs", include_str!("../../../models/src/detector/mod.rs")),
    ("models/src/detector/phi.rs", include_str!("../../../models/src/detector/phi.rs")),
    ("sim-core/src/client/policy/hedge.rs", include_str!("../../../sim-core/src/client/policy/hedge.rs")),
    ("models/src/policy/cache.rs", include_str!("../../../models/src/policy/cache.rs")),
    ("models/src/policy/eviction/mod.rs", include_str!("../../../models/src/policy/eviction/mod.rs")),
    ("models/src/policy/queue.rs", include_str!("../../../models/src/policy/queue.rs")),
    ("sim-core/src/client/level.rs", include_str!("../../../sim-core/src/client/level.rs")),
    ("sim-core/src/client/mod.rs", include_str!("../../../sim-core/src/client/mod.rs")),
    ("sim-core/src/client/retry.rs", include_str!("../../../sim-core/src/client/retry.rs")),
    ("sim-core/src/client/policy/breaker.rs", include_str!("../../../sim-core/src/client/policy/breaker.rs")),
    ("sim-core/src/client/policy/bucket.rs", include_str!("../../../sim-core/src/client/policy/bucket.rs")),
    ("sim-core/src/client/policy/budget.rs", include_str!("../../../sim-core/src/client/policy/budget.rs")),
    (
        "sim-core/src/client/policy/bulkhead.rs",
        include_str!("../../../sim-core/src/client/policy/bulkhead.rs"),
    ),
    (
        "sim-core/src/client/policy/concurrency.rs",
        include_str!("../../../sim-core/src/client/policy/concurrency.rs"),
    ),
    ("sim-core/src/client/policy/layer.rs", include_str!("../../../sim-core/src/client/policy/layer.rs")),
    ("sim-core/src/client/policy/mod.rs", include_str!("../../../sim-core/src/client/policy/mod.rs")),
    ("sim-core/src/client/policy/retry.rs", include_str!("../../../sim-core/src/client/policy/retry.rs")),
    (
        "sim-core/src/client/policy/throttle.rs",
        include_str!("../../../sim-core/src/client/policy/throttle.rs"),
    ),
    ("sim-core/src/client/workload.rs", include_str!("../../../sim-core/src/client/workload.rs")),
    ("sim-core/src/disk/mod.rs", include_str!("../../../sim-core/src/disk/mod.rs")),
    ("sim-core/src/fault/kind.rs", include_str!("../../../sim-core/src/fault/kind.rs")),
    ("sim-core/src/fault/mod.rs", include_str!("../../../sim-core/src/fault/mod.rs")),
    ("sim-core/src/fault/target.rs", include_str!("../../../sim-core/src/fault/target.rs")),
    ("sim-core/src/fault/trigger.rs", include_str!("../../../sim-core/src/fault/trigger.rs")),
    ("sim-core/src/network/link.rs", include_str!("../../../sim-core/src/network/link.rs")),
    ("sim-core/src/network/mod.rs", include_str!("../../../sim-core/src/network/mod.rs")),
    ("sim-core/src/network/topology.rs", include_str!("../../../sim-core/src/network/topology.rs")),
    ("sim-core/src/processor.rs", include_str!("../../../sim-core/src/processor.rs")),
    ("sim-core/src/random/distribution.rs", include_str!("../../../sim-core/src/random/distribution.rs")),
    ("sim-core/src/world/config.rs", include_str!("../../../sim-core/src/world/config.rs")),
];

pub(crate) fn all_types() -> Vec<TypeDoc> {
    let models = MODELS.iter().map(|model| (model.path, model.source));
    types_of(&SOURCES.iter().copied().chain(models).collect::<Vec<_>>())
}

fn item(name: impl Into<String>, about: impl Into<String>) -> Item {
    Item { name: name.into(), about: about.into() }
}

/// The first sentence of a text.
pub(crate) fn first_sentence(text: &str) -> String {
    text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.').to_string()
}

/// All things of a kind, each with a sentence.
#[must_use]
pub fn list(kind: Kind) -> Vec<Item> {
    match kind {
        Kind::Models => MODELS.iter().map(|model| item(model.variant, model.summary)).collect(),
        Kind::Faults => variants("Fault"),
        Kind::Checks => {
            let asked = |(name, about): &(&str, &str)| item(*name, format!("check --model: {about}"));
            variants("CheckSpec").into_iter().chain(CATALOGUE.iter().map(asked)).collect()
        }
        Kind::Scenarios => {
            let about = |name: &str| library::about(name).unwrap_or_default();
            library::names().into_iter().map(|name| item(name, about(name))).collect()
        }
        Kind::Comparisons => {
            let about = |name: &str| library::about(name).unwrap_or_default();
            library::comparisons().into_iter().map(|name| item(name, about(name))).collect()
        }
        Kind::Metrics => metrics::CATALOGUE.iter().map(|(name, about)| item(*name, *about)).collect(),
        Kind::Fields => {
            let types = all_types();
            let mut found = Vec::new();
            fields(&types, "Scenario", "", &mut found);
            found.into_iter().map(|(path, member)| item(path, first_sentence(&member.doc))).collect()
        }
    }
}

fn variants(of: &str) -> Vec<Item> {
    let members = all_types().into_iter().find(|t| t.name == of).map(|t| t.members).unwrap_or_default();
    members.into_iter().map(|member| item(member.name, first_sentence(&member.doc))).collect()
}

/// The fields of a struct and of the structs in it, by path.
fn fields(types: &[TypeDoc], of: &str, path: &str, found: &mut Vec<(String, Member)>) {
    // A type within itself would go on for ever; no scenario type is that deep.
    if path.matches('.').count() > 6 {
        return;
    }
    let Some(structure) = types.iter().find(|t| t.name == of && !t.is_enum) else { return };
    for member in &structure.members {
        let (name, several) = inner(&member.of);
        let here = format!("{path}{}{}", member.name, if several { "[]" } else { "" });
        found.push((here.clone(), member.clone()));
        fields(types, name, &format!("{here}."), found);
    }
}

/// What there is to say about a thing, of whatever kind.
///
/// # Errors
/// The names nearest to it, if there is none of that name.
pub fn explain(name: &str) -> Result<String, Vec<String>> {
    let types = all_types();
    let mut said: Vec<String> = Vec::new();
    if library::text(name).is_some() {
        let comment = library::comment(name).unwrap_or_default();
        said.push(format!("scenario {name}\n\n{comment}\n\nsquall run {name}\nsquall show {name}"));
    }
    if library::comparison(name).is_some() {
        let comment = library::comment(name).unwrap_or_default();
        said.push(format!("comparison {name}\n\n{comment}\n\nsquall compare {name}\nsquall show {name}"));
    }
    for model in MODELS.iter().filter(|model| model.variant.eq_ignore_ascii_case(name)) {
        // From its own source: other models may have a type of the same name.
        let own = source::types(model.source);
        let settings = own.iter().find(|t| t.name == model.variant).map(describe);
        said.push(format!("model {}: {}\n\n{}", model.variant, model.summary, settings.unwrap_or_default()));
    }
    let is_like = |metric: &str| match metric.split_once('<').zip(metric.rsplit_once('>')) {
        Some(((start, _), (_, end))) => {
            name.starts_with(start) && name.ends_with(end) && name.len() > start.len()
        }
        None => metric == name,
    };
    let exact = metrics::CATALOGUE.iter().find(|(metric, _)| *metric == name);
    if let Some((metric, about)) = exact.or(metrics::CATALOGUE.iter().find(|(metric, _)| is_like(metric))) {
        said.push(format!("metric {metric}: {about}"));
    }
    if let Some((model, about)) = CATALOGUE.iter().find(|(model, _)| *model == name) {
        said.push(format!(
            "what a history can be asked: {model}\n\n{about}.\n\nsquall check HISTORY --model {model}"
        ));
    }
    said.extend(setting(&types, name));
    let mut paths = Vec::new();
    fields(&types, "Scenario", "", &mut paths);
    let bare = |path: &str| path.replace("[]", "");
    for (path, member) in paths.iter().filter(|(path, _)| bare(path) == bare(name)) {
        let optional = if member.optional { "may be left out" } else { "required" };
        said.push(format!("field {path} ({}, {optional}): {}", bare_type(&member.of), member.doc));
        said.extend(types.iter().find(|t| t.name == inner(&member.of).0).map(describe));
    }
    for t in types.iter().filter(|t| t.is_enum) {
        for member in t.members.iter().filter(|member| member.name == name) {
            let kind = plain(&t.name).trim_end_matches("Spec").to_lowercase();
            said.push(format!("{kind} {}", describe_member(member)));
        }
    }
    if !MODELS.iter().any(|model| model.variant == name) {
        said.extend(types.iter().filter(|t| plain(&t.name) == name).map(describe));
    }
    if said.is_empty() { Err(near(name)) } else { Ok(said.join("\n\n")) }
}

/// A setting of a model, by its path: `Rumor.interest`, `model.Rumor.interest`.
fn setting(types: &[TypeDoc], path: &str) -> Option<String> {
    let (variant, field) = path.strip_prefix("model.").unwrap_or(path).split_once('.')?;
    let model = MODELS.iter().find(|model| model.variant == variant)?;
    // Its own types first: other models may have some of the same names.
    let own: Vec<TypeDoc> = source::types(model.source).into_iter().chain(types.iter().cloned()).collect();
    let mut paths = Vec::new();
    fields(&own, variant, "", &mut paths);
    let (_, member) = paths.iter().find(|(own, _)| own.replace("[]", "") == field)?;
    let optional = if member.optional { "may be left out" } else { "required" };
    let text = format!("field model.{variant}.{field} ({}, {optional}): {}", member.of, member.doc);
    let of = own.iter().find(|t| t.name == inner(&member.of).0).map(describe);
    Some(of.map_or_else(|| text.clone(), |of| format!("{text}\n\n{of}")))
}

/// A type: its comment and its members.
fn describe(t: &TypeDoc) -> String {
    let mut text = format!("{}: {}", plain(&t.name), t.doc);
    for member in &t.members {
        text.push_str(&format!("\n  {}", describe_member(member).replace('\n', "\n  ")));
    }
    text
}

/// A type as the source has it, twins or not.
fn bare_type(of: &str) -> String {
    let mut parts = of.split('@');
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |text, part| text + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

fn describe_member(member: &Member) -> String {
    let is_variant = member.name.starts_with(char::is_uppercase);
    let of = match (is_variant, member.of.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!("({})", bare_type(&member.of)),
        (false, _) => format!(": {}", bare_type(&member.of)),
    };
    let mut text = format!("{}{of} — {}", member.name, member.doc);
    for inner in &member.members {
        text.push_str(&format!("\n  {}", describe_member(inner)));
    }
    text
}

/// The names like this one, nearest first.
fn near(name: &str) -> Vec<String> {
    let mut names: Vec<String> = Kind::ALL.into_iter().flat_map(list).map(|item| item.name).collect();
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_string();
    let mut found: Vec<String> = names.iter().filter(|own| last(own) == name).cloned().collect();
    while found.len() < 5 {
        let Some(best) = nearest(name, names.iter().map(String::as_str)).map(str::to_string) else { break };
        names.retain(|own| *own != best);
        found.push(best);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Kind, explain, list};

    #[test]
    fn every_thing_has_a_sentence_and_can_be_explained() {
        for kind in Kind::ALL {
            let items = list(kind);
            assert!(!items.is_empty(), "{kind:?}");
            for item in items {
                assert!(item.about.len() > 5, "{kind:?} {}: no sentence", item.name);
                assert!(explain(&item.name).is_ok(), "{kind:?} {}", item.name);
            }
        }
    }

    #[test]
    fn settings_of_a_model_are_its_own() {
        for (name, says) in [
            ("AntiEntropy", "writers"),
            ("Rumor.hunts", "turned away"),
            ("model.Detectors.detector", "NfdE"),
            ("Phi", "threshold"),
            ("NfdS", "shift"),
        ] {
            let text = explain(name).unwrap_or_else(|near| panic!("{name}: {near:?}"));
            assert!(text.contains(says), "{name}: {text}");
        }
        assert!(explain("Rumor.hunt").is_err());
    }

    #[test]
    fn faults_are_those_of_the_engine() {
        let ours: Vec<String> = list(Kind::Faults).into_iter().map(|item| item.name).collect();
        let theirs: Vec<&str> = sim_core::fault::Fault::CATALOGUE.iter().map(|(name, _)| *name).collect();
        assert_eq!(ours, theirs);
    }

    #[test]
    fn what_is_not_there_has_near_names() {
        assert!(explain("Partitoin").is_err_and(|near| near[0] == "Partition"));
        assert!(explain("nodes").is_err_and(|near| near.contains(&"cluster.nodes".to_string())));
    }
}
