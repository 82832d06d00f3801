//! A reader of EDN, by bytes: as much of it as histories are written in, and nothing of it makes it fail that a
//! history could do without (tags, characters, ratios, discards).
//!
//! Deliberately absent: a tree of the whole file. Events are handed on one by one, and a transaction's steps are read
//! straight into [`Micro`]s, which is what makes a large file quick.

use sim_core::value::{Key, Micro, Value};

use super::datum::Datum;
use super::event::{Event, Field, Payload};
use super::keys::KeyTable;
use super::scan::{DEPTH_MAX, Fault, Scanner, text_of, whole_number};

/// One EDN value on its own, as the command line's `--initial` has it.
///
/// # Errors
/// What is wrong with it, in words.
pub fn read_value(text: &str) -> Result<Value, String> {
    let mut scanner = Scanner::new(text.as_bytes());
    space(&mut scanner).map_err(|fault| fault.reason)?;
    let datum = datum(&mut scanner).map_err(|fault| fault.reason)?;
    space(&mut scanner).map_err(|fault| fault.reason)?;
    if scanner.peek().is_some() {
        return Err(scanner.expected("nothing after the value").reason);
    }
    Ok(datum.into_value())
}

/// All events of a file: maps one after another, or within vectors or lists.
pub(super) fn read_events(bytes: &[u8], keys: &mut KeyTable, events: &mut Vec<Event>) -> Result<(), Fault> {
    let mut scanner = Scanner::new(bytes);
    let mut open: Vec<u8> = Vec::new();
    loop {
        space(&mut scanner)?;
        match scanner.peek() {
            None if open.is_empty() => return Ok(()),
            None => return Err(scanner.expected("the end of the vector of events")),
            Some(b'{') => events.push(event(&mut scanner, keys)?),
            Some(b'[') if open.len() < DEPTH_MAX => {
                open.push(b']');
                scanner.at += 1;
            }
            Some(b'(') if open.len() < DEPTH_MAX => {
                open.push(b')');
                scanner.at += 1;
            }
            Some(byte) if open.last() == Some(&byte) => {
                open.pop();
                scanner.at += 1;
            }
            // The tag of a record, `#jepsen.history.Op{…}`: the map behind it is the event.
            Some(b'#') if scanner.ahead(1).is_some_and(|byte| byte.is_ascii_alphabetic()) => {
                scanner.take_while(is_word);
            }
            Some(_) => return Err(scanner.expected("a map {…} with an event")),
        }
    }
}

/// One map that is an event.
fn event(scanner: &mut Scanner<'_>, keys: &mut KeyTable) -> Result<Event, Fault> {
    let mut event = Event::at(scanner.at);
    scanner.at += 1;
    loop {
        space(scanner)?;
        if scanner.eat(b'}') {
            return Ok(event);
        }
        let start = scanner.at;
        if !scanner.eat(b':') {
            return Err(scanner.expected("a keyword such as :process, or the map's end }"));
        }
        let name = scanner.take_while(is_word);
        space(scanner)?;
        match Field::named(name) {
            Some(Field::Value) => {
                event.payload = match steps(scanner, keys)? {
                    Some(steps) => Payload::Steps(steps),
                    None => Payload::Plain(datum(scanner)?),
                };
            }
            Some(field) => {
                let value = datum(scanner)?;
                event.set(field, value).map_err(|reason| Fault::new(start, reason))?;
            }
            None => drop(datum(scanner)?),
        }
    }
}

/// A transaction's steps, if a list of lists that begin with a keyword is here; else nothing is passed.
fn steps(scanner: &mut Scanner<'_>, keys: &mut KeyTable) -> Result<Option<Vec<Micro>>, Fault> {
    let start = scanner.at;
    let Some(close) = opening(scanner) else { return Ok(None) };
    let mut found = Vec::new();
    loop {
        space(scanner)?;
        if scanner.eat(close) {
            break;
        }
        let Some(step_close) = opening(scanner) else { break };
        space(scanner)?;
        if scanner.peek() != Some(b':') {
            break;
        }
        found.push(step(scanner, step_close, keys)?);
    }
    // Empty, or a list of something else: left to whoever knows what the operation is.
    if found.is_empty() || scanner.bytes[scanner.at - 1] != close {
        scanner.at = start;
        return Ok(None);
    }
    Ok(Some(found))
}

