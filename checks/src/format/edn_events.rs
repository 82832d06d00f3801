//! A reader of the events of a history in EDN: maps one after another, or within vectors or lists.
//!
//! Deliberately absent: a tree of the file, or of an event. Each field is read into its place, and a transaction's steps
//! straight into [`Micro`]s, which is what makes a large file quick.

use sim_core::value::{Key, Micro, Value};

use super::assemble::Assembly;
use super::calls::Function;
use super::datum::Datum;
use super::edn::{datum, eat_word, is_word, namespace, number, space, value};
use super::edn_usual::usual;
use super::event::{Event, Field, Keyed, Kind, Payload, Process};
use super::keys::KeyTable;
use super::scan::{DEPTH_MAX, Fault, Scanner, Short, text_of};

/// All events of a file: maps one after another, or within vectors or lists.
pub(super) fn read_events(bytes: &[u8], assembly: &mut Assembly) -> Result<(), Fault> {
    let mut scanner = Scanner::new(bytes);
    let mut open: Vec<u8> = Vec::new();
    loop {
        space(&mut scanner)?;
        match scanner.peek() {
            None if open.is_empty() => return Ok(()),
            None => return Err(scanner.expected("the end of the vector of events")),
            Some(b'{') => {
                if let Some((event, length)) = usual(bytes, scanner.at) {
                    scanner.at += length;
                    if !assembly.usual(event) {
                        assembly.event(&mut event.into_event())?;
                    }
                    continue;
                }
                let mut event = Event::at(scanner.at);
                fill(&mut event, &mut scanner, &mut assembly.keys)?;
                assembly.event(&mut event)?;
            }
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
            // All fields are of one namespace, `#:jepsen{…}`: the map behind it is the event.
            Some(b'#') if scanner.ahead(1) == Some(b':') => drop(namespace(&mut scanner)?),
            // The tag of a record, `#jepsen.history.Op{…}`: the map behind it is the event.
            Some(b'#') if scanner.ahead(1).is_some_and(|byte| byte.is_ascii_alphabetic()) => {
                scanner.take_while(is_word);
            }
            Some(_) => return Err(scanner.expected("a map {…} with an event")),
        }
    }
}

/// Fills in an event from the map that is here.
#[inline]
fn fill(event: &mut Event, scanner: &mut Scanner<'_>, keys: &mut KeyTable) -> Result<(), Fault> {
    scanner.at += 1;
    loop {
        space(scanner)?;
        let start = scanner.at;
        if !scanner.eat(b':') {
            return match scanner.eat(b'}') {
                true => Ok(()),
                false => Err(scanner.expected("a keyword such as :process, or the map's end }")),
            };
        }
        let field = field(scanner);
        space(scanner)?;
        match field {
            Some(Field::Value) => event.payload = payload(scanner, keys)?,
            Some(field) if simple(event, field, scanner, keys) => {}
            Some(field) => {
                let value = datum(scanner)?;
                event.set(field, value, keys).map_err(|reason| Fault::new(start, reason))?;
            }
            None => drop(datum(scanner)?),
        }
    }
}

/// The field whose keyword is here, behind its colon.
#[inline]
fn field(scanner: &mut Scanner<'_>) -> Option<Field> {
    const USUAL: [(Short, Field); 7] = [
        (Short::new(b"process "), Field::Process),
        (Short::new(b"type "), Field::Type),
        (Short::new(b"f "), Field::Function),
        (Short::new(b"value "), Field::Value),
        (Short::new(b"time "), Field::Time),
        (Short::new(b"index "), Field::Index),
        (Short::new(b"key "), Field::Key),
    ];
    match one_of(scanner.eight(), &USUAL) {
        Some((length, field)) => {
            scanner.at += length;
            Some(field)
        }
        // `:_/f` within a map of a namespace is `:f` without one.
        None => {
            let name = scanner.take_while(is_word);
            Field::named(name.strip_prefix(b"_/").unwrap_or(name))
        }
    }
}

/// Which of these few texts begins these eight bytes: its length, and what it means.
#[inline(always)]
fn one_of<T: Copy, const COUNT: usize>(eight: u64, texts: &[(Short, T); COUNT]) -> Option<(usize, T)> {
    texts.iter().find(|(text, _)| text.begins(eight)).map(|(text, meaning)| (text.length, *meaning))
}

