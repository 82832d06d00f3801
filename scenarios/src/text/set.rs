//! Overrides: `path=value` put into a tree before it is read, so that what is wrong with one is shown in its own text.

use crate::text::parse;
use crate::text::path::{self, Segment, Step};
use crate::text::problem::Problem;
use crate::text::tree::{Kind, Name, Node, Place};

/// Applies one override. A field that is not there is added; an index may be one past the end of a list.
pub(crate) fn apply(root: &mut Node, line: &str, source: u32) -> Result<(), Problem> {
    let place = |start: usize, end: usize| Place { source, start, end };
    let Some(equals) = line.find('=') else {
        let problem = Problem::new("expected `path=value`").at(place(0, line.len()));
        return Err(problem.help("as in `cluster.nodes=7` or `faults[0].lasts=5s`"));
    };
    let segments =
        path::parse(&line[..equals]).map_err(|(at, why)| Problem::new(why).at(place(at, equals)))?;
    let value = value(line, source, equals + 1).map_err(|problem| problem.within(line[..equals].trim()))?;
    put(root, &segments, 0, value, source, line)
}

/// The value of an override: RON, or plain text where that cannot be RON (`raft/healthy`).
fn value(line: &str, source: u32, start: usize) -> Result<Node, Problem> {
    let text = line[start..].trim();
    let plain = !text.is_empty() && !text.contains(['(', ')', '[', ']', '{', '}', '"', ',', '\'']);
    match parse::value_from(line, source, start) {
        Err(_) if plain => {
            Ok(Node { place: Place { source, start, end: line.len() }, kind: Kind::Text(text.to_string()) })
        }
        parsed => parsed,
    }
}

fn put(
    node: &mut Node,
    segments: &[Segment],
    depth: usize,
    value: Node,
    source: u32,
    line: &str,
) -> Result<(), Problem> {
    let Some(segment) = segments.get(depth) else {
        *node = value;
        return Ok(());
    };
    match &segment.step {
        Step::Index(index) => put_item(node, *index, segments, depth, value, source, line),
        Step::Name(name) => put_field(node, name, segments, depth, value, source, line),
    }
}

/// Goes on at an item of a list.
fn put_item(
    node: &mut Node,
    index: usize,
    segments: &[Segment],
    depth: usize,
    value: Node,
    source: u32,
    line: &str,
) -> Result<(), Problem> {
    let segment = &segments[depth];
    let place = Place { source, start: segment.start, end: segment.end };
    let refuse = |message: String| Problem::new(message).at(place).within(line[..segment.end].to_string());
    match &mut node.kind {
        Kind::List(items) => {
            let count = items.len();
            if index > count || (index == count && depth + 1 < segments.len()) {
                let range =
                    if count == 0 { "it is empty".into() } else { format!("it has 0 to {}", count - 1) };
                return Err(refuse(format!("there is no item {index} here; {range}")));
            }
            if index == count {
                items.push(value);
                return Ok(());
            }
            put(&mut items[index], segments, depth + 1, value, source, line)
        }
        Kind::Tuple(_, items) if index < items.len() && items.len() > 1 => {
            put(&mut items[index], segments, depth + 1, value, source, line)
        }
        Kind::Tuple(Some(_), items) if items.len() == 1 => {
            put(&mut items[0], segments, depth, value, source, line)
        }
        // A field that was not there: its list begins here.
        Kind::Tuple(None, items) if items.is_empty() => {
            node.kind = Kind::List(Vec::new());
            put_item(node, index, segments, depth, value, source, line)
        }
        _ => Err(refuse(format!("[{index}] asks for an item of a list, but here is {}", node.describe()))),
    }
}

/// Goes on at a field, a key, or behind a variant's name.
fn put_field(
    node: &mut Node,
    name: &str,
    segments: &[Segment],
    depth: usize,
    value: Node,
    source: u32,
    line: &str,
) -> Result<(), Problem> {
    let segment = &segments[depth];
    let place = Place { source, start: segment.start, end: segment.end };
    let refuse = |message: String| Problem::new(message).at(place).within(line[..segment.end].to_string());
    match &mut node.kind {
        Kind::Record(own, fields) => {
            if let Some((_, field)) = fields.iter_mut().find(|(field, _)| field.text == name) {
                return put(field, segments, depth + 1, value, source, line);
            }
            if own.as_ref().is_some_and(|own| own.text == name) {
                return inside(node, segments, depth, value, source, line);
            }
            if let Some(own) = own
                && name.starts_with(char::is_uppercase)
            {
                return Err(refuse(format!("here is `{}(…)`, not `{name}`", own.text)));
            }
            let mut field = Node { place, kind: Kind::Tuple(None, Vec::new()) };
            put(&mut field, segments, depth + 1, value, source, line)?;
            fields.push((Name { text: name.to_string(), place }, field));
            Ok(())
        }
        Kind::Map(entries) => {
            let is = |key: &Node| matches!(&key.kind, Kind::Text(text) | Kind::Word(text) if text == name);
            if let Some((_, entry)) = entries.iter_mut().find(|(key, _)| is(key)) {
                return put(entry, segments, depth + 1, value, source, line);
            }
            let mut entry = Node { place, kind: Kind::Tuple(None, Vec::new()) };
            put(&mut entry, segments, depth + 1, value, source, line)?;
            entries.push((Node { place, kind: Kind::Text(name.to_string()) }, entry));
            Ok(())
        }
        Kind::Tuple(Some(own), items) if name == own.text || items.len() == 1 => {
            let own_name = name == own.text;
            match items.as_mut_slice() {
                [only] => put(only, segments, depth + usize::from(own_name), value, source, line),
                _ => inside(node, segments, depth, value, source, line),
            }
        }
        Kind::Tuple(None, items) if items.is_empty() && name.starts_with(char::is_uppercase) => {
            // Nothing is there yet, and variants alone begin with a capital.
            let own = Name { text: name.to_string(), place };
            *node = Node { place, kind: Kind::Tuple(Some(own), Vec::new()) };
            inside(node, segments, depth, value, source, line)
        }
        Kind::Tuple(own, items) if items.is_empty() => {
            let mut field = Node { place, kind: Kind::Tuple(None, Vec::new()) };
            put(&mut field, segments, depth + 1, value, source, line)?;
            node.kind = Kind::Record(own.take(), vec![(Name { text: name.to_string(), place }, field)]);
            Ok(())
        }
        Kind::Word(own) if name == own => {
            let name = Name { text: own.clone(), place: node.place };
            node.kind = Kind::Tuple(Some(name), Vec::new());
            inside(node, segments, depth, value, source, line)
        }
        _ => Err(refuse(format!("there is no `{name}` here, but {}", node.describe()))),
    }
}

/// Goes on behind a variant's name: with the fields in its brackets, or with the whole of what stands there.
fn inside(
    node: &mut Node,
    segments: &[Segment],
    depth: usize,
    value: Node,
    source: u32,
    line: &str,
) -> Result<(), Problem> {
    if depth + 1 < segments.len() {
        return put(node, segments, depth + 1, value, source, line);
    }
    let name = match &mut node.kind {
        Kind::Tuple(name, _) | Kind::Record(name, _) => name.take(),
        _ => None,
    };
    *node = match value.kind {
        Kind::Record(None, fields) => Node { place: value.place, kind: Kind::Record(name, fields) },
        Kind::Tuple(None, items) if items.len() != 1 => {
            Node { place: value.place, kind: Kind::Tuple(name, items) }
        }
        _ => Node { place: value.place, kind: Kind::Tuple(name, vec![value]) },
    };
    Ok(())
}
