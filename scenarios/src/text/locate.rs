//! Where a field is, for what is found wrong only after the text has been read.

use crate::text::path::{self, Segment, Step};
use crate::text::problem::{Problem, nearest};
use crate::text::tree::{Kind, Node, Place};

/// What is wrong with the field of a path. Messages of the form `field: what` point to that field below the path, and
/// a name in quotes in the message is pointed to where it stands.
pub(crate) fn problem(root: &Node, path: &str, message: &str, names: &[String]) -> Problem {
    let mut path = path.to_string();
    let mut message = message;
    // Engine messages lead with the field's name, perhaps several times over.
    while let Some((field, rest)) = message.split_once(": ") {
        if field.is_empty() || !field.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            break;
        }
        let longer = if path.is_empty() { field.to_string() } else { format!("{path}.{field}") };
        let known = find(root, &longer).1 || field.starts_with(|c: char| c.is_ascii_lowercase());
        if !known {
            break;
        }
        (path, message) = (longer, rest);
    }
    let (node, _) = find(root, &path);
    let quoted = message.split('"').nth(1);
    let culprit = quoted.and_then(|name| text_place(node, name));
    let mut problem = Problem::new(message).at(culprit.unwrap_or(whole(node)));
    if !path.is_empty() {
        problem = problem.within(path);
    }
    // A name that exists is not what is wrong.
    let stranger = quoted.filter(|name| names.iter().all(|known| known != name));
    match stranger.and_then(|name| nearest(name, names.iter().map(String::as_str))) {
        Some(near) => problem.help(format!("did you mean \"{near}\"?")),
        None => problem,
    }
}

/// The whole of a short value, the head of one that is longer.
fn whole(node: &Node) -> Place {
    if node.place.end - node.place.start <= 60 { node.place } else { node.head() }
}

/// The value of a path, or the deepest on the way to it; and whether it is the value itself.
fn find<'a>(root: &'a Node, path: &str) -> (&'a Node, bool) {
    let Ok(segments) = path::parse(path) else { return (root, path.is_empty()) };
    let mut node = root;
    for segment in &segments {
        match step(node, segment) {
            Some(next) => node = next,
            None => return (node, false),
        }
    }
    (node, true)
}

/// One step down: a field, a variant's name (which stays where it is), an item. Brackets that a lone value stands in
/// and `Some` are passed through.
pub(crate) fn step<'a>(node: &'a Node, segment: &Segment) -> Option<&'a Node> {
    match (&segment.step, &node.kind) {
        (Step::Name(name), _) if node.field(name).is_some() => node.field(name),
        (Step::Name(name), Kind::Tuple(Some(own), items)) if *name == own.text => {
            Some(if let [only] = items.as_slice() { only } else { node })
        }
        (Step::Name(name), Kind::Record(Some(own), _)) if *name == own.text => Some(node),
        (Step::Name(name), Kind::Word(own)) if name == own => Some(node),
        (Step::Index(index), Kind::List(items)) => items.get(*index),
        (Step::Index(index), Kind::Tuple(_, items)) if items.len() > 1 => items.get(*index),
        (_, Kind::Tuple(Some(_), items)) if items.len() == 1 => step(&items[0], segment),
        (Step::Index(index), Kind::Tuple(_, items)) => items.get(*index),
        _ => None,
    }
}

/// Where a text in quotes stands below a value.
fn text_place(node: &Node, wanted: &str) -> Option<Place> {
    match &node.kind {
        Kind::Text(text) | Kind::Word(text) => (text == wanted).then_some(node.place),
        Kind::List(items) | Kind::Tuple(_, items) => items.iter().find_map(|item| text_place(item, wanted)),
        Kind::Record(_, fields) => fields.iter().find_map(|(_, value)| text_place(value, wanted)),
        Kind::Map(entries) => entries
            .iter()
            .find_map(|(key, value)| text_place(key, wanted).or_else(|| text_place(value, wanted))),
        _ => None,
    }
}
