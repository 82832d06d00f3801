//! Events written exactly as Knossos and most tests of registers write them,
//! `{:process 4, :type :invoke, :f :cas, :value [2 4]}`, read in one go.
//!
//! Deliberately absent: everything else, which is left to [`super::edn_events`] without a byte passed.

use super::calls::Function;
use super::datum::Datum;
use super::event::{Event, Kind, Payload, Process};

/// The length of the event that these bytes begin with, if it is written so. Its process, type, function and value are put
/// into `event`.
#[inline]
pub(super) fn usual(bytes: &[u8], event: &mut Event) -> Option<usize> {
    let (process, rest) = number(behind(bytes, b"{:process ")?)?;
    let process = Process::Client(u32::try_from(process).ok()?);
    let rest = behind(rest, b", :type :")?;
    let (kind, rest) = match rest.first()? {
        b'o' => (Kind::Ok, behind(rest, b"ok, :f :")?),
        b'f' => (Kind::Fail, behind(rest, b"fail, :f :")?),
        _ => match behind(rest, b"invoke, :f :") {
            Some(rest) => (Kind::Invoke, rest),
            None => (Kind::Info, behind(rest, b"info, :f :")?),
        },
    };
    let (function, rest) = match rest.first()? {
        b'r' => (Function::Read, behind(rest, b"read, :value ")?),
        b'w' => (Function::Write, behind(rest, b"write, :value ")?),
        _ => (Function::Cas, behind(rest, b"cas, :value ")?),
    };
    let (payload, rest) = match rest.first()? {
        b'n' => (Payload::Plain(Datum::Nil), behind(rest, b"nil")?),
        b'[' => {
            let (first, rest) = number(&rest[1..])?;
            let (second, rest) = number(behind(rest, b" ")?)?;
            (Payload::Pair(first, second), behind(rest, b"]")?)
        }
        _ => {
            let (number, rest) = number(rest)?;
            (Payload::Plain(Datum::Int(number)), rest)
        }
    };
    let rest = behind(rest, b"}")?;
    event.process = process;
    event.kind = Some(kind);
    event.function = Some(function);
    event.payload = payload;
    Some(bytes.len() - rest.len())
}

/// What is behind this text, if the bytes begin with it.
#[inline(always)]
fn behind<'b, const LENGTH: usize>(bytes: &'b [u8], text: &[u8; LENGTH]) -> Option<&'b [u8]> {
    let (begin, rest) = bytes.split_first_chunk()?;
    (begin == text).then_some(rest)
}

/// The digits at the beginning, no more than nine, and what is behind them.
#[inline(always)]
fn number(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut number = 0;
    let mut length = 0;
    while let Some(digit @ b'0'..=b'9') = bytes.get(length) {
        if length == 9 {
            return None;
        }
        number = number * 10 + i64::from(digit - b'0');
        length += 1;
    }
    (length > 0).then(|| (number, &bytes[length..]))
}
