//! A reader of JSON: an object a line, or arrays of objects over any lines, with the fields that Jepsen's events have.
//!
//! `{"process":0,"type":"invoke","f":"write","value":5}`; a transaction's value is `[["append",3,1],["r",4,null]]`.
//! Deliberately absent: arithmetic with fractions and with numbers beyond 64 bits, which become text, and arrays within arrays.

use std::borrow::Cow;

use sim_core::value::{Key, Micro, Value};

use super::assemble::Assembly;
use super::calls::Function;
use super::datum::Datum;
use super::edn::unicode;
use super::event::{Event, Field, Keyed, Kind, Payload, Process};
use super::keys::KeyTable;
use super::scan::{Fault, Scanner, line_of, text_of, whole_number};

/// All events of a file.
pub(super) fn read_events(bytes: &[u8], assembly: &mut Assembly) -> Result<(), Fault> {
    let mut scanner = Scanner::new(bytes);
    loop {
        space(&mut scanner);
        match scanner.peek() {
            None => return Ok(()),
            Some(b'[') => array(&mut scanner, assembly)?,
            Some(_) => object(&mut scanner, assembly)?,
        }
    }
}

/// An array of events.
fn array(scanner: &mut Scanner<'_>, assembly: &mut Assembly) -> Result<(), Fault> {
    let start = scanner.at;
    let read = members(scanner, b']', |scanner| object(scanner, assembly));
    match read {
        Err(fault) if fault.at >= scanner.bytes.len() => {
            let line = line_of(scanner.bytes, start);
            let reason = format!("{}: the array that begins on line {line} is not closed", fault.reason);
            Err(Fault::new(fault.at, reason))
        }
        read => read,
    }
}

/// An object with an event.
fn object(scanner: &mut Scanner<'_>, assembly: &mut Assembly) -> Result<(), Fault> {
    if scanner.peek() != Some(b'{') {
        return Err(scanner.expected("an object {…} with an event"));
    }
    match event(scanner, &mut assembly.keys)? {
        Some(mut event) => assembly.event(&mut event),
        None => Ok(()),
    }
}

/// One object; `None` for the header line of our own files.
fn event(scanner: &mut Scanner<'_>, keys: &mut KeyTable) -> Result<Option<Event>, Fault> {
    let start = scanner.at;
    let mut event = Event::at(start);
    let mut header = false;
    scanner.depth = 1;
    members(scanner, b'}', |scanner| {
        let name = name(scanner)?;
        let field = Field::named(name.as_bytes());
        match field {
            Some(Field::Value) => event.payload = payload(scanner, event.function.as_ref(), keys)?,
            Some(field) if usual(&mut event, field, scanner, keys) => {}
            Some(field) => {
                let value = datum(scanner)?;
                event.set(field, value, keys).map_err(|reason| Fault::new(start, reason))?;
            }
            None => {
                header |= name == "squall-history";
                drop(datum(scanner)?);
            }
        }
        Ok(())
    })?;
    scanner.depth = 0;
    if header {
        return Ok(None);
    }
    if let (None | Some(Function::Txn), Payload::Plain(value)) = (&event.function, &event.payload)
        && !matches!(value, Datum::Nil)
        && !matches!(value, Datum::List(items) if items.is_empty())
    {
        let Some(steps) = steps(value, keys) else {
            return Err(Fault::new(
                start,
                "expected steps such as [\"append\",3,1], [\"w\",3,1] or [\"r\",3,null]",
            ));
        };
        event.payload = Payload::Steps(steps);
    }
    Ok(Some(event))
}

/// A member's name, its colon, and the white space behind it.
#[inline]
fn name<'a>(scanner: &mut Scanner<'a>) -> Result<Cow<'a, str>, Fault> {
    if scanner.peek() != Some(b'"') {
        return Err(scanner.expected("a member's name in quotes"));
    }
    let name = text(scanner)?;
    space(scanner);
    if !scanner.eat(b':') {
        return Err(scanner.expected("a colon behind the member's name"));
    }
    space(scanner);
    Ok(name)
}

/// Reads a field that is written as almost all are; else passes nothing.
#[inline]
fn usual(event: &mut Event, field: Field, scanner: &mut Scanner<'_>, keys: &mut KeyTable) -> bool {
    let start = scanner.at;
    let done = match field {
        Field::Process => match number(scanner).and_then(|n| u32::try_from(n).ok()) {
            Some(process) => {
                event.process = Process::Client(process);
                true
            }
            None => false,
        },
        Field::Type | Field::Function | Field::Key => match quoted(scanner) {
            Some(word) if field == Field::Type => {
                event.kind = Kind::named(word.as_bytes()).or(event.kind);
                Kind::named(word.as_bytes()).is_some()
            }
            Some(word) if field == Field::Function => {
                event.function = Some(Function::named(word));
                true
            }
            Some(word) => {
                event.key = Keyed::By(keys.named(word));
                true
            }
            None => false,
        },
        _ => false,
    };
    if !done {
        scanner.at = start;
    }
    done
}

