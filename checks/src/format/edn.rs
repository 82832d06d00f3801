//! A reader of EDN's values, by bytes: as much of it as histories are written in, and nothing of it makes it fail that a
//! history could do without (tags, characters, ratios, discards).
//!
//! Deliberately absent: events, and the steps of transactions ([`super::edn_events`]).

use sim_core::value::Value;

use super::datum::Datum;
use super::scan::{Fault, Scanner, text_of, whole_number};

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

/// One value, straight into the vocabulary.
#[inline]
pub(super) fn value(scanner: &mut Scanner<'_>) -> Result<Value, Fault> {
    if let Some(number) = number(scanner) {
        return Ok(Value::Int(number));
    }
    match scanner.peek() {
        Some(b'[') => {
            scanner.enter()?;
            if let Some(items) = scanner.whole_list(b' ', number) {
                scanner.depth -= 1;
                return Ok(Value::List(items));
            }
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
        Some(b'"') => string(scanner).map(Value::Text),
        _ => Ok(datum(scanner)?.into_value()),
    }
}

/// The whole number of up to 18 digits that is here, if one is; else nothing is passed.
#[inline]
pub(super) fn number(scanner: &mut Scanner<'_>) -> Option<i64> {
    let rest = &scanner.bytes[scanner.at..];
    let (sign, digits) = match rest {
        [b'-', digits @ ..] => (1, digits),
        digits => (0, digits),
    };
    let mut number: u64 = 0;
    let mut length = 0;
    let end = loop {
        match digits.get(length) {
            Some(digit @ b'0'..=b'9') => {
                number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'))
            }
            other => break other,
        }
        length += 1;
    };
    if length == 0 || length > 18 || end.is_some_and(|&byte| is_word(byte)) {
        return None;
    }
    scanner.at += sign + length;
    // Eighteen digits fit.
    let number = number as i64;
    Some(if sign == 1 { -number } else { number })
}

/// Passes this word if it is here and ends here.
#[inline]
pub(super) fn eat_word<const LENGTH: usize>(scanner: &mut Scanner<'_>, word: &[u8; LENGTH]) -> bool {
    let rest = &scanner.bytes[scanner.at..];
    let here = rest.first_chunk() == Some(word) && !rest.get(LENGTH).is_some_and(|&byte| is_word(byte));
    scanner.at += if here { LENGTH } else { 0 };
    here
}

/// One value of any kind.
pub(super) fn datum(scanner: &mut Scanner<'_>) -> Result<Datum, Fault> {
    if let Some(number) = number(scanner) {
        return Ok(Datum::Int(number));
    }
    scanner.enter()?;
    let datum = datum_here(scanner);
    scanner.depth -= 1;
    datum
}

fn datum_here(scanner: &mut Scanner<'_>) -> Result<Datum, Fault> {
    match scanner.peek() {
        None => Err(scanner.expected("a value")),
        Some(b'"') => string(scanner).map(Datum::Text),
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
        Some(b':') => {
            scanner.at -= 1;
            let namespace = namespace(scanner)?;
            Ok(qualified(map(scanner)?, &namespace))
        }
        Some(_) => {
            scanner.take_while(is_word);
            space(scanner)?;
            datum(scanner)
        }
        None => Err(scanner.expected("a set or a tagged value")),
    }
}

/// Passes the namespace of a map's keys, `#:name`, up to the map's brace.
pub(super) fn namespace(scanner: &mut Scanner<'_>) -> Result<String, Fault> {
    let start = scanner.at;
    scanner.at += 2;
    let name = scanner.take_while(is_word);
    if name.is_empty() || name.contains(&b':') || name.contains(&b'/') {
        scanner.at = start;
        return Err(scanner.expected("a namespace and a map, such as #:jepsen{…}"));
    }
    space(scanner)?;
    match scanner.peek() {
        Some(b'{') => Ok(text_of(name)),
        _ => Err(scanner.expected(&format!("the map {{…}} of the namespace #:{}", text_of(name)))),
    }
}

/// A map whose keys are of this namespace where they name no other: `#:a{:x 1, :_/y 2}` is `{:a/x 1, :y 2}`.
fn qualified(map: Datum, namespace: &str) -> Datum {
    let Datum::Map(mut pairs) = map else { return map };
    for (key, _) in &mut pairs {
        let Datum::Word(name) = key else { continue };
        if let Some(bare) = name.strip_prefix("_/") {
            *name = bare.into();
        } else if !name.contains('/') && super::scan::decimal(name.as_bytes()).is_none() {
            *name = format!("{namespace}/{name}").into();
        }
    }
    Datum::Map(pairs)
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

/// A string in quotes.
pub(super) fn string(scanner: &mut Scanner<'_>) -> Result<Box<str>, Fault> {
    let start = scanner.at;
    scanner.at += 1;
    let plain = scanner.take_while(|byte| byte != b'"' && byte != b'\\');
    if scanner.eat(b'"') {
        return Ok(std::str::from_utf8(plain).map_or_else(|_| text_of(plain).into(), Into::into));
    }
    let mut text = plain.to_vec();
    loop {
        text.extend_from_slice(scanner.take_while(|byte| byte != b'"' && byte != b'\\'));
        if scanner.eat(b'"') {
            return Ok(String::from_utf8(text).unwrap_or_else(|error| text_of(error.as_bytes())).into());
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
            Some(b';' | b'#') => match remark(scanner)? {
                true => {}
                false => return Ok(()),
            },
            _ => return Ok(()),
        }
    }
}

/// Passes a comment or a discarded value, if one is here.
#[cold]
fn remark(scanner: &mut Scanner<'_>) -> Result<bool, Fault> {
    match (scanner.peek(), scanner.ahead(1)) {
        (Some(b'#'), Some(b'_')) => {
            scanner.at += 2;
            discard(scanner)?;
        }
        (Some(b';'), _) | (Some(b'#'), Some(b'!')) => drop(scanner.take_while(|byte| byte != b'\n')),
        _ => return Ok(false),
    }
    Ok(true)
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
pub(super) fn is_word(byte: u8) -> bool {
    WORD[usize::from(byte)]
}

/// By byte: whether it can be part of a word.
static WORD: [bool; 256] = {
    let mut word = [true; 256];
    let others = b" \t\n\r,\x0c\";()[]{}\\";
    let mut index = 0;
    while index < others.len() {
        word[others[index] as usize] = false;
        index += 1;
    }
    word
};
