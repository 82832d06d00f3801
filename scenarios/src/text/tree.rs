//! A parsed text: values with their places.

/// A text that values come from: the file, or an override.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The file, or `--set`.
    pub(crate) label: String,
    pub(crate) text: String,
}

/// A stretch of a source, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Which source; 0 is the file, others are overrides.
    pub(crate) source: u32,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A name and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) place: Place,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A bare word: `true`, `None`, `Isolate`.
    Word(String),
    /// `12`, `-0.5`, `0xff`.
    Number(String),
    /// A number with a unit: `150ms`, `10%`, `50/s`.
    Quantity(String),
    /// In quotes.
    Text(String),
    /// `[a, b]`.
    List(Vec<Node>),
    /// `(a, b)` or `Name(a, b)`; `()` too.
    Tuple(Option<Name>, Vec<Node>),
    /// `(a: 1)` or `Name(a: 1)`.
    Record(Option<Name>, Vec<(Name, Node)>),
    /// `{a: 1}`.
    Map(Vec<(Node, Node)>),
}

impl Place {
    /// Its first character only.
    pub(crate) fn first(self) -> Place {
        Place { end: self.end.min(self.start + 1), ..self }
    }
}

impl Node {
    /// What it is, for "found …".
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Word(word) => format!("`{word}`"),
            Kind::Number(text) | Kind::Quantity(text) => format!("`{text}`"),
            Kind::Text(text) => format!("\"{text}\""),
            Kind::List(_) => "a list [ … ]".into(),
            Kind::Tuple(Some(name), _) | Kind::Record(Some(name), _) => format!("`{}(…)`", name.text),
            Kind::Tuple(None, items) if items.is_empty() => "`()`".into(),
            Kind::Tuple(None, _) => "a tuple ( … )".into(),
            Kind::Record(None, _) => "fields ( … )".into(),
            Kind::Map(_) => "a map { … }".into(),
        }
    }

    /// Where to point when something about the whole is wrong: its name, or its opening bracket.
    pub(crate) fn head(&self) -> Place {
        match &self.kind {
            Kind::Tuple(Some(name), _) | Kind::Record(Some(name), _) => name.place,
            Kind::List(_) | Kind::Tuple(..) | Kind::Record(..) | Kind::Map(_) => self.place.first(),
            _ => self.place,
        }
    }

    /// The variant's name, if it has one.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            Kind::Tuple(Some(name), _) | Kind::Record(Some(name), _) => Some(&name.text),
            _ => None,
        }
    }

    /// A field's value, or a map's entry, by name.
    pub(crate) fn field(&self, wanted: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Record(_, fields) => {
                fields.iter().find(|(name, _)| name.text == wanted).map(|(_, value)| value)
            }
            Kind::Map(entries) => {
                let is =
                    |key: &Node| matches!(&key.kind, Kind::Text(text) | Kind::Word(text) if text == wanted);
                entries.iter().find(|(key, _)| is(key)).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The same value, wherever it stands.
    pub(crate) fn same(&self, other: &Node) -> bool {
        let same_all = |a: &[Node], b: &[Node]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b));
        match (&self.kind, &other.kind) {
            (Kind::Word(a), Kind::Word(b))
            | (Kind::Number(a), Kind::Number(b))
            | (Kind::Quantity(a), Kind::Quantity(b))
            | (Kind::Text(a), Kind::Text(b)) => a == b,
            (Kind::List(a), Kind::List(b)) => same_all(a, b),
            (Kind::Tuple(_, a), Kind::Tuple(_, b)) => self.name() == other.name() && same_all(a, b),
            _ => false,
        }
    }
}