/// What stands in `"value"`, straight into steps where the function before it says that it is a transaction's.
#[inline]
fn payload(
    scanner: &mut Scanner<'_>,
    function: Option<&Function>,
    keys: &mut KeyTable,
) -> Result<Payload, Fault> {
    let start = scanner.at;
    if function == Some(&Function::Txn) {
        match steps_here(scanner, keys) {
            Some(steps) => return Ok(Payload::Steps(steps)),
            // Whatever is wrong with it is found out, and told, by who reads it as any value.
            None => (scanner.at, scanner.depth) = (start, 1),
        }
    } else if scanner.eat(b'[') {
        if let Some(first) = number(scanner)
            && scanner.eat(b',')
            && let Some(second) = number(scanner)
            && scanner.eat(b']')
            && function.is_some()
        {
            return Ok(Payload::Pair(first, second));
        }
        scanner.at = start;
    }
    datum(scanner).map(Payload::Plain)
}

/// The steps that are here, at least one, all well formed and without escapes.
fn steps_here(scanner: &mut Scanner<'_>, keys: &mut KeyTable) -> Option<Vec<Micro>> {
    let mut steps = Vec::new();
    let next = |scanner: &mut Scanner<'_>, byte: u8| {
        space(scanner);
        let here = scanner.eat(byte);
        space(scanner);
        here
    };
    if !next(scanner, b'[') {
        return None;
    }
    loop {
        if !next(scanner, b'[') {
            return None;
        }
        let name = quoted(scanner)?;
        if !next(scanner, b',') {
            return None;
        }
        let key = match quoted(scanner) {
            Some(name) => keys.named(name),
            None => keys.number(u64::try_from(number(scanner)?).ok()?)?,
        };
        let value = if next(scanner, b',') { Some(value(scanner)?) } else { None };
        if !next(scanner, b']') {
            return None;
        }
        steps.push(micro(name, key, value)?);
        if !next(scanner, b',') {
            return next(scanner, b']').then_some(steps);
        }
    }
}

/// A whole number, nothing, or a list of such, as steps have.
fn value(scanner: &mut Scanner<'_>) -> Option<Value> {
    if let Some(number) = number(scanner) {
        return Some(Value::Int(number));
    }
    if scanner.peek() != Some(b'[') {
        return datum(scanner).ok().map(Datum::into_value);
    }
    scanner.enter().ok()?;
    if let Some(items) = scanner.whole_list(b',', number) {
        scanner.depth -= 1;
        return Some(Value::List(items));
    }
    let mut items = Vec::new();
    members(scanner, b']', |scanner| {
        items.push(value(scanner).ok_or_else(|| scanner.expected("a value"))?);
        Ok(())
    })
    .ok()?;
    scanner.depth -= 1;
    Some(Value::List(items))
}

/// The step of this name.
fn micro(name: &str, key: Key, value: Option<Value>) -> Option<Micro> {
    match name {
        "append" => Some(Micro::Append(key, value?)),
        "w" | "write" => Some(Micro::Write(key, value?)),
        "r" => Some(Micro::Read(key, Some(value.unwrap_or_default()))),
        "read" => Some(Micro::Read(key, value.filter(|value| *value != Value::Nil))),
        _ => None,
    }
}

/// A list of steps, if every item is one.
fn steps(value: &Datum, keys: &mut KeyTable) -> Option<Vec<Micro>> {
    let Datum::List(items) = value else { return None };
    if items.is_empty() || !items.iter().all(|item| matches!(item, Datum::List(step) if is_step(step))) {
        return None;
    }
    let step = |item: &Datum| {
        let Datum::List(parts) = item else { return None };
        let key = parts.get(1)?.key(keys)?;
        let value = parts.get(2).cloned().map(Datum::into_value);
        micro(parts.first()?.text()?, key, value)
    };
    items.iter().map(step).collect()
}

fn is_step(parts: &[Datum]) -> bool {
    (2..=3).contains(&parts.len())
        && matches!(&parts[0], Datum::Text(name) if matches!(&**name, "append" | "w" | "write" | "r" | "read"))
}

fn space(scanner: &mut Scanner<'_>) {
    scanner.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
}

