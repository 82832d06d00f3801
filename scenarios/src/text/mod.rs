//! Scenario text: RON with positions. A text becomes a tree in which every value knows where it stands, overrides are
//! put into the tree, and typed values are read from it; so whatever is wrong, at whatever stage, can be shown in
//! place.
//!
//! The language is RON 0.12 with three liberties: quantities may stand without quotes (`150ms`, `10%`, `50/s`),
//! `Some(…)` may be left out, and a bare quantity where a variant `Fixed` is possible means `Fixed(quantity)`. What RON
//! lets pass is refused: duplicate fields and keys, `NaN`, `inf`. Deliberately absent: writing (`ron` does that).

mod de;
mod diagnostic;
mod locate;
mod parse;
mod path;
mod problem;
mod set;
mod tree;

pub use diagnostic::Diagnostic;
pub(crate) use problem::{Problem, nearest};
pub(crate) use tree::{Kind, Node, Source};

use serde::de::DeserializeOwned;

/// A text with its overrides applied, ready to be read.
#[derive(Debug)]
pub(crate) struct Document {
    sources: Vec<Source>,
    root: Node,
}

impl Document {
    /// Parses a text and puts overrides (`path=value`) into it. `origin` is the file as messages name it.
    pub(crate) fn parse(text: &str, origin: &str, overrides: &[String]) -> Result<Document, Box<Diagnostic>> {
        let mut sources = vec![Source { label: origin.to_string(), text: text.to_string() }];
        let show = |problem: Problem, sources: &[Source]| Diagnostic::new(problem, sources);
        let mut root = parse::document(text, 0).map_err(|problem| show(problem, &sources))?;
        for line in overrides {
            sources.push(Source { label: "--set".into(), text: line.clone() });
            let source = (sources.len() - 1) as u32;
            set::apply(&mut root, line, source).map_err(|problem| show(problem, &sources))?;
        }
        Ok(Document { sources, root })
    }

    /// Reads the typed value.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Box<Diagnostic>> {
        de::read(&self.root).map_err(|problem| Diagnostic::new(problem, &self.sources))
    }

    /// Shows something that is wrong with the field of this path, or as near to it as the text goes. `names` are those
    /// that could have been meant.
    pub(crate) fn wrong(&self, path: &str, message: &str, names: &[String]) -> Box<Diagnostic> {
        Diagnostic::new(locate::problem(&self.root, path, message, names), &self.sources)
    }

    /// The tree.
    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    /// Part of the document as one of its own.
    pub(crate) fn field(&self, name: &str) -> Option<Document> {
        let root = self.root.field(name)?.clone();
        Some(Document { sources: self.sources.clone(), root })
    }
}
