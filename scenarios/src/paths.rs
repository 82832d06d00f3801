//! The fields of one scenario by path: what `--set` and `--vary` can reach, with type, value, default and description.
//!
//! The paths are read off the scenario as it is written out in full, so each is one that an override takes; types and
//! descriptions come from the catalogue. Deliberately absent: fields of variants that this scenario does not use; naming
//! the variant (`clients[0].retry.backoff=Exponential(…)`) brings them in.

use crate::catalogue::source::{TypeDoc, inner, plain};
use crate::catalogue::{all_types, first_sentence};
use crate::error::ScenarioError;
use crate::load::Loaded;
use crate::schema::Scenario;
use crate::text::{Document, Kind, Node, nearest};

/// A field of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FieldPath {
    /// Its path, as `--set` takes it.
    pub path: String,
    /// What may stand there, with its unit, in words.
    #[serde(rename = "type")]
    pub of: String,
    /// What stands there in this scenario.
    pub value: String,
    /// What stands there if it is left out; absent if it must not be.
    pub default: Option<String>,
    /// What it is.
    pub about: String,
}

/// A longer value is shown as its beginning.
const VALUE_MAX: usize = 60;

/// All fields of a scenario whose paths begin so, in the file's order. Defaults are looked up only where `defaults` is
/// set; that takes a reading of the scenario a field.
///
/// # Errors
/// None for a scenario that has been loaded; the reading is the same.
pub fn of_scenario(loaded: &Loaded, prefix: &str, defaults: bool) -> Result<Vec<FieldPath>, ScenarioError> {
    let text = loaded.scenario.to_text();
    let document = Document::parse(&text, &loaded.name, &[])?;
    let mut walk = Walk { text: &text, types: all_types(), found: Vec::new() };
    walk.node(document.root(), "", "Scenario", "");
    let mut found: Vec<(FieldPath, Option<Cut>)> = walk.found;
    found.retain(|(field, _)| field.path.starts_with(prefix));
    if defaults {
        for (field, cut) in &mut found {
            field.default = cut.and_then(|cut| default(&text, cut, &field.path));
        }
    }
    Ok(found.into_iter().map(|(field, _)| field).collect())
}

/// The fields that any scenario may have, from the types alone: those of every model, and of the variants one step deep.
/// A list's first item stands for all. The value is empty; the default is empty where a field may be left out.
#[must_use]
pub fn of_any(prefix: &str) -> Vec<FieldPath> {
    let types = all_types();
    let mut found = Vec::new();
    let mut inside = Vec::new();
    generic(&types, "Scenario", "", &mut inside, &mut found);
    found.retain(|field| field.path.starts_with(prefix));
    found
}

/// Deeper than this no path is listed without a scenario.
const DEPTH_MAX: usize = 5;

/// The fields of a type; `inside` are the types it lies in, so that one within itself ends.
fn generic(types: &[TypeDoc], of: &str, path: &str, inside: &mut Vec<String>, found: &mut Vec<FieldPath>) {
    if inside.iter().any(|outer| outer == of) || inside.len() > DEPTH_MAX {
        return;
    }
    let Some(own) = types.iter().find(|t| t.name == of) else { return };
    inside.push(of.to_string());
    for member in &own.members {
        let (child, several) = inner(&member.of);
        let here = joined(path, &format!("{}{}", member.name, if several { "[0]" } else { "" }));
        if !own.is_enum {
            found.push(FieldPath {
                path: here.clone(),
                of: words(types, &member.of),
                value: String::new(),
                default: member.optional.then(String::new),
                about: first_sentence(&member.doc),
            });
        }
        generic(types, child, &here, inside, found);
        for field in &member.members {
            let path = joined(&here, &field.name);
            let (of, about) = (words(types, &field.of), first_sentence(&field.doc));
            found.push(FieldPath { path, of, value: String::new(), default: None, about });
        }
    }
    inside.pop();
}

/// The field of a scenario whose path is nearest to one that it has not.
///
/// # Errors
/// As [`of_scenario`].
pub fn near(loaded: &Loaded, path: &str) -> Result<Option<String>, ScenarioError> {
    let all = of_scenario(loaded, "", false)?;
    Ok(nearest(path, all.iter().map(|field| field.path.as_str())).map(str::to_string))
}

/// Where a field stands in the text, name and value.
type Cut = (usize, usize);

struct Walk<'a> {
    text: &'a str,
    types: Vec<TypeDoc>,
    found: Vec<(FieldPath, Option<Cut>)>,
}