/// Passes an opening bracket, and tells which one closes it.
fn opening(scanner: &mut Scanner<'_>) -> Option<u8> {
    let close = match scanner.peek()? {
        b'[' => b']',
        b'(' => b')',
        _ => return None,
    };
    scanner.at += 1;
    Some(close)
}

/// One step behind its bracket: `:append 3 1]`.
fn step(scanner: &mut Scanner<'_>, close: u8, keys: &mut KeyTable) -> Result<Micro, Fault> {
    let start = scanner.at;
    scanner.at += 1;
    let name = scanner.take_while(is_word);
    space(scanner)?;
    let key = step_key(scanner, keys)?;
    space(scanner)?;
    let value = if scanner.peek() == Some(close) { None } else { Some(value(scanner)?) };
    space(scanner)?;
    if !scanner.eat(close) {
        return Err(scanner.expected("the end of the step [:f key value]"));
    }
    let lacks_value = value.is_none();
    Micro::named(name, key, value).ok_or_else(|| {
        let called = String::from_utf8_lossy(name);
        let is_known = lacks_value && Micro::named(name, key, Some(Value::Nil)).is_some();
        let reason = match is_known {
            true => format!("this :{called} has no value; expected a step [:{called} key value]"),
            false => format!("no step is called :{called}; there are :r, :w, :append"),
        };
        Fault::new(start, reason)
    })
}

fn step_key(scanner: &mut Scanner<'_>, keys: &mut KeyTable) -> Result<Key, Fault> {
    let start = scanner.at;
    if scanner.peek() == Some(b':') {
        scanner.at += 1;
        let name = scanner.take_while(is_word);
        return match std::str::from_utf8(name) {
            Ok(name) => Ok(keys.named(name)),
            Err(_) => Ok(keys.named(&text_of(name))),
        };
    }
    let key = datum(scanner)?;
    key.key(keys).ok_or_else(|| Fault::new(start, "expected a key: a number, a keyword or a string"))
}

/// How the files' steps are named.
trait Named: Sized {
    fn named(name: &[u8], key: Key, value: Option<Value>) -> Option<Self>;
}

impl Named for Micro {
    fn named(name: &[u8], key: Key, value: Option<Value>) -> Option<Micro> {
        match name {
            b"append" => Some(Micro::Append(key, value?)),
            b"w" | b"write" => Some(Micro::Write(key, value?)),
            // Elle reads `[:r x]` and `[:r x nil]` alike: nothing was there.
            b"r" => Some(Micro::Read(key, Some(value.unwrap_or_default()))),
            // Knossos' multi-register: a read of nil may have read anything.
            b"read" => Some(Micro::Read(key, value.filter(|value| *value != Value::Nil))),
            _ => None,
        }
    }
}

/// One value, straight into the vocabulary.
fn value(scanner: &mut Scanner<'_>) -> Result<Value, Fault> {
    match scanner.peek() {
        Some(b'[') => {
            scanner.enter()?;
            scanner.at += 1;
            let mut items = Vec::new();
            loop {
                space(scanner)?;
                if scanner.eat(b']') {
                    scanner.depth -= 1;
                    return Ok(Value::List(items));
                }
                items.push(value(scanner)?);
            }
        }
        Some(b'0'..=b'9') => {
            let start = scanner.at;
            let word = scanner.take_while(is_word);
            match whole_number(word) {
                Some(number) => Ok(Value::Int(number)),
                None => {
                    scanner.at = start;
                    Ok(datum(scanner)?.into_value())
                }
            }
        }
        _ => Ok(datum(scanner)?.into_value()),
    }
}

