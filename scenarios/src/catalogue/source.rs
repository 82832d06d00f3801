//! What the source's own comments say about types, read from the sources of those types: so a field's one description
//! is the comment beside its declaration.

/// A documented type.
#[derive(Clone, Debug, Default)]
pub(crate) struct TypeDoc {
    pub(crate) name: String,
    pub(crate) doc: String,
    /// Whether its members are variants rather than fields.
    pub(crate) is_enum: bool,
    pub(crate) members: Vec<Member>,
}

/// A field or a variant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// A field's type; what a variant holds in its brackets.
    pub(crate) of: String,
    pub(crate) doc: String,
    /// Whether a file may leave it out.
    pub(crate) optional: bool,
    /// The fields of a variant with fields.
    pub(crate) members: Vec<Member>,
}

/// The public structs and enums with named members of a source text formatted by rustfmt.
pub(crate) fn types(source: &str) -> Vec<TypeDoc> {
    let mut found = Vec::new();
    let mut lines = source.lines();
    let (mut doc, mut all_optional) = (String::new(), false);
    while let Some(line) = lines.next() {
        if let Some(text) = line.strip_prefix("///") {
            add(&mut doc, text);
        } else if line.starts_with("#[serde") {
            all_optional |= line.contains("default");
        } else if let Some((is_enum, name)) = head(line) {
            let members = members(&mut lines, "    ", all_optional, is_enum);
            found.push(TypeDoc { name, doc: std::mem::take(&mut doc), is_enum, members });
            all_optional = false;
        } else if !line.starts_with("#[") {
            doc.clear();
            all_optional = false;
        }
    }
    found
}

/// The types of several sources, each with its path. Of types with one name all but the first get a number behind it
/// (`Reads@1`), and whoever names such a type means the nearest: of the same file, else of the same folder, else of the same
/// crate.
pub(crate) fn types_of(sources: &[(&str, &str)]) -> Vec<TypeDoc> {
    let mut all: Vec<(&str, TypeDoc)> = sources
        .iter()
        .flat_map(|(path, text)| types(text).into_iter().map(move |own| (*path, own)))
        .collect();
    let mut twins: Vec<(String, &str, String)> = Vec::new();
    for (path, own) in &mut all {
        let before = twins.iter().filter(|(name, ..)| *name == own.name).count();
        let unique = if before == 0 { own.name.clone() } else { format!("{}@{before}", own.name) };
        twins.push((std::mem::replace(&mut own.name, unique.clone()), path, unique));
    }
    let shared = |a: &str, b: &str| a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).count();
    let nearest = |word: &str, path: &str| {
        let own = twins.iter().rev().filter(|(name, ..)| name == word);
        own.max_by_key(|(_, other, _)| shared(path, other)).map(|(_, _, unique)| unique.clone())
    };
    for (path, own) in &mut all {
        let deeper = own.members.iter_mut().flat_map(|member| {
            let Member { of, members, .. } = member;
            std::iter::once(of).chain(members.iter_mut().map(|inner| &mut inner.of))
        });
        for of in deeper {
            *of = renamed(of, |word| nearest(word, path));
        }
    }
    all.into_iter().map(|(_, own)| own).collect()
}

/// A type with the names in it replaced.
fn renamed(of: &str, name: impl Fn(&str) -> Option<String>) -> String {
    let mut text = String::new();
    let mut word = String::new();
    for c in of.chars().chain(std::iter::once(' ')) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        text.push_str(&name(&word).unwrap_or_else(|| word.clone()));
        word.clear();
        text.push(c);
    }
    text.pop();
    text
}

