//! The text log of Jepsen's etcd test: `INFO  jepsen.util - 4  :invoke  :cas  [2 4]`, separators any white space.
//!
//! Deliberately absent: other lines of such a log, which are passed over where they name no event.

use super::datum::Datum;
use super::edn;
use super::event::{Event, Field, Payload};
use super::scan::{Fault, Scanner};

/// All events of a file.
pub(super) fn read_events(bytes: &[u8], events: &mut Vec<Event>) -> Result<(), Fault> {
    let mut at = 0;
    for line in bytes.split(|&byte| byte == b'\n') {
        if let Some(event) = event(line, at).map_err(|reason| Fault::new(at, reason))? {
            events.push(event);
        }
        at += line.len() + 1;
    }
    Ok(())
}

/// One line's event, if it has one.
fn event(line: &[u8], at: usize) -> Result<Option<Event>, String> {
    let mut scanner = Scanner::new(line);
    let mut process = None;
    let kind = loop {
        match word(&mut scanner) {
            b"" if line.iter().all(u8::is_ascii_whitespace) => return Ok(None),
            b"" => {
                return Err(
                    "expected an event: process, :invoke, :ok, :fail or :info, function, value".to_owned()
                );
            }
            b":invoke" => break "invoke",
            b":ok" => break "ok",
            b":fail" => break "fail",
            b":info" => break "info",
            other => process = Some(other),
        }
    };
    let mut event = Event::at(at);
    event.set(Field::Type, Datum::Word(kind.into()))?;
    let process = match process {
        Some(b":nemesis") => Datum::Word("nemesis".into()),
        Some(number) => super::scan::whole_number(number).map(Datum::Int).ok_or_else(|| {
            let found = super::scan::text_of(number);
            format!("expected the number of a process, or :nemesis, found \"{found}\"")
        })?,
        None => return Err("expected the number of a process before the event's type".to_owned()),
    };
    event.set(Field::Process, process)?;
    match word(&mut scanner) {
        [b':', name @ ..] => event.set(Field::Function, Datum::Word(super::scan::text_of(name).into()))?,
        _ => return Err("expected a function such as :read behind the event's type".to_owned()),
    }
    space(&mut scanner);
    let value =
        if scanner.peek().is_none() { Datum::Nil } else { edn::datum(&mut scanner).map_err(|f| f.reason)? };
    match &value {
        Datum::Word(_) => event.set(Field::Error, value)?,
        _ => event.payload = Payload::Plain(value),
    }
    Ok(Some(event))
}

fn space(scanner: &mut Scanner<'_>) {
    scanner.take_while(|byte| byte.is_ascii_whitespace());
}

fn word<'a>(scanner: &mut Scanner<'a>) -> &'a [u8] {
    space(scanner);
    scanner.take_while(|byte| !byte.is_ascii_whitespace())
}
