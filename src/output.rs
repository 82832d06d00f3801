//! What the subcommands share: troubles and their exit codes, printing, files written whole or not at all.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use scenarios::ScenarioError;

/// Why a command ends without a result.
#[derive(Debug)]
pub enum Trouble {
    /// It cannot run: exit code 2.
    CannotRun(anyhow::Error),
    /// Whoever reads standard output has gone: nothing to say, and no fault.
    ReaderGone,
}

impl Trouble {
    /// Prints it, and answers the exit code.
    pub fn report(self) -> ExitCode {
        match self {
            Trouble::ReaderGone => ExitCode::SUCCESS,
            Trouble::CannotRun(error) => {
                say!("squall: {error:#}");
                ExitCode::from(2)
            }
        }
    }
}

impl From<ScenarioError> for Trouble {
    fn from(error: ScenarioError) -> Trouble {
        Trouble::CannotRun(error.into())
    }
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Trouble {
        Trouble::CannotRun(error)
    }
}

/// A trouble in words.
pub fn cannot(message: impl Display) -> Trouble {
    Trouble::CannotRun(anyhow::anyhow!("{message}"))
}

/// Prints to standard output. A reader that has gone (a closed pipe) ends the command quietly.
pub fn print(text: &str) -> Result<(), Trouble> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(trouble_of)
}

/// What a failed write to standard output means.
pub fn trouble_of(error: std::io::Error) -> Trouble {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        Trouble::ReaderGone
    } else {
        Trouble::CannotRun(anyhow::Error::new(error).context("standard output"))
    }
}

/// Prints a JSON document on lines of its own.
pub fn print_json(document: &serde_json::Value) -> Result<(), Trouble> {
    print(&format!("{document:#}\n"))
}

/// Makes a directory and those above it.
pub fn make_dir(dir: &Path) -> Result<(), Trouble> {
    if std::fs::metadata(dir).is_ok_and(|there| !there.is_dir()) {
        return Err(cannot(format!("{}: this is a file; a directory is asked for", dir.display())));
    }
    std::fs::create_dir_all(dir).map_err(|why| cannot(format!("{}: {why}", dir.display())))
}

/// Writes a file whole or not at all: to a temporary file beside it, then renamed.
///
/// A link is followed, and what is no file (a pipe, a device) is written into as it is.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    if let Ok(there) = std::fs::metadata(path)
        && !there.is_file()
    {
        return std::fs::write(path, bytes).map_err(|why| cannot(format!("{}: {why}", path.display())));
    }
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let name = path.file_name().ok_or_else(|| cannot(format!("{}: not a file's name", path.display())))?;
    let temporary = path.with_file_name(format!(".{}.part", name.to_string_lossy()));
    let written = std::fs::write(&temporary, bytes).and_then(|()| std::fs::rename(&temporary, path));
    written.map_err(|why| {
        // Nothing half-written stays behind; if even that fails, the first error is the one to tell.
        let _ = std::fs::remove_file(&temporary);
        cannot(format!("{}: {why}", path.display()))
    })
}

/// Whether standard output may be coloured: a terminal, and NO_COLOR not set.
pub fn may_colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A verdict as a word, coloured where that is wanted: green, red, yellow.
pub fn verdict_word(word: &str, colour: bool) -> String {
    let upper = word.to_uppercase();
    if !colour {
        return upper;
    }
    let code = match word {
        "pass" => 32,
        "fail" => 31,
        _ => 33,
    };
    format!("\u{1b}[1;{code}m{upper}\u{1b}[0m")
}

/// Half the width of an interval over so many worlds; of one there is none.
pub fn half_width(ci95: f64, worlds: u64) -> String {
    if worlds > 1 { number(ci95) } else { "?".into() }
}

/// A number for people: whole numbers with thin groups, others with up to four significant decimals.
pub fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return grouped(value as i64);
    }
    let decimals = match value.abs() {
        v if v >= 1000.0 => 1,
        v if v >= 10.0 => 2,
        v if v >= 0.1 => 4,
        _ => 6,
    };
    if decimals == 1 {
        let text = format!("{value:.1}");
        let (whole, tenth) = text.split_once('.').unwrap_or((&text, "0"));
        return format!("{}.{tenth}", grouped(whole.parse().unwrap_or(value as i64)));
    }
    format!("{value:.decimals$}")
}

/// The line under a table of metrics that says how many it leaves out; empty if none.
pub fn left_out(zero: usize, clients: usize) -> String {
    let zero = (zero > 0).then(|| format!("{zero} more are 0"));
    let clients = (clients > 0).then(|| format!("{clients} of single clients are in the JSON document"));
    let parts: Vec<String> = zero.into_iter().chain(clients).collect();
    if parts.is_empty() { String::new() } else { format!("  ({})\n", parts.join("; ")) }
}

fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0 { format!("-{text}") } else { text }
}

/// Rows of (left, right) with the left column as wide as its widest cell.
pub fn rows(indent: &str, pairs: &[(String, String)]) -> String {
    let width = pairs.iter().map(|(left, _)| left.chars().count()).max().unwrap_or(0);
    pairs.iter().map(|(left, right)| format!("{indent}{left:<width$}  {right}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::{left_out, number, rows, write_whole};

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (1234567.0, "1,234,567"),
            (-1000.0, "-1,000"),
            (0.98765, "0.9877"),
            (12.345, "12.35"),
            (12345.67, "12,345.7"),
            (-1999.96, "-2,000.0"),
            (0.00012345, "0.000123"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn what_a_table_leaves_out_is_counted() {
        assert_eq!(left_out(0, 0), "");
        assert_eq!(left_out(2, 1), "  (2 more are 0; 1 of single clients are in the JSON document)\n");
    }

    #[test]
    fn columns_line_up() {
        let pairs = [("a".to_string(), "1".to_string()), ("long".to_string(), "2".to_string())];
        assert_eq!(rows("  ", &pairs), "  a     1\n  long  2\n");
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing() {
        assert!(write_whole(std::path::Path::new("/nonexistent/dir/file"), b"x").is_err());
        assert!(write_whole(std::path::Path::new("/"), b"x").is_err());
    }
}
