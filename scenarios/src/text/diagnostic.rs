//! How something wrong in a text is shown.

use std::fmt;

use crate::text::problem::Problem;
use crate::text::tree::Source;

/// Something wrong in a scenario's text or in an override, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, in a sentence.
    pub message: String,
    /// The file, or `--set` for an override.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The line itself.
    pub text: String,
    /// How many characters of it are meant; at least 1.
    pub width: usize,
    /// The path of the field; empty for the whole.
    pub path: String,
    /// What would have been right, where the message does not say so.
    pub expected: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    pub(crate) fn new(problem: Problem, sources: &[Source]) -> Box<Diagnostic> {
        let path = problem.path_text();
        let problem = *problem.0;
        let source = problem.place.map_or(0, |place| place.source as usize).min(sources.len() - 1);
        let Source { label, text } = &sources[source];
        let (start, end) = problem.place.map_or((0, 0), |place| (place.start, place.end));
        let start = floor(text, start);
        let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
        let end = floor(text, end).clamp(start, line_end);
        Box::new(Diagnostic {
            message: problem.message,
            file: label.clone(),
            line: text[..start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            text: text[line_start..line_end].trim_end_matches('\r').to_string(),
            width: text[start..end].chars().count().max(1),
            path,
            expected: problem.expected,
            help: problem.help,
        })
    }
}

/// The nearest boundary between characters at or before a position.
fn floor(text: &str, position: usize) -> usize {
    let mut position = position.min(text.len());
    while !text.is_char_boundary(position) {
        position -= 1;
    }
    position
}

/// The part of a long line that is shown, and how many characters were left out before it.
fn window(text: &str, column: usize) -> (String, usize) {
    const WIDTH: usize = 100;
    let skip = if column > WIDTH - 20 { column - WIDTH / 2 } else { 0 };
    (text.chars().skip(skip).take(WIDTH).collect(), skip)
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let (shown, skipped) = window(&self.text, self.column);
        // Tabs are kept in the caret's line, so that it stands under what it means.
        let indent: String = shown
            .chars()
            .take(self.column - 1 - skipped)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        let carets = "^".repeat(self.width.min(100));
        writeln!(f, "{}", self.message)?;
        writeln!(f, "{margin}--> {}:{}:{}", self.file, self.line, self.column)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {shown}")?;
        write!(f, "{margin} | {indent}{carets}")?;
        if !self.path.is_empty() {
            write!(f, "\n{margin} = field: {}", self.path)?;
        }
        if let Some(expected) = &self.expected {
            write!(f, "\n{margin} = expected: {expected}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n{margin} = help: {help}")?;
        }
        Ok(())
    }
}
