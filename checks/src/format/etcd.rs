//! The text log of Jepsen's etcd test: `INFO  jepsen.util - 4  :invoke  :cas  [2 4]`, separators any white space.
//!
//! Deliberately absent: other lines of such a log, which are passed over where they name no event.

use super::assemble::Assembly;
use super::calls::Function;
use super::datum::Datum;
use super::edn;
use super::event::{Ending, Event, Kind, Payload, Process};
use super::scan::{Fault, Scanner};

/// All events of a file.
pub(super) fn read_events(bytes: &[u8], assembly: &mut Assembly) -> Result<(), Fault> {
    let mut at = 0;
    for line in bytes.split(|&byte| byte == b'\n') {
        if let Some(mut event) = event(line, at).map_err(|reason| Fault::new(at, reason))? {
            assembly.event(&mut event)?;
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
            [b':', name @ ..] if let Some(kind) = Kind::named(name) => break kind,
            other => process = Some(other),
        }
    };
    let mut event = Event::at(at);
    event.kind = Some(kind);
    event.process = match process {
        Some(b":nemesis") => Process::Other,
        Some(number) => match super::scan::whole_number(number) {
            Some(process) => Process::numbered(process)?,
            None => {
                let found = super::scan::text_of(number);
                return Err(format!("expected the number of a process, or :nemesis, found \"{found}\""));
            }
        },
        None => return Err("expected the number of a process before the event's type".to_owned()),
    };
    match word(&mut scanner) {
        [b':', name @ ..] => {
            let function =
                Function::known(name).unwrap_or_else(|| Function::named(&super::scan::text_of(name)));
            event.function = Some(function);
        }
        _ => return Err("expected a function such as :read behind the event's type".to_owned()),
    }
    space(&mut scanner);
    let value =
        if scanner.peek().is_none() { Datum::Nil } else { edn::datum(&mut scanner).map_err(|f| f.reason)? };
    match value {
        Datum::Word(word) => event.error = Some(Ending::named(&word)),
        value => event.payload = Payload::Plain(value),
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