/// A type's name without the number that tells it from its twins.
pub(crate) fn plain(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

fn add(doc: &mut String, text: &str) {
    if !doc.is_empty() {
        doc.push(' ');
    }
    doc.push_str(text.trim());
}

/// The kind and the name of a type whose declaration opens a block here.
fn head(line: &str) -> Option<(bool, String)> {
    let block = line.strip_suffix(" {")?;
    let name = |rest: &str| rest.split('<').next().unwrap_or(rest).to_string();
    let structure = block.strip_prefix("pub struct ").map(|rest| (false, name(rest)));
    structure.or_else(|| block.strip_prefix("pub enum ").map(|rest| (true, name(rest))))
}

/// The members up to the closing brace, which stands one step further out than they do.
fn members<'a>(
    lines: &mut impl Iterator<Item = &'a str>,
    indent: &str,
    all_optional: bool,
    variants: bool,
) -> Vec<Member> {
    let mut found = Vec::new();
    let (mut doc, mut optional) = (String::new(), false);
    while let Some(line) = lines.next() {
        let Some(code) = line.strip_prefix(indent) else {
            if line.trim().is_empty() {
                continue;
            }
            break;
        };
        if let Some(text) = code.strip_prefix("///") {
            add(&mut doc, text);
        } else if code.starts_with("#[") {
            optional |= code.contains("default");
        } else if variants && code.starts_with(char::is_uppercase) {
            let (name, of, opens) = variant(code);
            let inner =
                if opens { members(lines, &format!("{indent}    "), false, false) } else { Vec::new() };
            found.push(Member { name, of, doc: std::mem::take(&mut doc), optional: false, members: inner });
            optional = false;
        } else if let Some((name, of)) = field(code) {
            let optional = std::mem::take(&mut optional) || all_optional || of.starts_with("Option<");
            found.push(Member { name, of, doc: std::mem::take(&mut doc), optional, members: Vec::new() });
        }
    }
    found
}

/// `Name`, `Name(Type)` or `Name {`.
fn variant(code: &str) -> (String, String, bool) {
    let code = code.trim_end_matches(',');
    if let Some(name) = code.strip_suffix(" {") {
        return (name.to_string(), String::new(), true);
    }
    match code.split_once('(') {
        Some((name, of)) => (name.to_string(), of.strip_suffix(')').unwrap_or(of).to_string(), false),
        None => (code.to_string(), String::new(), false),
    }
}

/// `pub name: Type,` or, in a variant, `name: Type,`.
fn field(code: &str) -> Option<(String, String)> {
    let (name, of) = code.strip_prefix("pub ").unwrap_or(code).split_once(": ")?;
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain.then(|| (name.to_string(), of.trim_end_matches(',').to_string()))
}

/// What a type holds, without `Option`, `Vec` and the like; and whether there may be several.
pub(crate) fn inner(of: &str) -> (&str, bool) {
    for (open, many) in [("Option<", false), ("Box<", false), ("Vec<", true)] {
        if let Some(rest) = of.strip_prefix(open).and_then(|rest| rest.strip_suffix('>')) {
            let (name, more) = inner(rest);
            return (name, many || more);
        }
    }
    (of, false)
}

#[cfg(test)]
mod tests {
    use super::{types, types_of};

    #[test]
    fn types_are_read_with_their_comments() {
        let source = "/// A thing.\n#[derive(Clone)]\n#[serde(deny_unknown_fields)]\npub struct Thing {\n    /// How many,\n    \
                      /// in all.\n    pub count: u32,\n    /// Maybe.\n    #[serde(default)]\n    pub rest: Vec<Kind>,\n}\n\n\
                      /// A kind.\npub enum Kind {\n    /// One.\n    #[default]\n    One,\n    /// Two.\n    Two(Span),\n    \
                      /// Three.\n    Three {\n        /// Its part.\n        part: f64,\n    },\n}\n";
        let found = types(source);
        let [thing, kind] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((thing.name.as_str(), thing.doc.as_str(), thing.is_enum), ("Thing", "A thing.", false));
        assert_eq!(thing.members[0].doc, "How many, in all.");
        assert!(!thing.members[0].optional && thing.members[1].optional);
        let names: Vec<&str> = kind.members.iter().map(|member| member.name.as_str()).collect();
        assert_eq!(names, ["One", "Two", "Three"]);
        assert_eq!((kind.members[1].of.as_str(), kind.members[2].members[0].name.as_str()), ("Span", "part"));
    }

    #[test]
    fn of_two_types_with_one_name_the_nearest_is_meant() {
        let kind = |variant: &str| format!("pub enum Kind {{\n    {variant},\n}}\n");
        let user = "pub struct User {\n    pub kind: Option<Kind>,\n}\n";
        let (a, b) = (kind("InA"), kind("InB"));
        let found = types_of(&[
            ("one/a/kind.rs", &a),
            ("two/b/kind.rs", &b),
            ("two/b/user.rs", user),
            ("one/x.rs", user),
        ]);
        let of = |i: usize| found[i].members[0].of.as_str();
        assert_eq!((found[1].name.as_str(), of(2), of(3)), ("Kind@1", "Option<Kind@1>", "Option<Kind>"));
    }
}