/// Reads a field that is written as almost all are; else passes nothing.
#[inline]
fn simple(event: &mut Event, field: Field, scanner: &mut Scanner<'_>, keys: &mut KeyTable) -> bool {
    match field {
        Field::Type => {
            const KINDS: [(Short, Kind); 4] = [
                (Short::new(b":invoke"), Kind::Invoke),
                (Short::new(b":ok"), Kind::Ok),
                (Short::new(b":fail"), Kind::Fail),
                (Short::new(b":info"), Kind::Info),
            ];
            let Some(kind) = keyword(scanner, &KINDS) else { return false };
            event.kind = Some(kind);
        }
        Field::Process => {
            let start = scanner.at;
            let process = number(scanner).and_then(|number| u32::try_from(number).ok());
            let Some(process) = process else {
                scanner.at = start;
                return false;
            };
            event.process = Process::Client(process);
        }
        Field::Function => {
            const FUNCTIONS: [(Short, u8); 4] = [
                (Short::new(b":read"), 0),
                (Short::new(b":write"), 1),
                (Short::new(b":cas"), 2),
                (Short::new(b":txn"), 3),
            ];
            event.function = match keyword(scanner, &FUNCTIONS) {
                Some(0) => Some(Function::Read),
                Some(1) => Some(Function::Write),
                Some(2) => Some(Function::Cas),
                Some(_) => Some(Function::Txn),
                None => match function(scanner) {
                    None => return false,
                    known => known,
                },
            };
        }
        Field::Key => {
            let Some(key) = quoted(scanner) else { return false };
            event.key = Keyed::By(keys.named(key));
        }
        Field::Time | Field::Index | Field::Attempts => {
            let start = scanner.at;
            let count = number(scanner).and_then(|number| u64::try_from(number).ok());
            match (field, count) {
                (Field::Time, Some(_)) => event.time = count,
                (Field::Index, Some(_)) => event.index = count,
                (_, Some(attempts)) if u32::try_from(attempts).is_ok() => event.attempts = attempts as u32,
                _ => {
                    scanner.at = start;
                    return false;
                }
            }
        }
        _ => return false,
    }
    true
}

/// Which of these keywords is here, which is then passed.
#[inline(always)]
fn keyword<T: Copy, const COUNT: usize>(scanner: &mut Scanner<'_>, words: &[(Short, T); COUNT]) -> Option<T> {
    let (length, meaning) = one_of(scanner.eight(), words)?;
    if scanner.ahead(length).is_some_and(is_word) {
        return None;
    }
    scanner.at += length;
    Some(meaning)
}

/// The function whose keyword is here; `None`, and nothing passed, if there is no such.
fn function(scanner: &mut Scanner<'_>) -> Option<Function> {
    let start = scanner.at;
    if !scanner.eat(b':') {
        return None;
    }
    let known = Function::known(scanner.take_while(is_word));
    if known.is_none() {
        scanner.at = start;
    }
    known
}

/// The text in quotes that is here, if it has no escapes; else nothing is passed.
#[inline]
fn quoted<'a>(scanner: &mut Scanner<'a>) -> Option<&'a str> {
    let start = scanner.at;
    if scanner.eat(b'"') {
        let text = scanner.take_while(|byte| byte != b'"' && byte != b'\\');
        if scanner.eat(b'"')
            && let Ok(text) = std::str::from_utf8(text)
        {
            return Some(text);
        }
    }
    scanner.at = start;
    None
}

/// What stands in `:value`.
#[inline]
fn payload(scanner: &mut Scanner<'_>, keys: &mut KeyTable) -> Result<Payload, Fault> {
    if eat_word(scanner, b"nil") {
        return Ok(Payload::Plain(Datum::Nil));
    }
    if let Some((first, second)) = pair(scanner) {
        return Ok(Payload::Pair(first, second));
    }
    Ok(match steps(scanner, keys)? {
        Some(steps) => Payload::Steps(steps),
        None => Payload::Plain(datum(scanner)?),
    })
}

/// `[1 2]`, if that is here; else nothing is passed.
#[inline]
fn pair(scanner: &mut Scanner<'_>) -> Option<(i64, i64)> {
    let start = scanner.at;
    if !matches!((scanner.peek(), scanner.ahead(1)), (Some(b'['), Some(b'0'..=b'9' | b'-'))) {
        return None;
    }
    scanner.at += 1;
    if let Some(first) = number(scanner)
        && scanner.eat(b' ')
        && let Some(second) = number(scanner)
        && scanner.eat(b']')
    {
        return Some((first, second));
    }
    scanner.at = start;
    None
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
    if let Some(key) = quoted(scanner) {
        return Ok(keys.named(key));
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
