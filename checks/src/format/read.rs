//! From a file's bytes to a history: unpacking, finding the format, reading the events, pairing them.
//!
//! Deliberately absent: reading a file piece by piece. A history is held in memory whole by every checker.

use std::io::Read;
use std::path::Path;

use super::assemble::{Dialect, assemble};
use super::keys::KeyTable;
use super::scan::line_of;
use super::{Foreign, Format, FormatError, NilReads, ReadOptions, edn, etcd, json};

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
    let unpacked;
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        unpacked = unpack(bytes).map_err(|source| FormatError::Io { file: file.to_owned(), source })?;
        &unpacked
    } else {
        bytes
    };
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let format = options.format.unwrap_or_else(|| detect(bytes));
    let ours = match format {
        Format::JepsenEdn => bytes.starts_with(HEADER_EDN.as_bytes()),
        Format::JsonLines => bytes.starts_with(HEADER_JSON.as_bytes()),
        Format::PorcupineEtcd | Format::PorcupineKv => false,
    };
    let mut keys = KeyTable::default();
    let mut events = Vec::with_capacity(bytes.len() / 128);
    let nil_is_anything = match options.nil_reads {
        NilReads::AsTheFormat => format == Format::JepsenEdn && !ours,
        NilReads::Anything => true,
        NilReads::Absent => false,
    };
    let dialect = Dialect { format, ours, nil_is_anything };
    let history = match format {
        Format::JepsenEdn | Format::PorcupineKv => edn::read_events(bytes, &mut keys, &mut events),
        Format::JsonLines => json::read_events(bytes, &mut keys, &mut events),
        Format::PorcupineEtcd => etcd::read_events(bytes, &mut events),
    }
    .and_then(|()| assemble(events, dialect, keys))
    .map_err(|fault| FormatError::Malformed {
        file: file.to_owned(),
        line: line_of(bytes, fault.at),
        reason: fault.reason,
    })?;
    let text = |line: &[u8]| !line.trim_ascii().is_empty() && !line.trim_ascii_start().starts_with(b";");
    let blank = !ours && history.0.entries.is_empty() && !bytes.split(|&byte| byte == b'\n').any(text);
    Ok(Foreign { history: history.0, format, keys: history.1, ours, blank })
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
    let lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let Some(first) = lines.clone().find(|line| !line.is_empty() && !line.starts_with(b";")) else {
        return Format::JepsenEdn;
    };
    if first.starts_with(b"{\"") {
        return Format::JsonLines;
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

fn has(line: &[u8], part: &[u8]) -> bool {
    line.windows(part.len()).any(|window| window == part)
}