/// One value of any kind.
pub(super) fn datum(scanner: &mut Scanner<'_>) -> Result<Datum, Fault> {
    scanner.enter()?;
    let datum = datum_here(scanner);
    scanner.depth -= 1;
    datum
}

fn datum_here(scanner: &mut Scanner<'_>) -> Result<Datum, Fault> {
    match scanner.peek() {
        None => Err(scanner.expected("a value")),
        Some(b'"') => string(scanner).map(|text| Datum::Text(text.into())),
        Some(b'[') => list(scanner, b']').map(Datum::List),
        Some(b'(') => list(scanner, b')').map(Datum::List),
        Some(b'{') => map(scanner),
        Some(b'#') => dispatch(scanner),
        Some(b'\\') => {
            scanner.at += 1;
            let start = scanner.at;
            scanner.at = (start + 1).min(scanner.bytes.len());
            scanner.take_while(is_word);
            Ok(Datum::Text(text_of(&scanner.bytes[start..scanner.at]).into()))
        }
        Some(b'\'') => {
            scanner.at += 1;
            datum(scanner)
        }
        Some(b':') => {
            scanner.at += 1;
            Ok(Datum::Word(text_of(scanner.take_while(is_word)).into()))
        }
        Some(_) => word(scanner),
    }
}

/// A number, `nil`, `true`, `false`, or any other bare word.
fn word(scanner: &mut Scanner<'_>) -> Result<Datum, Fault> {
    let word = scanner.take_while(is_word);
    match word {
        b"" => Err(scanner.expected("a value")),
        b"nil" => Ok(Datum::Nil),
        b"true" => Ok(Datum::Bool(true)),
        b"false" => Ok(Datum::Bool(false)),
        [b'0'..=b'9' | b'-' | b'+', ..] => {
            let digits = word.strip_suffix(b"N").unwrap_or(word);
            match whole_number(digits) {
                Some(number) => Ok(Datum::Int(number)),
                None => Ok(Datum::Word(other_number(digits).unwrap_or_else(|| text_of(word)).into())),
            }
        }
        _ => Ok(Datum::Word(text_of(word).into())),
    }
}

/// A number with a fraction, or too large: as text, the same for equal ones. In EDN 1.0 is not 1.
fn other_number(digits: &[u8]) -> Option<String> {
    let digits = digits.strip_suffix(b"M").unwrap_or(digits);
    let text = super::scan::decimal(digits)?;
    let inexact = digits.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
    let whole = !text.contains(['.', 'e']);
    Some(if inexact && whole { format!("{text}.0") } else { text })
}

/// What stands behind a `#`: a set, a discarded value, or a tagged one.
fn dispatch(scanner: &mut Scanner<'_>) -> Result<Datum, Fault> {
    scanner.at += 1;
    match scanner.peek() {
        Some(b'{') => list(scanner, b'}').map(Datum::List),
        Some(b'[') => list(scanner, b']').map(Datum::List),
        Some(b'#') => {
            scanner.at += 1;
            word(scanner)
        }
        Some(_) => {
            scanner.take_while(is_word);
            space(scanner)?;
            datum(scanner)
        }
        None => Err(scanner.expected("a set or a tagged value")),
    }
}

fn list(scanner: &mut Scanner<'_>, close: u8) -> Result<Vec<Datum>, Fault> {
    let start = scanner.at;
    scanner.at += 1;
    let mut items = Vec::new();
    loop {
        space(scanner)?;
        if scanner.eat(close) {
            return Ok(items);
        }
        if scanner.peek().is_none() {
            return Err(Fault::new(start, format!("this list is not closed by {}", close as char)));
        }
        items.push(datum(scanner)?);
    }
}

