//! From a file's bytes to a history: unpacking, finding the format, reading the events, pairing them.
//!
//! Deliberately absent: reading a file piece by piece. A history is held in memory whole by every checker.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use super::assemble::{Assembled, Assembly, Dialect};
use super::scan::{Fault, line_of};
use super::{Foreign, Format, FormatError, NilReads, ReadOptions, edn_events, etcd, json};

/// The first words of a file of our own.
pub(super) const HEADER_EDN: &str = ";; squall-history 1\n";
/// The first line of a JSON file of our own.
pub(super) const HEADER_JSON: &str = "{\"squall-history\":1}\n";

/// Reads a history from a file, gzipped or not.
///
/// # Errors
/// When the file cannot be read, or a line is not what its format has there.
pub fn read_file(path: &Path, options: &ReadOptions) -> Result<Foreign, FormatError> {
    let file = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| FormatError::Io { file: file.clone(), source })?;
    read_bytes(&file, &bytes, options)
}

/// Reads a history from the bytes of a file; `file` is its name for messages.
///
/// # Errors
/// When a line is not what its format has there.
pub fn read_bytes(file: &str, bytes: &[u8], options: &ReadOptions) -> Result<Foreign, FormatError> {
    let bytes = plain(bytes).map_err(|source| FormatError::Io { file: file.to_owned(), source })?;
    let dialect = dialect(&bytes, options);
    let Assembled { history, names, .. } =
        assembled(&bytes, dialect, false).map_err(|fault| FormatError::Malformed {
            file: file.to_owned(),
            line: line_of(&bytes, fault.at),
            reason: fault.reason,
        })?;
    let Dialect { format, ours, .. } = dialect;
    let text = |line: &[u8]| !line.trim_ascii().is_empty() && !line.trim_ascii_start().starts_with(b";");
    let blank = !ours && history.entries.is_empty() && !bytes.split(|&byte| byte == b'\n').any(text);
    Ok(Foreign { history, format, keys: names, ours, blank })
}

/// The line, counted from 1, on which an operation of a file begins, by its place in the history that
/// [`read_bytes`] makes of these bytes; `None` if it has no such operation.
#[must_use]
pub fn operation_line(bytes: &[u8], options: &ReadOptions, operation: usize) -> Option<usize> {
    let bytes = plain(bytes).ok()?;
    let places = assembled(&bytes, dialect(&bytes, options), true).ok()?.places;
    places.get(operation).map(|&at| line_of(&bytes, at))
}

/// The bytes, unpacked if they are packed, without the mark of their order.
fn plain(bytes: &[u8]) -> std::io::Result<Cow<'_, [u8]>> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = unpack(bytes)?;
        if unpacked.starts_with(MARK) {
            unpacked.drain(..MARK.len());
        }
        return Ok(Cow::Owned(unpacked));
    }
    Ok(Cow::Borrowed(bytes.strip_prefix(MARK).unwrap_or(bytes)))
}

/// How these bytes are to be understood.
fn dialect(bytes: &[u8], options: &ReadOptions) -> Dialect {
    let format = options.format.unwrap_or_else(|| detect(bytes));
    let ours = match format {
        Format::JepsenEdn => bytes.starts_with(HEADER_EDN.as_bytes()),
        Format::JsonLines => bytes.starts_with(HEADER_JSON.as_bytes()),
        Format::PorcupineEtcd | Format::PorcupineKv => false,
    };
    let nil_is_anything = match options.nil_reads {
        NilReads::AsTheFormat => format == Format::JepsenEdn && !ours,
        NilReads::Anything => true,
        NilReads::Absent => false,
    };
    Dialect { format, ours, nil_is_anything }
}

/// Reads all events, and pairs them.
fn assembled(bytes: &[u8], dialect: Dialect, with_places: bool) -> Result<Assembled, Fault> {
    let mut assembly = Assembly::new(dialect, bytes.len() / 100 + 1, with_places);
    match dialect.format {
        Format::JepsenEdn | Format::PorcupineKv => edn_events::read_events(bytes, &mut assembly)?,
        Format::JsonLines => json::read_events(bytes, &mut assembly)?,
        Format::PorcupineEtcd => etcd::read_events(bytes, &mut assembly)?,
    }
    assembly.finish()
}

fn unpack(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut unpacked = Vec::with_capacity(bytes.len().saturating_mul(8).min(1 << 28));
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut unpacked)?;
    Ok(unpacked)
}

/// The format that a file's first lines show.
fn detect(bytes: &[u8]) -> Format {
    if bytes.starts_with(HEADER_EDN.as_bytes()) {
        return Format::JepsenEdn;
    }
    let mut rest = bytes.trim_ascii_start();
    while rest.starts_with(b";") {
        let end = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        rest = rest[end..].trim_ascii_start();
    }
    if begins_json(rest) {
        return Format::JsonLines;
    }
    let first = rest.split(|&byte| byte == b'\n').next().unwrap_or(rest).trim_ascii();
    if first.is_empty() {
        return Format::JepsenEdn;
    }
    if first.starts_with(b"{")
        || first.starts_with(b"[")
        || first.starts_with(b"(")
        || first.starts_with(b"#")
    {
        let kv = |line: &[u8]| {
            has(line, b":key ") && [&b":f :get"[..], b":f :put", b":f :append"].iter().any(|f| has(line, f))
        };
        return if kv(first) { Format::PorcupineKv } else { Format::JepsenEdn };
    }
    let event =
        |line: &[u8]| [&b":invoke"[..], b":ok", b":fail", b":info"].iter().any(|kind| has(line, kind));
    if has(first, b"jepsen.util") || event(first) { Format::PorcupineEtcd } else { Format::JepsenEdn }
}

/// Whether an object whose first member has a name in quotes is here, perhaps the first of an array.
fn begins_json(bytes: &[u8]) -> bool {
    let object = bytes.strip_prefix(b"[").unwrap_or(bytes).trim_ascii_start();
    object.strip_prefix(b"{").is_some_and(|inside| inside.trim_ascii_start().starts_with(b"\""))
}

fn has(line: &[u8], part: &[u8]) -> bool {
    line.windows(part.len()).any(|window| window == part)
}
