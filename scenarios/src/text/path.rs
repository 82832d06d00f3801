//! Paths of fields as people write them: `faults[0].lasts`, `model.Raft.pre_vote`.

/// A step down a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A field, a variant or a key, by name.
    Name(String),
    /// An item of a list, from 0.
    Index(usize),
}

/// A step and where it stands in the path's text, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) step: Step,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl std::fmt::Display for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.step {
            Step::Name(name) => f.write_str(name),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// Reads a path. On failure, where in the text, and what is wrong.
pub(crate) fn parse(text: &str) -> Result<Vec<Segment>, (usize, String)> {
    let mut segments = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with('[') {
            let close = rest.find(']').ok_or((at, "this `[` is not closed".to_string()))?;
            let inside = rest[1..close].trim();
            let quoted = inside.strip_prefix('"').and_then(|inner| inner.strip_suffix('"'));
            let step = match (quoted, inside.parse()) {
                (Some(key), _) => Step::Name(key.to_string()),
                (None, Ok(index)) => Step::Index(index),
                _ => return Err((at + 1, format!("expected an index as in `faults[0]`, found `{inside}`"))),
            };
            segments.push(Segment { step, start: at, end: at + close + 1 });
            at += close + 1;
            continue;
        }
        let start = if rest.starts_with('.') && !segments.is_empty() { at + 1 } else { at };
        let length = text[start..].find(['.', '[']).unwrap_or(text.len() - start);
        let name = text[start..start + length].trim();
        if name.is_empty() {
            return Err((start, "expected the name of a field here".to_string()));
        }
        segments.push(Segment { step: Step::Name(name.to_string()), start, end: start + length });
        at = start + length;
        if text[at..].trim() == "." {
            return Err((at, "expected the name of a field after the dot".to_string()));
        }
    }
    if segments.is_empty() {
        Err((0, "expected a path such as `cluster.nodes`".into()))
    } else {
        Ok(segments)
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, parse};

    #[test]
    fn a_path_is_names_and_indices() {
        let steps = |text| parse(text).map(|all| all.into_iter().map(|s| s.step).collect::<Vec<_>>());
        let name = |name: &str| Step::Name(name.into());
        assert_eq!(steps("a.b[2].c"), Ok(vec![name("a"), name("b"), Step::Index(2), name("c")]));
        assert_eq!(steps("regions[\"us east\"]"), Ok(vec![name("regions"), name("us east")]));
        for wrong in ["", ".", "a.", "a..b", "a[", "a[x]", "[", "a[-1]"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