fn map(scanner: &mut Scanner<'_>) -> Result<Datum, Fault> {
    let start = scanner.at;
    let mut items = list(scanner, b'}')?.into_iter();
    let mut pairs = Vec::new();
    while let Some(key) = items.next() {
        let Some(value) = items.next() else {
            return Err(Fault::new(start, "this map has a key without a value"));
        };
        pairs.push((key, value));
    }
    Ok(Datum::Map(pairs))
}

fn string(scanner: &mut Scanner<'_>) -> Result<String, Fault> {
    let start = scanner.at;
    scanner.at += 1;
    let mut text = Vec::new();
    loop {
        text.extend_from_slice(scanner.take_while(|byte| byte != b'"' && byte != b'\\'));
        if scanner.eat(b'"') {
            return Ok(String::from_utf8(text).unwrap_or_else(|error| text_of(error.as_bytes())));
        }
        scanner.at += 1;
        let escaped =
            scanner.peek().ok_or_else(|| Fault::new(start, "this string is not closed by a quote"))?;
        scanner.at += 1;
        match escaped {
            b'n' => text.push(b'\n'),
            b't' => text.push(b'\t'),
            b'r' => text.push(b'\r'),
            b'u' => {
                let mut buffer = [0; 4];
                let code = unicode(scanner)?;
                text.extend_from_slice(code.encode_utf8(&mut buffer).as_bytes());
            }
            other => text.push(other),
        }
    }
}

/// The four hexadecimal digits of `\u0000`, and of a second escape where the first is half of a pair.
pub(super) fn unicode(scanner: &mut Scanner<'_>) -> Result<char, Fault> {
    let first = hex(scanner)?;
    if (0xD800..0xDC00).contains(&first) && scanner.peek() == Some(b'\\') && scanner.ahead(1) == Some(b'u') {
        scanner.at += 2;
        let second = hex(scanner)?;
        let code = 0x10000 + ((first - 0xD800) << 10) + (second.wrapping_sub(0xDC00) & 0x3FF);
        return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
}

fn hex(scanner: &mut Scanner<'_>) -> Result<u32, Fault> {
    let mut code = 0;
    for _ in 0..4 {
        let digit = scanner.peek().and_then(|byte| (byte as char).to_digit(16));
        let Some(digit) = digit else { return Err(scanner.expected("four hexadecimal digits")) };
        code = code * 16 + digit;
        scanner.at += 1;
    }
    Ok(code)
}

/// Passes white space, commas, comments and discarded values.
#[inline]
pub(super) fn space(scanner: &mut Scanner<'_>) -> Result<(), Fault> {
    loop {
        match scanner.peek() {
            Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | 0x0c) => scanner.at += 1,
            Some(b';') => drop(scanner.take_while(|byte| byte != b'\n')),
            Some(b'#') if scanner.ahead(1) == Some(b'_') => {
                scanner.at += 2;
                discard(scanner)?;
            }
            Some(b'#') if scanner.ahead(1) == Some(b'!') => drop(scanner.take_while(|byte| byte != b'\n')),
            _ => return Ok(()),
        }
    }
}

/// The value behind `#_`. Several in a row each discard one more; that much is beyond what a history needs.
fn discard(scanner: &mut Scanner<'_>) -> Result<(), Fault> {
    while matches!(scanner.peek(), Some(b' ' | b'\t' | b'\n' | b'\r' | b',')) {
        scanner.at += 1;
    }
    if scanner.peek() == Some(b'#') && scanner.ahead(1) == Some(b'_') {
        return Err(Fault::new(scanner.at, "a discard of a discard is more than this reader knows"));
    }
    datum(scanner).map(drop)
}

/// What a keyword, symbol or number is made of.
#[inline]
fn is_word(byte: u8) -> bool {
    !matches!(
        byte,
        b' ' | b'\t'
            | b'\n'
            | b'\r'
            | b','
            | 0x0c
            | b'"'
            | b';'
            | b'('
            | b')'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'\\'
    )
}
