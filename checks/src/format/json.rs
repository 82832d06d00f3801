//! A reader of JSON lines: one object a line, with the fields that Jepsen's events have.
//!
//! `{"process":0,"type":"invoke","f":"write","value":5}`; a transaction's value is `[["append",3,1],["r",4,null]]`.
//! Deliberately absent: arithmetic with fractions and with numbers beyond 64 bits, which become text, and events spread over several lines.

use sim_core::value::Micro;

use super::datum::Datum;
use super::edn::unicode;
use super::event::{Event, Field, Payload};
use super::keys::KeyTable;
use super::scan::{Fault, Scanner, text_of, whole_number};

/// All events of a file.
pub(super) fn read_events(bytes: &[u8], keys: &mut KeyTable, events: &mut Vec<Event>) -> Result<(), Fault> {
    let mut scanner = Scanner::new(bytes);
    loop {
        space(&mut scanner);
        match scanner.peek() {
            None => return Ok(()),
            Some(b'{') => {
                if let Some(event) = event(&mut scanner, keys)? {
                    events.push(event);
                }
            }
            Some(_) => return Err(scanner.expected("an object {…} with an event")),
        }
    }
}

/// One object; `None` for the header line of our own files.
fn event(scanner: &mut Scanner<'_>, keys: &mut KeyTable) -> Result<Option<Event>, Fault> {
    let start = scanner.at;
    let mut event = Event::at(start);
    let Datum::Map(fields) = datum(scanner)? else {
        return Err(Fault::new(start, "expected an object {…} with an event"));
    };
    for (name, value) in fields {
        let name = name.text().unwrap_or_default().to_owned();
        match Field::named(name.as_bytes()) {
            Some(field) => event.set(field, value).map_err(|reason| Fault::new(start, reason))?,
            None if name == "squall-history" => return Ok(None),
            None => {}
        }
    }
    if let (None | Some("txn"), Payload::Plain(value)) = (event.function.as_deref(), &event.payload)
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
        match parts.first()?.text()? {
            "append" => Some(Micro::Append(key, value?)),
            "w" | "write" => Some(Micro::Write(key, value?)),
            "r" => Some(Micro::Read(key, Some(value.unwrap_or_default()))),
            "read" => Some(Micro::Read(key, value.filter(|value| *value != sim_core::value::Value::Nil))),
            _ => None,
        }
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

fn datum(scanner: &mut Scanner<'_>) -> Result<Datum, Fault> {
    scanner.enter()?;
    let datum = datum_here(scanner);
    scanner.depth -= 1;
    datum
}

fn datum_here(scanner: &mut Scanner<'_>) -> Result<Datum, Fault> {
    match scanner.peek() {
        Some(b'"') => string(scanner).map(|text| Datum::Text(text.into())),
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
                if scanner.peek() != Some(b'"') {
                    return Err(scanner.expected("a member's name in quotes"));
                }
                let name = string(scanner)?;
                space(scanner);
                if !scanner.eat(b':') {
                    return Err(scanner.expected("a colon behind the member's name"));
                }
                space(scanner);
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

fn string(scanner: &mut Scanner<'_>) -> Result<String, Fault> {
    let start = scanner.at;
    scanner.at += 1;
    let mut text = Vec::new();
    loop {
        text.extend_from_slice(scanner.take_while(|byte| byte != b'"' && byte != b'\\' && byte != b'\n'));
        if scanner.eat(b'"') {
            return Ok(String::from_utf8(text).unwrap_or_else(|error| text_of(error.as_bytes())));
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