/// The whole number of up to 18 digits that is here, if one is; else nothing is passed.
#[inline]
fn number(scanner: &mut Scanner<'_>) -> Option<i64> {
    let start = scanner.at;
    let number = super::edn::number(scanner)?;
    // A word of EDN ends where JSON's need not, and the other way round.
    if matches!(scanner.peek(), None | Some(b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t')) {
        return Some(number);
    }
    scanner.at = start;
    None
}

fn datum(scanner: &mut Scanner<'_>) -> Result<Datum, Fault> {
    scanner.enter()?;
    let datum = datum_here(scanner);
    scanner.depth -= 1;
    datum
}

fn datum_here(scanner: &mut Scanner<'_>) -> Result<Datum, Fault> {
    match scanner.peek() {
        Some(b'"') => text(scanner).map(|text| Datum::Text(text.into())),
        Some(b'[') => {
            let mut items = Vec::new();
            members(scanner, b']', |scanner| {
                items.push(datum(scanner)?);
                Ok(())
            })?;
            Ok(Datum::List(items))
        }
        Some(b'{') => {
            let mut pairs = Vec::new();
            members(scanner, b'}', |scanner| {
                let name = name(scanner)?;
                pairs.push((Datum::Text(name.into()), datum(scanner)?));
                Ok(())
            })?;
            Ok(Datum::Map(pairs))
        }
        _ => scalar(scanner),
    }
}

/// What stands between brackets and commas.
fn members(
    scanner: &mut Scanner<'_>,
    close: u8,
    mut member: impl FnMut(&mut Scanner<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    scanner.at += 1;
    space(scanner);
    if scanner.eat(close) {
        return Ok(());
    }
    loop {
        member(scanner)?;
        space(scanner);
        if scanner.eat(close) {
            return Ok(());
        }
        if !scanner.eat(b',') {
            return Err(scanner.expected(&format!("a comma or {}", close as char)));
        }
        space(scanner);
    }
}

fn scalar(scanner: &mut Scanner<'_>) -> Result<Datum, Fault> {
    let start = scanner.at;
    let word = scanner.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'));
    match word {
        b"null" => Ok(Datum::Nil),
        b"true" => Ok(Datum::Bool(true)),
        b"false" => Ok(Datum::Bool(false)),
        [b'0'..=b'9' | b'-', ..] => match whole_number(word) {
            Some(number) => Ok(Datum::Int(number)),
            // JSON has one kind of numbers: 1.0 is 1.
            None => match super::scan::decimal(word) {
                Some(number) => Ok(match whole_number(number.as_bytes()) {
                    Some(whole) => Datum::Int(whole),
                    None => Datum::Text(number.into()),
                }),
                None => Err(Fault::new(start, format!("expected a number, found {}", text_of(word)))),
            },
        },
        _ => {
            scanner.at = start;
            Err(scanner.expected("a value"))
        }
    }
}

/// The text in quotes that is here, if it has no escapes; else nothing is passed.
#[inline]
fn quoted<'a>(scanner: &mut Scanner<'a>) -> Option<&'a str> {
    let start = scanner.at;
    if scanner.eat(b'"') {
        let text = scanner.take_while(|byte| byte != b'"' && byte != b'\\' && byte != b'\n');
        if scanner.eat(b'"')
            && let Ok(text) = std::str::from_utf8(text)
        {
            return Some(text);
        }
    }
    scanner.at = start;
    None
}

/// A string in quotes.
fn text<'a>(scanner: &mut Scanner<'a>) -> Result<Cow<'a, str>, Fault> {
    if let Some(text) = quoted(scanner) {
        return Ok(Cow::Borrowed(text));
    }
    let start = scanner.at;
    scanner.at += 1;
    let mut text = Vec::new();
    loop {
        text.extend_from_slice(scanner.take_while(|byte| byte != b'"' && byte != b'\\' && byte != b'\n'));
        if scanner.eat(b'"') {
            let text = String::from_utf8(text).unwrap_or_else(|error| text_of(error.as_bytes()));
            return Ok(Cow::Owned(text));
        }
        let escaped = match (scanner.peek(), scanner.ahead(1)) {
            (Some(b'\\'), Some(escaped)) => escaped,
            _ => return Err(Fault::new(start, "this string is not closed by a quote")),
        };
        scanner.at += 2;
        match escaped {
            b'n' => text.push(b'\n'),
            b't' => text.push(b'\t'),
            b'r' => text.push(b'\r'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'u' => {
                let mut buffer = [0; 4];
                text.extend_from_slice(unicode(scanner)?.encode_utf8(&mut buffer).as_bytes());
            }
            b'"' | b'\\' | b'/' => text.push(escaped),
            _ => return Err(Fault::new(scanner.at - 2, "there is no such escape in JSON")),
        }
    }
}