impl Walk<'_> {
    fn add(&mut self, node: &Node, path: &str, of: &str, about: &str, cut: Option<Cut>) {
        let value =
            self.text[node.place.start..node.place.end].split_whitespace().collect::<Vec<_>>().join(" ");
        // A variant called `None` is written so that RON does not take it for an absent value; a file need not.
        let value = value.replace("r#", "");
        let field = FieldPath {
            path: path.to_string(),
            of: words(&self.types, of),
            value: shortened(&value),
            default: None,
            about: first_sentence(about),
        };
        self.found.push((field, cut));
    }

    /// Lists a node and what is in it. `of` is its type as the source has it.
    fn node(&mut self, node: &Node, path: &str, of: &str, about: &str) {
        self.field(node, path, of, about, None);
    }

    fn field(&mut self, node: &Node, path: &str, of: &str, about: &str, cut: Option<Cut>) {
        match &node.kind {
            Kind::Tuple(Some(name), items) if name.text == "Some" && items.len() == 1 => {
                self.field(&items[0], path, inner(of).0, about, cut);
            }
            Kind::Record(None, fields) => {
                for (name, value) in fields {
                    let member = self.member(inner(of).0, &name.text);
                    let (of, about) = member.unwrap_or_default();
                    let cut = Some((name.place.start, value.place.end));
                    self.field(value, &joined(path, &name.text), &of, &about, cut);
                }
            }
            Kind::Map(entries) => {
                let of = value_of(of).to_string();
                for (key, value) in entries {
                    let (Kind::Text(key) | Kind::Word(key)) = &key.kind else { continue };
                    self.field(value, &keyed(path, key), &of, about, None);
                }
            }
            _ => {
                self.add(node, path, of, about, cut);
                self.inside(node, path, of);
            }
        }
    }

    /// What lies in a list or behind a variant's name.
    fn inside(&mut self, node: &Node, path: &str, of: &str) {
        let (own, _) = inner(of);
        match &node.kind {
            Kind::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.field(item, &format!("{path}[{i}]"), own, "", None);
                }
            }
            Kind::Tuple(None, items) if items.len() > 1 => {
                for (i, item) in items.iter().enumerate() {
                    self.field(item, &format!("{path}[{i}]"), "", "", None);
                }
            }
            Kind::Tuple(Some(name), items) => {
                let (of, about) = self.member(own, &name.text).unwrap_or_default();
                let path = joined(path, &name.text);
                match items.as_slice() {
                    [only] => self.field(only, &path, &of, &about, None),
                    _ => {
                        for (i, item) in items.iter().enumerate() {
                            let of = of.split(", ").nth(i).unwrap_or_default().to_string();
                            self.field(item, &format!("{path}[{i}]"), &of, &about, None);
                        }
                    }
                }
            }
            Kind::Record(Some(name), fields) => {
                for (field, value) in fields {
                    let (of, about) = self.variant_member(own, &name.text, &field.text).unwrap_or_default();
                    let path = joined(&joined(path, &name.text), &field.text);
                    let cut = Some((field.place.start, value.place.end));
                    self.field(value, &path, &of, &about, cut);
                }
            }
            _ => {}
        }
    }

    /// The type and the comment of a member of a type.
    fn member(&self, of: &str, name: &str) -> Option<(String, String)> {
        let of = self.types.iter().find(|t| t.name == of)?;
        let member = of.members.iter().find(|member| member.name == name)?;
        Some((member.of.clone(), member.doc.clone()))
    }

    fn variant_member(&self, of: &str, variant: &str, name: &str) -> Option<(String, String)> {
        let of = self.types.iter().find(|t| t.name == of)?;
        let variant = of.members.iter().find(|member| member.name == variant)?;
        if let Some(member) = variant.members.iter().find(|member| member.name == name) {
            return Some((member.of.clone(), member.doc.clone()));
        }
        // `Raft(Raft)`: the variant holds a struct, whose fields stand in the same brackets.
        self.member(inner(&variant.of).0, name)
    }
}

/// The value type of a map.
fn value_of(of: &str) -> &str {
    let inside = of.split_once('<').map_or(of, |(_, rest)| rest.trim_end_matches('>'));
    inside.split_once(", ").map_or(inside, |(_, value)| value)
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_string() } else { format!("{path}.{name}") }
}

fn keyed(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if plain && !key.starts_with(|c: char| c.is_ascii_digit()) {
        joined(path, key)
    } else {
        format!("{path}[\"{key}\"]")
    }
}

