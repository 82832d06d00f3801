//! Events written exactly as Knossos and most tests of registers write them,
//! `{:process 4, :type :invoke, :f :cas, :value [2 4]}`, read in one go.
//!
//! Deliberately absent: everything else, which is left to [`super::edn_events`] without a byte passed.

use super::calls::Function;
use super::datum::Datum;
use super::event::{Event, Kind, Payload, Process};

/// An event of a register, in so few words that no tree is made for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usual {
    /// Its offset in the file.
    pub(super) at: usize,
    pub(super) process: u32,
    pub(super) kind: Kind,
    pub(super) deed: Deed,
    pub(super) told: Told,
}

/// Its `:f`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Read,
    Write,
    Cas,
}

/// Its `:value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Nil,
    Int(i64),
    Pair(i64, i64),
}

impl Usual {
    /// The same as any other event.
    pub(super) fn into_event(self) -> Event {
        Event {
            process: Process::Client(self.process),
            kind: Some(self.kind),
            function: Some(match self.deed {
                Deed::Read => Function::Read,
                Deed::Write => Function::Write,
                Deed::Cas => Function::Cas,
            }),
            payload: match self.told {
                Told::Nil => Payload::Plain(Datum::Nil),
                Told::Int(number) => Payload::Plain(Datum::Int(number)),
                Told::Pair(first, second) => Payload::Pair(first, second),
            },
            ..Event::at(self.at)
        }
    }
}

/// The event that these bytes, from offset `at` on, begin with, if it is written so, and its length.
#[inline]
pub(super) fn usual(bytes: &[u8], at: usize) -> Option<(Usual, usize)> {
    let whole = &bytes[at..];
    let (process, rest) = number(behind(whole, b"{:process ")?)?;
    let process = u32::try_from(process).ok()?;
    let rest = behind(rest, b", :type :")?;
    let (kind, rest) = match rest.first()? {
        b'o' => (Kind::Ok, behind(rest, b"ok, :f :")?),
        b'f' => (Kind::Fail, behind(rest, b"fail, :f :")?),
        _ => match behind(rest, b"invoke, :f :") {
            Some(rest) => (Kind::Invoke, rest),
            None => (Kind::Info, behind(rest, b"info, :f :")?),
        },
    };
    let (deed, rest) = match rest.first()? {
        b'r' => (Deed::Read, behind(rest, b"read, :value ")?),
        b'w' => (Deed::Write, behind(rest, b"write, :value ")?),
        _ => (Deed::Cas, behind(rest, b"cas, :value ")?),
    };
    let (told, rest) = match rest.first()? {
        b'n' => (Told::Nil, behind(rest, b"nil")?),
        b'[' => {
            let (first, rest) = number(&rest[1..])?;
            let (second, rest) = number(behind(rest, b" ")?)?;
            (Told::Pair(first, second), behind(rest, b"]")?)
        }
        _ => {
            let (number, rest) = number(rest)?;
            (Told::Int(number), rest)
        }
    };
    let rest = behind(rest, b"}")?;
    Some((Usual { at, process, kind, deed, told }, whole.len() - rest.len()))
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