fn shortened(value: &str) -> String {
    if value.chars().count() <= VALUE_MAX {
        return value.to_string();
    }
    format!("{}…", value.chars().take(VALUE_MAX - 1).collect::<String>())
}

/// A type in words, with its units.
pub(crate) fn words(types: &[TypeDoc], of: &str) -> String {
    let (own, several) = inner(of);
    let text = match own {
        "" => "value".to_string(),
        "Span" | "Time" => "length of time (ns us ms s min h d)".into(),
        "Ratio" => "share (10% or 0.1)".into(),
        "Rate" => "rate (50/s, 3/min)".into(),
        "Bytes" | "Size" => "size (100B, 1MB)".into(),
        "bool" => "true or false".into(),
        "f64" => "number".into(),
        "String" => "text".into(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "whole number from 0".into(),
        "i32" | "i64" => "whole number".into(),
        _ => match types.iter().find(|t| t.name == own) {
            Some(t) if t.is_enum => {
                let names: Vec<&str> = t.members.iter().map(|member| member.name.as_str()).collect();
                format!("{}: {}", plain(own), names.join(" | "))
            }
            _ => plain(own).to_string(),
        },
    };
    if several { format!("list of {text}") } else { text }
}

/// What the field is if its text is cut out; `None` if it cannot be.
fn default(text: &str, (start, end): Cut, path: &str) -> Option<String> {
    let after = text[end..].trim_start().strip_prefix(',').unwrap_or(&text[end..]);
    let without = format!("{}{after}", &text[..start]);
    let scenario: Scenario = Document::parse(&without, "", &[]).ok()?.read().ok()?;
    let full = scenario.to_text();
    let document = Document::parse(&full, "", &[]).ok()?;
    let mut walk = Walk { text: &full, types: Vec::new(), found: Vec::new() };
    walk.node(document.root(), "", "Scenario", "");
    let found = walk.found.into_iter().find(|(field, _)| field.path == path);
    Some(found.map_or_else(|| "none".to_string(), |(field, _)| field.value))
}

#[cfg(test)]
mod tests {
    use super::of_scenario;
    use crate::load::load;

    fn fields(scenario: &str, prefix: &str) -> Vec<super::FieldPath> {
        of_scenario(&load(scenario, &[]).expect("sound"), prefix, true).expect("paths")
    }

    #[test]
    fn a_field_has_type_value_default_and_sentence() {
        let found = fields("raft/healthy", "model.Raft.heartbeat");
        let [field] = found.as_slice() else { panic!("{found:?}") };
        assert!(field.of.starts_with("length of time") && !field.about.is_empty(), "{field:?}");
        let nodes = &fields("raft/healthy", "cluster.nodes")[0];
        assert_eq!((nodes.default.as_deref(), nodes.of.as_str()), (None, "whole number from 0"));
        let loss = &fields("raft/healthy", "network.link.loss")[0];
        assert!(loss.default.is_some(), "{loss:?}");
    }

    #[test]
    fn a_type_is_that_of_the_scenario_and_not_its_namesake() {
        let reads = &fields("raft/healthy", "model.Raft.reads")[0];
        assert!(reads.of.contains("ReadIndex") && !reads.of.contains('@'), "{reads:?}");
        let others = &fields("quorum/strict", "model.Quorum.reads")[0];
        assert!(others.of.contains("Repair"), "{others:?}");
        let any: Vec<String> =
            super::of_any("clients[0].retry").into_iter().map(|field| field.path).collect();
        assert!(any.contains(&"clients[0].retry.guards[0]".to_string()), "{any:?}");
        assert!(!any.iter().any(|path| path.contains("budget")), "{any:?}");
    }

    /// Every path that is listed can be set: to the value it has, which changes nothing.
    #[test]
    fn every_listed_path_can_be_set() {
        for name in
            ["raft/healthy", "raft/five-regions", "service/metastable-cache-loss", "contention/backoff-full"]
        {
            let loaded = load(name, &[]).expect("sound");
            let all = of_scenario(&loaded, "", false).expect("paths");
            assert!(all.len() > 20, "{name}");
            for field in all.iter().filter(|field| !field.value.ends_with('…')) {
                let set = format!("{}={}", field.path, field.value);
                let again = load(name, std::slice::from_ref(&set))
                    .unwrap_or_else(|why| panic!("{name} {set}: {why}"));
                assert_eq!(again.hash, loaded.hash, "{name} {set}");
            }
        }
    }
}
